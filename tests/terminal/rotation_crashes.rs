//! A rotation killed with SIGKILL at every edge between two steps, taken up again, and looked at from the account's side: no secret is
//! lost, no key is nobody's, and no intent was carried out twice. Each kill costs two starts of the program, so only the first of the
//! kinds is killed everywhere each time; `BARTIZAN_EVERY_EDGE=1` kills the others everywhere as well.
//!
//! The own key with Secrets Manager is not among them: that plan is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use bartizan::emulator::clock::Clock;
use bartizan::emulator::svc::iam::{AccessKey, Status, User};
use bartizan::emulator::svc::secretsmanager::{Content, Secret, Version};
use bartizan::emulator::{Account, Options, World, ids, listen};
use bartizan::rotation::stores::{CURRENT, CredentialsFile, EncryptedFile, KeyPair, KeyringStore, Owner, Passphrase, Store};
use bartizan::secrets::Keyring;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::harness::{PROGRAM, environment, finished};
use crate::secret_service::SecretService;

const ACCOUNT: &str = "123456789012";
const OLD: &str = "AKIAOLDOLDOLDOLDOLDA";
const OLD_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// Name of the secret, its region, and the region of all calls.
const SECRET: &str = "team/ada";
const REGION: &str = "us-east-1";

/// What a helper looks up in the keyring: access key ids.
const LOOK: &str = "BARTIZAN_TEST_LOOK";

/// More edges than this no rotation has.
const MOST: u64 = 400;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// An administrator rotates ada's key.
    Others,
    /// ada rotates the key that she signs with.
    Own,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Credentials,
    File,
    Keyring,
    SecretsManager,
}

/// What a place has of some keys, as its readers see it.
#[derive(Debug, Default)]
struct Seen {
    current: Option<String>,
    /// By access key id.
    secrets: BTreeMap<String, SecretString>,
}

impl Seen {
    async fn of(store: &dyn Store, ids: &[String]) -> Self {
        let mut seen = Self { current: store.current().await.unwrap(), secrets: BTreeMap::new() };
        for id in ids {
            if let Some(secret) = store.read(id).await.unwrap() {
                seen.secrets.insert(id.clone(), secret);
            }
        }
        seen
    }
}

fn owner() -> Owner {
    Owner { account: ACCOUNT.into(), user: "ada".into() }
}

/// Puts the old key in as the one that is served.
async fn seed(store: &dyn Store) {
    store.put_pending(&KeyPair::new(OLD, OLD_SECRET.to_owned().into())).await.unwrap();
    store.promote(OLD, None).await.unwrap();
}

/// Looks into the keyring of its environment, which is not this process's. Without anything to look for it puts the old key in.
#[tokio::test]
#[ignore = "a process that tests start"]
async fn helper_looks_into_the_keyring() {
    let ids = std::env::var(LOOK).unwrap();
    let store = KeyringStore::new(Arc::new(Keyring::system()), owner(), "ada");
    let ids: Vec<String> = ids.split_whitespace().map(str::to_owned).collect();
    if ids.is_empty() {
        seed(&store).await;
    }
    let seen = Seen::of(&store, &ids).await;
    println!("\nCURRENT {}", seen.current.unwrap_or_default());
    for (id, secret) in seen.secrets {
        println!("KEY {id} {}", secret.expose_secret());
    }
}

fn look_into_keyring(service: &SecretService, ids: &[String]) -> Seen {
    let mut helper = Command::new(std::env::current_exe().unwrap());
    helper
        .args(["--exact", "rotation_crashes::helper_looks_into_the_keyring", "--ignored", "--nocapture", "--test-threads=1"])
        .env_clear()
        .envs(service.environment())
        .env(LOOK, ids.join(" "));
    let output = finished(&mut helper);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text} {}", String::from_utf8_lossy(&output.stderr));
    let mut seen = Seen::default();
    for line in text.lines() {
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["CURRENT", id] => seen.current = Some((*id).to_owned()).filter(|id| !id.is_empty()),
            ["KEY", id, secret] => drop(seen.secrets.insert((*id).to_owned(), (*secret).to_owned().into())),
            _ => {}
        }
    }
    seen
}

