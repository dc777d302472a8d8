//! From what a person chose to the store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;

use super::{
    CredentialsFile, EncryptedFile, Items, KeyringStore, Outlook, Owner, Passphrase, SecretsManagerStore, Store, StoreError,
    StoreErrorKind, StoreFactory, Vaults, copies,
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

impl Places {
    /// The store of a choice that is kept on this machine; `None`: it is kept at AWS.
    fn here(&self, choice: &StoreChoice, owner: &Owner) -> Result<Option<Arc<dyn Store>>, StoreError> {
        Ok(Some(match choice {
            StoreChoice::Keyring { profile } => Arc::new(KeyringStore::new(Arc::clone(&self.keyring), owner.clone(), profile)),
            StoreChoice::Credentials { profile, create } => {
                let absent = || absent(choice, "there is no home folder with a credentials file");
                let path = self.credentials.as_ref().ok_or_else(absent)?;
                Arc::new(CredentialsFile::new(path, self.config.clone(), profile, *create))
            }
            StoreChoice::File { path } => Arc::new(EncryptedFile::new(Path::new(path), owner, self.passphrase.clone())),
            StoreChoice::SecretsManager { .. } => return Ok(None),
        }))
    }

    fn vaults(&self, choice: &StoreChoice) -> Result<&Arc<dyn Vaults>, StoreError> {
        self.vault.as_ref().ok_or_else(|| absent(choice, "Secrets Manager cannot be reached from here"))
    }
}

fn absent(choice: &StoreChoice, words: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Absent, &choice.to_string(), words)
}

impl StoreFactory for Places {
    fn open(&self, choice: &StoreChoice, owner: &Owner, approved: &Approved<Command>) -> Result<Arc<dyn Store>, StoreError> {
        match choice {
            StoreChoice::SecretsManager { name, create } => {
                let vault = self.vaults(choice)?.approved(approved);
                Ok(Arc::new(SecretsManagerStore::new(vault, name, *create)))
            }
            _ => self.here(choice, owner)?.ok_or_else(|| absent(choice, "it is not kept on this machine")),
        }
    }

    fn copies<'a>(&'a self, key_id: &'a str, choice: &'a StoreChoice) -> BoxFuture<'a, Vec<String>> {
        let target = match choice {
            StoreChoice::Credentials { profile, .. } => Some(profile.clone()),
            _ => None,
        };
        let files = copies::Files { credentials: self.credentials.clone(), configuration: self.config.clone(), target };
        let key_id = key_id.to_owned();
        Box::pin(async move {
            let searched = tokio::task::spawn_blocking(move || files.holding(&key_id)).await;
            searched.unwrap_or_default()
        })
    }

    fn look<'a>(&'a self, choice: &'a StoreChoice, owner: &'a Owner) -> BoxFuture<'a, Result<Outlook, StoreError>> {
        Box::pin(async move {
            match choice {
                StoreChoice::SecretsManager { name, create } => {
                    let seen = self.vaults(choice)?.look(name).await?;
                    Outlook::of_secret(name, &seen, &owner.account, *create)
                }
                _ => match self.here(choice, owner)? {
                    Some(store) => Ok(Outlook::of_notes(store.notes().await)),
                    None => Ok(Outlook::default()),
                },
            }
        })
    }
}
