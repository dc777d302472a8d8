use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::detail::Leaves;
use crate::domain::testing::any_json;

fn read(value: &Value) -> Finding {
    decode(value, Evidence::one(&value.to_string()))
}

#[test]
fn an_attack_sequence_names_its_first_actor_key_and_address() {
    let value = json!({
        "id": "f1", "accountId": "123456789012", "region": "us-east-1", "severity": 9.5,
        "type": "AttackSequence:IAM/CompromisedCredentials", "resource": {"resourceType": "AttackSequence"},
        "service": {"detection": {"sequence": {
            "uid": "s1",
            "actors": [{"id": "a", "user": {"name": "deploy-bot", "uid": "AIDA", "type": "IAMUser"}, "session": {"mfaStatus": "DISABLED"}}],
            "resources": [{"uid": "AKIAIOSFODNN7EXAMPLE", "resourceType": "ACCESS_KEY"},
                          {"uid": "arn:aws:ec2:us-east-1:1:instance/i-0abc", "resourceType": "EC2_INSTANCE"}],
            "endpoints": [{"id": "e", "ip": "198.51.100.7"}],
            "signals": [{"name": "later", "firstSeenAt": "2026-01-02T00:00:00Z", "count": 2}, {"name": "first", "firstSeenAt": "2026-01-01T00:00:00Z"}],
        }}, "additionalInfo": {"type": "default", "value": "{\"sample\":true,\"future\":{\"x\":1}}"}},
        "somethingNew": {"of": "tomorrow"},
    });
    let finding = read(&value);
    assert_eq!(finding.severity.map(Severity::band), Some(Band::Critical));
    assert!(finding.is_iam_user);
    assert_eq!(finding.principal.unwrap().raw(), "deploy-bot");
    assert_eq!(finding.access_key.unwrap().raw(), "AKIAIOSFODNN7EXAMPLE");
    assert_eq!(finding.instance.unwrap().raw(), "i-0abc");
    assert_eq!(finding.remote_ip.unwrap().raw(), "198.51.100.7");
    assert!(finding.sample);

    let sections = detail(&value.to_string());
    let signals = &sections.iter().find(|section| section.title.starts_with("Signals")).unwrap().fields;
    assert!(signals[0].value.raw().starts_with("first") && signals[1].value.raw().starts_with("later ×2"));
    let all: Vec<_> = sections.iter().flat_map(|section| &section.fields).collect();
    assert!(all.iter().any(|field| field.label == "somethingNew.of" && field.value.raw() == "tomorrow"));
    assert!(all.iter().any(|field| field.label == "future.x"));
}

#[test]
fn an_unknown_type_of_resource_still_has_a_name() {
    let value =
        json!({"resource": {"resourceType": "QuantumComputer", "quantumComputerDetails": {"qubits": 3, "computerName": "q-1"}}});
    assert_eq!(read(&value).resource.raw(), "q-1");
}

#[test]
fn a_severity_is_also_read_from_text_and_is_never_made_up() {
    let severity = |value: Value| read(&json!({ "severity": value })).severity;
    assert_eq!(severity(json!("8.9")), Some(Severity(8.9)));
    for none in [json!(null), json!("High"), json!("NaN"), json!([8]), json!({})] {
        assert_eq!(severity(none), None);
    }
    assert_eq!(read(&json!({})).severity, None);
}

#[test]
fn findings_without_an_id_are_not_one_and_the_same() {
    let ids = [1, 2].map(|number| read(&json!({ "title": number })).key.id);
    assert!(ids[0] != ids[1] && !ids[0].is_empty());
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
        for name in ["resource", "service", "severity", "id"] {
            let _ = read(&json!({ name: part }));
        }
        let _ = read(&json!({"service": {"action": part, "detection": {"sequence": part}}, "resource": {"instanceDetails": part}}));
    }
}
