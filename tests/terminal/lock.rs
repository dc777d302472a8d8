//! The idle lock in a real terminal: the passphrase that opens it, and a rotation that goes on behind it.

use std::path::Path;
use std::time::Duration;

use crate::harness::{Emulated, Start, Terminal, credentials, without_terminal};

const PASSPHRASE: &str = "tower of silence";

/// Sets the passphrase, by keys. What was said.
fn set(home: &Path, state: &[(String, String)], keys: &[(&str, &str)], arguments: &[&str]) -> (u32, String) {
    let all = [&["config", "lock-passphrase"], arguments].concat();
    let mut terminal = Start::new(home, &all).size(200, 24).with(state.to_vec()).run();
    for (prompt, answer) in keys {
        terminal.until(prompt).keys(&format!("{answer}\r"));
    }
    let status = terminal.ended();
    assert!(!String::from_utf8_lossy(terminal.written()).contains(PASSPHRASE), "it was on the screen");
    (status, terminal.text())
}

fn state(home: &Path) -> Vec<(String, String)> {
    vec![("BARTIZAN_STATE_DIR".to_owned(), home.join("state").display().to_string())]
}

/// A configuration that locks after so long.
fn locks_after(home: &Path, after: &str) -> String {
    let path = home.join("config.toml");
    std::fs::write(&path, format!("lock_after = \"{after}\"\n")).unwrap();
    path.display().to_string()
}

/// Types into the window that unlocks, and waits until it is shown to be as long.
fn unlock_with(terminal: &mut Terminal, text: &str) {
    terminal.keys(text).until(&format!("passphrase: {}", "*".repeat(text.chars().count())));
    terminal.keys("\r");
}

