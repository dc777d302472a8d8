//! What can be asked of an event.

use std::borrow::Cow;

use crate::domain::event::{Event, Outcome};
use crate::kit::query::field::{Field, Kind, Value};

type Of = Field<Event>;

pub(super) const FIELDS: &[Field<Event>] = &[
    Of::new("time", "cloudtrail record: eventTime", Kind::Time, |event| Value::Time(event.time)),
    Of::new("event", "cloudtrail record: eventName", Kind::Id, |event| Value::text(Some(&event.name))).or(&["eventname"]),
    Of::new("actor", "cloudtrail record: userIdentity, in one name", Kind::Text, |event| Value::text(Some(&event.actor)))
        .or(&["user", "username"])
        .optional(),
    Of::new("target", "cloudtrail record: what requestParameters, responseElements or resources name", Kind::Text, targets)
        .list(),
    Of::new("origin", "cloudtrail record: sourceIPAddress", Kind::Address { names: true }, |event| {
        Value::text(Some(&event.origin))
    })
    .or(&["ip", "address", "sourceipaddress"])
    .optional(),
    Of::new("outcome", "cloudtrail record: done, failed, or its error code", Kind::Text, outcome)
        .or(&["error", "errorcode"])
        .fact()
        .optional(),
    Of::new("region", "cloudtrail record: awsRegion", Kind::Id, |event| Value::text(Some(&event.region))).optional(),
    Of::new("access_key", "cloudtrail record: userIdentity.accessKeyId", Kind::Id, |event| {
        Value::text(event.access_key.as_ref())
    })
    .or(&["key", "accesskeyid"])
    .optional(),
    Of::new("source", "cloudtrail record: eventSource", Kind::Id, |event| Value::text(Some(&event.source)))
        .or(&["service", "eventsource"])
        .optional(),
    Of::new("account", "cloudtrail record: recipientAccountId", Kind::Id, |event| Value::text(Some(&event.account))).optional(),
    Of::new("access", "cloudtrail record: readOnly", Kind::Words(&["read", "write"]), |event| {
        Value::or_unknown(event.read_only.map(|reads| Value::word(if reads { "read" } else { "write" })))
    })
    .fact(),
    Of::new("user_agent", "cloudtrail record: userAgent", Kind::Text, |event| Value::text(Some(&event.user_agent)))
        .or(&["agent", "useragent"])
        .optional(),
    Of::new("id", "cloudtrail record: eventID", Kind::Id, |event| Value::text(Some(&event.id))).or(&["event_id", "eventid"]),
    Of::new("actor_type", "cloudtrail record: userIdentity.type", Kind::Id, |event| Value::text(Some(&event.actor_type)))
        .optional(),
    Of::new("issuer", "cloudtrail record: userIdentity.sessionContext.sessionIssuer.arn", Kind::Id, |event| {
        Value::text(event.issuer.as_ref())
    })
    .or(&["role"])
    .optional(),
];

/// What failed has its error code, and `failed` stands for any of them.
fn outcome(event: &Event) -> Value<'_> {
    match (event.outcome, &event.error) {
        (Outcome::Done, _) => Value::word("done"),
        (Outcome::Failed, Some(error)) => Value::Texts(vec![Cow::Borrowed(error.raw()), Cow::Borrowed("failed")]),
        (Outcome::Failed, None) => Value::word("failed"),
        (Outcome::Unknown, _) => Value::or_unknown(None),
        (Outcome::NotACall, _) => Value::Absent("–"),
    }
}

/// All that a call acted upon; the row shows the first.
fn targets(event: &Event) -> Value<'_> {
    Value::texts(event.target.iter().chain(&event.more_targets))
}
