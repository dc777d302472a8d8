//! The machine step by step, from the create to the promotion: these facts and this event, that next step.

use bartizan::domain::fault::FaultKind;
use bartizan::domain::rotation::{Choice, OtherKey, Phase};
use bartizan::rotation::machine::{
    Bounds, CheckTrouble, Effect, Event, Fact, Found, Outcome, Planned, Signer, Stranger, Task, Trouble,
};
use bartizan::rotation::service::{CheckFailed, CreateFailed, KeyFacts, Trace};
use bartizan::rotation::stores::{StoreError, StoreErrorKind};
use jiff::SignedDuration;

use super::bench::*;
use super::reality::{WAIT, fault, start};

const OLD: (&str, bool) = ("OLD", true);

/// A create that was announced by this process.
fn creating() -> Bench {
    let (mut bench, _) = Bench::taken_up(planned(), &[]);
    bench.outcome(inventory(&[OLD], None));
    assert_eq!(bench.done(), [Effect::Record(intent()), Effect::Do(Task::Create)]);
    bench
}

#[test]
fn a_create_is_never_repeated_without_a_look() {
    let mut bench = creating();
    let offline = || fault(FaultKind::Offline);
    assert_eq!(bench.outcome(Outcome::Created(Err(CreateFailed::Uncertain(offline())))), [Effect::Do(Task::Reconcile)]);
    let nothing = Found { user_id: "AIDAADA".into(), keys: vec![key("OLD", true)], escrowed: None };
    let (lasted, effects) = bench.until_it_gives_in(&Outcome::Found(Ok(nothing.clone())));
    assert_eq!(lasted, Bounds::default().reconcile);
    assert_eq!(facts(&effects), [&Fact::NotCreated { why: "no new key is listed".into() }]);
    assert_eq!(*task(&effects), Task::Inventory);
    // Three that came to nothing, and a person has to look.
    for _ in 0..2 {
        bench.outcome(inventory(&[OLD], None));
        assert_eq!(*task(&bench.done()), Task::Create);
        bench.outcome(Outcome::Created(Err(CreateFailed::Uncertain(offline()))));
        bench.until_it_gives_in(&Outcome::Found(Ok(nothing.clone())));
    }
    bench.outcome(inventory(&[OLD], None));
    assert_eq!(asked(&bench.done()).1, [Choice::Continue, Choice::Abort]);
    assert_eq!(*task(&bench.answer(Choice::Continue)), Task::Inventory);
}

#[test]
fn a_refused_create_is_over_and_a_throttled_one_is_announced_again() {
    let refused = |kind| Outcome::Created(Err(CreateFailed::Refused(fault(kind))));
    let full = FaultKind::Refused { code: "LimitExceeded".into() };
    assert!(abandoned(&creating().outcome(refused(full))).contains("two keys already"));
    let denied = FaultKind::Denied { action: "iam:CreateAccessKey".into() };
    assert!(abandoned(&creating().outcome(refused(denied))).contains("no key was made"));
    let mut bench = creating();
    for _ in 0..9 {
        let effects = bench.outcome(refused(FaultKind::Throttled { wait_ms: None }));
        assert!(matches!(facts(&effects)[..], [Fact::NotCreated { .. }]), "{effects:?}");
        assert_eq!(bench.wakes(&effects), [Effect::Do(Task::Inventory)]);
        bench.outcome(inventory(&[OLD], None));
        assert_eq!(facts(&bench.done()), [&intent()], "each attempt is announced");
    }
    assert!(abandoned(&bench.outcome(refused(FaultKind::Throttled { wait_ms: None }))).contains("no key could be made"));
}

