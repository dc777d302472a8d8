//! The machine step by step on its way back, and what a person can say when: these facts and this event, that next step.

use bartizan::domain::rotation::{Choice, OtherKey};
use bartizan::rotation::machine::{Bounds, Effect, Event, Fact, Outcome, Planned, Signer, Task, Trouble};
use jiff::SignedDuration;

use super::bench::*;
use super::reality::start;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

#[test]
fn a_roll_back_has_the_old_key_active_first_and_then_the_new_one_goes() {
    let off = || Effect::Do(status("NEW1", false, Signer::Console));
    // Nobody was served the new key: there is nothing to be done to the old one.
    for facts in [upto::escrowed(), upto::stored(), upto::verified()] {
        let mut bench = Bench::lying(planned(), &facts);
        assert_eq!(bench.answer(Choice::RollBack).last(), Some(&off()));
        assert_eq!(bench.done(), [Effect::Do(delete("NEW1", Signer::Console))]);
        let finish = Effect::Do(Task::Finish(Some("NEW1".into())));
        assert_eq!(bench.done(), [Effect::Record(Fact::RolledBack), finish.clone()]);
        assert_eq!(bench.step(Event::TakenUp { in_hand: None }), [finish], "the next process does not begin anew");
        assert_eq!(bench.done().last(), Some(&Effect::End));
    }
    let reactivated = [upto::deactivating(), vec![Fact::ReactivateIntent { why: "x".into() }, Fact::Reactivated]].concat();
    for facts in [upto::soaking(), upto::observing(), reactivated] {
        for (planned, signer) in [(planned(), Signer::Console), (own(), Signer::NewKey)] {
            let mut bench = Bench::lying(planned, &facts);
            assert_eq!(*task(&bench.answer(Choice::RollBack)), status("OLD", true, signer));
            assert_eq!(bench.done(), [Effect::Do(Task::Demote)]);
            assert_eq!(bench.done(), [off()]);
        }
    }
    // A leaked key stays inactive and is served to nobody.
    let mut bench = Bench::lying(renewal(), &upto::observing());
    assert_eq!(*task(&bench.answer(Choice::RollBack)), Task::Demote);
    assert_eq!(bench.done(), [off()]);
}

#[test]
fn a_roll_back_leaves_an_adopted_key_as_it_is() {
    let rest = upto::observing()[upto::stored().len()..].to_vec();
    for facts in [upto::adopted(), [upto::adopted(), rest].concat()] {
        for renew in [false, true] {
            let mut bench = Bench::lying(Planned { renew, ..with_other(OtherKey::Adopt) }, &facts);
            let mut effects = bench.answer(Choice::RollBack);
            for _ in 0..5 {
                let next = task(&effects).clone();
                match &next {
                    Task::Finish(None) => break,
                    Task::Demote => {}
                    Task::SetStatus { key, active: true, .. } if key == "OLD" && !renew => {}
                    other => panic!("{other:?}"),
                }
                effects = bench.done();
            }
            assert_eq!(*task(&effects), Task::Finish(None), "its secret stays, too");
            assert_eq!(bench.done().last(), Some(&Effect::End));
        }
    }
    // One that was retired is no adopted one.
    let facts = [vec![Fact::RoomMade], upto::stored()].concat();
    let mut bench = Bench::lying(with_other(OtherKey::Retire), &facts);
    assert_eq!(*task(&bench.answer(Choice::RollBack)), status("NEW1", false, Signer::Console));
}

#[test]
fn a_roll_back_that_fails_is_asked_about_and_loses_no_secret() {
    let rolling = |facts: Vec<Fact>| [facts, vec![Fact::RollBackIntent { why: "x".into() }]].concat();
    let (mut bench, _) = Bench::taken_up(planned(), &rolling(upto::stored()));
    assert_eq!(asked(&bench.fails(&denied())).1, [Choice::Continue, Choice::Abort]);
    assert_eq!(*task(&bench.answer(Choice::Continue)), status("NEW1", false, Signer::Console));
    let (lasted, _) = bench.until_it_gives_in(&Outcome::Done(Err(offline())));
    assert_eq!(lasted, Bounds::default().change);
    // The escrow alone has the secret, and it goes with the rotation.
    let (mut bench, _) = Bench::taken_up(planned(), &rolling(upto::escrowed()));
    assert_eq!(asked(&bench.fails(&denied())).1, [Choice::Continue]);
    for trouble in [dead_key(), Trouble::SecretLost("no new key".into())] {
        let (mut bench, effects) = Bench::taken_up(own(), &rolling(upto::observing()));
        assert_eq!(effects, [Effect::Do(status("OLD", true, Signer::NewKey))]);
        let effects = bench.fails(&trouble);
        assert_eq!(bench.wakes(&effects), [Effect::Do(status("OLD", true, Signer::Console))]);
    }
    // What somebody has made active is made inactive before it is deleted.
    let (mut bench, _) = Bench::taken_up(planned(), &rolling(upto::stored()));
    bench.done();
    bench.until_it_gives_in(&Outcome::Done(Err(Trouble::StillActive)));
    assert_eq!(*task(&bench.answer(Choice::Continue)), status("NEW1", false, Signer::Console));
    // Where nothing was made, what is left of the preparations keeps nobody.
    let (mut bench, effects) = Bench::taken_up(planned(), &rolling(vec![Fact::Preparing]));
    assert_eq!(effects, [Effect::Do(Task::Finish(None))]);
    assert_eq!(bench.fails(&denied()), [Effect::Record(Fact::Aborted { why: "x".into() }), Effect::End]);
}

