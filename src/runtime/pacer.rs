//! When to draw: at once after a quiet moment, then at most sixty times a second. Pure: it is told the time.

use std::time::{Duration, Instant};

/// The shortest time between two frames of what comes by itself.
pub const INTERVAL: Duration = Duration::from_micros(16_700);
/// The shortest time between two frames that answer keys: rows that stream in must not make a finger wait.
pub const ANSWER: Duration = Duration::from_millis(4);

/// Remembers when the last frame was drawn.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pacer {
    last: Option<Instant>,
    /// The last frame that answered a key.
    answered: Option<Instant>,
}

impl Pacer {
    /// When a frame that is wanted now may be drawn; `answers`: a key was pressed since the last one.
    pub fn due(&self, now: Instant, answers: bool) -> Instant {
        let paced = self.last.map_or(now, |last| now.max(last + INTERVAL));
        if answers { paced.min(self.answered.map_or(now, |answered| now.max(answered + ANSWER))) } else { paced }
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, at: Instant, answers: bool) {
        self.last = Some(at);
        if answers {
            self.answered = Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an instant to count from")]
    fn the_first_frame_is_due_at_once_and_a_flood_is_paced() {
        let start = Instant::now();
        let mut pacer = Pacer::default();
        assert_eq!(pacer.due(start, false), start);
        let mut frames = 0;
        for millisecond in 0..1000 {
            let now = start + Duration::from_millis(millisecond);
            if pacer.due(now, false) <= now {
                pacer.drawn(now, false);
                frames += 1;
            }
        }
        assert!((55..=60).contains(&frames), "{frames} frames in a second");
        let later = start + Duration::from_secs(5);
        assert_eq!(pacer.due(later, false), later);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an instant to count from")]
    fn a_key_does_not_wait_for_a_flood_and_held_keys_are_paced() {
        let start = Instant::now();
        let mut pacer = Pacer::default();
        pacer.drawn(start, false);
        let soon = start + Duration::from_millis(1);
        assert_eq!(pacer.due(soon, true), soon);
        pacer.drawn(soon, true);
        assert_eq!(pacer.due(soon, true), soon + ANSWER);
        assert_eq!(pacer.due(soon, false), soon + INTERVAL);
    }
}
