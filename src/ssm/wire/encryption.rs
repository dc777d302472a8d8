//! Encrypted sessions: AES-256-GCM, `nonce ‖ ciphertext ‖ tag`, a key of its own for each direction.

use bytes::Bytes;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// Bytes of the data key: two keys of 32 bytes.
pub const DATA_KEY_LENGTH: usize = 64;
/// Bytes that encryption adds to a payload.
pub const OVERHEAD: usize = NONCE_LEN + 16;

/// What can go wrong with an encrypted payload or its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncryptionError {
    /// The data key has another length than 64 bytes.
    #[error("the session's data key is not 64 bytes long")]
    Key,
    /// The payload was made with another key, or changed under way.
    #[error("a message of the session cannot be decrypted")]
    Decrypt,
    /// The payload cannot be encrypted.
    #[error("a message of the session cannot be encrypted")]
    Encrypt,
}

/// Which end of the session this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Decrypts with the first key and encrypts with the second.
    Client,
    /// The other way round.
    Agent,
}

/// Both directions' keys of one session.
pub struct Cipher {
    sending: LessSafeKey,
    receiving: LessSafeKey,
    /// The next nonce; counts up from a random start, so that no nonce is used twice with a key.
    nonce: u128,
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cipher(…)")
    }
}

impl Cipher {
    /// The keys of a 64-byte data key. The start of the nonces must be random.
    pub fn new(data_key: &[u8], side: Side, nonce_start: [u8; NONCE_LEN]) -> Result<Self, EncryptionError> {
        if data_key.len() != DATA_KEY_LENGTH {
            return Err(EncryptionError::Key);
        }
        let (agents, clients) = data_key.split_at_checked(DATA_KEY_LENGTH / 2).ok_or(EncryptionError::Key)?;
        let (agents, clients) = (key(agents)?, key(clients)?);
        let (sending, receiving) = match side {
            Side::Client => (clients, agents),
            Side::Agent => (agents, clients),
        };
        let mut start = [0; 16];
        start.iter_mut().zip(nonce_start).for_each(|(place, byte)| *place = byte);
        Ok(Self { sending, receiving, nonce: u128::from_le_bytes(start) })
    }

    /// Encrypts a payload.
    pub fn encrypt(&mut self, plain: &[u8]) -> Result<Bytes, EncryptionError> {
        let nonce = self.fresh_nonce();
        let mut text = plain.to_vec();
        let tag = self
            .sending
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut text)
            .map_err(|_| EncryptionError::Encrypt)?;
        Ok([&nonce[..], &text, tag.as_ref()].concat().into())
    }

    /// Decrypts a payload.
    pub fn decrypt(&self, payload: &[u8]) -> Result<Bytes, EncryptionError> {
        let (nonce, text) = payload.split_first_chunk::<NONCE_LEN>().ok_or(EncryptionError::Decrypt)?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self.receiving.open_in_place(nonce, Aad::empty(), &mut text).map_err(|_| EncryptionError::Decrypt)?;
        let length = plain.len();
        text.truncate(length);
        Ok(text.into())
    }

    fn fresh_nonce(&mut self) -> [u8; NONCE_LEN] {
        let number = self.nonce;
        self.nonce = number.wrapping_add(1);
        let mut nonce = [0; NONCE_LEN];
        nonce.iter_mut().zip(number.to_le_bytes()).for_each(|(place, byte)| *place = byte);
        nonce
    }
}

fn key(bytes: &[u8]) -> Result<LessSafeKey, EncryptionError> {
    UnboundKey::new(&AES_256_GCM, bytes).map(LessSafeKey::new).map_err(|_| EncryptionError::Key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pair() -> (Cipher, Cipher) {
        let data_key: Vec<u8> = (0..64).collect();
        (Cipher::new(&data_key, Side::Client, [0xff; 12]).unwrap(), Cipher::new(&data_key, Side::Agent, [1; 12]).unwrap())
    }

    #[test]
    fn what_was_changed_is_refused() {
        let (mut client, agent) = pair();
        let mut sealed = client.encrypt(b"whoami").unwrap().to_vec();
        sealed[14] ^= 1;
        assert_eq!(agent.decrypt(&sealed), Err(EncryptionError::Decrypt));
        assert_eq!(agent.decrypt(b"short"), Err(EncryptionError::Decrypt));
        assert_eq!(Cipher::new(&[0; 32], Side::Client, [0; 12]).unwrap_err(), EncryptionError::Key);
    }

    #[test]
    fn one_end_cannot_read_itself() {
        let (mut client, _) = pair();
        let sealed = client.encrypt(b"x").unwrap();
        assert!(client.decrypt(&sealed).is_err());
    }

    proptest! {
        #[test]
        fn both_directions_come_back(plain in proptest::collection::vec(any::<u8>(), 0..1100)) {
            let (mut client, mut agent) = pair();
            let sealed = client.encrypt(&plain).unwrap();
            prop_assert_eq!(sealed.len(), plain.len() + OVERHEAD);
            prop_assert_ne!(client.encrypt(&plain).unwrap(), sealed.clone());
            prop_assert_eq!(agent.decrypt(&sealed).unwrap(), plain.clone());
            let sealed = agent.encrypt(&plain).unwrap();
            prop_assert_eq!(client.decrypt(&sealed).unwrap(), plain);
        }
    }
}
