//! The state of a rotation: what its facts add up to.

use jiff::Timestamp;

use super::fact::{Fact, Planned};
use crate::domain::rotation::{Choice, Phase};

/// Everything that survives a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// How it began.
    pub planned: Planned,
    /// Where it stands.
    pub phase: Phase,
    /// When it came there.
    pub since: Timestamp,
    /// When it began.
    pub started: Timestamp,
    /// When each phase was reached.
    pub history: Vec<(Phase, Timestamp)>,
    /// When the last fact was written, on a clock that does not go back; or when the operator last spoke.
    pub last: Timestamp,
    /// How far the making of room for a new key has come.
    pub room: Room,
    /// Whether the second key was active until this rotation made it inactive.
    pub deactivated_other: bool,
    /// The ids that the user had before the create that was announced last, and when that was.
    pub intent: Option<(Vec<String>, Timestamp)>,
    /// How many creates were announced.
    pub intents: u32,
    /// A key without secret that is being removed.
    pub orphan: Option<String>,
    /// Keys made for this rotation and given up again; one of them may still lie in the escrow.
    pub removed: Vec<String>,
    /// The new key.
    pub new_key: Option<String>,
    /// Whether the new secret is in the escrow.
    pub escrowed: bool,
    /// When tools were first served the new key.
    pub promoted: Option<Timestamp>,
    /// End of soak or observation.
    pub until: Option<Timestamp>,
    /// How often the old key's use made the wait longer.
    pub extensions: u32,
    /// When the old key was last used, as far as it was watched.
    pub old_last_used: Option<Timestamp>,
    /// Why the old key is being made active again, where it is.
    pub reactivating: Option<String>,
    /// Whether the old key is gone.
    pub is_deleted: bool,
    /// Why the new key is being given up, where it is.
    pub rolling_back: Option<String>,
    /// Whether the new key is gone.
    pub is_rolled_back: bool,
    /// What the operator was asked last, until it is answered or overtaken.
    pub waiting: Option<(String, Vec<Choice>)>,
    /// Why it ended early.
    pub ended: Option<String>,
}

/// The making of room, where the user has two keys at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// There is room, or it has not begun.
    Untouched,
    /// The second key is being deactivated.
    Deactivating,
    /// It is inactive until then.
    Inactive(Timestamp),
    /// It is being deleted.
    Deleting,
    /// It is gone.
    Made,
}

impl Book {
    /// The book of a rotation that begins.
    pub fn new(planned: Planned, at: Timestamp) -> Self {
        Self {
            planned,
            phase: Phase::Planned,
            since: at,
            started: at,
            history: vec![(Phase::Planned, at)],
            last: at,
            room: Room::Untouched,
            deactivated_other: false,
            intent: None,
            intents: 0,
            orphan: None,
            removed: Vec::new(),
            new_key: None,
            escrowed: false,
            promoted: None,
            until: None,
            extensions: 0,
            old_last_used: None,
            reactivating: None,
            is_deleted: false,
            rolling_back: None,
            is_rolled_back: false,
            waiting: None,
            ended: None,
        }
    }

    /// The book of these facts; `None` where the first one is no beginning.
    pub fn of<'a>(facts: impl IntoIterator<Item = (&'a Fact, Timestamp)>) -> Option<Self> {
        let mut facts = facts.into_iter();
        let (Fact::Planned(planned), at) = facts.next()? else { return None };
        let mut book = Self::new(planned.as_ref().clone(), at);
        facts.for_each(|(fact, at)| book.note(fact, at));
        Some(book)
    }

    /// Adds a fact.
    pub fn note(&mut self, fact: &Fact, at: Timestamp) {
        // A clock that has gone back is found out anew by the next process, until a person has said to go on.
        self.last = if matches!(fact, Fact::Answered { .. }) { at } else { self.last.max(at) };
        if !matches!(fact, Fact::Waiting { .. }) {
            self.waiting = None;
        }
        match fact {
            Fact::Planned(_) | Fact::Answered { .. } => {}
            Fact::RoomIntent => {
                self.room = Room::Deactivating;
                self.deactivated_other = true;
            }
            Fact::RoomInactive { until } => self.room = Room::Inactive(*until),
            Fact::RoomDeleteIntent => self.room = Room::Deleting,
            Fact::RoomMade => self.room = Room::Made,
            Fact::Preparing => self.enter(Phase::Preflight, at),
            Fact::CreateIntent { seen } => {
                self.intent = Some((seen.clone(), at));
                self.intents += 1;
                self.enter(Phase::Creating, at);
            }
            Fact::NotCreated { .. } => self.enter(Phase::Preflight, at),
            Fact::OrphanIntent { key } => self.orphan = Some(key.clone()),
            Fact::OrphanGone { key } => {
                self.orphan = None;
                self.removed.push(key.clone());
                self.enter(Phase::Preflight, at);
            }
            Fact::Escrowed { key } => {
                self.new_key = Some(key.clone());
                self.escrowed = true;
                self.enter(Phase::Escrowed, at);
            }
            Fact::Stored { key } | Fact::Adopted { key } => {
                self.new_key = Some(key.clone());
                self.enter(Phase::Stored, at);
            }
            Fact::Verified => self.enter(Phase::Verified, at),
            Fact::RollBackIntent { why } => self.rolling_back = Some(why.clone()),
            Fact::RolledBack => self.is_rolled_back = true,
            Fact::Waiting { need, choices } => self.waiting = Some((need.clone(), choices.clone())),
            Fact::Aborted { why } => {
                self.ended = Some(why.clone());
                self.enter(Phase::Aborted, at);
            }
            _ => self.note_retirement(fact, at),
        }
    }

    /// The facts from the promotion on.
    fn note_retirement(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::Promoted { until } => {
                self.promoted = self.promoted.or(Some(at));
                self.until = Some(*until);
                self.enter(Phase::Soaking, at);
            }
            Fact::Extended { until, used } => {
                self.until = Some(*until);
                self.old_last_used = Some(*used);
                self.extensions += 1;
            }
            Fact::WaitSet { until } => self.until = Some(*until),
            Fact::DeactivateIntent => self.enter(Phase::Deactivating, at),
            Fact::Deactivated { until } => {
                self.until = Some(*until);
                self.extensions = 0;
                self.enter(Phase::Observing, at);
            }
            Fact::ReactivateIntent { why } => {
                self.reactivating = Some(why.clone());
                self.enter(Phase::Deactivating, at);
            }
            Fact::Reactivated => {
                self.reactivating = None;
                // The operator says when it goes on.
                self.until = None;
                self.enter(Phase::Soaking, at);
            }
            Fact::DeleteIntent => self.enter(Phase::Deleting, at),
            Fact::NotDeleted => self.enter(Phase::Observing, at),
            Fact::Deleted => self.is_deleted = true,
            Fact::Done => self.enter(Phase::Done, at),
            _ => {}
        }
    }

    fn enter(&mut self, phase: Phase, at: Timestamp) {
        self.phase = phase;
        self.since = at;
        self.history.push((phase, at));
    }

    /// The ids that belong to this rotation: known at its start or made by it.
    pub fn knows(&self, key: &str) -> bool {
        let planned = &self.planned;
        key == planned.old_key
            || self.new_key.as_deref() == Some(key)
            || planned.other.as_ref().is_some_and(|(other, _)| other == key)
    }
}
