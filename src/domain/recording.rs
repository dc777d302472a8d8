//! Recordings of shells as they lie on this machine: what the header of a file says, and what can be seen of it without playing it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json::{at, text, untrusted};
use super::text::Untrusted;

/// The data of the marker with which a recording of ours ends.
pub const END: &str = "bartizan: end";
/// The data of the marker with which a recording of ours ends that had grown too large.
pub const FULL: &str = "bartizan: full";

/// Whether all of a recording is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Wholeness {
    /// It ended in order.
    Whole,
    /// It ended because it had grown too large; the shell went on.
    Full,
    /// It is being written now.
    Running,
    /// It breaks off: the program that wrote it was killed, or the disk was full. What is there can be played.
    Cut,
    /// It cannot be played.
    Damaged {
        /// Why, in words of ours.
        why: String,
    },
}

impl Wholeness {
    /// It in one or two words.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Full => "full",
            Self::Running => "recording",
            Self::Cut => "cut short",
            Self::Damaged { .. } => "damaged",
        }
    }
}

/// What the times of a recording's events are counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// The beginning (asciicast, version 2).
    Beginning,
    /// The event before (version 3).
    EventBefore,
}

/// The first line of a recording: asciicast, version 2 or 3.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Header {
    /// Columns of the terminal, at the beginning.
    pub width: u16,
    /// Lines of the terminal, at the beginning.
    pub height: u16,
    /// When it began.
    pub started: Option<Timestamp>,
    /// Whether this program wrote it: then it ends with a marker.
    pub is_ours: bool,
    /// The account.
    pub account: Option<Untrusted>,
    /// The node; of a stranger's recording, its title.
    pub target: Option<Untrusted>,
    /// The ARN of who opened the session.
    pub owner: Option<Untrusted>,
    /// Why.
    pub reason: Option<Untrusted>,
}

impl Header {
    /// Reads the first line.
    ///
    /// # Errors
    /// It is no header of version 2 or 3; in words.
    pub fn decode(line: &[u8]) -> Result<Self, String> {
        Self::read(line).map(|(header, _)| header)
    }

    /// Reads the first line, and says what the times in the others mean.
    ///
    /// # Errors
    /// Like [`Header::decode`].
    pub fn read(line: &[u8]) -> Result<(Self, Times), String> {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let value: Value = serde_json::from_slice(line).map_err(|_| what_else(line))?;
        let version = at(&value, "version").and_then(Value::as_u64);
        let (times, columns, lines) = match version {
            Some(2) => (Times::Beginning, "width", "height"),
            Some(3) => (Times::EventBefore, "term.cols", "term.rows"),
            Some(version) => return Err(format!("it is asciicast version {version}, and only versions 2 and 3 can be played")),
            None => return Err("its first line is no asciicast header".to_owned()),
        };
        let cells = |path: &str| path.split('.').try_fold(&value, |value, name| value.get(name));
        let size = |path: &str| cells(path).and_then(Value::as_u64).and_then(|cells| u16::try_from(cells).ok());
        let (Some(width @ 1..), Some(height @ 1..)) = (size(columns), size(lines)) else {
            let told = |path: &str| cells(path).map_or_else(|| format!("no {path}"), |value| format!("{path} = {value}"));
            let told = format!("{}, {}", told(columns), told(lines)).chars().take(120).collect::<String>();
            return Err(format!("its header has no size of a terminal that can be shown: {told}"));
        };
        let ours = at(&value, "bartizan");
        let of_ours = |name: &str| ours.and_then(|ours| untrusted(ours, name));
        let header = Self {
            width,
            height,
            started: at(&value, "timestamp").and_then(Value::as_i64).and_then(|seconds| Timestamp::from_second(seconds).ok()),
            is_ours: ours.is_some_and(Value::is_object),
            account: of_ours("account"),
            target: of_ours("target").or_else(|| text(&value, "title").map(Untrusted::new)),
            owner: of_ours("owner"),
            reason: of_ours("reason"),
        };
        Ok((header, times))
    }
}

/// What a first line is that is no JSON.
fn what_else(line: &[u8]) -> String {
    let kind = match line {
        [] => "its first line is empty",
        [0x1f, 0x8b, ..] => "it is compressed with gzip: unpack it first",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "it is compressed with zstd: unpack it first",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => "it is compressed with xz: unpack it first",
        [b'B', b'Z', b'h', ..] => "it is compressed with bzip2: unpack it first",
        [b'S', b'c', b'r', b'i', b'p', b't', b' ', ..] => "it is a typescript of script(1), and only asciicast can be played",
        // Version 1 is one document, and may have a line for each member.
        [b'{', rest @ ..] if rest.iter().all(u8::is_ascii_whitespace) => {
            "its first line is no JSON by itself; asciicast version 1 looks so, and only versions 2 and 3 can be played"
        }
        _ if line.contains(&0) => "it is no text, and so no asciicast",
        _ => "its first line is no JSON",
    };
    kind.to_owned()
}

/// A recording on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The file's name in the folder of recordings.
    pub file: Untrusted,
    /// Its size in bytes.
    pub bytes: u64,
    /// What its header says; empty where it cannot be read.
    #[serde(flatten)]
    pub header: Header,
    /// From its beginning to the last thing in it; unknown where that cannot be read.
    pub length: Option<SignedDuration>,
    /// Whether all of it is there.
    #[serde(flatten)]
    pub wholeness: Wholeness,
}

impl Recorded {
    /// Whether it can be played.
    pub fn can_be_played(&self) -> bool {
        !matches!(self.wholeness, Wholeness::Damaged { .. })
    }
}

