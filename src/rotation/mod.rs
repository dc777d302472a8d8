//! Access keys rotated without ever losing a secret.
//!
//! [`stores`]: where a secret lives. Nothing here names a pane, the terminal or the SDK: who calls AWS is behind a trait.

pub mod stores;