/// The secret in which her key has been so far, with a member of somebody else's.
fn team_secret() -> Secret {
    let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let value = serde_json::json!({"AccessKeyId": OLD, "SecretAccessKey": OLD_SECRET, "team": "blue"});
    let labels = BTreeSet::from([CURRENT.to_owned()]);
    let version = Version { content: Content::Text(value.to_string()), labels, created: at, accessed: None };
    Secret {
        name: SECRET.to_owned(),
        arn: format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{SECRET}-AbCdEf"),
        description: None,
        key: None,
        tags: Vec::new(),
        created: at,
        changed: at,
        deletion: None,
        versions: BTreeMap::from([("11111111-2222-4333-8444-555555555555".to_owned(), version)]),
    }
}

/// A pair in a version that has a stage: one without any is not kept.
fn pair_of(version: &Version) -> Option<(String, SecretString)> {
    let Content::Text(text) = &version.content else { return None };
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(value["team"], "blue", "a member of somebody else's is lost");
    let member = |name: &str| value[name].as_str().map(str::to_owned);
    Some((member("AccessKeyId")?, member("SecretAccessKey")?.into())).filter(|_| !version.labels.is_empty())
}

fn look_into_secret(secret: &Secret) -> Seen {
    let current = secret.labelled(CURRENT).and_then(|(_, version)| pair_of(version));
    Seen { current: current.map(|(id, _)| id), secrets: secret.versions.values().filter_map(pair_of).collect() }
}

/// One machine and one account, made anew for each crash.
struct Scene {
    home: tempfile::TempDir,
    world: Arc<World>,
    url: String,
    kind: Kind,
    place: Place,
    /// With [`Place::Keyring`].
    service: Option<SecretService>,
    _listening: tokio_util::sync::DropGuard,
}

fn world() -> Arc<World> {
    let mut account = Account::empty(ACCOUNT, 7);
    let created: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut admin = User::new("admin", &ids::unique("AIDA", &mut account.rng), created);
    admin.keys.push(AccessKey::new(&ids::access_key("AKIA", ACCOUNT, &mut account.rng), &ids::secret(&mut account.rng), created));
    let mut ada = User::new("ada", &ids::unique("AIDA", &mut account.rng), created);
    ada.keys.push(AccessKey::new(OLD, OLD_SECRET, created));
    account.iam.add_user(admin);
    account.iam.add_user(ada);
    account.iam.set_administrator("admin");
    let options = Options { accept_any_credentials: false, ..Options::default() };
    Arc::new(World::new(account, Vec::new(), Clock::new(None, 1.0), options))
}

impl Scene {
    fn new(runtime: &Runtime, kind: Kind, place: Place) -> Self {
        let home = tempfile::tempdir().unwrap();
        let world = world();
        let shutdown = CancellationToken::new();
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let server = runtime.block_on(listen::serve(address, Arc::clone(&world), shutdown.clone())).unwrap();
        std::fs::create_dir(home.path().join(".aws")).unwrap();
        std::fs::write(home.path().join("passphrase"), "correct horse\n").unwrap();
        let text = format!("# mine\n[ada]\naws_access_key_id = {OLD}\naws_secret_access_key = {OLD_SECRET}\n\n[other]\nx = y\n");
        std::fs::write(home.path().join(".aws/credentials"), text).unwrap();
        let url = format!("http://{}", server.address);
        let mut scene = Self { home, world, url, kind, place, service: None, _listening: shutdown.drop_guard() };
        match place {
            Place::Credentials => {}
            Place::File => runtime.block_on(seed(&scene.encrypted_file())),
            Place::Keyring => scene.start_keyring(),
            Place::SecretsManager => {
                let mut account = scene.world.account();
                account.secretsmanager.regions.entry(REGION.to_owned()).or_default().insert(SECRET.to_owned(), team_secret());
            }
        }
        scene
    }

