//! Bad days: each has one clear message that says what to do next, and the keys go on answering.

use tempfile::TempDir;

use crate::harness::{Emulated, Start, Terminal, credentials};

/// The console over a world in a process of its own.
struct Day {
    terminal: Terminal,
    _world: Emulated,
    _home: TempDir,
}

fn day(world: &[&str], console: &[&str]) -> Day {
    let home = tempfile::tempdir().unwrap();
    let world = Emulated::start(home.path(), world);
    let arguments: Vec<&str> = ["--endpoint-url", &world.url, "--test-idle"].into_iter().chain(console.iter().copied()).collect();
    let terminal = Start::new(home.path(), &arguments).with(credentials()).size(160, 40).run();
    Day { terminal, _world: world, _home: home }
}

/// Asserts that the screen says what is wrong and what to do, however the lines are broken, and that keys still answer.
#[track_caller]
fn says(terminal: &mut Terminal, wrong: &str, advice: &str) {
    terminal.until(wrong);
    terminal.until_screen(advice, |screen| flowing(screen).contains(advice));
    terminal.keys("?").until("Move down");
    terminal.keys("\x1b").until_gone("Move down");
    assert_eq!(terminal.keys("q").ended(), 0);
    terminal.assert_as_found();
}

/// The screen's words in one line, without frames.
fn flowing(screen: &str) -> String {
    let words = screen.chars().map(|c| if matches!(c, '\u{2500}'..='\u{257f}') { ' ' } else { c }).collect::<String>();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn no_credentials() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Start::new(home.path(), &["--region", "us-east-1", "--test-idle"]).size(160, 40).run();
    says(&mut terminal, "no credentials", "aws sso login");
}

#[test]
fn no_region() {
    let home = tempfile::tempdir().unwrap();
    let key = credentials().into_iter().filter(|(name, _)| name != "AWS_REGION");
    let mut terminal = Start::new(home.path(), &["--test-idle"]).with(key).size(160, 40).run();
    says(&mut terminal, "region", "--region");
}

#[test]
fn an_unknown_profile() {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["--profile", "nosuch", "--region", "us-east-1", "--test-idle"];
    let mut terminal = Start::new(home.path(), &arguments).size(160, 40).run();
    says(&mut terminal, "unknown profile nosuch", ".aws/config nor in");
}

#[test]
fn a_dead_network() {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["--endpoint-url", "http://127.0.0.1:1", "--test-idle"];
    let mut terminal = Start::new(home.path(), &arguments).with(credentials()).size(160, 40).run();
    says(&mut terminal, "no connection", "check the network");
}

#[test]
fn a_wrong_clock() {
    let mut day = day(&["--scenario", "quiet", "--fault", "*=skew,seconds=3600"], &[]);
    // The SDK corrects its clock by what the refusal says; where even that does not help, the person is told.
    day.terminal.settle();
    let text = flowing(&day.terminal.text());
    assert!(text.contains("clock is wrong") || text.contains("123456789012"), "{text}");
}

#[test]
fn a_region_that_is_not_enabled() {
    let mut day = day(
        &["--scenario", "incident", "--fault", "guardduty:*=disabled,region=eu-south-1"],
        &["--region", "us-east-1,eu-south-1"],
    );
    // Whether a refusal is the region's or the key's shows once another region has answered.
    day.terminal.settle();
    day.terminal.keys("3");
    says(&mut day.terminal, "eu-south-1: region not enabled", "leave it out of --region");
}

#[test]
fn one_call_of_many_denied() {
    let mut day = day(&["--scenario", "incident", "--fault", "iam:GenerateCredentialReport=denied"], &[]);
    day.terminal.settle();
    says(&mut day.terminal, "iam:GenerateCredentialReport", "iam-policy");
}

#[test]
fn a_throttle_storm() {
    let mut day = day(&["--scenario", "quiet", "--fault", "*=throttle,every=2"], &[]);
    day.terminal.settle();
    // Every second call is refused: the retries bring everything all the same.
    assert!(day.terminal.text().contains("olivia.brandt"), "{}", day.terminal.text());
}

