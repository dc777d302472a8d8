//! Changes: the only code that makes a mutating call. Written down first, then made, then written down how it ended.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use secrecy::SecretString;

use super::clearance::Cleared;
use super::permit::{Carried, Permit};
use super::read_back::{Pause, ReadingBack, is_readable, pauses, read_back};
use super::time::timestamp;
use super::{call, fault, iam, sts};
use crate::audit::{AuditError, AuditLog, Entry, Intent};
use crate::domain::call::{ApiCall, Outcome};
use crate::domain::change::{Change, DENY_ALL, Done, REVOKE_SESSIONS};
use crate::domain::fault::{Fault, FaultKind, Own};
use crate::domain::text::Untrusted;
use crate::kit::confirm::Approved;
use crate::rotation::service::{CreateFailed, NewKey};
use crate::rotation::stores::{KeyPair, NOTHING};

/// How long `CreateAccessKey` may take. It is made once: repeated after a lost answer, the key of the first one would be nobody's.
pub const CREATE_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes the changes that a person has approved. There is none without an approval, and none where the rules were not asked.
#[derive(Clone)]
pub struct Changer {
    cleared: Cleared,
    log: AuditLog,
    reason: Option<String>,
    /// The account that the yes was for.
    account: String,
    origin: String,
    pause: Pause,
}

impl fmt::Debug for Changer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Changer({})", self.origin)
    }
}

/// A change that did not come to a good end.
#[derive(Debug)]
pub struct NotMade {
    /// It was not made, or nobody knows: [`Fault::leaves_unknown`].
    pub fault: Fault,
    /// Where nobody knows: what reads will say. It is written into the audit log whether or not anybody waits for it.
    pub later: Option<ReadingBack>,
}

impl From<Fault> for NotMade {
    fn from(fault: Fault) -> Self {
        Self { fault, later: None }
    }
}

/// Attempts of one change, the first included. Another one is made only after an answer that proves that nothing was done.
const MOST_ATTEMPTS: u32 = 3;
/// The longest wait before the next attempt, whatever AWS asks for: the operator is waiting.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// A call that came to an end, and what the log says about it.
struct Made<T> {
    answer: T,
    warning: Option<String>,
}

