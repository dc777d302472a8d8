//! A file encrypted under a passphrase, in the format of `age`: the explicit choice for a machine without a keyring.
//!
//! `age --decrypt FILE` prints what is in it, pairs by user:
//!
//! ```json
//! {"Version":1,"Users":{"123456789012/ada":{"Current":"AKIA…","Keys":{"AKIA…":"secret"}}}}
//! ```

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use age::{DecryptError, scrypt};
use futures::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::passphrase::Passphrase;
use super::replace::{Content, Place};
use super::{KeyPair, Owner, Store, StoreError, StoreErrorKind, run};

/// log₂ of scrypt's cost, as the `age` tool has it: about a second and 256 MiB. Without optimisation it would be half a minute; a debug
/// build keeps no secret that counts.
const WORK: u8 = if cfg!(debug_assertions) { 2 } else { 18 };
/// The greatest cost that is accepted when opening, as the `age` tool has it.
const MAX_WORK: u8 = 22;
const VERSION: u32 = 1;

/// The store of one user in an encrypted file.
#[derive(Debug, Clone)]
pub struct EncryptedFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    owner: String,
    passphrase: Passphrase,
    work: u8,
}

/// What is in the file. Overwritten in memory when it goes.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    version: u32,
    users: BTreeMap<String, User>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct User {
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<String>,
    keys: BTreeMap<String, String>,
}

impl Drop for User {
    fn drop(&mut self) {
        self.keys.values_mut().for_each(|secret| secret.zeroize());
    }
}

impl EncryptedFile {
    /// The file at `path`; made when the first pair is put in.
    pub fn new(path: &Path, owner: &Owner, passphrase: Passphrase) -> Self {
        Self::with_work(path, owner, passphrase, WORK)
    }

    /// The same with another cost of opening it: 2 to the power of `work`, 1 to 22. For tests, where a second each time is too much.
    pub fn with_work(path: &Path, owner: &Owner, passphrase: Passphrase, work: u8) -> Self {
        let place = Place::new(path.to_owned(), format!("encrypted file {}", path.display()));
        let owner = format!("{}/{}", owner.account, owner.user);
        Self(Arc::new(Inner { place, owner, passphrase, work: work.clamp(1, MAX_WORK) }))
    }

    /// Makes sure that the passphrase of the file at `path` is known before anything is begun that needs it; one that is to be made is
    /// typed twice.
    ///
    /// # Errors
    /// It was not given, it is wrong, or the file is none of ours. Nothing was changed.
    pub async fn unlock(path: &Path, passphrase: Passphrase) -> Result<(), StoreError> {
        let nobodys = Owner { account: String::new(), user: String::new() };
        Self::new(path, &nobodys, passphrase).run(Inner::unlock).await
    }

    fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, StoreError>> {
        run(&self.0, self.0.place.name(), job)
    }
}

impl Store for EncryptedFile {
    fn name(&self) -> &str {
        self.0.place.name()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.run(|inner| {
            inner.unlock()?;
            inner.place.probe()
        })
    }

    fn notes(&self) -> BoxFuture<'_, Vec<String>> {
        let found = self.run(|inner| Ok(inner.place.notes("others than its owner may try passphrases on it; chmod 600 it")));
        Box::pin(async { found.await.unwrap_or_default() })
    }

    fn put_pending<'a>(&'a self, key: &'a KeyPair) -> BoxFuture<'a, Result<(), StoreError>> {
        let key = key.clone();
        self.run(move |inner| {
            inner.change(|user| {
                user.keys.insert(key.id.clone(), key.secret.expose_secret().to_owned());
                Ok(())
            })?;
            match inner.secret(&key.id)? {
                Some(found) if found.expose_secret() == key.secret.expose_secret() => Ok(()),
                _ => Err(inner.error(StoreErrorKind::Changed, "what was written is not what is there")),
            }
        })
    }

    fn read<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, StoreError>> {
        let key_id = key_id.to_owned();
        self.run(move |inner| inner.secret(&key_id))
    }

    fn promote<'a>(&'a self, key_id: &'a str, before: Option<&'a str>) -> BoxFuture<'a, Result<(), StoreError>> {
        let (key_id, before) = (key_id.to_owned(), before.map(str::to_owned));
        self.run(move |inner| {
            inner.change(|user| {
                if user.current.as_deref() == Some(&key_id) {
                    return Ok(());
                }
                if user.current.is_some() && user.current != before {
                    let words = format!(
                        "{} is served, not {}",
                        user.current.as_deref().unwrap_or("-"),
                        before.as_deref().unwrap_or("no key")
                    );
                    return Err(inner.error(StoreErrorKind::Changed, words));
                }
                if !user.keys.contains_key(&key_id) {
                    return Err(inner.error(StoreErrorKind::Absent, format!("{key_id} was not put in before")));
                }
                user.current = Some(key_id.clone());
                Ok(())
            })
        })
    }

    fn current(&self) -> BoxFuture<'_, Result<Option<String>, StoreError>> {
        self.run(|inner| {
            let document = inner.document()?;
            Ok(document.and_then(|document| document.users.get(&inner.owner).and_then(|user| user.current.clone())))
        })
    }

    fn withdraw<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        let key_id = key_id.to_owned();
        self.run(move |inner| {
            if inner.secret(&key_id)?.is_none() {
                return Ok(());
            }
            inner.change(|user| {
                user.current.take_if(|current| *current == key_id);
                if let Some(mut secret) = user.keys.remove(&key_id) {
                    secret.zeroize();
                }
                Ok(())
            })
        })
    }

    fn forget<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        let key_id = key_id.to_owned();
        self.run(move |inner| {
            if inner.secret(&key_id)?.is_none() {
                return Ok(());
            }
            inner.change(|user| {
                if user.current.as_deref() == Some(&key_id) {
                    return Err(inner.error(StoreErrorKind::Denied, format!("{key_id} is the key that is served")));
                }
                if let Some(mut secret) = user.keys.remove(&key_id) {
                    secret.zeroize();
                }
                Ok(())
            })
        })
    }
}

