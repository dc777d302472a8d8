//! The places where data keys are kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use secrecy::SecretString;

use super::DataKeys;
use crate::domain::rotation::EscrowKey;
use crate::rotation::stores::StoreError;

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
