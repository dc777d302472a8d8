//! Containments over the embedded AWS, with an attacker in it, and a clock that is moved by the pauses.

use std::path::Path;

use jiff::SignedDuration;
use tokio::sync::Semaphore;

use super::*;
use crate::audit::ReadBack;
use crate::audit::history::{self, Outcome};
use crate::aws::clearance::Rules;
use crate::aws::observe::Observer;
use crate::aws::session::{Clock, Connect, connect};
use crate::domain::change::DENY_ALL;
use crate::domain::moment::Moment;
use crate::emulator::clock::Clock as WorldClock;
use crate::emulator::fault::Rule;
use crate::emulator::svc::iam::{AccessKey, Attacker, Status, User};
use crate::emulator::svc::ssm::Session as SsmSession;
use crate::emulator::{Account, Options, World, in_process};
use crate::kit::action::Danger;
use crate::kit::confirm::{Approved, Pending, Plan};

const ACCOUNT: &str = "123456789012";
const KEY: &str = "AKIAEVE0000000000001";

fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

struct Scene {
    world: Arc<World>,
    aws: Session,
    folder: tempfile::TempDir,
    log: AuditLog,
    to: mpsc::Sender<Reply>,
    told: mpsc::Receiver<Reply>,
    watches: Watches,
}

impl Scene {
    /// Changes are in force everywhere after so many seconds; the attacker is there so often.
    async fn new(propagation_s: i64, strikes: u32) -> Self {
        Self::with(propagation_s, strikes, &[]).await
    }

    async fn with(propagation_s: i64, strikes: u32, faults: &[&str]) -> Self {
        let faults = faults.iter().map(|rule| Rule::parse(rule).unwrap()).collect();
        let mut account = Account::empty(ACCOUNT, 7);
        let before = noon() - SignedDuration::from_hours(500);
        account.iam.add_user(User::new("admin", "AIDAADMIN", before));
        account.iam.set_administrator("admin");
        let mut eve = User::new("eve", "AIDAEVE", before);
        eve.keys.push(AccessKey::new(KEY, "secret", before));
        account.iam.add_user(eve);
        let of = |id: &str, owner: &str| SsmSession {
            id: id.into(),
            target: "i-0123456789abcdef0".into(),
            owner: format!("arn:aws:iam::{ACCOUNT}:{owner}"),
            status: "Connected",
            started: before,
            ended: None,
            reason: None,
            document: "SSM-SessionManagerRunShell".into(),
        };
        let region = account.ssm.regions.entry("us-east-1".into()).or_default();
        region.sessions.extend([of("eve-0a1b2c3d4e5f60718", "user/eve"), of("adam-0a1b2c3d4e5f60718", "user/adam")]);
        let attacker = (strikes > 0).then(|| Attacker { times: Some(strikes), ..Attacker::new("eve") });
        let propagation = SignedDuration::from_secs(propagation_s);
        let options = Options { speed: 0.0, propagation, replicas: 1, attacker, faults, ..Options::default() };
        let world = Arc::new(World::new(account, Vec::new(), WorldClock::new(Some(noon()), 0.0), options));
        let http = Some(in_process::client(Arc::clone(&world)));
        let clock = Clock::new({
            let world = Arc::clone(&world);
            move || world.now()
        });
        let aws = connect(Connect { http, clock, ..Connect::new(Observer::nobody()) }).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let log = AuditLog::open(&folder.path().join("audit"), None).unwrap();
        let (to, told) = mpsc::channel(100);
        Self { world, aws, folder, log, to, told, watches: Watches::default() }
    }

    fn warden(&self) -> Warden {
        let world = Arc::clone(&self.world);
        Warden {
            aws: self.aws.clone(),
            session: SessionId(1),
            cases: Cases::below(Some(self.folder.path().join("containment"))),
            log: Some(self.log.clone()),
            origin: "test".into(),
            to: self.to.clone(),
            token: CancellationToken::new(),
            pause: Arc::new(move |length| {
                world.clock.advance(SignedDuration::try_from(length).unwrap());
                Box::pin(std::future::ready(()))
            }),
            watches: self.watches.clone(),
            board: Arc::new(Vec::new),
        }
    }