#[test]
fn an_api_that_only_throttles() {
    let mut day = day(&["--scenario", "quiet", "--fault", "iam:*=throttle"], &[]);
    says(&mut day.terminal, "throttled", "try again");
}

#[test]
fn an_api_of_thirty_seconds() {
    let mut day = day(&["--scenario", "quiet", "--latency", "30000"], &[]);
    let terminal = &mut day.terminal;
    terminal.until("Users");
    let asked = std::time::Instant::now();
    terminal.keys("?").until("Move down");
    terminal.keys("\x1b").until_gone("Move down");
    terminal.keys("3").until("Severity");
    terminal.keys(":").until("enter accept");
    terminal.keys("\x1b").until_gone("enter accept");
    assert!(asked.elapsed().as_secs() < 25, "answered after {:?}", asked.elapsed());
    assert_eq!(terminal.keys("q").ended(), 0);
    terminal.assert_as_found();
}

#[test]
fn answers_that_are_cut_off() {
    let mut day = day(&["--scenario", "quiet", "--fault", "iam:ListUsers=truncated"], &[]);
    says(&mut day.terminal, "ListUsers: answer not understood", "check proxies");
}

#[test]
fn answers_that_are_not_aws() {
    let mut day = day(&["--scenario", "quiet", "--fault", "iam:ListUsers=malformed"], &[]);
    says(&mut day.terminal, "answer not understood", "check proxies");
}

#[test]
fn credentials_that_expire() {
    let mut day = day(&["--scenario", "quiet", "--fault", "iam:*=expired"], &[]);
    says(&mut day.terminal, "credentials expired", "sign in again");
}

#[test]
fn a_broken_task_is_a_notice() {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["--demo", "quiet", "--test-idle", "--test-panic", "task"];
    let mut terminal = Start::new(home.path(), &arguments).size(160, 40).run();
    terminal.until_screen("the notice", |screen| {
        let screen = flowing(screen);
        screen.contains("internal error") && screen.contains("this is a defect of bartizan: please report it")
    });
    terminal.keys("3").until("Severity");
    assert!(!String::from_utf8_lossy(terminal.written()).contains("a secret"));
    assert_eq!(terminal.keys("q").ended(), 0);
    terminal.assert_as_found();
}

#[test]
fn too_small_a_window() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Start::new(home.path(), &["--demo", "quiet", "--test-idle"]).size(20, 5).run();
    terminal.until_screen("a message about the size", |screen| flowing(screen).to_lowercase().contains("small"));
    terminal.resize(80, 24).until("Users");
    assert_eq!(terminal.keys("q").ended(), 0);
    terminal.assert_as_found();
}

#[test]
fn a_storm_of_sizes() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Start::new(home.path(), &["--demo", "quiet", "--test-idle"]).run();
    terminal.settle();
    for step in 0..60_u16 {
        terminal.resize(20 + step * 7 % 180, 5 + step * 5 % 60);
    }
    terminal.resize(1, 1).resize(300, 100).resize(80, 24);
    terminal.keys("?").until("Move down");
    // The table's heading, and not that help has gone: a repaint on its way has neither.
    terminal.keys("\x1b").until("Password");
    assert_eq!(terminal.keys("q").ended(), 0);
    terminal.assert_as_found();
}

/// `ulimit -f`: the system ends a program that writes on by a signal, in the middle of whatever it writes.
#[test]
fn a_file_that_may_not_grow_is_an_error_and_not_the_end() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("events.json");
    let script = r#"ulimit -f 1; exec "$0" events --demo incident --json >"$1""#;
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", script, crate::harness::PROGRAM]).arg(&file).env_clear().envs(crate::harness::environment(home.path()));
    let output = crate::harness::finished(&mut shell);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some_and(|code| code > 0), "{:?} {said}", output.status);
    assert!(said.contains("File too large"), "{said}");
    assert!(std::fs::metadata(&file).unwrap().len() > 0);
}
