//! Session Manager: what a session's client needs of AWS.

use std::collections::BTreeMap;
use std::error::Error;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_types::Blob;
use secrecy::{SecretSlice, SecretString};

use super::call;
use super::clearance::Cleared;
use super::session::Session;
use crate::domain::fault::{Fault, FaultKind};
use crate::ssm::client::gateway::{DataKey, Gateway, Opened, Refusal, StartRequest};

/// Bytes of a session's data key.
const DATA_KEY: i32 = 64;

/// Session Manager in one region.
#[derive(Debug, Clone)]
pub struct SessionManager {
    session: Session,
    region: String,
    ssm: aws_sdk_ssm::Client,
    opens: Opens,
}

/// Whether sessions may be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opens {
    /// With a reason where there is one.
    Any,
    /// With a reason.
    WithReason,
    /// None: it is here to end some.
    None,
}

impl SessionManager {
    /// Session Manager in a region of an account that may be changed: through a session everything behind it can be.
    #[must_use]
    pub fn new(cleared: &Cleared, region: &str) -> Self {
        let opens = if cleared.asks_session_reason() { Opens::WithReason } else { Opens::Any };
        Self::opening(cleared.session(), region, opens)
    }

    /// Session Manager for ending what was left open, which no rule forbids. It opens nothing.
    #[must_use]
    pub fn ending(session: &Session, region: &str) -> Self {
        Self::opening(session, region, Opens::None)
    }

    fn opening(session: &Session, region: &str, opens: Opens) -> Self {
        Self { session: session.clone(), region: region.to_owned(), ssm: session.session_manager(region), opens }
    }

    fn may_open(&self, request: &StartRequest) -> Result<(), Refusal> {
        match self.opens {
            Opens::WithReason if request.reason.as_ref().is_none_or(|reason| reason.trim().is_empty()) => {
                Err(Refusal::Never("the configuration wants a reason for every session here".to_owned()))
            }
            Opens::None => Err(Refusal::Never("no session is opened here: whether it may be was not asked".to_owned())),
            Opens::Any | Opens::WithReason => Ok(()),
        }
    }
}

impl Gateway for SessionManager {
    async fn start(&self, request: &StartRequest) -> Result<Opened, Refusal> {
        self.may_open(request)?;
        let parameters = request.purpose.parameters();
        let send = self
            .ssm
            .start_session()
            .target(&request.target)
            .set_document_name(request.purpose.document().map(str::to_owned))
            .set_parameters((!parameters.is_empty()).then(|| parameters.into_iter().collect()))
            .set_reason(request.reason.clone())
            .customize()
            // A second attempt could open a second session, and nobody would know the first.
            .config_override(aws_sdk_ssm::config::Config::builder().retry_config(aws_config::retry::RetryConfig::disabled()))
            .send();
        let answer = call::make(&self.session, ("ssm", "StartSession"), &self.region, send).await.map_err(refusal)?;
        opened(answer.session_id, answer.token_value, answer.stream_url)
            .ok_or_else(|| Refusal::Never("ssm:StartSession answered without a session".to_owned()))
    }

    async fn resume(&self, session_id: &str) -> Result<Option<Opened>, Refusal> {
        if self.opens == Opens::None {
            return Err(Refusal::Never("no session is resumed here: whether it may be was not asked".to_owned()));
        }
        let send = self.ssm.resume_session().session_id(session_id).send();
        match call::make(&self.session, ("ssm", "ResumeSession"), &self.region, send).await {
            // Without a token the session has ended.
            Ok(answer) => Ok(opened(answer.session_id, answer.token_value, answer.stream_url)),
            Err(fault) if is_gone(&fault) => Ok(None),
            Err(fault) => Err(refusal(fault)),
        }
    }

    async fn terminate(&self, session_id: &str) -> Result<(), Refusal> {
        let send = self.ssm.terminate_session().session_id(session_id).send();
        match call::make(&self.session, ("ssm", "TerminateSession"), &self.region, send).await {
            Ok(_) => Ok(()),
            Err(fault) if is_gone(&fault) => Ok(()),
            Err(fault) => Err(refusal(fault)),
        }
    }

