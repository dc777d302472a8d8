//! What the intruder did, as CloudTrail saw it: a leaked key, a look around, a new administrator, an attempt to blind the
//! watch, data carried away, a session on a bastion.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cast::{
    ACCOUNT, AWAY, BASTION, BIDI, BOOBY_TRAP, BUCKET, DETECTOR, DETECTORS, FRAMEWORK, HOME, INTRUDER, INTRUDER_CONSOLE_KEY,
    INTRUDER_ID, INTRUDER_KEY, LEAKED_KEY, MINER, ON_CALL, REASON, RENTED, TOOL, TOR, VICTIM, VICTIM_ID, ago,
};
use crate::emulator::svc::cloudtrail::build::{Actor, Draft, SIGN_IN};

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Done,
    Denied,
    /// Refused by an organization's policy.
    Forbidden,
}

use End::{Denied, Done, Forbidden};

/// A look around: seconds after the first, service, operation, how it ended.
const RECONNAISSANCE: [(i64, &str, &str, End); 36] = [
    (0, "sts", "GetCallerIdentity", Done),
    (9, "iam", "ListUsers", Done),
    (14, "iam", "ListRoles", Done),
    (21, "iam", "GetAccountAuthorizationDetails", Denied),
    (26, "iam", "GetAccountSummary", Denied),
    (31, "iam", "ListAttachedUserPolicies", Done),
    (38, "s3", "ListBuckets", Done),
    (44, "ec2", "DescribeInstances", Denied),
    (45, "ec2", "DescribeSecurityGroups", Denied),
    (47, "ec2", "DescribeSnapshots", Denied),
    (48, "ec2", "DescribeVolumes", Denied),
    (52, "rds", "DescribeDBInstances", Denied),
    (54, "rds", "DescribeDBSnapshots", Denied),
    (60, "secretsmanager", "ListSecrets", Denied),
    (62, "ssm", "DescribeParameters", Denied),
    (66, "ssm", "DescribeInstanceInformation", Done),
    (71, "lambda", "ListFunctions20150331", Denied),
    (74, "dynamodb", "ListTables", Denied),
    (79, "kms", "ListKeys", Denied),
    (83, "ecr", "DescribeRepositories", Denied),
    (88, "eks", "ListClusters", Denied),
    (92, "organizations", "ListAccounts", Denied),
    (97, "organizations", "DescribeOrganization", Denied),
    (103, "cloudtrail", "DescribeTrails", Done),
    (110, "guardduty", "ListDetectors", Done),
    (117, "config", "DescribeConfigurationRecorders", Denied),
    (124, "sts", "GetSessionToken", Denied),
    (131, "iam", "ListAccessKeys", Done),
    (139, "iam", "ListGroupsForUser", Done),
    (150, "iam", "ListPolicies", Done),
    (163, "iam", "GetPolicyVersion", Done),
    (175, "iam", "SimulatePrincipalPolicy", Denied),
    (188, "s3", "GetBucketPolicy", Denied),
    (190, "s3", "GetBucketAcl", Denied),
    (196, "s3", "GetBucketLogging", Denied),
    (207, "ses", "GetSendQuota", Denied),
];

/// Tells it. Everything is before `now`; the look around began five hours ago.
pub(super) fn tell(now: Timestamp) -> Vec<Draft> {
    let mut told = Told { now, drafts: Vec::new() };
    told.reconnaissance();
    told.persistence();
    told.evasion();
    told.exfiltration();
    told.elsewhere();
    told.defence();
    told.drafts
}

struct Told {
    now: Timestamp,
    drafts: Vec<Draft>,
}

impl Told {
    fn note(&mut self, draft: &Draft) {
        self.drafts.push(draft.clone());
    }

    /// An event of the leaked key.
    fn leaked(&self, minutes: i64, service: &str, name: &str, end: End) -> Draft {
        let actor = Actor::User { name: VICTIM.into(), id: VICTIM_ID.into(), key: Some(LEAKED_KEY.into()), mfa: None };
        self.draft(minutes, service, name, actor, end)
    }

    /// An event of the user that the intruder made.
    fn intruder(&self, minutes: i64, service: &str, name: &str, end: End) -> Draft {
        let actor = Actor::User { name: INTRUDER.into(), id: INTRUDER_ID.into(), key: Some(INTRUDER_KEY.into()), mfa: None };
        self.draft(minutes, service, name, actor, end)
    }

