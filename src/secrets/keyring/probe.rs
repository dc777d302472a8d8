//! The canary: the only proof that a keyring keeps what it is given is to give it something and to ask for it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use secrecy::{ExposeSecret as _, SecretString};

use super::backend::Backend;
use super::error::{Action, KeyringError, Trouble};

/// The name of the canary's item, for error texts.
pub(super) const NAME: &str = "canary";

/// What a keyring is good for at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It keeps what it is given.
    Ready,
    /// It is locked.
    Locked(KeyringError),
    /// There is none.
    Absent(KeyringError),
    /// It cannot be written, or loses what is written.
    ReadOnly(KeyringError),
    /// It does not answer in time.
    Blocking(KeyringError),
}

impl Health {
    pub(super) fn of(tried: Result<(), KeyringError>) -> Self {
        let Err(error) = tried else { return Self::Ready };
        match error.trouble {
            Trouble::Locked => Self::Locked(error),
            Trouble::Absent => Self::Absent(error),
            Trouble::Blocking => Self::Blocking(error),
            Trouble::ReadOnly | Trouble::Corrupt | Trouble::Ambiguous | Trouble::TooLong | Trouble::Other => {
                Self::ReadOnly(error)
            }
        }
    }

    /// Whether it can be relied on.
    pub fn is_ready(&self) -> bool {
        *self == Self::Ready
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready: it keeps what it is given"),
            Self::Locked(error) | Self::Absent(error) | Self::ReadOnly(error) | Self::Blocking(error) => error.fmt(f),
        }
    }
}

/// Numbers the probes of this process.
static PROBES: AtomicU64 = AtomicU64::new(0);

/// The item of one probe, which no other probe has: two of them, in one process or in many, may be under way at the same time, and
/// each would find, overwrite or delete what the other has just written.
fn item() -> String {
    format!("{NAME}/{}-{}-{:08x}", std::process::id(), PROBES.fetch_add(1, Ordering::Relaxed), fastrand::u32(..))
}

/// Writes, reads back and deletes.
pub(super) fn canary(backend: &dyn Backend) -> Result<(), KeyringError> {
    let item = item();
    let song = format!("{:016x}", fastrand::u64(..));
    let song = SecretString::from(song);
    backend.set(&item, &song)?;
    let heard = backend.get(&item);
    let deleted = backend.delete(&item);
    match heard? {
        Some(heard) if heard.expose_secret() == song.expose_secret() => deleted,
        Some(_) => Err(KeyringError::new(Action::Probe, NAME, Trouble::Corrupt, "it gave back another value than it was given")),
        None => Err(KeyringError::new(Action::Probe, NAME, Trouble::ReadOnly, "it took a value and does not have it")),
    }
}
