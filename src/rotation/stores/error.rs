//! What goes wrong in a store, in words that never hold a secret.

use serde::{Deserialize, Serialize};

/// What kind of trouble it is: decides what the operator is told and whether waiting helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreErrorKind {
    /// It has to be unlocked by a person.
    Locked,
    /// There is no such place: no keyring daemon, no section, no secret of that name.
    Absent,
    /// No room: disk, quota, limit of a value's size.
    Full,
    /// It can be read and not written.
    ReadOnly,
    /// Somebody else changed it meanwhile.
    Changed,
    /// Not allowed.
    Denied,
    /// No answer within the deadline; the call may still be done.
    Blocking,
    /// What is there cannot be understood, or is not what was put there.
    Corrupt,
    /// Anything else.
    Other,
}

impl StoreErrorKind {
    /// Whether the same call may work later without anybody having done anything.
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Blocking | Self::Other)
    }
}

/// Trouble with a store. Neither `Display` nor `Debug` can hold a secret: the texts are ours, never a library's that saw one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{store}: {message}; {advice}")]
pub struct StoreError {
    /// What kind.
    pub kind: StoreErrorKind,
    /// The store's name.
    pub store: String,
    /// What happened.
    pub message: String,
    /// What to do.
    pub advice: String,
}

impl StoreError {
    /// Trouble of a kind, with the kind's advice.
    pub fn new(kind: StoreErrorKind, store: &str, message: impl Into<String>) -> Self {
        Self { kind, store: store.to_owned(), message: message.into(), advice: advice(kind).to_owned() }
    }

    /// The same with other advice.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }
}

fn advice(kind: StoreErrorKind) -> &'static str {
    match kind {
        StoreErrorKind::Locked => "unlock it, then continue",
        StoreErrorKind::Absent => "make it, or choose another store",
        StoreErrorKind::Full => "make room, then continue",
        StoreErrorKind::ReadOnly => "make it writable, then continue",
        StoreErrorKind::Changed => "look at what is there now, then continue or roll back",
        StoreErrorKind::Denied => "get the permission, then continue",
        StoreErrorKind::Blocking => "look for a dialog that waits for an answer, then continue",
        StoreErrorKind::Corrupt => "repair it by hand or choose another store; nothing was changed",
        StoreErrorKind::Other => "try again",
    }
}
