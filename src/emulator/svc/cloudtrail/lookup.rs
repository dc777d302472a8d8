//! `LookupEvents`.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::history::Search;
use super::record::Attribute;
use crate::emulator::svc::Call;
use crate::emulator::token;
use crate::emulator::wire::error::ServiceError;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    lookup_attributes: Option<Vec<Wanted>>,
    start_time: Option<f64>,
    end_time: Option<f64>,
    event_category: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wanted {
    attribute_key: String,
    attribute_value: String,
}

/// Where the next page begins, and the end of the time range as it was for the first page.
type Position = (u64, i64);

/// Newest first, 50 a page, at most one attribute.
pub(super) fn events(state: &State, call: &Call, request: Request) -> Result<Value, ServiceError> {
    let most = match request.max_results {
        None => 50,
        Some(n) => usize::try_from(n).ok().filter(|n| (1..=50).contains(n)).ok_or_else(|| {
            refused("InvalidMaxResultsException", &format!("Invalid max results value: {n}. It must be between 1 and 50."))
        })?,
    };
    let bound_to = bound_to(call, &request);
    let position = match request.next_token.as_deref() {
        None => None,
        Some(token) => {
            let position = token::open::<Position>(token, &bound_to);
            Some(position.ok_or_else(|| refused("InvalidNextTokenException", "The provided next token is not valid."))?)
        }
    };
    let search = search(state, call, &request, position.map(|(_, until)| until))?;
    match request.event_category.as_deref() {
        None => {}
        // Insights are not recorded here, as in an account in which no trail has them switched on.
        Some("insight") => return Ok(json!({"Events": []})),
        Some(_) => return Err(refused("InvalidEventCategoryException", "The event category is not valid.")),
    }
    let found = state.search(&search, position.map(|(from, _)| from), most, call.now);
    Ok(match found.next {
        Some(next) => {
            let position: Position = (next, search.until.as_millisecond());
            json!({"Events": found.events, "NextToken": token::seal(&position, &bound_to)})
        }
        None => json!({"Events": found.events}),
    })
}

fn search(state: &State, call: &Call, request: &Request, until: Option<i64>) -> Result<Search, ServiceError> {
    let (asked_since, asked_until) = (request.start_time.map(time), request.end_time.map(time));
    let range = |why: &str| refused("InvalidTimeRangeException", why);
    if let (Some(since), Some(until)) = (asked_since, asked_until)
        && since > until
    {
        return Err(range("Start time must be before end time."));
    }
    let oldest = state.reach.map_or(Timestamp::MIN, |reach| call.now.saturating_sub(reach).unwrap_or(Timestamp::MIN));
    if asked_until.is_some_and(|until| until < oldest) {
        return Err(range("The time range is outside the last 90 days."));
    }
    let until = match until {
        Some(ms) => Timestamp::from_millisecond(ms).unwrap_or(call.now),
        None => asked_until.unwrap_or(call.now).min(call.now),
    };
    Ok(Search {
        region: call.region.clone(),
        since: asked_since.unwrap_or(oldest).max(oldest),
        until,
        attribute: attribute(request)?,
    })
}

fn attribute(request: &Request) -> Result<Option<(Attribute, String)>, ServiceError> {
    let wrong = |why: &str| refused("InvalidLookupAttributesException", why);
    match request.lookup_attributes.as_deref().unwrap_or_default() {
        [] => Ok(None),
        [one] => {
            let key = Attribute::from_word(&one.attribute_key).ok_or_else(|| wrong("The lookup attribute key is not valid."))?;
            if one.attribute_value.is_empty() || one.attribute_value.chars().count() > 2_000 {
                return Err(wrong("The lookup attribute value must have 1 to 2000 characters."));
            }
            Ok(Some((key, one.attribute_value.clone())))
        }
        _ => Err(wrong("You can only specify one lookup attribute.")),
    }
}

/// A token is worth something to a request with the same parameters only.
fn bound_to(call: &Call, request: &Request) -> String {
    let attributes: Vec<String> = request
        .lookup_attributes
        .iter()
        .flatten()
        .map(|wanted| format!("{}={}", wanted.attribute_key, wanted.attribute_value))
        .collect();
    format!(
        "LookupEvents|{}|{attributes:?}|{:?}|{:?}|{:?}|{:?}",
        call.region, request.start_time, request.end_time, request.event_category, request.max_results
    )
}

/// Epoch seconds with a fraction.
fn time(seconds: f64) -> Timestamp {
    SignedDuration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|since| Timestamp::from_duration(since).ok())
        .unwrap_or(if seconds < 0.0 { Timestamp::MIN } else { Timestamp::MAX })
}

fn refused(code: &'static str, message: &str) -> ServiceError {
    ServiceError::new(400, code, message)
}