    fn draft(&self, minutes: i64, service: &str, name: &str, actor: Actor, end: End) -> Draft {
        let read_only = ["Get", "List", "Describe", "Simulate"].iter().any(|verb| name.starts_with(verb));
        let who = match &actor {
            Actor::User { name, .. } => name.as_str(),
            _ => VICTIM,
        };
        Draft {
            account: ACCOUNT.into(),
            at: ago(self.now, minutes),
            region: HOME.into(),
            source: format!("{service}.amazonaws.com"),
            name: name.into(),
            error: refusal(end, who, service, name),
            actor,
            from: RENTED.address.into(),
            agent: TOOL.into(),
            read_only,
            request: Value::Null,
            response: Value::Null,
            kind: "AwsApiCall",
            additional: Value::Null,
        }
    }

    fn reconnaissance(&mut self) {
        for (index, (seconds, service, name, end)) in RECONNAISSANCE.into_iter().enumerate() {
            let mut draft = self.leaked(300, service, name, end);
            draft.at = draft.at.saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(draft.at);
            draft.from = if index < 7 { TOR.address.into() } else { RENTED.address.into() };
            draft.agent = if index < 3 { TOOL.into() } else { FRAMEWORK.into() };
            draft.request = match name {
                "ListAttachedUserPolicies" | "ListAccessKeys" | "ListGroupsForUser" => json!({"userName": VICTIM}),
                "GetBucketPolicy" | "GetBucketAcl" | "GetBucketLogging" => json!({"bucketName": BUCKET}),
                _ => Value::Null,
            };
            self.note(&draft);
        }
        // Somebody tried what a very long user agent does to whoever reads the log.
        let mut flood = self.leaked(295, "sts", "GetCallerIdentity", Done);
        flood.agent = "A".repeat(65_536);
        self.note(&flood);
    }

    fn persistence(&mut self) {
        let arn = format!("arn:aws:iam::{ACCOUNT}:user/{INTRUDER}");
        let created = ago(self.now, 290).strftime("%b %-d, %Y %-I:%M:%S %p").to_string();
        let user = json!({"user": {"path": "/", "userName": INTRUDER, "userId": INTRUDER_ID, "arn": arn, "createDate": created}});
        let key =
            json!({"accessKey": {"userName": INTRUDER, "accessKeyId": INTRUDER_KEY, "status": "Active", "createDate": created}});
        let policy = json!({"userName": INTRUDER, "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"});
        let steps = [
            (290, "CreateUser", json!({"userName": INTRUDER}), user),
            (290, "CreateAccessKey", json!({"userName": INTRUDER}), key),
            (289, "AttachUserPolicy", policy, Value::Null),
            (286, "CreateLoginProfile", json!({"userName": INTRUDER, "passwordResetRequired": false}), Value::Null),
        ];
        for (minutes, name, request, response) in steps {
            let mut draft = self.leaked(minutes, "iam", name, Done);
            (draft.request, draft.response, draft.agent) = (request, response, FRAMEWORK.into());
            self.note(&draft);
        }
        let mut check = self.intruder(285, "sts", "GetCallerIdentity", Done);
        check.agent = BOOBY_TRAP.into();
        self.note(&check);
        let mut login = self.intruder(271, "signin", "ConsoleLogin", Done);
        login.actor = Actor::User { name: INTRUDER.into(), id: INTRUDER_ID.into(), key: None, mfa: None };
        login.kind = SIGN_IN;
        login.agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0".into();
        login.additional =
            json!({"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": "No"});
        self.note(&login);
    }

    fn evasion(&mut self) {
        let trail = format!("arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/organization-trail");
        for minutes in [268, 267] {
            let mut stop = self.intruder(minutes, "cloudtrail", "StopLogging", Forbidden);
            stop.request = json!({"name": trail});
            self.note(&stop);
        }
        for (region, detector) in DETECTORS {
            let mut update = self.intruder(266, "guardduty", "UpdateDetector", Forbidden);
            (update.region, update.request) = (region.into(), json!({"detectorId": detector, "enable": false}));
            self.note(&update);
        }
        let mut set = self.intruder(264, "guardduty", "CreateIPSet", Denied);
        set.request = json!({"detectorId": DETECTOR, "name": "office", "format": "TXT", "activate": true});
        self.note(&set);
    }

