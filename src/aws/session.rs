//! A session: one identity, its regions, and one SDK client for each service and region, made when first needed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::os_shim_internal::Env;
use jiff::Timestamp;

use super::fault::unsent;
use super::guard::Guard;
use super::identity::Remembered;
use super::lanes::Lanes;
use super::observe::{Observer, Watch};
use super::{certificates, profile};
use crate::domain::account::CredentialSource;
use crate::domain::fault::{Fault, FaultKind};

/// How long a connection may take to be made. Off a whole second, as the SDKs have it: a lost SYN is sent again after three.
pub const CONNECT_TIMEOUT: Duration = Duration::from_millis(3100);
/// How long one attempt may take. AWS's reads answer within two seconds; after ten, a new attempt has the better chance.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a call may take with all its attempts and the waits between them.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Attempts of one call, the first included: the SDK's standard.
pub const MAX_ATTEMPTS: u32 = 3;

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For one attempt.
    pub attempt: Duration,
    /// For a call with all its attempts.
    pub call: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: CONNECT_TIMEOUT, attempt: ATTEMPT_TIMEOUT, call: CALL_TIMEOUT }
    }
}

/// Where the present time comes from: this machine, or the demo's world.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// This machine's clock.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the edge: here the time enters what AWS told us")]
        Self(Arc::new(Timestamp::now))
    }

    /// Another clock.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// What a session is made from.
#[derive(Debug, Clone)]
pub struct Connect {
    /// `--profile`; `None` is the SDK's default chain (`AWS_PROFILE` included).
    pub profile: Option<String>,
    /// `--region`, in the order given; empty is the region of the environment or the profile.
    pub regions: Vec<String>,
    /// `--endpoint-url`; `None` leaves it to `AWS_ENDPOINT_URL*` and the profile.
    pub endpoint_url: Option<String>,
    /// The embedded AWS. With it nothing of the user's own configuration is read and no socket is opened.
    pub http: Option<SharedHttpClient>,
    /// Is told of each call.
    pub observer: Observer,
    /// The clock that facts are dated by.
    pub clock: Clock,
    /// How much faster than ours that clock runs; the waits between calls are divided by it.
    pub speed: f64,
    /// How long to wait for answers.
    pub patience: Patience,
}

impl Connect {
    /// The user's own configuration and this machine's clock.
    pub fn new(observer: Observer) -> Self {
        Self {
            profile: None,
            regions: Vec::new(),
            endpoint_url: None,
            http: None,
            observer,
            clock: Clock::system(),
            speed: 1.0,
            patience: Patience::default(),
        }
    }
}

/// Access key of the embedded AWS: the one AWS's documentation uses for examples.
pub const EMBEDDED_ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
/// The secret to [`EMBEDDED_ACCESS_KEY`], likewise from AWS's documentation.
pub const EMBEDDED_SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// Loads the configuration. No call to AWS is made yet.
pub async fn connect(wanted: Connect) -> Result<Session, Fault> {
    let (config, profile) = match wanted.http.clone() {
        Some(http) => (embedded(http, &wanted), wanted.profile.clone()),
        None => configured(&wanted).await?,
    };
    let mut regions: Vec<String> = Vec::new();
    for region in wanted.regions {
        if !regions.contains(&region) {
            regions.push(region);
        }
    }
    if regions.is_empty() {
        regions.extend(config.region().map(ToString::to_string));
    }
    let Some(first) = regions.first().cloned() else {
        return Err(unsent(FaultKind::NoRegion, "", wanted.clock.now()));
    };
    let inner = config.credentials_provider().ok_or_else(|| unsent(FaultKind::NoCredentials, "", wanted.clock.now()))?;
    let credentials = Remembered::new(inner, wanted.clock.clone());
    let config = config
        .into_builder()
        .region(Region::new(first))
        .credentials_provider(SharedCredentialsProvider::new(credentials.clone()))
        .build();
    Ok(Session(Arc::new(Inner {
        endpoint: endpoint(&config),
        config,
        profile,
        regions,
        credentials,
        observer: wanted.observer,
        clock: wanted.clock,
        count: Arc::default(),
        lanes: Lanes::new(wanted.speed),
        known_in: Mutex::default(),
        iam: OnceLock::new(),
        sts: OnceLock::new(),
        guardduty: Regional::default(),
        cloudtrail: Regional::default(),
        ssm: Regional::default(),
    })))
}

