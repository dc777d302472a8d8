//! What the findings pane knows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Turn;
use super::row::SEVERITY;
use crate::domain::finding::{Archived, Band, Finding};
use crate::kit::effect::About;
use crate::kit::query::Query;
use crate::kit::remote::Remote;
use crate::kit::table::{Cell, Sort, Table, Tone};
use crate::panes::Summary;

/// What the findings pane knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The findings of all regions.
    pub table: Table<Finding>,
    /// How each region is coming along.
    pub remote: Remote,
    /// Which findings are wanted.
    pub archived: Archived,
    /// The query to come back to when the "same type" filter is switched off.
    pub before_similar: Option<String>,
    /// Which of several users, keys or instances of a finding is next.
    pub turn: Option<Turn>,
    /// What another pane sent us to look for, while no finding names it, and the filter that was on before.
    pub wanted: Option<(About, Query)>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            table: Table::new(Sort::descending(SEVERITY)),
            remote: Remote::not_asked(),
            archived: Archived::Current,
            before_similar: None,
            turn: None,
            wanted: None,
        }
    }
}

impl Model {
    /// What stands above the table.
    pub fn summary(&self, now: Timestamp) -> Summary {
        let mut summary = Summary::of(&self.table, &self.remote, &format!("{} findings", self.archived.word()), now);
        let shown = self.table.tally_shown();
        let bands = BANDS.iter().filter_map(|(kind, word, tone)| match shown.of(*kind) {
            0 => None,
            count => Some(Cell::new(format!("{count} {word}"), *tone)),
        });
        summary.facts.splice(1..1, bands);
        if shown.aside() > 0 {
            let noun = if shown.aside() == 1 { "sample" } else { "samples" };
            summary.facts.insert(1, Cell::muted(format!("{} {noun}", shown.aside())));
        }
        summary
    }
}

/// The bands in the status line, the worst first.
const BANDS: [(u8, &str, Tone); 4] = [
    (Band::Critical as u8, "critical", Tone::Critical),
    (Band::High as u8, "high", Tone::High),
    (Band::Medium as u8, "medium", Tone::Medium),
    (Band::Low as u8, "low", Tone::Low),
];
