//! CloudTrail events.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::reader::{Object, Record};
use super::scan::without_blanks;
use crate::domain::json;

/// An event as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `eventID`; where there is none, a digest of what the event says.
    pub id: String,
    /// `recipientAccountId`; empty where there is none.
    pub account: String,
    /// `awsRegion`; events without one are global: `us-east-1`.
    pub region: String,
    /// `eventSource`.
    pub source: String,
    /// `eventName`; of an Insights event that of the calls it is about.
    pub name: String,
    /// `eventTime`.
    pub time: Timestamp,
    /// The event in the very words in which it came, without blanks. Only keys that AWS Tools (`EventName`) or
    /// Athena (`eventname`) spell otherwise get CloudTrail's spelling.
    pub text: String,
}

impl Record for Event {
    const NAME: &'static str = "an event";
    const MISSING: &'static str = "it has no eventName";

    fn is_one(object: &Object<'_>) -> bool {
        // S3, SQS, Kinesis and DynamoDB tell Lambda of their own events in the same words.
        let is_notification = object.text("eventSource").is_some_and(|source| source.starts_with("aws:"));
        let is_envelope = object.has("CloudTrailEvent");
        let is_named = (object.has_either("eventName", "EventName") || object.has("eventname")) && !is_envelope;
        let is_of_a_trail =
            object.has("eventID") && object.has("eventTime") && (object.has("eventType") || object.has("eventCategory"));
        !is_notification && (is_named || is_of_a_trail || object.has("insightDetails"))
    }

    fn read(json: &str) -> Result<Self, String> {
        let value = parse(json)?;
        let has = |name: &str| value.get(name).is_some();
        let (is_shouted, is_flat) = (has("EventName"), has("eventname"));
        let is_respelt = !has("eventName") && (is_shouted || is_flat);
        let value = match (is_respelt, is_shouted) {
            (true, true) => lowered(value),
            (true, false) => recased(value),
            (false, _) => value,
        };
        let text = |paths: &[&str]| paths.iter().find_map(|path| json::text(&value, path));
        let time = json::time(&value, "eventTime").ok_or("is not an event: it has no eventTime that is a time")?;
        Ok(Self {
            id: text(&["eventID"]).unwrap_or_else(|| digest(&value.to_string())),
            account: text(&["recipientAccountId"]).unwrap_or_default(),
            region: text(&["awsRegion"]).unwrap_or_else(|| "us-east-1".into()),
            source: text(&["eventSource", "insightDetails.eventSource"]).unwrap_or_else(|| "unknown.amazonaws.com".into()),
            name: text(&["eventName", "insightDetails.eventName", "eventType", "eventCategory"])
                .ok_or("is not an event: it has no eventName")?,
            time,
            text: if is_respelt { value.to_string() } else { without_blanks(json) },
        })
    }
}

impl Event {
    /// The event with the members that everybody expects, those among them that it came without.
    pub fn value(&self) -> Value {
        let mut value: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let own = [
            ("eventID", &self.id),
            ("awsRegion", &self.region),
            ("eventSource", &self.source),
            ("eventName", &self.name),
            ("eventTime", &self.time.to_string()),
        ];
        if let Some(members) = value.as_object_mut() {
            members.extend(own.map(|(name, text)| (name.to_owned(), Value::from(text.as_str()))));
        }
        value
    }
}

/// What makes two events the same: CloudTrail delivers at least once, and two trails deliver the same event twice, with its members in
/// another order. Examples of documentation share one id, but not name and time.
type Key = (String, String, i64, String, String);

/// Tells which events were there before.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeSet<Key>);

impl Seen {
    /// Whether an event is the first of its kind.
    pub(super) fn is_new(&mut self, event: &Event) -> bool {
        let texts = [&event.id, &event.account, &event.source, &event.name].map(Clone::clone);
        let [id, account, source, name] = texts;
        self.0.insert((id, account, event.time.as_second(), source, name))
    }
}

/// JSON that is not nested too deeply.
pub(super) fn parse(json: &str) -> Result<Value, String> {
    serde_json::from_str(json).map_err(|error| {
        if error.to_string().contains("recursion") {
            "is not read: it is nested more than 128 deep".to_owned()
        } else {
            format!("is not JSON: {error}")
        }
    })
}

