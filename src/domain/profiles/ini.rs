//! An AWS file as bytes: where its sections and values are, by the rules of Python's `configparser`, with which the AWS CLI reads it.
//! Whoever edits a file replaces spans and leaves every other byte alone.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use zeroize::Zeroizing;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why a file cannot be read as AWS's tools read it. Quotes no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Counted from one.
    pub line: usize,
    /// What is wrong with the line: continues "line 3 …".
    pub what: Cow<'static, str>,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} {}", self.line, self.what)
    }
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Blank, or a comment.
    Idle,
    /// `[name]`; the name as it stands between the brackets.
    Header(Vec<u8>),
    /// `name = value`.
    Property {
        /// In small letters.
        name: Vec<u8>,
        /// Where the delimiter ends.
        delimiter: usize,
        /// The value, without a comment that a blank sets off: the SDKs take that for a comment, the AWS CLI for a part of the value.
        value: Range<usize>,
    },
    /// More of the value of the line above.
    Continuation,
}

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From its first byte to the first of the next line.
    pub span: Range<usize>,
    /// Where its line end begins.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
}

/// The file's lines.
pub struct Sections<'a> {
    /// The whole file.
    pub bytes: &'a [u8],
    /// Its lines, which cover every byte.
    pub lines: Vec<Line>,
}

/// State of the reader, as `configparser` keeps it.
#[derive(Default)]
struct Reader {
    in_section: bool,
    in_property: bool,
    indent: usize,
}

impl<'a> Sections<'a> {
    /// Finds the lines.
    ///
    /// # Errors
    /// A line that the AWS CLI would refuse the whole file for.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let mut reader = Reader::default();
        let mut lines = Vec::new();
        let mut at = 0;
        for (number, text) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let span = at..at + text.len();
            at = span.end;
            let body = text.strip_suffix(b"\n").unwrap_or(text);
            let body = body.strip_suffix(b"\r").unwrap_or(body);
            let mark = if number == 0 && body.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
            let shown = body.get(mark..).unwrap_or_default();
            let kind =
                reader.line(shown, span.start + mark).map_err(|what| Unreadable { line: number + 1, what: what.into() })?;
            lines.push(Line { end: span.start + body.len(), span, kind });
        }
        Ok(Self { bytes, lines })
    }

    /// The text of a span.
    pub fn text(&self, span: &Range<usize>) -> &'a [u8] {
        self.bytes.get(span.clone()).unwrap_or_default()
    }

    /// What ends a line in this file.
    pub fn line_end(&self) -> &'static [u8] {
        let first = self.lines.first().map_or(&b""[..], |line| self.text(&(line.end..line.span.end)));
        if first == b"\r\n" { b"\r\n" } else { b"\n" }
    }

    /// The lines of all sections of a name, with the number of each line. Blanks around the name in the file do not count.
    pub fn of<'s>(&'s self, name: &'s str) -> impl Iterator<Item = (usize, &'s Line)> {
        let mut inside = false;
        self.lines.iter().enumerate().filter(move |(_, line)| {
            if let Kind::Header(header) = &line.kind {
                inside = trim(header) == name.as_bytes();
            }
            inside
        })
    }

    /// Whether there is such a section.
    pub fn has(&self, name: &str) -> bool {
        self.of(name).next().is_some()
    }

    /// Every property with the header of its section as it stands between the brackets: (header, name, value).
    pub fn by_section<'s>(&'s self) -> impl Iterator<Item = (Cow<'s, str>, &'s [u8], &'s [u8])> {
        let mut header: &[u8] = b"";
        self.lines.iter().filter_map(move |line| match &line.kind {
            Kind::Header(name) => {
                header = name;
                None
            }
            Kind::Property { name, value, .. } => Some((String::from_utf8_lossy(header), name.as_slice(), self.text(value))),
            Kind::Idle | Kind::Continuation => None,
        })
    }

    /// The properties of all sections of a name, as (name, value).
    pub fn properties<'s>(&'s self, section: &'s str) -> impl Iterator<Item = (&'s [u8], &'s [u8])> {
        self.of(section).filter_map(|(_, line)| match &line.kind {
            Kind::Property { name, value, .. } => Some((name.as_slice(), self.text(value))),
            _ => None,
        })
    }
}

