//! What the activity pane knows.

use serde::{Deserialize, Serialize};

use super::row::{TIME, is_open};
use crate::domain::call::{ApiCall, Outcome};
use crate::kit::table::{Cell, Sort, Table, Tone};
use crate::panes::{Blank, Summary};

/// How many calls are kept; older ones that have ended are forgotten.
pub const KEPT: usize = 2000;

/// What the activity pane knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The latest calls.
    pub table: Table<ApiCall>,
    /// Calls made since the start.
    pub calls: u64,
    /// Calls that failed for good.
    pub failed: u64,
    /// Answers that asked to slow down.
    pub throttles: u64,
    /// Times that a call was sent again.
    pub retries: u64,
    /// Records of calls that came faster than they could be kept.
    pub lost: u64,
    /// The query to come back to when the "failures" filter is switched off.
    pub before_failures: Option<String>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            table: Table::new(Sort::descending(TIME)),
            calls: 0,
            failed: 0,
            throttles: 0,
            retries: 0,
            lost: 0,
            before_failures: None,
        }
    }
}

impl Model {
    /// What stands above the table. `stale` is how many replies came too late to be wanted.
    pub fn summary(&self, stale: u64) -> Summary {
        use crate::kit::table::Listing as _;
        let (matching, total) = self.table.counts();
        let count = |count: u64, what: &str, tone: Tone| (count > 0).then(|| Cell::new(format!("{count} {what}"), tone));
        // Beside a filter stands what it shows, else all calls since the start: the table has the latest only.
        let counts = if self.table.query().is_empty() { self.since_the_start() } else { self.shown() };
        let mut facts = vec![match matching == total {
            true => Cell::plain(format!("{} calls", counts.calls)),
            false => Cell::plain(format!("{matching} of the last {total} calls")),
        }];
        facts.extend(
            [
                count(counts.open, "in flight", Tone::Loading),
                count(counts.failed, "failed", Tone::Bad),
                count(counts.throttles, "throttled", Tone::Warning),
                count(counts.retries, "sent again", Tone::Warning),
                count(stale, "replies too late", Tone::Muted),
                count(self.lost, "records lost", Tone::Warning),
            ]
            .into_iter()
            .flatten(),
        );
        let blank = (matching == 0).then(|| Blank {
            title: if total == 0 { "no call to AWS yet".into() } else { format!("none of {total} calls match") },
            text: if total == 0 { Vec::new() } else { vec!["Esc clears the filter".into()] },
            tone: Tone::Muted,
        });
        Summary { facts, banner: Vec::new(), blank }
    }

    /// How many calls are under way. At most a few hundred rows are looked at: there are never more than [`KEPT`].
    pub fn in_flight(&self) -> usize {
        self.table.rows().filter(|call| is_open(call)).count()
    }

    fn since_the_start(&self) -> Counts {
        let Self { calls, failed, throttles, retries, .. } = *self;
        Counts { calls, open: self.in_flight() as u64, failed, throttles, retries }
    }

    /// Of the calls that the filter shows.
    fn shown(&self) -> Counts {
        let mut counts = Counts::default();
        for call in self.table.ordered() {
            counts.calls += 1;
            counts.open += u64::from(is_open(call));
            counts.failed += u64::from(has_failed(call));
            counts.throttles += u64::from(call.throttles);
            counts.retries += u64::from(call.attempts.saturating_sub(1));
        }
        counts
    }

    /// Counts the difference that a newer record of a call makes.
    pub(super) fn count(&mut self, old: Option<&ApiCall>, new: &ApiCall) {
        self.calls += u64::from(old.is_none());
        self.failed += u64::from(has_failed(new) && !old.is_some_and(has_failed));
        self.throttles += u64::from(new.throttles.saturating_sub(old.map_or(0, |old| old.throttles)));
        self.retries += u64::from(new.attempts.saturating_sub(old.map_or(1, |old| old.attempts.max(1))));
    }
}

/// How many calls there are, and how they went.
#[derive(Default)]
struct Counts {
    calls: u64,
    open: u64,
    failed: u64,
    throttles: u64,
    retries: u64,
}

fn has_failed(call: &ApiCall) -> bool {
    matches!(call.outcome, Outcome::Failed { .. })
}
