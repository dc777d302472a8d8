//! The form that GuardDuty's API gives a finding, where files differ from it (API model of 2017-11-28).

use jiff::Timestamp;
use serde_json::{Map, Number, Value, json};

use super::event::lower_first;

/// Times are epoch seconds below the root of a finding; files have ISO 8601 there.
const TIMES: [&str; 12] = [
    "createdAt",
    "createdTime",
    "endTime",
    "firstSeenAt",
    "lastModifiedAt",
    "lastSeenAt",
    "modifiedAt",
    "scanCompletedAt",
    "scanStartedAt",
    "startTime",
    "startedAt",
    "updatedAt",
];

/// Members that are texts though they look like numbers; EventBridge has `asn: -1`.
const TEXTS: [&str; 9] =
    ["accountId", "asn", "engineVersion", "ownerId", "protocol", "schemaVersion", "uid", "value", "vpcOwnerAccountId"];

/// Members that are numbers; some exports quote them.
const NUMBERS: [&str; 6] = ["count", "failedLoginAttempts", "lat", "lon", "port", "successfulLoginAttempts"];

/// Members that are true or false.
const FLAGS: [&str; 3] = ["affiliated", "archived", "blocked"];

/// Maps whose keys are data.
const MAPS: [&str; 3] = ["affectedResources", "behavior", "profiles"];

/// Keys that the API writes otherwise than their member's name with a small first letter: parent, member, key.
const NAMES: [(&str, &str, &str); 9] = [
    ("productCodes", "Code", "productCodeId"),
    ("productCodes", "ProductType", "productCodeType"),
    ("location", "Latitude", "lat"),
    ("location", "Longitude", "lon"),
    ("kubernetesApiCallAction", "SourceIps", "sourceIPs"),
    ("taskDetails", "TaskCreatedAt", "createdAt"),
    ("account", "Name", "account"),
    ("ec2Instance", "IamInstanceProfile", "IamInstanceProfile"),
    ("rdsLoginAttemptAction", "LoginAttributes", "LoginAttributes"),
];

/// Gives all keys the API's case.
pub(super) fn lowered(finding: Value) -> Value {
    lower(finding, "")
}

fn lower(value: Value, parent: &str) -> Value {
    match value {
        Value::Object(members) if MAPS.contains(&parent) => Value::Object(members),
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(member, value)| {
                    let special = NAMES.iter().find(|(under, name, _)| *under == parent && *name == member);
                    let key = special.map_or_else(|| lower_first(&member), |(_, _, key)| (*key).to_owned());
                    let value = lower(value, &key);
                    (key, value)
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| lower(item, parent)).collect()),
        scalar => scalar,
    }
}

/// Gives all known members the API's type. Unknown members stay as they are; EventBridge's `null` is what the API leaves out.
pub(super) fn typed(finding: Value) -> Value {
    let Value::Object(members) = finding else { return finding };
    let typed = present(members).map(|(name, value)| {
        let value = match name.as_str() {
            "severity" | "confidence" => number(value),
            "createdAt" | "updatedAt" => value,
            _ => member(&name, value),
        };
        (name, value)
    });
    Value::Object(typed.collect())
}

fn member(name: &str, value: Value) -> Value {
    match value {
        Value::Object(members) if name == "additionalInfo" => additional_info(members),
        Value::Object(members) if MAPS.contains(&name) => Value::Object(members),
        Value::Object(members) => {
            Value::Object(present(members).map(|(name, value)| (name.clone(), member(&name, value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|item| member(name, item)).collect()),
        scalar if TIMES.contains(&name) => epoch(scalar),
        Value::Number(milliseconds) if name == "launchTime" => moment(&milliseconds),
        scalar if NUMBERS.contains(&name) => number(scalar),
        scalar @ (Value::Number(_) | Value::Bool(_)) if TEXTS.contains(&name) => scalar.to_string().into(),
        Value::String(text) if FLAGS.contains(&name) => text.parse::<bool>().map_or(Value::String(text), Value::from),
        scalar => scalar,
    }
}

fn present(members: Map<String, Value>) -> impl Iterator<Item = (String, Value)> {
    members.into_iter().filter(|(_, value)| !value.is_null())
}

/// `launchTime` is a text in the API; older exports count milliseconds.
fn moment(milliseconds: &Number) -> Value {
    let time = milliseconds.as_i64().and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok());
    time.map_or_else(|| milliseconds.to_string(), |time| time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()).into()
}

/// EventBridge writes an object where the API writes JSON in a text.
fn additional_info(members: Map<String, Value>) -> Value {
    if members.get("value").is_some_and(Value::is_string) {
        return Value::Object(members);
    }
    json!({"type": "default", "value": Value::Object(members).to_string()})
}

fn number(value: Value) -> Value {
    let Value::String(text) = &value else { return value };
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(whole), _) => whole.into(),
        (Err(_), Ok(broken)) => broken.into(),
        (Err(_), Err(_)) => value,
    }
}

fn epoch(value: Value) -> Value {
    match &value {
        Value::String(text) => text.parse::<Timestamp>().map_or(value, |time| time.as_second().into()),
        Value::Number(number) => match number.as_i64() {
            Some(milliseconds) if milliseconds > 100_000_000_000 => (milliseconds / 1_000).into(),
            _ => value,
        },
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_get_the_types_of_the_model() {
        let finding = typed(json!({
            "severity": "8", "createdAt": "2024-01-01T00:00:00Z",
            "resource": {"instanceDetails": {"launchTime": 1_492_735_675_000_i64, "platform": null}, "s3BucketDetails": [{"createdAt": "2024-01-01T00:00:00Z", "new": {"createdAtAll": 7}}]},
            "service": {"count": "3", "action": {"x": {"remoteIpDetails": {"organization": {"asn": -1}}}}, "archived": "true"},
        }));
        assert_eq!(finding["severity"], 8);
        assert_eq!(finding["createdAt"], "2024-01-01T00:00:00Z");
        assert_eq!(finding["resource"]["instanceDetails"], json!({"launchTime": "2017-04-21T00:47:55.000Z"}));
        assert_eq!(finding["resource"]["s3BucketDetails"][0]["createdAt"], 1_704_067_200);
        assert_eq!(finding["resource"]["s3BucketDetails"][0]["new"]["createdAtAll"], 7);
        assert_eq!(finding["service"]["action"]["x"]["remoteIpDetails"]["organization"]["asn"], "-1");
        assert_eq!(finding["service"]["archived"], true);
        assert_eq!(finding["service"]["count"], 3);
    }

    #[test]
    fn keys_get_the_case_of_the_model() {
        let finding = lowered(json!({
            "Resource": {"InstanceDetails": {"ProductCodes": [{"Code": "a", "ProductType": "b"}]}},
            "Service": {"Action": {"AwsApiCallAction": {"AffectedResources": {"AWS::S3::Bucket": "b"}}}},
        }));
        assert_eq!(finding["resource"]["instanceDetails"]["productCodes"][0]["productCodeId"], "a");
        assert_eq!(finding["service"]["action"]["awsApiCallAction"]["affectedResources"]["AWS::S3::Bucket"], "b");
    }
}
