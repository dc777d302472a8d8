//! Whose credentials sign: renewed ones that are somebody else's sign `GetCallerIdentity`, and nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use bartizan::audit::{AuditLog, history};
use bartizan::aws::change::Changer;
use bartizan::aws::clearance::{Cleared, Rules};
use bartizan::aws::observe::Observer;
use bartizan::aws::rotation::Account;
use bartizan::aws::secrets_manager::SecretsManagers;
use bartizan::aws::session::{Clock, Connect, Session, Standing, connect};
use bartizan::aws::session_manager::SessionManager;
use bartizan::aws::{iam, sts};
use bartizan::domain::change::Change;
use bartizan::domain::fault::FaultKind;
use bartizan::domain::rotation::Command;
use bartizan::emulator::World;
use bartizan::emulator::in_process;
use bartizan::rotation::service::Service as _;
use bartizan::rotation::stores::Vaults as _;
use bartizan::ssm::client::gateway::{Gateway as _, Purpose, StartRequest};
use jiff::SignedDuration;

use crate::emulated::{ACCOUNT, account, administrator, noon, strict, sts as sts_by};
use crate::rotation::approved;

/// Gives these credentials, one after the other, and the last of them for ever. Each ends ten minutes after the one before.
#[derive(Debug)]
struct Turns(Mutex<Vec<Credentials>>);

impl Turns {
    fn provider(all: impl IntoIterator<Item = Credentials>) -> SharedCredentialsProvider {
        let ends = (1..).map(|turn| noon() + SignedDuration::from_mins(10 * turn));
        let dated = all.into_iter().zip(ends).map(|(given, end)| {
            let (id, secret) = (given.access_key_id(), given.secret_access_key());
            Credentials::new(id, secret, given.session_token().map(str::to_owned), Some(end.into()), "turns")
        });
        let mut all: Vec<_> = dated.collect();
        all.reverse();
        SharedCredentialsProvider::new(Self(Mutex::new(all)))
    }
}

impl ProvideCredentials for Turns {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let mut left = self.0.lock().unwrap();
        let next = if left.len() > 1 { left.pop() } else { left.last().cloned() };
        future::ProvideCredentials::ready(Ok(next.unwrap()))
    }
}

struct Scene {
    world: Arc<World>,
    session: Session,
    log: AuditLog,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new(world: &Arc<World>, credentials: impl IntoIterator<Item = Credentials>) -> Self {
        let clock = {
            let world = Arc::clone(world);
            Clock::new(move || world.now())
        };
        let http = Some(in_process::client(Arc::clone(world)));
        let credentials = Some(Turns::provider(credentials));
        let session = connect(Connect { http, credentials, clock, ..Connect::new(Observer::nobody()) }).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let log = AuditLog::open(folder.path(), None).unwrap();
        Self { world: Arc::clone(world), session, log, _folder: folder }
    }

    /// The credentials in use end.
    fn later(&self) {
        self.world.clock.advance(SignedDuration::from_secs(9 * 60 + 30));
    }

    async fn cleared(&self) -> Cleared {
        Rules::default().clear(&self.session).await.unwrap()
    }

    fn calls(&self) -> BTreeMap<String, u64> {
        self.world.calls()
    }
}

fn of(world: &World, user: &str) -> Credentials {
    let mut account = world.account();
    let key = &account.iam.user(user).unwrap().keys[0];
    Credentials::new(key.id.clone(), key.secret.clone(), None, None, "test")
}

/// What was asked for since.
fn since(before: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let new = now.iter().map(|(call, count)| (call.clone(), count - before.get(call).copied().unwrap_or_default()));
    new.filter(|(_, count)| *count > 0).collect()
}

fn asked_once() -> BTreeMap<String, u64> {
    BTreeMap::from([("sts:GetCallerIdentity".to_owned(), 1)])
}