    /// A console whose looks at later times wait for a permit.
    fn waiting(&self, permits: &Arc<Semaphore>) -> Warden {
        let permits = Arc::clone(permits);
        let pause: Pause = Arc::new(move |_| {
            let permits = Arc::clone(&permits);
            Box::pin(async move { permits.acquire().await.unwrap().forget() })
        });
        Warden { pause, ..self.warden() }
    }

    /// A console that ends right after the last step. It gives a permit whenever it begins to wait.
    fn ending(&self, waits: &Arc<Semaphore>) -> Warden {
        let waits = Arc::clone(waits);
        let pause: Pause = Arc::new(move |_| {
            waits.add_permits(1);
            Box::pin(std::future::pending())
        });
        Warden { pause, ..self.warden() }
    }

    async fn planned(&self) -> Containment {
        let before = containment::access(&self.aws, &"eve".into()).await.unwrap();
        Containment::of(before, self.aws.now())
    }

    async fn make(&self, warden: Warden, containment: Containment) -> Result<Done, Fault> {
        let now = Moment::default();
        let plan = Plan::of("Contain", Danger::Confirm, []);
        let pending = Pending::new(Mutation::Contain(containment.clone()), plan, ACCOUNT, now);
        let approved: Approved<Mutation> = pending.confirm(now + SignedDuration::from_secs(5)).unwrap();
        let cleared = Rules::default().clear(&self.aws).await.unwrap();
        let changer = Changer::for_approved(&cleared, &self.log, &approved, "test").pausing(Arc::clone(&warden.pause));
        warden.run(&changer, containment).await
    }

    async fn next(&mut self) -> Contained {
        loop {
            let reply = tokio::time::timeout(Duration::from_secs(60), self.told.recv()).await.expect("nothing is told");
            if let Some(Reply::Tell(msg)) = reply
                && let Msg::Contained { news, .. } = *msg
            {
                return news;
            }
        }
    }

    /// What the looks at 10, 60 and 300 seconds have found.
    async fn checks(&mut self) -> Vec<(u64, Timestamp, Vec<String>)> {
        let mut checks: Vec<(u64, Timestamp, Vec<String>)> = Vec::new();
        while checks.last().is_none_or(|(after_s, ..)| *after_s != 300) {
            if let Contained::Check { after_s, at, result } = self.next().await {
                checks.push((after_s, at, result.unwrap()));
            }
        }
        checks
    }

    fn looks(&self) -> Vec<history::Change> {
        let folder: &Path = self.log.folder();
        history::changes(folder).unwrap().into_iter().filter(|change| change.entry.call == CHECK).collect()
    }
}

#[tokio::test]
async fn where_changes_are_in_force_at_once_the_attacker_can_do_nothing_and_it_holds() {
    let mut scene = Scene::new(0, 99).await;
    let before = scene.planned().await;
    scene.make(scene.warden(), before.clone()).await.unwrap();
    let checks = scene.checks().await;
    assert_eq!(checks.iter().map(|(after_s, ..)| *after_s).collect::<Vec<_>>(), CHECKS_S);
    assert!(checks.iter().all(|(.., reverted)| reverted.is_empty()), "{checks:?}");
    let looks = scene.looks();
    assert!(looks.iter().all(|look| look.outcome == Outcome::Done) && looks.len() == 3, "{looks:?}");
    assert!(looks[1].entry.object.contains("eve, due 2026-11-21T12:01:00Z"), "{looks:?}");
    // A release lifts the policies, leaves the leaked key inactive, and is remembered as long as there is that key.
    scene.make(scene.warden(), before.undo()).await.unwrap();
    let after = iam::access(&scene.aws, &"eve".into()).await.unwrap();
    assert!(after.ours.is_empty() && after.keys == [(KEY.into(), false)].into(), "{after:?}");
    assert!(scene.warden().cases.of(ACCOUNT).0[0].case.containment.release);
    scene.warden().resume().await;
    while !matches!(scene.next().await, Contained::Kept(case) if case.containment.release && case.is_whole()) {}
    scene.world.account().iam.user_mut("eve").unwrap().keys.clear();
    scene.warden().resume().await;
    assert_eq!(scene.warden().cases.of(ACCOUNT), (Vec::new(), Vec::new()));
}

