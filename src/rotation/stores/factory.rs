//! From what a person chose to the store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{
    CredentialsFile, EncryptedFile, Items, KeyringStore, Owner, Passphrase, SecretsManagerStore, Store, StoreError,
    StoreErrorKind, StoreFactory, Vaults,
};
use crate::domain::rotation::{Command, StoreChoice};
use crate::kit::confirm::Approved;

/// The places of this machine and account.
#[derive(Clone)]
pub struct Places {
    /// The keyring.
    pub keyring: Arc<dyn Items>,
    /// The AWS credentials file; `None`: there is no home.
    pub credentials: Option<PathBuf>,
    /// The AWS configuration file.
    pub config: Option<PathBuf>,
    /// Secrets Manager.
    pub vault: Option<Arc<dyn Vaults>>,
    /// Asks for the passphrase of encrypted files.
    pub passphrase: Passphrase,
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}

impl StoreFactory for Places {
    fn open(&self, choice: &StoreChoice, owner: &Owner, approved: &Approved<Command>) -> Result<Arc<dyn Store>, StoreError> {
        let absent = |words: &str| StoreError::new(StoreErrorKind::Absent, &choice.to_string(), words);
        Ok(match choice {
            StoreChoice::Keyring { profile } => Arc::new(KeyringStore::new(Arc::clone(&self.keyring), owner.clone(), profile)),
            StoreChoice::Credentials { profile, create } => {
                let path = self.credentials.as_ref().ok_or_else(|| absent("there is no home folder with a credentials file"))?;
                Arc::new(CredentialsFile::new(path, self.config.clone(), profile, *create))
            }
            StoreChoice::SecretsManager { name, create } => {
                let vault = self.vault.as_ref().ok_or_else(|| absent("Secrets Manager cannot be reached from here"))?;
                Arc::new(SecretsManagerStore::new(vault.approved(approved), name, *create))
            }
            StoreChoice::File { path } => Arc::new(EncryptedFile::new(Path::new(path), owner, self.passphrase.clone())),
        })
    }
}
