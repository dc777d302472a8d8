//! The keys pane: every access key of the account, its age against the limit, and when it was last used for what.
//!
//! The credential report brings all rows at once, without ids; live calls renew the owners that are on screen. Where the report is
//! denied, users are listed and asked one by one.

mod change;
mod contain;
mod detail;
mod fields;
mod model;
mod rotate;
mod row;
mod update;
mod who;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use change::{on_asked, on_changed};
pub use contain::{Contained, contain, contain_wanted, on_contained};
pub use detail::detail;
pub use model::Model;
pub use rotate::{Defaults, MOST_AT_ONCE, Planned, Wanted, prompt, typed};
pub use update::{available, copied, go_to, load, missed, on_action, on_broken, on_message, settle, stop, trail_of};
pub use who::{MOST_PAGES, Progress, Who};

use crate::domain::containment::Access;
use crate::domain::event::EventPage;
use crate::domain::fault::Fault;
use crate::domain::key::{AccessKey, KeyHandle, LastUsed};
use crate::domain::report::CredentialReport;
use crate::domain::text::Untrusted;
use crate::kit::effect::Slot;

crate::actions! { "keys" {
    User     = "user",      "Go to the owner of the selected key", Safe, [];
    Overdue  = "overdue",   "Show only active keys over the age limit, or all again", Safe, [];
    Who      = "who",       "Show who uses the selected key, or stop looking", Safe, ["iam:GetAccessKeyLastUsed", "cloudtrail:LookupEvents"];
    Findings = "findings",  "Go to the findings about the owner of the selected key", Safe, ["guardduty:ListFindings", "guardduty:GetFindings"];
    // It opens a line to type in and changes nothing by itself: the plan that follows wants the name typed.
    Rotate   = "rotate",    "Rotate the selected key, or all marked keys: opens the plan", Reversible, ["iam:GetUser", "iam:GetRole", "iam:SimulatePrincipalPolicy", "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", "iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey"];
    Contain  = "contain",   "Contain the owner: shut keys and sessions, look again later", TypeName, ["iam:ListAccessKeys", "iam:GetLoginProfile", "iam:GetUserPolicy", "iam:UpdateAccessKey", "iam:PutUserPolicy", "ssm:DescribeSessions", "ssm:TerminateSession"];
    Expel    = "expel",     "Contain the owner and delete the password, which does not come back", TypeName, ["iam:ListAccessKeys", "iam:GetLoginProfile", "iam:GetUserPolicy", "iam:UpdateAccessKey", "iam:PutUserPolicy", "ssm:DescribeSessions", "ssm:TerminateSession", "iam:DeleteLoginProfile"];
    Release  = "release",   "Release the owner: lift the containment's policies, keys stay inactive", TypeName, ["iam:DeleteUserPolicy"];
    Deactivate = "deactivate", "Deactivate the selected key", Confirm, ["iam:UpdateAccessKey"];
    Activate = "activate",  "Activate the selected key again", Confirm, ["iam:UpdateAccessKey"];
    Delete   = "delete",    "Delete the selected key, which is inactive", TypeName, ["iam:DeleteAccessKey"];
} }

/// What the pane reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// IAM `GenerateCredentialReport` and `GetCredentialReport`.
    Report,
    /// The keys of these users, live: ids, status, age, and the last use of each.
    OfUsers(Vec<Untrusted>),
    /// The keys of every user, where there is no report: `ListUsers`, then each user's keys. Last uses come with [`Read::OfUsers`].
    AllUsers,
    /// What a user can sign in with, before it is shut.
    Before {
        /// Whose.
        user: Untrusted,
        /// Whether the password shall go, too.
        password: bool,
    },
    /// What these rotations would do: the desk's plan, made by reads alone.
    Plan {
        /// Which.
        wanted: Vec<Wanted>,
        /// How many would be at work at the same time.
        at_once: u8,
    },
    /// Who uses a key: `GetAccessKeyLastUsed`, then `LookupEvents` by these ids in these regions, at most [`MOST_PAGES`] pages each.
    Uses {
        /// Whose last use IAM is asked for.
        last_used: Option<Untrusted>,
        /// Access key ids.
        ids: Vec<Untrusted>,
        /// Where.
        regions: Vec<String>,
        /// Oldest time.
        from: Timestamp,
        /// Newest time.
        to: Timestamp,
    },
}

/// The IAM actions that the pane's reads call, for documents and the check of permissions.
pub const NEEDS: &[&str] = &[
    "iam:GenerateCredentialReport",
    "iam:GetCredentialReport",
    "iam:ListUsers",
    "iam:ListAccessKeys",
    "iam:GetAccessKeyLastUsed",
];

/// What comes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Msg {
    /// The credential report, or why there is none.
    Report(Result<CredentialReport, Fault>),
    /// The live keys of one user.
    Keys {
        /// Owner.
        user: Untrusted,
        /// All of the owner's keys, oldest first.
        result: Result<Vec<AccessKey>, Fault>,
    },
    /// The last use of one key, live.
    LastUsed {
        /// Which key: owner and position as in the [`Msg::Keys`] before.
        handle: KeyHandle,
        /// `GetAccessKeyLastUsed`.
        result: Result<LastUsed, Fault>,
    },
    /// All that a read tells of this owner has been told, last uses too.
    UserDone(Untrusted),
    /// [`Read::AllUsers`] or [`Read::OfUsers`] has ended.
    Listed(Result<(), Fault>),
    /// What [`Read::Before`] has found.
    Before {
        /// It.
        result: Result<Access, Fault>,
        /// Whether the password shall go, too.
        password: bool,
    },
    /// What the desk says to [`Read::Plan`].
    Planned {
        /// One for each.
        all: Vec<Planned>,
        /// How many would be at work at the same time.
        at_once: u8,
    },
    /// The last use of the key that [`Read::Uses`] is about.
    UsesLast(Result<LastUsed, Fault>),
    /// A page of its events.
    UsesPage(EventPage),
    /// AWS asks to wait.
    UsesWait {
        /// Which region.
        region: String,
        /// Until when.
        until: Timestamp,
    },
    /// A region has told all, or failed.
    UsesEnded {
        /// Which region.
        region: String,
        /// How.
        result: Result<(), Fault>,
    },
}

/// The slot of the credential report.
pub const REPORT: Slot = Slot::new("keys.report");
/// The slot of the live facts about rows on screen.
pub const LIVE: Slot = Slot::new("keys.live");
/// The slot of the keys of an owner of whom one was changed.
pub const CHANGED: Slot = Slot::new("keys.changed");
/// The slot of what there is before a containment.
pub const BEFORE: Slot = Slot::new("keys.before");
/// The slot of the plan for rotations.
pub const PLAN: Slot = Slot::new("keys.plan");
/// The slot of the search for who uses a key.
pub const WHO: Slot = Slot::new("keys.who");
/// The slot of the sweep over all users.
pub const SWEEP: Slot = Slot::new("keys.sweep");
