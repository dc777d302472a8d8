//! The fault matrix of key rotation: what happens at each step when something goes wrong, each cell a test.
//!
//! Steps: s0 plan and preparation, s2 create, s3 escrow to store, s4 read back, s5 proof, s6 promotion, s7 soak, s8 deactivation, s9
//! observation, s10 deletion. Columns, and where they are:
//!
//! | step | killed | not sent | answer lost | throttled | denied | keyring or store | disk full | somebody else |
//! |---|---|---|---|---|---|---|---|---|
//! | s0 | `rotation_crashes` | here | reads: as not sent | here | here | here | here | here |
//! | s2 | `rotation_crashes` | here | here | here | here | – | – (escrow is set aside) | here |
//! | s3 | `rotation_crashes` | – | – | – | – | here | here | here |
//! | s4 | `rotation_crashes` | – | here | – | – | here | – | here |
//! | s5 | `rotation_crashes` | here | as not sent | here | – (STS denies nobody) | here | – | here |
//! | s6 | `rotation_crashes` | – | here | – | – | here | here | here |
//! | s7 | `rotation_crashes` | – | – | – | – | – | here (journal) | here |
//! | s8 | `rotation_crashes` | here | here | here | here | – | – | here |
//! | s9 | `rotation_crashes` | – | – | – | – | – | – | here |
//! | s10 | `rotation_crashes` | here | here | here | here | – | – | here |
//!
//! A journal for which the disk is full, at whatever step: `full_disk`.

use bartizan::domain::rotation::{Choice, OtherKey, Phase, Rotation, Wait};
use bartizan::rotation::service::Trace;
use bartizan::rotation::stores::{KeyPair, Store as _, StoreErrorKind, Trouble};
use jiff::{SignedDuration, Timestamp};

use super::castle::{Bad, Castle};
use super::{Place, need, request, why};

fn trouble(method: &'static str, kind: StoreErrorKind) -> Trouble {
    Trouble { method, kind, yet_done: false }
}

fn is_done(row: &Rotation) -> bool {
    row.phase == Phase::Done && row.wait == Wait::Ended
}

/// It ends well all the same, with this many creates executed.
async fn goes_well(castle: Castle, creates: u32) -> Rotation {
    let mut place = Place::new(castle);
    let row = place.start().await;
    assert!(is_done(&row), "{row:?}");
    assert_eq!(place.castle.state().creates, creates);
    assert_eq!(place.castle.state().users["ada"].len(), 1, "one key is left");
    place.assert_nothing_lost().await;
    row
}

/// It ends before anything was made.
async fn changes_nothing(mut place: Place) -> String {
    let row = place.start().await;
    let why = why(&row);
    assert_eq!(place.castle.state().creates, 0);
    assert_eq!(place.castle.state().ids("ada")[0], "AKIAOLD");
    assert!(place.castle.state().key("AKIAOLD").active);
    place.assert_nothing_lost().await;
    why
}

/// The store fails until the operator says to go on; then it ends well, with one create.
async fn waits_for_the_operator(trouble: Trouble, words: &str) {
    let mut place = Place::new(Castle::with_ada());
    place.store.trouble(trouble);
    let row = place.start().await;
    assert!(need(&row).contains(words), "{row:?}");
    assert!(place.castle.state().key("AKIAOLD").active);
    let row = place.answer(&row.id, Choice::Continue).await;
    assert!(is_done(&row), "{row:?}");
    assert_eq!(place.castle.state().creates, 1, "no new key is made for it");
    place.assert_nothing_lost().await;
}

/// What goes wrong once it begins, when the inventory is taken.
fn later(bads: &'static [(&'static str, Bad)]) -> Castle {
    Castle::with_ada().after("GetCallerIdentity", move |state| state.bad.extend(bads.iter().cloned()))
}

#[tokio::test]
async fn s0_not_sent_is_tried_again() {
    goes_well(later(&[("ListAccessKeys", Bad::Unsent)]), 1).await;
}

#[tokio::test]
async fn s0_throttled_is_waited_out() {
    goes_well(later(&[("ListAccessKeys", Bad::Throttled), ("ListAccessKeys", Bad::Throttled)]), 1).await;
}

