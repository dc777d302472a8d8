//! Renewal: the old key is taken for leaked. A new one is made while it stays inactive, and it is deleted when the operator says so.

use bartizan::domain::rotation::{Choice, Command, Phase, Request, Rotation, Wait};

use super::castle::{Bad, Castle};
use super::{Place, reaches, request};

/// Ada was contained: her key is inactive.
fn contained() -> Castle {
    let castle = Castle::with_ada();
    castle.state().key("AKIAOLD").active = false;
    castle
}

async fn renew(place: &mut Place) -> Rotation {
    place.command(Command::Start { requests: vec![Request { renew: true, ..request() }], at_once: 1 }).await
}

fn position(calls: &[String], name: &str) -> usize {
    calls.iter().position(|call| call == name).unwrap_or_else(|| panic!("{name} is not in {calls:?}"))
}

#[tokio::test]
async fn a_new_key_is_stored_then_the_deny_is_lifted_then_it_is_proven_and_the_old_one_waits_for_a_word() {
    let mut place = Place::new(contained());
    let row = renew(&mut place).await;
    let Wait::Operator { choices, .. } = &row.wait else { panic!("{row:?}") };
    assert_eq!(row.phase, Phase::Observing);
    assert_eq!(*choices, [Choice::SkipWait, Choice::RollBack, Choice::Abort], "nothing makes a leaked key active");
    let calls = place.castle.state().calls.clone();
    let (created, lifted) = (position(&calls, "CreateAccessKey"), position(&calls, "DeleteUserPolicy"));
    assert!(created < lifted && lifted < position(&calls, "Check"), "{calls:?}");
    assert!(!calls.iter().any(|call| call == "UpdateAccessKey"), "{calls:?}");
    assert!(!place.castle.state().key("AKIAOLD").active && place.castle.state().key("AKIANEW1").active);
    assert_eq!(bartizan::rotation::stores::Store::current(&place.store).await.unwrap().as_deref(), Some("AKIANEW1"));
    // The next console asks the same, and nothing is deleted before it was told to.
    let desk = place.desk();
    desk.stop();
    reaches(&desk, |row| row.wait == Wait::Nobody).await;
    place.forget();
    let row = place.command(Command::Resume { id: None }).await;
    assert!(matches!(row.wait, Wait::Operator { .. }) && place.castle.state().ids("ada").len() == 2, "{row:?}");
    let row = place.answer_until(&row.id, Choice::SkipWait, |row| row.phase == Phase::Done).await;
    assert_eq!(place.castle.state().ids("ada"), ["AKIANEW1"], "{row:?}");
}

#[tokio::test]
async fn giving_a_renewal_up_leaves_the_leaked_key_inactive_and_serves_it_to_nobody() {
    let mut place = Place::new(contained());
    let row = renew(&mut place).await;
    let row = place.answer_until(&row.id, Choice::RollBack, |row| row.phase == Phase::Aborted).await;
    let ids = place.castle.state().ids("ada");
    assert_eq!(ids, ["AKIAOLD"], "{row:?}");
    assert!(!place.castle.state().key("AKIAOLD").active);
    assert_eq!(bartizan::rotation::stores::Store::current(&place.store).await.unwrap(), None);
}

#[tokio::test]
async fn policies_that_cannot_be_lifted_keep_the_new_key_and_ask() {
    let mut place = Place::new(contained().bad("DeleteUserPolicy", Bad::Denied));
    let row = renew(&mut place).await;
    let Wait::Operator { need, choices } = &row.wait else { panic!("{row:?}") };
    assert!(need.contains("could not be lifted") && row.phase == Phase::Stored, "{row:?}");
    assert_eq!(*choices, [Choice::Continue, Choice::RollBack]);
    let row = place.answer(&row.id, Choice::Continue).await;
    assert_eq!(row.phase, Phase::Observing, "{row:?}");
}

/// What was approved as the one is never done as the other.
#[tokio::test]
async fn a_rotation_wants_an_active_key_and_a_renewal_an_inactive_one() {
    let mut place = Place::new(Castle::with_ada());
    let row = renew(&mut place).await;
    assert!(row.fault.as_ref().is_some_and(|fault| fault.message.raw().contains("is active: contain its user first")), "{row:?}");
    let mut place = Place::new(contained());
    let row = place.start().await;
    assert!(row.fault.as_ref().is_some_and(|fault| fault.message.raw().contains("nothing to rotate")), "{row:?}");
    // Between the beginning and the inventory that follows a throttled create, somebody makes it active.
    let castle =
        contained().bad("CreateAccessKey", Bad::Throttled).after("CreateAccessKey", |state| state.key("AKIAOLD").active = true);
    let mut place = Place::new(castle);
    let row = renew(&mut place).await;
    assert!(row.phase == Phase::Aborted && place.castle.state().creates == 0, "{row:?}");
}

/// Somebody makes the leaked key active while the deletion waits for its word: it is not deleted, and nothing of ours made it active.
#[tokio::test]
async fn a_leaked_key_that_somebody_made_active_is_told_and_not_deleted() {
    let mut place = Place::new(contained());
    let row = renew(&mut place).await;
    place.castle.state().key("AKIAOLD").active = true;
    let asks = |row: &Rotation| row.phase == Phase::Deleting && matches!(row.wait, Wait::Operator { .. });
    let row = place.answer_until(&row.id, Choice::SkipWait, asks).await;
    let Wait::Operator { need, choices } = &row.wait else { panic!("{row:?}") };
    assert!(need.contains("taken for leaked") && !choices.contains(&Choice::Reactivate), "{row:?}");
    assert_eq!(place.castle.state().ids("ada").len(), 2);
    assert!(!place.castle.state().calls.iter().any(|call| call == "UpdateAccessKey"));
}
