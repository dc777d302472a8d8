//! The system's keyring: one item for each access key id, and one for each profile that says which of them is served.
//!
//! No item of a key is ever written over by another key, so an error of the keyring, which does not say whether the value was stored, is
//! resolved by reading. The pointer carries account and user: a profile serves one user, and another user's rotation cannot take it.
//!
//! | item | value |
//! |---|---|
//! | `key/AKIA…` | `{"Version":1,"Account":…,"User":…,"AccessKeyId":…,"SecretAccessKey":…}` |
//! | `profile/PROFILE` | `{"Version":1,"Account":…,"User":…,"AccessKeyId":…}` |

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::{KeyPair, Owner, Store, StoreError, StoreErrorKind};

const NAME: &str = "keyring";
const VERSION: u32 = 1;

/// What the store needs of a keyring: items of text under names. An error of `set` and `delete` does not say that nothing was done.
pub trait Items: Send + Sync {
    /// The value; `None`: the keyring works and has no such item.
    fn get<'a>(&'a self, item: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, StoreError>>;
    /// Writes a value, over the one that is there.
    fn set<'a>(&'a self, item: &'a str, value: &'a SecretString) -> BoxFuture<'a, Result<(), StoreError>>;
    /// Removes an item; one that is not there is no error.
    fn delete<'a>(&'a self, item: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;
    /// Writes, reads back and removes a canary.
    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// The store of one profile.
#[derive(Clone)]
pub struct KeyringStore {
    items: Arc<dyn Items>,
    owner: Owner,
    profile: String,
}

impl fmt::Debug for KeyringStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringStore").field("owner", &self.owner).field("profile", &self.profile).finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Key {
    version: u32,
    account: String,
    user: String,
    access_key_id: String,
    secret_access_key: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pointer {
    version: u32,
    account: String,
    user: String,
    access_key_id: String,
}

fn key_item(key_id: &str) -> String {
    format!("key/{key_id}")
}

fn profile_item(profile: &str) -> String {
    format!("profile/{profile}")
}

fn error(kind: StoreErrorKind, message: impl Into<String>) -> StoreError {
    StoreError::new(kind, NAME, message)
}

/// The error's own words may quote the value, so they are not passed on.
fn parse<'a, T: Deserialize<'a>>(item: &str, value: &'a SecretString) -> Result<T, StoreError> {
    let strange = || error(StoreErrorKind::Corrupt, format!("the item bartizan {item} holds something that is not ours"));
    serde_json::from_str(value.expose_secret()).map_err(|_| strange())
}

fn written(value: &impl Serialize) -> Result<SecretString, StoreError> {
    serde_json::to_string(value).map(SecretString::from).map_err(|_| error(StoreErrorKind::Other, "could not write the value"))
}

async fn pointer(items: &dyn Items, profile: &str) -> Result<Option<Pointer>, StoreError> {
    let item = profile_item(profile);
    items.get(&item).await?.map(|value| parse(&item, &value)).transpose()
}

async fn key(items: &dyn Items, key_id: &str) -> Result<Option<Key>, StoreError> {
    let item = key_item(key_id);
    let Some(value) = items.get(&item).await? else { return Ok(None) };
    let key: Key = parse(&item, &value)?;
    if key.access_key_id == key_id {
        return Ok(Some(key));
    }
    Err(error(StoreErrorKind::Corrupt, format!("the item bartizan {item} holds another key")))
}

/// The pair that a profile serves: what `credential-process` prints. `None`: no rotation has put one there.
///
/// # Errors
/// The keyring does not answer, or what it holds is damaged.
pub async fn served(items: &dyn Items, profile: &str) -> Result<Option<KeyPair>, StoreError> {
    let Some(pointer) = pointer(items, profile).await? else { return Ok(None) };
    match key(items, &pointer.access_key_id).await? {
        Some(key) => Ok(Some(KeyPair::new(key.access_key_id, key.secret_access_key.into()))),
        None => Err(error(
            StoreErrorKind::Corrupt,
            format!("profile {profile} serves {}, and its secret is not there", pointer.access_key_id),
        )),
    }
}

impl KeyringStore {
    /// The store under which `profile` is served; `owner` is whose keys it takes.
    pub fn new(items: Arc<dyn Items>, owner: Owner, profile: &str) -> Self {
        Self { items, owner, profile: profile.to_owned() }
    }

