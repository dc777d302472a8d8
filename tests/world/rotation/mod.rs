//! Rotations, from the desk to a scripted AWS and a scripted store.

mod campaign;
mod castle;
mod full_disk;
mod hands;
mod matrix;
mod others;
mod permissions;
mod renewal;
mod whose;

use std::sync::Arc;
use std::time::Duration;

use bartizan::domain::moment::Moment;
use bartizan::domain::rotation::{Choice, Command, EscrowKey, OtherKey, Phase, Request, Rotation, RotationId, StoreChoice, Wait};
use bartizan::kit::action::Danger;
use bartizan::kit::confirm::{Approved, Pending, Plan};
use bartizan::rotation::desk::{Desk, Environment};
use bartizan::rotation::escrow::MemoryKeys;
use bartizan::rotation::leaked::Leaked;
use bartizan::rotation::machine::Bounds;
use bartizan::rotation::stores::{KeyPair, MemoryStore, Outlook, Owner, Store, StoreError, StoreFactory};
use castle::Castle;
use futures::future::BoxFuture;
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;

/// Short waits, and bounds that a loaded machine does not reach by accident.
pub(crate) fn bounds() -> Bounds {
    Bounds {
        spacing: Duration::from_millis(1),
        propagation: Duration::from_secs(20),
        reconcile: Duration::from_millis(20),
        preparation: Duration::from_secs(20),
        change: Duration::from_secs(20),
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(2),
        watch: Duration::from_millis(5),
        ..Bounds::default()
    }
}

/// A machine with a state folder, a store and a keyring, and an account.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) castle: Castle,
    pub(crate) store: MemoryStore,
    pub(crate) keys: MemoryKeys,
    pub(crate) bounds: Bounds,
    pub(crate) leaked: Leaked,
    /// In front of the store: one that lies.
    pub(crate) front: Option<Arc<dyn Store>>,
    desk: Option<Desk>,
}

struct OneStore(Arc<dyn Store>);

impl StoreFactory for OneStore {
    fn open(&self, _: &StoreChoice, _: &Owner, _: &Approved<Command>) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::clone(&self.0))
    }

    fn look<'a>(&'a self, _: &'a StoreChoice, _: &'a Owner) -> BoxFuture<'a, Result<Outlook, StoreError>> {
        Box::pin(async { Ok(Outlook::of_notes(self.0.notes().await)) })
    }
}

impl Place {
    /// The store serves ada's old key.
    pub(crate) fn new(castle: Castle) -> Self {
        let store = MemoryStore::with(&pair("AKIAOLD"));
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            castle,
            store,
            keys: MemoryKeys::default(),
            bounds: bounds(),
            leaked: Leaked::none(),
            front: None,

            desk: None,
        }
    }

    /// The desk; a new one after [`Self::forget`].
    pub(crate) fn desk(&mut self) -> Desk {
        let make = || {
            let store = self.front.clone().unwrap_or_else(|| Arc::new(self.store.clone()));
            let factory = Arc::new(OneStore(store));
            let service = Arc::new(self.castle.clone());
            let environment =
                Environment::new(self.folder.path(), service, factory, Arc::new(self.keys.clone()), self.leaked.clone());
            Desk::open(Environment { bounds: self.bounds, ..environment })
        };
        self.desk.get_or_insert_with(make).clone()
    }

    /// Commands, and waits until every rotation has ended or needs the operator.
    pub(crate) async fn command(&mut self, command: Command) -> Rotation {
        let desk = self.desk();
        desk.command(approved(command)).await.unwrap();
        settled(&desk).await
    }

    pub(crate) async fn start(&mut self) -> Rotation {
        self.command(Command::Start { requests: vec![request()], at_once: 1 }).await
    }

    pub(crate) async fn answer(&mut self, id: &RotationId, choice: Choice) -> Rotation {
        self.command(Command::Answer { id: id.clone(), choice }).await
    }

    /// The desk's process ends: what it held is free.
    pub(crate) fn forget(&mut self) {
        self.desk = None;
    }

    /// Answers, and waits for a row.
    pub(crate) async fn answer_until(&mut self, id: &RotationId, choice: Choice, wanted: impl Fn(&Rotation) -> bool) -> Rotation {
        let desk = self.desk();
        desk.command(approved(Command::Answer { id: id.clone(), choice })).await.unwrap();
        reaches(&desk, wanted).await
    }

    /// Whether the store has the secret of an active key of ada.
    pub(crate) async fn assert_nothing_lost(&self) {
        let keys = self.castle.state().users["ada"].clone();
        let mut usable = 0;
        for key in &keys {
            let stored = self.store.read(&key.id).await.unwrap();
            let is_stored = stored.is_some_and(|secret| secret.expose_secret() == key.secret);
            assert!(is_stored, "nobody has the secret of {}", key.id);
            usable += u32::from(key.active);
        }
        assert!(usable > 0, "no active key is left: {keys:?}");
    }
}

