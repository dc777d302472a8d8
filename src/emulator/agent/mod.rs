//! Plays Session Manager and the agent on the node: sessions with a real shell, real commands and real connections on this machine.
//!
//! | file | what |
//! |---|---|
//! | [`api`] | `StartSession`, `ResumeSession` and what `TerminateSession` does here |
//! | [`socket`] | the web socket of a session: token, upgrade, replacement |
//! | [`session`] | one session from its start to its end |
//! | [`handshake`] | the agent's part of the handshake, encryption included |
//! | [`terminal`], [`command`], [`port`] | what a session carries |
//! | [`faults`] | bad days: lost, doubled, reordered, damaged and late messages, closed web sockets |
//!
//! Whoever reaches the emulator's port may start a session, and a session runs programs as the user who started the emulator. So
//! sessions are refused until [`Options::allow`] says otherwise.

pub mod api;
mod command;
pub mod faults;
mod handshake;
mod port;
mod session;
mod signals;
pub mod socket;
mod terminal;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use faults::Faults;
use session::Plan;
use socket::AgentLink;

use crate::emulator::svc::kms::Kms;

/// How sessions behave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Whether sessions may be started at all.
    pub allow: bool,
    /// The version that the agent claims; 3.0.196.0 and older speak the basic port protocol.
    pub agent_version: String,
    /// The key that encrypts shells and commands; `None` leaves them to TLS.
    pub kms_key: Option<String>,
    /// The host to which web sockets are sent, encrypted; `None` is this server, which does not encrypt. The newest official clients go
    /// to AWS's hosts only: something that answers for those must stand between.
    pub host: Option<String>,
    /// How long a session lives without data, with a client or without one.
    pub idle: Duration,
    /// Bad days.
    pub faults: Faults,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            allow: false,
            agent_version: "3.3.5068.0".to_owned(),
            kms_key: None,
            host: None,
            idle: Duration::from_mins(20),
            faults: Faults::default(),
        }
    }
}

/// A session that runs.
#[derive(Debug)]
struct Live {
    /// Opens one web socket.
    token: Option<String>,
    sockets: mpsc::Sender<AgentLink>,
    /// Ends the web socket in use when another one comes.
    current: CancellationToken,
    /// Ends the session.
    terminate: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    options: Options,
    address: Option<SocketAddr>,
    live: BTreeMap<String, Live>,
    started: BTreeSet<String>,
    /// Unwraps the data keys of encrypted sessions.
    kms: Option<Kms>,
}

/// All agents of a world, and the service between them and their clients. Cheap to copy; copies are the same.
#[derive(Debug, Clone, Default)]
pub struct Agent(Arc<Mutex<State>>);

impl Agent {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets how sessions behave that start from now on.
    pub fn configure(&self, options: Options) {
        self.state().options = options;
    }

    /// How sessions behave.
    #[must_use]
    pub fn options(&self) -> Options {
        self.state().options.clone()
    }

    /// Says where web sockets are served.
    pub fn serve_at(&self, address: SocketAddr) {
        self.state().address = Some(address);
    }

    /// Whether a session is alive.
    #[must_use]
    pub fn is_alive(&self, session_id: &str) -> bool {
        self.state().live.contains_key(session_id)
    }

    /// Whether a session was started here, and not by a scenario's story.
    #[must_use]
    pub fn was_started(&self, session_id: &str) -> bool {
        self.state().started.contains(session_id)
    }

    /// Ends a session from outside. Ending one that has ended does nothing.
    pub fn terminate(&self, session_id: &str) {
        if let Some(live) = self.state().live.get(session_id) {
            live.terminate.cancel();
        }
    }

    /// The agents of an account, with its keys.
    #[must_use]
    pub fn new(kms: Kms) -> Self {
        Self(Arc::new(Mutex::new(State { kms: Some(kms), ..State::default() })))
    }

    /// Has KMS decrypt a session's data key: under the key that was asked for, in the session's context.
    fn decrypt_key(&self, key: &str, cipher_text: &[u8], context: &BTreeMap<String, String>) -> Result<Bytes, String> {
        let kms = self.state().kms.clone().ok_or("There is no KMS.")?;
        let region = key.split(':').nth(3).unwrap_or_default();
        let unwrapped = kms.decrypt(region, cipher_text, context, Some(key)).map_err(|error| error.to_string())?;
        Ok(unwrapped.plain)
    }

    /// Starts a session's task. It ends by itself and then is alive no more.
    fn start(&self, session_id: &str, token: String, plan: Plan) {
        let (sockets, arriving) = mpsc::channel(1);
        let terminate = CancellationToken::new();
        let live = Live { token: Some(token), sockets, current: CancellationToken::new(), terminate: terminate.clone() };
        let options = {
            let mut state = self.state();
            state.live.insert(session_id.to_owned(), live);
            state.started.insert(session_id.to_owned());
            state.options.clone()
        };
        let (agent, id) = (self.clone(), session_id.to_owned());
        tokio::spawn(async move {
            session::run(&agent, &id, plan, options, arriving, terminate).await;
            agent.state().live.remove(&id);
        });
    }

    /// Makes another token for a session that is alive.
    fn renew(&self, session_id: &str, token: String) -> bool {
        match self.state().live.get_mut(session_id) {
            // Between the order to end and the end there is no coming back.
            Some(live) if !live.terminate.is_cancelled() => {
                live.token = Some(token);
                true
            }
            _ => false,
        }
    }

    /// Uses up a token. What the session's task is to be told, and the end of the web socket that takes the place of the last one.
    fn admit(&self, session_id: &str, token: &str) -> Option<(mpsc::Sender<AgentLink>, CancellationToken)> {
        let mut state = self.state();
        if state.options.faults.refuses_token {
            return None;
        }
        let live = state.live.get_mut(session_id)?;
        live.token.take_if(|known| known == token)?;
        live.current.cancel();
        live.current = CancellationToken::new();
        Some((live.sockets.clone(), live.current.clone()))
    }

    fn stream_url(&self, session_id: &str) -> Option<String> {
        let state = self.state();
        let server = match &state.options.host {
            Some(host) => format!("wss://{host}"),
            None => format!("ws://{}", state.address?),
        };
        Some(format!("{server}/v1/data-channel/{session_id}?role=publish_subscribe"))
    }
}
