//! The system's keyring as the place of our items.

use futures::future::BoxFuture;
use secrecy::SecretString;

use super::{Items, StoreError, StoreErrorKind};
use crate::secrets::{Health, Keyring, KeyringError, Trouble};

impl From<KeyringError> for StoreError {
    fn from(error: KeyringError) -> Self {
        let kind = match error.trouble {
            Trouble::Locked => StoreErrorKind::Locked,
            Trouble::Absent => StoreErrorKind::Absent,
            Trouble::ReadOnly => StoreErrorKind::ReadOnly,
            Trouble::Blocking => StoreErrorKind::Blocking,
            Trouble::Corrupt | Trouble::Ambiguous => StoreErrorKind::Corrupt,
            Trouble::TooLong => StoreErrorKind::Full,
            Trouble::Other => StoreErrorKind::Other,
        };
        let said = if error.said.is_empty() { String::new() } else { format!(" (it said: {})", error.said) };
        Self::new(kind, "keyring", format!("the call for the item bartizan {} failed{said}", error.item))
            .advise(error.trouble.advice())
    }
}

impl Items for Keyring {
    fn get<'a>(&'a self, item: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, StoreError>> {
        Box::pin(async move { Ok(Self::get(self, item).await?) })
    }

    fn set<'a>(&'a self, item: &'a str, value: &'a SecretString) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { Ok(Self::set(self, item, value).await?) })
    }

    fn delete<'a>(&'a self, item: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { Ok(Self::delete(self, item).await?) })
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async {
            match Self::probe(self).await {
                Health::Ready => Ok(()),
                Health::Locked(error) | Health::Absent(error) | Health::ReadOnly(error) | Health::Blocking(error) => {
                    Err(error.into())
                }
            }
        })
    }
}
