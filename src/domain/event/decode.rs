//! From a CloudTrail record to the row.

use serde_json::Value;

use super::target::target;
use super::{Event, outcome};
use crate::domain::evidence::Evidence;
use crate::domain::json::{at, first, text, time, truth, untrusted};
use crate::domain::text::Untrusted;

/// A call on more things than this is told by the first of them.
const MOST_TARGETS: usize = 50;

/// Reads one record. `None` only where there is no time in it: without one it has no place in a trail.
pub fn decode(value: &Value, raw: Evidence) -> Option<Event> {
    let or_empty = |path: &str| untrusted(value, path).unwrap_or_else(|| Untrusted::new(""));
    let identity = at(value, "userIdentity").unwrap_or(&Value::Null);
    let (outcome, error) = outcome::of(value);
    let mut targets = target(value).map(|target| target.values).unwrap_or_default().into_iter().map(Untrusted::new);
    Some(Event {
        id: untrusted(value, "eventID").unwrap_or_else(|| raw.stand_in()),
        time: time(value, "eventTime")?,
        name: name(value),
        source: first(value, &["eventSource", "insightDetails.eventSource"]).unwrap_or_else(|| Untrusted::new("")),
        region: or_empty("awsRegion"),
        account: first(value, &["recipientAccountId", "userIdentity.accountId"]).unwrap_or_else(|| Untrusted::new("")),
        actor: actor(identity, value),
        actor_type: untrusted(identity, "type").unwrap_or_else(|| Untrusted::new("Unknown")),
        issuer: untrusted(identity, "sessionContext.sessionIssuer.arn"),
        access_key: untrusted(identity, "accessKeyId"),
        target: targets.next(),
        more_targets: targets.take(MOST_TARGETS).collect(),
        origin: or_empty("sourceIPAddress"),
        user_agent: or_empty("userAgent"),
        outcome,
        error,
        read_only: truth(value, "readOnly"),
        partial: false,
        raw,
    })
}

/// `eventName`. An Insights event has none: it is named after the calls it reports, and says that it is a report.
fn name(record: &Value) -> Untrusted {
    if let Some(name) = untrusted(record, "eventName") {
        return name;
    }
    match untrusted(record, "insightDetails.eventName") {
        Some(calls) => Untrusted::new(format!("Insight: {}", calls.raw())),
        None => first(record, &["insightDetails.insightType", "eventType"]).unwrap_or_else(|| Untrusted::new("")),
    }
}

/// The actor in one short name, by the type of identity (CloudTrail user guide, "userIdentity element").
fn actor(identity: &Value, record: &Value) -> Untrusted {
    let kind = text(identity, "type").unwrap_or_default();
    let named = match kind.as_str() {
        "Root" => Some(Untrusted::new("root")),
        "AssumedRole" => role_session(identity),
        "FederatedUser" => after_slash(identity),
        "AWSService" => first(identity, &["invokedBy"]),
        "AWSAccount" => first(identity, &["accountId", "principalId"]),
        "IdentityCenterUser" => first(identity, &["userName", "onBehalfOf.userId"]),
        "SAMLUser" | "WebIdentityUser" => first(identity, &["userName", "principalId"]),
        _ => None,
    };
    named
        .or_else(|| first(identity, &["userName", "sessionContext.sessionIssuer.userName", "invokedBy"]))
        .or_else(|| after_slash(identity))
        .or_else(|| first(identity, &["principalId", "accountId"]))
        // A failed console sign-in as a user that does not exist has nothing but the event's own words.
        .or_else(|| first(record, &["additionalEventData.UserName", "serviceEventDetails.userName"]))
        .or_else(|| at(record, "insightDetails").map(|_| Untrusted::new("CloudTrail Insights")))
        .unwrap_or_else(|| Untrusted::new(if kind.is_empty() { "unknown" } else { &kind }))
}

/// `arn:aws:sts::…:assumed-role/ROLE/SESSION` as `ROLE/SESSION`.
fn role_session(identity: &Value) -> Option<Untrusted> {
    let arn = text(identity, "arn");
    let after = arn.as_deref().and_then(|arn| arn.split_once(":assumed-role/")).map(|(_, after)| Untrusted::new(after));
    after.or_else(|| {
        let role = text(identity, "sessionContext.sessionIssuer.userName")?;
        let session = text(identity, "principalId").and_then(|id| id.split_once(':').map(|(_, session)| session.to_owned()));
        Some(Untrusted::new(session.map_or(role.clone(), |session| format!("{role}/{session}"))))
    })
}

fn after_slash(identity: &Value) -> Option<Untrusted> {
    let arn = text(identity, "arn")?;
    arn.split_once('/').map(|(_, name)| Untrusted::new(name)).or_else(|| Some(Untrusted::new(&arn)))
}
