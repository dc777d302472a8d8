//! The rotations pane: the board of all key rotations of this machine, running, waiting for a time or for a person, or ended.
//!
//! Nothing here is read from AWS: the desk that runs the rotations (`rotation::Desk`) tells of every step, and the root hands it on.

mod detail;
mod model;
mod row;
mod update;

pub use detail::detail;
pub use model::Model;
pub use update::{available, copied, on_action, on_told};

crate::actions! { "rotations" {
    Open        = "open",        "Show only rotations that have not ended, or all again", Safe, [];
    User        = "user",        "Go to the keys of the user whose key is rotated", Safe, [];
} }
