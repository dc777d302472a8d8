//! Tests of the pure floors: no AWS, no terminal, no clock.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test stands at the edge, and its way to fail is to panic"
)]

mod architecture;
mod cost;
mod docs;
mod document;
mod documents;
mod event_targets;
mod filter;
mod floors;
mod frames;
mod keymap;
#[expect(dead_code, reason = "these tests wait for nothing and need no program")]
#[path = "../needs.rs"]
mod needs;
mod panes;
mod query;
mod recordings;
mod records;
mod report;
mod rotation;
mod table;
mod terminals;
mod theme;
mod view;
mod widgets;
