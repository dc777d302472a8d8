//! Credentials, loaded once and kept until shortly before they end.
//!
//! The SDK's clients would each be content with a cache of their own, but the header wants to know the source as well, and a
//! `credential_process` that asks for a touch must not run twice.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use jiff::Timestamp;
use tokio::sync::Mutex;

use super::fault::from_credentials;
use super::profile::provider::MadeBy;
use super::second_factor::Mark;
use super::session::Clock;
use crate::domain::account::{CredentialSource, MFA_SESSION};
use crate::domain::fault::Fault;

/// New credentials are fetched this long before the old ones end.
const BEFORE_END: Duration = Duration::from_secs(60);

/// A provider that remembers.
#[derive(Debug, Clone)]
pub(crate) struct Remembered {
    inner: SharedCredentialsProvider,
    clock: Clock,
    kept: Arc<Mutex<Option<Credentials>>>,
    /// The source of credentials that were fetched since somebody asked last.
    renewed: Arc<std::sync::Mutex<Option<CredentialSource>>>,
}

impl Remembered {
    pub(crate) fn new(inner: SharedCredentialsProvider, clock: Clock) -> Self {
        Self { inner, clock, kept: Arc::default(), renewed: Arc::default() }
    }

    /// Provider and end of the credentials in use.
    pub(crate) async fn source(&self) -> Result<CredentialSource, Fault> {
        let credentials = self.load().await.map_err(|error| from_credentials(&error, self.clock.now()))?;
        // Whoever asks knows now.
        self.renewed();
        Ok(source(&credentials))
    }

    /// Provider and end of credentials that came in place of others, once for each.
    pub(crate) fn renewed(&self) -> Option<CredentialSource> {
        self.renewed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn load(&self) -> provider::Result {
        let mut kept = self.kept.lock().await;
        if let Some(credentials) = kept.as_ref().filter(|credentials| !self.ends_soon(credentials)) {
            return Ok(credentials.clone());
        }
        let credentials = self.inner.provide_credentials().await?;
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = Some(source(&credentials));
        Ok(kept.insert(credentials).clone())
    }

    fn ends_soon(&self, credentials: &Credentials) -> bool {
        end(credentials).is_some_and(|end| end <= self.clock.now() + BEFORE_END)
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
mod tests {
    use std::time::SystemTime;

    use super::*;

    /// Credentials that always end within the minute in which they have to be renewed.
    #[derive(Debug)]
    struct Brief;

    impl ProvideCredentials for Brief {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let end = SystemTime::from(Timestamp::UNIX_EPOCH);
            future::ProvideCredentials::ready(Ok(Credentials::new("AKIA", "secret", None, Some(end), "brief")))
        }
    }

    #[tokio::test]
    async fn whoever_shows_the_source_hears_of_each_renewal_once() {
        let remembered = Remembered::new(SharedCredentialsProvider::new(Brief), Clock::system());
        let source = remembered.source().await.unwrap();
        assert_eq!(remembered.renewed(), None, "the source has just been told");
        remembered.provide_credentials().await.unwrap();
        assert_eq!(remembered.renewed(), Some(source));
        assert_eq!(remembered.renewed(), None);
    }
}
