//! JSON documents in a row: one in a file, one a line, pretty-printed one after the other, with the words of a log or of
//! `--output text` beside them. Of a document that is broken its whole records are read, and the next one is looked for.

use super::reader::{Reader, Record};
use super::scan::{self, Parts, Stop, end_of, skip_blank};

/// How records and their wrappings begin: what is looked for behind a document that is broken.
const ANCHORS: [&[u8]; 7] = [
    b"{\"eventVersion\"",
    b"{\"Records\"",
    b"{\"Events\"",
    b"{\"EventId\"",
    b"{\"schemaVersion\"",
    b"{\"version\":",
    b"{\"findings\"",
];

/// Words of `--output text` of the AWS CLI that stand beside records and tell nothing more.
const WORDS: [&[u8]; 4] = [b"EVENTS", b"RESOURCES", b"NEXTTOKEN", b"None"];

/// A time and a stream's name stand before a record, not a novel.
const LONGEST_PREFIX: usize = 512;

impl<R: Record> Reader<'_, R> {
    /// Reads all documents of a text, each of which is `expected` to hold records or not. The answer says whether there was anything in it, or anything was said about it.
    pub(super) fn documents(&mut self, bytes: &[u8], at: &str, depth: usize, expected: bool) -> bool {
        let mut text = Text { bytes, at: 0, counted: 0, line: 1, last_end: None, is_mending: false, was_broken: false };
        let mut any = false;
        loop {
            text.at = text.skip_between();
            let Some(byte) = bytes.get(text.at) else { return any };
            if text.is_mending && !matches!(byte, b'{' | b'[') {
                match resync(bytes, text.at, text.at) {
                    Some(next) => text.at = next,
                    None => return any,
                }
                continue;
            }
            if !matches!(byte, b'{' | b'[' | b'"') {
                any |= self.beside(&mut text, at, depth, expected);
                continue;
            }
            match end_of(bytes, text.at) {
                Ok(end) => {
                    let place = text.place(at);
                    any |= self.value(bytes.get(text.at..end).unwrap_or_default(), &place, depth, expected);
                    text.is_mending &= line_start(bytes, text.at) != text.at;
                    text.last_end = Some(end);
                    text.at = end;
                }
                Err(stop) => {
                    let place = text.place(at);
                    self.problem(&place, &why(bytes, text.at, stop));
                    let broken = self.salvage(bytes, text.at, &place, depth);
                    any = true;
                    (text.is_mending, text.was_broken) = (true, true);
                    match broken.next.or_else(|| resync(bytes, broken.from, broken.innermost)) {
                        Some(next) => text.at = next,
                        None => return any,
                    }
                }
            }
        }
    }

    /// Something that does not begin as JSON: a record behind the words of a log line, words of `--output text`, or nothing known.
    fn beside(&mut self, text: &mut Text<'_>, at: &str, depth: usize, expected: bool) -> bool {
        let end = text.line_end();
        let line = text.bytes.get(text.at..end).unwrap_or_default();
        if let Some(range) = record_in(text.bytes, text.at, end) {
            let place = text.place(at);
            let any = self.value(text.bytes.get(range.clone()).unwrap_or_default(), &place, depth, expected);
            text.last_end = Some(range.end);
            text.at = range.end;
            return any;
        }
        let is_field = text.last_end.is_some_and(|end| text.bytes.get(end) == Some(&b'\t'));
        let is_word = WORDS.iter().any(|word| line.starts_with(word));
        let is_rest = text.was_broken && line.iter().all(|byte| matches!(byte, b']' | b'}' | b',') || byte.is_ascii_whitespace());
        if is_field || is_word || is_rest {
            text.at = end;
            return false;
        }
        let place = text.place(at);
        text.at = end;
        if serde_json::from_slice::<serde_json::Value>(line).is_ok() {
            return self.value(line.trim_ascii(), &place, depth, expected);
        }
        self.problem(&place, "is not JSON");
        true
    }

    /// Reads what is whole in a list or an object that is not.
    fn salvage(&mut self, bytes: &[u8], start: usize, at: &str, depth: usize) -> Salvaged {
        let is_list = bytes.get(start) == Some(&b'[');
        if depth >= super::reader::DEEPEST {
            return Salvaged::at(start);
        }
        let mut before: Vec<scan::Part> = Vec::new();
        let mut here = start;
        for (index, part) in Parts::of(bytes, start).enumerate() {
            let broken = match part {
                Ok(part) if is_list => {
                    here = part.value.end;
                    self.value(bytes.get(part.value).unwrap_or_default(), &format!("{at}[{index}]"), depth + 1, true);
                    continue;
                }
                Ok(part) => {
                    here = part.value.end;
                    before.push(part);
                    continue;
                }
                Err(broken) => broken,
            };
            if is_record(&before) {
                return Salvaged::at(start);
            }
            for part in &before {
                self.member(bytes, part, at, depth);
            }
            return match broken.value {
                // A comma is missing: the next element is as good as the one before it.
                Some(value) if broken.stop == Stop::Bad(value) && is_bracket(bytes, value) => {
                    Salvaged { from: value, innermost: value, next: Some(value) }
                }
                Some(value) if is_bracket(bytes, value) => {
                    let at = if is_list { format!("{at}[{index}]") } else { super::reader::join(at, &broken.name) };
                    self.salvage(bytes, value, &at, depth + 1)
                }
                _ => Salvaged { from: here.max(start + 1), innermost: start, next: None },
            };
        }
        Salvaged::at(start)
    }
}

