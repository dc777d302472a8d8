//! What is read back is compared, and what cannot be believed is not gone on from: stores that lie, keys that change meanwhile.

use std::sync::Arc;

use bartizan::domain::rotation::{Choice, Command, OtherKey, Phase, Request, Rotation, Wait};
use bartizan::rotation::stores::{KeyPair, MemoryStore, Store, StoreError};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use secrecy::SecretString;

use super::castle::{Bad, Castle};
use super::{Place, observing, pair, request, waiting};

/// How a read is answered: the key's id, and what the store has.
type Lie = fn(&str, Option<SecretString>) -> Option<SecretString>;

/// A store whose reads are answered as the test says.
struct Lying(MemoryStore, Lie);

impl Store for Lying {
    fn name(&self) -> &str {
        self.0.name()
    }
    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.probe()
    }
    fn put_pending<'a>(&'a self, key: &'a KeyPair) -> BoxFuture<'a, Result<(), StoreError>> {
        self.0.put_pending(key)
    }
    fn read<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, StoreError>> {
        Box::pin(async move { Ok((self.1)(key_id, self.0.read(key_id).await?)) })
    }
    fn promote<'a>(&'a self, key_id: &'a str, before: Option<&'a str>) -> BoxFuture<'a, Result<(), StoreError>> {
        self.0.promote(key_id, before)
    }
    fn current(&self) -> BoxFuture<'_, Result<Option<String>, StoreError>> {
        self.0.current()
    }
    fn forget<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.0.forget(key_id)
    }
    fn withdraw<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.0.withdraw(key_id)
    }
}

/// What it says: why it has ended, or what it needs.
fn said(row: &Rotation) -> String {
    match &row.wait {
        Wait::Operator { need, .. } => need.clone(),
        _ => row.fault.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}

#[tokio::test]
async fn a_store_that_gives_back_another_secret_is_not_served_from() {
    let mut place = Place::new(Castle::with_ada());
    let lie: Lie = |id, secret| match id {
        "AKIAOLD" => secret,
        _ => secret.map(|_| "another secret".to_owned().into()),
    };
    place.front = Some(Arc::new(Lying(place.store.clone(), lie)));
    let row = place.start().await;
    assert!(said(&row).contains("is not what was put in"), "{row:?}");
    assert_eq!(place.store.current().await.unwrap().as_deref(), Some("AKIAOLD"));
    assert!(place.castle.state().key("AKIAOLD").active);
}

#[tokio::test]
async fn what_somebody_else_has_served_meanwhile_is_left_served() {
    let mut place = Place::new(Castle::with_ada());
    let store = place.store.clone();
    place.castle = place.castle.clone().after("Check", move |_| {
        let theirs = pair("AKIATHEIRS");
        store.put_pending(&theirs).now_or_never().unwrap().unwrap();
        store.promote("AKIATHEIRS", Some("AKIAOLD")).now_or_never().unwrap().unwrap();
    });
    let row = place.start().await;
    assert!(said(&row).contains("somebody else was there"), "{row:?}");
    assert_eq!(place.store.current().await.unwrap().as_deref(), Some("AKIATHEIRS"));
    assert!(place.castle.state().key("AKIAOLD").active);
}

#[tokio::test]
async fn a_key_that_somebody_has_made_active_again_is_not_deleted() {
    let mut place = Place::new(Castle::with_ada());
    let row = waiting(&mut place, observing()).await;
    place.castle.state().key("AKIAOLD").active = true;
    let row = place.answer_until(&row.id, Choice::SkipWait, |row| matches!(row.wait, Wait::Operator { .. } | Wait::Ended)).await;
    assert!(matches!(row.wait, Wait::Operator { .. }) && said(&row).contains("active"), "{row:?}");
    assert!(place.castle.state().key("AKIAOLD").active);
    assert_eq!(place.castle.state().ids("ada").len(), 2);
}

#[tokio::test]
async fn a_key_that_is_gone_is_not_reported_as_active_again() {
    let mut place = Place::new(Castle::with_ada());
    let row = waiting(&mut place, observing()).await;
    place.castle.state().users.get_mut("ada").unwrap().retain(|key| key.id != "AKIAOLD");
    let row = place.answer_until(&row.id, Choice::Reactivate, |row| matches!(row.wait, Wait::Operator { .. })).await;
    assert!(said(&row).contains("is gone"), "{row:?}");
}

#[tokio::test]
async fn a_key_whose_secret_the_store_has_is_no_orphan() {
    let mut place = Place::new(Castle::with_ada().bad("CreateAccessKey", Bad::AnswerLost));
    place.store.put_pending(&pair("AKIANEW1")).await.unwrap();
    let row = place.start().await;
    assert!(place.castle.state().ids("ada").contains(&"AKIANEW1".to_owned()), "{row:?}");
}

#[tokio::test]
async fn a_second_key_is_adopted_with_its_secret_only() {
    let castle = Castle::with_ada();
    castle.state().add("ada", "AKIATWO", true);
    let mut place = Place::new(castle);
    place.store = MemoryStore::with(&pair("AKIATWO"));
    let seen: Lie = |id, secret| secret.filter(|_| id != "AKIATWO");
    place.front = Some(Arc::new(Lying(place.store.clone(), seen)));
    let request = Request { key: Some("AKIAOLD".into()), other: OtherKey::Adopt, ..request() };
    let row = place.command(Command::Start { requests: vec![request], at_once: 1 }).await;
    assert!(said(&row).contains("its secret is not in"), "{row:?}");
    assert_ne!(row.phase, Phase::Done);
    assert!(place.castle.state().key("AKIAOLD").active);
}
