//! The machine of key rotation under random luck: every call may fail, be lost after it was done, or end the process, the disk may be full,
//! and other people do what they like with the user and its keys.

mod back;
mod bench;
mod endings;
mod making;
mod reality;
mod steps;

use bartizan::domain::fault::FaultKind;
use bartizan::domain::key::LastUsed;
use bartizan::domain::rotation::{Phase, Wait};
use bartizan::rotation::machine::{
    Book, Bounds, CheckTrouble, Effect, Event, Found, Inventory, Machine, Outcome, Stranger, Task, Trouble,
};
use bartizan::rotation::service::{CheckFailed, CreateFailed};
use bartizan::rotation::stores::{StoreError, StoreErrorKind};
use proptest::prelude::*;
use reality::{Deed, Plot, Reality, fault};

/// What a call's luck is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Luck {
    Good,
    /// It fails and nothing was done.
    Fails,
    /// It is done, and the answer is lost.
    DoneAndLost,
    /// AWS or the store says no, for good; the disk is full.
    Refused,
    /// The process dies before it.
    DiesBefore,
    /// The process dies after it.
    DiesAfter,
}

fn refused(luck: Luck) -> Trouble {
    let kind = if luck == Luck::Refused { FaultKind::Denied { action: "iam:X".into() } } else { FaultKind::Offline };
    Trouble::Call(fault(kind))
}

fn store_trouble(luck: Luck) -> Trouble {
    let kind = if luck == Luck::Refused { StoreErrorKind::Locked } else { StoreErrorKind::Other };
    Trouble::Store(StoreError::new(kind, "store", "luck"))
}

/// Does a task as the hands of a rotation do it in this reality.
fn perform(reality: &mut Reality, task: &Task, book: &Book, luck: Luck) -> Outcome {
    let works = luck != Luck::Fails && luck != Luck::Refused;
    let read = works && luck != Luck::DoneAndLost;
    match task {
        Task::Inventory if read => {
            let seen = reality.last_used("TWO");
            let is_read = reality.is_active("TWO") || book.deactivated_other;
            reality.other_seen = Some(seen).filter(|_| is_read);
            let (user_id, keys) = (reality.user_id.to_owned(), reality.listed());
            Outcome::Inventory(Ok(Inventory { user_id, keys, other_last_used: reality.other_seen.clone() }))
        }
        Task::Inventory => Outcome::Inventory(Err(refused(luck))),
        Task::Create => Outcome::Created(create(reality, book, luck)),
        Task::Reconcile if read => {
            let (user_id, keys) = (reality.user_id.to_owned(), reality.listed());
            Outcome::Found(Ok(Found { user_id, keys, escrowed: reality.escrow.clone() }))
        }
        Task::Reconcile => Outcome::Found(Err(refused(luck))),
        Task::Inspect(ids) if read => {
            let stranger = |key: &reality::Key| Stranger {
                key: key.id.clone(),
                created: Some(key.created),
                last_used: Some(reality.last_used(&key.id)),
                in_store: Some(reality.store.contains(&key.id)),
                trace: Some(reality.trace(&key.id)),
            };
            let found: Vec<Stranger> = reality.keys.iter().filter(|key| ids.contains(&key.id)).map(stranger).collect();
            reality.suspects = found.iter().map(|stranger| stranger.key.clone()).collect();
            Outcome::Strangers(Ok(found))
        }
        Task::Inspect(_) => Outcome::Strangers(Err(refused(luck))),
        Task::Check => Outcome::Checked(check(reality, book, luck)),
        Task::LastUsed if read => {
            let used = reality.last_used("OLD");
            if let LastUsed::At { when, .. } = &used {
                reality.old_seen = Some(*when);
            }
            Outcome::LastUsed(Ok(used))
        }
        Task::LastUsed => Outcome::LastUsed(Err(refused(luck))),
        Task::SetStatus { .. } | Task::Delete { .. } => {
            let done = change(reality, task, book, luck);
            Outcome::Done(done.and_then(|()| if luck == Luck::DoneAndLost { Err(refused(luck)) } else { Ok(()) }))
        }
        Task::Adopt if read && !reality.store.contains("TWO") => Outcome::Done(Err(Trouble::SecretLost("luck".into()))),
        Task::Prepare | Task::Adopt => Outcome::Done(if read { Ok(()) } else { Err(store_trouble(luck)) }),
        Task::Lift if reality.user_id != "AIDAADA" => Outcome::Done(Err(Trouble::Foreign("made again".into()))),
        Task::Lift => {
            if works {
                reality.denied = false;
            }
            Outcome::Done(if read { Ok(()) } else { Err(refused(luck)) })
        }
        Task::Escrow | Task::Store | Task::Promote | Task::Demote | Task::Finish(_) => {
            let kept = if works { keep(reality, task, book) } else { Ok(()) };
            Outcome::Done(kept.and_then(|()| if read { Ok(()) } else { Err(store_trouble(luck)) }))
        }
    }
}

