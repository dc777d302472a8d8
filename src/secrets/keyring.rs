//! The keyring of the operating system: Secret Service (GNOME Keyring, `KWallet`, `KeePassXC`) or the macOS Keychain.
//!
//! A keyring may ask the person for a password and wait for ever, and its daemon may die. So every call goes to a thread of our own
//! and is waited for until a deadline. A thread that does not come back is left to itself, the caller hears [`Trouble::Blocking`],
//! and the next call gets a new thread with a new connection.

mod backend;
mod error;
mod probe;
mod system;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

pub use backend::{Backend, Memory, Open};
pub use error::{Action, KeyringError, Trouble};
pub use probe::Health;
use worker::Worker;

/// The name under which every item is stored.
pub const SERVICE: &str = "bartizan";

/// How long a call is waited for where nothing else is said: a person may have to type a password.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A handle to a keyring. Clones share its thread.
#[derive(Clone)]
pub struct Keyring {
    way: Way,
    deadline: Duration,
}

/// How the keyring is reached.
#[derive(Clone)]
enum Way {
    /// At once: it cannot wait for anybody.
    Direct(Arc<Memory>),
    /// Through a thread.
    Thread(Arc<Worker>),
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring")
    }
}

impl Keyring {
    /// The keyring of this system. Nothing is opened before the first call.
    pub fn system() -> Self {
        Self::with(system::open)
    }

    /// A keyring that lives as long as this handle and its clones: for tests and the demo.
    pub fn in_memory() -> Self {
        Self { way: Way::Direct(Arc::default()), deadline: DEADLINE }
    }

    /// Another keyring, by what opens a connection to it: called once for each thread, and again after a failure.
    pub fn with(open: impl Fn() -> Result<Box<dyn Backend>, KeyringError> + Send + Sync + 'static) -> Self {
        Self { way: Way::Thread(Arc::new(Worker::new(Arc::new(open)))), deadline: DEADLINE }
    }

    /// The same keyring with another deadline for each call.
    #[must_use]
    pub fn within(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// What is stored under a name. `None` is said only after the keyring has proved that it keeps what it is given:
    /// a Secret Service without a collection answers "no such item" to everything.
    ///
    /// # Errors
    /// The keyring did not answer, or not in time; the error holds no secret.
    pub async fn get(&self, item: &str) -> Result<Option<SecretString>, KeyringError> {
        let name = item.to_owned();
        self.call(Action::Read, item, move |backend| get(backend, &name)).await
    }

    /// Stores a secret under a name, over what was there. After an error it may or may not be stored: read it back.
    ///
    /// # Errors
    /// See [`Keyring::get`].
    pub async fn set(&self, item: &str, secret: &SecretString) -> Result<(), KeyringError> {
        let (name, secret) = (item.to_owned(), secret.clone());
        self.call(Action::Write, item, move |backend| backend.set(&name, &secret)).await
    }

    /// Removes what is stored under a name; it is no error if nothing is.
    ///
    /// # Errors
    /// See [`Keyring::get`].
    pub async fn delete(&self, item: &str) -> Result<(), KeyringError> {
        let name = item.to_owned();
        self.call(Action::Delete, item, move |backend| backend.delete(&name)).await
    }

    /// Tries it out: writes a canary, reads it back, deletes it.
    pub async fn probe(&self) -> Health {
        Health::of(self.call(Action::Probe, probe::NAME, |backend| probe::canary(backend)).await)
    }

    /// [`Keyring::get`] for a thread that may wait.
    ///
    /// # Errors
    /// See [`Keyring::get`].
    pub fn get_blocking(&self, item: &str) -> Result<Option<SecretString>, KeyringError> {
        let name = item.to_owned();
        self.call_blocking(Action::Read, item, move |backend| get(backend, &name))
    }

    /// [`Keyring::set`] for a thread that may wait.
    ///
    /// # Errors
    /// See [`Keyring::set`].
    pub fn set_blocking(&self, item: &str, secret: &SecretString) -> Result<(), KeyringError> {
        let (name, secret) = (item.to_owned(), secret.clone());
        self.call_blocking(Action::Write, item, move |backend| backend.set(&name, &secret))
    }

    /// [`Keyring::delete`] for a thread that may wait.
    ///
    /// # Errors
    /// See [`Keyring::delete`].
    pub fn delete_blocking(&self, item: &str) -> Result<(), KeyringError> {
        let name = item.to_owned();
        self.call_blocking(Action::Delete, item, move |backend| backend.delete(&name))
    }

    /// [`Keyring::probe`] for a thread that may wait.
    pub fn probe_blocking(&self) -> Health {
        Health::of(self.call_blocking(Action::Probe, probe::NAME, |backend| probe::canary(backend)))
    }

    async fn call<T: Send + 'static>(
        &self,
        action: Action,
        item: &str,
        job: impl Fn(&dyn Backend) -> Result<T, KeyringError> + Send + 'static,
    ) -> Result<T, KeyringError> {
        match &self.way {
            Way::Direct(memory) => job(memory.as_ref()),
            Way::Thread(worker) => worker.call(action, item, self.deadline, job).await,
        }
    }

    fn call_blocking<T: Send + 'static>(
        &self,
        action: Action,
        item: &str,
        job: impl Fn(&dyn Backend) -> Result<T, KeyringError> + Send + 'static,
    ) -> Result<T, KeyringError> {
        match &self.way {
            Way::Direct(memory) => job(memory.as_ref()),
            Way::Thread(worker) => worker.call_blocking(action, item, self.deadline, job),
        }
    }
}

fn get(backend: &dyn Backend, item: &str) -> Result<Option<SecretString>, KeyringError> {
    let found = backend.get(item)?;
    if found.is_none() {
        probe::canary(backend).map_err(|error| error.during(Action::Read, item))?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
