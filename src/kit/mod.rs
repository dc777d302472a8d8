//! What every pane is built from: pure, no terminal, no AWS, no clock.

pub mod action;
pub mod confirm;
pub mod document;
pub mod effect;
pub mod field;
pub mod input;
pub mod keymap;
pub mod query;
pub mod remote;
pub mod source;
pub mod table;
pub mod watch;
