//! What a plan finds out before anything is done: permissions, by a dry run of the caller's policies, and what there is to know of the store.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use bartizan::audit::AuditLog;
use bartizan::aws::clearance::{Cleared, Rules};
use bartizan::aws::iam;
use bartizan::aws::observe::Observer;
use bartizan::aws::rotation::Account;
use bartizan::aws::secrets_manager::SecretsManagers;
use bartizan::aws::session::{Connect, Session, connect};
use bartizan::domain::fault::{Fault, FaultKind, Own};
use bartizan::domain::rotation::{Phase, Request, StoreChoice};
use bartizan::domain::text::Untrusted;
use bartizan::emulator::clock::Clock;
use bartizan::emulator::fault::Rule;
use bartizan::emulator::{Options, World, in_process};
use bartizan::rotation::desk::{Desk, Environment, PlanFor};
use bartizan::rotation::escrow::MemoryKeys;
use bartizan::rotation::leaked::Leaked;
use bartizan::rotation::service::{Simulated, Verdict};
use bartizan::rotation::stores::{Passphrase, Places};
use bartizan::secrets::Keyring;

use super::castle::{Bad, Castle};
use super::{Place, request};
use crate::emulated::{ACCOUNT, account, noon};

/// How often the simulation was asked.
fn asked(castle: &Castle) -> usize {
    castle.state().calls.iter().filter(|call| *call == "SimulatePrincipalPolicy").count()
}

async fn planned(castle: &Castle) -> Result<PlanFor, Fault> {
    Place::new(castle.clone()).desk().plan(vec![request()]).await.remove(0)
}

fn fact(plan: &PlanFor, name: &str) -> String {
    plan.plan.facts.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

#[tokio::test]
async fn what_is_forbidden_is_named_and_no_key_is_made() {
    let castle = Castle::with_ada();
    for action in ["iam:CreateAccessKey", "iam:DeleteAccessKey"] {
        castle.state().verdicts.insert(action.into(), Verdict::Denied);
    }
    let fault = planned(&castle).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Own { own: Own::WouldBeDenied { action: "iam:CreateAccessKey".into() } });
    for words in ["iam:CreateAccessKey, iam:DeleteAccessKey on arn:aws:iam::123456789012:user/ada", "nothing was made"] {
        assert!(fault.message.raw().contains(words), "{words}: {fault}");
    }
    assert_eq!(castle.state().creates, 0);
}

#[tokio::test]
async fn what_could_not_be_checked_is_never_called_allowed() {
    for (bad, words) in [(Bad::Denied, "not checked: iam:SimulatePrincipalPolicy is missing"), (Bad::Throttled, "throttled")] {
        let plan = planned(&Castle::with_ada().bad("SimulatePrincipalPolicy", bad)).await.unwrap();
        assert!(plan.notes.iter().any(|note| note.contains(words) && note.contains("iam:DeleteAccessKey")), "{:?}", plan.notes);
        assert!(fact(&plan, "permissions").starts_with("not checked"), "{:?}", plan.plan.facts);
    }
}

#[tokio::test]
async fn what_hangs_on_the_call_itself_or_can_be_done_without_is_a_note() {
    let castle = Castle::with_ada();
    let second_factor = Verdict::Depends(vec!["aws:MultiFactorAuthPresent".into()]);
    castle.state().verdicts.insert("iam:UpdateAccessKey".into(), second_factor);
    castle.state().verdicts.insert("iam:GetAccessKeyLastUsed".into(), Verdict::Denied);
    let plan = planned(&castle).await.unwrap();
    let notes = plan.notes.join("\n");
    assert!(notes.contains("whether iam:UpdateAccessKey is allowed depends on aws:MultiFactorAuthPresent"), "{notes}");
    assert!(notes.contains("iam:GetAccessKeyLastUsed is missing"), "{notes}");
    assert!(fact(&plan, "permissions").starts_with("3 of 5 allowed"), "{:?}", plan.plan.facts);
}