    async fn sign(&self, url: &str) -> Result<Vec<(String, String)>, Refusal> {
        // Without credentials the official client goes unsigned, too: the service will say what it thinks of it.
        let credentials = self.session.signing_credentials().await.map_err(refusal)?;
        let Some(credentials) = credentials else { return Ok(Vec::new()) };
        if is_presigned(url) {
            return Ok(Vec::new());
        }
        signature(url, &self.region, credentials)
            .map_err(|error| Refusal::Never(format!("could not sign the session's web socket: {error}")))
    }

    async fn data_key(&self, key_id: &str, context: BTreeMap<String, String>) -> Result<DataKey, Refusal> {
        let send = self
            .session
            .session_keys(&self.region)
            .generate_data_key()
            .key_id(key_id)
            .number_of_bytes(DATA_KEY)
            .set_encryption_context(Some(context.into_iter().collect()))
            .send();
        let answer = call::make(&self.session, ("kms", "GenerateDataKey"), &self.region, send).await.map_err(refusal)?;
        let plain = answer.plaintext.map(Blob::into_inner).unwrap_or_default();
        let cipher_text = answer.ciphertext_blob.map(Blob::into_inner).unwrap_or_default();
        Ok(DataKey { plain: SecretSlice::from(plain), cipher_text })
    }
}

fn opened(session_id: Option<String>, token: Option<String>, stream_url: Option<String>) -> Option<Opened> {
    let token = token.filter(|token| !token.is_empty())?;
    Some(Opened { session_id: session_id?, stream_url: stream_url?, token: SecretString::from(token) })
}

fn is_gone(fault: &Fault) -> bool {
    matches!(&fault.kind, FaultKind::NotFound)
        || matches!(&fault.kind, FaultKind::Refused { code } if code.contains("DoesNotExist"))
}

fn refusal(fault: Fault) -> Refusal {
    let may_pass = matches!(
        fault.kind,
        FaultKind::Throttled { .. }
            | FaultKind::Offline
            | FaultKind::TimedOut
            | FaultKind::Unavailable
            | FaultKind::Malformed
            // Credentials can be renewed while a session waits.
            | FaultKind::Expired
            | FaultKind::NoCredentials
    );
    if may_pass { Refusal::Later(fault.to_string()) } else { Refusal::Never(fault.to_string()) }
}

fn is_presigned(url: &str) -> bool {
    let query = url.split_once('?').map(|(_, query)| query.to_ascii_lowercase()).unwrap_or_default();
    query.split('&').any(|pair| pair.starts_with("x-amz-"))
}

/// The headers that sign the upgrade: `Authorization`, `X-Amz-Date` and, with temporary credentials, `X-Amz-Security-Token`.
fn signature(url: &str, region: &str, credentials: Credentials) -> Result<Vec<(String, String)>, Box<dyn Error + Send + Sync>> {
    let identity = credentials.into();
    #[expect(clippy::disallowed_methods, reason = "the edge: a signature is valid for five minutes of wall time")]
    let now = std::time::SystemTime::now();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("ssmmessages")
        .time(now)
        .settings(SigningSettings::default())
        .build()?;
    let request = SignableRequest::new("GET", url, std::iter::empty(), SignableBody::Bytes(&[]))?;
    let (instructions, _signature) = sign(request, &parameters.into())?.into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upgrade_is_signed_for_session_manager() {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("token".to_owned()), None, "test");
        let url = "wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/x?role=publish_subscribe&cell-number=a%2Fb";
        let headers = signature(url, "eu-west-1", credentials).unwrap();
        let get = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap();
        let authorization = get("authorization");
        assert!(authorization.contains("/eu-west-1/ssmmessages/aws4_request"), "{authorization}");
        assert!(authorization.contains("SignedHeaders=host;x-amz-date;x-amz-security-token,"), "{authorization}");
        assert_eq!(get("x-amz-security-token"), "token");
        assert!(get("x-amz-date").ends_with('Z'));
    }

    #[test]
    fn a_presigned_address_is_left_alone() {
        assert!(is_presigned("wss://x/y?role=z&X-Amz-Signature=1"));
        assert!(!is_presigned("wss://x/y?role=publish_subscribe"));
    }
}
