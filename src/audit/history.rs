//! The log read back: intents paired with their outcomes.

use std::io::{self, BufRead as _, BufReader};
use std::path::Path;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::record::{self, Phase, ReadBack, Record};
use super::{Entry, files};

/// One change: what was intended, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The intent's number.
    pub number: u64,
    /// When it was intended.
    pub utc: Timestamp,
    /// Who, what, where, why.
    #[serde(flatten)]
    pub entry: Entry,
    /// What became of it.
    pub outcome: Outcome,
    /// When that was known.
    pub ended: Option<Timestamp>,
    /// AWS's error code.
    pub code: Option<String>,
    /// AWS's request id.
    pub request_id: Option<String>,
    /// Where no answer came: what was read afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_back: Option<ReadBack>,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// AWS did it.
    Done,
    /// AWS refused, or the call failed.
    Failed,
    /// No answer came, and reads could not tell; or nothing was written after the intent: it is under way, or the program ended in between.
    /// Look it up in CloudTrail.
    Unknown,
}

impl Outcome {
    /// As one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// All changes, oldest first. Lines that are no records are passed over: [`super::verify()`] is there to find them.
///
/// # Errors
/// A file cannot be read. A folder that is not there holds no changes.
pub fn changes(folder: &Path) -> io::Result<Vec<Change>> {
    let mut changes: IndexMap<u64, Change> = IndexMap::new();
    each(folder, |record, _| match record.phase {
        Phase::Intent(entry) => {
            let change = Change {
                number: record.number,
                utc: record.utc,
                entry,
                outcome: Outcome::Unknown,
                ended: None,
                code: None,
                request_id: None,
                read_back: None,
            };
            changes.insert(record.number, change);
        }
        Phase::Outcome { intent, done, code, request_id, read_back, .. } => {
            if let Some(change) = changes.get_mut(&intent) {
                change.outcome = match (&read_back, done) {
                    (Some(ReadBack::Unknown { .. }), _) => Outcome::Unknown,
                    (_, true) => Outcome::Done,
                    (_, false) => Outcome::Failed,
                };
                (change.ended, change.code, change.request_id) = (Some(record.utc), code, request_id);
                change.read_back = read_back;
            }
        }
        Phase::Begin { .. } | Phase::Mark(_) => {}
    })?;
    Ok(changes.into_values().collect())
}

/// The hash of one record.
pub(super) fn hash_of(folder: &Path, number: u64) -> Option<String> {
    let mut found = None;
    each(folder, |record, hash| {
        if record.number == number {
            found = Some(hash);
        }
    })
    .ok()?;
    found
}

fn each(folder: &Path, mut take: impl FnMut(Record, String)) -> io::Result<()> {
    let months = match files::months(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        months => months?,
    };
    for path in months {
        let mut reader = BufReader::new(files::read(&path)?);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            if let Some((record, hash)) = line.strip_suffix(b"\n").and_then(|line| record::parse(line).ok()) {
                take(record, hash);
            }
            line.clear();
        }
    }
    Ok(())
}
