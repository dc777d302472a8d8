//! Reliability over a web socket that may close at any byte: numbering, acknowledgement, retransmission, order, window.
//!
//! [`Channel`] is a state machine without I/O: it is told the time and what arrived, and says what to write and when to look
//! again. The same code serves the client and the agent. A driver does this, in any order and as often as it likes:
//!
//! * hands every binary message to [`Channel::receive`], as long as [`Channel::wants_input`];
//! * takes payloads with [`Channel::take`] when its consumer has room: only then are they acknowledged;
//! * gives payloads to [`Channel::send`] as long as [`Channel::has_room`];
//! * writes what [`Channel::transmit`] returns until that is `None`, and again at [`Channel::next_timeout`];
//! * says [`Channel::disconnected`] and [`Channel::connected`] when the web socket goes and another one comes.
//!
//! Numbers, unacknowledged messages and what was received survive a reconnection; so nothing is lost and nothing doubled.
//! Time is a [`Duration`] since any fixed moment. [`driver`] is such a driver, over tokio; [`pipe`] is what its users hold.

#[cfg(test)]
mod bounds_tests;
pub mod driver;
#[cfg(test)]
mod driver_tests;
mod incoming;
pub mod largest;
pub mod link;
mod outgoing;
pub mod pipe;
mod redial;
mod rtt;
#[cfg(test)]
mod simulation;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use super::wire::frame::CONTROL_FLAGS;
use super::wire::payload::ChannelClosed;
use super::wire::{Acknowledge, Frame, FrameError, MessageId, MessageIds, MessageType, PayloadType};
use incoming::{Incoming, Place};
use outgoing::Outgoing;
pub use rtt::RoundTrip;

/// Acknowledgements that wait to be written; more than a peer with any known window can ask for. The sender repeats the rest.
const MOST_ACKNOWLEDGEMENTS: usize = 100_000;

/// Which end of the session this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Sends `input_stream_data`.
    Client,
    /// Sends `output_stream_data`.
    Agent,
}

impl Side {
    fn sends(self) -> MessageType {
        match self {
            Self::Client => MessageType::InputStreamData,
            Self::Agent => MessageType::OutputStreamData,
        }
    }

    fn receives(self) -> MessageType {
        match self {
            Self::Client => MessageType::OutputStreamData,
            Self::Agent => MessageType::InputStreamData,
        }
    }
}

/// The bounds of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Messages that may be unacknowledged.
    pub window_messages: usize,
    /// Bytes that may be unacknowledged.
    pub window_bytes: usize,
    /// Bytes in order that may wait for the consumer before the driver stops to read.
    pub ready_bytes: usize,
    /// Bytes out of order that may wait for a missing message.
    pub stored_bytes: usize,
    /// The longest wait between two sendings of one message.
    pub slowest_resend: Duration,
}

impl Settings {
    /// What a client uses.
    pub const CLIENT: Self = Self {
        window_messages: 1024,
        window_bytes: 1 << 20,
        ready_bytes: 256 << 10,
        stored_bytes: 8 << 20,
        slowest_resend: Duration::from_secs(2),
    };

    /// What an agent uses: the official client never acknowledges some of its first messages, so it asks less and less often.
    pub const AGENT: Self = Self { slowest_resend: Duration::from_secs(5), ..Self::CLIENT };
}

/// What came in, beside stream data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// Stream data, an acknowledgement, or something to ignore.
    Quiet,
    /// The service has ended the session.
    Closed(ChannelClosed),
    /// The agent's word to the service about its state, as JSON.
    AgentState(Bytes),
}

/// There is no room in the window: the producer waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too much is unacknowledged")]
pub struct Full;

/// What a channel has seen, in messages and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Messages sent for the first time.
    pub sent: u64,
    /// Messages sent again.
    pub resent: u64,
    /// Messages handed to the consumer.
    pub delivered: u64,
    /// Bytes sent for the first time.
    pub bytes_sent: u64,
    /// Bytes handed to the consumer.
    pub bytes_delivered: u64,
    /// Messages that came more than once.
    pub duplicates: u64,
    /// Frames that could not be read, or did not match their digest.
    pub damaged: u64,
}

