//! A campaign as a whole: stopped, left, gone on with by another process, and who is remembered meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bartizan::domain::rotation::{Choice, Command, Phase, Request, Rotation, StoreChoice, Wait};
use bartizan::kit::confirm::Approved;
use bartizan::rotation::desk::{Desk, Environment, left_in};
use bartizan::rotation::escrow::MemoryKeys;
use bartizan::rotation::leaked::Leaked;
use bartizan::rotation::stores::{KeyPair, MemoryStore, Outlook, Owner, Store, StoreError, StoreFactory};
use futures::future::BoxFuture;
use secrecy::ExposeSecret as _;

use super::castle::{Bad, Castle};
use super::{approved, bounds, request};

const USERS: [&str; 6] = ["ada", "bob", "cy", "dee", "eve", "fay"];

/// A store for each user, which serves the old key.
#[derive(Clone, Default)]
struct Stores(Arc<Mutex<BTreeMap<String, MemoryStore>>>);

impl Stores {
    fn of(&self, user: &str) -> MemoryStore {
        let old = KeyPair::new(format!("AKIAOLD{user}"), format!("secret of AKIAOLD{user}").into());
        self.0.lock().unwrap().entry(user.to_owned()).or_insert_with(|| MemoryStore::with(&old)).clone()
    }
}

impl StoreFactory for Stores {
    fn open(&self, _: &StoreChoice, owner: &Owner, _: &Approved<Command>) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(self.of(&owner.user)))
    }

    fn look<'a>(&'a self, _: &'a StoreChoice, _: &'a Owner) -> BoxFuture<'a, Result<Outlook, StoreError>> {
        Box::pin(async { Ok(Outlook::default()) })
    }
}

struct Place {
    folder: tempfile::TempDir,
    castle: Castle,
    stores: Stores,
    keys: MemoryKeys,
}

impl Place {
    fn new() -> Self {
        let castle = Castle::default();
        for user in USERS {
            castle.state().add(user, &format!("AKIAOLD{user}"), true);
        }
        Self { folder: tempfile::tempdir().unwrap(), castle, stores: Stores::default(), keys: MemoryKeys::default() }
    }

    /// A desk as a process of its own would have it.
    fn desk(&self) -> Desk {
        let (service, stores) = (Arc::new(self.castle.clone()), Arc::new(self.stores.clone()));
        let environment = Environment::new(self.folder.path(), service, stores, Arc::new(self.keys.clone()), Leaked::none());
        Desk::open(Environment { bounds: bounds(), ..environment })
    }

    async fn assert_all_rotated(&self) {
        for user in USERS {
            let keys = self.castle.state().users[user].clone();
            assert!(keys.len() == 1 && keys[0].active && keys[0].id.starts_with("AKIANEW"), "{user}: {keys:?}");
            let stored = self.stores.of(user).read(&keys[0].id).await.unwrap().expect("its secret is stored");
            assert_eq!(stored.expose_secret(), keys[0].secret, "{user}");
        }
        assert_eq!(self.castle.state().creates, 6, "one key was made for each");
    }
}

fn start(at_once: u8) -> Command {
    let requests = USERS.map(|user| Request { user: user.into(), ..request() }).to_vec();
    Command::Start { requests, at_once }
}

async fn all(desk: &Desk, wanted: impl Fn(&Rotation) -> bool) -> Vec<Rotation> {
    let mut watch = desk.watch();
    let found = watch.wait_for(|rows| rows.len() == USERS.len() && rows.iter().all(&wanted));
    tokio::time::timeout(Duration::from_secs(60), found).await.expect("the rows do not come").unwrap().to_vec()
}

fn is_left(row: &Rotation) -> bool {
    row.wait == Wait::Nobody && !row.phase.is_final()
}

fn is_done(row: &Rotation) -> bool {
    row.phase == Phase::Done && row.wait == Wait::Ended
}

#[tokio::test]
async fn a_stopped_campaign_is_gone_on_with_by_the_same_process() {
    let place = Place::new();
    // The new keys do not arrive before the stop.
    place.castle.clone().always("Check", &Bad::NotArrived);
    let desk = place.desk();
    desk.command(approved(start(2))).await.unwrap();
    let at_work = |row: &Rotation| row.phase == Phase::Stored;
    let mut watch = desk.watch();
    let two = watch.wait_for(|rows| rows.iter().filter(|row| at_work(row)).count() == 2);
    tokio::time::timeout(Duration::from_secs(60), two).await.unwrap().unwrap();
    let waiting = desk.watch().borrow().iter().filter(|row| row.wait == Wait::Turn).count();
    assert_eq!(waiting, 4, "no more than two at once");
    assert_eq!(desk.stop(), 6);
    let rows = all(&desk, is_left).await;
    assert_eq!(rows.iter().filter(|row| at_work(row)).count(), 2);
    assert_eq!(place.castle.state().creates, 2, "nothing more began");
    place.castle.state().bad.clear();
    desk.command(approved(Command::Resume { id: None })).await.unwrap();
    all(&desk, is_done).await;
    place.assert_all_rotated().await;
}

