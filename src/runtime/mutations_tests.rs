//! The second look before a change goes out.

use super::*;
use crate::aws::observe::Observer;
use crate::aws::session::{Clock, Connect, connect};
use crate::domain::account::AccountRule;
use crate::emulator::clock::Clock as WorldClock;
use crate::emulator::svc::iam::User;
use crate::emulator::{Account, Options, World, in_process};
use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex};

const ACCOUNT: &str = "123456789012";
const SESSION: SessionId = SessionId(3);

struct Scene {
    world: Arc<World>,
    aws: Session,
    log: AuditLog,
    /// The clock that nobody can set.
    moment: Arc<Mutex<Moment>>,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new(alias: Option<&str>, faults: &[&str]) -> Self {
        let mut account = Account::empty(ACCOUNT, 7);
        account.iam.alias = alias.map(str::to_owned);
        account.iam.add_user(User::new("admin", "AIDAADMIN", noon()));
        account.iam.set_administrator("admin");
        let faults = faults.iter().map(|rule| crate::emulator::fault::Rule::parse(rule).unwrap()).collect();
        let options = Options { speed: 0.0, ..Options::default() };
        let world = Arc::new(World::new(account, faults, WorldClock::new(Some(noon()), 0.0), options));
        let clock = Clock::new({
            let world = Arc::clone(&world);
            move || world.now()
        });
        let http = Some(in_process::client(Arc::clone(&world)));
        let aws = connect(Connect { http, clock, ..Connect::new(Observer::nobody()) }).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let log = AuditLog::open(folder.path(), None).unwrap();
        Self { world, aws, log, moment: Arc::default(), _folder: folder }
    }

    fn gate(&self, rules: Vec<AccountRule>) -> Gate {
        let armed = Some((SESSION, Moment::default() + SignedDuration::from_mins(15)));
        let moment = Arc::clone(&self.moment);
        let steady = Steady::new(move || *moment.lock().unwrap());
        Gate { log: Some(self.log.clone()), rules: Rules::new(rules), origin: "test".into(), armed, steady }
    }

    fn pass(&self, time: SignedDuration) {
        let mut moment = self.moment.lock().unwrap();
        *moment = *moment + time;
    }

    async fn refused(&self, gate: &Gate, session: SessionId) -> Option<String> {
        gate.open(session, &self.aws).await.err().map(|fault| {
            assert!(!fault.leaves_unknown(), "{fault:?}");
            fault.message.raw().to_owned()
        })
    }
}

fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn rule(account: &str, never_arm: bool, reason: bool) -> AccountRule {
    AccountRule { account: account.into(), never_arm, reason, ..AccountRule::default() }
}

#[tokio::test]
async fn only_the_session_that_is_armed_may_change_something_and_only_as_long() {
    let scene = Scene::new(None, &[]).await;
    let gate = scene.gate(Vec::new());
    let without_arms = Gate { armed: None, ..gate.clone() };
    let said = scene.refused(&without_arms, SESSION).await;
    assert!(said.as_ref().is_some_and(|said| said.contains("not armed")), "{said:?}");
    assert!(scene.refused(&gate, SessionId(4)).await.is_some_and(|said| said.contains("not armed")), "another session is");
    assert_eq!(scene.world.requests(), 0, "nobody need be asked for that");
    let without_log = Gate { log: None, ..gate.clone() };
    assert!(scene.refused(&without_log, SESSION).await.is_some_and(|said| said.contains("read-only")));

    let (_, cleared) = gate.open(SESSION, &scene.aws).await.unwrap();
    assert_eq!((cleared.account(), cleared.asks_reason()), (ACCOUNT, false));
    // A wall clock that is set forward ends nothing.
    scene.world.clock.advance(SignedDuration::from_hours(24));
    scene.pass(SignedDuration::from_mins(15) - SignedDuration::from_millis(1));
    assert_eq!(scene.refused(&gate, SESSION).await, None);
    scene.pass(SignedDuration::from_millis(1));
    assert!(scene.refused(&gate, SESSION).await.is_some_and(|said| said.contains("not armed")), "until then and no longer");
}

#[tokio::test]
async fn the_rules_are_asked_by_id_and_by_alias() {
    let scene = Scene::new(Some("castle"), &[]).await;
    for (rules, wanted) in [
        (vec![rule(ACCOUNT, true, false)], Some("never_arm")),
        (vec![rule("castle", true, false)], Some("never_arm")),
        (vec![rule("cellar", true, false), rule("999999999999", true, false)], None),
        (vec![rule("cellar", true, false), rule("castle", true, false)], Some("never_arm")),
    ] {
        let said = scene.refused(&scene.gate(rules.clone()), SESSION).await;
        assert_eq!(said.is_some(), wanted.is_some(), "{rules:?}: {said:?}");
        assert!(said.iter().all(|said| wanted.is_some_and(|word| said.contains(word))), "{said:?}");
    }
    for by in [ACCOUNT, "castle"] {
        let gate = scene.gate(vec![rule(by, false, true)]);
        let (_, cleared) = gate.open(SESSION, &scene.aws).await.unwrap();
        assert!(cleared.asks_reason(), "{by}");
    }
}

#[tokio::test]
async fn where_a_rule_may_hold_and_nobody_knows_nothing_is_changed() {
    let scene = Scene::new(Some("castle"), &["iam:ListAccountAliases=denied"]).await;
    for forbids in [rule("castle", true, false), rule("castle", false, true)] {
        let said = scene.refused(&scene.gate(vec![forbids]), SESSION).await.unwrap();
        assert!(said.contains("alias is not known"), "{said}");
    }
    assert_eq!(scene.refused(&scene.gate(vec![rule("castle", false, false)]), SESSION).await, None, "it forbids nothing");
    assert_eq!(scene.refused(&scene.gate(vec![rule("999999999999", true, false)]), SESSION).await, None);

    let scene = Scene::new(None, &["sts:GetCallerIdentity=denied"]).await;
    let said = scene.refused(&scene.gate(vec![rule("999999999999", true, false)]), SESSION).await.unwrap();
    assert!(said.contains("not known whose account"), "{said}");
    assert!(scene.refused(&scene.gate(Vec::new()), SESSION).await.is_some());
}
