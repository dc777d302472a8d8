//! Where a new secret goes and the old one stays until nobody needs it: one trait, and one file for each place.
//!
//! Every store keeps several pairs of the same user at once, each under its access key id, and says which of them is *current*: what
//! tools are served. A rotation puts the new pair in as *pending*, reads it back, proves that it works, makes it current, and
//! forgets the old pair only when its key is deleted. Until then both can be read (rule I8).
//!
//! All methods are idempotent. An error does not say that nothing was done: a keyring was seen to fail and to have stored the value,
//! so the caller reads back and believes what it reads.

mod copies;
mod credentials;
mod encrypted;
mod error;
mod factory;
mod items;
mod keyring;
mod memory;
mod outlook;
mod pair;
mod passphrase;
mod replace;
mod secrets_manager;

use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::SecretString;

pub use credentials::CredentialsFile;
pub use encrypted::EncryptedFile;
pub use error::{StoreError, StoreErrorKind};
pub use factory::Places;
pub use keyring::{Items, KeyringStore, served};
pub use memory::{MemoryStore, Trouble};
pub use outlook::Outlook;
pub use pair::KeyPair;
pub use passphrase::{AskPassphrase, Need, Passphrase, Purpose};
pub use secrets_manager::{CURRENT, Described, NOTHING, PENDING, SecretsManagerStore, Seen, Vault, Vaults};

use crate::domain::rotation::{Command, StoreChoice};
use crate::kit::confirm::Approved;

/// A place for the pairs of one user.
pub trait Store: Send + Sync {
    /// What the place is called in messages: `keyring`, `~/.aws/credentials, section prod`.
    fn name(&self) -> &str;

    /// Tries the place without touching what is in it: a canary written, read back and removed, free space, permissions, what
    /// would stand in the way of a rotation.
    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// What the operator should know and may go on with: a file that others can read, for example. One sentence each.
    fn notes(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async { Vec::new() })
    }

    /// Puts a pair in without serving it to anybody. The same pair again changes nothing; another secret under the same id replaces it.
    fn put_pending<'a>(&'a self, key: &'a KeyPair) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The secret of a key id, whether pending, current or former. `None`: the place works and does not have it.
    fn read<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, StoreError>>;

    /// Serves this pair from now on; it must be in the place. The pair served so far stays readable. `before` is the id that the
    /// caller believes to be current; where something else is served, which is not `key_id` either, somebody else was here:
    /// [`StoreErrorKind::Changed`].
    fn promote<'a>(&'a self, key_id: &'a str, before: Option<&'a str>) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The id that is served. `None`: nothing is. A preflight compares it with the key that is to be retired.
    fn current(&self) -> BoxFuture<'_, Result<Option<String>, StoreError>>;

    /// Removes a pair that is not current. One that is not there is no error; one that is current is.
    fn forget<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Serves nothing any more if this pair is served, and forgets it: for a rotation that is given up and whose former pair was never
    /// here, so that there is none to go back to. Where another pair is served, this only forgets.
    fn withdraw<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// Of whom the pairs in a store are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Twelve digits.
    pub account: String,
    /// `UserName`.
    pub user: String,
}

/// Opens the store that a person chose. Opening touches nothing; [`Store::probe`] says whether it can be used.
pub trait StoreFactory: Send + Sync {
    /// The store for this user. `approved`: under which its own changes to the account are made (Secrets Manager).
    ///
    /// # Errors
    /// The choice cannot be met on this machine, such as a file without a passphrase.
    fn open(&self, choice: &StoreChoice, owner: &Owner, approved: &Approved<Command>) -> Result<Arc<dyn Store>, StoreError>;

    /// Where on this machine else than in the chosen store a key stands, one text for each place. Reads only, and asks the person
    /// nothing.
    fn copies<'a>(&'a self, _key_id: &'a str, _choice: &'a StoreChoice) -> BoxFuture<'a, Vec<String>> {
        Box::pin(async { Vec::new() })
    }

    /// What can be seen of it before anything is approved, for the plan. Reads only, and asks the person nothing.
    fn look<'a>(&'a self, choice: &'a StoreChoice, owner: &'a Owner) -> BoxFuture<'a, Result<Outlook, StoreError>>;
}

/// Runs a job of a store that waits for files or computes for long where it holds up nobody.
fn run<S: Send + Sync + 'static, T: Send + 'static>(
    store: &Arc<S>,
    name: &str,
    job: impl FnOnce(&S) -> Result<T, StoreError> + Send + 'static,
) -> BoxFuture<'static, Result<T, StoreError>> {
    let (store, name) = (Arc::clone(store), name.to_owned());
    Box::pin(async move {
        let done = tokio::task::spawn_blocking(move || job(&store)).await;
        done.unwrap_or_else(|_| Err(StoreError::new(StoreErrorKind::Other, &name, "the program is ending")))
    })
}
