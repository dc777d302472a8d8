//! The canary: secrets that are known here are looked for in everything that the program leaves behind: files, log at its loudest,
//! audit, journal, terminal, arguments of all processes, the words of a panic. And memory is not dumped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use bartizan::emulator::clock::Clock;
use bartizan::emulator::svc::iam::{AccessKey, User};
use bartizan::emulator::{Account, Options, World, ids, listen};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::harness::{LONG_PATIENCE, PROGRAM, Start, ended, environment, finished};
use crate::secret_service::SecretService;

const ACCOUNT: &str = "123456789012";
const ADMIN: (&str, &str) = ("AKIAADMINADMINADMINA", "adminsCanary/K7MDENG/bPxRfiCYEXAMPLEKEY0");
const OLD: (&str, &str) = ("AKIAOLDOLDOLDOLDOLDA", "oldCanary000/K7MDENG/bPxRfiCYEXAMPLEKEY1");
const PASSPHRASE: &str = "canary horse battery staple";

/// An account with an administrator and ada, who has one key, on a port of this machine.
struct Scene {
    home: PathBuf,
    world: Arc<World>,
    url: String,
    environment: Vec<(String, String)>,
    _listening: tokio_util::sync::DropGuard,
}

impl Scene {
    fn new(runtime: &tokio::runtime::Runtime, home: &Path, environment: Vec<(String, String)>) -> Self {
        let mut account = Account::empty(ACCOUNT, 7);
        let created: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (name, key) in [("admin", ADMIN), ("ada", OLD)] {
            let mut user = User::new(name, &ids::unique("AIDA", &mut account.rng), created);
            user.keys.push(AccessKey::new(key.0, key.1, created));
            account.iam.add_user(user);
        }
        account.iam.set_administrator("admin");
        let options = Options { accept_any_credentials: false, ..Options::default() };
        let world = Arc::new(World::new(account, Vec::new(), Clock::new(None, 1.0), options));
        let shutdown = CancellationToken::new();
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let server = runtime.block_on(listen::serve(address, Arc::clone(&world), shutdown.clone())).unwrap();
        std::fs::create_dir(home.join(".aws")).unwrap();
        let text = format!("[ada]\naws_access_key_id = {}\naws_secret_access_key = {}\n", OLD.0, OLD.1);
        std::fs::write(home.join(".aws/credentials"), text).unwrap();
        std::fs::write(home.join("passphrase"), format!("{PASSPHRASE}\n")).unwrap();
        let ours = [
            ("AWS_ACCESS_KEY_ID", ADMIN.0),
            ("AWS_SECRET_ACCESS_KEY", ADMIN.1),
            ("AWS_REGION", "us-east-1"),
            // What makes the SDK write bodies, and what others take for a level.
            ("LOG_SENSITIVE_BODIES", "true"),
            ("RUST_LOG", "trace"),
            ("BARTIZAN_PASSPHRASE_FILE", &home.join("passphrase").display().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = environment.into_iter().chain(ours).collect();
        let url = format!("http://{}", server.address);
        Self { home: home.to_owned(), world, url, environment, _listening: shutdown.drop_guard() }
    }

    /// Every secret that there is now, whoever made it.
    fn secrets(&self) -> Vec<String> {
        let mut account = self.world.account();
        let keys = ["admin", "ada"].into_iter().flat_map(|user| account.iam.user(user).unwrap().keys.clone());
        keys.map(|key| key.secret).chain([ADMIN.1, OLD.1, PASSPHRASE].map(str::to_owned)).collect()
    }

    /// Whose secret is in these bytes, in whichever spelling.
    fn found_in(&self, bytes: &[u8]) -> Option<String> {
        self.secrets().into_iter().find(|secret| spellings(secret).iter().any(|spelling| contains(bytes, spelling)))
    }

    #[track_caller]
    fn assert_clean(&self, what: &str, bytes: &[u8]) {
        if let Some(secret) = self.found_in(bytes) {
            panic!("{what} holds the secret {secret}:\n{}", String::from_utf8_lossy(bytes));
        }
    }

    /// Looks through every file below the home but those where secrets belong. How many were looked at.
    fn assert_files_clean(&self, but: &[&str]) -> usize {
        let mut looked_at = 0;
        for path in files_below(&self.home) {
            let name = path.strip_prefix(&self.home).unwrap().to_string_lossy().into_owned();
            let bytes = std::fs::read(&path).unwrap();
            if but.contains(&name.as_str()) {
                assert!(self.found_in(&bytes).is_some(), "the search works: {name} holds a secret");
            } else {
                self.assert_clean(&name, &bytes);
                looked_at += 1;
            }
        }
        looked_at
    }

    fn log(&self) -> String {
        self.home.join("log").display().to_string()
    }
}

/// A secret as text, in base64, in hexadecimal, and as `Debug` prints bytes.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let hexadecimal: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let debug = format!("{:?}", secret.as_bytes());
    // The end of base64 depends on what follows.
    let base64 = STANDARD.encode(secret).chars().take(secret.len()).collect::<String>();
    [secret.to_owned(), base64, hexadecimal, debug.trim_matches(['[', ']']).to_owned()].map(String::into_bytes).into()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files.extend(files_below(&entry.path())),
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}

/// What all processes of this machine were started with.
fn arguments_of_all() -> BTreeMap<PathBuf, Vec<u8>> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path().join("cmdline"));
    processes.filter_map(|path| Some((path.clone(), std::fs::read(&path).ok()?))).collect()
}

