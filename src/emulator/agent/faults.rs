//! Bad days of sessions, by switch.
//!
//! In words ([`Faults::parse`], `bartizan emulate --session-fault`), separated by commas:
//!
//! ```text
//! drop=N  duplicate=N  reorder=N  corrupt=N    so many of a thousand messages of the agent; drop also those of the client
//! delay=MS                                     messages of the agent come up to so much later
//! close=N                                      the web socket is closed with code 1000 after every N messages of the agent, once the client was heard
//! cut=N                                        the same, without a word: what is under way is lost
//! unknown=N                                    so many of a thousand messages are followed by one of an unknown type
//! oversize=N                                   the same, by one of 64 KiB of an unknown kind
//! sequence=N                                   so many of a thousand messages are followed by a copy with a wrong number
//! empty=N                                      the same, by an empty web socket message and by stream data of no length
//! twice=N                                      the agent of a forward takes every Nth message of its client twice: the forward breaks
//! mute=N                                       after N messages of the agent nothing goes either way any more
//! slow=BYTES                                   targets of forwards take so many bytes a second
//! idle=SECONDS                                 sessions end when no data have moved for so long
//! silent                                       the agent never says a word
//! token                                        tokens are refused
//! forget                                       ResumeSession answers without a token
//! refuse                                       every connection to a port is refused
//! end=TEXT                                     the session ends at its start with these words
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::ssm::channel::link::{Closing, Line};
use crate::ssm::wire::{Frame, MessageType};

/// What goes wrong with sessions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults {
    /// Lost messages, in a thousand.
    pub drop: u32,
    /// Messages that come twice, in a thousand.
    pub duplicate: u32,
    /// Messages that are overtaken by the next one, in a thousand.
    pub reorder: u32,
    /// Messages whose digest does not fit, in a thousand.
    pub corrupt: u32,
    /// The longest delay.
    pub delay: Duration,
    /// The web socket closes in order after so many messages.
    pub close: Option<u32>,
    /// The web socket is cut after so many messages.
    pub cut: Option<u32>,
    /// Messages that are followed by one of an unknown type, in a thousand.
    pub unknown: u32,
    /// Messages that are followed by a very large one, in a thousand.
    pub oversize: u32,
    /// Messages that are followed by a copy with a number that was never due, in a thousand.
    pub sequence: u32,
    /// Messages that are followed by an empty one and by empty stream data, in a thousand.
    pub empty: u32,
    /// Of so many messages of its client the agent of a forward takes one twice, as one does that loses its own web socket at that moment.
    pub twice: Option<u32>,
    /// After so many messages the line is dead, and nobody is told.
    pub mute: Option<u32>,
    /// Bytes a second that targets of forwards take.
    pub slow: Option<u32>,
    /// Ends sessions in which nothing has moved for so long.
    pub idle: Option<Duration>,
    /// The agent never says a word.
    pub is_silent: bool,
    /// Tokens are refused.
    pub refuses_token: bool,
    /// `ResumeSession` answers without a token.
    pub forgets_sessions: bool,
    /// Every connection to a port is refused.
    pub refuses_connections: bool,
    /// The session ends at its start with these words.
    pub ends_with: Option<String>,
}

/// Text that names no fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "--session-fault: '{0}' is no fault of sessions (drop=N, duplicate=N, reorder=N, corrupt=N, delay=MS, close=N, cut=N, unknown=N, oversize=N, sequence=N, empty=N, twice=N, mute=N, slow=BYTES, idle=SECONDS, silent, token, forget, refuse, end=TEXT)"
)]
pub struct InvalidFault(String);

impl Faults {
    /// Adds what the text names.
    pub fn parse(&mut self, text: &str) -> Result<(), InvalidFault> {
        for part in text.split(',') {
            self.parse_one(part.trim()).ok_or_else(|| InvalidFault(part.to_owned()))?;
        }
        Ok(())
    }

    fn parse_one(&mut self, part: &str) -> Option<()> {
        match part.split_once('=') {
            None => match part {
                "silent" => self.is_silent = true,
                "token" => self.refuses_token = true,
                "forget" => self.forgets_sessions = true,
                "refuse" => self.refuses_connections = true,
                _ => return None,
            },
            Some(("end", words)) => self.ends_with = Some(words.to_owned()),
            Some((name, number)) => {
                let number: u32 = number.parse().ok()?;
                match name {
                    "drop" => self.drop = number,
                    "duplicate" => self.duplicate = number,
                    "reorder" => self.reorder = number,
                    "corrupt" => self.corrupt = number,
                    "delay" => self.delay = Duration::from_millis(u64::from(number)),
                    "close" if number > 0 => self.close = Some(number),
                    "cut" if number > 0 => self.cut = Some(number),
                    "unknown" => self.unknown = number,
                    "oversize" => self.oversize = number,
                    "sequence" => self.sequence = number,
                    "empty" => self.empty = number,
                    "twice" if number > 0 => self.twice = Some(number),
                    "mute" => self.mute = Some(number),
                    "slow" if number > 0 => self.slow = Some(number),
                    "idle" if number > 0 => self.idle = Some(Duration::from_secs(u64::from(number))),
                    _ => return None,
                }
            }
        }
        Some(())
    }

