//! The passphrase that unlocks the console: kept as something that only it opens, slow and salted, so that whoever reads it cannot
//! read the passphrase from it. In the keyring where there is one, else in a file of the state folder; a line there always says which.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use age::{DecryptError, scrypt};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use super::keyring::{Health, Keyring};
use crate::files;

/// log₂ of scrypt's cost, as the `age` tool has it: about a second and 256 MiB. Without optimisation it would be half a minute; a debug
/// build guards nothing that counts.
const WORK: u8 = if cfg!(debug_assertions) { 2 } else { 18 };
/// What is accepted: nobody but us writes it, and a slower machine may one day want more.
const MOST_WORK: u8 = 22;
/// What is sealed: it says nothing.
const CONTENT: &[u8] = b"bartizan";
/// The item in the keyring.
const ITEM: &str = "lock-passphrase";
/// The file in the state folder.
const FILE: &str = "lock-passphrase";
/// What the file says where the keyring has it.
const IN_KEYRING: &str = "keyring";

/// Where the passphrase's hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// In the keyring.
    Keyring,
    /// In this file, as the keyring cannot have it, and why.
    File(PathBuf, String),
}

/// The passphrase of this user's console, or that there is none.
#[derive(Debug, Clone)]
pub struct Guard {
    folder: Option<PathBuf>,
    keyring: Keyring,
}

impl Guard {
    /// Over this state folder (`None`: there is none, and so no passphrase) and keyring.
    pub fn new(folder: Option<PathBuf>, keyring: Keyring) -> Self {
        Self { folder, keyring }
    }

    /// Whether one is set. What cannot be read counts as set: then it stays locked, and says why.
    pub fn is_set(&self) -> bool {
        !matches!(self.written(), Ok(None))
    }

    /// Whether this is it. Takes about a second; for a thread that may wait.
    ///
    /// # Errors
    /// It is not, or nobody can know; in words.
    pub fn check(&self, given: &SecretString) -> Result<(), String> {
        let written = self.written().map_err(|error| format!("{FILE} in the state folder cannot be read: {error}"))?;
        let Some(written) = written else { return Ok(()) };
        let sealed = match written.trim() {
            IN_KEYRING => match self.keyring.get_blocking(ITEM) {
                Ok(Some(sealed)) => sealed.expose_secret().to_owned(),
                Ok(None) => return Err("the keyring does not have it any more: quit, and set a new one".into()),
                Err(error) => return Err(format!("it is in the keyring, which does not give it: {error}")),
            },
            sealed => sealed.to_owned(),
        };
        let damaged = || "what is kept of it is damaged: quit, and set a new one".to_owned();
        let sealed = STANDARD.decode(sealed.trim()).map_err(|_| damaged())?;
        let mut identity = scrypt::Identity::new(given.clone());
        // Its own limit is measured, and on a machine that is busy at the time it would be too low.
        identity.set_max_work_factor(MOST_WORK);
        match age::decrypt(&identity, &sealed) {
            Ok(content) if content == CONTENT => Ok(()),
            Err(DecryptError::NoMatchingKeys | DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed) => {
                Err("the passphrase is wrong".into())
            }
            _ => Err(damaged()),
        }
    }

    /// Sets it, over the one that there was.
    ///
    /// # Errors
    /// It cannot be kept anywhere; in words. What was there before still is.
    pub fn set(&self, passphrase: &SecretString) -> Result<Kept, String> {
        let folder = self.folder()?;
        let mut recipient = scrypt::Recipient::new(passphrase.clone());
        recipient.set_work_factor(WORK);
        let sealed = age::encrypt(&recipient, CONTENT).map_err(|error| error.to_string())?;
        let sealed = SecretString::from(STANDARD.encode(sealed));
        let why = match self.keyring.probe_blocking() {
            Health::Ready => match self.keyring.set_blocking(ITEM, &sealed) {
                Ok(()) => {
                    write(folder, IN_KEYRING)?;
                    return Ok(Kept::Keyring);
                }
                Err(error) => error.to_string(),
            },
            health => health.to_string(),
        };
        write(folder, sealed.expose_secret())?;
        Ok(Kept::File(folder.join(FILE), why))
    }

