//! The forwards pane: local ports that lead through Session Manager to nodes and to hosts behind them. Presets of the configuration
//! file stand in it from the start, stopped.

mod detail;
mod fields;
mod model;
mod row;
mod update;

pub use detail::detail;
pub use model::Model;
pub use update::{available, copied, new_forward, on_action, on_news, set_presets, trail_of};

crate::actions! { "forwards" {
    Start = "start",  "Start the selected forward",                 Safe, ["ssm:StartSession"];
    Stop  = "stop",   "Stop the selected forward",                  Safe, ["ssm:TerminateSession"];
    New   = "new",    "Start a new forward to a node, or to a host behind it", Safe, ["ssm:StartSession"];
    Clear = "clear",  "Take stopped forwards that are no presets off the list", Safe, [];
} }
