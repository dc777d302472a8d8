//! CloudTrail events and GuardDuty findings out of files, as AWS writes them and as people keep them.
//!
//! The content decides, not the name: gzip by its first bytes, documents and gzip members in a row, a record or a list a line,
//! texts of `lookup-events --query`, log lines, UTF-16, and records in any wrapping (EventBridge, CloudWatch Logs, SNS, SQS, Kinesis,
//! Firehose, CloudTrail Lake …). What is whole is read; what is not is named with its file and place; what is whole but something else,
//! such as a digest, is counted by its name. Nothing is left out in silence, and nothing that a file says can take more than a bounded
//! part of the memory: [`LARGEST_FILE`] unpacked, 64 wrappings, 256 brackets.
//!
//! ```no_run
//! let events = bartizan::records::events("logs".as_ref());
//! println!("{} events from {} files", events.records.len(), events.files);
//! for problem in &events.problems {
//!     eprintln!("{problem}");
//! }
//! ```

mod documents;
mod event;
mod files;
mod finding;
mod foreign;
mod reader;
mod scan;
mod schema;
mod unpack;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

pub use event::Event;
pub use files::LARGEST_FILE;
pub use finding::Finding;

/// What was found in a file or a folder.
#[derive(Debug)]
pub struct Loaded<T> {
    /// The records.
    pub records: Vec<T>,
    /// How many files were read, the broken ones among them.
    pub files: usize,
    /// How many records were there before, and were left out.
    pub repeated: usize,
    /// What could not be read. Of a file with many broken places the first few are named; [`Self::broken`] counts all.
    pub problems: Vec<Problem>,
    /// How many places could not be read.
    pub broken: usize,
    /// What was left alone because it is something else.
    pub others: BTreeMap<&'static str, Others>,
}

/// Things of one kind that were left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Others {
    /// How many.
    pub count: usize,
    /// The first file of them.
    pub first: PathBuf,
}

impl<T> Loaded<T> {
    fn new() -> Self {
        Self { records: Vec::new(), files: 0, repeated: 0, problems: Vec::new(), broken: 0, others: BTreeMap::new() }
    }

    fn leave(&mut self, name: &'static str, count: usize, path: &Path) {
        if count > 0 {
            self.others.entry(name).or_insert_with(|| Others { count: 0, first: path.to_owned() }).count += count;
        }
    }

    fn fail(&mut self, path: &Path, what: String) {
        self.broken += 1;
        self.problems.push(Problem { path: path.to_owned(), what });
    }
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong, and where in the file.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.what)
    }
}

/// Reads CloudTrail events from a folder and the folders in it, or from one file. An event that was there before (the same id, account,
/// name, service and second) is counted as repeated.
pub fn events(path: &Path) -> Loaded<Event> {
    let (mut seen, mut repeated, mut events) = (event::Seen::default(), 0, Vec::new());
    let mut loaded = Loaded::new();
    files::each(path, &mut loaded, &mut |event: Event| {
        if seen.is_new(&event) {
            events.push(event);
        } else {
            repeated += 1;
        }
    });
    Loaded { records: events, repeated, ..loaded }
}

/// Reads GuardDuty findings in the form of the API from a folder and the folders in it, or from one file, wherever [`events()`] finds
/// events. Keys may begin with capitals, as the AWS CLI and AWS Tools write them. Of several states of a finding the latest stays, the
/// others are counted as repeated.
pub fn findings(path: &Path) -> Loaded<Value> {
    let mut latest = finding::Latest::default();
    let mut loaded = Loaded::new();
    files::each(path, &mut loaded, &mut |finding: Finding| latest.take(finding));
    Loaded { records: latest.findings, repeated: latest.repeated, ..loaded }
}
