//! CloudTrail events, decoded from the JSON text that `LookupEvents` and log files hold.

mod decode;
mod detail;
mod member;
mod outcome;
mod target;

pub use decode::decode;
pub use detail::detail;
pub use outcome::Outcome;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::evidence::Evidence;
use crate::domain::text::Untrusted;

/// One row of the trail pane. Everything else is read from `raw` when the detail opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// `eventID`.
    pub id: Untrusted,
    /// `eventTime`.
    pub time: Timestamp,
    /// `eventName`.
    pub name: Untrusted,
    /// `eventSource`, such as `iam.amazonaws.com`.
    pub source: Untrusted,
    /// `awsRegion`.
    pub region: Untrusted,
    /// `recipientAccountId`, or `userIdentity.accountId`.
    pub account: Untrusted,
    /// Who did it, in one short name: user, role/session, service, root.
    pub actor: Untrusted,
    /// `userIdentity.type`.
    pub actor_type: Untrusted,
    /// For an assumed role: the issuer's ARN (`sessionContext.sessionIssuer.arn`).
    pub issuer: Option<Untrusted>,
    /// `userIdentity.accessKeyId`.
    pub access_key: Option<Untrusted>,
    /// What it was done to, by a rule over the names of the operation and its members; `None` where the record does not say.
    pub target: Option<Untrusted>,
    /// The other things that it was done to in the same call, at most 50 (`TerminateInstances` takes a list).
    #[serde(default)]
    pub more_targets: Vec<Untrusted>,
    /// `sourceIPAddress`: an address or an AWS service's name.
    pub origin: Untrusted,
    /// `userAgent`.
    pub user_agent: Untrusted,
    /// What became of it, by the whole record.
    pub outcome: Outcome,
    /// Where it failed: `errorCode`, or the words in which the record says so without one.
    pub error: Option<Untrusted>,
    /// `readOnly`.
    pub read_only: Option<bool>,
    /// Whether only what AWS tells beside the record is known: the outcome is not.
    pub partial: bool,
    /// The event as AWS sent it.
    pub raw: Evidence,
}

impl Event {
    /// The account of who did it (`userIdentity.accountId`), which may be another than the one in which it was done; `None`: the record does
    /// not say. It is read from the record: the row has no use for it.
    pub fn account_of_caller(&self) -> Option<String> {
        let record: serde_json::Value = serde_json::from_str(&self.raw.text()).ok()?;
        let account = record.pointer("/userIdentity/accountId")?.as_str()?;
        Some(account.to_owned()).filter(|account| !account.is_empty())
    }
}

/// The attributes that `LookupEvents` can search by; a request takes exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookupKey {
    /// `AccessKeyId`.
    AccessKeyId,
    /// `EventId`.
    EventId,
    /// `EventName`.
    EventName,
    /// `EventSource`.
    EventSource,
    /// `ReadOnly`: `true` or `false`.
    ReadOnly,
    /// `ResourceName`.
    ResourceName,
    /// `ResourceType`.
    ResourceType,
    /// `Username`.
    Username,
}

impl LookupKey {
    /// All of them, in the order of the API reference.
    pub const ALL: [Self; 8] = [
        Self::AccessKeyId,
        Self::EventId,
        Self::EventName,
        Self::EventSource,
        Self::ReadOnly,
        Self::ResourceName,
        Self::ResourceType,
        Self::Username,
    ];

    /// AWS's word, which is also what the query language uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::AccessKeyId => "AccessKeyId",
            Self::EventId => "EventId",
            Self::EventName => "EventName",
            Self::EventSource => "EventSource",
            Self::ReadOnly => "ReadOnly",
            Self::ResourceName => "ResourceName",
            Self::ResourceType => "ResourceType",
            Self::Username => "Username",
        }
    }
}

/// What to look up: a time range and at most one attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// Oldest time wanted. Event history reaches back 90 days.
    pub from: Timestamp,
    /// Newest time wanted.
    pub to: Timestamp,
    /// The attribute and its value.
    pub attribute: Option<(LookupKey, String)>,
}

/// What another pane wants searched: how far, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// How far.
    pub reach: Reach,
    /// The attribute and its value.
    pub attribute: Option<(LookupKey, String)>,
}

/// How far a search reaches. Where it reaches to now, that is the time at which it is made, each time anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The last so many days.
    Days(u16),
    /// From an hour before a finding was first seen: to now while it is current, as whatever caused it may go on, else to an hour after it was
    /// last seen.
    Finding {
        /// Oldest time.
        from: Timestamp,
        /// Newest time; `None`: now.
        to: Option<Timestamp>,
    },
    /// From an hour before an event to an hour after it.
    Event {
        /// Oldest time.
        from: Timestamp,
        /// Newest time, which may be still to come.
        to: Timestamp,
    },
}

/// Event history reaches back ninety days, and AWS refuses a beginning before them.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

impl Reach {
    /// Around a finding. AWS may say any time, also one at the end of what can be written.
    pub fn of_finding(first: Timestamp, last: Timestamp, is_current: bool) -> Self {
        let to = last.max(first).saturating_add(HOUR).unwrap_or(Timestamp::MAX);
        Self::Finding { from: before(first, HOUR), to: (!is_current).then_some(to) }
    }

    /// Around an event.
    pub fn of_event(at: Timestamp) -> Self {
        Self::Event { from: before(at, HOUR), to: at.saturating_add(HOUR).unwrap_or(Timestamp::MAX) }
    }

    /// Oldest and newest time of a search that is made now.
    pub fn range(self, now: Timestamp) -> (Timestamp, Timestamp) {
        let (from, to) = match self {
            Self::Days(days) => (before(now, SignedDuration::from_hours(24 * i64::from(days))), now),
            Self::Finding { from, to } => (from.clamp(before(now, KEPT), now), to.unwrap_or(now).min(now)),
            // An event of any age is there: what serves it has older ones, too.
            Self::Event { from, to } => (from, to.min(now).max(from.saturating_add(HOUR).unwrap_or(Timestamp::MAX))),
        };
        (from, to.max(from))
    }

    /// How it is called, with its times.
    pub fn words(self) -> String {
        let clock = |at: Timestamp| at.strftime("%m-%d %H:%M").to_string();
        match self {
            Self::Days(days) => format!("last {days} d"),
            Self::Finding { from, to: None } => format!("{} to now, from 1 h before first seen", clock(from)),
            Self::Finding { from, to: Some(to) } => {
                format!("{} to {}Z, from 1 h before first to 1 h after last seen", clock(from), clock(to))
            }
            Self::Event { from, to } => format!("{} to {}Z, 1 h around the event", clock(from), clock(to)),
        }
    }
}

fn before(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

/// One page of one region's answer, and how far the search has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventPage {
    /// The region that answered.
    pub region: String,
    /// How many pages this region has given, this one included.
    pub pages: u32,
    /// Newest first.
    pub events: Vec<Event>,
    /// Records of the page that could not be decoded; they are counted, not hidden.
    pub undecoded: u32,
    /// Whether AWS has more.
    pub more: bool,
}

#[cfg(test)]
mod tests;
