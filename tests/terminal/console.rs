//! The console at work over the demo: panes, filter, sort, detail, record, help, palette.

use crate::harness::{Start, Terminal};

fn incident(home: &tempfile::TempDir, columns: u16, lines: u16) -> Terminal {
    let mut terminal = Start::new(home.path(), &["--demo", "incident", "--test-idle"]).size(columns, lines).run();
    terminal.settle();
    terminal
}

/// The lines of the list: those between the column headings and whatever stands below.
fn rows(terminal: &Terminal) -> usize {
    terminal.text().lines().filter(|line| line.trim().len() > 20).count()
}

#[test]
fn five_panes_and_the_calls_are_reached_by_keys_and_filled() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = incident(&home, 120, 30);
    for (key, columns) in [("1", "MFA"), ("2", "age"), ("3", "severity"), ("4", "event"), ("5", "ping"), ("6", "attempts")] {
        terminal.type_and_settle(key);
        let text = terminal.text();
        assert!(text.to_lowercase().contains(&columns.to_lowercase()), "pane {key} has no {columns}:\n{text}");
        assert!(rows(&terminal) > 4, "pane {key} is empty:\n{text}");
    }
}

#[test]
fn tab_goes_round() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = incident(&home, 120, 30);
    let first = terminal.text();
    for _ in bartizan::panes::PaneId::ALL {
        terminal.type_and_settle("\t");
    }
    assert_eq!(first.lines().nth(4), terminal.text().lines().nth(4));
}

#[test]
fn a_filter_counts_as_it_is_typed_and_escape_clears_it() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = incident(&home, 120, 30);
    let before = terminal.text();
    terminal.type_and_settle("/").type_and_settle("zzzz-nobody");
    assert!(terminal.text().contains("0 of") || terminal.text().contains("0/"), "{}", terminal.text());
    terminal.type_and_settle("\x1b");
    assert_eq!(rows_of(&before), rows_of(&terminal.text()));
}

fn rows_of(text: &str) -> usize {
    text.lines().filter(|line| line.trim().len() > 20).count()
}

#[test]
fn escape_never_quits_and_q_does() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = incident(&home, 80, 24);
    for _ in 0..10 {
        terminal.type_and_settle("\x1b");
    }
    assert!(terminal.screen().alternate_screen());
    assert_eq!(terminal.keys("q").ended(), 0);
}

#[test]
fn control_c_twice_quits() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = incident(&home, 80, 24);
    terminal.keys("\x03").until("once more to quit");
    assert_eq!(terminal.keys("\x03").ended(), 0);
    terminal.assert_as_found();
}

#[test]
fn detail_record_help_and_palette_open_and_close() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = incident(&home, 80, 24);
    terminal.type_and_settle("3");
    let list = terminal.text();
    terminal.type_and_settle("\r");
    assert_ne!(terminal.text(), list, "the detail opens");
    terminal.type_and_settle("\x1b").type_and_settle("J");
    assert!(terminal.text().contains('{'), "the record is JSON:\n{}", terminal.text());
    terminal.type_and_settle("/").type_and_settle("severity\r").type_and_settle("\x1b").type_and_settle("\x1b");
    terminal.type_and_settle("?");
    assert!(terminal.text().contains("Everywhere") || terminal.text().contains("Move down"), "{}", terminal.text());
    terminal.type_and_settle("\x1b").type_and_settle(":").type_and_settle("quit").keys("\r");
    assert_eq!(terminal.ended(), 0);
}

#[test]
fn a_paste_is_text_and_never_keys() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = incident(&home, 80, 24);
    terminal.type_and_settle("\x1b[200~qqq\x1b[201~");
    assert!(terminal.screen().alternate_screen(), "a paste outside of a field does nothing");
    terminal.type_and_settle("/").type_and_settle("\x1b[200~pasted\x1b[201~");
    assert!(terminal.text().contains("pasted"), "{}", terminal.text());
}

#[test]
fn a_thousand_keys_at_once_are_a_few_frames() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = incident(&home, 80, 24);
    terminal.type_and_settle("4");
    let written = terminal.written().len();
    terminal.keys(&"j".repeat(1000)).settle();
    let frames = terminal.written()[written..].windows(8).filter(|window| window == b"\x1b[?2026h").count();
    assert!(frames <= 12, "{frames} frames");
}

#[test]
fn the_first_frame_comes_before_anything_of_aws() {
    let home = tempfile::tempdir().unwrap();
    // An address that swallows everything: whoever waits for AWS before drawing would draw nothing.
    let arguments = ["--endpoint-url", "http://192.0.2.1:1", "--test-idle"];
    let mut terminal = Start::new(home.path(), &arguments).with(crate::harness::credentials()).run();
    terminal.until("Users");
    assert_eq!(terminal.keys("q").ended(), 0);
}
