//! The two ends of a running channel: what its driver holds, and what its user holds.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::ssm::wire::{MessageType, PayloadType};

/// Payloads that wait between the driver and its user, each way. The channel's own window is the real bound.
const QUEUE: usize = 64;

/// Why a channel has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The service said so: the shell has exited, somebody terminated the session, it was idle too long. In the service's words,
    /// often empty.
    Closed(String),
    /// The session was gone when we came back to it.
    TimedOut,
    /// It could not go on; in words.
    Failed(String),
    /// This end closed it.
    Left,
}

impl Ending {
    /// Whether the service knows that the session is over; if not, it must be told.
    #[must_use]
    pub fn is_known_to_service(&self) -> bool {
        matches!(self, Self::Closed(_) | Self::TimedOut)
    }
}

/// How a channel does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The first web socket is being opened.
    Connecting,
    /// Data flows.
    Connected,
    /// Data flows nowhere: nothing was acknowledged for so long although something waits.
    Unanswered(Duration),
    /// The web socket has gone; the next attempt is number so and so. Nothing is lost.
    Reconnecting {
        /// Attempts so far.
        attempts: u32,
        /// What the last one said.
        problem: String,
    },
    /// It is over.
    Ended(Ending),
}

/// What a user gives to the driver.
#[derive(Debug)]
pub(super) enum Submission {
    Data(PayloadType, Bytes),
    Control(MessageType, Bytes),
    /// Answered when everything before it was acknowledged.
    Drained(oneshot::Sender<()>),
}

/// The driver's end.
#[derive(Debug)]
pub struct DriverEnd {
    pub(super) deliver: mpsc::Sender<(PayloadType, Bytes)>,
    pub(super) submitted: mpsc::Receiver<Submission>,
    pub(super) state: watch::Sender<State>,
    pub(super) leave: CancellationToken,
}

/// When data moved last, either way.
#[derive(Debug, Clone)]
struct Moved(Arc<Mutex<Instant>>);

impl Moved {
    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a channel that sends; cheap to copy.
#[derive(Debug, Clone)]
pub struct Sender {
    submit: mpsc::Sender<Submission>,
    moved: Moved,
    state: watch::Receiver<State>,
    leave: CancellationToken,
}

/// The channel has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session has ended")]
pub struct Ended;

impl Sender {
    /// Sends stream data; waits while the window is full.
    pub async fn send(&self, payload_type: PayloadType, payload: Bytes) -> Result<(), Ended> {
        self.moved.now();
        self.submit.send(Submission::Data(payload_type, payload)).await.map_err(|_| Ended)
    }

    /// Sends a control message, behind the data before it.
    pub async fn send_control(&self, message_type: MessageType, payload: Bytes) -> Result<(), Ended> {
        self.submit.send(Submission::Control(message_type, payload)).await.map_err(|_| Ended)
    }

    /// Waits until all that was sent is acknowledged, but not longer than `most`. Says whether it is.
    pub async fn drained(&self, most: Duration) -> bool {
        let (done, drained) = oneshot::channel();
        let wait = async {
            self.submit.send(Submission::Drained(done)).await.map_err(|_| Ended)?;
            drained.await.map_err(|_| Ended)
        };
        matches!(tokio::time::timeout(most, wait).await, Ok(Ok(())))
    }

    /// How the channel does, now and later.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Waits until there is a web socket, or never will be one again.
    pub async fn connected(&self) {
        let mut state = self.state.clone();
        let is_there = |state: &State| !matches!(state, State::Connecting | State::Reconnecting { .. });
        let _or_the_driver_has_gone = state.wait_for(is_there).await.is_ok();
    }

    /// Waits until no data have moved either way for so long.
    pub async fn idle(&self, length: Duration) {
        loop {
            let until = self.moved.last() + length;
            if Instant::now() >= until {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    /// Ends this end of the channel. The service is not told.
    pub fn leave(&self) {
        self.leave.cancel();
    }

    /// Why the channel ended; waits until it has.
    pub async fn ending(&self) -> Ending {
        let mut state = self.state.clone();
        match state.wait_for(|state| matches!(state, State::Ended(_))).await.as_deref() {
            Ok(State::Ended(ending)) => ending.clone(),
            _ => Ending::Failed("the session's task has gone".to_owned()),
        }
    }
}

/// The end of a channel that receives.
#[derive(Debug)]
pub struct Receiver {
    delivered: mpsc::Receiver<(PayloadType, Bytes)>,
    moved: Moved,
    /// A payload that was looked at and given back.
    returned: Option<(PayloadType, Bytes)>,
}

impl Receiver {
    /// The next payload in order; `None` when the channel has ended and everything was taken.
    pub async fn receive(&mut self) -> Option<(PayloadType, Bytes)> {
        match self.returned.take() {
            Some(payload) => Some(payload),
            None => {
                let next = self.delivered.recv().await;
                self.moved.now();
                next
            }
        }
    }

    /// Gives the payload back that was received last.
    pub fn give_back(&mut self, payload_type: PayloadType, payload: Bytes) {
        self.returned = Some((payload_type, payload));
    }
}

/// Makes both ends.
#[must_use]
pub fn pipe() -> (DriverEnd, Sender, Receiver) {
    let (deliver, delivered) = mpsc::channel(QUEUE);
    let (submit, submitted) = mpsc::channel(QUEUE);
    let (state, watched) = watch::channel(State::Connecting);
    let leave = CancellationToken::new();
    let moved = Moved(Arc::new(Mutex::new(Instant::now())));
    let driver = DriverEnd { deliver, submitted, state, leave: leave.clone() };
    let sender = Sender { submit, moved: moved.clone(), state: watched, leave };
    (driver, sender, Receiver { delivered, moved, returned: None })
}
