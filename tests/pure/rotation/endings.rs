//! The machine step by step, from the soak to the end: these facts and this event, that next step.

use std::time::Duration;

use bartizan::domain::fault::FaultKind;
use bartizan::domain::key::LastUsed;
use bartizan::domain::rotation::{Choice, OtherKey, Phase};
use bartizan::rotation::machine::{Book, Bounds, CheckTrouble, Effect, Event, Fact, Outcome, Planned, Signer, Task, Trouble};
use bartizan::rotation::service::CheckFailed;
use jiff::SignedDuration;

use super::bench::*;
use super::reality::{WAIT, fault, start};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

#[test]
fn a_wait_is_over_at_its_end_and_not_before() {
    for facts in [upto::soaking(), upto::observing()] {
        let (_, effects) = after(planned(), &facts, WAIT - SECOND);
        assert_eq!(waits_until(&effects), start() + WAIT);
        let (_, effects) = after(planned(), &facts, WAIT);
        assert_eq!(effects, [Effect::Do(Task::LastUsed)]);
    }
    // Who wanted no wait wants no look at the old key either.
    let hurried = || Planned { soak: SignedDuration::ZERO, observe: SignedDuration::ZERO, ..planned() };
    for facts in [upto::soaking(), upto::observing()] {
        assert_eq!(after(hurried(), &facts, WAIT).1, [Effect::Do(Task::Check)]);
    }
    // The old key is looked at meanwhile, every quarter of an hour.
    let day = Fact::Promoted { until: start() + SignedDuration::from_hours(24) };
    let (mut bench, effects) = after(planned(), &[upto::verified(), vec![day]].concat(), SECOND);
    assert!(matches!(effects[..], [Effect::Wait(_, Some(length))] if length == Bounds::default().watch), "{effects:?}");
    assert_eq!(bench.wakes(&effects), [Effect::Do(Task::LastUsed)]);
}

#[test]
fn a_clock_that_has_gone_back_is_asked_about_until_somebody_says_that_it_is_right() {
    let tolerance = Bounds::default().clock_tolerance;
    for facts in [upto::soaking(), upto::observing()] {
        assert_eq!(waits_until(&after(planned(), &facts, -tolerance).1), start() + WAIT);
        let (mut bench, effects) = after(planned(), &facts, -tolerance - SECOND);
        assert!(asked(&effects).0.contains("clock"), "{effects:?}");
        assert_eq!(asked(&effects).1, [Choice::Continue]);
        // The next process finds the same.
        assert!(asked(&bench.step(Event::TakenUp { in_hand: None })).0.contains("clock"));
        assert_eq!(waits_until(&bench.answer(Choice::Continue)), start() + WAIT);
        assert_eq!(waits_until(&bench.step(Event::TakenUp { in_hand: None })), start() + WAIT);
    }
}

/// A look at the old key at the end of its soak found this.
fn looked(planned: Planned, facts: &[Fact], found: LastUsed) -> (Bench, Vec<Effect>) {
    let (mut bench, effects) = after(planned, facts, WAIT);
    assert_eq!(effects, [Effect::Do(Task::LastUsed)]);
    let effects = bench.outcome(Outcome::LastUsed(Ok(found)));
    (bench, effects)
}

#[test]
fn a_use_makes_the_wait_longer_once() {
    for facts_before in [upto::soaking(), upto::observing()] {
        for found in [LastUsed::Never, used(start() - SECOND), used(start())] {
            assert_eq!(looked(planned(), &facts_before, found).1, [Effect::Do(Task::Check)]);
        }
        let when = start() + SECOND * 50;
        let (mut bench, effects) = looked(planned(), &facts_before, used(when));
        assert_eq!(facts(&effects), [&Fact::Extended { until: when + WAIT, used: when }]);
        assert_eq!(waits_until(&effects), when + WAIT);
        // The same one again, before and at the end.
        assert_eq!(bench.wakes(&effects), [Effect::Do(Task::LastUsed)]);
        assert_eq!(bench.outcome(Outcome::LastUsed(Ok(used(when)))), [Effect::Do(Task::Check)]);
        // The console's own calls are no stranger's.
        assert_eq!(looked(own(), &facts_before, used(when)).1, [Effect::Do(Task::Check)]);
    }
    let (mut bench, _) = after(planned(), &upto::soaking(), WAIT);
    bench.now.utc = start() + SECOND * 10;
    assert_eq!(waits_until(&bench.outcome(Outcome::LastUsed(Ok(LastUsed::Never)))), start() + WAIT, "it is not over yet");
}

