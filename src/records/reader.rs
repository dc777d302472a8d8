//! Takes records out of JSON of any wrapping.
//!
//! There is no list of wrappings: an object that is not a record is looked through, its lists, its objects and those of its texts
//! that are JSON again, packed or not. So EventBridge, CloudWatch Logs, SNS in SQS, Kinesis, Firehose and what comes next are one case.
//! A few names are known only to say more exactly what is missing in them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::documents::begins_like_records;
use super::foreign;
use super::scan::{Part, Parts};
use super::unpack::{gunzip, is_gzip, size};

/// Lists, objects and texts within each other.
pub(super) const DEEPEST: usize = 64;
/// Places of one file that are named; the others are counted.
const NAMED: usize = 5;

/// Members of one object.
const MOST_MEMBERS: usize = 10_000;
/// Bytes of one record. CloudTrail's are at most 1 MiB.
const LARGEST_RECORD: usize = 8 << 20;
/// How base64 begins of what begins as gzip or as JSON.
const BASE64: [&str; 6] = ["H4sI", "ey", "ew", "W3", "Ww", "Wy"];

/// Members that hold nothing but records or their wrappings: what is none of both is said.
const KNOWN: [&str; 13] = [
    "Records",
    "records",
    "Events",
    "events",
    "Findings",
    "findings",
    "logEvents",
    "Messages",
    "detail",
    "CloudTrailEvent",
    "hits",
    "results",
    "QueryResultRows",
];

/// What a file is searched for.
pub(super) trait Record: Sized {
    /// With its article: `an event`.
    const NAME: &'static str;
    /// What tells that an object is none: `it has no eventName`.
    const MISSING: &'static str;

    /// Whether an object is a record, or claims to be one.
    fn is_one(object: &Object<'_>) -> bool;

    /// Reads one.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it: `is not an event: …`.
    fn read(json: &str) -> Result<Self, String>;
}

/// An object whose members are known by name and place only.
#[derive(Debug)]
pub(super) struct Object<'a> {
    json: &'a [u8],
    parts: Vec<Part>,
}

impl<'a> Object<'a> {
    fn of(json: &'a [u8]) -> Self {
        Self { json, parts: Parts::of(json, 0).map_while(Result::ok).take(MOST_MEMBERS + 1).collect() }
    }

    fn json_of(&self, part: &Part) -> &'a [u8] {
        self.json.get(part.value.clone()).unwrap_or_default()
    }

    /// Whether there is a member that is not null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.parts.iter().any(|part| part.name == name && self.json_of(part) != b"null")
    }

    /// Whether one of two spellings is there: the API's and that of AWS Tools.
    pub(super) fn has_either(&self, small: &str, capital: &str) -> bool {
        self.has(small) || self.has(capital)
    }

    /// A member that is a text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let part = self.parts.iter().find(|part| part.name == name)?;
        serde_json::from_slice(self.json_of(part)).ok()
    }

    fn holds_empty_list(&self) -> bool {
        self.parts.iter().any(|part| KNOWN.contains(&part.name.as_str()) && is_empty_list(self.json_of(part)))
    }
}

/// What was found in one file beside its records.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) records: usize,
    pub(super) problems: Vec<String>,
    /// All of them, those that are not named among them.
    pub(super) broken: usize,
    /// What is whole, but something else, by its name.
    pub(super) foreign: BTreeMap<&'static str, usize>,
    /// Lists without anything in them.
    pub(super) empty: usize,
}

/// Reads one file.
pub(super) struct Reader<'a, R> {
    sink: &'a mut dyn FnMut(R),
    pub(super) tally: Tally,
    /// How many bytes may still be unpacked from texts.
    room: usize,
}

impl<'a, R: Record> Reader<'a, R> {
    pub(super) fn new(sink: &'a mut dyn FnMut(R), room: usize) -> Self {
        Self { sink, tally: Tally::default(), room }
    }

    pub(super) fn problem(&mut self, at: &str, what: &str) {
        self.tally.broken += 1;
        if self.tally.problems.len() < NAMED {
            let at = at.trim_end_matches([' ', ':']);
            self.tally.problems.push(format!("{at} {what}").trim_start().to_owned());
        }
    }

    /// Takes the records out of one whole value. The answer says whether there were any, or anything was said. What is `expected`
    /// to be a record or to hold some, and does not, is said.
    pub(super) fn value(&mut self, json: &[u8], at: &str, depth: usize, expected: bool) -> bool {
        if depth >= DEEPEST {
            self.problem(at, &format!("is not read: it lies more than {DEEPEST} wrappings deep"));
            return true;
        }
        match json.first() {
            Some(b'[') => self.list(json, at, depth, expected),
            Some(b'{') => self.object(json, at, depth, expected),
            Some(b'"') => {
                let text: String = serde_json::from_slice(json).unwrap_or_default();
                self.text(&text, at, depth) || expected && self.is_none(at, "a text")
            }
            _ => expected && self.is_none(at, kind(json)),
        }
    }

    fn is_none(&mut self, at: &str, kind: &str) -> bool {
        self.problem(at, &format!("is not {} but {kind}", R::NAME));
        true
    }

    fn list(&mut self, json: &[u8], at: &str, depth: usize, expected: bool) -> bool {
        let mut parts = Parts::of(json, 0).map_while(Result::ok).peekable();
        let Some(first) = parts.peek() else {
            self.tally.empty += usize::from(expected);
            return expected;
        };
        let is_row = is_row(json.get(first.value.clone()).unwrap_or_default(), at) || at.ends_with(']') && is_mixed(json);
        let mut others = Vec::new();
        let mut any = false;
        for (index, part) in parts.enumerate() {
            let part = json.get(part.value).unwrap_or_default();
            if self.value(part, &format!("{at}[{index}]"), depth + 1, expected && !is_row) {
                any = true;
            } else if others.len() < NAMED && !is_row {
                others.push((index, kind(part)));
            }
        }
        if any {
            // What stands among records should be one.
            for (index, kind) in others {
                self.is_none(&format!("{at}[{index}]"), kind);
            }
        } else if expected {
            self.problem(at, &format!("has no field that holds {}", R::NAME));
        }
        any || expected
    }

