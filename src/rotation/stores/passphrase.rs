//! The passphrases of encrypted files: asked for once, when first needed, and never taken from the command line.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};

/// What the passphrase is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To open a file that exists.
    Open,
    /// To protect a file that is about to be made: a person has to type it twice.
    Make,
}

/// A passphrase that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What it is for.
    pub purpose: Purpose,
    /// The file, in words.
    pub name: String,
    /// Why the last answer was not taken; `None`: nobody has been asked yet. Whoever has no other answer gives an error then.
    pub problem: Option<String>,
}

/// Who gives the passphrase: a prompt, or a file. The error is one sentence.
pub type AskPassphrase = dyn Fn(Need) -> Result<SecretString, String> + Send + Sync;

/// How often it is asked for before it is given up.
const TRIES: u32 = 3;
const WRONG: &str = "the passphrase is wrong";

/// Asks for each passphrase once, and remembers those that were right.
#[derive(Clone)]
pub struct Passphrase(Arc<Inner>);

struct Inner {
    ask: Box<AskPassphrase>,
    /// By the file's name.
    known: Mutex<BTreeMap<String, SecretString>>,
    /// What a passphrase has opened, by what it was sealed in: to open it again would cost a second.
    opened: Mutex<BTreeMap<String, SecretString>>,
    /// Held by whoever asks: two at once would ask the same person the same thing.
    asking: Mutex<()>,
}

impl Passphrase {
    /// Passphrases that are asked for when first needed.
    pub fn new(ask: Box<AskPassphrase>) -> Self {
        Self(Arc::new(Inner { ask, known: Mutex::default(), opened: Mutex::default(), asking: Mutex::default() }))
    }

    /// Forgets all of them and what they have opened: they are asked for again.
    pub fn forget(&self) {
        self.known().clear();
        self.0.opened.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What a passphrase has opened before.
    pub(in crate::rotation) fn opened(&self, sealed: &str) -> Option<SecretString> {
        self.0.opened.lock().unwrap_or_else(PoisonError::into_inner).get(sealed).cloned()
    }

    /// Remembers what a passphrase has opened, or what was sealed under it, for as long as the passphrase.
    pub(in crate::rotation) fn remember(&self, sealed: &str, opened: SecretString) {
        self.0.opened.lock().unwrap_or_else(PoisonError::into_inner).insert(sealed.to_owned(), opened);
    }

    /// Opens something by the passphrase that `attempt` takes (`None`: it is wrong): one that is known, else one that is asked for, at
    /// most three times. May wait for a person.
    pub(in crate::rotation) fn open<T, E>(
        &self,
        name: &str,
        attempt: impl Fn(&SecretString) -> Result<Option<T>, E>,
        refused: impl FnOnce(String) -> E,
    ) -> Result<T, E> {
        let mut tried = Vec::new();
        if let Some(opened) = self.by_known(name, &mut tried, &attempt)? {
            return Ok(opened);
        }
        let _one_at_a_time = self.0.asking.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have been told meanwhile.
        if let Some(opened) = self.by_known(name, &mut tried, &attempt)? {
            return Ok(opened);
        }
        let mut problem = None;
        for _ in 0..TRIES {
            let given = match self.ask(Purpose::Open, name, problem.clone()) {
                Ok(given) => given,
                Err(words) => return Err(refused(problem.unwrap_or(words))),
            };
            if let Some(opened) = attempt(&given)? {
                self.known().insert(name.to_owned(), given);
                return Ok(opened);
            }
            problem = Some(WRONG.to_owned());
        }
        Err(refused(WRONG.to_owned()))
    }

    /// The passphrase for something that is about to be made. May wait for a person.
    pub(in crate::rotation) fn make(&self, name: &str) -> Result<SecretString, String> {
        let known = || self.known().get(name).cloned();
        if let Some(known) = known() {
            return Ok(known);
        }
        let _one_at_a_time = self.0.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known() {
            return Ok(known);
        }
        let given = self.ask(Purpose::Make, name, None)?;
        self.known().insert(name.to_owned(), given.clone());
        Ok(given)
    }

    /// The same for something that does not last: any passphrase will do that somebody knows.
    pub(in crate::rotation) fn make_passing(&self, name: &str) -> Result<SecretString, String> {
        let known = self.known().values().next().cloned();
        known.map_or_else(|| self.make(name), Ok)
    }

    fn by_known<T, E>(
        &self,
        name: &str,
        tried: &mut Vec<SecretString>,
        attempt: impl Fn(&SecretString) -> Result<Option<T>, E>,
    ) -> Result<Option<T>, E> {
        let own = self.known().get(name).cloned();
        let others: Vec<SecretString> = self.known().values().cloned().collect();
        for words in own.into_iter().chain(others) {
            if tried.iter().any(|other| other.expose_secret() == words.expose_secret()) {
                continue;
            }
            if let Some(opened) = attempt(&words)? {
                self.known().insert(name.to_owned(), words);
                return Ok(Some(opened));
            }
            tried.push(words);
        }
        Ok(None)
    }

    fn ask(&self, purpose: Purpose, name: &str, problem: Option<String>) -> Result<SecretString, String> {
        let given = (self.0.ask)(Need { purpose, name: name.to_owned(), problem })?;
        if given.expose_secret().is_empty() {
            return Err("the passphrase is empty".to_owned());
        }
        Ok(given)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, SecretString>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}
