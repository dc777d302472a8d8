//! The terminal is given back as it was found, whatever ends the console.

use std::time::Duration;

use crate::harness::{PROGRAM, Start, Terminal, environment, without_terminal};

fn demo(home: &tempfile::TempDir, more: &[&str]) -> Terminal {
    let arguments: Vec<&str> = ["--demo", "quiet", "--test-idle"].into_iter().chain(more.iter().copied()).collect();
    let mut terminal = Start::new(home.path(), &arguments).run();
    terminal.settle();
    terminal
}

#[test]
fn while_it_runs_the_terminal_is_ours() {
    let home = tempfile::tempdir().unwrap();
    let terminal = demo(&home, &[]);
    let screen = terminal.screen();
    assert!(screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste());
}

#[test]
fn quitting_gives_it_back() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = demo(&home, &[]);
    assert_eq!(terminal.keys("q").ended(), 0);
    terminal.assert_as_found();
}

#[test]
fn signals_to_end_give_it_back() {
    for (name, status) in [("TERM", 143), ("HUP", 129), ("INT", 130), ("QUIT", 131)] {
        let home = tempfile::tempdir().unwrap();
        let mut terminal = demo(&home, &[]);
        terminal.signal(name);
        assert_eq!(terminal.ended(), status, "{name}");
        terminal.assert_as_found();
    }
}

#[test]
fn a_broken_loop_gives_it_back_and_says_where_without_saying_what() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = demo(&home, &["--test-panic", "ui"]);
    assert_eq!(terminal.keys("j").ended(), 101);
    terminal.assert_as_found();
    let text = terminal.text();
    assert!(text.contains("broke at src/runtime/") && text.contains("please report"), "{text}");
    assert!(!String::from_utf8_lossy(terminal.written()).contains("secret"), "{text}");
}

#[test]
fn a_closed_terminal_ends_it_quietly() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = demo(&home, &[]);
    terminal.close();
    assert_eq!(terminal.ended(), 129);
}

#[test]
fn suspending_gives_it_back_and_resuming_takes_it_again() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = demo(&home, &[]);
    let before = terminal.text();
    terminal.keys("\x1a");
    // In a session of its own nobody could resume it, so the system refuses to stop it: it gives the terminal back and comes again.
    terminal.until_written(b"\x1b[?1049l").settle();
    assert_eq!(terminal.text(), before);
    assert_eq!(terminal.keys("q").ended(), 0);
    terminal.assert_as_found();
}

#[test]
fn a_shell_can_stop_it_and_bring_it_back() {
    let home = tempfile::tempdir().unwrap();
    let mut shell = Start { program: "/bin/bash", ..Start::new(home.path(), &["--norc", "--noprofile", "-i"]) }.run();
    // A numbered prompt tells when the shell has the terminal back: what is typed before that goes astray.
    shell.keys("PS1='p\\#> '\r").until("p2>");
    shell.keys(&format!("{PROGRAM} --demo quiet\r")).until("Users");
    shell.keys("\x1a").until("Stopped");
    shell.until("p3>");
    assert!(!shell.screen().alternate_screen() && !shell.screen().hide_cursor());
    shell.keys("echo in-$((40+2))\r").until("in-42");
    shell.until("p4>").keys("fg\r").until("Users");
    shell.keys("q").until("p5>").keys("echo ended-$?\r").until("ended-0");
    shell.keys("exit\r").ended();
}

#[test]
fn being_resumed_paints_everything_anew() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = demo(&home, &[]);
    // Ages may grow by a second meanwhile.
    let ageless = |text: String| text.replace(|letter: char| letter.is_ascii_digit(), "#");
    let before = ageless(terminal.text());
    let written = terminal.written().len();
    terminal.signal("STOP");
    terminal.signal("CONT");
    terminal.settle();
    assert!(terminal.written().len() > written + before.trim().len() / 2, "painted anew");
    assert_eq!(ageless(terminal.text()), before);
}

#[test]
fn nothing_moves_nothing_is_written_and_no_time_is_used() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = demo(&home, &[]);
    let before = ticks(terminal.id());
    let bytes = terminal.arrives_within(Duration::from_secs(5));
    assert_eq!(String::from_utf8_lossy(&bytes), "");
    assert_eq!(ticks(terminal.id()), before, "processor ticks in five seconds");
}

/// User and system time of a process in ticks of ten milliseconds, threads included.
fn ticks(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn a_frame_is_one_synchronized_write_of_what_has_changed() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = demo(&home, &[]);
    let written = terminal.written().len();
    terminal.type_and_settle("?");
    let frame = String::from_utf8_lossy(&terminal.written()[written..]).into_owned();
    assert!(frame.starts_with("\x1b[?2026h"), "{frame:?}");
    assert_eq!(frame.matches("\x1b[?2026h").count(), frame.matches("\x1b[?2026l").count());
}

#[test]
fn without_a_terminal_it_says_what_to_use_instead() {
    let home = tempfile::tempdir().unwrap();
    let (status, out, error) = without_terminal(&environment(home.path()), &["--demo"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(error.contains("not a terminal") && error.contains("bartizan users --json"), "{error}");
    assert_eq!(error.lines().count(), 1);
}

#[test]
fn a_dumb_terminal_is_told_apart() {
    let home = tempfile::tempdir().unwrap();
    let dumb = [("TERM".to_owned(), "dumb".to_owned())];
    let mut terminal = Start::new(home.path(), &["--demo"]).with(dumb).run();
    assert_eq!(terminal.ended(), 2);
    assert!(terminal.text().contains("TERM=dumb"), "{}", terminal.text());
    terminal.assert_as_found();
}
