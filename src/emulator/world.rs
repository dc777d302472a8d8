//! The world: one account behind the wire, from an HTTP request to what becomes of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::account::{Account, Principal};
use super::auth::{self, Policy};
use super::clock::Clock;
use super::failure::{fail, unknown_service};
use super::fault::{self, Failure, Outcome};
use super::route::Target;
use super::svc::cloudtrail::build::Actor;
use super::svc::cloudtrail::{self, Doing};
use super::svc::iam::{self, Asked, Attacker};
use super::svc::{self, Call, Service};
use super::wire::error::ServiceError;
use super::wire::{Protocol, Reply, Request, Response, set_header};
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
    /// How long a change to a user's keys or policies takes at most until it is in force everywhere, in the account's time.
    pub propagation: SignedDuration,
    /// How many replicas learn of it, each after its own time.
    pub replicas: u32,
    /// Whether every request goes to any replica; otherwise each service and region keeps to one.
    pub flapping: bool,
    /// Somebody who undoes what is done against a user.
    pub attacker: Option<Attacker>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            start: None,
            speed: 1.0,
            latency: Duration::ZERO,
            accept_any_credentials: true,
            faults: Vec::new(),
            propagation: SignedDuration::ZERO,
            replicas: 1,
            flapping: false,
            attacker: None,
        }
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
        if !options.propagation.is_zero() {
            let iam = &mut account.iam;
            (iam.propagation, iam.replicas, iam.flapping) = (options.propagation, options.replicas.max(1), options.flapping);
        }
        if let Some(attacker) = options.attacker.clone() {
            account.iam.besiege(attacker);
        }
        let faults = fault::Table::seeded(options.seed);
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
        let user = self.faults.asks_who().then(|| self.claimed_user(&target)).flatten();
        let outcome = self.faults.consult(fault::Asked {
            service: target.service.name(),
            operation,
            region: target.region(),
            user: user.as_deref(),
            on: target.form.get("UserName"),
        });
        (self.reply(request, target, &request_id, outcome), outcome.delay)
    }

    /// The IAM user whose key a request says it is signed with; whether it really is shows later.
    fn claimed_user(&self, target: &Target) -> Option<String> {
        let key = &target.authorization.as_ref().ok()?.access_key;
        let mut account = self.account();
        if let Some(session) = account.sts.credentials(key) {
            return session.principal.user_name().map(str::to_owned);
        }
        if let Some(owner) = account.iam.owner_of(key) {
            return Some(owner.to_owned());
        }
        let anybody = self.options.accept_any_credentials.then(|| account.iam.administrator())?;
        anybody.user_name().map(str::to_owned)
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
        let response = match outcome.failure {
            Some(Failure::Failed) => ServiceError::internal(service, "We encountered an internal error. Please try again.")
                .response(service, request_id),
            _ => response,
        };
        let response = self.finish(response, service.protocol(), request_id, outcome.skew);
        match outcome.failure {
            Some(Failure::Truncated) => Reply::Truncated(response),
            Some(Failure::Dropped) => Reply::Reset,
            Some(Failure::Stalled) => Reply::Hang,
            _ => Reply::Http(response),
        }
    }

    /// Whether the upgrade to a session's web socket may go on: unsigned, as old clients go, or signed by somebody for Session
    /// Manager's data channels.
    pub fn admits<B>(&self, request: &http::Request<B>) -> bool {
        if !request.headers().contains_key(http::header::AUTHORIZATION) {
            return true;
        }
        let mut whole = http::Request::new(bytes::Bytes::new());
        (*whole.method_mut(), *whole.uri_mut()) = (request.method().clone(), request.uri().clone());
        *whole.headers_mut() = request.headers().clone();
        let Ok(authorization) = auth::Authorization::of(&whole, Protocol::Json) else { return false };
        let policy = Policy {
            accept_any_credentials: self.options.accept_any_credentials,
            now: self.clock.now(),
            wall: self.server_time(SignedDuration::ZERO),
        };
        authorization.service == "ssmmessages"
            && auth::authenticate(&mut self.account(), &whole, &authorization, Service::Ssm, policy).is_ok()
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
        strike(&mut account, now);
        let caller = auth::authenticate(&mut account, request, &authorization, service, policy)?;
        let mut call = Call {
            service,
            operation: target.operation?,
            region: authorization.region,
            principal: caller.principal,
            access_key: authorization.access_key,
            session: caller.session,
            forbidden: Vec::new(),
            user_agent: auth::sigv4::header(request, "user-agent").unwrap_or_default().to_owned(),
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
        call.forbidden = self.forbidden(&call);
        let failure = outcome.failure.and_then(|failure| fail(&account, &call, failure));
        let result = match failure {
            Some(failure) => failure,
            None => permitted(&mut account, &call).and_then(|()| svc::dispatch(&mut account, &call)),
        };
        if !matches!(outcome.failure, Some(Failure::Error | Failure::Unavailable | Failure::Malformed)) {
            cloudtrail::witness(&mut account, &call, &result);
        }
        result
    }

    /// The actions that a fault denies to the user whom `SimulatePrincipalPolicy` is about.
    fn forbidden(&self, call: &Call) -> Vec<String> {
        if call.operation != "SimulatePrincipalPolicy" {
            return Vec::new();
        }
        let user = call.form.get("PolicySourceArn").and_then(|arn| arn.rsplit('/').next());
        let is_denied = |action: &&str| {
            action.split_once(':').is_some_and(|(service, operation)| {
                self.faults.denies(fault::Asked { service, operation, region: &call.region, user, on: None })
            })
        };
        call.form.list("ActionNames").into_iter().filter(is_denied).map(str::to_owned).collect()
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

/// Lets the attacker do what it has to do by now. Its doings are in the history like anybody's.
fn strike(account: &mut Account, now: Timestamp) {
    let undone = account.iam.strike(now, &mut account.rng);
    for iam::Undone { at, user, operation, request } in undone {
        let id = account.iam.user(&user).map(|user| user.id.clone()).unwrap_or_default();
        let doing = Doing {
            at,
            actor: Actor::User { name: user, id, key: None, mfa: None },
            service: Service::Iam,
            operation: operation.to_owned(),
            region: "us-east-1".to_owned(),
            from: ("198.51.100.66".to_owned(), "aws-cli/2.31.8".to_owned()),
            request,
            response: serde_json::Value::Null,
            error: None,
            request_id: None,
        };
        let account_id = account.id.clone();
        account.cloudtrail.record(&account_id, doing);
    }
}

/// Refuses what a policy of the calling user denies. Who one is may be asked whatever policies say.
fn permitted(account: &mut Account, call: &Call) -> Result<(), ServiceError> {
    let Principal::User { name, .. } = &call.principal else { return Ok(()) };
    if (call.service, call.operation.as_str()) == (Service::Sts, "GetCallerIdentity") {
        return Ok(());
    }
    let resource = svc::resource(&account.id, call);
    let action = format!("{}:{}", call.service.name(), call.operation);
    let asked = Asked {
        action: &action,
        resource: resource.as_deref().unwrap_or("*"),
        issued: call.session.map(|(issued, _)| issued),
        mfa: call.session.map(|(_, mfa)| mfa),
    };
    if account.iam.is_denied(name, asked, call.service.name(), &call.region, call.now) {
        return Err(ServiceError::forbidden(call.service, &call.principal.arn(), &call.operation, resource.as_deref()));
    }
    Ok(())
}
