//! The idle lock: nobody has touched a key for a while, so nothing of the account stays on screen.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::domain::account::Identity;
use crate::domain::moment::Moment;

/// How long nobody may touch a key where the configuration says nothing.
pub const LOCK_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// How long before it locks the console says so.
pub const WARNING: SignedDuration = SignedDuration::from_mins(1);
/// The wait after the first attempt that failed; each further one doubles it.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(1);
/// The longest wait.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(5);

/// Whether the console is locked, and when it will be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lock {
    /// How long nobody may touch a key; `None`: for ever.
    pub after: Option<SignedDuration>,
    /// When somebody touched one last.
    pub touched: Moment,
    /// Who used the console last: nobody else unlocks it, even where it locks while their next session is being made.
    pub owner: Option<Identity>,
    /// Set while it is locked.
    pub closed: Option<Closed>,
}

/// A locked console.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    /// Since when.
    pub since: Moment,
    /// As whom it was used: nobody else may go on.
    pub identity: Option<Identity>,
    /// Whether somebody has pressed a key, and is told how to unlock.
    pub asking: bool,
    /// Whether a passphrase is wanted before AWS is asked.
    pub guarded: bool,
    /// Whether a passphrase is being looked at, or AWS is being asked who we are.
    pub checking: bool,
    /// How many attempts failed.
    pub failed: u32,
    /// No attempt before this time.
    pub wait_until: Moment,
    /// Why the last attempt failed.
    pub why: Option<String>,
}

impl Lock {
    /// Open, and watching from now on.
    pub fn new(after: Option<SignedDuration>, now: Moment) -> Self {
        Self { after: after.filter(|after| after.is_positive()), touched: now, owner: None, closed: None }
    }

    /// Whether it is locked.
    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// How long until it locks by itself; `None`: never, or it is locked already.
    pub fn left(&self, now: Moment) -> Option<SignedDuration> {
        let after = self.after.filter(|_| self.closed.is_none())?;
        Some(after.saturating_sub(now.since(self.touched)))
    }
}

impl Closed {
    /// Locked now.
    pub fn new(identity: Option<Identity>, now: Moment) -> Self {
        Self { since: now, identity, asking: false, guarded: false, checking: false, failed: 0, wait_until: now, why: None }
    }

    /// An attempt has failed: the next has to wait, each time twice as long.
    pub fn fail(&mut self, why: impl Into<String>, now: Moment) {
        let doubled = FIRST_WAIT.checked_mul(1_i32.checked_shl(self.failed.min(20)).unwrap_or(i32::MAX)).unwrap_or(LONGEST_WAIT);
        self.failed = self.failed.saturating_add(1);
        self.wait_until = now + doubled.min(LONGEST_WAIT);
        self.checking = false;
        self.why = Some(why.into());
    }

    /// How long until the next attempt may be made; `None`: now.
    pub fn wait(&self, now: Moment) -> Option<SignedDuration> {
        Some(self.wait_until.since(now)).filter(|wait| wait.is_positive())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::default() + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn it_locks_after_the_last_touch_and_never_where_it_is_switched_off() {
        let lock = Lock::new(Some(SignedDuration::from_secs(60)), at(100));
        assert_eq!(lock.left(at(100)), Some(SignedDuration::from_secs(60)));
        assert_eq!(lock.left(at(159)), Some(SignedDuration::from_secs(1)));
        assert_eq!(lock.left(at(161)), Some(SignedDuration::from_secs(-1)));
        assert_eq!(Lock { closed: Some(Closed::new(None, at(160))), ..lock }.left(at(161)), None, "it is locked");
        for never in [None, Some(SignedDuration::ZERO), Some(SignedDuration::from_secs(-1))] {
            assert_eq!(Lock::new(never, at(0)).left(at(1 << 30)), None);
        }
    }

    #[test]
    fn each_attempt_that_fails_waits_twice_as_long_up_to_five_minutes() {
        let mut closed = Closed::new(None, at(0));
        assert_eq!(closed.wait(at(0)), None);
        let mut now = 0;
        for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300] {
            closed.checking = true;
            closed.fail("wrong", at(now));
            assert_eq!((closed.checking, closed.why.as_deref()), (false, Some("wrong")));
            assert_eq!(closed.wait(at(now)), Some(SignedDuration::from_secs(wait)));
            assert_eq!(closed.wait(at(now + wait - 1)), Some(SignedDuration::from_secs(1)));
            assert_eq!(closed.wait(at(now + wait)), None);
            now += wait;
        }
        assert_eq!(closed.failed, 12);
        closed.failed = u32::MAX;
        closed.fail("wrong", at(now));
        assert_eq!((closed.failed, closed.wait(at(now))), (u32::MAX, Some(LONGEST_WAIT)));
    }
}
