//! Connections that wait for the rest of an answer after their program has said everything.
//!
//! A program that closes its connection and one that closes only its half of it look the same from here. So each such connection
//! is kept for a while, and a thousand short ones would take a thousand file descriptors: beyond [`MOST`], the one that can
//! miss the least gives up its seat.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// Half-closed connections that a forward keeps.
pub const MOST: usize = 24;

/// What a half-closed connection can still miss, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wait {
    /// The far side has closed its end, too.
    Told,
    /// Its program has asked nothing.
    Silent,
    /// Something has come since it asked last.
    Answered,
    /// Its question is unanswered.
    Asks,
}

/// Who spoke last on a connection, and when. Cheap to copy; copies are the same.
#[derive(Debug, Clone)]
pub(super) struct Talk(Arc<Mutex<(Wait, Instant)>>);

impl Default for Talk {
    fn default() -> Self {
        Self(Arc::new(Mutex::new((Wait::Silent, Instant::now()))))
    }
}

impl Talk {
    /// Of a connection that misses nothing any more.
    pub(super) fn told() -> Self {
        Self(Arc::new(Mutex::new((Wait::Told, Instant::now()))))
    }

    fn state(&self) -> MutexGuard<'_, (Wait, Instant)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The program has said something.
    pub(super) fn asked(&self) {
        *self.state() = (Wait::Asks, Instant::now());
    }

    /// The far side has.
    pub(super) fn heard(&self) {
        let mut state = self.state();
        let wait = if state.0 == Wait::Asks { Wait::Answered } else { state.0 };
        *state = (wait, Instant::now());
    }

    /// The program has closed its half.
    pub(super) fn touch(&self) {
        self.state().1 = Instant::now();
    }

    pub(super) fn moved(&self) -> Instant {
        self.state().1
    }
}

/// The half-closed connections of a forward.
#[derive(Debug, Default)]
pub struct HalfClosed(Mutex<Seats>);

#[derive(Debug, Default)]
struct Seats {
    next: u64,
    taken: BTreeMap<u64, (Talk, CancellationToken)>,
}

impl HalfClosed {
    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat for one more. Where there are too many, somebody loses theirs; it may be this one.
    pub(super) fn enter(&self, talk: Talk) -> Seat<'_> {
        let freed = CancellationToken::new();
        let mut seats = self.seats();
        let number = seats.next;
        seats.next += 1;
        seats.taken.insert(number, (talk, freed.clone()));
        if seats.taken.len() > MOST {
            let least = seats.taken.iter().min_by_key(|(number, (talk, _))| (*talk.state(), **number)).map(|(number, _)| *number);
            if let Some((_, freed)) = least.and_then(|number| seats.taken.remove(&number)) {
                freed.cancel();
            }
        }
        Seat { number, freed, of: self }
    }
}

/// The right to stay half-closed.
#[derive(Debug)]
pub(super) struct Seat<'a> {
    number: u64,
    freed: CancellationToken,
    of: &'a HalfClosed,
}

impl Seat<'_> {
    /// Waits until somebody else takes the seat.
    pub(super) fn freed(&self) -> WaitForCancellationFuture<'_> {
        self.freed.cancelled()
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.of.seats().taken.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(change: impl FnOnce(&Talk)) -> Talk {
        let talk = Talk::default();
        change(&talk);
        talk
    }

    #[test]
    fn the_seat_of_whoever_can_miss_the_least_is_freed() {
        let half_closed = HalfClosed::default();
        let asks: Vec<_> = (0..MOST - 3).map(|_| half_closed.enter(talk(Talk::asked))).collect();
        let answered = talk(|talk| {
            talk.asked();
            talk.heard();
        });
        let (answered, silent, told) =
            (half_closed.enter(answered), half_closed.enter(talk(Talk::heard)), half_closed.enter(Talk::told()));
        let is_free = |seat: &Seat<'_>| seat.freed.is_cancelled();
        assert!(!is_free(&told) && !is_free(&silent));
        let mut late = Vec::new();
        for seat in [&told, &silent, &answered] {
            assert!(!is_free(seat));
            late.push(half_closed.enter(talk(Talk::asked)));
            assert!(is_free(seat));
        }
        assert!(!asks.iter().chain(&late).any(is_free), "exactly as many as there may be");
        late.push(half_closed.enter(talk(Talk::asked)));
        assert!(asks.first().is_some_and(is_free), "the one that has waited the longest");
        // A newcomer that misses less than all others is the one.
        assert!(is_free(&half_closed.enter(Talk::told())));
        assert!(!asks.iter().skip(1).chain(&late).any(is_free));
    }

    #[test]
    fn a_seat_that_is_given_back_is_free_for_another() {
        let half_closed = HalfClosed::default();
        for _ in 0..3 * MOST {
            assert!(!half_closed.enter(Talk::default()).freed.is_cancelled());
        }
    }
}
