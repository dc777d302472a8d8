//! Systems Manager: managed nodes, sessions and one document, over awsJson1.1.
//!
//! Sessions are listed here; what runs in them is the [agent](crate::emulator::agent)'s.

pub(in crate::emulator) mod check;
mod documents;
mod nodes;
mod sessions;

use std::collections::BTreeMap;

pub use documents::Document;
pub use nodes::{Hybrid, Node};
pub use sessions::Session;

use crate::emulator::account::Account;
use crate::emulator::agent::api;
use crate::emulator::svc::Call;
use crate::emulator::wire::error::ServiceError;
use crate::emulator::wire::{Response, json};

/// Every operation that Systems Manager answers here.
pub const OPERATIONS: &[&str] = &[
    "DescribeInstanceInformation",
    "DescribeSessions",
    "GetConnectionStatus",
    "StartSession",
    "ResumeSession",
    "TerminateSession",
    "GetDocument",
];

/// What Systems Manager holds in one region.
#[derive(Debug, Default)]
pub struct Region {
    /// Managed nodes.
    pub nodes: Vec<Node>,
    /// Sessions, active and past.
    pub sessions: Vec<Session>,
    /// Documents of the account.
    pub documents: Vec<Document>,
}

/// What Systems Manager holds.
#[derive(Debug, Default)]
pub struct State {
    /// By region.
    pub regions: BTreeMap<String, Region>,
}

/// Answers one call.
pub fn call(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    api::settle(account, call);
    match call.operation.as_str() {
        "StartSession" => return json::result(call, &api::start(account, call)?),
        "ResumeSession" => return json::result(call, &api::resume(account, call)?),
        "TerminateSession" => api::terminate(account, call)?,
        _ => {}
    }
    let region = account.ssm.regions.entry(call.region.clone()).or_default();
    let answer = match call.operation.as_str() {
        "DescribeInstanceInformation" => nodes::describe(region, call, &json::input(call)?)?,
        "GetConnectionStatus" => nodes::connection(region, &json::input(call)?)?,
        "DescribeSessions" => sessions::describe(region, call, &json::input(call)?)?,
        "TerminateSession" => sessions::terminate(region, call, &json::input(call)?)?,
        "GetDocument" => documents::get(region, &json::input(call)?)?,
        other => return Err(ServiceError::unknown_operation(call.service, other)),
    };
    json::result(call, &answer)
}
