//! `src/aws` over the embedded AWS, with the unmodified SDK between them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bartizan::aws::observe::Observer;
use bartizan::aws::page::{Sink, Stopped};
use bartizan::aws::session::{Connect, Patience, Session, connect};
use bartizan::aws::{cloudtrail, guardduty, iam, ssm, sts};
use bartizan::domain::call::{ApiCall, Outcome};
use bartizan::domain::event::Lookup;
use bartizan::domain::fault::FaultKind;
use bartizan::domain::finding::Archived;
use bartizan::domain::known::Known;
use bartizan::domain::text::Untrusted;
use bartizan::domain::user::{Mfa, Password, ROOT_NAME};
use bartizan::emulator::clock::Clock;
use bartizan::emulator::fault::Rule;
use bartizan::emulator::svc::iam::User;
use bartizan::emulator::{Account, Options, World, in_process};
use jiff::{SignedDuration, Timestamp};

/// A world, a session in it, and the calls that were reported.
struct Stage {
    world: Arc<World>,
    session: Session,
    calls: Arc<Mutex<Vec<ApiCall>>>,
}

async fn stage_over(world: World, regions: &[&str]) -> Stage {
    let world = Arc::new(world);
    let calls: Arc<Mutex<Vec<ApiCall>>> = Arc::default();
    let seen = Arc::clone(&calls);
    let wanted = Connect {
        http: Some(in_process::client(Arc::clone(&world))),
        regions: regions.iter().map(ToString::to_string).collect(),
        speed: 1000.0,
        patience: Patience { attempt: Duration::from_millis(300), call: Duration::from_secs(20), ..Patience::default() },
        ..Connect::new(Observer::new(move |call| seen.lock().unwrap().push(call)))
    };
    Stage { session: connect(wanted).await.unwrap(), world, calls }
}

async fn stage(faults: &[&str]) -> Stage {
    let faults = faults.iter().map(|rule| Rule::parse(rule).unwrap()).collect();
    stage_over(World::from_scenario("quiet", Options { faults, ..Options::default() }).unwrap(), &[]).await
}

impl Stage {
    /// The states of the newest call of an operation, in order.
    fn states(&self, operation: &str) -> Vec<ApiCall> {
        let calls = self.calls.lock().unwrap();
        let number = calls.iter().filter(|call| call.operation == operation).map(|call| call.number).max().unwrap();
        calls.iter().filter(|call| call.number == number).cloned().collect()
    }
}

/// A sink that keeps everything.
fn keep<T: Send + 'static>() -> (Sink<T>, Arc<Mutex<Vec<T>>>) {
    let kept: Arc<Mutex<Vec<T>>> = Arc::default();
    let into = Arc::clone(&kept);
    let sink = Sink::new(move |page: T| {
        into.lock().unwrap().push(page);
        Box::pin(std::future::ready(Ok(())))
    });
    (sink, kept)
}

fn day(session: &Session) -> Lookup {
    let to = session.now();
    Lookup { from: to - SignedDuration::from_hours(24), to, attribute: None }
}

fn crowd(many: usize) -> World {
    let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    let mut account = Account::empty("123456789012", 7);
    for number in 0..many {
        account.iam.add_user(User::new(&format!("user-{number:05}"), &format!("AIDA{number:016}"), now));
    }
    World::new(account, Vec::new(), Clock::new(Some(now), 0.0), Options::default())
}

#[tokio::test]
async fn all_ten_thousand_users_are_listed_and_the_first_page_is_small() {
    let stage = stage_over(crowd(10_000), &[]).await;
    let (sink, pages) = keep();
    iam::users(&stage.session, &sink).await.unwrap();
    let pages = pages.lock().unwrap();
    assert_eq!(pages[0].len(), 100);
    let mut names: Vec<_> = pages.iter().flatten().map(|user| user.name.raw().to_owned()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 10_000);
    assert_eq!(stage.world.calls()["iam:ListUsers"], 11);
}

#[tokio::test]
async fn the_report_has_every_user_and_root() {
    let stage = stage_over(crowd(1_200), &[]).await;
    let report = iam::credential_report(&stage.session).await.unwrap();
    let users = report.users();
    assert_eq!(users.len(), 1_201);
    assert!(users.iter().any(|user| user.is_root() && user.name.raw() == ROOT_NAME));
}

#[tokio::test]
async fn nobody_wants_more_after_the_first_page() {
    let stage = stage_over(crowd(3_000), &[]).await;
    let sink = Sink::new(|_| Box::pin(std::future::ready(Err(Stopped))));
    iam::users(&stage.session, &sink).await.unwrap();
    assert_eq!(stage.world.calls()["iam:ListUsers"], 1);
}

