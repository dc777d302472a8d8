//! The world: one account behind the wire, from an HTTP request to what becomes of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::account::Account;
use super::auth::{self, Policy};
use super::clock::Clock;
use super::fault::{self, Failure, Outcome};
use super::route::{Target, UnknownService};
use super::svc::{self, Call, Service};
use super::wire::error::ServiceError;
use super::wire::{Protocol, Reply, Request, Response, json, query, respond, set_header};
use super::{ids, scenario};

/// How a world is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// The seed of everything made up.
    pub seed: u64,
    /// The account's time at the start; `None` is the wall clock's. With a fixed start the whole world is the same in every run.
    pub start: Option<Timestamp>,
    /// How fast the account's clock runs; 1 is real time, 0 stands still.
    pub speed: f64,
    /// How long every answer takes.
    pub latency: Duration,
    /// Whether a key id that the world does not know counts as the administrator's.
    pub accept_any_credentials: bool,
    /// Faults, behind those of the scenario.
    pub faults: Vec<fault::Rule>,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, start: None, speed: 1.0, latency: Duration::ZERO, accept_any_credentials: true, faults: Vec::new() }
    }
}

/// The administrator's long-term credentials, made up with the world.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AKIA…`.
    pub access_key_id: String,
    /// The secret; opens this world only.
    pub secret_access_key: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// One AWS account behind the wire. Many tasks may call [`World::handle`] at once.
#[derive(Debug)]
pub struct World {
    /// The account's clock.
    pub clock: Clock,
    /// Bad days; rules may be added and taken away while the world runs.
    pub faults: fault::Table,
    options: Options,
    account: Mutex<Account>,
    requests: AtomicU64,
    calls: Mutex<BTreeMap<String, u64>>,
}

impl World {
    /// A world with a story in it: one of [`scenario::NAMES`].
    pub fn from_scenario(name: &str, options: Options) -> Result<Self, scenario::UnknownScenario> {
        let clock = Clock::new(options.start, options.speed);
        let scene = scenario::build(name, options.seed, clock.start())?;
        Ok(Self::new(scene.account, scene.faults, clock, options))
    }

    /// A world around an account made elsewhere.
    pub fn new(mut account: Account, scenario_faults: Vec<fault::Rule>, clock: Clock, options: Options) -> Self {
        // Two lookups a second of the world's time: a demo that runs a hundred times as fast answers a hundred times as many.
        let faster = if options.speed.is_finite() { options.speed.clamp(1.0, 1e6).ceil() } else { 1.0 };
        account.cloudtrail.rate = account.cloudtrail.rate.map(|rate| rate.saturating_mul(faster as u32));
        let faults = fault::Table::default();
        scenario_faults.into_iter().chain(options.faults.iter().cloned()).for_each(|rule| faults.add(rule));
        Self {
            clock,
            faults,
            options,
            account: Mutex::new(account),
            requests: AtomicU64::new(0),
            calls: Mutex::new(BTreeMap::new()),
        }
    }

    /// The account's time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The account, to look at or to change outside the API. Requests wait while it is held.
    pub fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Credentials with which everything is allowed.
    pub fn administrator(&self) -> Option<Credentials> {
        self.account()
            .iam
            .administrator_key()
            .map(|key| Credentials { access_key_id: key.id.clone(), secret_access_key: key.secret.clone() })
    }

    /// How many requests came in.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How often each operation was called, as `iam:ListUsers`; refused calls count.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers a request, after its latency.
    pub async fn handle(&self, request: Request) -> Reply {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let (reply, delay) = self.decide(&request, number);
        let delay = delay.saturating_add(self.options.latency);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        reply
    }

