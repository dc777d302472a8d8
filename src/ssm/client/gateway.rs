//! What a client needs of AWS: starting, resuming and ending sessions, a signed upgrade, a data key. Somebody else calls AWS.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;

use secrecy::{SecretSlice, SecretString};

use crate::ssm::wire::host::beyond;

/// A session to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartRequest {
    /// The node, `i-…` or `mi-…`.
    pub target: String,
    /// What to do there.
    pub purpose: Purpose,
    /// Why, for the account's records.
    pub reason: Option<String>,
}

/// What a session is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A shell, as the account's preferences say.
    Shell,
    /// A command on a terminal.
    InteractiveCommand(String),
    /// A command without a terminal; standard error apart, and with its exit code.
    Command(String),
    /// Connections to a port of the node.
    Port(u16),
    /// Connections to a port of another host, from the node.
    RemotePort(String, u16),
    /// As the two above, for an official client: it listens itself, on the local port that the session's start names.
    Listening {
        /// The other host; `None`: the node.
        host: Option<String>,
        /// Its port.
        port: u16,
        /// The port on this machine.
        local: u16,
    },
    /// One connection to the node's SSH server.
    Ssh(u16),
}

impl Purpose {
    /// Connections to a port of a host, from the node; without a host, or where that is the node itself, to a port of the node.
    #[must_use]
    pub fn port(host: Option<&str>, port: u16) -> Self {
        beyond(host).map_or(Self::Port(port), |host| Self::RemotePort(host.to_owned(), port))
    }

    /// The session document; the account's own preferences decide where there is none.
    #[must_use]
    pub fn document(&self) -> Option<&'static str> {
        match self {
            Self::Shell => None,
            Self::InteractiveCommand(_) => Some("AWS-StartInteractiveCommand"),
            Self::Command(_) => Some("AWS-StartNonInteractiveCommand"),
            Self::Port(_) | Self::Listening { host: None, .. } => Some("AWS-StartPortForwardingSession"),
            Self::RemotePort(..) | Self::Listening { host: Some(_), .. } => Some("AWS-StartPortForwardingSessionToRemoteHost"),
            Self::Ssh(_) => Some("AWS-StartSSHSession"),
        }
    }

    /// The document's parameters: every value is a list of texts, numbers too.
    #[must_use]
    pub fn parameters(&self) -> BTreeMap<String, Vec<String>> {
        let pairs: Vec<(&str, String)> = match self {
            Self::Shell => Vec::new(),
            Self::InteractiveCommand(command) => vec![("command", command.clone())],
            Self::Command(command) => vec![("command", command.clone()), ("separateOutputStream", "true".to_owned())],
            Self::Port(port) | Self::Ssh(port) => vec![("portNumber", port.to_string())],
            Self::Listening { host, port, local } => {
                let mut pairs = vec![("portNumber", port.to_string()), ("localPortNumber", local.to_string())];
                pairs.extend(host.clone().map(|host| ("host", host)));
                pairs
            }
            Self::RemotePort(host, port) => vec![("host", host.clone()), ("portNumber", port.to_string())],
        };
        pairs.into_iter().map(|(name, value)| (name.to_owned(), vec![value])).collect()
    }

    /// Whether connections are carried, not a terminal.
    #[must_use]
    pub fn is_port(&self) -> bool {
        matches!(self, Self::Port(_) | Self::RemotePort(..) | Self::Listening { .. } | Self::Ssh(_))
    }
}

/// What AWS answers to a start or a resumption.
#[derive(Clone)]
pub struct Opened {
    /// The session.
    pub session_id: String,
    /// Where its web socket is, to be used as it is.
    pub stream_url: String,
    /// What opens it, once.
    pub token: SecretString,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("session_id", &self.session_id).finish_non_exhaustive()
    }
}

/// A data key of KMS.
#[derive(Debug)]
pub struct DataKey {
    /// The 64 bytes in clear.
    pub plain: SecretSlice<u8>,
    /// The same, encrypted by KMS.
    pub cipher_text: Vec<u8>,
}

/// Why AWS did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It never will: denied, unknown target, wrong parameters.
    #[error("{0}")]
    Never(String),
    /// It may later: no network, throttled.
    #[error("{0}")]
    Later(String),
}

/// AWS, as far as a session needs it.
pub trait Gateway: Send + Sync + 'static {
    /// `ssm:StartSession`.
    fn start(&self, request: &StartRequest) -> impl Future<Output = Result<Opened, Refusal>> + Send;

    /// `ssm:ResumeSession`; `None` when the session has ended.
    fn resume(&self, session_id: &str) -> impl Future<Output = Result<Option<Opened>, Refusal>> + Send;

    /// `ssm:TerminateSession`.
    fn terminate(&self, session_id: &str) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// The service has ended the session by itself: `exit`, idle too long, an administrator. Calls nothing.
    fn ended(&self, _session_id: &str) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// The headers that sign the upgrade of this URL now; empty to go unsigned.
    fn sign(&self, url: &str) -> impl Future<Output = Result<Vec<(String, String)>, Refusal>> + Send;

    /// `kms:GenerateDataKey` for 64 bytes.
    fn data_key(&self, key_id: &str, context: BTreeMap<String, String>) -> impl Future<Output = Result<DataKey, Refusal>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_the_node_itself_goes_out_as_one() {
        for host in
            [None, Some("localhost"), Some("127.0.0.1"), Some("127.8.8.8"), Some("::1"), Some("[::1]"), Some("LOCALHOST.")]
        {
            let purpose = Purpose::port(host, 5432);
            assert_eq!(purpose.document(), Some("AWS-StartPortForwardingSession"), "{host:?}");
            assert_eq!(purpose.parameters(), BTreeMap::from([("portNumber".to_owned(), vec!["5432".to_owned()])]));
        }
        let purpose = Purpose::port(Some("db.internal"), 5432);
        assert_eq!(purpose.document(), Some("AWS-StartPortForwardingSessionToRemoteHost"));
        assert_eq!(purpose.parameters()["host"], ["db.internal"]);
    }
}
