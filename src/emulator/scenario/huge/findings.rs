//! Fifty thousand findings of a hundred and some kinds.

use jiff::Timestamp;
use serde_json::Value;

use super::super::cast::{AWAY, HOME, MEMBERS, RENTED, SCANNER, TOR};
use super::super::findings::place;
use super::{DAYS, NODES, USERS, id, key, name};
use crate::emulator::svc::guardduty::build::{self, Draft, Place, Remote};
use crate::emulator::svc::guardduty::made::Made;

/// Types and their severities; low ones are the most frequent, as in life.
const TYPES: [(&str, f64); 16] = [
    ("Recon:EC2/PortProbeUnprotectedPort", 2.0),
    ("UnauthorizedAccess:EC2/SSHBruteForce", 2.0),
    ("Policy:IAMUser/RootCredentialUsage", 2.0),
    ("UnauthorizedAccess:EC2/RDPBruteForce", 2.0),
    ("Discovery:IAMUser/AnomalousBehavior", 2.0),
    ("Behavior:EC2/NetworkPortUnusual", 5.0),
    ("Persistence:IAMUser/AnomalousBehavior", 5.0),
    ("UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B", 5.0),
    ("Recon:IAMUser/MaliciousIPCaller.Custom", 5.0),
    ("Impact:EC2/PortSweep", 5.0),
    ("CredentialAccess:IAMUser/AnomalousBehavior", 5.0),
    ("CryptoCurrency:EC2/BitcoinTool.B!DNS", 8.0),
    ("Backdoor:EC2/C&CActivity.B!DNS", 8.0),
    ("Exfiltration:IAMUser/AnomalousBehavior", 8.0),
    ("Trojan:EC2/DNSDataExfiltration", 8.0),
    ("Impact:IAMUser/AnomalousBehavior", 9.1),
];

/// The findings of a region.
pub(super) fn population(region: &str, count: u32, now: Timestamp) -> Made {
    let step = DAYS * 86_400_000 / i64::from(count.max(1));
    let maker = if region == AWAY { away } else { home };
    Made::new(count, now, step, maker, name_one)
}

/// Names its instance, or its user with the key and the id that IAM knows.
fn name_one(finding: &mut Value, index: u32) {
    let user = index % (USERS - 1) + 1;
    let instance = build::hex(&format!("node {}", index % NODES));
    let names = [
        ("/resource/instanceDetails/instanceId", format!("i-0{}", instance.get(..16).unwrap_or_default())),
        ("/resource/accessKeyDetails/userName", name(user)),
        ("/resource/accessKeyDetails/accessKeyId", key(user)),
        ("/resource/accessKeyDetails/principalId", id(user)),
    ];
    for (pointer, name) in names {
        if let Some(place) = finding.pointer_mut(pointer) {
            *place = name.into();
        }
    }
}

fn home(made: &Made) -> Vec<Value> {
    kinds(HOME, made)
}

fn away(made: &Made) -> Vec<Value> {
    kinds(AWAY, made)
}

/// Every type eight times: in three accounts, some archived, from three addresses.
fn kinds(region: &str, made: &Made) -> Vec<Value> {
    (0..8_usize)
        .flat_map(|round| TYPES.iter().enumerate().map(move |(index, kind)| (round, index, kind)))
        .map(|(round, index, (kind, severity))| {
            let turn = round * 5 + index * 3;
            let account = match turn % 6 {
                0 => MEMBERS.first(),
                1 => MEMBERS.last(),
                _ => None,
            };
            let place =
                account.map_or_else(|| place(region), |(account, _)| Place { account: (*account).into(), ..place(region) });
            let remote = [&SCANNER, &RENTED, &TOR].get(turn % 3).copied().unwrap_or(&SCANNER);
            draft(&place, kind, *severity, remote)
                .service("archived", turn % 5 == 0)
                .seen(made.newest, made.newest, u32::try_from(turn).unwrap_or(1) * 7 + 1)
                .finish()
        })
        .collect()
}

fn draft(place: &Place, kind: &str, severity: f64, remote: &Remote) -> Draft {
    let title = format!("{kind} was found in account {}.", place.account);
    let draft = Draft::new(place, kind, severity, &title, "One of very many findings of a very large account.");
    if kind.contains("IAMUser") {
        let resource = build::access_key("AKIAHUGE00042EXAMPLE", "AIDAHUGE00042EXAMPLE0", "user-00042", "IAMUser");
        return draft.resource(resource).action(build::api_call(
            "ListBuckets",
            "s3.amazonaws.com",
            remote,
            None,
            "aws-cli/2.15.30",
        ));
    }
    let draft = draft.resource(build::instance("i-0123456789abcdef0", "worker", "10.20.3.7", "198.51.100.9", &place.region));
    if kind.contains("DNS") {
        return draft.action(build::dns_request("pool.example.net", "example.net")).service("featureName", "DnsLogs");
    }
    draft
        .action(build::connection("INBOUND", (22, "SSH"), (50_000, "Unknown"), "10.20.3.7", remote))
        .service("featureName", "FlowLogs")
}