/// What a look at the keys after an uncertain create leads to.
fn inspected(planned: Planned, facts: &[Fact], strangers: Vec<Stranger>) -> (Bench, Vec<Effect>) {
    let (mut bench, effects) = Bench::taken_up(planned, facts);
    assert_eq!(effects, [Effect::Do(Task::Reconcile)]);
    let found = strangers.iter().map(|stranger| key(&stranger.key, true));
    let keys: Vec<KeyFacts> = std::iter::once(key("OLD", true)).chain(found).collect();
    let ids = strangers.iter().map(|stranger| stranger.key.clone()).collect();
    let found = Outcome::Found(Ok(Found { user_id: "AIDAADA".into(), keys, escrowed: None }));
    assert_eq!(bench.outcome(found), [Effect::Do(Task::Inspect(ids))]);
    let effects = bench.outcome(Outcome::Strangers(Ok(strangers)));
    (bench, effects)
}

#[test]
fn only_a_key_that_is_surely_ours_is_removed_unasked() {
    let minutes = SignedDuration::from_mins;
    let second = SignedDuration::from_secs(1);
    let one = |change: fn(&mut Stranger)| {
        let mut stranger = orphan();
        change(&mut stranger);
        stranger
    };
    let of = |created| Stranger { created: Some(created), ..orphan() };
    let table = [
        (orphan(), true),
        (of(start() - minutes(5)), true),
        (of(start() - minutes(5) - second), false),
        (one(|stranger| stranger.created = None), false),
        (one(|stranger| stranger.last_used = Some(used(start()))), false),
        (one(|stranger| stranger.last_used = None), false),
        (one(|stranger| stranger.in_store = None), false),
        (one(|stranger| stranger.trace = Some(Trace::Foreign)), false),
        (one(|stranger| stranger.trace = Some(Trace::Ours)), true),
        (one(|stranger| stranger.trace = None), true),
    ];
    for (stranger, is_ours) in table {
        let (_, effects) = inspected(planned(), &upto::creating(), vec![stranger.clone()]);
        if is_ours {
            let intent = Effect::Record(Fact::OrphanIntent { key: "NEW1".into() });
            assert_eq!(effects, [intent, Effect::Do(status("NEW1", false, Signer::Console))], "{stranger:?}");
        } else {
            let (need, choices) = asked(&effects);
            assert!(need.contains("NEW1") && choices == [Choice::DeleteOrphan, Choice::Continue], "{stranger:?}: {effects:?}");
        }
    }
    // Of two nobody knows which one it is, and nobody makes two keys with one create.
    let two = Stranger { key: "NEW2".into(), ..orphan() };
    let (mut bench, effects) = inspected(planned(), &upto::creating(), vec![orphan(), two]);
    assert!(asked(&effects).0.contains("NEW1, NEW2"));
    assert_eq!(*task(&bench.answer(Choice::DeleteOrphan)), status("NEW2", false, Signer::Console));
    assert_eq!(bench.done(), [Effect::Do(delete("NEW2", Signer::Console))]);
    assert_eq!(bench.done(), [Effect::Record(Fact::OrphanGone { key: "NEW2".into() }), Effect::Do(Task::Inventory)]);
    assert_eq!(*task(&bench.outcome(inventory(&[OLD, ("NEW1", true)], None))), Task::Inspect(vec!["NEW1".into()]));
    asked(&bench.outcome(Outcome::Strangers(Ok(vec![orphan()]))));
}

#[test]
fn a_key_whose_secret_is_in_the_store_is_the_new_one_if_the_create_can_have_made_it() {
    let stored = || Stranger { in_store: Some(true), ..orphan() };
    for (planned, next) in [(planned(), Task::Check), (renewal(), Task::Lift)] {
        let (_, effects) = inspected(planned, &upto::creating(), vec![stored()]);
        assert_eq!(effects, [Effect::Record(Fact::Stored { key: "NEW1".into() }), Effect::Do(next)]);
    }
    let older = Stranger { created: Some(start() - SignedDuration::from_hours(1)), ..stored() };
    let foreign = Stranger { trace: Some(Trace::Foreign), ..stored() };
    for stranger in [older, foreign] {
        let (_, effects) = inspected(planned(), &upto::creating(), vec![stranger]);
        assert_eq!(asked(&effects).1, [Choice::DeleteOrphan, Choice::Continue]);
    }
}

