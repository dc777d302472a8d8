//! The one way from the command line to standard output and standard error.
//!
//! | what | through |
//! |---|---|
//! | text for a person | [`out`] and [`err`]: each line is made harmless, whoever wrote what it quotes |
//! | JSON | [`json`]: ASCII, so that no byte of it means anything to a terminal |
//! | what programs read otherwise: tables, files, completions | [`machine`]: as it is, whoever calls makes sure of it |
//!
//! Nothing else in this folder may name the streams: `clippy.toml` refuses it.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write};

use crate::domain::text::clean;

/// Makes harmless what is written, line by line. A line's end is a line feed, or the writer's own end.
#[derive(Debug)]
pub(super) struct Lines<W: Write> {
    to: W,
    line: Vec<u8>,
}

impl<W: Write> Lines<W> {
    /// A writer in front of another.
    pub(super) fn new(to: W) -> Self {
        Self { to, line: Vec::new() }
    }

    fn hand_on(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        self.to.write_all(clean(&String::from_utf8_lossy(&line)).as_bytes())
    }
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(rest) => {
                    self.line.extend_from_slice(rest);
                    self.hand_on()?;
                    self.to.write_all(b"\n")?;
                }
                None => self.line.extend_from_slice(piece),
            }
        }
        Ok(bytes.len())
    }

    /// Writes a line that has no end yet, too: a question is answered on its own line.
    fn flush(&mut self) -> io::Result<()> {
        self.hand_on()?;
        self.to.flush()
    }
}

impl<W: Write> Drop for Lines<W> {
    fn drop(&mut self) {
        if !self.line.is_empty() {
            let _unless_gone = self.flush();
        }
    }
}

/// Standard output, for a person.
#[expect(clippy::disallowed_methods, reason = "the one place that names the stream")]
pub(super) fn out() -> Lines<io::StdoutLock<'static>> {
    Lines::new(io::stdout().lock())
}

/// Standard error, for a person.
#[expect(clippy::disallowed_methods, reason = "the one place that names the stream")]
pub(super) fn err() -> Lines<io::StderrLock<'static>> {
    Lines::new(io::stderr().lock())
}

/// One line of ours on standard error. Nobody may be there to read it.
pub(super) fn say(words: &str) {
    let _unless_gone = writeln!(err(), "bartizan: {words}");
}

/// Standard output, for programs: nothing is changed on the way.
#[expect(clippy::disallowed_methods, reason = "the one place that names the stream")]
pub(super) fn machine() -> io::Stdout {
    io::stdout()
}

/// Standard error, for what comes from a command elsewhere.
#[expect(clippy::disallowed_methods, reason = "the one place that names the stream")]
pub(super) fn machine_error() -> io::Stderr {
    io::stderr()
}

/// A text that is a program's as long as no person looks on: a path, a file. On a terminal it is made harmless.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut out = machine();
    if out.is_terminal() { Lines::new(out).write_all(text.as_bytes()) } else { out.write_all(text.as_bytes()) }
}

/// Spells every character outside printable ASCII as JSON's `\uXXXX`. Such characters occur inside JSON's strings only,
/// but for line breaks and tabs between its parts, which become spaces.
pub(super) fn json(json: &str) -> Cow<'_, str> {
    use std::fmt::Write as _;
    if json.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len());
    let mut units = [0_u16; 2];
    for c in json.chars() {
        match c {
            ' '..='~' => out.push(c),
            '\n' | '\r' | '\t' => out.push(' '),
            _ => c.encode_utf16(&mut units).iter().for_each(|unit| {
                let _never_fails = write!(out, "\\u{unit:04x}");
            }),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(pieces: &[&[u8]]) -> String {
        let mut to = Vec::new();
        let mut lines = Lines::new(&mut to);
        pieces.iter().for_each(|piece| lines.write_all(piece).unwrap());
        drop(lines);
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn lines_stay_lines_and_what_they_quote_is_harmless() {
        assert_eq!(written(&[b"a\x1b]0;t\x07", b"b\nc\xff\xc3", b"\xa9\rd"]), "a␛]0;t␇b\nc\u{fffd}é␍d");
        let mut to = Vec::new();
        let mut lines = Lines::new(&mut to);
        write!(lines, "Type \u{202e}x to do it: ").unwrap();
        lines.flush().unwrap();
        lines.flush().unwrap();
        drop(lines);
        assert_eq!(String::from_utf8(to).unwrap(), "Type ⟨U+202E⟩x to do it: ");
    }

    proptest! {
        #[test]
        fn nothing_but_line_feeds_is_a_control(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..30), 0..6)) {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            prop_assert!(written(&pieces).chars().all(|c| c == '\n' || !c.is_control()));
        }

        #[test]
        fn json_is_ascii_and_says_the_same(text in any::<String>()) {
            let value = serde_json::json!({ "text": text, "list": [text] });
            let text = value.to_string();
            let written = json(&text);
            prop_assert!(written.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), value);
        }
    }
}
