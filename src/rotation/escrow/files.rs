//! Data keys in files under the operator's passphrase.
//!
//! To try a passphrase is made to cost a second, and a campaign has a hundred of these files. So the passphrase protects an age identity
//! that a process makes once, and the identity protects each data key. A file holds both: it opens by the passphrase alone, and with it
//! goes the only copy of its data key.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use age::{DecryptError, scrypt, x25519};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::files;
use crate::rotation::journal::{plain, sync_folder};
use crate::rotation::stores::{Passphrase, StoreError, StoreErrorKind};

/// About a second in a release build. Without optimisation it would be half a minute, and what a debug build encrypts is no secret.
const WORK: u8 = if cfg!(debug_assertions) { 2 } else { 18 };
/// The most work that opening a file may ask for.
const MOST_WORK: u8 = 22;
/// What the passphrase of these files is called. They last as long as the rotation, so one for all of them will do.
const NAME: &str = "escrow of the rotation";

/// What is in a file; both are age's format in Base64.
#[derive(Serialize, Deserialize)]
struct Content {
    /// The identity, under the passphrase.
    identity: String,
    /// The data key, for the identity.
    key: String,
}

/// The files of a folder.
#[derive(Clone)]
pub(super) struct Files {
    folder: PathBuf,
    passphrase: Passphrase,
    /// What opening a file costs: 2 to the power of this. age's own default takes about a second.
    work: u8,
    /// The identity of this process, as its files hold it. Whoever opens or makes one holds the lock, so that no two do the same work.
    own: Arc<Mutex<Option<String>>>,
}

impl Files {
    pub(super) fn new(folder: &Path, passphrase: Passphrase) -> Self {
        Self { folder: folder.to_owned(), passphrase, work: WORK, own: Arc::default() }
    }

    pub(super) fn with_work(self, work: u8) -> Self {
        Self { work: work.clamp(1, MOST_WORK), ..self }
    }

    fn file(&self, rotation: &str) -> PathBuf {
        self.folder.join(format!("{}.key.age", plain(rotation)))
    }

    /// Keeps a key. May wait for a person, and for a second.
    pub(super) fn put(&self, rotation: &str, key: &SecretString) -> Result<(), StoreError> {
        let path = self.file(rotation);
        let other = |error: String| trouble(StoreErrorKind::Other, &path, error);
        let (identity, sealed) = self.own_identity(&path)?;
        let key =
            age::encrypt(&identity.to_public(), key.expose_secret().as_bytes()).map_err(|error| other(error.to_string()))?;
        let content = Content { identity: sealed, key: STANDARD.encode(key) };
        write(&path, &serde_json::to_vec(&content).map_err(|error| other(error.to_string()))?)
    }

    fn own_identity(&self, path: &Path) -> Result<(x25519::Identity, String), StoreError> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let known = own.as_ref().and_then(|sealed| Some((parse(&self.passphrase.opened(sealed)?)?, sealed.clone())));
        if let Some(known) = known {
            return Ok(known);
        }
        let words = self.passphrase.make_passing(NAME).map_err(|words| trouble(StoreErrorKind::Locked, path, words))?;
        let mut recipient = scrypt::Recipient::new(words);
        recipient.set_work_factor(self.work);
        let identity = x25519::Identity::generate();
        let text = identity.to_string();
        let sealed = age::encrypt(&recipient, text.expose_secret().as_bytes());
        let sealed = STANDARD.encode(sealed.map_err(|error| trouble(StoreErrorKind::Other, path, error))?);
        self.passphrase.remember(&sealed, text);
        *own = Some(sealed.clone());
        Ok((identity, sealed))
    }

    /// The key of a rotation, if its file is whole: what was cut off while it was written protects nothing yet. May wait for a person,
    /// and for a second.
    pub(super) fn get(&self, rotation: &str) -> Result<Option<SecretString>, StoreError> {
        let path = self.file(rotation);
        let mut bytes = Vec::new();
        match files::read(&path) {
            Ok(mut file) => file.read_to_end(&mut bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => Err(error),
        }
        .map_err(|error| trouble(StoreErrorKind::Other, &path, error))?;
        let Ok(Content { identity, key }) = serde_json::from_slice(&bytes) else { return Ok(None) };
        let Some(identity) = self.open(&identity, &path)?.as_ref().and_then(parse) else { return Ok(None) };
        let opened = STANDARD.decode(key).ok().and_then(|key| age::decrypt(&identity, &key).ok()).map(Zeroizing::new);
        Ok(opened.and_then(|opened| text(&opened)))
    }

    fn open(&self, sealed: &str, path: &Path) -> Result<Option<SecretString>, StoreError> {
        let _one_at_a_time = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = self.passphrase.opened(sealed) {
            return Ok(Some(known));
        }
        let Ok(bytes) = STANDARD.decode(sealed) else { return Ok(None) };
        let attempt = |words: &SecretString| {
            let mut identity = scrypt::Identity::new(words.clone());
            identity.set_max_work_factor(MOST_WORK);
            match age::decrypt(&identity, &bytes).map(Zeroizing::new) {
                Ok(opened) => Ok(Some(text(&opened))),
                Err(DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed | DecryptError::NoMatchingKeys) => {
                    Ok(None)
                }
                Err(_) => Ok(Some(None)),
            }
        };
        let opened = self.passphrase.open(NAME, attempt, |words| trouble(StoreErrorKind::Locked, path, words))?;
        if let Some(opened) = &opened {
            self.passphrase.remember(sealed, opened.clone());
        }
        Ok(opened)
    }

    pub(super) fn delete(&self, rotation: &str) -> Result<(), StoreError> {
        let path = self.file(rotation);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(trouble(StoreErrorKind::ReadOnly, &path, error)),
            _ => Ok(()),
        }
    }
}