#[test]
fn a_key_that_goes_on_being_used_is_asked_about() {
    for (facts, back) in [(upto::soaking(), Choice::RollBack), (upto::observing(), Choice::Reactivate)] {
        let (mut bench, _) = after(planned(), &facts, SECOND);
        for nth in 1..=4 {
            let effects = bench.step(Event::Woke);
            assert_eq!(*task(&effects), Task::LastUsed);
            bench.passes(Duration::from_secs(10));
            let effects = bench.outcome(Outcome::LastUsed(Ok(used(bench.now.utc))));
            match nth {
                1..=3 => assert_eq!(waits_until(&effects), bench.now.utc + WAIT),
                _ => assert_eq!(asked(&effects).1, [Choice::Continue, Choice::SkipWait, back]),
            }
        }
    }
}

#[test]
fn a_use_that_cannot_be_read_is_looked_for_again_and_then_asked_about() {
    for (facts, back) in [(upto::soaking(), Choice::RollBack), (upto::observing(), Choice::Reactivate)] {
        let (mut bench, _) = after(planned(), &facts, SECOND);
        bench.step(Event::Woke);
        assert_eq!(waits_until(&bench.outcome(Outcome::LastUsed(Err(denied())))), start() + WAIT, "there is time");
        let (mut bench, _) = after(planned(), &facts, WAIT);
        let (lasted, effects) = bench.until_it_gives_in(&Outcome::LastUsed(Err(offline())));
        assert_eq!((lasted, asked(&effects).1), (Bounds::default().change, &[Choice::Continue, back][..]));
        assert_eq!(*task(&bench.answer(Choice::Continue)), Task::Check);
        let (mut bench, _) = after(planned(), &facts, WAIT);
        asked(&bench.outcome(Outcome::LastUsed(Err(denied()))));
    }
}

/// The old key is touched only after the new one has worked once more, and by whom it has to be.
#[test]
fn each_step_against_the_old_key_follows_a_check() {
    for (planned, signer) in [(planned(), Signer::Console), (own(), Signer::NewKey)] {
        let (mut bench, effects) = looked(planned.clone(), &upto::soaking(), LastUsed::Never);
        assert_eq!(effects, [Effect::Do(Task::Check)]);
        let off = Effect::Do(status("OLD", false, signer));
        assert_eq!(bench.checked(Ok(())), [Effect::Record(Fact::DeactivateIntent), off.clone()]);
        // Then the new one has to work without it.
        assert_eq!(bench.done(), [Effect::Do(Task::Check)]);
        let until = start() + WAIT * 2;
        let effects = bench.checked(Ok(()));
        assert_eq!((facts(&effects), waits_until(&effects)), (vec![&Fact::Deactivated { until }], until));
        // The next process deactivates it again before it believes that.
        let (mut bench, effects) = Bench::taken_up(planned.clone(), &upto::deactivating());
        assert_eq!(effects, [Effect::Do(Task::Check)]);
        assert_eq!(bench.checked(Ok(())), [off]);
        let (mut bench, effects) = looked(planned.clone(), &upto::observing(), LastUsed::Never);
        assert_eq!(effects, [Effect::Do(Task::Check)]);
        let gone = Effect::Do(delete("OLD", signer));
        assert_eq!(bench.checked(Ok(())), [Effect::Record(Fact::DeleteIntent), gone.clone()]);
        assert_eq!(bench.done(), [Effect::Record(Fact::Deleted), Effect::Do(Task::Finish(Some("OLD".into())))]);
        assert_eq!(bench.done(), [Effect::Record(Fact::Done), Effect::End]);
        let (mut bench, effects) = Bench::taken_up(planned.clone(), &upto::deleting());
        assert_eq!(effects, [Effect::Do(Task::Check)]);
        assert_eq!(bench.checked(Ok(())), [gone]);
        let deleted = [upto::deleting(), vec![Fact::Deleted]].concat();
        let (mut bench, effects) = Bench::taken_up(planned, &deleted);
        assert_eq!(effects, [Effect::Do(Task::Finish(Some("OLD".into())))]);
        assert_eq!(asked(&bench.fails(&Trouble::Disk("full".into()))).1, [Choice::Continue]);
    }
}

