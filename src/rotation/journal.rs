//! The journal of one rotation: one fact a line, each durable before the next step, each bound to the one before it by its hash.
//!
//! A last line that was cut off by a crash was never acted upon and is dropped. Anything else that does not fit stops the rotation
//! with words: somebody changed the file.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{FallocateFlags, fallocate};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::machine::{Book, Fact, Planned};
use crate::domain::rotation::RotationId;
use crate::files;

/// Room set aside for a journal when it is made, in bytes: a full disk must not stop a rotation between two facts.
const RESERVED: u64 = 64 * 1024;
/// The longest journal that is read, in bytes.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk.
    #[error("the journal {path} could not be {what}: {error}")]
    Disk {
        /// The file.
        path: String,
        /// read, written, made.
        what: &'static str,
        /// Why.
        error: io::Error,
    },
    /// Not as it was written.
    #[error(
        "line {line} of the journal {path} is not as it was written ({problem}): look at the user's keys by hand, then remove the file"
    )]
    Damaged {
        /// The file.
        path: String,
        /// From 1.
        line: usize,
        /// What does not fit.
        problem: &'static str,
    },
    /// There is no whole first fact: nothing was done yet when its process ended.
    #[error("the journal {path} has no beginning: its rotation never began")]
    NeverBegan {
        /// The file.
        path: String,
    },
    /// Somebody else has the user.
    #[error("another process is rotating a key of {user} in account {account}")]
    Busy {
        /// Account.
        account: String,
        /// User.
        user: String,
    },
}

/// One line.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    seq: u64,
    utc: Timestamp,
    #[serde(flatten)]
    fact: Fact,
    /// SHA-256 of the line before, in hexadecimal digits; empty in the first.
    prev: String,
}

/// A journal open for writing.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    seq: u64,
    hash: String,
}

/// The right to work on one user's keys on this machine; free again when it is dropped or its process dies.
#[derive(Debug)]
pub struct UserLock {
    _file: File,
}

impl UserLock {
    /// Takes the lock, or says that another process has it.
    ///
    /// # Errors
    /// Somebody has it, or the folder cannot be written.
    pub fn take(folder: &Path, account: &str, user: &str) -> Result<Self, JournalError> {
        make_folder(folder)?;
        let digest = hex(&Sha256::digest(user.as_bytes()));
        let path = folder.join(format!("{}-{}.lock", plain(account), digest.get(..16).unwrap_or_default()));
        let file = files::keep(&path).map_err(|error| disk(&path, "made", error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(JournalError::Busy { account: account.to_owned(), user: user.to_owned() }),
            Err(TryLockError::Error(error)) => Err(disk(&path, "made", error)),
        }
    }
}

impl Journal {
    /// Makes the journal of a rotation that begins. It gets its name once its first fact is on disk: there is none without.
    ///
    /// # Errors
    /// The folder cannot be written, or there is one of that name.
    pub fn create(folder: &Path, planned: Planned, at: Timestamp) -> Result<Self, JournalError> {
        make_folder(folder)?;
        let path = file_of(folder, &planned.id);
        let unfinished = path.with_extension(UNFINISHED);
        let file = files::create(&unfinished).map_err(|error| disk(&path, "made", error))?;
        let mut journal = Self { path, file, length: 0, seq: 0, hash: String::new() };
        let made = journal.begin(folder, &unfinished, planned, at);
        if made.is_err() {
            let _swept_by_the_next_process = std::fs::remove_file(&unfinished);
        }
        made.map(|()| journal)
    }

    fn begin(&mut self, folder: &Path, unfinished: &Path, planned: Planned, at: Timestamp) -> Result<(), JournalError> {
        // Held as long as the journal is: [`sweep`] leaves alone what somebody is working on. Where files cannot be locked, it
        // removes nothing.
        let _best_effort = self.file.try_lock();
        // Some file systems cannot; then a full disk shows when a fact is written, and the rotation stops there.
        let _best_effort = fallocate(&self.file, FallocateFlags::KEEP_SIZE, 0, RESERVED);
        self.append(&Fact::Planned(Box::new(planned)), at)?;
        match self.path.try_exists() {
            Ok(false) => {}
            Ok(true) => return Err(disk(&self.path, "made", io::ErrorKind::AlreadyExists.into())),
            Err(error) => return Err(disk(&self.path, "made", error)),
        }
        std::fs::rename(unfinished, &self.path).map_err(|error| disk(&self.path, "made", error))?;
        sync_folder(folder)
    }

    /// Opens the journal of a rotation that is taken up again; a torn last line is dropped.
    ///
    /// # Errors
    /// It is not there, cannot be read, or is damaged.
    pub fn open(folder: &Path, id: &RotationId) -> Result<(Self, Book), JournalError> {
        let path = file_of(folder, id);
        let mut file = files::edit(&path).map_err(|error| disk(&path, "read", error))?;
        let content = Content::of(&mut file, &path)?;
        file.set_len(content.length).map_err(|error| disk(&path, "written", error))?;
        let book = content.book(&path)?;
        let journal = Self { path, file, length: content.length, seq: content.facts.len() as u64, hash: content.hash };
        Ok((journal, book))
    }

