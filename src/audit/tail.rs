//! The end of the log, as the next append finds it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files;
use super::record::{self, BEGINNING, LONGEST_LINE, Mark};

/// A record's number and hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Link {
    pub(super) number: u64,
    pub(super) hash: String,
}

impl Link {
    /// What the first record is linked to.
    pub(super) fn beginning() -> Self {
        Self { number: 0, hash: BEGINNING.to_owned() }
    }
}

/// The end of the log.
#[derive(Debug)]
pub(super) struct Tail {
    /// The newest file; `None`: there is none.
    pub(super) file: Option<PathBuf>,
    /// The newest record.
    pub(super) last: Link,
    /// The hash of the record before it.
    pub(super) previous: Option<String>,
    /// What follows the newest record and is none, in the newest file.
    pub(super) torn: Vec<u8>,
}

impl Tail {
    /// Reads the end of the log.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        let months = files::months(folder)?;
        let mut tail = Self { file: months.last().cloned(), last: Link::beginning(), previous: None, torn: Vec::new() };
        for (back, path) in months.iter().rev().enumerate() {
            let (found, torn) = last_record(path)?;
            if back == 0 {
                tail.torn = torn;
            }
            if let Some((link, previous)) = found {
                (tail.last, tail.previous) = (link, Some(previous));
                break;
            }
        }
        Ok(tail)
    }

    /// What a mark says about the bytes that are no record.
    pub(super) fn torn_mark(&self) -> Option<Mark> {
        let bytes = u64::try_from(self.torn.len()).unwrap_or(u64::MAX);
        (bytes > 0).then(|| Mark::Torn { bytes, sha256: record::sha256(&self.torn) })
    }

    /// What a mark says where `head` does not agree with the log. It may be one record behind: a crash between the two writes.
    pub(super) fn differs_mark(&self, head: &Head) -> Option<Mark> {
        let agrees = match head {
            Head::Empty => self.last.number == 0 || (self.last.number == 1 && self.previous.as_deref() == Some(BEGINNING)),
            Head::Unreadable => false,
            Head::At(link) => *link == self.last || self.is_next_after(link),
        };
        let link = head.link();
        (!agrees)
            .then(|| Mark::Differs { head_number: link.map(|link| link.number), head_hash: link.map(|link| link.hash.clone()) })
    }

    fn is_next_after(&self, link: &Link) -> bool {
        link.number.checked_add(1) == Some(self.last.number) && self.previous.as_deref() == Some(link.hash.as_str())
    }
}

/// A record, and the hash of the one before it.
type Linked = (Link, String);

/// The last record of a file, and what follows it.
fn last_record(path: &Path) -> io::Result<(Option<Linked>, Vec<u8>)> {
    let mut file = files::read(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    let near = length.saturating_sub(2 * LONGEST_LINE);
    let (found, after) = last_record_from(&mut file, near)?;
    // Only a file that somebody has filled with something else is looked through as a whole.
    if found.is_none() && near > 0 { last_record_from(&mut file, 0) } else { Ok((found, after)) }
}

fn last_record_from(file: &mut File, from: u64) -> io::Result<(Option<Linked>, Vec<u8>)> {
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let mut end = bytes.len();
    // From the back, line by line: `end` is where the line end before what follows stands.
    while let Some(line_end) = bytes.get(..end).and_then(|text| text.iter().rposition(|byte| *byte == b'\n')) {
        let before = bytes.get(..line_end).unwrap_or_default();
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if let Ok((record, hash)) = record::parse(before.get(start..).unwrap_or_default()) {
            let after = bytes.split_off(line_end + 1);
            return Ok((Some((Link { number: record.number, hash }, record.previous)), after));
        }
        end = line_end;
    }
    Ok((None, bytes))
}

/// What `head` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Head {
    /// Nothing: the log is new.
    Empty,
    /// Something that we did not write.
    Unreadable,
    /// The newest record.
    At(Link),
}

impl Head {
    /// The newest record that it names.
    pub(super) fn link(&self) -> Option<&Link> {
        match self {
            Self::At(link) => Some(link),
            Self::Empty | Self::Unreadable => None,
        }
    }

    /// Reads `head`.
    pub(super) fn read(file: &mut File) -> io::Result<Self> {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0))?;
        file.take(4096).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            return Ok(Self::Empty);
        }
        let link = serde_json::from_slice::<Link>(&bytes).ok();
        // Every byte counts here too: another spelling of the same is a change.
        Ok(link.filter(|link| spelled(link).as_bytes() == bytes).map_or(Self::Unreadable, Self::At))
    }

    /// Notes the newest record in place, in as many bytes as before, so that no disk is too full for it.
    pub(super) fn write(file: &mut File, link: &Link) -> io::Result<()> {
        let text = spelled(link);
        file.seek(SeekFrom::Start(0))?;
        file.write_all(text.as_bytes())?;
        file.set_len(u64::try_from(text.len()).unwrap_or_default())?;
        file.sync_data()
    }
}

/// As it stands in `head`: padded, so that each is as long as the one before.
fn spelled(link: &Link) -> String {
    let text = serde_json::to_string(link).unwrap_or_default();
    format!("{text:<110}\n")
}
