//! One event as `LookupEvents` gives it: the JSON text, and the few members beside it that can be searched.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::resources;

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// `eventID`.
    pub id: String,
    /// `eventTime`.
    pub time: Timestamp,
    /// `awsRegion`.
    pub region: String,
    /// `eventName`.
    pub name: String,
    /// `eventSource`.
    pub source: String,
    /// Who, in CloudTrail's word: user name, role session name, `root`.
    pub username: Option<String>,
    /// `userIdentity.accessKeyId`.
    pub access_key: Option<String>,
    /// `readOnly`; old events have none.
    pub read_only: Option<bool>,
    /// Types and names of what it was about.
    pub resources: Vec<(String, String)>,
    /// The event as JSON text.
    pub text: String,
}

impl Record {
    /// Reads an event. `None`: it has no `eventID`, `eventName`, `eventSource`, `awsRegion` or a readable `eventTime`.
    pub fn from_event(event: &Value) -> Option<Self> {
        let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            id: text("eventID")?,
            time: text("eventTime")?.parse().ok()?,
            region: text("awsRegion")?,
            name: text("eventName")?,
            source: text("eventSource")?,
            username: username(event),
            access_key: event
                .pointer("/userIdentity/accessKeyId")
                .and_then(Value::as_str)
                .filter(|id| !id.is_empty())
                .map(str::to_owned),
            read_only: match event.get("readOnly") {
                Some(Value::Bool(read_only)) => Some(*read_only),
                Some(Value::String(word)) => word.parse().ok(),
                _ => None,
            },
            resources: resources::of(event),
            text: event.to_string(),
        })
    }

    /// Whether an attribute of the event has a value. Names are compared exactly, as CloudTrail does.
    pub fn has(&self, attribute: Attribute, value: &str) -> bool {
        match attribute {
            Attribute::EventId => self.id == value,
            Attribute::EventName => self.name == value,
            Attribute::ReadOnly => self.read_only.is_some_and(|read_only| value == if read_only { "true" } else { "false" }),
            Attribute::Username => self.username.as_deref() == Some(value),
            Attribute::ResourceType => self.resources.iter().any(|(kind, _)| kind == value),
            Attribute::ResourceName => self.resources.iter().any(|(_, name)| name == value),
            Attribute::EventSource => self.source == value,
            Attribute::AccessKeyId => self.access_key.as_deref() == Some(value),
        }
    }

    /// The event in the API's form.
    pub fn answer(&self) -> Value {
        let resources: Vec<Value> =
            self.resources.iter().map(|(kind, name)| json!({"ResourceType": kind, "ResourceName": name})).collect();
        let mut answer = Map::new();
        let mut set = |name: &str, value: Value| {
            if !value.is_null() {
                answer.insert(name.to_owned(), value);
            }
        };
        set("EventId", json!(self.id));
        set("EventName", json!(self.name));
        set("ReadOnly", json!(self.read_only.map(|read_only| read_only.to_string())));
        set("AccessKeyId", json!(self.access_key));
        set("EventTime", json!(self.time.as_second()));
        set("EventSource", json!(self.source));
        set("Username", json!(self.username));
        set("Resources", json!(resources));
        set("CloudTrailEvent", json!(self.text));
        Value::Object(answer)
    }
}

/// The eight attributes that `LookupEvents` searches by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribute {
    /// `EventId`.
    EventId,
    /// `EventName`.
    EventName,
    /// `ReadOnly`.
    ReadOnly,
    /// `Username`.
    Username,
    /// `ResourceType`.
    ResourceType,
    /// `ResourceName`.
    ResourceName,
    /// `EventSource`.
    EventSource,
    /// `AccessKeyId`.
    AccessKeyId,
}

impl Attribute {
    /// Reads AWS's word.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "EventId" => Self::EventId,
            "EventName" => Self::EventName,
            "ReadOnly" => Self::ReadOnly,
            "Username" => Self::Username,
            "ResourceType" => Self::ResourceType,
            "ResourceName" => Self::ResourceName,
            "EventSource" => Self::EventSource,
            "AccessKeyId" => Self::AccessKeyId,
            _ => return None,
        })
    }
}

/// The user name, the name of the role's session, or `root`; services have none.
fn username(event: &Value) -> Option<String> {
    let identity = event.get("userIdentity")?;
    let text = |name: &str| identity.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    match text("type") {
        Some("Root") => Some("root".into()),
        Some("AssumedRole") => text("principalId").and_then(|id| id.split_once(':')).map(|(_, session)| session.to_owned()),
        Some("AWSService") => None,
        _ => text("userName").map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assumed_role_goes_by_its_session() {
        let event = json!({
            "eventID": "e", "eventTime": "2026-11-21T12:00:00Z", "awsRegion": "us-east-1", "eventName": "DescribeInstances",
            "eventSource": "ec2.amazonaws.com", "readOnly": true,
            "userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLE:deploy-42", "accessKeyId": "ASIAEXAMPLE"},
        });
        let record = Record::from_event(&event).unwrap();
        assert_eq!(record.username.as_deref(), Some("deploy-42"));
        assert!(record.has(Attribute::ReadOnly, "true"));
        let answer = record.answer();
        assert_eq!(answer["ReadOnly"], "true");
        assert_eq!(serde_json::from_str::<Value>(answer["CloudTrailEvent"].as_str().unwrap()).unwrap(), event);
    }

    #[test]
    fn what_has_no_time_is_no_event() {
        assert_eq!(Record::from_event(&json!({"eventID": "e", "eventTime": "yesterday"})), None);
    }
}
