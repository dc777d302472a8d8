//! The events of an account and how they are searched, newest first.

use std::sync::{LazyLock, OnceLock};

use jiff::Timestamp;
use serde_json::Value;

use super::build::Draft;
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
    pub(super) fn wants(&self, record: &Record) -> bool {
        record.region == self.region
            && (self.since..=self.until).contains(&record.time)
            && self.attribute.as_ref().is_none_or(|(attribute, value)| record.has(*attribute, value))
    }
}

/// Tells a story when it is first asked for.
type Teller = Box<dyn FnOnce() -> Vec<Sketch> + Send>;

/// An event that is written out when somebody first reads it.
#[derive(Debug)]
pub struct Sketch {
    draft: Draft,
    nonce: u64,
    record: OnceLock<Option<Record>>,
}

impl Sketch {
    /// The event where it is wanted. One of another region is not even written out.
    fn wanted<'a>(&'a self, search: &Search) -> Option<&'a Record> {
        if self.draft.region != search.region {
            return None;
        }
        let write = || Record::from_event(&self.draft.finish(self.nonce));
        self.record.get_or_init(write).as_ref().filter(|record| search.wants(record))
    }
}

/// The events of an account.
#[derive(Debug)]
pub enum History {
    /// Events that are there, oldest first.
    Held(Vec<Record>),
    /// A story, oldest first.
    Told(LazyLock<Vec<Sketch>, Teller>),
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

    /// A story that is told when somebody first looks; each of its events is written out when it is read.
    pub fn told(teller: impl FnOnce() -> Vec<Draft> + Send + 'static) -> Self {
        let tell = move || {
            let mut drafts = teller();
            // CloudTrail's times are whole seconds.
            drafts.iter_mut().for_each(|draft| draft.at = Timestamp::from_second(draft.at.as_second()).unwrap_or(draft.at));
            drafts.sort_by_key(|draft| draft.at);
            let sketch = |(nonce, draft)| Sketch { draft, nonce, record: OnceLock::new() };
            (0_u64..).zip(drafts).map(sketch).collect()
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
            Self::Held(records) => {
                among(records, |record| record.time, |record| search.wants(record).then_some(record), search, from, most)
            }
            Self::Told(sketches) => among(sketches, |sketch| sketch.draft.at, |sketch| sketch.wanted(search), search, from, most),
            Self::Made(made) => made.search(search, from, most),
        }
    }
}

/// The position is the number of events that are older than all that was given: new events do not move it.
fn among<'a, T>(
    events: &'a [T],
    time: impl Fn(&T) -> Timestamp,
    wanted: impl Fn(&'a T) -> Option<&'a Record>,
    search: &Search,
    from: Option<u64>,
    most: usize,
) -> Found {
    let end = events.partition_point(|event| time(event) <= search.until);
    let end = from.and_then(|from| usize::try_from(from).ok()).map_or(end, |from| from.min(end));
    let begin = events.partition_point(|event| time(event) < search.since);
    let mut hits = (begin..end).rev().filter_map(|at| Some((at, wanted(events.get(at)?)?)));
    let events = hits.by_ref().take(most).map(|(_, record)| record.answer()).collect();
    let next = hits.next().map(|(at, _)| at as u64 + 1);
    Found { events, next }
}