    /// Reads a journal without the right to write it.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn read(path: &Path) -> Result<Book, JournalError> {
        let mut file = files::read(path).map_err(|error| disk(path, "read", error))?;
        Content::of(&mut file, path)?.book(path)
    }

    /// The journals of a folder that are a user's by their names, oldest first; some may be another user's of a similar name.
    pub fn of_user(folder: &Path, user: &str) -> Vec<PathBuf> {
        let wanted = user_part(user);
        let is_of_user = |path: &PathBuf| {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            // `<time>-<user>-<number>`
            let user = name.split_once('-').and_then(|(_, rest)| rest.rsplit_once('-'));
            user.is_some_and(|(user, _)| user == wanted)
        };
        Self::all(folder).into_iter().filter(is_of_user).collect()
    }

    /// The journals of a folder, oldest first; an empty list where there is no folder.
    pub fn all(folder: &Path) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
        paths.sort();
        paths
    }

    /// Writes a fact down; it is on disk when this returns.
    ///
    /// # Errors
    /// It is not on disk. The file is as it was before.
    pub fn append(&mut self, fact: &Fact, at: Timestamp) -> Result<(), JournalError> {
        let line = Line { seq: self.seq, utc: at, fact: fact.clone(), prev: self.hash.clone() };
        let mut text = serde_json::to_vec(&line).map_err(|error| disk(&self.path, "written", error.into()))?;
        let hash = hex(&Sha256::digest(&text));
        text.push(b'\n');
        if let Err(error) = self.write(&text) {
            // What was written of it must not stand before the next line.
            let _torn_line_is_dropped_when_read = self.file.set_len(self.length);
            return Err(disk(&self.path, "written", error));
        }
        self.length += text.len() as u64;
        self.seq += 1;
        self.hash = hash;
        Ok(())
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(text)?;
        self.file.sync_data()
    }
}

/// What a journal holds.
struct Content {
    facts: Vec<(Fact, Timestamp)>,
    /// Up to the end of the last whole line.
    length: u64,
    hash: String,
}

impl Content {
    fn of(file: &mut File, path: &Path) -> Result<Self, JournalError> {
        let mut text = Vec::new();
        file.take(LONGEST).read_to_end(&mut text).map_err(|error| disk(path, "read", error))?;
        let mut content = Self { facts: Vec::new(), length: 0, hash: String::new() };
        let damaged = |line, problem| JournalError::Damaged { path: path.display().to_string(), line, problem };
        for (number, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let Some(whole) = line.strip_suffix(b"\n") else { break };
            let read: Line = serde_json::from_slice(whole).map_err(|_| damaged(number + 1, "it cannot be read"))?;
            if read.prev != content.hash {
                return Err(damaged(number + 1, "the hash of the line before does not fit"));
            }
            if read.seq != number as u64 {
                return Err(damaged(number + 1, "its number does not fit"));
            }
            content.hash = hex(&Sha256::digest(whole));
            content.length += line.len() as u64;
            content.facts.push((read.fact, read.utc));
        }
        Ok(content)
    }

    fn book(&self, path: &Path) -> Result<Book, JournalError> {
        let facts = self.facts.iter().map(|(fact, at)| (fact, *at));
        let path = path.display().to_string();
        if self.facts.is_empty() {
            return Err(JournalError::NeverBegan { path });
        }
        let nothing = || JournalError::Damaged { path, line: 1, problem: "it does not begin with a plan" };
        Book::of(facts).ok_or_else(nothing)
    }
}

/// The journal of a rotation.
pub fn file_of(folder: &Path, id: &RotationId) -> PathBuf {
    folder.join(format!("{}.jsonl", plain(&id.0)))
}

/// A name without anything that leads out of its folder.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter)).collect()
}

/// A user's part in the name of a rotation.
pub(super) fn user_part(user: &str) -> String {
    plain(user).chars().take(32).collect()
}

/// How the file of a journal ends that has no first fact yet.
const UNFINISHED: &str = "unbegun";

/// Removes what a process has left that ended while it made a journal: nothing had been done yet.
pub(super) fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let is_unbegun = |path: &PathBuf| match path.extension().and_then(|ending| ending.to_str()) {
        Some(UNFINISHED) => true,
        Some("jsonl") => matches!(Journal::read(path), Err(JournalError::NeverBegan { .. })),
        _ => false,
    };
    for path in entries.flatten().map(|entry| entry.path()).filter(is_unbegun) {
        let Ok(file) = files::edit(&path) else { continue };
        // Who makes one right now holds its lock, and is left alone.
        if file.try_lock().is_ok() {
            let _says_nothing_when_it_is_read = std::fs::remove_file(&path);
        }
    }
}

/// Makes the folder, for its owner alone.
pub(super) fn make_folder(folder: &Path) -> Result<(), JournalError> {
    files::make_folder(folder).map_err(|error| disk(folder, "made", error))
}

pub(super) fn sync_folder(folder: &Path) -> Result<(), JournalError> {
    files::sync_folder(folder).map_err(|error| disk(folder, "written", error))
}

pub(super) fn disk(path: &Path, what: &'static str, error: io::Error) -> JournalError {
    JournalError::Disk { path: path.display().to_string(), what, error }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test stands at the edge")]
#[path = "journal_tests.rs"]
mod tests;
