//! Changes: the only code that makes a mutating call. Written down first, then made, then written down how it ended.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use secrecy::SecretString;

use super::clearance::Cleared;
use super::permit::{Carried, Permit};
use super::time::timestamp;
use super::{call, fault, sts};
use crate::audit::{AuditError, AuditLog, Entry, Intent};
use crate::domain::change::{Change, Done};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::text::Untrusted;
use crate::kit::confirm::Approved;
use crate::rotation::service::{CreateFailed, NewKey};
use crate::rotation::stores::{KeyPair, NOTHING};

/// How long one attempt of `CreateAccessKey` may take. It is made once: the SDK would repeat it after a lost answer, and the key of the
/// first one would be nobody's.
pub const CREATE_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes the changes that a person has approved. There is none without an approval, and none where the rules were not asked.
#[derive(Debug, Clone)]
pub struct Changer {
    cleared: Cleared,
    log: AuditLog,
    reason: Option<String>,
    /// The account that the yes was for.
    account: String,
    origin: String,
}

/// A call that came to an end, and what the log says about it.
struct Made<T> {
    answer: T,
    warning: Option<String>,
}

impl Changer {
    /// Makes what was approved, as `origin` (`console`, `rotate`, …) asks for it.
    pub fn for_approved<T>(cleared: &Cleared, log: &AuditLog, approved: &Approved<T>, origin: impl Into<String>) -> Self {
        Self {
            cleared: cleared.clone(),
            log: log.clone(),
            reason: approved.reason().map(str::to_owned),
            account: approved.account().to_owned(),
            origin: origin.into(),
        }
    }

    /// Makes one change: the intent is on disk before the call, the outcome after it. Dropped in between, the log says that the outcome
    /// is unknown.
    ///
    /// # Errors
    /// It was not made, or nobody knows: [`Fault::leaves_unknown`]. What the account's own identity cannot be asked for, or cannot be
    /// written down, is not made. A change that needs a secret, or makes one, has a function of its own and is refused here.
    pub async fn make(&self, change: &Change) -> Result<Done, Fault> {
        let session = self.cleared.session();
        let iam = session.iam();
        match change {
            Change::SetKeyStatus { user, key, active } => {
                let status = if *active { "Active" } else { "Inactive" };
                let request = iam.update_access_key().user_name(user.raw()).access_key_id(key.raw()).status(status.into());
                self.audited(change, |permit| request.customize().interceptor(permit).send()).await
            }
            Change::DeleteKey { user, key } => {
                let request = iam.delete_access_key().user_name(user.raw()).access_key_id(key.raw());
                self.audited(change, |permit| request.customize().interceptor(permit).send()).await
            }
            Change::PutPolicy { user, policy, document } => {
                let request = iam.put_user_policy().user_name(user.raw()).policy_name(policy).policy_document(document);
                self.audited(change, |permit| request.customize().interceptor(permit).send()).await
            }
            Change::DeletePolicy { user, policy } => {
                let request = iam.delete_user_policy().user_name(user.raw()).policy_name(policy);
                self.audited(change, |permit| request.customize().interceptor(permit).send()).await
            }
            Change::DeleteLoginProfile { user } => {
                let request = iam.delete_login_profile().user_name(user.raw());
                self.audited(change, |permit| request.customize().interceptor(permit).send()).await
            }
            Change::TerminateSession { region, session: id } => {
                let request = session.ssm(region).terminate_session().session_id(id.raw());
                self.audited(change, |permit| request.customize().interceptor(permit).send()).await
            }
            Change::MoveSecretStage { region, secret, stage, to, from } => {
                let request = session
                    .secrets_manager(region)
                    .update_secret_version_stage()
                    .secret_id(secret)
                    .version_stage(stage)
                    .set_move_to_version_id(to.clone())
                    .set_remove_from_version_id(from.clone());
                self.audited(change, |permit| request.customize().interceptor(permit).send()).await
            }
            Change::CreateSecret { region, secret } => {
                let request = session.secrets_manager(region).create_secret().name(secret).secret_string(NOTHING);
                self.audited(change, |permit| request.customize().interceptor(permit).send()).await
            }
            Change::CreateKey { .. } | Change::PutSecretValue { .. } | Change::StartSession { .. } => {
                Err(self.refusal(change, "it needs a secret or makes one, and has a way of its own"))
            }
        }
        .map(|Made { answer, warning }| Done { request_id: answer, warning })
    }

    /// Puts a value into AWS Secrets Manager: [`Change::PutSecretValue`], with `value` as the `SecretString` of its version. The same
    /// version twice makes one.
    ///
    /// # Errors
    /// As [`Changer::make`]. The value is in no error.
    pub async fn put_secret(&self, change: &Change, value: &SecretString) -> Result<Done, Fault> {
        use secrecy::ExposeSecret as _;
        let value = value.expose_secret();
        match change {
            Change::PutSecretValue { region, secret, version } => {
                let client = self.cleared.session().secrets_manager(region);
                let request = client
                    .put_secret_value()
                    .secret_id(secret)
                    .client_request_token(version)
                    .version_stages("AWSPENDING")
                    .secret_string(value);
                self.audited(change, |permit| request.customize().interceptor(permit).send()).await
            }
            _ => Err(self.refusal(change, "it takes no secret")),
        }
        .map(|Made { answer, warning }| Done { request_id: answer, warning })
    }