#[tokio::test]
async fn renewed_credentials_of_somebody_else_sign_nothing_but_the_question_whose_they_are() {
    let world = strict(account(1), &[]);
    let scene = Scene::new(&world, [administrator(&world), of(&world, "user-00000")]).await;
    let was = sts::identity(&scene.session).await.unwrap();
    let cleared = scene.cleared().await;
    let yes = approved(Command::Resume { id: None });
    let changer = Changer::for_approved(&cleared, &scene.log, &yes, "test");
    let (service, vaults) = (Account::new(&cleared, &scene.log, "test"), SecretsManagers::new(&cleared, &scene.log, "test"));
    let sessions = SessionManager::new(&cleared, "us-east-1");
    // Every client has its own cache: those that are made before know the first credentials, those made after them none.
    assert!(iam::account_alias(&scene.session).await.is_ok());
    scene.later();
    let before = scene.calls();

    let fault = iam::account_alias(&scene.session).await.unwrap_err();
    let FaultKind::OtherIdentity { was: first, now } = &fault.kind else { panic!("{fault:?}") };
    assert_eq!(first, was.arn.raw());
    assert!(now.ends_with("user/user-00000"), "{now}");
    let said = fault.to_string();
    assert!(said.contains("user/admin") && said.contains("user/user-00000") && said.contains("nothing was sent"), "{said}");
    assert!(!fault.leaves_unknown() && fault.is_about_credentials());

    let change = Change::DeleteKey { user: "user-00000".into(), key: "AKIAIOSFODNN7EXAMPLE".into() };
    assert!(changer.make(&change).await.is_err());
    assert!(changer.create_access_key(&"user-00000".into()).await.is_err());
    assert!(service.caller().await.is_err() && service.keys("user-00000", None).await.is_err());
    assert!(vaults.look("team/ada").await.is_err());
    let request = StartRequest { target: "i-0abc".into(), purpose: Purpose::Shell, reason: None };
    assert!(sessions.start(&request).await.is_err() && sessions.resume("ada-1").await.is_err());
    assert!(sessions.sign("wss://ssmmessages.us-east-1.amazonaws.com/v1/data-channel/x").await.is_err(), "nor a web socket");
    assert!(sessions.data_key("alias/sessions", BTreeMap::new()).await.is_err());
    assert!(Rules::default().clear(&scene.session).await.is_err());
    assert!(sts::identity(&scene.session).await.is_err());

    assert_eq!(since(&before, &scene.calls()), asked_once());
    assert!(scene.session.identity().is_none());
    assert!(matches!(&*scene.session.standing().borrow(), Standing::Refused(_)));
    assert!(history::changes(scene.log.folder()).unwrap().is_empty());
}

#[tokio::test]
async fn renewed_credentials_of_the_same_user_go_on_after_one_question() {
    let world = strict(account(1), &[]);
    let token = sts_by(&world, administrator(&world)).get_session_token().send().await.unwrap().credentials.unwrap();
    let temporary = Credentials::new(token.access_key_id, token.secret_access_key, Some(token.session_token), None, "test");
    let scene = Scene::new(&world, [administrator(&world), temporary]).await;
    sts::identity(&scene.session).await.unwrap();
    let cleared = scene.cleared().await;
    scene.later();
    let before = scene.calls();
    assert!(iam::account_alias(&scene.session).await.is_ok());
    let changer = Changer::for_approved(&cleared, &scene.log, &approved(Command::Resume { id: None }), "test");
    let key = of(&world, "user-00000").access_key_id().to_owned();
    changer.make(&Change::DeleteKey { user: "user-00000".into(), key: key.as_str().into() }).await.unwrap();
    let wanted = [("iam:DeleteAccessKey", 1), ("iam:ListAccountAliases", 1), ("sts:GetCallerIdentity", 1)];
    assert_eq!(since(&before, &scene.calls()), wanted.map(|(call, count)| (call.to_owned(), count)).into());
}

#[tokio::test]
async fn a_role_goes_on_under_the_name_of_its_next_session_and_no_other_role_does() {
    let mut account = account(1);
    let mut reader = account.iam.roles["watch"].clone();
    (reader.name, reader.id) = ("reader".into(), "AROAREADER".into());
    account.iam.roles.insert("reader".into(), reader);
    let world = strict(account, &[]);
    let client = sts_by(&world, administrator(&world));
    let assume = async |role: &str, session: &str| {
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/{role}");
        let answer = client.assume_role().role_arn(arn).role_session_name(session).send().await.unwrap();
        let given = answer.credentials.unwrap();
        Credentials::new(given.access_key_id, given.secret_access_key, Some(given.session_token), None, "test")
    };
    let turns = [assume("watch", "one").await, assume("watch", "two").await, assume("reader", "two").await];
    let scene = Scene::new(&world, turns).await;
    assert!(sts::identity(&scene.session).await.unwrap().arn.raw().ends_with("assumed-role/watch/one"));
    scene.later();
    iam::account_alias(&scene.session).await.unwrap();
    let now = scene.session.identity().unwrap();
    assert!(now.arn.raw().ends_with("assumed-role/watch/two"), "the audit log names who calls: {now:?}");
    scene.world.clock.advance(SignedDuration::from_mins(10));
    let fault = iam::account_alias(&scene.session).await.unwrap_err();
    assert!(matches!(fault.kind, FaultKind::OtherIdentity { .. }), "{fault}");
}

#[tokio::test]
async fn what_nobody_has_named_yet_is_named_before_it_is_renewed() {
    let world = strict(account(1), &[]);
    let scene = Scene::new(&world, [administrator(&world), of(&world, "user-00000")]).await;
    iam::account_alias(&scene.session).await.unwrap();
    assert!(scene.session.identity().is_none() && !scene.calls().contains_key("sts:GetCallerIdentity"));
    scene.later();
    let before = scene.calls();
    let fault = iam::account_alias(&scene.session).await.unwrap_err();
    assert!(matches!(fault.kind, FaultKind::OtherIdentity { .. }), "{fault}");
    assert_eq!(since(&before, &scene.calls()), BTreeMap::from([("sts:GetCallerIdentity".to_owned(), 2)]));
}