    /// A keyring with the old key, and a profile that is served from it.
    fn start_keyring(&mut self) {
        let service = SecretService::start().unwrap();
        assert_eq!(look_into_keyring(&service, &[]).current.as_deref(), Some(OLD));
        let config = format!("[profile ada]\ncredential_process = \"{PROGRAM}\" credential-process --profile ada\n");
        std::fs::write(self.path(".aws/config"), config).unwrap();
        std::fs::remove_file(self.path(".aws/credentials")).unwrap();
        self.service = Some(service);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn encrypted_file(&self) -> EncryptedFile {
        let words = Passphrase::new(Box::new(|_| Ok("correct horse".to_owned().into())));
        EncryptedFile::new(&self.path("keys.age"), &owner(), words)
    }

    /// Where the new key goes and where its secret is on its way, as `bartizan rotate` is told.
    fn places(&self) -> [String; 4] {
        let (store, escrow) = match self.place {
            Place::Credentials => ("credentials:ada".to_owned(), "passphrase"),
            Place::File => (format!("file:{}", self.path("keys.age").display()), "passphrase"),
            Place::Keyring => ("keyring:ada".to_owned(), "keyring"),
            Place::SecretsManager => (format!("secretsmanager:{SECRET}"), "passphrase"),
        };
        ["--store".to_owned(), store, "--escrow".to_owned(), escrow.to_owned()]
    }

    /// What the place has of the keys of the account.
    fn look(&self, runtime: &Runtime) -> Seen {
        let ids: Vec<String> = self.keys().into_iter().map(|key| key.id).collect();
        match self.place {
            Place::Credentials => {
                let store = CredentialsFile::new(&self.path(".aws/credentials"), None, "ada", false);
                runtime.block_on(Seen::of(&store, &ids))
            }
            Place::File => runtime.block_on(Seen::of(&self.encrypted_file(), &ids)),
            Place::Keyring => look_into_keyring(self.service.as_ref().unwrap(), &ids),
            Place::SecretsManager => look_into_secret(&self.world.account().secretsmanager.regions[REGION][SECRET]),
        }
    }

    /// Runs `bartizan rotate`; `None`: it was killed.
    fn rotate(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(PROGRAM);
        command.args(["--endpoint-url", &self.url, "rotate", "--yes", "--shorten", "500"]).args(arguments);
        command.env_clear().envs(environment(self.home.path())).env("AWS_REGION", REGION);
        command.env("BARTIZAN_PASSPHRASE_FILE", self.path("passphrase"));
        if let Some(service) = &self.service {
            command.envs(service.environment().into_iter().filter(|(name, _)| name == "DBUS_SESSION_BUS_ADDRESS"));
        }
        match (self.kind, self.place) {
            // Her profile serves the key that is rotated, before and after.
            (Kind::Own, Place::Credentials | Place::Keyring) => command.env("AWS_PROFILE", "ada"),
            (Kind::Own, Place::File | Place::SecretsManager) => {
                command.env("AWS_ACCESS_KEY_ID", OLD).env("AWS_SECRET_ACCESS_KEY", OLD_SECRET)
            }
            (Kind::Others, _) => {
                let key = self.world.administrator().unwrap();
                command.env("AWS_ACCESS_KEY_ID", key.access_key_id).env("AWS_SECRET_ACCESS_KEY", key.secret_access_key)
            }
        };
        let output = finished(&mut command);
        if output.status.signal() == Some(9) {
            return (None, String::new());
        }
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), said)
    }

    fn keys(&self) -> Vec<AccessKey> {
        self.world.account().iam.user("ada").unwrap().keys.clone()
    }

    /// The promises that hold at every moment: what is served works.
    fn assert_usable(&self, runtime: &Runtime, when: &str) {
        let keys = self.keys();
        let seen = self.look(runtime);
        let id = seen.current.as_deref().unwrap_or_else(|| panic!("{when}: nothing is served"));
        let key = keys.iter().find(|key| key.id == id).unwrap_or_else(|| panic!("{when}: {id} is no key any more"));
        let secret = seen.secrets.get(id).unwrap_or_else(|| panic!("{when}: {id} has no secret"));
        assert!(key.status == Status::Active && key.secret == secret.expose_secret(), "{when}: {id} does not work");
    }

    /// The promises that hold once it is over.
    fn assert_settled(&self, runtime: &Runtime, when: &str) {
        self.assert_usable(runtime, when);
        let seen = self.look(runtime);
        for key in self.keys() {
            let stored = seen.secrets.get(&key.id);
            assert!(
                stored.is_some_and(|secret| secret.expose_secret() == key.secret),
                "{when}: nobody knows the secret of {}",
                key.id
            );
        }
        let (intents, left) = traces(&self.path(".local/state/bartizan/rotation"));
        let executed = self.world.calls().get("iam:CreateAccessKey").copied().unwrap_or_default();
        assert!(executed <= intents, "{when}: {executed} creates for {intents} intents");
        assert!(left.is_empty(), "{when}: left behind {left:?}");
    }
}

