//! The Secrets Manager store over the real SDK and the embedded AWS: stages, the audit log, and bad answers.

use std::sync::Arc;

use aws_sdk_secretsmanager::error::ProvideErrorMetadata as _;
use bartizan::audit::AuditLog;
use bartizan::aws::clearance::Rules;
use bartizan::aws::observe::Observer;
use bartizan::aws::secrets_manager::SecretsManagers;
use bartizan::aws::session::{Clock, Connect, connect};
use bartizan::domain::rotation::Command;
use bartizan::emulator::clock::Clock as WorldClock;
use bartizan::emulator::fault::Rule;
use bartizan::emulator::{Options, World, in_process};
use bartizan::rotation::stores::{SecretsManagerStore, Store as _, StoreErrorKind, Vaults as _};
use secrecy::ExposeSecret as _;

use super::{NEW, OLD, pair};
use crate::emulated::{account, noon};
use crate::rotation::approved;

struct Scene {
    world: Arc<World>,
    folder: tempfile::TempDir,
    vaults: SecretsManagers,
}

impl Scene {
    async fn new(faults: &[&str]) -> Self {
        let faults = faults.iter().map(|text| Rule::parse(text).unwrap()).collect();
        let world = Arc::new(World::new(account(1), faults, WorldClock::new(Some(noon()), 0.0), Options::default()));
        let clock = {
            let world = Arc::clone(&world);
            Clock::new(move || world.now())
        };
        let regions = vec!["eu-west-1".to_owned()];
        let http = Some(in_process::client(Arc::clone(&world)));
        let session = connect(Connect { regions, http, clock, ..Connect::new(Observer::nobody()) }).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let log = AuditLog::open(folder.path(), None).unwrap();
        let cleared = Rules::default().clear(&session).await.unwrap();
        Self { world, vaults: SecretsManagers::new(&cleared, &log, "test"), folder }
    }

    fn store(&self, may_create: bool) -> SecretsManagerStore {
        let vault = self.vaults.approved(&approved(Command::Resume { id: None }));
        SecretsManagerStore::new(vault, "team/ada", may_create)
    }

    /// A client of somebody else.
    fn client(&self) -> aws_sdk_secretsmanager::Client {
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(aws_sdk_secretsmanager::config::BehaviorVersion::latest())
            .region(aws_sdk_secretsmanager::config::Region::new("eu-west-1"))
            .credentials_provider(crate::emulated::administrator(&self.world))
            .http_client(in_process::client(Arc::clone(&self.world)))
            .build();
        aws_sdk_secretsmanager::Client::from_conf(config)
    }

    async fn made(&self, value: &str) {
        self.client().create_secret().name("team/ada").secret_string(value).send().await.unwrap();
    }

    /// What any reader of the secret gets.
    async fn served(&self) -> serde_json::Value {
        let value = self.client().get_secret_value().secret_id("team/ada").send().await.unwrap();
        serde_json::from_str(value.secret_string().unwrap()).unwrap()
    }

    /// The audit log as it lies on the disk.
    fn log(&self) -> String {
        let mut text = String::new();
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            text += &String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap());
        }
        text
    }
}

fn value(pair: (&str, &str)) -> serde_json::Value {
    serde_json::json!({"AccessKeyId": pair.0, "SecretAccessKey": pair.1, "team": "blue"})
}

#[tokio::test]
async fn a_pair_passes_through_the_stages_and_every_change_is_in_the_log() {
    let scene = Scene::new(&[]).await;
    scene.made(&value(OLD).to_string()).await;
    let store = scene.store(false);
    store.probe().await.unwrap();
    for _twice in 0..2 {
        store.put_pending(&pair(NEW)).await.unwrap();
    }
    assert_eq!(scene.served().await, value(OLD));
    assert_eq!(store.read(NEW.0).await.unwrap().unwrap().expose_secret(), NEW.1);
    for _twice in 0..2 {
        store.promote(NEW.0, Some(OLD.0)).await.unwrap();
    }
    assert_eq!(scene.served().await, value(NEW));
    assert_eq!(store.read(OLD.0).await.unwrap().unwrap().expose_secret(), OLD.1);
    assert_eq!(store.forget(NEW.0).await.unwrap_err().kind, StoreErrorKind::Denied);
    for _twice in 0..2 {
        store.forget(OLD.0).await.unwrap();
    }
    assert!(store.read(OLD.0).await.unwrap().is_none());
    assert_eq!(scene.served().await, value(NEW));

    let log = scene.log();
    assert!(log.contains("secretsmanager:PutSecretValue") && log.contains("secretsmanager:UpdateSecretVersionStage"), "{log}");
    for secret in [OLD.1, NEW.1] {
        assert!(!log.contains(secret), "a secret is in the audit log");
    }
}

