//! The attack-sequence finding: what the single findings are together.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cast::{ACCOUNT, BUCKET, HOME, INTRUDER, INTRUDER_ID, INTRUDER_KEY, LEAKED_KEY, RENTED, TOR, VICTIM, VICTIM_ID, ago};
use crate::emulator::svc::guardduty::build::{Draft, Place, Remote, hex};

/// A call that GuardDuty took into the sequence: minutes ago, service, operation, tactic, technique.
const CALLS: [(i64, &str, &str, &str, &str); 5] = [
    (300, "sts", "GetCallerIdentity", "Discovery", "T1087.004 - Account Discovery: Cloud Account"),
    (290, "iam", "CreateUser", "Persistence", "T1136.003 - Create Account: Cloud Account"),
    (289, "iam", "AttachUserPolicy", "Privilege Escalation", "T1098.003 - Additional Cloud Roles"),
    (268, "cloudtrail", "StopLogging", "Defense Evasion", "T1562.008 - Disable Cloud Logs"),
    (239, "ec2", "ModifySnapshotAttribute", "Exfiltration", "T1537 - Transfer Data to Cloud Account"),
];

/// `AttackSequence:IAM/CompromisedCredentials`, made of the findings of the story and of single calls.
pub(super) fn finding(place: &Place, story: &[Value], now: Timestamp) -> Value {
    let (first, last) = (ago(now, 300), ago(now, 190));
    let signals: Vec<Value> = story.iter().map(of_finding).chain(CALLS.iter().map(|call| of_call(call, now))).collect();
    let description = format!(
        "A sequence of actions involving {} signals indicated a possible credential compromise of user {VICTIM} and of user \
         {INTRUDER}, which it created. It was observed for IAMUser/{VICTIM} with principalId {VICTIM_ID} in account {ACCOUNT} \
         between {first} and {last}. Tactics observed: Discovery, Persistence, Privilege Escalation, Defense Evasion, Exfiltration.",
        signals.len()
    );
    let sequence = json!({
        "uid": hex("the sequence"),
        "description": description,
        "actors": [
            actor(VICTIM, VICTIM_ID, LEAKED_KEY, false),
            actor(INTRUDER, INTRUDER_ID, INTRUDER_KEY, true),
        ],
        "resources": [
            access_key(LEAKED_KEY, VICTIM, VICTIM_ID),
            access_key(INTRUDER_KEY, INTRUDER, INTRUDER_ID),
            {
                "uid": format!("arn:aws:s3:::{BUCKET}"), "name": BUCKET, "accountId": ACCOUNT, "resourceType": "S3_BUCKET",
                "region": HOME, "service": "s3", "cloudPartition": "aws", "tags": [{"key": "data", "value": "customer"}],
                "data": {"s3Bucket": {"ownerId": "example-canonical-user-id", "createdAt": 1_612_345_678,
                    "effectivePermission": "NOT_PUBLIC", "publicReadAccess": "BLOCKED", "publicWriteAccess": "BLOCKED"}},
            },
        ],
        "endpoints": [endpoint("tor", &TOR), endpoint("rented", &RENTED)],
        "signals": signals,
        "sequenceIndicators": [
            {"key": "ATTACK_TACTIC", "title": "Attack tactics", "values": ["Discovery", "Persistence", "Privilege Escalation", "Defense Evasion", "Exfiltration"]},
            {"key": "ATTACK_TECHNIQUE", "title": "Attack techniques", "values": CALLS.map(|call| call.4)},
            {"key": "HIGH_RISK_API", "title": "Sensitive APIs", "values": ["iam:CreateUser", "iam:CreateAccessKey", "iam:AttachUserPolicy", "cloudtrail:StopLogging"]},
            {"key": "TOR_IP", "title": "Tor exit node", "values": [TOR.address]},
            {"key": "MALICIOUS_IP", "title": "Address of a threat list", "values": [RENTED.address]},
            {"key": "UNUSUAL_ASN_FOR_USER", "title": "Network unusual for the user", "values": [RENTED.network.1]},
            {"key": "SUSPICIOUS_USER_AGENT", "title": "Penetration testing tool", "values": ["pacu"]},
        ],
        "additionalSequenceTypes": [],
    });
    Draft::new(
        place,
        "AttackSequence:IAM/CompromisedCredentials",
        9.3,
        &format!("Potential credential compromise of IAMUser/{VICTIM} indicated by a sequence of actions."),
        &description,
    )
    .resource(json!({"resourceType": "AttackSequence"}))
    .service("featureName", "Correlation")
    .service("detection", json!({"sequence": sequence}))
    .service("resourceRole", "TARGET")
    .seen(first, last, 1)
    .finish()
}

