//! The code of an MFA device is typed, at the terminal or in the console, and taken once.

use std::path::Path;
use std::sync::Arc;

use bartizan::emulator::clock::Clock;
use bartizan::emulator::svc::iam::{AccessKey, MfaDevice, Role, User};
use bartizan::emulator::{Account, Options, World, ids, listen};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::harness::{Emulated, Start, Terminal, credentials, environment, without_terminal};

const SERIAL: &str = "arn:aws:iam::123456789012:mfa/olivia.brandt";

#[test]
fn a_typed_code_is_never_taken_twice() {
    let home = tempfile::tempdir().unwrap();
    let emulated = Emulated::start(home.path(), &["--scenario", "quiet"]);
    let arguments = ["users", "--plain", "--endpoint-url", &emulated.url, "--mfa-serial", SERIAL];
    let run = |code: &str| {
        let mut terminal = Start::new(home.path(), &arguments).size(200, 100).with(credentials()).run();
        terminal.until("MFA code of").keys(&format!("{code}\r"));
        let status = terminal.ended();
        (status, terminal.text())
    };
    let (status, text) = run("12345");
    assert!(status == 2 && text.contains("six digits"), "{text}");
    let (status, text) = run("000000");
    assert!(status == 1 && text.contains("MultiFactorAuthentication failed"), "{text}");
    let (status, text) = run("271828");
    assert!(status == 0 && text.contains("olivia.brandt"), "{text}");
    let (status, text) = run("271828");
    assert!(status == 2 && text.contains("wait for the next code"), "{text}");
}

#[test]
fn where_no_session_is_made_the_option_is_refused() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [
        &["audit", "show"][..],
        &["credential-process"],
        &["config", "path"],
        &["shell", "i-0123456789abcdef0", "--demo"],
        &["forward", "i-0123456789abcdef0", "8080:80", "--demo"],
    ] {
        let all = [arguments, &["--mfa-serial", SERIAL]].concat();
        let (status, out, said) = without_terminal(&environment(home.path()), &all);
        assert!(status == 2 && said.contains("--mfa-serial does nothing here"), "{arguments:?}: {status} {out} {said}");
    }
}

const ACCOUNT: &str = "123456789012";
const KEY: (&str, &str) = ("AKIAADAADAADAADAADAA", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
const DEVICE: &str = "arn:aws:iam::123456789012:mfa/ada";

/// An account in which ada may do something only in a role that wants a second factor, on a port of this machine.
struct Castle {
    world: Arc<World>,
    url: String,
    _listening: tokio_util::sync::DropGuard,
}

fn role(name: &str, condition: serde_json::Value, account: &mut Account) {
    let statement = serde_json::json!({
        "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole", "Condition": condition,
    });
    let role = Role {
        name: name.into(),
        path: "/".into(),
        id: ids::unique("AROA", &mut account.rng),
        created: "2026-01-01T00:00:00Z".parse().unwrap(),
        trust: serde_json::json!({"Version": "2012-10-17", "Statement": [statement]}).to_string(),
        description: None,
        max_session_seconds: 3600,
        last_used: None,
    };
    account.iam.roles.insert(name.into(), role);
}

impl Castle {
    fn new(runtime: &tokio::runtime::Runtime, home: &Path) -> Self {
        let mut account = Account::empty(ACCOUNT, 7);
        let created: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut ada = User::new("ada", &ids::unique("AIDA", &mut account.rng), created);
        ada.keys.push(AccessKey::new(KEY.0, KEY.1, created));
        ada.mfa.push(MfaDevice { serial: DEVICE.into(), enabled: created });
        account.iam.add_user(ada);
        role("keeper", serde_json::json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}), &mut account);
        role("auditor", serde_json::json!({"StringEquals": {"sts:ExternalId": "x1"}}), &mut account);
        let options = Options { accept_any_credentials: false, ..Options::default() };
        let world = Arc::new(World::new(account, Vec::new(), Clock::new(None, 1.0), options));
        let shutdown = CancellationToken::new();
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let server = runtime.block_on(listen::serve(address, Arc::clone(&world), shutdown.clone())).unwrap();
        std::fs::create_dir(home.join(".aws")).unwrap();
        let keys = format!("[ada]\naws_access_key_id = {}\naws_secret_access_key = {}\n", KEY.0, KEY.1);
        std::fs::write(home.join(".aws/credentials"), keys).unwrap();
        let config = format!(
            "[profile ada]\nregion = us-east-1\n\n\
             [profile keeper]\nrole_arn = arn:aws:iam::{ACCOUNT}:role/keeper\nsource_profile = ada\nmfa_serial = {DEVICE}\n\
             role_session_name = night-watch\nregion = us-east-1\n\n\
             [profile auditor]\nrole_arn = arn:aws:iam::{ACCOUNT}:role/auditor\nsource_profile = keeper\nexternal_id = x1\n\
             region = us-east-1\n\n\
             [profile machine]\nrole_arn = arn:aws:iam::{ACCOUNT}:role/keeper\ncredential_source = Environment\n\
             mfa_serial = {DEVICE}\nregion = us-east-1\n"
        );
        std::fs::write(home.join(".aws/config"), config).unwrap();
        Self { world, url: format!("http://{}", server.address), _listening: shutdown.drop_guard() }
    }

    /// How often STS was asked for a role.
    fn assumed(&self) -> u64 {
        self.world.calls().get("sts:AssumeRole").copied().unwrap_or_default()
    }
}

