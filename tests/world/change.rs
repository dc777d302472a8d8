//! Changes over the embedded AWS: what leaves the process, and what is written down.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bartizan::audit::{AuditLog, ReadBack, history};
use bartizan::aws::change::{Changer, NotMade};
use bartizan::aws::clearance::{Cleared, Rules};
use bartizan::aws::observe::Observer;
use bartizan::aws::read_back::Pause;
use bartizan::aws::session::{Connect, Patience, Session, connect};
use bartizan::aws::sts;
use bartizan::domain::call::{ApiCall, Outcome};
use bartizan::domain::change::Change;
use bartizan::domain::fault::{FaultKind, Own};
use bartizan::domain::moment::Moment;
use bartizan::emulator::clock::Clock as WorldClock;
use bartizan::emulator::fault::Rule;
use bartizan::emulator::svc::iam::Status;
use bartizan::emulator::{Options, World, in_process};
use bartizan::kit::action::Danger;
use bartizan::kit::confirm::{Approved, Pending, Plan};
use bartizan::rotation::service::CreateFailed;
use jiff::SignedDuration;

use crate::emulated::{account, noon};

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

/// Pauses that move the world's clock on: what takes ten seconds there takes none here.
fn skipping(world: &Arc<World>) -> Pause {
    let world = Arc::clone(world);
    Arc::new(move |length| {
        world.clock.advance(SignedDuration::try_from(length).unwrap());
        Box::pin(std::future::ready(()))
    })
}

/// A world of one user whose changes take so many seconds until they are read, and its session and calls.
async fn slow(propagation_s: i64, faults: &[&str]) -> (Arc<World>, Session, Arc<Mutex<Vec<ApiCall>>>) {
    let faults = faults.iter().map(|rule| Rule::parse(rule).unwrap()).collect();
    let propagation = SignedDuration::from_secs(propagation_s);
    let options = Options { faults, propagation, replicas: 1, speed: 0.0, ..Options::default() };
    let world = Arc::new(World::new(account(2), Vec::new(), WorldClock::new(Some(noon()), 0.0), options));
    let calls: Arc<Mutex<Vec<ApiCall>>> = Arc::default();
    let told = Arc::clone(&calls);
    let observer = Observer::new(move |call| told.lock().unwrap().push(call));
    let (http, patience) = (Some(in_process::client(Arc::clone(&world))), Patience::default());
    let session = connect(Connect { http, patience, ..Connect::new(observer) }).await.unwrap();
    sts::identity(&session).await.unwrap();
    (world, session, calls)
}

const EVE: &str = "user-00000";

fn keys_of(world: &World) -> Vec<(String, Status)> {
    world.account().iam.user(EVE).unwrap().keys.iter().map(|key| (key.id.clone(), key.status)).collect()
}

/// The case of the issue: executed, answer lost. Repeated it would be "not found", and be told as "not done" of a key that is gone.
#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_sent_once_and_unknown_until_reads_agree() {
    for fault in ["dropped", "failed", "truncated"] {
        let (world, session, calls) = slow(4, &[&format!("iam:DeleteAccessKey={fault}")]).await;
        let folder = tempfile::tempdir().unwrap();
        let change = Change::DeleteKey { user: EVE.into(), key: keys_of(&world)[0].0.as_str().into() };
        let changer = Changer::for_approved(&cleared(&session).await, &log(folder.path()), &approved(ACCOUNT), "test")
            .pausing(skipping(&world));
        let begun = world.now();
        let NotMade { fault: lost, later } = changer.attempt(&change).await.unwrap_err();
        assert!(lost.leaves_unknown(), "{fault}: {lost}");
        assert_eq!(sent(&calls, "DeleteAccessKey"), 1, "{fault}: the SDK repeats no change");
        let outcome = later.unwrap().outcome().await.unwrap();
        assert!(outcome.as_ref().is_ok_and(|done| done.read_back), "{fault}: {outcome:?}");
        let took = world.now().duration_since(begun);
        assert!(took >= SignedDuration::from_secs(10), "{fault}: believed after {took:?}");
        let written = history::changes(folder.path()).unwrap();
        assert_eq!(written.len(), 1);
        assert_eq!((written[0].outcome, written[0].read_back.clone()), (history::Outcome::Done, Some(ReadBack::InEffect)));
        let last = calls.lock().unwrap().iter().rfind(|call| call.operation == "DeleteAccessKey").cloned().unwrap();
        assert_eq!(last.outcome, Outcome::ReadBack { in_effect: true });
        let was_unknown = calls.lock().unwrap().iter().any(|call| matches!(call.outcome, Outcome::Unknown { .. }));
        assert!(
            was_unknown && calls.lock().unwrap().iter().all(|call| !matches!(call.outcome, Outcome::Failed { .. })),
            "{fault}"
        );
    }
}

