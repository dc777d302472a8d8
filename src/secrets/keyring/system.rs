//! The keyring that the operating system has.

use std::sync::Arc;

use keyring_core::api::CredentialStore;
use keyring_core::{Entry, Error as Core};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroize as _;

use super::SERVICE;
use super::backend::Backend;
use super::error::{Action, KeyringError, Trouble};

/// A connection of its own: not the library's default store, which one blocked call would block for all.
struct System(Arc<CredentialStore>);

pub(super) fn open() -> Result<Box<dyn Backend>, KeyringError> {
    let store = store().map_err(|error| KeyringError::from_core(Action::Open, SERVICE, &error))?;
    Ok(Box::new(System(store)))
}

#[cfg(target_os = "macos")]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(not(target_os = "macos"))]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

impl System {
    fn entry(&self, action: Action, item: &str) -> Result<Entry, KeyringError> {
        self.0.build(SERVICE, item, None).map_err(|error| KeyringError::from_core(action, item, &error))
    }
}

impl Backend for System {
    fn get(&self, item: &str) -> Result<Option<SecretString>, KeyringError> {
        match self.entry(Action::Read, item)?.get_secret() {
            Ok(bytes) => secret(item, bytes).map(Some),
            Err(Core::NoEntry) => Ok(None),
            Err(error) => Err(KeyringError::from_core(Action::Read, item, &error)),
        }
    }

    fn set(&self, item: &str, secret: &SecretString) -> Result<(), KeyringError> {
        // As bytes: Windows counts the UTF-16 of a password, and KWallet takes UTF-8, which this is.
        let stored = self.entry(Action::Write, item)?.set_secret(secret.expose_secret().as_bytes());
        stored.map_err(|error| KeyringError::from_core(Action::Write, item, &error))
    }

    fn delete(&self, item: &str) -> Result<(), KeyringError> {
        match self.entry(Action::Delete, item)?.delete_credential() {
            Ok(()) | Err(Core::NoEntry) => Ok(()),
            Err(error) => Err(KeyringError::from_core(Action::Delete, item, &error)),
        }
    }
}

fn secret(item: &str, bytes: Vec<u8>) -> Result<SecretString, KeyringError> {
    String::from_utf8(bytes).map(SecretString::from).map_err(|error| {
        // The error holds the bytes.
        error.into_bytes().zeroize();
        KeyringError::new(Action::Read, item, Trouble::Corrupt, "not text")
    })
}
