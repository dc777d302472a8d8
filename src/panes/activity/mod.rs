//! The activity pane: every call to AWS, the ones under way on top, errors in full. It shows what the console really does.

mod detail;
mod fields;
mod model;
mod row;
mod update;

pub use detail::detail;
pub use model::{KEPT, Model};
pub use update::{available, copied, on_action, on_call, on_lost};

crate::actions! { "activity" {
    Failures = "failures",  "Show only calls that failed or were throttled, or all again", Safe, [];
    Clear    = "clear",     "Forget the calls that have ended", Safe, [];
} }