#[tokio::test]
async fn s0_throttled_past_the_bound_changes_nothing() {
    let mut place = Place::new(later(&[]));
    place.bounds.preparation = std::time::Duration::from_millis(20);
    place.castle = place.castle.clone().after("GetUser", |state| {
        (0..5000).for_each(|_| state.bad.push(("ListAccessKeys", Bad::Throttled)));
    });
    assert!(changes_nothing(place).await.contains("throttled"));
}

#[tokio::test]
async fn s0_denied_names_the_action_and_changes_nothing() {
    let why = changes_nothing(Place::new(later(&[("ListAccessKeys", Bad::Denied)]))).await;
    assert!(why.contains("iam:ListAccessKeys"), "{why}");
}

#[tokio::test]
async fn s0_store_locked_changes_nothing_and_says_how_to_unlock() {
    let place = Place::new(Castle::with_ada());
    place.store.trouble(trouble("probe", StoreErrorKind::Locked));
    let why = changes_nothing(place).await;
    assert!(why.contains("unlock"), "{why}");
}

#[tokio::test]
async fn s0_disk_full_changes_nothing() {
    let place = Place::new(Castle::with_ada());
    place.store.trouble(trouble("probe", StoreErrorKind::Full));
    assert!(changes_nothing(place).await.contains("make room"));
}

#[tokio::test]
async fn s0_a_store_that_serves_another_key_is_left_alone() {
    let mut place = Place::new(Castle::with_ada());
    place.store = bartizan::rotation::stores::MemoryStore::with(&KeyPair::new("AKIAEVE", "x".to_owned().into()));
    let row = place.start().await;
    assert!(why(&row).contains("AKIAEVE"));
    assert_eq!(place.castle.state().creates, 0);
}

#[tokio::test]
async fn s0_a_third_hand_makes_a_key_and_the_plan_is_void() {
    let castle = Castle::with_ada().after("GetCallerIdentity", |state| state.add("ada", "AKIAEVE", true));
    let mut place = Place::new(castle);
    let row = place.start().await;
    assert!(why(&row).contains("AKIAEVE"), "{row:?}");
    assert_eq!(place.castle.state().ids("ada"), ["AKIAOLD", "AKIAEVE"]);
}

#[tokio::test]
async fn s0_the_user_is_made_anew_or_loses_its_key() {
    let castle = Castle::with_ada().after("GetCallerIdentity", |state| state.key("AKIAOLD").active = false);
    let mut place = Place::new(castle);
    assert!(why(&place.start().await).contains("there is nothing to rotate"));
    assert_eq!(place.castle.state().creates, 0);
    // And between two creates, of which AWS refused the first for the moment.
    let castle = Castle::with_ada().bad("CreateAccessKey", Bad::Throttled);
    let mut place = Place::new(castle.after("CreateAccessKey", |state| state.key("AKIAOLD").active = false));
    assert!(why(&place.start().await).contains("not active any more"));
    assert_eq!(place.castle.state().creates, 0);
}

#[tokio::test]
async fn s2_not_sent_is_done_again() {
    goes_well(Castle::with_ada().bad("CreateAccessKey", Bad::Unsent), 1).await;
}

#[tokio::test]
async fn s2_answer_lost_leaves_no_orphan() {
    // Executed twice in all: once for each intent, and the first key is gone again.
    goes_well(Castle::with_ada().bad("CreateAccessKey", Bad::AnswerLost), 2).await;
}

#[tokio::test]
async fn s2_answer_lost_and_cloudtrail_names_somebody_else() {
    let mut place = Place::new(Castle::with_ada().bad("CreateAccessKey", Bad::AnswerLost));
    place.castle.state().trace = Some(Trace::Foreign);
    let row = place.start().await;
    assert!(need(&row).contains("AKIANEW1"), "{row:?}");
    assert!(place.castle.state().key("AKIANEW1").active, "nobody touched it");
    let row = place.answer(&row.id, Choice::DeleteOrphan).await;
    assert!(is_done(&row), "{row:?}");
    assert_eq!(place.castle.state().ids("ada"), ["AKIANEW2"]);
}

#[tokio::test]
async fn s2_answer_lost_and_the_key_is_used_by_somebody() {
    let castle = Castle::with_ada().bad("CreateAccessKey", Bad::AnswerLost);
    let mut place = Place::new(castle.after("CreateAccessKey", |state| state.key("AKIANEW1").used = Some(Timestamp::now())));
    let row = place.start().await;
    assert!(need(&row).contains("AKIANEW1"), "a key that was used is nobody's orphan: {row:?}");
}

