//! The machine step by step, from the plan to the create: these facts and this event, that next step.

use std::time::Duration;

use bartizan::domain::fault::FaultKind;
use bartizan::domain::key::LastUsed;
use bartizan::domain::rotation::OtherKey;
use bartizan::rotation::machine::{Bounds, Effect, Event, Fact, Found, Inventory, Outcome, Planned, Signer, Task, Trouble};
use bartizan::rotation::stores::{StoreError, StoreErrorKind};
use jiff::SignedDuration;

use super::bench::*;
use super::reality::{WAIT, fault, start};

const OLD: (&str, bool) = ("OLD", true);

/// The first inventory found this.
fn first_inventory(planned: Planned, found: Outcome) -> Vec<Effect> {
    let (mut bench, effects) = Bench::taken_up(planned, &[]);
    assert_eq!(effects, [Effect::Do(Task::Inventory)]);
    bench.outcome(found)
}

#[test]
fn a_user_that_was_made_again_is_left_alone() {
    let keys = vec![key("OLD", true)];
    let found = Inventory { user_id: "AIDAOTHER".into(), keys: keys.clone(), other_last_used: None };
    let effects = first_inventory(planned(), Outcome::Inventory(Ok(found)));
    assert!(abandoned(&effects).contains("made anew"));
    // Nor is a key of that user taken for the one that a create has left, nor what the escrow holds stored.
    for escrowed in [None, Some("NEW1".to_owned())] {
        let (mut bench, effects) = Bench::taken_up(planned(), &upto::creating());
        assert_eq!(effects, [Effect::Do(Task::Reconcile)]);
        let found = Found { user_id: "AIDAOTHER".into(), keys: vec![key("FRESH", true)], escrowed };
        assert!(abandoned(&bench.outcome(Outcome::Found(Ok(found)))).contains("made anew"));
    }
    let (mut bench, _) = Bench::taken_up(planned(), &upto::creating());
    let gone = Trouble::Call(fault(FaultKind::NotFound));
    assert!(abandoned(&bench.outcome(Outcome::Found(Err(gone)))).contains("deleted"));
}

#[test]
fn a_rotation_begins_with_an_active_key_and_a_renewal_with_an_inactive_one() {
    for (planned, found, goes_on) in [
        (planned(), vec![OLD], true),
        (planned(), vec![("OLD", false)], false),
        (planned(), vec![], false),
        (renewal(), vec![("OLD", false)], true),
        (renewal(), vec![OLD], false),
        (renewal(), vec![], false),
    ] {
        let effects = first_inventory(planned, inventory(&found, None));
        match goes_on {
            true => assert_eq!(effects, [Effect::Record(Fact::Preparing), Effect::Do(Task::Prepare)], "{found:?}"),
            false => assert!(abandoned(&effects).contains("OLD"), "{found:?}"),
        }
    }
}

#[test]
fn a_key_that_nobody_knows_voids_the_plan_or_is_looked_at_after_a_create() {
    let found = inventory(&[OLD, ("NEW1", true)], None);
    assert!(abandoned(&first_inventory(planned(), found.clone())).contains("NEW1"));
    let not_created = [upto::creating(), vec![Fact::NotCreated { why: "luck".into() }]].concat();
    let (mut bench, effects) = Bench::taken_up(planned(), &not_created);
    assert_eq!(effects, [Effect::Do(Task::Inventory)]);
    assert_eq!(bench.outcome(found), [Effect::Do(Task::Inspect(vec!["NEW1".into()]))]);
}

#[test]
fn a_second_key_is_adopted_while_it_is_active_and_never_made() {
    for (found, goes_on) in [(vec![OLD, ("TWO", true)], true), (vec![OLD, ("TWO", false)], false), (vec![OLD], false)] {
        let (mut bench, _) = Bench::taken_up(with_other(OtherKey::Adopt), &[]);
        let effects = bench.outcome(inventory(&found, None));
        if goes_on {
            assert_eq!(effects, [Effect::Do(Task::Prepare)]);
            assert_eq!(bench.done(), [Effect::Do(Task::Adopt)]);
            let adopted = Effect::Record(Fact::Adopted { key: "TWO".into() });
            assert_eq!(bench.done(), [adopted, Effect::Do(Task::Check)]);
        } else {
            assert!(abandoned(&effects).contains("TWO"), "{found:?}");
        }
    }
    let (mut bench, _) = Bench::taken_up(with_other(OtherKey::Adopt), &[]);
    bench.outcome(inventory(&[OLD, ("TWO", true)], None));
    bench.done();
    assert!(abandoned(&bench.fails(&Trouble::SecretLost("not in the store".into()))).contains("TWO"));
}

