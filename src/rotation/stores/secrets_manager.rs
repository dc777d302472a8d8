//! AWS Secrets Manager: the new pair is a version with the stage `AWSPENDING`, then `AWSCURRENT`; the former one is `AWSPREVIOUS`.
//!
//! A version's id is made from the key id, so the same pair put in twice makes one version. The other members of the secret's JSON
//! object go along into the new version, and the two members keep the names that they have there.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use super::{KeyPair, Store, StoreError, StoreErrorKind};
use crate::domain::rotation::Command;
use crate::kit::confirm::Approved;

/// Stage of the version that is served.
pub const CURRENT: &str = "AWSCURRENT";
/// Stage of the version that is not served yet.
pub const PENDING: &str = "AWSPENDING";

/// The value of a secret that holds no pair yet. A secret's first version is current at once, whatever stage is asked for, so the first
/// one must not be the pair that is still to be proven.
pub const NOTHING: &str = "{}";

/// Names under which the pair is found, as people and AWS's own samples write them. The first ones are ours.
const MEMBERS: [(&str, &str); 5] = [
    ("AccessKeyId", "SecretAccessKey"),
    ("aws_access_key_id", "aws_secret_access_key"),
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ("accessKeyId", "secretAccessKey"),
    ("access_key_id", "secret_access_key"),
];

/// What is known of a secret (`DescribeSecret`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Described {
    /// `ARN`.
    pub arn: Option<String>,
    /// It is scheduled for deletion.
    pub is_deleted: bool,
    /// Secrets Manager rotates it by a function of its own.
    pub rotates: bool,
    /// Ids of the versions that have stages, with them.
    pub versions: BTreeMap<String, Vec<String>>,
}

/// The calls to Secrets Manager. Names and ARNs are both accepted as `secret`.
pub trait Vault: Send + Sync {
    /// `DescribeSecret`. `None`: there is none.
    fn describe<'a>(&'a self, secret: &'a str) -> BoxFuture<'a, Result<Option<Described>, StoreError>>;
    /// `GetSecretValue` of a version that is there.
    fn value<'a>(&'a self, secret: &'a str, version: &'a str) -> BoxFuture<'a, Result<SecretString, StoreError>>;
    /// `CreateSecret`, with [`NOTHING`] as its value; one that is there already is no error.
    fn create<'a>(&'a self, secret: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;
    /// `PutSecretValue` with the stage [`PENDING`]; `version` is the `ClientRequestToken`.
    fn put<'a>(&'a self, secret: &'a str, version: &'a str, value: &'a SecretString) -> BoxFuture<'a, Result<(), StoreError>>;
    /// `UpdateSecretVersionStage`.
    fn move_stage<'a>(
        &'a self,
        secret: &'a str,
        stage: &'a str,
        to: Option<&'a str>,
        from: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// A secret as it is seen before anything is approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its region, or the one in which it would be made.
    pub region: String,
    /// What is known of it; `None`: there is none.
    pub described: Option<Described>,
}

/// Makes the calls under an approval; looks without one.
pub trait Vaults: Send + Sync {
    /// `DescribeSecret`.
    fn look<'a>(&'a self, secret: &'a str) -> BoxFuture<'a, Result<Seen, StoreError>>;
    /// The calls, of which those that change something are made as approved.
    fn approved(&self, approved: &Approved<Command>) -> Arc<dyn Vault>;
}

/// The store of one secret.
#[derive(Clone)]
pub struct SecretsManagerStore {
    vault: Arc<dyn Vault>,
    secret: String,
    name: String,
    may_create: bool,
}

impl fmt::Debug for SecretsManagerStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretsManagerStore").field("secret", &self.secret).finish_non_exhaustive()
    }
}

/// The version of a key: `ClientRequestToken` has 32 to 64 letters, an access key id 16 to 128.
fn version(key_id: &str) -> String {
    use sha2::Digest as _;
    let readable = format!("bartizan-access-key-{key_id}");
    if (32..=64).contains(&readable.len()) {
        return readable;
    }
    sha2::Sha256::digest(key_id.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The value of a secret.
struct Object(Map<String, Value>);

impl Object {
    fn members(&self) -> (&'static str, &'static str) {
        let known = MEMBERS.iter().find(|(id, secret)| self.0.contains_key(*id) || self.0.contains_key(*secret));
        *known.unwrap_or(&("AccessKeyId", "SecretAccessKey"))
    }

    fn pair(&self) -> Option<KeyPair> {
        let (id, secret) = self.members();
        Some(KeyPair::new(self.0.get(id)?.as_str()?, self.0.get(secret)?.as_str()?.to_owned().into()))
    }

    fn with(mut self, pair: &KeyPair) -> Option<SecretString> {
        let (id, secret) = self.members();
        self.0.insert(id.to_owned(), Value::String(pair.id.clone()));
        self.0.insert(secret.to_owned(), Value::String(pair.secret.expose_secret().to_owned()));
        serde_json::to_string(&self.0).ok().map(SecretString::from)
    }
}

/// What a secret's store is called.
fn title(secret: &str) -> String {
    format!("Secrets Manager, {secret}")
}

/// The secret is going away.
pub(super) fn deleted(secret: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Denied, &title(secret), "the secret is scheduled for deletion")
        .advise("restore it, or choose another")
}

/// There is no secret.
pub(super) fn absent(secret: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Absent, &title(secret), "there is no such secret")
        .advise(format!("make it, or choose new-secretsmanager:{secret} to have it made"))
}