    /// A line with these faults.
    pub(super) fn line(&self, seed: u64) -> BadLine {
        BadLine {
            faults: self.clone(),
            rng: fastrand::Rng::with_seed(seed),
            held: Vec::new(),
            written: 0,
            has_heard: false,
            last: Duration::ZERO,
        }
    }
}

/// Changes, loses and keeps back messages.
#[derive(Debug)]
pub(super) struct BadLine {
    faults: Faults,
    rng: fastrand::Rng,
    held: Vec<(Duration, Bytes)>,
    written: u32,
    /// On this web socket. One that never lets an answer through would let nothing through, ever.
    has_heard: bool,
    last: Duration,
}

impl BadLine {
    fn happens(&mut self, thousandths: u32) -> bool {
        thousandths > 0 && self.rng.u32(0..1000) < thousandths
    }

    fn damaged(&mut self, frame: Bytes) -> Bytes {
        let mut bytes = frame.to_vec();
        // In the digest: the payload does not fit to it any more.
        if let Some(byte) = bytes.get_mut(80 + self.rng.usize(0..32)) {
            *byte ^= 1;
        }
        bytes.into()
    }

    /// Whether the line is dead.
    fn is_mute(&self) -> bool {
        self.faults.mute.is_some_and(|after| self.written > after)
    }

    /// What follows some messages: nothing of it may change what arrives.
    fn follow(&mut self, frame: &Bytes, queue: &mut VecDeque<Bytes>) {
        if self.happens(self.faults.unknown) {
            queue.push_back(self.stranger(16));
        }
        if self.happens(self.faults.oversize) {
            queue.push_back(self.stranger(64 << 10));
        }
        let Ok(frame) = Frame::decode(frame) else { return };
        if frame.message_type != MessageType::OutputStreamData {
            return;
        }
        if self.happens(self.faults.sequence) {
            let wrong = [-1, i64::MIN, i64::MAX, frame.sequence.saturating_add(1 << 20)];
            let sequence = wrong.get(self.rng.usize(..wrong.len())).copied().unwrap_or(-1);
            queue.push_back(Frame { sequence, ..frame.clone() }.encode());
        }
        if self.happens(self.faults.empty) {
            queue.push_back(Bytes::new());
            queue.push_back(Frame { sequence: -1, payload: Bytes::new(), ..frame }.encode());
        }
    }

    fn stranger(&mut self, size: usize) -> Bytes {
        let frame = Frame {
            message_type: MessageType::Other("maintenance_notice".to_owned()),
            created: 1,
            sequence: 0,
            flags: 3,
            id: crate::ssm::wire::MessageId(self.rng.u128(..).to_be_bytes()),
            payload_type: 99,
            payload: vec![b'?'; size].into(),
        };
        frame.encode()
    }
}

impl Line for BadLine {
    fn write(&mut self, now: Duration, frame: Bytes, queue: &mut VecDeque<Bytes>) {
        self.written = self.written.saturating_add(1);
        if self.is_mute() || self.happens(self.faults.drop) {
            return;
        }
        let whole = frame.clone();
        let frame = if self.happens(self.faults.corrupt) { self.damaged(frame) } else { frame };
        let copies = if self.happens(self.faults.duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            let delay = self.faults.delay.mul_f64(self.rng.f64());
            if self.happens(self.faults.reorder) {
                self.held.push((now + delay + Duration::from_millis(5), frame.clone()));
            } else if delay.is_zero() {
                queue.push_back(frame.clone());
            } else {
                // In order: a line that delays does not reorder by itself.
                self.last = self.last.max(now + delay);
                self.held.push((self.last, frame.clone()));
            }
        }
        self.follow(&whole, queue);
    }

    fn read(&mut self, _now: Duration, frame: Bytes) -> Option<Bytes> {
        self.has_heard = true;
        if self.is_mute() || self.happens(self.faults.drop) { None } else { Some(frame) }
    }

    fn release(&mut self, now: Duration, queue: &mut VecDeque<Bytes>) {
        if self.held.is_empty() {
            return;
        }
        self.held.sort_by_key(|(at, _)| *at);
        let due = self.held.partition_point(|(at, _)| *at <= now);
        queue.extend(self.held.drain(..due).map(|(_, frame)| frame));
    }

    fn next_release(&self) -> Option<Duration> {
        self.held.iter().map(|(at, _)| *at).min()
    }

    fn closes(&mut self, _now: Duration) -> Option<Closing> {
        let is_due = |after: Option<u32>| after.is_some_and(|after| self.written >= after && self.has_heard);
        let closing = match (is_due(self.faults.cut), is_due(self.faults.close)) {
            (true, _) => Closing::Cut,
            (false, true) => Closing::InOrder,
            (false, false) => return None,
        };
        (self.written, self.has_heard) = (0, false);
        self.held.clear();
        Some(closing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_are_read() {
        let mut faults = Faults::default();
        faults.parse("drop=20,delay=50,cut=7,sequence=9,empty=9,twice=3,mute=4,slow=1000,idle=2").unwrap();
        faults.parse("silent,end=no such user").unwrap();
        assert_eq!((faults.drop, faults.delay), (20, Duration::from_millis(50)));
        assert!(faults.is_silent && faults.twice == Some(3));
        assert_eq!(faults.ends_with.as_deref(), Some("no such user"));
        for wrong in ["drop", "drop=x", "close=0", "twice=0", "explode", ""] {
            assert!(Faults::default().parse(wrong).is_err(), "{wrong}");
        }
    }
}