/// Where to go on behind something broken.
#[derive(Debug)]
struct Salvaged {
    /// The first offset that was not read.
    from: usize,
    /// Where the innermost broken value begins.
    innermost: usize,
    /// Where the next value begins, if that is known.
    next: Option<usize>,
}

impl Salvaged {
    fn at(start: usize) -> Self {
        Self { from: start + 1, innermost: start, next: None }
    }
}

fn is_bracket(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at), Some(b'{' | b'['))
}

/// Whether these are members of a record itself: there are no records within it.
fn is_record(members: &[scan::Part]) -> bool {
    let own = ["eventVersion", "eventID", "eventName", "userIdentity", "schemaVersion", "severity"];
    members.iter().any(|part| own.contains(&part.name.as_str()))
}

/// A text on the way through its documents.
struct Text<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Line feeds before this offset are counted in `line`.
    counted: usize,
    line: usize,
    last_end: Option<usize>,
    /// Whether we are within the remains of a broken document, which are no documents.
    is_mending: bool,
    /// Whether there was a broken document: its closing brackets are still to come.
    was_broken: bool,
}

impl Text<'_> {
    /// Blanks, the commas between elements of a list that lost its brackets, the separator of RFC 7464, and the byte order mark of a
    /// file that was appended to another one.
    fn skip_between(&self) -> usize {
        let is_between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | 0x1e | 0);
        let mut at = self.at;
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            at += rest.iter().position(|byte| !is_between(byte)).unwrap_or(rest.len());
            if !self.bytes.get(at..).unwrap_or_default().starts_with(b"\xef\xbb\xbf") {
                return at;
            }
            at += 3;
        }
    }

    fn line_end(&self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.iter().position(|byte| *byte == b'\n').map_or(self.bytes.len(), |length| self.at + length)
    }

    /// The words for where we are: nothing for what begins a file.
    fn place(&mut self, outer: &str) -> String {
        let new = self.bytes.get(self.counted..self.at).unwrap_or_default();
        self.line += new.iter().filter(|byte| **byte == b'\n').count();
        self.counted = self.counted.max(self.at);
        match (self.last_end.is_none() && !self.is_mending && self.line == 1, outer.is_empty()) {
            (true, _) => outer.to_owned(),
            (false, true) => format!("line {}: ", self.line),
            (false, false) => format!("{outer}, line {}: ", self.line),
        }
    }
}

/// A record on a line that does not begin as one.
fn record_in(bytes: &[u8], start: usize, end: usize) -> Option<std::ops::Range<usize>> {
    let line = bytes.get(start..end)?;
    let bracket = line.iter().take(LONGEST_PREFIX).position(|byte| *byte == b'{')? + start;
    let behind = end_of(bytes.get(..end)?, bracket).ok()?;
    // `{}` in a line of text is no record.
    (behind > bracket + 2).then_some(bracket..behind)
}

