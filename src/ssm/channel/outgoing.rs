//! What was sent and is not acknowledged yet.
//!
//! The window adapts: it grows with every acknowledgement and halves when messages are lost or late, so that a thin line is not
//! filled with repetitions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;

use super::{RoundTrip, Settings};

/// Messages in flight at first, and the least to which the window shrinks.
const FIRST_WINDOW: usize = 64;
const SMALLEST_WINDOW: usize = 16;
/// A message that is unacknowledged for so long although later ones were acknowledged: the peer has it, or will never take it.
/// It is repeated, but no longer counts for the window and for the end of the session.
const STALE_AFTER: Duration = Duration::from_secs(10);
/// Stale messages are kept; more than so many are not.
const MOST_KEPT: usize = 16_384;

#[derive(Debug)]
struct Entry {
    frame: Bytes,
    first_sent: Duration,
    last_sent: Duration,
    due: Duration,
    attempts: u32,
    is_stale: bool,
}

/// The sending half of a channel.
#[derive(Debug)]
pub(super) struct Outgoing {
    settings: Settings,
    next_sequence: i64,
    /// Accepted and never sent.
    fresh: std::collections::VecDeque<Bytes>,
    fresh_bytes: usize,
    /// The number of the first fresh message.
    next_fresh: i64,
    sent: BTreeMap<i64, Entry>,
    sent_bytes: usize,
    stale: usize,
    due: BTreeSet<(Duration, i64)>,
    round_trip: RoundTrip,
    window: usize,
    /// Losses up to this number have been answered with a smaller window.
    recovered: i64,
    highest_acknowledged: i64,
    waiting_since: Option<Duration>,
    /// Repetitions still allowed until the moment beside it.
    burst: (usize, Duration),
}

impl Outgoing {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            next_sequence: 0,
            fresh: std::collections::VecDeque::new(),
            fresh_bytes: 0,
            next_fresh: 0,
            sent: BTreeMap::new(),
            sent_bytes: 0,
            stale: 0,
            due: BTreeSet::new(),
            round_trip: RoundTrip::default(),
            window: FIRST_WINDOW,
            recovered: -1,
            highest_acknowledged: -1,
            waiting_since: None,
            burst: (FIRST_WINDOW, Duration::ZERO),
        }
    }

    pub(super) fn next_sequence(&self) -> i64 {
        self.next_sequence
    }

    pub(super) fn round_trip(&self) -> RoundTrip {
        self.round_trip
    }

    pub(super) fn bytes(&self) -> usize {
        self.fresh_bytes + self.sent_bytes
    }

    pub(super) fn waiting_since(&self) -> Option<Duration> {
        self.waiting_since
    }

    #[cfg(test)]
    pub(super) fn in_flight_and_window(&self) -> (usize, usize) {
        (self.in_flight(), self.window)
    }

    fn in_flight(&self) -> usize {
        self.sent.len().saturating_sub(self.stale)
    }

    pub(super) fn has_room(&self) -> bool {
        self.in_flight() + self.fresh.len() < self.settings.window_messages
            && self.bytes() < self.settings.window_bytes
            && self.sent.len() < MOST_KEPT
    }

    pub(super) fn is_drained(&self) -> bool {
        self.fresh.is_empty() && self.in_flight() == 0
    }

    pub(super) fn push(&mut self, frame: Bytes) {
        self.next_sequence += 1;
        self.fresh_bytes += frame.len();
        self.fresh.push_back(frame);
    }

    /// Another web socket: everything unacknowledged is due at once, oldest first.
    pub(super) fn restart(&mut self, now: Duration) {
        self.due.clear();
        for (sequence, entry) in &mut self.sent {
            entry.due = now;
            // A loss with its web socket says nothing about the line.
            self.recovered = *sequence;
            self.due.insert((now, *sequence));
        }
        // Slowly at first: a web socket that closes again soon must have carried some acknowledgements before.
        self.burst = (FIRST_WINDOW, now + self.round_trip.timeout);
        self.waiting_since = (self.in_flight() > 0).then_some(now);
    }

    /// Says whether it was news.
    pub(super) fn acknowledge(&mut self, now: Duration, sequence: i64) -> bool {
        let Some(entry) = self.sent.remove(&sequence) else { return false };
        self.due.remove(&(entry.due, sequence));
        self.sent_bytes = self.sent_bytes.saturating_sub(entry.frame.len());
        self.stale = self.stale.saturating_sub(usize::from(entry.is_stale));
        self.highest_acknowledged = self.highest_acknowledged.max(sequence);
        if entry.attempts == 1 {
            // The answer to a repeated message may belong to either sending (Karn).
            self.round_trip.sample(now.saturating_sub(entry.last_sent));
        }
        self.window = (self.window + 1).min(self.settings.window_messages);
        self.burst.0 = (self.burst.0 + 2).min(self.settings.window_messages);
        self.waiting_since = (self.in_flight() > 0).then_some(now);
        true
    }

    /// The next message to write, and whether it was written before.
    pub(super) fn transmit(&mut self, now: Duration) -> Option<(Bytes, bool)> {
        if let Some(frame) = self.repeat(now) {
            return Some((frame, true));
        }
        if self.in_flight() >= self.window {
            return None;
        }
        let frame = self.fresh.pop_front()?;
        self.fresh_bytes = self.fresh_bytes.saturating_sub(frame.len());
        let sequence = self.next_fresh;
        self.next_fresh += 1;
        let due = now + self.round_trip.timeout;
        self.sent_bytes += frame.len();
        self.due.insert((due, sequence));
        let entry = Entry { frame: frame.clone(), first_sent: now, last_sent: now, due, attempts: 1, is_stale: false };
        self.sent.insert(sequence, entry);
        self.waiting_since.get_or_insert(now);
        Some((frame, false))
    }

    fn repeat(&mut self, now: Duration) -> Option<Bytes> {
        let (due, sequence) = *self.due.first()?;
        if due > now {
            return None;
        }
        if now >= self.burst.1 {
            self.burst = (self.window.max(SMALLEST_WINDOW), now + self.round_trip.timeout);
        }
        if self.burst.0 == 0 {
            return None;
        }
        self.burst.0 -= 1;
        self.due.pop_first();
        let entry = self.sent.get_mut(&sequence)?;
        entry.last_sent = now;
        let wait = self.round_trip.timeout.saturating_mul(1 << entry.attempts.min(6));
        entry.attempts = entry.attempts.saturating_add(1);
        entry.due = now + wait.min(self.settings.slowest_resend);
        self.due.insert((entry.due, sequence));
        let is_overtaken = self.highest_acknowledged > sequence;
        if is_overtaken && !entry.is_stale && now.saturating_sub(entry.first_sent) >= STALE_AFTER {
            entry.is_stale = true;
            self.stale += 1;
        }
        let frame = entry.frame.clone();
        self.shrink(sequence);
        if self.in_flight() == 0 {
            self.waiting_since = None;
        }
        Some(frame)
    }

    /// Halves the window, once for all the messages that were in flight together.
    fn shrink(&mut self, lost: i64) {
        if lost > self.recovered {
            self.window = (self.window / 2).max(SMALLEST_WINDOW);
            self.recovered = self.next_fresh - 1;
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Duration> {
        let (due, _) = *self.due.first()?;
        Some(if self.burst.0 == 0 { due.max(self.burst.1) } else { due })
    }
}