    /// `CreateAccessKey`: one attempt, never repeated, within [`CREATE_TIMEOUT`].
    ///
    /// # Errors
    /// AWS refused, or no answer came that could be read: then a key may have been made whose secret nobody has.
    pub async fn create_access_key(&self, user: &Untrusted) -> Result<NewKey, CreateFailed> {
        let change = Change::CreateKey { user: user.clone() };
        let once = aws_sdk_iam::config::Config::builder().retry_config(RetryConfig::disabled()).timeout_config(
            TimeoutConfig::builder().operation_attempt_timeout(CREATE_TIMEOUT).operation_timeout(CREATE_TIMEOUT).build(),
        );
        let request = self.cleared.session().iam().create_access_key().user_name(user.raw());
        let made = self.answered(&change, |permit| request.customize().config_override(once).interceptor(permit).send()).await;
        let answer = made.map_err(|fault| {
            if fault.leaves_unknown() { CreateFailed::Uncertain(Box::new(fault)) } else { CreateFailed::Refused(Box::new(fault)) }
        })?;
        let Some(key) = answer.answer.access_key else {
            let session = self.cleared.session();
            let fault = fault::malformed(&change.action(), session.home(), "an answer without a key", session.now());
            return Err(CreateFailed::Uncertain(Box::new(fault)));
        };
        let created = key.create_date().and_then(timestamp);
        let pair = KeyPair { id: key.access_key_id, secret: SecretString::from(key.secret_access_key) };
        Ok(NewKey { pair, created })
    }

    /// [`Changer::answered`], of which the request's id is all that is wanted.
    async fn audited<T, E, F>(&self, change: &Change, send: impl FnOnce(Carried) -> F) -> Result<Made<Option<String>>, Fault>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        T: RequestId,
        E: Error + ProvideErrorMetadata + 'static,
    {
        let Made { answer, warning } = self.answered(change, send).await?;
        Ok(Made { answer: answer.request_id().map(str::to_owned), warning })
    }

    /// The only way to a permit: intent on disk, call, outcome on disk.
    async fn answered<T, E, F>(&self, change: &Change, send: impl FnOnce(Carried) -> F) -> Result<Made<T>, Fault>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        T: RequestId,
        E: Error + ProvideErrorMetadata + 'static,
    {
        let intent = self.intend(change).await?;
        let region = self.region(change).to_owned();
        let result = call::make(self.cleared.session(), change.call(), &region, send(Permit::for_intent(&intent))).await;
        let (outcome, request_id) = match &result {
            Ok(answer) => (Ok(()), answer.request_id().map(str::to_owned)),
            // Nobody knows what became of it, and an intent without an outcome says just that.
            Err(fault) if fault.leaves_unknown() => return result.map(|answer| Made { answer, warning: None }),
            Err(fault) => (Err(fault::code(fault)), fault.request_id.clone()),
        };
        let written = blocking(move || intent.outcome(outcome, request_id)).await;
        let warning = written.err().map(|error| format!("the outcome is not in the audit log: {error}"));
        if let Some(warning) = &warning {
            tracing::error!(call = change.action(), warning, "audit");
        }
        result.map(|answer| Made { answer, warning })
    }

    /// Writes down what is about to be done. Whose account it is must be known, and be the one that the rules were asked about and that
    /// the yes was for.
    async fn intend(&self, change: &Change) -> Result<Intent, Fault> {
        if self.cleared.asks_reason() && self.reason.is_none() {
            return Err(self.refusal(change, "this account wants a reason for every change"));
        }
        let (wanted, cleared) = (&self.account, self.cleared.account());
        if wanted != cleared {
            return Err(
                self.refusal(change, &format!("it was approved for another account, {wanted}; this session is in {cleared}"))
            );
        }
        let identity = sts::known(self.cleared.session()).await?;
        if identity.account != cleared {
            let is = &identity.account;
            return Err(self.refusal(change, &format!("these credentials are of another account, {is}, and not of {cleared}")));
        }
        let entry = Entry {
            caller: Some(identity.arn.raw().to_owned()),
            account: Some(identity.account),
            region: self.region(change).to_owned(),
            call: change.action(),
            object: change.object(),
            reason: self.reason.clone(),
            origin: self.origin.clone(),
        };
        let log = self.log.clone();
        blocking(move || log.intend(entry)).await.map_err(|error| self.refusal(change, &error.to_string()))
    }

    fn region<'a>(&'a self, change: &'a Change) -> &'a str {
        change.region().unwrap_or_else(|| self.cleared.session().home())
    }

    /// A change that is not made: nothing was sent.
    fn refusal(&self, change: &Change, why: &str) -> Fault {
        Fault {
            kind: FaultKind::Refused { code: fault::READ_ONLY.to_owned() },
            call: change.action(),
            region: self.region(change).to_owned(),
            message: Untrusted::new(format!("{} was not sent: {why}", change.action())),
            request_id: None,
            at: self.cleared.session().now(),
        }
    }
}

/// An fsync keeps its thread waiting: not one of those that serve the others.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AuditError> + Send + 'static,
) -> Result<T, Box<dyn Error + Send + Sync>> {
    Ok(tokio::task::spawn_blocking(work).await??)
}
