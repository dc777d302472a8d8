//! The world's clock: starts where it is told, runs at a factor, can be moved by hand.
//!
//! Everything that the account *says* (ages, reports, sessions) is in virtual time. Signatures and the `Date` header are in
//! wall time, because the programs that sign and that measure clock skew live there.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// A virtual clock beside the wall clock.
#[derive(Debug)]
pub struct Clock {
    start: Timestamp,
    began: Instant,
    speed: f64,
    advanced_ms: AtomicI64,
}

impl Clock {
    /// A clock that shows `start` now (`None`: the wall clock's time) and runs `speed` times as fast as the wall clock; 0 stands still.
    #[expect(clippy::disallowed_methods, reason = "the edge at which time enters the embedded AWS")]
    pub fn new(start: Option<Timestamp>, speed: f64) -> Self {
        let speed = if speed.is_finite() && speed >= 0.0 { speed } else { 1.0 };
        Self { start: start.unwrap_or_else(Timestamp::now), began: Instant::now(), speed, advanced_ms: AtomicI64::new(0) }
    }

    /// What the account's clock showed when the world was made.
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// What the account's clock shows.
    pub fn now(&self) -> Timestamp {
        let elapsed = self.began.elapsed().mul_f64_saturating(self.speed);
        let moved = SignedDuration::from_millis(self.advanced_ms.load(Ordering::Relaxed));
        self.start.checked_add(elapsed).and_then(|now| now.checked_add(moved)).unwrap_or(Timestamp::MAX)
    }

    /// What the machine's clock shows.
    #[expect(clippy::disallowed_methods, reason = "the edge at which time enters the embedded AWS")]
    pub fn wall(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Moves the account's clock forward.
    pub fn advance(&self, by: SignedDuration) {
        let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.advanced_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

/// `Duration::mul_f64` without its panic.
trait MulSaturating {
    fn mul_f64_saturating(self, factor: f64) -> SignedDuration;
}

impl MulSaturating for std::time::Duration {
    fn mul_f64_saturating(self, factor: f64) -> SignedDuration {
        SignedDuration::try_from_secs_f64(self.as_secs_f64() * factor).unwrap_or(SignedDuration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_moves_only_by_hand() {
        let start: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let clock = Clock::new(Some(start), 0.0);
        assert_eq!(clock.now(), start);
        clock.advance(SignedDuration::from_hours(4));
        assert_eq!(clock.now(), "2026-11-21T16:00:00Z".parse().unwrap());
    }

    #[test]
    fn a_speed_that_is_no_number_is_real_time() {
        let clock = Clock::new(None, f64::NAN);
        assert!(clock.now() >= clock.start());
    }
}
