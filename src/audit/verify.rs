//! Whether the log is as it was written.
//!
//! The chain finds a record that was changed, removed, inserted or reordered. `head` finds an end that was cut off, unless it was changed
//! to fit. The anchor in the keyring finds that as well, and a log that was written anew or put in place of another, up to the record that
//! was anchored last. What nobody can find is stated by [`Anchoring`]: without a keyring, a log written anew as a whole; with one,
//! whatever somebody does who can also write to the keyring.

use std::fmt;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::anchor::{self, Stored};
use super::error::AuditError;
use super::files::{self, HEAD};
use super::log;
use super::record::{self, BEGINNING, Mark, Phase, Record, Wrong};
use super::tail::{Head, Link};
use crate::secrets::{Keyring, KeyringError};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Good records, up to the first bad one.
    pub records: u64,
    /// Files read.
    pub files: usize,
    /// When the first and the last good record were written.
    pub span: Option<(Timestamp, Timestamp)>,
    /// After which records a program or machine stopped while it wrote the next one.
    pub crashes: Vec<u64>,
    /// The first thing that is wrong.
    pub bad: Option<Bad>,
    /// What the keyring says.
    pub anchoring: Anchoring,
}

/// The first thing that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// In which file.
    pub file: PathBuf,
    /// In which line, from 1; `None`: it is not about a line.
    pub line: Option<u64>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))?;
        write!(f, ": {}", self.what)
    }
}

/// What the keyring says about a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchoring {
    /// Up to this record the log is what it was when the anchor was written.
    Upto(u64),
    /// The keyring works and has no anchor of this log, and the log does not say that it ever had one.
    Never,
    /// The keyring could not be asked.
    Unknown(KeyringError),
    /// It was not asked.
    NotAsked,
    /// It contradicts the log; [`Report::bad`] says how.
    Contradicts,
}

/// Reads the whole log. Blocks: for the keyring, and for programs that append.
///
/// # Errors
/// The log cannot be read. A folder that is not there is an empty log, which is what the keyring says about it.
pub fn verify(folder: &Path, keyring: Option<&Keyring>) -> Result<Report, AuditError> {
    // First the anchor: the log may grow meanwhile, and must not be shorter than it.
    let stored = keyring.map(|keyring| anchor::read(keyring, &anchor::item_name(&resolved(folder))));
    let (mut check, head) = read(folder).map_err(|error| AuditError::io("read", folder, &error))?;
    if check.bad.is_none() {
        check.compare_head(folder, head);
    }
    let anchoring = check.compare_anchor(folder, stored);
    let Check { link, files, span, crashes, bad, .. } = check;
    Ok(Report { records: link.number, files, span, crashes, bad, anchoring })
}

