//! Everything about one call, its error in full.

use jiff::Timestamp;

use crate::domain::call::{ApiCall, Outcome};
use crate::domain::detail::{Field, Section};
use crate::panes::{section, when};

/// The sections of a call's detail view.
pub fn detail(call: &ApiCall, now: Timestamp) -> Vec<Section> {
    let took = call.took_ms.map_or_else(|| "–".to_owned(), |took| format!("{took} ms, waits between attempts included"));
    let request = call.request_id.clone().unwrap_or_else(|| "no answer with a request id".to_owned());
    let about = vec![
        Field::new("call", format!("{}:{}", call.service, call.operation)),
        Field::new("region", &call.region),
        Field::new("first sent", when(call.started, now)),
        Field::new("took", took),
        Field::new("attempts", call.attempts.to_string()),
        Field::new("throttled", call.throttles.to_string()),
        Field::new("request id", request),
    ];
    let outcome = match &call.outcome {
        Outcome::InFlight => vec![Field::new("outcome", "in flight")],
        Outcome::Retrying { reason } => vec![Field::new("outcome", "retrying"), Field::new("because", reason.raw())],
        Outcome::Done => vec![Field::new("outcome", "done")],
        Outcome::Failed { code, message } => {
            vec![Field::new("outcome", "failed"), Field::new("code", code.raw()), Field::new("message", message.raw())]
        }
        Outcome::Unknown { code, message } => vec![
            Field::new("outcome", "unknown: no answer came, and AWS may have done it; its effect is being read"),
            Field::new("because", code.raw()),
            Field::new("message", message.raw()),
        ],
        Outcome::ReadBack { in_effect: true } => {
            vec![Field::new("outcome", "in effect: no answer came, but what was read afterwards says so")]
        }
        Outcome::ReadBack { in_effect: false } => {
            vec![Field::new("outcome", "not in effect: no answer came, and what was read afterwards says so")]
        }
        Outcome::LostTrack => vec![Field::new("outcome", "unknown: records of calls were lost, its end perhaps among them")],
        Outcome::Cancelled => vec![Field::new("outcome", "cancelled: nobody wanted the answer any more")],
    };
    vec![section("Call", about), section("Outcome", outcome)]
}
