//! When to draw: at once after a quiet moment, then at most sixty times a second. Pure: it is told the time.

use std::time::{Duration, Instant};

/// The shortest time between two frames.
pub const INTERVAL: Duration = Duration::from_micros(16_700);

/// Remembers when the last frame was drawn.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pacer {
    last: Option<Instant>,
}

impl Pacer {
    /// When a frame that is wanted now may be drawn.
    pub fn due(&self, now: Instant) -> Instant {
        self.last.map_or(now, |last| now.max(last + INTERVAL))
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, at: Instant) {
        self.last = Some(at);
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
        assert_eq!(pacer.due(start), start);
        let mut frames = 0;
        for millisecond in 0..1000 {
            let now = start + Duration::from_millis(millisecond);
            if pacer.due(now) <= now {
                pacer.drawn(now);
                frames += 1;
            }
        }
        assert!((55..=60).contains(&frames), "{frames} frames in a second");
        let later = start + Duration::from_secs(5);
        assert_eq!(pacer.due(later), later);
    }
}