/// 32 hexadecimal digits that stand for a text.
fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Keys of the event and of `userIdentity` in CloudTrail's case. What callers wrote in `requestParameters` stays.
fn lowered(event: Value) -> Value {
    let Value::Object(members) = event else { return event };
    let lowered: Map<String, Value> = members
        .into_iter()
        .map(|(name, value)| match name.as_str() {
            "UserIdentity" => ("userIdentity".to_owned(), identity(value)),
            "AWSRegion" => ("awsRegion".to_owned(), value),
            "EventId" => ("eventID".to_owned(), value),
            "SourceIpAddress" => ("sourceIPAddress".to_owned(), value),
            _ => (lower_first(&name), value),
        })
        .collect();
    Value::Object(lowered)
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

/// Names of members whose capitals Athena's tables have lost.
const NAMES: [&str; 42] = [
    "accessKeyId",
    "accountId",
    "additionalEventData",
    "apiVersion",
    "attributes",
    "awsRegion",
    "creationDate",
    "errorCode",
    "errorMessage",
    "eventCategory",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "identityStoreArn",
    "invokedBy",
    "managementEvent",
    "mfaAuthenticated",
    "onBehalfOf",
    "principalId",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "resources",
    "responseElements",
    "serviceEventDetails",
    "sessionContext",
    "sessionCredentialFromConsole",
    "sessionIssuer",
    "sharedEventID",
    "sourceIPAddress",
    "tlsDetails",
    "tlsVersion",
    "userAgent",
    "userId",
    "userIdentity",
    "userName",
    "vpcEndpointAccountId",
    "vpcEndpointId",
];

/// Members that Athena's table of CloudTrail has as texts of JSON.
const TEXTS: [&str; 4] = ["requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"];

/// An event as a row of Athena's table: keys in small letters, and the members that differ from call to call as texts.
fn recased(event: Value) -> Value {
    let Value::Object(members) = event else { return event };
    let recased = members.into_iter().map(|(name, value)| {
        let name = NAMES.iter().find(|known| known.eq_ignore_ascii_case(&name)).map_or(name, |known| (*known).to_owned());
        let value = match value {
            Value::String(text) if TEXTS.contains(&name.as_str()) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
            value if TEXTS.contains(&name.as_str()) => value,
            value => recased(value),
        };
        (name, value)
    });
    Value::Object(recased.collect())
}

/// `AccountId` → `accountId`.
pub(super) fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase().to_string() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn capital_keys_are_lowered_but_not_what_callers_wrote() {
        let shouted = json!({"EventId": "1", "EventName": "ListUsers", "EventSource": "iam.amazonaws.com", "AwsRegion": "us-east-1",
            "EventTime": 1_688_990_400, "UserIdentity": {"Type": "IAMUser", "UserName": "eve", "AccessKeyId": "AKIAEXAMPLE"},
            "RequestParameters": {"MaxItems": 5}});
        let event = Event::read(&shouted.to_string()).unwrap();
        assert_eq!(event.value()["userIdentity"]["userName"], "eve");
        assert!(event.text.contains("\"MaxItems\":5"));
    }

    #[test]
    fn a_row_of_athena_is_an_event() {
        let row = json!({"eventid": "1", "eventname": "CreateUser", "eventsource": "iam.amazonaws.com", "awsregion": "us-east-1",
            "eventtime": "2026-11-20T10:44:00Z", "useridentity": {"type": "IAMUser", "username": "eve", "sessioncontext": {"sessionissuer": {"username": "x"}}},
            "requestparameters": "{\"userName\":\"mallory\"}", "responseelements": null});
        let event = Event::read(&row.to_string()).unwrap();
        let value = event.value();
        assert_eq!((event.id.as_str(), event.name.as_str()), ("1", "CreateUser"));
        assert_eq!(value["userIdentity"]["userName"], "eve");
        assert_eq!(value["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"], "x");
        assert_eq!(value["requestParameters"]["userName"], "mallory");
    }

    #[test]
    fn an_event_goes_out_in_the_words_in_which_it_came() {
        let json = "{ \"eventTime\" : \"2023-07-10T12:00:00+02:00\",\n\t\"eventName\": \"A\", \"n\": 1.50, \"big\": 12345678901234567890123 }";
        let event = Event::read(json).unwrap();
        assert_eq!(
            event.text,
            r#"{"eventTime":"2023-07-10T12:00:00+02:00","eventName":"A","n":1.50,"big":12345678901234567890123}"#
        );
        assert_eq!(event.value()["eventTime"], "2023-07-10T10:00:00Z");
        assert_eq!((event.region.as_str(), event.id.len()), ("us-east-1", 32));
    }

    #[test]
    fn an_insight_goes_by_the_calls_it_is_about() {
        let insight = json!({"eventID": "1", "eventTime": "2026-11-20T10:44:00Z", "eventType": "AwsCloudTrailInsight", "awsRegion": "eu-west-1",
            "insightDetails": {"state": "Start", "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances"}});
        let event = Event::read(&insight.to_string()).unwrap();
        assert_eq!((event.name.as_str(), event.source.as_str()), ("RunInstances", "ec2.amazonaws.com"));
    }

    #[test]
    fn one_event_in_two_spellings_is_one_and_two_with_one_id_are_two() {
        let read = |text: &str| Event::read(text).unwrap();
        let mut seen = Seen::default();
        assert!(seen.is_new(&read(r#"{"eventID":"1","eventName":"A","eventTime":"2023-07-10T12:00:00Z","x":1}"#)));
        assert!(!seen.is_new(&read(r#"{"x":"1","eventTime":"2023-07-10T14:00:00+02:00","eventName":"A","eventID":"1"}"#)));
        assert!(seen.is_new(&read(r#"{"eventID":"1","eventName":"B","eventTime":"2023-07-10T12:00:00Z"}"#)));
        assert!(
            seen.is_new(&read(r#"{"eventID":"1","eventName":"A","eventTime":"2023-07-10T12:00:00Z","recipientAccountId":"2"}"#))
        );
    }
}
