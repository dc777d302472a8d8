//! GuardDuty: detectors and findings, over restJson1.

use http::Method;

use crate::emulator::account::Account;
use crate::emulator::svc::Call;
use crate::emulator::wire::Response;
use crate::emulator::wire::error::ServiceError;

/// What GuardDuty holds.
#[derive(Debug, Default)]
pub struct State {}

/// The operation that a method and a path mean; `None` is AWS's 404.
pub fn route(_method: &Method, _path: &str) -> Option<&'static str> {
    None
}

/// The resource in AWS's refusal.
pub fn resource(account: &str, call: &Call) -> String {
    format!("arn:aws:guardduty:{}:{account}:detector/*", call.region)
}

/// Answers one call.
pub fn call(_account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    Err(ServiceError::unknown_operation(call.service, &call.operation))
}
