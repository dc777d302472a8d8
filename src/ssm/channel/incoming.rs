//! What has arrived and was not taken yet.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::Settings;
use crate::ssm::wire::{Frame, MessageId};

/// A message further ahead than this cannot come from an honest peer; the official agent's buffer is as long.
const FARTHEST_AHEAD: i64 = 100_000;

#[derive(Debug)]
struct Stored {
    payload_type: u32,
    payload: Bytes,
    id: MessageId,
    /// Acknowledged on arrival, because something before it is missing.
    is_acknowledged: bool,
}

/// What became of a message on its arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) acknowledge: bool,
    pub(super) place: Place,
}

/// Where a message is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Here, for the first time.
    Kept,
    /// It was here before.
    Known,
    /// Nowhere: there is no room for it, or it is too far ahead.
    Refused,
}

/// A payload that was taken.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) sequence: i64,
    pub(super) payload_type: u32,
    pub(super) payload: Bytes,
    /// The message to acknowledge, unless it was on its arrival.
    pub(super) acknowledge: Option<MessageId>,
}

/// The receiving half of a channel.
#[derive(Debug)]
pub(super) struct Incoming {
    settings: Settings,
    /// The number that is taken next.
    expected: i64,
    /// The first number that is missing.
    missing: i64,
    stored: BTreeMap<i64, Stored>,
    ready_bytes: usize,
    stored_bytes: usize,
}

impl Incoming {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, expected: 0, missing: 0, stored: BTreeMap::new(), ready_bytes: 0, stored_bytes: 0 }
    }

    pub(super) fn store(&mut self, frame: Frame) -> Arrival {
        let sequence = frame.sequence;
        if sequence < self.expected {
            // Its acknowledgement was lost.
            return Arrival { acknowledge: true, place: Place::Known };
        }
        if let Some(known) = self.stored.get(&sequence) {
            return Arrival { acknowledge: known.is_acknowledged, place: Place::Known };
        }
        let is_next = sequence == self.missing;
        let length = frame.payload.len();
        if !is_next && (self.stored_bytes + length > self.settings.stored_bytes || sequence > self.expected + FARTHEST_AHEAD) {
            return Arrival { acknowledge: false, place: Place::Refused };
        }
        self.stored_bytes += length;
        let stored = Stored { payload_type: frame.payload_type, payload: frame.payload, id: frame.id, is_acknowledged: !is_next };
        self.stored.insert(sequence, stored);
        while let Some(next) = self.stored.get(&self.missing) {
            self.ready_bytes += next.payload.len();
            self.missing += 1;
        }
        Arrival { acknowledge: !is_next, place: Place::Kept }
    }

    pub(super) fn peek(&self) -> Option<(u32, &Bytes)> {
        self.stored.get(&self.expected).map(|stored| (stored.payload_type, &stored.payload))
    }

    pub(super) fn take(&mut self) -> Option<Taken> {
        let stored = self.stored.remove(&self.expected)?;
        let sequence = self.expected;
        self.expected += 1;
        self.ready_bytes = self.ready_bytes.saturating_sub(stored.payload.len());
        self.stored_bytes = self.stored_bytes.saturating_sub(stored.payload.len());
        Some(Taken {
            sequence,
            payload_type: stored.payload_type,
            payload: stored.payload,
            acknowledge: (!stored.is_acknowledged).then_some(stored.id),
        })
    }

    pub(super) fn has_room(&self) -> bool {
        self.ready_bytes < self.settings.ready_bytes
    }

    pub(super) fn bytes(&self) -> usize {
        self.stored_bytes
    }
}
