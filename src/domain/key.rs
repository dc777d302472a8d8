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

/// How many days an active key may be old; an older one wants to be rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AgeLimit(i64);

impl AgeLimit {
    /// The greatest limit: ten years. AWS itself lets a key grow as old as it likes.
    pub const MOST_DAYS: i64 = 3650;

    /// Reads `90d`: whole days, 1 to [`Self::MOST_DAYS`].
    ///
    /// # Errors
    /// It is something else; says what can be written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let days = text.trim().strip_suffix('d').and_then(|number| number.trim_end().parse().ok());
        let days = days.filter(|days| (1..=Self::MOST_DAYS).contains(days));
        days.map(Self).ok_or_else(|| format!("{text:?} is no age limit; write whole days from 1d to {}d", Self::MOST_DAYS))
    }

    /// The limit in days.
    pub fn days(self) -> i64 {
        self.0
    }
}

impl Default for AgeLimit {
    /// 90 days, as the CIS AWS benchmark and Security Hub have it.
    fn default() -> Self {
        Self(90)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_whole_days_within_ten_years() {
        assert_eq!(AgeLimit::parse("45d").map(AgeLimit::days), Ok(45));
        for wrong in ["", "90", "0d", "-1d", "1.5d", "3651d", "12h", "99999999999999999999d", "d"] {
            assert!(AgeLimit::parse(wrong).unwrap_err().contains("from 1d to 3650d"), "{wrong}");
        }
    }
}
