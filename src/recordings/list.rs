//! What lies in a folder of recordings. Of each file the first line and the end are read, never what is between them.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use jiff::SignedDuration;
use serde_json::Value;

use crate::domain::recording::{END, FULL, Header, Recorded, Times, Wholeness};
use crate::domain::text::Untrusted;
use crate::files;

/// So many bytes are searched for the first line: a reason has 256 characters, an ARN a few hundred, a stranger's header may have an environment.
const LONGEST_HEADER: u64 = 64 << 10;
/// The largest recording whose length is counted together from the pauses between its events, in bytes (version 3).
const COUNTED: u64 = 1 << 20;
/// So many bytes at the end are looked at: more than the longest line that is ever written.
const TAIL: u64 = 64 << 10;
/// Files in one folder beyond this are not listed.
pub const MOST: usize = 20_000;

/// All recordings in a folder, in no order. A folder that is not there has none.
///
/// # Errors
/// The folder cannot be read.
pub fn all(folder: &Path) -> io::Result<Vec<Recorded>> {
    let files = match std::fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for file in files.take(MOST) {
        let path = file?.path();
        if path.extension().is_some_and(|end| end == "cast") {
            found.extend(one(&path));
        }
    }
    Ok(found)
}

/// Opens a recording for reading: a file and nothing else, through no link.
///
/// # Errors
/// It is not there, may not be read, or is no file.
pub(super) fn open(path: &Path) -> io::Result<File> {
    files::read(path)
}

/// One recording; `None`: it has gone meanwhile, or is no file.
fn one(path: &Path) -> Option<Recorded> {
    let name = Untrusted::new(path.file_name()?.to_string_lossy());
    let damaged = |bytes, why: String| Recorded {
        file: name.clone(),
        bytes,
        header: Header::default(),
        length: None,
        wholeness: Wholeness::Damaged { why },
    };
    let mut file = match open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Some(damaged(0, "it may not be read".to_owned()));
        }
        // A file that is refused is one that somebody else may have written; what is no file is none of ours.
        Err(error) => {
            let is_file = std::fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
            return is_file.then(|| damaged(0, error.to_string()));
        }
    };
    let bytes = file.metadata().ok()?.len();
    let is_locked = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    let read = header(&mut file).and_then(|(header, times)| {
        let end = end(&mut file, bytes).and_then(|end| match times {
            Times::Beginning => Ok(end),
            Times::EventBefore => Ok(End { length: counted(&mut file, bytes)?, ..end }),
        });
        Ok((header, end.map_err(|error| error.to_string())?))
    });
    let _never_locked = file.unlock();
    Some(match read {
        Err(why) => damaged(bytes, why),
        Ok((header, end)) => {
            let wholeness = match &end.marker {
                _ if is_locked => Wholeness::Running,
                Some(marker) if marker == END => Wholeness::Whole,
                Some(marker) if marker == FULL => Wholeness::Full,
                _ if end.is_whole && !header.is_ours => Wholeness::Whole,
                _ => Wholeness::Cut,
            };
            Recorded { file: name.clone(), bytes, header, length: end.length, wholeness }
        }
    })
}

/// Whether a line is a remark of asciicast, version 3.
pub(super) fn is_comment(line: &[u8]) -> bool {
    line.first() == Some(&b'#')
}

/// The length of a recording whose events say how long after one another they came; `None`: it is too large to be counted here.
fn counted(file: &mut File, bytes: u64) -> io::Result<Option<SignedDuration>> {
    if bytes > COUNTED {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(0))?;
    let mut text = Vec::new();
    file.take(COUNTED).read_to_end(&mut text)?;
    let events = text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<(f64, Value, Value)>(line).ok());
    let seconds: f64 = events.map(|(pause, ..)| pause).filter(|pause| *pause >= 0.0).sum();
    Ok(SignedDuration::try_from_secs_f64(seconds).ok())
}

fn header(file: &mut File) -> Result<(Header, Times), String> {
    let mut start = Vec::new();
    file.take(LONGEST_HEADER).read_to_end(&mut start).map_err(|error| format!("it cannot be read: {error}"))?;
    if start.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut lines = start.split(|byte| *byte == b'\n').filter(|line| !is_comment(line)).peekable();
    let line = lines.next().unwrap_or_default();
    let is_cut = lines.peek().is_none() && u64::try_from(start.len()).is_ok_and(|length| length == LONGEST_HEADER);
    Header::read(line)
        .map_err(|why| if is_cut { format!("its first line has more than {} KiB", LONGEST_HEADER >> 10) } else { why })
}

