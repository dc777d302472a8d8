//! What can be asked of a call.

use std::borrow::Cow;

use crate::domain::call::{ApiCall, Outcome};
use crate::kit::query::field::{COUNT, Field, Kind, Value};

type Of = Field<ApiCall>;

/// The words of [`Outcome`]. AWS's error codes are words, too, and go in quotation marks.
const OUTCOME: Kind = Kind::OpenWords(&[
    "in flight",
    "retrying",
    "done",
    "failed",
    "unknown",
    "in effect",
    "not in effect",
    "cancelled",
    "lost track",
]);

pub(super) const FIELDS: &[Field<ApiCall>] = &[
    Of::new("time", "when it was first sent", Kind::Time, |call| Value::Time(call.started)),
    Of::new("call", "service and operation", Kind::Id, |call| {
        Value::Text(Cow::Owned(format!("{}:{}", call.service, call.operation)))
    }),
    Of::new("region", "the region that it was signed for", Kind::Id, |call| Value::raw(Some(&call.region))),
    Of::new("outcome", "how it ended, or its error code", OUTCOME, outcome),
    Of::new("took", "from the first sending to the last answer", Kind::Duration, |call| {
        call.took_ms.map_or(Value::Absent("–"), |took| Value::Number(seconds(took), Some(Cow::Owned(format!("{took} ms")))))
    })
    .forms(&["# ms"])
    .optional(),
    Of::new("attempts", "how often it was sent", COUNT, |call| Value::number(call.attempts.into())),
    Of::new("throttles", "how many answers were throttles", COUNT, |call| Value::number(call.throttles.into())),
    Of::new("request", "x-amzn-RequestId", Kind::Id, |call| Value::raw(call.request_id.as_deref())).optional(),
    Of::new("message", "AWS's message, where it failed", Kind::Text, |call| match &call.outcome {
        Outcome::Failed { message, .. } => Value::text(Some(message)),
        _ => Value::Absent("–"),
    })
    .optional(),
];

#[expect(clippy::cast_precision_loss, reason = "no call takes 2^53 milliseconds")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

fn outcome(call: &ApiCall) -> Value<'_> {
    let with = |word: &'static str, detail: &str| {
        vec![Cow::Borrowed(word), Cow::Owned(format!("{word}: {detail}")), Cow::Owned(detail.to_owned())]
    };
    match &call.outcome {
        Outcome::InFlight => Value::word("in flight"),
        Outcome::Retrying { reason } => Value::Texts(with("retrying", reason.raw())),
        Outcome::Done => Value::word("done"),
        Outcome::Failed { code, .. } => Value::Texts(with("failed", code.raw())),
        Outcome::Unknown { code, .. } => Value::Texts(with("unknown", code.raw())),
        Outcome::ReadBack { in_effect: true } => Value::word("in effect"),
        Outcome::ReadBack { in_effect: false } => Value::word("not in effect"),
        Outcome::Cancelled => Value::word("cancelled"),
        Outcome::LostTrack => Value::word("lost track"),
    }
}
