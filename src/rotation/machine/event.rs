//! What happens to a rotation, and what it wants done.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::fact::Fact;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::key::{KeyStatus, LastUsed};
use crate::domain::rotation::{Choice, Wait};
use crate::rotation::service::{CheckFailed, CreateFailed, KeyFacts, Trace};
use crate::rotation::stores::{StoreError, StoreErrorKind};

/// The present time, twice: the wall clock for soak and observation, a clock that never jumps for bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Wall clock.
    pub utc: Timestamp,
    /// Since any fixed moment of this process.
    pub steady: Duration,
}

/// Who signs a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// The console's own credentials.
    Console,
    /// The new key: a dead new key cannot disable the old one.
    NewKey,
}

/// One job with one outcome. Whoever does it finds ids, store and signer's secret in the [`super::Book`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Read keys, user, caller, and the second key's last use.
    Inventory,
    /// Try the store; make the data key and read it back; set room for escrow and journal aside.
    Prepare,
    /// Read the second key's secret from the store: it is to be the new key.
    Adopt,
    /// `CreateAccessKey`, once. The secret stays in the hand of whoever does this.
    Create,
    /// Encrypt the secret in the hand onto the disk.
    Escrow,
    /// List keys, and look into the escrow.
    Reconcile,
    /// Find out about keys that came to be around an uncertain create.
    Inspect(Vec<String>),
    /// Put the secret (in the hand, else in the escrow) into the store and read it back.
    Store,
    /// Read the secret from the store and use it.
    Check,
    /// Lift the policies that a containment has put: a renewal's new key could do nothing under them.
    Lift,
    /// Serve the new key, and read that it is served.
    Promote,
    /// Serve the old key again, where it was served before.
    Demote,
    /// When a key was last used.
    LastUsed,
    /// Set a key's status, and see it listed so.
    SetStatus {
        /// Which.
        key: String,
        /// Active, else inactive.
        active: bool,
        /// Who signs.
        signer: Signer,
    },
    /// Delete a key that is listed as inactive, and see it gone.
    Delete {
        /// Which.
        key: String,
        /// Who signs.
        signer: Signer,
    },
    /// Forget this key in the store, where given; then shred the escrow and its data key.
    Finish(Option<String>),
}

/// What an inventory found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// `UserId` of the user.
    pub user_id: String,
    /// The keys, oldest first.
    pub keys: Vec<KeyFacts>,
    /// The second key's last use, where there is one that is to be retired.
    pub other_last_used: Option<LastUsed>,
}

/// What was found around an uncertain create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// `UserId` of the user.
    pub user_id: String,
    /// The keys, oldest first.
    pub keys: Vec<KeyFacts>,
    /// The key whose secret is in the escrow.
    pub escrowed: Option<String>,
}

/// What is known of a key that came to be around an uncertain create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// Its id.
    pub key: String,
    /// `CreateDate`.
    pub created: Option<Timestamp>,
    /// Its last use; `None`: could not be read.
    pub last_used: Option<LastUsed>,
    /// Whether the store has its secret; `None`: could not be read.
    pub in_store: Option<bool>,
    /// What CloudTrail says; `None`: could not be read.
    pub trace: Option<Trace>,
}

/// Why a task failed.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// A call failed.
    Call(Box<Fault>),
    /// A store or the keyring failed.
    Store(StoreError),
    /// The disk failed: escrow.
    Disk(String),
    /// The secret is in neither hand nor escrow nor store.
    SecretLost(String),
    /// The call was made and does not show yet.
    NotSeen(String),
    /// The key to be deleted is active.
    StillActive,
    /// Somebody else's work was found; needs a person.
    Foreign(String),
}