/// A length in minutes and seconds: `0:07`, `12:40`, `1:02:03`.
pub fn clock(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// How a recording is being played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playback {
    /// How far it is, in milliseconds of the recording.
    pub at: u64,
    /// How fast, in quarters: 4 is as fast as it was.
    pub speed: u16,
    /// Whether it goes on by itself.
    pub is_playing: bool,
    /// Whether the end is reached.
    pub is_over: bool,
    /// Whether another place in it is being looked for.
    pub is_seeking: bool,
    /// Lines that could not be read so far.
    pub damaged: u64,
}

impl Default for Playback {
    fn default() -> Self {
        Self { at: 0, speed: NORMAL, is_playing: true, is_over: false, is_seeking: false, damaged: 0 }
    }
}

/// As fast as it was, in quarters.
pub const NORMAL: u16 = 4;
/// The slowest and the fastest, in quarters.
const SPEEDS: [u16; 2] = [1, 128];

impl Playback {
    /// The next speed: twice as fast, or half.
    pub fn speed_after(speed: u16, faster: bool) -> u16 {
        let [least, most] = SPEEDS;
        if faster { speed.saturating_mul(2).min(most) } else { (speed / 2).max(least) }
    }

    /// The speed in words: `×1`, `×½`, `×16`.
    pub fn speed_words(&self) -> String {
        match self.speed {
            1 => "×¼".to_owned(),
            2 => "×½".to_owned(),
            quarters => format!("×{}", quarters / NORMAL),
        }
    }
}

/// What a person wants of a playback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Stop where it is, or go on; from the end, once more.
    Pause,
    /// Stop where it is.
    Stop,
    /// Twice as fast.
    Faster,
    /// Half as fast.
    Slower,
    /// So many milliseconds on, or back.
    Skip(i64),
    /// To this time in milliseconds.
    Seek(u64),
    /// To the next output, over a pause of any length.
    Next,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_header_is_read_and_anything_else_is_said_to_be_none() {
        let whole = json!({"version": 2, "width": 80, "height": 24, "timestamp": 1_700_000_000, "title": "shell on i-1",
            "bartizan": {"account": "123456789012", "target": "i-1", "owner": null, "reason": "OPS-7\u{1b}"}});
        let header = Header::decode(whole.to_string().as_bytes()).unwrap();
        assert_eq!((header.width, header.height, header.is_ours), (80, 24, true));
        assert_eq!((header.target, header.owner, header.reason), (Some("i-1".into()), None, Some("OPS-7\u{1b}".into())));
        let strangers = Header::decode(br#"{"version":2,"width":10,"height":5,"title":"demo"}"#).unwrap();
        assert_eq!((strangers.is_ours, strangers.target), (false, Some("demo".into())));
        for (line, says) in [
            (r#"{"version":1,"width":80,"height":24,"stdout":[]}"#, "version 1, and only versions 2 and 3"),
            (r#"{"version":4}"#, "version 4, and only versions 2 and 3"),
            (r#"{"version":"3"}"#, "no asciicast header"),
            (r#"{"version":3,"term":{}}"#, "no size of a terminal that can be shown: no term.cols, no term.rows"),
            (r#"{"version":3,"width":80,"height":24}"#, "no term.cols"),
            ("[]", "no asciicast header"),
            ("", "is empty"),
            ("{", "version 1"),
            ("hello", "no JSON"),
            ("\u{1f}\u{8b}", "no JSON"),
            (r#"{"version":2,"width":0,"height":5}"#, "width = 0, height = 5"),
            (r#"{"version":2,"width":99999,"height":5}"#, "no size"),
            (r#"{"version":2}"#, "no size"),
        ] {
            let error = Header::decode(line.as_bytes()).unwrap_err();
            assert!(error.contains(says), "{line}: {error}");
        }
    }

    #[test]
    fn a_header_of_version_3_is_read() {
        let line = br#"{"version":3,"term":{"cols":100,"rows":30,"type":"xterm-256color"},"timestamp":1700000000,"title":"demo","env":{"SHELL":"/bin/sh"}}"#;
        let (header, times) = Header::read(line).unwrap();
        assert_eq!((header.width, header.height, times), (100, 30, Times::EventBefore));
        assert_eq!((header.target, header.is_ours), (Some("demo".into()), false));
        assert_eq!(header.started.map(Timestamp::as_second), Some(1_700_000_000));
        assert_eq!(Header::read(br#"{"version":2,"width":1,"height":1}"#).unwrap().1, Times::Beginning);
    }

    #[test]
    fn what_is_no_recording_is_told_apart() {
        for (line, says) in [
            (b"\x1f\x8b\x08\x00".as_slice(), "gzip"),
            (b"\x28\xb5\x2f\xfd\x04", "zstd"),
            (b"Script started on 2026-11-30", "script(1)"),
            (b"\x00\x01\x02", "no text"),
        ] {
            assert!(Header::decode(line).unwrap_err().contains(says), "{line:?}");
        }
    }

    #[test]
    fn lengths_and_speeds_are_written_short() {
        let written = [0, 7, 760, 3723].map(|seconds| clock(SignedDuration::from_secs(seconds)));
        assert_eq!(written, ["0:00", "0:07", "12:40", "1:02:03"]);
        let fast = (0..9).fold(NORMAL, |speed, _| Playback::speed_after(speed, true));
        let slow = (0..9).fold(NORMAL, |speed, _| Playback::speed_after(speed, false));
        assert_eq!((fast, slow), (128, 1));
        assert_eq!(Playback { speed: 2, ..Playback::default() }.speed_words(), "×½");
        assert_eq!(Playback { speed: 128, ..Playback::default() }.speed_words(), "×32");
    }
}