/// The secret is rotated by somebody else.
pub(super) fn rotating(secret: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Denied, &title(secret), "Secrets Manager rotates this secret by itself")
        .advise("switch that off, or choose another secret: two rotations would undo each other")
}

impl SecretsManagerStore {
    /// The store of the secret of this name or ARN. `may_create`: make it where there is none.
    pub fn new(vault: Arc<dyn Vault>, secret: &str, may_create: bool) -> Self {
        Self { vault, secret: secret.to_owned(), name: title(secret), may_create }
    }

    fn error(&self, kind: StoreErrorKind, message: impl Into<String>) -> StoreError {
        StoreError::new(kind, &self.name, message)
    }

    /// The secret, if it can be used.
    async fn described(&self) -> Result<Option<Described>, StoreError> {
        let Some(described) = self.vault.describe(&self.secret).await? else { return Ok(None) };
        if described.is_deleted { Err(deleted(&self.secret)) } else { Ok(Some(described)) }
    }

    async fn existing(&self) -> Result<Described, StoreError> {
        self.described().await?.ok_or_else(|| absent(&self.secret))
    }

    async fn object(&self, version: &str) -> Result<Object, StoreError> {
        let value = self.vault.value(&self.secret, version).await?;
        // The parser's words may quote what it read.
        let object = serde_json::from_str(value.expose_secret()).map(Object);
        object.map_err(|_| {
            self.error(StoreErrorKind::Corrupt, "its value is no JSON object")
                .advise("choose a secret whose value is one: a text of its own kind would be lost")
        })
    }

    async fn pair_of(&self, version: &str) -> Result<Option<KeyPair>, StoreError> {
        Ok(self.object(version).await?.pair())
    }

    /// The version that holds a key: the one we made, else whichever of those with stages.
    async fn version_of(&self, described: &Described, key_id: &str) -> Result<Option<(String, KeyPair)>, StoreError> {
        let ours = version(key_id);
        let ours_first = described.versions.get_key_value(&ours).into_iter().chain(&described.versions);
        for (version, _) in ours_first {
            if let Some(pair) = self.pair_of(version).await?.filter(|pair| pair.id == key_id) {
                return Ok(Some((version.clone(), pair)));
            }
        }
        Ok(None)
    }

    async fn check(&self) -> Result<(), StoreError> {
        let described = match self.described().await? {
            None if self.may_create => return Ok(()),
            None => self.existing().await?,
            Some(described) => described,
        };
        if described.rotates {
            return Err(rotating(&self.secret));
        }
        if let Some(current) = described.version_at(CURRENT) {
            self.object(current).await?;
            if let Some(pending) = described.version_at(PENDING).filter(|pending| *pending != current) {
                let pending = pending.to_owned();
                return self.check_pending(&pending).await;
            }
        }
        Ok(())
    }

    /// A pending version that we made may be taken up again.
    async fn check_pending(&self, pending: &str) -> Result<(), StoreError> {
        match self.pair_of(pending).await? {
            Some(pair) if version(&pair.id) == pending => Ok(()),
            _ => Err(self
                .error(StoreErrorKind::Changed, format!("version {pending} is {PENDING} already, and we did not make it"))
                .advise(format!("finish that rotation, or take the stage {PENDING} from it, then continue"))),
        }
    }

    async fn put(&self, key: &KeyPair) -> Result<(), StoreError> {
        let described = match self.described().await? {
            Some(described) => described,
            None if self.may_create => {
                self.vault.create(&self.secret).await?;
                self.existing().await?
            }
            None => return self.existing().await.map(drop),
        };
        let described = self.with_current(described).await?;
        let ours = version(&key.id);
        if described.versions.contains_key(&ours) {
            return match self.pair_of(&ours).await? {
                Some(found) if found.is_same(key) => Ok(()),
                _ => Err(self.error(StoreErrorKind::Corrupt, format!("version {ours} holds something else than {}", key.id))),
            };
        }
        let current = described.version_at(CURRENT);
        let theirs = |pending: &&str| Some(*pending) != current && *pending != version("none yet");
        if let Some(pending) = described.version_at(PENDING).filter(theirs) {
            self.check_pending(pending).await?;
        }
        let object = match current {
            Some(version) => self.object(version).await?,
            None => Object(Map::new()),
        };
        let value = object.with(key).ok_or_else(|| self.error(StoreErrorKind::Other, "could not write the value"))?;
        self.vault.put(&self.secret, &ours, &value).await
    }

