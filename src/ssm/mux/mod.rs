//! Many connections over one session: smux v1 with back-pressure, over tokio.
//!
//! One task runs [`Mux::run`]; each connection is a [`Stream`], which [`copy()`](copy::copy) joins to a TCP connection. Version 1 has no flow
//! control per stream: what a slow connection leaves unread is counted, and beyond a bound the whole session is read no further
//! (so that nothing is lost and memory stays bounded). Up to that bound the other connections go on; [`pressure`] says what then.

pub mod copy;
#[cfg(test)]
mod copy_tests;
pub mod half_closed;
#[cfg(test)]
mod mux_tests;
pub mod pressure;
#[cfg(test)]
mod pressure_tests;
#[cfg(test)]
mod running;
mod stream;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::ssm::wire::smux::{Decoder, FIRST_CLIENT_STREAM, Frame, ProtocolError};
use pressure::{PATIENCE, Pressure, Share, Unread};
use stream::Word;
pub use stream::{End, Stream, StreamReader, StreamWriter};

/// Bytes that leave at once; whoever writes them into messages cuts them as small as these must be.
const LARGEST_PIECE: usize = 16 << 10;
/// Frames of data that wait to be written; each stream gets its turn.
const QUEUE: usize = 32;

/// Which end this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Opens streams.
    Client,
    /// Accepts them.
    Server,
}

/// Why a multiplexed session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MuxError {
    /// The other end speaks something else.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The channel below has ended.
    #[error("the session has ended")]
    Ended,
}

/// Opens streams; cheap to copy.
#[derive(Debug, Clone)]
pub struct Opener {
    words: mpsc::Sender<Word>,
}

impl Opener {
    /// Opens a stream.
    pub async fn open(&self) -> Result<Stream, MuxError> {
        let (reply, opened) = tokio::sync::oneshot::channel();
        self.words.send(Word::Open(reply)).await.map_err(|_| MuxError::Ended)?;
        opened.await.map_err(|_| MuxError::Ended)
    }

    /// Says "still here" to an end that wants to hear it.
    pub async fn keep_alive(&self) -> Result<(), MuxError> {
        self.words.send(Word::KeepAlive).await.map_err(|_| MuxError::Ended)
    }
}

/// What the channel has brought.
#[derive(Debug, Clone)]
pub enum Heard {
    /// Bytes of the streams, cut anywhere.
    Bytes(Bytes),
    /// The agent could not connect one of the streams to its target. It does not say which: it closes that one next.
    Refusal,
}

impl From<Bytes> for Heard {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

/// A stream as the mux sees it.
#[derive(Debug)]
struct Entry {
    deliver: mpsc::UnboundedSender<Bytes>,
    /// Whether anything has come for it. A stream that was refused gets nothing.
    has_received: bool,
    share: Arc<Share>,
    /// How often it had been read when there was no more room.
    reads: u64,
}

/// One end of a multiplexed session.
#[derive(Debug)]
pub struct Mux {
    role: Role,
    next_stream: u32,
    streams: BTreeMap<u32, Entry>,
    decoder: Decoder,
    unread: Arc<Unread>,
    pressure: Arc<Pressure>,
    /// How long a stream may read nothing while others wait; `None`: for ever.
    patience: Option<Duration>,
    /// When it will have been too long.
    too_long: Option<Instant>,
    words: mpsc::Receiver<Word>,
    speak: mpsc::Sender<Word>,
    accepted: mpsc::UnboundedSender<Stream>,
    out: BytesMut,
    /// Refusals whose streams were not closed yet.
    refusals: u64,
}

/// Whatever ends the session cuts its streams; only those that were closed before are whole.
impl Drop for Mux {
    fn drop(&mut self) {
        self.streams.values().for_each(|entry| entry.share.reset.cancel());
    }
}

impl Mux {
    /// An end, what opens streams on it, and the streams that the other end opens.
    #[must_use]
    pub fn new(role: Role) -> (Self, Opener, mpsc::UnboundedReceiver<Stream>) {
        let (speak, words) = mpsc::channel(QUEUE);
        let (accepted, accepting) = mpsc::unbounded_channel();
        let opener = Opener { words: speak.clone() };
        let mux = Self {
            role,
            next_stream: if role == Role::Client { FIRST_CLIENT_STREAM } else { 2 },
            streams: BTreeMap::new(),
            decoder: Decoder::default(),
            unread: Arc::new(Unread::default()),
            pressure: Arc::default(),
            // The end that opens streams knows for whom; the official agent waits for ever.
            patience: (role == Role::Client).then_some(PATIENCE),
            too_long: None,
            words,
            speak,
            accepted,
            out: BytesMut::new(),
            refusals: 0,
        };
        (mux, opener, accepting)
    }

    /// Tells how the streams hold each other up.
    #[must_use]
    pub fn watched(mut self, pressure: Arc<Pressure>) -> Self {
        self.pressure = pressure;
        self
    }

