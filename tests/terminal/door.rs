//! A change from the keyboard to the audit log, over the demo: armed, asked, confirmed, read again.

use std::path::Path;

use bartizan::audit::history::{self, Outcome};

use crate::harness::{Start, Terminal, environment, without_terminal};

fn keys_pane(home: &Path, more: &[&str]) -> Terminal {
    let mut arguments = vec!["--demo", "quiet", "--pane", "keys", "--query", "status=active", "--test-idle"];
    arguments.extend(more);
    let mut terminal = Start::new(home, &arguments).size(120, 30).run();
    terminal.settle();
    // Live facts, ids among them, come once the window stands still.
    terminal.until("AKIA");
    terminal
}

/// The id of the selected key, as the dialog names it.
fn named_key(terminal: &Terminal) -> String {
    let text = terminal.text();
    let line = text.lines().find(|line| line.contains("--access-key-id")).unwrap_or_else(|| panic!("no plan:\n{text}"));
    line.split_whitespace().find(|word| word.starts_with("AKIA")).unwrap_or_else(|| panic!("{line}")).to_owned()
}

#[test]
fn a_key_is_deactivated_by_keys_alone_and_the_log_knows_who_did_it() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = keys_pane(home.path(), &[]);
    assert!(terminal.text().contains("READ-ONLY"));
    terminal.type_and_settle("D");
    assert!(terminal.text().contains("not armed"), "{}", terminal.text());
    terminal.keys("A").until("ARMED");
    terminal.keys("D").until("iam:UpdateAccessKey");
    let key = named_key(&terminal);
    // Enter presses what has the focus, which is not the change.
    terminal.keys("\r").until_gone("iam:UpdateAccessKey");
    terminal.keys("D").until("iam:UpdateAccessKey");
    terminal.keys("y");
    let mut tries = 0;
    while terminal.text().contains("iam:UpdateAccessKey") {
        // Too soon is refused: a person tries again.
        assert!(tries < 1200, "{}", terminal.text());
        tries += 1;
        terminal.keys("y\r").arrives_within(std::time::Duration::from_millis(50));
    }
    terminal.until("done: Deactivate the key");
    terminal.until_screen("the key leaves the active ones", |text| {
        text.lines().filter(|line| !line.contains("Deactivate")).all(|line| !line.contains(&key))
    });
    let log = history::changes(&home.path().join(".local/state/bartizan/demo/audit")).unwrap();
    let [change] = log.as_slice() else { panic!("{log:?}") };
    assert_eq!((change.entry.call.as_str(), change.outcome), ("iam:UpdateAccessKey", Outcome::Done));
    assert!(change.entry.object.ends_with(&key) && change.entry.caller.is_some() && change.request_id.is_some(), "{change:?}");
    assert_eq!(change.entry.origin, "console, demo");
    terminal.keys("A").until("READ-ONLY");
    assert_eq!(terminal.keys("q").ended(), 0);
}

#[test]
fn read_only_is_for_good() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = keys_pane(home.path(), &["--read-only"]);
    terminal.type_and_settle("A");
    assert!(terminal.text().contains("started with --read-only") && !terminal.text().contains("ARMED"), "{}", terminal.text());
    terminal.type_and_settle("D");
    assert!(!terminal.text().contains("iam:UpdateAccessKey"), "{}", terminal.text());
    assert!(!home.path().join(".local/state/bartizan/demo/audit").exists());
    assert_eq!(terminal.keys("q").ended(), 0);
}

#[test]
fn an_account_that_is_never_armed_is_red_and_stays_shut() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/bartizan");
    std::fs::create_dir_all(&folder).unwrap();
    let (status, out, _) = without_terminal(&environment(home.path()), &["users", "--demo", "quiet", "--json", "--limit", "1"]);
    assert_eq!(status, 0);
    let account = out.split("arn:aws:iam::").nth(1).and_then(|rest| rest.get(..12)).unwrap_or_else(|| panic!("{out}"));
    let config = format!("[accounts.\"{account}\"]\nname = \"PRODUCTION\"\ncolour = \"red\"\nnever_arm = true\n");
    std::fs::write(folder.join("config.toml"), config).unwrap();
    let (status, out, _) = without_terminal(&environment(home.path()), &["config", "print"]);
    assert!(status == 0 && out.contains("never_arm = true"), "{out}");
    let mut terminal = keys_pane(home.path(), &[]);
    terminal.until("PRODUCTION").type_and_settle("A");
    assert!(terminal.text().contains("never_arm") && !terminal.text().contains("ARMED"), "{}", terminal.text());
}
