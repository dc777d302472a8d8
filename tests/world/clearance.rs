//! The rules about an account stand where whatever changes it is made: what they forbid is not sent, whoever asks.

use std::sync::Arc;

use bartizan::audit::{AuditLog, history};
use bartizan::aws::change::Changer;
use bartizan::aws::clearance::{Refused, Rules};
use bartizan::aws::observe::Observer;
use bartizan::aws::session::{Connect, Session, connect};
use bartizan::aws::session_manager::SessionManager;
use bartizan::domain::account::AccountRule;
use bartizan::domain::change::Change;
use bartizan::domain::rotation::Command;
use bartizan::emulator::clock::Clock;
use bartizan::emulator::fault::Rule;
use bartizan::emulator::{Options, World, in_process};
use bartizan::ssm::client::gateway::{Gateway as _, Purpose, StartRequest};

use crate::emulated::{ACCOUNT, account, noon};
use crate::rotation::{approved, approved_in};

async fn scene(faults: &[&str]) -> (Arc<World>, Session) {
    let faults = faults.iter().map(|text| Rule::parse(text).unwrap()).collect();
    let world = Arc::new(World::new(account(1), faults, Clock::new(Some(noon()), 0.0), Options::default()));
    let http = Some(in_process::client(Arc::clone(&world)));
    let session = connect(Connect { http, ..Connect::new(Observer::nobody()) }).await.unwrap();
    (world, session)
}

fn rule(account: &str, never_arm: bool, reason: bool) -> AccountRule {
    AccountRule { account: account.into(), never_arm, reason, ..AccountRule::default() }
}

#[tokio::test]
async fn an_account_is_cleared_by_all_rules_about_it() {
    let (world, session) = scene(&[]).await;
    let closed = Rules::default().closed(Some("started with --read-only".into())).clear(&session).await.unwrap_err();
    assert_eq!((closed, world.requests()), (Refused::Policy("started with --read-only".into()), 0));

    assert_eq!(Rules::default().clear(&session).await.unwrap().account(), ACCOUNT);
    assert!(!world.calls().contains_key("iam:ListAccountAliases"), "nobody wants to know");
    for by in [ACCOUNT, "castle"] {
        let refused = Rules::new(vec![rule(by, true, false)]).clear(&session).await.unwrap_err();
        assert!(matches!(&refused, Refused::Policy(why) if why.contains("never_arm")), "{by}: {refused:?}");
        let both = Rules::new(vec![rule("999999999999", true, false), rule(by, false, true)]);
        assert!(both.clear(&session).await.unwrap().asks_reason(), "{by}");
    }
    assert!(!Rules::new(vec![rule("cellar", true, true)]).clear(&session).await.unwrap().asks_reason());
}

#[tokio::test]
async fn what_is_not_known_is_not_cleared() {
    let (_, session) = scene(&["iam:ListAccountAliases=denied"]).await;
    let refused = Rules::new(vec![rule("cellar", true, false)]).clear(&session).await.unwrap_err();
    assert!(matches!(&refused, Refused::Policy(why) if why.contains("alias is not known")), "{refused:?}");
    let (_, session) = scene(&["sts:GetCallerIdentity=denied"]).await;
    let refused = Rules::new(vec![rule("999999999999", true, false)]).clear(&session).await.unwrap_err();
    assert!(matches!(&refused, Refused::Policy(why) if why.contains("not known whose account")), "{refused:?}");
    assert!(matches!(Rules::default().clear(&session).await.unwrap_err(), Refused::Unknown(_)));
}

#[tokio::test]
async fn without_the_reason_that_an_account_wants_nothing_is_sent() {
    let (world, session) = scene(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(folder.path(), None).unwrap();
    let cleared = Rules::new(vec![rule("castle", false, true)]).clear(&session).await.unwrap();
    let before = world.requests();
    let changer = Changer::for_approved(&cleared, &log, &approved(Command::Resume { id: None }), "test");
    let change = Change::DeleteKey { user: "user-00000".into(), key: "AKIAIOSFODNN7EXAMPLE".into() };
    let fault = changer.make(&change).await.unwrap_err();
    assert!(fault.message.raw().contains("wants a reason"), "{fault}");
    let sessions = SessionManager::new(&cleared, "us-east-1");
    for reason in [None, Some(" ".to_owned())] {
        let request = StartRequest { target: "i-0abc".into(), purpose: Purpose::Shell, reason };
        let refused = sessions.start(&request).await.unwrap_err();
        assert!(refused.to_string().contains("wants a reason"), "{refused}");
    }
    assert_eq!(world.requests(), before);
    assert!(history::changes(folder.path()).unwrap().is_empty());
}

/// `[sessions] reason`: of sessions alone, and in accounts without a rule, too.
#[tokio::test]
async fn without_the_reason_that_all_sessions_want_none_is_opened() {
    let (world, session) = scene(&[]).await;
    let cleared = Rules::new(Vec::new()).sessions_want_reason(true).clear(&session).await.unwrap();
    assert!(cleared.asks_session_reason() && !cleared.asks_reason());
    let before = world.requests();
    let request = StartRequest { target: "i-0abc".into(), purpose: Purpose::Shell, reason: None };
    let refused = SessionManager::new(&cleared, "us-east-1").start(&request).await.unwrap_err();
    assert!(refused.to_string().contains("wants a reason"), "{refused}");
    assert_eq!(world.requests(), before);
}

#[tokio::test]
async fn what_only_ends_sessions_opens_none() {
    let (world, session) = scene(&[]).await;
    let sessions = SessionManager::ending(&session, "us-east-1");
    let request = StartRequest { target: "i-0abc".into(), purpose: Purpose::Shell, reason: Some("OPS-1".into()) };
    assert!(sessions.start(&request).await.is_err() && sessions.resume("ada-1").await.is_err());
    assert_eq!(world.requests(), 0);
}

#[tokio::test]
async fn a_yes_for_another_account_is_refused_by_both_names() {
    let (world, session) = scene(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(folder.path(), None).unwrap();
    let cleared = Rules::default().clear(&session).await.unwrap();
    let before = world.requests();
    let yes = approved_in("999999999999", Command::Resume { id: None });
    let changer = Changer::for_approved(&cleared, &log, &yes, "test");
    let fault = changer.create_access_key(&"user-00000".into()).await.unwrap_err();
    let said = format!("{fault:?}");
    assert!(said.contains("999999999999") && said.contains(ACCOUNT), "{said}");
    assert_eq!(world.requests(), before);
}
