//! The rotations pane: the board of all key rotations of this machine, running, waiting for a time or for a person, or ended.
//!
//! Nothing here is read from AWS: the desk that runs the rotations (`rotation::Desk`) tells of every step, and the root hands it on.

mod answer;
mod detail;
mod fields;
mod model;
mod row;
mod update;

pub use detail::detail;
pub use model::Model;
pub use update::{available, copied, on_action, on_msg, on_told};

use serde::{Deserialize, Serialize};

use crate::domain::rotation::Rotation;
use crate::kit::effect::Slot;

crate::actions! { "rotations" {
    Open        = "open",        "Show only rotations that have not ended, or all again", Safe, [];
    User        = "user",        "Go to the keys of the user whose key is rotated", Safe, [];
    Resume      = "resume",      "Take up a rotation that was left unfinished", Confirm, ["iam:ListAccessKeys"];
    ResumeAll   = "resume-all",  "Go on with every rotation that was left or stopped, begun or not", Confirm, ["iam:ListAccessKeys"];
    Stop        = "stop",        "Stop all: begin nothing more, leave what is under way at its next safe state", Safe, [];
    Continue    = "continue",    "Let the rotation go on, or try again what failed", Confirm, [];
    SkipWait    = "skip-wait",   "Do not wait out soak or observation", TypeName, ["iam:UpdateAccessKey", "iam:DeleteAccessKey"];
    Reactivate  = "reactivate",  "Make the old key active again", Reversible, ["iam:UpdateAccessKey"];
    RollBack    = "roll-back",   "Give the new key up, the old one stays", TypeName, ["iam:UpdateAccessKey", "iam:DeleteAccessKey"];
    DeleteOrphan = "delete-orphan", "Delete a key whose secret was lost when it was made", TypeName, ["iam:DeleteAccessKey"];
    Abort       = "abort",       "Leave every key as it is and end the rotation", Confirm, [];
    Report      = "report",      "Write a report of all rotations, for an auditor", Safe, [];
} }

/// What the pane has done beside the rotations themselves. Nothing is read from AWS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// The report of these rotations, into files.
    Report(Vec<Rotation>),
    /// Let the desks begin nothing more, and leave what is under way at its next safe state.
    Stop,
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Msg {
    /// Where the report is, or why there is none.
    Reported(Result<String, String>),
    /// How many rotations were told to stop.
    Stopped(usize),
}

/// The slot of the report.
pub const REPORT: Slot = Slot::new("rotations.report");

/// The slot of the stop.
pub const STOP: Slot = Slot::new("rotations.stop");
