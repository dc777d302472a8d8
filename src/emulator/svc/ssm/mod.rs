//! Systems Manager: managed nodes and sessions, over awsJson1.1.

use crate::emulator::account::Account;
use crate::emulator::svc::Call;
use crate::emulator::wire::Response;
use crate::emulator::wire::error::ServiceError;

/// What Systems Manager holds.
#[derive(Debug, Default)]
pub struct State {}

/// Answers one call.
pub fn call(_account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    Err(ServiceError::unknown_operation(call.service, &call.operation))
}
