//! A session: one identity, its regions, and one SDK client for each service and region, made when first needed.

mod clock;
mod connect;
mod hosts;
mod other;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_config::retry::RetryConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use jiff::Timestamp;
use tokio::sync::watch;

pub use clock::Clock;
pub use connect::{
    ATTEMPT_TIMEOUT, CALL_TIMEOUT, CONNECT_TIMEOUT, Connect, EMBEDDED_ACCESS_KEY, EMBEDDED_SECRET_KEY, MAX_ATTEMPTS, Patience,
    connect,
};

use super::fault;
use super::guard::{self, Guard};
pub use super::identity::Standing;
use super::identity::{Namer, Remembered};
use super::lanes::Lanes;
use super::observe::{Observer, Watch};
use super::profile::endpoints::{Endpoints, SERVICES};
use crate::domain::account::{CredentialSource, Identity};
use crate::domain::fault::{Fault, FaultKind};

/// Cheap to clone; all clones share clients and budgets.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    config: SdkConfig,
    about: Arc<About>,
    regions: Vec<String>,
    credentials: Remembered,
    observer: Observer,
    clock: Clock,
    lanes: Arc<Lanes>,
    /// Regions in which a call was answered.
    accepted: Mutex<BTreeSet<String>>,
    iam: OnceLock<aws_sdk_iam::Client>,
    sts: OnceLock<aws_sdk_sts::Client>,
    guardduty: Regional<aws_sdk_guardduty::Client>,
    cloudtrail: Regional<aws_sdk_cloudtrail::Client>,
    ssm: Regional<aws_sdk_ssm::Client>,
    secrets_manager: Regional<aws_sdk_secretsmanager::Client>,
    namer: Namer,
}

/// What the configuration says of a session, for those who show it.
#[derive(Debug, Default)]
struct About {
    /// The profile in use; `None` is the default one.
    profile: Option<String>,
    /// What gives the credentials in the profile's place; `None`: the profile does.
    instead: Option<&'static str>,
    /// Where calls go that do not go to AWS.
    endpoints: Endpoints,
    is_fips: bool,
    is_dual_stack: bool,
    /// The certificates in place of the system's, as PEM.
    bundle: Option<Vec<u8>>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("profile", &self.0.about.profile)
            .field("regions", &self.0.regions)
            .finish_non_exhaustive()
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
    ($session:expr, $sdk:ident, $service:literal, $region:expr $(, $setting:ident = $value:expr)?) => {
        client!($session, $sdk, $service, $region; &[] $(, $setting = $value)?)
    };
    ($session:expr, $sdk:ident, $service:literal, $region:expr; $also:expr $(, $setting:ident = $value:expr)?) => {{
        let watch = $session.watch($service, $region);
        $sdk::Client::from_conf(
            $sdk::config::Builder::from(&$session.0.config)
                .region(Region::new($region.to_owned()))
                .interceptor(watch)
                .interceptor(Guard { service: $service, also: $also })
                $(.$setting($value))?
                .build(),
        )
    }};
}

impl Session {
    /// The profile in use; `None` is the default one.
    pub fn profile(&self) -> Option<&str> {
        self.0.about.profile.as_deref()
    }