/// Announced creates, and files that should be gone at the end.
fn traces(folder: &Path) -> (u64, Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return (0, Vec::new()) };
    let paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    let journals = paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    let intents = journals.map(|path| std::fs::read_to_string(path).unwrap().matches("\"create_intent\"").count() as u64).sum();
    let is_left = |path: &&PathBuf| path.extension().is_some_and(|ending| ending == "escrow" || ending == "age");
    (intents, paths.iter().filter(is_left).cloned().collect())
}

/// Kills at every edge from `first` on in steps of `step`, until a run ends by itself. How many edges there are.
fn enumerate(kind: Kind, place: Place, first: u64, step: u64) -> u64 {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    for nth in (first..MOST).step_by(step as usize) {
        let scene = Scene::new(&runtime, kind, place);
        let when = format!("{kind:?} {place:?} killed at {nth}");
        let places = scene.places();
        let nth_text = nth.to_string();
        let begin = ["ada", "--soak", "0s", "--observe", "0s", "--crash-at", &nth_text];
        let (status, said) = scene.rotate(&[&begin[..], &places.each_ref().map(String::as_str)].concat());
        if status.is_some() {
            assert_eq!(status, Some(0), "{when}: {said}");
            assert_eq!(scene.keys().len(), 1, "{when}");
            assert_ne!(scene.keys()[0].id, OLD, "{when}: {said}");
            scene.assert_settled(&runtime, &when);
            return nth;
        }
        scene.assert_usable(&runtime, &when);
        let (status, said) = scene.rotate(&["--resume"]);
        assert_eq!(status, Some(0), "{when}, resumed: {said}");
        scene.assert_settled(&runtime, &when);
        // A crash before the first fact leaves nothing to resume.
        let keys = scene.keys();
        assert!(keys.len() == 1 && (keys[0].id != OLD || said.contains("nothing to resume")), "{when}, resumed: {keys:?} {said}");
    }
    panic!("{kind:?} {place:?}: more than {MOST} edges");
}

/// Kills at each `step`th edge from `first` on; at every one with `BARTIZAN_EVERY_EDGE` set. Where the run ended by itself.
fn everywhere(kind: Kind, place: Place, first: u64, step: u64) {
    if place == Place::Keyring && SecretService::start().is_none() {
        return;
    }
    let (first, step) = if std::env::var_os("BARTIZAN_EVERY_EDGE").is_some() { (1, 1) } else { (first, step) };
    let edges: Vec<u64> = std::thread::scope(|scope| {
        let halves = [first, first + step].map(|first| scope.spawn(move || enumerate(kind, place, first, 2 * step)));
        halves.map(|half| half.join().unwrap()).to_vec()
    });
    println!("{kind:?} {place:?}: {edges:?} edges");
    assert!(edges.iter().all(|edges| *edges > 40), "too few edges to be all of them: {edges:?}");
}

#[test]
fn another_users_key_in_the_credentials_file_survives_every_kill() {
    everywhere(Kind::Others, Place::Credentials, 1, 1);
}

#[test]
fn the_own_key_in_the_credentials_file_survives_every_kill() {
    everywhere(Kind::Own, Place::Credentials, 1, 3);
}

#[test]
fn another_users_key_in_an_encrypted_file_survives_every_kill() {
    everywhere(Kind::Others, Place::File, 1, 5);
}

#[test]
fn the_own_key_in_an_encrypted_file_survives_every_kill() {
    everywhere(Kind::Own, Place::File, 1, 7);
}

#[test]
fn another_users_key_in_the_keyring_survives_every_kill() {
    everywhere(Kind::Others, Place::Keyring, 2, 9);
}

#[test]
fn the_own_key_in_the_keyring_survives_every_kill() {
    everywhere(Kind::Own, Place::Keyring, 5, 9);
}

#[test]
fn another_users_key_in_secrets_manager_survives_every_kill() {
    everywhere(Kind::Others, Place::SecretsManager, 8, 9);
}
