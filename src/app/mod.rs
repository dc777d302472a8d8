//! The root of the console: composes the panes, moves between them, drops stale replies.

pub mod actions;
pub mod help;
pub mod layout;
pub mod palette;
