//! What the forwards pane knows.

use serde::{Deserialize, Serialize};

use super::row::NAME;
use crate::domain::forward::{Forward, ForwardState, bytes};
use crate::kit::table::{Cell, Listing as _, Sort, Table, Tone};
use crate::panes::{Blank, Summary};

/// What the forwards pane knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The forwards of this console.
    pub table: Table<Forward>,
    /// The number of the newest one.
    pub newest: u64,
}

impl Default for Model {
    fn default() -> Self {
        Self { table: Table::new(Sort::ascending(NAME)), newest: 0 }
    }
}

impl Model {
    /// What stands above the table.
    pub fn summary(&self) -> Summary {
        let (matching, total) = self.table.counts();
        let noun = if total == 1 { "forward" } else { "forwards" };
        let count = if matching == total { format!("{total} {noun}") } else { format!("{matching} of {total} {noun}") };
        let open = self.table.ordered().filter(|forward| forward.state == ForwardState::Open).count();
        let mut facts = vec![Cell::plain(count)];
        if open > 0 {
            facts.push(Cell::new(format!("{open} open"), Tone::Good));
        }
        let (up, down) = self
            .table
            .ordered()
            .fold((0_u64, 0_u64), |(up, down), forward| (up.saturating_add(forward.up), down.saturating_add(forward.down)));
        if up > 0 || down > 0 {
            facts.push(Cell::muted(format!("{} up, {} down", bytes(up), bytes(down))));
        }
        let blank = (matching == 0).then(|| match total {
            0 => Blank {
                title: "no forwards".into(),
                text: vec!["Start one here, or keep presets in the configuration file: [forward.NAME].".into()],
                tone: Tone::Muted,
            },
            _ => Blank {
                title: format!("none of {total} {noun} match"),
                text: vec!["Esc clears the filter".into()],
                tone: Tone::Muted,
            },
        });
        Summary { facts, banner: Vec::new(), blank }
    }

    /// Whether a forward is on its way up.
    pub fn is_starting(&self) -> bool {
        self.table.rows().any(|forward| matches!(forward.state, ForwardState::Starting | ForwardState::Restarting { .. }))
    }
}
