//! Which resources an event names: `LookupEvents` lists and finds them by type and by name.

use serde_json::Value;

/// A member of `requestParameters` or `responseElements`, and the type of what it names.
const NAMES: [(&str, &str); 20] = [
    ("/requestParameters/userName", "AWS::IAM::User"),
    ("/requestParameters/accessKeyId", "AWS::IAM::AccessKey"),
    ("/responseElements/accessKey/accessKeyId", "AWS::IAM::AccessKey"),
    ("/requestParameters/groupName", "AWS::IAM::Group"),
    ("/requestParameters/roleName", "AWS::IAM::Role"),
    ("/requestParameters/roleArn", "AWS::IAM::Role"),
    ("/requestParameters/policyArn", "AWS::IAM::Policy"),
    ("/requestParameters/policyName", "AWS::IAM::Policy"),
    ("/requestParameters/instanceProfileName", "AWS::IAM::InstanceProfile"),
    ("/requestParameters/bucketName", "AWS::S3::Bucket"),
    ("/requestParameters/target", "AWS::EC2::Instance"),
    ("/requestParameters/instanceId", "AWS::EC2::Instance"),
    ("/requestParameters/groupId", "AWS::EC2::SecurityGroup"),
    ("/requestParameters/volumeId", "AWS::EC2::Volume"),
    ("/requestParameters/snapshotId", "AWS::EC2::Snapshot"),
    ("/requestParameters/functionName", "AWS::Lambda::Function"),
    ("/requestParameters/secretId", "AWS::SecretsManager::Secret"),
    ("/requestParameters/dBInstanceIdentifier", "AWS::RDS::DBInstance"),
    ("/requestParameters/detectorId", "AWS::GuardDuty::Detector"),
    ("/requestParameters/keyId", "AWS::KMS::Key"),
];

/// Types and names, without repetitions.
pub(super) fn of(event: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut add = |kind: &str, name: &str| {
        let pair = (kind.to_owned(), name.to_owned());
        if !name.is_empty() && !found.contains(&pair) {
            found.push(pair);
        }
    };
    for resource in event.get("resources").and_then(Value::as_array).into_iter().flatten() {
        let text = |names: [&str; 2]| names.iter().find_map(|name| resource.get(name)).and_then(Value::as_str);
        if let (Some(kind), Some(name)) = (text(["type", "resourceType"]), text(["ARN", "resourceName"])) {
            add(kind, name);
        }
    }
    for (pointer, kind) in NAMES {
        if let Some(name) = event.pointer(pointer).and_then(Value::as_str) {
            add(kind, name);
        }
    }
    if event.get("eventSource").and_then(Value::as_str) == Some("cloudtrail.amazonaws.com")
        && let Some(name) = event.pointer("/requestParameters/name").and_then(Value::as_str)
    {
        add("AWS::CloudTrail::Trail", name);
    }
    for list in ["/requestParameters/instancesSet/items", "/responseElements/instancesSet/items"] {
        let items = event.pointer(list).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| item.get("instanceId")?.as_str()).for_each(|name| add("AWS::EC2::Instance", name));
    }
    found
}
