//! The newest record's number and hash in the keyring. A chain alone cannot show that its end was cut off, or that it was written anew.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret as _, SecretString};

use super::tail::Link;
use super::{files, history, log, record};
use crate::secrets::{Keyring, KeyringError};

/// The item of the log in this folder: another folder is another log.
pub fn item_name(folder: &Path) -> String {
    let path = folder.as_os_str().as_encoded_bytes();
    format!("audit-head/{}", record::sha256(path).get(..16).unwrap_or_default())
}

/// How long one call to the keyring may take: nobody waits for it.
const DEADLINE: Duration = Duration::from_secs(20);

/// How long the end of the program may wait for the anchor.
const FAREWELL: Duration = Duration::from_secs(2);

/// After a failure it is not tried again for so long: each try at a locked keyring may show a prompt.
const PAUSE: Duration = Duration::from_secs(300);

/// Keeps the keyring's item up with the log, on a thread of its own.
pub(super) struct Anchor(Arc<Shared>);

struct Shared {
    keyring: Keyring,
    item: String,
    folder: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What is to be anchored next.
    wanted: Option<Link>,
    /// What is known to be in the keyring.
    anchored: Option<Link>,
    is_working: bool,
    failed: Option<Instant>,
}

impl Anchor {
    pub(super) fn new(keyring: Keyring, folder: &Path) -> Self {
        let keyring = keyring.within(DEADLINE);
        let (item, folder) = (item_name(folder), folder.to_owned());
        Self(Arc::new(Shared { keyring, item, folder, state: Mutex::default(), changed: Condvar::new() }))
    }

    /// The newest record that is known to be anchored.
    pub(super) fn newest(&self) -> Option<u64> {
        self.0.state().anchored.as_ref().map(|link| link.number)
    }

    /// There is a newer record. Does not wait.
    pub(super) fn note(&self, link: &Link) {
        let mut state = self.0.state();
        state.wanted = Some(link.clone());
        if state.is_working || state.failed.is_some_and(|at| at.elapsed() < PAUSE) {
            return;
        }
        let shared = Arc::clone(&self.0);
        let started = std::thread::Builder::new().name("bartizan-anchor".into()).spawn(move || shared.work());
        state.is_working = started.is_ok();
    }

    /// Waits until nothing is left to anchor, or it cannot be.
    pub(super) fn wait(&self) {
        let state = self.0.state();
        let idle = self.0.changed.wait_timeout_while(state, FAREWELL, |state| state.is_working);
        drop(idle);
    }
}

impl Drop for Anchor {
    /// A command that ends right after its change still anchors it.
    fn drop(&mut self) {
        self.wait();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        loop {
            let (wanted, known) = {
                let mut state = self.state();
                let Some(wanted) = state.wanted.take() else {
                    state.is_working = false;
                    self.changed.notify_all();
                    return;
                };
                (wanted, state.anchored.clone())
            };
            let result = self.anchor(&wanted, known.as_ref());
            let mut state = self.state();
            match result {
                Ok(link) => (state.anchored, state.failed) = (Some(link), None),
                Err(why) => {
                    tracing::warn!(why, "the audit log's newest record is not anchored in the keyring");
                    #[expect(clippy::disallowed_methods, reason = "the edge: a pause between tries")]
                    let now = Instant::now();
                    (state.failed, state.wanted) = (Some(now), None);
                }
            }
        }
    }

    /// Moves the anchor forward, never back, and only from a record that is in this log: what contradicts it is for
    /// [`super::verify()`] to report, and must not be hidden by a new anchor. The error says why the keyring was left as it is.
    fn anchor(&self, wanted: &Link, known: Option<&Link>) -> Result<Link, String> {
        // Processes one after the other: between the reading and the writing nobody else may write.
        let path = self.folder.join("anchor.lock");
        let turn = files::open(&path).map_err(|error| error.to_string())?;
        log::lock(&turn, &path).map_err(|error| error.to_string())?;
        let old = read(&self.keyring, &self.item).map_err(|error| error.to_string())?;
        let (old, is_ours) = match old {
            Stored::Nothing => (None, true),
            Stored::Garbage => (None, false),
            Stored::At(old) => {
                let is_ours =
                    known == Some(&old) || history::hash_of(&self.folder, old.number).is_some_and(|hash| hash == old.hash);
                (Some(old), is_ours)
            }
        };
        if !is_ours {
            return Err("it holds what is no anchor of this log: run `bartizan audit verify`".into());
        }
        if let Some(old) = old.filter(|old| old.number >= wanted.number) {
            return Ok(old);
        }
        let text = serde_json::to_string(wanted).unwrap_or_default();
        self.keyring.set_blocking(&self.item, &SecretString::from(text)).map_err(|error| error.to_string())?;
        Ok(wanted.clone())
    }
}

/// What the keyring holds for a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stored {
    /// Nothing.
    Nothing,
    /// Something that is no anchor.
    Garbage,
    /// The newest record, when it was anchored.
    At(Link),
}

/// Reads the anchor. It is no secret, but a secret's place is where nobody else writes.
pub(super) fn read(keyring: &Keyring, item: &str) -> Result<Stored, KeyringError> {
    let Some(text) = keyring.get_blocking(item)? else { return Ok(Stored::Nothing) };
    Ok(serde_json::from_str(text.expose_secret()).map_or(Stored::Garbage, Stored::At))
}