#[test]
fn a_new_key_that_fails_stops_everything_and_without_the_old_one_brings_that_back() {
    let call = || CheckTrouble::Key(CheckFailed::Call(fault(FaultKind::Offline)));
    let wrong = || CheckTrouble::Key(CheckFailed::WrongUser("eve".into()));
    for (facts, trouble, choices) in [
        (upto::soaking(), unknown(), [Choice::Continue, Choice::RollBack]),
        (upto::deactivating(), call(), [Choice::Continue, Choice::Reactivate]),
        (upto::observing(), unknown(), [Choice::Continue, Choice::Reactivate]),
        (upto::deleting(), unknown(), [Choice::Continue, Choice::Reactivate]),
    ] {
        let (mut bench, _) =
            after(Planned { soak: SignedDuration::ZERO, observe: SignedDuration::ZERO, ..planned() }, &facts, WAIT);
        let (lasted, effects) = bench.until_it_gives_in(&Outcome::Checked(Err(trouble)));
        assert_eq!((lasted, asked(&effects).1), (Bounds::default().change, &choices[..]), "{facts:?}");
        assert_eq!(*task(&bench.answer(Choice::Continue)), Task::Check);
    }
    for trouble in [unknown(), wrong(), CheckTrouble::Key(CheckFailed::WrongSecret(fault(FaultKind::UnknownIdentity)))] {
        let (mut bench, _) = Bench::taken_up(own(), &upto::deactivating());
        let (_, effects) = bench.until_it_gives_in(&Outcome::Checked(Err(trouble)));
        assert!(matches!(facts(&effects)[..], [Fact::ReactivateIntent { .. }]), "{effects:?}");
        assert_eq!(*task(&effects), status("OLD", true, Signer::NewKey));
        let effects = bench.done();
        assert_eq!(asked(&effects).1, [Choice::Continue, Choice::RollBack, Choice::Abort]);
        // Then the whole soak once more, on the operator's word; the next process asks, too.
        assert_eq!(asked(&bench.step(Event::TakenUp { in_hand: None })).1, [Choice::Continue, Choice::RollBack, Choice::Abort]);
        let until = bench.now.utc + WAIT;
        let effects = bench.answer(Choice::Continue);
        assert!(facts(&effects).contains(&&Fact::WaitSet { until }), "{effects:?}");
        assert_eq!(waits_until(&effects), until);
    }
}

#[test]
fn what_cannot_be_deactivated_is_undone_and_who_cannot_sign_is_replaced() {
    for trouble in [denied(), Trouble::SecretLost("no new key".into())] {
        let (mut bench, _) = Bench::taken_up(planned(), &upto::deactivating());
        bench.checked(Ok(()));
        let effects = bench.fails(&trouble);
        assert!(matches!(facts(&effects)[..], [Fact::ReactivateIntent { .. }]), "{effects:?}");
        assert_eq!(*task(&effects), status("OLD", true, Signer::Console));
    }
    let (mut bench, _) = Bench::taken_up(planned(), &upto::deactivating());
    bench.checked(Ok(()));
    let (lasted, effects) = bench.until_it_gives_in(&Outcome::Done(Err(offline())));
    assert_eq!((lasted, task(&effects)), (Bounds::default().change, &status("OLD", true, Signer::Console)));
    let reactivating = || [upto::deactivating(), vec![Fact::ReactivateIntent { why: "x".into() }]].concat();
    for trouble in [dead_key(), Trouble::SecretLost("no new key".into())] {
        let (mut bench, effects) = Bench::taken_up(own(), &reactivating());
        assert_eq!(effects, [Effect::Do(status("OLD", true, Signer::NewKey))]);
        let effects = bench.fails(&trouble);
        assert_eq!(bench.wakes(&effects), [Effect::Do(status("OLD", true, Signer::Console))]);
    }
    let (mut bench, _) = Bench::taken_up(planned(), &reactivating());
    assert_eq!(asked(&bench.fails(&denied())).1, [Choice::Continue, Choice::Abort]);
    assert_eq!(*task(&bench.answer(Choice::Continue)), status("OLD", true, Signer::Console));
}

#[test]
fn a_deletion_that_fails_leaves_it_inactive_and_one_of_an_active_key_brings_it_back() {
    let deleting = |planned: Planned| {
        let (mut bench, _) = Bench::taken_up(planned, &upto::deleting());
        bench.checked(Ok(()));
        bench
    };
    let effects = deleting(planned()).fails(&denied());
    assert_eq!(facts(&effects)[0], &Fact::NotDeleted);
    assert_eq!(asked(&effects).1, [Choice::Continue, Choice::Reactivate, Choice::Abort]);
    let mut bench = deleting(planned());
    let (lasted, effects) = bench.until_it_gives_in(&Outcome::Done(Err(Trouble::StillActive)));
    assert_eq!(lasted, Bounds::default().change, "the list may be old");
    assert!(matches!(facts(&effects)[..], [Fact::ReactivateIntent { .. }]), "{effects:?}");
    assert_eq!(*task(&effects), status("OLD", true, Signer::Console));
    // In a renewal nothing makes it active.
    let (_, effects) = deleting(renewal()).until_it_gives_in(&Outcome::Done(Err(Trouble::StillActive)));
    assert_eq!(asked(&effects).1, [Choice::Continue, Choice::Abort]);
    let effects = deleting(renewal()).fails(&denied());
    assert_eq!(asked(&effects).1, [Choice::Continue, Choice::Abort]);
    for facts in [upto::deactivating(), upto::observing(), upto::deleting()] {
        let (mut bench, _) = Bench::taken_up(renewal(), &facts);
        assert_eq!(asked(&bench.answer(Choice::Reactivate)).1, [Choice::Continue, Choice::Abort]);
    }
}