pub(crate) fn request() -> Request {
    Request {
        user: "ada".into(),
        key: None,
        store: StoreChoice::Keyring { profile: "ada".into() },
        soak: SignedDuration::ZERO,
        observe: SignedDuration::ZERO,
        other: OtherKey::Stop,
        escrow: EscrowKey::Keyring,
        renew: false,
    }
}

pub(crate) fn approved(command: Command) -> Approved<Command> {
    approved_in("123456789012", command)
}

pub(crate) fn approved_in(account: &str, command: Command) -> Approved<Command> {
    let now = Moment::default();
    let plan = Plan::of("as the test says", Danger::TypeName, []);
    Pending::new(command, plan, account, now).confirm(now + SignedDuration::from_secs(5)).unwrap()
}

/// A key's pair, with the secret that the castle gives it.
pub(crate) fn pair(id: &str) -> KeyPair {
    KeyPair::new(id, format!("secret of {id}").into())
}

/// What it needs the operator for.
pub(crate) fn need(row: &Rotation) -> &str {
    match &row.wait {
        Wait::Operator { need, .. } => need,
        other => panic!("{:?}: {other:?}", row.phase),
    }
}

/// Why it was given up.
pub(crate) fn why(row: &Rotation) -> String {
    assert_eq!((row.phase, &row.wait), (Phase::Aborted, &Wait::Ended), "{row:?}");
    row.fault.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// One that watches the old key for an hour.
pub(crate) fn observing() -> Request {
    Request { observe: SignedDuration::from_hours(1), ..request() }
}

/// Begins, and waits for the soak or the observation that takes an hour.
pub(crate) async fn waiting(place: &mut Place, request: Request) -> Rotation {
    let desk = place.desk();
    desk.command(approved(Command::Start { requests: vec![request], at_once: 1 })).await.unwrap();
    reaches(&desk, |row| matches!(row.wait, Wait::Until { .. })).await
}

/// Waits for a row of the newest rotation.
pub(crate) async fn reaches(desk: &Desk, wanted: impl Fn(&Rotation) -> bool) -> Rotation {
    let mut watch = desk.watch();
    let found = watch.wait_for(|rows| rows.first().is_some_and(&wanted));
    tokio::time::timeout(Duration::from_secs(60), found).await.expect("the row does not come").unwrap()[0].clone()
}

/// Waits until every rotation has ended or needs the operator; the newest one.
pub(crate) async fn settled(desk: &Desk) -> Rotation {
    let mut watch = desk.watch();
    let is_still = |rows: &Arc<Vec<Rotation>>| {
        !rows.is_empty() && rows.iter().all(|row| matches!(row.wait, Wait::Operator { .. } | Wait::Ended | Wait::Nobody))
    };
    // An answer is taken by another task: what was settled before may not be any more.
    tokio::task::yield_now().await;
    let rows = tokio::time::timeout(Duration::from_secs(60), watch.wait_for(is_still)).await;
    rows.expect("the rotation does not settle").unwrap()[0].clone()
}

#[tokio::test]
async fn the_store_that_an_earlier_rotation_filled_stands_in_the_plan_and_in_the_row() {
    let mut place = Place::new(Castle::with_ada());
    let first = place.start().await;
    assert_eq!((first.phase, first.copies.len()), (Phase::Done, 0));
    let key = first.new_key.unwrap();
    let request = Request { store: StoreChoice::File { path: "/nowhere/ada.age".into() }, ..request() };
    let plan = place.desk().plan(vec![request.clone()]).await.remove(0).unwrap();
    assert!(plan.notes.iter().any(|note| note.contains("stands in keyring:ada") && note.contains(key.raw())), "{:?}", plan.notes);
    let desk = place.desk();
    desk.command(approved(Command::Start { requests: vec![request], at_once: 1 })).await.unwrap();
    let second = reaches(&desk, |row| row.old_key == key && row.phase == Phase::Done).await;
    assert_eq!(second.copies, ["keyring:ada"]);
    // It is in the journal: another process reports the same.
    let (rows, _) = bartizan::rotation::desk::left_in(place.folder.path());
    assert_eq!(rows.iter().find(|row| row.id == second.id).unwrap().copies, ["keyring:ada"]);
}

#[tokio::test]
async fn a_rotation_goes_from_the_plan_to_the_end() {
    let mut place = Place::new(Castle::with_ada());
    let row = place.start().await;
    assert_eq!((row.phase, &row.wait), (Phase::Done, &Wait::Ended), "{row:?}");
    assert_eq!(place.castle.state().ids("ada"), ["AKIANEW1"]);
    assert_eq!(place.store.current().await.unwrap().as_deref(), Some("AKIANEW1"));
    assert_eq!(place.store.ids(), ["AKIANEW1"], "the old pair is forgotten");
    let phases: Vec<Phase> = row.history.iter().map(|(phase, _)| *phase).collect();
    assert_eq!(phases, Phase::CHECKLIST);
    place.assert_nothing_lost().await;
    let left: Vec<_> = std::fs::read_dir(place.folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(!left.iter().any(|path| path.extension().is_some_and(|ending| ending == "escrow")), "{left:?}");
}
