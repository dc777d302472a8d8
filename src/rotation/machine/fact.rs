//! What is written down of a rotation: each fact is durable before the next step is taken, and all of them together are its state.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::rotation::{Choice, EscrowKey, OtherKey, RotationId, StoreChoice};

/// How a rotation begins: everything that stays the same to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Its name.
    pub id: RotationId,
    /// Twelve digits.
    pub account: String,
    /// `UserName`.
    pub user: String,
    /// `UserId`: the new key must belong to it.
    pub user_id: String,
    /// The key to be retired.
    pub old_key: String,
    /// The second key that the user had at the start, and what becomes of it.
    pub other: Option<(String, OtherKey)>,
    /// Where the new secret goes.
    pub store: StoreChoice,
    /// Where the escrow's key is kept.
    pub escrow: EscrowKey,
    /// Whether the console signs with the old key.
    pub own_key: bool,
    /// How long both keys stay active.
    pub soak: SignedDuration,
    /// How long the old key stays inactive before it is deleted.
    pub observe: SignedDuration,
    /// Where else the key to be retired stood when it began: these places are dead once it is inactive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<String>,
    /// Whether it is a renewal: the old key is taken for leaked. It is inactive at the start, never becomes active again, and is deleted when
    /// the operator says so.
    #[serde(default)]
    pub renew: bool,
}

/// One durable step. Intents come before the call that they announce, the others after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fact")]
pub enum Fact {
    /// It begins.
    Planned(Box<Planned>),
    /// The second key is about to be made inactive.
    RoomIntent,
    /// The second key is inactive, and stays so until then.
    RoomInactive {
        /// When it may be deleted.
        until: Timestamp,
    },
    /// The second key is about to be deleted.
    RoomDeleteIntent,
    /// There is room for a new key.
    RoomMade,
    /// The preparations have begun.
    Preparing,
    /// `CreateAccessKey` is about to be called, once.
    CreateIntent {
        /// The ids that the user had before.
        seen: Vec<String>,
    },
    /// The call made no key.
    NotCreated {
        /// How that is known.
        why: String,
    },
    /// A key whose secret was lost is about to be deactivated and deleted.
    OrphanIntent {
        /// Its id.
        key: String,
    },
    /// It is gone.
    OrphanGone {
        /// Its id.
        key: String,
    },
    /// The new secret is encrypted on disk.
    Escrowed {
        /// The new key.
        key: String,
    },
    /// The new secret was read back from its store.
    Stored {
        /// The new key.
        key: String,
    },
    /// The second key is the new key.
    Adopted {
        /// Its id.
        key: String,
    },
    /// The new key has worked several times in a row.
    Verified,
    /// Tools are served the new key.
    Promoted {
        /// End of the soak.
        until: Timestamp,
    },
    /// The old key was used again: the wait is longer.
    Extended {
        /// Its new end.
        until: Timestamp,
        /// When the old key was used.
        used: Timestamp,
    },
    /// The operator set the end of the wait: now, or once more the whole of it.
    WaitSet {
        /// Its new end.
        until: Timestamp,
    },
    /// The old key is about to be made inactive.
    DeactivateIntent,
    /// The old key is inactive and the new one works without it.
    Deactivated {
        /// End of the observation.
        until: Timestamp,
    },
    /// The old key is about to be made active again.
    ReactivateIntent {
        /// Why.
        why: String,
    },
    /// The old key is active; what was done to it was undone or did not happen.
    Reactivated,
    /// The old key is about to be deleted.
    DeleteIntent,
    /// The deletion did not happen: the old key is still there, inactive.
    NotDeleted,
    /// The old key is gone.
    Deleted,
    /// The new key is about to be given up.
    RollBackIntent {
        /// Why.
        why: String,
    },
    /// The new key is gone.
    RolledBack,
    /// The operator is needed. Only for the board: whoever takes the rotation up again finds out anew.
    Waiting {
        /// What and why.
        need: String,
        /// What can be answered.
        choices: Vec<Choice>,
    },
    /// What the operator said.
    Answered {
        /// The answer.
        choice: Choice,
    },
    /// The old key is gone, the escrow shredded.
    Done,
    /// It ended before its time.
    Aborted {
        /// Why.
        why: String,
    },
}
