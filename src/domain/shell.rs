//! Sessions that a person wants opened, and recordings of them. Plain data.

use serde::{Deserialize, Serialize};

use super::forward::ForwardSpec;
use super::text::Untrusted;

/// A node to open a session on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    /// `i-…` or `mi-…`.
    pub node: Untrusted,
    /// Its region; `None`: the console's first one.
    pub region: Option<String>,
    /// Its name, where it has one.
    pub name: Option<Untrusted>,
}

/// What a pane wants done with sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionWish {
    /// A shell in a tab of its own.
    Shell(Target),
    /// Start the forward of this number.
    StartForward {
        /// Its number.
        number: u64,
        /// What it carries.
        spec: ForwardSpec,
    },
    /// Stop the forward of this number.
    StopForward {
        /// Its number.
        number: u64,
    },
}
