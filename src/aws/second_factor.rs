//! A session with a second factor: STS makes it from long-term credentials and one code of the MFA device.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use super::call;
use super::fault::{malformed, unsent};
use super::session::Session;
use crate::domain::fault::{Fault, FaultKind};

/// The call, as IAM policies spell it.
const CALL: (&str, &str) = ("sts", "GetSessionToken");

/// A device and one of its codes, which is sent once and never again. Clones share the session that was made with it.
#[derive(Clone)]
pub struct SecondFactor(Arc<Inner>);

struct Inner {
    serial: String,
    code: std::sync::Mutex<Option<SecretString>>,
    made: Mutex<Option<Credentials>>,
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
    /// The device (`SerialNumber` of `GetSessionToken`: an ARN, or the number of a hardware device) and its six digits.
    #[must_use]
    pub fn new(serial: &str, code: SecretString) -> Self {
        let code = std::sync::Mutex::new(Some(code));
        Self(Arc::new(Inner { serial: serial.to_owned(), code, made: Mutex::default() }))
    }

    /// The credentials of the session: made at the first call, the same ones afterwards.
    ///
    /// # Errors
    /// AWS refuses, the code was sent before without success, or the session has ended.
    pub(crate) async fn credentials(&self, base: &Session) -> Result<Credentials, Fault> {
        let mut made = self.0.made.lock().await;
        if let Some(credentials) = made.as_ref() {
            let has_ended = end(credentials).is_some_and(|end| end <= base.now());
            let words = "the session with the MFA code has ended: start again with a new code";
            return if has_ended { Err(unsent(FaultKind::Expired, words, base.now())) } else { Ok(credentials.clone()) };
        }
        let code = self.0.code.lock().unwrap_or_else(PoisonError::into_inner).take();
        let words = "this MFA code was sent before, and no code is sent twice: start again with the next one";
        let code = code.ok_or_else(|| unsent(FaultKind::Expired, words, base.now()))?;
        Ok(made.insert(ask(base, &self.0.serial, &code).await?).clone())
    }
}

/// One attempt: a second one would send the code a second time.
async fn ask(base: &Session, serial: &str, code: &SecretString) -> Result<Credentials, Fault> {
    let region = base.first_region();
    let send = base.second_factor().get_session_token().serial_number(serial).token_code(code.expose_secret()).send();
    let answer = call::make(base, CALL, region, send).await.map_err(wrong_code)?;
    let missing = || malformed("sts:GetSessionToken", region, "there are no credentials in the answer", base.now());
    let given = answer.credentials.ok_or_else(missing)?;
    let end = SystemTime::try_from(given.expiration).map_err(|_| missing())?;
    let mut credentials =
        Credentials::new(given.access_key_id, given.secret_access_key, Some(given.session_token), Some(end), "MFA session");
    credentials.set_property(Mark);
    Ok(credentials)
}

/// AWS calls a wrong code a missing permission; no policy would help.
fn wrong_code(fault: Fault) -> Fault {
    if fault.is_denied() && fault.message.raw().contains("MultiFactorAuthentication failed") {
        return Fault { kind: FaultKind::Refused { code: "MFA code".into() }, ..fault };
    }
    fault
}

fn end(credentials: &Credentials) -> Option<Timestamp> {
    credentials.expiry().and_then(|end| Timestamp::try_from(end).ok())
}
