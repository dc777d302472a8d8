//! The one call that cannot be repeated, and what is done when nobody knows whether it was made (R1).

use super::Fact;
use super::event::{Found, Signer, Stranger, Task, Trouble};
use super::start::REMADE;
use super::turn::Turn;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::key::LastUsed;
use crate::domain::rotation::Choice;
use crate::rotation::service::{CreateFailed, Trace};

/// More refusals than this by a throttled AWS, and it is given up: about a minute.
const MOST_REFUSED: u32 = 9;

impl Turn<'_> {
    /// A process takes up a rotation whose create was announced.
    pub(super) fn resume_creating(&mut self, in_hand: bool) {
        match self.book.orphan.clone() {
            Some(orphan) => self.deactivate_orphan(&orphan),
            None if in_hand => self.task(Task::Escrow),
            None => self.task(Task::Reconcile),
        }
    }

    pub(super) fn created(&mut self, result: Result<String, CreateFailed>) {
        match result {
            Ok(key) => {
                self.fresh();
                self.run.hand = Some(key);
                self.task(Task::Escrow);
            }
            Err(CreateFailed::Uncertain(fault)) => {
                self.run.fault = Some(*fault);
                self.run.retries = 0;
                self.run.deadline = None;
                self.task(Task::Reconcile);
            }
            Err(CreateFailed::Refused(fault)) => self.not_created(*fault),
        }
    }

    /// AWS said no: there is no key.
    fn not_created(&mut self, fault: Fault) {
        self.record(Fact::NotCreated { why: fault.title() });
        let words = fault.to_string();
        let is_passing = matches!(fault.kind, FaultKind::Throttled { .. });
        let is_full = matches!(&fault.kind, FaultKind::Refused { code } if code == "LimitExceeded");
        self.run.fault = Some(fault);
        if is_passing {
            // Each attempt is announced anew.
            self.run.refused_creates += 1;
            if self.run.refused_creates > MOST_REFUSED {
                return self.abandon(format!("no key could be made: {words}"));
            }
            let pause = self.bounds.pause(self.run.refused_creates);
            self.pause(Task::Inventory, pause, &words);
        } else if is_full {
            self.abandon(format!("the user has two keys already, and AWS allows no third: {words}"));
        } else {
            self.abandon(format!("no key was made: {words}"));
        }
    }

    /// What there is after an uncertain create.
    pub(super) fn found(&mut self, found: Result<Found, Trouble>) {
        let found = match found {
            Ok(found) => found,
            Err(trouble) => {
                self.run.fault = trouble.fault().cloned();
                if trouble.may_pass() && self.again(Task::Reconcile, self.bounds.reconcile, &trouble.to_string()) {
                    return;
                }
                if trouble.is_gone() {
                    return self.abandon(format!("the user was deleted, and with it whatever key was made: {trouble}"));
                }
                let need = format!("whether a key was made cannot be found out: {trouble}");
                return self.ask(need, &[Choice::Continue], Some(Task::Reconcile));
            }
        };
        if found.user_id != self.book.planned.user_id {
            return self.abandon(REMADE);
        }
        // A failed write of the escrow may have come to disk all the same: what was removed since is no new key.
        if let Some(key) = found.escrowed.filter(|key| !self.book.removed.contains(key)) {
            self.fresh();
            self.record(Fact::Escrowed { key });
            return self.task(Task::Store);
        }
        let seen = self.book.intent.as_ref().map(|(seen, _)| seen.clone()).unwrap_or_default();
        let strangers: Vec<String> = found.keys.into_iter().map(|key| key.id).filter(|id| !seen.contains(id)).collect();
        if !strangers.is_empty() {
            return self.task(Task::Inspect(strangers));
        }
        self.not_listed();
    }

    /// No key that was not known before is listed.
    fn not_listed(&mut self) {
        if self.again(Task::Reconcile, self.bounds.reconcile, "no new key is listed so far") {
            return;
        }
        self.fresh();
        self.run.failed_creates += 1;
        self.record(Fact::NotCreated { why: "no new key is listed".into() });
        self.task(Task::Inventory);
    }

    /// Keys that nobody knew before the create, without a secret in the escrow.
    pub(super) fn strangers(&mut self, strangers: Result<Vec<Stranger>, Trouble>) {
        let strangers = match strangers {
            Ok(strangers) => strangers,
            Err(trouble) => {
                self.run.fault = trouble.fault().cloned();
                if trouble.may_pass() && self.again(Task::Reconcile, self.bounds.reconcile, &trouble.to_string()) {
                    return;
                }
                let need = format!("a key has come to be, and nothing can be found out about it: {trouble}");
                return self.ask(need, &[Choice::Continue], Some(Task::Reconcile));
            }
        };
        let is_stored = |stranger: &&Stranger| stranger.in_store == Some(true) && self.may_be_ours(stranger);
        if let Some(stored) = strangers.iter().find(is_stored) {
            let key = stored.key.clone();
            self.fresh();
            self.record(Fact::Stored { key });
            return self.prove();
        }
        match strangers.as_slice() {
            [] => self.not_listed(),
            [only] if self.is_surely_ours(only) => self.remove_orphan(&only.key.clone()),
            _ => {
                let ids = strangers.iter().map(|stranger| stranger.key.as_str()).collect::<Vec<_>>().join(", ");
                let need = format!(
                    "{ids} came to be when a key was made, and nobody has its secret; whether it was made by this program is not certain"
                );
                self.run.suspects = strangers.into_iter().map(|stranger| stranger.key).collect();
                self.ask(need, &[Choice::DeleteOrphan, Choice::Continue], Some(Task::Reconcile));
            }
        }
    }

    /// Whether a key can have been made by an announced create: young enough, no word of CloudTrail against it, and not one more than were
    /// announced.
    fn may_be_ours(&self, stranger: &Stranger) -> bool {
        let Some((_, at)) = &self.book.intent else { return false };
        let oldest = at.checked_sub(self.bounds.clock_tolerance).unwrap_or(*at);
        stranger.created.is_some_and(|created| created >= oldest)
            && stranger.trace != Some(Trace::Foreign)
            && self.book.removed.len() < self.book.intents as usize
    }

    /// Whether it surely was, and nobody has its secret: never used, in no store.
    fn is_surely_ours(&self, stranger: &Stranger) -> bool {
        self.may_be_ours(stranger) && stranger.last_used == Some(LastUsed::Never) && stranger.in_store == Some(false)
    }

    /// The operator says that the key may go.
    pub(super) fn delete_suspect(&mut self) {
        match self.run.suspects.pop() {
            Some(key) => self.remove_orphan(&key),
            None => self.go_on(false),
        }
    }

    fn remove_orphan(&mut self, key: &str) {
        self.fresh();
        self.record(Fact::OrphanIntent { key: key.to_owned() });
        self.deactivate_orphan(key);
    }

    fn deactivate_orphan(&mut self, key: &str) {
        self.task(Task::SetStatus { key: key.to_owned(), active: false, signer: Signer::Console });
    }

    /// An orphan is deactivated, then deleted.
    pub(super) fn orphan_step(&mut self, task: Task, result: Result<(), Trouble>) {
        match (task, result) {
            (Task::SetStatus { key, .. }, Ok(())) => self.task(Task::Delete { key, signer: Signer::Console }),
            (Task::Delete { key, .. }, Ok(())) => {
                self.fresh();
                self.run.failed_creates += 1;
                self.record(Fact::OrphanGone { key });
                self.task(Task::Inventory);
            }
            (task, Err(trouble)) => {
                if trouble.may_pass() && self.again(task.clone(), self.bounds.change, &trouble.to_string()) {
                    return;
                }
                let need = format!("a key without secret could not be removed: {trouble}");
                self.ask(need, &[Choice::Continue], Some(Self::anew(task, &trouble)));
            }
            (_, Ok(())) => self.go_on(false),
        }
    }
}