#[test]
fn a_second_key_is_retired_when_it_is_inactive_or_was_never_used_and_only_then() {
    let never = || Some(LastUsed::Never);
    let before = || Some(used(start() - SignedDuration::from_hours(9)));
    let until = start() + SignedDuration::from_secs(1) + WAIT;
    let retire = || with_other(OtherKey::Retire);
    let effects = first_inventory(retire(), inventory(&[OLD, ("TWO", true)], never()));
    assert_eq!(effects, [Effect::Record(Fact::RoomIntent), Effect::Do(status("TWO", false, Signer::Console))]);
    for last_used in [before(), None] {
        let effects = first_inventory(retire(), inventory(&[OLD, ("TWO", true)], last_used));
        assert!(abandoned(&effects).contains("has been used"));
    }
    let effects = first_inventory(retire(), inventory(&[OLD, ("TWO", false)], before()));
    assert_eq!(facts(&effects), [&Fact::RoomInactive { until }]);
    assert_eq!(waits_until(&effects), until);
    let effects = first_inventory(retire(), inventory(&[OLD], None));
    assert_eq!(facts(&effects), [&Fact::RoomMade, &Fact::Preparing]);
    assert_eq!(*task(&effects), Task::Prepare);
}

/// What the next inventory leads to, once room is being made.
#[test]
fn room_is_made_one_step_after_the_other() {
    let until = start() + WAIT;
    let (intent, inactive, deleting) = (Fact::RoomIntent, Fact::RoomInactive { until }, Fact::RoomDeleteIntent);
    let never = Some(LastUsed::Never);
    let used = Some(used(start()));
    let off = |key| Effect::Do(status(key, false, Signer::Console));
    let gone = |key| Effect::Do(delete(key, Signer::Console));
    // Facts, seconds after the start, whether the second key is active, its last use: what follows; `None`: it is given up.
    let table = [
        (vec![intent.clone()], 1, true, never.clone(), Some(vec![off("TWO")])),
        (vec![intent.clone()], 1, true, used.clone(), None),
        (vec![intent.clone()], 1, true, None, None),
        // It was inactive before this rotation: whenever it was used.
        (vec![inactive.clone()], 100, false, used.clone(), Some(vec![Effect::Record(deleting.clone()), gone("TWO")])),
        (vec![inactive.clone()], 100, false, None, Some(vec![Effect::Record(deleting.clone()), gone("TWO")])),
        (vec![inactive.clone()], 100, true, never.clone(), None),
        (vec![inactive.clone()], 1, true, never.clone(), None),
        // This rotation has made it inactive: a use before that shows late.
        (
            vec![intent.clone(), inactive.clone()],
            100,
            false,
            never.clone(),
            Some(vec![Effect::Record(deleting.clone()), gone("TWO")]),
        ),
        (vec![intent.clone(), inactive.clone()], 100, false, used.clone(), None),
        (vec![intent.clone(), inactive.clone()], 100, false, None, None),
        (vec![intent.clone(), inactive.clone(), deleting.clone()], 100, false, used, None),
        (vec![intent.clone(), inactive.clone(), deleting.clone()], 100, false, never.clone(), Some(vec![gone("TWO")])),
        (vec![inactive.clone(), deleting], 100, true, never.clone(), None),
    ];
    for (room, after, active, last_used, wanted) in table {
        let mut bench = Bench::lying(with_other(OtherKey::Retire), &room);
        bench.now.utc = start() + SignedDuration::from_secs(after);
        assert_eq!(bench.step(Event::TakenUp { in_hand: None }), [Effect::Do(Task::Inventory)]);
        let effects = bench.outcome(inventory(&[OLD, ("TWO", active)], last_used.clone()));
        match wanted {
            Some(wanted) => assert_eq!(effects, wanted, "{room:?} {active} {last_used:?}"),
            None => assert!(abandoned(&effects).contains("TWO"), "{room:?} {active} {last_used:?}"),
        }
    }
    // Until then it is waited for, to the second, and the next look is an inventory.
    let mut bench = Bench::lying(with_other(OtherKey::Retire), &[intent, inactive]);
    bench.now.utc = start() + SignedDuration::from_secs(99);
    bench.step(Event::TakenUp { in_hand: None });
    let effects = bench.outcome(inventory(&[OLD, ("TWO", false)], never));
    assert_eq!(waits_until(&effects), until);
    assert_eq!(bench.wakes(&effects), [Effect::Do(Task::Inventory)]);
}

