//! One line of the log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// One record. The order of its fields is the order in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// From 1, without gaps, through all files.
    pub number: u64,
    /// When it was written.
    pub utc: Timestamp,
    /// What it says.
    #[serde(flatten)]
    pub phase: Phase,
    /// The newest record that was known to be anchored in the keyring when this one was written.
    pub anchored: Option<u64>,
    /// The hash of the record before; of the first one, [`BEGINNING`].
    pub previous: String,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// The log begins. The first record, and no other.
    Begin {
        /// A random name, so that no two logs begin alike.
        log: String,
        /// The program's version.
        version: String,
        /// The log that stood here before, where somebody set it aside.
        after: Option<SetAside>,
    },
    /// A call is about to be made.
    Intent(super::Entry),
    /// A call has been made.
    Outcome {
        /// The number of its intent.
        intent: u64,
        /// As in the intent.
        call: String,
        /// As in the intent.
        object: String,
        /// Whether AWS did it.
        done: bool,
        /// AWS's error code, where it did not.
        code: Option<String>,
        /// AWS's request id.
        request_id: Option<String>,
        /// Where no answer came: what was read afterwards.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        read_back: Option<ReadBack>,
    },
    /// The log was found otherwise than it was left.
    Mark(Mark),
}

/// What reads said, for a while, about a call whose answer was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum ReadBack {
    /// It is in effect.
    InEffect,
    /// It is not.
    NotInEffect,
    /// They could not be made, or did not agree: the outcome stays unknown.
    Unknown {
        /// Why.
        why: String,
    },
}

/// A log that was set aside, because [`super::verify()`] found something wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// The name of its folder now.
    pub folder: String,
    /// The number of its last record.
    pub number: u64,
    /// The hash of its last record.
    pub hash: String,
    /// Why, in the words of who did it.
    pub reason: String,
}

/// What was found by the append that wrote the mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum Mark {
    /// A line without an end: the program or the machine stopped while it was written. It stays where it is, before this record.
    Torn {
        /// Its length in bytes.
        bytes: u64,
        /// Its SHA-256.
        sha256: String,
    },
    /// The end of the log is not what `head` says it is. Somebody changed one of them.
    Differs {
        /// The number in `head`; `None`: there was no readable `head`.
        head_number: Option<u64>,
        /// The hash in `head`.
        head_hash: Option<String>,
    },
}

/// What the first record has for the hash of the one before.
pub(super) const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What stands between a record and its hash.
const JOINT: &str = ",\"hash\":\"";

/// The longest line that is written: fields are cut long before.
pub(super) const LONGEST_LINE: u64 = 128 * 1024;

/// SHA-256, in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A record as a line without its line end, and the hash in it.
pub(super) fn line(record: &Record) -> serde_json::Result<(String, String)> {
    let body = serde_json::to_string(record)?;
    let hash = sha256(body.as_bytes());
    let open = body.strip_suffix('}').unwrap_or(&body);
    Ok((format!("{open}{JOINT}{hash}\"}}"), hash))
}

/// What is wrong with a line by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It is no record: it has no hash at its end, or is no JSON.
    NoRecord,
    /// Its content does not have the hash that it says.
    Hash,
}

/// Reads a line, and checks its hash over the very bytes.
pub(super) fn parse(line: &[u8]) -> Result<(Record, String), Wrong> {
    let line = std::str::from_utf8(line).map_err(|_| Wrong::NoRecord)?;
    let rest = line.strip_suffix("\"}").ok_or(Wrong::NoRecord)?;
    let (open, hash) = rest.rsplit_once(JOINT).ok_or(Wrong::NoRecord)?;
    let body = format!("{open}}}");
    if sha256(body.as_bytes()) != hash {
        return Err(Wrong::Hash);
    }
    let record = serde_json::from_str(&body).map_err(|_| Wrong::NoRecord)?;
    Ok((record, hash.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_of_the_line_without_it() {
        let record = Record {
            number: 2,
            utc: Timestamp::UNIX_EPOCH,
            phase: Phase::Mark(Mark::Torn { bytes: 3, sha256: sha256(b"abc") }),
            anchored: None,
            previous: BEGINNING.into(),
        };
        let (line, hash) = line(&record).unwrap();
        assert_eq!(
            line,
            format!(
                "{{\"number\":2,\"utc\":\"1970-01-01T00:00:00Z\",\"phase\":\"mark\",\"found\":\"torn\",\"bytes\":3,\
                 \"sha256\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",\"anchored\":null,\
                 \"previous\":\"{BEGINNING}\",\"hash\":\"{hash}\"}}"
            )
        );
        assert_eq!(parse(line.as_bytes()), Ok((record, hash)));
    }

    #[test]
    fn no_byte_of_a_line_can_be_another() {
        let entry = super::super::Entry { object: "ada \u{1b}[2J \",\"hash\":\"".into(), ..Default::default() };
        let record = Record {
            number: 1,
            utc: Timestamp::UNIX_EPOCH,
            phase: Phase::Intent(entry),
            anchored: Some(0),
            previous: BEGINNING.into(),
        };
        let (line, _) = line(&record).unwrap();
        assert!(parse(line.as_bytes()).is_ok() && !line.contains('\u{1b}'));
        for at in 0..line.len() {
            for bit in 0..8 {
                let mut other = line.clone().into_bytes();
                other[at] ^= 1 << bit;
                assert!(parse(&other).is_err(), "byte {at}, bit {bit}");
            }
            assert!(parse(&line.as_bytes()[..at]).is_err());
        }
    }
}
