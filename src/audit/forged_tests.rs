//! Logs that somebody has written anew, with hashes that fit: what only the meaning of the records gives away.
#![allow(clippy::disallowed_methods, reason = "a test stands at the edge")]

use std::fs::{File, read, write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::files::{self, HEAD};
use super::record::{self, BEGINNING, Mark, Phase, Record};
use super::tail::{Head, Link};
use super::tests::{change, log_of};
use super::{AuditLog, Entry, verify};

/// What is wrong with the log, and after which records it crashed.
fn judged(folder: &Path) -> (String, Vec<u64>) {
    let report = verify(folder, None).unwrap();
    (report.bad.map_or_else(|| "good".into(), |bad| bad.what), report.crashes)
}

fn bad(folder: &Path) -> String {
    judged(folder).0
}

fn only_file(folder: &Path) -> PathBuf {
    files::months(folder).unwrap().pop().unwrap()
}

fn begin() -> Phase {
    Phase::Begin { log: "0".repeat(32), version: "1.0.0".into(), after: None }
}

fn intent() -> Phase {
    Phase::Intent(Entry { call: "iam:UpdateAccessKey".into(), object: "ada/AKIA1".into(), ..Entry::default() })
}

fn outcome(intent: u64) -> Phase {
    let (call, object) = ("iam:UpdateAccessKey".into(), "ada/AKIA1".into());
    Phase::Outcome { intent, call, object, done: true, code: None, request_id: None, read_back: None }
}

/// Writes records one after the other, numbered and linked as they should be, and a head that fits. The links, the beginning included.
fn write_all(folder: &Path, phases: impl IntoIterator<Item = Phase>) -> Vec<Link> {
    let (mut text, mut links) = (String::new(), vec![Link::beginning()]);
    for phase in phases {
        let last = links.last().unwrap();
        let record = Record {
            number: last.number + 1,
            utc: "2026-11-22T03:00:00Z".parse().unwrap(),
            phase,
            anchored: None,
            previous: last.hash.clone(),
        };
        let (line, hash) = record::line(&record).unwrap();
        text.push_str(&line);
        text.push('\n');
        links.push(Link { number: record.number, hash });
    }
    write(folder.join("2026-11.jsonl"), text).unwrap();
    set_head(folder, links.last().unwrap());
    links
}

fn set_head(folder: &Path, link: &Link) {
    Head::write(&mut File::create(folder.join(HEAD)).unwrap(), link).unwrap();
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn an_outcome_stands_after_its_intent() {
    let folder = folder();
    write_all(folder.path(), [begin(), intent(), outcome(2)]);
    assert_eq!(bad(folder.path()), "good");
    for number in [3, 4, u64::MAX] {
        write_all(folder.path(), [begin(), intent(), outcome(number), intent()]);
        assert_eq!(bad(folder.path()), "it is the outcome of an intent that is not before it", "{number}");
    }
}

#[test]
fn a_log_begins_once_and_at_its_beginning() {
    let folder = folder();
    write_all(folder.path(), [intent(), outcome(1)]);
    assert_eq!(bad(folder.path()), "the first record is not the beginning of a log");
    write_all(folder.path(), [begin(), begin()]);
    assert_eq!(bad(folder.path()), "record 2 begins another log");
    write_all(folder.path(), [begin(), Phase::Mark(Mark::Torn { bytes: 3, sha256: record::sha256(b"abc") })]);
    assert_eq!(bad(folder.path()), "it explains an unfinished line, and there is none: a line was removed");
    let differs = Phase::Mark(Mark::Differs { head_number: Some(7), head_hash: None });
    write_all(folder.path(), [begin(), differs]);
    assert!(bad(folder.path()).contains("`head` knew record 7: its end had been cut off"));
}

#[test]
fn records_of_two_logs_do_not_follow_each_other() {
    let (one, other) = (folder(), folder());
    write_all(one.path(), [begin(), intent(), outcome(2), intent()]);
    let lines = |folder: &Path| -> Vec<String> {
        String::from_utf8(read(only_file(folder)).unwrap()).unwrap().split_inclusive('\n').map(str::to_owned).collect()
    };
    let ours = lines(one.path());
    write_all(other.path(), [begin(), outcome(1), outcome(2), outcome(3)]);
    let theirs = lines(other.path());
    let put = |lines: &[&String]| {
        write(only_file(one.path()), lines.iter().map(|line| line.as_str()).collect::<String>()).unwrap();
        bad(one.path())
    };
    assert_eq!(
        put(&[&ours[0], &theirs[1], &ours[2], &ours[3]]),
        "record 3 does not follow the record before it: one of them was put in place of another"
    );
    assert_eq!(put(&[&ours[0], &ours[2], &ours[3]]), "record 2 is missing");
    assert_eq!(put(&[&ours[0], &ours[3]]), "records 2 to 3 are missing");
    assert_eq!(put(&[&ours[0], &ours[1], &ours[1], &ours[2], &ours[3]]), "record 2 stands here, where record 3 should be");
    assert_eq!(put(&[&ours[0], &ours[1], &ours[2], &ours[3]]), "good");
}

#[test]
fn a_torn_line_is_the_one_that_its_mark_explains() {
    let folder = folder();
    let log = log_of(folder.path(), None, 1);
    let path = only_file(folder.path());
    let torn = b"{\"number\":4,\"utc\":\"20";
    let before = [read(&path).unwrap(), torn.to_vec()].concat();
    write(&path, &before).unwrap();
    change(&log, "after");
    assert_eq!(judged(folder.path()), ("good".into(), vec![3]));
    let whole = read(&path).unwrap();
    let at = before.len() - torn.len();
    let explained = "the line before it is not the unfinished one that it explains";
    for (other, what) in [
        (b"{\"number\":4,\"utc\":\"21".to_vec(), explained),
        (b"{\"number\":4,\"utc\":\"2".to_vec(), explained),
        (b"{\"number\":4,\"utc\":\"20x".to_vec(), explained),
    ] {
        let text = [&whole[..at], &other, &whole[before.len()..]].concat();
        write(&path, text).unwrap();
        assert_eq!(judged(folder.path()), (what.into(), vec![]), "{}", String::from_utf8_lossy(&other));
    }
    write(&path, [&whole[..at], &whole[before.len() + 1..]].concat()).unwrap();
    assert_eq!(bad(folder.path()), "it explains an unfinished line, and there is none: a line was removed");
    // A line that is none stands before a record that explains nothing.
    let lines: Vec<&[u8]> = whole[..at].split_inclusive(|byte| *byte == b'\n').collect();
    write(&path, [lines[0], b"dear diary\n", lines[1], lines[2]].concat()).unwrap();
    assert_ne!(bad(folder.path()), "good");
}

#[test]
fn only_the_beginning_of_the_next_record_is_a_crash_at_the_end() {
    let folder = folder();
    let links = write_all(folder.path(), [begin(), intent(), outcome(2)]);
    let path = only_file(folder.path());
    let whole = read(&path).unwrap();
    let put = |end: &[u8]| {
        write(&path, [&whole, end].concat()).unwrap();
        judged(folder.path())
    };
    for end in ["{", "{\"number\":4,", "{\"number\":4,\"utc\":\"2026", "{\"number\":4,\"object\":\"}"] {
        assert_eq!(put(end.as_bytes()), ("good".into(), vec![3]), "{end}");
    }
    // A line that ends as a whole one is no beginning, and what is no beginning of the next record is no crash.
    for end in ["{\"number\":4,\"utc\":\"2026\"}\n", "{\"number\":5,", "{\"number\":40", "x", " {\"number\":4,", "\n"] {
        let (what, crashes) = put(end.as_bytes());
        assert!(what != "good" && crashes.is_empty(), "{end:?}: {what}");
    }
    // The head knew more: the end was cut within the line that it knows.
    let next = Link { number: 4, hash: "f".repeat(64) };
    set_head(folder.path(), &next);
    assert_ne!(put(b"{\"number\":4,").0, "good");
    // Or less: a record was written, and before `head` was the next one began. No program does that.
    set_head(folder.path(), &links[2]);
    assert_ne!(put(b"{\"number\":4,").0, "good");
    assert_eq!(put(b"").0, "good", "a crash between the record and the head");
    // Of a log that has just begun, `head` may say nothing yet.
    write_all(folder.path(), [begin()]);
    File::create(folder.path().join(HEAD)).unwrap();
    assert_eq!(bad(folder.path()), "good");
    let one = read(&path).unwrap();
    write(&path, [one.as_slice(), b"{\"number\":2,"].concat()).unwrap();
    assert_eq!(judged(folder.path()), ("good".into(), vec![1]));
}

#[test]
fn the_head_is_at_most_one_record_behind_and_knows_its_hash() {
    let folder = folder();
    let links = write_all(folder.path(), [begin(), intent(), outcome(2)]);
    let with = |head: &Link| {
        set_head(folder.path(), head);
        bad(folder.path())
    };
    let other = |number: u64| Link { number, hash: "f".repeat(64) };
    assert_eq!(with(&links[3]), "good");
    assert_eq!(with(&links[2]), "good", "a crash between the record and the head");
    assert_eq!(with(&links[1]), "it knows another record 1 than the log, which ends with record 3");
    assert_eq!(with(&other(3)), "it knows another record 3 than the log, which ends with record 3");
    assert_eq!(with(&other(2)), "it knows another record 2 than the log, which ends with record 3");
    assert_eq!(
        with(&Link { number: 2, hash: links[3].hash.clone() }),
        "it knows another record 2 than the log, which ends with record 3"
    );
    assert_eq!(with(&other(4)), "it knows record 4, but the log ends with record 3: its end was cut off");
    assert_eq!(
        with(&other(u64::MAX)),
        format!("it knows record {}, but the log ends with record 3: its end was cut off", u64::MAX)
    );
    File::create(folder.path().join(HEAD)).unwrap();
    assert_eq!(bad(folder.path()), "it is empty: it was changed");
    write(folder.path().join(HEAD), "{}").unwrap();
    assert_eq!(bad(folder.path()), "it is not what was written: it was changed");
    let spelled = format!("{{\"number\": 3,\"hash\":\"{}\"}}", links[3].hash);
    write(folder.path().join(HEAD), spelled).unwrap();
    assert_eq!(bad(folder.path()), "it is not what was written: it was changed");
    std::fs::remove_file(folder.path().join(HEAD)).unwrap();
    assert_eq!(bad(folder.path()), "it is missing: it was removed, or the log was copied without it");
    std::fs::remove_file(only_file(folder.path())).unwrap();
    assert_eq!(bad(folder.path()), "good", "no log");
}

/// What the next append says of a head that does not fit, so that it cannot be forgotten.
#[test]
fn the_next_record_tells_of_a_head_that_does_not_fit() {
    let phases = || [begin(), intent(), outcome(2)];
    let appended = |change_head: &dyn Fn(&Path, &[Link])| {
        let folder = folder();
        let links = write_all(folder.path(), phases());
        change_head(folder.path(), &links);
        drop(AuditLog::open(folder.path(), None).unwrap().intend(Entry::default()).unwrap());
        let report = verify(folder.path(), None).unwrap();
        (report.records, report.bad.is_none())
    };
    let other = |number: u64| Link { number, hash: "f".repeat(64) };
    assert_eq!(appended(&|_, _| {}), (4, true));
    assert_eq!(appended(&|folder, links| set_head(folder, &links[2])), (4, true), "one behind is a crash");
    for wrong in [other(2), other(3), other(4)] {
        assert!(!appended(&|folder, _| set_head(folder, &wrong)).1, "{wrong:?}");
    }
    assert!(!appended(&|folder, links| set_head(folder, &links[1])).1, "two behind");
    assert!(!appended(&|folder, _| drop(File::create(folder.join(HEAD)).unwrap())).1, "empty");
    assert!(!appended(&|folder, _| write(folder.join(HEAD), "x").unwrap()).1, "unreadable");
}

#[test]
fn a_crash_at_the_end_of_a_month_is_explained_in_that_month() {
    let folder = folder();
    let at = |day: &str| {
        let now: Timestamp = day.parse().unwrap();
        AuditLog::open_at(folder.path(), None, move || now).unwrap()
    };
    change(&at("2026-10-31T23:59:59Z"), "ada");
    let october = folder.path().join("2026-10.jsonl");
    let torn = [read(&october).unwrap(), b"{\"number\":4,".to_vec()].concat();
    write(&october, &torn).unwrap();
    change(&at("2026-11-01T00:00:00Z"), "bob");
    assert_eq!(judged(folder.path()), ("good".into(), vec![3]));
    assert!(read(&october).unwrap().starts_with(&torn), "nothing is taken away");
    // Without the mark the line is explained by nothing, whatever the next month says.
    let text = read(&october).unwrap();
    write(&october, &text[..torn.len()]).unwrap();
    assert_ne!(bad(folder.path()), "good");
}

#[test]
fn the_beginning_has_no_record_before_it() {
    let folder = folder();
    write_all(folder.path(), [begin()]);
    let text = String::from_utf8(read(only_file(folder.path())).unwrap()).unwrap();
    assert!(text.contains(BEGINNING));
    let record = Record {
        number: 1,
        utc: "2026-11-22T03:00:00Z".parse().unwrap(),
        phase: begin(),
        anchored: None,
        previous: "f".repeat(64),
    };
    let (line, hash) = record::line(&record).unwrap();
    write(only_file(folder.path()), format!("{line}\n")).unwrap();
    set_head(folder.path(), &Link { number: 1, hash });
    assert_ne!(bad(folder.path()), "good");
}
