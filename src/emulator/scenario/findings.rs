//! What GuardDuty made of it, and what else it found in two regions and two member accounts.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cast::{
    ACCOUNT, AWAY, BASTION, BIDI, BUCKET, DETECTOR, DETECTOR_AWAY, FRAMEWORK, HOME, INTRUDER, INTRUDER_ID, INTRUDER_KEY,
    LEAKED_KEY, MEMBERS, MINER, RENTED, SCANNER, TOOL, TOR, VICTIM, VICTIM_ID, ago, days,
};
use super::sequence;
use crate::emulator::svc::guardduty::build::{self, Draft, Place};

/// The place of a region's findings.
pub(super) fn place(region: &str) -> Place {
    let detector = if region == AWAY { DETECTOR_AWAY } else { DETECTOR };
    Place { account: ACCOUNT.into(), region: region.into(), detector: detector.into() }
}

/// The findings of the incident in its home region: the sequence last, so that it can name the others.
pub(super) fn home(now: Timestamp) -> Vec<Value> {
    let mut story = of_the_key(now);
    story.extend(of_the_intruder(now));
    let sequence = sequence::finding(&place(HOME), &story, now);
    let arn = sequence.get("arn").cloned().unwrap_or_default();
    for finding in &mut story {
        if let Some(members) = finding.as_object_mut() {
            members.insert("associatedAttackSequenceArn".into(), arn.clone());
        }
    }
    story.push(sequence);
    story.extend(of_machines(now));
    story.extend(of_members(now));
    story.extend(old(now));
    story.extend(noise(now, HOME, 44));
    story
}

/// The findings of the other region.
pub(super) fn away(now: Timestamp) -> Vec<Value> {
    let here = place(AWAY);
    let miner = || build::instance(MINER, "batch-eu-3", "10.30.3.77", "198.51.100.77", AWAY);
    let mut found = vec![
        Draft::new(
            &here,
            "CryptoCurrency:EC2/BitcoinTool.B!DNS",
            8.0,
            &format!("Bitcoin-related domain name queried by EC2 instance {MINER}."),
            "The EC2 instance is querying a domain name that is associated with Bitcoin-related activity.",
        )
        .resource(miner())
        .action(build::dns_request("stratum.pool.example.net", "example.net"))
        .service("resourceRole", "ACTOR")
        .service("featureName", "DnsLogs")
        .additional(&json!({"threatListName": "ProofPoint", "threatName": "cryptomining"}))
        .seen(ago(now, 170), ago(now, 6), 212)
        .finish(),
        Draft::new(
            &here,
            "Impact:EC2/PortSweep",
            5.0,
            &format!("Port sweep by EC2 instance {MINER}."),
            "The EC2 instance is probing a port on a large number of publicly routable IP addresses.",
        )
        .resource(miner())
        .action(build::connection("OUTBOUND", (51_022, "Unknown"), (22, "SSH"), "10.30.3.77", &SCANNER))
        .service("resourceRole", "ACTOR")
        .service("featureName", "FlowLogs")
        .seen(ago(now, 150), ago(now, 60), 9)
        .finish(),
        Draft::new(
            &here,
            "UnauthorizedAccess:EC2/TorClient",
            8.0,
            &format!("EC2 instance {MINER} is communicating with a Tor entry node."),
            "The EC2 instance is making connections to a Tor Guard or an Authority node.",
        )
        .resource(miner())
        .action(build::connection("OUTBOUND", (39_677, "Unknown"), (9001, "TOR"), "10.30.3.77", &TOR))
        .service("resourceRole", "ACTOR")
        .service("featureName", "FlowLogs")
        .seen(ago(now, 165), ago(now, 30), 4)
        .finish(),
    ];
    found.extend(noise(now, AWAY, 9));
    found
}

/// A finding about API calls of a principal.
struct Calls<'a> {
    kind: &'a str,
    severity: f64,
    title: &'a str,
    api: (&'a str, &'a str),
    error: Option<&'a str>,
    from: &'a build::Remote,
    agent: &'a str,
}

impl Calls<'_> {
    fn draft(&self, who: &str, resource: Value) -> Draft {
        let description = format!(
            "APIs commonly used in this way were invoked by {who} from {} in {}. \
            Such activity is not typically seen from this user.",
            self.from.address, self.from.country.1
        );
        Draft::new(&place(HOME), self.kind, self.severity, self.title, &description)
            .resource(resource)
            .action(build::api_call(self.api.0, self.api.1, self.from, self.error, self.agent))
            .service("resourceRole", "TARGET")
    }
}

