//! A machine on the bench: facts in, then one event after the other, and what it wants done.

use std::time::Duration;

use bartizan::domain::fault::FaultKind;
use bartizan::domain::key::{KeyStatus, LastUsed};
use bartizan::domain::rotation::{Choice, OtherKey, Wait};
use bartizan::rotation::machine::{
    Book, Bounds, CheckTrouble, Effect, Event, Fact, Inventory, Machine, Now, Outcome, Planned, Signer, Stranger, Task, Trouble,
};
use bartizan::rotation::service::{CheckFailed, KeyFacts, Trace};
use jiff::{SignedDuration, Timestamp};

use super::reality::{Plot, Reality, WAIT, fault, start};

pub(crate) struct Bench {
    pub(crate) machine: Machine,
    pub(crate) now: Now,
}

pub(crate) fn planned() -> Planned {
    let facts = Reality::new(Plot::Plain).facts;
    let Fact::Planned(planned) = facts[0].0.clone() else { unreachable!() };
    *planned
}

pub(crate) fn own() -> Planned {
    Planned { own_key: true, ..planned() }
}

pub(crate) fn renewal() -> Planned {
    Planned { renew: true, ..planned() }
}

pub(crate) fn with_other(other: OtherKey) -> Planned {
    Planned { other: Some(("TWO".into(), other)), ..planned() }
}

impl Bench {
    /// These facts were written a second ago, by another process; this one has just taken it up. What it wants first.
    pub(crate) fn taken_up(planned: Planned, facts: &[Fact]) -> (Self, Vec<Effect>) {
        let mut bench = Self::lying(planned, facts);
        let effects = bench.step(Event::TakenUp { in_hand: None });
        (bench, effects)
    }

    /// The same, taken up by nobody.
    pub(crate) fn lying(planned: Planned, facts: &[Fact]) -> Self {
        let first = Fact::Planned(Box::new(planned));
        let book = Book::of([&first].into_iter().chain(facts).map(|fact| (fact, start()))).unwrap();
        let now = Now { utc: start() + SignedDuration::from_secs(1), steady: Duration::from_secs(1000) };
        Self { machine: Machine::new(book, Bounds::default()), now }
    }

    pub(crate) fn step(&mut self, event: Event) -> Vec<Effect> {
        self.machine.step(self.now, event)
    }

    pub(crate) fn outcome(&mut self, outcome: Outcome) -> Vec<Effect> {
        self.step(Event::Outcome(outcome))
    }

    pub(crate) fn done(&mut self) -> Vec<Effect> {
        self.outcome(Outcome::Done(Ok(())))
    }

    pub(crate) fn fails(&mut self, trouble: &Trouble) -> Vec<Effect> {
        self.outcome(Outcome::Done(Err(trouble.clone())))
    }

    pub(crate) fn checked(&mut self, result: Result<(), CheckTrouble>) -> Vec<Effect> {
        self.outcome(Outcome::Checked(result))
    }

    pub(crate) fn answer(&mut self, choice: Choice) -> Vec<Effect> {
        self.step(Event::Answer(choice))
    }

    pub(crate) fn passes(&mut self, length: Duration) {
        self.now.steady += length;
        self.now.utc += SignedDuration::try_from(length).unwrap();
    }

    /// Waits for as long as it is told, and wakes it.
    pub(crate) fn wakes(&mut self, effects: &[Effect]) -> Vec<Effect> {
        let Some(Effect::Wait(_, Some(length))) = effects.last() else { panic!("no wait: {effects:?}") };
        self.passes(*length);
        self.step(Event::Woke)
    }

    /// The same outcome again and again, until it waits no more: how long that was.
    pub(crate) fn until_it_gives_in(&mut self, outcome: &Outcome) -> (Duration, Vec<Effect>) {
        let began = self.now.steady;
        for _ in 0..1000 {
            let effects = self.outcome(outcome.clone());
            if !matches!(effects.last(), Some(Effect::Wait(Wait::Retry { .. }, _))) {
                return (self.now.steady - began, effects);
            }
            self.wakes(&effects);
        }
        panic!("it never gives in to {outcome:?}");
    }
}

/// A rotation that is taken up so long after the start.
pub(crate) fn after(planned: Planned, facts: &[Fact], length: SignedDuration) -> (Bench, Vec<Effect>) {
    let mut bench = Bench::lying(planned, facts);
    bench.now.utc = start() + length;
    let effects = bench.step(Event::TakenUp { in_hand: None });
    (bench, effects)
}

/// What is done at last.
pub(crate) fn task(effects: &[Effect]) -> &Task {
    match effects.last() {
        Some(Effect::Do(task)) => task,
        _ => panic!("no task: {effects:?}"),
    }
}