#[tokio::test]
async fn a_hundred_users_are_two_questions_and_a_rotation_asks_none() {
    let castle = Castle::default();
    let users: Vec<String> = (0..100).map(|number| format!("user-{number:03}")).collect();
    for user in &users {
        castle.state().add(user, &format!("AKIA{user}"), true);
    }
    let requests = users.iter().map(|user| Request { user: Untrusted::new(user), ..request() });
    let mut place = Place::new(castle.clone());
    let plans = place.desk().plan(requests.collect()).await;
    assert!(plans.iter().all(|plan| plan.as_ref().is_ok_and(|plan| fact(plan, "permissions").starts_with("5 of 5"))));
    assert_eq!(asked(&castle), 2);

    let castle = Castle::with_ada();
    let row = Place::new(castle.clone()).start().await;
    assert_eq!((row.phase, asked(&castle)), (Phase::Done, 0));
}

/// The embedded AWS under the real SDK, and a desk whose stores are in a folder.
struct Scene {
    world: Arc<World>,
    session: Session,
    cleared: Cleared,
    folder: tempfile::TempDir,
}

impl Scene {
    async fn new(faults: &[&str]) -> Self {
        let faults = faults.iter().map(|text| Rule::parse(text).unwrap()).collect();
        let world = Arc::new(World::new(account(1), faults, Clock::new(Some(noon()), 0.0), Options::default()));
        let http = Some(in_process::client(Arc::clone(&world)));
        let session = connect(Connect { http, ..Connect::new(Observer::nobody()) }).await.unwrap();
        let cleared = Rules::default().clear(&session).await.unwrap();
        Self { world, session, cleared, folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn desk(&self) -> Desk {
        let log = AuditLog::open(&self.file("audit"), None).unwrap();
        let places = Places {
            keyring: Arc::new(Keyring::in_memory()),
            credentials: Some(self.file("credentials")),
            config: Some(self.file("config")),
            vault: Some(Arc::new(SecretsManagers::new(&self.cleared, &log, "test"))),
            passphrase: Passphrase::new(Box::new(|_| panic!("a plan asks for no passphrase"))),
        };
        let account = Arc::new(Account::new(&self.cleared, &log, "test"));
        Desk::open(Environment::new(
            self.file("rotation"),
            account,
            Arc::new(places),
            Arc::new(MemoryKeys::default()),
            Leaked::none(),
        ))
    }

    async fn plan(&self, store: StoreChoice) -> Result<PlanFor, Fault> {
        self.desk().plan(vec![Request { user: "user-00000".into(), store, ..request() }]).await.remove(0)
    }

    fn keys(&self) -> usize {
        self.world.account().iam.user("user-00000").unwrap().keys.len()
    }
}

fn keyring() -> StoreChoice {
    StoreChoice::Keyring { profile: "ada".into() }
}

fn secret(name: &str, create: bool) -> StoreChoice {
    StoreChoice::SecretsManager { name: name.into(), create }
}

#[tokio::test]
async fn iam_is_asked_what_the_caller_may_do() {
    let plan = Scene::new(&[]).await.plan(keyring()).await.unwrap();
    assert!(fact(&plan, "permissions").starts_with("5 of 5 allowed by a dry run"), "{:?}", plan.plan.facts);

    let scene = Scene::new(&["iam:DeleteAccessKey=denied"]).await;
    let fault = scene.plan(keyring()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Own { own: Own::WouldBeDenied { action: "iam:DeleteAccessKey".into() } });
    assert_eq!(scene.keys(), 1);

    let plan = Scene::new(&["iam:SimulatePrincipalPolicy=denied"]).await.plan(keyring()).await.unwrap();
    assert_eq!(fact(&plan, "permissions"), "not checked: iam:SimulatePrincipalPolicy is missing");
}

#[tokio::test]
async fn a_policy_that_wants_a_second_factor_is_no_denial() {
    let scene = Scene::new(&[]).await;
    let policy = r#"{"Statement":{"Effect":"Deny","Action":"iam:*AccessKey","Resource":"*",
        "Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}}"#;
    let arn = {
        let mut account = scene.world.account();
        let admin = account.iam.user_mut("admin").unwrap();
        admin.inline.insert("second-factor".into(), policy.into());
        admin.arn(ACCOUNT)
    };
    let actions = ["iam:CreateAccessKey".to_owned(), "iam:ListUsers".to_owned()];
    let resources = [format!("arn:aws:iam::{ACCOUNT}:user/user-00000")];
    let Simulated::Rulings(rulings) = iam::simulate(&scene.session, &arn, &actions, &resources).await.unwrap() else {
        panic!("a user can be simulated");
    };
    let verdicts: Vec<Verdict> = rulings.into_iter().map(|ruling| ruling.verdict).collect();
    assert_eq!(verdicts, [Verdict::Depends(vec!["aws:MultiFactorAuthPresent".into()]), Verdict::Allowed]);
}

/// A session's ARN is no entity of IAM, and does not tell the path of its role.
#[tokio::test]
async fn for_the_session_of_a_role_the_role_is_asked_about() {
    let caller = format!("arn:aws:sts::{ACCOUNT}:assumed-role/watch/ada");
    let ask = async |scene: &Scene, caller: &str| {
        let actions = ["iam:CreateAccessKey".to_owned()];
        let resources = [format!("arn:aws:iam::{ACCOUNT}:user/user-00000")];
        iam::simulate(&scene.session, caller, &actions, &resources).await.unwrap()
    };
    let rulings = |simulated: Simulated| match simulated {
        Simulated::Rulings(rulings) => rulings.into_iter().map(|ruling| ruling.verdict).collect::<Vec<_>>(),
        Simulated::Impossible(why) => panic!("{why}"),
    };
    let deep = |scene: &Scene| scene.world.account().iam.roles.get_mut("watch").unwrap().path = "/aws-reserved/sso/".into();

    let scene = Scene::new(&[]).await;
    assert_eq!(rulings(ask(&scene, &caller).await), [Verdict::Allowed]);
    deep(&scene);
    assert_eq!(rulings(ask(&scene, &caller).await), [Verdict::Allowed], "GetRole tells the path");
    let root = ask(&scene, &format!("arn:aws:iam::{ACCOUNT}:root")).await;
    assert!(matches!(root, Simulated::Impossible(why) if why.contains("root")));

    let scene = Scene::new(&["iam:GetRole=denied", "iam:CreateAccessKey=denied"]).await;
    assert_eq!(rulings(ask(&scene, &caller).await), [Verdict::Denied], "a role without a path can be guessed");
    deep(&scene);
    assert!(matches!(ask(&scene, &caller).await, Simulated::Impossible(why) if why.contains("iam:GetRole is missing")));
}

#[tokio::test]
async fn the_calls_to_secrets_manager_are_in_the_plan_and_its_permissions_are_checked() {
    let scene = Scene::new(&[]).await;
    let absent = scene.plan(secret("team/ada", false)).await.unwrap_err();
    assert!(absent.message.raw().contains("new-secretsmanager:team/ada"), "{absent}");

    let plan = scene.plan(secret("team/ada", true)).await.unwrap();
    let calls: Vec<&str> = plan.plan.calls.iter().map(|call| call.action.as_str()).collect();
    let at = |action: &str| calls.iter().position(|call| *call == action).unwrap_or_else(|| panic!("{action}: {calls:?}"));
    assert!(at("secretsmanager:CreateSecret") < at("iam:CreateAccessKey"));
    assert!(at("iam:CreateAccessKey") < at("secretsmanager:PutSecretValue"));
    assert!(at("secretsmanager:UpdateSecretVersionStage") < at("iam:UpdateAccessKey"));
    let lines: Vec<&str> = plan.plan.calls.iter().map(|call| call.cli.as_str()).collect();
    for line in
        ["aws secretsmanager put-secret-value --region us-east-1 --secret-id team/ada", "aws secretsmanager create-secret"]
    {
        assert!(lines.iter().any(|known| known.starts_with(line)), "{line}: {lines:#?}");
    }
    assert!(fact(&plan, "permissions").starts_with("10 of 10"), "{:?}", plan.plan.facts);

    let scene = Scene::new(&["secretsmanager:PutSecretValue=denied"]).await;
    let fault = scene.plan(secret("team/ada", true)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Own { own: Own::WouldBeDenied { action: "secretsmanager:PutSecretValue".into() } });
    assert_eq!(scene.keys(), 1);
    let scene = Scene::new(&["secretsmanager:DescribeSecret=denied"]).await;
    let fault = scene.plan(secret("team/ada", true)).await.unwrap_err();
    assert!(fault.message.raw().contains("secretsmanager:DescribeSecret"), "{fault}");
}

#[tokio::test]
async fn every_other_place_that_holds_the_key_is_in_the_plan() {
    let scene = Scene::new(&[]).await;
    let old = scene.world.account().iam.user("user-00000").unwrap().keys[0].id.clone();
    let holds = |header: &str, id: &str| format!("[{header}]\nAWS_ACCESS_KEY_ID={id}\naws_secret_access_key = old\n\n");
    let other = holds("other", "AKIASOMEBODYELSES000");
    let credentials = holds("default", &old) + &holds("work", &old) + &other + &holds("bartizan.AKIAPARKED", &old);
    std::fs::write(scene.file("credentials"), credentials).unwrap();
    std::fs::set_permissions(scene.file("credentials"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let configuration = holds("profile 'My batch'", &old) + "[profile x]\nregion = y\n";
    std::fs::write(scene.file("config"), &configuration).unwrap();
    let copies = async |store: StoreChoice| {
        let notes = scene.plan(store).await.unwrap().notes;
        notes.into_iter().filter(|note| note.contains("stops working")).collect::<Vec<_>>()
    };
    let into = |profile: &str, create| StoreChoice::Credentials { profile: profile.into(), create };
    let found = copies(into("default", false)).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains(&old) && found[0].contains("section [work]"), "{found:?}");
    assert!(found[1].contains("config, section [profile 'My batch']"), "{found:?}");
    // A new section takes the place of none of them, and another store of none either.
    for store in [into("fresh", true), StoreChoice::Keyring { profile: "ada".into() }] {
        let found = copies(store).await;
        assert!(found.len() == 3 && found[0].contains("section [default]"), "{found:?}");
    }
    // What cannot be searched may hold it.
    std::fs::write(scene.file("config"), "rubbish\n").unwrap();
    let found = copies(StoreChoice::Keyring { profile: "ada".into() }).await;
    assert!(found.last().unwrap().contains("could not be searched (line 1"), "{found:?}");
}

#[tokio::test]
async fn what_there_is_to_know_of_a_file_is_in_the_plan() {
    let scene = Scene::new(&[]).await;
    let write = |path: &Path, mode: u32| {
        std::fs::write(path, "[ada]\naws_access_key_id = AKIAOLD\naws_secret_access_key = old\n").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let real = scene.file("real");
    write(&real, 0o644);
    std::fs::hard_link(&real, scene.file("other")).unwrap();
    std::os::unix::fs::symlink(&real, scene.file("credentials")).unwrap();
    let notes = async |store: StoreChoice| scene.plan(store).await.unwrap().notes.join("\n");
    let said = notes(StoreChoice::Credentials { profile: "ada".into(), create: false }).await;
    for words in ["mode 0644", "one more name", "is a symbolic link", &real.display().to_string(), "is not encrypted"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let path = scene.file("keys.age").display().to_string();
    write(Path::new(&path), 0o640);
    let said = notes(StoreChoice::File { path: path.clone() }).await;
    assert!(said.contains("mode 0640") && !said.contains("not encrypted"), "{said}");
    write(Path::new(&path), 0o600);
    assert_eq!(notes(StoreChoice::File { path }).await, "");
}
