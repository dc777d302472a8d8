//! The events of an account and how they are searched, newest first.

use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::Value;

use super::made::Made;
use super::record::{Attribute, Record};

/// What a search is about.
#[derive(Debug, Clone)]
pub struct Search {
    /// The region asked.
    pub region: String,
    /// The oldest time, itself included.
    pub since: Timestamp,
    /// The newest time, itself included.
    pub until: Timestamp,
    /// One attribute and its value.
    pub attribute: Option<(Attribute, String)>,
}

impl Search {
    fn wants(&self, record: &Record) -> bool {
        record.region == self.region
            && (self.since..=self.until).contains(&record.time)
            && self.attribute.as_ref().is_none_or(|(attribute, value)| record.has(*attribute, value))
    }
}

/// Writes a story when it is first asked for.
type Teller = Box<dyn FnOnce() -> Vec<Record> + Send>;

/// The events of an account.
#[derive(Debug)]
pub enum History {
    /// Events that are there, oldest first.
    Held(Vec<Record>),
    /// Events that are written down when somebody first looks.
    Told(LazyLock<Vec<Record>, Teller>),
    /// Events that are computed one by one.
    Made(Made),
}

impl Default for History {
    fn default() -> Self {
        Self::Held(Vec::new())
    }
}

/// One page, and where the next one begins.
#[derive(Debug)]
pub struct Found {
    /// Events in the API's form.
    pub events: Vec<Value>,
    /// `None`: there is no more.
    pub next: Option<u64>,
}

impl History {
    /// Events that are there, in any order.
    pub fn held(mut records: Vec<Record>) -> Self {
        records.sort_by_key(|record| record.time);
        Self::Held(records)
    }

    /// Events that are written when they are first needed.
    pub fn told(teller: impl FnOnce() -> Vec<Record> + Send + 'static) -> Self {
        let tell = move || {
            let mut records = teller();
            records.sort_by_key(|record| record.time);
            records
        };
        Self::Told(LazyLock::new(Box::new(tell)))
    }

    /// How many events there are.
    pub fn len(&self) -> u64 {
        match self {
            Self::Held(records) => records.len() as u64,
            Self::Told(records) => records.len() as u64,
            Self::Made(made) => u64::from(made.len),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Up to `most` events from a position on, newest first.
    pub fn search(&self, search: &Search, from: Option<u64>, most: usize) -> Found {
        match self {
            Self::Held(records) => among(records, search, from, most),
            Self::Told(records) => among(records, search, from, most),
            Self::Made(made) => made.search(search, from, most),
        }
    }
}

/// The position is the number of events that are older than all that was given: new events do not move it.
fn among(records: &[Record], search: &Search, from: Option<u64>, most: usize) -> Found {
    let end = records.partition_point(|record| record.time <= search.until);
    let end = from.and_then(|from| usize::try_from(from).ok()).map_or(end, |from| from.min(end));
    let begin = records.partition_point(|record| record.time < search.since);
    let mut hits =
        (begin..end).rev().filter_map(|at| records.get(at).map(|record| (at, record))).filter(|(_, record)| search.wants(record));
    let events = hits.by_ref().take(most).map(|(_, record)| record.answer()).collect();
    let next = hits.next().map(|(at, _)| at as u64 + 1);
    Found { events, next }
}
