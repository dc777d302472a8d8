//! An open session, from its start to its end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use super::connector::SessionConnector;
use super::dial::Dialer;
use super::gateway::{Gateway, Purpose, Refusal, StartRequest};
use super::handshake::Handshake;
use super::journal::{Entry, Journal};
use super::unfinished::Unfinished;
use crate::ssm::channel::driver::{Driver, Temper};
use crate::ssm::channel::largest::Largest;
use crate::ssm::channel::link::Plain;
use crate::ssm::channel::pipe::{self, Ended, Ending, State};
use crate::ssm::channel::{Channel, Settings, Side};
use crate::ssm::seed;
use crate::ssm::wire::encryption::Cipher;
use crate::ssm::wire::handshake::SessionType;
use crate::ssm::wire::{Flag, MessageIds, PayloadType, Version};

/// How long an agent may take to begin.
pub const HANDSHAKE: Duration = Duration::from_secs(30);
/// How long the agent may take to hear of the end and to acknowledge it; the service ends the session in any case.
const FAREWELL: Duration = Duration::from_millis(100);

/// A session's keys; both directions use them.
pub(super) type SharedCipher = Arc<Mutex<Cipher>>;

/// The kind of session that the agent announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A terminal: a shell or an interactive command.
    Terminal,
    /// A command without a terminal.
    Command,
    /// Connections: multiplexed, or one after the other with an old agent.
    Port,
    /// One connection, byte for byte.
    Stream,
}

impl Kind {
    pub(super) fn of(wanted: &SessionType) -> Option<Self> {
        match wanted.session_type.as_str() {
            "Standard_Stream" | "InteractiveCommands" => Some(Self::Terminal),
            "NonInteractiveCommands" => Some(Self::Command),
            "Port" if wanted.property("type") == Some("LocalPortForwarding") => Some(Self::Port),
            "Port" => Some(Self::Stream),
            _ => None,
        }
    }
}

/// What is known about an open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its id.
    pub session_id: String,
    /// What it carries.
    pub kind: Kind,
    /// The agent's version; unknown without a handshake.
    pub agent: Option<Version>,
    /// Whether its data are encrypted with the account's key, beyond TLS.
    pub is_encrypted: bool,
    /// The agent's words to the user; often empty. Written by strangers.
    pub notice: String,
}

impl Facts {
    pub(super) fn unknown(session_id: &str) -> Self {
        Self { session_id: session_id.to_owned(), kind: Kind::Terminal, agent: None, is_encrypted: false, notice: String::new() }
    }
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// AWS did not start it.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// It ended before it began.
    #[error("the session ended before it began{}", because(.0))]
    Ended(Ending),
    /// The agent and we could not agree.
    #[error("the handshake with the agent failed: {0}")]
    Handshake(String),
    /// The agent says nothing.
    #[error("the agent said nothing for {} s", .0.as_secs())]
    Silent(Duration),
    /// The agent may be there, but no web socket leads to it; why the last one could not be opened.
    #[error("the session's web socket could not be opened within {} s: {problem}", .patience.as_secs())]
    Unreachable {
        /// How long it was tried.
        patience: Duration,
        /// What the last attempt said.
        problem: String,
    },
    /// The session could not be noted down, and so might be left open for ever.
    #[error("the session could not be noted down: {0}")]
    Journal(String),
}

fn because(ending: &Ending) -> String {
    match ending {
        Ending::Closed(why) | Ending::Failed(why) if !why.is_empty() => format!(": {why}"),
        _ => String::new(),
    }
}

/// How sessions are opened.
#[derive(Debug, Clone)]
pub struct Opener<G> {
    /// AWS.
    pub gateway: Arc<G>,
    /// The way to the web sockets.
    pub dialer: Dialer,
    /// Where open sessions are noted down, so that those of a killed program can be ended.
    pub journal: Option<Journal>,
    /// The region, the profile and the endpoint, for the journal.
    pub place: super::journal::Place,
    /// How long an agent may take to begin; [`HANDSHAKE`] is what its own limits allow.
    pub patience: Duration,
}

impl<G: Gateway> Opener<G> {
    /// Starts a session and goes on until it runs. On any failure the session is terminated.
    pub async fn open(&self, request: &StartRequest) -> Result<Session<G>, OpenError> {
        let opened = self.gateway.start(request).await?;
        let session_id = opened.session_id.clone();
        let mut unfinished = Unfinished::new(&self.gateway, &session_id);
        let entry = Entry::new(&session_id, &request.target, self.place.clone());
        match self.journal.as_ref().map(|journal| journal.write(entry)).transpose() {
            Ok(note) => unfinished.noted(note),
            Err(error) => {
                unfinished.end(false).await;
                return Err(OpenError::Journal(error.to_string()));
            }
        }
        let (end, sender, mut receiver) = pipe::pipe();
        unfinished.runs(&sender);
        let channel = Channel::new(Side::Client, Settings::CLIENT, seed::random(), seed::epoch_millis());
        let ids = MessageIds::new(seed::random());
        let largest = Largest::default();
        let connector = SessionConnector::new(Arc::clone(&self.gateway), self.dialer.clone(), opened, ids, largest.clone());
        let temper = Temper::client(u64::from_be_bytes(seed::random()));
        tokio::spawn(Driver::new(channel, connector, Plain, temper, end).run());
        let handshake = Handshake {
            gateway: self.gateway.as_ref(),
            session_id: &session_id,
            target: &request.target,
            sender: &sender,
            cipher: None,
        };
        let shaken = tokio::time::timeout(self.patience, handshake.run(&mut receiver)).await;
        let (facts, cipher) = match shaken.unwrap_or_else(|_| Err(self.silence(&sender))) {
            Ok(result) => result,
            Err(error) => {
                let is_over = matches!(&error, OpenError::Ended(ending) if ending.is_known_to_service());
                unfinished.end(is_over).await;
                return Err(error);
            }
        };
        Ok(Session {
            gateway: Arc::clone(&self.gateway),
            facts,
            sender: SessionSender { sender, cipher: cipher.clone(), largest },
            receiver: SessionReceiver { receiver, cipher },
            is_port: request.purpose.is_port() && !matches!(request.purpose, Purpose::Ssh(_)),
            note: unfinished.finish(),
        })
    }

