//! Finds CloudTrail events in JSON of any wrapping.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Loaded;
use crate::emulator::svc::cloudtrail::Record;
use crate::emulator::svc::guardduty::build::hex;

/// Members that hold lists of records.
const LISTS: [&str; 6] = ["Records", "records", "Events", "events", "logEvents", "Messages"];
/// Members that hold one record as JSON text.
const TEXTS: [&str; 4] = ["CloudTrailEvent", "message", "Message", "@message"];

/// Takes the events out of a value. What is none is said.
pub(super) fn collect(value: Value, records: &mut Vec<Record>) -> Vec<String> {
    let mut problems = Vec::new();
    walk(value, "", records, &mut problems);
    problems
}

fn walk(value: Value, at: &str, records: &mut Vec<Record>, problems: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.into_iter().enumerate() {
                walk(item, &format!("{at}[{index}]"), records, problems);
            }
        }
        Value::Object(members) => object(members, at, records, problems),
        other => problems.push(format!("{at} is not an event but {}", kind(&other))),
    }
}

fn object(mut members: Map<String, Value>, at: &str, records: &mut Vec<Record>, problems: &mut Vec<String>) {
    if members.contains_key("eventName") || members.contains_key("EventName") && !members.contains_key("CloudTrailEvent") {
        match record(Value::Object(members)) {
            Ok(record) => records.push(record),
            Err(what) => problems.push(format!("{at} {what}")),
        }
        return;
    }
    for name in LISTS {
        if members.get(name).is_some_and(Value::is_array) {
            return walk(members.remove(name).unwrap_or_default(), &format!("{at}{name}"), records, problems);
        }
    }
    for name in TEXTS {
        if let Some(Value::String(text)) = members.get(name) {
            match serde_json::from_str(text) {
                Ok(value) => walk(value, &format!("{at}.{name}"), records, problems),
                Err(error) => problems.push(format!("{at}.{name} is not JSON: {error}")),
            }
            return;
        }
    }
    match members.remove("detail") {
        Some(detail @ Value::Object(_)) => walk(detail, &format!("{at}detail"), records, problems),
        _ => problems.push(format!("{at} is not an event: it has no eventName")),
    }
}

/// A record of an event. The text that goes out is the event as it came; only keys that begin with a capital are lowered.
fn record(event: Value) -> Result<Record, &'static str> {
    let event = if event.get("eventName").is_none() { lowered(event) } else { event };
    let mut facts = event.clone();
    if let Some(facts) = facts.as_object_mut() {
        let time = facts.get("eventTime").and_then(time).ok_or("is not an event: it has no eventTime that is a time")?;
        facts.insert("eventTime".into(), time.to_string().into());
        // Events that somebody stripped of their id get one made of what they say; those without a region are global ones.
        facts.entry("eventID").or_insert_with(|| hex(&event.to_string()).into());
        facts.entry("awsRegion").or_insert_with(|| "us-east-1".into());
        facts.entry("eventSource").or_insert_with(|| "unknown.amazonaws.com".into());
    }
    let mut record = Record::from_event(&facts).ok_or("is not an event: a member is not text")?;
    record.text = event.to_string();
    Ok(record)
}

/// ISO 8601, or epoch seconds or milliseconds.
fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => {
            let number = number.as_i64()?;
            if number > 100_000_000_000 { Timestamp::from_millisecond(number).ok() } else { Timestamp::from_second(number).ok() }
        }
        _ => None,
    }
}

/// Keys of the event and of `userIdentity` in CloudTrail's case. What callers wrote in `requestParameters` stays.
fn lowered(event: Value) -> Value {
    let Value::Object(members) = event else { return event };
    let lowered = members.into_iter().map(|(name, value)| match name.as_str() {
        "UserIdentity" => ("userIdentity".to_owned(), identity(value)),
        "AWSRegion" => ("awsRegion".to_owned(), value),
        "EventId" => ("eventID".to_owned(), value),
        "SourceIpAddress" => ("sourceIPAddress".to_owned(), value),
        _ => (lower_first(&name), value),
    });
    Value::Object(lowered.collect())
}

fn identity(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| (if name == "ARN" { "arn".to_owned() } else { lower_first(&name) }, identity(value)))
                .collect(),
        ),
        other => other,
    }
}

/// `AccountId` → `accountId`.
pub(super) fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// What a value is, in JSON's word.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// CloudTrail delivers at least once: the same event twice is one event. Two events with one id that differ both stay.
pub(super) fn without_repetitions(loaded: &mut Loaded<Record>) {
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let before = loaded.records.len();
    loaded.records.retain(|record| {
        let texts = seen.entry(record.id.clone()).or_default();
        let is_new = !texts.contains(&record.text);
        if is_new {
            texts.push(record.text.clone());
        }
        is_new
    });
    loaded.repeated += before - loaded.records.len();
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(id: &str) -> Value {
        json!({"eventID": id, "eventName": "ListUsers", "eventSource": "iam.amazonaws.com", "awsRegion": "us-east-1",
            "eventTime": "2023-07-10T12:00:00Z", "requestParameters": {"MaxItems": 5}})
    }

    #[test]
    fn events_are_found_in_every_wrapping() {
        let shapes = [
            json!({"Records": [event("1")]}),
            json!([event("1")]),
            event("1"),
            json!({"version": "0", "detail-type": "AWS API Call via CloudTrail", "detail": event("1")}),
            json!({"events": [{"timestamp": 1, "message": event("1").to_string()}]}),
            json!({"Events": [{"EventId": "1", "EventName": "ListUsers", "CloudTrailEvent": event("1").to_string()}]}),
        ];
        for shape in shapes {
            let mut records = Vec::new();
            assert_eq!(collect(shape.clone(), &mut records), Vec::<String>::new(), "{shape}");
            assert_eq!(records.len(), 1, "{shape}");
            assert_eq!(serde_json::from_str::<Value>(&records[0].text).unwrap(), event("1"));
        }
    }

    #[test]
    fn capital_keys_are_lowered_but_not_what_callers_wrote() {
        let shouted = json!({"EventId": "1", "EventName": "ListUsers", "EventSource": "iam.amazonaws.com", "AwsRegion": "us-east-1",
            "EventTime": 1_688_990_400, "UserIdentity": {"Type": "IAMUser", "UserName": "eve", "AccessKeyId": "AKIAEXAMPLE"},
            "RequestParameters": {"MaxItems": 5}});
        let mut records = Vec::new();
        assert!(collect(shouted, &mut records).is_empty());
        assert_eq!(records[0].username.as_deref(), Some("eve"));
        assert!(records[0].text.contains("\"MaxItems\":5"));
    }

    #[test]
    fn what_is_no_event_is_said() {
        let mut records = Vec::new();
        let problems = collect(json!({"Records": [event("1"), 7, {"eventName": "x"}, {"digest": true}]}), &mut records);
        assert_eq!(records.len(), 1);
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].starts_with("Records[1]"), "{problems:?}");
    }
}
