use jiff::SignedDuration;

use super::*;
use crate::domain::rotation::{EscrowKey, Phase, StoreChoice};

fn planned(id: &str) -> Planned {
    Planned {
        id: RotationId(id.into()),
        account: "123456789012".into(),
        user: "ada".into(),
        user_id: "AIDAADA".into(),
        old_key: "AKIAOLD".into(),
        other: None,
        store: StoreChoice::Keyring { profile: "ada".into() },
        escrow: EscrowKey::Keyring,
        own_key: false,
        soak: SignedDuration::ZERO,
        observe: SignedDuration::ZERO,
        copies: Vec::new(),
        renew: false,
    }
}

fn now() -> Timestamp {
    "2026-11-22T02:00:00Z".parse().unwrap()
}

/// A journal of three facts.
fn written() -> (tempfile::TempDir, RotationId, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let id = RotationId("one".into());
    let mut journal = Journal::create(folder.path(), planned("one"), now()).unwrap();
    journal.append(&Fact::Preparing, now()).unwrap();
    journal.append(&Fact::CreateIntent { seen: vec!["AKIAOLD".into()] }, now()).unwrap();
    let path = file_of(folder.path(), &id);
    (folder, id, path)
}

#[test]
fn facts_come_back_and_go_on() {
    let (folder, id, path) = written();
    let (mut journal, book) = Journal::open(folder.path(), &id).unwrap();
    assert_eq!((book.phase, book.intents), (Phase::Creating, 1));
    journal.append(&Fact::Escrowed { key: "AKIANEW".into() }, now()).unwrap();
    let book = Journal::read(&path).unwrap();
    assert_eq!((book.phase, book.new_key.as_deref()), (Phase::Escrowed, Some("AKIANEW")));
    assert_eq!(Journal::all(folder.path()), [path]);
    assert!(Journal::create(folder.path(), planned("one"), now()).is_err(), "a name is used once");
}

#[test]
fn a_torn_last_line_is_dropped_wherever_it_was_cut() {
    let (folder, id, path) = written();
    let whole = std::fs::read(&path).unwrap();
    let lines: Vec<usize> = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    for cut in lines[1]..lines[2] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let (mut journal, book) = Journal::open(folder.path(), &id).unwrap();
        assert_eq!(book.phase, Phase::Preflight, "cut at {cut}");
        journal.append(&Fact::CreateIntent { seen: Vec::new() }, now()).unwrap();
        assert_eq!(Journal::read(&path).unwrap().phase, Phase::Creating);
    }
}

#[test]
fn a_changed_removed_or_moved_line_stops_with_words() {
    let (folder, id, path) = written();
    let whole = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let changed = whole.replacen("preparing", "room_made", 1);
    let removed = format!("{}\n{}\n", lines[0], lines[2]);
    let moved = format!("{}\n{}\n{}\n", lines[0], lines[2], lines[1]);
    let garbled = format!("{}\nx\n{}\n", lines[0], lines[1]);
    // Of the last line no other one has the hash.
    let numbered = format!("{}\n{}\n{}\n", lines[0], lines[1], lines[2].replacen(r#""seq":2"#, r#""seq":3"#, 1));
    assert_ne!(numbered, whole);
    for (text, problem) in
        [(changed, "hash"), (removed, "hash"), (moved, "hash"), (garbled, "cannot be read"), (numbered, "its number")]
    {
        std::fs::write(&path, text).unwrap();
        let error = Journal::open(folder.path(), &id).unwrap_err().to_string();
        assert!(error.contains("not as it was written") && error.contains("line") && error.contains(problem), "{error}");
    }
    std::fs::write(&path, format!("{}\n", lines[1].replacen(r#""seq":1"#, r#""seq":0"#, 1))).unwrap();
    assert!(Journal::read(&path).is_err(), "it does not begin with a plan");
}

#[test]
fn one_user_is_one_processs() {
    let folder = tempfile::tempdir().unwrap();
    let held = UserLock::take(folder.path(), "123456789012", "ada").unwrap();
    assert!(matches!(UserLock::take(folder.path(), "123456789012", "ada"), Err(JournalError::Busy { .. })));
    UserLock::take(folder.path(), "123456789012", "ADA").unwrap();
    UserLock::take(folder.path(), "210987654321", "ada").unwrap();
    drop(held);
    UserLock::take(folder.path(), "123456789012", "ada").unwrap();
}

#[test]
fn a_journal_without_a_whole_first_line_never_began() {
    let (folder, id, path) = written();
    let whole = std::fs::read(&path).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for cut in 0..=first {
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert!(matches!(Journal::read(&path), Err(JournalError::NeverBegan { .. })), "cut at {cut}");
        assert!(matches!(Journal::open(folder.path(), &id), Err(JournalError::NeverBegan { .. })), "cut at {cut}");
        assert_eq!(crate::rotation::desk::left_in(folder.path()), (Vec::new(), Vec::new()), "cut at {cut}: nobody is told");
    }
    sweep(folder.path());
    assert!(!path.exists(), "it is cleared away");
}

#[test]
fn what_was_left_while_a_journal_was_made_is_cleared_away_and_what_is_being_made_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (left, held) = (folder.path().join("left.unbegun"), folder.path().join("held.unbegun"));
    std::fs::write(&left, "{\"seq\":0,").unwrap();
    let file = File::create(&held).unwrap();
    file.try_lock().unwrap();
    let journal = Journal::create(folder.path(), planned("one"), now()).unwrap();
    sweep(folder.path());
    assert!(!left.exists() && held.exists() && journal.path.exists());
    assert_eq!(Journal::all(folder.path()), std::slice::from_ref(&journal.path));
}

#[test]
fn journals_of_a_user_are_found_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    for id in ["20261122T020000000001Z-ada-0001", "20261122T020000000002Z-ada-b-0002", "20261121T020000Z-ada-0003"] {
        Journal::create(folder.path(), planned(id), now()).unwrap();
    }
    assert_eq!(Journal::of_user(folder.path(), "ada").len(), 2);
    assert_eq!(Journal::of_user(folder.path(), "ada-b").len(), 1);
    assert_eq!(Journal::of_user(folder.path(), "b").len(), 0);
}
