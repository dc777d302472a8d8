//! Access keys, as the keys pane shows them. Only ids: a secret never comes near this type.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::change::ChangeNote;
use super::known::Known;
use super::text::Untrusted;

/// `Status` of an access key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    /// Can be used.
    Active,
    /// Switched off; can be switched on again.
    Inactive,
    /// Ended by AWS.
    Expired,
    /// A word AWS added after this was written.
    Other(String),
}

impl KeyStatus {
    /// Reads AWS's word.
    pub fn from_word(word: &str) -> Self {
        match word {
            "Active" => Self::Active,
            "Inactive" => Self::Inactive,
            "Expired" => Self::Expired,
            other => Self::Other(other.into()),
        }
    }

    /// AWS's word.
    pub fn word(&self) -> &str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
            Self::Expired => "Expired",
            Self::Other(word) => word,
        }
    }
}

/// When and for what a key was last used (`GetAccessKeyLastUsed`; AWS counts in steps of 15 minutes).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastUsed {
    /// Not since AWS records it (22 April 2015).
    Never,
    /// The last use.
    At {
        /// `LastUsedDate`.
        when: Timestamp,
        /// `ServiceName`, or `N/A`.
        service: Untrusted,
        /// `Region`, or `N/A`.
        region: Untrusted,
    },
}

/// What tells one key from another before its id is known: the report gives owner and position only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyHandle {
    /// Owner.
    pub user: Untrusted,
    /// 1 or 2, oldest first.
    pub ordinal: u8,
}

/// One row of the keys pane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessKey {
    /// Owner and position.
    pub handle: KeyHandle,
    /// `AccessKeyId`; the credential report does not tell it.
    pub id: Known<Untrusted>,
    /// `Status`; the report knows only active or not.
    pub status: Known<KeyStatus>,
    /// `CreateDate`, or the report's `access_key_N_last_rotated`.
    pub created: Known<Timestamp>,
    /// Last use.
    pub last_used: Known<LastUsed>,
    /// What became of the last change that this console asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeNote>,
}

/// An active key older than this many days wants to be rotated: the limit of the CIS AWS benchmark and of Security Hub.
pub const ROTATION_LIMIT_DAYS: i64 = 90;
