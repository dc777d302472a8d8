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
    Of::new("resource", "guardduty GetFindings: Resource, by its type", Kind::Text, |finding| {
        Value::text(Some(&finding.resource))
    })
    .optional(),
    Of::new("principal", "guardduty GetFindings: Resource.AccessKeyDetails.UserName, or an actor", Kind::Text, |finding| {
        Value::text(finding.principal.as_ref())
    })
    .or(&["user", "actor"])
    .optional(),
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
        |finding| Value::text(finding.remote_ip.as_ref()),
    )
    .or(&["ip", "address"])
    .optional(),
    Of::new("id", "guardduty GetFindings: Id", Kind::Id, |finding| Value::text(Some(&finding.key.id))).or(&["finding_id"]),
    Of::new("title", "guardduty GetFindings: Title", Kind::Text, |finding| Value::text(Some(&finding.title))).optional(),
    Of::new("resource_type", "guardduty GetFindings: Resource.ResourceType", Kind::Id, |finding| {
        Value::text(Some(&finding.resource_type))
    })
    .optional(),
    Of::new("access_key", "guardduty GetFindings: Resource.AccessKeyDetails.AccessKeyId", Kind::Id, |finding| {
        Value::text(finding.access_key.as_ref())
    })
    .or(&["key"])
    .optional(),
    Of::new("instance", "guardduty GetFindings: Resource.InstanceDetails.InstanceId", Kind::Id, |finding| {
        Value::text(finding.instance.as_ref())
    })
    .or(&["node"])
    .optional(),
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
