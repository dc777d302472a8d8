//! STS: who am I, and temporary credentials, over awsQuery.

mod trust;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::emulator::account::{Account, Principal};
use crate::emulator::ids;
use crate::emulator::svc::Call;
use crate::emulator::svc::iam::Role;
use crate::emulator::wire::Response;
use crate::emulator::wire::error::ServiceError;
use crate::emulator::wire::query::{self, time};
use crate::emulator::wire::xml::Xml;

/// Every operation that STS answers here.
pub const OPERATIONS: &[&str] = &["GetCallerIdentity", "GetAccessKeyInfo", "GetSessionToken", "AssumeRole"];

/// Temporary credentials that were given out.
#[derive(Clone)]
pub struct Session {
    /// The secret; opens this world only.
    pub secret: String,
    /// `x-amz-security-token` of requests.
    pub token: String,
    /// When they end, in the account's time.
    pub expires: Timestamp,
    /// Who the bearer is.
    pub principal: Principal,
    /// `aws:TokenIssueTime`.
    pub issued: Timestamp,
    /// `aws:MultiFactorAuthPresent`.
    pub mfa: bool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("expires", &self.expires).field("principal", &self.principal).finish_non_exhaustive()
    }
}

/// What STS holds.
#[derive(Debug, Default)]
pub struct State {
    sessions: BTreeMap<String, Session>,
}

impl State {
    /// The credentials of an `ASIA…` id.
    pub fn credentials(&self, access_key: &str) -> Option<&Session> {
        self.sessions.get(access_key)
    }

    /// Remembers credentials that were given out.
    pub fn add(&mut self, access_key: &str, session: Session) {
        self.sessions.insert(access_key.to_owned(), session);
    }
}

/// The resource in AWS's refusal.
pub fn resource(call: &Call) -> Option<String> {
    call.form.get("RoleArn").map(str::to_owned)
}

/// Answers one call.
pub fn call(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    match call.operation.as_str() {
        "GetCallerIdentity" => Ok(get_caller_identity(account, call)),
        "GetAccessKeyInfo" => get_access_key_info(call),
        "GetSessionToken" => get_session_token(account, call),
        "AssumeRole" => assume_role(account, call),
        _ => Err(ServiceError::unknown_operation(call.service, &call.operation)),
    }
}

fn get_caller_identity(account: &Account, call: &Call) -> Response {
    query::result(call, |xml| {
        xml.text("Arn", &call.principal.arn());
        xml.text("UserId", call.principal.user_id());
        xml.text("Account", &account.id);
    })
}

/// The account is in the key id itself.
fn get_access_key_info(call: &Call) -> Result<Response, ServiceError> {
    let id = required(call, "AccessKeyId")?;
    let length = id.chars().count();
    if !(16..=128).contains(&length) {
        let bound = if length < 16 { "greater than or equal to 16" } else { "less than or equal to 128" };
        return Err(constraint("accessKeyId", id, &format!("have length {bound}")));
    }
    let account = ids::account_of(id).ok_or_else(|| invalid("Invalid Access Key ID"))?;
    Ok(query::result(call, |xml| xml.text("Account", &account)))
}

fn get_session_token(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    if call.access_key.starts_with("ASIA") {
        return Err(ServiceError::new(403, "AccessDenied", "Cannot call GetSessionToken with session credentials"));
    }
    let mfa = has_mfa(account, call)?;
    // Root's temporary credentials last an hour at most.
    let most = if matches!(call.principal, Principal::Root { .. }) { 3600 } else { 129_600 };
    let seconds = duration(call, 43_200.min(most), 129_600)?.min(most);
    let (id, session) = issue(account, call, call.principal.clone(), seconds, mfa);
    let response = query::result(call, |xml| write_credentials(xml, &id, &session));
    account.sts.add(&id, session);
    Ok(response)
}

