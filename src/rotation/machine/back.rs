//! The way back: the new key is given up, the old one is as it was.

use super::Fact;
use super::event::{Effect, Signer, Task, Trouble};
use super::turn::Turn;
use crate::domain::rotation::{Choice, OtherKey, Phase};

/// The steps of a roll back, in order. Each is idempotent, so a process that takes it up again starts with the first.
impl Turn<'_> {
    pub(super) fn roll_back(&mut self) {
        if self.book.is_rolled_back || self.book.new_key.is_none() {
            return self.clear_away();
        }
        // The old key first: it must work before the new one goes.
        let key = self.book.planned.old_key.clone();
        if self.book.planned.renew {
            // A leaked key does not become active again, whatever becomes of the new one.
            return self.task(Task::Demote);
        }
        if self.book.until.is_some() || self.book.promoted.is_some() {
            return self.task(Task::SetStatus { key, active: true, signer: self.signer() });
        }
        self.leave_new();
    }

    /// One step of it is done.
    pub(super) fn rolled(&mut self, task: Task, result: Result<(), Trouble>) {
        if let Err(trouble) = result {
            let next = self.by_a_living_key(task, &trouble);
            if (trouble.may_pass() || trouble.is_of_signer())
                && self.again(next.clone(), self.bounds.change, &trouble.to_string())
            {
                return;
            }
            if self.book.new_key.is_none() {
                // Nothing was made. What is left of the preparations opens nothing.
                return self.ended();
            }
            // Who cannot be helped by another attempt (the old key is gone, say) may leave everything as it stands, unless the escrow alone has
            // the new secret: it goes with the rotation.
            let choices: &[Choice] = match self.book.phase {
                Phase::Escrowed => &[Choice::Continue],
                _ => &[Choice::Continue, Choice::Abort],
            };
            let next = Self::anew(next, &trouble);
            return self.ask(format!("the new key could not be given up: {trouble}"), choices, Some(next));
        }
        self.fresh();
        match task {
            Task::SetStatus { active: true, .. } => self.task(Task::Demote),
            Task::Demote => self.leave_new(),
            Task::SetStatus { key, .. } => self.task(Task::Delete { key, signer: Signer::Console }),
            Task::Delete { .. } => {
                self.record(Fact::RolledBack);
                self.clear_away();
            }
            Task::Finish(_) => self.ended(),
            _ => self.roll_back(),
        }
    }

    /// Deactivates the new key, unless it was there before us.
    fn leave_new(&mut self) {
        let is_adopted = matches!(self.book.planned.other, Some((_, OtherKey::Adopt)));
        match self.book.new_key.clone() {
            Some(key) if !is_adopted => self.task(Task::SetStatus { key, active: false, signer: Signer::Console }),
            _ => self.clear_away(),
        }
    }

    fn clear_away(&mut self) {
        let is_adopted = matches!(self.book.planned.other, Some((_, OtherKey::Adopt)));
        self.task(Task::Finish(self.book.new_key.clone().filter(|_| !is_adopted)));
    }

    fn ended(&mut self) {
        let why = self.book.rolling_back.clone().unwrap_or_default();
        self.record(Fact::Aborted { why });
        self.effects.push(Effect::End);
    }

    /// The old key signs where the new one is dead, and the other way round.
    fn by_a_living_key(&self, task: Task, trouble: &Trouble) -> Task {
        match task {
            Task::SetStatus { key, active: true, signer: Signer::NewKey } if trouble.is_of_signer() => {
                Task::SetStatus { key, active: true, signer: Signer::Console }
            }
            task => task,
        }
    }
}