#[test]
fn what_can_be_answered_and_left_depends_on_the_phase() {
    use Choice::{Abort, Reactivate, RollBack, SkipWait};
    let orphan = || [upto::creating(), vec![Fact::OrphanIntent { key: "NEW1".into() }]].concat();
    let reactivating = || [upto::deactivating(), vec![Fact::ReactivateIntent { why: "x".into() }]].concat();
    let reactivated = || [reactivating(), vec![Fact::Reactivated]].concat();
    let rolling = || [upto::soaking(), vec![Fact::RollBackIntent { why: "x".into() }]].concat();
    let table = [
        (vec![], vec![Abort], true),
        (vec![Fact::Preparing], vec![Abort], true),
        (vec![Fact::RoomIntent], vec![Abort], false),
        (vec![Fact::RoomInactive { until: start() }], vec![Abort], true),
        (vec![Fact::RoomDeleteIntent], vec![Abort], false),
        (upto::creating(), vec![], false),
        (orphan(), vec![], false),
        (upto::escrowed(), vec![RollBack], true),
        (upto::stored(), vec![RollBack], true),
        (upto::verified(), vec![RollBack], true),
        (upto::soaking(), vec![SkipWait, RollBack, Abort], true),
        (upto::deactivating(), vec![], false),
        (reactivating(), vec![], false),
        (reactivated(), vec![SkipWait, RollBack, Abort], true),
        (upto::observing(), vec![SkipWait, Reactivate, RollBack, Abort], true),
        (upto::deleting(), vec![], false),
        (rolling(), vec![], false),
    ];
    for (facts, choices, may_be_left) in table {
        let bench = Bench::lying(planned(), &facts);
        assert_eq!((bench.machine.choices(), bench.machine.may_be_left()), (choices, may_be_left), "{facts:?}");
    }
    assert_eq!(Bench::lying(renewal(), &upto::observing()).machine.choices(), [SkipWait, RollBack, Abort]);
    // Asked, it can be left, and nothing but the answer counts.
    let (mut bench, _) = Bench::taken_up(planned(), &rolling());
    bench.fails(&denied());
    assert_eq!((bench.machine.choices(), bench.machine.may_be_left()), (vec![Choice::Continue, Abort], true));
}

#[test]
fn the_operator_ends_a_wait_or_leaves_everything_as_it_is() {
    let (mut bench, _) = after(planned(), &upto::soaking(), SECOND);
    let effects = bench.answer(Choice::SkipWait);
    let until = start() + SECOND;
    assert_eq!(facts(&effects), [&Fact::Answered { choice: Choice::SkipWait }, &Fact::WaitSet { until }]);
    assert_eq!(*task(&effects), Task::Check);
    // A word that was given before a renewal had come so far ends no wait: what it deletes is asked about once more.
    let mut bench = Bench::lying(renewal(), &upto::soaking());
    assert_eq!(*task(&bench.answer(Choice::SkipWait)), Task::Check);
    assert_eq!(asked(&bench.checked(Ok(()))).1, [Choice::SkipWait, Choice::RollBack, Choice::Abort]);
    // A renewal deletes the old key on that word alone.
    let (mut bench, _) = after(renewal(), &upto::observing(), SECOND);
    assert_eq!(*task(&bench.answer(Choice::SkipWait)), Task::Check);
    assert_eq!(*task(&bench.checked(Ok(()))), delete("OLD", Signer::Console));
    let (mut bench, _) = after(planned(), &upto::soaking(), SECOND);
    let effects = bench.answer(Choice::Abort);
    assert!(matches!(effects[..], [_, Effect::Record(Fact::Aborted { .. }), Effect::End]), "{effects:?}");
    // Before there is a key, what was prepared is cleared away.
    let (mut bench, _) = Bench::taken_up(planned(), &[Fact::Preparing]);
    assert_eq!(*task(&bench.answer(Choice::Abort)), Task::Finish(None));
}
