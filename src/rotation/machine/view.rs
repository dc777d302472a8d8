//! A rotation as the board shows it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Machine, Now};
use crate::domain::fault::Fault;
use crate::domain::rotation::{Rotation, Wait};
use crate::domain::text::Untrusted;

impl Machine {
    /// The row of the board.
    pub fn view(&self, wait: Wait, now: Now) -> Rotation {
        let book = self.book();
        let planned = &book.planned;
        let bound = self.deadline().map(|deadline| after(now.utc, deadline.saturating_sub(now.steady)));
        Rotation {
            id: planned.id.clone(),
            account: planned.account.clone(),
            user: Untrusted::new(&planned.user),
            old_key: Untrusted::new(&planned.old_key),
            new_key: book.new_key.as_ref().map(Untrusted::new),
            store: planned.store.clone(),
            copies: planned.copies.clone(),
            own_key: planned.own_key,
            renew: planned.renew,
            phase: book.phase,
            wait,
            started: book.started,
            since: book.since,
            bound,
            checks: self.checks(),
            history: book.history.clone(),
            old_last_used: book.old_last_used,
            fault: self.fault().cloned().or_else(|| self.ended()),
        }
    }

    /// Why it ended early, in the form of a fault.
    fn ended(&self) -> Option<Fault> {
        let why = self.book().ended.as_ref()?;
        Some(crate::rotation::refusal(why, self.book().last))
    }
}

fn after(now: Timestamp, left: Duration) -> Timestamp {
    now.checked_add(SignedDuration::try_from(left).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
}
