//! From the plan to the moment before the new key is made: inventory, room, preparations.

use std::time::Duration;

use super::Fact;
use super::book::Room;
use super::event::{Inventory, Signer, Task, Trouble, is_active};
use super::turn::Turn;
use crate::domain::key::LastUsed;
use crate::domain::rotation::{Choice, OtherKey, Phase};

/// Another user has the name now. What this one is and has is nobody's business here.
pub(super) const REMADE: &str = "the user was deleted and made anew since the plan was made";

impl Turn<'_> {
    /// What the user has, before anything is made: taken anew before each create.
    pub(super) fn inventory(&mut self, found: Result<Inventory, Trouble>) {
        let found = match found {
            Ok(found) => found,
            Err(trouble) => {
                self.run.fault = trouble.fault().cloned();
                if trouble.may_pass() && self.again(Task::Inventory, self.bounds.preparation, &trouble.to_string()) {
                    return;
                }
                return self.abandon(format!("the keys could not be read: {trouble}"));
            }
        };
        if found.user_id != self.book.planned.user_id {
            return self.abandon(REMADE);
        }
        let (old, renew) = (self.book.planned.old_key.clone(), self.book.planned.renew);
        match (renew, is_active(&found.keys, &old)) {
            (false, Some(true)) | (true, Some(false)) => {}
            (false, _) => return self.abandon(format!("{old} is not active any more")),
            (true, Some(true)) => return self.abandon(format!("{old} is active again: contain the user first")),
            (true, None) => return self.abandon(format!("{old} is gone")),
        }
        let late: Vec<String> = self.strange_ids(&found);
        if !late.is_empty() {
            // A create that seemed not to have happened shows late.
            if self.book.intents > 0 {
                return self.task(Task::Inspect(late));
            }
            return self.abandon(format!("the user has a new key, {}: make a new plan", late.join(", ")));
        }
        self.fresh();
        self.run.looked = Some(self.now.steady);
        match self.book.planned.other.clone() {
            Some((other, OtherKey::Adopt)) if is_active(&found.keys, &other) == Some(true) => self.task(Task::Prepare),
            Some((other, OtherKey::Adopt)) => self.abandon(format!("{other} is not active, so it cannot be the new key")),
            Some((other, _)) if self.book.room != Room::Made => self.make_room(&other, &found),
            _ => self.prepare(),
        }
    }

    fn strange_ids(&self, found: &Inventory) -> Vec<String> {
        found.keys.iter().map(|key| key.id.clone()).filter(|id| !self.book.knows(id)).collect()
    }

    /// Retires the second key, one step at a time.
    fn make_room(&mut self, other: &str, found: &Inventory) {
        let Some(active) = is_active(&found.keys, other) else {
            self.record(Fact::RoomMade);
            return self.prepare();
        };
        let is_unused = found.other_last_used == Some(LastUsed::Never);
        match self.book.room {
            Room::Untouched | Room::Deactivating if active && !is_unused => {
                self.abandon(format!(
                    "{other} is active and has been used (or that could not be read): it is not deleted to make room"
                ));
            }
            Room::Untouched if active => {
                self.record(Fact::RoomIntent);
                self.set_other_inactive(other);
            }
            Room::Deactivating if active => self.set_other_inactive(other),
            Room::Untouched | Room::Deactivating => {
                let until = self.later(self.book.planned.soak);
                self.record(Fact::RoomInactive { until });
                self.wait_for_room(until);
            }
            Room::Inactive(_) | Room::Deleting if active => {
                self.abandon(format!("somebody has made {other} active again"));
            }
            Room::Inactive(until) if self.now.utc < until => self.wait_for_room(until),
            // AWS tells a use late: this one was before the key was made inactive.
            Room::Inactive(_) | Room::Deleting if self.book.deactivated_other && !is_unused => {
                self.abandon(format!(
                    "{other} was used before it was made inactive (or that could not be read): it stays inactive and is not deleted"
                ));
            }
            Room::Inactive(_) => {
                self.record(Fact::RoomDeleteIntent);
                self.delete_other(other);
            }
            Room::Deleting | Room::Made => self.delete_other(other),
        }
    }

    fn set_other_inactive(&mut self, other: &str) {
        self.task(Task::SetStatus { key: other.to_owned(), active: false, signer: Signer::Console });
    }

    fn delete_other(&mut self, other: &str) {
        self.task(Task::Delete { key: other.to_owned(), signer: Signer::Console });
    }

    fn wait_for_room(&mut self, until: jiff::Timestamp) {
        self.wait_until(until);
        self.run.next = Some(Task::Inventory);
    }

    /// The second key was deactivated or deleted: the next inventory shows it.
    pub(super) fn room_step(&mut self, task: Task, result: Result<(), Trouble>) {
        match result {
            Ok(()) if matches!(task, Task::Delete { .. }) => {
                self.fresh();
                self.record(Fact::RoomMade);
                self.task(Task::Inventory);
            }
            Ok(()) => {
                self.fresh();
                let until = self.later(self.book.planned.soak);
                self.record(Fact::RoomInactive { until });
                self.task(Task::Inventory);
            }
            Err(trouble) => {
                if trouble.may_pass() && self.again(task, self.bounds.change, &trouble.to_string()) {
                    return;
                }
                self.abandon(format!("no room could be made for a new key: {trouble}"));
            }
        }
    }

    fn prepare(&mut self) {
        if self.book.phase != Phase::Preflight {
            self.record(Fact::Preparing);
        }
        self.task(Task::Prepare);
    }

    pub(super) fn prepared(&mut self, result: Result<(), Trouble>) {
        match result {
            Ok(()) if matches!(self.book.planned.other, Some((_, OtherKey::Adopt))) => self.task(Task::Adopt),
            // A create names no more than a name: whose it is was seen right before.
            Ok(()) if self.is_stale() => {
                self.fresh();
                self.task(Task::Inventory);
            }
            Ok(()) => {
                self.fresh();
                self.announce_create();
            }
            Err(trouble) if trouble.may_pass() && self.again(Task::Prepare, self.bounds.preparation, &trouble.to_string()) => {}
            Err(trouble) => self.abandon(format!("nothing was changed: {trouble}")),
        }
    }

    /// An inventory that is older is taken once more before a key is made: somebody may have been asked for a passphrase meanwhile.
    const STALE: Duration = Duration::from_secs(30);

    /// Whether the preparations have taken so long that the user may be another one by now.
    fn is_stale(&self) -> bool {
        let age = self.run.looked.map(|looked| self.now.steady.saturating_sub(looked));
        self.run.retries > 0 || age.is_none_or(|age| age > Self::STALE)
    }

    pub(super) fn adopted(&mut self, result: Result<(), Trouble>) {
        let Some((other, _)) = self.book.planned.other.clone() else { return self.go_on(false) };
        match result {
            Ok(()) => {
                self.fresh();
                self.record(Fact::Adopted { key: other });
                self.prove();
            }
            Err(trouble) => self.abandon(format!("{other} cannot be the new key: {trouble}")),
        }
    }

    /// More creates than this that came to nothing, and a person has to look.
    const MOST_FAILED: u32 = 3;

    fn announce_create(&mut self) {
        if self.run.failed_creates >= Self::MOST_FAILED {
            let need = format!("{} attempts to make a key have come to nothing", self.run.failed_creates);
            self.run.failed_creates = 0;
            return self.ask(need, &[Choice::Continue, Choice::Abort], Some(Task::Inventory));
        }
        let planned = &self.book.planned;
        let mut seen = vec![planned.old_key.clone()];
        seen.extend(planned.other.as_ref().map(|(other, _)| other.clone()).filter(|_| self.book.room != Room::Made));
        self.record(Fact::CreateIntent { seen });
        self.task(Task::Create);
    }
}
