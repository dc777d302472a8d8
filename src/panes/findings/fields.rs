//! What can be asked of a finding.

use std::borrow::Cow;

use crate::domain::finding::Finding;
use crate::kit::query::field::{COUNT, Field, Kind, Value, YES_NO};

type Of = Field<Finding>;

/// The bands of GuardDuty's console; see [`crate::domain::finding::Severity::band`].
const SEVERITY: Kind = Kind::Bands(&[("low", 0.0, 4.0), ("medium", 4.0, 7.0), ("high", 7.0, 9.0), ("critical", 9.0, 10.0)]);

pub(super) const FIELDS: &[Field<Finding>] = &[
    Of::new("severity", "guardduty GetFindings: Severity", SEVERITY, |finding| {
        Value::or_unknown(
            finding.severity.map(|severity| {
                Value::Number(severity.0, Some(Cow::Owned(format!("{:.1} {}", severity.0, severity.band().word()))))
            }),
        )
    })
    .fact(),
    Of::new("type", "guardduty GetFindings: Type", Kind::Id, |finding| {
        if finding.sample {
            Value::shown(&finding.kind, format!("[sample] {}", finding.kind.raw()))
        } else {
            Value::text(Some(&finding.kind))
        }
    }),
    Of::new("resource", "guardduty GetFindings: Resource, by its type, and all else that it names", Kind::Text, |finding| {
        let named = finding.resources.iter().flat_map(|resource| [Some(&resource.name), resource.id.as_ref()]).flatten();
        Value::texts(std::iter::once(&finding.resource).chain(named.filter(|name| **name != finding.resource)))
    })
    .list(),
    Of::new(
        "principal",
        "guardduty GetFindings: Resource.AccessKeyDetails.UserName, and every other actor",
        Kind::Text,
        |finding| Value::texts(finding.principals.iter().map(|principal| &principal.name)),
    )
    .or(&["actor"])
    .list(),
    Of::new("count", "guardduty GetFindings: Service.Count", COUNT, |finding| {
        finding.count.map_or(Value::Absent("–"), |count| Value::count(usize::try_from(count).unwrap_or(usize::MAX)))
    })
    .optional(),
    Of::new("last_seen", "guardduty GetFindings: Service.EventLastSeen", Kind::Time, |finding| Value::time(finding.last_seen))
        .optional(),
    Of::new("first_seen", "guardduty GetFindings: Service.EventFirstSeen", Kind::Time, |finding| Value::time(finding.first_seen))
        .optional(),
    Of::new("region", "guardduty GetFindings: Region", Kind::Id, |finding| Value::raw(Some(&finding.key.region))),
    Of::new("account", "guardduty GetFindings: AccountId", Kind::Id, |finding| Value::raw(Some(&finding.key.account))),
    Of::new("state", "guardduty GetFindings: Service.Archived", Kind::Words(&["current", "archived"]), |finding| {
        Value::word(if finding.archived { "archived" } else { "current" })
    }),
    Of::new(
        "remote_ip",
        "guardduty GetFindings: Service.Action.….RemoteIpDetails.IpAddressV4",
        Kind::Address { names: false },
        |finding| Value::texts(&finding.remote_ips),
    )
    .or(&["ip", "address"])
    .list(),
    Of::new("id", "guardduty GetFindings: Id", Kind::Id, |finding| Value::text(Some(&finding.key.id))).or(&["finding_id"]),
    Of::new("title", "guardduty GetFindings: Title", Kind::Text, |finding| Value::text(Some(&finding.title))).optional(),
    Of::new("resource_type", "guardduty GetFindings: Resource.ResourceType", Kind::Id, |finding| {
        Value::text(Some(&finding.resource_type))
    })
    .optional(),
    Of::new("access_key", "guardduty GetFindings: Resource.AccessKeyDetails.AccessKeyId", Kind::Id, |finding| {
        Value::texts(&finding.access_keys)
    })
    .or(&["key"])
    .list(),
    Of::new("user", "guardduty GetFindings: the IAM users among the principals and affected resources", Kind::Text, |finding| {
        Value::texts(finding.user_names())
    })
    .list(),
    Of::new("domain", "guardduty GetFindings: Service.Action.DnsRequestAction.Domain, and others", Kind::Id, |finding| {
        Value::texts(&finding.domains)
    })
    .list(),
    Of::new("instance", "guardduty GetFindings: Resource.InstanceDetails.InstanceId", Kind::Id, |finding| {
        Value::texts(&finding.instances)
    })
    .or(&["node"])
    .list(),
    Of::new("updated", "guardduty GetFindings: UpdatedAt", Kind::Time, |finding| Value::time(finding.updated)).optional(),
    Of::new("sample", "guardduty GetFindings: Service.AdditionalInfo, sample", YES_NO, |finding| Value::yes_no(finding.sample))
        .unsearched(),
    Of::new(
        "severity_label",
        "guardduty GetFindings: Severity, as a word",
        Kind::Words(&["Low", "Medium", "High", "Critical"]),
        |finding| Value::or_unknown(finding.severity.map(|severity| Value::word(severity.band().word()))),
    )
    .fact()
    .unsearched(),
];
