//! What scripts see: outputs, exit statuses, one line on standard error.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use crate::harness::{Emulated, PROGRAM, Start, credentials, environment, without_terminal};

fn run(arguments: &[&str]) -> (i32, String, String) {
    let home = tempfile::tempdir().unwrap();
    without_terminal(&environment(home.path()), arguments)
}

#[test]
fn the_version_is_the_crates() {
    assert_eq!(run(&["--version"]), (0, format!("bartizan {}\n", env!("CARGO_PKG_VERSION")), String::new()));
}

#[test]
fn completions_and_manual_are_made_from_the_arguments() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (status, script, _) = run(&["completions", shell]);
        assert!(status == 0 && script.contains("iam-policy"), "{shell}");
    }
    let (status, page, _) = run(&["man"]);
    assert_eq!(status, 0);
    assert!(page.contains("bartizan\\-emulate") && !page.contains("test\\-idle"), "hidden options are not for readers");
}

#[test]
fn wrong_usage_is_status_2() {
    assert_eq!(run(&["--no-such-option"]).0, 2);
    assert_eq!(run(&["--pane", "kyes"]).0, 2);
    let (status, _, error) = run(&["--demo", "paradise", "users"]);
    assert!(status == 2 && error.contains("incident"), "{error}");
}

#[test]
fn no_argument_path_or_setting_steers_the_terminal() {
    const HOSTILE: &str = "\u{1b}]0;pwned\u{7}\u{9b}31m\u{202e}x\u{200b}\u{e0041}";
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(format!("{HOSTILE}.toml")).display().to_string();
    std::fs::write(&path, format!("theme = \"{}\"\n\"{}\" = 1\n", "no\u{202e}ne", "x\u{9d}y\u{200b}")).unwrap();
    let nowhere = format!("/nowhere/{HOSTILE}");
    let option = format!("--{HOSTILE}");
    let commands: &[&[&str]] = &[
        &[HOSTILE],
        &[&option],
        &["--pane", HOSTILE],
        &["users", "--demo", HOSTILE],
        &["users", HOSTILE, HOSTILE, "--demo"],
        &["--config", &nowhere, "config", "check"],
        &["--config", &path, "config", "check"],
        &["--config", &path, "users", "--demo"],
        &["--theme", HOSTILE, "config", "print"],
        &["--keymap", &path, "keymap"],
        &["--log", &nowhere, "users", "--demo"],
        &["keymap", "--check", &path],
        &["theme", "--check", &path],
        &["theme", "--print", HOSTILE],
        &["--profile", HOSTILE, "users"],
        &["--region", HOSTILE, "config", "print"],
        &["emulate", "--scenario", HOSTILE],
        &["emulate", "--fault", HOSTILE],
        &["emulate", "--events", &nowhere],
        &["emulate", "--listen", HOSTILE],
        &["credential-process", "--profile", HOSTILE],
        &["iam-policy", HOSTILE],
        &["completions", HOSTILE],
    ];
    for arguments in commands {
        let (status, out, error) = without_terminal(&environment(home.path()), arguments);
        for text in [&out, &error] {
            let steering = text.chars().find(|c| *c != '\n' && (c.is_control() || "\u{202e}\u{200b}\u{e0041}".contains(*c)));
            assert_eq!(steering, None, "{arguments:?} ended with {status}: {text:?}");
        }
        assert!(!out.is_empty() || !error.is_empty(), "{arguments:?} says nothing");
    }
}

#[test]
fn settings_tell_where_they_come_from() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("mine.toml");
    std::fs::write(&file, "\nregions = [\"eu-west-1\"]\n").unwrap();
    let file = file.display().to_string();
    let (status, out, _) = without_terminal(&environment(home.path()), &["--config", &file, "--pane", "keys", "config", "print"]);
    assert_eq!(status, 0);
    assert!(out.contains(&format!("regions = [\"eu-west-1\"]  # {file}:2\n")), "{out}");
    assert!(out.contains("pane = \"keys\"  # command line\n"), "{out}");
    assert!(out.contains("keymap = (the built-in keys)  # built in\n"), "{out}");
}