fn check(reality: &mut Reality, book: &Book, luck: Luck) -> Result<(), CheckTrouble> {
    let key = book.new_key.clone().unwrap_or_default();
    let spacing = reality.streak.1.map(|before| reality.clock - before);
    let failed = if !reality.store.contains(&key) {
        Some(CheckTrouble::NotInStore("luck".into()))
    } else if !reality.is_active(&key) || luck == Luck::Refused {
        Some(CheckTrouble::Key(CheckFailed::Unknown(fault(FaultKind::UnknownIdentity))))
    } else if luck == Luck::Fails || luck == Luck::DoneAndLost {
        Some(CheckTrouble::Key(CheckFailed::Call(fault(FaultKind::Offline))))
    } else {
        None
    };
    if let Some(failed) = failed {
        reality.streak = (0, None);
        return Err(failed);
    }
    if book.phase == Phase::Stored && reality.streak.0 > 0 {
        assert!(spacing.is_some_and(|spacing| spacing >= Bounds::default().spacing), "two proofs in {spacing:?}");
    }
    reality.streak = (reality.streak.0.saturating_add(1), Some(reality.clock));
    reality.checked.insert(key);
    Ok(())
}

fn create(reality: &mut Reality, book: &Book, luck: Luck) -> Result<String, CreateFailed> {
    assert_eq!(book.phase, Phase::Creating, "I4: the intent is written first");
    match luck {
        Luck::Refused => return Err(CreateFailed::Refused(fault(FaultKind::Throttled { wait_ms: None }))),
        Luck::Fails => return Err(CreateFailed::Uncertain(fault(FaultKind::Offline))),
        _ => {}
    }
    if reality.keys.len() >= 2 {
        return Err(CreateFailed::Refused(fault(FaultKind::Refused { code: "LimitExceeded".into() })));
    }
    let id = reality.make_key();
    if luck == Luck::DoneAndLost {
        return Err(CreateFailed::Uncertain(fault(FaultKind::Malformed)));
    }
    reality.hand = Some(id.clone());
    Ok(id)
}

fn change(reality: &mut Reality, task: &Task, book: &Book, luck: Luck) -> Result<(), Trouble> {
    let (Task::SetStatus { key, signer, .. } | Task::Delete { key, signer }) = task else { return Ok(()) };
    if matches!(task, Task::SetStatus { active: true, .. }) && reality.contained {
        return Err(Trouble::Foreign("taken for leaked".into()));
    }
    if *signer == bartizan::rotation::machine::Signer::NewKey
        && book.new_key.as_ref().is_none_or(|key| !reality.store.contains(key))
    {
        return Err(Trouble::SecretLost("the new key has to sign".into()));
    }
    if !reality.signer_lives(*signer, book) {
        return Err(Trouble::Call(fault(FaultKind::UnknownIdentity)));
    }
    if luck == Luck::Fails || luck == Luck::Refused {
        return Err(refused(luck));
    }
    let at = reality.keys.iter().position(|known| known.id == *key);
    let had_good_key = reality.has_good_key();
    match (task, at) {
        (Task::SetStatus { active: true, .. }, None) => return Err(Trouble::Foreign("gone".into())),
        (_, None) => return Ok(()),
        (Task::Delete { .. }, Some(at)) if reality.keys[at].active && reality.meddled => return Err(Trouble::StillActive),
        (Task::SetStatus { active, .. }, Some(at)) => {
            reality.assert_may(task, book);
            reality.keys[at].active = *active;
        }
        (_, Some(at)) => {
            reality.assert_may(task, book);
            reality.keys.remove(at);
        }
    }
    // Who gives a renewal up has no key that works, as before.
    let is_given_up = reality.plot.renews() && book.rolling_back.is_some();
    reality.assert_nothing_lost(had_good_key && !is_given_up, &format!("{task:?}"));
    Ok(())
}