    fn decide(&self, request: &Request, number: u64) -> (Reply, Duration) {
        let mut random = fastrand::Rng::with_seed(self.options.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let request_id = ids::uuid(&mut random);
        let target = match Target::of(request) {
            Ok(target) => target,
            Err(unknown) => {
                let response = unknown_service(&unknown, &request_id);
                return (Reply::Http(self.finish(response, unknown.protocol, &request_id, SignedDuration::ZERO)), Duration::ZERO);
            }
        };
        let operation = target.operation.as_deref().unwrap_or("");
        self.count(target.service, operation);
        let outcome = self.faults.consult(target.service.name(), operation, target.region());
        (self.reply(request, target, &request_id, outcome), outcome.delay)
    }

    fn count(&self, service: Service, operation: &str) {
        let name = format!("{}:{operation}", service.name());
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
    }

    fn reply(&self, request: &Request, target: Target, request_id: &str, outcome: Outcome) -> Reply {
        match outcome.failure {
            Some(Failure::Reset) => return Reply::Reset,
            Some(Failure::Hang) => return Reply::Hang,
            _ => {}
        }
        let service = target.service;
        let response =
            self.answer(request, target, request_id, outcome).unwrap_or_else(|error| error.response(service, request_id));
        let response = self.finish(response, service.protocol(), request_id, outcome.skew);
        match outcome.failure {
            Some(Failure::Truncated) => Reply::Truncated(response),
            _ => Reply::Http(response),
        }
    }

    fn answer(&self, request: &Request, target: Target, request_id: &str, outcome: Outcome) -> Result<Response, ServiceError> {
        let service = target.service;
        if target.needs_no_signature() {
            return Err(ServiceError::unknown_operation(service, target.operation?.as_str()));
        }
        let authorization = target.authorization?;
        let (now, wall) = (self.clock.now(), self.server_time(outcome.skew));
        let mut account = self.account();
        let policy = Policy { accept_any_credentials: self.options.accept_any_credentials, now, wall };
        let principal = auth::authenticate(&mut account, request, &authorization, service, policy)?;
        let call = Call {
            service,
            operation: target.operation?,
            region: authorization.region,
            principal,
            access_key: authorization.access_key,
            now,
            wall,
            request_id: request_id.to_owned(),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            query: target.query,
            form: target.form,
            body: request.body().clone(),
        };
        if service.is_regional() && !account.is_enabled(&call.region) {
            return Err(ServiceError::unknown_key(service));
        }
        match outcome.failure {
            Some(failure) => fail(&account, &call, failure).unwrap_or_else(|| svc::dispatch(&mut account, &call)),
            None => svc::dispatch(&mut account, &call),
        }
    }

    fn server_time(&self, skew: SignedDuration) -> Timestamp {
        self.clock.wall().saturating_add(skew).unwrap_or(Timestamp::MAX)
    }

    /// The headers that every answer of AWS has.
    fn finish(&self, mut response: Response, protocol: Protocol, request_id: &str, skew: SignedDuration) -> Response {
        let date = self.server_time(skew).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        set_header(&mut response, "date", &date);
        set_header(&mut response, "x-amzn-requestid", request_id);
        if protocol == Protocol::RestJson {
            set_header(&mut response, "x-amz-request-id", request_id);
        }
        response
    }
}

/// A failure that is an answer; `None` for those that spoil a good answer later.
fn fail(account: &Account, call: &Call, failure: Failure) -> Option<Result<Response, ServiceError>> {
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
        Failure::Truncated | Failure::Reset | Failure::Hang => None,
    }
}

/// What a service answers that this world does not have.
fn unknown_service(unknown: &UnknownService, request_id: &str) -> Response {
    let names = Service::ALL.map(Service::name).join(", ");
    let message = format!("Credential is scoped to service '{}'; the embedded AWS has {names}.", unknown.name);
    match unknown.protocol {
        Protocol::Query => query::error(Service::Iam, &ServiceError::new(404, "InvalidAction", message), request_id),
        protocol @ (Protocol::Json | Protocol::RestJson) => {
            json::error(protocol, &ServiceError::new(404, "UnknownOperationException", message))
        }
    }
}
