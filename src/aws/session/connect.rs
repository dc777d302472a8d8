//! From the user's configuration, or from the embedded AWS, to a session.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::{About, Clock, Inner, Regional, Session};
use crate::aws::fault::unsent;
use crate::aws::identity::{Namer, Remembered};
use crate::aws::lanes::Lanes;
use crate::aws::observe::Observer;
use crate::aws::profile::way::Step;
use crate::aws::profile::{Found, Origin, provider};
use crate::aws::second_factor::SecondFactor;
use crate::aws::{certificates, profile};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::profiles::DEFAULT;

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

/// What a session is made from.
#[derive(Debug, Clone)]
pub struct Connect {
    /// `--profile`; `None` leaves it to `AWS_PROFILE` and the default profile.
    pub profile: Option<String>,
    /// `--region`, in the order given; empty is the region of the environment or the profile.
    pub regions: Vec<String>,
    /// `--endpoint-url`; `None` leaves it to `AWS_ENDPOINT_URL*` and the profile.
    pub endpoint_url: Option<String>,
    /// Who gives codes of MFA devices, to the session or to roles of the profile: STS then makes the session, and the credentials of the
    /// configuration sign that call alone. `None`: a profile that needs one is refused.
    pub factor: Option<SecondFactor>,
    /// The embedded AWS. With it nothing of the user's own configuration is read and no socket is opened.
    pub http: Option<SharedHttpClient>,
    /// Who gives the credentials in the embedded AWS; `None`: its own ([`EMBEDDED_ACCESS_KEY`]).
    pub credentials: Option<SharedCredentialsProvider>,
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
            factor: None,
            http: None,
            credentials: None,
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

/// Loads the configuration. No call to AWS is made yet, but the one that a second factor needs.
pub async fn connect(wanted: Connect) -> Result<Session, Fault> {
    let (config, about, steps) = match wanted.http.clone() {
        Some(http) => (embedded(http, &wanted), About { profile: wanted.profile.clone(), ..About::default() }, Vec::new()),
        // Large, and rare: on the heap, so that every future with a session to make in it stays small.
        None => Box::pin(configured(&wanted)).await?,
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
    if let Some(strange) = regions.iter().find(|region| !is_host_label(region)) {
        let words = format!("{strange:?} is no name of a region, such as eu-central-1");
        return Err(unsent(FaultKind::Configuration, words, wanted.clock.now()));
    }
    let inner = config.credentials_provider().ok_or_else(|| unsent(FaultKind::NoCredentials, "", wanted.clock.now()))?;
    let mut config = config.into_builder().region(Region::new(first.clone()));
    // Who reads CloudTrail can tell our calls from others'.
    config.set_app_name(AppName::new("bartizan").ok());
    let config = config.build();
    let (observer, clock) = (wanted.observer.clone(), wanted.clock.clone());
    let namer = Namer { config: config.clone(), region: first, observer, clock };
    let credentials = Remembered::new(inner, wanted.clock.clone(), namer.clone());
    let config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(credentials.clone())).build();
    let session = Session(Arc::new(Inner {
        config,
        about: Arc::new(about),
        regions,
        credentials,
        observer: wanted.observer,
        clock: wanted.clock,
        lanes: Arc::new(Lanes::new(wanted.speed)),
        accepted: Mutex::default(),
        iam: OnceLock::new(),
        sts: OnceLock::new(),
        guardduty: Regional::default(),
        cloudtrail: Regional::default(),
        ssm: Regional::default(),
        secrets_manager: Regional::default(),
        namer,
    }));
    match wanted.factor {
        None => Ok(session),
        Some(factor) => Box::pin(factor.enter(session, &steps)).await,
    }
}

/// The name of a region becomes a part of the endpoint's name.
fn is_host_label(region: &str) -> bool {
    (1..=63).contains(&region.len()) && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn timeouts(patience: Patience) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(patience.connect)
        .operation_attempt_timeout(patience.attempt)
        .operation_timeout(patience.call)
        .build()
}

fn embedded(http: SharedHttpClient, wanted: &Connect) -> SdkConfig {
    let mut credentials = Credentials::new(EMBEDDED_ACCESS_KEY, EMBEDDED_SECRET_KEY, None, None, "embedded AWS");
    // The header names the source by the mark that a provider leaves.
    credentials.set_property(vec![AwsCredentialFeature::CredentialsCode]);
    let provider = wanted.credentials.clone().unwrap_or_else(|| SharedCredentialsProvider::new(credentials));
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(wanted.regions.first().cloned().unwrap_or_else(|| "us-east-1".to_owned())))
        .credentials_provider(provider)
        .http_client(http)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        // Requests are signed in wall time, whatever time it is in the demo's world.
        .time_source(SharedTimeSource::new(SystemTimeSource::new()))
        .timeout_config(timeouts(wanted.patience))
        .retry_config(aws_config::retry::RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
        .build()
}

/// The user's own configuration, what is said about it, and the roles that want a code.
async fn configured(wanted: &Connect) -> Result<(SdkConfig, About, Vec<Step>), Fault> {
    let found = profile::look(wanted.profile.as_deref(), wanted.endpoint_url.as_deref(), &wanted.clock).await?;
    if let (Some(steps), None) = (found.steps_with_code(), &wanted.factor) {
        let profile = steps.iter().find(|step| step.serial.is_some()).map(|step| step.profile.clone());
        return Err(unsent(FaultKind::NeedsMfa { profile: profile.unwrap_or_default() }, "", wanted.clock.now()));
    }
    let bundle = bundle(&found, &wanted.clock).await?;
    let config = without_credentials(&found, wanted, bundle.as_deref()).await?;
    let steps = found.steps_with_code().unwrap_or_default().to_vec();
    let credentials = credentials(&found, steps.is_empty(), &config).await;
    let instead = match found.origin {
        Origin::Profile(_) => None,
        Origin::Environment => Some("the environment"),
        Origin::Machine(_) => Some("this machine"),
    };
    tracing::info!(
        profile = ?found.name,
        credentials = instead.unwrap_or("the profile"),
        region = ?config.region(),
        endpoint = ?found.endpoints.text(),
        "read the AWS configuration"
    );
    let about = About {
        instead,
        profile: found.name,
        is_fips: config.use_fips().unwrap_or_default(),
        is_dual_stack: config.use_dual_stack().unwrap_or_default(),
        endpoints: found.endpoints,
        bundle,
    };
    Ok((config.into_builder().credentials_provider(credentials).build(), about, steps))
}

/// Everything but credentials. Of the user's files the SDK is given only what [`profile::look`] has read in them.
async fn without_credentials(found: &Found, wanted: &Connect, bundle: Option<&[u8]>) -> Result<SdkConfig, Fault> {
    let path = found.bundle.as_deref().unwrap_or("of the system");
    let wrong = |why: String| unsent(FaultKind::Configuration, format!("certificate bundle {path}: {why}"), wanted.clock.now());
    let options = EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, &found.options).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .profile_files(options)
        .profile_name("default")
        .no_credentials()
        .http_client(certificates::http_client(bundle).map_err(wrong)?)
        .timeout_config(timeouts(wanted.patience))
        .sleep_impl(TokioSleep::new());
    if let Some(region) = wanted.regions.first().or(found.region.as_ref()) {
        loader = loader.region(Region::new(region.clone()));
    }
    let mut config = loader.load().await.into_builder().service_config(found.endpoints.clone());
    config.set_endpoint_url(None);
    let config = config.build();
    if config.use_fips() == Some(true) && !found.endpoints.is_empty() {
        let words = "FIPS endpoints are asked for, and so is an endpoint in AWS's place: only one of them can be had";
        return Err(unsent(FaultKind::Configuration, words, wanted.clock.now()));
    }
    Ok(config)
}

/// The credentials that sign, or with which a second factor goes on: then without the roles.
async fn credentials(found: &Found, with_roles: bool, config: &SdkConfig) -> SharedCredentialsProvider {
    match &found.origin {
        Origin::Environment => provider::of_environment(),
        Origin::Machine(token) => provider::of_machine(token.as_ref(), found.name.as_deref(), config),
        Origin::Profile(way) => {
            let asked = found.name.as_deref().unwrap_or(DEFAULT);
            let mut provider = provider::of_base(way, asked, config);
            for step in way.steps.iter().filter(|_| with_roles) {
                provider = provider::of_step(step, asked, provider, config).await;
            }
            provider
        }
    }
}

/// The certificate bundle of `AWS_CA_BUNDLE` or of the profile, as PEM; `None`: the system's certificates count.
async fn bundle(found: &Found, clock: &Clock) -> Result<Option<Vec<u8>>, Fault> {
    let Some(path) = &found.bundle else { return Ok(None) };
    let wrong =
        |error: std::io::Error| unsent(FaultKind::Configuration, format!("certificate bundle {path}: {error}"), clock.now());
    tokio::fs::read(path).await.map(Some).map_err(wrong)
}
