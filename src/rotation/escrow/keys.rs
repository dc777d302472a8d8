//! The places where data keys are kept.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use secrecy::SecretString;

use super::DataKeys;
use super::files::Files;
use crate::domain::rotation::EscrowKey;
use crate::rotation::stores::{Passphrase, StoreError, StoreErrorKind};
use crate::secrets::keyring::{Keyring, KeyringError, Trouble};

/// Data keys in memory: for tests and the demo. Clones share them.
#[derive(Clone, Default)]
pub struct MemoryKeys(Arc<Mutex<BTreeMap<String, SecretString>>>);

impl DataKeys for MemoryKeys {
    fn put<'a>(&'a self, _: EscrowKey, rotation: &'a str, key: &'a SecretString) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(rotation.to_owned(), key.clone());
            Ok(())
        })
    }

    fn get<'a>(&'a self, _: EscrowKey, rotation: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, StoreError>> {
        Box::pin(async move { Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(rotation).cloned()) })
    }

    fn delete<'a>(&'a self, _: EscrowKey, rotation: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(rotation);
            Ok(())
        })
    }
}

/// Data keys in the system's keyring, or each in a file of its own under the operator's passphrase: as the rotation was told.
#[derive(Clone)]
pub struct Keys {
    keyring: Keyring,
    files: Files,
}

impl Keys {
    /// Keys in this keyring, and files in this folder.
    pub fn new(keyring: Keyring, folder: &Path, passphrase: Passphrase) -> Self {
        Self { keyring, files: Files::new(folder, passphrase) }
    }

    /// The same with another cost of opening a file. For tests.
    #[must_use]
    pub fn with_work(self, work: u8) -> Self {
        Self { files: self.files.with_work(work), ..self }
    }
}

fn item(rotation: &str) -> String {
    format!("escrow/{rotation}")
}

fn of_keyring(error: &KeyringError) -> StoreError {
    let kind = match error.trouble {
        Trouble::Locked => StoreErrorKind::Locked,
        Trouble::Absent => StoreErrorKind::Absent,
        Trouble::ReadOnly => StoreErrorKind::ReadOnly,
        Trouble::Blocking => StoreErrorKind::Blocking,
        _ => StoreErrorKind::Other,
    };
    let advice = "unlock or start a keyring (Secret Service) and try again; without one, choose --escrow passphrase";
    StoreError::new(kind, "keyring", error.to_string()).advise(advice)
}

impl DataKeys for Keys {
    fn put<'a>(&'a self, place: EscrowKey, rotation: &'a str, key: &'a SecretString) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            if place == EscrowKey::Keyring {
                return self.keyring.set(&item(rotation), key).await.map_err(|error| of_keyring(&error));
            }
            let (files, rotation, key) = (self.files.clone(), rotation.to_owned(), key.clone());
            blocking(move || files.put(&rotation, &key)).await
        })
    }

    fn get<'a>(&'a self, place: EscrowKey, rotation: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, StoreError>> {
        Box::pin(async move {
            if place == EscrowKey::Keyring {
                return self.keyring.get(&item(rotation)).await.map_err(|error| of_keyring(&error));
            }
            let (files, rotation) = (self.files.clone(), rotation.to_owned());
            blocking(move || files.get(&rotation)).await
        })
    }

    fn delete<'a>(&'a self, place: EscrowKey, rotation: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            if place == EscrowKey::Keyring {
                return self.keyring.delete(&item(rotation)).await.map_err(|error| of_keyring(&error));
            }
            self.files.delete(rotation)
        })
    }
}

/// A passphrase is asked of a person and costs a second: not on a thread that serves others.
async fn blocking<T: Send + 'static>(job: impl FnOnce() -> Result<T, StoreError> + Send + 'static) -> Result<T, StoreError> {
    let broke = |_| StoreError::new(StoreErrorKind::Other, "escrow key file", "the task broke");
    tokio::task::spawn_blocking(job).await.map_err(broke)?
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test stands at the edge")]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[tokio::test]
    async fn both_places_keep_and_forget_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let words = Passphrase::new(Box::new(|_| Ok("correct horse".to_owned().into())));
        let keys = Keys::new(Keyring::in_memory(), folder.path(), words).with_work(2);
        let key: SecretString = "data-key-canary".to_owned().into();
        for place in [EscrowKey::Keyring, EscrowKey::Passphrase] {
            assert!(keys.get(place, "one").await.unwrap().is_none());
            keys.put(place, "one", &key).await.unwrap();
            assert_eq!(keys.get(place, "one").await.unwrap().unwrap().expose_secret(), key.expose_secret());
            for file in std::fs::read_dir(folder.path()).unwrap() {
                let bytes = std::fs::read(file.unwrap().path()).unwrap();
                assert!(!bytes.windows(15).any(|part| part == b"data-key-canary"));
            }
            keys.delete(place, "one").await.unwrap();
            keys.delete(place, "one").await.unwrap();
            assert!(keys.get(place, "one").await.unwrap().is_none());
        }
    }

    #[tokio::test]
    async fn another_passphrase_opens_nothing_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let keys = |words: &'static str| {
            let words = Passphrase::new(Box::new(move |_| Ok(words.to_owned().into())));
            Keys::new(Keyring::in_memory(), folder.path(), words).with_work(2)
        };
        keys("right").put(EscrowKey::Passphrase, "one", &"k".to_owned().into()).await.unwrap();
        let error = keys("wrong").get(EscrowKey::Passphrase, "one").await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Locked);
    }
}