#[tokio::test]
async fn s2_the_orphan_shows_late() {
    let mut place = Place::new(Castle::with_ada().bad("CreateAccessKey", Bad::Unsent));
    // Not there while it is looked for, there at the next inventory.
    place.bounds.reconcile = std::time::Duration::ZERO;
    place.castle = place.castle.clone().after("CreateAccessKey", |state| {
        state.hooks.push((
            "ListAccessKeys",
            Box::new(|state| {
                state.add("ada", "AKIALATE", true);
                state.key("AKIALATE").created = Timestamp::now();
            }),
        ));
    });
    let row = place.start().await;
    assert!(is_done(&row), "{row:?}");
    assert_eq!(place.castle.state().ids("ada"), ["AKIANEW1"]);
}

#[tokio::test]
async fn s2_throttled_is_announced_again() {
    let castle = Castle::with_ada().bad("CreateAccessKey", Bad::Throttled).bad("CreateAccessKey", Bad::Throttled);
    goes_well(castle, 1).await;
}

#[tokio::test]
async fn s2_denied_makes_nothing() {
    let why = changes_nothing(Place::new(Castle::with_ada().bad("CreateAccessKey", Bad::Denied))).await;
    assert!(why.contains("iam:CreateAccessKey"), "{why}");
}

#[tokio::test]
async fn s2_limit_exceeded_stops() {
    let why = changes_nothing(Place::new(Castle::with_ada().bad("CreateAccessKey", Bad::LimitExceeded))).await;
    assert!(why.contains("two keys"), "{why}");
}

#[tokio::test]
async fn s3_store_locked_needs_operator() {
    waits_for_the_operator(trouble("put_pending", StoreErrorKind::Locked), "unlock").await;
}

#[tokio::test]
async fn s3_store_absent_needs_operator() {
    waits_for_the_operator(trouble("put_pending", StoreErrorKind::Absent), "escrow").await;
}

#[tokio::test]
async fn s3_disk_full_needs_operator() {
    waits_for_the_operator(trouble("put_pending", StoreErrorKind::Full), "make room").await;
}

#[tokio::test]
async fn s3_changed_by_somebody_is_merged_and_tried_again() {
    let mut place = Place::new(Castle::with_ada());
    for _ in 0..3 {
        place.store.trouble(trouble("put_pending", StoreErrorKind::Changed));
    }
    assert!(is_done(&place.start().await));
    assert_eq!(place.castle.state().creates, 1);
}

#[tokio::test]
async fn s3_the_operator_gives_the_new_key_up() {
    let mut place = Place::new(Castle::with_ada());
    place.store.trouble(trouble("put_pending", StoreErrorKind::ReadOnly));
    let row = place.start().await;
    let row = place.answer(&row.id, Choice::RollBack).await;
    assert!(why(&row).contains("gave the new key up"));
    assert_eq!(place.castle.state().ids("ada"), ["AKIAOLD"]);
    assert_eq!(place.store.current().await.unwrap().as_deref(), Some("AKIAOLD"));
    place.assert_nothing_lost().await;
}

#[tokio::test]
async fn s4_an_error_of_a_store_that_stored_it_is_accepted() {
    let mut place = Place::new(Castle::with_ada());
    place.store.trouble(Trouble { method: "put_pending", kind: StoreErrorKind::Other, yet_done: true });
    assert!(is_done(&place.start().await));
    assert_eq!(place.castle.state().creates, 1);
}

#[tokio::test]
async fn s4_store_locked_at_the_read_back_needs_operator() {
    waits_for_the_operator(trouble("read", StoreErrorKind::Locked), "unlock").await;
}

#[tokio::test]
async fn s5_not_arrived_is_waited_for_and_starts_the_count_anew() {
    let castle =
        ["Check", "Check", "Check"].into_iter().fold(Castle::with_ada(), |castle, call| castle.bad(call, Bad::NotArrived));
    let mut place = Place::new(castle);
    assert!(is_done(&place.start().await));
    let checks = place.castle.state().calls.iter().filter(|call| *call == "Check").count();
    assert!(checks >= 3 + 3 + 3, "three failures, three proofs, one before each step against the old key: {checks}");
}

