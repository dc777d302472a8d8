//! What the bastions pane knows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::recording::MADE;
use super::row::{ACTIVE, NAME, ONLINE, STARTED};
use crate::domain::known::Known;
use crate::domain::node::{Node, SsmSession};
use crate::domain::preferences::Preferences;
use crate::domain::recording::Recorded;
use crate::domain::text::Untrusted;
use crate::kit::remote::{Phase, Remote};
use crate::kit::table::{Cell, Listing, Sort, Table, Tally, Tone};
use crate::panes::{Blank, Summary};

/// Which of the three tables is on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// The nodes.
    #[default]
    Nodes,
    /// The sessions.
    Sessions,
    /// The recordings of shells.
    Recordings,
}

/// What the bastions pane knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Which table is on screen.
    pub view: View,
    /// The nodes of all regions.
    pub nodes: Table<Node>,
    /// How the nodes are coming along.
    pub nodes_remote: Remote,
    /// The sessions of all regions, open and ended.
    pub sessions: Table<SsmSession>,
    /// How the sessions are coming along. A part is `region active` or `region history`.
    pub sessions_remote: Remote,
    /// The recordings of shells on this machine.
    pub recordings: Table<Recorded>,
    /// How the recordings are coming along.
    pub recordings_remote: Remote,
    /// The query to come back to when the "online" filter is switched off.
    pub before_online: Option<String>,
    /// The node another pane sent us to and that is not in the list yet.
    pub wanted: Option<Untrusted>,
    /// The preferences of Session Manager by region, where somebody wanted to know them; `None`: the region has none.
    pub preferences: BTreeMap<String, Known<Option<Preferences>>>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            view: View::Nodes,
            nodes: Table::new(Sort::ascending(NAME)),
            nodes_remote: Remote::not_asked(),
            sessions: Table::new(Sort::ascending(STARTED)),
            sessions_remote: Remote::not_asked(),
            recordings: Table::new(Sort::ascending(MADE)),
            recordings_remote: Remote::not_asked(),
            before_online: None,
            wanted: None,
            preferences: BTreeMap::new(),
        }
    }
}

impl Model {
    /// The table on screen.
    pub fn listing(&self) -> &dyn Listing {
        match self.view {
            View::Nodes => &self.nodes,
            View::Sessions => &self.sessions,
            View::Recordings => &self.recordings,
        }
    }

    /// The table on screen, to work on.
    pub fn listing_mut(&mut self) -> &mut dyn Listing {
        match self.view {
            View::Nodes => &mut self.nodes,
            View::Sessions => &mut self.sessions,
            View::Recordings => &mut self.recordings,
        }
    }

    /// What stands above the table.
    pub fn summary(&self, now: Timestamp) -> Summary {
        // Beside a filter stands what it shows; of the other table, all there is.
        let online = |tally: &Tally| format!("{} online", tally.of(ONLINE));
        let open = |tally: &Tally| format!("{} active", tally.of(ACTIVE));
        let (nodes, sessions) = (self.nodes.total(), self.sessions.total());
        match self.view {
            View::Nodes => {
                let mut summary = Summary::of(&self.nodes, &self.nodes_remote, "nodes", now);
                summary.facts.splice(1..1, part(&self.nodes_remote, nodes, &online(self.nodes.tally_shown())));
                summary.facts.push(other(&self.sessions_remote, "sessions", sessions, &open(self.sessions.tally())));
                summary
            }
            View::Sessions => {
                let mut summary = Summary::of(&self.sessions, &self.sessions_remote, "sessions", now);
                summary.facts.splice(1..1, part(&self.sessions_remote, sessions, &open(self.sessions.tally_shown())));
                summary.facts.push(other(&self.nodes_remote, "nodes", nodes, &online(self.nodes.tally())));
                summary
            }
            View::Recordings => {
                let mut summary = Summary::of(&self.recordings, &self.recordings_remote, "recordings", now);
                if self.recordings.total() == 0 && self.recordings_remote.is_complete() {
                    let text =
                        vec!["r after the console's key records a shell; [sessions] record = true records all of them".into()];
                    summary.blank = Some(Blank { title: "no recordings".into(), text, tone: Tone::Muted });
                }
                summary.facts.push(Cell::muted("on this machine"));
                summary
            }
        }
    }

    /// Whether something is on its way.
    pub fn is_loading(&self) -> bool {
        [&self.nodes_remote, &self.sessions_remote, &self.recordings_remote].into_iter().any(Remote::is_loading)
    }

    /// Puts the cursor on the node that another pane sent us to, if it is there by now.
    pub(super) fn find_wanted(&mut self) {
        self.wanted = self.wanted.take().filter(|id| !self.nodes.select(id));
    }
}

/// A count of some rows. It is good news only when everything has been counted, and none while nothing is known.
fn part(remote: &Remote, total: usize, part: &str) -> Option<Cell> {
    let tone = if remote.is_complete() { Tone::Good } else { Tone::Muted };
    (total > 0 || remote.is_complete()).then(|| Cell::new(part, tone))
}

/// The other table in a few words; what was not or not wholly read is no number.
fn other(remote: &Remote, noun: &str, total: usize, part: &str) -> Cell {
    match (&remote.phase, remote.faults.values().next()) {
        (Phase::Complete { .. }, _) => Cell::muted(format!("{total} {noun}, {part}")),
        (Phase::NotAsked, _) => Cell::new(format!("{noun} not read"), Tone::Unknown),
        (Phase::Loading { .. }, _) => Cell::new(format!("reading {noun}"), Tone::Loading),
        (_, Some(fault)) if total == 0 => Cell::new(format!("{noun}: {}", fault.title()), Tone::Denied),
        _ => Cell::new(format!("{total} {noun} so far, {part}; incomplete"), Tone::Warning),
    }
}
