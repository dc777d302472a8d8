//! Setting a log aside: the way on after something was found wrong with it. It is kept whole, and the new one says where it is.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::anchor::item_name;
use super::error::AuditError;
use super::files::{self, HEAD};
use super::record::SetAside;
use super::tail::Tail;
use super::{AuditLog, log};
use crate::secrets::{Keyring, Trouble};

/// Renames the folder and begins a new log in its place, whose first record names the old one, its last record and the reason.
/// Answers with the old log's folder.
///
/// # Errors
/// There is no log, the folder cannot be renamed, or the keyring, which would contradict the new log, cannot forget the old one.
pub fn set_aside(folder: &Path, keyring: Option<&Keyring>, reason: &str) -> Result<PathBuf, AuditError> {
    let failed = |what| move |error: std::io::Error| AuditError::io(what, folder, &error);
    let folder = folder.canonicalize().map_err(failed("open"))?;
    #[expect(clippy::disallowed_methods, reason = "the edge: the name says when it was done")]
    let now = Timestamp::now();
    let kept = folder.with_file_name(now.strftime("audit-until-%Y%m%dT%H%M%SZ").to_string());
    let head = files::read(&folder.join(HEAD)).ok();
    if let Some(head) = &head {
        log::lock(head, &folder)?;
    }
    let last = Tail::of(&folder).map_err(failed("read"))?.last;
    if let Some(Err(error)) = keyring.map(|keyring| keyring.delete_blocking(&item_name(&folder))).filter(is_serious) {
        return Err(AuditError::new("forget the anchor of", &folder, error.to_string(), "then try again"));
    }
    std::fs::rename(&folder, &kept).map_err(failed("rename"))?;
    let log = AuditLog::open(&folder, keyring.cloned())?;
    let name = kept.file_name().unwrap_or_default().to_string_lossy().into_owned();
    log.begin_after(SetAside { folder: name, number: last.number, hash: last.hash, reason: reason.to_owned() })?;
    Ok(kept)
}

/// Where there is no keyring, there is no anchor in it.
fn is_serious(result: &Result<(), crate::secrets::KeyringError>) -> bool {
    result.as_ref().is_err_and(|error| error.trouble != Trouble::Absent)
}