#[test]
fn a_wrong_setting_is_named_with_its_place() {
    let home = tempfile::tempdir().unwrap();
    let mut environment = environment(home.path());
    environment.push(("BARTIZAN_CONFIG_DIR".into(), home.path().display().to_string()));
    std::fs::write(home.path().join("config.toml"), "pane = \"users\"\ncolour = 1\n").unwrap();
    let (status, out, error) = without_terminal(&environment, &["config", "check"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(error.contains("config.toml:2:1: unknown field `colour`"), "{error}");
    assert_eq!(error.lines().count(), 1);
}

#[test]
fn the_embedded_aws_says_where_it_listens_and_ends_when_told() {
    let home = tempfile::tempdir().unwrap();
    for signal in ["TERM", "INT"] {
        let mut child = Command::new(PROGRAM)
            .args(["emulate", "--listen", "127.0.0.1:0", "--scenario", "quiet"])
            .env_clear()
            .envs(environment(home.path()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = child.stdout.take().unwrap();
        let mut line = [0_u8; 64];
        let read = out.read(&mut line).unwrap();
        let line = String::from_utf8_lossy(&line[..read]).into_owned();
        assert!(line.starts_with("listening on http://127.0.0.1:") && line.ends_with('\n'), "{line:?}");
        assert!(Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap().success());
        assert!(child.wait().unwrap().success());
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "exactly one line");
    }
}

#[test]
fn the_embedded_aws_answers_on_its_port() {
    let home = tempfile::tempdir().unwrap();
    let emulated = Emulated::start(home.path(), &["--scenario", "quiet"]);
    let mut stream = TcpStream::connect(emulated.url.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 4"), "unsigned requests are refused: {answer}");
}

#[test]
fn the_embedded_aws_starts_with_every_switch_of_sessions() {
    let home = tempfile::tempdir().unwrap();
    let switches =
        ["--sessions", "--session-kms", "us-east-1", "--agent-version", "3.0.196.0", "--session-fault", "close=9,cut=9"];
    let emulated = Emulated::start(home.path(), &[&["--scenario", "quiet"], &switches[..]].concat());
    assert!(emulated.url.starts_with("http://127.0.0.1:"), "{}", emulated.url);
}

#[test]
fn the_embedded_aws_listens_on_loopback_only() {
    let (status, out, error) = run(&["emulate", "--scenario", "quiet", "--listen", "0.0.0.0:0"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(error.contains("loopback only"), "{error}");
}

#[test]
fn a_wrong_fault_is_wrong_usage() {
    let (status, _, error) = run(&["emulate", "--scenario", "quiet", "--fault", "iam:ListUsers=explode"]);
    assert_eq!(status, 2);
    assert!(error.contains("explode"), "{error}");
}

#[test]
fn keys_and_themes_can_be_listed_and_checked() {
    assert!(run(&["keymap"]).1.contains("app.quit"));
    assert!(run(&["theme", "--list"]).1.contains("midnight"));
    let (_, theme, _) = run(&["theme", "--print", "midnight"]);
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("own.toml");
    std::fs::write(&file, theme).unwrap();
    assert_eq!(run(&["theme", "--check", &file.display().to_string()]).0, 0);
    std::fs::write(&file, "[roles]\n\"no.such.role\" = {}\n").unwrap();
    let (status, _, error) = run(&["theme", "--check", &file.display().to_string()]);
    assert!(status == 1 && error.contains("own.toml:2"), "{error}");
    std::fs::write(&file, "[list]\n\"j\" = \"list.donw\"\n").unwrap();
    let (status, _, error) = run(&["keymap", "--check", &file.display().to_string()]);
    assert!(status == 1 && error.contains("list.down"), "{error}");
}

/// A filter that no row can match is wrong usage, and said before anything is asked of AWS: here there is none to ask.
#[test]
fn a_filter_that_no_row_can_match_is_refused_with_what_there_is() {
    for (arguments, words) in [
        (&["users", "mfa=maybe"][..], "mfa is never \"maybe\"; it takes yes, no"),
        (&["users", "mfaa=no"], "there is no field \"mfaa\""),
        (&["keys", "age>90"], "90 of what?"),
        (&["findings", "severity>critical"], "severity goes from 0 to 10"),
        (&["events", "ip=203.0.113.0/33"], "no address and no network"),
        (&["nodes", "ping=Onlin"], "Online, ConnectionLost, Inactive"),
        (&["sessions", "started=30d..7d"], "nothing lies in the range"),
        (&["sessions", "--recordings", "state=lost"], "whole, full, recording"),
        (&["audit", "show", "outcome=perhaps"], "done, failed, unknown"),
    ] {
        let (status, out, error) = run(arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}: {error}");
        assert!(error.contains(words) && error.lines().count() == 1, "{arguments:?}: {error}");
    }
}

#[test]
fn a_word_behind_demo_is_a_filter_unless_it_names_a_scenario() {
    let rows = |arguments: &[&str]| {
        let (status, out, error) = run(arguments);
        assert_eq!(status, 0, "{arguments:?}: {error}");
        out.lines().count()
    };
    let all = rows(&["users", "--demo", "quiet", "--jsonl"]);
    let without = rows(&["users", "--jsonl", "--demo", "quiet", "mfa=no"]);
    assert!(without > 0 && without < all, "{without} of {all}");
    assert!(rows(&["users", "--jsonl", "--demo", "mfa=no"]) > 0, "incident, where none is named");
    for arguments in [&["users", "--demo", "quite"][..], &["users", "--demo=nonsense"], &["doctor", "--demo", "nonsense"]] {
        let (status, _, error) = run(arguments);
        assert!(status == 2 && error.contains("there is no scenario"), "{arguments:?}: {status} {error}");
    }
}

#[test]
fn doctor_looks_at_everything_and_a_refusal_is_a_problem() {
    let (status, out, error) = run(&["doctor", "--demo", "incident"]);
    assert_eq!((status, error.as_str()), (0, ""), "{out}");
    for what in ["configuration", "credentials", "identity", "iam users", "us-east-1 guardduty", "eu-west-1 ssm nodes", "clock"] {
        assert!(out.lines().any(|line| line.starts_with("ok ") && line.contains(what)), "{what}:\n{out}");
    }
    let home = tempfile::tempdir().unwrap();
    let world =
        Emulated::start(home.path(), &["--fault", "ssm:DescribeSessions=denied", "--fault", "iam:ListUsers=skew,seconds=3600"]);
    let environment: Vec<_> = environment(home.path()).into_iter().chain(credentials()).collect();
    let (status, out, _) = without_terminal(&environment, &["doctor", "--endpoint-url", &world.url]);
    assert_eq!(status, 1);
    assert!(out.contains("denied: ssm:DescribeSessions") && out.contains("iam-policy"), "{out}");
    assert!(out.lines().any(|line| line.starts_with("problem clock")), "{out}");
    assert!(!out.contains("wJalrXUtnFEMI"), "no secret is shown");
}

#[test]
fn the_policy_is_json_and_asks_for_reads_only() {
    let (status, out, _) = run(&["iam-policy"]);
    let policy: serde_json::Value = serde_json::from_str(&out).unwrap();
    let actions = policy["Statement"].as_array().unwrap().iter().flat_map(|statement| statement["Action"].as_array().unwrap());
    for action in actions {
        let name = action.as_str().unwrap().split_once(':').unwrap().1;
        assert!(
            ["List", "Get", "Describe", "Lookup", "GenerateCredentialReport"].iter().any(|verb| name.starts_with(verb)),
            "{name}"
        );
    }
    assert_eq!(status, 0);
}

#[test]
fn the_log_is_for_its_owner_and_holds_calls_without_bodies() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("log");
    std::fs::write(&log, "older\n").unwrap();
    let path = log.display().to_string();
    let mut terminal = Start::new(home.path(), &["--demo", "incident", "--test-idle", "--log", &path, "-vv"]).run();
    terminal.settle();
    assert_eq!(terminal.keys("q").ended(), 0);
    assert_eq!(std::fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.starts_with("older\n") && text.contains("ListUsers"), "{text}");
    assert!(!text.contains("<ListUsersResponse") && !text.contains("Authorization") && !text.contains('\u{1b}'), "{text}");
}
