//! The life of the account besides: builds, servers, people at the console, AWS's own services.

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::cast::{ACCOUNT, AWAY, BUILDERS, HOME, LEAKED_KEY, OFFICE, ON_CALL, VICTIM, VICTIM_ID, days};
use crate::emulator::svc::cloudtrail::build::{Actor, Draft, SIGN_IN};
use crate::emulator::svc::guardduty::build::hex;

/// Who does what: the actor's kind, and its calls (service, operation, a request parameter and its value).
#[derive(Debug, Clone, Copy)]
enum Who {
    Builder,
    Server,
    Person,
    Reader,
    Service,
}

type Routine = (Who, &'static str, &'static str, &'static str, &'static str);

const FIRST: Routine = (Who::Builder, "sts", "GetCallerIdentity", "", "");

const ROUTINES: [Routine; 40] = [
    FIRST,
    (Who::Builder, "ecr", "GetAuthorizationToken", "", ""),
    (Who::Builder, "ecr", "DescribeRepositories", "", ""),
    (Who::Builder, "cloudformation", "DescribeStacks", "stackName", "web"),
    (Who::Builder, "cloudformation", "CreateChangeSet", "stackName", "web"),
    (Who::Builder, "cloudformation", "ExecuteChangeSet", "stackName", "web"),
    (Who::Builder, "ecs", "UpdateService", "service", "web"),
    (Who::Builder, "lambda", "UpdateFunctionCode20150331v2", "functionName", "thumbnailer"),
    (Who::Builder, "s3", "GetBucketLocation", "bucketName", "acme-artifacts"),
    (Who::Builder, "ec2", "DescribeSubnets", "", ""),
    (Who::Server, "secretsmanager", "GetSecretValue", "secretId", "prod/postgres/main"),
    (Who::Server, "kms", "Decrypt", "keyId", "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    (Who::Server, "ssm", "UpdateInstanceInformation", "instanceId", "i-0a1b2c3d4e5f60718"),
    (Who::Server, "ssm", "GetParametersByPath", "path", "/prod/web/"),
    (Who::Server, "logs", "CreateLogStream", "logGroupName", "/prod/web"),
    (Who::Server, "ec2", "DescribeTags", "", ""),
    (Who::Server, "kms", "GenerateDataKey", "keyId", "alias/prod"),
    (Who::Server, "elasticloadbalancing", "DescribeTargetHealth", "", ""),
    (Who::Person, "iam", "ListUsers", "", ""),
    (Who::Person, "iam", "GetUser", "userName", "ravi.patel"),
    (Who::Person, "iam", "ListAccessKeys", "userName", "tariq.aziz"),
    (Who::Person, "ec2", "DescribeInstances", "", ""),
    (Who::Person, "ec2", "DescribeSecurityGroups", "", ""),
    (Who::Person, "rds", "DescribeDBInstances", "", ""),
    (Who::Person, "monitoring", "DescribeAlarms", "", ""),
    (Who::Person, "ssm", "StartSession", "target", "i-0a1b2c3d4e5f60718"),
    (Who::Person, "ssm", "TerminateSession", "sessionId", "mikko.virtanen-0a1b2c3d"),
    (Who::Person, "iam", "UpdateAccessKey", "userName", "maria.garcia"),
    (Who::Reader, "ce", "GetCostAndUsage", "", ""),
    (Who::Reader, "ec2", "DescribeVolumes", "", ""),
    (Who::Reader, "s3", "ListBuckets", "", ""),
    (Who::Reader, "cloudtrail", "LookupEvents", "", ""),
    (Who::Reader, "guardduty", "ListFindings", "detectorId", "12abc34d567e8fa901bc2d34e56789f0"),
    (Who::Service, "sts", "AssumeRole", "roleArn", "arn:aws:iam::123456789012:role/app-server"),
    (Who::Service, "sts", "AssumeRole", "roleArn", "arn:aws:iam::123456789012:role/lambda-thumbnailer"),
    (Who::Service, "kms", "RotateKey", "", ""),
    (Who::Service, "s3", "GetBucketAcl", "bucketName", "acme-cloudtrail-logs"),
    (Who::Service, "ec2", "DescribeInstanceStatus", "", ""),
    (Who::Service, "autoscaling", "DescribeAutoScalingGroups", "", ""),
    (Who::Service, "backup", "BackupJobCompleted", "", ""),
];

const PEOPLE: [(&str, &str); 8] = [
    (ON_CALL, "AIDAONCALLEXAMPLE0001"),
    ("anna.lind", "AIDAANNALINDEXAMPLE01"),
    ("chen.wei", "AIDACHENWEIEXAMPLE001"),
    ("isaac.cohen", "AIDAISAACCOHENEXAMPLE"),
    ("mikko.virtanen", "AIDAMIKKOVEXAMPLE0001"),
    ("lena.fischer", "AIDALENAFEXAMPLE00001"),
    ("ravi.patel", "AIDARAVIPEXAMPLE00001"),
    (VICTIM, VICTIM_ID),
];

const BROWSER: &str =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15";
const COMMAND_LINE: &str = "aws-cli/2.32.6 Python/3.13.7 Linux/6.8.0 exe/x86_64.ubuntu.24 prompt/off";

/// Services whose events are in one region only.
const GLOBAL: [&str; 5] = ["iam", "sts", "signin", "sso", "ce"];

/// `count` events of the last fourteen days.
pub(super) fn tell(now: Timestamp, count: u32, seed: u64) -> Vec<Draft> {
    let mut rng = Rng::with_seed(seed ^ 0x0DA1_1FE5);
    let drafts = (0..count).map(|_| routine(now, &mut rng)).chain(sign_ins(now, &mut Rng::with_seed(seed ^ 0x51_6115)));
    drafts.collect()
}

/// A moment of the last fourteen days; people keep office hours.
fn moment(now: Timestamp, office_hours: bool, rng: &mut Rng) -> Timestamp {
    let seconds = if office_hours { rng.i64(8 * 3_600..18 * 3_600) } else { rng.i64(0..86_400) };
    let midnight = now.as_second() - now.as_second().rem_euclid(86_400) - 86_400 * rng.i64(0..14);
    let at = Timestamp::from_second(midnight + seconds).unwrap_or(now);
    if at < now { at } else { at.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(now) }
}

fn routine(now: Timestamp, rng: &mut Rng) -> Draft {
    let (who, service, name, parameter, value) = ROUTINES.get(rng.usize(..ROUTINES.len())).copied().unwrap_or(FIRST);
    let region = if GLOBAL.contains(&service) || rng.u8(..10) < 7 { HOME } else { AWAY };
    let (actor, from, agent) = actor(who, rng);
    let office_hours = matches!(who, Who::Person | Who::Reader);
    let read_only = ["Get", "List", "Describe", "Lookup", "Decrypt", "GenerateDataKey"].iter().any(|verb| name.starts_with(verb));
    Draft {
        account: ACCOUNT.into(),
        at: moment(now, office_hours, rng),
        region: region.into(),
        source: format!("{service}.amazonaws.com"),
        name: name.into(),
        request: if parameter.is_empty() { Value::Null } else { json!({parameter: value}) },
        response: response(name, rng),
        error: (rng.u8(..50) == 0).then(|| ("ThrottlingException".to_owned(), "Rate exceeded".to_owned())),
        actor,
        from,
        agent,
        read_only: read_only || name == "AssumeRole",
        kind: if matches!(name, "RotateKey" | "BackupJobCompleted") { "AwsServiceEvent" } else { "AwsApiCall" },
        additional: Value::Null,
    }
}

fn response(name: &str, rng: &mut Rng) -> Value {
    match name {
        "AssumeRole" => {
            json!({"credentials": {"accessKeyId": temporary_key(rng.u32(..400)), "expiration": "Nov 21, 2026 1:00:00 PM"}})
        }
        "UpdateService" => json!({"service": {"status": "ACTIVE", "desiredCount": 3}}),
        _ => Value::Null,
    }
}

fn actor(who: Who, rng: &mut Rng) -> (Actor, String, String) {
    let role = |role: &str, id: &str, session: String, rng: &mut Rng| Actor::Role {
        role: role.into(),
        id: id.into(),
        session,
        key: temporary_key(rng.u32(..400)),
        mfa: false,
    };
    match who {
        Who::Builder => {
            let actor = role("github-actions-deploy", "AROABUILDEREXAMPLE001", "GitHubActions".into(), rng);
            let from = BUILDERS.get(rng.usize(..BUILDERS.len())).copied().unwrap_or(OFFICE);
            (actor, from.into(), "aws-sdk-js/3.922.0 ua/2.1 os/linux#6.11 lang/js md/nodejs#22.11.0".into())
        }
        Who::Server => {
            let actor = role("app-server", "AROAAPPSERVEREXAMPLE1", "i-0a1b2c3d4e5f60718".into(), rng);
            (actor, "10.20.3.41".into(), "aws-sdk-rust/1.3.10 os/linux lang/rust/1.91.0".into())
        }
        Who::Person => {
            let (name, id) = PEOPLE.get(rng.usize(..PEOPLE.len())).copied().unwrap_or((VICTIM, VICTIM_ID));
            let key = if name == VICTIM { LEAKED_KEY.into() } else { temporary_key(rng.u32(..40)) };
            let mfa = (name != VICTIM).then_some(true);
            (Actor::User { name: name.into(), id: id.into(), key: Some(key), mfa }, OFFICE.into(), COMMAND_LINE.into())
        }
        Who::Reader => {
            let name = ["anna.lind@example.com", "julia.santos@example.com", "freya.nilsen@example.com"];
            let session = name.get(rng.usize(..3)).copied().unwrap_or_default().to_owned();
            (
                role("AWSReservedSSO_ReadOnly_0f1e2d3c4b5a6978", "AROASSOREADEXAMPLE001", session, rng),
                OFFICE.into(),
                BROWSER.into(),
            )
        }
        Who::Service => {
            let name = ["ec2.amazonaws.com", "lambda.amazonaws.com", "config.amazonaws.com", "cloudtrail.amazonaws.com"];
            let name = name.get(rng.usize(..4)).copied().unwrap_or_default();
            (Actor::Service { name: name.into() }, name.into(), name.into())
        }
    }
}

/// Sign-ins of two weeks: users, people of Identity Center, root once.
fn sign_ins(now: Timestamp, rng: &mut Rng) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = (0..90).map(|_| sign_in(now, rng)).collect();
    drafts.extend((0..60).map(|_| portal(now, rng)));
    let mut root = sign_in(now, rng);
    root.at = days(now, 9);
    root.actor = Actor::Root { mfa: true };
    root.error = None;
    root.additional = json!({"MFAUsed": "Yes", "MobileVersion": "No"});
    drafts.push(root);
    drafts
}

