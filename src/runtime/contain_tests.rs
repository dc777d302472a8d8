//! Containments over the embedded AWS, with an attacker in it, and a clock that is moved by the pauses.

use std::path::Path;

use jiff::SignedDuration;

use super::*;
use crate::audit::history::{self, Outcome};
use crate::aws::clearance::Rules;
use crate::aws::observe::Observer;
use crate::aws::session::{Clock, Connect, connect};
use crate::domain::change::{DENY_ALL, Mutation};
use crate::domain::moment::Moment;
use crate::emulator::clock::Clock as WorldClock;
use crate::emulator::svc::iam::{AccessKey, Attacker, Status, User};
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
}

impl Scene {
    /// Changes are in force everywhere after so many seconds; the attacker is there so often.
    async fn new(propagation_s: i64, strikes: u32) -> Self {
        let mut account = Account::empty(ACCOUNT, 7);
        let before = noon() - SignedDuration::from_hours(500);
        account.iam.add_user(User::new("admin", "AIDAADMIN", before));
        account.iam.set_administrator("admin");
        let mut eve = User::new("eve", "AIDAEVE", before);
        eve.keys.push(AccessKey::new(KEY, "secret", before));
        account.iam.add_user(eve);
        let attacker = (strikes > 0).then(|| Attacker { times: Some(strikes), ..Attacker::new("eve") });
        let propagation = SignedDuration::from_secs(propagation_s);
        let options = Options { speed: 0.0, propagation, replicas: 1, attacker, ..Options::default() };
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
        Self { world, aws, folder, log, to, told }
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
        }
    }

    /// A console that ends right after the last step.
    fn ending(&self) -> Warden {
        Warden { pause: Arc::new(|_| Box::pin(std::future::pending())), ..self.warden() }
    }

    async fn planned(&self) -> Containment {
        let before = iam::access(&self.aws, &"eve".into()).await.unwrap();
        Containment { before, planned: self.aws.now(), password: false, release: false }
    }

    async fn make(&self, warden: Warden, containment: Containment) -> Result<Done, Fault> {
        let now = Moment::default();
        let plan = Plan::of("Contain", Danger::Confirm, []);
        let pending = Pending::new(Mutation::Contain(containment.clone()), plan, ACCOUNT, now);
        let approved: Approved<Mutation> = pending.confirm(now + SignedDuration::from_secs(5)).unwrap();
        let cleared = Rules::default().clear(&self.aws).await.unwrap();
        let changer = Changer::for_approved(&cleared, &self.log, &approved, "test");
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
    // The undoing leaves nothing behind.
    scene.make(scene.warden(), before.undo()).await.unwrap();
    assert_eq!(iam::access(&scene.aws, &"eve".into()).await.unwrap(), before.before);
    assert_eq!(scene.warden().cases.of(ACCOUNT), (Vec::new(), Vec::new()));
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
    scene.make(scene.ending(), before.clone()).await.unwrap();
    while !matches!(scene.next().await, Contained::Step { step: 2, .. }) {}
    // It was written down when the next look was due, and that nobody has looked.
    for _ in 0..500 {
        if !scene.looks().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
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
    let warden = scene.warden();
    warden.cases.keep(&Kept { account: ACCOUNT.into(), case }).unwrap();
    let other = scene.folder.path().join("containment").join("x.json");
    std::fs::write(&other, "{").unwrap();
    assert_eq!(warden.cases.of("999999999999").0, Vec::new(), "another account's is not shown");
    warden.resume().await;
    let Contained::Kept(case) = scene.next().await else { panic!("the case is told first") };
    assert!(case.steps[0].as_ref().unwrap().1.is_ok() && case.steps[1].as_ref().unwrap().1.is_err());
}
