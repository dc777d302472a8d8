//! A note for every open session, so that the sessions of a program that was killed can be ended by the next one.
//!
//! One small file for each session, which only its owner can read. No credential is in it.

use std::io::{self, Write as _};
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
    /// The process that opened it.
    pub process: u32,
}

impl Entry {
    /// A session of this process.
    #[must_use]
    pub fn new(session_id: &str, target: &str, place: Place) -> Self {
        Self { session_id: session_id.to_owned(), target: target.to_owned(), place, process: std::process::id() }
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
        file.write_all(&serde_json::to_vec(&entry)?)?;
        file.sync_all()?;
        Ok(Note(path))
    }

    /// The sessions of programs that are not there any more.
    pub fn orphans(&self) -> Vec<(Entry, Note)> {
        let Ok(files) = std::fs::read_dir(&self.0) else { return Vec::new() };
        files.flatten().filter_map(|file| orphan(&file.path())).collect()
    }
}

fn orphan(path: &Path) -> Option<(Entry, Note)> {
    let text = files::read_text(path).ok()?;
    let entry: Entry = serde_json::from_str(&text).ok()?;
    let process = rustix::process::Pid::from_raw(i32::try_from(entry.process).ok()?)?;
    let is_alive = match rustix::process::test_kill_process(process) {
        Ok(()) | Err(rustix::io::Errno::PERM) => true,
        Err(_) => false,
    };
    (!is_alive).then(|| (entry, Note(path.to_owned())))
}

/// A session's note.
#[derive(Debug)]
pub struct Note(PathBuf);

impl Note {
    /// The session has ended and the service knows.
    pub fn erase(self) {
        // If it cannot be erased, the next start ends a session that has ended.
        let _best_effort = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_sessions_of_dead_programs_are_orphans() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path().join("sessions"));
        assert!(journal.orphans().is_empty());
        let mine = journal.write(Entry::new("ada-01", "i-1", Place::default())).unwrap();
        let mode = std::fs::metadata(&mine.0).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let dead = Entry { process: child.id(), ..Entry::new("ada-02", "i-1", Place::default()) };
        child.wait().unwrap();
        journal.write(dead.clone()).unwrap();
        let orphans = journal.orphans();
        assert_eq!(orphans.len(), 1);
        for (entry, note) in orphans {
            assert_eq!(entry, dead);
            note.erase();
        }
        assert!(journal.orphans().is_empty());
        mine.erase();
    }

    #[test]
    fn a_hostile_session_id_stays_in_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let note = Journal::new(folder.path()).write(Entry::new("../../x", "i-1", Place::default())).unwrap();
        assert_eq!(note.0, folder.path().join("....x.json"));
    }
}
