//! STS: who am I, and temporary credentials, over awsQuery.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::emulator::account::{Account, Principal};
use crate::emulator::svc::Call;
use crate::emulator::wire::error::ServiceError;
use crate::emulator::wire::{Response, query};

/// Temporary credentials that were given out.
#[derive(Debug, Clone)]
pub struct Session {
    /// The secret; opens this world only.
    pub secret: String,
    /// `x-amz-security-token` of requests.
    pub token: String,
    /// When they end, in the account's time.
    pub expires: Timestamp,
    /// Who the bearer is.
    pub principal: Principal,
}

/// What STS holds.
#[derive(Debug, Default)]
pub struct State {
    sessions: BTreeMap<String, Session>,
}

impl State {
    /// The credentials of an `ASIA…` id.
    pub fn credentials(&self, access_key: &str) -> Option<&Session> {
        self.sessions.get(access_key)
    }

    /// Remembers credentials that were given out.
    pub fn add(&mut self, access_key: &str, session: Session) {
        self.sessions.insert(access_key.to_owned(), session);
    }
}

/// The resource in AWS's refusal.
pub fn resource(call: &Call) -> Option<String> {
    call.form.get("RoleArn").map(str::to_owned)
}

/// Answers one call.
pub fn call(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    match call.operation.as_str() {
        "GetCallerIdentity" => Ok(query::result(call, |xml| {
            xml.text("Arn", &call.principal.arn());
            xml.text("UserId", call.principal.user_id());
            xml.text("Account", &account.id);
        })),
        _ => Err(ServiceError::unknown_operation(call.service, &call.operation)),
    }
}
