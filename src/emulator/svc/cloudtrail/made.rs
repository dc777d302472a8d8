//! A million events that are computed when a page is read.
//!
//! Event `i` (0 is the newest) lies `i` steps before the newest time. Its kind is `i * 61 mod K` and its user is
//! `i * 7919 mod U`; both can be turned round, so a search by user, key or id computes its hits instead of looking for them.

use jiff::{SignedDuration, Timestamp};

use super::history::{Found, Search};
use super::record::{Attribute, Record};

/// How many users there are; coprime with [`USER_STEP`].
pub const USERS: u32 = 10_000;
const USER_STEP: u64 = 7_919;
/// `USER_STEP * USER_BACK == 1` modulo [`USERS`].
const USER_BACK: u64 = inverse(USER_STEP, USERS as u64);
const KIND_STEP: u64 = 61;
const ID_STEP: u32 = 0x9E37_79B1;
const ID_BACK: u32 = crate::emulator::svc::guardduty::made::inverse(ID_STEP);

/// What events of one kind have in common, as far as a search can ask for it.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// `awsRegion`.
    pub region: &'static str,
    /// `eventSource`.
    pub source: &'static str,
    /// `eventName`.
    pub name: &'static str,
    /// `readOnly`.
    pub read_only: bool,
}

/// The population.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    /// How many events there are.
    pub len: u32,
    /// The time of the newest.
    pub newest: Timestamp,
    /// Milliseconds between two events.
    pub step_ms: i64,
    /// The kinds; their number has no factor 61.
    pub kinds: &'static [Kind],
    /// The user of a number, for searches by name.
    pub user_of: fn(&str) -> Option<u32>,
    /// The user of an access key, for searches by key.
    pub user_of_key: fn(&str) -> Option<u32>,
    /// Writes the event of an id, a kind, a user and a time.
    pub write: fn(&str, Kind, u32, Timestamp) -> Option<Record>,
}

impl Made {
    fn time(&self, index: u64) -> Timestamp {
        let back = SignedDuration::from_millis(self.step_ms.saturating_mul(i64::try_from(index).unwrap_or(i64::MAX)));
        self.newest.checked_sub(back).unwrap_or(Timestamp::MIN)
    }

    fn kind(&self, index: u64) -> Option<Kind> {
        let kinds = self.kinds.len() as u64;
        let at = (index * KIND_STEP).checked_rem(kinds)?;
        self.kinds.get(usize::try_from(at).ok()?).copied()
    }

    /// Event number `index`.
    pub fn record(&self, index: u64) -> Option<Record> {
        let user = u32::try_from(index * USER_STEP % u64::from(USERS)).ok()?;
        (self.write)(&id_of(u32::try_from(index).ok()?), self.kind(index)?, user, self.time(index))
    }

    /// Up to `most` events from a position (an index) on.
    pub fn search(&self, search: &Search, from: Option<u64>, most: usize) -> Found {
        let (newest, oldest) = (self.index_at(search.until, true), self.index_at(search.since, false));
        let first = from.unwrap_or(newest).max(newest);
        let candidates: Box<dyn Iterator<Item = u64>> = match &search.attribute {
            Some((attribute, value)) => self.candidates(*attribute, value, first, oldest),
            None => Box::new(first..oldest),
        };
        let mut hits = candidates
            .filter(|index| self.kind(*index).is_some_and(|kind| kind.region == search.region))
            .filter_map(|index| self.record_of_kind(index, search).map(|record| (index, record)));
        let events = hits.by_ref().take(most).map(|(_, record)| record.answer()).collect();
        let next = hits.next().map(|(index, _)| index);
        Found { events, next }
    }

    /// The event, where the cheap questions about its kind do not already say no.
    fn record_of_kind(&self, index: u64, search: &Search) -> Option<Record> {
        let kind = self.kind(index)?;
        let possible = match &search.attribute {
            Some((Attribute::EventName, value)) => kind.name == value,
            Some((Attribute::EventSource, value)) => kind.source == value,
            Some((Attribute::ReadOnly, value)) => value == if kind.read_only { "true" } else { "false" },
            _ => true,
        };
        let record = possible.then(|| self.record(index)).flatten()?;
        search.attribute.as_ref().is_none_or(|(attribute, value)| record.has(*attribute, value)).then_some(record)
    }

