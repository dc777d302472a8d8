//! The machine of key rotation under random luck: every call may fail, be lost after it was done, or end the process.

use bartizan::domain::fault::{Fault, FaultKind};
use bartizan::domain::key::{KeyStatus, LastUsed};
use bartizan::domain::rotation::{Choice, EscrowKey, Phase, RotationId, StoreChoice, Wait};
use bartizan::rotation::machine::{
    Book, Bounds, CheckTrouble, Effect, Event, Fact, Found, Inventory, Machine, Now, Outcome, Planned, Signer, Stranger, Task,
    Trouble,
};
use bartizan::rotation::service::{CheckFailed, CreateFailed, KeyFacts, Trace};
use bartizan::rotation::stores::{StoreError, StoreErrorKind};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;

/// What a call's luck is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Luck {
    Good,
    /// It fails and nothing was done.
    Fails,
    /// It is done, and the answer is lost.
    DoneAndLost,
    /// AWS or the store says no, for good.
    Refused,
    /// The process dies before it.
    DiesBefore,
    /// The process dies after it.
    DiesAfter,
}

#[derive(Debug, Clone)]
struct Key {
    id: String,
    active: bool,
    created: Timestamp,
}

/// The account, the store and the disk as they really are.
struct Reality {
    keys: Vec<Key>,
    store: BTreeSet<String>,
    served: String,
    escrow: Option<String>,
    hand: Option<String>,
    facts: Vec<(Fact, Timestamp)>,
    checked: BTreeSet<String>,
    created: u32,
    own: bool,
    clock: Duration,
}

fn start() -> Timestamp {
    "2026-11-22T00:00:00Z".parse().unwrap()
}

fn fault(kind: FaultKind) -> Box<Fault> {
    let message = "luck".into();
    Box::new(Fault { kind, call: "iam:X".into(), region: "us-east-1".into(), message, request_id: None, at: start() })
}

impl Reality {
    fn new(own: bool) -> Self {
        let planned = Planned {
            id: RotationId("one".into()),
            account: "123456789012".into(),
            user: "ada".into(),
            user_id: "AIDAADA".into(),
            old_key: "OLD".into(),
            other: None,
            store: StoreChoice::Keyring { profile: "ada".into() },
            escrow: EscrowKey::Keyring,
            own_key: own,
            soak: SignedDuration::from_secs(100),
            observe: SignedDuration::from_secs(100),
            copies: Vec::new(),
            renew: false,
        };
        Self {
            keys: vec![Key { id: "OLD".into(), active: true, created: start() - SignedDuration::from_hours(9000) }],
            store: BTreeSet::from(["OLD".to_owned()]),
            served: "OLD".into(),
            escrow: None,
            hand: None,
            facts: vec![(Fact::Planned(Box::new(planned)), start())],
            checked: BTreeSet::from(["OLD".to_owned()]),
            created: 0,
            own,
            clock: Duration::ZERO,
        }
    }

    fn now(&self) -> Now {
        Now { utc: start() + SignedDuration::try_from(self.clock).unwrap(), steady: self.clock }
    }

    fn facts_of_keys(&self) -> Vec<KeyFacts> {
        let status = |active| if active { KeyStatus::Active } else { KeyStatus::Inactive };
        self.keys
            .iter()
            .map(|key| KeyFacts { id: key.id.clone(), status: status(key.active), created: Some(key.created) })
            .collect()
    }