    /// Has another patience than [`PATIENCE`].
    #[cfg(test)]
    fn patient(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Runs until the channel ends or nobody uses it any more. `from` and `to` are the channel's bytes, cut anywhere.
    pub async fn run<H: Into<Heard>>(mut self, mut from: mpsc::Receiver<H>, to: mpsc::Sender<Bytes>) -> Result<(), MuxError> {
        loop {
            let unread = Arc::clone(&self.unread);
            self.look_at_the_time();
            let too_long = self.too_long.filter(|_| self.streams.len() > 1);
            tokio::select! {
                heard = from.recv(), if unread.has_room() => self.heard(heard.ok_or(MuxError::Ended)?.into())?,
                permit = to.reserve(), if !self.out.is_empty() => {
                    let length = self.out.len().min(LARGEST_PIECE);
                    permit.map_err(|_| MuxError::Ended)?.send(self.out.split_to(length).freeze());
                }
                word = self.words.recv(), if self.out.len() < LARGEST_PIECE => match word {
                    Some(word) => self.said(word),
                    None => return Ok(()),
                },
                () = unread.room(), if !unread.has_room() => {}
                () = sleep_until(too_long.unwrap_or_else(Instant::now)), if too_long.is_some() => self.reset_one(),
            }
        }
    }

    /// Notes since when there is no more room.
    fn look_at_the_time(&mut self) {
        let has_room = self.unread.has_room();
        self.pressure.set_full(!has_room);
        if has_room {
            self.too_long = None;
        } else if let (None, Some(patience)) = (self.too_long, self.patience) {
            self.too_long = Some(Instant::now() + patience);
            self.streams.values_mut().for_each(|entry| entry.reads = entry.share.reads());
        }
    }

    /// Resets the stream that has left the most unread and has read nothing since there is no more room.
    fn reset_one(&mut self) {
        self.too_long = None;
        let silent = self.streams.iter().filter(|(_, entry)| entry.reads == entry.share.reads());
        let Some((id, _)) = silent.max_by_key(|(_, entry)| entry.share.bytes()) else { return };
        let id = *id;
        if let Some(entry) = self.streams.remove(&id) {
            entry.share.reset.cancel();
            self.pressure.count_reset();
        }
    }

    fn heard(&mut self, heard: Heard) -> Result<(), MuxError> {
        match heard {
            Heard::Bytes(bytes) => {
                self.decoder.push(&bytes);
                while let Some(frame) = self.decoder.next_frame()? {
                    self.received(frame);
                }
            }
            Heard::Refusal => self.refusals = self.refusals.saturating_add(1),
        }
        Ok(())
    }

    fn received(&mut self, frame: Frame) {
        match frame {
            Frame::Open(id) if self.role == Role::Server && !self.streams.contains_key(&id) => {
                let stream = self.stream(id);
                // Nobody accepts any more: the stream is dropped, and so closed.
                let _unless_over = self.accepted.send(stream);
            }
            Frame::Data(id, data) if !data.is_empty() => {
                let length = data.len();
                // Data of a stream that has gone is skipped, as the official programs do.
                if let Some(stream) = self.streams.get_mut(&id) {
                    stream.has_received = true;
                    stream.share.add(length);
                    if stream.deliver.send(data).is_err() {
                        stream.share.subtract(length);
                    }
                }
            }
            Frame::Close(id) => self.closed(id),
            Frame::Open(_) | Frame::Data(..) | Frame::KeepAlive => {}
        }
    }

    /// The far side has closed a stream. After a refusal that is the one that was refused, unless it has received something;
    /// it may be one that has gone here.
    fn closed(&mut self, id: u32) {
        let entry = self.streams.remove(&id);
        let is_refused = self.refusals > 0 && !entry.as_ref().is_some_and(|entry| entry.has_received);
        self.refusals -= u64::from(is_refused);
        if let Some(entry) = entry {
            let _first_end_counts = entry.share.end.set(if is_refused { End::Refused } else { End::Closed });
        }
    }

    fn said(&mut self, word: Word) {
        match word {
            Word::Open(reply) => {
                let id = self.next_stream;
                self.next_stream = self.next_stream.wrapping_add(2);
                let stream = self.stream(id);
                Frame::Open(id).encode(&mut self.out);
                // Whoever asked has gone: dropping the stream closes it.
                let _unless_gone = reply.send(stream);
            }
            Word::Data(id, data) => Frame::Data(id, data).encode(&mut self.out),
            Word::Close(id) => Frame::Close(id).encode(&mut self.out),
            Word::KeepAlive => Frame::KeepAlive.encode(&mut self.out),
            Word::Forget(id) => drop(self.streams.remove(&id)),
        }
    }

    fn stream(&mut self, id: u32) -> Stream {
        let (deliver, delivered) = mpsc::unbounded_channel();
        let share = Share::of(&self.unread);
        self.streams.insert(id, Entry { deliver, has_received: false, share: Arc::clone(&share), reads: 0 });
        Stream::new(id, delivered, share, self.speak.clone())
    }
}
