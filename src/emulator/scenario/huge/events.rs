//! A million events of forty-seven kinds.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::cast::{ACCOUNT, AWAY, HOME};
use super::{DAYS, id, key, name, number, number_of_key};
use crate::emulator::svc::cloudtrail::Record;
use crate::emulator::svc::cloudtrail::build::{Actor, Draft, SIGN_IN};
use crate::emulator::svc::cloudtrail::made::{Kind, Made};

const fn kind(region: &'static str, source: &'static str, name: &'static str, read_only: bool) -> Kind {
    Kind { region, source, name, read_only }
}

/// A prime number of kinds, so that every user does everything in turn.
static KINDS: [Kind; 47] = [
    kind(HOME, "iam.amazonaws.com", "ListUsers", true),
    kind(HOME, "iam.amazonaws.com", "GetUser", true),
    kind(HOME, "iam.amazonaws.com", "ListAccessKeys", true),
    kind(HOME, "iam.amazonaws.com", "UpdateAccessKey", false),
    kind(HOME, "iam.amazonaws.com", "CreateAccessKey", false),
    kind(HOME, "sts.amazonaws.com", "GetCallerIdentity", true),
    kind(HOME, "sts.amazonaws.com", "AssumeRole", true),
    kind(HOME, "signin.amazonaws.com", "ConsoleLogin", false),
    kind(HOME, "ec2.amazonaws.com", "DescribeInstances", true),
    kind(HOME, "ec2.amazonaws.com", "DescribeVolumes", true),
    kind(HOME, "ec2.amazonaws.com", "DescribeSecurityGroups", true),
    kind(HOME, "ec2.amazonaws.com", "RunInstances", false),
    kind(HOME, "ec2.amazonaws.com", "TerminateInstances", false),
    kind(HOME, "ec2.amazonaws.com", "CreateTags", false),
    kind(HOME, "ec2.amazonaws.com", "AuthorizeSecurityGroupIngress", false),
    kind(HOME, "s3.amazonaws.com", "ListBuckets", true),
    kind(HOME, "s3.amazonaws.com", "GetBucketLocation", true),
    kind(HOME, "s3.amazonaws.com", "PutBucketPolicy", false),
    kind(HOME, "kms.amazonaws.com", "Decrypt", true),
    kind(HOME, "kms.amazonaws.com", "GenerateDataKey", true),
    kind(HOME, "secretsmanager.amazonaws.com", "GetSecretValue", true),
    kind(HOME, "ssm.amazonaws.com", "StartSession", false),
    kind(HOME, "ssm.amazonaws.com", "DescribeInstanceInformation", true),
    kind(HOME, "lambda.amazonaws.com", "UpdateFunctionCode20150331v2", false),
    kind(HOME, "rds.amazonaws.com", "DescribeDBInstances", true),
    kind(HOME, "logs.amazonaws.com", "CreateLogStream", false),
    kind(HOME, "cloudformation.amazonaws.com", "DescribeStacks", true),
    kind(HOME, "ecs.amazonaws.com", "UpdateService", false),
    kind(AWAY, "ec2.amazonaws.com", "DescribeInstances", true),
    kind(AWAY, "ec2.amazonaws.com", "DescribeVolumes", true),
    kind(AWAY, "ec2.amazonaws.com", "DescribeSecurityGroups", true),
    kind(AWAY, "ec2.amazonaws.com", "RunInstances", false),
    kind(AWAY, "ec2.amazonaws.com", "TerminateInstances", false),
    kind(AWAY, "ec2.amazonaws.com", "CreateTags", false),
    kind(AWAY, "ec2.amazonaws.com", "AuthorizeSecurityGroupIngress", false),
    kind(AWAY, "s3.amazonaws.com", "ListBuckets", true),
    kind(AWAY, "s3.amazonaws.com", "GetBucketLocation", true),
    kind(AWAY, "s3.amazonaws.com", "PutBucketPolicy", false),
    kind(AWAY, "kms.amazonaws.com", "Decrypt", true),
    kind(AWAY, "kms.amazonaws.com", "GenerateDataKey", true),
    kind(AWAY, "secretsmanager.amazonaws.com", "GetSecretValue", true),
    kind(AWAY, "ssm.amazonaws.com", "StartSession", false),
    kind(AWAY, "ssm.amazonaws.com", "DescribeInstanceInformation", true),
    kind(AWAY, "lambda.amazonaws.com", "UpdateFunctionCode20150331v2", false),
    kind(AWAY, "rds.amazonaws.com", "DescribeDBInstances", true),
    kind(AWAY, "logs.amazonaws.com", "CreateLogStream", false),
    kind(AWAY, "cloudformation.amazonaws.com", "DescribeStacks", true),
];

/// The events of the last 89 days.
pub(super) fn population(count: u32, now: Timestamp) -> Made {
    Made {
        len: count,
        newest: now,
        step_ms: DAYS * 86_400_000 / i64::from(count.max(1)),
        kinds: &KINDS,
        user_of: number,
        user_of_key: number_of_key,
        write,
    }
}

fn write(event: &str, kind: Kind, user: u32, at: Timestamp) -> Option<Record> {
    let is_sign_in = kind.name == "ConsoleLogin";
    let is_about_users = kind.source == "iam.amazonaws.com" && kind.name != "ListUsers";
    let draft = Draft {
        account: ACCOUNT.into(),
        at,
        region: kind.region.into(),
        source: kind.source.into(),
        name: kind.name.into(),
        actor: Actor::User { name: name(user), id: id(user), key: (!is_sign_in).then(|| key(user)), mfa: None },
        from: format!("192.0.2.{}", user % 254 + 1),
        agent: "aws-cli/2.32.6 Python/3.13.7 Linux/6.8.0 exe/x86_64.ubuntu.24".into(),
        read_only: kind.read_only,
        request: if is_about_users { json!({"userName": name(user)}) } else { Value::Null },
        response: Value::Null,
        error: (user.is_multiple_of(29) && !is_sign_in).then(|| {
            let action = format!("{}:{}", kind.source.split('.').next().unwrap_or_default(), kind.name);
            ("AccessDenied".to_owned(), format!("User: {} is not authorized to perform: {action}", name(user)))
        }),
        kind: if is_sign_in { SIGN_IN } else { "AwsApiCall" },
        additional: if is_sign_in { json!({"MFAUsed": "Yes"}) } else { Value::Null },
    };
    let mut written = draft.finish(u64::from(user));
    written.as_object_mut()?.insert("eventID".into(), event.into());
    Record::from_event(&written)
}