impl Inner {
    fn secret(&self, key_id: &str) -> Result<Option<SecretString>, StoreError> {
        let document = self.document()?;
        Ok(document.and_then(|document| document.users.get(&self.owner)?.keys.get(key_id).cloned()).map(SecretString::from))
    }

    fn unlock(&self) -> Result<(), StoreError> {
        match self.document()? {
            Some(_) => Ok(()),
            None => self.passphrase.make(self.place.name()).map(drop).map_err(|words| self.refused(words)),
        }
    }

    fn document(&self) -> Result<Option<Document>, StoreError> {
        self.place.read()?.map(|content| self.open(&content)).transpose().map(|opened| opened.map(|(document, _)| document))
    }

    fn change(&self, job: impl Fn(&mut User) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.place.rewrite(|content| {
            let opened = content.map(|content| self.open(content)).transpose()?;
            let (mut document, words) = match opened {
                Some((document, words)) => (document, Ok(words)),
                None => (Document { version: VERSION, users: BTreeMap::new() }, self.passphrase.make(self.place.name())),
            };
            let words = words.map_err(|words| self.refused(words))?;
            let before = text(&document);
            job(document.users.entry(self.owner.clone()).or_default())?;
            let after = text(&document);
            if content.is_some() && before == after { Ok(None) } else { self.seal(&after, words).map(Some) }
        })
    }

    /// What is in the file, and the passphrase that opened it.
    fn open(&self, content: &[u8]) -> Result<(Document, SecretString), StoreError> {
        if !content.starts_with(b"age-encryption.org/v1\n-> scrypt ") {
            return Err(self.error(StoreErrorKind::Corrupt, "it is not a file that age encrypted under a passphrase"));
        }
        let attempt = |words: &SecretString| {
            let mut identity = scrypt::Identity::new(words.clone());
            identity.set_max_work_factor(MAX_WORK);
            match age::decrypt(&identity, content) {
                Ok(plain) => Ok(Some((Zeroizing::new(plain), words.clone()))),
                Err(DecryptError::NoMatchingKeys | DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed) => {
                    Ok(None)
                }
                Err(DecryptError::ExcessiveWork { .. }) => {
                    Err(self.error(StoreErrorKind::Other, "it asks for more work to open than is accepted"))
                }
                Err(_) => Err(self.error(StoreErrorKind::Corrupt, "it is damaged")),
            }
        };
        let (plain, words) = self.passphrase.open(self.place.name(), attempt, |words| self.refused(words))?;
        // The parser's words may quote what it read.
        let document: Document = serde_json::from_slice(&plain)
            .map_err(|_| self.error(StoreErrorKind::Corrupt, "what is encrypted in it is not ours"))?;
        if document.version == VERSION {
            return Ok((document, words));
        }
        Err(self.error(StoreErrorKind::Corrupt, format!("it was written by a later version ({})", document.version)))
    }

    fn seal(&self, plain: &[u8], words: SecretString) -> Result<Content, StoreError> {
        let mut recipient = scrypt::Recipient::new(words);
        recipient.set_work_factor(self.work);
        let sealed = age::encrypt(&recipient, plain);
        sealed.map(Zeroizing::new).map_err(|_| self.error(StoreErrorKind::Other, "could not encrypt"))
    }

    fn refused(&self, words: String) -> StoreError {
        self.error(StoreErrorKind::Locked, words)
            .advise("type the right one, or name a file with it in BARTIZAN_PASSPHRASE_FILE; the file is as it was")
    }

    fn error(&self, kind: StoreErrorKind, message: impl Into<String>) -> StoreError {
        StoreError::new(kind, self.place.name(), message)
    }
}