#[tokio::test]
async fn s5_not_sent_and_throttled_are_tried_again() {
    goes_well(Castle::with_ada().bad("Check", Bad::Unsent).bad("Check", Bad::Throttled), 1).await;
}

#[tokio::test]
async fn s5_never_arrives_needs_operator_and_can_be_rolled_back() {
    let mut place = Place::new(Castle::with_ada().always("Check", &Bad::NotArrived));
    place.bounds.propagation = std::time::Duration::from_millis(30);
    let row = place.start().await;
    assert!(need(&row).contains("does not work"), "{row:?}");
    assert!(place.castle.state().key("AKIAOLD").active);
    let row = place.answer(&row.id, Choice::RollBack).await;
    assert_eq!(row.phase, Phase::Aborted, "{row:?}");
    assert_eq!(place.castle.state().ids("ada"), ["AKIAOLD"]);
    place.assert_nothing_lost().await;
}

#[tokio::test]
async fn s5_a_wrong_secret_is_written_again_from_the_escrow() {
    goes_well(Castle::with_ada().bad("Check", Bad::WrongSecret), 1).await;
}

#[tokio::test]
async fn s5_a_wrong_clock_is_said() {
    let mut place = Place::new(Castle::with_ada().bad("Check", Bad::ClockWrong));
    let row = place.start().await;
    assert!(need(&row).contains("clock"), "{row:?}");
    assert!(is_done(&place.answer(&row.id, Choice::Continue).await));
}

#[tokio::test]
async fn s5_the_new_key_is_deactivated_by_somebody() {
    let castle = Castle::with_ada().after("Check", |state| state.key("AKIANEW1").active = false);
    let mut place = Place::new(castle);
    place.bounds.propagation = std::time::Duration::from_millis(30);
    let row = place.start().await;
    assert!(need(&row).contains("does not work"), "{row:?}");
    let row = place.answer(&row.id, Choice::RollBack).await;
    assert_eq!((row.phase, place.castle.state().ids("ada")), (Phase::Aborted, vec!["AKIAOLD".to_owned()]));
}

#[tokio::test]
async fn s5_the_store_loses_the_secret_and_gets_it_again_from_the_escrow() {
    let mut place = Place::new(Castle::with_ada().bad("Check", Bad::NotArrived));
    let store = place.store.clone();
    place.castle = place.castle.clone().after("Check", move |_| {
        use futures::FutureExt as _;
        store.forget("AKIANEW1").now_or_never().unwrap().unwrap();
    });
    assert!(is_done(&place.start().await));
    assert_eq!(place.castle.state().creates, 1);
}

#[tokio::test]
async fn s6_store_locked_or_full_needs_operator() {
    waits_for_the_operator(trouble("promote", StoreErrorKind::Locked), "does not serve it").await;
    waits_for_the_operator(trouble("promote", StoreErrorKind::Full), "does not serve it").await;
}

#[tokio::test]
async fn s6_an_error_of_a_store_that_promoted_is_accepted() {
    let mut place = Place::new(Castle::with_ada());
    place.store.trouble(Trouble { method: "promote", kind: StoreErrorKind::Other, yet_done: true });
    assert!(is_done(&place.start().await));
}

#[tokio::test]
async fn s6_changed_by_somebody_is_tried_again() {
    let mut place = Place::new(Castle::with_ada());
    place.store.trouble(trouble("promote", StoreErrorKind::Changed));
    assert!(is_done(&place.start().await));
}

/// A place whose rotation soaks for an hour.
async fn soaking(castle: Castle) -> (Place, Rotation) {
    let mut place = Place::new(castle);
    let desk = place.desk();
    let request = bartizan::domain::rotation::Request { soak: SignedDuration::from_hours(1), ..request() };
    let command = bartizan::domain::rotation::Command::Start { requests: vec![request], at_once: 1 };
    desk.command(super::approved(command)).await.unwrap();
    let row = super::reaches(&desk, |row| matches!(row.wait, Wait::Until { .. })).await;
    assert_eq!(row.phase, Phase::Soaking);
    (place, row)
}