fn of_the_key(now: Timestamp) -> Vec<Value> {
    let key = || build::access_key(LEAKED_KEY, VICTIM_ID, VICTIM, "IAMUser");
    let calls = |kind, severity, title, api, error, from, agent| {
        Calls { kind, severity, title, api, error, from, agent }.draft(&format!("IAMUser : {VICTIM}"), key())
    };
    vec![
        calls("UnauthorizedAccess:IAMUser/TorIPCaller", 5.0, "APIs invoked from a Tor exit node.",
            ("GetCallerIdentity", "sts.amazonaws.com"), None, &TOR, TOOL)
            .service("evidence", json!({"threatIntelligenceDetails": [{"threatListName": "Tor exit nodes", "threatNames": []}]}))
            .seen(ago(now, 300), ago(now, 38), 8).finish(),
        calls("Discovery:IAMUser/AnomalousBehavior", 2.0, &format!("User {VICTIM} anomalously invoked APIs commonly used in Discovery tactics."),
            ("GetAccountAuthorizationDetails", "iam.amazonaws.com"), Some("AccessDenied"), &RENTED, FRAMEWORK)
            .additional(&json!({"anomalies": {"anomalousAPIs": "iam.amazonaws.com:[ListUsers:success, GetAccountAuthorizationDetails:AccessDenied], \
                s3.amazonaws.com:[ListBuckets:success], secretsmanager.amazonaws.com:[ListSecrets:AccessDenied]"}}))
            .seen(ago(now, 299), ago(now, 296), 34).finish(),
        calls("Recon:IAMUser/MaliciousIPCaller.Custom", 5.0, "APIs invoked from an address of a custom threat list.",
            ("ListBuckets", "s3.amazonaws.com"), None, &RENTED, FRAMEWORK)
            .additional(&json!({"threatListName": "acme-blocklist", "threatName": "acme-blocklist"}))
            .seen(ago(now, 299), ago(now, 160), 61).finish(),
        calls("Persistence:IAMUser/AnomalousBehavior", 5.0, &format!("User {VICTIM} anomalously invoked APIs commonly used in Persistence tactics."),
            ("CreateAccessKey", "iam.amazonaws.com"), None, &RENTED, FRAMEWORK)
            .seen(ago(now, 290), ago(now, 286), 3).finish(),
        calls("PrivilegeEscalation:IAMUser/AnomalousBehavior", 8.0, &format!("User {VICTIM} anomalously invoked APIs commonly used in PrivilegeEscalation tactics."),
            ("AttachUserPolicy", "iam.amazonaws.com"), None, &RENTED, FRAMEWORK)
            .seen(ago(now, 289), ago(now, 289), 1).finish(),
    ]
}

fn of_the_intruder(now: Timestamp) -> Vec<Value> {
    let key = || build::access_key(INTRUDER_KEY, INTRUDER_ID, INTRUDER, "IAMUser");
    let calls = |kind, severity, title, api, error, resource| {
        Calls { kind, severity, title, api, error, from: &RENTED, agent: TOOL }.draft(&format!("IAMUser : {INTRUDER}"), resource)
    };
    vec![
        calls(
            "UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B",
            5.0,
            "Console login without MFA from two places of the world.",
            ("ConsoleLogin", "signin.amazonaws.com"),
            None,
            key(),
        )
        .seen(ago(now, 271), ago(now, 271), 1)
        .finish(),
        calls(
            "DefenseEvasion:IAMUser/AnomalousBehavior",
            5.0,
            &format!("User {INTRUDER} anomalously invoked APIs commonly used in DefenseEvasion tactics."),
            ("StopLogging", "cloudtrail.amazonaws.com"),
            Some("AccessDenied"),
            key(),
        )
        .seen(ago(now, 268), ago(now, 264), 5)
        .finish(),
        calls(
            "Exfiltration:S3/AnomalousBehavior",
            8.0,
            &format!("User {INTRUDER} read an unusual amount of data from bucket {BUCKET}."),
            ("GetObject", "s3.amazonaws.com"),
            None,
            build::bucket(BUCKET, &key()),
        )
        .service("featureName", "S3DataEvents")
        .seen(ago(now, 250), ago(now, 190), 18_240)
        .finish(),
        calls(
            "CredentialAccess:IAMUser/AnomalousBehavior",
            5.0,
            &format!("User {INTRUDER} anomalously invoked APIs commonly used in CredentialAccess tactics."),
            ("GetSecretValue", "secretsmanager.amazonaws.com"),
            None,
            key(),
        )
        .seen(ago(now, 205), ago(now, 204), 3)
        .finish(),
        Draft::new(
            &place(HOME),
            "CredentialAccess:EC2/UnsecuredCredentials",
            7.0,
            &format!("Custom rule: credentials were read from files on EC2 instance {BASTION}."),
            "A process of an interactive session read .aws/credentials and .pgpass of other users.",
        )
        .member("customDetectionRuleName", "unsecured-credentials-on-bastions")
        .resource(bastion())
        .service("featureName", "RuntimeMonitoring")
        .seen(ago(now, 214), ago(now, 201), 6)
        .finish(),
    ]
}

