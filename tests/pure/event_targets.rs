//! What an event was done to: held against a golden file over the real records, and against the requests of known techniques.

use std::collections::{BTreeMap, BTreeSet};

use bartizan::domain::event;
use bartizan::domain::evidence::Evidence;
use serde_json::{Value, json};

use crate::records::real_events;

/// Service and event name to the member that names the target; `None`: the record names nothing.
fn golden() -> BTreeMap<(&'static str, &'static str), Option<&'static str>> {
    let lines = include_str!("../golden/event-targets.tsv").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| match line.split('\t').collect::<Vec<_>>().as_slice() {
            [service, event, member, why] => {
                assert!(!why.is_empty(), "{line}");
                ((*service, *event), (*member != "-").then_some(*member))
            }
            _ => panic!("not four fields: {line}"),
        })
        .collect()
}

fn at<'a>(record: &'a Value, path: &str) -> Option<&'a str> {
    let pointer = format!("/{}", path.replace('.', "/"));
    record.pointer(&pointer).and_then(Value::as_str)
}

fn target(record: &Value) -> Option<String> {
    let event = event::decode(record, Evidence::one(&record.to_string())).expect("a record with a time");
    event.target.map(|target| target.raw().to_owned())
}

#[test]
fn nine_in_ten_of_the_real_write_events_name_their_target_and_none_a_wrong_one() {
    let golden = golden();
    let writes: Vec<Value> = real_events().into_iter().filter(|event| event["readOnly"] == json!(false)).collect();
    if writes.is_empty() {
        return; // `real_events` has said that the records are not here.
    }
    // A throttled call is recorded without its parameters: nothing could be told.
    let tells = |event: &&Value| {
        ["requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"]
            .iter()
            .any(|place| event[*place].is_object())
    };
    let (mut names, mut named) = (BTreeSet::new(), BTreeSet::new());
    let (mut all, mut right) = (0, 0);
    for event in writes.iter().filter(tells) {
        let (source, name) = (event["eventSource"].as_str().unwrap(), event["eventName"].as_str().unwrap());
        let service = source.split('.').next().unwrap();
        let member = golden.get(&(service, name)).unwrap_or_else(|| panic!("{service} {name} is not in the golden file"));
        let found = target(event);
        let wanted = member.and_then(|member| at(event, member)).map(str::to_owned);
        assert!(found.is_none() || found == wanted, "{service} {name}: {found:?}, not {wanted:?}");
        names.insert((service.to_owned(), name));
        all += 1;
        // Where the record names nothing, to say nothing is right.
        if found == wanted {
            right += 1;
            named.insert((service.to_owned(), name));
        }
    }
    println!("{right} of {all} events, {} of {} names", named.len(), names.len());
    assert!(all >= 500 && names.len() >= 100, "{all} events, {} names", names.len());
    assert!(right * 10 >= all * 9, "{right} of {all}");
    assert!(named.len() * 10 >= names.len() * 9, "{:?}", names.difference(&named).collect::<Vec<_>>());
    let with_target = golden.values().filter(|member| member.is_some()).count();
    assert!(with_target * 100 >= golden.len() * 95, "the golden file gives up too often");
}

