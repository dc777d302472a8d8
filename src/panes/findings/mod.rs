//! The findings pane: GuardDuty in the chosen regions, all of them at once; each region comes and fails for itself.

mod detail;
mod fields;
mod model;
mod pivot;
mod row;
mod update;

use serde::{Deserialize, Serialize};

pub use detail::detail;
pub use model::Model;
pub use pivot::{Turn, go_to, missed, searched, trail_of};
pub use update::{available, copied, load, on_action, on_broken, on_message, stop};

use crate::domain::fault::Fault;
use crate::domain::finding::{Archived, Finding};
use crate::kit::effect::Slot;

crate::actions! { "findings" {
    Archived = "archived",  "Show current findings, archived ones, or both", Safe, ["guardduty:ListFindings", "guardduty:GetFindings"];
    User     = "user",      "Go to the user whose credentials the finding is about", Safe, ["iam:ListUsers"];
    Keys     = "keys",      "Go to the access keys of that user", Safe, ["iam:ListAccessKeys"];
    Node     = "node",      "Go to the instance that the finding is about", Safe, ["ssm:DescribeInstanceInformation"];
    Shell    = "shell",     "Open a shell on the instance that the finding is about", Safe, ["ssm:StartSession", "ssm:TerminateSession"];
    Contain  = "contain",   "Contain the user that the finding is about: opens the plan", TypeName, ["iam:ListAccessKeys", "iam:GetLoginProfile", "iam:GetUserPolicy", "iam:UpdateAccessKey", "iam:PutUserPolicy"];
    Similar  = "similar",   "Show only findings of the same type, or all again", Safe, [];
} }

/// What the pane reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// `ListDetectors`, `ListFindings` and `GetFindings` in each region, in parallel.
    List {
        /// The regions.
        regions: Vec<String>,
        /// Which findings.
        archived: Archived,
    },
}

/// The IAM actions that the pane's reads call, for documents and the check of permissions.
pub const NEEDS: &[&str] = &["guardduty:ListDetectors", "guardduty:ListFindings", "guardduty:GetFindings"];

/// What comes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Msg {
    /// Some findings of a region.
    Page {
        /// The region that answered.
        region: String,
        /// They.
        findings: Vec<Finding>,
    },
    /// A region has ended.
    Ended {
        /// Which.
        region: String,
        /// How.
        result: Result<(), Fault>,
    },
}

/// The slot of the list.
pub const LIST: Slot = Slot::new("findings.list");
