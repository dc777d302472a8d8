#![allow(clippy::disallowed_methods, reason = "a test stands at the edge")]

use std::fs::{read, write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::secrets::Keyring;

fn entry(object: &str) -> Entry {
    Entry {
        caller: Some("arn:aws:iam::123456789012:user/ada".into()),
        account: Some("123456789012".into()),
        region: "us-east-1".into(),
        call: "iam:UpdateAccessKey".into(),
        object: object.into(),
        reason: None,
        origin: "console".into(),
    }
}

/// A log of so many changes, each done: a beginning, and two records for each.
pub(super) fn log_of(folder: &Path, keyring: Option<Keyring>, changes: u64) -> AuditLog {
    let log = AuditLog::open(folder, keyring).unwrap();
    for number in 0..changes {
        change(&log, &format!("user{number}/AKIA{number}"));
    }
    log
}

pub(super) fn change(log: &AuditLog, object: &str) {
    log.intend(entry(object)).unwrap().outcome(Ok(()), Some("request".into())).unwrap();
}

fn only_file(folder: &Path) -> PathBuf {
    files::months(folder).unwrap().pop().unwrap()
}

fn bad(folder: &Path) -> String {
    verify(folder, None).unwrap().bad.map_or_else(|| "good".into(), |bad| bad.what)
}

#[test]
fn what_is_written_is_read_back_and_good() {
    let folder = tempfile::tempdir().unwrap();
    let log = log_of(folder.path(), None, 2);
    log.intend(entry("refused")).unwrap().outcome(Err("AccessDenied".into()), None).unwrap();
    drop(log.intend(entry("under way")).unwrap());
    let report = verify(folder.path(), None).unwrap();
    assert_eq!((report.records, report.bad, report.crashes), (8, None, vec![]));
    let changes = history::changes(folder.path()).unwrap();
    let outcomes: Vec<_> = changes.iter().map(|change| (change.entry.object.as_str(), change.outcome.word())).collect();
    assert_eq!(outcomes, [("user0/AKIA0", "done"), ("user1/AKIA1", "done"), ("refused", "failed"), ("under way", "unknown")]);
    assert_eq!(changes[2].code.as_deref(), Some("AccessDenied"));
}

#[test]
fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state/audit");
    log_of(&state, None, 1);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&state), mode(&only_file(&state)), mode(&state.join("head"))), (0o700, 0o600, 0o600));
}

#[test]
fn the_chain_crosses_months() {
    let folder = tempfile::tempdir().unwrap();
    for day in ["2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z", "2026-12-05T00:00:00Z", "2026-11-05T00:00:00Z"] {
        let now: Timestamp = day.parse().unwrap();
        let log = AuditLog::open_at(folder.path(), None, move || now).unwrap();
        change(&log, "ada");
    }
    let report = verify(folder.path(), None).unwrap();
    assert_eq!((report.records, report.files, report.bad), (9, 3, None));
    std::fs::remove_file(folder.path().join("2026-11.jsonl")).unwrap();
    assert_eq!(bad(folder.path()), "records 4 to 5 are missing");
}

#[test]
fn a_line_without_an_end_stays_and_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let log = log_of(folder.path(), None, 1);
    let path = only_file(folder.path());
    let mut text = read(&path).unwrap();
    text.extend_from_slice(b"{\"number\":4,\"utc\":\"20");
    write(&path, &text).unwrap();
    assert_eq!((bad(folder.path()).as_str(), verify(folder.path(), None).unwrap().crashes), ("good", vec![3]));
    change(&log, "after");
    let report = verify(folder.path(), None).unwrap();
    assert_eq!((report.bad, report.crashes, report.records), (None, vec![3], 6));
    assert!(read(&path).unwrap().starts_with(&text), "nothing is taken away");
}

#[test]
fn a_cut_end_is_found_before_and_after_the_next_record() {
    let folder = tempfile::tempdir().unwrap();
    let log = log_of(folder.path(), None, 2);
    let path = only_file(folder.path());
    let text = String::from_utf8(read(&path).unwrap()).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    write(&path, lines[..4].concat()).unwrap();
    assert_eq!(bad(folder.path()), "it knows record 5, but the log ends with record 4: its end was cut off");
    change(&log, "after");
    assert_eq!(
        bad(folder.path()),
        "when it was written, the log ended with record 4, but `head` knew record 5: its end had been cut off"
    );
}

