//! The keys and what is sealed under them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest as _, Sha256};

use crate::emulator::ids;

/// An encryption context: names and values that must be said again to decrypt.
pub type Context = BTreeMap<String, String>;

/// The first byte of what is sealed here.
const VERSION: u8 = 1;

/// The alias that every region's own key has.
const ALIAS: &str = "alias/sessions";

/// A refusal of KMS: AWS's code, and its sentence (`InvalidCiphertextException` has none).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct KmsError {
    /// `NotFoundException`, `DisabledException`, `InvalidCiphertextException`, `IncorrectKeyException`, `ValidationException`.
    pub code: &'static str,
    /// AWS's sentence.
    pub message: String,
}

/// A data key, fresh from `GenerateDataKey`.
#[derive(Clone)]
pub struct DataKey {
    /// ARN of the key that it is sealed under.
    pub key: String,
    /// The data key itself.
    pub plain: Bytes,
    /// `CiphertextBlob`: the data key, sealed under the key and the context.
    pub sealed: Bytes,
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKey").field("key", &self.key).finish_non_exhaustive()
    }
}

/// What was inside a sealed data key.
#[derive(Clone)]
pub struct Unwrapped {
    /// ARN of the key that it was sealed under.
    pub key: String,
    /// The data key.
    pub plain: Bytes,
}

impl fmt::Debug for Unwrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unwrapped").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A symmetric key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// Whether it can be used.
    pub(super) enabled: bool,
    /// `CreationDate`.
    pub(super) created: Timestamp,
    /// `Description`.
    pub(super) description: String,
}

#[derive(Debug)]
struct State {
    account: String,
    seed: u64,
    rng: fastrand::Rng,
    /// By ARN.
    keys: BTreeMap<String, Key>,
}

/// All symmetric keys of an account. Cheap to copy; copies are the same. Works outside requests and without the account's lock.
#[derive(Debug, Clone)]
pub struct Kms(Arc<Mutex<State>>);

