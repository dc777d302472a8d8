//! From a finding's JSON to the row.

use serde_json::Value;

use super::{Finding, FindingKey, Severity};
use crate::domain::evidence::Evidence;
use crate::domain::json::{at, first, text, time, truth, untrusted};
use crate::domain::text::Untrusted;

/// Reads a finding as the API, EventBridge (`detail`) or AWS Tools give it. What is missing stays empty; nothing makes it fail.
pub fn decode(value: &Value, raw: Evidence) -> Finding {
    let resource = at(value, "resource").unwrap_or(&Value::Null);
    let resource_type = untrusted(resource, "resourceType").unwrap_or_else(|| Untrusted::new(""));
    Finding {
        key: FindingKey {
            account: text(value, "accountId").unwrap_or_default(),
            region: text(value, "region").unwrap_or_default(),
            id: untrusted(value, "id").unwrap_or_else(|| raw.stand_in()),
        },
        severity: severity(value),
        kind: untrusted(value, "type").unwrap_or_else(|| Untrusted::new("")),
        title: untrusted(value, "title").unwrap_or_else(|| Untrusted::new("")),
        resource: resource_name(value, resource).unwrap_or_else(|| resource_type.clone()),
        resource_type,
        principal: first(value, PRINCIPAL),
        is_iam_user: is_iam_user(value),
        access_key: first(value, &["resource.accessKeyDetails.accessKeyId"]).or_else(|| sequence_resource(value, is_access_key)),
        instance: first(value, &["resource.instanceDetails.instanceId"]).or_else(|| sequence_instance(value)),
        remote_ip: remote_address(value),
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

const PRINCIPAL: &[&str] = &[
    "resource.accessKeyDetails.userName",
    "resource.kubernetesDetails.kubernetesUserDetails.username",
    "resource.rdsDbUserDetails.user",
    "service.detection.sequence.actors.0.user.name",
];

/// The type belongs to the name that [`PRINCIPAL`] finds first: `resource.accessKeyDetails`, else the first actor of a sequence.
fn is_iam_user(value: &Value) -> bool {
    let (name, kind) = match first(value, &["resource.accessKeyDetails.userName"]) {
        Some(name) => (name, "resource.accessKeyDetails.userType"),
        None => {
            (first(value, &["service.detection.sequence.actors.0.user.name"]).unwrap_or_else(|| "".into()), SEQUENCE_USER_TYPE)
        }
    };
    first(value, PRINCIPAL) == Some(name) && first(value, &[kind]).is_some_and(|kind| kind.raw() == "IAMUser")
}

const SEQUENCE_USER_TYPE: &str = "service.detection.sequence.actors.0.user.type";

/// The name of the resource, by its type and in the order of GuardDuty's own list of types.
const RESOURCE: &[&str] = &[
    "accessKeyDetails.userName",
    "instanceDetails.instanceId",
    "s3BucketDetails.0.name",
    "s3BucketDetails.name",
    "eksClusterDetails.name",
    "ecsClusterDetails.name",
    "lambdaDetails.functionName",
    "rdsDbInstanceDetails.dbInstanceIdentifier",
    "rdsLimitlessDbDetails.dbShardGroupIdentifier",
    "ebsVolumeDetails.scannedVolumeDetails.0.volumeArn",
    "ebsSnapshotDetails.snapshotArn",
    "ec2ImageDetails.imageArn",
    "recoveryPointDetails.recoveryPointArn",
    "containerDetails.name",
    "kubernetesDetails.kubernetesWorkloadDetails.name",
];

fn resource_name(value: &Value, resource: &Value) -> Option<Untrusted> {
    first(resource, RESOURCE)
        .or_else(|| first(value, &["service.detection.sequence.resources.0.name", "service.detection.sequence.resources.0.uid"]))
        .or_else(|| {
            // A type of resource that is newer than this list: the first thing in it that looks like a name.
            let Value::Object(members) = resource else { return None };
            members.values().find_map(|details| {
                let details = if let Value::Array(items) = details { items.first()? } else { details };
                let Value::Object(details) = details else { return None };
                let named = |(name, _): &(&String, &Value)| {
                    ["name", "id", "arn", "identifier"].iter().any(|end| name.to_ascii_lowercase().ends_with(end))
                };
                details
                    .iter()
                    .filter(named)
                    .find_map(|(_, value)| value.as_str())
                    .filter(|name| !name.is_empty())
                    .map(Untrusted::new)
            })
        })
}

fn is_access_key(id: &str) -> bool {
    id.starts_with("AKIA") || id.starts_with("ASIA")
}

fn sequence_resource(value: &Value, wanted: impl Fn(&str) -> bool) -> Option<Untrusted> {
    let Some(Value::Array(resources)) = at(value, "service.detection.sequence.resources") else { return None };
    resources.iter().filter_map(|resource| text(resource, "uid")).find(|uid| wanted(uid)).map(Untrusted::new)
}

fn sequence_instance(value: &Value) -> Option<Untrusted> {
    let arn = sequence_resource(value, |uid| uid.contains(":instance/"))?;
    arn.raw().rsplit('/').next().map(Untrusted::new)
}

fn remote_address(value: &Value) -> Option<Untrusted> {
    let details = at(value, "service.action").and_then(|action| remote_details(action, 0));
    details
        .and_then(|details| first(details, &["ipAddressV4", "ipAddressV6"]))
        .or_else(|| first(value, &["service.detection.sequence.endpoints.0.ip"]))
}

/// The first `remoteIpDetails` anywhere in the action: each type of action has its own place for it.
fn remote_details(value: &Value, depth: usize) -> Option<&Value> {
    const DEEPEST: usize = 8;
    if depth > DEEPEST {
        return None;
    }
    match value {
        Value::Object(members) => members
            .iter()
            .find(|(name, details)| name.eq_ignore_ascii_case("remoteIpDetails") && !details.is_null())
            .map(|(_, details)| details)
            .or_else(|| members.values().find_map(|member| remote_details(member, depth + 1))),
        Value::Array(items) => items.iter().find_map(|item| remote_details(item, depth + 1)),
        _ => None,
    }
}

fn is_sample(value: &Value) -> bool {
    let written = |text: String| serde_json::from_str::<Value>(&text).is_ok_and(|info| truth(&info, "sample") == Some(true));
    truth(value, "service.additionalInfo.sample") == Some(true)
        || text(value, "service.additionalInfo.value").is_some_and(written)
        || text(value, "title").is_some_and(|title| title.starts_with("[SAMPLE]"))
}