/// Attempts of an operation, as the activity pane has them.
fn sent(calls: &Mutex<Vec<ApiCall>>, operation: &str) -> u32 {
    let calls = calls.lock().unwrap();
    let mut attempts = std::collections::BTreeMap::new();
    for call in calls.iter().filter(|call| call.operation == operation) {
        attempts.insert(call.number, call.attempts);
    }
    attempts.values().sum()
}

#[tokio::test]
async fn what_never_reached_aws_is_not_done_after_reads_agreed_for_longer() {
    let (world, session, _) = slow(4, &["iam:UpdateAccessKey=reset"]).await;
    let folder = tempfile::tempdir().unwrap();
    let (key, status) = keys_of(&world).remove(0);
    assert_eq!(status, Status::Active);
    let change = Change::SetKeyStatus { user: EVE.into(), key: key.as_str().into(), active: false };
    let changer = Changer::for_approved(&cleared(&session).await, &log(folder.path()), &approved(ACCOUNT), "test")
        .pausing(skipping(&world));
    let later = changer.attempt(&change).await.unwrap_err().later.unwrap();
    let fault = later.outcome().await.unwrap().unwrap_err();
    assert_eq!(fault.kind, FaultKind::Own { own: Own::NotInEffect });
    let written = history::changes(folder.path()).unwrap();
    assert_eq!((written[0].outcome, written[0].read_back.clone()), (history::Outcome::Failed, Some(ReadBack::NotInEffect)));
}

/// Reads that are denied, or that fail, say nothing: it stays unknown, and the log says why.
#[tokio::test]
async fn what_cannot_be_read_back_stays_unknown() {
    for (rule, why) in [("denied", "iam:ListAccessKeys"), ("reset", "connection"), ("error", "ListAccessKeys")] {
        let list = format!("iam:ListAccessKeys={rule}");
        let (world, session, _) = slow(0, &["iam:DeleteAccessKey=dropped", &list]).await;
        let folder = tempfile::tempdir().unwrap();
        let change = Change::DeleteKey { user: EVE.into(), key: keys_of(&world)[0].0.as_str().into() };
        let changer = Changer::for_approved(&cleared(&session).await, &log(folder.path()), &approved(ACCOUNT), "test")
            .pausing(skipping(&world));
        let later = changer.attempt(&change).await.unwrap_err().later.unwrap();
        let fault = later.outcome().await.unwrap().unwrap_err();
        assert!(fault.leaves_unknown() && fault.message.raw().contains(why), "{rule}: {fault}");
        let written = history::changes(folder.path()).unwrap();
        assert_eq!(written[0].outcome, history::Outcome::Unknown, "{rule}");
        let said = serde_json::to_string(&written[0]).unwrap();
        assert!(said.contains("read_back") && said.contains(why), "{rule}: {said}");
    }
}

/// A throttle proves that nothing was done, so the change is tried again; a 503 does not.
#[tokio::test]
async fn only_an_answer_that_proves_that_nothing_was_done_is_followed_by_another_attempt() {
    for (rule, attempts, is_done) in
        [("throttle,first=2", 3, true), ("throttle", 3, false), ("unavailable,first=1", 1, false), ("denied,first=1", 1, false)]
    {
        let (world, session, calls) = slow(0, &[&format!("iam:UpdateAccessKey={rule}")]).await;
        let folder = tempfile::tempdir().unwrap();
        let (key, _) = keys_of(&world).remove(0);
        let change = Change::SetKeyStatus { user: EVE.into(), key: key.as_str().into(), active: false };
        let changer = Changer::for_approved(&cleared(&session).await, &log(folder.path()), &approved(ACCOUNT), "test")
            .pausing(skipping(&world));
        let made = changer.attempt(&change).await;
        assert_eq!((sent(&calls, "UpdateAccessKey"), made.is_ok()), (attempts, is_done), "{rule}: {made:?}");
        assert_eq!(history::changes(folder.path()).unwrap().len(), 1, "{rule}: one change, one record");
    }
}

/// This machine's clock is wrong: AWS does not look at the request, and the client signs the next one by AWS's clock.
#[tokio::test]
async fn a_change_signed_by_a_wrong_clock_is_signed_again() {
    let (world, session, calls) = slow(0, &["iam:*=skew,seconds=-3600"]).await;
    let folder = tempfile::tempdir().unwrap();
    let (key, _) = keys_of(&world).remove(0);
    let change = Change::SetKeyStatus { user: EVE.into(), key: key.as_str().into(), active: false };
    let changer = Changer::for_approved(&cleared(&session).await, &log(folder.path()), &approved(ACCOUNT), "test")
        .pausing(skipping(&world));
    let made = changer.attempt(&change).await;
    assert!(made.is_ok() && sent(&calls, "UpdateAccessKey") == 2, "{made:?}");
}
