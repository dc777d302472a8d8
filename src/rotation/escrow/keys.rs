//! The places where data keys are kept.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use age::scrypt;
use futures::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::DataKeys;
use crate::domain::rotation::EscrowKey;
use crate::rotation::journal::{plain, sync_folder};
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
    folder: PathBuf,
    passphrase: Passphrase,
    /// What opening a file costs: 2 to the power of this. age's own default takes about a second.
    work: u8,
}

/// About a second in a release build. Without optimisation it would be half a minute, and what a debug build encrypts is no secret.
const WORK: u8 = if cfg!(debug_assertions) { 2 } else { 18 };

impl Keys {
    /// Keys in this keyring, and files in this folder.
    pub fn new(keyring: Keyring, folder: &Path, passphrase: Passphrase) -> Self {
        Self { keyring, folder: folder.to_owned(), passphrase, work: WORK }
    }

    /// The same with another cost of opening a file. For tests.
    #[must_use]
    pub fn with_work(mut self, work: u8) -> Self {
        self.work = work.clamp(1, 22);
        self
    }

    fn file(&self, rotation: &str) -> PathBuf {
        self.folder.join(format!("{}.key.age", plain(rotation)))
    }
}

/// What the passphrase of these files is called. They last as long as the rotation, so one for all of them will do.
const NAME: &str = "escrow of the rotation";

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

fn of_file(kind: StoreErrorKind, path: &Path, words: impl std::fmt::Display) -> StoreError {
    StoreError::new(kind, "escrow key file", format!("{}: {words}", path.display()))
}

fn write_file(path: &Path, passphrase: SecretString, work: u8, key: &SecretString) -> Result<(), StoreError> {
    let wrong = |error: io::Error| {
        let kind = if error.kind() == io::ErrorKind::StorageFull { StoreErrorKind::Full } else { StoreErrorKind::ReadOnly };
        of_file(kind, path, error)
    };
    let mut recipient = scrypt::Recipient::new(passphrase);
    recipient.set_work_factor(work);
    let sealed = age::encrypt(&recipient, key.expose_secret().as_bytes());
    let sealed = sealed.map_err(|error| of_file(StoreErrorKind::Other, path, error))?;
    let flags = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).custom_flags(flags).open(path);
    let mut file = file.map_err(wrong)?;
    file.write_all(&sealed).and_then(|()| file.sync_all()).map_err(wrong)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    sync_folder(folder).map_err(|error| of_file(StoreErrorKind::Other, path, error))
}

fn read_file(path: &Path, passphrase: &Passphrase) -> Result<Option<SecretString>, StoreError> {
    let mut sealed = Vec::new();
    match OpenOptions::new().read(true).open(path) {
        Ok(mut file) => file.read_to_end(&mut sealed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => Err(error),
    }
    .map_err(|error| of_file(StoreErrorKind::Other, path, error))?;
    let attempt = |words: &SecretString| {
        let mut identity = scrypt::Identity::new(words.clone());
        identity.set_max_work_factor(22);
        match age::decrypt(&identity, &sealed) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                Ok(Some(std::str::from_utf8(&text).ok().map(|text| text.to_owned().into())))
            }
            Err(
                age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed | age::DecryptError::NoMatchingKeys,
            ) => Ok(None),
            // Cut off while it was written: nothing was encrypted under it yet.
            Err(_) => Ok(Some(None)),
        }
    };
    passphrase.open(NAME, attempt, |words| of_file(StoreErrorKind::Locked, path, words))
}

impl DataKeys for Keys {
    fn put<'a>(&'a self, place: EscrowKey, rotation: &'a str, key: &'a SecretString) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            if place == EscrowKey::Keyring {
                return self.keyring.set(&item(rotation), key).await.map_err(|error| of_keyring(&error));
            }
            let (path, passphrase, work, key) = (self.file(rotation), self.passphrase.clone(), self.work, key.clone());
            blocking(move || {
                let words = passphrase.make_passing(NAME).map_err(|words| of_file(StoreErrorKind::Locked, &path, words))?;
                write_file(&path, words, work, &key)
            })
            .await
        })
    }

    fn get<'a>(&'a self, place: EscrowKey, rotation: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, StoreError>> {
        Box::pin(async move {
            if place == EscrowKey::Keyring {
                return self.keyring.get(&item(rotation)).await.map_err(|error| of_keyring(&error));
            }
            let (path, passphrase) = (self.file(rotation), self.passphrase.clone());
            blocking(move || read_file(&path, &passphrase)).await
        })
    }

    fn delete<'a>(&'a self, place: EscrowKey, rotation: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            if place == EscrowKey::Keyring {
                return self.keyring.delete(&item(rotation)).await.map_err(|error| of_keyring(&error));
            }
            let path = self.file(rotation);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(of_file(StoreErrorKind::ReadOnly, &path, error)),
                _ => Ok(()),
            }
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
