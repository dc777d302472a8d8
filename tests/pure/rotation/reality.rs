//! The account, the store, the disk and the other people as they really are, and what must never happen to them.

use std::collections::BTreeSet;
use std::time::Duration;

use bartizan::domain::fault::{Fault, FaultKind};
use bartizan::domain::key::{KeyStatus, LastUsed};
use bartizan::domain::rotation::{Choice, EscrowKey, OtherKey, Phase, RotationId, StoreChoice};
use bartizan::rotation::machine::{Book, Bounds, Fact, Now, Planned, Signer, Task};
use bartizan::rotation::service::{KeyFacts, Trace};
use jiff::{SignedDuration, Timestamp};

/// What a rotation begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plot {
    /// One key.
    Plain,
    /// The console signs with it.
    Own,
    /// The store does not have the old key.
    Elsewhere,
    /// The old key is leaked and inactive, the user contained.
    Renewal,
    /// A second key that was never used is retired.
    RetireActive,
    /// A second key that is inactive is retired, used once or not.
    RetireInactive,
    /// The second key becomes the new one, and is served already or not.
    Adopt { served: bool },
    /// The same for a leaked old key.
    RenewalAdopts,
}

impl Plot {
    pub(crate) const ALL: [Self; 9] = [
        Self::Plain,
        Self::Own,
        Self::Elsewhere,
        Self::Renewal,
        Self::RetireActive,
        Self::RetireInactive,
        Self::Adopt { served: false },
        Self::Adopt { served: true },
        Self::RenewalAdopts,
    ];

    pub(crate) fn renews(self) -> bool {
        matches!(self, Self::Renewal | Self::RenewalAdopts)
    }

    pub(crate) fn adopts(self) -> bool {
        matches!(self, Self::Adopt { .. } | Self::RenewalAdopts)
    }

    fn other(self) -> Option<(String, OtherKey)> {
        match self {
            Self::Plain | Self::Own | Self::Elsewhere | Self::Renewal => None,
            Self::RetireActive | Self::RetireInactive => Some(("TWO".into(), OtherKey::Retire)),
            Self::Adopt { .. } | Self::RenewalAdopts => Some(("TWO".into(), OtherKey::Adopt)),
        }
    }
}

/// What others do while time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// The user is deleted, and another one of the name is made, with a key of its own.
    Remake,
    /// Somebody uses the second key while it is active; it shows at once, or after hours.
    UseOther { late: bool },
    /// Somebody uses the old key while it is active.
    UseOld,
    /// Somebody makes a key.
    Stranger { old: bool, used: bool, stored: bool },
    /// The wall clock goes back by hours.
    ClockBack,
    /// The user is contained: every key inactive, every one leaked.
    Contain,
    /// Somebody makes the old key active.
    WakeOld,
    /// Somebody makes the new key inactive.
    SleepNew,
    /// Somebody deletes the old key, once it is inactive.
    DeleteOld,
}

#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) active: bool,
    pub(crate) created: Timestamp,
    /// When it was used, and from when on AWS tells it.
    used: Option<(Timestamp, Duration)>,
    trace: Trace,
    pub(crate) is_ours: bool,
}

pub(crate) struct Reality {
    pub(crate) plot: Plot,
    pub(crate) user_id: &'static str,
    pub(crate) keys: Vec<Key>,
    pub(crate) store: BTreeSet<String>,
    /// Keys whose secrets somebody else has.
    elsewhere: BTreeSet<String>,
    pub(crate) served: Option<String>,
    pub(crate) escrow: Option<String>,
    pub(crate) hand: Option<String>,
    pub(crate) facts: Vec<(Fact, Timestamp)>,
    pub(crate) checked: BTreeSet<String>,
    /// Checks that succeeded in a row in this process, and when the last one was.
    pub(crate) streak: (u8, Option<Duration>),
    pub(crate) created: u32,
    /// The containment's policies are in force.
    pub(crate) denied: bool,
    /// The user was contained after the rotation began.
    pub(crate) contained: bool,
    /// Others have done something to the keys, so that not all is in our hands.
    pub(crate) meddled: bool,
    /// What the last inventory, and the last look, told of a use.
    pub(crate) other_seen: Option<LastUsed>,
    pub(crate) old_seen: Option<Timestamp>,
    /// Keys that the operator was asked about, and has told us to delete.
    pub(crate) suspects: Vec<String>,
    told: Vec<String>,
    /// The operator has ended the wait, or has said to go on without knowing.
    pub(crate) hurried: bool,
    promoted: Option<Duration>,
    pub(crate) clock: Duration,
    behind: SignedDuration,
}