    /// Indices between two bounds that can have the attribute.
    fn candidates(&self, attribute: Attribute, value: &str, first: u64, end: u64) -> Box<dyn Iterator<Item = u64>> {
        let step = |user: Option<u32>| -> Box<dyn Iterator<Item = u64>> {
            let Some(user) = user.filter(|user| *user < USERS) else { return Box::new(std::iter::empty()) };
            let users = u64::from(USERS);
            let offset = u64::from(user) * USER_BACK % users;
            let start = first + (offset + users - first % users) % users;
            Box::new((start..end).step_by(USERS as usize))
        };
        match attribute {
            Attribute::Username => step((self.user_of)(value)),
            Attribute::AccessKeyId => step((self.user_of_key)(value)),
            Attribute::EventId => {
                let index = index_of(value).filter(|index| (first..end).contains(index));
                Box::new(index.into_iter())
            }
            Attribute::EventName if !self.kinds.iter().any(|kind| kind.name == value) => Box::new(std::iter::empty()),
            Attribute::EventSource if !self.kinds.iter().any(|kind| kind.source == value) => Box::new(std::iter::empty()),
            // Resources are users' own or nobody's: no event is asked that cannot have them.
            Attribute::ResourceName => step((self.user_of)(value)),
            Attribute::ResourceType if value != "AWS::IAM::User" => Box::new(std::iter::empty()),
            _ => Box::new(first..end),
        }
    }

    /// The first index that is not newer than a time (`itself`), or the first that is older.
    fn index_at(&self, time: Timestamp, itself: bool) -> u64 {
        let back = self.newest.as_millisecond().saturating_sub(time.as_millisecond());
        let step = self.step_ms.max(1);
        let index = if itself { (back + step - 1).div_euclid(step) } else { back.div_euclid(step) + 1 };
        u64::try_from(index).unwrap_or(0).min(u64::from(self.len))
    }
}

fn id_of(index: u32) -> String {
    let spread = index.wrapping_mul(ID_STEP);
    format!("{spread:08x}-0e7a-4b1c-8f00-{:012x}", u64::from(spread).wrapping_mul(0x51_7CC1) & 0xFFFF_FFFF_FFFF)
}

fn index_of(id: &str) -> Option<u64> {
    let index = u32::from_str_radix(id.get(..8)?, 16).ok()?.wrapping_mul(ID_BACK);
    (id_of(index) == id).then_some(u64::from(index))
}

/// The inverse of `n` modulo `modulus`, found by trying: done by the compiler.
const fn inverse(n: u64, modulus: u64) -> u64 {
    let mut x = 1;
    while (n % modulus) * x % modulus != 1 {
        x += 1;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KINDS: [Kind; 3] = [
        Kind { region: "us-east-1", source: "iam.amazonaws.com", name: "ListUsers", read_only: true },
        Kind { region: "us-east-1", source: "iam.amazonaws.com", name: "CreateUser", read_only: false },
        Kind { region: "eu-west-1", source: "ec2.amazonaws.com", name: "RunInstances", read_only: false },
    ];

    fn number(name: &str) -> Option<u32> {
        name.strip_prefix("user-")?.parse().ok()
    }

    fn write(id: &str, kind: Kind, user: u32, time: Timestamp) -> Option<Record> {
        let event = json!({
            "eventID": id, "eventTime": time.to_string(), "awsRegion": kind.region, "eventName": kind.name,
            "eventSource": kind.source, "readOnly": kind.read_only,
            "userIdentity": {"type": "IAMUser", "userName": format!("user-{user}")},
        });
        Record::from_event(&event)
    }

    fn made() -> Made {
        let newest = "2026-11-21T12:00:00Z".parse().unwrap();
        Made { len: 1_000_000, newest, step_ms: 7_776, kinds: &KINDS, user_of: number, user_of_key: |_| None, write }
    }

    fn search(attribute: Option<(Attribute, &str)>) -> Search {
        Search {
            region: "us-east-1".into(),
            since: Timestamp::MIN,
            until: Timestamp::MAX,
            attribute: attribute.map(|(attribute, value)| (attribute, value.to_owned())),
        }
    }

    #[test]
    fn all_of_a_users_events_are_found_by_arithmetic() {
        let found = made().search(&search(Some((Attribute::Username, "user-4711"))), None, 1_000);
        assert_eq!(found.next, None);
        assert!((60..=70).contains(&found.events.len()), "{}", found.events.len());
        assert!(found.events.iter().all(|event| event["Username"] == "user-4711"));
    }

    #[test]
    fn an_id_leads_to_its_event() {
        let made = made();
        let record = made.record(999_999).unwrap();
        assert_eq!(index_of(&record.id), Some(999_999));
        let mut search = search(Some((Attribute::EventId, &record.id)));
        search.region.clone_from(&record.region);
        assert_eq!(made.search(&search, None, 50).events.len(), 1);
    }

    #[test]
    fn pages_follow_each_other_without_gaps() {
        let made = made();
        let mut search = search(Some((Attribute::EventName, "CreateUser")));
        search.since = made.time(999);
        let (mut from, mut count) = (None, 0);
        loop {
            let found = made.search(&search, from, 50);
            count += found.events.len();
            from = found.next;
            if from.is_none() {
                break;
            }
        }
        assert!((333..=334).contains(&count), "{count}");
    }

    #[test]
    fn what_nobody_did_is_known_at_once() {
        for nothing in [(Attribute::EventName, "Nothing"), (Attribute::Username, "nobody"), (Attribute::EventId, "x")] {
            assert!(made().search(&search(Some(nothing)), None, 50).events.is_empty());
        }
    }
}
