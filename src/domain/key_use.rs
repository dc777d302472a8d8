//! Who uses an access key: CloudTrail's events of the key, grouped by where they came from and what they asked for.
//!
//! The same events give the same groups in whatever order regions and pages arrive. Everything here was written by strangers: user
//! agents and addresses are what the caller said.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event::{Event, Outcome};
use super::text::Untrusted;

/// The name that this program gives itself in every user agent (the SDK's `AppName`).
pub const OUR_AGENT: &str = "app/bartizan";

/// More groups than these nobody reads, and a caller can make as many as he likes by changing his user agent.
pub const MOST_PLACES: usize = 2000;

/// What is followed once: sessions made with the key.
pub const MOST_SESSIONS: usize = 10;

/// One kind of use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// `userIdentity.accessKeyId`: the key itself, or a session that was made with it.
    pub key: Untrusted,
    /// `sourceIPAddress`.
    pub origin: Untrusted,
    /// `userAgent`.
    pub agent: Untrusted,
    /// `eventSource`.
    pub service: Untrusted,
    /// `awsRegion`.
    pub region: Untrusted,
}

impl Place {
    /// Whether the user agent says that it was this program. Anybody can say so.
    pub fn says_it_is_us(&self) -> bool {
        self.agent.raw().split_whitespace().any(|word| word == OUR_AGENT)
    }
}

/// How often, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uses {
    /// The oldest event seen.
    pub first: Timestamp,
    /// The newest event seen.
    pub last: Timestamp,
    /// How many.
    pub count: u64,
    /// How many of them failed.
    pub errors: u64,
    /// Of how many the outcome is not known: their record is missing or damaged, or does not say.
    pub unknown: u64,
}

/// All uses of a key that were seen so far.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeyUse {
    // As a list of pairs: JSON's keys are texts only.
    #[serde(with = "pairs")]
    places: BTreeMap<Place, Uses>,
    /// Events that belong to no group, as there are too many groups.
    pub ungrouped: u64,
    /// Events in all.
    pub events: u64,
    /// Ids of sessions that were made with the key (`AssumeRole`, `GetSessionToken`, `GetFederationToken`).
    pub sessions: BTreeSet<Untrusted>,
}

impl KeyUse {
    /// Takes events.
    pub fn extend<'a>(&mut self, events: impl IntoIterator<Item = &'a Event>) {
        events.into_iter().for_each(|event| self.take(event));
    }

    /// The groups, the one used last first.
    pub fn places(&self) -> Vec<(&Place, &Uses)> {
        let mut places: Vec<_> = self.places.iter().collect();
        places.sort_by(|(a, used_a), (b, used_b)| used_b.last.cmp(&used_a.last).then(a.cmp(b)));
        places
    }

    fn take(&mut self, event: &Event) {
        self.events += 1;
        if let Some(session) = session_made(event) {
            self.sessions.insert(session);
        }
        let place = Place {
            key: event.access_key.clone().unwrap_or_else(|| Untrusted::new("")),
            origin: event.origin.clone(),
            agent: event.user_agent.clone(),
            service: event.source.clone(),
            region: event.region.clone(),
        };
        if self.places.len() >= MOST_PLACES && !self.places.contains_key(&place) {
            self.ungrouped += 1;
            return;
        }
        let fresh = Uses { first: event.time, last: event.time, count: 0, errors: 0, unknown: 0 };
        let uses = self.places.entry(place).or_insert(fresh);
        uses.first = uses.first.min(event.time);
        uses.last = uses.last.max(event.time);
        uses.count += 1;
        uses.errors += u64::from(event.outcome == Outcome::Failed);
        uses.unknown += u64::from(event.outcome == Outcome::Unknown);
    }
}

/// The session that an event made: `responseElements.credentials.accessKeyId`.
fn session_made(event: &Event) -> Option<Untrusted> {
    if !matches!(event.name.raw(), "AssumeRole" | "GetSessionToken" | "GetFederationToken") || event.outcome == Outcome::Failed {
        return None;
    }
    let record: Value = serde_json::from_str(&event.raw.text()).ok()?;
    let id = record.pointer("/responseElements/credentials/accessKeyId")?.as_str()?;
    id.starts_with("ASIA").then(|| Untrusted::new(id))
}

mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::{Place, Uses};

    pub(super) fn serialize<S: Serializer>(places: &BTreeMap<Place, Uses>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(places)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Place, Uses>, D::Error> {
        Ok(Vec::<(Place, Uses)>::deserialize(deserializer)?.into_iter().collect())
    }
}
