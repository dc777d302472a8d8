//! A shell's output in a file: asciicast, version 2 (docs.asciinema.org/manual/asciicast/v2). What is typed is never written: it may be
//! a password, and what the target shows of it is in the output anyway.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Instant;

use serde_json::json;
use tokio::sync::mpsc;

use super::Said;
use crate::aws::session::Clock;
use crate::config::paths;
use crate::domain::shell::{Recording, ShellId, ShellNews};
use crate::kit::input::Size;

/// A recording stops at so many bytes: a flood must not fill the disk.
const LARGEST: u64 = 256 << 20;

/// What the header of a recording says about its session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct About {
    /// The account; unknown where STS did not say.
    pub(super) account: Option<String>,
    /// The ARN of who opened the session.
    pub(super) owner: Option<String>,
    /// The node.
    pub(super) target: String,
    /// Why.
    pub(super) reason: Option<String>,
}

/// Records one shell, when it is asked to.
#[derive(Debug)]
pub(super) struct Recorder {
    id: ShellId,
    size: Size,
    about: About,
    cast: Option<Cast>,
}

impl Recorder {
    /// Nothing is recorded yet.
    pub(super) fn new(id: ShellId, size: Size, about: About) -> Self {
        Self { id, size, about, cast: None }
    }

    /// Begins a recording, or ends the one under way.
    pub(super) async fn switch(&mut self, wanted: bool, said: &mpsc::Sender<Said>) {
        let news = match (wanted, self.cast.is_some()) {
            (true, false) => match self.begin() {
                Ok((file, cast)) => {
                    self.cast = Some(cast);
                    Recording::On { file }
                }
                Err(error) => Recording::Failed { why: error.to_string() },
            },
            (false, true) => {
                self.close();
                Recording::Off
            }
            _ => return,
        };
        self.tell(news, said).await;
    }

    /// Writes what the target has sent. A file that takes no more ends the recording, not the shell.
    pub(super) async fn output(&mut self, bytes: &[u8], said: &mpsc::Sender<Said>) {
        let Some(cast) = &mut self.cast else { return };
        if let Err(error) = cast.output(bytes) {
            self.cast = None;
            self.tell(Recording::Failed { why: error.to_string() }, said).await;
        }
    }

    /// Ends the recording under way.
    pub(super) fn close(&mut self) {
        // Every line was written when it came.
        self.cast = None;
    }

    async fn tell(&self, news: Recording, said: &mpsc::Sender<Said>) {
        let _loop_has_ended = said.send(Said::Shell(self.id, ShellNews::Recording(news))).await;
    }

    fn begin(&self) -> io::Result<(String, Cast)> {
        let folder = paths::state_dir().ok_or_else(|| io::Error::other("there is no home directory"))?.join("recordings");
        let now = Clock::system().now();
        let target: String = self.about.target.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
        let name = format!("{}-{target}-{}.cast", now.strftime("%Y%m%dT%H%M%SZ"), self.id.0);
        let cast = Cast::create(&folder, &name, self.size, now.as_second(), &self.about)?;
        Ok((name, cast))
    }
}

/// A file being written.
#[derive(Debug)]
struct Cast {
    file: File,
    begun: Instant,
    written: u64,
    /// The beginning of a character whose end has not come yet.
    rest: Vec<u8>,
}

impl Cast {
    #[expect(clippy::disallowed_methods, reason = "the edge: a recording measures time as it passes")]
    fn create(folder: &Path, name: &str, size: Size, started: i64, about: &About) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(name))?;
        let header = json!({
            "version": 2,
            "width": size.width,
            "height": size.height,
            "timestamp": started,
            "title": format!("shell on {}", about.target),
            "env": { "TERM": "xterm-256color" },
            "bartizan": { "account": about.account, "target": about.target, "owner": about.owner, "reason": about.reason },
        });
        let mut cast = Self { file, begun: Instant::now(), written: 0, rest: Vec::new() };
        cast.line(&header)?;
        Ok(cast)
    }

    fn output(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.rest.extend_from_slice(bytes);
        let text = whole(&mut self.rest);
        if text.is_empty() {
            return Ok(());
        }
        let seconds = self.begun.elapsed().as_micros() as f64 / 1_000_000.0;
        self.line(&json!([seconds, "o", text]))
    }

    fn line(&mut self, value: &serde_json::Value) -> io::Result<()> {
        let line = format!("{value}\n");
        self.written = self.written.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
        if self.written > LARGEST {
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
        let size = Size { width: 80, height: 24 };
        let mut cast = Cast::create(&folder.path().join("recordings"), "a.cast", size, 1_700_000_000, &about).unwrap();
        for piece in [b"caf\xc3".as_slice(), b"\xa9 \x1b[31m", b"\xff!", b"\xe2\x82"] {
            cast.output(piece).unwrap();
        }
        let path = folder.path().join("recordings/a.cast");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["version"], &lines[0]["bartizan"]["reason"]), (&json!(2), &json!("OPS-7")));
        let shown: String = lines[1..].iter().map(|line| line[2].as_str().unwrap()).collect();
        assert_eq!(shown, "café \u{1b}[31m\u{fffd}!");
        assert!(lines[1..].iter().all(|line| line[1] == "o" && line[0].as_f64().unwrap() >= 0.0));
    }

    #[test]
    fn a_full_recording_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let mut cast = Cast::create(folder.path(), "a.cast", Size { width: 2, height: 2 }, 0, &About::default()).unwrap();
        cast.written = LARGEST;
        assert!(cast.output(b"x").unwrap_err().to_string().contains("256 MB"));
    }
}
