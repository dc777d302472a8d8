//! Shells on nodes as the console knows them: what is wanted, how it does, never a byte of what is typed or shown.

use serde::{Deserialize, Serialize};

use super::forward::ForwardSpec;
use super::recording::{Playback, Recorded};
use super::text::Untrusted;

/// The number of a shell in this console, counted from 1; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShellId(pub u64);

/// A node to open a session on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    /// `i-…` or `mi-…`.
    pub node: Untrusted,
    /// Its region; `None`: the console's first one.
    pub region: Option<String>,
    /// Its name, where it has one.
    pub name: Option<Untrusted>,
}

/// The longest reason that `StartSession` takes, in characters.
const LONGEST_REASON: usize = 256;

/// A reason as `StartSession` takes it; `None`: none was given, and none is needed.
///
/// # Errors
/// A reason is required and missing, or it is too long; in words.
pub fn reason(text: &str, is_required: bool) -> Result<Option<String>, String> {
    let reason = text.trim();
    match reason.chars().count() {
        0 if is_required => Err("a reason is required here: say why, for example a ticket number".into()),
        0 => Ok(None),
        count if count > LONGEST_REASON => Err(format!("a reason has at most {LONGEST_REASON} characters, this one has {count}")),
        _ => Ok(Some(reason.to_owned())),
    }
}

/// What a pane wants done with sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionWish {
    /// A shell in a tab of its own.
    Shell(Target),
    /// Play a recording in a tab of its own.
    Replay(Box<Recorded>),
    /// Start the forward of this number.
    StartForward {
        /// Its number.
        number: u64,
        /// What it carries.
        spec: ForwardSpec,
    },
    /// Stop the forward of this number.
    StopForward {
        /// Its number.
        number: u64,
    },
}

/// How a shell does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ShellState {
    /// The session is being started. What is typed waits.
    Connecting,
    /// Data flows.
    Open,
    /// The line is lost; the next attempt is under way. Nothing is lost.
    Reconnecting {
        /// What the last attempt said.
        problem: Untrusted,
    },
    /// Nothing that was sent has been acknowledged for ten seconds or more: the target has gone, or its network.
    Silent,
    /// It is over.
    Ended {
        /// Why, in the words of whoever ended it.
        why: Untrusted,
        /// The exit code, where the agent told one.
        code: Option<i32>,
    },
    /// It never began.
    Failed {
        /// Why.
        why: Untrusted,
    },
}

impl ShellState {
    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::Failed { .. })
    }
}

/// What becomes known about a shell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShellNews {
    /// It does so now.
    State(ShellState),
    /// It runs: what the agent said about it.
    Opened {
        /// The session's id.
        session_id: String,
        /// Whether its data are encrypted with the account's key, beyond TLS.
        is_encrypted: bool,
        /// The agent's words to the person; often empty.
        notice: Untrusted,
    },
    /// Something was shown on it.
    Output,
    /// Its screen was held still to be read.
    Held {
        /// How many lines there are to read, the screen included.
        lines: usize,
    },
    /// The search for a text on the screen held still has ended.
    Found {
        /// The line, counted from the oldest.
        line: Option<usize>,
    },
    /// So much of a long paste has gone to the target.
    Pasted {
        /// Bytes sent.
        sent: usize,
        /// Bytes in all; equal when it is done, or was given up.
        total: usize,
    },
    /// Its recording goes on, or has stopped.
    Recording(Recording),
    /// It is no shell but a recording that is played, and this is how.
    Replay(Playback),
}

/// Whether a shell is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "recording")]
pub enum Recording {
    /// It is not.
    #[default]
    Off,
    /// It is, to this file.
    On {
        /// The file's name in the folder of recordings.
        file: String,
    },
    /// It was, until this went wrong. The shell goes on.
    Failed {
        /// Why.
        why: String,
    },
}
