//! Changes of a credentials file as functions from bytes to bytes.
//!
//! The file can hold one pair in a section, and a rotation needs two: the one that is served and the one that is not yet, or no longer.
//! The other one is *parked* in a section of its own at the end of the file, `[bartizan.AKIA…]`: it moves together with the served one in
//! the same rename, so there is no moment at which one of them is nowhere; no second file holds secrets; and what is left after the
//! rotation is the file as it was, but for the two values.

use std::ops::Range;

use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::domain::profiles::ini::{Kind, Sections};
use crate::rotation::stores::KeyPair;

/// Property of the key id.
pub(in crate::rotation::stores) const ID: &str = "aws_access_key_id";
/// Property of the secret.
pub(super) const SECRET: &str = "aws_secret_access_key";
/// Property of temporary credentials, with which a lasting key does not work.
pub(super) const TOKEN: &str = "aws_session_token";

/// File content; holds secrets.
pub(super) type Content = Zeroizing<Vec<u8>>;

/// The line in a parked section that says what it is.
const COMMENT: &str = "# kept by bartizan while a rotation runs";

/// The section in which a pair is parked.
pub(super) fn parking(key_id: &str) -> String {
    format!("{PARKING}{key_id}")
}

/// How the names of such sections begin.
const PARKING: &str = "bartizan.";

/// Whether a section is one in which a pair is parked.
pub(in crate::rotation::stores) fn is_parking(section: &str) -> bool {
    section.trim().starts_with(PARKING)
}

/// Why a section cannot be read or written as asked. Quotes no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    /// The file cannot be parsed.
    #[error("{0}")]
    Unreadable(String),
    /// A property is there twice: some tools take the first, some the last, some refuse the file.
    #[error("section [{section}] has {property} more than once")]
    Twice {
        /// The section.
        section: String,
        /// The property.
        property: &'static str,
    },
    /// A value goes on in the next line.
    #[error("{property} of section [{section}] runs over several lines")]
    LongValue {
        /// The section.
        section: String,
        /// The property.
        property: &'static str,
    },
    /// There is no such section.
    #[error("there is no section [{0}]")]
    NoSection(String),
}

/// The pair of a section, as spans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Spans {
    id: Option<Value>,
    secret: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Value {
    /// Behind the delimiter.
    delimiter: usize,
    span: Range<usize>,
}

fn read(bytes: &[u8]) -> Result<Sections<'_>, Trouble> {
    Sections::read(bytes).map_err(|unreadable| Trouble::Unreadable(unreadable.to_string()))
}

fn value(sections: &Sections<'_>, section: &str, property: &'static str) -> Result<Option<Value>, Trouble> {
    let mut found = None;
    for (number, line) in sections.of(section) {
        let Kind::Property { name, delimiter, value } = &line.kind else { continue };
        if name != property.as_bytes() {
            continue;
        }
        if found.is_some() {
            return Err(Trouble::Twice { section: section.to_owned(), property });
        }
        let next = sections.lines.iter().skip(number + 1).find(|line| line.kind != Kind::Idle);
        if next.is_some_and(|line| line.kind == Kind::Continuation) {
            return Err(Trouble::LongValue { section: section.to_owned(), property });
        }
        found = Some(Value { delimiter: *delimiter, span: value.clone() });
    }
    Ok(found)
}

fn spans(sections: &Sections<'_>, section: &str) -> Result<Spans, Trouble> {
    Ok(Spans { id: value(sections, section, ID)?, secret: value(sections, section, SECRET)? })
}

/// What a section holds.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Whether it is there at all.
    pub(super) exists: bool,
    /// The id, where one is given.
    pub(super) id: Option<String>,
    /// Id and secret, where both are given.
    pub(super) pair: Option<KeyPair>,
    /// The first property that does not go with a lasting key.
    pub(super) foreign: Option<String>,
}

/// Properties that say that a profile's credentials come from elsewhere.
pub(super) const FOREIGN: [&str; 9] = [
    "role_arn",
    "source_profile",
    "credential_source",
    "credential_process",
    "web_identity_token_file",
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "login_session",
];

/// Looks at a section.
pub(super) fn look(bytes: &[u8], section: &str) -> Result<Found, Trouble> {
    let sections = read(bytes)?;
    let spans = spans(&sections, section)?;
    let text = |value: &Option<Value>| {
        let text = sections.text(&value.as_ref()?.span);
        (!text.is_empty()).then(|| String::from_utf8_lossy(text).into_owned())
    };
    let id = text(&spans.id);
    let pair = id.clone().zip(text(&spans.secret)).map(|(id, secret)| KeyPair::new(id, secret.into()));
    let is_foreign = |name: &[u8]| name == TOKEN.as_bytes() || FOREIGN.iter().any(|known| known.as_bytes() == name);
    let foreign = sections.properties(section).find(|(name, _)| is_foreign(name));
    Ok(Found {
        exists: sections.has(section),
        id,
        pair,
        foreign: foreign.map(|(name, _)| String::from_utf8_lossy(name).into_owned()),
    })
}