#[test]
fn a_log_that_was_put_in_place_of_another_is_found_by_the_keyring() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = Keyring::in_memory();
    let here = folder.path().join("audit");
    log_of(&here, Some(keyring.clone()), 3);
    assert_eq!(verify(&here, Some(&keyring)).unwrap().anchoring, Anchoring::Upto(7));
    std::fs::remove_dir_all(&here).unwrap();
    std::fs::create_dir(&here).unwrap();
    assert!(verify(&here, Some(&keyring)).unwrap().bad.is_some(), "an empty folder");
    log_of(&here, Some(keyring.clone()), 2);
    let report = verify(&here, Some(&keyring)).unwrap();
    assert!(report.bad.unwrap().what.contains("another log is in its place"));
    log_of(&here, Some(keyring.clone()), 5);
    let report = verify(&here, Some(&keyring)).unwrap();
    assert!(report.bad.unwrap().what.contains("written anew, or is another log"));
    assert_eq!(verify(&here, None).unwrap().bad, None, "without a keyring nobody can know");
}

#[test]
fn an_anchor_that_was_removed_or_put_back_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = Keyring::in_memory();
    let log = log_of(folder.path(), Some(keyring.clone()), 1);
    log.settle();
    let item = item_name(log.folder());
    let old = keyring.get_blocking(&item).unwrap().unwrap();
    for object in ["a", "b"] {
        change(&log, object);
        log.settle();
    }
    assert_eq!(verify(log.folder(), Some(&keyring)).unwrap().anchoring, Anchoring::Upto(7));
    keyring.set_blocking(&item, &old).unwrap();
    assert!(verify(log.folder(), Some(&keyring)).unwrap().bad.unwrap().what.contains("an older one was put back"));
    keyring.delete_blocking(&item).unwrap();
    assert!(verify(log.folder(), Some(&keyring)).unwrap().bad.unwrap().what.contains("which has no anchor any more"));
}

#[test]
fn a_keyring_that_fails_delays_and_fails_nothing() {
    use crate::secrets::keyring::{Action, KeyringError, Trouble};
    let folder = tempfile::tempdir().unwrap();
    let keyring = Keyring::with(|| Err(KeyringError::new(Action::Open, "", Trouble::Locked, "")));
    log_of(folder.path(), Some(keyring.clone()), 3);
    let report = verify(folder.path(), Some(&keyring)).unwrap();
    assert!(report.bad.is_none() && matches!(report.anchoring, Anchoring::Unknown(error) if error.trouble == Trouble::Locked));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_done_to_a_log_is_found(changes in 1_u64..6, at in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(),
        bit in 0_u8..8, how in 0_u8..6)
    {
        let folder = tempfile::tempdir().unwrap();
        log_of(folder.path(), None, changes);
        let path = only_file(folder.path());
        let before = read(&path).unwrap();
        let mut lines: Vec<Vec<u8>> = before.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        match how {
            0 => {
                let mut bytes = before.clone();
                bytes[at.index(before.len())] ^= 1 << bit;
                lines = vec![bytes];
            }
            1 => drop(lines.remove(at.index(lines.len()))),
            2 => lines.swap(at.index(changes as usize * 2 + 1), other.index(changes as usize * 2 + 1)),
            3 => {
                let line = lines[at.index(lines.len())].clone();
                lines.insert(other.index(lines.len() + 1), line);
            }
            4 => lines = vec![before[..at.index(before.len())].to_vec()],
            _ => {
                let byte = [b'\n', b'x', b'{'][usize::from(bit) % 3];
                let mut bytes = before.clone();
                bytes.insert(at.index(before.len() + 1), byte);
                lines = vec![bytes];
            }
        }
        let after = lines.concat();
        prop_assume!(after != before);
        write(&path, &after).unwrap();
        let report = verify(folder.path(), None).unwrap();
        // One byte that is the beginning of a next record looks like a crash, and is told as one.
        let is_told = report.bad.is_some() || (how == 5 && !report.crashes.is_empty());
        prop_assert!(is_told, "{report:?}");
        // And it is not forgotten once the log goes on.
        change(&AuditLog::open(folder.path(), None).unwrap(), "later");
        let report = verify(folder.path(), None).unwrap();
        prop_assert!(report.bad.is_some() || (how == 5 && !report.crashes.is_empty()), "{report:?}");
    }
}
