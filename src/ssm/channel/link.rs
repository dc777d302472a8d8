//! What lies below a channel: web sockets that come and go, and bad lines on purpose.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use futures::{Sink, Stream};
use tokio_tungstenite::tungstenite::{Error, Message};

/// An open web socket, its first text message already sent or read.
pub trait Link: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin + Send + 'static {}

impl<L: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin + Send + 'static> Link for L {}

/// Why there is no web socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoLink {
    /// The session is gone.
    Gone,
    /// There will never be one; in words.
    Never(String),
    /// It may work later; in words.
    Later(String),
}

/// Opens web sockets for one session.
pub trait Connector: Send + 'static {
    /// What it opens.
    type Link: Link;

    /// Opens the first web socket, or the next one after a loss. May wait for as long as it needs; it is dropped to stop it.
    fn connect(&mut self) -> impl Future<Output = Result<Self::Link, NoLink>> + Send;
}

/// A place where frames can be changed, kept back and lost: the emulator's bad days. [`Plain`] does nothing of the kind.
pub trait Line: Send + 'static {
    /// Takes a frame that is to be written and queues what is written in its place.
    fn write(&mut self, now: Duration, frame: Bytes, queue: &mut VecDeque<Bytes>);

    /// Takes a frame that arrived; `None` loses it.
    fn read(&mut self, now: Duration, frame: Bytes) -> Option<Bytes>;

    /// Queues what was kept back until now.
    fn release(&mut self, now: Duration, queue: &mut VecDeque<Bytes>);

    /// When [`Line::release`] has something to do.
    fn next_release(&self) -> Option<Duration>;

    /// Whether and how the web socket is closed now, in mid-session.
    fn closes(&mut self, now: Duration) -> Option<Closing>;
}

/// How a web socket is closed on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// As AWS does about once an hour: with code 1000, and what the other end has still written is heard.
    InOrder,
    /// Without waiting for anything: what is under way is lost.
    Cut,
}

/// A line that changes nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

impl Line for Plain {
    fn write(&mut self, _now: Duration, frame: Bytes, queue: &mut VecDeque<Bytes>) {
        queue.push_back(frame);
    }

    fn read(&mut self, _now: Duration, frame: Bytes) -> Option<Bytes> {
        Some(frame)
    }

    fn release(&mut self, _now: Duration, _queue: &mut VecDeque<Bytes>) {}

    fn next_release(&self) -> Option<Duration> {
        None
    }

    fn closes(&mut self, _now: Duration) -> Option<Closing> {
        None
    }
}
