//! The embedded AWS under the real SDK.
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

mod aws;
mod change;
mod clearance;
mod cloudtrail;
mod containment;
mod emulated;
mod faults;
mod guardduty;
mod iam;
mod identity;
mod listen;
mod load;
mod nasty;
#[path = "../needs.rs"]
mod needs;
mod rotation;
mod router;
mod scenes;
mod second_factor;
mod sessions;
mod ssm;
mod stores;
mod tables;
mod vault;
