//! Changes over the embedded AWS: what leaves the process, and what is written down.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bartizan::audit::{AuditLog, history};
use bartizan::aws::change::Changer;
use bartizan::aws::clearance::{Cleared, Rules};
use bartizan::aws::observe::Observer;
use bartizan::aws::session::{Connect, Patience, Session, connect};
use bartizan::aws::sts;
use bartizan::domain::change::Change;
use bartizan::domain::fault::FaultKind;
use bartizan::domain::moment::Moment;
use bartizan::emulator::fault::Rule;
use bartizan::emulator::{Options, World, in_process};
use bartizan::kit::action::Danger;
use bartizan::kit::confirm::{Approved, Pending, Plan};
use bartizan::rotation::service::CreateFailed;
use jiff::SignedDuration;

async fn stage(faults: &[&str]) -> (Arc<World>, Session) {
    let faults = faults.iter().map(|rule| Rule::parse(rule).unwrap()).collect();
    let world = Arc::new(World::from_scenario("quiet", Options { faults, ..Options::default() }).unwrap());
    let wanted = Connect {
        http: Some(in_process::client(Arc::clone(&world))),
        patience: Patience { attempt: Duration::from_secs(20), call: Duration::from_secs(60), ..Patience::default() },
        ..Connect::new(Observer::nobody())
    };
    (world, connect(wanted).await.unwrap())
}

/// The account of the scenario.
const ACCOUNT: &str = "123456789012";

fn approved(account: &str) -> Approved<()> {
    let plan = Plan::of("Change it", Danger::Confirm, []);
    let now = Moment::default();
    let mut pending = Pending::new((), plan, account, now);
    pending.reason = "OPS-131".into();
    pending.confirm(now + SignedDuration::from_secs(1)).unwrap_or_else(|_| panic!("not taken"))
}

/// A user with an active key, and that key.
fn somebody(world: &World) -> (String, String) {
    let mut account = world.account();
    let found = account.iam.users().values().find_map(|user| Some((user.name.clone(), user.keys.first()?.id.clone())));
    found.expect("somebody has a key")
}

async fn cleared(session: &Session) -> Cleared {
    Rules::default().clear(session).await.unwrap()
}

fn log(folder: &Path) -> AuditLog {
    AuditLog::open(folder, None).unwrap()
}

#[tokio::test]
async fn a_change_is_one_request_between_its_intent_and_its_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let (world, session) = stage(&[]).await;
    let (user, key) = somebody(&world);
    let identity = sts::identity(&session).await.unwrap();
    let before = world.requests();
    let changer = Changer::for_approved(&cleared(&session).await, &log(folder.path()), &approved(&identity.account), "console");
    let change = Change::SetKeyStatus { user: user.as_str().into(), key: key.as_str().into(), active: false };
    let done = changer.make(&change).await.unwrap();
    assert_eq!(world.requests() - before, 1);
    assert!(done.request_id.is_some() && done.warning.is_none());
    let written = history::changes(folder.path()).unwrap();
    let text = format!("{written:?}");
    assert_eq!(written.len(), 1, "{text}");
    for word in ["iam:UpdateAccessKey", key.as_str(), "OPS-131", identity.arn.raw(), identity.account.as_str(), "Done"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[tokio::test]
async fn a_yes_for_one_account_changes_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (world, session) = stage(&[]).await;
    let (user, key) = somebody(&world);
    sts::identity(&session).await.unwrap();
    let before = world.requests();
    let changer = Changer::for_approved(&cleared(&session).await, &log(folder.path()), &approved("000000000000"), "console");
    let change = Change::DeleteKey { user: user.as_str().into(), key: key.as_str().into() };
    let fault = changer.make(&change).await.unwrap_err();
    assert!(fault.message.raw().contains("another account"), "{fault:?}");
    assert_eq!(world.requests(), before);
    assert!(history::changes(folder.path()).unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_done() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path());
    let (world, session) = stage(&[]).await;
    let (user, key) = somebody(&world);
    sts::identity(&session).await.unwrap();
    let before = world.requests();
    // A folder where the log's own file should be: even root cannot write there.
    std::fs::create_dir(folder.path().join("head")).unwrap();
    let changer = Changer::for_approved(&cleared(&session).await, &log, &approved(ACCOUNT), "console");
    let change = Change::DeleteKey { user: user.as_str().into(), key: key.as_str().into() };
    let fault = changer.make(&change).await.unwrap_err();
    assert!(fault.message.raw().contains("the audit log could not be kept"), "{fault:?}");
    assert_eq!(world.requests(), before);
}

#[tokio::test]
async fn a_key_whose_answer_was_lost_is_made_once_and_nobody_says_that_it_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let (world, session) = stage(&["iam:CreateAccessKey=dropped"]).await;
    let (user, _) = somebody(&world);
    sts::identity(&session).await.unwrap();
    let before = world.requests();
    let changer = Changer::for_approved(&cleared(&session).await, &log(folder.path()), &approved(ACCOUNT), "rotate");
    let failed = changer.create_access_key(&user.as_str().into()).await.unwrap_err();
    assert!(matches!(failed, CreateFailed::Uncertain(_)), "{failed:?}");
    assert_eq!(world.requests() - before, 1, "never repeated");
    let text = format!("{:?}", history::changes(folder.path()).unwrap());
    assert!(text.contains("iam:CreateAccessKey") && text.contains("Unknown"), "{text}");
}

#[tokio::test]
async fn a_refusal_is_written_down_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let (world, session) = stage(&["iam:DeleteAccessKey=denied"]).await;
    let (user, key) = somebody(&world);
    let changer = Changer::for_approved(&cleared(&session).await, &log(folder.path()), &approved(ACCOUNT), "console");
    let change = Change::DeleteKey { user: user.as_str().into(), key: key.as_str().into() };
    let fault = changer.make(&change).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Denied { action: "iam:DeleteAccessKey".into() });
    let text = format!("{:?}", history::changes(folder.path()).unwrap());
    assert!(text.contains("AccessDenied"), "{text}");
}
