//! What the rotations pane knows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::row::{STARTED, needs_person};
use crate::domain::rotation::{Phase, Rotation, Wait};
use crate::kit::table::{Cell, Listing as _, Sort, Table, Tone};
use crate::panes::{Blank, Summary};

/// What the rotations pane knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The rotations.
    pub table: Table<Rotation>,
    /// Whether the desk has told what there is. Until then nothing is known, which is not the same as no rotation.
    pub told: bool,
    /// The query to come back to when the "not ended" filter is switched off.
    pub before_open: Option<String>,
}

/// Words and tone for the rotations of which this is true.
type Kind = (&'static str, Tone, fn(&Rotation) -> bool);

impl Default for Model {
    fn default() -> Self {
        Self { table: Table::new(Sort::descending(STARTED)), told: false, before_open: None }
    }
}

impl Model {
    /// What stands above the table.
    pub fn summary(&self, _now: Timestamp) -> Summary {
        let (matching, total) = self.table.counts();
        let noun = if total == 1 { "rotation" } else { "rotations" };
        let count = if matching == total { format!("{total} {noun}") } else { format!("{matching} of {total} {noun}") };
        let mut facts = vec![Cell::plain(count)];
        let kinds: [Kind; 6] = [
            ("wait for you", Tone::Warning, needs_person),
            ("at work", Tone::Loading, |rotation| matches!(rotation.wait, Wait::Working | Wait::Retry { .. })),
            ("wait for their turn", Tone::Plain, |rotation| rotation.wait == Wait::Turn),
            ("soaking or observed", Tone::Plain, |rotation| matches!(rotation.wait, Wait::Until { .. })),
            ("done", Tone::Good, |rotation| rotation.phase == Phase::Done),
            ("aborted", Tone::Muted, |rotation| rotation.phase == Phase::Aborted),
        ];
        for (words, tone, is_one) in kinds {
            let count = self.table.ordered().filter(|rotation| is_one(rotation)).count();
            if count > 0 {
                facts.push(Cell::new(format!("{count} {words}"), tone));
            }
        }
        let blank = (matching == 0).then(|| self.blank(total));
        Summary { facts, banner: self.banner(), blank }
    }

    /// How many rotations have not ended.
    pub fn open(&self) -> usize {
        self.table.rows().filter(|rotation| !rotation.phase.is_final()).count()
    }

    /// Whether something is being done right now.
    pub fn is_working(&self) -> bool {
        self.table.rows().any(|rotation| matches!(rotation.wait, Wait::Turn | Wait::Working | Wait::Retry { .. }))
    }

    /// Whether anything goes on by itself: what a stop would stop.
    pub(super) fn goes_on(&self) -> bool {
        self.is_working() || self.table.rows().any(|rotation| matches!(rotation.wait, Wait::Until { .. }))
    }

    fn banner(&self) -> Vec<Cell> {
        let is_left = |rotation: &&Rotation| rotation.wait == Wait::Nobody && !rotation.phase.is_final();
        let left = self.table.rows().filter(is_left).count();
        let asking = self.table.rows().find_map(|rotation| match &rotation.wait {
            Wait::Operator { need, .. } => {
                Some(format!("{}: {}", rotation.user.shown_within(40), crate::domain::text::clean(need)))
            }
            _ => None,
        });
        let mut banner: Vec<Cell> = asking.into_iter().map(|text| Cell::new(text, Tone::Warning)).collect();
        if left > 0 {
            banner.push(Cell::new(format!("{left} left unfinished; U takes one up again, Z all of them"), Tone::Warning));
        }
        banner
    }

    fn blank(&self, total: usize) -> Blank {
        let made = |title: &str, text: &[&str], tone| Blank {
            title: title.into(),
            text: text.iter().map(|line| (*line).to_owned()).collect(),
            tone,
        };
        match (total, self.told) {
            (0, false) => made("rotations have not been looked for yet", &["they are told once a session stands"], Tone::Muted),
            (0, true) => made("no rotation on this machine", &["the keys pane begins one"], Tone::Muted),
            _ => made(&format!("none of {total} rotations match"), &["Esc clears the filter"], Tone::Muted),
        }
    }
}