impl Reader {
    fn line(&mut self, body: &[u8], start: usize) -> Result<Kind, &'static str> {
        if body.contains(&0) {
            return Err("holds a zero byte: the file is not text of one byte a letter");
        }
        if body.contains(&b'\r') {
            return Err("holds a carriage return without a line feed");
        }
        let indent = body.iter().take_while(|byte| is_blank(**byte)).count();
        let text = trim(body.get(indent..).unwrap_or_default());
        if matches!(text.first(), None | Some(b'#' | b';')) {
            return Ok(Kind::Idle);
        }
        if self.in_property && indent > self.indent {
            return Ok(Kind::Continuation);
        }
        self.indent = indent;
        if text.first() == Some(&b'[') {
            let name = header(text).ok_or("begins a section and has no ]")?;
            (self.in_section, self.in_property) = (true, false);
            return Ok(Kind::Header(name));
        }
        if !self.in_section {
            return Err("is neither a comment nor in a section");
        }
        let delimiter = text.iter().position(|byte| matches!(byte, b'=' | b':')).ok_or("has no =")?;
        let name = trim(text.get(..delimiter).unwrap_or_default()).to_ascii_lowercase();
        if name.is_empty() {
            return Err("has nothing before the =");
        }
        self.in_property = true;
        let after = delimiter + 1;
        let value = value_in(text.get(after..).unwrap_or_default());
        let base = start + indent + after;
        Ok(Kind::Property { name, delimiter: base, value: base + value.start..base + value.end })
    }
}

/// The name in `[name]`, which ends at the line's last bracket; what follows is a comment or nobody's business.
fn header(text: &[u8]) -> Option<Vec<u8>> {
    let close = text.iter().rposition(|byte| *byte == b']')?;
    text.get(1..close).filter(|name| !name.is_empty()).map(<[u8]>::to_vec)
}

/// The span of a value behind its delimiter: without blanks around it, and without a comment that a blank sets off.
fn value_in(text: &[u8]) -> Range<usize> {
    let start = text.iter().take_while(|byte| is_blank(**byte)).count();
    let comment = text.windows(2).position(|pair| matches!(pair, [blank, b'#' | b';'] if is_blank(*blank)));
    let mut end = comment.unwrap_or(text.len()).max(start.min(text.len()));
    while end > start && text.get(end - 1).is_some_and(|byte| is_blank(*byte)) {
        end -= 1;
    }
    // An empty value: nothing stands there, not even when a comment follows.
    if comment.is_some_and(|comment| comment < start) { start..start } else { start..end }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0b | 0x0c)
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_blank(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_blank(*last)
    {
        text = rest;
    }
    text
}

/// What a section says: names in small letters, values as they stand. Some of them are secrets.
pub type Options = BTreeMap<String, Zeroizing<String>>;

/// A section as the AWS CLI reads it.
pub struct Section {
    /// As it stands between the brackets.
    pub name: String,
    /// What it says.
    pub options: Options,
}

/// The section whose options count for every section of the file.
const DEFAULTS: &str = "DEFAULT";
/// The option whose value is a command line: a `#` in it is not a comment.
const COMMAND: &str = "credential_process";

