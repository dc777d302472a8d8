//! A role that is assumed with the token of another identity provider. The SDK has a provider for it, which asks STS at an endpoint of
//! its own choice; this one asks where all other calls go.

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};

use super::provider::MadeBy;
use super::way::WebIdentity;
use std::time::SystemTime;

/// Reads the file anew for each session: whoever writes it renews it.
#[derive(Debug)]
pub(super) struct TokenProvider {
    token: WebIdentity,
    sts: aws_sdk_sts::Client,
}

impl TokenProvider {
    pub(super) fn new(token: WebIdentity, config: &SdkConfig) -> Self {
        Self { token, sts: aws_sdk_sts::Client::new(config) }
    }

    async fn load(&self) -> provider::Result {
        let WebIdentity { role, file, session_name } = &self.token;
        let token = tokio::fs::read_to_string(file).await;
        let token = token.map_err(|error| CredentialsError::provider_error(format!("{file}: {error}")))?;
        let call = self.sts.assume_role_with_web_identity().role_arn(role).role_session_name(session_name);
        let answer = call.web_identity_token(token.trim()).send().await.map_err(CredentialsError::provider_error)?;
        let given =
            answer.credentials.ok_or_else(|| CredentialsError::provider_error("there are no credentials in the answer"))?;
        let end = SystemTime::try_from(given.expiration).map_err(CredentialsError::provider_error)?;
        let mut credentials =
            Credentials::new(given.access_key_id, given.secret_access_key, Some(given.session_token), Some(end), "web identity");
        credentials.set_property(MadeBy("web identity"));
        Ok(credentials)
    }
}

impl ProvideCredentials for TokenProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }
}