    fn object(&mut self, json: &[u8], at: &str, depth: usize, expected: bool) -> bool {
        let object = Object::of(json);
        if object.parts.len() > MOST_MEMBERS {
            self.problem(at, &format!("is not read: it has more than {MOST_MEMBERS} members"));
            return true;
        }
        if R::is_one(&object) {
            self.record(json, at);
            return true;
        }
        if let Some(name) = foreign::name(&object) {
            *self.tally.foreign.entry(name).or_default() += 1;
            return true;
        }
        let mut any = false;
        for part in &object.parts {
            any |= self.member(json, part, at, depth);
        }
        if any {
            return true;
        }
        if object.holds_empty_list() {
            self.tally.empty += 1;
            return true;
        }
        if expected {
            self.problem(at, &format!("is not {}: {}", R::NAME, R::MISSING));
        }
        expected
    }

    /// A member of a wrapping.
    pub(super) fn member(&mut self, json: &[u8], part: &Part, at: &str, depth: usize) -> bool {
        let value = json.get(part.value.clone()).unwrap_or_default();
        match value.first() {
            Some(b'{' | b'[') => {
                let is_known = KNOWN.contains(&part.name.as_str()) && !is_empty_list(value);
                self.value(value, &join(at, &part.name), depth + 1, is_known)
            }
            Some(b'"') => {
                let at = join(at, &part.name);
                let text: String = serde_json::from_slice(value).unwrap_or_default();
                self.text(&text, &at, depth + 1) || part.name == "CloudTrailEvent" && self.is_none(&at, "a text that is not JSON")
            }
            _ => false,
        }
    }

    /// A text that may be JSON, or JSON packed and written in base64 (`awslogs.data`, Kinesis).
    fn text(&mut self, text: &str, at: &str, depth: usize) -> bool {
        let content = text.trim();
        if begins_like_records(content.as_bytes()) {
            return content.len() > 2 && self.documents(content.as_bytes(), at, depth + 1, false);
        }
        if content.len() < 8 || !BASE64.iter().any(|start| content.starts_with(start)) {
            return false;
        }
        let Ok(bytes) = STANDARD.decode(content) else { return false };
        let bytes = if is_gzip(&bytes) { self.unpacked(&bytes, at) } else { bytes };
        begins_like_records(&bytes) && self.documents(&bytes, at, depth + 1, false)
    }

    fn unpacked(&mut self, bytes: &[u8], at: &str) -> Vec<u8> {
        let mut problems = Vec::new();
        let bytes = gunzip(bytes, self.room, &mut problems);
        self.room = self.room.saturating_sub(bytes.len());
        for problem in problems {
            self.problem(at, &problem);
        }
        bytes
    }

    fn record(&mut self, json: &[u8], at: &str) {
        if json.len() > LARGEST_RECORD {
            return self.problem(at, &format!("is not read: it is larger than {}", size(LARGEST_RECORD)));
        }
        let read = std::str::from_utf8(json).map_err(|_| "is not UTF-8".to_owned()).and_then(R::read);
        match read {
            Ok(record) => {
                self.tally.records += 1;
                (self.sink)(record);
            }
            Err(what) => self.problem(at, &what),
        }
    }
}

/// `Records` and `[3]` as `Records[3]`; a document's line before it as `line 7: Records`.
pub(super) fn join(at: &str, name: &str) -> String {
    if at.is_empty() || at.ends_with(": ") { format!("{at}{name}") } else { format!("{at}.{name}") }
}

/// Whether a list has words or numbers beside its records, as each row of `--query 'Events[].[Username, CloudTrailEvent]'` has.
fn is_mixed(json: &[u8]) -> bool {
    let mut parts = Parts::of(json, 0).map_while(Result::ok).map(|part| json.get(part.value).unwrap_or_default());
    parts.any(|part| match part.first() {
        Some(b'{' | b'[') => false,
        Some(b'"') => !serde_json::from_slice::<String>(part).is_ok_and(|text| begins_like_records(text.as_bytes())),
        _ => true,
    })
}

fn is_empty_list(json: &[u8]) -> bool {
    matches!(json, [b'[', inner @ .., b']'] if inner.trim_ascii().is_empty())
}

/// Whether a list is one row, of whose fields one has the record, by its first field: `{"field": "@message", "value": "…"}` of Logs
/// Insights, `{"eventJson": "…"}` of CloudTrail Lake.
fn is_row(first: &[u8], at: &str) -> bool {
    if first.first() != Some(&b'{') {
        return false;
    }
    let object = Object::of(first);
    object.has("field") && object.parts.len() == 2 || object.parts.len() == 1 && at.contains("QueryResultRows[")
}

/// What a value is, in JSON's word.
fn kind(json: &[u8]) -> &'static str {
    match serde_json::from_slice::<Value>(json) {
        Ok(Value::Null) => "null",
        Ok(Value::Bool(_)) => "true or false",
        Ok(Value::Number(_)) => "a number",
        Ok(Value::String(_)) => "a text",
        Ok(Value::Array(_)) => "a list",
        Ok(Value::Object(_)) => "an object",
        Err(_) => "a word that is not JSON",
    }
}