    /// The pointer, if it is this user's or nobody's.
    async fn own_pointer(&self) -> Result<Option<Pointer>, StoreError> {
        let Some(pointer) = pointer(self.items.as_ref(), &self.profile).await? else { return Ok(None) };
        if (&pointer.account, &pointer.user) == (&self.owner.account, &self.owner.user) {
            return Ok(Some(pointer));
        }
        let words = format!("profile {} serves {} of account {}", self.profile, pointer.user, pointer.account);
        Err(error(StoreErrorKind::Denied, words).advise("choose another profile name: keyring:NAME"))
    }

    async fn put(&self, pair: &KeyPair) -> Result<(), StoreError> {
        if let Some(known) = key(self.items.as_ref(), &pair.id).await?
            && (&known.account, &known.user) != (&self.owner.account, &self.owner.user)
        {
            return Err(error(StoreErrorKind::Changed, format!("{} is there already, as a key of {}", pair.id, known.user)));
        }
        let value = written(&Key {
            version: VERSION,
            account: self.owner.account.clone(),
            user: self.owner.user.clone(),
            access_key_id: pair.id.clone(),
            secret_access_key: pair.secret.expose_secret().to_owned(),
        })?;
        self.items.set(&key_item(&pair.id), &value).await
    }

    async fn flip(&self, key_id: &str, before: Option<&str>) -> Result<(), StoreError> {
        let pointer = self.own_pointer().await?;
        let served = pointer.as_ref().map(|pointer| pointer.access_key_id.as_str());
        if served == Some(key_id) {
            return Ok(());
        }
        if served.is_some() && served != before {
            let words = format!("profile {} serves {}, not {}", self.profile, served.unwrap_or("-"), before.unwrap_or("no key"));
            return Err(error(StoreErrorKind::Changed, words));
        }
        if key(self.items.as_ref(), key_id).await?.is_none() {
            return Err(error(StoreErrorKind::Absent, format!("{key_id} was not put in before")));
        }
        let new = Pointer {
            version: VERSION,
            account: self.owner.account.clone(),
            user: self.owner.user.clone(),
            access_key_id: key_id.to_owned(),
        };
        let result = self.items.set(&profile_item(&self.profile), &written(&new)?).await;
        // An error does not say that it was not stored, and a success is believed only when it is read.
        match self.own_pointer().await {
            Ok(Some(found)) if found == new => Ok(()),
            Ok(_) => {
                Err(result.err().unwrap_or_else(|| error(StoreErrorKind::Changed, "the pointer was written and is not there")))
            }
            Err(error) => Err(result.err().unwrap_or(error)),
        }
    }
}

