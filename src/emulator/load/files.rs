//! Finds files, unpacks them and reads the JSON in them.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::{Loaded, Problem};

/// How records come out of the JSON of a file; the text of an error says which part is none.
pub(super) type Collect<T> = fn(Value, &mut Vec<T>) -> Vec<String>;

/// Reads every file at or below a path, in alphabetical order.
pub(super) fn each<T>(path: &Path, loaded: &mut Loaded<T>, collect: Collect<T>) {
    if !path.is_dir() {
        return one(path, loaded, collect);
    }
    for file in below(path, loaded) {
        if is_record_file(&file) {
            one(&file, loaded, collect);
        } else {
            loaded.others += 1;
        }
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
                loaded.problems.push(Problem { path: folder, what: error.to_string() });
                continue;
            }
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_type()?, entry.path()))) {
                Ok((kind, path)) if kind.is_dir() => folders.push(path),
                Ok((_, path)) => files.push(path),
                Err(error) => loaded.problems.push(Problem { path: folder.clone(), what: error.to_string() }),
            }
        }
    }
    files.sort();
    files
}

fn is_record_file(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    [".json", ".jsonl", ".ndjson"].iter().any(|suffix| name.ends_with(suffix))
}

fn one<T>(path: &Path, loaded: &mut Loaded<T>, collect: Collect<T>) {
    loaded.files += 1;
    let mut problem = |what: String| loaded.problems.push(Problem { path: path.to_owned(), what });
    let bytes = match read(path) {
        Ok(bytes) => bytes,
        Err(error) => return problem(error.to_string()),
    };
    match values(&bytes) {
        Ok((values, broken)) => {
            broken.into_iter().for_each(&mut problem);
            for value in values {
                collect(value, &mut loaded.records).into_iter().for_each(&mut problem);
            }
        }
        Err(what) => problem(what),
    }
}

/// The bytes of a file, unpacked where they are packed, whatever the name says.
#[expect(clippy::disallowed_methods, reason = "the edge at which real records enter the embedded AWS")]
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let bytes = std::fs::read(path)?;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked)?;
    Ok(unpacked)
}

/// The JSON values of a file, and the lines that are none where each line is one.
fn values(bytes: &[u8]) -> Result<(Vec<Value>, Vec<String>), String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let whole = match serde_json::from_slice(bytes) {
        Ok(value) => return Ok((vec![value], Vec::new())),
        Err(error) => error,
    };
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let is_lines = lines
        .iter()
        .find(|line| !line.trim_ascii().is_empty())
        .is_some_and(|line| serde_json::from_slice::<Value>(line).is_ok_and(|value| value.is_object()));
    if !is_lines {
        return Err(format!("is not JSON: {whole}"));
    }
    let (mut values, mut broken) = (Vec::new(), Vec::new());
    for (number, line) in lines.iter().enumerate().filter(|(_, line)| !line.trim_ascii().is_empty()) {
        match serde_json::from_slice(line) {
            Ok(value) => values.push(value),
            Err(error) => broken.push(format!("line {} is not JSON: {error}", number + 1)),
        }
    }
    Ok((values, broken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_values_and_a_bad_line_is_named() {
        let (values, broken) = values(b"{\"a\":1}\n\n{\"a\":\n{\"a\":2}\n").unwrap();
        assert_eq!(values.len(), 2);
        assert_eq!(broken.len(), 1);
        assert!(broken[0].starts_with("line 3"), "{}", broken[0]);
    }

    #[test]
    fn half_a_file_is_none() {
        assert!(values(b"{\n \"Records\": [\n {\"eventID\": 1},").is_err());
        assert!(values(b"").is_err());
    }
}