#[tokio::test]
async fn a_rotation_that_is_given_up_goes_back() {
    let scene = Scene::new(&[]).await;
    scene.made(&value(OLD).to_string()).await;
    let store = scene.store(false);
    store.put_pending(&pair(NEW)).await.unwrap();
    store.promote(NEW.0, Some(OLD.0)).await.unwrap();
    store.promote(OLD.0, Some(NEW.0)).await.unwrap();
    store.forget(NEW.0).await.unwrap();
    assert_eq!(scene.served().await, value(OLD));
    assert!(store.read(NEW.0).await.unwrap().is_none());
}

#[tokio::test]
async fn a_secret_is_made_only_when_asked_for_and_serves_nothing_before_it_is_promoted() {
    let scene = Scene::new(&[]).await;
    assert_eq!(scene.store(false).probe().await.unwrap_err().kind, StoreErrorKind::Absent);
    assert_eq!(scene.store(false).put_pending(&pair(NEW)).await.unwrap_err().kind, StoreErrorKind::Absent);
    let store = scene.store(true);
    store.probe().await.unwrap();
    store.put_pending(&pair(NEW)).await.unwrap();
    assert_eq!(store.current().await.unwrap(), None, "pending, and already served");
    store.promote(NEW.0, Some(OLD.0)).await.unwrap();
    assert_eq!(scene.served().await, serde_json::json!({"AccessKeyId": NEW.0, "SecretAccessKey": NEW.1}));
    assert_eq!(scene.client().list_secret_version_ids().secret_id("team/ada").send().await.unwrap().versions().len(), 2);
    for _twice in 0..2 {
        store.withdraw(NEW.0).await.unwrap();
    }
    assert_eq!(store.current().await.unwrap(), None);
    assert_eq!(scene.served().await, serde_json::json!({}));
}

#[tokio::test]
async fn a_secret_without_a_value_serves_no_pair_that_is_only_pending() {
    let scene = Scene::new(&[]).await;
    scene.client().create_secret().name("team/ada").send().await.unwrap();
    let store = scene.store(false);
    store.probe().await.unwrap();
    store.put_pending(&pair(NEW)).await.unwrap();
    assert_eq!(store.current().await.unwrap(), None, "the first version of a secret is current at once");
    store.promote(NEW.0, Some(OLD.0)).await.unwrap();
    assert_eq!(scene.served().await, serde_json::json!({"AccessKeyId": NEW.0, "SecretAccessKey": NEW.1}));
}

#[tokio::test]
async fn what_is_no_pair_of_members_is_left_alone() {
    let scene = Scene::new(&[]).await;
    scene.made("a text with a canary").await;
    let store = scene.store(false);
    for error in [store.probe().await.unwrap_err(), store.put_pending(&pair(NEW)).await.unwrap_err()] {
        assert_eq!(error.kind, StoreErrorKind::Corrupt);
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
    scene.client().delete_secret().secret_id("team/ada").send().await.unwrap();
    assert_eq!(store.probe().await.unwrap_err().kind, StoreErrorKind::Denied, "scheduled for deletion");
    let refused = scene.client().get_secret_value().secret_id("team/ada").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidRequestException"));
}

#[tokio::test]
async fn what_is_denied_is_named() {
    let scene = Scene::new(&["secretsmanager:PutSecretValue=denied"]).await;
    scene.made(&value(OLD).to_string()).await;
    let error = scene.store(false).put_pending(&pair(NEW)).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Denied, "{error}");
    assert!(error.to_string().contains("secretsmanager:PutSecretValue"), "{error}");
    assert!(!error.to_string().contains(NEW.1));
    assert_eq!(scene.served().await, value(OLD));
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_version() {
    for kind in ["dropped", "truncated", "failed"] {
        let scene = Scene::new(&[&format!("secretsmanager:PutSecretValue={kind},first=1")]).await;
        scene.made(&value(OLD).to_string()).await;
        let store = scene.store(false);
        let _lost_or_repeated = store.put_pending(&pair(NEW)).await;
        store.put_pending(&pair(NEW)).await.unwrap();
        let described = scene.client().list_secret_version_ids().secret_id("team/ada").send().await.unwrap();
        assert_eq!(described.versions().len(), 2, "{kind}: the first one and ours");
        store.promote(NEW.0, Some(OLD.0)).await.unwrap();
        assert_eq!(scene.served().await, value(NEW), "{kind}");
    }
}
