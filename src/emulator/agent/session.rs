//! One session from its start to its end.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::handshake::Handshake;
use super::socket::{AgentConnector, AgentLink};
use super::{Agent, Options, command, port, terminal};
use crate::ssm::channel::driver::{Driver, Temper};
use crate::ssm::channel::largest::Largest;
use crate::ssm::channel::pipe::{self, Receiver};
use crate::ssm::channel::{Channel, Settings, Side};
use crate::ssm::seed;
use crate::ssm::wire::payload::ChannelClosed;
use crate::ssm::wire::{MessageType, PayloadType, Version};

/// How long the last output may take to be acknowledged.
const DRAIN: Duration = Duration::from_secs(2);
/// How long a session that has ended waits for a client that is not there yet, or not there again.
const ABSENCE: Duration = Duration::from_mins(1);

/// What a session does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plan {
    /// A shell, or a command on a terminal.
    Terminal {
        /// The command; `None` is the shell.
        command: Option<String>,
        /// The node.
        target: String,
    },
    /// A command without a terminal.
    Command {
        /// Words, split as a shell splits them.
        command: String,
        /// Standard error apart, and the exit code at the end.
        is_separate: bool,
        /// What standard output and standard error begin with.
        prefixes: (String, String),
        /// The node.
        target: String,
    },
    /// Connections. Properties of the document.
    Port {
        /// `portNumber`, `host`, `type` …
        properties: BTreeMap<String, String>,
        /// The node.
        target: String,
    },
}

impl Plan {
    pub(super) fn session_type(&self) -> &'static str {
        match self {
            Self::Terminal { command: None, .. } => "Standard_Stream",
            Self::Terminal { command: Some(_), .. } => "InteractiveCommands",
            Self::Command { .. } => "NonInteractiveCommands",
            Self::Port { .. } => "Port",
        }
    }

    pub(super) fn target(&self) -> &str {
        match self {
            Self::Terminal { target, .. } | Self::Command { target, .. } | Self::Port { target, .. } => target,
        }
    }
}

/// Runs a session. Returns when it has ended and its client knows, or is not there.
pub(super) async fn run(
    agent: &Agent,
    session_id: &str,
    plan: Plan,
    options: Options,
    sockets: mpsc::Receiver<AgentLink>,
    terminate: CancellationToken,
) {
    let (end, sender, mut receiver) = pipe::pipe();
    let channel = Channel::new(Side::Agent, Settings::AGENT, seed::random(), seed::epoch_millis());
    let largest = Largest::default();
    let connector = AgentConnector { sockets, terminate: terminate.clone(), largest: largest.clone() };
    let idle = options.faults.idle.unwrap_or(options.idle);
    let line = options.faults.line(u64::from_be_bytes(seed::random()));
    let driver = tokio::spawn(Driver::new(channel, connector, line, Temper::agent(idle), end).run());
    let words = tokio::select! {
        words = play(agent, session_id, &plan, &options, (&sender, &largest), &mut receiver) => words,
        () = terminate.cancelled() => None,
        () = sender.idle(idle) => Some(format!("The session was idle for {} s and has been ended.", idle.as_secs())),
        _ended = sender.ending() => return,
    };
    // A client that has asked for the end may be gone already.
    if words.is_some() {
        // The official client is started after its session, and only a message tells it why there is none any more.
        let _unless_it_stays_away = tokio::time::timeout(ABSENCE.min(idle), sender.connected()).await;
        sender.drained(DRAIN).await;
    }
    let closed = ChannelClosed {
        created_date: seed::epoch_millis().to_string(),
        destination_id: plan.target().to_owned(),
        session_id: session_id.to_owned(),
        output: words.unwrap_or_default(),
        ..ChannelClosed::default()
    };
    let _unless_ended = sender.send_control(MessageType::ChannelClosed, closed.encode()).await;
    sender.leave();
    let _ended = driver.await;
}

/// What happens in the session; the words at its end, `None` where the client has asked for it.
async fn play(
    agent: &Agent,
    session_id: &str,
    plan: &Plan,
    options: &Options,
    (sender, largest): (&pipe::Sender, &Largest),
    receiver: &mut Receiver,
) -> Option<String> {
    if options.faults.is_silent {
        return std::future::pending().await;
    }
    if let Some(words) = &options.faults.ends_with {
        return Some(words.clone());
    }
    let version = options.agent_version.parse::<Version>().ok();
    let target = match plan {
        Plan::Port { properties, .. } => match port::Target::find(properties, version).await {
            Ok(target) if options.faults.refuses_connections => Some(target.dead()),
            Ok(target) => Some(target),
            Err(words) => return Some(words),
        },
        Plan::Terminal { .. } | Plan::Command { .. } => None,
    };
    let handshake = Handshake { agent, session_id, plan, options, sender };
    let shaken = match handshake.run(receiver).await {
        Ok(shaken) => shaken,
        Err(words) => return Some(words),
    };
    let voice = Voice { sender: sender.clone(), cipher: shaken.cipher.clone(), largest: largest.clone() };
    match plan {
        Plan::Terminal { command, .. } => Some(terminal::run(command.as_deref(), &voice, receiver).await),
        Plan::Command { command, is_separate, prefixes, .. } => {
            let prefixes = if *is_separate { Some(prefixes) } else { None };
            Some(command::run(command, prefixes, &voice, receiver).await)
        }
        Plan::Port { properties, .. } => {
            let multiplexes =
                version.is_some_and(Version::agent_multiplexes) && shaken.client.is_some_and(Version::client_multiplexes);
            match (properties.get("type").map(String::as_str), target?) {
                (Some("LocalPortForwarding"), target) if multiplexes => {
                    port::multiplexed(target, &options.faults, &voice, receiver).await
                }
                (Some("LocalPortForwarding"), target) => {
                    port::basic(target, &voice, receiver).await;
                    None
                }
                (_, target) => Some(port::stream(target, &voice, receiver).await),
            }
        }
    }
}

/// Speaks to the client, encrypted where the session is.
#[derive(Debug, Clone)]
pub(super) struct Voice {
    pub(super) sender: pipe::Sender,
    pub(super) cipher: Option<super::handshake::SharedCipher>,
    pub(super) largest: Largest,
}

impl Voice {
    /// Sends a payload; `Err` when the session has ended.
    pub(super) async fn say(&self, payload_type: PayloadType, payload: Bytes) -> Result<(), pipe::Ended> {
        let is_secret = matches!(payload_type, PayloadType::Output | PayloadType::StdErr | PayloadType::ExitCode);
        let payload = match self.cipher.as_ref().filter(|_| is_secret) {
            Some(cipher) => {
                let mut cipher = cipher.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                cipher.encrypt(&payload).map_err(|_| pipe::Ended)?
            }
            None => payload,
        };
        self.sender.send(payload_type, payload).await
    }

    /// Sends bytes in pieces.
    pub(super) async fn pour(&self, payload_type: PayloadType, mut bytes: Bytes) -> Result<(), pipe::Ended> {
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(self.largest.bytes()));
            self.say(payload_type, piece).await?;
        }
        Ok(())
    }

    /// Reads what the client says, in clear.
    pub(super) fn hear(&self, payload_type: PayloadType, payload: Bytes) -> Option<Bytes> {
        match self.cipher.as_ref().filter(|_| payload_type == PayloadType::Output) {
            Some(cipher) => cipher.lock().unwrap_or_else(std::sync::PoisonError::into_inner).decrypt(&payload).ok(),
            None => Some(payload),
        }
    }
}
