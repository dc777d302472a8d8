//! An AWS that does what a test tells it: one account, its users and keys in memory, and faults by operation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bartizan::domain::fault::{Fault, FaultKind};
use bartizan::domain::key::{KeyStatus, LastUsed};
use bartizan::domain::rotation::Command;
use bartizan::kit::confirm::Approved;
use bartizan::rotation::service::{
    Answer, Caller, Changes, CheckFailed, CreateFailed, KeyFacts, NewKey, Ruling, Service, Simulated, Trace, UserFacts, Verdict,
};
use bartizan::rotation::stores::KeyPair;
use futures::future::BoxFuture;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;

pub(crate) const ACCOUNT: &str = "123456789012";

/// How a call fails.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Bad {
    /// It never arrives.
    Unsent,
    /// It is done and its answer is lost.
    AnswerLost,
    Throttled,
    Denied,
    /// The key that is being checked is not known (yet).
    NotArrived,
    WrongSecret,
    ClockWrong,
    LimitExceeded,
}

#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) active: bool,
    pub(crate) created: Timestamp,
    pub(crate) used: Option<Timestamp>,
}

type Hook = Box<dyn FnOnce(&mut State) + Send>;

#[derive(Default)]
pub(crate) struct State {
    pub(crate) users: BTreeMap<String, Vec<Key>>,
    /// Faults by operation, each used once, in order.
    pub(crate) bad: Vec<(&'static str, Bad)>,
    /// What somebody else does right after the first call of an operation.
    pub(crate) hooks: Vec<(&'static str, Hook)>,
    pub(crate) calls: Vec<String>,
    pub(crate) creates: u32,
    pub(crate) console_key: Option<String>,
    pub(crate) is_root: bool,
    pub(crate) trace: Option<Trace>,
    /// Users that were deleted and made again: `UserId` is another one.
    pub(crate) made_again: BTreeSet<String>,
    /// What the simulation says to an action; else it is allowed.
    pub(crate) verdicts: BTreeMap<String, Verdict>,
    made: u32,
}

impl State {
    pub(crate) fn key(&mut self, id: &str) -> &mut Key {
        self.users.values_mut().flatten().find(|key| key.id == id).unwrap()
    }

    pub(crate) fn ids(&self, user: &str) -> Vec<String> {
        self.users[user].iter().map(|key| key.id.clone()).collect()
    }

    /// `UserId`.
    fn user_id(&self, user: &str) -> String {
        format!("AIDA{user}{}", if self.made_again.contains(user) { "2" } else { "" })
    }

    /// The user is deleted, and another one of that name is made, with a key of its own.
    pub(crate) fn make_again(&mut self, user: &str, key: &str) {
        self.users.remove(user);
        self.made_again.insert(user.to_owned());
        self.add(user, key, true);
        self.key(key).created = Timestamp::now();
    }

    pub(crate) fn add(&mut self, user: &str, id: &str, active: bool) {
        let key = Key { id: id.into(), secret: format!("secret of {id}"), active, created: old(), used: None };
        self.users.entry(user.into()).or_default().push(key);
    }
}

fn old() -> Timestamp {
    "2025-01-01T00:00:00Z".parse().unwrap()
}

/// The account. Clones share it.
#[derive(Clone)]
pub(crate) struct Castle {
    account: &'static str,
    state: Arc<Mutex<State>>,
}

impl Default for Castle {
    fn default() -> Self {
        Self { account: ACCOUNT, state: Arc::default() }
    }
}

impl Castle {
    /// An account in which `ada` has one active key.
    pub(crate) fn with_ada() -> Self {
        crate::needs::has_to_end();
        let castle = Self::default();
        castle.state().add("ada", "AKIAOLD", true);
        castle
    }

    /// The same users and keys, in another account: credentials that became somebody else's.
    pub(crate) fn elsewhere(&self, account: &'static str) -> Self {
        Self { account, ..self.clone() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn bad(self, operation: &'static str, bad: Bad) -> Self {
        self.state().bad.push((operation, bad));
        self
    }

    pub(crate) fn always(self, operation: &'static str, bad: &Bad) -> Self {
        (0..5000).for_each(|_| self.state().bad.push((operation, bad.clone())));
        self
    }

    pub(crate) fn after(self, operation: &'static str, hook: impl FnOnce(&mut State) + Send + 'static) -> Self {
        self.state().hooks.push((operation, Box::new(hook)));
        self
    }

    /// One call: `Err` with its fault, after having done it or not.
    fn call<T>(&self, operation: &'static str, job: impl FnOnce(&mut State) -> Result<T, FaultKind>) -> Answer<T> {
        let mut state = self.state();
        state.calls.push(operation.to_owned());
        let bad = state.bad.iter().position(|(name, _)| *name == operation).map(|at| state.bad.remove(at).1);
        let answer = match bad {
            None => job(&mut state).map_err(|kind| fault(kind, operation)),
            Some(Bad::AnswerLost) => {
                let _lost = job(&mut state);
                Err(fault(FaultKind::Malformed, operation))
            }
            Some(bad) => Err(fault(kind(&bad, operation), operation)),
        };
        if let Some(at) = state.hooks.iter().position(|(name, _)| *name == operation) {
            let (_, hook) = state.hooks.remove(at);
            hook(&mut state);
        }
        answer
    }

    fn signed(&self, state: &State, as_key: Option<&KeyPair>) -> Result<(), FaultKind> {
        let id = as_key.map(|pair| pair.id.clone()).or_else(|| state.console_key.clone());
        let Some(id) = id else { return Ok(()) };
        let found = state.users.values().flatten().find(|key| key.id == id);
        let is_good = found.is_some_and(|key| key.active && as_key.is_none_or(|pair| pair.secret.expose_secret() == key.secret));
        if is_good { Ok(()) } else { Err(FaultKind::UnknownIdentity) }
    }
}

fn kind(bad: &Bad, operation: &str) -> FaultKind {
    match bad {
        Bad::Unsent | Bad::AnswerLost => FaultKind::Offline,
        Bad::Throttled => FaultKind::Throttled { wait_ms: None },
        Bad::Denied => FaultKind::Denied { action: format!("iam:{operation}") },
        Bad::NotArrived | Bad::WrongSecret => FaultKind::UnknownIdentity,
        Bad::ClockWrong => FaultKind::ClockSkew,
        Bad::LimitExceeded => FaultKind::Refused { code: "LimitExceeded".into() },
    }
}

fn fault(kind: FaultKind, operation: &str) -> Box<Fault> {
    Box::new(Fault {
        kind,
        call: format!("iam:{operation}"),
        region: "us-east-1".into(),
        message: "as the test says".into(),
        request_id: None,
        at: Timestamp::UNIX_EPOCH,
    })
}

fn facts(key: &Key) -> KeyFacts {
    let status = if key.active { KeyStatus::Active } else { KeyStatus::Inactive };
    KeyFacts { id: key.id.clone(), status, created: Some(key.created) }
}

impl Service for Castle {
    fn account(&self) -> &str {
        self.account
    }

    fn caller(&self) -> BoxFuture<'_, Answer<Caller>> {
        Box::pin(async {
            self.call("GetCallerIdentity", |state| {
                let arn = if state.is_root { "arn:aws:iam::123456789012:root" } else { "arn:aws:iam::123456789012:user/admin" };
                Ok(Caller {
                    account: self.account.into(),
                    arn: arn.into(),
                    user_id: "AIDAADMIN".into(),
                    key: state.console_key.clone(),
                })
            })
        })
    }

    fn user<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Answer<UserFacts>> {
        Box::pin(async move {
            self.call("GetUser", |state| {
                self.signed(state, None)?;
                Ok(UserFacts { name: user.into(), id: state.user_id(user), arn: format!("arn:aws:iam::{ACCOUNT}:user/{user}") })
            })
        })
    }

    fn keys<'a>(&'a self, user: &'a str, as_key: Option<&'a KeyPair>) -> BoxFuture<'a, Answer<Vec<KeyFacts>>> {
        Box::pin(async move {
            self.call("ListAccessKeys", |state| {
                self.signed(state, as_key)?;
                Ok(state.users.get(user).ok_or(FaultKind::NotFound)?.iter().map(facts).collect())
            })
        })
    }

    fn last_used<'a>(&'a self, key: &'a str, as_key: Option<&'a KeyPair>) -> BoxFuture<'a, Answer<LastUsed>> {
        Box::pin(async move {
            self.call("GetAccessKeyLastUsed", |state| {
                self.signed(state, as_key)?;
                let used = state.users.values().flatten().find(|known| known.id == key).ok_or(FaultKind::NotFound)?.used;
                Ok(used.map_or(LastUsed::Never, |when| LastUsed::At { when, service: "s3".into(), region: "us-east-1".into() }))
            })
        })
    }

    fn check<'a>(&'a self, key: &'a KeyPair, _: &'a str, user_id: &'a str) -> BoxFuture<'a, Result<(), CheckFailed>> {
        Box::pin(async move {
            let asked = self.state().bad.iter().find(|(name, _)| *name == "Check").map(|(_, bad)| bad.clone());
            let answer = self.call("Check", |state| {
                let found = state.users.iter().find_map(|(user, keys)| {
                    keys.iter().find(|known| known.id == key.id).map(|known| (user.clone(), known.clone()))
                });
                match found {
                    Some((user, known)) if known.active && known.secret == key.secret.expose_secret() => Ok(state.user_id(&user)),
                    _ => Err(FaultKind::UnknownIdentity),
                }
            });
            match (answer, asked) {
                (Ok(user), _) if user == user_id => Ok(()),
                (Ok(user), _) => Err(CheckFailed::WrongUser(format!("it is a key of {user}"))),
                (Err(fault), Some(Bad::WrongSecret)) => Err(CheckFailed::WrongSecret(fault)),
                (Err(fault), Some(Bad::ClockWrong)) => Err(CheckFailed::Clock(fault)),
                (Err(fault), _) if fault.kind == FaultKind::UnknownIdentity => Err(CheckFailed::Unknown(fault)),
                (Err(fault), _) => Err(CheckFailed::Call(fault)),
            }
        })
    }

    fn trace<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Answer<Trace>> {
        Box::pin(async { self.call("LookupEvents", |state| Ok(state.trace.unwrap_or(Trace::Unseen))) })
    }

    fn may<'a>(&'a self, _: &'a Caller, actions: &'a [String], resources: &'a [String]) -> BoxFuture<'a, Answer<Simulated>> {
        Box::pin(async {
            self.call("SimulatePrincipalPolicy", |state| {
                let all = resources.iter().flat_map(|resource| actions.iter().map(move |action| (action, resource)));
                let ruling = |(action, resource): (&String, &String)| {
                    let verdict = state.verdicts.get(action).cloned().unwrap_or(Verdict::Allowed);
                    Ruling { action: action.clone(), resource: resource.clone(), verdict }
                };
                Ok(Simulated::Rulings(all.map(ruling).collect()))
            })
        })
    }

    fn changes<'a>(&'a self, _: &'a Approved<Command>, as_key: Option<&'a KeyPair>) -> BoxFuture<'a, Answer<Box<dyn Changes>>> {
        let changes = Signed { castle: self.clone(), key: as_key.cloned() };
        Box::pin(async move { Ok(Box::new(changes) as Box<dyn Changes>) })
    }
}