/// Puts a pair into a section that is there.
pub(super) fn set(bytes: &[u8], section: &str, pair: &KeyPair) -> Result<Content, Trouble> {
    let sections = read(bytes)?;
    let spans = spans(&sections, section)?;
    let Some((_, header)) = sections.of(section).next() else { return Err(Trouble::NoSection(section.to_owned())) };
    let mut edits: Vec<(Range<usize>, Content)> = Vec::new();
    let mut lines = Zeroizing::new(Vec::new());
    for (property, value, new) in [(ID, &spans.id, pair.id.as_str()), (SECRET, &spans.secret, pair.secret.expose_secret())] {
        match value {
            Some(value) if value.span.is_empty() => {
                edits.push((value.delimiter..value.delimiter, Zeroizing::new([b" ", new.as_bytes()].concat())));
            }
            Some(value) => edits.push((value.span.clone(), Zeroizing::new(new.as_bytes().to_vec()))),
            None => {
                lines.extend_from_slice(property.as_bytes());
                lines.extend_from_slice(b" = ");
                lines.extend_from_slice(new.as_bytes());
                lines.extend_from_slice(sections.line_end());
            }
        }
    }
    if !lines.is_empty() {
        if header.end == header.span.end {
            // The header is the last line and has no line end: the new lines take one before them and leave theirs out.
            let mut behind = Zeroizing::new(sections.line_end().to_vec());
            behind.extend_from_slice(lines.strip_suffix(sections.line_end()).unwrap_or(&lines));
            lines = behind;
        }
        edits.push((header.span.end..header.span.end, lines));
    }
    Ok(spliced(bytes, edits))
}

/// Adds a section with a pair at the end.
pub(super) fn append(bytes: &[u8], section: &str, comment: Option<&str>, pair: &KeyPair) -> Result<Content, Trouble> {
    let end = read(bytes)?.line_end();
    let has_end = bytes.is_empty() || bytes.ends_with(b"\n");
    let mut content = Zeroizing::new(Vec::with_capacity(bytes.len() + 512));
    content.extend_from_slice(bytes);
    if !has_end {
        content.extend_from_slice(end);
    }
    let mut line = |parts: &[&str], with_end: bool| {
        for part in parts {
            content.extend_from_slice(part.as_bytes());
        }
        if with_end {
            content.extend_from_slice(end);
        }
    };
    line(&["[", section, "]"], true);
    if let Some(comment) = comment {
        line(&[comment], true);
    }
    line(&[ID, " = ", &pair.id], true);
    // A file without a last line end keeps having none, which tells `unpark` to take away the one that was put before the section.
    line(&[SECRET, " = ", pair.secret.expose_secret()], has_end);
    Ok(content)
}

/// Parks a pair in its own section, over what may be there.
pub(super) fn park(bytes: &[u8], pair: &KeyPair) -> Result<Content, Trouble> {
    let section = parking(&pair.id);
    if look(bytes, &section)?.exists { set(bytes, &section, pair) } else { append(bytes, &section, Some(COMMENT), pair) }
}

/// Takes a parked pair out. What others wrote into its section stays.
pub(super) fn unpark(bytes: &[u8], key_id: &str) -> Result<Content, Trouble> {
    remove(bytes, &parking(key_id), true)
}

/// Takes the pair out of a section, and the section itself if nothing else is in it and `whole` allows it.
pub(super) fn remove(bytes: &[u8], section: &str, whole: bool) -> Result<Content, Trouble> {
    let sections = read(bytes)?;
    let is_ours = |kind: &Kind| matches!(kind, Kind::Property { name, .. } if name == ID.as_bytes() || name == SECRET.as_bytes());
    let is_property = |kind: &Kind| matches!(kind, Kind::Property { .. } | Kind::Continuation);
    let keeps_header = !whole || sections.of(section).any(|(_, line)| is_property(&line.kind) && !is_ours(&line.kind));
    let mut edits: Vec<(Range<usize>, Content)> = Vec::new();
    for (_, line) in sections.of(section) {
        let is_comment = line.kind == Kind::Idle && sections.text(&(line.span.start..line.end)) == COMMENT.as_bytes();
        let is_header = matches!(line.kind, Kind::Header(_)) && !keeps_header;
        if is_ours(&line.kind) || is_comment || is_header {
            edits.push((line.span.clone(), Content::default()));
        }
    }
    let took_last_line = edits.last().is_some_and(|(span, _)| span.end == bytes.len());
    let mut content = spliced(bytes, edits);
    if took_last_line && !bytes.ends_with(b"\n") && content.ends_with(b"\n") {
        let end = if content.ends_with(b"\r\n") { 2 } else { 1 };
        let length = content.len() - end;
        content.truncate(length);
    }
    Ok(content)
}

