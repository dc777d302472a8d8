//! What others do to a user while a rotation is under way: what is theirs is left alone, and no secret of theirs is lost.

use std::time::Duration;

use bartizan::domain::rotation::{Choice, Command, OtherKey, Phase, Request, Rotation, Wait};
use bartizan::rotation::leaked::Leaked;
use bartizan::rotation::stores::{MemoryStore, Store as _};
use jiff::{SignedDuration, Timestamp};

use super::castle::{Bad, Castle};
use super::{Place, approved, need, observing, pair, reaches, request, waiting, why};

fn calls(place: &Place, name: &str) -> usize {
    place.castle.state().calls.iter().filter(|call| *call == name).count()
}

async fn begin(place: &mut Place, request: Request) -> Rotation {
    place.command(Command::Start { requests: vec![request], at_once: 1 }).await
}

fn soaking() -> Request {
    Request { soak: SignedDuration::from_hours(1), ..request() }
}

#[tokio::test]
async fn a_key_of_a_user_that_was_made_again_is_no_orphan() {
    let castle = Castle::with_ada().bad("CreateAccessKey", Bad::AnswerLost);
    let mut place = Place::new(castle.after("CreateAccessKey", |state| state.make_again("ada", "AKIAFRESH")));
    let row = place.start().await;
    assert!(why(&row).contains("made anew"), "{row:?}");
    assert!(place.castle.state().key("AKIAFRESH").active);
    assert_eq!((calls(&place, "UpdateAccessKey"), calls(&place, "DeleteAccessKey")), (0, 0));
}

#[tokio::test]
async fn the_containment_of_a_user_that_was_made_again_is_not_lifted() {
    let castle = Castle::with_ada();
    castle.state().key("AKIAOLD").active = false;
    let mut place = Place::new(castle.after("CreateAccessKey", |state| state.make_again("ada", "AKIAFRESH")));
    let row = begin(&mut place, Request { renew: true, ..request() }).await;
    assert!(need(&row).contains("made anew"), "{row:?}");
    let row = place.answer_until(&row.id, Choice::RollBack, |row| row.wait == Wait::Ended).await;
    assert_eq!(row.phase, Phase::Aborted, "{row:?}");
    assert_eq!(calls(&place, "DeleteUserPolicy"), 0);
    assert!(place.castle.state().key("AKIAFRESH").active);
}

/// AWS tells a use late. A second key that was used until it was made inactive is somebody's.
#[tokio::test]
async fn a_second_key_whose_use_shows_late_is_not_deleted() {
    let castle = Castle::with_ada();
    castle.state().add("ada", "AKIATWO", true);
    let castle = castle.after("UpdateAccessKey", |state| state.key("AKIATWO").used = Some(Timestamp::now()));
    let mut place = Place::new(castle);
    let request = Request { key: Some("AKIAOLD".into()), other: OtherKey::Retire, ..request() };
    let row = begin(&mut place, request).await;
    assert!(why(&row).contains("was used before it was made inactive"), "{row:?}");
    assert_eq!(place.castle.state().ids("ada"), ["AKIAOLD", "AKIATWO"]);
    assert_eq!(place.castle.state().creates, 0);
}

/// The store has the only copy of the adopted key's secret.
#[tokio::test]
async fn a_roll_back_leaves_an_adopted_key_active_stored_and_served() {
    for renew in [false, true] {
        let castle = Castle::with_ada();
        castle.state().key("AKIAOLD").active = !renew;
        castle.state().add("ada", "AKIATWO", true);
        let mut place = Place::new(castle);
        place.store = MemoryStore::with(&pair("AKIATWO"));
        let request = Request { key: Some("AKIAOLD".into()), other: OtherKey::Adopt, renew, ..soaking() };
        let desk = place.desk();
        desk.command(approved(Command::Start { requests: vec![request], at_once: 1 })).await.unwrap();
        let row = reaches(&desk, |row| matches!(row.wait, Wait::Until { .. } | Wait::Operator { .. })).await;
        let row = place.answer_until(&row.id, Choice::RollBack, |row| row.wait == Wait::Ended).await;
        assert_eq!(row.phase, Phase::Aborted, "{row:?}");
        assert!(place.castle.state().key("AKIATWO").active, "renew: {renew}");
        assert_eq!(place.store.ids(), ["AKIATWO"], "renew: {renew}");
        assert_eq!(place.store.current().await.unwrap().as_deref(), Some("AKIATWO"), "renew: {renew}");
        assert_eq!(place.castle.state().key("AKIAOLD").active, !renew);
    }
}

