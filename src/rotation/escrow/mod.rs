//! The place where a new secret is safe between its making and its store: a file, encrypted under a key that lies elsewhere.
//!
//! Both are ready and tried before the key is made, so that after `CreateAccessKey` one write to a file of ours is all that stands
//! between the answer and durability: not a keyring that may be locked, nor a store far away.

mod files;
mod keys;

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

pub use keys::{Keys, MemoryKeys};

use super::journal::{plain, sync_folder};
use super::stores::{KeyPair, StoreError};
use crate::domain::rotation::{EscrowKey, RotationId};

/// Where the keys of escrows are kept, under the name of their rotation.
pub trait DataKeys: Send + Sync {
    /// Keeps a key.
    fn put<'a>(&'a self, place: EscrowKey, rotation: &'a str, key: &'a SecretString) -> BoxFuture<'a, Result<(), StoreError>>;
    /// Reads it. `None`: the place works and does not have it.
    fn get<'a>(&'a self, place: EscrowKey, rotation: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, StoreError>>;
    /// Removes it; one that is not there is no error.
    fn delete<'a>(&'a self, place: EscrowKey, rotation: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// Bytes of a pair before encryption, filled up with spaces: the length of a secret is nobody's business.
const PLAIN: usize = 480;
/// Bytes of the file: nonce, pair, tag.
const SEALED: usize = NONCE_LEN + PLAIN + 16;

/// The key of one escrow.
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// A new random key.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn new() -> io::Result<Self> {
        let mut key = Zeroizing::new([0; 32]);
        SystemRandom::new().fill(key.as_mut()).map_err(|_| io::Error::other("the system gives no randomness"))?;
        Ok(Self(key))
    }

    /// As text, for a place that keeps text.
    pub fn text(&self) -> SecretString {
        STANDARD.encode(self.0.as_slice()).into()
    }

    /// From text; `None` where it is none of ours.
    pub fn from_text(text: &SecretString) -> Option<Self> {
        let bytes = Zeroizing::new(STANDARD.decode(text.expose_secret()).ok()?);
        Some(Self(Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?)))
    }

    fn cipher(&self) -> io::Result<LessSafeKey> {
        let key =
            UnboundKey::new(&CHACHA20_POLY1305, self.0.as_slice()).map_err(|_| io::Error::other("the data key does not fit"))?;
        Ok(LessSafeKey::new(key))
    }
}

/// The file of one rotation.
#[derive(Debug, Clone)]
pub struct Escrow {
    path: PathBuf,
    rotation: RotationId,
}

impl Escrow {
    /// The escrow of a rotation, whether or not it exists.
    pub fn of(folder: &Path, rotation: &RotationId) -> Self {
        Self { path: folder.join(format!("{}.escrow", plain(&rotation.0))), rotation: rotation.clone() }
    }

