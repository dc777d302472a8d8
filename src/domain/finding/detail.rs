//! A finding taken apart in the order of the first questions: how bad, who, from where, what, to what, how did it go on.

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::age::utc;
use crate::domain::detail::{Field, Leaves, Section, push};
use crate::domain::json::{at, items, text, time};

/// The sections of a finding's JSON. Every value of the record is in one of them.
pub fn detail(raw: &str) -> Vec<Section> {
    let Ok(value) = serde_json::from_str::<Value>(raw) else {
        return vec![Section { title: "Record (not JSON)".into(), fields: vec![Field::new("text", raw)] }];
    };
    let mut leaves = Leaves::of(&value);
    let mut sections = Vec::new();
    push(&mut sections, "Finding", leaves.take_named(FINDING));
    push(&mut sections, "Signals, oldest first", signals(&value));
    let mut actor = leaves.take_below("resource.accessKeyDetails");
    actor.extend(leaves.take_below("resource.kubernetesDetails.kubernetesUserDetails"));
    actor.extend(leaves.take_below("resource.rdsDbUserDetails"));
    actor.extend(leaves.take_below("service.detection.sequence.actors"));
    push(&mut sections, "Actor", actor);
    let mut remote = leaves.take_with(&["remoteIpDetails.", "remotePortDetails."]);
    remote.extend(leaves.take_below("service.detection.sequence.endpoints"));
    push(&mut sections, "Remote address", remote);
    let action = leaves.take_below("service.action");
    push(&mut sections, "Action", action);
    let mut resource = leaves.take_below("resource");
    resource.extend(leaves.take_below("service.detection.sequence.resources"));
    push(&mut sections, "Resource", resource);
    push(&mut sections, "Attack sequence", leaves.take_below("service.detection.sequence"));
    push(&mut sections, "Evidence", leaves.take_below("service.evidence"));
    push(&mut sections, "Additional information", additional(&mut leaves));
    push(&mut sections, "Service", leaves.take_below("service"));
    push(&mut sections, "Other", leaves.take_rest());
    sections
}

const FINDING: &[(&str, &str)] = &[
    ("severity", "severity"),
    ("type", "type"),
    ("title", "title"),
    ("description", "description"),
    ("account", "accountId"),
    ("region", "region"),
    ("resource type", "resource.resourceType"),
    ("role of the resource", "service.resourceRole"),
    ("count", "service.count"),
    ("first seen", "service.eventFirstSeen"),
    ("last seen", "service.eventLastSeen"),
    ("created", "createdAt"),
    ("updated", "updatedAt"),
    ("archived", "service.archived"),
    ("feedback", "service.userFeedback"),
    ("confidence", "confidence"),
    ("part of attack sequence", "associatedAttackSequenceArn"),
    ("id", "id"),
    ("ARN", "arn"),
];

/// What the ids in a sequence's signals stand for.
type Named = Vec<(String, String)>;

fn known_by_id(value: &Value, list: &str, names: &[&str]) -> Named {
    let named = |item: &Value| Some((text(item, "id")?, names.iter().find_map(|path| text(item, path))?));
    items(value, list).filter_map(named).collect()
}

fn by(known: &Named, signal: &Value, ids: &str) -> Option<String> {
    let Some(Value::Array(ids)) = at(signal, ids) else { return None };
    let name = |id: &Value| known.iter().find(|(known, _)| id == known.as_str()).map(|(_, name)| name.as_str());
    let names: Vec<&str> = ids.iter().filter_map(name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// The signals of an attack sequence as a timeline.
fn signals(value: &Value) -> Vec<Field> {
    let actors = known_by_id(value, "service.detection.sequence.actors", &["user.name", "process.name", "user.uid"]);
    let endpoints = known_by_id(value, "service.detection.sequence.endpoints", &["ip", "domain"]);
    let mut timed: Vec<(Option<Timestamp>, Field)> = items(value, "service.detection.sequence.signals")
        .map(|signal| {
            let seen = time(signal, "firstSeenAt").or_else(|| time(signal, "createdAt"));
            let word = |path: &str| text(signal, path);
            let mut told = vec![word("name").or_else(|| word("uid")).unwrap_or_else(|| "signal without a name".to_owned())];
            told.extend(word("type").map(|kind| format!("({kind})")));
            told.extend(word("severity").map(|severity| format!("severity {severity}")));
            told.extend(word("count").map(|count| format!("×{count}")));
            told.extend(time(signal, "lastSeenAt").map(|last| format!("until {}", utc(last))));
            told.extend(by(&actors, signal, "actorIds").map(|names| format!("by {names}")));
            told.extend(by(&endpoints, signal, "endpointIds").map(|places| format!("from {places}")));
            (seen, Field::new(seen.map_or_else(|| "time unknown".to_owned(), utc), told.join(" ")))
        })
        .collect();
    timed.sort_by_key(|(seen, _)| *seen);
    timed.into_iter().map(|(_, field)| field).collect()
}

/// The API packs this member into a text of JSON.
fn additional(leaves: &mut Leaves) -> Vec<Field> {
    let mut fields = Vec::new();
    if let Some(packed) = leaves.take("service.additionalInfo.value") {
        match serde_json::from_str::<Value>(&packed) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) => fields.extend(Leaves::of(&value).take_rest()),
            _ => fields.push(Field::new("value", packed)),
        }
    }
    fields.extend(leaves.take_below("service.additionalInfo"));
    fields
}