#[tokio::test]
async fn s7_the_old_key_is_used_again_and_the_soak_is_longer() {
    let (mut place, row) = soaking(Castle::with_ada()).await;
    let used = Timestamp::now() + SignedDuration::from_secs(60);
    place.castle.state().key("AKIAOLD").used = Some(used);
    let longer = super::reaches(&place.desk(), |row| row.old_last_used == Some(used)).await;
    let (Wait::Until { at: before }, Wait::Until { at: after }) = (&row.wait, &longer.wait) else { panic!("{longer:?}") };
    assert!(after > before, "{before} {after}");
    assert!(place.castle.state().key("AKIAOLD").active);
}

#[tokio::test]
async fn s7_a_journal_that_cannot_be_written_blocks_every_further_step() {
    let (mut place, row) = soaking(Castle::with_ada()).await;
    let journal = bartizan::rotation::journal::file_of(place.folder.path(), &row.id);
    let desk = place.desk();
    drop(desk);
    // The next process finds a journal that it may not believe.
    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, text.replacen("preparing", "verified", 1)).unwrap();
    place.forget();
    let refused = place.desk().command(super::approved(bartizan::domain::rotation::Command::Resume { id: None })).await;
    assert!(refused.unwrap_err().contains("not as it was written"));
    assert!(place.castle.state().key("AKIAOLD").active && place.castle.state().key("AKIANEW1").active);
}

#[tokio::test]
async fn s7_the_operator_ends_the_wait_or_gives_the_new_key_up() {
    let (mut place, row) = soaking(Castle::with_ada()).await;
    assert!(is_done(&place.answer_until(&row.id, Choice::SkipWait, |row| row.wait == Wait::Ended).await));
    let (mut place, row) = soaking(Castle::with_ada()).await;
    let row = place.answer_until(&row.id, Choice::RollBack, |row| row.wait == Wait::Ended).await;
    assert_eq!(row.phase, Phase::Aborted, "{row:?}");
    assert_eq!(place.castle.state().ids("ada"), ["AKIAOLD"]);
    assert_eq!(place.store.current().await.unwrap().as_deref(), Some("AKIAOLD"), "tools are served the old key again");
}

#[tokio::test]
async fn s8_not_sent_lost_and_throttled_are_decided_by_the_list() {
    for bad in [Bad::Unsent, Bad::AnswerLost, Bad::Throttled] {
        goes_well(Castle::with_ada().bad("UpdateAccessKey", bad), 1).await;
    }
}

#[tokio::test]
async fn s8_denied_stays_with_both_keys_active_and_says_which_permission() {
    let mut place = Place::new(Castle::with_ada().bad("UpdateAccessKey", Bad::Denied));
    let row = place.start().await;
    assert_eq!(row.phase, Phase::Soaking);
    assert!(need(&row).contains("iam:UpdateAccessKey"), "{row:?}");
    assert!(place.castle.state().key("AKIAOLD").active && place.castle.state().key("AKIANEW1").active);
    assert!(is_done(&place.answer(&row.id, Choice::Continue).await));
}

#[tokio::test]
async fn s8_the_new_key_is_deleted_by_somebody_and_the_old_one_comes_back() {
    let castle = Castle::with_ada().after("UpdateAccessKey", |state| {
        state.users.get_mut("ada").unwrap().retain(|key| key.id != "AKIANEW1");
    });
    let mut place = Place::new(castle);
    place.bounds.change = std::time::Duration::from_millis(30);
    let row = place.start().await;
    assert!(need(&row).contains("active"), "{row:?}");
    assert!(place.castle.state().key("AKIAOLD").active, "nobody is locked out");
}

#[tokio::test]
async fn s9_one_answer_makes_the_old_key_active_again() {
    let mut place = Place::new(Castle::with_ada());
    let desk = place.desk();
    let request = bartizan::domain::rotation::Request { observe: SignedDuration::from_hours(1), ..request() };
    let command = bartizan::domain::rotation::Command::Start { requests: vec![request], at_once: 1 };
    desk.command(super::approved(command)).await.unwrap();
    let row = super::reaches(&desk, |row| matches!(row.wait, Wait::Until { .. })).await;
    assert_eq!(row.phase, Phase::Observing);
    assert!(!place.castle.state().key("AKIAOLD").active);
    let row = place.answer_until(&row.id, Choice::Reactivate, |row| matches!(row.wait, Wait::Operator { .. })).await;
    assert_eq!(row.phase, Phase::Soaking);
    assert!(place.castle.state().key("AKIAOLD").active);
}