    fn exfiltration(&mut self) {
        for (minutes, name) in [(251, "GetBucketLocation"), (250, "GetBucketPolicy"), (246, "PutBucketPolicy")] {
            let mut draft = self.intruder(minutes, "s3", name, Done);
            draft.request = json!({"bucketName": BUCKET});
            self.note(&draft);
        }
        for (minutes, snapshot) in [(239, "snap-0a1b2c3d4e5f60001"), (238, "snap-0a1b2c3d4e5f60002")] {
            let mut share = self.intruder(minutes, "ec2", "ModifySnapshotAttribute", Done);
            share.request = json!({"snapshotId": snapshot, "attributeType": "CREATE_VOLUME_PERMISSION",
                "createVolumePermission": {"add": {"items": [{"userId": "999988887777"}]}}});
            share.response = json!({"_return": true});
            self.note(&share);
        }
        let mut tag = self.intruder(230, "ec2", "CreateTags", Done);
        tag.request =
            json!({"resourcesSet": {"items": [{"resourceId": BASTION}]}, "tagSet": {"items": [{"key": "owner", "value": BIDI}]}});
        tag.agent = BOOBY_TRAP.into();
        self.note(&tag);
        let mut failed = self.intruder(261, "ssm", "StartSession", Done);
        (failed.request, failed.read_only) = (json!({"target": BASTION, "reason": "test"}), false);
        self.note(&failed);
        let mut session = self.intruder(218, "ssm", "StartSession", Done);
        session.actor = Actor::User {
            name: INTRUDER.into(),
            id: INTRUDER_ID.into(),
            key: Some(INTRUDER_CONSOLE_KEY.into()),
            mfa: Some(false),
        };
        session.request = json!({"target": BASTION, "reason": REASON});
        session.response =
            json!({"sessionId": format!("{INTRUDER}-session"), "tokenValue": "Value hidden due to security reasons."});
        self.note(&session);
        for (minutes, secret) in [(205, "prod/postgres/main"), (204, "prod/stripe"), (204, "prod/datadog")] {
            let mut read = self.intruder(minutes, "secretsmanager", "GetSecretValue", Done);
            read.request = json!({"secretId": secret});
            self.note(&read);
        }
    }

    fn elsewhere(&mut self) {
        for (minutes, kind, end) in [(181, "p4d.24xlarge", Denied), (180, "g5.12xlarge", Denied), (178, "c6i.8xlarge", Done)] {
            let mut run = self.intruder(minutes, "ec2", "RunInstances", end);
            run.region = AWAY.into();
            run.request = json!({"instanceType": kind, "instancesSet": {"items": [{"imageId": "ami-0abcdef1234567890", "minCount": 1, "maxCount": 8}]}});
            run.response = json!({"instancesSet": {"items": [{"instanceId": MINER}]}});
            self.note(&run);
        }
        let mut assume = self.intruder(160, "sts", "AssumeRole", Denied);
        assume.request =
            json!({"roleArn": "arn:aws:iam::345678901234:role/OrganizationAccountAccessRole", "roleSessionName": "sync"});
        self.note(&assume);
        for minutes in [122, 75, 41, 38] {
            let mut again = self.leaked(minutes, "iam", "ListUsers", Done);
            again.from = TOR.address.into();
            self.note(&again);
        }
    }

    /// The administrator on call begins to look.
    fn defence(&mut self) {
        let looks = [
            (19, "guardduty", "ListFindings"),
            (18, "guardduty", "GetFindings"),
            (17, "iam", "GetUser"),
            (16, "iam", "ListAccessKeys"),
        ];
        for (minutes, service, name) in looks {
            let mut look = self.draft(minutes, service, name, on_call(), Done);
            look.from = super::cast::OFFICE.into();
            look.agent = "aws-cli/2.32.6 Python/3.13.7 Darwin/24.6.0 exe/arm64".into();
            look.request = if service == "iam" { json!({"userName": INTRUDER}) } else { json!({"detectorId": DETECTOR}) };
            self.note(&look);
        }
    }
}

fn on_call() -> Actor {
    Actor::User {
        name: ON_CALL.into(),
        id: "AIDAONCALLEXAMPLE0001".into(),
        key: Some("ASIAONCALLEXAMPLE001".into()),
        mfa: Some(true),
    }
}

/// AWS's words for a refusal.
fn refusal(end: End, user: &str, service: &str, name: &str) -> Option<(String, String)> {
    let action = format!("{service}:{name}");
    let who = format!("User: arn:aws:iam::{ACCOUNT}:user/{user} is not authorized to perform: {action}");
    match end {
        Done => None,
        Denied if service == "ec2" => {
            Some(("Client.UnauthorizedOperation".into(), format!("You are not authorized to perform this operation. {who}")))
        }
        Denied => Some(("AccessDenied".into(), format!("{who} because no identity-based policy allows the {action} action"))),
        Forbidden => Some(("AccessDenied".into(), format!("{who} with an explicit deny in a service control policy"))),
    }
}
