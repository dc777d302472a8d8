//! The log's files: which there are, and how they are opened.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::error::AuditError;
use crate::files;

/// The file that holds the lock and repeats what the newest record is.
pub(super) const HEAD: &str = "head";

/// Makes the folder, for its owner only, and makes sure that it stays there.
pub(super) fn make(folder: &Path) -> Result<(), AuditError> {
    let made = files::make_folder(folder).and_then(|()| {
        sync_folder(folder)?;
        folder.parent().map_or(Ok(()), sync_folder)
    });
    made.map_err(|error| AuditError::io("make the folder", folder, &error))
}

/// Files of months, oldest first. A name that is no month's is not of the log.
pub(super) fn months(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(is_month) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn is_month(name: &str) -> bool {
    name.strip_suffix(".jsonl")
        .is_some_and(|month| month.len() == 7 && format!("{month}-01").parse::<jiff::civil::Date>().is_ok())
}

/// The file for a record of this time.
pub(super) fn month(at: Timestamp) -> String {
    at.strftime("%Y-%m.jsonl").to_string()
}

/// Opens a file for reading and writing; makes it where it is missing.
pub(super) fn open(path: &Path) -> io::Result<File> {
    match files::edit(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Not `create`: another process may have made it meanwhile.
            let file = files::keep(path)?;
            path.parent().map_or(Ok(()), sync_folder)?;
            Ok(file)
        }
        opened => opened,
    }
}

/// Opens a file for reading.
pub(super) fn read(path: &Path) -> io::Result<File> {
    files::read(path)
}

/// Whether an open file is still the one of this name.
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let (open, named) = (file.metadata()?, std::fs::symlink_metadata(path));
    Ok(named.is_ok_and(|named| (open.dev(), open.ino()) == (named.dev(), named.ino())))
}

/// Makes sure that names in a folder outlive a crash.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    files::sync_folder(folder)
}
