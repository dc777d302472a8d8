//! Finds files and opens them: nothing but regular files, so that no pipe or device can hold us up.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::documents::{begins_like_records, other_form};
use super::reader::{Reader, Record};
use super::unpack::{Unpacked, size, unpack};
use super::{Loaded, Problem};

/// Bytes of one file, unpacked. A log file of CloudTrail's has some 10 MiB; of a larger file what lies behind this is named, not read.
pub const LARGEST_FILE: usize = 256 << 20;

/// What was found that holds no JSON.
const NO_JSON: &str = "files without JSON";
/// What was found that is empty of records, but whole.
const EMPTY: &str = "empty lists";
const EMPTY_FILES: &str = "empty files";
const LINKS: &str = "links to folders, which are not followed";

/// Reads every file at or below a path, in alphabetical order.
pub(super) fn each<T, R: Record>(path: &Path, loaded: &mut Loaded<T>, sink: &mut dyn FnMut(R)) {
    if !path.is_dir() {
        return one(path, loaded, sink, true);
    }
    for file in below(path, loaded) {
        one(&file, loaded, sink, false);
    }
}

/// All files below a folder. Links to folders are not followed: they may lead back.
fn below<T>(folder: &Path, loaded: &mut Loaded<T>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                loaded.fail(&folder, error.to_string());
                continue;
            }
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_type()?, entry.path()))) {
                Ok((kind, path)) if kind.is_dir() => folders.push(path),
                Ok((kind, path)) if kind.is_symlink() && path.is_dir() => loaded.leave(LINKS, 1, &path),
                Ok((_, path)) => files.push(path),
                Err(error) => loaded.fail(&folder, error.to_string()),
            }
        }
    }
    files.sort();
    files
}

/// Reads one file. The `only` one that was asked for is expected to hold records, and so is one whose name says JSON; in a folder there
/// may be others.
fn one<T, R: Record>(path: &Path, loaded: &mut Loaded<T>, sink: &mut dyn FnMut(R), only: bool) {
    let expected = only || is_named_json(path);
    let (bytes, is_whole) = match read(path) {
        Ok(read) => read,
        Err(error) => {
            loaded.files += 1;
            return loaded.fail(path, error.to_string());
        }
    };
    let (text, mut problems) = match unpack(bytes, LARGEST_FILE) {
        Unpacked::Text(text, problems) => (text, problems),
        Unpacked::Archive(what) => {
            loaded.files += 1;
            return loaded.fail(path, what.to_owned());
        }
        Unpacked::Binary if expected && !is_of_the_finder(path) => {
            loaded.files += 1;
            return loaded.fail(path, "is not text".to_owned());
        }
        Unpacked::Binary => return loaded.leave(NO_JSON, 1, path),
    };
    if !is_whole {
        problems.push(format!("is larger than {}: what comes after that was not read", size(LARGEST_FILE)));
    }
    if text.trim_ascii().is_empty() && problems.is_empty() {
        if !expected {
            return loaded.leave(EMPTY_FILES, 1, path);
        }
        problems.push("is empty".to_owned());
    }
    if let Some(what) = other_form(&text) {
        loaded.files += 1;
        return loaded.fail(path, what.to_owned());
    }
    if !expected && problems.is_empty() && !begins_like_records(&text) {
        return loaded.leave(NO_JSON, 1, path);
    }
    loaded.files += 1;
    let mut reader = Reader::new(sink, LARGEST_FILE);
    reader.documents(&text, "", 0, true);
    note(path, loaded, reader.tally, problems);
}

fn note<T>(path: &Path, loaded: &mut Loaded<T>, tally: super::reader::Tally, problems: Vec<String>) {
    for (name, count) in tally.foreign {
        loaded.leave(name, count, path);
    }
    loaded.leave(EMPTY, tally.empty, path);
    loaded.broken += tally.broken + problems.len();
    let unnamed = tally.broken - tally.problems.len();
    let more = (unnamed > 0).then(|| format!("and {unnamed} more places in it"));
    let whats = problems.into_iter().chain(tally.problems).chain(more);
    loaded.problems.extend(whats.map(|what| Problem { path: path.to_owned(), what }));
}

fn is_named_json(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    [".json", ".jsonl", ".ndjson"].iter().any(|suffix| name.ends_with(suffix))
}

/// macOS writes a `._name` beside each file of a disk that is not its own.
fn is_of_the_finder(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("._"))
}

/// The first [`LARGEST_FILE`] bytes of a file, and whether that is all of it.
fn read(path: &Path) -> io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    let most = u64::try_from(LARGEST_FILE).unwrap_or(u64::MAX);
    open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    let is_whole = bytes.len() <= LARGEST_FILE;
    bytes.truncate(LARGEST_FILE);
    Ok((bytes, is_whole))
}

/// Opens a regular file. Opening does not wait: what is no regular file turns out to be none once it is open.
fn open(path: &Path) -> io::Result<File> {
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = OpenOptions::new().read(true).custom_flags(nonblocking).open(path)?;
    match refusal(&file.metadata()?) {
        Some(what) => Err(io::Error::other(what)),
        None => Ok(file),
    }
}

fn refusal(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    Some(match () {
        () if kind.is_file() => return None,
        () if kind.is_fifo() => "is a pipe: save what comes out of it to a file",
        () if kind.is_socket() => "is a socket, not a file",
        () if kind.is_dir() => "is a folder, not a file",
        () => "is a device, not a file",
    })
}
