use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::detail::Leaves;
use crate::domain::testing::any_json;

fn read(value: &Value) -> Option<Event> {
    decode(value, Evidence::one(&value.to_string()))
}

fn actor(identity: Value) -> String {
    read(&json!({"eventTime": "2026-01-01T00:00:00Z", "userIdentity": identity})).unwrap().actor.raw().to_owned()
}

#[test]
fn each_type_of_identity_has_a_name() {
    assert_eq!(actor(json!({"type": "Root", "arn": "arn:aws:iam::1:root"})), "root");
    assert_eq!(actor(json!({"type": "IAMUser", "userName": "ada"})), "ada");
    let role = json!({"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/Admin/ada", "principalId": "AROA:ada"});
    assert_eq!(actor(role), "Admin/ada");
    let no_arn =
        json!({"type": "AssumedRole", "principalId": "AROA:ada", "sessionContext": {"sessionIssuer": {"userName": "Admin"}}});
    assert_eq!(actor(no_arn), "Admin/ada");
    assert_eq!(actor(json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"})), "ec2.amazonaws.com");
    assert_eq!(actor(json!({"type": "FederatedUser", "arn": "arn:aws:sts::1:federated-user/bob"})), "bob");
    assert_eq!(actor(json!({"type": "SAMLUser", "userName": "carol@example.com"})), "carol@example.com");
    assert_eq!(actor(json!({"type": "WebIdentityUser", "userName": "sub"})), "sub");
    assert_eq!(actor(json!({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}})), "u-1");
    assert_eq!(actor(json!({"type": "AWSAccount", "accountId": "210987654321", "principalId": "AIDA"})), "210987654321");
    assert_eq!(actor(json!({"type": "Unknown"})), "Unknown");
    assert_eq!(actor(Value::Null), "unknown");
}

#[test]
fn an_insight_says_that_it_is_none_of_the_calls_it_reports() {
    let value = json!({"eventTime": "2026-11-20T10:44:00Z", "eventType": "AwsCloudTrailInsight", "eventCategory": "Insight",
        "insightDetails": {"state": "Start", "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances", "errorCode": "x"}});
    let event = read(&value).unwrap();
    assert_eq!((event.name.raw(), event.source.raw()), ("Insight: RunInstances", "ec2.amazonaws.com"));
    assert_eq!((event.outcome, event.error), (Outcome::NotACall, None));
    assert_eq!(event.actor.raw(), "CloudTrail Insights");
}

#[test]
fn an_assumed_role_is_traced_to_its_issuer() {
    let value = json!({"eventTime": "2026-01-01T00:00:00Z", "userIdentity": {"type": "AssumedRole", "accessKeyId": "ASIA",
        "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::1:role/Admin", "userName": "Admin"}}}});
    let event = read(&value).unwrap();
    assert_eq!(event.issuer.unwrap().raw(), "arn:aws:iam::1:role/Admin");
    assert_eq!(event.access_key.unwrap().raw(), "ASIA");
}

#[test]
fn the_target_is_the_most_telling_parameter() {
    let target = |service: &str, name: &str, parameters: Value| {
        let value = json!({"eventTime": "2026-01-01T00:00:00Z", "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
                "requestParameters": parameters, "resources": [{"ARN": "arn:x"}]});
        read(&value).unwrap().target.unwrap().raw().to_owned()
    };
    assert_eq!(target("iam", "AttachUserPolicy", json!({"userName": "eve", "policyArn": "arn:p"})), "eve");
    assert_eq!(target("s3", "GetObject", json!({"bucketName": "b", "key": "k/1"})), "b/k/1");
    assert_eq!(target("ec2", "StopInstances", json!({"instancesSet": {"items": [{"instanceId": "i-1"}]}})), "i-1");
    assert_eq!(target("kms", "Decrypt", Value::Null), "arn:x");
}

proptest! {
    #[test]
    fn no_json_makes_it_panic(value in any_json(), text in any::<String>()) {
        let _ = read(&value);
        let shown: usize = detail(&value.to_string()).iter().map(|section| section.fields.len()).sum();
        prop_assert!(shown >= Leaves::of(&value).len());
        let _ = detail(&text);
    }

    #[test]
    fn no_member_of_a_wrong_type_makes_it_panic(part in any_json()) {
        let _ = read(&json!({"eventTime": "2026-01-01T00:00:00Z", "userIdentity": part, "requestParameters": part, "resources": part}));
        let _ = read(&json!({"eventTime": part}));
    }
}
