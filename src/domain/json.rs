//! Looking into JSON whose writer is not always the same: the API writes `accountId`, AWS Tools for PowerShell `AccountId`.

use jiff::Timestamp;
use serde_json::Value;

use super::text::Untrusted;

/// The value at a path of member names and list positions, `service.action.portProbeDetails.0.localPortDetails`.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, step| match value {
        Value::Object(members) => members
            .get(step)
            .or_else(|| members.iter().find(|(name, _)| name.eq_ignore_ascii_case(step)).map(|(_, member)| member)),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

/// The text at a path; numbers and truth values count as their text, empty text as none.
pub(crate) fn text(value: &Value, path: &str) -> Option<String> {
    match at(value, path)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        number @ (Value::Number(_) | Value::Bool(_)) => Some(number.to_string()),
        _ => None,
    }
}

/// Like [`text`], as text that strangers wrote.
pub(crate) fn untrusted(value: &Value, path: &str) -> Option<Untrusted> {
    text(value, path).map(Untrusted::new)
}

/// The first of several paths that leads to a text.
pub(crate) fn first(value: &Value, paths: &[&str]) -> Option<Untrusted> {
    paths.iter().find_map(|path| untrusted(value, path))
}

/// The items of the list at a path; a single object counts as a list of one.
pub(crate) fn items<'a>(value: &'a Value, path: &str) -> impl Iterator<Item = &'a Value> {
    match at(value, path) {
        Some(Value::Array(items)) => items.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    }
    .iter()
}

/// A truth value, also written as text.
pub(crate) fn truth(value: &Value, path: &str) -> Option<bool> {
    match at(value, path)? {
        Value::Bool(truth) => Some(*truth),
        Value::String(word) if word.eq_ignore_ascii_case("true") => Some(true),
        Value::String(word) if word.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A time: RFC 3339 text, or seconds or milliseconds since 1970.
pub(crate) fn time(value: &Value, path: &str) -> Option<Timestamp> {
    match at(value, path)? {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => epoch(number.as_f64()?),
        _ => None,
    }
}

/// Numbers above this are milliseconds: as seconds they would lie beyond the year 5000.
const MILLISECONDS_FROM: f64 = 1e11;

fn epoch(number: f64) -> Option<Timestamp> {
    let seconds = if number.abs() >= MILLISECONDS_FROM { number / 1000.0 } else { number };
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and the constructor refuses what is out of range")]
    Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_and_all_kinds_of_time() {
        let value = serde_json::json!({"Service": {"EventFirstSeen": "2020-01-02T03:04:05.678Z"}, "at": 1_577_934_245, "ms": 1_577_934_245_000_i64, "f": 1.5});
        assert_eq!(time(&value, "service.eventFirstSeen").unwrap().as_second(), 1_577_934_245);
        assert_eq!(time(&value, "at"), time(&value, "ms"));
        assert_eq!(time(&value, "f").unwrap().as_millisecond(), 1500);
        assert_eq!(time(&value, "nothing.there"), None);
    }
}
