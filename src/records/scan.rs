//! Finds where a JSON value ends, without building it: a file is taken apart into its records before any of them is decoded.
//!
//! Works without recursion and holds one byte for each open bracket, so no input can exhaust the stack or the memory.

use std::ops::Range;

/// Brackets that may be open at the same time.
pub(super) const DEEPEST: usize = 256;

/// Why no value ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The text ends within the value.
    Cut,
    /// The byte at this offset does not belong there.
    Bad(usize),
    /// More than [`DEEPEST`] brackets are open at this offset.
    Deep(usize),
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
}

/// The offset behind the value that begins at `start`. Numbers and words are not checked: whoever decodes the value does that.
pub(super) fn end_of(bytes: &[u8], start: usize) -> Result<usize, Stop> {
    let mut open: Vec<u8> = Vec::new();
    let mut next = Next::Value;
    let mut at = start;
    loop {
        at = skip_blank(bytes, at);
        let byte = *bytes.get(at).ok_or(Stop::Cut)?;
        let outer = open.last().copied();
        next = match (next, byte) {
            (Next::Value | Next::ValueOrEnd, b'{' | b'[') => {
                if open.len() >= DEEPEST {
                    return Err(Stop::Deep(at));
                }
                open.push(byte);
                at += 1;
                if byte == b'{' { Next::KeyOrEnd } else { Next::ValueOrEnd }
            }
            (Next::ValueOrEnd | Next::CommaOrEnd, b']') if outer == Some(b'[') => {
                open.pop();
                at += 1;
                Next::CommaOrEnd
            }
            (Next::KeyOrEnd | Next::CommaOrEnd, b'}') if outer == Some(b'{') => {
                open.pop();
                at += 1;
                Next::CommaOrEnd
            }
            (Next::Value | Next::ValueOrEnd, b'"') => {
                at = end_of_text(bytes, at)?;
                Next::CommaOrEnd
            }
            (Next::Value | Next::ValueOrEnd, _) if is_word(byte) => {
                at = bytes.iter().skip(at).position(|byte| !is_word(*byte)).map_or(bytes.len(), |length| at + length);
                Next::CommaOrEnd
            }
            (Next::Key | Next::KeyOrEnd, b'"') => {
                at = end_of_text(bytes, at)?;
                Next::Colon
            }
            (Next::Colon, b':') => {
                at += 1;
                Next::Value
            }
            (Next::CommaOrEnd, b',') => {
                at += 1;
                if outer == Some(b'{') { Next::Key } else { Next::Value }
            }
            _ => return Err(Stop::Bad(at)),
        };
        if open.is_empty() && next == Next::CommaOrEnd {
            return Ok(at);
        }
    }
}

/// The offset behind the text whose opening quotation mark is at `start`. A line feed in a text is none of JSON's: the line was cut.
fn end_of_text(bytes: &[u8], start: usize) -> Result<usize, Stop> {
    let mut at = start + 1;
    loop {
        match bytes.get(at).ok_or(Stop::Cut)? {
            b'"' => return Ok(at + 1),
            b'\\' => at += 2,
            0..=0x1f => return Err(Stop::Bad(at)),
            _ => at += 1,
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

/// The first offset from `at` on that is no blank.
pub(super) fn skip_blank(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|byte| !byte.is_ascii_whitespace()).map_or(bytes.len(), |blanks| at + blanks)
}

/// One part of a list or an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// The member's name; empty in a list.
    pub(super) name: String,
    /// Where its value is.
    pub(super) value: Range<usize>,
}

/// Why the parts end too early, and where the part that is broken begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) stop: Stop,
    /// The broken member's name; empty in a list, and where the name itself is broken.
    pub(super) name: String,
    /// Where the broken value begins, where it is one.
    pub(super) value: Option<usize>,
}

/// The parts of the list or object that begins at `at`, one after the other.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    bytes: &'a [u8],
    at: usize,
    is_object: bool,
    is_first: bool,
    is_over: bool,
}