    /// Removes it: from then on the lock wants none.
    ///
    /// # Errors
    /// It cannot be removed; in words.
    pub fn remove(&self) -> Result<(), String> {
        let path = self.folder()?.join(FILE);
        let was_in_keyring = matches!(self.written(), Ok(Some(text)) if text.trim() == IN_KEYRING);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(format!("{}: {error}", path.display())),
            _ => {}
        }
        if was_in_keyring {
            // What stays behind opens nothing: nobody asks for it any more.
            let _is_no_use = self.keyring.delete_blocking(ITEM);
        }
        Ok(())
    }

    fn folder(&self) -> Result<&Path, String> {
        self.folder.as_deref().ok_or_else(|| "there is no state folder: set BARTIZAN_STATE_DIR".into())
    }

    fn written(&self) -> io::Result<Option<String>> {
        let Some(folder) = &self.folder else { return Ok(None) };
        match files::read_text(&folder.join(FILE)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Writes the file anew beside the old one and puts it in its place, so that there always is a whole one.
fn write(folder: &Path, text: &str) -> Result<(), String> {
    let new = folder.join(format!("{FILE}.new"));
    let written = || -> io::Result<()> {
        files::make_folder(folder)?;
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = files::create(&new)?;
        file.write_all(format!("{text}\n").as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, folder.join(FILE))?;
        files::sync_folder(folder)
    };
    written().map_err(|error| format!("{}: {error}", folder.join(FILE).display()))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test stands at the edge")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::secrets::keyring::{Action, KeyringError, Trouble};

    fn words(text: &str) -> SecretString {
        text.to_owned().into()
    }

    fn no_keyring() -> Keyring {
        Keyring::with(|| Err(KeyringError::new(Action::Open, "", Trouble::Absent, "")))
    }

    #[test]
    fn the_right_one_opens_wherever_it_is_kept_and_no_file_says_it() {
        for keyring in [Keyring::in_memory(), no_keyring()] {
            let folder = tempfile::tempdir().unwrap();
            let state = folder.path().join("state");
            let guard = Guard::new(Some(state.clone()), keyring);
            assert!(!guard.is_set());
            let kept = guard.set(&words("first-canary")).unwrap();
            assert!(guard.is_set());
            assert_eq!(guard.check(&words("first-canary")), Ok(()));
            assert!(guard.check(&words("First-canary")).unwrap_err().contains("wrong"));
            guard.set(&words("second-canary")).unwrap();
            assert!(guard.check(&words("first-canary")).is_err());
            assert_eq!(guard.check(&words("second-canary")), Ok(()));
            let path = state.join(FILE);
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains("canary") && (text == "keyring\n") == (kept == Kept::Keyring), "{text}");
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            guard.remove().unwrap();
            guard.remove().unwrap();
            assert!(!guard.is_set());
        }
    }

    /// Slow, and only there: a debug build's factor is none to protect anything with.
    #[cfg(not(debug_assertions))]
    #[test]
    fn shipped_passphrases_are_slow_to_guess() {
        let folder = tempfile::tempdir().unwrap();
        Guard::new(Some(folder.path().to_owned()), no_keyring()).set(&words("first-canary")).unwrap();
        let sealed = STANDARD.decode(std::fs::read_to_string(folder.path().join(FILE)).unwrap().trim()).unwrap();
        let stanza = sealed.split(|byte| *byte == b'\n').nth(1).unwrap();
        assert!(stanza.starts_with(b"-> scrypt ") && stanza.ends_with(b" 18"), "{}", String::from_utf8_lossy(stanza));
    }

    #[test]
    fn what_cannot_be_read_keeps_it_shut() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "nonsense\n").unwrap();
        let guard = Guard::new(Some(folder.path().to_owned()), Keyring::in_memory());
        assert!(guard.is_set() && guard.check(&words("any")).unwrap_err().contains("damaged"));
        std::fs::write(folder.path().join(FILE), "keyring\n").unwrap();
        assert!(guard.check(&words("any")).unwrap_err().contains("keyring"));
    }

    /// What is kept may be right or wrong: what cannot be read at all opens nothing, and a link to what can be is not followed.
    #[test]
    fn what_cannot_be_opened_keeps_it_shut() {
        type Spoil = fn(&Path);
        let spoils: [(&str, Spoil); 5] = [
            ("a link to a passphrase of somebody else's", |path| {
                let other = path.with_file_name("other");
                Guard::new(Some(other.clone()), no_keyring()).set(&words("second-canary")).unwrap();
                std::fs::remove_file(path).unwrap();
                std::os::unix::fs::symlink(other.join(FILE), path).unwrap();
            }),
            ("a link that leads nowhere", |path| {
                std::fs::remove_file(path).unwrap();
                std::os::unix::fs::symlink("nowhere", path).unwrap();
            }),
            ("a folder", |path| {
                std::fs::remove_file(path).unwrap();
                std::fs::create_dir(path).unwrap();
            }),
            ("bytes that are no text", |path| std::fs::write(path, b"\xff\xfe").unwrap()),
            ("a file that others can write", |path| {
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).unwrap();
            }),
        ];
        for (what, spoil) in spoils {
            let folder = tempfile::tempdir().unwrap();
            let guard = Guard::new(Some(folder.path().to_owned()), no_keyring());
            guard.set(&words("first-canary")).unwrap();
            spoil(&folder.path().join(FILE));
            assert!(guard.is_set(), "{what}: it counts as set");
            for given in ["first-canary", "second-canary", ""] {
                let said = guard.check(&words(given)).unwrap_err();
                assert!(said.contains("cannot be read"), "{what}: {said}");
            }
        }
    }
}