/// Whether a text that nobody calls JSON by its name begins as records do.
pub(super) fn begins_like_records(bytes: &[u8]) -> bool {
    let start = skip_blank(bytes, 0);
    let then = bytes.get(skip_blank(bytes, start + 1));
    match bytes.get(start) {
        Some(b'{') => matches!(then, Some(b'"' | b'}') | None),
        Some(b'[') => matches!(then, Some(b'{' | b'[' | b'"' | b']') | None),
        Some(b'"') => matches!(then, Some(b'{' | b'[')),
        Some(_) => {
            let end = bytes.iter().skip(start).position(|byte| *byte == b'\n').map_or(bytes.len(), |length| start + length);
            record_in(bytes, start, end).is_some()
        }
        None => false,
    }
}

/// The next offset behind `from` at which a record or its wrapping may begin: a bracket that begins a line, indented no deeper than
/// the line of what is broken, or one of [`ANCHORS`].
fn resync(bytes: &[u8], from: usize, innermost: usize) -> Option<usize> {
    let most = indentation(bytes, innermost);
    (from..bytes.len()).find(|at| match bytes.get(*at) {
        Some(b'{') => {
            let rest = bytes.get(*at..).unwrap_or_default();
            ANCHORS.iter().any(|anchor| rest.starts_with(anchor)) || begins_line(bytes, *at, most)
        }
        Some(b'[') => begins_line(bytes, *at, most),
        _ => false,
    })
}

fn line_start(bytes: &[u8], at: usize) -> usize {
    bytes.get(..at).unwrap_or_default().iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1)
}

fn indentation(bytes: &[u8], at: usize) -> usize {
    let line = bytes.get(line_start(bytes, at)..).unwrap_or_default();
    line.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(0)
}

fn begins_line(bytes: &[u8], at: usize, most: usize) -> bool {
    let blanks =
        bytes.get(..at).unwrap_or_default().iter().rev().take(most + 1).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    blanks <= most && at.checked_sub(blanks + 1).is_some_and(|before| bytes.get(before) == Some(&b'\n'))
}

/// What is wrong with a value that begins at `start`.
pub(super) fn why(bytes: &[u8], start: usize, stop: Stop) -> String {
    let place = |at: usize| {
        let within = bytes.get(start..at).unwrap_or_default();
        let lines = within.iter().filter(|byte| **byte == b'\n').count();
        if lines == 0 { format!("byte {}", at - start + 1) } else { format!("line {} of it", lines + 1) }
    };
    match stop {
        Stop::Cut => "is cut off: the text ends within it".to_owned(),
        Stop::Bad(at) => format!("is not JSON from {} on", place(at)),
        Stop::Deep(at) => format!("is not read: more than {} brackets are open at {}", scan::DEEPEST, place(at)),
    }
}

/// What a text is that is no JSON but may hold records all the same, and what to do about it.
pub(super) fn other_form(bytes: &[u8]) -> Option<&'static str> {
    let start = skip_blank(bytes, 0);
    let line = bytes.get(start..)?.split(|byte| *byte == b'\n').next()?.trim_ascii();
    let small = String::from_utf8_lossy(line.get(..line.len().min(300))?).to_ascii_lowercase();
    let names = ["event name", "eventname", "eventversion", "event time", "eventtime", "\"finding", "finding type"];
    if small.contains(',')
        && !small.starts_with(['{', '['])
        && names.iter().any(|name| small.contains(name))
        && !small.contains('{')
    {
        return Some("is CSV, in which most of a record is lost: save it as JSON");
    }
    if small.starts_with("<?xml") || small.starts_with("<!doctype") || small.starts_with("<html") || small.starts_with("<error") {
        return Some("is XML or HTML, such as the answer to a download that failed");
    }
    if small.starts_with("-----") || small.starts_with("+---") {
        return Some("is a table for people: save it with --output json");
    }
    if ["events:", "findings:", "- accountid", "- cloudtrailevent", "---"].iter().any(|yaml| small.starts_with(yaml)) {
        return Some("is YAML: save it with --output json");
    }
    None
}
