//! Policies on users: managed ones by ARN, inline ones by document.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::input::{absent, invalid, length, required, required_name, too_many};
use super::page::Window;
use super::state::AttachedPolicy;
use super::users::{find, find_mut};
use crate::emulator::account::Account;
use crate::emulator::svc::Call;
use crate::emulator::wire::Response;
use crate::emulator::wire::error::ServiceError;
use crate::emulator::wire::query;

/// `AttachedPoliciesPerUserQuota`.
pub(super) const MOST_ATTACHED: usize = 10;

/// `UserPolicySizeQuota`: letters without white space of all inline policies together.
pub(super) const MOST_LETTERS: usize = 2048;

/// Everything but RFC 3986's unreserved letters: policy documents come URL-encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A policy document as IAM writes it.
pub(super) fn encoded(document: &str) -> String {
    utf8_percent_encode(document, RESERVED).to_string()
}

/// `ListAttachedUserPolicies`.
pub(super) fn list_attached(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let window = Window::of(account.seed, call)?;
    let prefix = super::input::path_prefix(call)?;
    let user = find(&mut account.iam, required_name(call, "UserName", 64)?)?;
    let is_below = |policy: &&AttachedPolicy| policy.arn.split_once(":policy").is_some_and(|(_, path)| path.starts_with(prefix));
    let page = window.take_of_all(user.attached.iter().filter(is_below).map(|policy| (policy.arn.as_str(), policy)));
    Ok(page.response(call, "AttachedPolicies", |xml, policy| {
        xml.text("PolicyName", &policy.name);
        xml.text("PolicyArn", &policy.arn);
    }))
}

/// `AttachUserPolicy`. The world keeps no list of managed policies: any well-formed ARN of AWS or of the account is one.
pub(super) fn attach(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let name = required_name(call, "UserName", 64)?;
    let arn = policy_arn(call)?;
    let own = format!("arn:aws:iam::{}:policy/", account.id);
    let user = find_mut(&mut account.iam, name)?;
    if !arn.starts_with("arn:aws:iam::aws:policy/") && !arn.starts_with(&own) {
        return Err(absent(format!("Policy {arn} does not exist or is not attachable.")));
    }
    if user.attached.iter().any(|policy| policy.arn == arn) {
        return Ok(query::done(call));
    }
    if user.attached.len() >= MOST_ATTACHED {
        return Err(too_many(format!("Cannot exceed quota for PoliciesPerUser: {MOST_ATTACHED}")));
    }
    account.iam.note_change(name, call.now);
    find_mut(&mut account.iam, name)?.attached.push(AttachedPolicy::from_arn(arn));
    Ok(query::done(call))
}

/// `DetachUserPolicy`.
pub(super) fn detach(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let arn = policy_arn(call)?;
    let name = required_name(call, "UserName", 64)?;
    if !find(&mut account.iam, name)?.attached.iter().any(|policy| policy.arn == arn) {
        return Err(absent(format!("Policy {arn} was not found.")));
    }
    account.iam.note_change(name, call.now);
    find_mut(&mut account.iam, name)?.attached.retain(|policy| policy.arn != arn);
    Ok(query::done(call))
}

fn policy_arn(call: &Call) -> Result<&str, ServiceError> {
    let arn = required(call, "PolicyArn")?;
    length("PolicyArn", arn, 20, 2048)?;
    let is_policy = arn.starts_with("arn:aws:iam::") && arn.contains(":policy/");
    if is_policy { Ok(arn) } else { Err(ServiceError::new(400, "InvalidInput", format!("ARN {arn} is not valid."))) }
}

/// `ListUserPolicies`.
pub(super) fn list_inline(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let window = Window::of(account.seed, call)?;
    let name = required_name(call, "UserName", 128)?;
    find(&mut account.iam, name)?;
    let inline = account.iam.listed_inline(name, call.now);
    let page = window.take_of_all(inline.keys().map(|name| (name.as_str(), name.as_str())));
    Ok(page.texts(call, "PolicyNames"))
}

/// `GetUserPolicy`.
pub(super) fn get_inline(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let name = required_name(call, "PolicyName", 128)?;
    let user = required_name(call, "UserName", 128)?;
    find(&mut account.iam, user)?;
    let inline = account.iam.listed_inline(user, call.now);
    let document = inline.get(name).ok_or_else(|| no_policy(name))?;
    Ok(query::result(call, |xml| {
        xml.text("UserName", user);
        xml.text("PolicyName", name);
        xml.text("PolicyDocument", &encoded(document));
    }))
}

/// `PutUserPolicy`.
pub(super) fn put_inline(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let user_name = required_name(call, "UserName", 128)?;
    let name = required_name(call, "PolicyName", 128)?;
    let document = required(call, "PolicyDocument")?;
    length("PolicyDocument", document, 1, 131_072)?;
    check_document(document)?;
    let user = find_mut(&mut account.iam, user_name)?;
    let others = user.inline.iter().filter(|(other, _)| *other != name).map(|(_, document)| letters(document)).sum::<usize>();
    if others + letters(document) > MOST_LETTERS {
        return Err(too_many(format!("Maximum policy size of {MOST_LETTERS} bytes exceeded for user {user_name}")));
    }
    account.iam.note_change(user_name, call.now);
    find_mut(&mut account.iam, user_name)?.inline.insert(name.to_owned(), document.to_owned());
    Ok(query::done(call))
}

/// `DeleteUserPolicy`.
pub(super) fn delete_inline(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let name = required_name(call, "PolicyName", 128)?;
    let user = required_name(call, "UserName", 128)?;
    if !find(&mut account.iam, user)?.inline.contains_key(name) {
        return Err(no_policy(name));
    }
    account.iam.note_change(user, call.now);
    find_mut(&mut account.iam, user)?.inline.remove(name);
    Ok(query::done(call))
}

fn no_policy(name: &str) -> ServiceError {
    absent(format!("The user policy with name {name} cannot be found."))
}

fn letters(document: &str) -> usize {
    document.chars().filter(|letter| !letter.is_whitespace()).count()
}

/// The grammar of policies as far as rotation and remediation need it: an object with statements that have an effect.
fn check_document(document: &str) -> Result<(), ServiceError> {
    let malformed = |message: &str| ServiceError::new(400, "MalformedPolicyDocument", message);
    if !document.chars().all(|letter| matches!(letter, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}')) {
        return Err(invalid("The specified value for policyDocument is invalid."));
    }
    let value: serde_json::Value = serde_json::from_str(document).map_err(|_| malformed("This policy contains invalid Json"))?;
    let statements = match value.get("Statement") {
        Some(serde_json::Value::Array(statements)) => statements.iter().collect(),
        Some(statement @ serde_json::Value::Object(_)) => vec![statement],
        _ => return Err(malformed("Syntax errors in policy.")),
    };
    let is_whole = |statement: &&serde_json::Value| {
        let has = |name: &str| statement.get(name).is_some();
        let effect = statement.get("Effect").and_then(serde_json::Value::as_str);
        matches!(effect, Some("Allow" | "Deny")) && (has("Action") || has("NotAction")) && (has("Resource") || has("NotResource"))
    };
    if !statements.is_empty() && statements.iter().all(is_whole) { Ok(()) } else { Err(malformed("Syntax errors in policy.")) }
}