#[tokio::test]
async fn s10_not_sent_lost_and_throttled_are_decided_by_the_list() {
    for bad in [Bad::Unsent, Bad::AnswerLost, Bad::Throttled] {
        goes_well(Castle::with_ada().bad("DeleteAccessKey", bad), 1).await;
    }
}

#[tokio::test]
async fn s10_denied_leaves_it_inactive_which_does_no_harm() {
    let mut place = Place::new(Castle::with_ada().bad("DeleteAccessKey", Bad::Denied));
    let row = place.start().await;
    assert_eq!(row.phase, Phase::Observing);
    assert!(need(&row).contains("iam:DeleteAccessKey"), "{row:?}");
    assert!(is_done(&place.answer(&row.id, Choice::Continue).await));
}

#[tokio::test]
async fn s10_somebody_has_deleted_it_already() {
    let castle = Castle::with_ada().after("UpdateAccessKey", |state| {
        state.users.get_mut("ada").unwrap().retain(|key| key.id != "AKIAOLD");
    });
    goes_well(castle, 1).await;
}

#[tokio::test]
async fn two_keys_stop_unless_told_what_becomes_of_the_other() {
    let mut place = Place::new(Castle::with_ada());
    place.castle.state().add("ada", "AKIATWO", false);
    let row = place.start().await;
    assert!(why(&row).contains("AKIATWO"), "both are shown: {row:?}");
    let request = bartizan::domain::rotation::Request { key: Some("AKIAOLD".into()), other: OtherKey::Retire, ..request() };
    let command = bartizan::domain::rotation::Command::Start { requests: vec![request], at_once: 1 };
    // Two of one second have no order on the board; the refused one left no journal for the next desk.
    place.forget();
    let desk = place.desk();
    desk.command(super::approved(command)).await.unwrap();
    super::reaches(&desk, is_done).await;
    assert_eq!(place.castle.state().ids("ada"), ["AKIANEW1"]);
}

#[tokio::test]
async fn a_second_key_that_is_used_is_never_deleted_to_make_room() {
    let mut place = Place::new(Castle::with_ada());
    place.castle.state().add("ada", "AKIATWO", true);
    place.castle.state().key("AKIATWO").used = Some(Timestamp::now());
    let request = bartizan::domain::rotation::Request { key: Some("AKIAOLD".into()), other: OtherKey::Retire, ..request() };
    let row = place.command(bartizan::domain::rotation::Command::Start { requests: vec![request], at_once: 1 }).await;
    assert!(why(&row).contains("has been used"), "{row:?}");
    assert!(place.castle.state().key("AKIATWO").active);
}

#[tokio::test]
async fn a_second_key_whose_secret_is_in_the_store_can_be_adopted() {
    let mut place = Place::new(Castle::with_ada());
    place.castle.state().add("ada", "AKIATWO", true);
    place.store.put_pending(&KeyPair::new("AKIATWO", "secret of AKIATWO".to_owned().into())).await.unwrap();
    let request = bartizan::domain::rotation::Request { key: Some("AKIAOLD".into()), other: OtherKey::Adopt, ..request() };
    let row = place.command(bartizan::domain::rotation::Command::Start { requests: vec![request], at_once: 1 }).await;
    assert!(is_done(&row), "{row:?}");
    assert_eq!(place.castle.state().creates, 0);
    assert_eq!(place.castle.state().ids("ada"), ["AKIATWO"]);
}

#[tokio::test]
async fn the_own_key_is_retired_by_the_new_one() {
    let castle = Castle::with_ada();
    castle.state().console_key = Some("AKIAOLD".into());
    let row = goes_well(castle, 1).await;
    assert!(row.own_key);
}

#[tokio::test]
async fn root_is_refused() {
    let mut place = Place::new(Castle::with_ada());
    place.castle.state().is_root = true;
    let request = bartizan::domain::rotation::Request { user: "<root_account>".into(), ..request() };
    let row = place.command(bartizan::domain::rotation::Command::Start { requests: vec![request], at_once: 1 }).await;
    assert!(why(&row).contains("root keys are not rotated"), "{row:?}");
}