pub(crate) fn start() -> Timestamp {
    "2026-11-22T00:00:00Z".parse().unwrap()
}

pub(crate) fn fault(kind: FaultKind) -> Box<Fault> {
    let message = "luck".into();
    Box::new(Fault { kind, call: "iam:X".into(), region: "us-east-1".into(), message, request_id: None, at: start() })
}

pub(crate) const WAIT: SignedDuration = SignedDuration::from_secs(100);

impl Reality {
    pub(crate) fn new(plot: Plot) -> Self {
        let planned = Planned {
            id: RotationId("one".into()),
            account: "123456789012".into(),
            user: "ada".into(),
            user_id: "AIDAADA".into(),
            old_key: "OLD".into(),
            other: plot.other(),
            store: StoreChoice::Keyring { profile: "ada".into() },
            escrow: EscrowKey::Keyring,
            own_key: plot == Plot::Own,
            soak: WAIT,
            observe: WAIT,
            copies: Vec::new(),
            renew: plot.renews(),
        };
        let ago = start() - SignedDuration::from_hours(9000);
        let key =
            |id: &str, active| Key { id: id.into(), active, created: ago, used: None, trace: Trace::Unseen, is_ours: false };
        let mut keys = vec![key("OLD", !plot.renews())];
        if plot.other().is_some() {
            keys.push(key("TWO", plot != Plot::RetireInactive));
        }
        if plot == Plot::RetireInactive {
            keys[1].used = Some((ago, Duration::ZERO));
        }
        let ids: BTreeSet<String> = keys.iter().map(|key| key.id.clone()).collect();
        let is_stored = |id: &String| match id.as_str() {
            "OLD" => !matches!(plot, Plot::Elsewhere | Plot::Adopt { served: true }),
            _ => plot.adopts(),
        };
        let (store, elsewhere): (BTreeSet<String>, BTreeSet<String>) = ids.into_iter().partition(is_stored);
        let served = match plot {
            Plot::Elsewhere | Plot::RenewalAdopts => None,
            Plot::Adopt { served: true } => Some("TWO".to_owned()),
            _ => Some("OLD".to_owned()),
        };
        Self {
            plot,
            user_id: "AIDAADA",
            checked: if plot.renews() { BTreeSet::new() } else { BTreeSet::from(["OLD".to_owned()]) },
            keys,
            store,
            elsewhere,
            served,
            escrow: None,
            hand: None,
            facts: vec![(Fact::Planned(Box::new(planned)), start())],
            streak: (0, None),
            created: 0,
            denied: plot.renews(),
            contained: false,
            meddled: false,
            other_seen: None,
            old_seen: None,
            suspects: Vec::new(),
            told: Vec::new(),
            hurried: false,
            promoted: None,
            clock: Duration::ZERO,
            behind: SignedDuration::ZERO,
        }
    }

    pub(crate) fn now(&self) -> Now {
        Now { utc: start() + SignedDuration::try_from(self.clock).unwrap() - self.behind, steady: self.clock }
    }

    /// The time that AWS has.
    fn true_time(&self) -> Timestamp {
        start() + SignedDuration::try_from(self.clock).unwrap()
    }