    fn is_active(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id == id && key.active)
    }

    /// I1, and I2: whatever is switched off or deleted, another key is active, stored and proven.
    fn assert_not_locked_out(&self, after: &str) {
        let good = self.keys.iter().any(|key| key.active && self.store.contains(&key.id) && self.checked.contains(&key.id));
        assert!(good, "I1 after {after}: {:?}, stored {:?}, proven {:?}", self.keys, self.store, self.checked);
        assert!(self.store.contains(&self.served), "I8 after {after}: {} is served and its secret is gone", self.served);
    }

    fn has_new(&self, book: &Book) -> bool {
        book.new_key.as_ref().is_some_and(|key| self.store.contains(key))
    }

    fn signer_lives(&self, signer: Signer, book: &Book) -> bool {
        match signer {
            Signer::Console => !self.own || self.is_active("OLD"),
            Signer::NewKey => book.new_key.as_ref().is_some_and(|key| self.is_active(key) && self.store.contains(key)),
        }
    }

    /// Does a task as reality would; `None`: there is no answer.
    fn perform(&mut self, task: &Task, book: &Book, luck: Luck) -> Outcome {
        let works = luck != Luck::Fails && luck != Luck::Refused;
        let lost = luck == Luck::DoneAndLost;
        let call = |kind: Luck| {
            Trouble::Call(fault(if kind == Luck::Refused {
                FaultKind::Denied { action: "iam:X".into() }
            } else {
                FaultKind::Offline
            }))
        };
        let store = |kind: Luck| {
            let kind = if kind == Luck::Refused { StoreErrorKind::Locked } else { StoreErrorKind::Other };
            Trouble::Store(StoreError::new(kind, "store", "luck"))
        };
        let read = works && !lost;
        match task {
            Task::Inventory if read => {
                Outcome::Inventory(Ok(Inventory { user_id: "AIDAADA".into(), keys: self.facts_of_keys(), other_last_used: None }))
            }
            Task::Inventory => Outcome::Inventory(Err(call(luck))),
            Task::Create => Outcome::Created(self.create(book, luck)),
            Task::Reconcile if read => Outcome::Found(Ok(Found { keys: self.facts_of_keys(), escrowed: self.escrow.clone() })),
            Task::Reconcile => Outcome::Found(Err(call(luck))),
            Task::Inspect(ids) if read => {
                let known = self.keys.iter().filter(|key| ids.contains(&key.id));
                let stranger = |key: &Key| Stranger {
                    key: key.id.clone(),
                    created: Some(key.created),
                    last_used: Some(LastUsed::Never),
                    in_store: Some(self.store.contains(&key.id)),
                    trace: Some(Trace::Unseen),
                };
                Outcome::Strangers(Ok(known.map(stranger).collect()))
            }
            Task::Inspect(_) => Outcome::Strangers(Err(call(luck))),
            Task::Check => {
                let key = book.new_key.clone().unwrap_or_default();
                if !self.store.contains(&key) {
                    return Outcome::Checked(Err(CheckTrouble::NotInStore("luck".into())));
                }
                if !self.is_active(&key) || luck == Luck::Refused {
                    return Outcome::Checked(Err(CheckTrouble::Key(CheckFailed::Unknown(fault(FaultKind::UnknownIdentity)))));
                }
                if !read {
                    return Outcome::Checked(Err(CheckTrouble::Key(CheckFailed::Call(fault(FaultKind::Offline)))));
                }
                self.checked.insert(key);
                Outcome::Checked(Ok(()))
            }
            Task::LastUsed => Outcome::LastUsed(if read { Ok(LastUsed::Never) } else { Err(call(luck)) }),
            Task::SetStatus { .. } | Task::Delete { .. } => {
                Outcome::Done(self.change(task, book, luck).and_then(|()| if lost { Err(call(luck)) } else { Ok(()) }))
            }
            Task::Prepare | Task::Adopt | Task::Lift => Outcome::Done(if read { Ok(()) } else { Err(store(luck)) }),
            Task::Store if self.hand.is_none() && self.escrow.is_none() && !self.has_new(book) => {
                Outcome::Done(Err(Trouble::SecretLost("luck".into())))
            }
            Task::Escrow | Task::Store | Task::Promote | Task::Demote | Task::Finish(_) => {
                if works {
                    self.keep(task, book);
                }
                Outcome::Done(if read { Ok(()) } else { Err(store(luck)) })
            }
        }
    }

    fn create(&mut self, book: &Book, luck: Luck) -> Result<String, CreateFailed> {
        let intents = self.facts.iter().filter(|(fact, _)| matches!(fact, Fact::CreateIntent { .. })).count();
        assert_eq!(book.phase, Phase::Creating, "I4: the intent is written first");
        match luck {
            Luck::Refused => return Err(CreateFailed::Refused(fault(FaultKind::Throttled { wait_ms: None }))),
            Luck::Fails => return Err(CreateFailed::Uncertain(fault(FaultKind::Offline))),
            _ => {}
        }
        if self.keys.len() >= 2 {
            return Err(CreateFailed::Refused(fault(FaultKind::Refused { code: "LimitExceeded".into() })));
        }
        self.created += 1;
        assert!(self.created as usize <= intents, "I6: {} creates for {intents} intents", self.created);
        let id = format!("NEW{}", self.created);
        self.keys.push(Key { id: id.clone(), active: true, created: self.now().utc });
        if luck == Luck::DoneAndLost {
            return Err(CreateFailed::Uncertain(fault(FaultKind::Malformed)));
        }
        self.hand = Some(id.clone());
        Ok(id)
    }

    fn change(&mut self, task: &Task, book: &Book, luck: Luck) -> Result<(), Trouble> {
        let (Task::SetStatus { key, signer, .. } | Task::Delete { key, signer }) = task else { return Ok(()) };
        if !self.signer_lives(*signer, book) {
            return Err(Trouble::Call(fault(FaultKind::UnknownIdentity)));
        }
        match luck {
            Luck::Fails => return Err(Trouble::Call(fault(FaultKind::Offline))),
            Luck::Refused => return Err(Trouble::Call(fault(FaultKind::Denied { action: "iam:X".into() }))),
            _ => {}
        }
        let at = self.keys.iter().position(|known| known.id == *key);
        match (task, at) {
            (Task::SetStatus { active, .. }, Some(at)) => self.keys[at].active = *active,
            (Task::SetStatus { active: true, .. }, None) => return Err(Trouble::Foreign("gone".into())),
            (Task::Delete { .. }, Some(at)) => {
                assert!(!self.keys[at].active, "I3: {key} is deleted while it is active");
                let intends = matches!(book.phase, Phase::Deleting) || book.orphan.is_some() || book.rolling_back.is_some();
                assert!(intends, "I4: {key} is deleted without an intent");
                self.keys.remove(at);
            }
            _ => {}
        }
        self.assert_not_locked_out(&format!("{task:?}"));
        Ok(())
    }

    /// Escrow and store.
    fn keep(&mut self, task: &Task, book: &Book) {
        let new = book.new_key.clone().or_else(|| self.hand.clone());
        match (task, new) {
            (Task::Escrow, _) => self.escrow.clone_from(&self.hand),
            (Task::Store, Some(key)) if self.hand.as_ref() == Some(&key) || self.escrow.as_ref() == Some(&key) => {
                self.store.insert(key);
            }
            (Task::Promote, Some(key)) => {
                assert!(self.checked.contains(&key), "I2: {key} is served before it has worked");
                self.served = key;
            }
            (Task::Demote, _) if self.store.contains("OLD") => self.served = "OLD".into(),
            (Task::Finish(forget), _) => {
                if let Some(key) = forget
                    && self.served != *key
                {
                    self.store.remove(key);
                }
                self.escrow = None;
            }
            _ => {}
        }
        self.assert_not_locked_out(&format!("{task:?}"));
    }
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

