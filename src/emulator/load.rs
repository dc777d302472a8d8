//! Loads real records into a world: CloudTrail log files and GuardDuty findings, as AWS writes them and as people keep them.
//!
//! Nothing is changed that can be left as it is: the times stay, so event history loses its limit of 90 days, and an event goes
//! out with the very members that it came with. What cannot be read is named in [`Loaded::problems`] and the rest goes on.
//!
//! ```no_run
//! # use bartizan::emulator::{Account, load};
//! # let mut account = Account::empty("123456789012", 1);
//! let events = load::events("logs".as_ref());
//! for problem in &events.problems {
//!     eprintln!("{problem}");
//! }
//! load::hold_events(&mut account, events.records);
//! ```

mod events;
mod files;
mod findings;
mod schema;

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::account::Account;
use super::svc::cloudtrail::{History, Record};
use super::svc::guardduty::Detector;
use super::svc::guardduty::build::hex;

/// What was found in a folder.
#[derive(Debug)]
pub struct Loaded<T> {
    /// The records.
    pub records: Vec<T>,
    /// How many files were read, the broken ones among them.
    pub files: usize,
    /// How many files have other names than records have (`LICENSE`, `README.md`) and were left alone.
    pub others: usize,
    /// How many records were there a second time, the same in every member, and were left out.
    pub repeated: usize,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

impl<T> Loaded<T> {
    fn new() -> Self {
        Self { records: Vec::new(), files: 0, others: 0, repeated: 0, problems: Vec::new() }
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

/// Reads CloudTrail events from a folder and the folders in it, or from one file: `*.json`, `*.jsonl`, `*.ndjson`, each also
/// with `.gz`. A file may be a log file (`Records`), a list, a single event, one event a line, an EventBridge event (`detail`),
/// an export of CloudWatch Logs (`events[].message`) or an answer of `LookupEvents` (`Events[].CloudTrailEvent`).
pub fn events(path: &Path) -> Loaded<Record> {
    let mut loaded = Loaded::new();
    files::each(path, &mut loaded, events::collect);
    events::without_repetitions(&mut loaded);
    loaded
}

/// Reads GuardDuty findings from a folder and the folders in it, or from one file: the same names as [`events()`]; an answer of
/// `GetFindings`, a list, a single finding, one finding a line, an EventBridge event. Keys may begin with capitals, as AWS Tools
/// write them; members that EventBridge writes otherwise than the API get the API's form.
pub fn findings(path: &Path) -> Loaded<Value> {
    let mut loaded = Loaded::new();
    files::each(path, &mut loaded, findings::collect);
    findings::without_repetitions(&mut loaded);
    loaded
}

/// Makes events the whole event history of an account, each in its own region.
pub fn hold_events(account: &mut Account, events: Vec<Record>) {
    account.cloudtrail.history = History::held(events);
    account.cloudtrail.reach = None;
}

/// Makes findings the only findings of an account, each in its own region. A region that has no detector gets one.
pub fn hold_findings(account: &mut Account, findings: Vec<Value>) {
    for detector in account.guardduty.detectors.values_mut() {
        detector.findings.clear();
        detector.made = None;
    }
    for finding in findings {
        let text = |pointer: &str| finding.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let region = text("/region");
        let created = text("/createdAt").parse().unwrap_or_default();
        let known = Some(text("/service/detectorId")).filter(|id| !id.is_empty());
        let detector = account.guardduty.detectors.entry(region.clone()).or_insert_with(|| {
            // The detector under which AWS found it, where the finding says.
            Detector::new(known.unwrap_or_else(|| hex(&region)), created)
        });
        detector.findings.push(finding);
    }
}