/// Rotates ada's key into a store; everything that was said, and what was looked at meanwhile is clean.
fn rotate_with(scene: &Scene, store: &str, more: &[&str]) {
    let log = scene.log();
    let mut command = Command::new(PROGRAM);
    command.args(["--endpoint-url", &scene.url, "--log", &log, "-vv", "rotate", "ada", "--store", store, "--yes", "--wait"]);
    command.args(["--soak", "0s", "--observe", "0s", "--shorten", "50", "--reason", "canary"]).args(more);
    command
        .env_clear()
        .envs(scene.environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut limits = String::new();
    let begun = std::time::Instant::now();
    while child.try_wait().unwrap().is_none() && begun.elapsed() < LONG_PATIENCE {
        for (process, arguments) in arguments_of_all() {
            scene.assert_clean(&process.display().to_string(), &arguments);
        }
        if let Ok(text) = std::fs::read_to_string(format!("/proc/{}/limits", child.id())) {
            limits = if text.is_empty() { limits } else { text };
        }
    }
    let output = ended(child, "a rotation");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    scene.assert_clean("what it said", &said);
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap_or_else(|| panic!("{limits}"));
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "core dumps are off");
    let keys = scene.world.account().iam.user("ada").unwrap().keys.clone();
    assert!(keys.len() == 1 && keys[0].id != OLD.0, "it was rotated: {}", keys.len());
    let log = std::fs::read_to_string(log).unwrap();
    assert!(!log.is_empty(), "the log is on");
}

#[test]
fn a_rotation_leaves_its_secrets_nowhere_but_in_the_store() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (store, places) in
        [("credentials:ada", ["passphrase", ".aws/credentials"]), ("file:keys.age", ["passphrase", ".aws/credentials"])]
    {
        let home = tempfile::tempdir().unwrap();
        let scene = Scene::new(&runtime, home.path(), environment(home.path()));
        let store = store.replace("keys.age", &home.path().join("keys.age").display().to_string());
        let escrow = if store.starts_with("file") { vec![] } else { vec!["--escrow", "passphrase"] };
        rotate_with(&scene, &store, &escrow);
        // Files of the rotation, the audit log and the log itself at least.
        assert!(scene.assert_files_clean(&places) >= 4);
    }
}

