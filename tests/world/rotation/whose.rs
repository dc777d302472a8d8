//! A rotation belongs to the account in which it began: under credentials of another nothing of it is done, and nothing is sent.

use std::sync::Arc;
use std::time::Duration;

use bartizan::domain::rotation::{Choice, Command, Phase, Request, Rotation, Wait};
use bartizan::rotation::desk::{Desk, Environment};
use bartizan::rotation::leaked::Leaked;
use jiff::SignedDuration;

use super::castle::{ACCOUNT, Castle};
use super::{OneStore, Place, approved, approved_in, bounds, reaches, request};

const OTHER: &str = "999999999999";

/// A desk over the same folder, by credentials of another account.
fn desk_elsewhere(place: &Place) -> Desk {
    let service = Arc::new(place.castle.elsewhere(OTHER));
    let factory = Arc::new(OneStore(Arc::new(place.store.clone())));
    let environment = Environment::new(place.folder.path(), service, factory, Arc::new(place.keys.clone()), Leaked::none());
    Desk::open(Environment { bounds: bounds(), ..environment })
}

/// A rotation in its soak.
async fn soaking() -> (Place, Desk, Rotation) {
    let mut place = Place::new(Castle::with_ada());
    let desk = place.desk();
    let request = Request { soak: SignedDuration::from_hours(1), ..request() };
    desk.command(approved(Command::Start { requests: vec![request], at_once: 1 })).await.unwrap();
    let row = reaches(&desk, |row| matches!(row.wait, Wait::Until { .. })).await;
    assert_eq!(row.account, ACCOUNT);
    (place, desk, row)
}

/// The same, left by the process that began it.
async fn left() -> (Place, Rotation) {
    let (mut place, desk, row) = soaking().await;
    desk.stop();
    let row = reaches(&desk, |now| now.id == row.id && now.wait == Wait::Nobody).await;
    place.forget();
    (place, row)
}

#[tokio::test]
async fn nothing_is_taken_up_answered_or_given_up_under_another_account() {
    let (place, row) = left().await;
    let desk = desk_elsewhere(&place);
    let account = || {
        let state = place.castle.state();
        (state.calls.len(), format!("{:?}", state.users))
    };
    let before = account();
    let id = || row.id.clone();
    let mut commands = vec![Command::Resume { id: Some(id()) }, Command::Resume { id: None }];
    let choices = [Choice::Continue, Choice::SkipWait, Choice::Reactivate, Choice::RollBack, Choice::DeleteOrphan, Choice::Abort];
    commands.extend(choices.map(|choice| Command::Answer { id: id(), choice }));
    for command in commands {
        let why = desk.command(approved_in(OTHER, command.clone())).await.unwrap_err();
        assert!(why.contains(ACCOUNT) && why.contains(OTHER) && why.contains("nothing was sent"), "{command:?}: {why}");
        // A yes for the account that it is of does not help: these are not its credentials.
        let why = desk.command(approved(command.clone())).await.unwrap_err();
        assert!(why.contains(ACCOUNT) && why.contains(OTHER), "{command:?}: {why}");
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(account(), before);
    assert_eq!(desk.watch().borrow().first().unwrap().wait, Wait::Nobody);
}

#[tokio::test]
async fn a_yes_of_another_account_answers_nothing_that_is_at_work() {
    let (_place, desk, row) = soaking().await;
    let answer = Command::Answer { id: row.id.clone(), choice: Choice::SkipWait };
    for command in [answer, Command::Start { requests: vec![request()], at_once: 1 }] {
        let why = desk.command(approved_in(OTHER, command.clone())).await.unwrap_err();
        assert!(why.contains(ACCOUNT) && why.contains(OTHER), "{command:?}: {why}");
    }
    let row = desk.watch().borrow().first().cloned().unwrap();
    assert!(matches!(row.wait, Wait::Until { .. }), "{row:?}");
}

#[tokio::test]
async fn in_its_own_account_it_goes_on() {
    let (mut place, row) = left().await;
    let row = place.answer(&row.id, Choice::SkipWait).await;
    assert_eq!((row.phase, &row.wait), (Phase::Done, &Wait::Ended), "{row:?}");
}

/// Earlier versions could write a campaign down without its account.
#[tokio::test]
async fn a_campaign_that_names_no_account_begins_in_none_and_can_be_given_up() {
    let mut place = Place::new(Castle::with_ada());
    let member = |user: &str| {
        let request = serde_json::to_value(Request { user: user.into(), ..request() }).unwrap();
        serde_json::json!({"id": format!("20261122T020000000001Z-{user}-0001"), "request": request})
    };
    let line = serde_json::json!({"entry": "campaign", "utc": "2026-11-22T02:00:00Z", "account": null, "at_once": 2,
        "members": [member("ada"), member("bob")]});
    std::fs::write(place.folder.path().join("20261122T020000000001Z-ada-0001.campaign"), format!("{line}\n")).unwrap();
    let desk = place.desk();
    let rows = desk.watch().borrow().to_vec();
    assert_eq!(rows.len(), 2, "{rows:?}");
    let why = desk.command(approved(Command::Resume { id: None })).await.unwrap_err();
    assert!(why.contains("does not say in which account"), "{why}");
    assert!(place.castle.state().calls.is_empty());
    for row in &rows {
        desk.command(approved(Command::Answer { id: row.id.clone(), choice: Choice::Abort })).await.unwrap();
    }
    assert!(desk.watch().borrow().iter().all(|row| row.phase == Phase::Aborted));
    assert!(place.castle.state().calls.is_empty());
}
