//! The machines that Systems Manager manages, and the sessions on them.

use fastrand::Rng;
use jiff::Timestamp;

use super::cast::{ACCOUNT, AWAY, BASTION, BIDI, HOME, INTRUDER, MINER, REASON, ago, days};
use crate::emulator::ids;
use crate::emulator::svc::guardduty::build::hex;
use crate::emulator::svc::ssm::{Document, Hybrid, Node, Session, State};

/// Kind of machine: platform, system, version, agent, whether that is the latest.
type System = (&'static str, &'static str, &'static str, &'static str, bool);

const AMAZON_LINUX: System = ("Linux", "Amazon Linux", "2023", "3.3.1611.0", true);
const UBUNTU: System = ("Linux", "Ubuntu", "24.04", "3.3.859.0", false);
const WINDOWS: System = ("Windows", "Microsoft Windows Server 2022 Datacenter", "10.0.20348", "3.3.1611.0", true);
const MAC: System = ("MacOS", "macOS", "14.7.1", "3.3.1230.0", false);
const OLD: System = ("Linux", "Amazon Linux", "2", "3.1.1732.0", false);

/// A node: region, id, computer name, address, system, ping status, days silent.
type Entry = (&'static str, &'static str, &'static str, &'static str, System, &'static str, i64);

const NODES: [Entry; 14] = [
    (HOME, BASTION, "bastion-1a.prod.example.internal", "10.20.1.10", AMAZON_LINUX, "Online", 0),
    (HOME, "i-0c55b159cbfafe1f0", "bastion-1b.prod.example.internal", "10.20.2.10", AMAZON_LINUX, "Online", 0),
    (HOME, "i-0a1b2c3d4e5f60718", "app-7f.prod.example.internal", "10.20.3.41", AMAZON_LINUX, "Online", 0),
    (HOME, "i-0a9b8c7d6e5f40312", "app-2c.prod.example.internal", "10.20.3.44", AMAZON_LINUX, "ConnectionLost", 2),
    (HOME, "i-0d1e2f3a4b5c60718", "reports-win.prod.example.internal", "10.20.4.12", WINDOWS, "Online", 0),
    (HOME, "i-0e9f8a7b6c5d40312", "build-mac-1", "10.20.5.9", MAC, "Online", 0),
    (HOME, "i-05f4e3d2c1b0a9876", "old-ftp.prod.example.internal", "10.20.9.3", OLD, "Inactive", 61),
    (HOME, "mi-0123456789abcdef0", "plant-hamburg-gw1", "192.0.2.201", UBUNTU, "Online", 0),
    (HOME, "mi-0fedcba9876543210", "plant-hamburg-gw2", "192.0.2.202", UBUNTU, "ConnectionLost", 1),
    (HOME, "mi-0a0b0c0d0e0f01234", BIDI, "192.0.2.219", OLD, "Inactive", 190),
    (AWAY, "i-0b1c2d3e4f5a60718", "bastion-eu.prod.example.internal", "10.30.1.10", AMAZON_LINUX, "Online", 0),
    (AWAY, MINER, "batch-eu-3.prod.example.internal", "10.30.3.77", AMAZON_LINUX, "Online", 0),
    (AWAY, "i-0c9d8e7f6a5b40312", "app-eu-1.prod.example.internal", "10.30.3.12", UBUNTU, "Online", 0),
    (AWAY, "mi-00112233445566778", "warehouse-porto", "192.0.2.230", WINDOWS, "ConnectionLost", 6),
];

/// A past or present session: region, user, node, minutes since it began, minutes it lasted (`None`: it lasts), reason.
type Past = (&'static str, &'static str, &'static str, i64, Option<i64>, Option<&'static str>);

const SESSIONS: [Past; 12] = [
    (HOME, INTRUDER, BASTION, 218, None, Some(REASON)),
    (HOME, "isaac.cohen", "i-0c55b159cbfafe1f0", 34, None, Some("INC-2291 disk full on app-2c")),
    (AWAY, "anna.lind", "i-0b1c2d3e4f5a60718", 12, None, None),
    (HOME, "mikko.virtanen", "i-0a1b2c3d4e5f60718", 1_700, Some(22), Some("OPS-118 rotate logs")),
    (HOME, "mikko.virtanen", "i-0a1b2c3d4e5f60718", 3_200, Some(8), Some("OPS-118")),
    (HOME, "nadia.petrova", "i-0d1e2f3a4b5c60718", 4_400, Some(51), Some("quarter end reports")),
    (HOME, "ahmed.farouk", "mi-0123456789abcdef0", 9_000, Some(3), None),
    (HOME, INTRUDER, BASTION, 261, Some(0), Some("test")),
    (AWAY, "anna.lind", "i-0b1c2d3e4f5a60718", 11_000, Some(95), Some("OPS-104 kernel update")),
    (HOME, "chen.wei", "i-0a9b8c7d6e5f40312", 20_000, Some(14), Some("lost connection, looking")),
    (HOME, "isaac.cohen", "i-05f4e3d2c1b0a9876", 30_100, Some(40), Some("can this box go?")),
    (HOME, "ben.osei", "i-0e9f8a7b6c5d40312", 41_000, Some(61), Some("signing certificates")),
];

const CALM: [Past; 3] = [
    (HOME, "anna.lind", "i-0c55b159cbfafe1f0", 21, None, Some("OPS-131 kernel update")),
    (HOME, "ahmed.farouk", BASTION, 2_900, Some(12), Some("OPS-127")),
    (AWAY, "anna.lind", "i-0b1c2d3e4f5a60718", 7_100, Some(30), None),
];

/// The machines and sessions of the incident.
pub(super) fn busy(ssm: &mut State, now: Timestamp, rng: &mut Rng) {
    for entry in &NODES {
        ssm.regions.entry(entry.0.into()).or_default().nodes.push(node(entry, now));
    }
    for past in &SESSIONS {
        ssm.regions.entry(past.0.into()).or_default().sessions.push(session(past, now, rng));
    }
    ssm.regions.entry(HOME.into()).or_default().documents.push(preferences(now));
}

/// Three healthy bastions, one person at work on them, and what was done before.
pub(super) fn calm(ssm: &mut State, now: Timestamp, rng: &mut Rng) {
    for entry in NODES.iter().filter(|entry| entry.2.starts_with("bastion")) {
        ssm.regions.entry(entry.0.into()).or_default().nodes.push(node(entry, now));
    }
    for past in &CALM {
        ssm.regions.entry(past.0.into()).or_default().sessions.push(session(past, now, rng));
    }
    ssm.regions.entry(HOME.into()).or_default().documents.push(preferences(now));
}

/// A great many nodes, most of them online, and nobody on them.
pub(super) fn many(ssm: &mut State, now: Timestamp, count: u32) {
    for number in 0..count {
        let region = if number.is_multiple_of(4) { AWAY } else { HOME };
        let Some(entry) = NODES.get(number as usize % NODES.len()) else { continue };
        let mut node = node(entry, now);
        let prefix = if node.hybrid.is_some() { "mi-0" } else { "i-0" };
        node.id = format!("{prefix}{}", hex(&format!("node {number}")).get(..16).unwrap_or_default());
        node.computer = format!("node-{number:03}.huge.example.internal");
        ssm.regions.entry(region.into()).or_default().nodes.push(node);
    }
}

/// `SSM-SessionManagerRunShell`: the preferences of Session Manager.
fn preferences(now: Timestamp) -> Document {
    let content = serde_json::json!({
        "schemaVersion": "1.0", "description": "Session Manager preferences", "sessionType": "Standard_Stream",
        "inputs": {"s3BucketName": "", "cloudWatchLogGroupName": "", "idleSessionTimeout": "20", "maxSessionDuration": "60",
            "runAsEnabled": false, "kmsKeyId": ""},
    });
    Document { name: "SSM-SessionManagerRunShell".into(), created: days(now, 420), content: content.to_string() }
}

fn node(entry: &Entry, now: Timestamp) -> Node {
    let (_, id, computer, address, (platform, system, version, agent, is_latest), ping, silent) = *entry;
    let digits = hex(id);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let activation = format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32));
    Node {
        id: id.into(),
        ping,
        last_ping: ago(days(now, silent), 17),
        agent: agent.into(),
        is_latest,
        platform,
        system: (system.into(), version.into()),
        address: address.into(),
        computer: computer.into(),
        hybrid: id.starts_with("mi-").then(|| Hybrid { name: computer.into(), activation, role: "SSMHybridNodes".into() }),
        registered: days(now, 300),
        association: (ping != "Inactive").then_some("Success"),
        tags: vec![("env".into(), "prod".into())],
    }
}

fn session(past: &Past, now: Timestamp, rng: &mut Rng) -> Session {
    let (_, user, target, began, lasted, reason) = *past;
    let ended = lasted.map(|minutes| ago(now, began - minutes));
    Session {
        id: format!("{user}-{}", ids::unique("", rng).to_lowercase()),
        target: target.into(),
        owner: format!("arn:aws:iam::{ACCOUNT}:user/{user}"),
        status: match lasted {
            None => "Connected",
            Some(0) => "Failed",
            Some(_) => "Terminated",
        },
        started: ago(now, began),
        ended,
        reason: reason.map(str::to_owned),
        document: "SSM-SessionManagerRunShell".into(),
    }
}