/// The folder as [`super::AuditLog::open`] knows it.
fn resolved(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

/// Reads everything while nobody appends.
fn read(folder: &Path) -> io::Result<(Check, Option<Head>)> {
    let path = folder.join(HEAD);
    let mut held = match files::read(&path) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if let Some(file) = &held {
        log::lock(file, &path).map_err(io::Error::other)?;
    }
    let head = held.as_mut().map(Head::read).transpose()?;
    let months = match files::months(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        months => months?,
    };
    let mut check = Check::new();
    for path in &months {
        check.file(path)?;
        if check.bad.is_some() {
            break;
        }
    }
    if check.bad.is_none() {
        check.end(head.as_ref());
    }
    Ok((check, head))
}

/// The state of reading.
struct Check {
    link: Link,
    previous: Option<String>,
    files: usize,
    span: Option<(Timestamp, Timestamp)>,
    crashes: Vec<u64>,
    bad: Option<Bad>,
    /// Bytes that are no record, and where they begin.
    debris: Option<Debris>,
    /// The newest record that any record says is anchored.
    anchored: Option<u64>,
    /// All hashes, by number less one: what the anchor is compared with.
    hashes: Vec<String>,
    place: (PathBuf, u64),
}

struct Debris {
    bytes: Vec<u8>,
    place: (PathBuf, u64),
    wrong: Wrong,
}

impl Check {
    fn new() -> Self {
        Self {
            link: Link::beginning(),
            previous: None,
            files: 0,
            span: None,
            crashes: Vec::new(),
            bad: None,
            debris: None,
            anchored: None,
            hashes: Vec::new(),
            place: (PathBuf::new(), 0),
        }
    }

    fn file(&mut self, path: &Path) -> io::Result<()> {
        // What is no record has to be explained in its own file.
        if self.debris.is_some() {
            self.blame_debris();
            return Ok(());
        }
        self.files += 1;
        self.place = (path.to_owned(), 0);
        let mut reader = BufReader::new(files::read(path)?);
        let mut line = Vec::new();
        while self.bad.is_none() && reader.read_until(b'\n', &mut line)? > 0 {
            self.place.1 += 1;
            self.line(&line);
            line.clear();
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) {
        let whole = line.strip_suffix(b"\n");
        match whole.map_or(Err(Wrong::NoRecord), record::parse) {
            Ok((record, hash)) => self.record(record, hash),
            Err(wrong) => {
                let place = self.place.clone();
                let debris = self.debris.get_or_insert_with(|| Debris { bytes: Vec::new(), place, wrong });
                debris.bytes.extend_from_slice(line);
            }
        }
    }

    fn record(&mut self, record: Record, hash: String) {
        if let Some(what) = self.broken_link(&record) {
            // A record that was changed is the cause of what follows it.
            match self.debris {
                Some(_) => self.blame_debris(),
                None => self.blame(what),
            }
            return;
        }
        let wrong = match &record.phase {
            Phase::Begin { .. } => None,
            Phase::Mark(Mark::Torn { bytes, sha256 }) => self.explain(*bytes, sha256),
            _ if self.debris.is_some() => {
                self.blame_debris();
                return;
            }
            Phase::Mark(Mark::Differs { head_number, .. }) => Some(differs(&self.link, *head_number)),
            Phase::Outcome { intent, .. } if *intent >= record.number => {
                Some("it is the outcome of an intent that is not before it".into())
            }
            Phase::Intent(_) | Phase::Outcome { .. } => None,
        };
        if let Some(what) = wrong {
            self.blame(what);
            return;
        }
        let first = self.span.map_or(record.utc, |(first, _)| first);
        self.span = Some((first, record.utc));
        self.anchored = self.anchored.max(record.anchored);
        self.previous = Some(record.previous);
        self.link = Link { number: record.number, hash: hash.clone() };
        self.hashes.push(hash);
    }

    fn broken_link(&self, record: &Record) -> Option<String> {
        let (last, this) = (self.link.number, record.number);
        let next = last.saturating_add(1);
        let begins = matches!(record.phase, Phase::Begin { .. });
        match this {
            _ if this > next && this - next == 1 => Some(format!("record {next} is missing")),
            _ if this > next => Some(format!("records {next} to {} are missing", this - 1)),
            _ if this < next => Some(format!("record {this} stands here, where record {next} should be")),
            _ if record.previous != self.link.hash => {
                Some(format!("record {this} does not follow the record before it: one of them was put in place of another"))
            }
            1 if !begins => Some("the first record is not the beginning of a log".into()),
            _ if begins && this != 1 => Some(format!("record {this} begins another log")),
            _ => None,
        }
    }

    /// A mark explains bytes that are no record.
    fn explain(&mut self, bytes: u64, sha256: &str) -> Option<String> {
        let Some(mut debris) = self.debris.take() else {
            return Some("it explains an unfinished line, and there is none: a line was removed".into());
        };
        // The line end that closed it is not of it.
        let _line_end = debris.bytes.pop();
        if u64::try_from(debris.bytes.len()).ok() != Some(bytes) || record::sha256(&debris.bytes) != sha256 {
            debris.bytes.push(b'\n');
            self.debris = Some(debris);
            return Some("the line before it is not the unfinished one that it explains".into());
        }
        // A log may begin with a crash: then its first record stands between.
        self.crashes.push(self.link.number.saturating_sub(u64::from(self.link.number == 1)));
        None
    }

    /// What stands at the very end and is no record: an unfinished line, if nobody was told of it yet.
    fn end(&mut self, head: Option<&Head>) {
        let Some(debris) = &self.debris else { return };
        let start = format!("{{\"number\":{},", self.link.number.saturating_add(1));
        let start = start.as_bytes().get(..debris.bytes.len().min(start.len())).unwrap_or_default();
        let head_knows_no_more = match head {
            None => self.link.number == 0,
            Some(head) => head.link().map_or(self.link.number <= 1, |head| *head == self.link),
        };
        // A crash leaves the beginning of what was to be written, and never its end.
        let is_unfinished = debris.bytes.starts_with(start) && !debris.bytes.ends_with(b"}\n");
        if head_knows_no_more && is_unfinished {
            self.crashes.push(self.link.number);
        } else {
            self.blame_debris();
        }
    }

    fn compare_head(&mut self, folder: &Path, head: Option<Head>) {
        self.place = (folder.join(HEAD), 0);
        let last = self.link.number;
        let what = match head {
            None if last == 0 => return,
            None => "it is missing: it was removed, or the log was copied without it".to_owned(),
            Some(Head::Unreadable) => "it is not what was written: it was changed".to_owned(),
            Some(Head::Empty) if last <= 1 => return,
            Some(Head::Empty) => "it is empty: it was changed".to_owned(),
            Some(Head::At(head)) if head == self.link => return,
            // A crash between the record and the head.
            Some(Head::At(head)) if head.number.checked_add(1) == Some(last) && self.previous.as_ref() == Some(&head.hash) => {
                return;
            }
            Some(Head::At(head)) if head.number > last => {
                format!("it knows record {}, but the log ends with record {last}: its end was cut off", head.number)
            }
            Some(Head::At(head)) => {
                format!("it knows another record {} than the log, which ends with record {last}", head.number)
            }
        };
        self.blame(what);
    }

    fn compare_anchor(&mut self, folder: &Path, stored: Option<Result<Stored, KeyringError>>) -> Anchoring {
        let stored = match stored {
            None => return Anchoring::NotAsked,
            Some(Err(error)) => return Anchoring::Unknown(error),
            Some(Ok(stored)) => stored,
        };
        let what = match (stored, self.anchored) {
            // What cannot be read cannot be compared any further.
            _ if self.bad.is_some() => return Anchoring::NotAsked,
            (Stored::Nothing, None) => return Anchoring::Never,
            (Stored::Nothing, Some(claimed)) => {
                format!("record {claimed} was anchored in the keyring, which has no anchor any more")
            }
            (Stored::Garbage, _) => "the keyring's anchor is not one that was written by bartizan".to_owned(),
            (Stored::At(link), claimed) => match self.hash(link.number) {
                None => format!(
                    "the keyring knows record {}, but the log ends with record {}: its end was cut off, or another log is in its place",
                    link.number, self.link.number
                ),
                Some(hash) if hash != link.hash => {
                    format!(
                        "the keyring knows another record {} than the log: it was written anew, or is another log",
                        link.number
                    )
                }
                Some(_) => match claimed.filter(|claimed| *claimed > link.number) {
                    None => return Anchoring::Upto(link.number),
                    Some(claimed) => format!(
                        "record {claimed} was anchored in the keyring, whose anchor is now that of record {}: an older one was put back",
                        link.number
                    ),
                },
            },
        };
        self.place = (folder.to_owned(), 0);
        self.blame(what);
        Anchoring::Contradicts
    }

    fn hash(&self, number: u64) -> Option<&str> {
        if number == 0 {
            return Some(BEGINNING);
        }
        self.hashes.get(usize::try_from(number - 1).ok()?).map(String::as_str)
    }

    fn blame(&mut self, what: String) {
        let (file, line) = self.place.clone();
        self.bad = Some(Bad { file, line: Some(line).filter(|line| *line > 0), what });
    }

    fn blame_debris(&mut self) {
        let Some(debris) = self.debris.take() else { return };
        self.place = debris.place;
        let next = self.link.number.saturating_add(1);
        self.blame(match debris.wrong {
            Wrong::Hash => {
                format!("where record {next} should be: its content does not have the hash that it says; it was changed")
            }
            Wrong::NoRecord => format!("where record {next} should be: this is no record; it was changed or put here"),
        });
    }
}

fn differs(last: &Link, head: Option<u64>) -> String {
    match head {
        Some(head) if head > last.number => {
            format!(
                "when it was written, the log ended with record {}, but `head` knew record {head}: its end had been cut off",
                last.number
            )
        }
        Some(head) => format!("when it was written, `head` knew another record {head} than the log"),
        None => "when it was written, `head` was missing or had been changed".to_owned(),
    }
}