#[test]
fn the_passphrase_is_set_changed_and_removed_at_the_terminal_alone() {
    let home = tempfile::tempdir().unwrap();
    let state = state(home.path());
    let set = |keys: &[(&str, &str)], arguments: &[&str]| set(home.path(), &state, keys, arguments);
    let (status, text) = set(&[], &["--remove"]);
    assert!(status == 0 && text.contains("no passphrase is set"), "{text}");
    let (status, text) = set(&[("The new passphrase:", PASSPHRASE), ("again:", "something else")], &[]);
    assert!(status == 2 && text.contains("differ"), "{text}");
    let (status, text) = set(&[("The new passphrase:", "short"), ("again:", "short")], &[]);
    assert!(status == 2 && text.contains("at least 8"), "{text}");
    let file = home.path().join("state/lock-passphrase");
    assert!(!file.exists());
    let (status, text) = set(&[("The new passphrase:", PASSPHRASE), ("again:", PASSPHRASE)], &[]);
    assert!(status == 0 && text.contains("state/lock-passphrase, as the keyring cannot have it"), "{text}");
    let kept = std::fs::read_to_string(&file).unwrap();
    let (status, text) = set(&[("present passphrase:", "not this one")], &["--remove"]);
    assert!(status == 3 && text.contains("nothing was changed: the passphrase is wrong"), "{text}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), kept);
    let environment: Vec<_> = crate::harness::environment(home.path()).into_iter().chain(state.clone()).collect();
    let (status, _, said) = without_terminal(&environment, &["config", "lock-passphrase"]);
    assert!(status == 2 && said.contains("terminal"), "{said}");
    let (status, text) = set(&[("present passphrase:", PASSPHRASE)], &["--remove"]);
    assert!(status == 0 && text.contains("removed"), "{text}");
    assert!(!file.exists());
}

#[test]
fn a_locked_console_opens_with_its_passphrase_and_each_wrong_one_costs_time() {
    let home = tempfile::tempdir().unwrap();
    let state = state(home.path());
    let (status, text) = set(home.path(), &state, &[("The new passphrase:", PASSPHRASE), ("again:", PASSPHRASE)], &[]);
    assert_eq!(status, 0, "{text}");
    // The demo's clock runs five times as fast as ours; the lock goes by ours.
    let config = locks_after(home.path(), "12s");
    let arguments = ["--config", &config, "--demo", "quiet", "--pane", "keys", "--speed", "5"];
    let mut terminal = Start::new(home.path(), &arguments).size(120, 40).with(state).run();
    terminal.until("AKIA").until("locked for").until("type the passphrase").until("Unlock");
    assert!(!terminal.text().contains("AKIA"), "{}", terminal.text());
    // Nothing else gets past it.
    terminal.keys("\r").arrives_within(Duration::from_millis(300));
    unlock_with(&mut terminal, "wrong-canary");
    terminal.until("not unlocked: the passphrase is wrong");
    // Esc empties the line and ends no wait.
    terminal.keys("\x1b");
    for _ in 0..200 {
        if !terminal.text().contains("the next attempt can be made") {
            break;
        }
        terminal.keys("\r").arrives_within(Duration::from_millis(200));
    }
    assert!(terminal.text().contains("not unlocked"), "nothing opens it but the passphrase: {}", terminal.text());
    unlock_with(&mut terminal, PASSPHRASE);
    terminal.until("AKIA");
    let written = String::from_utf8_lossy(terminal.written()).into_owned();
    assert!(!written.contains(PASSPHRASE) && !written.contains("canary"));
    // It locks again, and can always be quit.
    terminal.until("locked for").keys("\x03").arrives_within(Duration::from_millis(100));
    assert_eq!(terminal.keys("\x03").ended(), 0);
}

/// What the journals of the rotations say.
fn journals(home: &Path) -> String {
    let folder = std::fs::read_dir(home.join("state/rotation"));
    let paths = folder.into_iter().flatten().flatten().map(|entry| entry.path());
    let journals = paths.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    journals.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn a_rotation_goes_on_behind_the_lock_and_the_board_tells_the_truth_afterwards() {
    let home = tempfile::tempdir().unwrap();
    let emulated = Emulated::start(home.path(), &["--scenario", "incident", "--propagation", "12"]);
    std::fs::write(home.path().join("words"), "correct horse\n").unwrap();
    let words = ("BARTIZAN_PASSPHRASE_FILE".to_owned(), home.path().join("words").display().to_string());
    let config = locks_after(home.path(), "8s");
    let arguments = ["--config", &config, "--endpoint-url", &emulated.url, "--pane", "keys", "--query", "chen.wei"];
    let start = Start::new(home.path(), &arguments).size(160, 50).with(credentials()).with(state(home.path())).with([words]);
    let mut terminal = start.run();
    terminal
        .until("AKIA")
        .keys("A")
        .until("ARMED")
        .keys("r")
        .until("rotate, new secret into")
        .keys("\x15")
        .until_gone("soak=24h");
    let file = home.path().join("keys.age");
    terminal.keys(&format!("file:{} escrow=passphrase soak=0s observe=0s\r", file.display())).until("create-access-key");
    while !terminal.text().contains("to confirm: chen.wei") {
        terminal.keys("\x15chen.wei").arrives_within(Duration::from_millis(300));
    }
    terminal.keys("\r").until_gone("please confirm");
    // Nobody touches a key. The new one has to arrive and to work three times, five seconds apart: longer than the lock waits.
    terminal.until("locked for");
    let when_locked = journals(home.path());
    assert!(when_locked.contains("create_intent") && !when_locked.contains("\"verified\""), "{when_locked}");
    for word in ["chen.wei", "AKIA", "keys.age", "ARMED"] {
        assert!(!terminal.text().contains(word), "{word}: {}", terminal.text());
    }
    let mut waits = 0;
    while !journals(home.path()).contains("\"done\"") {
        waits += 1;
        assert!(waits < 600, "it does not go on: {}", journals(home.path()));
        terminal.arrives_within(Duration::from_millis(100));
    }
    assert!(terminal.text().contains("locked for"), "{}", terminal.text());
    // The first key says how, the second does it.
    terminal
        .keys("x")
        .until("Enter unlocks")
        .keys("\r")
        .until_gone("locked for")
        .keys("7")
        .until("1 done")
        .until("the old key is gone");
    assert!(!terminal.text().contains("ARMED"), "whoever comes back has to arm it again");
    assert_eq!(terminal.keys("q").ended(), 0);
}
