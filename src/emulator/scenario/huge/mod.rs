//! A very large account: 10,000 users, 50,000 findings, 1,000,000 events, 400 nodes. Nothing of it exists before it is asked for.

mod events;
mod findings;
mod users;

use jiff::Timestamp;

use super::cast::{ACCOUNT, AWAY, DETECTORS, HOME, days};
use super::{Scene, bastions, trail};
use crate::emulator::account::Account;
use crate::emulator::svc::cloudtrail::History;
use crate::emulator::svc::guardduty::Detector;

/// How many users there are.
const USERS: u32 = crate::emulator::svc::cloudtrail::made::USERS;
/// How many findings there are in each region.
const FINDINGS: [(&str, u32); 2] = [(HOME, 40_000), (AWAY, 10_000)];
/// How many events there are.
const EVENTS: u32 = 1_000_000;
/// How many nodes there are.
const NODES: u32 = 400;
/// Findings and events are spread over so many days.
const DAYS: i64 = 89;

/// Builds the account.
pub(super) fn build(seed: u64, now: Timestamp) -> Scene {
    let mut account = Account::empty(ACCOUNT, seed);
    users::populate(&mut account.iam, now, seed);
    for (region, id) in DETECTORS {
        let count = FINDINGS.iter().find(|(of, _)| *of == region).map_or(0, |(_, count)| *count);
        let mut detector = Detector::new(id, days(now, 700));
        detector.made = Some(findings::population(region, count, now));
        account.guardduty.detectors.insert(region.into(), detector);
    }
    account.cloudtrail.trails = vec![trail(now)];
    account.cloudtrail.history = History::Made(events::population(EVENTS, now));
    bastions::many(&mut account.ssm, now, NODES);
    Scene { account, faults: Vec::new() }
}

/// The name of a user.
fn name(user: u32) -> String {
    format!("user-{user:05}")
}

/// The user of a name.
fn number(name: &str) -> Option<u32> {
    name.strip_prefix("user-").filter(|digits| digits.len() == 5)?.parse().ok().filter(|user| *user < USERS)
}

/// The first access key of a user.
fn key(user: u32) -> String {
    format!("AKIAHUGE{user:05}EXAMPLE")
}

/// The user of an access key.
fn number_of_key(key: &str) -> Option<u32> {
    number(&format!("user-{}", key.strip_prefix("AKIAHUGE")?.strip_suffix("EXAMPLE")?))
}

/// The unique id of a user.
fn id(user: u32) -> String {
    format!("AIDAHUGE{user:05}EXAMPLE0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_lead_back() {
        assert_eq!(number(&name(42)), Some(42));
        assert_eq!(number_of_key(&key(9_999)), Some(9_999));
        assert_eq!(key(1).len(), 20);
        assert_eq!(id(1).len(), 21);
        assert_eq!(number("user-99999"), None);
    }
}