impl Trouble {
    /// Whether the same task may succeed without anybody having done anything.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Call(fault) => matches!(
                fault.kind,
                FaultKind::Throttled { .. }
                    | FaultKind::Offline
                    | FaultKind::TimedOut
                    | FaultKind::Malformed
                    | FaultKind::Unavailable
                    | FaultKind::Expired
                    | FaultKind::UnknownIdentity
            ),
            Self::Store(error) => error.kind.may_pass() || error.kind == StoreErrorKind::Changed,
            // A replica that has not heard of the deactivation lists the key as active, even after another listed it as inactive.
            Self::NotSeen(_) | Self::StillActive => true,
            Self::Disk(_) | Self::SecretLost(_) | Self::Foreign(_) => false,
        }
    }

    /// Whether AWS does not know the key that signed.
    fn is_dead_key(&self) -> bool {
        matches!(self, Self::Call(fault) if matches!(fault.kind, FaultKind::UnknownIdentity | FaultKind::RegionDisabled))
    }

    /// Whether the key that was to sign cannot: AWS does not know it, or its secret is not there.
    pub fn is_of_signer(&self) -> bool {
        self.is_dead_key() || matches!(self, Self::SecretLost(_))
    }

    /// Whether what was asked about is not there.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Call(fault) if fault.kind == FaultKind::NotFound)
    }

    /// The fault, where a call failed.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Call(fault) => Some(fault),
            _ => None,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(fault) => fault.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::Disk(words) | Self::SecretLost(words) | Self::NotSeen(words) | Self::Foreign(words) => f.write_str(words),
            Self::StillActive => {
                f.write_str("the key is listed as active: somebody has made it active again, or the list is old")
            }
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Box<Fault>> for Trouble {
    fn from(fault: Box<Fault>) -> Self {
        Self::Call(fault)
    }
}

/// Why a check of the new key failed.
#[derive(Debug, Clone, PartialEq)]
pub enum CheckTrouble {
    /// AWS says so.
    Key(CheckFailed),
    /// The store does not have the secret, or another one.
    NotInStore(String),
    /// The store could not be read.
    Store(StoreError),
}

impl fmt::Display for CheckTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(
                CheckFailed::Unknown(fault)
                | CheckFailed::WrongSecret(fault)
                | CheckFailed::Clock(fault)
                | CheckFailed::Call(fault),
            ) => fault.fmt(f),
            Self::Key(CheckFailed::WrongUser(words)) | Self::NotInStore(words) => f.write_str(words),
            Self::Store(error) => error.fmt(f),
        }
    }
}

/// What came of a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Of [`Task::Inventory`].
    Inventory(Result<Inventory, Trouble>),
    /// Of [`Task::Create`]: the new key's id.
    Created(Result<String, CreateFailed>),
    /// Of [`Task::Reconcile`].
    Found(Result<Found, Trouble>),
    /// Of [`Task::Inspect`].
    Strangers(Result<Vec<Stranger>, Trouble>),
    /// Of [`Task::Check`].
    Checked(Result<(), CheckTrouble>),
    /// Of [`Task::LastUsed`], about the old key.
    LastUsed(Result<LastUsed, Trouble>),
    /// Of every other task.
    Done(Result<(), Trouble>),
}

/// What happens to a rotation.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A process has taken it up. `in_hand`: it holds the secret of this key, which is on no disk yet.
    TakenUp {
        /// `AccessKeyId`.
        in_hand: Option<String>,
    },
    /// The task that was asked for is done.
    Outcome(Outcome),
    /// The time that was waited for has come.
    Woke,
    /// The operator has spoken.
    Answer(Choice),
}

/// What a rotation wants, in order. After [`Effect::Do`], [`Effect::Wait`] and [`Effect::End`] nothing follows.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Write this down, durably, before anything that follows. If it cannot be written, nothing that follows may be done.
    Record(Fact),
    /// Do this and tell what came of it.
    Do(Task),
    /// Wait for the operator, and at most so long; `None`: for the operator alone.
    Wait(Wait, Option<Duration>),
    /// Nothing more will come.
    End,
}

/// Whether a listed key is active; `None`: it is not listed.
pub fn is_active(keys: &[KeyFacts], id: &str) -> Option<bool> {
    keys.iter().find(|key| key.id == id).map(|key| key.status == KeyStatus::Active)
}
