//! Access keys rotated without ever losing a secret.
//!
//! [`machine`] decides (pure), the driver does what it says, [`desk`] keeps all rotations of this machine. A secret lives in
//! [`stores`], and in [`escrow`] until it is there. Nothing here names a pane, the terminal or the SDK: who calls AWS is behind
//! [`service::Service`].

mod begin;
mod board;
mod campaign;
pub mod clock;
mod copies;
pub mod desk;
mod driver;
pub mod edges;
pub mod escrow;
pub mod journal;
pub mod leaked;
pub mod machine;
pub mod permissions;
mod plan;
pub mod report;
pub mod service;
pub mod stores;
mod tasks;

use crate::domain::fault::{Fault, Own};

/// A refusal of ours in the form of a fault: no call failed.
fn refusal(words: &str, at: jiff::Timestamp) -> Fault {
    Fault::own(Own::NotRotated, words, at)
}
