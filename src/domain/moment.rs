//! Time that nobody can set: what arming, the lock, its waits and every debounce are measured by.

use std::ops::{Add, Sub};
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// A point in time, counted from the start of the machine, with the time it slept. It is no date: a [`jiff::Timestamp`] cannot stand in
/// for it, because the wall clock can be set back, and whatever was to end in a minute would then end in a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Moment(Duration);

impl Moment {
    /// This long after the machine started.
    pub const fn after_boot(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// The time from an earlier moment to this one; negative if that one is later.
    pub fn since(self, earlier: Self) -> SignedDuration {
        let (between, is_negative) = match self.0.checked_sub(earlier.0) {
            Some(between) => (between, false),
            None => (earlier.0.saturating_sub(self.0), true),
        };
        let between = SignedDuration::try_from(between).unwrap_or(SignedDuration::MAX);
        if is_negative { -between } else { between }
    }

    /// Whole milliseconds since the machine started.
    pub fn as_millis(self) -> u128 {
        self.0.as_millis()
    }

    /// Whole seconds since the machine started.
    pub fn as_secs(self) -> u64 {
        self.0.as_secs()
    }

    /// The time since the machine started.
    pub fn elapsed_since_boot(self) -> Duration {
        self.0
    }
}

impl Add<SignedDuration> for Moment {
    type Output = Self;

    /// Stops at the start of the machine and at the end of what can be counted.
    fn add(self, by: SignedDuration) -> Self {
        if by.is_negative() {
            Self(self.0.saturating_sub(by.unsigned_abs()))
        } else {
            Self(self.0.saturating_add(by.unsigned_abs()))
        }
    }
}

impl Sub<SignedDuration> for Moment {
    type Output = Self;

    /// Stops at the start of the machine.
    #[expect(clippy::suspicious_arithmetic_impl, reason = "the sum knows both directions and both ends")]
    fn sub(self, by: SignedDuration) -> Self {
        self + by.checked_neg().unwrap_or(SignedDuration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_apart_in_both_directions_and_stop_at_the_ends() {
        let minute = SignedDuration::from_mins(1);
        let later = Moment::default() + minute;
        assert_eq!((later.since(Moment::default()), Moment::default().since(later)), (minute, -minute));
        assert_eq!(later - minute - minute, Moment::default());
    }
}