impl<'a> Parts<'a> {
    pub(super) fn of(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at: at + 1, is_object: bytes.get(at) == Some(&b'{'), is_first: true, is_over: false }
    }

    fn part(&mut self) -> Result<Option<Part>, Broken> {
        let broken = |stop| Broken { stop, name: String::new(), value: None };
        self.at = skip_blank(self.bytes, self.at);
        match self.bytes.get(self.at) {
            None => return Err(broken(Stop::Cut)),
            Some(b']' | b'}') => return Ok(None),
            Some(b',') if !self.is_first => self.at = skip_blank(self.bytes, self.at + 1),
            Some(_) if self.is_first => {}
            Some(b'{' | b'[') if !self.is_object => {
                return Err(Broken { stop: Stop::Bad(self.at), name: String::new(), value: Some(self.at) });
            }
            Some(_) => return Err(broken(Stop::Bad(self.at))),
        }
        self.is_first = false;
        let name = if self.is_object { self.name().map_err(broken)? } else { String::new() };
        let start = self.at;
        match end_of(self.bytes, start) {
            Ok(end) => {
                self.at = end;
                Ok(Some(Part { name, value: start..end }))
            }
            Err(stop) => Err(Broken { stop, name, value: Some(start) }),
        }
    }

    /// A member's name; `at` stands at its value afterwards.
    fn name(&mut self) -> Result<String, Stop> {
        if self.bytes.get(self.at).ok_or(Stop::Cut)? != &b'"' {
            return Err(Stop::Bad(self.at));
        }
        let end = end_of_text(self.bytes, self.at)?;
        let name = self.bytes.get(self.at..end).unwrap_or_default();
        let name = serde_json::from_slice(name).map_err(|_| Stop::Bad(self.at))?;
        let colon = skip_blank(self.bytes, end);
        match self.bytes.get(colon) {
            Some(b':') => self.at = skip_blank(self.bytes, colon + 1),
            None => return Err(Stop::Cut),
            Some(_) => return Err(Stop::Bad(colon)),
        }
        Ok(name)
    }
}

impl Iterator for Parts<'_> {
    type Item = Result<Part, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let part = self.part().transpose();
        self.is_over = !matches!(part, Some(Ok(_)));
        part
    }
}

/// A value without the blanks between its parts. Everything else stays as it was written: the order of members, the digits of
/// numbers.
pub(super) fn without_blanks(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let (mut is_text, mut is_escaped) = (false, false);
    for letter in value.chars() {
        if is_text {
            is_text = is_escaped || letter != '"';
            is_escaped = !is_escaped && letter == '\\';
        } else if letter.is_ascii_whitespace() {
            continue;
        } else {
            is_text = letter == '"';
        }
        text.push(letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::domain::testing::any_json;

    #[test]
    fn a_value_that_does_not_end_says_why() {
        assert_eq!(end_of(b"{\"a\": [1, 2", 0), Err(Stop::Cut));
        assert_eq!(end_of(b"{\"a\":\n{\"b\": 1}\n{", 0), Err(Stop::Bad(15)));
        assert_eq!(end_of(b"{\"a\": \"cut\n{\"b\"", 0), Err(Stop::Bad(10)));
        assert_eq!(end_of("[".repeat(300).as_bytes(), 0), Err(Stop::Deep(DEEPEST)));
        assert_eq!(end_of(b"[1}", 0), Err(Stop::Bad(2)));
    }

    proptest! {
        #[test]
        fn every_value_ends_where_it_ends(value in any_json(), behind in "[ \n{\\[\"a]{0,5}") {
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            let text = format!("{pretty} {behind}");
            prop_assert_eq!(end_of(text.as_bytes(), 0), Ok(pretty.len()));
            prop_assert_eq!(without_blanks(&pretty), value.to_string());
        }

        #[test]
        fn parts_are_those_of_the_value(value in any_json()) {
            let text = value.to_string();
            let wanted: Vec<String> = match &value {
                Value::Array(items) => items.iter().map(Value::to_string).collect(),
                Value::Object(members) => members.values().map(Value::to_string).collect(),
                _ => return Ok(()),
            };
            let parts: Vec<&str> = Parts::of(text.as_bytes(), 0).map(|part| &text[part.unwrap().value]).collect();
            prop_assert_eq!(parts, wanted);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..250) {
            let _ = end_of(&bytes, at);
            let _ = Parts::of(&bytes, at).count();
        }
    }
}
