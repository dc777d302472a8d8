//! A key id and its secret.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

/// An access key with its secret.
#[derive(Clone)]
pub struct KeyPair {
    /// `AccessKeyId`.
    pub id: String,
    /// `SecretAccessKey`.
    pub secret: SecretString,
}

impl KeyPair {
    /// A pair.
    pub fn new(id: impl Into<String>, secret: SecretString) -> Self {
        Self { id: id.into(), secret }
    }

    /// Whether both hold the same secret under the same id.
    pub fn is_same(&self, other: &Self) -> bool {
        self.id == other.id && self.secret.expose_secret() == other.secret.expose_secret()
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("id", &self.id).finish_non_exhaustive()
    }
}
