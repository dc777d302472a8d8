//! A note for every open session, so that the sessions of a program that was killed can be ended by the next one.
//!
//! One small file for each session, which only its owner can read. No credential is in it. Whoever has the session holds a lock on its note
//! (`flock`), and the system lets go of it when that process ends, however it ends. A process id would say nothing: containers and machines
//! share homes, and each counts its own.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files;

/// Where a session was opened: what is needed to end it from another program.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// Region.
    pub region: String,
    /// Profile; `None` is the default one.
    pub profile: Option<String>,
    /// Endpoint in place of AWS's.
    pub endpoint_url: Option<String>,
    /// The account: under another one the session is not there, and would be taken for ended. `None` in notes of earlier versions.
    #[serde(default)]
    pub account: Option<String>,
}

/// One open session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The session.
    pub session_id: String,
    /// The node.
    pub target: String,
    /// Where.
    pub place: Place,
    /// The process that opened it, in notes of earlier versions, which held no lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<u32>,
}

impl Entry {
    /// A session of this process.
    #[must_use]
    pub fn new(session_id: &str, target: &str, place: Place) -> Self {
        Self { session_id: session_id.to_owned(), target: target.to_owned(), place, process: None }
    }
}

/// The folder of notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal(PathBuf);

impl Journal {
    /// A journal in a folder, which is made when it is first needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// Notes a session down.
    pub fn write(&self, entry: Entry) -> io::Result<Note> {
        files::make_folder(&self.0)?;
        // No slash, so no other folder.
        let name: String = entry.session_id.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.@+=,".contains(*c)).collect();
        let path = self.0.join(format!("{name}.json"));
        let mut file = files::create(&path)?;
        // Before anything is in it: what is empty is nobody's orphan.
        file.lock()?;
        file.write_all(&serde_json::to_vec(&entry)?)?;
        file.sync_all()?;
        Ok(Note { path, _lock: file })
    }

    /// The sessions of programs that are not there any more. As long as their notes are kept, nobody else finds them.
    pub fn orphans(&self) -> Vec<(Entry, Note)> {
        let Ok(files) = std::fs::read_dir(&self.0) else { return Vec::new() };
        files.flatten().filter_map(|file| orphan(&file.path())).collect()
    }
}

fn orphan(path: &Path) -> Option<(Entry, Note)> {
    let file = files::edit(path).ok()?;
    file.try_lock().ok()?;
    // Whoever held it may just have ended the session and erased its note.
    if file.metadata().ok()?.nlink() == 0 {
        return None;
    }
    let entry: Entry = serde_json::from_reader(&file).ok()?;
    (!entry.process.is_some_and(is_alive)).then(|| (entry, Note { path: path.to_owned(), _lock: file }))
}

/// Whether there is a process of this id, as far as can be seen from here.
fn is_alive(process: u32) -> bool {
    let process = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    let found = process.map(rustix::process::test_kill_process);
    matches!(found, Some(Ok(()) | Err(rustix::io::Errno::PERM)))
}

/// A session's note, and the lock on it.
#[derive(Debug)]
pub struct Note {
    path: PathBuf,
    _lock: File,
}

impl Note {
    /// The session has ended and the service knows.
    pub fn erase(self) {
        // If it cannot be erased, the next start ends a session that has ended.
        let _best_effort = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_sessions_whose_notes_nobody_holds_are_orphans() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path().join("sessions"));
        assert!(journal.orphans().is_empty());
        let mine = journal.write(Entry::new("ada-01", "i-1", Place::default())).unwrap();
        let mode = std::fs::metadata(&mine.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let left = Entry::new("ada-02", "i-1", Place::default());
        drop(journal.write(left.clone()).unwrap());
        let orphans = journal.orphans();
        assert_eq!(orphans.iter().map(|(entry, _)| entry).collect::<Vec<_>>(), [&left]);
        assert!(journal.orphans().is_empty(), "somebody is ending it");
        for (_, note) in orphans {
            note.erase();
        }
        assert!(journal.orphans().is_empty());
        mine.erase();
    }

    /// Another container that shares the home: there the id is somebody else's, or nobody's.
    #[test]
    fn what_says_who_lives_is_the_lock_and_not_a_process_id() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path());
        let note = journal.write(Entry::new("ada-01", "i-1", Place::default())).unwrap();
        assert!(!files::read_text(&note.path).unwrap().contains("process"));
        assert!(journal.orphans().is_empty(), "held");
        drop(note);
        assert_eq!(journal.orphans().len(), 1, "although this process lives");
    }

    /// Earlier versions held no lock.
    #[test]
    fn a_note_of_an_earlier_version_is_believed_about_its_process() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path());
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let dead = child.id();
        child.wait().unwrap();
        for (name, process) in [("ada-01", std::process::id()), ("ada-02", dead)] {
            let entry = Entry { process: Some(process), ..Entry::new(name, "i-1", Place::default()) };
            drop(journal.write(entry).unwrap());
        }
        let orphans = journal.orphans();
        assert_eq!(orphans.iter().map(|(entry, _)| entry.session_id.as_str()).collect::<Vec<_>>(), ["ada-02"]);
    }

    #[test]
    fn a_hostile_session_id_stays_in_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let note = Journal::new(folder.path()).write(Entry::new("../../x", "i-1", Place::default())).unwrap();
        assert_eq!(note.path, folder.path().join("....x.json"));
    }
}
