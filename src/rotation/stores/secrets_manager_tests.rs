//! The store over a vault that moves stages as Secrets Manager documents it.

use std::sync::Mutex;

use super::*;

#[derive(Default)]
struct Fake(Mutex<Option<Secret>>);

#[derive(Default)]
struct Secret {
    values: BTreeMap<String, String>,
    stages: BTreeMap<String, String>,
    rotates: bool,
}

impl Fake {
    fn with(value: &str) -> Arc<Self> {
        let mut secret = Secret::default();
        secret.values.insert("first".to_owned(), value.to_owned());
        secret.stages.insert(CURRENT.to_owned(), "first".to_owned());
        Arc::new(Self(Mutex::new(Some(secret))))
    }

    fn change(&self, job: impl FnOnce(&mut Secret)) {
        job(self.0.lock().unwrap().get_or_insert_default());
    }

    fn value_at(&self, stage: &str) -> Option<Value> {
        let secret = self.0.lock().unwrap();
        let secret = secret.as_ref()?;
        serde_json::from_str(secret.values.get(secret.stages.get(stage)?)?).ok()
    }
}

impl Vault for Fake {
    fn describe<'a>(&'a self, _secret: &'a str) -> BoxFuture<'a, Result<Option<Described>, StoreError>> {
        Box::pin(async {
            Ok(self.0.lock().unwrap().as_ref().map(|secret| {
                let mut described = Described { rotates: secret.rotates, ..Described::default() };
                for (stage, version) in &secret.stages {
                    described.versions.entry(version.clone()).or_default().push(stage.clone());
                }
                described
            }))
        })
    }

    fn value<'a>(&'a self, _secret: &'a str, version: &'a str) -> BoxFuture<'a, Result<SecretString, StoreError>> {
        Box::pin(async move { Ok(self.0.lock().unwrap().as_ref().unwrap().values[version].clone().into()) })
    }

    fn create<'a>(&'a self, _secret: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            self.change(|secret| {
                secret.values.insert("made".to_owned(), NOTHING.to_owned());
                secret.stages.insert(CURRENT.to_owned(), "made".to_owned());
            });
            Ok(())
        })
    }

    fn put<'a>(&'a self, _secret: &'a str, version: &'a str, value: &'a SecretString) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.change(|secret| {
                if secret.values.is_empty() {
                    secret.stages.insert(CURRENT.to_owned(), version.to_owned());
                }
                secret.values.insert(version.to_owned(), value.expose_secret().to_owned());
                secret.stages.insert(PENDING.to_owned(), version.to_owned());
            });
            Ok(())
        })
    }

    fn move_stage<'a>(
        &'a self,
        _secret: &'a str,
        stage: &'a str,
        to: Option<&'a str>,
        from: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.change(|secret| {
                assert_eq!(secret.stages.get(stage).map(String::as_str), from, "the service refuses to move it from elsewhere");
                match (to, from) {
                    (None, _) => drop(secret.stages.remove(stage)),
                    (Some(to), from) => {
                        secret.stages.insert(stage.to_owned(), to.to_owned());
                        if let Some(from) = from.filter(|_| stage == CURRENT) {
                            secret.stages.insert("AWSPREVIOUS".to_owned(), from.to_owned());
                        }
                    }
                }
            });
            Ok(())
        })
    }
}

fn pair(id: &str, secret: &str) -> KeyPair {
    KeyPair::new(id, secret.to_owned().into())
}

fn store(vault: &Arc<Fake>, may_create: bool) -> SecretsManagerStore {
    SecretsManagerStore::new(Arc::clone(vault) as Arc<dyn Vault>, "team/ada", may_create)
}

