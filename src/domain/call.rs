//! One call to AWS, as the activity pane lists it. Never its body: bodies may hold secrets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::text::Untrusted;

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Outcome {
    /// Sent, no answer yet.
    InFlight,
    /// An attempt failed and the SDK tries again: AWS's error code or a short reason.
    Retrying {
        /// AWS's error code or a short reason.
        reason: Untrusted,
    },
    /// Answered.
    Done,
    /// Failed for good: AWS's error code (or a short reason), and its message in full.
    Failed {
        /// AWS's error code or a short reason.
        code: Untrusted,
        /// AWS's message in full.
        message: Untrusted,
    },
    /// A change whose answer was lost: AWS may have done it.
    Unknown {
        /// AWS's error code or a short reason.
        code: Untrusted,
        /// Why there is no answer.
        message: Untrusted,
    },
    /// A change whose answer was lost, and what was read for a while afterwards.
    ReadBack {
        /// Whether it is in effect.
        in_effect: bool,
    },
    /// Given up because nobody wanted the answer any more.
    Cancelled,
    /// It was under way when records of calls were lost, its own end perhaps among them.
    LostTrack,
}

/// One call. The same `number` is sent again as the call goes on; the newest wins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiCall {
    /// Counted from 1 in this process.
    pub number: u64,
    /// SDK service id in small letters: `iam`, `guardduty`, …
    pub service: String,
    /// `ListUsers`, …
    pub operation: String,
    /// Signing region.
    pub region: String,
    /// When it was first sent.
    pub started: Timestamp,
    /// From first sending to the end of the last answer, waits between attempts included, in milliseconds.
    pub took_ms: Option<u64>,
    /// How many times it was sent.
    pub attempts: u32,
    /// How many of the answers were throttles.
    pub throttles: u32,
    /// `x-amzn-RequestId` of the last answer.
    pub request_id: Option<String>,
    /// State.
    pub outcome: Outcome,
}
