//! Shells inside the console: the built program in a terminal, over the embedded AWS of the demo, whose shells are real.

use tempfile::TempDir;

use crate::harness::{Start, Terminal};

/// The demo, on its bastions.
const ARGUMENTS: [&str; 5] = ["--demo", "quiet", "--pane", "bastions", "--test-idle"];

fn console(home: &TempDir, columns: u16, lines: u16) -> Terminal {
    let mut terminal = Start::new(home.path(), &ARGUMENTS).size(columns, lines).run();
    terminal.settle();
    terminal
}

/// A console with one shell open and on screen.
fn with_shell(home: &TempDir) -> Terminal {
    let mut terminal = console(home, 100, 30);
    terminal.keys("s").until("Shell on").until("the demo: the session runs on this machine");
    terminal.keys("OPS-7\r").until("$ ").until(" open ");
    terminal
}

#[test]
fn a_shell_opens_in_a_tab_takes_every_key_and_closes() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = with_shell(&home);
    terminal.keys("echo $((41+1))-answer\r").until("42-answer");
    // The header has two lines, then tabs; status and footer are below: 30 lines less 5.
    terminal.keys("stty size\r").until("25 100");
    terminal.keys("sleep 1000\r").until("sleep 1000").keys("\u{3}").until("^C");
    terminal.keys("cat -v\r").until("cat -v").keys("\u{1a}").until("Stopped");
    terminal.keys("printf 'tab:%s\\n' x | cat -T; q=q; echo $q:7?\r").until("q:7?");
    terminal.resize(90, 24).keys("clear; stty size\r").until("19 90");
    terminal.keys("\u{1d}").until("the next key is a command");
    terminal.keys("b").until_gone("the next key is a command").until("nodes");
    terminal.keys("0").until("19 90");
    terminal.keys("kill %1; exit\r").until("stopped jobs").keys("exit\r").until("ended");
    terminal.keys("x").until("nodes").until_gone("shell on");
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    terminal.assert_as_found();
}