/// Escrow and store.
fn keep(reality: &mut Reality, task: &Task, book: &Book) -> Result<(), Trouble> {
    let had_good_key = reality.has_good_key();
    let stored_new = book.new_key.clone().filter(|key| reality.store.contains(key));
    match task {
        Task::Escrow => reality.escrow.clone_from(&reality.hand),
        Task::Store => {
            let pair = reality.hand.clone().or_else(|| reality.escrow.clone()).or(stored_new);
            reality.store.insert(pair.ok_or_else(|| Trouble::SecretLost("luck".into()))?);
            if book.escrowed {
                reality.hand = None;
            }
        }
        Task::Promote => {
            let key = book.new_key.clone().unwrap();
            assert!(reality.checked.contains(&key), "I2: {key} is served before it has worked");
            if !reality.store.contains(&key) {
                return Err(Trouble::Store(StoreError::new(StoreErrorKind::Absent, "store", "luck")));
            }
            reality.served = Some(key);
        }
        Task::Demote if reality.served == book.new_key && !reality.plot.renews() && reality.store.contains("OLD") => {
            reality.served = Some("OLD".into());
        }
        Task::Finish(forget) => {
            if let Some(key) = forget {
                let is_given_up = book.is_rolled_back && book.new_key.as_ref() == Some(key);
                if reality.served.as_ref() == Some(key) && is_given_up {
                    reality.served = None;
                }
                if reality.served.as_ref() != Some(key) {
                    reality.store.remove(key);
                }
            }
            (reality.escrow, reality.hand) = (None, None);
        }
        _ => {}
    }
    let is_given_up = reality.plot.renews() && book.rolling_back.is_some();
    reality.assert_nothing_lost(had_good_key && !is_given_up, &format!("{task:?}"));
    Ok(())
}

