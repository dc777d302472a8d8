//! Refusals: AWS's codes, statuses and words, and how each protocol writes them.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Protocol, Response, json, query};
use crate::emulator::svc::Service;

/// An error as a service gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceError {
    /// AWS's code: `NoSuchEntity`, `BadRequestException`.
    pub code: Cow<'static, str>,
    /// HTTP status.
    pub status: u16,
    /// AWS's sentence.
    pub message: String,
    /// `__type` in a JSON body where it differs from the code (GuardDuty's `InvalidInputException`).
    pub body_type: Option<Cow<'static, str>>,
    /// Further members of a JSON error's body.
    pub members: Map<String, Value>,
}

impl ServiceError {
    /// An error of a code and a status.
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), status, message: message.into(), body_type: None, members: Map::new() }
    }

    /// With another `__type` in the body than in the header.
    #[must_use]
    pub fn with_body_type(mut self, body_type: &'static str) -> Self {
        self.body_type = Some(body_type.into());
        self
    }

    /// With a further member in the body.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// An operation that the service does not have.
    pub fn unknown_operation(service: Service, operation: &str) -> Self {
        match service.protocol() {
            Protocol::Query => {
                Self::new(400, "InvalidAction", format!("Could not find operation {operation} for version {}", service.version()))
            }
            Protocol::Json => Self::new(400, "UnknownOperationException", "The requested operation is not supported."),
            Protocol::RestJson => Self::new(404, "UnknownOperationException", "The requested operation is not supported."),
        }
    }

    /// A body that cannot be read.
    pub fn serialization(service: Service, detail: &str) -> Self {
        match service.protocol() {
            Protocol::RestJson => {
                Self::new(400, "BadRequestException", "The request is rejected because the request body could not be parsed.")
                    .with_body_type("InvalidInputException")
            }
            Protocol::Query | Protocol::Json => Self::new(400, "SerializationException", detail),
        }
    }

    /// Our own fault.
    pub fn internal(service: Service, detail: &str) -> Self {
        match service.protocol() {
            Protocol::Query => Self::new(500, "ServiceFailure", detail),
            Protocol::Json | Protocol::RestJson => Self::new(500, "InternalServerErrorException", detail),
        }
    }

    /// Too many requests.
    pub fn throttled(service: Service) -> Self {
        match service.protocol() {
            Protocol::Query => Self::new(400, "Throttling", "Rate exceeded"),
            Protocol::Json => Self::new(400, "ThrottlingException", "Rate exceeded"),
            Protocol::RestJson => Self::new(429, "ThrottlingException", "Rate exceeded"),
        }
    }

    /// The caller may not do this.
    pub fn denied(service: Service, principal: &str, operation: &str, resource: Option<&str>) -> Self {
        let action = format!("{}:{operation}", service.name());
        let on = resource.map(|resource| format!(" on resource: {resource}")).unwrap_or_default();
        let message = format!(
            "User: {principal} is not authorized to perform: {action}{on} because no identity-based policy allows the {action} action"
        );
        match service.protocol() {
            Protocol::Query => Self::new(403, "AccessDenied", message),
            Protocol::Json => Self::new(400, "AccessDeniedException", message),
            Protocol::RestJson => Self::new(403, "AccessDeniedException", message),
        }
    }

    /// A policy of the caller forbids this.
    pub fn forbidden(service: Service, principal: &str, operation: &str, resource: Option<&str>) -> Self {
        let mut error = Self::denied(service, principal, operation, resource);
        if let Some((start, _)) = error.message.split_once(" because no identity-based policy") {
            error.message = format!("{start} with an explicit deny in an identity-based policy");
        }
        error
    }

    /// The temporary credentials have ended.
    pub fn expired(service: Service) -> Self {
        let message = "The security token included in the request is expired";
        match service.protocol() {
            Protocol::Query => Self::new(403, "ExpiredToken", message),
            Protocol::Json => Self::new(400, "ExpiredTokenException", message),
            Protocol::RestJson => Self::new(403, "ExpiredTokenException", message),
        }
    }

    /// The access key id is not known, or switched off, or the region is not enabled for the account.
    pub fn unknown_key(service: Service) -> Self {
        let message = "The security token included in the request is invalid";
        match service.protocol() {
            Protocol::Query => Self::new(403, "InvalidClientTokenId", format!("{message}.")),
            Protocol::Json => Self::new(400, "UnrecognizedClientException", format!("{message}.")),
            Protocol::RestJson => Self::new(403, "UnrecognizedClientException", format!("{message}.")),
        }
    }

    /// There is no `Authorization`.
    pub fn missing_token(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Query => Self::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
            Protocol::Json => Self::new(400, "MissingAuthenticationTokenException", "Missing Authentication Token"),
            Protocol::RestJson => Self::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token"),
        }
    }

    /// `Authorization` cannot be read.
    pub fn incomplete_signature(protocol: Protocol, message: impl Into<String>) -> Self {
        match protocol {
            Protocol::Query => Self::new(400, "IncompleteSignature", message),
            Protocol::Json => Self::new(400, "IncompleteSignatureException", message),
            Protocol::RestJson => Self::new(403, "IncompleteSignatureException", message),
        }
    }

    /// The signature is wrong, or its time is.
    pub fn bad_signature(protocol: Protocol, message: impl Into<String>) -> Self {
        match protocol {
            Protocol::Query => Self::new(403, "SignatureDoesNotMatch", message),
            Protocol::Json => Self::new(400, "InvalidSignatureException", message),
            Protocol::RestJson => Self::new(403, "InvalidSignatureException", message),
        }
    }

    /// The signature's time is too far from the server's.
    pub fn skewed(protocol: Protocol, signed: Timestamp, server: Timestamp) -> Self {
        let compact = |at: Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
        let limit = jiff::SignedDuration::from_mins(5);
        let message = if signed < server {
            let edge = server.saturating_sub(limit).unwrap_or(Timestamp::MIN);
            let (signed, edge, server) = (compact(signed), compact(edge), compact(server));
            format!("Signature expired: {signed} is now earlier than {edge} ({server} - 5 min.)")
        } else {
            let edge = server.saturating_add(limit).unwrap_or(Timestamp::MAX);
            let (signed, edge, server) = (compact(signed), compact(edge), compact(server));
            format!("Signature not yet current: {signed} is still later than {edge} ({server} + 5 min.)")
        };
        Self::bad_signature(protocol, message)
    }

    /// The response in a service's protocol.
    pub fn response(&self, service: Service, request_id: &str) -> Response {
        match service.protocol() {
            Protocol::Query => query::error(service, self, request_id),
            protocol @ (Protocol::Json | Protocol::RestJson) => json::error(protocol, self),
        }
    }
}