    /// Why nothing was heard in time.
    fn silence(&self, sender: &pipe::Sender) -> OpenError {
        match &*sender.state().borrow() {
            State::Reconnecting { problem, .. } => OpenError::Unreachable { patience: self.patience, problem: problem.clone() },
            _ => OpenError::Silent(self.patience),
        }
    }
}

/// An open session.
#[derive(Debug)]
pub struct Session<G> {
    gateway: Arc<G>,
    /// What is known about it.
    pub facts: Facts,
    /// To the target.
    pub sender: SessionSender,
    /// From the target.
    pub receiver: SessionReceiver,
    is_port: bool,
    note: Option<super::journal::Note>,
}

impl<G: Gateway> Session<G> {
    /// Takes the session apart: who ends it, who sends, who receives.
    pub fn split(self) -> (Closer<G>, SessionSender, SessionReceiver) {
        let closer = Closer {
            gateway: self.gateway,
            session_id: self.facts.session_id,
            sender: self.sender.clone(),
            is_port: self.is_port,
            note: self.note,
        };
        (closer, self.sender, self.receiver)
    }
}

/// Ends a session.
#[derive(Debug)]
pub struct Closer<G> {
    gateway: Arc<G>,
    session_id: String,
    sender: SessionSender,
    is_port: bool,
    note: Option<super::journal::Note>,
}

impl<G: Gateway> Closer<G> {
    /// Ends the session unless the service has, and says why it ended. The note in the journal goes when the service knows.
    pub async fn close(self) -> Result<Ending, Refusal> {
        let ended = match &*self.sender.state().borrow() {
            State::Ended(ending) => Some(ending.clone()),
            _ => None,
        };
        let ending = match ended {
            Some(ending) if ending.is_known_to_service() => {
                self.gateway.ended(&self.session_id).await;
                ending
            }
            other => {
                self.farewell().await;
                self.gateway.terminate(&self.session_id).await?;
                self.sender.sender.leave();
                other.unwrap_or(Ending::Left)
            }
        };
        if let Some(note) = self.note {
            note.erase();
        }
        Ok(ending)
    }

    async fn farewell(&self) {
        if self.is_port {
            // A belt beside the braces: an agent that hears this ends at once.
            let flag = self.sender.sender.send(PayloadType::Flag, Flag::TerminateSession.encode());
            let _whoever_hears = tokio::time::timeout(FAREWELL, flag).await;
            self.sender.sender.drained(FAREWELL).await;
        }
    }
}

/// Sends to a session's target; cheap to copy.
#[derive(Debug, Clone)]
pub struct SessionSender {
    sender: pipe::Sender,
    cipher: Option<SharedCipher>,
    largest: Largest,
}

impl SessionSender {
    /// Sends bytes of the terminal or of a connection, in pieces that pass through AWS; waits while the window is full.
    pub async fn send(&self, mut bytes: Bytes) -> Result<(), Ended> {
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(self.largest.bytes()));
            let piece = match &self.cipher {
                Some(cipher) => {
                    let mut cipher = cipher.lock().unwrap_or_else(PoisonError::into_inner);
                    cipher.encrypt(&piece).map_err(|_| Ended)?
                }
                None => piece,
            };
            self.sender.send(PayloadType::Output, piece).await?;
        }
        Ok(())
    }

    /// Sends something that is never encrypted: a size, a flag.
    pub async fn send_plain(&self, payload_type: PayloadType, payload: Bytes) -> Result<(), Ended> {
        self.sender.send(payload_type, payload).await
    }

    /// Waits until all that was sent is acknowledged, but not longer than `most`.
    pub async fn drained(&self, most: Duration) -> bool {
        self.sender.drained(most).await
    }

    /// How the session does, now and later.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.sender.state()
    }

    /// Why the session ended; waits until it has.
    pub async fn ending(&self) -> Ending {
        self.sender.ending().await
    }
}

/// Receives from a session's target.
#[derive(Debug)]
pub struct SessionReceiver {
    receiver: pipe::Receiver,
    cipher: Option<SharedCipher>,
}

impl SessionReceiver {
    /// The next payload, in clear; `None` at the session's end.
    pub async fn receive(&mut self) -> Option<(PayloadType, Bytes)> {
        loop {
            let (payload_type, payload) = self.receiver.receive().await?;
            let is_secret = matches!(payload_type, PayloadType::Output | PayloadType::StdErr | PayloadType::ExitCode);
            let Some(cipher) = self.cipher.as_ref().filter(|_| is_secret) else { return Some((payload_type, payload)) };
            // Nobody but the agent has the key: what cannot be decrypted was not said by it.
            if let Ok(plain) = cipher.lock().unwrap_or_else(PoisonError::into_inner).decrypt(&payload) {
                return Some((payload_type, plain));
            }
        }
    }
}
