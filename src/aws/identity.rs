//! Credentials, loaded once and kept until shortly before they end; and whose they are.
//!
//! The SDK's clients would each be content with a cache of their own, but the header wants to know the source as well, and a
//! `credential_process` that asks for a touch must not run twice.
//!
//! Whatever signs takes its credentials from here: every client of the SDK, and the web sockets of sessions. So here is where an
//! identity is bound to them. Renewed credentials are handed out once STS has named the same principal for them as for the first ones
//! ([`Identity::is_same_principal`]); until then they sign `GetCallerIdentity` and nothing else. If STS names another one, the session is
//! refused from then on: whoever wants to work as that one connects anew.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use jiff::Timestamp;
use tokio::sync::{Mutex, watch};

use super::fault::{self, from_credentials};
use super::guard::Guard;
use super::observe::{Observer, Watch};
use super::profile::provider::MadeBy;
use super::second_factor::Mark;
use super::session::Clock;
use crate::domain::account::{CredentialSource, Identity, MFA_SESSION};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::text::Untrusted;

/// New credentials are fetched this long before the old ones end.
const BEFORE_END: Duration = Duration::from_secs(60);

/// What is known of whose a session's credentials are.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// Nobody has asked STS, or it has not answered.
    Unnamed,
    /// STS has named this identity for the credentials in use.
    Named(Identity),
    /// The credentials became somebody else's. Nothing more is signed.
    Refused(Box<Fault>),
}

/// A provider that remembers, and hands out credentials of one identity only.
#[derive(Debug, Clone)]
pub(crate) struct Remembered(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    provider: SharedCredentialsProvider,
    clock: Clock,
    namer: Namer,
    kept: Mutex<Kept>,
    /// The source of credentials that were fetched since somebody asked last.
    renewed: std::sync::Mutex<Option<CredentialSource>>,
    standing: watch::Sender<Standing>,
    /// Held while STS is asked who the session is.
    naming: Mutex<()>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Those in use.
    current: Option<Credentials>,
    /// Renewed ones that STS has not named yet: it was asked in vain.
    unnamed: Option<Credentials>,
}

impl Remembered {
    pub(crate) fn new(provider: SharedCredentialsProvider, clock: Clock, namer: Namer) -> Self {
        Self(Arc::new(Inner {
            provider,
            clock,
            namer,
            kept: Mutex::default(),
            renewed: std::sync::Mutex::default(),
            standing: watch::channel(Standing::Unnamed).0,
            naming: Mutex::default(),
        }))
    }

    /// Provider and end of the credentials in use.
    pub(crate) async fn source(&self) -> Result<CredentialSource, Fault> {
        let credentials = self.load().await.map_err(|error| from_credentials(&error, self.0.clock.now()))?;
        // Whoever asks knows now.
        self.renewed();
        Ok(source(&credentials))
    }

    /// Provider and end of credentials that came in place of others, once for each.
    pub(crate) fn renewed(&self) -> Option<CredentialSource> {
        self.0.renewed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whose the credentials are, now and whenever more is known of it.
    pub(crate) fn standing(&self) -> watch::Receiver<Standing> {
        self.0.standing.subscribe()
    }

    /// Whose the credentials are, if STS has said so.
    pub(crate) fn identity(&self) -> Option<Identity> {
        match &*self.0.standing.borrow() {
            Standing::Named(identity) => Some(identity.clone()),
            Standing::Unnamed | Standing::Refused(_) => None,
        }
    }

    /// Held by whoever asks STS for the identity of the session: others can wait for the answer instead of asking, too.
    pub(crate) fn naming(&self) -> &Mutex<()> {
        &self.0.naming
    }

    /// STS has named this identity for credentials of the session.
    ///
    /// # Errors
    /// It is not the one that the session began with: from now on nothing is signed.
    pub(crate) fn is(&self, identity: Identity) -> Result<(), Fault> {
        let mut refused = None;
        self.0.standing.send_if_modified(|standing| match standing {
            Standing::Refused(fault) => {
                refused = Some((**fault).clone());
                false
            }
            Standing::Named(was) if !was.is_same_principal(&identity) => {
                let fault = stranger(was, &identity, self.0.clock.now());
                refused = Some(fault.clone());
                *standing = Standing::Refused(Box::new(fault));
                true
            }
            Standing::Named(was) if *was == identity => false,
            Standing::Unnamed | Standing::Named(_) => {
                *standing = Standing::Named(identity.clone());
                true
            }
        });
        refused.map_or(Ok(()), Err)
    }

    async fn load(&self) -> provider::Result {
        self.stands()?;
        let mut kept = self.0.kept.lock().await;
        self.stands()?;
        let Some(current) = kept.current.clone() else {
            let first = self.0.provider.provide_credentials().await?;
            self.fetched(&first);
            return Ok(kept.current.insert(first).clone());
        };
        if !self.ends_soon(&current) {
            return Ok(current);
        }
        if self.identity().is_none() {
            // Nobody could say later whether those that come are of the same identity.
            self.name(&current).await?;
        }
        let fresh = match kept.unnamed.take().filter(|fresh| !self.ends_soon(fresh)) {
            Some(fresh) => fresh,
            None => self.0.provider.provide_credentials().await?,
        };
        if !is_same_key(&fresh, &current) {
            // Whoever gives up waiting for STS has the next one ask about these again.
            kept.unnamed = Some(fresh.clone());
            self.name(&fresh).await?;
            kept.unnamed = None;
        }
        self.fetched(&fresh);
        Ok(kept.current.insert(fresh).clone())
    }

    /// Has STS name the identity of credentials, which has to be that of the session.
    async fn name(&self, credentials: &Credentials) -> Result<(), CredentialsError> {
        let identity = self.0.namer.ask(credentials).await.map_err(CredentialsError::provider_error)?;
        self.is(identity).map_err(CredentialsError::provider_error)
    }

    /// Whether anything may be signed at all.
    fn stands(&self) -> Result<(), CredentialsError> {
        match &*self.0.standing.borrow() {
            Standing::Refused(fault) => Err(CredentialsError::provider_error((**fault).clone())),
            Standing::Unnamed | Standing::Named(_) => Ok(()),
        }
    }

    fn fetched(&self, credentials: &Credentials) {
        *self.0.renewed.lock().unwrap_or_else(PoisonError::into_inner) = Some(source(credentials));
    }

    fn ends_soon(&self, credentials: &Credentials) -> bool {
        end(credentials).is_some_and(|end| end <= self.0.clock.now() + BEFORE_END)
    }
}

impl ProvideCredentials for Remembered {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }
}