impl Store for KeyringStore {
    fn name(&self) -> &str {
        NAME
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async {
            self.items.probe().await?;
            self.own_pointer().await.map(drop)
        })
    }

    fn put_pending<'a>(&'a self, key: &'a KeyPair) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.put(key))
    }

    fn read<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, StoreError>> {
        Box::pin(async move { Ok(key(self.items.as_ref(), key_id).await?.map(|key| key.secret_access_key.into())) })
    }

    fn promote<'a>(&'a self, key_id: &'a str, before: Option<&'a str>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.flip(key_id, before))
    }

    fn current(&self) -> BoxFuture<'_, Result<Option<String>, StoreError>> {
        Box::pin(async { Ok(self.own_pointer().await?.map(|pointer| pointer.access_key_id)) })
    }

    fn withdraw<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            if self.own_pointer().await?.is_some_and(|pointer| pointer.access_key_id == key_id) {
                let result = self.items.delete(&profile_item(&self.profile)).await;
                if self.own_pointer().await?.is_some() {
                    return result;
                }
            }
            self.forget(key_id).await
        })
    }

    fn forget<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            if self.own_pointer().await?.is_some_and(|pointer| pointer.access_key_id == key_id) {
                return Err(error(StoreErrorKind::Denied, format!("{key_id} is the key that is served")));
            }
            let result = self.items.delete(&key_item(key_id)).await;
            if key(self.items.as_ref(), key_id).await?.is_none() { Ok(()) } else { result }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::*;

    /// A keyring in memory that does, or does not do, what it is told, and says the contrary when told to.
    #[derive(Default)]
    struct Fake {
        items: Mutex<BTreeMap<String, String>>,
        lie: Mutex<Option<bool>>,
    }

    impl Fake {
        /// The next write fails, having stored the value or not.
        fn fail_once(&self, stored: bool) {
            *self.lie.lock().unwrap() = Some(stored);
        }
    }

    impl Items for Fake {
        fn get<'a>(&'a self, item: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, StoreError>> {
            Box::pin(async move { Ok(self.items.lock().unwrap().get(item).cloned().map(SecretString::from)) })
        }

        fn set<'a>(&'a self, item: &'a str, value: &'a SecretString) -> BoxFuture<'a, Result<(), StoreError>> {
            Box::pin(async move {
                let lie = self.lie.lock().unwrap().take();
                if lie != Some(false) {
                    self.items.lock().unwrap().insert(item.to_owned(), value.expose_secret().to_owned());
                }
                if lie.is_some() { Err(error(StoreErrorKind::Other, "no answer")) } else { Ok(()) }
            })
        }

        fn delete<'a>(&'a self, item: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
            Box::pin(async move {
                self.items.lock().unwrap().remove(item);
                Ok(())
            })
        }

        fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
            Box::pin(async { Ok(()) })
        }
    }

    fn owner(user: &str) -> Owner {
        Owner { account: "123456789012".to_owned(), user: user.to_owned() }
    }

    fn pair(id: &str, secret: &str) -> KeyPair {
        KeyPair::new(id, secret.to_owned().into())
    }

    #[tokio::test]
    async fn the_former_key_is_served_until_the_pointer_flips_and_stays_until_forgotten() {
        let items: Arc<dyn Items> = Arc::new(Fake::default());
        let store = KeyringStore::new(Arc::clone(&items), owner("ada"), "prod");
        let served_now = || async { served(items.as_ref(), "prod").await.unwrap().map(|pair| pair.id) };
        store.put_pending(&pair("AKIAOLD", "old")).await.unwrap();
        assert_eq!(served_now().await, None);
        store.promote("AKIAOLD", Some("AKIAELSEWHERE")).await.unwrap();
        store.put_pending(&pair("AKIANEW", "new")).await.unwrap();
        assert_eq!(served_now().await.as_deref(), Some("AKIAOLD"));
        store.promote("AKIANEW", Some("AKIAOLD")).await.unwrap();
        assert_eq!(served_now().await.as_deref(), Some("AKIANEW"));
        assert_eq!(store.read("AKIAOLD").await.unwrap().unwrap().expose_secret(), "old");
        assert_eq!(store.forget("AKIANEW").await.unwrap_err().kind, StoreErrorKind::Denied);
        store.forget("AKIAOLD").await.unwrap();
        assert!(store.read("AKIAOLD").await.unwrap().is_none());
        store.withdraw("AKIANEW").await.unwrap();
        store.withdraw("AKIANEW").await.unwrap();
        assert_eq!((served_now().await, store.current().await.unwrap()), (None, None));
    }

    #[tokio::test]
    async fn an_error_is_resolved_by_reading() {
        let items = Arc::new(Fake::default());
        let store = KeyringStore::new(Arc::clone(&items) as Arc<dyn Items>, owner("ada"), "prod");
        items.fail_once(true);
        assert!(store.put_pending(&pair("AKIANEW", "new")).await.is_err());
        assert_eq!(store.read("AKIANEW").await.unwrap().unwrap().expose_secret(), "new", "the caller reads back");
        items.fail_once(false);
        assert!(store.promote("AKIANEW", None).await.is_err());
        assert_eq!(store.current().await.unwrap(), None);
        items.fail_once(true);
        store.promote("AKIANEW", None).await.unwrap();
        assert_eq!(store.current().await.unwrap().as_deref(), Some("AKIANEW"));
    }

    #[tokio::test]
    async fn nobody_takes_the_profile_or_the_key_of_another_user() {
        let items: Arc<dyn Items> = Arc::new(Fake::default());
        let ada = KeyringStore::new(Arc::clone(&items), owner("ada"), "prod");
        ada.put_pending(&pair("AKIAADA", "a")).await.unwrap();
        ada.promote("AKIAADA", None).await.unwrap();
        assert_eq!(ada.promote("AKIAADA", Some("AKIAX")).await, Ok(()), "already served");
        let eve = KeyringStore::new(Arc::clone(&items), owner("eve"), "prod");
        assert_eq!(eve.probe().await.unwrap_err().kind, StoreErrorKind::Denied);
        assert_eq!(eve.put_pending(&pair("AKIAADA", "e")).await.unwrap_err().kind, StoreErrorKind::Changed);
        ada.put_pending(&pair("AKIATWO", "2")).await.unwrap();
        assert_eq!(ada.promote("AKIATWO", Some("AKIASOMEOTHER")).await.unwrap_err().kind, StoreErrorKind::Changed);
    }

    #[tokio::test]
    async fn damage_is_named_without_being_quoted() {
        let items = Arc::new(Fake::default());
        items.items.lock().unwrap().insert("key/AKIAX".to_owned(), r#"{"Version":"canary-secret"}"#.to_owned());
        let store = KeyringStore::new(Arc::clone(&items) as Arc<dyn Items>, owner("ada"), "prod");
        let error = store.read("AKIAX").await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Corrupt);
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