#[tokio::test]
async fn a_dropped_call_is_reported_as_cancelled() {
    let stage = stage(&["sts:GetCallerIdentity=hang"]).await;
    let asked = tokio::time::timeout(Duration::from_millis(50), sts::identity(&stage.session)).await;
    assert!(asked.is_err());
    assert_eq!(stage.states("GetCallerIdentity").last().unwrap().outcome, Outcome::Cancelled);
}

#[tokio::test]
async fn one_fact_denied_leaves_the_others() {
    let stage = stage(&["iam:ListMFADevices=denied"]).await;
    let facts = iam::user_facts(&stage.session, &Untrusted::new("olivia.brandt")).await;
    assert_eq!(facts.mfa.fault().unwrap().kind, FaultKind::Denied { action: "iam:ListMFADevices".into() });
    assert!(matches!(facts.mfa, Known::Denied { .. }));
    assert!(matches!(facts.password.value(), Some(Password::Set { changed: Some(_) })));
    assert_eq!(facts.keys.value().map(Vec::len), Some(1));
    assert_eq!(facts.groups.value().map(Vec::len), Some(1));
}

#[tokio::test]
async fn no_password_and_no_device_are_answers() {
    let stage = stage_over(crowd(1), &[]).await;
    let facts = iam::user_facts(&stage.session, &Untrusted::new("user-00000")).await;
    assert_eq!(facts.password.value(), Some(&Password::None));
    assert_eq!(facts.mfa.value(), Some(&Mfa::Off));
    let gone = iam::user_facts(&stage.session, &Untrusted::new("nobody")).await;
    assert_eq!(gone.mfa.fault().unwrap().kind, FaultKind::NotFound);
}

#[tokio::test]
async fn keys_know_their_last_use() {
    let stage = stage(&[]).await;
    let keys = iam::access_keys(&stage.session, &Untrusted::new("olivia.brandt")).await.unwrap();
    assert_eq!((keys.len(), keys[0].handle.ordinal), (1, 1));
    iam::key_last_used(&stage.session, keys[0].id.value().unwrap()).await.unwrap();
}

/// Every kind of bad answer, at once: the SDK's own waits between attempts are real time.
#[tokio::test]
async fn every_fault_arrives_as_what_it_is() {
    let table = [
        ("denied", FaultKind::Denied { action: "iam:ListUsers".into() }),
        ("expired", FaultKind::Expired),
        ("disabled", FaultKind::UnknownIdentity),
        ("throttle", FaultKind::Throttled { wait_ms: None }),
        ("error", FaultKind::Unavailable),
        ("unavailable", FaultKind::Unavailable),
        ("malformed", FaultKind::Malformed),
        ("truncated", FaultKind::Malformed),
        ("reset", FaultKind::Offline),
        ("hang", FaultKind::TimedOut),
    ];
    let outcomes = table.map(|(name, expected)| async move {
        let stage = stage(&[&format!("iam:ListUsers={name}")]).await;
        let (sink, _) = keep();
        let fault = iam::users(&stage.session, &sink).await.unwrap_err();
        assert_eq!(fault.kind, expected, "{name}: {fault:?}");
        assert_eq!((fault.call.as_str(), fault.region.as_str()), ("iam:ListUsers", "us-east-1"));
        assert!(matches!(stage.states("ListUsers").last().unwrap().outcome, Outcome::Failed { .. }), "{name}");
    });
    futures::future::join_all(outcomes).await;
}

#[tokio::test]
async fn a_retry_is_seen_as_one_and_then_done() {
    let stage = stage(&["iam:ListAccountAliases=throttle,first=1"]).await;
    iam::account_alias(&stage.session).await.unwrap();
    let states = stage.states("ListAccountAliases");
    assert_eq!(states[0].outcome, Outcome::InFlight);
    assert!(states.iter().any(|call| matches!(&call.outcome, Outcome::Retrying { reason } if reason.raw() == "Throttling")));
    let last = states.last().unwrap();
    assert_eq!((last.attempts, last.throttles, &last.outcome), (2, 1, &Outcome::Done));
    assert!(last.request_id.is_some() && last.took_ms.is_some());
}

#[tokio::test]
async fn a_lookup_outlasts_a_throttle_storm() {
    let stage = stage(&["cloudtrail:LookupEvents=throttle,first=4"]).await;
    let (sink, pages) = keep();
    cloudtrail::lookup(&stage.session, "us-east-1", &day(&stage.session), &sink).await.unwrap();
    assert!(!pages.lock().unwrap().is_empty());
    assert!(stage.world.calls()["cloudtrail:LookupEvents"] >= 5);
}