struct Signed {
    castle: Castle,
    key: Option<KeyPair>,
}

impl Changes for Signed {
    fn create<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Result<NewKey, CreateFailed>> {
        Box::pin(async move {
            let made = self.castle.call("CreateAccessKey", |state| {
                self.castle.signed(state, self.key.as_ref())?;
                let number = state.made + 1;
                let keys = state.users.get_mut(user).ok_or(FaultKind::NotFound)?;
                if keys.len() >= 2 {
                    return Err(FaultKind::Refused { code: "LimitExceeded".into() });
                }
                let id = format!("AKIANEW{number}");
                let key = Key {
                    id: id.clone(),
                    secret: format!("secret of {id}"),
                    active: true,
                    created: Timestamp::now(),
                    used: None,
                };
                keys.push(key.clone());
                state.made = number;
                state.creates += 1;
                Ok(NewKey { pair: KeyPair::new(id, key.secret.into()), created: Some(key.created) })
            });
            made.map_err(|fault| match fault.kind {
                FaultKind::Offline | FaultKind::Malformed => CreateFailed::Uncertain(fault),
                _ => CreateFailed::Refused(fault),
            })
        })
    }

    fn lift<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Answer<()>> {
        Box::pin(async move { self.castle.call("DeleteUserPolicy", |state| self.castle.signed(state, self.key.as_ref())) })
    }

    fn set_status<'a>(&'a self, user: &'a str, key: &'a str, active: bool) -> BoxFuture<'a, Answer<()>> {
        Box::pin(async move {
            self.castle.call("UpdateAccessKey", |state| {
                self.castle.signed(state, self.key.as_ref())?;
                let found = state.users.get_mut(user).and_then(|keys| keys.iter_mut().find(|known| known.id == key));
                found.ok_or(FaultKind::NotFound)?.active = active;
                Ok(())
            })
        })
    }

    fn delete<'a>(&'a self, user: &'a str, key: &'a str) -> BoxFuture<'a, Answer<()>> {
        Box::pin(async move {
            self.castle.call("DeleteAccessKey", |state| {
                self.castle.signed(state, self.key.as_ref())?;
                let keys = state.users.get_mut(user).ok_or(FaultKind::NotFound)?;
                let at = keys.iter().position(|known| known.id == key).ok_or(FaultKind::NotFound)?;
                assert!(!keys[at].active, "I3: {key} is deleted while it is active");
                keys.remove(at);
                Ok(())
            })
        })
    }
}
