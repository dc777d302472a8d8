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
    assert!(finding.names_user(&"deploy-bot".into()));
    assert_eq!(finding.resource.raw(), "AKIAIOSFODNN7EXAMPLE", "a sequence of IAM is about the key");
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

/// What stands beside the subject in findings of other types, too.
fn beside() -> Value {
    json!({
        "accessKeyDetails": {"accessKeyId": "ASIAX", "principalId": "AROAX:ada", "userType": "AssumedRole", "userName": "reporting"},
        "instanceDetails": {"instanceId": "i-0aaa"},
        "containerDetails": {"id": "c1", "name": "web", "image": "example/web:1"},
        "eksClusterDetails": {"name": "prod-eks", "arn": "arn:aws:eks:us-east-1:1:cluster/prod-eks", "vpcId": "vpc-1"},
        "kubernetesDetails": {"kubernetesUserDetails": {"username": "system:anonymous"},
            "kubernetesWorkloadDetails": {"name": "web-7d9f", "namespace": "shop", "uid": "u", "containers": [{"name": "side", "id": "c2"}]}},
        "s3BucketDetails": [
            {"name": "payroll", "arn": "arn:aws:s3:::payroll", "s3ObjectDetails": [{"key": "a.xlsx", "objectArn": "arn:aws:s3:::payroll/a.xlsx"}]},
            {"name": "exports", "arn": "arn:aws:s3:::exports"},
        ],
        "ecsClusterDetails": {"name": "shop", "arn": "arn:aws:ecs:us-east-1:1:cluster/shop", "taskDetails": {"arn": "arn:aws:ecs:us-east-1:1:task/shop/1"}},
        "lambdaDetails": {"functionName": "resize", "functionArn": "arn:aws:lambda:us-east-1:1:function:resize", "role": "arn:aws:iam::1:role/resize"},
        "rdsDbInstanceDetails": {"dbClusterIdentifier": "c", "dbInstanceIdentifier": "orders"},
        "rdsLimitlessDbDetails": {"dbClusterIdentifier": "c", "dbShardGroupIdentifier": "shards"},
        "ebsVolumeDetails": {"scannedVolumeDetails": [{"kmsKeyArn": "arn:k", "volumeArn": "arn:v1"}], "skippedVolumeDetails": [{"volumeArn": "arn:v2"}]},
        "ebsSnapshotDetails": {"snapshotArn": "arn:snap"},
        "ec2ImageDetails": {"imageArn": "arn:ami"},
        "recoveryPointDetails": {"backupVaultName": "vault", "recoveryPointArn": "arn:rp"},
        "bedrockGuardrailDetails": {"accountId": "1", "guardrailName": "no-secrets", "guardrailArn": "arn:gr"},
    })
}

#[test]
fn the_type_of_the_resource_decides_what_a_finding_is_about_and_the_rest_is_kept() {
    for (kind, subject) in [
        ("AccessKey", "reporting"),
        ("Instance", "i-0aaa"),
        ("S3Bucket", "payroll"),
        ("S3Object", "payroll/a.xlsx"),
        ("EKSCluster", "prod-eks"),
        ("KubernetesCluster", "prod-eks"),
        ("ECSCluster", "shop"),
        ("Container", "web"),
        ("RDSDBInstance", "orders"),
        ("RDSLimitlessDB", "shards"),
        ("Lambda", "resize"),
        ("EBSVolume", "arn:v1"),
        ("EBSSnapshot", "arn:snap"),
        ("EC2Image", "arn:ami"),
        ("EC2RecoveryPoint", "arn:rp"),
        ("BedrockGuardrail", "no-secrets"),
    ] {
        let mut resource = beside();
        resource["resourceType"] = kind.into();
        let finding = read(&json!({ "resource": resource }));
        assert_eq!(finding.resource.raw(), subject, "{kind}");
        assert_eq!(finding.resources[0].name, finding.resource, "{kind}: the subject comes first");
        let named: Vec<&str> = finding.resources.iter().map(|resource| resource.name.raw()).collect();
        for name in [
            "reporting",
            "i-0aaa",
            "web",
            "side",
            "prod-eks",
            "shop/web-7d9f",
            "payroll",
            "payroll/a.xlsx",
            "exports",
            "shop",
            "arn:aws:ecs:us-east-1:1:task/shop/1",
            "resize",
            "orders",
            "shards",
            "arn:v1",
            "arn:v2",
            "arn:snap",
            "arn:ami",
            "arn:rp",
            "no-secrets",
        ] {
            assert_eq!(named.iter().filter(|named| **named == name).count(), 1, "{kind}: {name} in {named:?}");
        }
    }
}

#[test]
fn a_type_without_its_details_is_not_about_what_stands_beside_it() {
    let caller = json!({"accessKeyId": "AKIAX", "userType": "IAMUser", "userName": "ada"});
    let finding = read(&json!({"resource": {"resourceType": "S3Bucket", "s3BucketDetails": null, "accessKeyDetails": caller}}));
    assert_eq!((finding.resource.raw(), finding.principal.unwrap().raw()), ("S3Bucket", "ada"));
    let affected = json!({"awsApiCallAction": {"affectedResources": {"AWS::S3::Bucket": "payroll", "AWS::IAM::User": "eve"}}});
    let finding =
        read(&json!({"resource": {"resourceType": "S3Bucket", "accessKeyDetails": caller}, "service": {"action": affected}}));
    assert_eq!(finding.resource.raw(), "payroll");
    assert!(finding.names_user(&"eve".into()), "who was acted upon is named, too");
}

