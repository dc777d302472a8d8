//! GuardDuty: detectors and findings, over restJson1.
//!
//! Findings are held as the JSON that the API sends (camelCase), so types and members that nobody knew when this was written
//! go through unchanged. A detector holds what a scenario or a file gave it, and may hold a large population besides that is
//! made when it is asked for ([`made`]).

mod archive;
pub mod build;
pub mod criteria;
mod detector;
mod findings;
pub mod made;
mod order;
mod samples;
mod statistics;

use std::collections::BTreeMap;

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

pub use detector::{Administrator, Detector, Member};

use crate::emulator::account::Account;
use crate::emulator::svc::Call;
use crate::emulator::wire::error::ServiceError;
use crate::emulator::wire::{Response, json as wire};

/// What GuardDuty holds.
#[derive(Debug, Default)]
pub struct State {
    /// At most one detector in a region.
    pub detectors: BTreeMap<String, Detector>,
    /// The accounts that this one administers.
    pub members: Vec<Member>,
    /// The account that administers this one; then this one may not archive.
    pub administrator: Option<Administrator>,
}

impl State {
    /// The detector of a path, which has to be of the call's region.
    fn detector(&mut self, call: &Call) -> Result<&mut Detector, ServiceError> {
        let wanted = detector_of(&call.path);
        self.detectors
            .get_mut(&call.region)
            .filter(|detector| detector.id == wanted)
            .ok_or_else(|| rejected("the input detectorId is not owned by the current account."))
    }
}

/// The operation that a method and a path mean; `None` is AWS's 404.
pub fn route(method: &Method, path: &str) -> Option<&'static str> {
    let words: Vec<&str> = path.split('/').skip(1).collect();
    let (get, post) = (method == Method::GET, method == Method::POST);
    Some(match words.as_slice() {
        ["detector"] if get => "ListDetectors",
        ["detector", _] if get => "GetDetector",
        ["detector", _, "member"] if get => "ListMembers",
        ["detector", _, "administrator"] if get => "GetAdministratorAccount",
        ["detector", _, "findings"] if post => "ListFindings",
        ["detector", _, "findings", "get"] if post => "GetFindings",
        ["detector", _, "findings", "statistics"] if post => "GetFindingsStatistics",
        ["detector", _, "findings", "archive"] if post => "ArchiveFindings",
        ["detector", _, "findings", "unarchive"] if post => "UnarchiveFindings",
        ["detector", _, "findings", "feedback"] if post => "UpdateFindingsFeedback",
        ["detector", _, "findings", "create"] if post => "CreateSampleFindings",
        _ => return None,
    })
}

/// Every operation that GuardDuty answers here.
pub const OPERATIONS: &[&str] = &[
    "ListDetectors",
    "GetDetector",
    "ListMembers",
    "GetAdministratorAccount",
    "ListFindings",
    "GetFindings",
    "GetFindingsStatistics",
    "ArchiveFindings",
    "UnarchiveFindings",
    "UpdateFindingsFeedback",
    "CreateSampleFindings",
];

/// The resource in AWS's refusal.
pub fn resource(account: &str, call: &Call) -> String {
    let detector = detector_of(&call.path);
    let detector = if detector.is_empty() { "*" } else { &detector };
    format!("arn:aws:guardduty:{}:{account}:detector/{detector}", call.region)
}

/// Answers one call.
pub fn call(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let body: Value = if call.method == Method::GET { json!({}) } else { wire::input(call)? };
    if !body.is_object() {
        return Err(ServiceError::serialization(call.service, "the body is not an object"));
    }
    let answer = answer(account, call, &body)?;
    wire::result(call, &answer)
}

fn answer(account: &mut Account, call: &Call, body: &Value) -> Result<Value, ServiceError> {
    let state = &mut account.guardduty;
    match call.operation.as_str() {
        "ListDetectors" => detector::list(state, call),
        "GetDetector" => state.detector(call).map(|detector| detector.describe(&account.id)),
        "ListMembers" => detector::members(state, call, &account.id),
        "GetAdministratorAccount" => detector::administrator(state, call),
        "ListFindings" => findings::list(state.detector(call)?, body),
        "GetFindings" => findings::get(state.detector(call)?, body),
        "GetFindingsStatistics" => statistics::get(state.detector(call)?, body),
        "ArchiveFindings" => archive::set(state, call, body, true),
        "UnarchiveFindings" => archive::set(state, call, body, false),
        "UpdateFindingsFeedback" => archive::feedback(state, call, body),
        "CreateSampleFindings" => samples::create(state.detector(call)?, call, body, &account.id, &mut account.rng),
        other => Err(ServiceError::unknown_operation(call.service, other)),
    }
}

/// The second word of `/detector/ID/…`, decoded.
fn detector_of(path: &str) -> String {
    percent_decode_str(path.split('/').nth(2).unwrap_or_default()).decode_utf8_lossy().into_owned()
}

/// GuardDuty's one way of saying no.
fn rejected(why: &str) -> ServiceError {
    ServiceError::new(400, "BadRequestException", format!("The request is rejected because {why}"))
        .with_body_type("InvalidInputException")
}

/// A parameter that is missing, of the wrong type or out of its range.
fn invalid(parameter: &str) -> ServiceError {
    rejected(&format!("an invalid or out-of-range value is specified as an input parameter: {parameter}."))
}

/// The 0 to 50 ids of a request.
fn ids(body: &Value) -> Result<Vec<&str>, ServiceError> {
    let list =
        body.get("findingIds").and_then(Value::as_array).filter(|list| list.len() <= 50).ok_or_else(|| invalid("findingIds"))?;
    list.iter().map(|id| id.as_str().filter(|id| (1..=300).contains(&id.len())).ok_or_else(|| invalid("findingIds"))).collect()
}

/// An optional `maxResults` of a body.
fn max_results(body: &Value, most: usize, default: usize) -> Result<usize, ServiceError> {
    match body.get("maxResults").filter(|value| !value.is_null()) {
        None => Ok(default),
        Some(value) => value
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
            .filter(|n| (1..=most).contains(n))
            .ok_or_else(|| invalid("maxResults")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_mean_operations() {
        assert_eq!(route(&Method::GET, "/detector"), Some("ListDetectors"));
        assert_eq!(route(&Method::POST, "/detector/d/findings"), Some("ListFindings"));
        assert_eq!(route(&Method::GET, "/detector/d/findings"), None);
        assert_eq!(route(&Method::POST, "/detector/d/findings/archive"), Some("ArchiveFindings"));
        assert_eq!(route(&Method::POST, "/nothing"), None);
    }
}
