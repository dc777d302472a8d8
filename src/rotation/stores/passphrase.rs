//! The passphrase of an encrypted file: asked for once, when first needed, and never taken from the command line.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};

/// What the passphrase is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To open a file that exists.
    Open,
    /// To protect a file that is about to be made: a person has to type it twice.
    Make,
}

/// Who gives the passphrase: a prompt, or a file. The error is one sentence.
pub type AskPassphrase = dyn Fn(Purpose) -> Result<SecretString, String> + Send + Sync;

/// Asks for the passphrase once and remembers it until it turns out to be wrong.
#[derive(Clone)]
pub struct Passphrase(Arc<Inner>);

struct Inner {
    ask: Box<AskPassphrase>,
    known: Mutex<Option<SecretString>>,
}

impl Passphrase {
    /// A passphrase that is asked for when first needed.
    pub fn new(ask: Box<AskPassphrase>) -> Self {
        Self(Arc::new(Inner { ask, known: Mutex::default() }))
    }

    /// The passphrase. May wait for a person.
    pub(in crate::rotation) fn get(&self, purpose: Purpose) -> Result<SecretString, String> {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*known {
            return Ok(known.clone());
        }
        let given = (self.0.ask)(purpose)?;
        if given.expose_secret().is_empty() {
            return Err("the passphrase is empty".to_owned());
        }
        *known = Some(given.clone());
        Ok(given)
    }

    /// It was wrong: the next time it is asked for again.
    pub(super) fn forget(&self) {
        *self.0.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}
