//! Rotations that are stopped in the middle, by a signal or by quitting, and gone on with by the next process.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bartizan::emulator::clock::Clock;
use bartizan::emulator::fault::Rule;
use bartizan::emulator::svc::iam::{AccessKey, User};
use bartizan::emulator::{Account, Options, World, ids, listen};
use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Runtime;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::harness::{PROGRAM, Start, environment, without_terminal};
use crate::rotating::approve;
use crate::secret_service::SecretService;

pub(crate) const ACCOUNT: &str = "123456789012";
const USERS: [&str; 8] = ["ada", "bob", "cy", "dee", "eve", "fay", "gus", "hal"];

/// An account with an administrator and these users, served on a port.
pub(crate) struct Scene {
    pub(crate) home: tempfile::TempDir,
    pub(crate) world: Arc<World>,
    pub(crate) url: String,
    _runtime: Runtime,
    _listening: DropGuard,
}

impl Scene {
    pub(crate) fn new(propagation: SignedDuration) -> Self {
        Self::with(propagation, &[])
    }

    pub(crate) fn with(propagation: SignedDuration, faults: &[&str]) -> Self {
        let mut account = Account::empty(ACCOUNT, 7);
        let created: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for name in USERS.into_iter().chain(["admin"]) {
            let mut user = User::new(name, &ids::unique("AIDA", &mut account.rng), created);
            let (id, secret) = (ids::access_key("AKIA", ACCOUNT, &mut account.rng), ids::secret(&mut account.rng));
            user.keys.push(AccessKey::new(&id, &secret, created));
            account.iam.add_user(user);
        }
        account.iam.set_administrator("admin");
        let options = Options { accept_any_credentials: false, propagation, ..Options::default() };
        let faults = faults.iter().map(|text| Rule::parse(text).unwrap()).collect();
        let world = Arc::new(World::new(account, faults, Clock::new(None, 1.0), options));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let shutdown = CancellationToken::new();
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let server = runtime.block_on(listen::serve(address, Arc::clone(&world), shutdown.clone())).unwrap();
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("passphrase"), "correct horse\n").unwrap();
        let url = format!("http://{}", server.address);
        Self { home, world, url, _runtime: runtime, _listening: shutdown.drop_guard() }
    }

    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let key = self.world.administrator().unwrap();
        let mut all = environment(self.home.path());
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", key.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", key.secret_access_key),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("BARTIZAN_PASSPHRASE_FILE", self.home.path().join("passphrase").display().to_string()),
        ] {
            all.push((name.to_owned(), value));
        }
        all
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(PROGRAM);
        command.args(["--endpoint-url", &self.url, "rotate", "--yes"]).args(arguments);
        command.env_clear().envs(self.environment());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let arguments = [&["--endpoint-url", &self.url, "rotate"], arguments].concat();
        without_terminal(&self.environment(), &arguments)
    }

    /// Every user has one key, a new one, and the file has its secret.
    fn assert_all_rotated(&self, users: &[&str], old: &[String]) {
        let file = std::fs::read_to_string(self.home.path().join(".aws/credentials")).unwrap();
        for user in users {
            let keys = self.world.account().iam.user(user).unwrap().keys.clone();
            assert!(keys.len() == 1 && !old.contains(&keys[0].id), "{user}: {} keys", keys.len());
            let pair = format!("[{user}]\naws_access_key_id = {}\naws_secret_access_key = {}\n", keys[0].id, keys[0].secret);
            assert!(file.contains(&pair), "{user}'s pair is not in the file");
        }
        let creates = self.world.calls().get("iam:CreateAccessKey").copied();
        assert_eq!(creates, Some(users.len() as u64), "one key was made for each");
    }

    fn old_keys(&self) -> Vec<String> {
        USERS.iter().flat_map(|user| self.world.account().iam.user(user).unwrap().keys.clone()).map(|key| key.id).collect()
    }
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

fn files_of(home: &Path, ending: &str) -> usize {
    let folder = std::fs::read_dir(home.join(".local/state/bartizan/rotation")).unwrap();
    folder.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|found| found == ending)).count()
}

/// Begins a campaign, sends a signal once somebody is rotated, resumes.
fn stopped_by(name: &str) {
    let scene = Scene::new(SignedDuration::from_millis(300));
    let old = scene.old_keys();
    let how = ["--store", "new-credentials", "--escrow", "passphrase", "--soak", "0s", "--observe", "0s"];
    let fast = ["--shorten", "20", "--at-once", "2"];
    let mut child = scene.spawn(&[&USERS[..], &how[..], &fast[..]].concat());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(": done:")), "nobody was rotated");
    signal(&child, name);
    let told = std::time::Instant::now();
    lines.for_each(drop);
    assert!(told.elapsed() < Duration::from_secs(3), "it goes on for {:?}", told.elapsed());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let status = child.wait().unwrap();
    if name == "KILL" {
        assert_eq!(status.code(), None);
    } else {
        assert_eq!(status.code(), Some(143), "{said}");
        assert!(said.contains("not begun; `bartizan rotate --resume` goes on"), "{said}");
        assert_eq!(files_of(scene.home.path(), "escrow"), files_of(scene.home.path(), "age"), "a secret is in memory alone");
    }
    let (_, listed, _) = scene.run(&["--list"]);
    assert_eq!(listed.lines().count(), USERS.len(), "nobody is forgotten: {listed}");
    assert!(listed.contains("resume"), "something is left: {listed}");
    let (status, said, wrong) = scene.run(&["--resume", "--yes", "--shorten", "20"]);
    assert_eq!(status, 0, "{said} {wrong}");
    scene.assert_all_rotated(&USERS, &old);
    assert_eq!(files_of(scene.home.path(), "escrow") + files_of(scene.home.path(), "age"), 0);
    let (status, _, wrong) = scene.run(&["--resume", "--yes"]);
    assert!(status == 0 && wrong.contains("nothing to resume"), "{wrong}");
}