/// The operator's own release, and a second containment, are nobody's doing that a look at the first one could find out.
#[tokio::test]
async fn a_release_ends_the_watch_and_so_does_another_containment() {
    let mut scene = Scene::new(0, 0).await;
    let permits = Arc::new(Semaphore::new(0));
    let first = scene.planned().await;
    scene.make(scene.waiting(&permits), first.clone()).await.unwrap();
    scene.world.clock.advance(SignedDuration::from_secs(5));
    let second = scene.planned().await;
    scene.make(scene.waiting(&permits), second.clone()).await.unwrap();
    scene.make(scene.waiting(&permits), second.undo()).await.unwrap();
    permits.add_permits(100);
    scene.world.clock.advance(SignedDuration::from_secs(600));
    while let Ok(told) = tokio::time::timeout(Duration::from_millis(300), scene.next()).await {
        assert!(!matches!(told, Contained::Check { .. }), "{told:?}");
    }
    assert!(scene.looks().iter().all(|look| look.outcome == Outcome::Unknown), "{:?}", scene.looks());
    // Nor does the next console cry out.
    scene.warden().resume().await;
    while let Ok(told) = tokio::time::timeout(Duration::from_millis(300), scene.next()).await {
        assert!(!matches!(told, Contained::Check { .. }), "{told:?}");
    }
}

/// What the operator makes active on purpose was not reverted by anybody.
#[tokio::test]
async fn a_key_that_the_operator_made_active_is_not_reverted() {
    let mut scene = Scene::new(0, 0).await;
    let permits = Arc::new(Semaphore::new(0));
    scene.make(scene.waiting(&permits), scene.planned().await).await.unwrap();
    scene.world.account().iam.user_mut("eve").unwrap().keys[0].status = Status::Active;
    let change = Change::SetKeyStatus { user: "eve".into(), key: KEY.into(), active: true };
    scene.warden().noticed(&Mutation::Change(change)).await;
    permits.add_permits(100);
    scene.world.clock.advance(SignedDuration::from_secs(12));
    loop {
        match scene.next().await {
            Contained::Check { result, .. } => break assert_eq!(result, Ok(Vec::new())),
            _ => continue,
        }
    }
    assert!(scene.warden().cases.of(ACCOUNT).0[0].case.containment.allowed.contains(&KEY.into()));
}

/// No policy ends a session that is open.
#[tokio::test]
async fn open_sessions_of_the_user_are_ended_as_steps_and_nobody_elses() {
    let mut scene = Scene::new(0, 0).await;
    let planned = scene.planned().await;
    let open = |scene: &Scene| -> Vec<String> {
        let mut account = scene.world.account();
        let sessions = &account.ssm.regions.entry("us-east-1".into()).or_default().sessions;
        sessions.iter().filter(|session| session.ended.is_none()).map(|session| session.id.clone()).collect()
    };
    assert_eq!(open(&scene).len(), 2);
    scene.make(scene.warden(), planned).await.unwrap();
    assert_eq!(open(&scene), ["adam-0a1b2c3d4e5f60718"]);
    let written = history::changes(scene.log.folder()).unwrap();
    assert!(written.iter().any(|one| one.entry.call == "ssm:TerminateSession" && one.outcome == Outcome::Done), "{written:?}");
    assert!(scene.checks().await.iter().all(|(.., found)| found.is_empty()));
    // Somebody opens one by other means, and the next look sees it.
    let reopen = |scene: &Scene| {
        let mut account = scene.world.account();
        let sessions = &mut account.ssm.regions.entry("us-east-1".into()).or_default().sessions;
        sessions.iter_mut().for_each(|session| (session.ended, session.status) = (None, "Connected"));
    };
    let again = scene.planned().await;
    reopen(&scene);
    scene.make(scene.warden(), again).await.unwrap();
    let found = scene.checks().await;
    assert!(found[0].2.join("").contains("the SSM session eve-0a1b2c3d4e5f60718"), "{found:?}");
}