/// The bastion; somebody gave it a tag that turns the reading direction.
fn bastion() -> Value {
    let mut bastion = build::instance(BASTION, "bastion-1a", "10.20.1.10", "198.51.100.10", HOME);
    if let Some(Value::Array(tags)) = bastion.pointer_mut("/instanceDetails/tags") {
        tags.push(json!({"key": "owner", "value": BIDI}));
    }
    bastion
}

fn of_machines(now: Timestamp) -> Vec<Value> {
    let here = place(HOME);
    vec![
        Draft::new(
            &here,
            "UnauthorizedAccess:EC2/SSHBruteForce",
            2.0,
            &format!("{} is performing SSH brute force attacks against {BASTION}.", SCANNER.address),
            "Brute force attacks are used to gain unauthorized access to an instance by guessing the SSH password.",
        )
        .resource(bastion())
        .action(build::connection("INBOUND", (22, "SSH"), (42_118, "Unknown"), "10.20.1.10", &SCANNER))
        .service("featureName", "FlowLogs")
        .seen(days(now, 6), ago(now, 55), 1_941)
        .finish(),
        Draft::new(
            &here,
            "Recon:EC2/PortProbeUnprotectedPort",
            2.0,
            &format!("Unprotected port on EC2 instance {BASTION} is being probed."),
            "EC2 instance has an unprotected port which is being probed by a known malicious host.",
        )
        .resource(bastion())
        .action(build::port_probe(&[(22, "SSH"), (443, "HTTPS")], "10.20.1.10", &SCANNER))
        .service("featureName", "FlowLogs")
        .seen(days(now, 20), ago(now, 300), 402)
        .finish(),
        Draft::new(
            &here,
            "Backdoor:EC2/C&CActivity.B!DNS",
            8.0,
            &format!("Command and control server domain name queried by EC2 instance {BASTION}."),
            "The EC2 instance is querying a domain name associated with a known command and control server.",
        )
        .resource(bastion())
        .action(build::dns_request("cdn-update.example.org", "example.org"))
        .service("resourceRole", "ACTOR")
        .service("featureName", "DnsLogs")
        .seen(ago(now, 196), ago(now, 11), 37)
        .finish(),
        // A type that nobody has heard of: the list of types is open.
        Draft::new(
            &here,
            "DefenseImpairment:EC2/DisableOrModifyTools",
            6.5,
            &format!("Custom rule: the audit daemon was stopped on {BASTION}."),
            "auditd was stopped by a process of an interactive session.",
        )
        .member("customDetectionRuleName", "audit-daemon-stopped")
        .resource(bastion())
        .service("featureName", "RuntimeMonitoring")
        .seen(ago(now, 211), ago(now, 211), 1)
        .finish(),
    ]
}

fn of_members(now: Timestamp) -> Vec<Value> {
    let member = |index: usize| Place { account: MEMBERS.get(index).map_or(ACCOUNT, |member| member.0).into(), ..place(HOME) };
    let instance = |id: &str, name: &str| build::instance(id, name, "10.40.0.5", "198.51.100.40", HOME);
    vec![
        Draft::new(&member(0), "Trojan:EC2/DNSDataExfiltration", 8.0, "EC2 instance i-0aa11bb22cc33dd44 is exfiltrating data through DNS queries.",
            "The EC2 instance is querying domain names that look like encoded data.")
            .resource(instance("i-0aa11bb22cc33dd44", "staging-etl"))
            .action(build::dns_request("dGhpcyBpcyBkYXRh.x7.example.com", "example.com"))
            .service("resourceRole", "ACTOR").service("featureName", "DnsLogs").seen(days(now, 2), ago(now, 500), 660).finish(),
        Draft::new(&member(1), "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS", 8.0,
            "Credentials for the EC2 instance role etl-worker were used from an external IP address.",
            "Credentials created exclusively for an EC2 instance using instance role etl-worker have been used from an external IP address.")
            .resource(build::access_key("ASIAETLWORKEREXAMPLE", "AROAETLWORKEREXAMPLE1:i-0ee55ff66aa77bb88", "etl-worker", "AssumedRole"))
            .action(build::api_call("ListBuckets", "s3.amazonaws.com", &SCANNER, None, "python-requests/2.32"))
            .seen(days(now, 1), ago(now, 900), 5).finish(),
    ]
}