fn parse(identity: &SecretString) -> Option<x25519::Identity> {
    identity.expose_secret().parse().ok()
}

fn text(bytes: &[u8]) -> Option<SecretString> {
    std::str::from_utf8(bytes).ok().map(|text| text.to_owned().into())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let wrong = |error: io::Error| {
        let kind = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => StoreErrorKind::Full,
            _ => StoreErrorKind::ReadOnly,
        };
        trouble(kind, path, error)
    };
    let mut file = files::keep(path).map_err(wrong)?;
    file.set_len(0).and_then(|()| file.write_all(bytes)).and_then(|()| file.sync_all()).map_err(wrong)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    sync_folder(folder).map_err(|error| trouble(StoreErrorKind::Other, path, error))
}

fn trouble(kind: StoreErrorKind, path: &Path, words: impl std::fmt::Display) -> StoreError {
    StoreError::new(kind, "escrow key file", format!("{}: {words}", path.display()))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test stands at the edge")]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn asked(times: &Arc<AtomicUsize>) -> Passphrase {
        let times = Arc::clone(times);
        Passphrase::new(Box::new(move |_| {
            times.fetch_add(1, Ordering::SeqCst);
            Ok("correct horse".to_owned().into())
        }))
    }

    fn identities(folder: &Path) -> Vec<String> {
        let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files.map(|bytes| serde_json::from_slice::<Content>(&bytes).unwrap().identity).collect()
    }

    #[test]
    fn many_files_of_a_process_cost_one_derivation_and_another_process_opens_each() {
        let folder = tempfile::tempdir().unwrap();
        let times = Arc::new(AtomicUsize::new(0));
        let files = Files::new(folder.path(), asked(&times)).with_work(2);
        for number in 0..20 {
            files.put(&number.to_string(), &format!("key {number}").into()).unwrap();
        }
        let mut of_files = identities(folder.path());
        of_files.dedup();
        assert_eq!(of_files.len(), 1, "one identity for all");
        let next = Files::new(folder.path(), asked(&times));
        for number in 0..20 {
            assert_eq!(next.get(&number.to_string()).unwrap().unwrap().expose_secret(), format!("key {number}"));
        }
        assert_eq!(times.load(Ordering::SeqCst), 2, "each process asks once");
    }

    /// Slow, and only there: a debug build's factor is none to protect anything with.
    #[cfg(not(debug_assertions))]
    #[test]
    fn shipped_keys_are_slow_to_guess() {
        let folder = tempfile::tempdir().unwrap();
        Files::new(folder.path(), asked(&Arc::default())).put("one", &"key".to_owned().into()).unwrap();
        let sealed = STANDARD.decode(identities(folder.path())[0].trim()).unwrap();
        let stanza = sealed.split(|byte| *byte == b'\n').nth(1).unwrap();
        assert!(stanza.starts_with(b"-> scrypt ") && stanza.ends_with(b" 18"), "{}", String::from_utf8_lossy(stanza));
    }

    #[test]
    fn what_a_passphrase_opened_is_forgotten_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let times = Arc::new(AtomicUsize::new(0));
        let passphrase = asked(&times);
        let files = Files::new(folder.path(), passphrase.clone()).with_work(2);
        files.put("one", &"k".to_owned().into()).unwrap();
        passphrase.forget();
        assert!(files.get("one").unwrap().is_some());
        passphrase.forget();
        files.put("two", &"k".to_owned().into()).unwrap();
        assert_eq!(times.load(Ordering::SeqCst), 3);
        let of_files = identities(folder.path());
        assert_ne!(of_files[0], of_files[1], "a new identity after it was forgotten");
    }

    #[test]
    fn a_file_that_was_cut_off_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path(), asked(&Arc::default())).with_work(2);
        files.put("one", &"data-key-canary".to_owned().into()).unwrap();
        let whole = std::fs::read(files.file("one")).unwrap();
        for cut in 0..whole.len() {
            std::fs::write(files.file("one"), &whole[..cut]).unwrap();
            assert!(files.get("one").unwrap().is_none(), "cut at {cut}");
        }
    }
}
