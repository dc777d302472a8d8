//! The users pane: every IAM user and root, and who lacks MFA.
//!
//! Three sources feed it. `ListUsers` brings the rows (the first page at once), the credential report fills in every row at once
//! with facts up to four hours old, and live calls renew the rows that are on screen. Each fact keeps its source and time.

mod detail;
mod fields;
mod model;
mod row;
mod update;

use serde::{Deserialize, Serialize};

pub use detail::detail;
pub use model::Model;
pub use update::{available, copied, go_to, load, on_action, on_broken, on_message, settle, stop, trail_of};

use crate::domain::fault::Fault;
use crate::domain::report::CredentialReport;
use crate::domain::text::Untrusted;
use crate::domain::user::{User, UserFacts};
use crate::kit::effect::Slot;

crate::actions! { "users" {
    Keys     = "keys",      "Go to the access keys of the selected user", Safe, [];
    NoMfa    = "no-mfa",    "Show only who may sign in without MFA, or all again", Safe, [];
    Findings = "findings",  "Go to the findings about the selected user", Safe, ["guardduty:ListFindings", "guardduty:GetFindings"];
} }

/// What the pane reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// IAM `ListUsers`, all pages.
    List,
    /// IAM `GenerateCredentialReport` and `GetCredentialReport`.
    Report,
    /// The live facts of these users. For [`crate::domain::user::ROOT_NAME`] they come from `GetAccountSummary`.
    Facts(Vec<Untrusted>),
}

/// The IAM actions that the pane's reads call, for documents and the check of permissions.
pub const NEEDS: &[&str] = &[
    "iam:ListUsers",
    "iam:GenerateCredentialReport",
    "iam:GetCredentialReport",
    "iam:GetLoginProfile",
    "iam:ListMFADevices",
    "iam:ListAccessKeys",
    "iam:ListGroupsForUser",
    "iam:GetAccountSummary",
];

/// What comes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Msg {
    /// One page of `ListUsers`.
    Page(Vec<User>),
    /// `ListUsers` has ended.
    Listed(Result<(), Fault>),
    /// The credential report, or why there is none.
    Report(Result<CredentialReport, Fault>),
    /// The live facts of one user.
    Facts(UserFacts),
    /// The live facts that were asked for last have all been sent.
    FactsDone,
}

/// The slot of `ListUsers`.
pub const LIST: Slot = Slot::new("users.list");
/// The slot of the credential report.
pub const REPORT: Slot = Slot::new("users.report");
/// The slot of the live facts.
pub const FACTS: Slot = Slot::new("users.facts");
