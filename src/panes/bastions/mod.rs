//! The bastions pane: the nodes that Session Manager can reach, its sessions, and recordings of shells, in three tables of which one is
//! on screen.

mod change;
mod detail;
mod fields;
mod model;
mod recording;
mod row;
mod update;

use serde::{Deserialize, Serialize};

pub use change::on_changed;
pub use detail::{node_detail, session_detail};
pub use model::{Model, View};
pub use recording::{recording_detail, show_recordings};
pub use update::{available, copied, go_to, load, missed, on_action, on_broken, on_message, stop, trail_of, want_preferences};

use crate::domain::fault::Fault;
use crate::domain::node::{Node, SsmSession};
use crate::domain::preferences::Preferences;
use crate::domain::recording::Recorded;
use crate::kit::effect::Slot;

crate::actions! { "bastions" {
    View     = "view",      "Show the sessions, or the nodes again", Safe, ["ssm:DescribeInstanceInformation", "ssm:DescribeSessions"];
    Shell    = "shell",     "Open a shell on the selected node", Safe, ["ssm:StartSession", "ssm:TerminateSession"];
    Other    = "other",     "Go to the node of the selected session, or to the sessions of the selected node", Safe, [];
    Online   = "online",    "Show only nodes that are online and sessions that are active, or all again", Safe, [];
    Findings = "findings",  "Go to the findings about the selected node", Safe, ["guardduty:ListFindings", "guardduty:GetFindings"];
    Recordings = "recordings", "Show the recordings of shells, or the nodes again", Safe, [];
    Replay   = "replay",    "Play the selected recording", Safe, [];
    Terminate = "terminate", "Terminate the selected session", Confirm, ["ssm:TerminateSession"];
} }

/// What the pane reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// `DescribeInstanceInformation` in each region, in parallel.
    Nodes {
        /// The regions.
        regions: Vec<String>,
    },
    /// `DescribeSessions` in each region, in parallel.
    Sessions {
        /// The regions.
        regions: Vec<String>,
        /// Those that are open, else those that have ended.
        active: bool,
    },
    /// The recordings of shells on this machine.
    Recordings,
    /// `GetDocument` of the preferences of Session Manager in a region.
    Preferences {
        /// The region.
        region: String,
    },
}

/// The IAM actions that the pane's reads call, for documents and the check of permissions.
pub const NEEDS: &[&str] = &["ssm:DescribeInstanceInformation", "ssm:DescribeSessions", "ssm:GetDocument"];

/// What comes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Msg {
    /// Some nodes of a region.
    Nodes {
        /// The region that answered.
        region: String,
        /// They.
        nodes: Vec<Node>,
    },
    /// A region's nodes have ended.
    NodesEnded {
        /// Which.
        region: String,
        /// How.
        result: Result<(), Fault>,
    },
    /// Some sessions of a region.
    Sessions {
        /// The region that answered.
        region: String,
        /// Whether they are open.
        active: bool,
        /// They.
        sessions: Vec<SsmSession>,
    },
    /// A region's sessions have ended.
    SessionsEnded {
        /// Which.
        region: String,
        /// Whether it was those that are open.
        active: bool,
        /// How.
        result: Result<(), Fault>,
    },
    /// Some recordings.
    Recordings(Vec<Recorded>),
    /// The recordings have ended, and how.
    RecordingsEnded(Result<(), Fault>),
    /// The preferences of Session Manager in a region; `None`: it has none.
    Preferences {
        /// Which.
        region: String,
        /// They.
        result: Result<Option<Preferences>, Fault>,
    },
}

/// The slot of the nodes.
pub const NODES: Slot = Slot::new("bastions.nodes");
/// The slot of the open sessions.
pub const ACTIVE: Slot = Slot::new("bastions.active");
/// The slot of the sessions that have ended.
pub const HISTORY: Slot = Slot::new("bastions.history");
/// The slot of the recordings.
pub const RECORDINGS: Slot = Slot::new("bastions.recordings");
/// The slot of the preferences of Session Manager.
pub const PREFERENCES: Slot = Slot::new("bastions.preferences");