#[tokio::test]
async fn a_secret_is_not_forgotten_before_its_key_is_gone() {
    // The old key is kept elsewhere. AWS forbids that the new one is made inactive, and everything is left as it is.
    let mut place = Place::new(Castle::with_ada());
    place.store = MemoryStore::default();
    let row = waiting(&mut place, soaking()).await;
    place.castle = place.castle.clone().after("UpdateAccessKey", |state| state.bad.push(("UpdateAccessKey", Bad::Denied)));
    let row = place.answer_until(&row.id, Choice::RollBack, |row| matches!(row.wait, Wait::Operator { .. })).await;
    assert!(need(&row).contains("iam:UpdateAccessKey"), "{row:?}");
    place.answer_until(&row.id, Choice::Abort, |row| row.wait == Wait::Ended).await;
    assert!(place.castle.state().key("AKIANEW1").active);
    assert_eq!(place.store.ids(), ["AKIANEW1"], "somebody has its secret");
    // Where it goes, its secret goes with it and nobody is served anything.
    let mut place = Place::new(Castle::with_ada());
    place.store = MemoryStore::default();
    let row = waiting(&mut place, soaking()).await;
    place.answer_until(&row.id, Choice::RollBack, |row| row.wait == Wait::Ended).await;
    assert_eq!(place.castle.state().ids("ada"), ["AKIAOLD"]);
    assert!(place.store.ids().is_empty() && place.store.current().await.unwrap().is_none());
}

/// The new key signs what is done to the console's own: without its secret nothing is done.
#[tokio::test]
async fn the_consoles_own_key_does_not_make_itself_inactive() {
    let castle = Castle::with_ada();
    castle.state().console_key = Some("AKIAOLD".into());
    let mut place = Place::new(castle);
    let row = waiting(&mut place, soaking()).await;
    let store = place.store.clone();
    // Right after the last check, somebody takes the new pair out of the store.
    place.castle = place.castle.clone().after("Check", move |_| {
        use futures::FutureExt as _;
        store.withdraw("AKIANEW1").now_or_never().unwrap().unwrap();
    });
    let row = place.answer_until(&row.id, Choice::SkipWait, |row| matches!(row.wait, Wait::Operator { .. })).await;
    assert!(need(&row).contains("the old key is active"), "{row:?}");
    assert!(place.castle.state().key("AKIAOLD").active);
    assert_eq!(calls(&place, "UpdateAccessKey"), 1, "it was only made active");
}

/// Neither by the operator's word for the rotation nor on its own: that key is activated in the keys pane, by its id.
#[tokio::test]
async fn a_key_that_a_containment_has_taken_for_leaked_is_not_made_active_by_a_rotation_that_began_before() {
    type Said = fn() -> Result<bool, String>;
    let said: [(Said, &str); 2] = [(|| Ok(true), "taken for leaked"), (|| Err("it is torn".into()), "is not known: it is torn")];
    for (said, words) in said {
        for choice in [Choice::Reactivate, Choice::RollBack] {
            let mut place = Place::new(Castle::with_ada());
            place.leaked = Leaked::new(move |asked| {
                assert_eq!((asked.account.as_str(), asked.user.as_str(), asked.key.as_str()), ("123456789012", "ada", "AKIAOLD"));
                said()
            });
            let row = waiting(&mut place, observing()).await;
            let row = place.answer_until(&row.id, choice, |row| matches!(row.wait, Wait::Operator { .. })).await;
            assert!(need(&row).contains(words), "{row:?}");
            assert!(!place.castle.state().key("AKIAOLD").active);
            assert_eq!(calls(&place, "UpdateAccessKey"), 1, "it was only made inactive");
        }
    }
    // The containment has shut the new key out, too: it does not work without the old one.
    let mut place = Place::new(Castle::with_ada().after("UpdateAccessKey", |state| state.key("AKIANEW1").active = false));
    place.bounds.change = Duration::from_millis(30);
    place.leaked = Leaked::new(|_| Ok(true));
    let row = begin(&mut place, observing()).await;
    assert!(need(&row).contains("taken for leaked"), "{row:?}");
    assert!(!place.castle.state().key("AKIAOLD").active && !place.castle.state().key("AKIANEW1").active);
}