impl Kms {
    /// The keys of an account: one of its own in every region, and those that are [added](Self::add_key). The same seed gives the
    /// same key material and, in the same order of calls, the same data keys.
    #[must_use]
    pub fn new(account: &str, seed: u64) -> Self {
        let rng = fastrand::Rng::with_seed(seed ^ 0x6b6d_7321);
        Self(Arc::new(Mutex::new(State { account: account.to_owned(), seed, rng, keys: BTreeMap::new() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// ARN of the key that a region has from the start, which also answers to `alias/sessions`.
    #[must_use]
    pub fn own_key(&self, region: &str) -> String {
        self.state().own_key(region)
    }

    /// Adds a key by its ARN, `arn:aws:kms:REGION:ACCOUNT:key/ID`, enabled. One that is there stays as it is.
    pub fn add_key(&self, arn: &str) {
        self.state().key_at(arn);
    }

    /// Enables or disables a key; one that is not there is added first.
    pub fn set_enabled(&self, arn: &str, enabled: bool) {
        self.state().key_at(arn).enabled = enabled;
    }

    /// `GenerateDataKey`: a random data key of `length` bytes (1 to 1024), sealed under a key of the region (id, ARN or alias) and a
    /// context.
    ///
    /// # Errors
    /// `NotFoundException`, `DisabledException`, or `ValidationException` for a length that KMS does not make.
    pub fn data_key(&self, region: &str, key: &str, length: usize, context: &Context) -> Result<DataKey, KmsError> {
        let mut state = self.state();
        let arn = state.find(region, key)?;
        if !(1..=1024).contains(&length) {
            return Err(refused("ValidationException", "A data key has 1 to 1024 bytes."));
        }
        let plain: Vec<u8> = (0..length).map(|_| state.rng.u8(..)).collect();
        let nonce: [u8; NONCE_LEN] = std::array::from_fn(|_| state.rng.u8(..));
        let sealed = state.seal(&arn, nonce, &plain, context).ok_or_else(|| refused("KMSInternalException", "Not sealed."))?;
        Ok(DataKey { key: arn, plain: plain.into(), sealed: sealed.into() })
    }

    /// `Decrypt`: what was sealed, where the context is the one it was sealed with and the key, if one is said, the right one.
    ///
    /// # Errors
    /// `InvalidCiphertextException` (not ours, damaged, other context), `IncorrectKeyException`, `DisabledException`,
    /// `NotFoundException`.
    pub fn decrypt(&self, region: &str, sealed: &[u8], context: &Context, key: Option<&str>) -> Result<Unwrapped, KmsError> {
        let mut state = self.state();
        let wrong = || refused("InvalidCiphertextException", "");
        let (arn, rest) = split(sealed).ok_or_else(wrong)?;
        if let Some(said) = key
            && state.find(region, said)? != arn
        {
            let message = "The key ID in the request does not identify a CMK that can perform this operation.";
            return Err(refused("IncorrectKeyException", message));
        }
        let arn = state.find(region, arn).map_err(|error| if error.code == "DisabledException" { error } else { wrong() })?;
        let plain = state.open(&arn, rest, context).ok_or_else(wrong)?;
        Ok(Unwrapped { key: arn, plain: plain.into() })
    }

    /// What `DescribeKey` tells of a key: its ARN and the key.
    pub(super) fn describe(&self, region: &str, key: &str) -> Result<(String, Key), KmsError> {
        let mut state = self.state();
        let arn = state.locate(region, key)?;
        let key = state.key_at(&arn).clone();
        Ok((arn, key))
    }
}

impl State {
    fn own_key(&mut self, region: &str) -> String {
        let digest = Sha256::digest(format!("{}\n{region}\n{}", self.account, self.seed));
        let seed = digest.iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        let id = ids::uuid(&mut fastrand::Rng::with_seed(seed));
        let arn = format!("arn:aws:kms:{region}:{}:key/{id}", self.account);
        self.key_at(&arn);
        arn
    }

    fn key_at(&mut self, arn: &str) -> &mut Key {
        self.keys.entry(arn.to_owned()).or_insert_with(|| Key {
            enabled: true,
            created: Timestamp::UNIX_EPOCH,
            description: "Session Manager".to_owned(),
        })
    }

    /// The ARN of a key of a region: of an id, an ARN or an alias.
    fn locate(&mut self, region: &str, key: &str) -> Result<String, KmsError> {
        let prefix = format!("arn:aws:kms:{region}:{}:", self.account);
        let full = if key.starts_with("arn:") {
            key.to_owned()
        } else if key.starts_with("alias/") {
            format!("{prefix}{key}")
        } else {
            format!("{prefix}key/{key}")
        };
        let own = self.own_key(region);
        if full.strip_prefix(&prefix) == Some(ALIAS) {
            return Ok(own);
        }
        if full.contains(":alias/") {
            return Err(refused("NotFoundException", format!("Alias {full} is not found.")));
        }
        if full.starts_with(&prefix) && self.keys.contains_key(&full) {
            return Ok(full);
        }
        Err(refused("NotFoundException", format!("Key '{full}' does not exist")))
    }

    /// A key that can be used.
    fn find(&mut self, region: &str, key: &str) -> Result<String, KmsError> {
        let arn = self.locate(region, key)?;
        if self.key_at(&arn).enabled {
            return Ok(arn);
        }
        Err(refused("DisabledException", format!("{arn} is disabled.")))
    }

    fn cipher(&self, arn: &str) -> Option<LessSafeKey> {
        let material = Sha256::digest(format!("{}\n{arn}\nkey material", self.seed));
        UnboundKey::new(&AES_256_GCM, &material).ok().map(LessSafeKey::new)
    }

    fn seal(&self, arn: &str, nonce: [u8; NONCE_LEN], plain: &[u8], context: &Context) -> Option<Vec<u8>> {
        let mut text = plain.to_vec();
        let bound = Aad::from(bound_to(arn, context));
        self.cipher(arn)?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound, &mut text).ok()?;
        let length = u16::try_from(arn.len()).ok()?;
        Some([&[VERSION][..], &length.to_be_bytes(), arn.as_bytes(), &nonce, &text].concat())
    }

    fn open(&self, arn: &str, rest: &[u8], context: &Context) -> Option<Vec<u8>> {
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>()?;
        let mut text = text.to_vec();
        let bound = Aad::from(bound_to(arn, context));
        let plain = self.cipher(arn)?.open_in_place(Nonce::assume_unique_for_key(*nonce), bound, &mut text).ok()?;
        Some(plain.to_vec())
    }
}

/// The key's ARN in a sealed text, and the rest.
fn split(sealed: &[u8]) -> Option<(&str, &[u8])> {
    let rest = sealed.strip_prefix(&[VERSION])?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (arn, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((std::str::from_utf8(arn).ok()?, rest))
}

/// The key and the context, so that no two contexts look alike.
fn bound_to(arn: &str, context: &Context) -> Vec<u8> {
    serde_json::to_vec(&(arn, context)).unwrap_or_default()
}

fn refused(code: &'static str, message: impl Into<String>) -> KmsError {
    KmsError { code, message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(session: &str) -> Context {
        Context::from([("aws:ssm:SessionId".into(), session.into()), ("aws:ssm:TargetId".into(), "i-1".into())])
    }

    #[test]
    fn a_data_key_opens_in_its_own_context_only() {
        let kms = Kms::new("123456789012", 7);
        let key = kms.own_key("us-east-1");
        let made = kms.data_key("us-east-1", "alias/sessions", 64, &context("one")).unwrap();
        assert_eq!((made.key.as_str(), made.plain.len()), (key.as_str(), 64));
        assert_eq!(kms.decrypt("us-east-1", &made.sealed, &context("one"), None).unwrap().plain, made.plain);
        let code = |region: &str, sealed: &[u8], context: &Context, key: Option<&str>| {
            kms.decrypt(region, sealed, context, key).unwrap_err().code
        };
        assert_eq!(code("us-east-1", &made.sealed, &context("two"), None), "InvalidCiphertextException");
        assert_eq!(code("us-east-1", &made.sealed, &Context::new(), None), "InvalidCiphertextException");
        assert_eq!(code("eu-west-1", &made.sealed, &context("one"), None), "InvalidCiphertextException");
        assert_eq!(code("us-east-1", b"nonsense", &context("one"), None), "InvalidCiphertextException");
        for at in 0..made.sealed.len() {
            let mut damaged = made.sealed.to_vec();
            damaged[at] ^= 1;
            assert!(kms.decrypt("us-east-1", &damaged, &context("one"), None).is_err(), "byte {at}");
        }
        let other = "arn:aws:kms:us-east-1:123456789012:key/1";
        kms.add_key(other);
        assert_eq!(code("us-east-1", &made.sealed, &context("one"), Some(other)), "IncorrectKeyException");
    }

    #[test]
    fn keys_are_found_by_id_arn_and_alias() {
        let kms = Kms::new("123456789012", 7);
        let key = kms.own_key("us-east-1");
        let id = key.rsplit('/').next().unwrap();
        for name in [key.as_str(), id, "alias/sessions", "arn:aws:kms:us-east-1:123456789012:alias/sessions"] {
            assert_eq!(kms.data_key("us-east-1", name, 32, &Context::new()).unwrap().key, key, "{name}");
        }
        let code = |name: &str| kms.data_key("us-east-1", name, 32, &Context::new()).unwrap_err().code;
        assert_eq!(code("alias/none"), "NotFoundException");
        assert_eq!(code(&kms.own_key("eu-west-1")), "NotFoundException");
        kms.set_enabled(&key, false);
        assert_eq!(code(&key), "DisabledException");
    }
}