/// One end of a data channel.
#[derive(Debug)]
pub struct Channel {
    side: Side,
    epoch_millis: u64,
    ids: MessageIds,
    incoming: Incoming,
    outgoing: Outgoing,
    acknowledgements: BTreeMap<i64, MessageId>,
    controls: Vec<Bytes>,
    is_connected: bool,
    is_paused: bool,
    counters: Counters,
    progress: u64,
}

impl Channel {
    /// A channel whose time starts at `epoch_millis` (milliseconds since 1970). The seed must be random in earnest.
    #[must_use]
    pub fn new(side: Side, settings: Settings, seed: [u8; 16], epoch_millis: u64) -> Self {
        Self {
            side,
            epoch_millis: epoch_millis.max(1),
            ids: MessageIds::new(seed),
            incoming: Incoming::new(settings),
            outgoing: Outgoing::new(settings),
            acknowledgements: BTreeMap::new(),
            controls: Vec::new(),
            is_connected: false,
            is_paused: false,
            counters: Counters::default(),
            progress: 0,
        }
    }

    /// A web socket is there: whatever is unacknowledged goes out again.
    pub fn connected(&mut self, now: Duration) {
        self.is_connected = true;
        self.is_paused = false;
        self.outgoing.restart(now);
    }

    /// The web socket has gone.
    pub fn disconnected(&mut self) {
        self.is_connected = false;
        // What was not acknowledged comes again and is acknowledged then.
        self.acknowledgements.clear();
    }

    /// Takes one binary message.
    pub fn receive(&mut self, now: Duration, message: &Bytes) -> Result<Received, FrameError> {
        let frame = Frame::decode(message).inspect_err(|_| self.counters.damaged += 1)?;
        let unpauses = frame.message_type == self.side.receives()
            || matches!(frame.message_type, MessageType::Acknowledge | MessageType::StartPublication);
        if unpauses && self.is_paused {
            self.is_paused = false;
        }
        match &frame.message_type {
            MessageType::Acknowledge => self.acknowledged(now, &frame.payload),
            MessageType::ChannelClosed => return Ok(Received::Closed(ChannelClosed::decode(&frame.payload))),
            MessageType::AgentSessionState => return Ok(Received::AgentState(frame.payload)),
            MessageType::PausePublication => self.is_paused = self.side == Side::Agent,
            other if *other == self.side.receives() => self.store(frame),
            _ => {}
        }
        Ok(Received::Quiet)
    }

    fn acknowledged(&mut self, now: Duration, payload: &[u8]) {
        match Acknowledge::decode(payload) {
            Ok(acknowledge) => self.progress += u64::from(self.outgoing.acknowledge(now, acknowledge.sequence)),
            Err(_) => self.counters.damaged += 1,
        }
    }

    fn store(&mut self, frame: Frame) {
        let (sequence, id) = (frame.sequence, frame.id);
        let stored = self.incoming.store(frame);
        match stored.place {
            Place::Kept => self.progress += 1,
            Place::Known => self.counters.duplicates += 1,
            Place::Refused => {}
        }
        if stored.acknowledge {
            self.queue_acknowledgement(sequence, id);
        }
    }

    fn queue_acknowledgement(&mut self, sequence: i64, id: MessageId) {
        if self.is_connected && self.acknowledgements.len() < MOST_ACKNOWLEDGEMENTS {
            self.acknowledgements.insert(sequence, id);
        }
    }

    /// The next payload in order. The caller has room for it and will not lose it: taking acknowledges.
    pub fn take(&mut self) -> Option<(PayloadType, Bytes)> {
        let taken = self.incoming.take()?;
        if let Some(id) = taken.acknowledge {
            self.queue_acknowledgement(taken.sequence, id);
        }
        self.counters.delivered += 1;
        self.counters.bytes_delivered += u64::try_from(taken.payload.len()).unwrap_or_default();
        Some((PayloadType::from_number(taken.payload_type), taken.payload))
    }