#[test]
fn what_the_escrow_holds_is_the_new_key_unless_it_was_given_up() {
    let found = |keys: &[&str]| {
        let keys = keys.iter().map(|id| key(id, true)).collect();
        Outcome::Found(Ok(Found { user_id: "AIDAADA".into(), keys, escrowed: Some("NEW1".into()) }))
    };
    let (mut bench, _) = Bench::taken_up(planned(), &upto::creating());
    let escrowed = Effect::Record(Fact::Escrowed { key: "NEW1".into() });
    assert_eq!(bench.outcome(found(&["OLD", "NEW1"])), [escrowed.clone(), Effect::Do(Task::Store)]);
    let removed =
        [vec![intent(), Fact::OrphanIntent { key: "NEW1".into() }, Fact::OrphanGone { key: "NEW1".into() }, intent()]].concat();
    let (mut bench, _) = Bench::taken_up(planned(), &removed);
    let effects = bench.outcome(found(&["OLD"]));
    assert!(facts(&effects).is_empty() && matches!(effects[..], [Effect::Wait(..)]), "{effects:?}");
    // Nor is what this process still holds in memory.
    let mut bench = Bench::lying(planned(), &removed);
    assert_eq!(bench.step(Event::TakenUp { in_hand: Some("NEW1".into()) }), [Effect::Do(Task::Reconcile)]);
    let mut bench = Bench::lying(planned(), &removed);
    assert_eq!(bench.step(Event::TakenUp { in_hand: Some("NEW2".into()) }), [Effect::Do(Task::Escrow)]);
    assert_eq!(bench.done(), [Effect::Record(Fact::Escrowed { key: "NEW2".into() }), Effect::Do(Task::Store)]);
}

#[test]
fn an_orphan_goes_step_by_step_and_one_that_is_active_again_from_the_start() {
    let facts = [upto::creating(), vec![Fact::OrphanIntent { key: "NEW1".into() }]].concat();
    let (mut bench, effects) = Bench::taken_up(planned(), &facts);
    assert_eq!(effects, [Effect::Do(status("NEW1", false, Signer::Console))]);
    assert_eq!(bench.done(), [Effect::Do(delete("NEW1", Signer::Console))]);
    let (lasted, effects) = bench.until_it_gives_in(&Outcome::Done(Err(Trouble::StillActive)));
    assert_eq!((lasted, asked(&effects).1), (Bounds::default().change, &[Choice::Continue][..]));
    assert_eq!(*task(&bench.answer(Choice::Continue)), status("NEW1", false, Signer::Console));
    assert_eq!(asked(&bench.fails(&denied())).1, [Choice::Continue]);
}

#[test]
fn a_secret_goes_into_the_escrow_then_into_the_store() {
    let mut bench = creating();
    assert_eq!(bench.outcome(Outcome::Created(Ok("NEW1".into()))), [Effect::Do(Task::Escrow)]);
    assert_eq!(bench.done(), [Effect::Record(Fact::Escrowed { key: "NEW1".into() }), Effect::Do(Task::Store)]);
    assert_eq!(bench.done(), [Effect::Record(Fact::Stored { key: "NEW1".into() }), Effect::Do(Task::Check)]);
    // Without an escrow it goes into the store at once, and where neither takes it, the key goes.
    let no_escrow = || {
        let mut bench = creating();
        bench.outcome(Outcome::Created(Ok("NEW1".into())));
        assert_eq!(bench.fails(&Trouble::Disk("full".into())), [Effect::Do(Task::Store)]);
        bench
    };
    assert_eq!(no_escrow().done(), [Effect::Record(Fact::Stored { key: "NEW1".into() }), Effect::Do(Task::Check)]);
    let locked = Trouble::Store(StoreError::new(StoreErrorKind::Locked, "store", "locked"));
    let orphaned = Effect::Record(Fact::OrphanIntent { key: "NEW1".into() });
    assert_eq!(no_escrow().fails(&locked), [orphaned, Effect::Do(status("NEW1", false, Signer::Console))]);
    // With one it waits there.
    let (mut bench, effects) = Bench::taken_up(planned(), &upto::escrowed());
    assert_eq!(effects, [Effect::Do(Task::Store)]);
    let effects = bench.fails(&locked);
    assert!(asked(&effects).0.contains("escrow"));
    assert_eq!(asked(&effects).1, [Choice::Continue, Choice::RollBack]);
    assert_eq!(*task(&bench.answer(Choice::Continue)), Task::Store);
    assert!(asked(&bench.fails(&Trouble::SecretLost("gone".into()))).0.contains("lost"));
}