fn luck() -> impl Strategy<Value = Luck> {
    prop_oneof![
        20 => Just(Luck::Good),
        2 => Just(Luck::Fails),
        2 => Just(Luck::DoneAndLost),
        1 => Just(Luck::Refused),
        1 => Just(Luck::DiesBefore),
        1 => Just(Luck::DiesAfter),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    let stranger = (any::<bool>(), any::<bool>(), any::<bool>());
    prop_oneof![
        Just(Deed::Remake),
        any::<bool>().prop_map(|late| Deed::UseOther { late }),
        Just(Deed::UseOld),
        stranger.prop_map(|(old, used, stored)| Deed::Stranger { old, used, stored }),
        Just(Deed::ClockBack),
        Just(Deed::Contain),
        Just(Deed::WakeOld),
        Just(Deed::SleepNew),
        Just(Deed::DeleteOld),
    ]
}

fn fresh(reality: &Reality) -> Machine {
    let facts = reality.facts.iter().map(|(fact, at)| (fact, *at));
    Machine::new(Book::of(facts).unwrap(), Bounds::default())
}

/// Runs with this luck, then with good luck, to the end. What others do they do while time passes: during a wait, or between two processes.
/// Each deed waits for so many of these moments after the one before.
fn run(plot: Plot, lucks: &[Luck], deeds: &[(usize, Deed)], answers: &[usize]) {
    let mut reality = Reality::new(plot);
    let mut lucks = lucks.iter().copied().chain(std::iter::repeat(Luck::Good));
    // In the end the operator tries one answer after the other.
    let mut answers = answers.iter().copied().chain(0..);
    let mut deeds: Vec<(usize, Deed)> = deeds.iter().rev().copied().collect();
    let mut machine = fresh(&reality);
    let mut event = Event::TakenUp { in_hand: None };
    for _ in 0..4000 {
        let effects = machine.step(reality.now(), event);
        let (mut next, mut dies, mut passes) = (None, false, false);
        for effect in effects {
            let luck = lucks.next().unwrap();
            dies = luck == Luck::DiesBefore;
            if dies {
                break;
            }
            match effect {
                Effect::Record(_) if luck == Luck::Refused => {
                    // The disk is full: the machine is made anew from what is written down.
                    machine = fresh(&reality);
                    next = Some(Event::TakenUp { in_hand: reality.hand.clone() });
                    reality.streak = (0, None);
                    passes = true;
                    break;
                }
                Effect::Record(fact) => reality.wrote(&fact, machine.book()),
                Effect::Do(task) => next = Some(Event::Outcome(perform(&mut reality, &task, machine.book(), luck))),
                Effect::Wait(Wait::Operator { choices, .. }, _) => {
                    let choice = choices[answers.next().unwrap() % choices.len()];
                    reality.answered(choice, machine.book());
                    next = Some(Event::Answer(choice));
                    passes = true;
                }
                Effect::Wait(_, length) => {
                    reality.clock += length.expect("I7: every wait but the operator's has a length");
                    next = Some(Event::Woke);
                    passes = true;
                }
                Effect::End => return ended(&reality, machine.book()),
            }
            dies = luck == Luck::DiesAfter;
            if dies {
                break;
            }
        }
        if (dies || passes)
            && let Some((left, deed)) = deeds.last_mut()
        {
            if *left == 0 {
                let (deed, new) = (*deed, machine.book().new_key.clone());
                deeds.pop();
                reality.happens(deed, new.as_deref());
            } else {
                *left -= 1;
            }
        }
        event = if dies {
            reality.hand = None;
            reality.streak = (0, None);
            machine = fresh(&reality);
            Event::TakenUp { in_hand: None }
        } else {
            assert_eq!(machine.book(), fresh(&reality).book(), "the state is the sum of the facts");
            next.expect("a step ends with a task, a wait or the end")
        };
    }
    panic!("it does not end: {:?}", reality.facts.iter().rev().take(20).collect::<Vec<_>>());
}

fn ended(reality: &Reality, book: &Book) {
    reality.assert_nothing_lost(!reality.plot.renews() || book.phase == Phase::Done, "the end");
    for key in &reality.keys {
        assert!(reality.is_known(&key.id), "nobody has the secret of {}: {:?}", key.id, reality.facts);
    }
    if reality.plot.adopts() && !reality.meddled {
        assert!(reality.is_active("TWO") && reality.store.contains("TWO"), "the adopted key is as it was");
    }
    let is_given_up = book.rolling_back.is_some() && book.ended == book.rolling_back;
    match book.phase {
        Phase::Done => assert!(!reality.is_there("OLD") && reality.escrow.is_none()),
        _ if reality.meddled => {}
        _ if reality.plot.renews() => assert!(!reality.is_active("OLD"), "a leaked key is active"),
        _ if is_given_up => {
            assert!(reality.is_active("OLD") && reality.keys.iter().all(|key| !key.is_ours), "{:?}", reality.keys);
        }
        _ => assert!(reality.is_active("OLD") || book.new_key.as_ref().is_some_and(|key| reality.is_active(key))),
    }
}

fn plot() -> impl Strategy<Value = Plot> {
    prop::sample::select(&Plot::ALL[..])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn no_luck_loses_a_secret_or_locks_anybody_out(
        plot in plot(),
        lucks in prop::collection::vec(luck(), 0..160),
        deeds in prop::collection::vec((0_usize..12, deed()), 0..4),
        answers in prop::collection::vec(0_usize..3, 0..8),
    ) {
        run(plot, &lucks, &deeds, &answers);
    }
}

/// A process that dies before and after each effect in turn, once, and one whose disk is full there.
#[test]
fn one_death_anywhere_is_survived() {
    for plot in Plot::ALL {
        for luck in [Luck::DiesBefore, Luck::DiesAfter, Luck::Refused] {
            for at in 0..80 {
                let mut lucks = vec![Luck::Good; at];
                lucks.push(luck);
                run(plot, &lucks, &[], &[]);
            }
        }
    }
}

/// Each deed at each moment of a rotation that goes well, and of one whose process dies first.
#[test]
fn one_deed_of_others_at_any_moment_does_no_harm() {
    let strangers = [(true, false, false), (true, false, true), (false, true, false), (false, false, true)];
    let mut deeds = vec![Deed::Remake, Deed::UseOther { late: false }, Deed::UseOther { late: true }, Deed::UseOld];
    deeds.extend([Deed::ClockBack, Deed::Contain, Deed::WakeOld, Deed::SleepNew, Deed::DeleteOld]);
    deeds.extend(strangers.map(|(old, used, stored)| Deed::Stranger { old, used, stored }));
    for plot in Plot::ALL {
        for deed in &deeds {
            (0..12).for_each(|at| run(plot, &[], &[(at, *deed)], &[]));
            for at in (0..24).step_by(2) {
                let mut lucks = vec![Luck::Good; at];
                lucks.push(Luck::DiesAfter);
                run(plot, &lucks, &[(0, *deed)], &[]);
            }
        }
    }
}