/// What is written down.
pub(crate) fn facts(effects: &[Effect]) -> Vec<&Fact> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Record(fact) => Some(fact),
            _ => None,
        })
        .collect()
}

/// What the operator is asked at last.
pub(crate) fn asked(effects: &[Effect]) -> (&str, &[Choice]) {
    match effects.last() {
        Some(Effect::Wait(Wait::Operator { need, choices }, None)) => (need, choices),
        _ => panic!("nobody is asked: {effects:?}"),
    }
}

/// Why it is given up, with nothing made: what was prepared is cleared away next.
pub(crate) fn abandoned(effects: &[Effect]) -> &str {
    match effects {
        [Effect::Record(Fact::RollBackIntent { why }), Effect::Do(Task::Finish(None))]
        | [
            Effect::Record(Fact::NotCreated { .. }),
            Effect::Record(Fact::RollBackIntent { why }),
            Effect::Do(Task::Finish(None)),
        ] => why,
        _ => panic!("not given up: {effects:?}"),
    }
}

/// The time of the wall clock that is waited for.
pub(crate) fn waits_until(effects: &[Effect]) -> Timestamp {
    match effects.last() {
        Some(Effect::Wait(Wait::Until { at }, Some(_))) => *at,
        _ => panic!("no wait for a time: {effects:?}"),
    }
}

pub(crate) fn status(key: &str, active: bool, signer: Signer) -> Task {
    Task::SetStatus { key: key.into(), active, signer }
}

pub(crate) fn delete(key: &str, signer: Signer) -> Task {
    Task::Delete { key: key.into(), signer }
}

pub(crate) fn key(id: &str, active: bool) -> KeyFacts {
    let status = if active { KeyStatus::Active } else { KeyStatus::Inactive };
    KeyFacts { id: id.into(), status, created: Some(start()) }
}

pub(crate) fn inventory(keys: &[(&str, bool)], other_last_used: Option<LastUsed>) -> Outcome {
    let keys = keys.iter().map(|(id, active)| key(id, *active)).collect();
    Outcome::Inventory(Ok(Inventory { user_id: "AIDAADA".into(), keys, other_last_used }))
}

pub(crate) fn used(when: Timestamp) -> LastUsed {
    LastUsed::At { when, service: "s3".into(), region: "us-east-1".into() }
}

/// One that looks as if the create had made it.
pub(crate) fn orphan() -> Stranger {
    Stranger {
        key: "NEW1".into(),
        created: Some(start()),
        last_used: Some(LastUsed::Never),
        in_store: Some(false),
        trace: Some(Trace::Unseen),
    }
}

pub(crate) fn offline() -> Trouble {
    Trouble::Call(fault(FaultKind::Offline))
}

pub(crate) fn denied() -> Trouble {
    Trouble::Call(fault(FaultKind::Denied { action: "iam:X".into() }))
}

pub(crate) fn dead_key() -> Trouble {
    Trouble::Call(fault(FaultKind::UnknownIdentity))
}

pub(crate) fn unknown() -> CheckTrouble {
    CheckTrouble::Key(CheckFailed::Unknown(fault(FaultKind::UnknownIdentity)))
}

pub(crate) fn intent() -> Fact {
    Fact::CreateIntent { seen: vec!["OLD".into()] }
}

/// The facts up to a phase.
pub(crate) mod upto {
    use super::*;

    pub(crate) fn creating() -> Vec<Fact> {
        vec![Fact::Preparing, intent()]
    }

    pub(crate) fn escrowed() -> Vec<Fact> {
        [creating(), vec![Fact::Escrowed { key: "NEW1".into() }]].concat()
    }

    pub(crate) fn stored() -> Vec<Fact> {
        [escrowed(), vec![Fact::Stored { key: "NEW1".into() }]].concat()
    }

    pub(crate) fn verified() -> Vec<Fact> {
        [stored(), vec![Fact::Verified]].concat()
    }

    /// The soak ends [`WAIT`] after the start.
    pub(crate) fn soaking() -> Vec<Fact> {
        [verified(), vec![Fact::Promoted { until: start() + WAIT }]].concat()
    }

    pub(crate) fn deactivating() -> Vec<Fact> {
        [soaking(), vec![Fact::DeactivateIntent]].concat()
    }

    pub(crate) fn observing() -> Vec<Fact> {
        [deactivating(), vec![Fact::Deactivated { until: start() + WAIT }]].concat()
    }

    pub(crate) fn deleting() -> Vec<Fact> {
        [observing(), vec![Fact::DeleteIntent]].concat()
    }

    pub(crate) fn adopted() -> Vec<Fact> {
        vec![Fact::Adopted { key: "TWO".into() }]
    }
}