#[test]
fn a_second_key_that_was_deactivated_or_deleted_is_looked_for_again() {
    let retire = || with_other(OtherKey::Retire);
    let begun = || {
        let (mut bench, _) = Bench::taken_up(retire(), &[]);
        bench.outcome(inventory(&[OLD, ("TWO", true)], Some(LastUsed::Never)));
        bench
    };
    let effects = begun().done();
    let until = start() + SignedDuration::from_secs(1) + WAIT;
    assert_eq!(effects, [Effect::Record(Fact::RoomInactive { until }), Effect::Do(Task::Inventory)]);
    assert!(abandoned(&begun().fails(&denied())).contains("no room"));
    let mut bench = begun();
    let (lasted, effects) = bench.until_it_gives_in(&Outcome::Done(Err(offline())));
    assert!(abandoned(&effects).contains("no room"));
    assert_eq!(lasted, Bounds::default().change);
    let (mut bench, _) = Bench::taken_up(retire(), &[Fact::RoomInactive { until: start() }]);
    bench.outcome(inventory(&[OLD, ("TWO", false)], None));
    assert_eq!(bench.done(), [Effect::Record(Fact::RoomMade), Effect::Do(Task::Inventory)]);
    assert_eq!(facts(&bench.outcome(inventory(&[OLD], None))), [&Fact::Preparing]);
    // What the user had is named: the second key as long as it was there.
    let seen = Fact::CreateIntent { seen: vec!["OLD".into()] };
    assert_eq!(bench.done(), [Effect::Record(seen), Effect::Do(Task::Create)]);
}

#[test]
fn what_cannot_be_read_or_prepared_in_time_changes_nothing() {
    let (mut bench, _) = Bench::taken_up(planned(), &[]);
    let (lasted, effects) = bench.until_it_gives_in(&Outcome::Inventory(Err(offline())));
    assert_eq!(lasted, Bounds::default().preparation);
    assert!(abandoned(&effects).contains("could not be read"));
    let (mut bench, _) = Bench::taken_up(planned(), &[]);
    assert!(abandoned(&bench.outcome(Outcome::Inventory(Err(denied())))).contains("could not be read"));
    for (trouble, length) in [(offline(), Bounds::default().preparation), (Trouble::Disk("full".into()), Duration::ZERO)] {
        let (mut bench, _) = Bench::taken_up(planned(), &[]);
        bench.outcome(inventory(&[OLD], None));
        let (lasted, effects) = bench.until_it_gives_in(&Outcome::Done(Err(trouble)));
        assert_eq!(lasted, length);
        assert!(abandoned(&effects).contains("nothing was changed"));
        assert_eq!(bench.done(), [Effect::Record(Fact::Aborted { why: abandoned(&effects).to_owned() }), Effect::End]);
    }
}

/// A create names the user by a name that another one may have by now.
#[test]
fn whose_the_name_is_is_seen_right_before_a_key_is_made() {
    let locked = Trouble::Store(StoreError::new(StoreErrorKind::Changed, "store", "x"));
    let prepares = || {
        let (mut bench, _) = Bench::taken_up(planned(), &[]);
        bench.outcome(inventory(&[OLD], None));
        bench
    };
    let mut bench = prepares();
    let effects = bench.fails(&locked);
    assert_eq!(bench.wakes(&effects), [Effect::Do(Task::Prepare)]);
    assert_eq!(bench.done(), [Effect::Do(Task::Inventory)], "it took more than one attempt");
    assert_eq!(bench.outcome(inventory(&[OLD], None)), [Effect::Do(Task::Prepare)]);
    assert_eq!(*task(&bench.done()), Task::Create);
    for (length, next) in [(30, Task::Create), (31, Task::Inventory)] {
        let mut bench = prepares();
        bench.passes(Duration::from_secs(length));
        assert_eq!(*task(&bench.done()), next, "after {length} s");
    }
}
