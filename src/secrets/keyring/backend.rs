//! What a keyring has to be able to do, and one that lives in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use secrecy::SecretString;

use super::error::KeyringError;

/// One connection to a keyring. It belongs to one thread, and each of its calls may block.
pub trait Backend: Send {
    /// What is stored under a name; `None` is the backend's own word, which [`super::Keyring::get`] does not take alone.
    ///
    /// # Errors
    /// It could not be read.
    fn get(&self, item: &str) -> Result<Option<SecretString>, KeyringError>;

    /// Stores a secret under a name, over what was there.
    ///
    /// # Errors
    /// It could not be stored, or the answer was lost: then it may be.
    fn set(&self, item: &str, secret: &SecretString) -> Result<(), KeyringError>;

    /// Removes an item; it is no error if there is none.
    ///
    /// # Errors
    /// It could not be removed.
    fn delete(&self, item: &str) -> Result<(), KeyringError>;
}

/// Opens a connection.
pub type Open = dyn Fn() -> Result<Box<dyn Backend>, KeyringError> + Send + Sync;

/// A keyring in memory.
#[derive(Default)]
pub struct Memory(Mutex<BTreeMap<String, SecretString>>);

#[cfg(test)]
impl Memory {
    /// Whether nothing is stored in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Backend for Memory {
    fn get(&self, item: &str) -> Result<Option<SecretString>, KeyringError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(item).cloned())
    }

    fn set(&self, item: &str, secret: &SecretString) -> Result<(), KeyringError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(item.to_owned(), secret.clone());
        Ok(())
    }

    fn delete(&self, item: &str) -> Result<(), KeyringError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(item);
        Ok(())
    }
}

impl<B: Backend + Sync + ?Sized> Backend for std::sync::Arc<B> {
    fn get(&self, item: &str) -> Result<Option<SecretString>, KeyringError> {
        (**self).get(item)
    }

    fn set(&self, item: &str, secret: &SecretString) -> Result<(), KeyringError> {
        (**self).set(item, secret)
    }

    fn delete(&self, item: &str) -> Result<(), KeyringError> {
        (**self).delete(item)
    }
}
