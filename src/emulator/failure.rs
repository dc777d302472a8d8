//! Answers that are failures: of a fault, or of a service that this world does not have.

use super::account::Account;
use super::fault::Failure;
use super::route::UnknownService;
use super::svc::{self, Call, Service};
use super::wire::error::ServiceError;
use super::wire::{Protocol, Response, json, query, respond};

/// A failure that is an answer; `None` for those that spoil a good answer later.
pub(super) fn fail(account: &Account, call: &Call, failure: Failure) -> Option<Result<Response, ServiceError>> {
    let service = call.service;
    let page = |status: u16, title: &str| {
        let html = format!("<html><head><title>{status} {title}</title></head><body><h1>{title}</h1></body></html>\n");
        Some(Ok(respond(status, "text/html", html)))
    };
    match failure {
        Failure::Throttle => Some(Err(ServiceError::throttled(service))),
        Failure::Denied => {
            let resource = svc::resource(&account.id, call);
            Some(Err(ServiceError::denied(service, &call.principal.arn(), &call.operation, resource.as_deref())))
        }
        Failure::Expired => Some(Err(ServiceError::expired(service))),
        Failure::Disabled => Some(Err(ServiceError::unknown_key(service))),
        Failure::Error => page(500, "Internal Server Error"),
        Failure::Unavailable => page(503, "Service Unavailable"),
        Failure::Malformed => Some(Ok(respond(200, "application/json", "{\"unfinished\": <"))),
        Failure::Truncated | Failure::Reset | Failure::Hang | Failure::Dropped | Failure::Failed | Failure::Stalled => None,
    }
}

/// What a service answers that this world does not have.
pub(super) fn unknown_service(unknown: &UnknownService, request_id: &str) -> Response {
    let names = Service::ALL.map(Service::name).join(", ");
    let message = format!("Credential is scoped to service '{}'; the embedded AWS has {names}.", unknown.name);
    match unknown.protocol {
        Protocol::Query => query::error(Service::Iam, &ServiceError::new(404, "InvalidAction", message), request_id),
        protocol @ (Protocol::Json | Protocol::RestJson) => {
            json::error(protocol, &ServiceError::new(404, "UnknownOperationException", message))
        }
    }
}
