//! A rotation as screen, command line and report see it: plain data, no secret.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::text::Untrusted;

/// Names a rotation and its files: sortable by start, unique on this machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RotationId(pub String);

impl fmt::Display for RotationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a rotation puts the new secret, as `--store` writes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "store")]
pub enum StoreChoice {
    /// `keyring[:PROFILE]`: the system's keyring.
    Keyring {
        /// Profile under which `credential-process` serves it.
        profile: String,
    },
    /// `credentials:PROFILE`, or `new-credentials:PROFILE`: a section of the AWS credentials file.
    Credentials {
        /// The section.
        profile: String,
        /// Whether the section may be made where there is none.
        #[serde(default)]
        create: bool,
    },
    /// `secretsmanager:NAME`, or `new-secretsmanager:NAME`: AWS Secrets Manager.
    SecretsManager {
        /// Name or ARN of the secret.
        name: String,
        /// Whether the secret may be made where there is none.
        #[serde(default)]
        create: bool,
    },
    /// `file:PATH`: a file encrypted under a passphrase.
    File {
        /// The file.
        path: String,
    },
}

impl StoreChoice {
    /// Reads `--store`; a missing profile is the user's name.
    ///
    /// # Errors
    /// The text names no store; says what can be written.
    pub fn parse(text: &str, user: &str) -> Result<Self, String> {
        let (kind, rest) = text.split_once(':').map_or((text, ""), |(kind, rest)| (kind, rest));
        let or_user = |rest: &str| if rest.is_empty() { user.to_owned() } else { rest.to_owned() };
        match (kind, rest) {
            ("keyring", rest) => Ok(Self::Keyring { profile: or_user(rest) }),
            ("credentials" | "new-credentials", rest) => {
                Ok(Self::Credentials { profile: or_user(rest), create: kind == "new-credentials" })
            }
            ("secretsmanager" | "new-secretsmanager", name) if !name.is_empty() => {
                Ok(Self::SecretsManager { name: name.to_owned(), create: kind == "new-secretsmanager" })
            }
            ("file", path) if !path.is_empty() => Ok(Self::File { path: path.to_owned() }),
            ("secretsmanager" | "new-secretsmanager" | "file", _) => Err(format!("{kind}: needs a name after the colon")),
            _ => Err(format!(
                "{text:?} is no store; write keyring[:PROFILE], credentials:PROFILE, secretsmanager:NAME or file:PATH \
                 (new-credentials and new-secretsmanager make what is not there)"
            )),
        }
    }
}

impl fmt::Display for StoreChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyring { profile } => write!(f, "keyring:{profile}"),
            Self::Credentials { profile, create: false } => write!(f, "credentials:{profile}"),
            Self::Credentials { profile, create: true } => write!(f, "new-credentials:{profile}"),
            Self::SecretsManager { name, create: false } => write!(f, "secretsmanager:{name}"),
            Self::SecretsManager { name, create: true } => write!(f, "new-secretsmanager:{name}"),
            Self::File { path } => write!(f, "file:{path}"),
        }
    }
}

/// What a person asks for: rotate this user's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// `UserName`.
    pub user: Untrusted,
    /// The key to retire; `None`: the only one there is.
    pub key: Option<Untrusted>,
    /// Where the new secret goes.
    pub store: StoreChoice,
    /// How long both keys stay active after the new one is in use.
    pub soak: SignedDuration,
    /// How long the old key stays, inactive, before it is deleted.
    pub observe: SignedDuration,
    /// What becomes of a second key, where the user has two at the start.
    #[serde(default)]
    pub other: OtherKey,
    /// Where the key of the escrow is kept.
    #[serde(default)]
    pub escrow: EscrowKey,
    /// Whether it is a renewal: the old key is taken for leaked, is inactive, and never becomes active again.
    #[serde(default)]
    pub renew: bool,
}

/// What becomes of a second key that the user has at the start: two are all that AWS allows, so there is no room for a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherKey {
    /// Nothing: the rotation is refused, and both keys are shown.
    #[default]
    Stop,
    /// It goes, if it is inactive or was never used: deactivated, soaked, deleted.
    Retire,
    /// It is the new key: its secret is in the store already.
    Adopt,
}

/// Where the key is kept that encrypts the new secret between its making and its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscrowKey {
    /// In the system's keyring.
    #[default]
    Keyring,
    /// In a file of its own, encrypted under the operator's passphrase: for machines without a keyring.
    Passphrase,
}