    /// The next payload in order, left where it is and unacknowledged.
    #[must_use]
    pub fn peek(&self) -> Option<(PayloadType, &Bytes)> {
        let (number, payload) = self.incoming.peek()?;
        Some((PayloadType::from_number(number), payload))
    }

    /// Whether the driver should go on reading the web socket: not while the consumer leaves too much lying.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        self.incoming.has_room()
    }

    /// Whether [`Channel::send`] will take a message.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.outgoing.has_room()
    }

    /// Whether everything sent was acknowledged, but for messages that the peer evidently has and never acknowledges.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.outgoing.is_drained()
    }

    /// Queues stream data. Empty data is not sent: the official programs cannot.
    pub fn send(&mut self, now: Duration, payload_type: PayloadType, payload: Bytes) -> Result<(), Full> {
        if payload.is_empty() {
            return Ok(());
        }
        if !self.has_room() {
            return Err(Full);
        }
        self.counters.sent += 1;
        self.counters.bytes_sent += u64::try_from(payload.len()).unwrap_or_default();
        let sequence = self.outgoing.next_sequence();
        let frame = Frame {
            message_type: self.side.sends(),
            created: self.created(now),
            sequence,
            // The agent marks its first message as SYN; nobody looks.
            flags: u64::from(self.side == Side::Agent && sequence == 0),
            id: self.ids.fresh(),
            payload_type: payload_type.number(),
            payload,
        };
        self.outgoing.push(frame.encode());
        Ok(())
    }

    /// Queues a control message (`channel_closed`, `start_publication` …): neither numbered nor repeated.
    pub fn send_control(&mut self, now: Duration, message_type: MessageType, payload: Bytes) {
        let frame = self.control(now, message_type, payload);
        self.controls.push(frame);
    }

    fn control(&mut self, now: Duration, message_type: MessageType, payload: Bytes) -> Bytes {
        let id = self.ids.fresh();
        let created = self.created(now);
        Frame { message_type, created, sequence: 0, flags: CONTROL_FLAGS, id, payload_type: 0, payload }.encode()
    }

    fn created(&self, now: Duration) -> u64 {
        self.epoch_millis.saturating_add(u64::try_from(now.as_millis()).unwrap_or_default())
    }

    /// The next message to write now, if there is one.
    pub fn transmit(&mut self, now: Duration) -> Option<Bytes> {
        if !self.is_connected {
            return None;
        }
        if let Some((sequence, id)) = self.acknowledgements.pop_first() {
            let acknowledge = Acknowledge {
                message_type: self.side.receives().name().to_owned(),
                message_id: id.to_string(),
                sequence,
                is_sequential: true,
            };
            return Some(self.control(now, MessageType::Acknowledge, acknowledge.encode()));
        }
        let stream_data = if self.is_paused { None } else { self.outgoing.transmit(now) };
        if let Some((frame, is_again)) = stream_data {
            self.counters.resent += u64::from(is_again);
            return Some(frame);
        }
        // The end of a session goes behind its last data.
        (!self.controls.is_empty()).then(|| self.controls.remove(0))
    }

    /// When to ask [`Channel::transmit`] again although nothing has happened.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Duration> {
        if self.is_connected && !self.is_paused { self.outgoing.next_timeout() } else { None }
    }

    /// For how long nothing was acknowledged although something waits: after some 10 s the target is probably gone.
    #[must_use]
    pub fn unanswered(&self, now: Duration) -> Option<Duration> {
        if self.is_connected { self.outgoing.waiting_since().map(|since| now.saturating_sub(since)) } else { None }
    }

    /// What the round trip takes, and when a message counts as lost.
    #[must_use]
    pub fn round_trip(&self) -> RoundTrip {
        self.outgoing.round_trip()
    }

    /// What has happened so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Grows with every message that is new here and with every one of ours that the other end has: with nothing else.
    #[must_use]
    pub fn progress(&self) -> u64 {
        self.progress
    }

    /// Bytes that the channel holds, both ways: bounded by its [`Settings`].
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.incoming.bytes() + self.outgoing.bytes()
    }
}