/// Attempts inside the SDK would not wait for their turn.
#[tokio::test]
async fn a_lookup_is_tried_twice_and_each_time_as_a_call_of_its_own() {
    let stage = stage(&["cloudtrail:LookupEvents=unavailable,first=1"]).await;
    let (sink, pages) = keep();
    cloudtrail::lookup(&stage.session, "us-east-1", &day(&stage.session), &sink).await.unwrap();
    assert!(!pages.lock().unwrap().is_empty());
    assert!(stage.calls.lock().unwrap().iter().all(|call| call.attempts <= 1));

    let stage = self::stage(&["cloudtrail:LookupEvents=unavailable"]).await;
    let fault = cloudtrail::lookup(&stage.session, "us-east-1", &day(&stage.session), &sink).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unavailable);
    assert_eq!(stage.world.calls()["cloudtrail:LookupEvents"], 2);
}

#[tokio::test]
async fn a_region_that_does_not_know_good_credentials_is_not_enabled() {
    let stage = stage(&["ssm:*=disabled,region=me-south-1"]).await;
    sts::identity(&stage.session).await.unwrap();
    let (sink, _) = keep();
    let fault = ssm::nodes(&stage.session, "me-south-1", &sink).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::RegionDisabled);
}

#[tokio::test]
async fn a_region_without_preferences_of_session_manager_is_not_one_that_may_not_be_asked() {
    let stage = stage(&["ssm:GetDocument=denied,region=us-west-2"]).await;
    let saved = ssm::preferences(&stage.session, "us-east-1").await.unwrap().unwrap();
    assert_eq!((saved.bucket, saved.log_group, saved.idle_minutes), (None, None, Some("20".into())));
    assert_eq!(ssm::preferences(&stage.session, "eu-west-1").await, Ok(None));
    let fault = ssm::preferences(&stage.session, "us-west-2").await.unwrap_err();
    assert_eq!(fault.title(), "denied: ssm:GetDocument");
}

#[tokio::test]
async fn a_region_that_knew_the_credentials_before_is_enabled() {
    let stage = stage(&["ssm:*=disabled,after=1"]).await;
    let (sink, _) = keep();
    ssm::nodes(&stage.session, "eu-west-1", &sink).await.unwrap();
    sts::identity(&stage.session).await.unwrap();
    let fault = ssm::nodes(&stage.session, "eu-west-1", &sink).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::UnknownIdentity, "the key was switched off meanwhile");
}

#[tokio::test]
async fn calls_of_further_sessions_have_numbers_of_their_own() {
    let world = Arc::new(World::from_scenario("quiet", Options::default()).unwrap());
    let calls: Arc<Mutex<Vec<ApiCall>>> = Arc::default();
    let seen = Arc::clone(&calls);
    let observer = Observer::new(move |call| seen.lock().unwrap().push(call));
    for _ in 0..2 {
        let http = Some(in_process::client(Arc::clone(&world)));
        let session = connect(Connect { http, ..Connect::new(observer.clone()) }).await.unwrap();
        sts::identity(&session).await.unwrap();
    }
    let mut numbers: Vec<_> = calls.lock().unwrap().iter().map(|call| call.number).collect();
    numbers.dedup();
    assert_eq!(numbers, [1, 2]);
}

#[tokio::test]
async fn guardduty_without_a_detector_is_not_enabled() {
    let stage = stage_over(crowd(0), &["eu-west-1"]).await;
    let (sink, _) = keep();
    let fault = guardduty::findings(&stage.session, "eu-west-1", Archived::Current, &sink).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotEnabled);
}

#[tokio::test]
async fn the_identity_and_its_source() {
    let stage = stage(&[]).await;
    let identity = sts::identity(&stage.session).await.unwrap();
    assert_eq!(identity.account, "123456789012");
    let source = stage.session.credentials().await.unwrap();
    assert_eq!(source.expires, None);
    assert_eq!(stage.session.regions(), ["us-east-1"]);
}

/// Twenty pages of forty thousand findings: enough to see that pages read ahead keep their order.
#[tokio::test]
async fn findings_read_ahead_come_once_and_the_most_severe_first() {
    const PAGES: usize = 20;
    let stage = stage_over(World::from_scenario("huge", Options::default()).unwrap(), &["us-east-1"]).await;
    let (kept, pages) = keep();
    let counted = Arc::clone(&pages);
    let sink = Sink::new(move |page| {
        let (kept, counted) = (kept.clone(), Arc::clone(&counted));
        Box::pin(async move {
            kept.send(page).await?;
            if counted.lock().unwrap().len() < PAGES { Ok(()) } else { Err(Stopped) }
        })
    });
    guardduty::findings(&stage.session, "us-east-1", Archived::All, &sink).await.unwrap();
    let pages = pages.lock().unwrap();
    let findings: Vec<_> = pages.iter().flatten().collect();
    assert!(findings.is_sorted_by(|a, b| a.severity >= b.severity));
    let mut ids: Vec<_> = findings.iter().map(|finding| finding.key.id.raw()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((pages.len(), ids.len()), (PAGES, PAGES * 50));
    assert!(stage.world.calls()["guardduty:ListFindings"] <= PAGES as u64 + 5, "no further ahead than a few pages");
}