/// The document as text.
fn text(document: &Document) -> Content {
    let mut text = Zeroizing::new(serde_json::to_vec_pretty(document).unwrap_or_default());
    text.push(b'\n');
    text
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test stands at the edge")]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn passphrase(text: &'static str, asked: &Arc<AtomicU32>) -> Passphrase {
        let asked = Arc::clone(asked);
        Passphrase::new(Box::new(move |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            Ok(text.to_owned().into())
        }))
    }

    fn file(path: &Path, user: &str, passphrase: &Passphrase) -> EncryptedFile {
        let owner = Owner { account: "123456789012".to_owned(), user: user.to_owned() };
        EncryptedFile::with_work(path, &owner, passphrase.clone(), 2)
    }

    fn pair(id: &str, secret: &str) -> KeyPair {
        KeyPair::new(id, secret.to_owned().into())
    }

    #[tokio::test]
    async fn pairs_of_several_users_live_in_one_file_and_the_passphrase_is_asked_for_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.age");
        let asked = Arc::default();
        let words = passphrase("correct horse", &asked);
        let (ada, eve) = (file(&path, "ada", &words), file(&path, "eve", &words));
        ada.probe().await.unwrap();
        assert!(!path.exists(), "a probe makes nothing");
        ada.put_pending(&pair("AKIAOLD", "old-canary")).await.unwrap();
        ada.promote("AKIAOLD", None).await.unwrap();
        eve.put_pending(&pair("AKIAEVE", "eve-canary")).await.unwrap();
        ada.put_pending(&pair("AKIANEW", "new-canary")).await.unwrap();
        assert_eq!(ada.current().await.unwrap().as_deref(), Some("AKIAOLD"));
        assert_eq!(ada.promote("AKIANEW", Some("AKIAX")).await.unwrap_err().kind, StoreErrorKind::Changed);
        ada.promote("AKIANEW", Some("AKIAOLD")).await.unwrap();
        assert_eq!(ada.read("AKIAOLD").await.unwrap().unwrap().expose_secret(), "old-canary");
        ada.forget("AKIAOLD").await.unwrap();
        ada.forget("AKIAOLD").await.unwrap();
        ada.withdraw("AKIANEW").await.unwrap();
        assert_eq!(ada.current().await.unwrap(), None);
        assert!(ada.read("AKIANEW").await.unwrap().is_none());
        assert!(ada.read("AKIAEVE").await.unwrap().is_none(), "eve's key is none of ada's");
        assert_eq!(eve.read("AKIAEVE").await.unwrap().unwrap().expose_secret(), "eve-canary");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1\n-> scrypt "));
        assert!(!bytes.windows(6).any(|part| part == b"canary"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// Slow, and only there: a debug build's factor is none to protect anything with.
    #[cfg(not(debug_assertions))]
    #[tokio::test]
    async fn shipped_files_are_slow_to_guess() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.age");
        let owner = Owner { account: "123456789012".to_owned(), user: "ada".to_owned() };
        let store = EncryptedFile::new(&path, &owner, passphrase("right", &Arc::default()));
        store.put_pending(&pair("AKIAOLD", "old")).await.unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let stanza = bytes.split(|byte| *byte == b'\n').nth(1).unwrap();
        assert!(stanza.starts_with(b"-> scrypt ") && stanza.ends_with(b" 18"), "{}", String::from_utf8_lossy(stanza));
    }

    #[tokio::test]
    async fn a_wrong_passphrase_is_one_clear_error_and_the_file_is_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.age");
        let asked = Arc::default();
        file(&path, "ada", &passphrase("right", &asked)).put_pending(&pair("AKIAOLD", "old")).await.unwrap();
        let before = std::fs::read(&path).unwrap();
        let store = file(&path, "ada", &passphrase("wrong-canary", &asked));
        for error in [store.probe().await.unwrap_err(), store.put_pending(&pair("AKIANEW", "new")).await.unwrap_err()] {
            assert_eq!((error.kind, error.message.as_str()), (StoreErrorKind::Locked, "the passphrase is wrong"));
            assert!(!format!("{error:?}").contains("canary"));
        }
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert_eq!(asked.load(Ordering::SeqCst), 7, "once for the new file, then three times for each of two");
    }

    #[tokio::test]
    async fn what_is_damaged_or_not_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.age");
        let words = passphrase("right", &Arc::default());
        let store = file(&path, "ada", &words);
        store.put_pending(&pair("AKIAOLD", "old")).await.unwrap();
        let mut damaged = std::fs::read(&path).unwrap();
        *damaged.last_mut().unwrap() ^= 1;
        for content in [b"dear diary".to_vec(), Vec::new(), damaged] {
            std::fs::write(&path, &content).unwrap();
            let error = store.put_pending(&pair("AKIANEW", "new")).await.unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::Corrupt, "{error}");
            assert_eq!(std::fs::read(&path).unwrap(), content);
        }
    }
}