/// The states of the machine that a person sees, in the order in which they are passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Inventory taken, nothing done.
    Planned,
    /// Store, keyring, disk and permissions are tried.
    Preflight,
    /// The intent to create is on disk; the call may have been made.
    Creating,
    /// The new secret is encrypted on disk.
    Escrowed,
    /// The new secret was read back from its store.
    Stored,
    /// The new key has worked several times in a row.
    Verified,
    /// Tools are served the new key; both keys are active.
    Soaking,
    /// The intent to deactivate is on disk.
    Deactivating,
    /// The old key is inactive; one key press makes it active again.
    Observing,
    /// The intent to delete is on disk.
    Deleting,
    /// The old key is gone and the escrow shredded.
    Done,
    /// Rolled back or aborted: the old key is as it was, nothing of the new one is left.
    Aborted,
}

impl Phase {
    /// The phases of a rotation that goes well, in order: the checklist.
    pub const CHECKLIST: [Self; 11] = [
        Self::Planned,
        Self::Preflight,
        Self::Creating,
        Self::Escrowed,
        Self::Stored,
        Self::Verified,
        Self::Soaking,
        Self::Deactivating,
        Self::Observing,
        Self::Deleting,
        Self::Done,
    ];

    /// Whether nothing more will happen.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Aborted)
    }

    /// The phase in one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Preflight => "preflight",
            Self::Creating => "creating",
            Self::Escrowed => "escrowed",
            Self::Stored => "stored",
            Self::Verified => "verified",
            Self::Soaking => "soaking",
            Self::Deactivating => "deactivating",
            Self::Observing => "observing",
            Self::Deleting => "deleting",
            Self::Done => "done",
            Self::Aborted => "aborted",
        }
    }

    /// What the phase means for the keys, in a few words; [`Rotation::meaning`] knows renewals, too.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Planned => "keys and their last use are known, nothing is done",
            Self::Preflight => "store, keyring, disk and permissions are tried",
            Self::Creating => "the new key is made, once",
            Self::Escrowed => "the new secret is encrypted on disk",
            Self::Stored => "the new secret was read back from its store",
            Self::Verified => "the new key works",
            Self::Soaking => "tools are served the new key; both keys are active",
            Self::Deactivating => "the old key is being made inactive",
            Self::Observing => "the old key is inactive and can be made active again",
            Self::Deleting => "the old key is being deleted",
            Self::Done => "the old key is gone",
            Self::Aborted => "ended early",
        }
    }

    /// The phase that follows where all goes well.
    pub fn next(self) -> Option<Self> {
        let at = Self::CHECKLIST.iter().position(|phase| *phase == self)?;
        Self::CHECKLIST.get(at + 1).copied()
    }
}

/// What a rotation is waiting for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "wait")]
pub enum Wait {
    /// Its turn in a campaign: as many as may be at work are.
    Turn,
    /// A call or a store is at work.
    Working,
    /// A retry, at this time at the latest.
    Retry {
        /// When.
        at: Timestamp,
        /// Why the last attempt did not do.
        why: String,
    },
    /// Soak or observation: goes on by itself at this time.
    Until {
        /// When.
        at: Timestamp,
    },
    /// The operator must do or decide something; nothing happens until then.
    Operator {
        /// What and why, in one sentence.
        need: String,
        /// What can be answered.
        choices: Vec<Choice>,
    },
    /// Nobody is working on it: another process has it, or it was left and not resumed.
    Nobody,
    /// It has ended.
    Ended,
}

/// What an operator can tell a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Go on, or try again: after the keyring was unlocked, the disk freed, …
    Continue,
    /// Do not wait out the soak or the observation.
    SkipWait,
    /// Make the old key active again.
    Reactivate,
    /// Give the new key up: deactivate and delete it, old key untouched.
    RollBack,
    /// Delete a key whose secret was lost when it was made.
    DeleteOrphan,
    /// Leave everything as it is and end.
    Abort,
}

impl Choice {
    /// The answer in a word or two, as `rotations.…` and the command line name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::SkipWait => "skip-wait",
            Self::Reactivate => "reactivate",
            Self::RollBack => "roll-back",
            Self::DeleteOrphan => "delete-orphan",
            Self::Abort => "abort",
        }
    }

    /// What the answer does to a rotation in this phase.
    pub fn meaning(self, phase: Phase) -> &'static str {
        match (self, phase) {
            (Self::Continue, _) => "go on, or try again what failed",
            (Self::SkipWait, Phase::Soaking) => "do not wait out the soak: the old key becomes inactive now",
            (Self::SkipWait, Phase::Observing) => "do not wait out the observation: the old key is deleted now, for good",
            (Self::SkipWait, _) => "do not wait",
            (Self::Reactivate, _) => "make the old key active again",
            (Self::RollBack, _) => "deactivate and delete the new key; the old key stays as it is",
            (Self::DeleteOrphan, _) => "delete the key whose secret was lost when it was made",
            (Self::Abort, _) => "leave every key as it is now and end the rotation",
        }
    }
}