/// A new key that is being proven.
fn proving() -> Bench {
    let (bench, effects) = Bench::taken_up(planned(), &upto::stored());
    assert_eq!(effects, [Effect::Do(Task::Check)]);
    bench
}

#[test]
fn a_key_is_proven_by_three_checks_in_a_row_and_each_failure_begins_the_count_anew() {
    let failures: [CheckTrouble; 4] = [
        unknown(),
        CheckTrouble::Key(CheckFailed::Call(fault(FaultKind::Offline))),
        CheckTrouble::NotInStore("gone".into()),
        CheckTrouble::Store(StoreError::new(StoreErrorKind::Other, "store", "luck")),
    ];
    for failure in failures {
        let mut bench = proving();
        for _ in 0..2 {
            let effects = bench.checked(Ok(()));
            assert!(matches!(effects[..], [Effect::Wait(_, Some(spacing))] if spacing == Bounds::default().spacing));
            assert_eq!(bench.wakes(&effects), [Effect::Do(Task::Check)]);
        }
        let effects = bench.checked(Err(failure.clone()));
        if *task(&bench.wakes(&effects)) == Task::Store {
            assert_eq!(bench.done(), [Effect::Do(Task::Check)]);
        }
        assert_eq!(bench.machine.checks(), (0, 3), "{failure:?}");
        for nth in 1..=2 {
            let effects = bench.checked(Ok(()));
            assert_eq!(bench.machine.checks(), (nth, 3), "{failure:?}");
            bench.wakes(&effects);
        }
        assert_eq!(bench.checked(Ok(())), [Effect::Record(Fact::Verified), Effect::Do(Task::Promote)], "{failure:?}");
    }
    // Another process counts for itself.
    let mut bench = proving();
    let effects = bench.checked(Ok(()));
    bench.wakes(&effects);
    bench.step(Event::TakenUp { in_hand: None });
    assert_eq!(bench.machine.checks(), (0, 3));
}

#[test]
fn a_key_that_does_not_work_in_time_is_asked_about() {
    let mut bench = proving();
    let (lasted, effects) = bench.until_it_gives_in(&Outcome::Checked(Err(unknown())));
    assert_eq!((lasted, asked(&effects).1), (Bounds::default().propagation, &[Choice::Continue, Choice::RollBack][..]));
    assert_eq!(*task(&bench.answer(Choice::Continue)), Task::Check);
    let clock = CheckTrouble::Key(CheckFailed::Clock(fault(FaultKind::ClockSkew)));
    asked(&proving().checked(Err(clock)));
    // What is in the store is not what AWS gave: once more from the escrow, where there is one.
    let wrong = || CheckTrouble::Key(CheckFailed::WrongSecret(fault(FaultKind::UnknownIdentity)));
    for trouble in [wrong(), CheckTrouble::NotInStore("gone".into())] {
        let mut bench = proving();
        let effects = bench.checked(Err(trouble.clone()));
        assert_eq!(bench.wakes(&effects), [Effect::Do(Task::Store)]);
        let (mut bench, _) = Bench::taken_up(with_other(OtherKey::Adopt), &upto::adopted());
        let effects = bench.checked(Err(trouble));
        assert_eq!(bench.wakes(&effects), [Effect::Do(Task::Check)]);
    }
    // A key that has not arrived is asked for in a steady beat; other troubles are given time.
    let pauses = |trouble: &dyn Fn() -> CheckTrouble| {
        let mut bench = proving();
        let mut pauses = Vec::new();
        for _ in 0..9 {
            let effects = bench.checked(Err(trouble()));
            let Some(Effect::Wait(_, Some(pause))) = effects.last() else { panic!("{effects:?}") };
            pauses.push(pause.as_secs());
            bench.wakes(&effects);
        }
        pauses
    };
    assert_eq!(pauses(&unknown), [1, 1, 1, 1, 1, 1, 1, 1, 2]);
    assert_eq!(pauses(&|| CheckTrouble::Key(CheckFailed::Call(fault(FaultKind::Offline)))), [1, 2, 4, 8, 10, 10, 10, 10, 10]);
}