#[test]
fn the_book_is_the_sum_of_its_facts() {
    let book = |facts: Vec<Fact>| Bench::lying(planned(), &facts).machine.book().clone();
    let again = |fact: Fact| [upto::deleting(), vec![fact]].concat();
    assert_eq!(book(again(Fact::NotDeleted)).phase, Phase::Observing);
    assert!(book(again(Fact::Deleted)).is_deleted);
    let extended = Fact::Extended { until: start() + WAIT, used: start() };
    let book_of = book([upto::soaking(), vec![extended.clone(), extended.clone()]].concat());
    assert_eq!((book_of.extensions, book_of.old_last_used), (2, Some(start())));
    let observed = [upto::soaking(), vec![extended], upto::observing()[upto::soaking().len()..].to_vec()].concat();
    assert_eq!(book(observed).extensions, 0, "the observation counts its own");
    let gone = [upto::creating(), vec![Fact::OrphanIntent { key: "A".into() }, Fact::OrphanGone { key: "A".into() }]].concat();
    let book_of = book(gone);
    assert_eq!((book_of.phase, book_of.orphan, book_of.removed), (Phase::Preflight, None, vec!["A".to_owned()]));
    assert!(book(upto::escrowed()).escrowed && !book(upto::adopted()).escrowed);
    let first = Fact::Planned(Box::new(planned()));
    let (later, back) = (start() + SECOND * 9, start() + SECOND);
    let waiting = Fact::Waiting { need: "x".into(), choices: vec![] };
    let answered = Fact::Answered { choice: Choice::Continue };
    let of = |facts: &[(&Fact, jiff::Timestamp)]| Book::of(facts.iter().copied()).unwrap();
    assert_eq!(of(&[(&first, start()), (&Fact::Preparing, later), (&waiting, back)]).last, later);
    assert_eq!(of(&[(&first, start()), (&Fact::Preparing, later), (&answered, back)]).last, back);
    assert!(of(&[(&first, start()), (&waiting, later)]).waiting.is_some());
    assert!(of(&[(&first, start()), (&waiting, later), (&answered, later)]).waiting.is_none());
    assert!(Book::of([(&Fact::Preparing, start())]).is_none());
    let knows = |planned: Planned| {
        ["OLD", "NEW1", "TWO", "X"].map(|id| Bench::lying(planned.clone(), &upto::stored()).machine.book().knows(id))
    };
    assert_eq!(knows(planned()), [true, true, false, false]);
    assert_eq!(knows(with_other(OtherKey::Retire)), [true, true, true, false]);
}

#[test]
fn which_troubles_may_pass() {
    use bartizan::rotation::stores::{StoreError, StoreErrorKind};
    let call = |kind| Trouble::Call(fault(kind));
    let store = |kind| Trouble::Store(StoreError::new(kind, "store", "x"));
    for passing in [
        call(FaultKind::Throttled { wait_ms: None }),
        call(FaultKind::Offline),
        call(FaultKind::TimedOut),
        call(FaultKind::Malformed),
        call(FaultKind::Unavailable),
        call(FaultKind::Expired),
        call(FaultKind::UnknownIdentity),
        store(StoreErrorKind::Changed),
        Trouble::NotSeen("x".into()),
        Trouble::StillActive,
    ] {
        assert!(passing.may_pass(), "{passing:?}");
    }
    for lasting in [
        call(FaultKind::Denied { action: "x".into() }),
        call(FaultKind::NotFound),
        call(FaultKind::RegionDisabled),
        store(StoreErrorKind::Locked),
        store(StoreErrorKind::Full),
        Trouble::Disk("x".into()),
        Trouble::SecretLost("x".into()),
        Trouble::Foreign("x".into()),
    ] {
        assert!(!lasting.may_pass(), "{lasting:?}");
    }
    for of_signer in [dead_key(), call(FaultKind::RegionDisabled), Trouble::SecretLost("x".into())] {
        assert!(of_signer.is_of_signer(), "{of_signer:?}");
    }
    assert!(!offline().is_of_signer() && !denied().is_of_signer());
    assert_eq!((1..=6).map(|nth| Bounds::default().pause(nth).as_secs()).collect::<Vec<_>>(), [1, 2, 4, 8, 10, 10]);
}
