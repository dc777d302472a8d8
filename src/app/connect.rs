//! What a person sees and says before a session is opened, as plain data.

use serde::{Deserialize, Serialize};

use crate::domain::forward::ForwardSpec;
use crate::domain::shell::{self, Target};
use crate::domain::text::clean;
use crate::kit::field::Field;

/// What is to be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A shell.
    Shell(Target),
    /// The forward of this number.
    Forward {
        /// Its number.
        number: u64,
        /// What it carries.
        spec: ForwardSpec,
    },
}

/// A session that is about to be opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connect {
    /// What is to be opened.
    pub what: What,
    /// The reason, for the account's records.
    pub reason: Field,
    /// Whether there has to be one.
    pub is_required: bool,
    /// What is wrong with it.
    pub error: Option<String>,
}

impl Connect {
    /// The reason as `StartSession` takes it; `None`: none was given.
    ///
    /// # Errors
    /// A reason is required and missing, or it is too long; in words.
    pub fn reason(&self) -> Result<Option<String>, String> {
        shell::reason(self.reason.text(), self.is_required)
    }

    /// The heading of the window.
    pub fn title(&self) -> String {
        match &self.what {
            What::Shell(target) => format!("Shell on {}", target.node.shown_within(64)),
            What::Forward { spec, .. } => format!("Forward to {}", clean(&spec.ports.remote())),
        }
    }
}