#[test]
fn a_name_is_a_user_only_where_the_type_says_so() {
    let named = |kind: Value, id: &str| {
        let caller = json!({"userName": "alice", "userType": kind, "principalId": id});
        read(&json!({"resource": {"resourceType": "AccessKey", "accessKeyDetails": caller}})).principals[0].kind.clone()
    };
    for (kind, id, found) in [
        (json!("IAMUser"), "AIDAX", PrincipalKind::User),
        (json!("AssumedRole"), "AROAX:alice", PrincipalKind::Role),
        (json!("Role"), "AROAX:alice", PrincipalKind::Role),
        (json!("Root"), "123456789012", PrincipalKind::Root),
        (json!("FederatedUser"), "123456789012:alice", PrincipalKind::Federated),
        (json!("SAMLUser"), "x", PrincipalKind::Federated),
        (json!("WebIdentityUser"), "x", PrincipalKind::Federated),
        (json!("IdentityCenterUser"), "x", PrincipalKind::IdentityCenter),
        (json!("AWSAccount"), "210987654321", PrincipalKind::Account),
        (json!("AWSService"), "x", PrincipalKind::Service),
        (json!("Martian"), "x", PrincipalKind::Other("Martian".into())),
        (json!(null), "AIDAX", PrincipalKind::User),
        (json!(null), "AROAX:alice", PrincipalKind::Role),
        (json!(null), "x", PrincipalKind::Other("".into())),
    ] {
        assert_eq!(named(kind.clone(), id), found, "{kind} {id}");
    }
    let finding = read(&json!({"resource": {"resourceType": "RDSDBInstance", "rdsDbUserDetails": {"user": "alice"},
        "kubernetesDetails": {"kubernetesUserDetails": {"username": "alice", "impersonatedUser": {"username": "bob"}}}}}));
    assert!(finding.principals.len() == 3 && !finding.names_user(&"alice".into()), "{:?}", finding.principals);
}

#[test]
fn every_actor_key_resource_and_endpoint_of_a_sequence_is_kept() {
    let actor = |name: &str, key: &str| json!({"id": name, "user": {"name": name, "uid": "AIDA", "type": "IAMUser", "credentialUid": key}});
    let value = json!({
        "type": "AttackSequence:S3/CompromisedData", "resource": {"resourceType": "AttackSequence"},
        "service": {"detection": {"sequence": {
            "actors": [actor("marta", "AKIA1"), actor("backup", "AKIA2")],
            "resources": [
                {"uid": "AKIA3", "resourceType": "ACCESS_KEY", "data": {"accessKey": {"userName": "third", "userType": "IAMUser"}}},
                {"uid": "arn:aws:s3:::payroll", "name": "payroll", "resourceType": "S3_BUCKET"},
                {"uid": "arn:aws:ec2:us-east-1:1:instance/i-0abc", "name": "web", "resourceType": "EC2_INSTANCE"},
                {"uid": "arn:aws:ec2:us-east-1:1:instance/i-0def", "resourceType": "EC2_INSTANCE"},
            ],
            "endpoints": [{"id": "e1", "ip": "203.0.113.66"}, {"id": "e2", "ip": "198.51.100.23", "domain": "c2.example"}],
            "signals": [{"name": "s3:GetObject", "actorIds": ["backup"], "endpointIds": ["e1", "e2"]}],
        }}},
    });
    let finding = read(&value);
    let raw = |texts: &[Untrusted]| texts.iter().map(|text| text.raw().to_owned()).collect::<Vec<_>>();
    assert_eq!(finding.resource.raw(), "payroll", "a sequence of S3 is about the bucket");
    assert_eq!(finding.users().map(|user| user.name.raw()).collect::<Vec<_>>(), ["marta", "backup", "third"]);
    assert_eq!(raw(&finding.access_keys), ["AKIA1", "AKIA2", "AKIA3"]);
    assert_eq!(raw(&finding.instances), ["i-0abc", "i-0def"]);
    assert_eq!(raw(&finding.remote_ips), ["203.0.113.66", "198.51.100.23"]);
    assert_eq!(raw(&finding.domains), ["c2.example"]);
    let signals = detail(&value.to_string());
    let signal = signals.iter().find(|section| section.title.starts_with("Signals")).unwrap().fields[0].value.raw().to_owned();
    assert!(signal.ends_with("by backup from 203.0.113.66, 198.51.100.23"), "{signal}");
}

#[test]
fn all_probed_ports_and_source_addresses_are_kept() {
    let remote = |address: &str| json!({"remoteIpDetails": {"ipAddressV4": address}});
    let probes =
        json!({"portProbeAction": {"portProbeDetails": [remote("203.0.113.1"), remote("203.0.113.2"), remote("203.0.113.1")]}});
    assert_eq!(read(&json!({"service": {"action": probes}})).remote_ips.len(), 2);
    let call =
        json!({"kubernetesApiCallAction": {"sourceIPs": ["203.0.113.9"], "remoteIpDetails": {"ipAddressV6": "2001:db8::1"}}});
    assert_eq!(read(&json!({"service": {"action": call}})).remote_ips.len(), 2);
}

#[test]
fn a_sample_is_known_by_its_flag_alone() {
    let is_sample = |info: Value, title: &str| read(&json!({"title": title, "service": {"additionalInfo": info}})).sample;
    assert!(is_sample(json!({"value": "{\"sample\":true}", "type": "default"}), "t"));
    assert!(is_sample(json!({"sample": true, "value": "{}"}), "t"));
    assert!(is_sample(json!({"value": {"sample": true}}), "t"));
    for none in [json!(null), json!({}), json!({"value": "no JSON"}), json!({"value": "{\"sample\":false}"}), json!("x")] {
        assert!(!is_sample(none.clone(), "[SAMPLE] t"), "{none}");
    }
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