    /// What gives the credentials in place of the profile in use: `the environment` or `this machine`. `None`: the profile does.
    pub fn instead_of_profile(&self) -> Option<&'static str> {
        self.0.about.instead
    }

    /// The profile whose credentials sign; `None`: it is the default one, or none does.
    pub fn signing_profile(&self) -> Option<&str> {
        self.profile().filter(|_| self.0.about.instead.is_none())
    }

    /// The regions that the regional services are asked in; at least one.
    pub fn regions(&self) -> &[String] {
        &self.0.regions
    }

    /// Where calls go that do not go to AWS's usual endpoints, in the words of the header: which URL, for which services where they
    /// differ.
    pub fn endpoint(&self) -> Option<String> {
        let About { endpoints, is_fips, is_dual_stack, .. } = self.0.about.as_ref();
        let kind = match (is_fips, is_dual_stack) {
            (true, true) => Some("AWS FIPS, dual-stack"),
            (true, false) => Some("AWS FIPS"),
            (false, true) => Some("AWS dual-stack"),
            (false, false) => None,
        };
        endpoints.text().or_else(|| kind.map(str::to_owned))
    }

    /// The URL that a service is called at in place of AWS, by the name that IAM policies use (`ssm`).
    pub fn endpoint_of(&self, service: &str) -> Option<&str> {
        self.0.about.endpoints.of(service)
    }

    /// Each service that is called, with the URL in place of AWS's.
    pub fn endpoints(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        SERVICES.iter().map(|(service, _)| (*service, self.endpoint_of(service)))
    }

    /// The certificates that count in place of the system's (`AWS_CA_BUNDLE`, `ca_bundle`), as PEM, for connections that the SDK does
    /// not make.
    pub fn bundle(&self) -> Option<&[u8]> {
        self.0.about.bundle.as_deref()
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

    /// The source of credentials that a call had to fetch anew since this or [`Self::credentials`] was asked last.
    pub fn renewed_credentials(&self) -> Option<CredentialSource> {
        self.0.credentials.renewed()
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
    pub(crate) fn accepted_in(&self, region: &str) {
        let mut accepted = self.0.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        if !accepted.contains(region) {
            accepted.insert(region.to_owned());
        }
    }

    /// Whether the credentials were accepted somewhere, but never in this region.
    pub(crate) fn is_accepted_elsewhere_only(&self, region: &str) -> bool {
        let accepted = self.0.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        !accepted.is_empty() && !accepted.contains(region)
    }

    /// IAM is one for all regions.
    pub(crate) fn iam(&self) -> aws_sdk_iam::Client {
        self.0.iam.get_or_init(|| client!(self, aws_sdk_iam, "iam", self.home())).clone()
    }

    /// STS in the first region.
    pub(crate) fn sts(&self) -> aws_sdk_sts::Client {
        self.0.sts.get_or_init(|| client!(self, aws_sdk_sts, "sts", self.first_region())).clone()
    }

    /// STS in the first region, for the calls that make a session with a second factor. One attempt: no code is sent twice.
    pub(crate) fn second_factor(&self) -> aws_sdk_sts::Client {
        client!(self, aws_sdk_sts, "sts", self.first_region(); guard::MFA, retry_config = RetryConfig::disabled())
    }

    /// STS in a region.
    pub(crate) fn sts_in(&self, region: &str) -> aws_sdk_sts::Client {
        client!(self, aws_sdk_sts, "sts", region)
    }

    /// GuardDuty in a region.
    pub(crate) fn guardduty(&self, region: &str) -> aws_sdk_guardduty::Client {
        self.0.guardduty.get(region, || client!(self, aws_sdk_guardduty, "guardduty", region))
    }

    /// CloudTrail in a region. One attempt a call: further ones would be made inside the lane, without its spacing.
    pub(crate) fn cloudtrail(&self, region: &str) -> aws_sdk_cloudtrail::Client {
        let once = RetryConfig::standard().with_max_attempts(1);
        self.0.cloudtrail.get(region, || client!(self, aws_sdk_cloudtrail, "cloudtrail", region, retry_config = once))
    }

    /// Systems Manager in a region.
    pub(crate) fn ssm(&self, region: &str) -> aws_sdk_ssm::Client {
        self.0.ssm.get(region, || client!(self, aws_sdk_ssm, "ssm", region))
    }

    /// Secrets Manager in a region.
    pub(crate) fn secrets_manager(&self, region: &str) -> aws_sdk_secretsmanager::Client {
        self.0.secrets_manager.get(region, || client!(self, aws_sdk_secretsmanager, "secretsmanager", region; guard::SECRETS))
    }

    /// Who we are, if STS has been asked: the owner of whatever credentials sign this session's calls.
    pub fn identity(&self) -> Option<Identity> {
        self.0.credentials.identity()
    }

    /// Whose the credentials are, now and whenever more is known of it.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.0.credentials.standing()
    }

    /// Held by whoever asks STS who we are.
    pub(crate) fn naming(&self) -> &tokio::sync::Mutex<()> {
        self.0.credentials.naming()
    }

    /// STS has said who we are.
    ///
    /// # Errors
    /// It is not who we were before: the session signs nothing more.
    pub(crate) fn is(&self, identity: &Identity) -> Result<(), Fault> {
        self.0.credentials.is(identity.clone())
    }

    /// STS, signed by the credentials that the session has now and by no later ones: its answer is about those. Where there are none the
    /// call fails like any other.
    pub(crate) async fn namer(&self) -> aws_sdk_sts::Client {
        match self.0.credentials.provide_credentials().await {
            Ok(credentials) => self.0.namer.client(credentials),
            Err(_) => self.sts(),
        }
    }

    /// Systems Manager in a region, for what opens and ends sessions.
    pub(crate) fn session_manager(&self, region: &str) -> aws_sdk_ssm::Client {
        client!(self, aws_sdk_ssm, "ssm", region; guard::SESSIONS)
    }

    /// KMS in a region, for the keys of encrypted sessions.
    pub(crate) fn session_keys(&self, region: &str) -> aws_sdk_kms::Client {
        client!(self, aws_sdk_kms, "kms", region; guard::SESSIONS)
    }

    /// The credentials themselves, to sign what no client of the SDK sends; `None`: there are none.
    ///
    /// # Errors
    /// They may not sign: they became somebody else's, or it is not known whether they did.
    pub(crate) async fn signing_credentials(&self) -> Result<Option<Credentials>, Fault> {
        match self.0.credentials.provide_credentials().await {
            Ok(credentials) => Ok(Some(credentials)),
            Err(error) => match fault::from_credentials(&error, self.now()) {
                Fault { kind: FaultKind::NoCredentials, .. } => Ok(None),
                fault => Err(fault),
            },
        }
    }

    /// Who is told of each call.
    pub(super) fn observer(&self) -> &Observer {
        &self.0.observer
    }

    fn watch(&self, service: &'static str, region: &str) -> Watch {
        Watch { service, region: region.to_owned(), observer: self.0.observer.clone(), clock: self.0.clock.clone() }
    }
}
