//! From a finding's JSON to the row.

use serde_json::Value;

use super::principal::{access_keys, principals};
use super::resource::{instances, resources};
use super::{Finding, FindingKey, Severity, once_each};
use crate::domain::evidence::Evidence;
use crate::domain::json::{at, first, items, text, time, truth, untrusted};
use crate::domain::text::Untrusted;

/// Reads a finding as the API, EventBridge (`detail`) or AWS Tools give it. What is missing stays empty; nothing makes it fail.
pub fn decode(value: &Value, raw: Evidence) -> Finding {
    let resource_type = untrusted(value, "resource.resourceType").unwrap_or_else(|| "".into());
    let (subject, resources) = resources(value);
    let (principals, access_keys) = (principals(value), access_keys(value));
    let (instances, remote_ips) = (instances(&resources), addresses(value));
    Finding {
        key: FindingKey {
            account: text(value, "accountId").unwrap_or_default(),
            region: text(value, "region").unwrap_or_default(),
            id: untrusted(value, "id").unwrap_or_else(|| raw.stand_in()),
        },
        severity: severity(value),
        kind: untrusted(value, "type").unwrap_or_else(|| "".into()),
        title: untrusted(value, "title").unwrap_or_else(|| "".into()),
        resource: subject.unwrap_or_else(|| resource_type.clone()),
        resource_type,
        principal: principals.first().map(|principal| principal.name.clone()),
        access_key: access_keys.first().cloned(),
        instance: instances.first().cloned(),
        remote_ip: remote_ips.first().cloned(),
        resources,
        principals,
        access_keys,
        instances,
        remote_ips,
        domains: domains(value),
        count: at(value, "service.count").and_then(Value::as_u64),
        first_seen: time(value, "service.eventFirstSeen"),
        last_seen: time(value, "service.eventLastSeen"),
        updated: time(value, "updatedAt"),
        archived: truth(value, "service.archived").unwrap_or(false),
        sample: is_sample(value),
        raw,
    }
}

/// A number, also written as text. Whatever else it is, it is not zero.
fn severity(value: &Value) -> Option<Severity> {
    let number: f64 = text(value, "severity")?.trim().parse().ok()?;
    number.is_finite().then_some(Severity(number))
}

/// Every address on the far side: of the action, of each probed port, of a sequence's endpoints.
fn addresses(value: &Value) -> Vec<Untrusted> {
    let mut all = Vec::new();
    if let Some(action) = at(value, "service.action") {
        remote_details(action, 0, &mut all);
    }
    all.extend(items(value, "service.detection.sequence.endpoints").filter_map(|endpoint| untrusted(endpoint, "ip")));
    once_each(all)
}

/// The names on the far side that were looked up or called.
fn domains(value: &Value) -> Vec<Untrusted> {
    let mut all: Vec<Untrusted> =
        first(value, &["service.action.dnsRequestAction.domain", "service.action.awsApiCallAction.domainDetails.domain"])
            .into_iter()
            .collect();
    all.extend(items(value, "service.detection.sequence.endpoints").filter_map(|endpoint| untrusted(endpoint, "domain")));
    once_each(all)
}

/// The addresses of all `remoteIpDetails` and `sourceIPs` in the action: each type of action has its own place for them.
fn remote_details(value: &Value, depth: usize, found: &mut Vec<Untrusted>) {
    const DEEPEST: usize = 8;
    match value {
        Value::Object(members) if depth <= DEEPEST => {
            for (name, member) in members {
                if name.eq_ignore_ascii_case("remoteIpDetails") {
                    found.extend(["ipAddressV4", "ipAddressV6"].iter().find_map(|path| untrusted(member, path)));
                } else if name.eq_ignore_ascii_case("sourceIPs") {
                    found.extend(member.as_array().into_iter().flatten().filter_map(Value::as_str).map(Untrusted::new));
                } else {
                    remote_details(member, depth + 1, found);
                }
            }
        }
        Value::Array(items) if depth <= DEEPEST => items.iter().for_each(|item| remote_details(item, depth + 1, found)),
        _ => {}
    }
}

/// `CreateSampleFindings` sets a flag in the JSON text `service.additionalInfo.value`; in exports and events it may be an object, or lie
/// beside it. The prefix `[SAMPLE]` of titles is put there by AWS's web console only, and proves nothing.
fn is_sample(value: &Value) -> bool {
    let is_set = |info: &Value| truth(info, "sample") == Some(true);
    let Some(info) = at(value, "service.additionalInfo") else { return false };
    let packed = |info: &Value| text(info, "value").and_then(|text| serde_json::from_str(&text).ok());
    is_set(info) || at(info, "value").is_some_and(is_set) || packed(info).as_ref().is_some_and(is_set)
}
