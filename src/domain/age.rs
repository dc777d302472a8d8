//! Ages and times, written the same way everywhere.

use jiff::{SignedDuration, Timestamp};

/// An age in its two largest units: `45 s`, `12 min`, `3 h 20 min`, `5 d 4 h`, `412 d`. A time ahead of `now` reads `in …`.
pub fn age(since: Timestamp, now: Timestamp) -> String {
    let between = now.duration_since(since);
    if between.is_negative() { format!("in {}", span(between.abs())) } else { span(between) }
}

/// The length of a duration in its two largest units.
pub fn span(length: SignedDuration) -> String {
    let seconds = length.as_secs().unsigned_abs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) if minutes % 60 == 0 => format!("{hours} h"),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        (1..=9, _, _) if hours % 24 != 0 => format!("{days} d {} h", hours % 24),
        _ => format!("{days} d"),
    }
}

/// A time to the second in UTC, as AWS writes it: `2026-11-21T03:04:05Z`.
pub fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Whole days from `since` to `now`, never negative.
pub fn days(since: Timestamp, now: Timestamp) -> i64 {
    now.duration_since(since).as_hours().max(0) / 24
}

/// Whether more than so many days have passed from `since` to `now`, to the second as queries count (`age>90d`).
pub fn is_over(since: Timestamp, now: Timestamp, days: i64) -> bool {
    now.duration_since(since) > SignedDuration::from_hours(days.saturating_mul(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_units_at_most() {
        let written: Vec<_> = [45, 720, 3600, 12_000, 5 * 86_400 + 4 * 3600, 412 * 86_400 + 3600]
            .into_iter()
            .map(|s| span(SignedDuration::from_secs(s)))
            .collect();
        assert_eq!(written, ["45 s", "12 min", "1 h", "3 h 20 min", "5 d 4 h", "412 d"]);
    }

    #[test]
    fn the_future_says_so() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(age(now + SignedDuration::from_secs(90), now), "in 1 min");
    }
}