    /// Sees to it that something is current before a pair is put in as pending.
    async fn with_current(&self, described: Described) -> Result<Described, StoreError> {
        if described.version_at(CURRENT).is_some() {
            return Ok(described);
        }
        let nothing = version("none yet");
        if !described.versions.contains_key(&nothing) {
            self.vault.put(&self.secret, &nothing, &NOTHING.to_owned().into()).await?;
        }
        let described = self.existing().await?;
        if described.version_at(CURRENT).is_some() {
            return Ok(described);
        }
        self.vault.move_stage(&self.secret, CURRENT, Some(&nothing), None).await?;
        self.vault.move_stage(&self.secret, PENDING, None, Some(&nothing)).await?;
        self.existing().await
    }

    async fn make_current(&self, key_id: &str, before: Option<&str>) -> Result<(), StoreError> {
        let described = self.existing().await?;
        let Some((version, _)) = self.version_of(&described, key_id).await? else {
            return Err(self.error(StoreErrorKind::Absent, format!("{key_id} was not put in before")));
        };
        let current = described.version_at(CURRENT);
        if current != Some(&version) {
            let served = match current {
                Some(current) => self.pair_of(current).await?.map(|pair| pair.id),
                None => None,
            };
            if served.is_some() && served.as_deref() != before {
                let words = format!("it has {}, not {}", served.as_deref().unwrap_or("-"), before.unwrap_or("no key"));
                return Err(self.error(StoreErrorKind::Changed, words));
            }
            self.vault.move_stage(&self.secret, CURRENT, Some(&version), current).await?;
        }
        if described.versions.get(&version).is_some_and(|stages| stages.iter().any(|stage| stage == PENDING)) {
            self.vault.move_stage(&self.secret, PENDING, None, Some(&version)).await?;
        }
        Ok(())
    }

    /// A secret always has a current version, so one without the pair takes its place.
    async fn empty(&self, key_id: &str) -> Result<(), StoreError> {
        let Some(described) = self.described().await? else { return Ok(()) };
        let Some((served, _)) = self.version_of(&described, key_id).await? else { return Ok(()) };
        if described.version_at(CURRENT) == Some(&served) {
            let mut object = self.object(&served).await?;
            let (id, secret) = object.members();
            object.0.remove(id);
            object.0.remove(secret);
            let text =
                serde_json::to_string(&object.0).map_err(|_| self.error(StoreErrorKind::Other, "could not write the value"))?;
            let without = version(&format!("without-{key_id}"));
            self.vault.put(&self.secret, &without, &text.into()).await?;
            self.vault.move_stage(&self.secret, CURRENT, Some(&without), Some(&served)).await?;
            self.vault.move_stage(&self.secret, PENDING, None, Some(&without)).await?;
        }
        self.remove(key_id).await
    }

    async fn remove(&self, key_id: &str) -> Result<(), StoreError> {
        let Some(described) = self.described().await? else { return Ok(()) };
        let Some((version, _)) = self.version_of(&described, key_id).await? else { return Ok(()) };
        let stages = described.versions.get(&version).map_or(&[][..], Vec::as_slice);
        if stages.iter().any(|stage| stage == CURRENT) {
            return Err(self.error(StoreErrorKind::Denied, format!("{key_id} is the key that is served")));
        }
        // A version without stages is deleted by Secrets Manager itself.
        for stage in stages {
            self.vault.move_stage(&self.secret, stage, None, Some(&version)).await?;
        }
        Ok(())
    }
}

impl Store for SecretsManagerStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.check())
    }

    fn put_pending<'a>(&'a self, key: &'a KeyPair) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.put(key))
    }

    fn read<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, StoreError>> {
        Box::pin(async move {
            let Some(described) = self.described().await? else {
                return if self.may_create { Ok(None) } else { self.existing().await.map(|_| None) };
            };
            Ok(self.version_of(&described, key_id).await?.map(|(_, pair)| pair.secret))
        })
    }

    fn promote<'a>(&'a self, key_id: &'a str, before: Option<&'a str>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.make_current(key_id, before))
    }

    fn current(&self) -> BoxFuture<'_, Result<Option<String>, StoreError>> {
        Box::pin(async {
            let described = match self.described().await? {
                None if self.may_create => return Ok(None),
                None => self.existing().await?,
                Some(described) => described,
            };
            match described.version_at(CURRENT) {
                Some(version) => Ok(self.pair_of(version).await?.map(|pair| pair.id)),
                None => Ok(None),
            }
        })
    }

    fn forget<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.remove(key_id))
    }

    fn withdraw<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.empty(key_id))
    }
}

#[cfg(test)]
#[path = "secrets_manager_tests.rs"]
mod tests;