impl Made<Option<String>> {
    fn done(self) -> Done {
        Done { request_id: self.answer, warning: self.warning, read_back: false }
    }
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
            pause: pauses(cleared.session()),
        }
    }

    /// The same with other pauses, for tests that move the clock by hand.
    #[must_use]
    pub fn pausing(self, pause: Pause) -> Self {
        Self { pause, ..self }
    }

    /// [`Changer::attempt`] for those who read by themselves what became of a change.
    ///
    /// # Errors
    /// As [`Changer::attempt`].
    pub async fn make(&self, change: &Change) -> Result<Done, Fault> {
        self.attempt(change).await.map_err(|failed| failed.fault)
    }

    /// Makes one change: the intent is on disk before the call, the outcome after it. Dropped in between, the log says that the outcome
    /// is unknown. A lost answer leaves it unknown, too, until reads have agreed for a while.
    ///
    /// # Errors
    /// It was not made, or nobody knows: [`Fault::leaves_unknown`]. What the account's own identity cannot be asked for, or cannot be
    /// written down, is not made. A change that needs a secret, or makes one, has a function of its own and is refused here.
    pub async fn attempt(&self, change: &Change) -> Result<Done, NotMade> {
        let session = self.cleared.session();
        let iam = session.iam();
        match change {
            Change::SetKeyStatus { user, key, active } => {
                let status = if *active { "Active" } else { "Inactive" };
                let request = iam.update_access_key().user_name(user.raw()).access_key_id(key.raw()).status(status.into());
                self.audited(change, |permit| request.clone().customize().interceptor(permit).send()).await
            }
            Change::DeleteKey { user, key } => {
                let request = iam.delete_access_key().user_name(user.raw()).access_key_id(key.raw());
                self.audited(change, |permit| request.clone().customize().interceptor(permit).send()).await
            }
            Change::PutPolicy { user, policy, document } => {
                let request = iam.put_user_policy().user_name(user.raw()).policy_name(policy).policy_document(document);
                self.audited(change, |permit| request.clone().customize().interceptor(permit).send()).await
            }
            Change::DeletePolicy { user, policy } => {
                let request = iam.delete_user_policy().user_name(user.raw()).policy_name(policy);
                self.audited(change, |permit| request.clone().customize().interceptor(permit).send()).await
            }
            Change::DeleteLoginProfile { user } => {
                let request = iam.delete_login_profile().user_name(user.raw());
                self.audited(change, |permit| request.clone().customize().interceptor(permit).send()).await
            }
            Change::TerminateSession { region, session: id } => {
                let request = session.ssm(region).terminate_session().session_id(id.raw());
                self.audited(change, |permit| request.clone().customize().interceptor(permit).send()).await
            }
            Change::MoveSecretStage { region, secret, stage, to, from } => {
                let request = session
                    .secrets_manager(region)
                    .update_secret_version_stage()
                    .secret_id(secret)
                    .version_stage(stage)
                    .set_move_to_version_id(to.clone())
                    .set_remove_from_version_id(from.clone());
                self.audited(change, |permit| request.clone().customize().interceptor(permit).send()).await
            }
            Change::CreateSecret { region, secret } => {
                let request = session.secrets_manager(region).create_secret().name(secret).secret_string(NOTHING);
                self.audited(change, |permit| request.clone().customize().interceptor(permit).send()).await
            }
            Change::CreateKey { .. } | Change::PutSecretValue { .. } | Change::StartSession { .. } => {
                Err(self.refusal(change, "it needs a secret or makes one, and has a way of its own").into())
            }
        }
        .map(Made::done)
    }

    /// Deletes the policies that a containment has put, as far as they are there.
    ///
    /// # Errors
    /// As [`Changer::attempt`]; or whether they are there could not be read.
    pub async fn lift(&self, user: &Untrusted) -> Result<(), Fault> {
        for policy in [REVOKE_SESSIONS, DENY_ALL] {
            if iam::user_policy(self.cleared.session(), user, policy).await?.is_some() {
                match self.make(&Change::DeletePolicy { user: user.clone(), policy: policy.to_owned() }).await {
                    Err(fault) if fault.kind != FaultKind::NotFound => return Err(fault),
                    _ => {}
                }
            }
        }
        Ok(())
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
                self.audited(change, |permit| request.clone().customize().interceptor(permit).send()).await
            }
            _ => Err(self.refusal(change, "it takes no secret").into()),
        }
        .map(Made::done)
        .map_err(|failed| failed.fault)
    }

    /// `CreateAccessKey`: one attempt, never repeated, within [`CREATE_TIMEOUT`].
    ///
    /// # Errors
    /// AWS refused, or no answer came that could be read: then a key may have been made whose secret nobody has.
    pub async fn create_access_key(&self, user: &Untrusted) -> Result<NewKey, CreateFailed> {
        let change = Change::CreateKey { user: user.clone() };
        let bound = || {
            let timeouts = TimeoutConfig::builder().operation_attempt_timeout(CREATE_TIMEOUT).operation_timeout(CREATE_TIMEOUT);
            aws_sdk_iam::config::Config::builder().timeout_config(timeouts.build())
        };
        let request = self.cleared.session().iam().create_access_key().user_name(user.raw());
        let made = self
            .answered(&change, |permit| request.clone().customize().config_override(bound()).interceptor(permit).send())
            .await;
        let answer = made.map_err(|NotMade { fault, .. }| {
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
    async fn audited<T, E, F>(&self, change: &Change, send: impl Fn(Carried) -> F) -> Result<Made<Option<String>>, NotMade>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        T: RequestId,
        E: Error + ProvideErrorMetadata + 'static,
    {
        let Made { answer, warning } = self.answered(change, send).await?;
        Ok(Made { answer: answer.request_id().map(str::to_owned), warning })
    }

    /// The only way to a permit: intent on disk, call, outcome on disk.
    async fn answered<T, E, F>(&self, change: &Change, send: impl Fn(Carried) -> F) -> Result<Made<T>, NotMade>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        T: RequestId,
        E: Error + ProvideErrorMetadata + 'static,
    {
        let intent = self.intend(change).await?;
        let region = self.region(change).to_owned();
        let mut attempt = 1;
        let (result, permit) = loop {
            let permit = Permit::for_intent(&intent);
            let result = call::make(self.cleared.session(), change.call(), &region, send(permit.clone())).await;
            match result.as_ref().err().and_then(|fault| wait_before_next(change, fault, attempt)) {
                Some(wait) => (self.pause)(wait).await,
                None => break (result, permit),
            }
            attempt += 1;
        };
        let (outcome, request_id) = match &result {
            Ok(answer) => (Ok(()), answer.request_id().map(str::to_owned)),
            // Nobody knows what became of it, and an intent without an outcome says just that.
            Err(fault) if fault.leaves_unknown() => {
                let later = is_readable(change).then(|| self.read_back(change, intent, &permit, fault));
                return result.map(|answer| Made { answer, warning: None }).map_err(|fault| NotMade { fault, later });
            }
            Err(fault) => (Err(fault::code(fault)), fault.request_id.clone()),
        };
        let written = blocking(move || intent.outcome(outcome, request_id)).await;
        let warning = written.err().map(|error| format!("the outcome is not in the audit log: {error}"));
        if let Some(warning) = &warning {
            tracing::error!(call = change.action(), warning, "audit");
        }
        Ok(result.map(|answer| Made { answer, warning })?)
    }

    /// Reads what became of it, in a task of its own: whoever made the change may go on, or not be there any more.
    fn read_back(&self, change: &Change, intent: Intent, permit: &Carried, fault: &Fault) -> ReadingBack {
        let (session, pause, change, fault) = (self.cleared.session().clone(), self.pause.clone(), change.clone(), fault.clone());
        let made = permit.permit().made();
        ReadingBack(tokio::spawn(async move {
            let verdict = read_back(&session, &pause, &change).await;
            let in_effect = verdict.in_effect();
            if let (Some(call), Ok(in_effect)) = (made, &in_effect) {
                session.observer().correct(ApiCall { outcome: Outcome::ReadBack { in_effect: *in_effect }, ..call });
            }
            let written = blocking(move || intent.read_back(in_effect)).await;
            let warning = written.err().map(|error| format!("what was read back is not in the audit log: {error}"));
            verdict.outcome(&fault).map(|done| Done { warning, ..done })
        }))
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
            call: change.action(),
            region: self.region(change).to_owned(),
            ..Fault::own(Own::NotSent, format!("{} was not sent: {why}", change.action()), self.cleared.session().now())
        }
    }
}

/// How long to wait before a change is tried again; `None`: it is not. Only an answer that proves that nothing was done allows it: AWS
/// throttles before it looks at a request, and does not look at one whose signature is of the wrong time. The clients learn AWS's time from
/// that answer.
///
/// A key is made once whatever the answer was: each attempt has to be announced in the rotation's journal.
fn wait_before_next(change: &Change, fault: &Fault, attempt: u32) -> Option<Duration> {
    if attempt >= MOST_ATTEMPTS || matches!(change, Change::CreateKey { .. }) {
        return None;
    }
    match fault.kind {
        FaultKind::Throttled { wait_ms: Some(wait) } => Some(Duration::from_millis(wait).min(LONGEST_WAIT)),
        FaultKind::Throttled { wait_ms: None } => Some(Duration::from_secs(1 << attempt.min(4))),
        FaultKind::ClockSkew if attempt == 1 => Some(Duration::ZERO),
        _ => None,
    }
}

/// An fsync keeps its thread waiting: not one of those that serve the others.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AuditError> + Send + 'static,
) -> Result<T, Box<dyn Error + Send + Sync>> {
    Ok(tokio::task::spawn_blocking(work).await??)
}
