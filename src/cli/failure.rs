//! Why a command ends without success, and the exit status that says so.

use std::fmt;
use std::process::ExitCode;

use crate::domain::fault::Fault;
use crate::domain::text::clean;

/// The end of a command that did not do its job: one line for standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The job failed: status 1.
    Job(String),
    /// It was asked in a way that cannot work: status 2.
    Usage(String),
    /// Refused by policy, such as read-only: status 3.
    Policy(String),
    /// Ended by the signal of this number: nothing is said, and the status is what shells make of it, 128 more.
    Signal(u8),
    /// A command elsewhere ended with this status, and has said itself what it had to say.
    Passed(u8),
    /// Whoever read the output has gone: nothing is said, status 0.
    Unread,
}

impl Failure {
    /// The status for the shell.
    pub fn status(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Unread => 0,
            Self::Job(_) => 1,
            Self::Usage(_) => 2,
            Self::Policy(_) => 3,
            Self::Passed(status) => *status,
            Self::Signal(number) => number.saturating_add(128),
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Error texts quote files, arguments and answers: none of them may steer the terminal.
            Self::Job(text) | Self::Usage(text) | Self::Policy(text) => f.write_str(&clean(text)),
            Self::Unread | Self::Signal(_) | Self::Passed(_) => Ok(()),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Job(fault.to_string())
    }
}

/// Errors of writing to standard output.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::Job(format!("could not write the output: {error}")),
        }
    }
}
