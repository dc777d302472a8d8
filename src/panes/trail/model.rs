//! What the trail pane knows.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::row::TIME;
use super::show_attribute;
use crate::domain::age::{age, span, utc};
use crate::domain::event::{Event, Lookup, LookupKey, Reach};
use crate::domain::text::clean;
use crate::kit::remote::{Phase, Remote};
use crate::kit::table::{Cell, Sort, Table, Tone};
use crate::panes::Summary;

/// How far back a search reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// The last hour.
    Hour,
    /// The last day.
    Day,
    /// The last seven days.
    Week,
    /// The last ninety days: as far back as AWS keeps the history.
    All,
    /// No limit: an endpoint that serves loaded log files has older events.
    Ever,
    /// What another pane asked for.
    Asked(Reach),
}

impl Window {
    /// The ranges to step through, shortest first.
    pub const PRESETS: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::All, Self::Ever];

    /// Oldest and newest time.
    pub fn range(self, now: Timestamp) -> (Timestamp, Timestamp) {
        let hours = match self {
            Self::Hour => 1,
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::All => 90 * 24,
            Self::Ever => return (Timestamp::UNIX_EPOCH, now),
            Self::Asked(reach) => return reach.range(now),
        };
        (now - SignedDuration::from_hours(hours), now)
    }

    /// How it is called.
    pub fn words(self) -> String {
        match self {
            Self::Hour => "last hour".into(),
            Self::Day => "last 24 h".into(),
            Self::Week => "last 7 d".into(),
            Self::All => "last 90 d".into(),
            Self::Ever => "any time".into(),
            Self::Asked(reach) => reach.words(),
        }
    }
}

/// How far one region has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Pages received.
    pub pages: u32,
    /// Events received.
    pub events: u64,
    /// Records that could not be decoded.
    pub undecoded: u64,
    /// The oldest event received.
    pub oldest: Option<Timestamp>,
    /// Until when the region waits for its turn.
    pub waiting: Option<Timestamp>,
    /// Whether AWS had more when the last page came.
    pub more: bool,
}

/// What the trail pane knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The events of all regions.
    pub table: Table<Event>,
    /// How each region is coming along.
    pub remote: Remote,
    /// How far back to search.
    pub window: Window,
    /// What to search by.
    pub attribute: Option<(LookupKey, String)>,
    /// The search whose events are shown.
    pub lookup: Option<Lookup>,
    /// How far each region has come.
    pub progress: BTreeMap<String, Progress>,
    /// The query to come back to when a ready-made filter is switched off.
    pub before_filter: Option<String>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            table: Table::new(Sort::descending(TIME)),
            remote: Remote::not_asked(),
            window: Window::Day,
            attribute: None,
            lookup: None,
            progress: BTreeMap::new(),
            before_filter: None,
        }
    }
}

impl Model {
    /// What stands above the table.
    pub fn summary(&self, now: Timestamp) -> Summary {
        let mut summary = Summary::of(&self.table, &self.remote, "events", now);
        let what = show_attribute(self.attribute.as_ref());
        let what = if what.is_empty() { "everything".to_owned() } else { clean(&what).into_owned() };
        summary.facts.insert(1, Cell::plain(format!("{what}, {}", self.window.words())));
        if let Some(blank) = summary.blank.as_mut().filter(|_| self.remote.is_complete() && self.table.total() == 0) {
            blank.text = vec![
                format!("searched: {what}, {}", self.window.words()),
                "The event history has management events only, and gets them up to 15 minutes late.".into(),
            ];
        }
        summary.facts.extend(self.region_facts(now));
        summary.banner.extend(self.truncation());
        summary
    }

    /// One piece for each region under way: pages, events, oldest time reached, and whether it waits.
    fn region_facts(&self, now: Timestamp) -> impl Iterator<Item = Cell> + '_ {
        self.progress.iter().filter(|(region, _)| self.remote.open.contains(region)).map(move |(region, progress)| {
            let oldest = progress.oldest.map(|at| format!(", back to {} ago", age(at, now))).unwrap_or_default();
            let wait = progress.waiting.filter(|until| *until > now);
            let wait = wait.map(|until| format!(", waits {}", span(until.duration_since(now)))).unwrap_or_default();
            let text = format!("{}: page {}, {} events{oldest}{wait}", clean(region), progress.pages, progress.events);
            Cell::new(text, Tone::Loading)
        })
    }

    /// What is missing: events older than a search that was stopped or failed has reached, and how many records nobody could decode.
    fn truncation(&self) -> Vec<Cell> {
        let mut told = Vec::new();
        let broken_off = matches!(self.remote.phase, Phase::Stopped { .. } | Phase::Failed { .. });
        for (region, progress) in self.progress.iter().filter(|(_, progress)| broken_off && progress.more) {
            let oldest = progress.oldest.map_or_else(|| "the first page".to_owned(), utc);
            told.push(Cell::new(format!("{}: events before {oldest} have not been read", clean(region)), Tone::Warning));
        }
        let undecoded: u64 = self.progress.values().map(|progress| progress.undecoded).sum();
        if undecoded > 0 {
            let text = format!("{undecoded} records could not be decoded: their rows tell only what came beside them");
            told.push(Cell::new(text, Tone::Warning));
        }
        told
    }
}
