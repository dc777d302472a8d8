//! The events of one recording, in order. Whatever is in the file: lines that cannot be read are counted and left out.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::list;
use crate::domain::recording::{Header, Times};

/// A longer line is left out, in bytes: ours have some ten thousand at most.
const LONGEST: u64 = 4 << 20;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// The target has shown this.
    Output(String),
    /// The terminal has so many columns and lines from now on.
    Size(u16, u16),
}

/// A recording being read.
#[derive(Debug)]
pub struct Play {
    reader: BufReader<File>,
    header: Header,
    times: Times,
    last: Duration,
    damaged: u64,
}

impl Play {
    /// Opens a recording of this folder by its file's name.
    ///
    /// # Errors
    /// There is no such file, or it is no recording; in words.
    pub fn open(folder: &Path, file: &str) -> Result<Self, String> {
        // A name with a slash would be of another folder.
        if file.contains('/') || file.starts_with('.') {
            return Err("this is no recording's name".to_owned());
        }
        let opened = list::open(&folder.join(file)).map_err(|error| format!("{file} could not be read: {error}"))?;
        let mut reader = BufReader::new(opened);
        let line = loop {
            match line(&mut reader).map_err(|error| error.to_string())? {
                Some(Some(line)) if list::is_comment(&line) => {}
                Some(Some(line)) => break line,
                Some(None) => return Err("its first line is too long to be a header".to_owned()),
                None => return Err("it is empty".to_owned()),
            }
        };
        let (header, times) = Header::read(&line)?;
        Ok(Self { reader, header, times, last: Duration::ZERO, damaged: 0 })
    }

    /// What its first line says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Lines that could not be read so far.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    fn event(&mut self, line: &[u8]) -> Option<(Duration, Happening)> {
        let (at, code, data) = serde_json::from_slice::<(f64, String, Value)>(line).ok()?;
        let data = data.as_str()?;
        let happening = match code.as_str() {
            "o" => Happening::Output(data.to_owned()),
            "r" => {
                let (width, height) = data.split_once('x')?;
                Happening::Size(width.parse().ok()?, height.parse().ok()?)
            }
            // Keys, markers, and what others may write.
            _ => Happening::Output(String::new()),
        };
        let at = Duration::try_from_secs_f64(at).ok()?;
        // Time does not go back, whatever the file says.
        let at = match self.times {
            Times::Beginning => at.max(self.last),
            Times::EventBefore => self.last.checked_add(at)?,
        };
        Some((at, happening))
    }
}

impl Iterator for Play {
    type Item = (Duration, Happening);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // A disk that fails ends the recording where it does.
            match line(&mut self.reader).ok()?? {
                Some(line) if line.is_empty() => {}
                Some(line) if self.times == Times::EventBefore && list::is_comment(&line) => {}
                Some(line) => match self.event(&line) {
                    // Time passes with it, too.
                    Some((at, Happening::Output(nothing))) if nothing.is_empty() => self.last = at,
                    Some((at, happening)) => {
                        self.last = at;
                        return Some((at, happening));
                    }
                    None => self.damaged += 1,
                },
                None => self.damaged += 1,
            }
        }
    }
}

/// The next line, without its end. `Some(None)`: it is too long, and was left out.
fn line(reader: &mut BufReader<File>) -> io::Result<Option<Option<Vec<u8>>>> {
    let mut line = Vec::new();
    if reader.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(Some(line)));
    }
    if u64::try_from(line.len()).is_ok_and(|length| length < LONGEST) {
        // The last line, cut or not.
        return Ok(Some(Some(line)));
    }
    reader.skip_until(b'\n')?;
    Ok(Some(None))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests make files")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn play(text: &[u8]) -> Result<(Vec<(u64, Happening)>, u64), String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.cast"), text).unwrap();
        let mut play = Play::open(folder.path(), "a.cast")?;
        let events = play.by_ref().map(|(at, what)| (u64::try_from(at.as_millis()).unwrap(), what)).collect();
        Ok((events, play.damaged()))
    }

    const HEAD: &str = "{\"version\":2,\"width\":80,\"height\":24}\n";

    #[test]
    fn what_cannot_be_read_is_left_out_and_counted() {
        let long = format!("[3,\"o\",\"{}\"]\n", "x".repeat(5 << 20));
        let text = format!(
            "{HEAD}[0.5,\"o\",\"a\"]\nnoise\n[0.25,\"o\",\"b\"]\n[1,\"r\",\"100x30\"]\n[1,\"r\",\"wide\"]\n{long}[-1,\"o\",\"c\"]\n\
             [2,\"i\",\"secret\"]\n[2,\"m\",\"bartizan: end\"]\n[1e400,\"o\",\"d\"]\n[4,\"o\",\"e\"]\n[5,\"o\",\"cut"
        );
        let (events, damaged) = play(text.as_bytes()).unwrap();
        let output = |at, text: &str| (at, Happening::Output(text.to_owned()));
        assert_eq!(events, [output(500, "a"), output(500, "b"), (1000, Happening::Size(100, 30)), output(4000, "e")]);
        assert_eq!(damaged, 6);
    }

    #[test]
    fn times_of_version_3_are_counted_from_the_event_before() {
        let text = "# made by asciinema\n{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n# a remark\n[0.5,\"o\",\"a\"]\n[0.25,\"i\",\"k\"]\n\
             [0.25,\"o\",\"b\"]\n[1,\"r\",\"100x30\"]\n[2,\"m\",\"chapter\"]\n[-1,\"o\",\"back\"]\n[1e308,\"o\",\"never\"]\n[1,\"z\",\"new\"]\n[0.5,\"o\",\"c\"]\n\
             [0.5,\"x\",\"0\"]\n";
        let (events, damaged) = play(text.as_bytes()).unwrap();
        let output = |at, text: &str| (at, Happening::Output(text.to_owned()));
        assert_eq!(events, [output(500, "a"), output(1000, "b"), (2000, Happening::Size(100, 30)), output(5500, "c")]);
        assert_eq!(damaged, 2);
    }

    #[test]
    fn what_cannot_be_played_says_why() {
        for (text, says) in [
            ("", "empty"),
            ("{\n \"version\": 1", "version 1"),
            ("{\"version\":3}\n", "no term.cols"),
            ("{\"version\":9}\n", "version 9"),
            ("# nothing but this\n", "empty"),
        ] {
            let why = play(text.as_bytes()).unwrap_err();
            assert!(why.contains(says), "{text:?}: {why}");
        }
    }

    #[test]
    fn only_files_of_the_folder_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["../a.cast", "/etc/passwd", ".a.cast", "none.cast"] {
            assert!(Play::open(folder.path(), name).is_err(), "{name}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn no_bytes_break_the_reader_and_time_never_goes_back(bytes in proptest::collection::vec(prop_oneof![
            Just(b"[1.5,\"o\",\"x\"]\n".to_vec()), Just(b"[0,\"o\",\"y\"]\n".to_vec()), Just(b"\n".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..20)], 0..40)) {
            let (events, _) = play(&[HEAD.as_bytes(), &bytes.concat()].concat()).unwrap();
            prop_assert!(events.is_sorted_by_key(|(at, _)| *at));
        }
    }
}