/// Everything that the console is told by keys, a passphrase among them.
#[test]
fn a_passphrase_that_is_typed_is_nowhere_either() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let home = tempfile::tempdir().unwrap();
    let scene = Scene::new(&runtime, home.path(), environment(home.path()));
    std::fs::remove_file(home.path().join("passphrase")).unwrap();
    let (url, log) = (scene.url.clone(), scene.log());
    let arguments = ["--endpoint-url", &url, "--log", &log, "-vv", "--pane", "keys", "--test-idle"];
    let ours = scene.environment.iter().filter(|(name, _)| name != "BARTIZAN_PASSPHRASE_FILE").cloned();
    let mut terminal = Start::new(home.path(), &arguments).size(160, 50).with(ours).run();
    terminal.settle().type_and_settle("/").type_and_settle("ada").type_and_settle("\r").until("AKIA");
    terminal.keys("A").until("ARMED").keys("r").until("rotate, new secret into");
    terminal.keys("\x15").until_gone("soak=24h");
    let file = home.path().join("keys.age");
    terminal.keys(&format!("file:{} escrow=passphrase soak=0s observe=0s\r", file.display())).until("does not exist yet");
    let stars = "*".repeat(PASSPHRASE.len());
    terminal.keys(PASSPHRASE).until(&stars).keys("\r").until("again:");
    terminal.keys(PASSPHRASE).until(&stars);
    for (process, arguments) in arguments_of_all() {
        scene.assert_clean(&process.display().to_string(), &arguments);
    }
    terminal.keys("\r").until("create-access-key");
    // A dialog that has just opened takes nothing: then the name is typed again.
    while !terminal.text().contains("to confirm: ada") {
        terminal.keys("\x15ada").arrives_within(std::time::Duration::from_millis(300));
    }
    terminal.keys("\r").until_gone("please confirm").keys("7").until("1 done");
    assert_eq!(terminal.keys("q").ended(), 0);
    scene.assert_clean("the terminal", terminal.written());
    assert!(file.exists() && !std::fs::read_to_string(&log).unwrap().is_empty());
    assert!(scene.assert_files_clean(&[".aws/credentials"]) >= 4);
}

#[test]
fn a_rotation_into_a_real_keyring_leaves_its_secrets_nowhere_else() {
    let Some(service) = SecretService::start() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let environment = service.environment();
    let home = PathBuf::from(&environment.iter().find(|(name, _)| name == "HOME").unwrap().1);
    let scene = Scene::new(&runtime, &home, environment);
    rotate_with(&scene, "keyring:ada", &[]);
    assert!(scene.assert_files_clean(&["passphrase", ".aws/credentials"]) >= 4);
    let mut served = Command::new(PROGRAM);
    served.args(["credential-process", "--profile", "ada"]).env_clear().envs(scene.environment.iter().cloned());
    assert!(scene.found_in(&finished(&mut served).stdout).is_some(), "the keyring serves it");
}

#[test]
fn neither_screen_nor_panic_shows_a_secret() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for broken in ["ui", "task"] {
        let home = tempfile::tempdir().unwrap();
        let scene = Scene::new(&runtime, home.path(), environment(home.path()));
        let (url, log) = (scene.url.clone(), scene.log());
        let arguments = ["--endpoint-url", &url, "--log", &log, "-vv", "--pane", "keys", "--test-idle", "--test-panic", broken];
        let mut terminal = Start::new(home.path(), &arguments).with(scene.environment.clone()).run();
        terminal.settle();
        if broken == "ui" {
            assert_eq!(terminal.keys("j").ended(), 101);
        } else {
            assert_eq!(terminal.type_and_settle("r").keys("q").ended(), 0);
        }
        scene.assert_clean("the terminal", terminal.written());
        assert!(std::fs::read_to_string(&log).unwrap().contains("panic"));
        scene.assert_files_clean(&["passphrase", ".aws/credentials"]);
    }
}