#[tokio::test]
async fn where_sessions_cannot_be_listed_nobody_says_that_all_holds() {
    let mut scene = Scene::with(0, 0, &["ssm:DescribeSessions=denied"]).await;
    let planned = scene.planned().await;
    let unlisted = &planned.before.sessions.as_ref().unwrap().unlisted;
    assert_eq!(unlisted.get("us-east-1").map(String::as_str), Some("denied: ssm:DescribeSessions"));
    scene.make(scene.warden(), planned).await.unwrap();
    let fault = loop {
        if let Contained::Check { result, .. } = scene.next().await {
            break result.unwrap_err();
        }
    };
    assert_eq!(fault.kind, FaultKind::Own { own: Own::NotAllRead });
    assert!(
        fault.message.raw().contains("keys and policies hold") && fault.message.raw().contains("ssm:DescribeSessions"),
        "{fault}"
    );
}

/// The answer to a step is lost, although AWS did it: the others are made all the same, and reads find out.
#[tokio::test]
async fn a_step_of_unknown_fate_is_told_as_one_until_it_has_been_read_back() {
    let mut scene = Scene::with(3, 0, &["iam:UpdateAccessKey=dropped,first=1"]).await;
    let fault = scene.make(scene.warden(), scene.planned().await).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Own { own: Own::InPart { unknown: true } });
    assert!(fault.message.raw().starts_with("3 of 4 steps done; outcome unknown: UpdateAccessKey eve/AKIAEVE"), "{fault}");
    let mut of_first = Vec::new();
    while of_first.len() < 2 {
        if let Contained::Step { step: 0, result, .. } = scene.next().await {
            of_first.push(result);
        }
    }
    assert!(of_first[0].as_ref().is_err_and(Fault::leaves_unknown) && of_first[1].is_ok(), "{of_first:?}");
    assert!(scene.warden().cases.of(ACCOUNT).0[0].case.is_whole());
    let written = history::changes(scene.log.folder()).unwrap();
    assert_eq!((written[0].outcome, written[0].read_back.clone()), (Outcome::Done, Some(ReadBack::InEffect)), "{written:?}");
}

#[tokio::test]
async fn an_attacker_who_is_quicker_than_iam_is_found_out_and_contained_once_more() {
    let mut scene = Scene::new(20, 1).await;
    let first = scene.planned().await;
    scene.make(scene.warden(), first.clone()).await.unwrap();
    for (after_s, _, reverted) in scene.checks().await {
        let said = reverted.join("; ");
        assert!(said.contains(&format!("the key {KEY} is active")), "after {after_s} s: {said}");
        assert!(said.contains(&format!("the policy {DENY_ALL} is gone")), "after {after_s} s: {said}");
    }
    let looks = scene.looks();
    assert!(looks.iter().all(|look| look.code.as_deref().is_some_and(|code| code.starts_with("Reverted"))), "{looks:?}");
    scene.world.clock.advance(SignedDuration::from_secs(60));
    let again = scene.planned().await;
    scene.make(scene.warden(), again).await.unwrap();
    assert!(scene.checks().await.iter().skip(1).all(|(.., reverted)| reverted.is_empty()));
    let key = scene.world.account().iam.user("eve").unwrap().keys[0].status;
    assert_eq!(key, Status::Inactive);
}

