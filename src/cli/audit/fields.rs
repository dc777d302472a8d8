//! What can be asked of a change.

use std::borrow::Cow;

use crate::audit::history::{Change, Outcome};
use crate::kit::query::field::{COUNT, Field, Kind, Value};

type Of = Field<Change>;

/// AWS's error codes are words, too, and go in quotation marks.
const OUTCOME: Kind = Kind::OpenWords(&["done", "failed", "unknown", "outcome unknown"]);

pub(super) const FIELDS: &[Field<Change>] = &[
    Of::new("number", "the record: number", COUNT, |change| Value::count(usize::try_from(change.number).unwrap_or(usize::MAX))),
    Of::new("time", "the record: utc", Kind::Time, |change| Value::Time(change.utc)),
    Of::new("outcome", "the record of the outcome: done, or its error code", OUTCOME, outcome),
    Of::new("call", "the record: call", Kind::Id, |change| Value::raw(Some(&change.entry.call))),
    Of::new("object", "the record: object", Kind::Text, |change| Value::raw(Some(&change.entry.object))),
    Of::new("account", "the record: account", Kind::Id, |change| Value::raw(change.entry.account.as_deref())).optional(),
    Of::new("region", "the record: region", Kind::Id, |change| Value::raw(Some(&change.entry.region))).optional(),
    Of::new("caller", "the record: caller", Kind::Text, |change| Value::raw(change.entry.caller.as_deref())).optional(),
    Of::new("origin", "the record: origin", Kind::Text, |change| Value::raw(Some(&change.entry.origin))),
    Of::new("reason", "the record: reason", Kind::Text, |change| Value::raw(change.entry.reason.as_deref())).optional(),
    Of::new("request", "the record of the outcome: request_id", Kind::Id, |change| Value::raw(change.request_id.as_deref()))
        .optional(),
    Of::new("ended", "the record of the outcome: utc", Kind::Time, |change| Value::time(change.ended)).optional(),
    Of::new("code", "the record of the outcome: code", Kind::Id, |change| Value::raw(change.code.as_deref())).optional(),
];

/// Nobody wrote an outcome down: for the log that is an answer, and not a lack of one.
fn outcome(change: &Change) -> Value<'_> {
    match (change.outcome, change.code.as_deref()) {
        (Outcome::Done, _) => Value::word("done"),
        (Outcome::Failed, Some(code)) => {
            Value::Texts(vec![Cow::Borrowed("failed"), Cow::Owned(format!("failed: {code}")), Cow::Borrowed(code)])
        }
        (Outcome::Failed, None) => Value::word("failed"),
        (Outcome::Unknown, _) => Value::Shown(Cow::Borrowed("unknown"), "outcome unknown".to_owned()),
    }
}
