//! Access keys rotated without ever losing a secret.
//!
//! [`machine`] decides (pure), the driver does what it says, [`desk`] keeps all rotations of this machine. A secret lives in
//! [`stores`], and in [`escrow`] until it is there. Nothing here names a pane, the terminal or the SDK: who calls AWS is behind
//! [`service::Service`].

pub mod desk;
pub mod escrow;
pub mod machine;
mod plan;
pub mod service;
pub mod stores;
