//! One recording as it grows.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::domain::recording::{END, FULL};
use crate::files;

/// A recording stops at so many bytes: a flood must not fill the disk.
pub const LARGEST: u64 = 256 << 20;

/// What the header of a recording says about its session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// The account; unknown where STS did not say.
    pub account: Option<String>,
    /// The ARN of who opened the session.
    pub owner: Option<String>,
    /// The node.
    pub target: String,
    /// Why.
    pub reason: Option<String>,
}

/// A file being written. While it is, it is locked: whoever lists recordings sees by that that it is not cut short.
#[derive(Debug)]
pub struct Cast {
    file: File,
    begun: Instant,
    written: u64,
    /// The beginning of a character whose end has not come yet.
    rest: Vec<u8>,
}

impl Cast {
    /// Begins a file of this name, which must not be there yet. `size`: columns and lines; `started`: seconds since 1970.
    ///
    /// # Errors
    /// The folder or the file cannot be made.
    #[expect(clippy::disallowed_methods, reason = "the edge: a recording measures time as it passes")]
    pub fn create(folder: &Path, name: &str, size: (u16, u16), started: i64, about: &About) -> io::Result<Self> {
        files::make_folder(folder)?;
        let file = files::create(&folder.join(name))?;
        // A folder on a file system without locks takes recordings all the same.
        let _without_locks = file.lock();
        let header = json!({
            "version": 2,
            "width": size.0,
            "height": size.1,
            "timestamp": started,
            "title": format!("shell on {}", about.target),
            "env": { "TERM": "xterm-256color" },
            "bartizan": { "account": about.account, "target": about.target, "owner": about.owner, "reason": about.reason },
        });
        let mut cast = Self { file, begun: Instant::now(), written: 0, rest: Vec::new() };
        cast.line(&header)?;
        Ok(cast)
    }

    /// Writes what the target has sent; it may be cut anywhere.
    ///
    /// # Errors
    /// The disk is full, or the recording as large as it may be.
    pub fn output(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.rest.extend_from_slice(bytes);
        let text = whole(&mut self.rest);
        if text.is_empty() {
            return Ok(());
        }
        self.event("o", &text)
    }

    /// The terminal has another size from now on, in columns and lines.
    ///
    /// # Errors
    /// Like [`Cast::output`].
    pub fn resize(&mut self, (width, height): (u16, u16)) -> io::Result<()> {
        self.event("r", &format!("{width}x{height}"))
    }

    /// The end. A file that has none was left by a program that was killed.
    pub fn end(mut self) {
        if !std::mem::take(&mut self.rest).is_empty() {
            // A character that was cut: what there was of it is no text.
            let _unless_full = self.event("o", "\u{fffd}");
        }
        // Every line was written when it came; without its marker the recording counts as cut short.
        let _unless_full = self.event("m", END);
    }

    fn event(&mut self, code: &str, data: &str) -> io::Result<()> {
        let seconds = self.begun.elapsed().as_micros() as f64 / 1_000_000.0;
        self.line(&json!([seconds, code, data]))
    }

    fn line(&mut self, value: &Value) -> io::Result<()> {
        let line = format!("{value}\n");
        self.written = self.written.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
        if self.written > LARGEST {
            let seconds = self.begun.elapsed().as_micros() as f64 / 1_000_000.0;
            self.file.write_all(format!("{}\n", json!([seconds, "m", FULL])).as_bytes())?;
            return Err(io::Error::other(format!("the recording has reached {} MB", LARGEST >> 20)));
        }
        self.file.write_all(line.as_bytes())
    }
}

/// The whole characters at the beginning of these bytes, which are taken out; what is no UTF-8 becomes U+FFFD.
fn whole(bytes: &mut Vec<u8>) -> String {
    let mut text = String::new();
    let mut taken = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        taken += chunk.valid().len();
        let (invalid, is_last) = (chunk.invalid().len(), taken + chunk.invalid().len() == bytes.len());
        // Up to three bytes at the very end may be the beginning of a character.
        if invalid == 0 || (is_last && std::str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none())) {
            break;
        }
        text.push('\u{fffd}');
        taken += invalid;
    }
    bytes.drain(..taken);
    text
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test looks at what is on disk")]
    fn a_recording_is_asciicast_and_only_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let about = About { target: "i-1".into(), reason: Some("OPS-7".into()), ..About::default() };
        let mut cast = Cast::create(&folder.path().join("recordings"), "a.cast", (80, 24), 1_700_000_000, &about).unwrap();
        for piece in [b"caf\xc3".as_slice(), b"\xa9 \x1b[31m", b"\xff!", b"\xe2\x82"] {
            cast.output(piece).unwrap();
        }
        cast.resize((100, 30)).unwrap();
        cast.end();
        let path = folder.path().join("recordings/a.cast");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["version"], &lines[0]["bartizan"]["reason"]), (&json!(2), &json!("OPS-7")));
        let of = |code: &str| {
            let events = lines[1..].iter().filter(|line| line[1] == code);
            events.map(|line| line[2].as_str().unwrap()).collect::<String>()
        };
        assert_eq!(of("o"), "café \u{1b}[31m\u{fffd}!\u{fffd}");
        assert_eq!((of("r"), of("m")), ("100x30".to_owned(), END.to_owned()));
        assert!(lines[1..].iter().all(|line| line[0].as_f64().unwrap() >= 0.0));
    }

    #[test]
    fn a_full_recording_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let mut cast = Cast::create(folder.path(), "a.cast", (2, 2), 0, &About::default()).unwrap();
        cast.written = LARGEST;
        assert!(cast.output(b"x").unwrap_err().to_string().contains("256 MB"));
    }
}
