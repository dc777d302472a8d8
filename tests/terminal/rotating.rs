//! Keys rotated and users contained from the console, over the demo, by real keys.

use std::path::Path;
use std::time::Duration;

use crate::harness::{Start, Terminal};

/// The keys pane of the demo, armed, with one user's keys in it. The demo's clock runs ten times as fast as ours.
pub(crate) fn armed(home: &Path, user: &str, columns: u16, lines: u16) -> Terminal {
    let state = home.join("state").display().to_string();
    let arguments = ["--demo", "incident", "--pane", "keys", "--speed", "10", "--test-idle"];
    let start = Start::new(home, &arguments).size(columns, lines);
    let mut terminal = start.with([("BARTIZAN_STATE_DIR".to_owned(), state)]).run();
    terminal.settle().type_and_settle("/").type_and_settle(user).type_and_settle("\r").until("AKIA");
    terminal.keys("A").until("ARMED");
    terminal
}

/// Types the name and says yes. A dialog that has just opened takes nothing: then it is typed again.
pub(crate) fn approve(terminal: &mut Terminal, name: &str) {
    let typed = format!("to confirm: {name}");
    for _ in 0..200 {
        terminal.keys("\x15").keys(name);
        terminal.arrives_within(Duration::from_millis(300));
        if terminal.text().contains(&typed) {
            break;
        }
    }
    terminal.until(&typed).keys("\r").until_gone("please confirm");
}

#[test]
fn a_key_is_rotated_to_its_end_and_the_board_says_so() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = armed(home.path(), "chen.wei", 160, 50);
    terminal.keys("r").until("rotate, new secret into");
    terminal.keys("\x15").until_gone("soak=24h");
    terminal.keys("keyring:chen soak=0s observe=0s\r").until("Rotate the key").until("create-access-key");
    assert!(terminal.text().contains("demo: keys are made up"), "{}", terminal.text());
    // A plan that was not read is not approved: Enter alone is no yes.
    terminal.keys("\r").until_gone("create-access-key");
    terminal.keys("r").until("rotate, new secret into");
    terminal.keys("\x15").until_gone("soak=24h");
    terminal.keys("keyring:chen soak=0s observe=0s\r").until("create-access-key");
    approve(&mut terminal, "chen.wei");
    terminal.keys("7").until("1 done");
    for words in ["chen.wei", "the old key is gone", "3 of 3", "keyring:chen"] {
        terminal.until(words);
    }
    // The report is the owner's alone.
    terminal.keys("e").until("the report is in");
    terminal.keys("\x0c");
    assert_eq!(terminal.keys("q").ended(), 0);
    assert!(!home.path().join(".aws").exists(), "the demo touches no file of the user");
}

#[test]
fn a_user_is_contained_looked_at_again_and_released() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = armed(home.path(), "hana.sato", 160, 50);
    terminal.keys("K").until("Contain hana.sato").until("put-user-policy").until("update-access-key");
    approve(&mut terminal, "hana.sato");
    terminal.until("Does it hold?").until("2. PutUserPolicy").until("holding at").until("Inactive");
    terminal.keys("L").until("Release hana.sato");
    approve(&mut terminal, "hana.sato");
    terminal.until("Released").until("DeleteUserPolicy").until("stay inactive");
    assert_eq!(terminal.keys("q").ended(), 0);
}