fn timeouts(patience: Patience) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(patience.connect)
        .operation_attempt_timeout(patience.attempt)
        .operation_timeout(patience.call)
        .build()
}

fn embedded(http: SharedHttpClient, wanted: &Connect) -> SdkConfig {
    let credentials = Credentials::new(EMBEDDED_ACCESS_KEY, EMBEDDED_SECRET_KEY, None, None, "embedded AWS");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(wanted.regions.first().cloned().unwrap_or_else(|| "us-east-1".to_owned())))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        // Requests are signed in wall time, whatever time it is in the demo's world.
        .time_source(SharedTimeSource::new(SystemTimeSource::new()))
        .timeout_config(timeouts(wanted.patience))
        .retry_config(aws_config::retry::RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
        .build()
}

/// The user's configuration as the SDK reads it, and the name of the profile in use.
async fn configured(wanted: &Connect) -> Result<(SdkConfig, Option<String>), Fault> {
    let found = profile::look(wanted.profile.as_deref(), &wanted.clock).await?;
    let http = certificates(&found, &wanted.clock).await?;
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .timeout_config(timeouts(wanted.patience))
        .sleep_impl(TokioSleep::new());
    if let Some(name) = &wanted.profile {
        loader = loader.profile_name(name);
        if found.against_environment {
            // The SDK would take the environment's keys and show their account under the profile's name;
            // the AWS CLI lets the named profile win, and so do we.
            let provider = ProviderConfig::with_default_region().await.with_http_client(http);
            loader = loader.credentials_provider(
                ProfileFileCredentialsProvider::builder().configure(&provider).profile_name(name.clone()).build(),
            );
        }
    }
    if let Some(region) = wanted.regions.first() {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &wanted.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    Ok((loader.load().await, found.name))
}

async fn certificates(found: &profile::Found, clock: &Clock) -> Result<SharedHttpClient, Fault> {
    let wrong =
        |path: &str, why: String| unsent(FaultKind::Configuration, format!("certificate bundle {path}: {why}"), clock.now());
    let Some(path) = &found.bundle else {
        return certificates::http_client(None).map_err(|why| wrong("of the system", why));
    };
    let pem = tokio::fs::read(path).await.map_err(|error| wrong(path, error.to_string()))?;
    certificates::http_client(Some(&pem)).map_err(|why| wrong(path, why))
}

/// The endpoint in place of AWS's, as far as it is the same for all services, else the first that stands in for one.
fn endpoint(config: &SdkConfig) -> Option<String> {
    let own = |service: &&str| Env::real().get(&format!("AWS_ENDPOINT_URL_{service}")).ok();
    let url = config.endpoint_url().map(str::to_owned);
    url.or_else(|| config.service_config().and_then(|_| ["IAM", "STS", "GUARDDUTY", "CLOUDTRAIL", "SSM"].iter().find_map(own)))
}

/// Cheap to clone; all clones share clients and budgets.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    config: SdkConfig,
    profile: Option<String>,
    regions: Vec<String>,
    endpoint: Option<String>,
    credentials: Remembered,
    observer: Observer,
    clock: Clock,
    count: Arc<AtomicU64>,
    lanes: Lanes,
    known_in: Mutex<Option<String>>,
    iam: OnceLock<aws_sdk_iam::Client>,
    sts: OnceLock<aws_sdk_sts::Client>,
    guardduty: Regional<aws_sdk_guardduty::Client>,
    cloudtrail: Regional<aws_sdk_cloudtrail::Client>,
    ssm: Regional<aws_sdk_ssm::Client>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("profile", &self.0.profile).field("regions", &self.0.regions).finish_non_exhaustive()
    }
}

