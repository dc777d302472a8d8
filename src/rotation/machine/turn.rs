//! One step of the machine: the common moves.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::event::{Effect, Event, Now, Outcome, Signer, Task, Trouble};
use super::{Book, Bounds, Fact, Run};
use crate::domain::rotation::{Choice, Phase, Wait};

/// A step under way.
pub(super) struct Turn<'a> {
    pub(super) book: &'a mut Book,
    pub(super) bounds: &'a Bounds,
    pub(super) run: &'a mut Run,
    pub(super) now: Now,
    pub(super) effects: Vec<Effect>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(book: &'a mut Book, bounds: &'a Bounds, run: &'a mut Run, now: Now) -> Self {
        Self { book, bounds, run, now, effects: Vec::new() }
    }

    pub(super) fn take(&mut self, event: Event) {
        match event {
            Event::TakenUp { in_hand } => {
                // What was given up is no new key, whoever still holds its secret.
                let in_hand = in_hand.filter(|key| !self.book.removed.contains(key));
                let is_in_hand = in_hand.is_some();
                *self.run = Run { hand: in_hand, ..Run::default() };
                self.go_on(is_in_hand);
            }
            Event::Woke => match self.run.next.take() {
                Some(task) => self.task(task),
                None => self.go_on(false),
            },
            Event::Answer(choice) => self.answer(choice),
            Event::Outcome(outcome) => {
                let task = self.run.under_way.take();
                self.outcome(task, outcome);
            }
        }
    }

    /// Goes on from what is written down.
    pub(super) fn go_on(&mut self, in_hand: bool) {
        if self.book.rolling_back.is_some() && !self.book.phase.is_final() {
            return self.roll_back();
        }
        match self.book.phase {
            Phase::Planned | Phase::Preflight => self.task(Task::Inventory),
            Phase::Creating => self.resume_creating(in_hand),
            Phase::Escrowed => self.task(Task::Store),
            Phase::Stored => self.prove(),
            Phase::Verified => self.task(Task::Promote),
            Phase::Soaking => self.soak(),
            Phase::Deactivating if self.book.reactivating.is_some() => self.set_old(true),
            Phase::Deactivating => self.task(Task::Check),
            Phase::Observing => self.observe(),
            Phase::Deleting if self.book.is_deleted => self.finish(),
            Phase::Deleting => self.task(Task::Check),
            Phase::Done | Phase::Aborted => self.effects.push(Effect::End),
        }
    }

    fn outcome(&mut self, task: Option<Task>, outcome: Outcome) {
        let Some(task) = task else { return self.go_on(false) };
        match outcome {
            Outcome::Inventory(found) => self.inventory(found),
            Outcome::Created(result) => self.created(result),
            Outcome::Found(found) => self.found(found),
            Outcome::Strangers(strangers) => self.strangers(strangers),
            Outcome::Checked(result) => self.checked(result),
            Outcome::LastUsed(used) => self.old_used(used),
            Outcome::Done(result) => {
                if let Err(trouble) = &result {
                    self.run.fault = trouble.fault().cloned();
                }
                self.done(task, result);
            }
        }
    }

    fn done(&mut self, task: Task, result: Result<(), Trouble>) {
        if self.book.rolling_back.is_some() {
            return self.rolled(task, result);
        }
        match task {
            Task::Prepare => self.prepared(result),
            Task::Adopt => self.adopted(result),
            Task::Escrow => self.escrowed(result),
            Task::Store => self.stored(result),
            Task::Lift => self.lifted(result),
            Task::Promote => self.promoted(result),
            Task::SetStatus { .. } | Task::Delete { .. } if self.book.orphan.is_some() => self.orphan_step(task, result),
            Task::SetStatus { .. } | Task::Delete { .. } if self.book.phase == Phase::Planned => self.room_step(task, result),
            Task::SetStatus { active: false, .. } => self.deactivated(result),
            Task::SetStatus { .. } => self.reactivated(result),
            Task::Delete { .. } => self.deleted(result),
            Task::Finish(_) => self.finished(result),
            _ => self.go_on(false),
        }
    }

    /// What to begin with when a task is tried once more on the operator's word: a key that somebody has made active is made inactive first.
    pub(super) fn anew(task: Task, trouble: &Trouble) -> Task {
        match task {
            Task::Delete { key, signer } if *trouble == Trouble::StillActive => Task::SetStatus { key, active: false, signer },
            task => task,
        }
    }

    /// Writes a fact down.
    pub(super) fn record(&mut self, fact: Fact) {
        self.book.note(&fact, self.now.utc);
        self.effects.push(Effect::Record(fact));
    }

    /// Asks for a task.
    pub(super) fn task(&mut self, task: Task) {
        self.run.asked.clear();
        self.run.under_way = Some(task.clone());
        self.effects.push(Effect::Do(task));
    }

    /// Something worked: the next job has its own retries.
    pub(super) fn fresh(&mut self) {
        self.run.retries = 0;
        self.run.deadline = None;
        self.run.fault = None;
    }

    /// Tries a task again after a pause, unless the bound of its job is reached: then `false`, and nothing is done.
    pub(super) fn again(&mut self, task: Task, bound: Duration, why: &str) -> bool {
        let pause = self.bounds.pause(self.run.retries.saturating_add(1));
        self.again_after(pause, task, bound, why)
    }

    /// [`Self::again`] after a pause of one's own.
    pub(super) fn again_after(&mut self, pause: Duration, task: Task, bound: Duration, why: &str) -> bool {
        let deadline = *self.run.deadline.get_or_insert(self.now.steady.saturating_add(bound));
        if self.now.steady >= deadline {
            return false;
        }
        self.run.retries += 1;
        let left = deadline.saturating_sub(self.now.steady);
        self.pause(task, pause.min(left), why);
        true
    }

    /// Does a task after a pause.
    pub(super) fn pause(&mut self, task: Task, pause: Duration, why: &str) {
        self.run.next = Some(task);
        let at = self.later(SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX));
        self.effects.push(Effect::Wait(Wait::Retry { at, why: why.to_owned() }, Some(pause)));
    }

    /// Waits for the operator; `Continue` does `next`, or goes on from what is written down.
    pub(super) fn ask(&mut self, need: impl Into<String>, choices: &[Choice], next: Option<Task>) {
        let need = need.into();
        let mut choices = choices.to_vec();
        if self.book.planned.renew && choices.contains(&Choice::Reactivate) {
            // A leaked key does not become active again: what remains is to leave it as it is.
            choices.retain(|choice| *choice != Choice::Reactivate);
            if !choices.contains(&Choice::Abort) {
                choices.push(Choice::Abort);
            }
        }
        self.run.retries = 0;
        self.run.deadline = None;
        self.run.asked.clone_from(&choices);
        self.run.next = next;
        self.record(Fact::Waiting { need: need.clone(), choices: choices.clone() });
        self.effects.push(Effect::Wait(Wait::Operator { need, choices }, None));
    }

    /// Waits until a time of the wall clock, and looks at the old key's last use meanwhile.
    pub(super) fn wait_until(&mut self, at: Timestamp) {
        let left = Duration::try_from(at.duration_since(self.now.utc)).unwrap_or_default();
        self.run.next = Some(Task::LastUsed);
        self.run.asked.clear();
        self.effects.push(Effect::Wait(Wait::Until { at }, Some(left.min(self.bounds.watch))));
    }

    /// The present time and a while.
    pub(super) fn later(&self, while_: SignedDuration) -> Timestamp {
        self.now.utc.checked_add(while_).unwrap_or(Timestamp::MAX)
    }

    /// Ends before anything was made. What was prepared is cleared away first.
    pub(super) fn abandon(&mut self, why: impl Into<String>) {
        self.record(Fact::RollBackIntent { why: why.into() });
        self.fresh();
        self.roll_back();
    }

    /// Who signs changes to the old key: from the promotion on the new key, where the old one is the console's own.
    pub(super) fn signer(&self) -> Signer {
        if self.book.planned.own_key && self.book.promoted.is_some() { Signer::NewKey } else { Signer::Console }
    }

    fn answer(&mut self, choice: Choice) {
        self.run.asked.clear();
        self.record(Fact::Answered { choice });
        self.run.retries = 0;
        self.run.deadline = None;
        if choice != Choice::Continue {
            self.run.next = None;
        }
        match choice {
            Choice::Continue => self.carry_on(),
            Choice::SkipWait => {
                self.record(Fact::WaitSet { until: self.now.utc });
                self.task(Task::Check);
            }
            Choice::Reactivate => self.reactivate("the operator wants the old key back"),
            Choice::RollBack => self.abandon("the operator gave the new key up"),
            Choice::DeleteOrphan => self.delete_suspect(),
            Choice::Abort => self.leave(),
        }
    }

    fn carry_on(&mut self) {
        if self.book.phase == Phase::Soaking && self.book.until.is_none() && self.book.rolling_back.is_none() {
            // The old key was made active again: the soak begins anew.
            let until = self.later(self.book.planned.soak);
            self.record(Fact::WaitSet { until });
        }
        match self.run.next.take() {
            Some(task) => self.task(task),
            None => self.go_on(false),
        }
    }

    /// Ends as everything is; before a key was made there is something prepared to be cleared away.
    fn leave(&mut self) {
        if self.book.new_key.is_none() && self.book.orphan.is_none() {
            return self.abandon("the operator ended it");
        }
        self.record(Fact::Aborted { why: "the operator ended it and left every key as it is".into() });
        self.effects.push(Effect::End);
    }
}