/// Archived findings, and samples that somebody made to try the alerting.
fn old(now: Timestamp) -> Vec<Value> {
    let here = place(HOME);
    let root = build::access_key("", ACCOUNT, "Root", "Root");
    let archived = |draft: Draft| draft.service("archived", true);
    let mut found = vec![
        archived(
            Draft::new(
                &here,
                "Policy:IAMUser/RootCredentialUsage",
                2.0,
                "API ConsoleLogin was invoked using root credentials.",
                "The root credentials of the account were used to sign in.",
            )
            .resource(root)
            .action(build::api_call("ConsoleLogin", "signin.amazonaws.com", &SCANNER, None, "Mozilla/5.0")),
        )
        .seen(days(now, 9), days(now, 9), 1)
        .finish(),
        archived(
            Draft::new(
                &here,
                "Policy:S3/BucketPublicAccessGranted",
                8.0,
                "Public access was granted to bucket acme-press-kit.",
                "The bucket is meant to be public.",
            )
            .resource(build::bucket("acme-press-kit", &build::access_key(LEAKED_KEY, VICTIM_ID, VICTIM, "IAMUser")))
            .action(build::api_call("PutBucketPolicy", "s3.amazonaws.com", &SCANNER, None, "Terraform/1.9")),
        )
        .seen(days(now, 40), days(now, 40), 1)
        .finish(),
    ];
    for (kind, severity) in [("Backdoor:EC2/Spambot", 5.0), ("CryptoCurrency:EC2/BitcoinTool.B", 8.0)] {
        found.push(
            Draft::new(&here, kind, severity, &format!("{kind}."), "This is a sample finding.")
                .resource(build::instance("i-99999999", "GeneratedFindingInstanceName", "10.0.0.1", "198.51.100.1", HOME))
                .action(build::connection("OUTBOUND", (39_677, "Unknown"), (25, "SMTP"), "10.0.0.1", &SCANNER))
                .service("featureName", "FlowLogs")
                .additional(&json!({"sample": true}))
                .seen(days(now, 3), days(now, 3), 1)
                .finish(),
        );
    }
    found
}

/// The small findings that every account has.
pub(super) fn noise(now: Timestamp, region: &str, count: u32) -> Vec<Value> {
    const KINDS: [(&str, f64, &str); 4] = [
        ("Recon:EC2/PortProbeUnprotectedPort", 2.0, "Unprotected port is being probed on"),
        ("UnauthorizedAccess:EC2/SSHBruteForce", 2.0, "SSH brute force attacks against"),
        ("UnauthorizedAccess:EC2/RDPBruteForce", 2.0, "RDP brute force attacks against"),
        ("Behavior:EC2/NetworkPortUnusual", 5.0, "Unusual outbound port used by"),
    ];
    (0..count)
        .filter_map(|n| {
            let (kind, severity, what) = KINDS.get(n as usize % KINDS.len()).copied()?;
            let id = format!("i-0{}", build::hex(&format!("{region}{n}")).get(..16)?);
            let action = match n % 4 {
                0 => build::port_probe(&[(3_389, "RDP")], "10.20.3.7", &SCANNER),
                3 => build::connection("OUTBOUND", (40_000, "Unknown"), (8_545, "Unknown"), "10.20.3.7", &SCANNER),
                _ => build::connection("INBOUND", (22, "SSH"), (50_000, "Unknown"), "10.20.3.7", &SCANNER),
            };
            let first = days(now, i64::from(n * 2 % 80) + 2);
            let draft =
                Draft::new(&place(region), kind, severity, &format!("{what} {id}."), "Seen by GuardDuty in VPC flow logs.")
                    .resource(build::instance(&id, &format!("web-{n}"), "10.20.3.7", "198.51.100.9", region))
                    .action(action)
                    .service("featureName", "FlowLogs")
                    .service("archived", n % 5 == 4);
            Some(draft.seen(first, ago(first, -i64::from(n * 37 % 1_400)), n % 17 + 1).finish())
        })
        .collect()
}