fn assume_role(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let arn = required(call, "RoleArn")?;
    let session_name = required(call, "RoleSessionName")?;
    check_session_name(session_name)?;
    let refused = || {
        let caller = call.principal.arn();
        ServiceError::new(
            403,
            "AccessDenied",
            format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}"),
        )
    };
    let has_mfa = has_mfa(account, call)?;
    let external_id = call.form.get("ExternalId");
    let asking = trust::Asking { principal: &call.principal, account: &account.id, has_mfa, external_id };
    // A role that is not there is refused like one that does not trust the caller: AWS tells nobody which roles exist.
    let name = arn.rsplit('/').next().unwrap_or_default();
    let is_open = |role: &&Role| role.arn(&account.id) == arn && trust::allows(&role.trust, asking);
    let role = account.iam.role(name).filter(is_open).ok_or_else(refused)?;
    let seconds = duration(call, 3600, 43_200)?;
    if seconds > i64::from(role.max_session_seconds) {
        return Err(invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."));
    }
    let principal = Principal::Role {
        arn: format!("arn:aws:sts::{}:assumed-role/{name}/{session_name}", account.id),
        id: format!("{}:{session_name}", role.id),
    };
    let (id, session) = issue(account, call, principal, seconds, has_mfa);
    let response = query::result(call, |xml| {
        write_credentials(xml, &id, &session);
        xml.element("AssumedRoleUser", |xml| {
            xml.text("AssumedRoleId", session.principal.user_id());
            xml.text("Arn", &session.principal.arn());
        });
    });
    account.sts.add(&id, session);
    Ok(response)
}

/// Whether a request comes with an MFA code. The world keeps no seeds of devices: of a device that the caller has, any six
/// digits are right but `000000`.
fn has_mfa(account: &mut Account, call: &Call) -> Result<bool, ServiceError> {
    let (serial, code) = match (call.form.get("SerialNumber"), call.form.get("TokenCode")) {
        (None, None) => return Ok(false),
        (serial, code) => (serial.unwrap_or_default(), code.unwrap_or_default()),
    };
    let user = call.principal.user_name().and_then(|name| account.iam.user(name));
    let is_known = user.is_some_and(|user| user.mfa.iter().any(|device| device.serial == serial));
    let is_code = code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()) && code != "000000";
    if is_known && is_code {
        return Ok(true);
    }
    Err(ServiceError::new(403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. "))
}

fn check_session_name(name: &str) -> Result<(), ServiceError> {
    let length = name.chars().count();
    if !(2..=64).contains(&length) {
        let bound = if length < 2 { "greater than or equal to 2" } else { "less than or equal to 64" };
        return Err(constraint("roleSessionName", name, &format!("have length {bound}")));
    }
    if name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter)) {
        return Ok(());
    }
    Err(constraint("roleSessionName", name, "satisfy regular expression pattern: [\\w+=,.@-]*"))
}

fn issue(account: &mut Account, call: &Call, principal: Principal, seconds: i64, mfa: bool) -> (String, Session) {
    let id = ids::access_key("ASIA", &account.id, &mut account.rng);
    let expires = call.now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
    let (secret, token) = (ids::secret(&mut account.rng), ids::token(356, &mut account.rng));
    account.cloudtrail.note_response(json!({"credentials": {"accessKeyId": id, "expiration": time(expires)}}));
    let session = Session { secret, token, expires, principal, issued: call.now, mfa };
    (id, session)
}

fn write_credentials(xml: &mut Xml, id: &str, session: &Session) {
    xml.element("Credentials", |xml| {
        xml.text("AccessKeyId", id);
        xml.text("SecretAccessKey", &session.secret);
        xml.text("SessionToken", &session.token);
        xml.text("Expiration", &time(session.expires));
    });
}

/// `DurationSeconds`, from 15 minutes.
fn duration(call: &Call, default: i64, most: i64) -> Result<i64, ServiceError> {
    let Some(text) = call.form.get("DurationSeconds") else { return Ok(default) };
    let seconds: i64 = text.parse().map_err(|_| invalid(format!("Invalid Argument: '{text}' is not a valid integer")))?;
    if seconds < 900 {
        return Err(constraint("durationSeconds", text, "have value greater than or equal to 900"));
    }
    if seconds > most {
        return Err(constraint("durationSeconds", text, &format!("have value less than or equal to {most}")));
    }
    Ok(seconds)
}

fn required<'a>(call: &'a Call, parameter: &str) -> Result<&'a str, ServiceError> {
    call.form.get(parameter).ok_or_else(|| {
        let member: String = parameter
            .chars()
            .enumerate()
            .map(|(at, letter)| if at == 0 { letter.to_ascii_lowercase() } else { letter })
            .collect();
        invalid(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

fn constraint(member: &str, value: &str, rule: &str) -> ServiceError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}"
    ))
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, "ValidationError", message)
}
