//! Why a record could not be written. Then the call is not made.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What failed, where, and what to do. It holds nothing of the record.
#[derive(Debug)]
pub struct AuditError {
    /// What was attempted: `write`, `lock` and the like.
    what: &'static str,
    path: PathBuf,
    /// The system's answer, or ours.
    why: String,
    advice: &'static str,
}

impl AuditError {
    pub(super) fn new(what: &'static str, path: &Path, why: impl Into<String>, advice: &'static str) -> Self {
        Self { what, path: path.to_owned(), why: why.into(), advice }
    }

    /// From the system's error, with advice by its kind.
    pub(super) fn io(what: &'static str, path: &Path, error: &io::Error) -> Self {
        let advice = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on the disk",
            io::ErrorKind::ReadOnlyFilesystem => "mount it writable, or set BARTIZAN_STATE_DIR to a folder that is",
            io::ErrorKind::PermissionDenied => "the folder and its files must belong to you, with modes 0700 and 0600",
            io::ErrorKind::FileTooLarge => "raise the limit on file sizes (`ulimit -f`)",
            _ => "set BARTIZAN_STATE_DIR to a folder that can be written, or mend this one",
        };
        Self::new(what, path, error.to_string(), advice)
    }
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, path, why, advice } = self;
        write!(f, "the audit log could not be kept, so nothing is changed: {what} {}: {why}; {advice}", path.display())
    }
}

impl std::error::Error for AuditError {}