/// Runs with this luck, then with good luck, to the end.
fn run(own: bool, lucks: &[Luck], answers: &[usize]) {
    let mut reality = Reality::new(own);
    let mut lucks = lucks.iter().copied().chain(std::iter::repeat(Luck::Good));
    // In the end the operator tries one answer after the other.
    let mut answers = answers.iter().copied().chain(0..);
    let fresh = |reality: &Reality| {
        let facts = reality.facts.iter().map(|(fact, at)| (fact, *at));
        Machine::new(Book::of(facts).unwrap(), Bounds::default())
    };
    let mut machine = fresh(&reality);
    let mut event = Event::TakenUp { in_hand: None };
    for _ in 0..3000 {
        let effects = machine.step(reality.now(), event);
        let mut next = None;
        let mut dies = false;
        for effect in effects {
            let luck = lucks.next().unwrap();
            dies = luck == Luck::DiesBefore;
            if dies {
                break;
            }
            match effect {
                Effect::Record(fact) => reality.facts.push((fact, reality.now().utc)),
                Effect::Do(task) => next = Some(Event::Outcome(reality.perform(&task, machine.book(), luck))),
                Effect::Wait(Wait::Operator { choices, .. }, _) => {
                    next = Some(Event::Answer(choices[answers.next().unwrap() % choices.len()]));
                }
                Effect::Wait(_, length) => {
                    reality.clock += length.expect("I7: every wait but the operator's has a length");
                    next = Some(Event::Woke);
                }
                Effect::End => return ended(&reality, machine.book()),
            }
            dies = luck == Luck::DiesAfter;
            if dies {
                break;
            }
        }
        event = if dies {
            reality.hand = None;
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
    reality.assert_not_locked_out("the end");
    for key in &reality.keys {
        assert!(reality.store.contains(&key.id), "nobody has the secret of {}: {:?}", key.id, reality.facts);
    }
    match book.phase {
        Phase::Done => assert!(reality.keys.len() == 1 && reality.keys[0].id != "OLD" && reality.escrow.is_none()),
        _ => assert!(reality.is_active("OLD") || book.new_key.as_ref().is_some_and(|key| reality.is_active(key))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_luck_loses_a_secret_or_locks_anybody_out(
        own in any::<bool>(),
        lucks in prop::collection::vec(luck(), 0..160),
        answers in prop::collection::vec(0_usize..3, 0..8),
    ) {
        run(own, &lucks, &answers);
    }
}

/// A process that dies before and after each effect in turn, once.
#[test]
fn one_death_anywhere_is_survived() {
    for own in [false, true] {
        for luck in [Luck::DiesBefore, Luck::DiesAfter] {
            for at in 0..80 {
                let mut lucks = vec![Luck::Good; at];
                lucks.push(luck);
                run(own, &lucks, &[]);
            }
        }
    }
}

#[test]
fn the_answers_of_the_operator_are_those_that_are_offered() {
    let planned = Reality::new(false).facts;
    let machine = Machine::new(Book::of(planned.iter().map(|(fact, at)| (fact, *at))).unwrap(), Bounds::default());
    assert_eq!(machine.choices(), [Choice::Abort]);
}
