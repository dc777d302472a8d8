//! Sessions with a second factor: STS makes them from other credentials and one code of the MFA device.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sdk_sts::types::Credentials as Given;
use futures::future::BoxFuture;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use super::call;
use super::fault::{malformed, unsent};
use super::profile::way::Step;
use super::session::Session;
use crate::domain::account::MFA_SESSION;
use crate::domain::fault::{Fault, FaultKind, Own};

/// The calls, as IAM policies spell them.
const TOKEN: (&str, &str) = ("sts", "GetSessionToken");
const ASSUME: (&str, &str) = ("sts", "AssumeRole");

/// A code that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeWanted {
    /// The device (`SerialNumber`: an ARN, or the number of a hardware device).
    pub serial: String,
    /// The profile whose role wants it; `None`: it is for the session itself.
    pub profile: Option<String>,
    /// Why AWS did not take the last code; `None`: this is the first one. Whoever gives no second one gives an error then.
    pub problem: Option<String>,
}

/// Who gives codes, each once: six digits. The error is one sentence.
pub type AskCode = dyn Fn(CodeWanted) -> BoxFuture<'static, Result<SecretString, String>> + Send + Sync;

/// Who gives codes, and the sessions that were made with them, in memory only. Clones share both.
#[derive(Clone)]
pub struct SecondFactor(Arc<Inner>);

struct Inner {
    /// `--mfa-serial`.
    serial: Option<String>,
    ask: Box<AskCode>,
    made: std::sync::Mutex<BTreeMap<String, Credentials>>,
    /// Held while a code is asked for: nobody is asked for two at once.
    asking: Mutex<()>,
}

/// The mark on the credentials of such a session.
#[derive(Debug, Clone)]
pub(crate) struct Mark;

impl fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecondFactor").field("serial", &self.0.serial).finish_non_exhaustive()
    }
}

impl SecondFactor {
    /// `serial`: the device that the session itself wants a code of, whatever the profile says.
    #[must_use]
    pub fn new(serial: Option<&str>, ask: Box<AskCode>) -> Self {
        let serial = serial.map(str::to_owned);
        Self(Arc::new(Inner { serial, ask, made: std::sync::Mutex::default(), asking: Mutex::default() }))
    }

    /// Forgets the sessions that were made: the next ones want a code each.
    pub fn forget(&self) {
        self.made().clear();
    }

    /// The session that stands on `base` in the end: its roles assumed one after the other, or its own with a code.
    ///
    /// # Errors
    /// AWS refuses, or there is no code.
    pub(crate) async fn enter(&self, base: Session, steps: &[Step]) -> Result<Session, Fault> {
        let mut session = base;
        for step in steps {
            let wanted = step.serial.as_ref().map(|serial| self.0.serial.as_ref().unwrap_or(serial));
            let credentials = self.assume(&session, step, wanted.map(String::as_str)).await?;
            session = session.with_credentials(credentials);
        }
        match &self.0.serial {
            // A role cannot ask for a session of its own.
            Some(serial) if steps.is_empty() => {
                let credentials = self.token(&session, serial).await?;
                Ok(session.with_credentials(credentials))
            }
            _ => Ok(session),
        }
    }

    async fn token(&self, base: &Session, serial: &str) -> Result<Credentials, Fault> {
        let wanted = CodeWanted { serial: serial.to_owned(), profile: None, problem: None };
        self.kept(base, serial, Some(wanted), |code| {
            let call = base.second_factor().get_session_token().serial_number(serial).set_token_code(code);
            async move { Ok((TOKEN, call::make(base, TOKEN, base.first_region(), call.send()).await?.credentials)) }
        })
        .await
    }

    async fn assume(&self, base: &Session, step: &Step, serial: Option<&str>) -> Result<Credentials, Fault> {
        let wanted =
            serial.map(|serial| CodeWanted { serial: serial.to_owned(), profile: Some(step.profile.clone()), problem: None });
        let key = format!("{} {}", step.profile, step.role);
        self.kept(base, &key, wanted, |code| {
            let call = base.second_factor().assume_role().role_arn(&step.role).role_session_name(&step.session_name);
            let call = call.set_external_id(step.external_id.clone()).set_duration_seconds(step.duration);
            let call = call.set_serial_number(serial.map(str::to_owned)).set_token_code(code);
            async move { Ok((ASSUME, call::make(base, ASSUME, base.first_region(), call.send()).await?.credentials)) }
        })
        .await
    }

    /// The credentials made before under this key, as long as they last; else new ones. A code is sent once: where AWS does not take it
    /// another one is asked for.
    async fn kept<Made>(
        &self,
        base: &Session,
        key: &str,
        mut wanted: Option<CodeWanted>,
        make: impl Fn(Option<String>) -> Made,
    ) -> Result<Credentials, Fault>
    where
        Made: Future<Output = Result<((&'static str, &'static str), Option<Given>), Fault>>,
    {
        let _one_at_a_time = self.0.asking.lock().await;
        let lasts = |credentials: &&Credentials| end(credentials).is_none_or(|end| end > base.now());
        if let Some(credentials) = self.made().get(key).filter(lasts) {
            return Ok(credentials.clone());
        }
        let mut refused: Option<Fault> = None;
        loop {
            let code = match &wanted {
                None => None,
                Some(wanted) => match (self.0.ask)(wanted.clone()).await {
                    Ok(code) => Some(code.expose_secret().to_owned()),
                    Err(words) => {
                        return Err(refused.unwrap_or_else(|| unsent(FaultKind::NoCode, words, base.now())));
                    }
                },
            };
            match (make(code).await.map_err(wrong_code), &mut wanted) {
                (Ok(((service, operation), given)), _) => {
                    let credentials = credentials(base, &format!("{service}:{operation}"), given)?;
                    self.made().insert(key.to_owned(), credentials.clone());
                    return Ok(credentials);
                }
                (Err(fault), Some(wanted)) if is_wrong_code(&fault) => {
                    wanted.problem = Some("AWS did not take that code: type the next one".into());
                    refused = Some(fault);
                }
                (Err(fault), _) => return Err(fault),
            }
        }
    }

    fn made(&self) -> MutexGuard<'_, BTreeMap<String, Credentials>> {
        self.0.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn credentials(base: &Session, call: &str, given: Option<Given>) -> Result<Credentials, Fault> {
    let missing = || malformed(call, base.first_region(), "there are no credentials in the answer", base.now());
    let given = given.ok_or_else(missing)?;
    let end = SystemTime::try_from(given.expiration).map_err(|_| missing())?;
    let mut credentials =
        Credentials::new(given.access_key_id, given.secret_access_key, Some(given.session_token), Some(end), MFA_SESSION);
    credentials.set_property(Mark);
    Ok(credentials)
}

/// AWS calls a wrong code a missing permission; no policy would help.
fn wrong_code(fault: Fault) -> Fault {
    if fault.is_denied() && fault.message.raw().contains("MultiFactorAuthentication failed") {
        return Fault { kind: FaultKind::Own { own: Own::WrongCode }, ..fault };
    }
    fault
}

fn is_wrong_code(fault: &Fault) -> bool {
    fault.kind == FaultKind::Own { own: Own::WrongCode }
}

fn end(credentials: &Credentials) -> Option<Timestamp> {
    credentials.expiry().and_then(|end| Timestamp::try_from(end).ok())
}