#[test]
fn a_campaign_that_is_told_to_end_is_gone_on_with_and_loses_nobody() {
    stopped_by("TERM");
}

#[test]
fn a_campaign_that_is_killed_is_gone_on_with_and_forgets_nobody() {
    stopped_by("KILL");
}

/// As the console: a key that a containment has marked as leaked becomes active by its typed id only.
#[test]
fn an_old_key_that_is_taken_for_leaked_since_does_not_become_active_by_an_answer() {
    let scene = Scene::new(SignedDuration::ZERO);
    let how = ["--store", "new-credentials", "--escrow", "passphrase", "--soak", "0s", "--observe", "7d", "--shorten", "20"];
    let (status, said, wrong) = scene.run(&[&["ada", "--yes"], &how[..]].concat());
    assert_eq!(status, 0, "{said} {wrong}");
    let (_, listed, _) = scene.run(&["--list", "--json"]);
    let row: serde_json::Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    let id = row["id"].as_str().unwrap_or_else(|| panic!("{listed}")).to_owned();
    let mut kept: serde_json::Value = serde_json::from_str(include_str!("../corpora/containments/killed.json")).unwrap();
    kept["case"]["containment"]["before"]["user"] = "ada".into();
    kept["case"]["begun"] = (Timestamp::now() + SignedDuration::from_secs(1)).to_string().into();
    let folder = scene.home.path().join(".local/state/bartizan/containment");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{ACCOUNT}-ada.json"));
    std::fs::write(&file, kept.to_string()).unwrap();
    let before = scene.world.account().iam.user("ada").unwrap().keys.clone();
    for choice in [
        &["--resume", &id, "--choose", "reactivate", "--yes"][..],
        &["--resume", &id, "--choose", "roll-back", "--yes"],
        &["--abort", &id, "--yes"],
    ] {
        let (status, said, wrong) = scene.run(choice);
        assert!(status == 3 && wrong.contains("taken for leaked"), "{choice:?}: {status} {said} {wrong}");
    }
    // What cannot be read may say anything.
    std::fs::write(&file, "{").unwrap();
    let (status, _, wrong) = scene.run(&["--resume", &id, "--choose", "reactivate", "--yes"]);
    assert!(status == 3 && wrong.contains("it is not known which keys"), "{status} {wrong}");
    let keys = |keys: &[AccessKey]| keys.iter().map(|key| (key.id.clone(), key.status)).collect::<Vec<_>>();
    assert_eq!(keys(&scene.world.account().iam.user("ada").unwrap().keys), keys(&before), "nothing was changed");
}

#[test]
fn the_console_is_quit_in_the_middle_of_a_rotation_and_the_next_one_goes_on() {
    let Some(service) = SecretService::start() else { return };
    let scene = Scene::new(SignedDuration::ZERO);
    let old = scene.old_keys();
    let keyring = service.environment().into_iter().filter(|(name, _)| name == "DBUS_SESSION_BUS_ADDRESS");
    let surroundings: Vec<_> = scene.environment().into_iter().chain(keyring).collect();
    let arguments = ["--endpoint-url", &scene.url, "--pane", "keys", "--test-idle"];
    let console = || Start::new(scene.home.path(), &arguments).with(surroundings.clone()).size(160, 50).run();
    let mut terminal = console();
    terminal.settle().type_and_settle("/").type_and_settle("user=ada").type_and_settle("\r").until("AKIA");
    terminal.keys("A").until("ARMED");
    terminal.keys("r").until("rotate, new secret into").keys("\x15").until_gone("soak=24h");
    terminal.keys("keyring:ada soak=0s observe=0s\r").until("create-access-key");
    approve(&mut terminal, "ada");
    // Between its store and the proof that it works.
    terminal.keys("7").until("1 of 3 checks in a row");
    terminal.keys("q");
    terminal.arrives_within(Duration::from_millis(500));
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    assert_eq!(scene.world.account().iam.user("ada").unwrap().keys.len(), 2, "it is in the middle");

    let mut terminal = console();
    terminal.settle().keys("7").until("1 left unfinished");
    terminal.keys("A").until("ARMED");
    terminal.keys("Z").until("Take up 1 rotations again");
    terminal.keys("y");
    // Too soon is refused: a person tries again.
    for _ in 0..600 {
        if !terminal.text().contains("Take up 1 rotations again") {
            break;
        }
        terminal.keys("y\r").arrives_within(Duration::from_millis(100));
    }
    terminal.until("1 done");
    // The last Enter may have opened the row.
    terminal.keys("q").arrives_within(Duration::from_millis(500));
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    let keys = scene.world.account().iam.user("ada").unwrap().keys.clone();
    assert!(keys.len() == 1 && !old.contains(&keys[0].id));
    let (status, served, wrong) = without_terminal(&surroundings, &["credential-process", "--profile", "ada"]);
    assert!(status == 0 && served.contains(&keys[0].id) && served.contains(&keys[0].secret), "{wrong}");
}