/// What can be seen at the end of a file.
#[derive(Debug, Default)]
struct End {
    /// Whether the last line is there to its end.
    is_whole: bool,
    /// The time of the last event that is there to its end.
    length: Option<SignedDuration>,
    /// What it says, where it is a marker.
    marker: Option<String>,
}

fn end(file: &mut File, bytes: u64) -> io::Result<End> {
    file.seek(SeekFrom::Start(bytes.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    let is_whole = tail.last() == Some(&b'\n');
    let whole = tail.rsplit(|byte| *byte == b'\n').skip(1);
    let last = whole.take(2).find_map(|line| serde_json::from_slice::<Value>(line).ok());
    let Some(Value::Array(event)) = last else {
        // The header alone, or nothing that can be read.
        return Ok(End { is_whole, ..End::default() });
    };
    let marker = (event.get(1).and_then(Value::as_str) == Some("m")).then(|| event.get(2).and_then(Value::as_str)).flatten();
    let length = event.first().and_then(Value::as_f64).and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok());
    let length = length.filter(|length| !length.is_negative());
    Ok(End { is_whole, length, marker: marker.filter(|_| is_whole).map(str::to_owned) })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests make files")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::recordings::write::{About, Cast};

    const HEAD: &str =
        r#"{"version":2,"width":80,"height":24,"timestamp":1700000000,"bartizan":{"target":"i-1","owner":"arn:x"}}"#;

    fn listed(folder: &Path) -> Vec<(String, Wholeness, Option<i64>)> {
        let mut all = all(folder).unwrap();
        all.sort_by(|a, b| a.file.raw().cmp(b.file.raw()));
        all.into_iter().map(|one| (one.file.raw().to_owned(), one.wholeness, one.length.map(|length| length.as_secs()))).collect()
    }

    #[test]
    fn each_file_is_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        put("a-whole.cast", &format!("{HEAD}\n[1.5,\"o\",\"x\"]\n[7.25,\"m\",\"bartizan: end\"]\n"));
        put("b-cut.cast", &format!("{HEAD}\n[1.5,\"o\",\"x\"]\n[7.25,\"o\",\"y"));
        put("c-killed.cast", &format!("{HEAD}\n[3.0,\"o\",\"x\"]\n"));
        put("d-empty.cast", "");
        put("e-noise.cast", "\u{0}\u{1}\n\n");
        put("f-foreign.cast", "{\"version\":2,\"width\":80,\"height\":24}\n[9,\"o\",\"bye\"]\n");
        put("g-full.cast", &format!("{HEAD}\n[8,\"m\",\"bartizan: full\"]\n"));
        put("h-head.cast", &format!("{HEAD}\n"));
        put("i-long.cast", &"x".repeat(1 << 20));
        put("j-open.cast", &format!("{HEAD}\n"));
        std::fs::set_permissions(folder.path().join("j-open.cast"), std::fs::Permissions::from_mode(0o666)).unwrap();
        put("k-three.cast", "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n# x\n[9,\"o\",\"a\"]\n[3.5,\"x\",\"0\"]\n");
        put("not-a-recording.txt", "x");
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link.cast")).unwrap();
        std::fs::create_dir(folder.path().join("folder.cast")).unwrap();
        let listed = listed(folder.path());
        let states: Vec<(&str, &str, Option<i64>)> =
            listed.iter().map(|(name, state, length)| (name.as_str(), state.words(), *length)).collect();
        assert_eq!(
            states,
            [
                ("a-whole.cast", "whole", Some(7)),
                ("b-cut.cast", "cut short", Some(1)),
                ("c-killed.cast", "cut short", Some(3)),
                ("d-empty.cast", "damaged", None),
                ("e-noise.cast", "damaged", None),
                ("f-foreign.cast", "whole", Some(9)),
                ("g-full.cast", "full", Some(8)),
                ("h-head.cast", "cut short", None),
                ("i-long.cast", "damaged", None),
                ("j-open.cast", "damaged", None),
                ("k-three.cast", "whole", Some(12)),
            ]
        );
        assert!(all(&folder.path().join("nowhere")).unwrap().is_empty());
    }

    #[test]
    fn a_file_that_is_being_written_is_not_cut_short() {
        let folder = tempfile::tempdir().unwrap();
        let about = About { target: "i-1".into(), ..About::default() };
        let mut cast = Cast::create(folder.path(), "a.cast", (80, 24), 0, &about).unwrap();
        cast.output(b"x").unwrap();
        assert_eq!(listed(folder.path())[0].1, Wholeness::Running);
        cast.end();
        assert_eq!(listed(folder.path())[0].1, Wholeness::Whole);
        drop(Cast::create(folder.path(), "b.cast", (80, 24), 0, &about).unwrap());
        assert_eq!(listed(folder.path())[1].1, Wholeness::Cut, "ended without its marker");
    }
}