fn sign_in(now: Timestamp, rng: &mut Rng) -> Draft {
    let (name, id) = PEOPLE.get(rng.usize(..PEOPLE.len() - 1)).copied().unwrap_or((VICTIM, VICTIM_ID));
    let failed = rng.u8(..9) == 0;
    Draft {
        account: ACCOUNT.into(),
        at: moment(now, true, rng),
        region: HOME.into(),
        source: "signin.amazonaws.com".into(),
        name: "ConsoleLogin".into(),
        actor: Actor::User { name: name.into(), id: id.into(), key: None, mfa: None },
        from: OFFICE.into(),
        agent: BROWSER.into(),
        read_only: false,
        request: Value::Null,
        response: Value::Null,
        error: failed.then(|| (String::new(), "Failed authentication".to_owned())),
        kind: SIGN_IN,
        additional: json!({"MFAUsed": "Yes", "MobileVersion": "No", "LoginTo": "https://console.aws.amazon.com/console/home"}),
    }
}

fn portal(now: Timestamp, rng: &mut Rng) -> Draft {
    let mut draft = sign_in(now, rng);
    let (name, id) = [("julia.santos", "9067-4a1b-0001"), ("freya.nilsen", "9067-4a1b-0002"), ("anna.lind", "9067-4a1b-0003")]
        .get(rng.usize(..3))
        .copied()
        .unwrap_or_default();
    draft.actor = Actor::IdentityCenter { name: name.into(), id: id.into() };
    draft.source = "sso.amazonaws.com".into();
    let call = ["Authenticate", "ListApplications", "Federate", "GetRoleCredentials"].get(rng.usize(..4)).copied();
    draft.name = call.unwrap_or("Federate").into();
    (draft.kind, draft.error, draft.response, draft.additional) = ("AwsServiceEvent", None, Value::Null, Value::Null);
    draft
}

/// The temporary key of a session.
fn temporary_key(session: u32) -> String {
    let letters: String = hex(&format!("session {session}")).to_uppercase().chars().take(16).collect();
    format!("ASIA{letters}")
}