/// A rotation, as the board lists it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rotation {
    /// Its name.
    pub id: RotationId,
    /// Twelve digits.
    pub account: String,
    /// `UserName`.
    pub user: Untrusted,
    /// The key being retired.
    pub old_key: Untrusted,
    /// The key that replaces it, once it is made.
    pub new_key: Option<Untrusted>,
    /// Where the new secret goes.
    pub store: StoreChoice,
    /// Where else the key being retired stood when it began: what reads it there stops working.
    #[serde(default)]
    pub copies: Vec<String>,
    /// Whether it is the key that this program signs with.
    pub own_key: bool,
    /// Where it stands.
    pub phase: Phase,
    /// What it waits for.
    pub wait: Wait,
    /// When it began.
    pub started: Timestamp,
    /// When it came into this phase.
    pub since: Timestamp,
    /// Until when the phase may last at most, where it has a bound.
    pub bound: Option<Timestamp>,
    /// Checks of the new key that succeeded in a row, and how many are wanted.
    pub checks: (u8, u8),
    /// When each phase was reached, in order.
    pub history: Vec<(Phase, Timestamp)>,
    /// When the old key was last used (`GetAccessKeyLastUsed`), as watched during soak and observation.
    pub old_last_used: Option<Timestamp>,
    /// The last thing that went wrong, where something did.
    pub fault: Option<Fault>,
    /// Whether it is a renewal: the old key is taken for leaked, and never becomes active again.
    #[serde(default)]
    pub renew: bool,
}

impl Rotation {
    /// What a phase means for its keys, in a few words.
    pub fn meaning(&self, phase: Phase) -> &'static str {
        match phase {
            Phase::Soaking if self.renew => "tools are served the new key; the old one, taken for leaked, stays inactive",
            Phase::Deactivating if self.renew => "the old key, taken for leaked, is inactive already",
            Phase::Observing if self.renew => "the new key is in use; the old one, taken for leaked, stays inactive",
            _ => phase.meaning(),
        }
    }
}

/// What a person commands. It goes through the confirm door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum Command {
    /// Begin, one or many (a campaign): at most `at_once` at the same time.
    Start {
        /// Of whom.
        requests: Vec<Request>,
        /// How many at the same time.
        at_once: u8,
    },
    /// Take up what was left: one, or all.
    Resume {
        /// Which; `None`: all.
        id: Option<RotationId>,
    },
    /// Answer a rotation.
    Answer {
        /// Which.
        id: RotationId,
        /// What.
        choice: Choice,
    },
}

/// A length of time as the command line takes it: `24h`, `7d`, `0s`.
///
/// # Errors
/// The text is no length of time, or negative.
pub fn parse_wait(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("{text:?} is no length of time; write 30m, 24h, 7d or 0s");
    let span = jiff::Span::from_str(text.trim()).map_err(|_| wrong())?;
    let relative = jiff::SpanRelativeTo::days_are_24_hours();
    let wait = span.to_duration(relative).map_err(|_| wrong())?;
    if wait.is_negative() { Err(wrong()) } else { Ok(wait) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_are_read_as_they_are_written() {
        for text in [
            "keyring:ada",
            "credentials:prod",
            "new-credentials:prod",
            "secretsmanager:team/ada",
            "new-secretsmanager:a",
            "file:/tmp/a.age",
        ] {
            assert_eq!(StoreChoice::parse(text, "eve").unwrap().to_string(), text);
        }
        assert_eq!(StoreChoice::parse("keyring", "ada").unwrap().to_string(), "keyring:ada");
        assert!(StoreChoice::parse("file:", "ada").is_err());
        assert!(StoreChoice::parse("vault:x", "ada").is_err());
    }

    #[test]
    fn waits_are_read() {
        assert_eq!(parse_wait("24h").unwrap(), SignedDuration::from_hours(24));
        assert_eq!(parse_wait("7d").unwrap(), SignedDuration::from_hours(168));
        assert_eq!(parse_wait("0s").unwrap(), SignedDuration::ZERO);
        assert!(parse_wait("-1h").is_err() && parse_wait("soon").is_err());
    }
}