    /// Sets room aside: zeros, durable. What is in it already stays.
    ///
    /// # Errors
    /// The disk is full or cannot be written.
    pub fn prepare(&self) -> io::Result<()> {
        let mut file = self.open_file()?;
        if file.metadata()?.len() < SEALED as u64 {
            file.write_all(&[0; SEALED])?;
            file.sync_all()?;
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        sync_folder(folder).map_err(io::Error::other)
    }

    /// Encrypts a pair onto the disk.
    ///
    /// # Errors
    /// The disk; the pair is as safe as it was before.
    pub fn seal(&self, key: &DataKey, pair: &KeyPair) -> io::Result<()> {
        // As long as it will ever be: a vector that grows leaves copies of the secret behind.
        let mut text = Zeroizing::new(Vec::with_capacity(SEALED));
        for part in [pair.id.as_bytes(), b"\n", pair.secret.expose_secret().as_bytes()] {
            text.extend_from_slice(part);
        }
        if text.len() > PLAIN {
            return Err(io::Error::other("the secret is longer than any of AWS's"));
        }
        text.resize(PLAIN, b' ');
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| io::Error::other("the system gives no randomness"))?;
        let tag = key.cipher()?.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(self.rotation.0.as_bytes()),
            &mut text,
        );
        let tag = tag.map_err(|_| io::Error::other("could not encrypt"))?;
        let mut file = self.open_file()?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&[nonce.as_slice(), &text, tag.as_ref()].concat())?;
        file.sync_data()
    }

    /// The pair; `None` where none was sealed, not wholly, or under another key.
    ///
    /// # Errors
    /// The disk.
    pub fn open(&self, key: &DataKey) -> io::Result<Option<KeyPair>> {
        let mut sealed = Zeroizing::new(Vec::with_capacity(SEALED + 1));
        match crate::files::read(&self.path) {
            Ok(file) => file.take(SEALED as u64 + 1).read_to_end(&mut sealed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some((nonce, rest)) = sealed.split_first_chunk_mut::<NONCE_LEN>() else { return Ok(None) };
        let aad = Aad::from(self.rotation.0.as_bytes());
        let Ok(text) = key.cipher()?.open_in_place(Nonce::assume_unique_for_key(*nonce), aad, rest) else { return Ok(None) };
        let pair = std::str::from_utf8(text).ok().and_then(|text| text.trim_end_matches(' ').split_once('\n'));
        Ok(pair.map(|(id, secret)| KeyPair::new(id, secret.to_owned().into())))
    }

    /// Overwrites and removes the file. Its secret is gone for good when its data key is gone as well.
    ///
    /// # Errors
    /// The disk. One that is not there is no error.
    pub fn shred(&self) -> io::Result<()> {
        match crate::files::edit(&self.path) {
            Ok(mut file) => {
                // A full disk or a file system that copies on write: the data key's end is what counts.
                let _best_effort = file.write_all(&[0; SEALED]).and_then(|()| file.sync_data());
                std::fs::remove_file(&self.path)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn open_file(&self) -> io::Result<File> {
        crate::files::keep(&self.path)
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test stands at the edge")]
mod tests {
    use super::*;

    fn escrow() -> (tempfile::TempDir, Escrow) {
        let folder = tempfile::tempdir().unwrap();
        let escrow = Escrow::of(folder.path(), &RotationId("20261122-ada".into()));
        (folder, escrow)
    }

    fn pair() -> KeyPair {
        KeyPair::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned().into())
    }

    #[test]
    fn what_is_sealed_is_opened_by_its_key_and_for_its_rotation_only() {
        let (folder, escrow) = escrow();
        let key = DataKey::new().unwrap();
        escrow.prepare().unwrap();
        assert!(escrow.open(&key).unwrap().is_none(), "zeros are no pair");
        escrow.seal(&key, &pair()).unwrap();
        escrow.prepare().unwrap();
        assert!(escrow.open(&DataKey::from_text(&key.text()).unwrap()).unwrap().unwrap().is_same(&pair()));
        assert!(escrow.open(&DataKey::new().unwrap()).unwrap().is_none());
        std::fs::copy(folder.path().join("20261122-ada.escrow"), folder.path().join("other.escrow")).unwrap();
        assert!(Escrow::of(folder.path(), &RotationId("other".into())).open(&key).unwrap().is_none());
    }

    #[test]
    fn a_pair_that_does_not_fit_is_refused_and_what_was_sealed_stays() {
        let (_folder, escrow) = escrow();
        let key = DataKey::new().unwrap();
        escrow.seal(&key, &pair()).unwrap();
        assert!(escrow.seal(&key, &KeyPair::new("AKIAIOSFODNN7EXAMPLE", "x".repeat(PLAIN).into())).is_err());
        assert!(escrow.open(&key).unwrap().unwrap().is_same(&pair()));
        // Filled up to the end.
        let longest = KeyPair::new("A", "x".repeat(PLAIN - 2).into());
        escrow.seal(&key, &longest).unwrap();
        assert!(escrow.open(&key).unwrap().unwrap().is_same(&longest));
        assert!(DataKey::from_text(&"AAAA".to_owned().into()).is_none());
    }

    #[test]
    fn the_secret_does_not_stand_in_the_file_and_a_torn_one_opens_nothing() {
        let (folder, escrow) = escrow();
        let key = DataKey::new().unwrap();
        escrow.prepare().unwrap();
        escrow.seal(&key, &pair()).unwrap();
        let path = folder.path().join("20261122-ada.escrow");
        let mut bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.len(), SEALED);
        assert!(!bytes.windows(8).any(|part| part == b"wJalrXUt" || part == b"AKIAIOSF"));
        bytes[SEALED - 20..].fill(0);
        std::fs::write(&path, bytes).unwrap();
        assert!(escrow.open(&key).unwrap().is_none());
        escrow.shred().unwrap();
        escrow.shred().unwrap();
        assert!(!path.exists() && escrow.open(&key).unwrap().is_none());
    }
}
