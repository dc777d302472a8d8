//! The old key on its way out: soak, deactivation, observation, deletion.

use jiff::{SignedDuration, Timestamp};

use super::Fact;
use super::event::{CheckTrouble, Signer, Task, Trouble};
use super::turn::Turn;
use crate::domain::key::LastUsed;
use crate::domain::rotation::{Choice, Phase};
use crate::rotation::service::CheckFailed;

/// More extensions than this, and a person has to look who still uses the old key.
const MOST_EXTENSIONS: u32 = 3;

impl Turn<'_> {
    /// Both keys are active; tools are served the new one.
    pub(super) fn soak(&mut self) {
        if self.book.planned.renew {
            // The old key has been inactive all the time, and nothing is waited for but the operator's word.
            self.record(Fact::Deactivated { until: self.now.utc });
            return self.observe();
        }
        let choices = [Choice::Continue, Choice::RollBack, Choice::Abort];
        match self.book.until {
            None => {
                let need = "the old key is active again; continue to wait out the soak once more";
                self.ask(need, &choices, None);
            }
            Some(until) => self.wait_or_look(until, self.book.planned.soak),
        }
    }

    /// The old key is inactive.
    pub(super) fn observe(&mut self) {
        if self.book.planned.renew {
            let need = format!(
                "the new key is in use, and {}, taken for leaked, stays inactive: skip the wait to delete it, for good",
                self.book.planned.old_key
            );
            return self.ask(need, &[Choice::SkipWait, Choice::RollBack, Choice::Abort], None);
        }
        let until = self.book.until.unwrap_or(self.now.utc);
        self.wait_or_look(until, self.book.planned.observe);
    }

    /// Waits, or goes on when the time has come: after one more look at the old key's use, unless no wait was wanted.
    fn wait_or_look(&mut self, until: Timestamp, wanted: SignedDuration) {
        if self.now.utc < self.book.last.checked_sub(self.bounds.clock_tolerance).unwrap_or(self.book.last) {
            let need = "this machine's clock has gone back behind the journal's last record: set it right, then continue";
            return self.ask(need, &[Choice::Continue], None);
        }
        if self.now.utc < until {
            self.wait_until(until);
        } else if wanted.is_zero() {
            self.task(Task::Check);
        } else {
            self.task(Task::LastUsed);
        }
    }

    /// The old key's last use was looked at.
    pub(super) fn old_used(&mut self, used: Result<LastUsed, Trouble>) {
        let is_soaking = self.book.phase == Phase::Soaking;
        let Some(until) = self.book.until.filter(|_| is_soaking || self.book.phase == Phase::Observing) else {
            return self.go_on(false);
        };
        let wanted = if is_soaking { self.book.planned.soak } else { self.book.planned.observe };
        match used {
            Ok(used) => self.judge_use(&used, until, wanted),
            Err(trouble) if self.now.utc < until => {
                // It is looked at again in time.
                self.run.fault = trouble.fault().cloned();
                self.wait_until(until);
            }
            Err(trouble) => {
                self.run.fault = trouble.fault().cloned();
                if trouble.may_pass() && self.again(Task::LastUsed, self.bounds.change, &trouble.to_string()) {
                    return;
                }
                let need = format!("whether the old key is still used cannot be read: {trouble}; continue without knowing?");
                let choices =
                    if is_soaking { [Choice::Continue, Choice::RollBack] } else { [Choice::Continue, Choice::Reactivate] };
                self.ask(need, &choices, Some(Task::Check));
            }
        }
    }

    fn judge_use(&mut self, used: &LastUsed, until: Timestamp, wanted: SignedDuration) {
        self.fresh();
        let when = match used {
            LastUsed::At { when, .. } => Some(*when),
            LastUsed::Never => None,
        };
        // The console's own calls by its old key are no stranger's.
        let since = self.book.since.max(self.book.old_last_used.unwrap_or(Timestamp::MIN));
        let again = when.filter(|when| *when > since && !self.book.planned.own_key);
        let Some(used) = again else {
            if self.now.utc < until {
                self.wait_until(until)
            } else {
                self.task(Task::Check)
            }
            return;
        };
        let longer = used.checked_add(wanted).unwrap_or(Timestamp::MAX).max(until);
        self.record(Fact::Extended { until: longer, used });
        if self.book.extensions > MOST_EXTENSIONS {
            let need = "the old key is still being used: find out by whom, then continue to wait, skip the wait or go back";
            let back = if self.book.phase == Phase::Soaking { Choice::RollBack } else { Choice::Reactivate };
            let task = self.now.utc < longer;
            return self.ask(need, &[Choice::Continue, Choice::SkipWait, back], task.then_some(Task::LastUsed));
        }
        self.wait_until(longer);
    }

    /// The new key works: the next step against the old one.
    pub(super) fn after_check(&mut self) {
        match self.book.phase {
            Phase::Soaking if self.book.planned.renew => self.soak(),
            Phase::Soaking => {
                self.run.is_without_old = false;
                self.record(Fact::DeactivateIntent);
                self.set_old(false);
            }
            Phase::Deactivating if self.run.is_without_old => {
                self.run.is_without_old = false;
                let until = self.later(self.book.planned.observe);
                self.record(Fact::Deactivated { until });
                self.observe();
            }
            Phase::Deactivating => self.set_old(false),
            Phase::Observing => {
                self.record(Fact::DeleteIntent);
                self.delete_old();
            }
            Phase::Deleting => self.delete_old(),
            _ => self.go_on(false),
        }
    }

    pub(super) fn set_old(&mut self, active: bool) {
        let (key, signer) = (self.book.planned.old_key.clone(), self.signer());
        self.task(Task::SetStatus { key, active, signer });
    }

    fn delete_old(&mut self) {
        let (key, signer) = (self.book.planned.old_key.clone(), self.signer());
        self.task(Task::Delete { key, signer });
    }

    /// The new key, proven before, fails now.
    pub(super) fn stopped_working(&mut self, trouble: CheckTrouble) {
        let words = trouble.to_string();
        let is_about_key = matches!(
            trouble,
            CheckTrouble::Key(CheckFailed::Unknown(_) | CheckFailed::WrongSecret(_) | CheckFailed::WrongUser(_))
        );
        if self.again(Task::Check, self.bounds.change, &words) {
            return;
        }
        let need = format!("the new key does not work any more, so nothing is done to the old one: {words}");
        match self.book.phase {
            Phase::Deactivating if is_about_key => self.reactivate(&format!("the new key does not work without it: {words}")),
            Phase::Deactivating | Phase::Observing | Phase::Deleting => {
                self.ask(need, &[Choice::Continue, Choice::Reactivate], Some(Task::Check));
            }
            _ => self.ask(need, &[Choice::Continue, Choice::RollBack], Some(Task::Check)),
        }
    }

    pub(super) fn deactivated(&mut self, result: Result<(), Trouble>) {
        match result {
            Ok(()) => {
                self.fresh();
                self.run.is_without_old = true;
                self.task(Task::Check);
            }
            Err(trouble) => {
                self.run.fault = trouble.fault().cloned();
                let (key, signer) = (self.book.planned.old_key.clone(), self.signer());
                let task = Task::SetStatus { key, active: false, signer };
                if trouble.may_pass() && self.again(task, self.bounds.change, &trouble.to_string()) {
                    return;
                }
                // Whether it was done is not known, so it is undone.
                self.reactivate(&format!("it could not be deactivated: {trouble}"));
            }
        }
    }

    /// Makes the old key active again.
    pub(super) fn reactivate(&mut self, why: &str) {
        if self.book.planned.renew {
            let need = format!("the old key is taken for leaked, so nothing makes it active from here: {why}");
            return self.ask(need, &[Choice::Continue, Choice::Abort], Some(Task::Check));
        }
        self.fresh();
        self.run.is_without_old = false;
        self.record(Fact::ReactivateIntent { why: why.to_owned() });
        self.set_old(true);
    }

    pub(super) fn reactivated(&mut self, result: Result<(), Trouble>) {
        match result {
            Ok(()) => {
                let why = self.book.reactivating.clone().unwrap_or_default();
                self.fresh();
                self.record(Fact::Reactivated);
                let need = format!("the old key is active ({why}); continue to wait out the soak once more");
                self.ask(need, &[Choice::Continue, Choice::RollBack, Choice::Abort], None);
            }
            Err(trouble) => {
                self.run.fault = trouble.fault().cloned();
                let key = self.book.planned.old_key.clone();
                // A dead new key cannot sign it; the old one can, if it was not made inactive at all.
                let signer = if trouble.is_of_signer() { Signer::Console } else { self.signer() };
                let task = Task::SetStatus { key, active: true, signer };
                if (trouble.may_pass() || trouble.is_of_signer())
                    && self.again(task.clone(), self.bounds.change, &trouble.to_string())
                {
                    return;
                }
                self.ask(
                    format!("the old key could not be made active again: {trouble}"),
                    &[Choice::Continue, Choice::Abort],
                    Some(task),
                );
            }
        }
    }

    pub(super) fn deleted(&mut self, result: Result<(), Trouble>) {
        match result {
            Ok(()) => {
                self.fresh();
                self.record(Fact::Deleted);
                self.finish();
            }
            Err(trouble) => {
                self.run.fault = trouble.fault().cloned();
                let (key, signer) = (self.book.planned.old_key.clone(), self.signer());
                let task = Task::Delete { key, signer };
                if trouble.may_pass() && self.again(task, self.bounds.change, &trouble.to_string()) {
                    return;
                }
                if trouble == Trouble::StillActive {
                    return self.reactivate("somebody has made it active again");
                }
                self.record(Fact::NotDeleted);
                let need = format!("the old key could not be deleted; it is inactive and does no harm: {trouble}");
                self.ask(need, &[Choice::Continue, Choice::Reactivate, Choice::Abort], Some(Task::Check));
            }
        }
    }

    /// The old pair is forgotten, the escrow shredded.
    pub(super) fn finish(&mut self) {
        self.task(Task::Finish(Some(self.book.planned.old_key.clone())));
    }

    pub(super) fn finished(&mut self, result: Result<(), Trouble>) {
        match result {
            Ok(()) => {
                self.fresh();
                self.record(Fact::Done);
                self.effects.push(super::Effect::End);
            }
            Err(trouble) => {
                let task = Task::Finish(Some(self.book.planned.old_key.clone()));
                if trouble.may_pass() && self.again(task.clone(), self.bounds.change, &trouble.to_string()) {
                    return;
                }
                self.ask(
                    format!("the old key is gone; what was kept for it could not be cleared away: {trouble}"),
                    &[Choice::Continue],
                    Some(task),
                );
            }
        }
    }
}