fn actor(name: &str, id: &str, key: &str, console: bool) -> Value {
    let session = console.then(|| json!({"mfaStatus": "DISABLED", "issuer": format!("arn:aws:iam::{ACCOUNT}:user/{name}")}));
    let mut actor = json!({
        "id": name,
        "user": {"name": name, "uid": id, "type": "IAMUser", "credentialUid": key, "account": {"uid": ACCOUNT, "account": "acme-prod"}},
    });
    if let (Some(session), Some(actor)) = (session, actor.as_object_mut()) {
        actor.insert("session".into(), session);
    }
    actor
}

fn access_key(key: &str, user: &str, id: &str) -> Value {
    json!({
        "uid": key, "name": user, "accountId": ACCOUNT, "resourceType": "ACCESS_KEY", "region": HOME, "service": "iam",
        "cloudPartition": "aws", "tags": [], "data": {"accessKey": {"principalId": id, "userName": user, "userType": "IAMUser"}},
    })
}

fn endpoint(id: &str, remote: &Remote) -> Value {
    json!({
        "id": id, "ip": remote.address,
        "location": {"city": remote.city, "country": remote.country.1, "lat": remote.at.0, "lon": remote.at.1},
        "autonomousSystem": {"name": remote.network.1, "number": remote.network.0.parse::<u32>().unwrap_or_default()},
        "connection": {"direction": "INBOUND"},
    })
}

/// A signal that is a finding of its own.
fn of_finding(finding: &Value) -> Value {
    let text = |pointer: &str| finding.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let seconds = |pointer: &str| text(pointer).parse::<Timestamp>().map(Timestamp::as_second).unwrap_or_default();
    let key = text("/resource/accessKeyDetails/accessKeyId");
    let actor = if key == LEAKED_KEY { VICTIM } else { INTRUDER };
    let endpoint = if text("/type").contains("Tor") { "tor" } else { "rented" };
    json!({
        "uid": text("/id"), "type": "FINDING", "name": text("/type"), "description": text("/title"),
        "severity": finding.get("severity"), "count": finding.pointer("/service/count"),
        "createdAt": seconds("/createdAt"), "updatedAt": seconds("/updatedAt"),
        "firstSeenAt": seconds("/service/eventFirstSeen"), "lastSeenAt": seconds("/service/eventLastSeen"),
        "actorIds": [actor], "resourceUids": [if key.is_empty() { INTRUDER_KEY } else { key }], "endpointIds": [endpoint],
        "signalIndicators": [],
    })
}

/// A signal that is a call.
fn of_call(&(minutes, service, name, tactic, technique): &(i64, &str, &str, &str, &str), now: Timestamp) -> Value {
    let at = ago(now, minutes).as_second();
    let (actor, key) = if minutes > 285 { (VICTIM, LEAKED_KEY) } else { (INTRUDER, INTRUDER_KEY) };
    json!({
        "uid": hex(&format!("{name}{minutes}")), "type": "CLOUD_TRAIL", "name": format!("{service}:{name}"),
        "description": format!("{service}:{name} was called"), "count": 1,
        "createdAt": at, "updatedAt": at, "firstSeenAt": at, "lastSeenAt": at,
        "actorIds": [actor], "resourceUids": [key], "endpointIds": [if minutes == 300 { "tor" } else { "rented" }],
        "signalIndicators": [
            {"key": "ATTACK_TACTIC", "title": "Attack tactic", "values": [tactic]},
            {"key": "ATTACK_TECHNIQUE", "title": "Attack technique", "values": [technique]},
        ],
    })
}