fn is_same_key(one: &Credentials, other: &Credentials) -> bool {
    one.access_key_id() == other.access_key_id()
        && one.secret_access_key() == other.secret_access_key()
        && one.session_token() == other.session_token()
}

/// The most of an ARN that is shown: AWS's own are shorter.
const MOST: usize = 256;

fn stranger(was: &Identity, now: &Identity, at: Timestamp) -> Fault {
    let shown = |identity: &Identity| identity.arn.shown_within(MOST).into_string();
    fault::unsent(FaultKind::OtherIdentity { was: shown(was), now: shown(now) }, "", at)
}

/// Asks STS whose credentials are, signed by them and by nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Namer {
    pub(crate) config: SdkConfig,
    pub(crate) region: String,
    pub(crate) observer: Observer,
    pub(crate) clock: Clock,
}

impl Namer {
    /// STS by these credentials.
    pub(crate) fn client(&self, credentials: Credentials) -> aws_sdk_sts::Client {
        let (observer, clock) = (self.observer.clone(), self.clock.clone());
        let watch = Watch { service: "sts", region: self.region.clone(), observer, clock };
        let config = aws_sdk_sts::config::Builder::from(&self.config)
            .region(Region::new(self.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .interceptor(watch)
            .interceptor(Guard { service: "sts", also: &[] });
        aws_sdk_sts::Client::from_conf(config.build())
    }

    async fn ask(&self, credentials: &Credentials) -> Result<Identity, Fault> {
        let answer = self.client(credentials.clone()).get_caller_identity().send().await;
        let answer = answer.map_err(|error| fault::from_sdk(&error, CALL, &self.region, self.clock.now()))?;
        named(&answer, &self.region, self.clock.now())
    }
}

/// The call that names an identity.
const CALL: &str = "sts:GetCallerIdentity";

/// The identity of an answer.
///
/// # Errors
/// It names none.
pub(crate) fn named(
    answer: &aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput,
    region: &str,
    at: Timestamp,
) -> Result<Identity, Fault> {
    let given = (answer.account(), answer.arn(), answer.user_id());
    let (Some(account), Some(arn), Some(user_id)) = given else {
        return Err(fault::malformed(CALL, region, "the answer does not say whose the credentials are", at));
    };
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(fault::malformed(CALL, region, "the account in the answer is no number of twelve digits", at));
    }
    Ok(Identity { account: account.to_owned(), arn: Untrusted::new(arn), user_id: Untrusted::new(user_id) })
}

fn source(credentials: &Credentials) -> CredentialSource {
    CredentialSource { provider: provider(credentials).to_owned(), expires: end(credentials) }
}

fn end(credentials: &Credentials) -> Option<Timestamp> {
    credentials.expiry().and_then(|end| Timestamp::try_from(end).ok())
}

/// The source in the AWS CLI's words. Each provider leaves its mark on the credentials; the last is the one that made them.
fn provider(credentials: &Credentials) -> &'static str {
    if credentials.get_property::<Mark>().is_some() {
        return MFA_SESSION;
    }
    if let Some(made) = credentials.get_property::<MadeBy>() {
        return made.0;
    }
    let marks = credentials.get_property::<Vec<Feature>>().map(Vec::as_slice).unwrap_or_default();
    let named = marks.iter().rev().find_map(|mark| match mark {
        Feature::CredentialsEnvVars => Some("environment"),
        Feature::CredentialsEnvVarsStsWebIdToken
        | Feature::CredentialsProfileStsWebIdToken
        | Feature::CredentialsStsAssumeRoleWebId => Some("web identity"),
        Feature::CredentialsStsAssumeRole => Some("assumed role"),
        Feature::CredentialsProfileSso | Feature::CredentialsSso => Some("SSO"),
        Feature::CredentialsProfileProcess | Feature::CredentialsProcess => Some("credential process"),
        Feature::CredentialsHttp => Some("container"),
        Feature::CredentialsImds => Some("instance metadata"),
        Feature::CredentialsProfile => Some("profile file"),
        Feature::CredentialsCode => Some("embedded"),
        _ => None,
    });
    named.unwrap_or("unnamed provider")
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
