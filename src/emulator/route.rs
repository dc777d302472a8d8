//! Which service and operation a request means: by the SigV4 scope, never by host.

use super::auth::Authorization;
use super::svc::{Service, guardduty};
use super::wire::error::ServiceError;
use super::wire::query::Params;
use super::wire::{Protocol, Request};

/// What a request asks for, before anybody knows who asks.
#[derive(Debug)]
pub struct Target {
    /// The service.
    pub service: Service,
    /// The operation, or AWS's refusal of it.
    pub operation: Result<String, ServiceError>,
    /// The signature, or AWS's refusal of it.
    pub authorization: Result<Authorization, ServiceError>,
    /// Decoded query string.
    pub query: Params,
    /// Decoded form, of Query services.
    pub form: Params,
}

impl Target {
    /// Reads a request. A service that this world does not have gives its scope's name as error.
    pub fn of(request: &Request) -> Result<Self, UnknownService> {
        let guess = guess(request);
        let authorization = Authorization::of(request, guess.protocol());
        let service = match &authorization {
            Ok(authorization) => Service::from_name(&authorization.service)
                .ok_or_else(|| UnknownService { name: authorization.service.clone(), protocol: guess.protocol() })?,
            Err(_) => guess,
        };
        let query = Params::parse(request.uri().query().unwrap_or_default());
        let form = match service.protocol() {
            Protocol::Query => form(request, &query),
            Protocol::Json | Protocol::RestJson => Params::default(),
        };
        let operation = operation(request, service, &form);
        Ok(Self { service, operation, authorization, query, form })
    }

    /// Whether AWS takes this operation unsigned. This world has none of them.
    pub fn needs_no_signature(&self) -> bool {
        self.service == Service::Sts && self.operation.as_ref().is_ok_and(|name| name.starts_with("AssumeRoleWith"))
    }

    /// The region of the signature's scope.
    pub fn region(&self) -> &str {
        self.authorization.as_ref().map_or("us-east-1", |authorization| &authorization.region)
    }
}

/// A SigV4 scope for a service that this world does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownService {
    /// The name in the scope.
    pub name: String,
    /// How its client seems to speak.
    pub protocol: Protocol,
}

/// The service that an unsigned request looks like.
fn guess(request: &Request) -> Service {
    let target = target(request);
    let named = |service: &Service| service.target().is_some_and(|name| target.is_some_and(|target| target.contains(name)));
    if target.is_some() {
        Service::ALL.into_iter().find(named).unwrap_or(Service::Ssm)
    } else if request.uri().path() != "/" {
        Service::GuardDuty
    } else if request.body().windows(18).any(|part| part == b"Version=2011-06-15") {
        Service::Sts
    } else {
        Service::Iam
    }
}

fn target(request: &Request) -> Option<&str> {
    request.headers().get("x-amz-target")?.to_str().ok()
}

/// The form of the body over the query string, as AWS's Query APIs take both.
fn form(request: &Request, query: &Params) -> Params {
    if request.body().is_empty() { query.clone() } else { Params::parse(&String::from_utf8_lossy(request.body())) }
}

fn operation(request: &Request, service: Service, form: &Params) -> Result<String, ServiceError> {
    match service.protocol() {
        Protocol::Query => query_operation(service, form),
        Protocol::Json => json_operation(request, service),
        Protocol::RestJson => guardduty::route(request.method(), request.uri().path())
            .map(str::to_owned)
            .ok_or_else(|| ServiceError::unknown_operation(service, request.uri().path())),
    }
}

fn query_operation(service: Service, form: &Params) -> Result<String, ServiceError> {
    let Some(action) = form.get("Action").filter(|action| !action.is_empty()) else {
        return Err(ServiceError::new(400, "MissingAction", "The request must contain the parameter Action."));
    };
    match form.get("Version") {
        Some(version) if version == service.version() => Ok(action.to_owned()),
        Some(version) => {
            Err(ServiceError::new(400, "InvalidAction", format!("Could not find operation {action} for version {version}")))
        }
        None => Err(ServiceError::new(
            400,
            "InvalidAction",
            format!("Could not find operation {action} for version NO_VERSION_SPECIFIED"),
        )),
    }
}

/// botocore writes `com.amazonaws.….CloudTrail_20131101.LookupEvents`, the Rust SDK `CloudTrail_20131101.LookupEvents`: the last two parts count.
fn json_operation(request: &Request, service: Service) -> Result<String, ServiceError> {
    let unknown = || ServiceError::unknown_operation(service, "");
    let is_json = request
        .headers()
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(';').next().is_some_and(|kind| kind.trim() == "application/x-amz-json-1.1"));
    if !is_json {
        return Err(unknown());
    }
    let mut parts = target(request).unwrap_or_default().rsplit('.');
    let (operation, prefix) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if operation.is_empty() || service.target() != Some(prefix) { Err(unknown()) } else { Ok(operation.to_owned()) }
}
