//! The new secret on its way: escrow, store, proof that it works, promotion.

use super::Fact;
use super::event::{CheckTrouble, Task, Trouble};
use super::turn::Turn;
use crate::domain::rotation::{Choice, Phase};
use crate::rotation::service::CheckFailed;

impl Turn<'_> {
    /// The escrow was written, or not. It was set aside before the create, so failing is rare; then the store is tried at once.
    pub(super) fn escrowed(&mut self, result: Result<(), Trouble>) {
        match (result, self.run.hand.clone()) {
            (Ok(()), Some(key)) => {
                self.fresh();
                self.record(Fact::Escrowed { key });
                self.task(Task::Store);
            }
            (Err(_), Some(_)) => self.task(Task::Store),
            // Without a secret in hand there is nothing to encrypt.
            (_, None) => self.task(Task::Reconcile),
        }
    }

    pub(super) fn stored(&mut self, result: Result<(), Trouble>) {
        let from_hand = self.book.phase == Phase::Creating;
        let key = self.book.new_key.clone().or_else(|| self.run.hand.clone());
        match (result, key) {
            (Ok(()), Some(key)) => {
                self.fresh();
                if self.book.phase < Phase::Stored {
                    self.record(Fact::Stored { key });
                }
                self.prove();
            }
            (Ok(()), None) => self.go_on(false),
            (Err(trouble), Some(key)) if from_hand => {
                // Neither escrow nor store took it: better no key than one whose secret lies in memory alone.
                self.record(Fact::OrphanIntent { key: key.clone() });
                self.run.fault = trouble.fault().cloned();
                self.run.hand = None;
                self.task(Task::SetStatus { key, active: false, signer: super::Signer::Console });
            }
            (Err(Trouble::SecretLost(words)), _) => {
                self.ask(format!("the new secret is lost: {words}"), &[Choice::Continue, Choice::RollBack], Some(Task::Store));
            }
            (Err(trouble), _) => {
                if trouble.may_pass() && self.again(Task::Store, self.bounds.change, &trouble.to_string()) {
                    return;
                }
                let need = format!("the new secret is safe in the escrow, but its store does not take it: {trouble}");
                self.ask(need, &[Choice::Continue, Choice::RollBack], Some(Task::Store));
            }
        }
    }

    /// The new secret is in its store: it is tried, in a renewal once the policies of the containment are lifted. Their lifting is no fact of its
    /// own, as it may be done any number of times.
    pub(super) fn prove(&mut self) {
        let must_lift = self.book.planned.renew && !self.run.is_lifted;
        self.task(if must_lift { Task::Lift } else { Task::Check });
    }

    pub(super) fn lifted(&mut self, result: Result<(), Trouble>) {
        match result {
            Ok(()) => {
                self.fresh();
                self.run.is_lifted = true;
                self.task(Task::Check);
            }
            Err(trouble) => {
                if trouble.may_pass() && self.again(Task::Lift, self.bounds.change, &trouble.to_string()) {
                    return;
                }
                let need =
                    format!("the new secret is stored, but the policies of the containment could not be lifted: {trouble}");
                self.ask(need, &[Choice::Continue, Choice::RollBack], Some(Task::Lift));
            }
        }
    }

    /// A check of the new key: what it leads to depends on where the rotation stands.
    pub(super) fn checked(&mut self, result: Result<(), CheckTrouble>) {
        match (self.book.phase, result) {
            (Phase::Stored, Ok(())) => self.one_more_success(),
            (Phase::Stored, Err(trouble)) => self.not_yet_proven(trouble),
            (_, Ok(())) => {
                self.fresh();
                self.after_check();
            }
            (_, Err(trouble)) => self.stopped_working(trouble),
        }
    }

    fn one_more_success(&mut self) {
        self.run.fault = None;
        self.run.retries = 0;
        self.run.checks = self.run.checks.saturating_add(1);
        if self.run.checks < self.bounds.checks {
            let why = format!("works: {} of {} times in a row", self.run.checks, self.bounds.checks);
            return self.pause(Task::Check, self.bounds.spacing, &why);
        }
        self.fresh();
        self.record(Fact::Verified);
        self.task(Task::Promote);
    }

    fn not_yet_proven(&mut self, trouble: CheckTrouble) {
        self.run.checks = 0;
        let words = trouble.to_string();
        if let CheckTrouble::Key(
            CheckFailed::Unknown(fault) | CheckFailed::Call(fault) | CheckFailed::WrongSecret(fault) | CheckFailed::Clock(fault),
        ) = &trouble
        {
            self.run.fault = Some(fault.as_ref().clone());
        }
        let next = match &trouble {
            // What is in the store is not what AWS gave: once more from the escrow.
            CheckTrouble::Key(CheckFailed::WrongSecret(_)) | CheckTrouble::NotInStore(_) if self.book.escrowed => Task::Store,
            _ => Task::Check,
        };
        let is_clock = matches!(trouble, CheckTrouble::Key(CheckFailed::Clock(_)));
        let retry = self.run.retries.saturating_add(1);
        let pause = match &trouble {
            CheckTrouble::Key(CheckFailed::Unknown(_)) => self.bounds.arrival(retry),
            _ => self.bounds.pause(retry),
        };
        if !is_clock && self.again_after(pause, next.clone(), self.bounds.propagation, &words) {
            return;
        }
        let need = format!("the new key does not work: {words}");
        self.ask(need, &[Choice::Continue, Choice::RollBack], Some(next));
    }

    pub(super) fn promoted(&mut self, result: Result<(), Trouble>) {
        match result {
            Ok(()) => {
                self.fresh();
                let until = if self.book.planned.renew { self.now.utc } else { self.later(self.book.planned.soak) };
                self.record(Fact::Promoted { until });
                self.soak();
            }
            Err(trouble) => {
                if trouble.may_pass() && self.again(Task::Promote, self.bounds.change, &trouble.to_string()) {
                    return;
                }
                let need = format!("the new key works, but its store does not serve it: {trouble}");
                self.ask(need, &[Choice::Continue, Choice::RollBack], Some(Task::Promote));
            }
        }
    }
}