/// The sections of a file.
///
/// # Errors
/// What makes the AWS CLI refuse the file: a line that is none, a section or an option that is there twice.
pub fn sections(bytes: &[u8]) -> Result<Vec<Section>, Unreadable> {
    let file = Sections::read(bytes)?;
    let (mut sections, mut defaults) = (Vec::<Section>::new(), Options::new());
    let mut lines = file.lines.iter().enumerate().peekable();
    let mut in_defaults = false;
    while let Some((number, line)) = lines.next() {
        let wrong = |what: String| Unreadable { line: number + 1, what: what.into() };
        match &line.kind {
            Kind::Idle | Kind::Continuation => {}
            Kind::Header(name) => {
                let name = text(name, number)?;
                in_defaults = name == DEFAULTS;
                if sections.iter().any(|section| section.name == name) {
                    return Err(wrong(format!("begins a second section [{name}]")));
                }
                if !in_defaults {
                    sections.push(Section { name: name.to_owned(), options: Options::new() });
                }
            }
            Kind::Property { name, delimiter, value } => {
                let name = text(name, number)?.to_owned();
                let first = if name == COMMAND { *delimiter..line.end } else { value.clone() };
                let mut value = Zeroizing::new(text(file.text(&first), number)?.trim().to_owned());
                while let Some((number, line)) = lines.next_if(|(_, line)| matches!(line.kind, Kind::Idle | Kind::Continuation)) {
                    let more = text(file.text(&(line.span.start..line.end)), number)?.trim();
                    if line.kind == Kind::Continuation || more.is_empty() {
                        value.push('\n');
                        value.push_str(more);
                    }
                }
                let end = value.trim_end().len();
                value.truncate(end);
                if value.starts_with('\n') && !value.lines().all(|line| line.trim().is_empty() || line.contains('=')) {
                    return Err(wrong(format!("sets {name} to lines of which one has no =")));
                }
                let section =
                    if in_defaults { Some(&mut defaults) } else { sections.last_mut().map(|section| &mut section.options) };
                if section.is_some_and(|options| options.insert(name.clone(), value).is_some()) {
                    return Err(wrong(format!("sets {name} a second time")));
                }
            }
        }
    }
    for section in &mut sections {
        for (name, value) in &defaults {
            section.options.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    Ok(sections)
}

/// The options below an option: the indented lines that follow `iam =`.
pub fn nested(value: &str) -> Options {
    let lines = value.strip_prefix('\n').unwrap_or_default().lines();
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), Zeroizing::new(value.trim().to_owned()))).collect()
}

fn text(bytes: &[u8], number: usize) -> Result<&str, Unreadable> {
    std::str::from_utf8(bytes).map_err(|_| Unreadable { line: number + 1, what: "is not UTF-8".into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(bytes: &[u8], section: &str) -> Vec<(String, String)> {
        let sections = Sections::read(bytes).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        sections.properties(section).map(|(name, value)| (text(name), text(value))).collect()
    }

    #[test]
    fn lines_are_read_as_the_tools_read_them() {
        let file = b"\xef\xbb\xbf[a]\r\nAWS_ACCESS_KEY_ID=AK # mine\r\n  \r\n# [b]\r\n[ b ] ; note\n\tx : 1\n\t\tmore\ny =   ; none\nz=a#b ;c";
        assert_eq!(values(file, "a"), [("aws_access_key_id".to_owned(), "AK".to_owned())]);
        let wanted = [("x", "1"), ("y", ""), ("z", "a#b")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(values(file, "b"), wanted);
    }

    #[test]
    fn what_the_tools_refuse_is_refused_with_its_line() {
        for (file, words) in [
            (&b"x = 1\n"[..], "line 1 is neither"),
            (b"[a]\nrubbish\n", "line 2 has no ="),
            (b"[a\n", "line 1 begins a section"),
            (b"[a]\n= 1", "line 2 has nothing before"),
            (b"[a]\rx=1", "line 1 holds a carriage return"),
            (b"[\0a\0]\0", "line 1 holds a zero byte"),
        ] {
            let error = Sections::read(file).err().unwrap().to_string();
            assert!(error.starts_with(words), "{error}");
        }
    }

    #[test]
    fn spans_cover_every_byte() {
        let file = b"[a]\nx=1\r\n\n  y\nlast = 2";
        let sections = Sections::read(file).unwrap();
        let joined: Vec<u8> = sections.lines.iter().flat_map(|line| sections.text(&line.span).to_vec()).collect();
        assert_eq!(joined, file);
    }
}