#[tokio::test]
async fn a_pair_passes_through_the_stages_and_other_members_go_along() {
    let vault = Fake::with(r#"{"aws_access_key_id":"AKIAOLD","aws_secret_access_key":"old","owner":"team","n":7}"#);
    let store = store(&vault, false);
    store.probe().await.unwrap();
    for _twice in 0..2 {
        store.put_pending(&pair("AKIANEW", "new")).await.unwrap();
    }
    store.probe().await.unwrap();
    assert_eq!(store.current().await.unwrap().as_deref(), Some("AKIAOLD"));
    let pending = vault.value_at(PENDING).unwrap();
    assert_eq!(pending, serde_json::json!({"aws_access_key_id":"AKIANEW","aws_secret_access_key":"new","owner":"team","n":7}));
    assert_eq!(store.promote("AKIANEW", Some("AKIAX")).await.unwrap_err().kind, StoreErrorKind::Changed);
    for _twice in 0..2 {
        store.promote("AKIANEW", Some("AKIAOLD")).await.unwrap();
    }
    assert_eq!(store.current().await.unwrap().as_deref(), Some("AKIANEW"));
    assert_eq!(vault.value_at(PENDING), None);
    assert_eq!(store.read("AKIAOLD").await.unwrap().unwrap().expose_secret(), "old");
    assert_eq!(store.forget("AKIANEW").await.unwrap_err().kind, StoreErrorKind::Denied);
    for _twice in 0..2 {
        store.forget("AKIAOLD").await.unwrap();
    }
    assert!(store.read("AKIAOLD").await.unwrap().is_none());
}

#[tokio::test]
async fn a_rotation_that_is_given_up_goes_back() {
    let vault = Fake::with(r#"{"AccessKeyId":"AKIAOLD","SecretAccessKey":"old"}"#);
    let store = store(&vault, false);
    store.put_pending(&pair("AKIANEW", "new")).await.unwrap();
    store.promote("AKIANEW", Some("AKIAOLD")).await.unwrap();
    store.promote("AKIAOLD", Some("AKIANEW")).await.unwrap();
    store.forget("AKIANEW").await.unwrap();
    assert_eq!(store.current().await.unwrap().as_deref(), Some("AKIAOLD"));
    assert!(store.read("AKIANEW").await.unwrap().is_none());
}

#[tokio::test]
async fn a_secret_is_made_only_when_asked_for() {
    let vault = Arc::new(Fake::default());
    assert_eq!(store(&vault, false).probe().await.unwrap_err().kind, StoreErrorKind::Absent);
    assert_eq!(store(&vault, false).put_pending(&pair("AKIANEW", "new")).await.unwrap_err().kind, StoreErrorKind::Absent);
    let store = store(&vault, true);
    store.probe().await.unwrap();
    store.put_pending(&pair("AKIANEW", "new")).await.unwrap();
    assert_eq!(store.current().await.unwrap(), None);
    store.promote("AKIANEW", Some("AKIAOLD")).await.unwrap();
    assert_eq!(vault.value_at(CURRENT).unwrap(), serde_json::json!({"AccessKeyId":"AKIANEW","SecretAccessKey":"new"}));
    for _twice in 0..2 {
        store.withdraw("AKIANEW").await.unwrap();
    }
    assert_eq!(store.current().await.unwrap(), None);
    assert!(store.read("AKIANEW").await.unwrap().is_none());
    assert_eq!(vault.value_at(CURRENT).unwrap(), serde_json::json!({}));
}

#[tokio::test]
async fn a_secret_without_a_value_serves_no_pair_that_is_only_pending() {
    let vault = Arc::new(Fake::default());
    vault.change(|_| ());
    let store = store(&vault, false);
    store.probe().await.unwrap();
    for _twice in 0..2 {
        store.put_pending(&pair("AKIANEW", "new")).await.unwrap();
        assert_eq!(store.current().await.unwrap(), None, "the first version of a secret is current at once");
    }
    store.promote("AKIANEW", Some("AKIAOLD")).await.unwrap();
    assert_eq!(store.current().await.unwrap().as_deref(), Some("AKIANEW"));
}

#[tokio::test]
async fn what_would_lose_something_of_others_is_refused() {
    let vault = Fake::with("a text with a canary");
    let error = store(&vault, false).probe().await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Corrupt);
    assert!(!format!("{error} {error:?}").contains("canary"));

    let vault = Fake::with("{}");
    vault.change(|secret| secret.rotates = true);
    assert_eq!(store(&vault, false).probe().await.unwrap_err().kind, StoreErrorKind::Denied);

    let vault = Fake::with("{}");
    vault.change(|secret| {
        secret.values.insert("theirs".to_owned(), "{}".to_owned());
        secret.stages.insert(PENDING.to_owned(), "theirs".to_owned());
    });
    assert_eq!(store(&vault, false).probe().await.unwrap_err().kind, StoreErrorKind::Changed);
    assert_eq!(store(&vault, false).put_pending(&pair("AKIANEW", "new")).await.unwrap_err().kind, StoreErrorKind::Changed);
}

#[test]
fn a_version_has_a_length_that_the_service_takes() {
    for id in ["AKIAIOSFODNN7EXAMPLE", "AKIA", &"A".repeat(128)] {
        assert!((32..=64).contains(&version(id).len()), "{}", version(id));
    }
}
