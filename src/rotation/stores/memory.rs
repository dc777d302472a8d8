//! A store that forgets everything at its end: for the demo and for tests, where it can be told to fail.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};

use super::{KeyPair, Store, StoreError, StoreErrorKind};

const NAME: &str = "memory";

/// A store in memory. Clones share their content.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Content>>);

#[derive(Default)]
struct Content {
    pairs: BTreeMap<String, SecretString>,
    current: Option<String>,
    troubles: Vec<Trouble>,
}

/// A failure to come: the next call of this name fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The method: `probe`, `put_pending`, `read`, `promote`, `current`, `forget`, `withdraw`.
    pub method: &'static str,
    /// How it fails.
    pub kind: StoreErrorKind,
    /// Whether it does its work before it fails.
    pub yet_done: bool,
}

impl MemoryStore {
    /// A store that serves this pair.
    pub fn with(pair: &KeyPair) -> Self {
        let store = Self::default();
        {
            let mut content = store.content();
            content.pairs.insert(pair.id.clone(), pair.secret.clone());
            content.current = Some(pair.id.clone());
        }
        store
    }

    /// Lets a call to come fail. Several of one method fail one after the other.
    pub fn trouble(&self, trouble: Trouble) {
        self.content().troubles.push(trouble);
    }

    /// The ids that are kept.
    pub fn ids(&self) -> Vec<String> {
        self.content().pairs.keys().cloned().collect()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call<T>(&self, method: &str, job: impl FnOnce(&mut Content) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut content = self.content();
        let trouble = content.troubles.iter().position(|trouble| trouble.method == method);
        let Some(trouble) = trouble.map(|at| content.troubles.remove(at)) else { return job(&mut content) };
        if trouble.yet_done {
            job(&mut content)?;
        }
        Err(StoreError::new(trouble.kind, NAME, format!("{method} fails as it was told to")))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = self.content();
        f.debug_struct("MemoryStore")
            .field("ids", &content.pairs.keys())
            .field("current", &content.current)
            .finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    fn name(&self) -> &str {
        NAME
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { self.call("probe", |_| Ok(())) })
    }

    fn put_pending<'a>(&'a self, key: &'a KeyPair) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            self.call("put_pending", |content| {
                content.pairs.insert(key.id.clone(), key.secret.clone());
                Ok(())
            })
        })
    }

    fn read<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, StoreError>> {
        Box::pin(async move {
            self.call("read", |content| Ok(content.pairs.get(key_id).map(|secret| secret.expose_secret().to_owned().into())))
        })
    }

    fn promote<'a>(&'a self, key_id: &'a str, before: Option<&'a str>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.call("promote", |content| {
                let current = content.current.as_deref();
                if !content.pairs.contains_key(key_id) {
                    return Err(StoreError::new(StoreErrorKind::Absent, NAME, format!("{key_id} is not in it")));
                }
                if current.is_some() && current != before && current != Some(key_id) {
                    return Err(StoreError::new(StoreErrorKind::Changed, NAME, format!("{current:?} is served, not {before:?}")));
                }
                content.current = Some(key_id.to_owned());
                Ok(())
            })
        })
    }

    fn current(&self) -> BoxFuture<'_, Result<Option<String>, StoreError>> {
        Box::pin(async { self.call("current", |content| Ok(content.current.clone())) })
    }

    fn forget<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.call("forget", |content| {
                if content.current.as_deref() == Some(key_id) {
                    return Err(StoreError::new(StoreErrorKind::Denied, NAME, format!("{key_id} is served")));
                }
                content.pairs.remove(key_id);
                Ok(())
            })
        })
    }

    fn withdraw<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.call("withdraw", |content| {
                if content.current.as_deref() == Some(key_id) {
                    content.current = None;
                }
                content.pairs.remove(key_id);
                Ok(())
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pair_is_pending_then_current_then_gone() {
        let store = MemoryStore::with(&KeyPair::new("AKIAOLD", "old".to_owned().into()));
        store.put_pending(&KeyPair::new("AKIANEW", "new".to_owned().into())).await.unwrap();
        assert_eq!(store.current().await.unwrap().as_deref(), Some("AKIAOLD"));
        assert_eq!(store.promote("AKIANEW", None).await.unwrap_err().kind, StoreErrorKind::Changed);
        store.promote("AKIANEW", Some("AKIAOLD")).await.unwrap();
        assert_eq!(store.read("AKIAOLD").await.unwrap().unwrap().expose_secret(), "old");
        store.forget("AKIAOLD").await.unwrap();
        assert_eq!(store.ids(), ["AKIANEW"]);
    }

    #[tokio::test]
    async fn it_fails_when_told_to_and_may_have_done_it() {
        let store = MemoryStore::default();
        store.trouble(Trouble { method: "put_pending", kind: StoreErrorKind::Blocking, yet_done: true });
        let pair = KeyPair::new("AKIANEW", "new".to_owned().into());
        assert_eq!(store.put_pending(&pair).await.unwrap_err().kind, StoreErrorKind::Blocking);
        assert_eq!(store.read("AKIANEW").await.unwrap().unwrap().expose_secret(), "new");
    }
}
