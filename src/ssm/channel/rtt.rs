//! How long a message and its acknowledgement take, and when it counts as lost: the official programs' formula.

use std::time::Duration;

/// Finer than this nobody measures.
const GRANULARITY: Duration = Duration::from_millis(10);
/// A message counts as lost after this at the latest.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(1);

/// A smoothed measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundTrip {
    /// Smoothed round trip.
    pub mean: Duration,
    /// Smoothed deviation from it.
    pub deviation: Duration,
    /// When an unacknowledged message is sent again.
    pub timeout: Duration,
}

impl Default for RoundTrip {
    fn default() -> Self {
        Self { mean: Duration::from_millis(100), deviation: Duration::ZERO, timeout: Duration::from_millis(200) }
    }
}

impl RoundTrip {
    /// Takes one measurement.
    pub fn sample(&mut self, sample: Duration) {
        // The deviation goes by the mean before this sample.
        self.deviation = self.deviation * 3 / 4 + self.mean.abs_diff(sample) / 4;
        self.mean = self.mean * 7 / 8 + sample / 8;
        self.timeout = (self.mean + GRANULARITY.max(self.deviation * 4)).min(LONGEST_TIMEOUT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_official_figures_come_out() {
        let mut trip = RoundTrip::default();
        trip.sample(Duration::from_millis(2));
        assert_eq!(trip.deviation, Duration::from_micros(24_500));
        assert_eq!(trip.mean, Duration::from_micros(87_750));
        assert_eq!(trip.timeout, Duration::from_micros(185_750));
        trip.sample(Duration::from_millis(2));
        assert_eq!(trip.deviation, Duration::from_nanos(39_812_500));
        assert_eq!(trip.mean, Duration::from_nanos(77_031_250));
        assert_eq!(trip.timeout, Duration::from_nanos(236_281_250));
    }

    #[test]
    fn a_message_counts_as_lost_after_a_second_at_the_latest() {
        let mut trip = RoundTrip::default();
        (0..50).for_each(|_| trip.sample(Duration::from_secs(9)));
        assert_eq!(trip.timeout, Duration::from_secs(1));
    }
}
