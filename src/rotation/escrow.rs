//! The place where a new secret is safe between its making and its store: a file, encrypted under a key that lies elsewhere.

use futures::future::BoxFuture;
use secrecy::SecretString;

use super::stores::StoreError;
use crate::domain::rotation::EscrowKey;

/// Where the keys of escrows are kept, under the name of their rotation.
pub trait DataKeys: Send + Sync {
    /// Keeps a key.
    fn put<'a>(&'a self, place: EscrowKey, rotation: &'a str, key: &'a SecretString) -> BoxFuture<'a, Result<(), StoreError>>;
    /// Reads it. `None`: the place works and does not have it.
    fn get<'a>(&'a self, place: EscrowKey, rotation: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, StoreError>>;
    /// Removes it; one that is not there is no error.
    fn delete<'a>(&'a self, place: EscrowKey, rotation: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;
}
