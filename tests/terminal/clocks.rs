//! The built program while its clocks are moved: the wall clock, as anybody with the right can set it, and the other one, as sleep moves it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::{Start, Terminal};

/// Where a test says how many seconds the wall clock and the steady one are ahead.
fn clocks(home: &Path) -> PathBuf {
    home.join("clocks")
}

fn set(home: &Path, wall: i64, steady: i64) {
    // In one step: the program reads it at every key.
    let (new, path) = (home.join("clocks.new"), clocks(home));
    std::fs::write(&new, format!("{wall} {steady}\n")).unwrap();
    std::fs::rename(new, path).unwrap();
}

fn console(home: &TempDir, pane: &str) -> Terminal {
    set(home.path(), 0, 0);
    let path = clocks(home.path()).display().to_string();
    let arguments = ["--demo", "quiet", "--pane", pane, "--test-idle", "--test-clocks", &path];
    let mut terminal = Start::new(home.path(), &arguments).size(120, 30).run();
    terminal.settle();
    terminal
}

/// Minutes and seconds that the console says it is still armed.
fn armed(terminal: &Terminal) -> Option<(u32, u32)> {
    let text = terminal.text();
    let (_, rest) = text.split_once("ARMED ")?;
    let (minutes, seconds) = rest.split_whitespace().next()?.split_once(':')?;
    Some((minutes.parse().ok()?, seconds.parse().ok()?))
}

#[test]
fn nobody_stays_armed_longer_by_setting_the_clock_back() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = console(&home, "keys");
    terminal.keys("A").until("ARMED");
    set(home.path(), -86_400, 0);
    terminal.type_and_settle("j");
    assert!(armed(&terminal).is_some_and(|left| left <= (15, 0)), "{}", terminal.text());
    // Not all at once: nobody has touched a key meanwhile, and it would lock.
    set(home.path(), -86_400, 8 * 60);
    terminal.type_and_settle("k");
    set(home.path(), -86_400, 14 * 60);
    terminal.type_and_settle("k");
    terminal.until_screen("the last minute", |text| text.contains("ARMED 1:00") || text.contains("ARMED 0:"));
    set(home.path(), -86_400, 15 * 60);
    terminal.keys("j").until("READ-ONLY");
    terminal.keys("qq");
    assert_eq!(terminal.ended(), 0);
}

#[test]
fn what_is_typed_after_a_long_sleep_goes_to_no_shell() {
    for lent in [false, true] {
        let home = tempfile::tempdir().unwrap();
        let proof = home.path().join("proof");
        let mut terminal = console(&home, "bastions");
        terminal.keys("s").until("Shell on").keys("OPS-7\r").until("$ ").until(" open ");
        if lent {
            terminal.keys("\u{1d}").until("the next key is a command").keys("t").until("takes it back");
        }
        // It waits for one key.
        let command = format!("stty -icanon; echo $((41+1))-awake; head -c1 >/dev/null; touch {}\r", proof.display());
        terminal.keys(&command).until("42-awake");
        set(home.path(), 0, 3_600);
        terminal.keys("y").until("locked for");
        assert!(!terminal.text().contains("42-awake"), "{}", terminal.text());
        terminal.arrives_within(Duration::from_millis(500));
        assert!(!proof.exists(), "a key went to the shell of whoever left it open (lent: {lent})");
        terminal.keys("\u{3}").arrives_within(Duration::from_millis(100));
        assert_eq!(terminal.keys("\u{3}").ended(), 0);
        terminal.assert_as_found();
    }
}
