//! What the findings pane knows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::row::SEVERITY;
use crate::domain::finding::{Archived, Band, Finding, Severity};
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
    /// How many are critical, high, medium and low.
    pub bands: [usize; 4],
    /// The query to come back to when the "same type" filter is switched off.
    pub before_similar: Option<String>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            table: Table::new(Sort::descending(SEVERITY)),
            remote: Remote::not_asked(),
            archived: Archived::Current,
            bands: [0; 4],
            before_similar: None,
        }
    }
}

impl Model {
    /// What stands above the table.
    pub fn summary(&self, now: Timestamp) -> Summary {
        let mut summary = Summary::of(&self.table, &self.remote, &format!("{} findings", self.archived.word()), now);
        let names = [("critical", Tone::Critical), ("high", Tone::High), ("medium", Tone::Medium), ("low", Tone::Low)];
        let bands = names.into_iter().zip(self.bands).filter(|(_, count)| *count > 0);
        let bands = bands.map(|((name, tone), count)| Cell::new(format!("{count} {name}"), tone));
        summary.facts.splice(1..1, bands);
        summary
    }

    /// Counts anew, after rows went: a frame must not.
    pub(super) fn count(&mut self) {
        self.bands = [0; 4];
        for band in self.table.rows().filter_map(|finding| finding.severity).map(Severity::band) {
            add(&mut self.bands, band);
        }
    }

    /// Counts what a page adds.
    pub(super) fn count_new(&mut self, page: &[Finding]) {
        let new = page.iter().filter(|finding| self.table.get(&finding.key).is_none());
        for band in new.filter_map(|finding| finding.severity).map(Severity::band) {
            add(&mut self.bands, band);
        }
    }
}

fn add(bands: &mut [usize; 4], band: Band) {
    let [critical, high, medium, low] = bands;
    *match band {
        Band::Critical => critical,
        Band::High => high,
        Band::Medium => medium,
        Band::Low => low,
    } += 1;
}
