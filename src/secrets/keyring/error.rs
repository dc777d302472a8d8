//! What can go wrong with a keyring, in words that hold no secret.

use std::fmt;

use keyring_core::Error as Core;

use crate::domain::text::clean;

/// What was asked of the keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To connect.
    Open,
    /// To read an item.
    Read,
    /// To write an item.
    Write,
    /// To delete an item.
    Delete,
    /// To show that it works.
    Probe,
}

impl Action {
    fn words(self) -> &'static str {
        match self {
            Self::Open => "opened",
            Self::Read => "read",
            Self::Write => "written",
            Self::Delete => "deleted",
            Self::Probe => "tried",
        }
    }
}

/// Which kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The keyring is locked, and nobody unlocked it.
    Locked,
    /// There is no keyring: no D-Bus, no daemon, no collection.
    Absent,
    /// It can be read but not written: a full disk, a folder that is read-only.
    ReadOnly,
    /// It did not answer in time: it may be waiting for a person. What was asked may still happen.
    Blocking,
    /// What it holds is not what was stored.
    Corrupt,
    /// Several items have this name.
    Ambiguous,
    /// The value is longer than this keyring takes.
    TooLong,
    /// Something else failed.
    Other,
}

impl Trouble {
    /// What it is and what to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Locked => {
                "it is locked: unlock it (log in to the desktop, or `gnome-keyring-daemon --replace --unlock`) and try again"
            }
            Self::Absent => {
                "there is none here: start one (gnome-keyring, KWallet or KeePassXC with a default collection), or choose another store"
            }
            Self::ReadOnly => "it takes no values: look for a full disk or a folder that is read-only, then try again",
            Self::Blocking => "it does not answer: look for its password prompt on the desktop, then try again",
            Self::Corrupt => "the item is not what bartizan stored: look at it with the keyring's own program",
            Self::Ambiguous => "several items have this name: remove all but one with the keyring's own program",
            Self::TooLong => "the value is too long for this keyring: choose another store",
            Self::Other => "try again; `bartizan doctor` looks at the keyring",
        }
    }
}

/// A call to the keyring that failed. It holds no secret: errors of the library may, so their values never come this far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyringError {
    /// What was asked.
    pub action: Action,
    /// The item's name, which is no secret.
    pub item: String,
    /// The kind of trouble.
    pub trouble: Trouble,
    /// What the system said, made harmless; may be empty.
    pub said: String,
}

/// More than this of what the system said is of no use to anybody.
const MOST_SAID: usize = 200;

impl KeyringError {
    /// An error in our own words.
    pub fn new(action: Action, item: &str, trouble: Trouble, said: &str) -> Self {
        Self { action, item: item.to_owned(), trouble, said: clean(said).chars().take(MOST_SAID).collect() }
    }

    /// From the library's error. Its `Debug` may print the secret, so only the words of the platform are taken.
    pub(super) fn from_core(action: Action, item: &str, error: &Core) -> Self {
        let (trouble, said) = match error {
            Core::NoStorageAccess(cause) => (no_access(&cause.to_string()), cause.to_string()),
            Core::PlatformFailure(cause) => (failure(action), cause.to_string()),
            Core::NoDefaultStore => (Trouble::Absent, String::new()),
            Core::BadEncoding(_) | Core::BadDataFormat(..) | Core::BadStoreFormat(_) => (Trouble::Corrupt, String::new()),
            Core::Ambiguous(items) => (Trouble::Ambiguous, format!("{} items", items.len())),
            Core::TooLong(name, most) => (Trouble::TooLong, format!("{name}: at most {most}")),
            Core::NoEntry => (Trouble::Other, "the item went away meanwhile".to_owned()),
            Core::Invalid(name, _) => (Trouble::Other, format!("{name} is not valid")),
            Core::NotSupportedByStore(_) => (Trouble::Other, "not supported".to_owned()),
            _ => (Trouble::Other, String::new()),
        };
        Self::new(action, item, trouble, &said)
    }

    /// The same trouble, met while something else was done.
    pub(super) fn during(mut self, action: Action, item: &str) -> Self {
        self.action = action;
        item.clone_into(&mut self.item);
        self
    }
}

/// The Secret Service says "no result" where it has no default collection, and speaks of locks and prompts otherwise.
fn no_access(said: &str) -> Trouble {
    if said.contains("result not returned") { Trouble::Absent } else { Trouble::Locked }
}

/// A platform that fails to connect is not there; one that fails to write may be full.
fn failure(action: Action) -> Trouble {
    match action {
        Action::Open => Trouble::Absent,
        Action::Write => Trouble::ReadOnly,
        Action::Read | Action::Delete | Action::Probe => Trouble::Other,
    }
}

impl fmt::Display for KeyringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the keyring's item `{}` could not be {}: {}", clean(&self.item), self.action.words(), self.trouble.advice())?;
        if self.said.is_empty() { Ok(()) } else { write!(f, " (it said: {})", self.said) }
    }
}

impl std::error::Error for KeyringError {}