#[tokio::test]
async fn a_stopped_campaign_is_gone_on_with_by_another_process() {
    let place = Place::new();
    place.castle.clone().always("Check", &Bad::NotArrived);
    let desk = place.desk();
    desk.command(approved(start(3))).await.unwrap();
    let mut watch = desk.watch();
    let begun = watch.wait_for(|rows| rows.iter().any(|row| row.phase == Phase::Stored));
    tokio::time::timeout(Duration::from_secs(60), begun).await.unwrap().unwrap();
    desk.stop();
    all(&desk, is_left).await;
    drop(desk);
    let (rows, problems) = left_in(place.folder.path());
    assert!(problems.is_empty() && rows.len() == 6 && rows.iter().all(is_left), "{rows:?} {problems:?}");
    place.castle.state().bad.clear();
    let desk = place.desk();
    assert_eq!(desk.watch().borrow().iter().filter(|row| is_left(row)).count(), 6);
    desk.command(approved(Command::Resume { id: None })).await.unwrap();
    all(&desk, is_done).await;
    place.assert_all_rotated().await;
    assert_eq!(left_in(place.folder.path()).0.iter().filter(|row| row.phase == Phase::Done).count(), 6);
}

#[tokio::test]
async fn one_that_has_not_begun_can_be_taken_up_alone_or_given_up() {
    let place = Place::new();
    let desk = place.desk();
    desk.command(approved(start(1))).await.unwrap();
    desk.stop();
    let rows = all(&desk, is_left).await;
    let id = |user: &str| rows.iter().find(|row| row.user.raw() == user).unwrap().id.clone();
    desk.command(approved(Command::Answer { id: id("fay"), choice: Choice::Abort })).await.unwrap();
    assert!(desk.command(approved(Command::Answer { id: id("eve"), choice: Choice::RollBack })).await.is_err());
    desk.command(approved(Command::Resume { id: Some(id("eve")) })).await.unwrap();
    let ended = |user: &'static str, phase| move |row: &Rotation| row.user.raw() != user || row.phase == phase;
    all(&desk, ended("eve", Phase::Done)).await;
    let again = place.desk();
    all(&again, ended("fay", Phase::Aborted)).await;
    all(&again, ended("eve", Phase::Done)).await;
    let fay = again.watch().borrow().iter().find(|row| row.user.raw() == "fay").unwrap().clone();
    assert!(fay.fault.unwrap().message.raw().contains("before it began"));
    assert_eq!(place.castle.state().ids("fay"), ["AKIAOLDfay"]);
}

#[tokio::test]
async fn whom_the_rules_refuse_is_not_tried_again_and_whom_a_call_failed_is() {
    let place = Place::new();
    place.castle.state().key("AKIAOLDbob").active = false;
    place.castle.clone().bad("GetUser", Bad::Denied);
    let desk = place.desk();
    desk.command(approved(start(1))).await.unwrap();
    let is_settled = |row: &Rotation| is_done(row) || is_left(row) || row.wait == Wait::Ended;
    let rows = all(&desk, is_settled).await;
    let of = |user: &str| rows.iter().find(|row| row.user.raw() == user).unwrap().clone();
    assert!(is_left(&of("ada")) && of("ada").fault.is_some(), "{:?}", of("ada"));
    assert_eq!((of("bob").phase, of("bob").wait), (Phase::Aborted, Wait::Ended));
    assert_eq!(rows.iter().filter(|row| is_done(row)).count(), 4);
    drop(desk);
    let desk = place.desk();
    desk.command(approved(Command::Resume { id: None })).await.unwrap();
    all(&desk, |row| is_done(row) || row.user.raw() == "bob").await;
    let bob = left_in(place.folder.path()).0.into_iter().find(|row| row.user.raw() == "bob").unwrap();
    assert_eq!(bob.phase, Phase::Aborted);
    assert!(bob.fault.unwrap().message.raw().contains("nothing to rotate"));
}