/// A call of an operation of a service.
fn call(service: &str, name: &str, request: &Value) -> Value {
    json!({ "eventTime": "2026-11-20T10:00:00Z", "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "requestParameters": request })
}

#[test]
fn requests_of_known_techniques_name_what_was_acted_upon() {
    for (service, name, request, wanted) in [
        (
            "ssm",
            "SendCommand",
            json!({"documentName": "AWS-RunShellScript", "instanceIds": ["i-1"], "parameters": "HIDDEN_DUE_TO_SECURITY_REASONS"}),
            "i-1",
        ),
        (
            "ssm",
            "SendCommand",
            json!({"documentName": "d", "targets": [{"key": "InstanceIds", "values": ["i-1", "i-2"]}]}),
            "i-1",
        ),
        ("ssm", "StartSession", json!({"target": "i-1"}), "i-1"),
        ("ssm", "GetParameter", json!({"name": "/prod/db", "withDecryption": true}), "/prod/db"),
        ("iam", "CreateVirtualMFADevice", json!({"virtualMFADeviceName": "backdoor", "path": "/"}), "backdoor"),
        ("iam", "DeactivateMFADevice", json!({"userName": "ada", "serialNumber": "arn:x"}), "ada"),
        ("iam", "DeleteAccessKey", json!({"accessKeyId": "AKIAIOSFODNN7EXAMPLE"}), "AKIAIOSFODNN7EXAMPLE"),
        ("iam", "SetDefaultPolicyVersion", json!({"policyArn": "arn:p", "versionId": "v2"}), "arn:p"),
        ("iam", "UpdateSAMLProvider", json!({"sAMLProviderArn": "arn:s", "sAMLMetadataDocument": "…"}), "arn:s"),
        (
            "rds",
            "ModifyDBSnapshotAttribute",
            json!({"dBSnapshotIdentifier": "copy", "attributeName": "restore", "valuesToAdd": ["all"]}),
            "copy",
        ),
        ("rds", "RemoveRoleFromDBCluster", json!({"dBClusterIdentifier": "c", "roleArn": "arn:r"}), "c"),
        ("lambda", "PublishLayerVersion20181031", json!({"layerName": "ext"}), "ext"),
        ("lambda", "UpdateFunctionConfiguration20150331v2", json!({"functionName": "f", "layers": ["x"], "role": "arn:r"}), "f"),
        ("ecs", "ExecuteCommand", json!({"cluster": "shop", "task": "arn:task/1", "container": "web"}), "shop"),
        ("bedrock", "InvokeModel", json!({"modelId": "m"}), "m"),
        (
            "ec2-instance-connect",
            "SendSSHPublicKey",
            json!({"instanceId": "i-1", "instanceOSUser": "ec2-user", "sSHPublicKey": "…"}),
            "i-1",
        ),
        (
            "ec2",
            "AuthorizeSecurityGroupIngress",
            json!({"groupId": "sg-1", "ipPermissions": {"items": [{"groups": {"items": [{"groupId": "sg-2"}]}}]}}),
            "sg-1",
        ),
        ("ec2", "StopInstances", json!({"instancesSet": {"items": [{"instanceId": "i-1"}]}}), "i-1"),
        ("ec2", "DeleteFlowLogs", json!({"DeleteFlowLogsRequest": {"FlowLogId": {"tag": 1, "content": "fl-1"}}}), "fl-1"),
        ("sts", "GetFederationToken", json!({"name": "night"}), "night"),
        ("sts", "AssumeRole", json!({"roleArn": "arn:r", "roleSessionName": "s", "externalId": "e"}), "arn:r"),
        ("kms", "PutKeyPolicy", json!({"keyId": "k", "policyName": "default"}), "k"),
        ("kms", "Encrypt", json!({"keyId": "k", "encryptionAlgorithm": "SYMMETRIC_DEFAULT"}), "k"),
        ("events", "PutTargets", json!({"rule": "r", "eventBusName": "b", "targets": [{"id": "1", "arn": "arn:f"}]}), "r"),
        ("guardduty", "UpdateIPSet", json!({"detectorId": "d", "ipSetId": "s"}), "s"),
        ("eks", "AssociateAccessPolicy", json!({"name": "c", "principalArn": "arn:u", "policyArn": "arn:p"}), "c"),
        (
            "sso",
            "AttachManagedPolicyToPermissionSet",
            json!({"instanceArn": "arn:i", "permissionSetArn": "arn:ps", "managedPolicyArn": "arn:p"}),
            "arn:ps",
        ),
        ("cognito-idp", "AdminDeleteUser", json!({"userPoolId": "p", "username": "ada"}), "ada"),
        ("s3", "DeleteObject", json!({"bucketName": "b", "key": "k/1"}), "b/k/1"),
        ("newservice", "RotateFlangeGrommet", json!({"flangeGrommetIdentifier": "g", "widgetMode": "fast"}), "g"),
    ] {
        assert_eq!(target(&call(service, name, &request)).as_deref(), Some(wanted), "{name} {request}");
    }
}

#[test]
fn what_is_made_is_named_by_the_answer_and_else_by_nothing() {
    let mut made = call("ec2", "CreateSubnet", &json!({"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24"}));
    made["responseElements"] = json!({"subnet": {"subnetId": "subnet-1", "vpcId": "vpc-1"}});
    assert_eq!(target(&made).as_deref(), Some("subnet-1"));
    let allocated = json!({"publicIp": "203.0.113.9", "allocationId": "eipalloc-1"});
    let mut address = call("ec2", "AllocateAddress", &json!({"domain": "vpc"}));
    address["responseElements"] = allocated;
    assert_eq!(target(&address).as_deref(), Some("eipalloc-1"));
    // Refused: there is no instance, and the image is not what it was done to.
    let refused = json!({"instancesSet": {"items": [{"imageId": "ami-1"}]}, "keyName": "k", "iamInstanceProfile": {"name": "p"}});
    assert_eq!(target(&call("ec2", "RunInstances", &refused)), None);
}

#[test]
fn where_nothing_stands_out_there_is_no_target() {
    for (service, name, request) in [
        ("organizations", "LeaveOrganization", Value::Null),
        ("elasticloadbalancing", "SetIpAddressType", json!({"ipAddressType": "ipv4"})),
        (
            "backup",
            "StartCopyJob",
            json!({"recoveryPointArn": "a", "sourceBackupVaultName": "b", "destinationBackupVaultArn": "c"}),
        ),
        ("securityhub", "DeleteMembers", json!({"accountIds": ["111122223333"]})),
        ("sts", "DecodeAuthorizationMessage", json!({"encodedMessage": "x"})),
    ] {
        assert_eq!(target(&call(service, name, &request)), None, "{name} {request}");
    }
}

#[test]
fn of_a_list_all_are_kept_and_the_first_is_the_target() {
    let record = call(
        "ec2",
        "TerminateInstances",
        &json!({"instancesSet": {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}, {"instanceId": "i-3"}]}}),
    );
    let event = event::decode(&record, Evidence::one(&record.to_string())).unwrap();
    assert_eq!(event.target.unwrap().raw(), "i-1");
    assert_eq!(event.more_targets.iter().map(|target| target.raw()).collect::<Vec<_>>(), ["i-2", "i-3"]);
}
