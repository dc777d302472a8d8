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
mod emulated;
mod faults;
mod iam;
mod listen;
mod router;
mod tables;
