//! What a release has and lacks. `scripts/test` runs these a second time without debug assertions.

use crate::harness::{PROGRAM, Start, environment, finished};

/// Each with a value that it does not take.
const SWITCHES: [&[&str]; 4] = [
    &["--demo", "--test-panic=nowhere"],
    &["--demo", "--test-clocks"],
    &["rotate", "ada", "--demo", "--crash-at=never"],
    &["rotate", "ada", "--demo", "--shorten=much"],
];

#[test]
fn switches_of_the_tests_are_not_in_a_release() {
    let home = tempfile::tempdir().unwrap();
    for arguments in SWITCHES {
        let mut command = std::process::Command::new(PROGRAM);
        let output = finished(command.args(arguments).env_clear().envs(environment(home.path())));
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        let is_known = error.contains("invalid value") || error.contains("a value is required");
        assert!(is_known != error.contains("unexpected argument"), "{arguments:?}: {error}");
        assert_eq!(is_known, cfg!(debug_assertions), "{arguments:?}: {error}");
    }
}

#[test]
fn the_console_runs_by_the_machines_clocks_and_ends() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Start::new(home.path(), &["--demo", "--test-idle"]).run();
    terminal.settle().type_and_settle("A").type_and_settle("3").until("Findings");
    assert_eq!(terminal.keys("q").ended(), 0);
    terminal.assert_as_found();
}