/// One client for each region.
struct Regional<C>(Mutex<BTreeMap<String, C>>);

impl<C> Default for Regional<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<C: Clone> Regional<C> {
    fn get(&self, region: &str, make: impl FnOnce() -> C) -> C {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(region.to_owned()).or_insert_with(make).clone()
    }
}

/// A service's client with everything that each call passes through.
macro_rules! client {
    ($session:expr, $sdk:ident, $service:literal, $region:expr) => {{
        let watch = $session.watch($service, $region);
        $sdk::Client::from_conf(
            $sdk::config::Builder::from(&$session.0.config)
                .region(Region::new($region.to_owned()))
                .interceptor(watch)
                .interceptor(Guard { service: $service })
                .build(),
        )
    }};
}

impl Session {
    /// The profile in use; `None` is the default one.
    pub fn profile(&self) -> Option<&str> {
        self.0.profile.as_deref()
    }

    /// The regions that the regional services are asked in; at least one.
    pub fn regions(&self) -> &[String] {
        &self.0.regions
    }

    /// The endpoint in place of AWS's, where there is one.
    pub fn endpoint(&self) -> Option<&str> {
        self.0.endpoint.as_deref()
    }

    /// The present time by the session's clock.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The budgets.
    pub fn lanes(&self) -> &Lanes {
        &self.0.lanes
    }

    /// Where the credentials come from and when they end. Loads them when nobody has yet: that may ask SSO, STS or a program.
    pub async fn credentials(&self) -> Result<CredentialSource, Fault> {
        self.0.credentials.source().await
    }

    /// The region that global calls are signed for: the home of the partition.
    pub(crate) fn home(&self) -> &'static str {
        match self.0.regions.first().map_or("", String::as_str) {
            region if region.starts_with("cn-") => "cn-north-1",
            region if region.starts_with("us-gov-") => "us-gov-west-1",
            _ => "us-east-1",
        }
    }

    /// The first region: where STS is asked.
    pub(crate) fn first_region(&self) -> &str {
        self.0.regions.first().map_or("us-east-1", String::as_str)
    }

    /// Notes that the credentials were accepted in a region.
    pub(crate) fn known_in(&self, region: &str) {
        *self.0.known_in.lock().unwrap_or_else(PoisonError::into_inner) = Some(region.to_owned());
    }

    /// Whether the credentials were accepted in another region than this one.
    pub(crate) fn is_known_elsewhere(&self, region: &str) -> bool {
        self.0.known_in.lock().unwrap_or_else(PoisonError::into_inner).as_deref().is_some_and(|known| known != region)
    }

    /// IAM is one for all regions.
    pub(crate) fn iam(&self) -> aws_sdk_iam::Client {
        self.0.iam.get_or_init(|| client!(self, aws_sdk_iam, "iam", self.home())).clone()
    }

    /// STS in the first region.
    pub(crate) fn sts(&self) -> aws_sdk_sts::Client {
        self.0.sts.get_or_init(|| client!(self, aws_sdk_sts, "sts", self.first_region())).clone()
    }

    /// GuardDuty in a region.
    pub(crate) fn guardduty(&self, region: &str) -> aws_sdk_guardduty::Client {
        self.0.guardduty.get(region, || client!(self, aws_sdk_guardduty, "guardduty", region))
    }

    /// CloudTrail in a region.
    pub(crate) fn cloudtrail(&self, region: &str) -> aws_sdk_cloudtrail::Client {
        self.0.cloudtrail.get(region, || client!(self, aws_sdk_cloudtrail, "cloudtrail", region))
    }

    /// Systems Manager in a region.
    pub(crate) fn ssm(&self, region: &str) -> aws_sdk_ssm::Client {
        self.0.ssm.get(region, || client!(self, aws_sdk_ssm, "ssm", region))
    }

    fn watch(&self, service: &'static str, region: &str) -> Watch {
        Watch {
            service,
            region: region.to_owned(),
            observer: self.0.observer.clone(),
            clock: self.0.clock.clone(),
            count: Arc::clone(&self.0.count),
        }
    }
}