#[tokio::test]
async fn the_next_console_goes_on_with_what_this_one_did_not_live_to_see() {
    let mut scene = Scene::new(0, 0).await;
    let before = scene.planned().await;
    let waits = Arc::new(Semaphore::new(0));
    scene.make(scene.ending(&waits), before.clone()).await.unwrap();
    while !matches!(scene.next().await, Contained::Step { step: 3, .. }) {}
    // It was written down when the next look was due, and that nobody has looked.
    tokio::time::timeout(Duration::from_secs(60), waits.acquire())
        .await
        .expect("nobody waits for the next look")
        .unwrap()
        .forget();
    let look = scene.looks().remove(0);
    assert_eq!((look.outcome, look.entry.object.as_str()), (Outcome::Unknown, "eve, due 2026-11-21T12:00:10Z"));

    scene.world.clock.advance(SignedDuration::from_secs(120));
    scene.world.account().iam.user_mut("eve").unwrap().inline.remove(DENY_ALL);
    scene.warden().resume().await;
    let Contained::Kept(case) = scene.next().await else { panic!("the case is told first") };
    assert_eq!(case.containment, before);
    assert!(case.ended().is_some() && case.checks.is_empty());
    let checks = scene.checks().await;
    assert_eq!(checks[0].0, 60, "one look makes up for those that were missed: {checks:?}");
    assert!(checks[0].2.join("").contains(DENY_ALL), "{checks:?}");
    assert_eq!(checks.len(), 2);
    // All was seen: a third console shows it and looks no more.
    scene.warden().resume().await;
    assert!(matches!(scene.next().await, Contained::Kept(case) if case.checks.len() == 2));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test stands at the edge")]
async fn a_console_that_ended_between_two_steps_leaves_no_step_open() {
    let mut scene = Scene::new(0, 0).await;
    let containment = scene.planned().await;
    let mut case = Case::begun(containment, noon());
    case.steps[0] = Some((noon(), Ok(())));
    // It was killed in the middle of the second step: the intent is on disk, and what became of it nobody knows.
    let step = case.containment.steps()[1].clone();
    let (call, object) = (step.action(), step.object());
    drop(scene.log.intend(Entry { account: Some(ACCOUNT.into()), call, object, ..Entry::default() }).unwrap());
    let warden = scene.warden();
    warden.cases.keep(&Kept { account: ACCOUNT.into(), case }).unwrap();
    let other = scene.folder.path().join("containment").join("x.json");
    std::fs::write(&other, "{").unwrap();
    assert_eq!(warden.cases.of("999999999999").0, Vec::new(), "another account's is not shown");
    warden.resume().await;
    let Contained::Kept(case) = scene.next().await else { panic!("the case is told first") };
    let unknown = |result: &Result<(), Fault>| result.as_ref().is_err_and(Fault::leaves_unknown);
    assert!(case.steps[0].as_ref().unwrap().1.is_ok() && unknown(&case.steps[1].as_ref().unwrap().1));
    // Reads find out that the rest was never done: so it was not reverted by anybody, either.
    let (mut settled, mut seen) = (0, Vec::new());
    while settled < 3 || seen.len() < 2 {
        match scene.next().await {
            Contained::Step { result, .. } => {
                settled += 1;
                assert_eq!(result.unwrap_err().kind, FaultKind::Own { own: Own::NotInEffect });
            }
            Contained::Check { result, .. } => seen.push(Seen::of(&result.unwrap())),
            _ => {}
        }
    }
    assert!(!seen.contains(&Seen::Holding), "{seen:?}");
    let written = history::changes(scene.log.folder()).unwrap();
    let written: Vec<_> = written.iter().filter(|change| change.entry.call.starts_with("iam:")).collect();
    assert_eq!(written.len(), 1, "a step that was never begun is not written down: {written:?}");
    assert_eq!((written[0].outcome, &written[0].read_back), (Outcome::Failed, &Some(ReadBack::NotInEffect)), "{written:?}");
    let kept = scene.warden().cases.of(ACCOUNT).0.remove(0).case;
    assert!(kept.shortfall().unwrap().starts_with("1 of 4 steps done; not done: PutUserPolicy"), "{kept:?}");
}