#[test]
fn a_role_that_wants_a_second_factor_is_assumed_with_a_code_typed_at_the_terminal() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let home = tempfile::tempdir().unwrap();
    let castle = Castle::new(&runtime, home.path());
    let run = |profile: &str, code: &str| {
        let arguments = ["users", "--plain", "--endpoint-url", &castle.url, "--profile", profile];
        let mut terminal = Start::new(home.path(), &arguments).size(200, 60).run();
        terminal.until(&format!("MFA code of {DEVICE} for profile keeper:")).keys(&format!("{code}\r"));
        let status = terminal.ended();
        assert!(!String::from_utf8_lossy(terminal.written()).contains(code), "the code was on the screen");
        (status, terminal.text())
    };
    let (status, text) = run("keeper", "000000");
    assert!(status == 1 && text.contains("MultiFactorAuthentication failed"), "{text}");
    let (status, text) = run("keeper", "271828");
    assert!(status == 0 && text.contains("ada"), "{text}");
    assert_eq!(castle.assumed(), 2);
    let (status, text) = run("keeper", "271828");
    assert!(status == 1 && text.contains("used before"), "{text}");
    assert_eq!(castle.assumed(), 2, "it was not sent again");
    // From there on to a role that wants none.
    let (status, text) = run("auditor", "314159");
    assert!(status == 0 && text.contains("ada"), "{text}");
    assert_eq!(castle.assumed(), 4);
    let arguments = ["users", "--plain", "--endpoint-url", &castle.url, "--profile", "machine"];
    let (status, _, said) = without_terminal(&environment(home.path()), &arguments);
    assert!(status == 1 && said.contains("profile machine needs a second factor"), "{said}");
}

/// Types a code into the window, and waits until all of it is there.
fn code(terminal: &mut Terminal, code: &str) {
    terminal.keys(code).until("code: ******").keys("\r");
}

#[test]
fn the_console_asks_for_the_code_in_a_window_and_again_after_the_lock() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let home = tempfile::tempdir().unwrap();
    let castle = Castle::new(&runtime, home.path());
    std::fs::write(home.path().join("config.toml"), "lock_after = \"12s\"\n").unwrap();
    let config = home.path().join("config.toml").display().to_string();
    let arguments = ["--config", &config, "--endpoint-url", &castle.url, "--profile", "keeper", "--pane", "users"];
    let mut terminal = Start::new(home.path(), &arguments).size(120, 40).run();
    terminal.until("The role of profile keeper wants a second factor").until(DEVICE);
    // Without a code there is no session; reload asks again.
    terminal.keys("\x1b").until("no MFA code").keys("R").until("wants a second factor");
    code(&mut terminal, "000000");
    terminal.until("AWS did not take that code");
    code(&mut terminal, "000000");
    terminal.until("this code was used before");
    assert_eq!(castle.assumed(), 1, "no code goes out twice");
    code(&mut terminal, "271828");
    terminal.until("keeper/night-watch").until("ada");
    assert_eq!(castle.assumed(), 2);
    // What locks the console ends the session, and whoever unlocks it shows the device again.
    terminal.until("locked for").keys("x").until("Enter unlocks").keys("\r").until("MFA code").until("code:");
    for word in ["night-watch", "keeper", DEVICE, ACCOUNT] {
        assert!(!terminal.text().contains(word), "{word}: {}", terminal.text());
    }
    code(&mut terminal, "314159");
    terminal.until("keeper/night-watch").until("ada");
    assert_eq!(castle.assumed(), 3);
    assert_eq!(terminal.keys("q").ended(), 0);
    let written = String::from_utf8_lossy(terminal.written());
    assert!(["000000", "271828", "314159"].iter().all(|code| !written.contains(code)));
}