/// Each job has its own time.
#[test]
fn what_one_job_took_is_not_taken_from_the_next() {
    let mut bench = proving();
    for _ in 0..20 {
        let effects = bench.checked(Err(unknown()));
        bench.wakes(&effects);
    }
    for _ in 0..2 {
        let effects = bench.checked(Ok(()));
        bench.wakes(&effects);
    }
    assert_eq!(*task(&bench.checked(Ok(()))), Task::Promote);
    let (lasted, _) = bench.until_it_gives_in(&Outcome::Done(Err(offline())));
    assert_eq!(lasted, Bounds::default().change);
    assert_eq!(*task(&bench.answer(Choice::Continue)), Task::Promote);
    let (lasted, _) = bench.until_it_gives_in(&Outcome::Done(Err(offline())));
    assert_eq!(lasted, Bounds::default().change, "once more from the beginning");
}

#[test]
fn a_renewal_lifts_the_policies_before_it_proves_the_key_and_is_not_done_without() {
    let (mut bench, effects) = Bench::taken_up(renewal(), &upto::stored());
    assert_eq!(effects, [Effect::Do(Task::Lift)]);
    assert_eq!(bench.done(), [Effect::Do(Task::Check)]);
    let (mut bench, _) = Bench::taken_up(renewal(), &upto::stored());
    assert_eq!(asked(&bench.fails(&denied())).1, [Choice::Continue, Choice::RollBack]);
    assert_eq!(*task(&bench.answer(Choice::Continue)), Task::Lift);
    let (lasted, _) = bench.until_it_gives_in(&Outcome::Done(Err(offline())));
    assert_eq!(lasted, Bounds::default().change);
    // The next process lifts them once more: that is no fact of its own.
    assert_eq!(bench.step(Event::TakenUp { in_hand: None }), [Effect::Do(Task::Lift)]);
}

#[test]
fn a_promotion_begins_the_soak_and_a_renewal_waits_for_a_word() {
    let until = start() + SignedDuration::from_secs(1) + WAIT;
    let (mut bench, effects) = Bench::taken_up(planned(), &upto::verified());
    assert_eq!(effects, [Effect::Do(Task::Promote)]);
    let effects = bench.done();
    assert_eq!((facts(&effects), waits_until(&effects)), (vec![&Fact::Promoted { until }], until));
    let (mut bench, _) = Bench::taken_up(planned(), &upto::verified());
    assert_eq!(asked(&bench.fails(&denied())).1, [Choice::Continue, Choice::RollBack]);
    let choices = [Choice::SkipWait, Choice::RollBack, Choice::Abort];
    let (mut bench, _) = Bench::taken_up(renewal(), &upto::verified());
    let effects = bench.done();
    assert_eq!(asked(&effects).1, choices);
    assert_eq!(bench.machine.book().phase, Phase::Observing);
    assert!(!facts(&effects).contains(&&Fact::DeactivateIntent));
    // A process that ends between the two facts changes nothing about that.
    let (bench, effects) = Bench::taken_up(renewal(), &upto::soaking());
    assert_eq!((asked(&effects).1, bench.machine.book().phase), (&choices[..], Phase::Observing));
}