    pub(crate) fn is_active(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id == id && key.active)
    }

    pub(crate) fn is_there(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id == id)
    }

    /// Whether somebody has the secret of a key.
    pub(crate) fn is_known(&self, id: &str) -> bool {
        self.store.contains(id) || self.elsewhere.contains(id)
    }

    pub(crate) fn last_used(&self, id: &str) -> LastUsed {
        let used = self.keys.iter().find(|key| key.id == id).and_then(|key| key.used).filter(|(_, shows)| *shows <= self.clock);
        used.map_or(LastUsed::Never, |(when, _)| LastUsed::At { when, service: "s3".into(), region: "us-east-1".into() })
    }

    pub(crate) fn listed(&self) -> Vec<KeyFacts> {
        let status = |active| if active { KeyStatus::Active } else { KeyStatus::Inactive };
        let facts = |key: &Key| KeyFacts { id: key.id.clone(), status: status(key.active), created: Some(key.created) };
        self.keys.iter().map(facts).collect()
    }

    pub(crate) fn trace(&self, id: &str) -> Trace {
        self.keys.iter().find(|key| key.id == id).map_or(Trace::Unseen, |key| key.trace)
    }

    pub(crate) fn make_key(&mut self) -> String {
        self.created += 1;
        let intents = self.facts.iter().filter(|(fact, _)| matches!(fact, Fact::CreateIntent { .. })).count();
        assert!(self.created as usize <= intents, "I6: {} creates for {intents} intents", self.created);
        assert_eq!(self.user_id, "AIDAADA", "a key is made for a user that was made again");
        let (id, created) = (format!("NEW{}", self.created), self.true_time());
        self.keys.push(Key { id: id.clone(), active: true, created, used: None, trace: Trace::Unseen, is_ours: true });
        id
    }

    /// Others do something.
    pub(crate) fn happens(&mut self, deed: Deed, new: Option<&str>) {
        let (at, shows) = (self.true_time(), self.clock);
        let key = |id: &str| self.keys.iter().position(|key| key.id == id);
        match deed {
            Deed::Remake if self.user_id == "AIDAADA" => {
                self.user_id = "AIDAOTHER";
                let of_other =
                    Key { id: "FRESH".into(), active: true, created: at, used: None, trace: Trace::Unseen, is_ours: false };
                self.keys = vec![of_other];
                self.elsewhere.insert("FRESH".into());
                self.meddled = true;
            }
            Deed::UseOther { late } => {
                if let Some(at_key) = key("TWO").filter(|at| self.keys[*at].active) {
                    let shows = if late { shows + Duration::from_secs(90) } else { shows };
                    self.keys[at_key].used = Some((at, shows));
                }
            }
            Deed::UseOld => {
                if let Some(at_key) = key("OLD").filter(|at| self.keys[*at].active) {
                    self.keys[at_key].used = Some((at, shows));
                }
            }
            Deed::Stranger { old, used, stored } if self.keys.len() < 2 && !self.is_there("THEIRS") => {
                let created = if old { start() - SignedDuration::from_hours(2) } else { at };
                let trace = if old || used { Trace::Unseen } else { Trace::Foreign };
                let used = used.then_some((at, shows));
                self.keys.push(Key { id: "THEIRS".into(), active: true, created, used, trace, is_ours: false });
                self.elsewhere.insert("THEIRS".into());
                if stored && (old || trace == Trace::Foreign) {
                    self.store.insert("THEIRS".into());
                }
            }
            Deed::ClockBack => self.behind += SignedDuration::from_hours(3),
            Deed::Contain => {
                self.keys.iter_mut().for_each(|key| key.active = false);
                (self.contained, self.denied, self.meddled) = (true, true, true);
            }
            Deed::WakeOld => {
                if let Some(at) = key("OLD").filter(|at| !self.keys[*at].active) {
                    (self.keys[at].active, self.meddled) = (true, true);
                }
            }
            Deed::SleepNew => {
                if let Some(at) = new.and_then(key) {
                    (self.keys[at].active, self.meddled) = (false, true);
                }
            }
            Deed::DeleteOld => {
                if let Some(at) = key("OLD").filter(|at| !self.keys[*at].active) {
                    self.keys.remove(at);
                    self.meddled = true;
                }
            }
            Deed::Remake | Deed::Stranger { .. } => {}
        }
    }

    /// The operator has answered.
    pub(crate) fn answered(&mut self, choice: Choice, book: &Book) {
        if choice == Choice::DeleteOrphan {
            self.told.extend(self.suspects.iter().cloned());
        }
        if matches!(choice, Choice::SkipWait | Choice::Continue) && matches!(book.phase, Phase::Soaking | Phase::Observing) {
            self.hurried = true;
        }
    }

    /// A fact is on disk.
    pub(crate) fn wrote(&mut self, fact: &Fact, book: &Book) {
        let is_ours = |key: &String| self.keys.iter().all(|known| known.id != *key || known.is_ours);
        match fact {
            Fact::Verified => {
                assert!(self.streak.0 >= Bounds::default().checks, "I2: proven by {} checks in a row", self.streak.0);
                assert!(!self.plot.renews() || !self.denied || self.contained, "proven under the policies of the containment");
            }
            Fact::Promoted { .. } => (self.promoted, self.hurried) = (Some(self.clock), false),
            Fact::Deactivated { .. } => self.hurried = false,
            Fact::OrphanIntent { key } if !self.told.contains(key) => {
                assert!(is_ours(key), "{key} is taken for an orphan of ours, and it is a stranger's");
            }
            Fact::Stored { key } | Fact::Escrowed { key } => assert!(is_ours(key), "{key} is a stranger's"),
            Fact::Extended { used, .. } => {
                let same = |(fact, _): &(Fact, Timestamp)| matches!(fact, Fact::Extended { used: before, .. } if before == used);
                assert!(!self.facts.iter().any(same), "one use made the wait longer twice");
            }
            Fact::DeactivateIntent if !self.hurried && !self.plot.renews() => self.assert_soaked(book),
            _ => {}
        }
        self.facts.push((fact.clone(), self.now().utc));
    }

    fn assert_soaked(&self, book: &Book) {
        let soaked = self.promoted.map(|at| SignedDuration::try_from(self.clock - at).unwrap());
        assert!(soaked.is_some_and(|soaked| soaked >= WAIT), "the soak was cut short: {soaked:?}");
        let is_fresh = self.old_seen.is_some_and(|used| used > book.promoted.unwrap() && self.now().utc < used + WAIT);
        assert!(!is_fresh || book.planned.own_key, "the old key was used during its soak, and is made inactive");
    }

    pub(crate) fn signer_lives(&self, signer: Signer, book: &Book) -> bool {
        match signer {
            // Where others have shut the console's own key out, somebody else goes on with it.
            Signer::Console => self.plot != Plot::Own || self.is_active("OLD") || self.meddled,
            Signer::NewKey => book.new_key.as_ref().is_some_and(|key| self.is_active(key)),
        }
    }

    pub(crate) fn has_good_key(&self) -> bool {
        self.keys.iter().any(|key| key.active && self.is_known(&key.id) && self.checked.contains(&key.id))
    }

    /// I1 and I2: whatever is switched off or deleted, another key is active, stored and proven; and no secret that was kept is gone.
    pub(crate) fn assert_nothing_lost(&self, had_good_key: bool, after: &str) {
        let is_good = self.meddled || !had_good_key || self.has_good_key();
        assert!(is_good, "I1 after {after}: {:?}, stored {:?}, proven {:?}", self.keys, self.store, self.checked);
        for key in self.keys.iter().filter(|key| !key.is_ours) {
            assert!(self.is_known(&key.id), "I8 after {after}: the secret of {} is lost", key.id);
        }
        if let Some(served) = &self.served {
            assert!(self.store.contains(served), "I8 after {after}: {served} is served and its secret is gone");
        }
    }

    /// What may be done to a key, right before it is done.
    pub(crate) fn assert_may(&self, task: &Task, book: &Book) {
        let (Task::SetStatus { key, .. } | Task::Delete { key, .. }) = task else { return };
        let active = match task {
            Task::SetStatus { active, .. } => Some(*active),
            _ => None,
        };
        assert_eq!(self.user_id, "AIDAADA", "{task:?} is done to a user that was made again");
        let real = self.keys.iter().find(|known| known.id == *key).unwrap();
        match (key.as_str(), active) {
            ("OLD", Some(true)) => {
                assert!(!self.plot.renews() && !self.contained, "a leaked key is made active");
                assert!(book.reactivating.is_some() || book.rolling_back.is_some(), "I4: without an intent");
            }
            ("OLD", Some(false)) => {
                assert!(!self.plot.renews(), "a renewal has nothing to do with the status of the old key");
                assert_eq!(book.phase, Phase::Deactivating, "I4: without an intent");
            }
            ("OLD", None) => assert_eq!(book.phase, Phase::Deleting, "I4: without an intent"),
            ("TWO", active) => {
                assert!(!self.plot.adopts(), "an adopted key is deactivated or deleted");
                assert_ne!(active, Some(true));
                let is_unused = self.other_seen == Some(LastUsed::Never);
                assert!(is_unused || self.plot == Plot::RetireInactive, "a second key that was used: {task:?}");
            }
            _ => {
                assert!(real.is_ours || self.told.contains(key), "{task:?}: it is a stranger's");
                assert!(book.orphan.as_ref() == Some(key) || book.rolling_back.is_some(), "I4: without an intent");
                assert_ne!(active, Some(true));
            }
        }
        assert!(active.is_some() || !real.active || self.meddled, "I3: {key} is deleted while it is active");
    }
}
