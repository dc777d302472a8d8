//! The trail pane: CloudTrail's event history, newest first, by time range and one lookup attribute.
//!
//! AWS answers two requests a second for each account and region, so pages stream in with their progress; `Esc` stops and keeps the rows.

mod attribute;
mod detail;
mod fields;
mod model;
mod row;
mod update;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use attribute::{parse_attribute, show_attribute};
pub use detail::detail;
pub use model::{Model, Progress, Window};
pub use update::{available, copied, go_to, load, on_action, on_broken, on_message, search, stop, trail_of};

use crate::domain::event::{EventPage, Lookup};
use crate::domain::fault::Fault;
use crate::kit::effect::Slot;

crate::actions! { "trail" {
    Attribute = "attribute",  "Search AWS by one attribute, such as AccessKeyId=AKIA…", Safe, ["cloudtrail:LookupEvents"];
    Longer    = "longer",     "Search a longer time: 1 h, 24 h, 7 d, 90 d", Safe, ["cloudtrail:LookupEvents"];
    Shorter   = "shorter",    "Search a shorter time", Safe, ["cloudtrail:LookupEvents"];
    Everyone  = "everyone",   "Search without an attribute", Safe, ["cloudtrail:LookupEvents"];
    Failures  = "failures",   "Show only what failed or was denied, or all again", Safe, [];
    Writes    = "writes",     "Show only events that change something, or all again", Safe, [];
    Address   = "address",    "Show only events from the same address, or all again", Safe, [];
    Actor     = "actor",      "Search for everything the event's actor did", Safe, ["cloudtrail:LookupEvents"];
    Resource  = "resource",   "Search for everything that was done to the event's resource", Safe, ["cloudtrail:LookupEvents"];
    User      = "user",       "Go to the IAM user who did it", Safe, ["iam:ListUsers"];
    Keys      = "keys",       "Go to the access keys of the user who did it", Safe, ["iam:ListAccessKeys"];
} }

/// What the pane reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// `LookupEvents` in each region, in parallel, all pages.
    Lookup {
        /// The regions.
        regions: Vec<String>,
        /// Time range and attribute.
        lookup: Lookup,
    },
}

/// The IAM actions that the pane's reads call, for documents and the check of permissions.
pub const NEEDS: &[&str] = &["cloudtrail:LookupEvents"];

/// What comes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Msg {
    /// One page of one region.
    Page(EventPage),
    /// A region waits for its turn, or because AWS asked it to.
    Waiting {
        /// Which.
        region: String,
        /// Until when.
        until: Timestamp,
    },
    /// A region has ended.
    Ended {
        /// Which.
        region: String,
        /// How.
        result: Result<(), Fault>,
    },
}

/// The slot of the search.
pub const LOOKUP: Slot = Slot::new("trail.lookup");
