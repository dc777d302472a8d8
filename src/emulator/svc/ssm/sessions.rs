//! Sessions: listed while they last and for 30 days after.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Region, check};
use crate::emulator::svc::Call;
use crate::emulator::wire::error::ServiceError;

/// One session.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// The caller's name, a dash and random letters.
    pub id: String,
    /// The node.
    pub target: String,
    /// ARN of who started it.
    pub owner: String,
    /// `Connected`, `Connecting`, `Disconnected`, `Terminated`, `Terminating`, `Failed`.
    pub status: &'static str,
    /// `StartDate`.
    pub started: Timestamp,
    /// `EndDate`; a session without one is active.
    pub ended: Option<Timestamp>,
    /// `Reason`, one line of at most 256 characters.
    pub reason: Option<String>,
    /// `DocumentName`.
    pub document: String,
}

/// The input of `DescribeSessions`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Describe {
    state: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
    filters: Option<Vec<Filter>>,
}

#[derive(Debug, Deserialize)]
struct Filter {
    key: String,
    value: String,
}

/// The input of `TerminateSession`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Terminate {
    session_id: Option<String>,
}

const KEYS: [&str; 7] = ["InvokedAfter", "InvokedBefore", "Target", "Owner", "Status", "SessionId", "AccessType"];

/// `DescribeSessions`: the latest first, 1 to 200 a page.
pub(super) fn describe(region: &Region, call: &Call, request: &Describe) -> Result<Value, ServiceError> {
    let state = request.state.as_deref().ok_or_else(|| check::invalid("null", "state", "not be null"))?;
    let active = check::word(state, "state", &["History", "Active"])? == "Active";
    let most = check::max_results(request.max_results, 1, 200, 50)?;
    let filters = filters(request)?;
    let oldest = call.now.saturating_sub(SignedDuration::from_hours(30 * 24)).unwrap_or(Timestamp::MIN);
    let mut sessions: Vec<&Session> = region
        .sessions
        .iter()
        .filter(|session| session.ended.is_none() == active)
        .filter(|session| session.ended.is_none_or(|ended| ended >= oldest))
        .filter(|session| filters.iter().all(|filter| session.meets(filter)))
        .collect();
    sessions.sort_by(|one, other| other.started.cmp(&one.started).then_with(|| one.id.cmp(&other.id)));
    let sessions: Vec<Value> = sessions.into_iter().map(Session::describe).collect();
    let bound_to = format!("DescribeSessions|{}|{state}|{filters:?}", call.region);
    let (page, next) = check::page(sessions, request.next_token.as_deref(), most, &bound_to)?;
    Ok(match next {
        Some(next) => json!({"Sessions": page, "NextToken": next}),
        None => json!({"Sessions": page}),
    })
}

fn filters(request: &Describe) -> Result<&[Filter], ServiceError> {
    let Some(filters) = request.filters.as_deref() else { return Ok(&[]) };
    if !(1..=6).contains(&filters.len()) {
        return Err(check::invalid("list", "filters", "have length between 1 and 6"));
    }
    for (index, filter) in filters.iter().enumerate() {
        check::word(&filter.key, &format!("filters.{}.member.key", index + 1), &KEYS)?;
        check::text(Some(&filter.value), &format!("filters.{}.member.value", index + 1), 400)?;
        let is_time = matches!(filter.key.as_str(), "InvokedAfter" | "InvokedBefore");
        if is_time && filter.value.parse::<Timestamp>().is_err() {
            let message = format!("The filter value {} is not a timestamp.", filter.value);
            return Err(ServiceError::new(400, "ValidationException", message));
        }
    }
    Ok(filters)
}

impl Session {
    fn meets(&self, filter: &Filter) -> bool {
        let time = || filter.value.parse::<Timestamp>().ok();
        match filter.key.as_str() {
            "InvokedAfter" => time().is_some_and(|time| self.started >= time),
            "InvokedBefore" => time().is_some_and(|time| self.started < time),
            "Target" => self.target == filter.value,
            "Owner" => self.owner == filter.value || self.owner.rsplit('/').next() == Some(filter.value.as_str()),
            "Status" => self.status == filter.value,
            "SessionId" => self.id == filter.value,
            "AccessType" => filter.value == "Standard",
            _ => false,
        }
    }

    fn describe(&self) -> Value {
        let mut session = Map::new();
        let mut set = |name: &str, value: Value| {
            if !value.is_null() {
                session.insert(name.to_owned(), value);
            }
        };
        set("SessionId", json!(self.id));
        set("Target", json!(self.target));
        set("Status", json!(self.status));
        set("StartDate", json!(self.started.as_second()));
        set("EndDate", json!(self.ended.map(Timestamp::as_second)));
        set("DocumentName", json!(self.document));
        set("Owner", json!(self.owner));
        set("Reason", json!(self.reason));
        set("OutputUrl", json!({}));
        set("MaxSessionDuration", json!("60"));
        set("AccessType", json!("Standard"));
        Value::Object(session)
    }
}

/// `TerminateSession`: AWS says the id back, whether the session was there or had ended before.
pub(super) fn terminate(region: &mut Region, call: &Call, request: &Terminate) -> Result<Value, ServiceError> {
    let id = check::text(request.session_id.as_deref(), "sessionId", 96)?;
    if let Some(session) = region.sessions.iter_mut().find(|session| session.id == id && session.ended.is_none()) {
        session.status = "Terminated";
        session.ended = Some(call.now);
    }
    Ok(json!({"SessionId": id}))
}