/// The bytes with spans replaced; the spans do not overlap.
fn spliced(bytes: &[u8], mut edits: Vec<(Range<usize>, Content)>) -> Content {
    edits.sort_by_key(|(span, _)| (span.start, span.end));
    let grown: usize = edits.iter().map(|(_, new)| new.len()).sum();
    let mut content = Zeroizing::new(Vec::with_capacity(bytes.len() + grown));
    let mut at = 0;
    for (span, new) in &edits {
        content.extend_from_slice(bytes.get(at..span.start).unwrap_or_default());
        content.extend_from_slice(new);
        at = span.end;
    }
    content.extend_from_slice(bytes.get(at..).unwrap_or_default());
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(id: &str, secret: &str) -> KeyPair {
        KeyPair::new(id, secret.to_owned().into())
    }

    fn text(content: &Content) -> String {
        String::from_utf8(content.to_vec()).unwrap()
    }

    #[test]
    fn only_the_two_values_change() {
        let file = b"# mine\r\n[a]\r\naws_access_key_id=OLD ; note\r\nregion = x\r\n\r\naws_secret_access_key   =  s/ec+ret\t\r\n[b]\r\naws_access_key_id=OLD";
        let new = set(file, "a", &pair("NEWID", "n/e+w")).unwrap();
        let wanted = "# mine\r\n[a]\r\naws_access_key_id=NEWID ; note\r\nregion = x\r\n\r\naws_secret_access_key   =  n/e+w\t\r\n[b]\r\naws_access_key_id=OLD";
        assert_eq!(text(&new), wanted);
    }

    #[test]
    fn values_that_are_missing_or_empty_are_put_in() {
        for (file, wanted) in [
            ("[a]", "[a]\naws_access_key_id = I\naws_secret_access_key = S"),
            ("[a]\n", "[a]\naws_access_key_id = I\naws_secret_access_key = S\n"),
            ("[a]\naws_access_key_id=\n", "[a]\naws_secret_access_key = S\naws_access_key_id= I\n"),
            (
                "[a]\r\naws_access_key_id = # none\r\naws_secret_access_key:",
                "[a]\r\naws_access_key_id = I # none\r\naws_secret_access_key: S",
            ),
        ] {
            assert_eq!(text(&set(file.as_bytes(), "a", &pair("I", "S")).unwrap()), wanted);
        }
    }

    #[test]
    fn what_is_parked_leaves_no_trace() {
        for file in ["", "[a]\nx = 1\n", "[a]\nx = 1", "[a]\r\nx = 1\r\n", "[a]\r\nx = 1", "# only\n\n\n"] {
            let one = park(file.as_bytes(), &pair("ONE", "1")).unwrap();
            let two = park(&one, &pair("TWO", "2")).unwrap();
            assert_eq!(look(&two, "bartizan.ONE").unwrap().id.as_deref(), Some("ONE"), "{file:?}");
            for order in [["ONE", "TWO"], ["TWO", "ONE"]] {
                let left = order.iter().fold(two.clone(), |content, id| unpark(&content, id).unwrap());
                assert_eq!(text(&left), file);
            }
        }
    }

    #[test]
    fn what_others_wrote_into_a_parked_section_stays() {
        let file = "[a]\nx = 1\n[bartizan.ONE]\n# kept by bartizan while a rotation runs\naws_access_key_id = ONE\naws_secret_access_key = 1\nregion = y\n";
        assert_eq!(text(&unpark(file.as_bytes(), "ONE").unwrap()), "[a]\nx = 1\n[bartizan.ONE]\nregion = y\n");
    }

    #[test]
    fn what_is_ambiguous_is_refused() {
        let twice = b"[a]\naws_access_key_id = 1\n[b]\n[a]\naws_access_key_id = 2\n";
        assert!(matches!(set(twice, "a", &pair("I", "S")), Err(Trouble::Twice { property: ID, .. })));
        let long = b"[a]\naws_secret_access_key = 1\n\n  2\n";
        assert!(matches!(look(long, "a"), Err(Trouble::LongValue { property: SECRET, .. })));
        let commented = b"[a]\naws_secret_access_key = 1\n  # a note\naws_access_key_id = 2\n";
        assert!(look(commented, "a").unwrap().pair.is_some());
    }
}
