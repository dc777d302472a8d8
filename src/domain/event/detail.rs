//! An event taken apart in the order of the first questions: what, who, from where, to what, with what outcome.

use serde_json::Value;

use crate::domain::detail::{Field, Leaves, Section, push};

/// The sections of a record's JSON. Every value of the record is in one of them.
pub fn detail(raw: &str) -> Vec<Section> {
    let Ok(value) = serde_json::from_str::<Value>(raw) else {
        return vec![Section { title: "Record (not JSON)".into(), fields: vec![Field::new("text", raw)] }];
    };
    let mut leaves = Leaves::of(&value);
    let mut sections = Vec::new();
    push(&mut sections, "Event", leaves.take_named(EVENT));
    push(&mut sections, "Actor", leaves.take_below("userIdentity"));
    let mut origin = leaves.take_named(ORIGIN);
    origin.extend(leaves.take_below("tlsDetails"));
    push(&mut sections, "Origin", origin);
    push(&mut sections, "Request", leaves.take_below("requestParameters"));
    push(&mut sections, "Response", leaves.take_below("responseElements"));
    push(&mut sections, "Resources", leaves.take_below("resources"));
    let mut more = leaves.take_below("additionalEventData");
    more.extend(leaves.take_below("serviceEventDetails"));
    push(&mut sections, "Additional data", more);
    push(&mut sections, "Other", leaves.take_rest());
    sections
}

const EVENT: &[(&str, &str)] = &[
    ("name", "eventName"),
    ("service", "eventSource"),
    ("time", "eventTime"),
    ("region", "awsRegion"),
    ("account", "recipientAccountId"),
    ("error", "errorCode"),
    ("error message", "errorMessage"),
    ("read-only", "readOnly"),
    ("type", "eventType"),
    ("category", "eventCategory"),
    ("id", "eventID"),
];

const ORIGIN: &[(&str, &str)] = &[
    ("address", "sourceIPAddress"),
    ("user agent", "userAgent"),
    ("VPC endpoint", "vpcEndpointId"),
    ("signed in through", "sessionCredentialFromConsole"),
];
