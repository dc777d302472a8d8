//! A rotation killed with SIGKILL at every edge between two steps, taken up again, and looked at from the account's side: no secret is
//! lost, no key is nobody's, and no intent was carried out twice. Each kill costs two starts of the program, so only the first of the four
//! kinds is killed everywhere each time; `BARTIZAN_EVERY_EDGE=1` kills the others everywhere as well.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use bartizan::emulator::clock::Clock;
use bartizan::emulator::svc::iam::{AccessKey, Status, User};
use bartizan::emulator::{Account, Options, World, ids, listen};
use bartizan::rotation::stores::{CredentialsFile, EncryptedFile, KeyPair, Owner, Passphrase, Store};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::harness::{PROGRAM, environment};

const ACCOUNT: &str = "123456789012";
const OLD: &str = "AKIAOLDOLDOLDOLDOLDA";
const OLD_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

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
}

/// One machine and one account, made anew for each crash.
struct Scene {
    home: tempfile::TempDir,
    world: Arc<World>,
    url: String,
    kind: Kind,
    place: Place,
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
        let scene = Self { home, world, url, kind, place, _listening: shutdown.drop_guard() };
        if place == Place::File {
            runtime.block_on(async {
                let store = scene.store();
                store.put_pending(&KeyPair::new(OLD, OLD_SECRET.to_owned().into())).await.unwrap();
                store.promote(OLD, None).await.unwrap();
            });
        }
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn store(&self) -> Box<dyn Store> {
        let owner = Owner { account: ACCOUNT.into(), user: "ada".into() };
        let words = || Passphrase::new(Box::new(|_| Ok("correct horse".to_owned().into())));
        match self.place {
            Place::Credentials => Box::new(CredentialsFile::new(&self.path(".aws/credentials"), None, "ada", false)),
            Place::File => Box::new(EncryptedFile::new(&self.path("keys.age"), &owner, words())),
        }
    }

    /// Runs `bartizan rotate`; `None`: it was killed.
    fn rotate(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(PROGRAM);
        command.args(["--endpoint-url", &self.url, "rotate", "--yes", "--shorten", "500"]).args(arguments);
        command.env_clear().envs(environment(self.home.path())).env("AWS_REGION", "us-east-1");
        command.env("BARTIZAN_PASSPHRASE_FILE", self.path("passphrase"));
        match (self.kind, self.place) {
            // Her profile serves the key that is rotated, before and after.
            (Kind::Own, Place::Credentials) => command.env("AWS_PROFILE", "ada"),
            (Kind::Own, Place::File) => command.env("AWS_ACCESS_KEY_ID", OLD).env("AWS_SECRET_ACCESS_KEY", OLD_SECRET),
            (Kind::Others, _) => {
                let key = self.world.administrator().unwrap();
                command.env("AWS_ACCESS_KEY_ID", key.access_key_id).env("AWS_SECRET_ACCESS_KEY", key.secret_access_key)
            }
        };
        let output = command.stdin(Stdio::null()).output().unwrap();
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
        let served = runtime.block_on(async {
            let store = self.store();
            let id = store.current().await.unwrap().unwrap_or_else(|| panic!("{when}: nothing is served"));
            let secret: SecretString = store.read(&id).await.unwrap().unwrap_or_else(|| panic!("{when}: {id} has no secret"));
            (id, secret)
        });
        let key = keys.iter().find(|key| key.id == served.0).unwrap_or_else(|| panic!("{when}: {} is no key any more", served.0));
        assert!(key.status == Status::Active && key.secret == served.1.expose_secret(), "{when}: {} does not work", key.id);
    }

    /// The promises that hold once it is over.
    fn assert_settled(&self, runtime: &Runtime, when: &str) {
        self.assert_usable(runtime, when);
        for key in self.keys() {
            let stored = runtime.block_on(self.store().read(&key.id)).unwrap();
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
        let file = format!("file:{}", scene.path("keys.age").display());
        let store = if place == Place::File { file.as_str() } else { "credentials:ada" };
        let begin = ["ada", "--store", store, "--escrow", "passphrase", "--soak", "0s", "--observe", "0s"];
        let nth_text = nth.to_string();
        let (status, said) = scene.rotate(&[&begin[..], &["--crash-at", &nth_text]].concat());
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

/// Kills at each `step`th edge; at every one with `BARTIZAN_EVERY_EDGE` set. Where the run ended by itself.
fn everywhere(kind: Kind, place: Place, step: u64) {
    let step = if std::env::var_os("BARTIZAN_EVERY_EDGE").is_some() { 1 } else { step };
    let edges: Vec<u64> = std::thread::scope(|scope| {
        let halves = [1, 1 + step].map(|first| scope.spawn(move || enumerate(kind, place, first, 2 * step)));
        halves.map(|half| half.join().unwrap()).to_vec()
    });
    println!("{kind:?} {place:?}: {edges:?} edges");
    assert!(edges.iter().all(|edges| *edges > 40), "too few edges to be all of them: {edges:?}");
}

#[test]
fn another_users_key_in_the_credentials_file_survives_every_kill() {
    everywhere(Kind::Others, Place::Credentials, 1);
}

#[test]
fn the_own_key_in_the_credentials_file_survives_every_kill() {
    everywhere(Kind::Own, Place::Credentials, 3);
}

#[test]
fn another_users_key_in_an_encrypted_file_survives_every_kill() {
    everywhere(Kind::Others, Place::File, 5);
}

#[test]
fn the_own_key_in_an_encrypted_file_survives_every_kill() {
    everywhere(Kind::Own, Place::File, 7);
}
