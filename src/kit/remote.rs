//! The state of something that is read from AWS: a list, a report. Unknown is not empty.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::fault::Fault;

/// Whether and how a read goes on. The rows themselves stay where they are: a failed refresh leaves the old ones, marked stale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Phase {
    /// Nobody has asked yet.
    NotAsked,
    /// A read runs since this time.
    Loading {
        /// When it was asked for.
        since: Timestamp,
    },
    /// All of it is here, as of this time.
    Complete {
        /// When the last part arrived.
        at: Timestamp,
    },
    /// The person stopped it; the rows so far are shown.
    Stopped {
        /// When.
        at: Timestamp,
    },
    /// It failed; whatever rows there are may be old or partial.
    Failed {
        /// When.
        at: Timestamp,
    },
}

/// A read made of parts that can fail one by one: regions, or the calls of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Remote {
    /// Where the read stands.
    pub phase: Phase,
    /// When all of it was last here.
    pub fresh: Option<Timestamp>,
    /// Parts that have not ended yet.
    pub open: Vec<String>,
    /// Parts that failed, and why. A part is a region or a call's name.
    pub faults: BTreeMap<String, Fault>,
}

impl Remote {
    /// Nothing asked yet.
    pub fn not_asked() -> Self {
        Self { phase: Phase::NotAsked, fresh: None, open: Vec::new(), faults: BTreeMap::new() }
    }

    /// A read of these parts begins.
    pub fn begin<S: Into<String>>(&mut self, parts: impl IntoIterator<Item = S>, now: Timestamp) {
        self.open = parts.into_iter().map(Into::into).collect();
        self.faults.clear();
        self.phase = Phase::Loading { since: now };
    }

    /// One part ended, well or with a fault. Returns true when it was the last.
    pub fn end(&mut self, part: &str, result: Result<(), Fault>, now: Timestamp) -> bool {
        self.open.retain(|open| open != part);
        if let Err(fault) = result {
            self.faults.insert(part.to_owned(), fault);
        }
        let last = self.open.is_empty() && self.is_loading();
        if last {
            self.phase = if self.faults.is_empty() { Phase::Complete { at: now } } else { Phase::Failed { at: now } };
            if self.faults.is_empty() {
                self.fresh = Some(now);
            }
        }
        last
    }

    /// Whether this part of the last read has ended well.
    pub fn has(&self, part: &str) -> bool {
        let is_asked = !matches!(self.phase, Phase::NotAsked | Phase::Stopped { .. });
        is_asked && !self.open.iter().any(|open| open == part) && !self.faults.contains_key(part)
    }

    /// Whether all of it was here at some time: rows may be old then, but they are all there were.
    pub fn was_whole(&self) -> bool {
        self.fresh.is_some() || self.is_complete()
    }

    /// The person stopped it.
    pub fn stop(&mut self, now: Timestamp) {
        if self.is_loading() {
            self.open.clear();
            self.phase = Phase::Stopped { at: now };
        }
    }

    /// Whether parts are still under way.
    pub fn is_loading(&self) -> bool {
        matches!(self.phase, Phase::Loading { .. })
    }

    /// Whether what is shown is everything there is.
    pub fn is_complete(&self) -> bool {
        matches!(self.phase, Phase::Complete { .. })
    }
}
