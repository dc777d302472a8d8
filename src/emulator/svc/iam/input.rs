//! Reads and checks the parameters of IAM's operations, in AWS's words.

use crate::emulator::svc::Call;
use crate::emulator::wire::error::ServiceError;

/// `ValidationError`.
pub(super) fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, "ValidationError", message)
}

/// `NoSuchEntity`.
pub(super) fn absent(message: impl Into<String>) -> ServiceError {
    ServiceError::new(404, "NoSuchEntity", message)
}

/// `LimitExceeded`.
pub(super) fn too_many(message: impl Into<String>) -> ServiceError {
    ServiceError::new(409, "LimitExceeded", message)
}

/// AWS's sentence about a value out of bounds.
pub(super) fn constraint(parameter: &str, value: &str, rule: &str) -> ServiceError {
    let mut member = parameter.to_owned();
    if let Some(first) = member.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    let value = if value == "null" { value.to_owned() } else { format!("'{value}'") };
    invalid(format!("1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: Member must {rule}"))
}

/// A parameter that must be there.
pub(super) fn required<'a>(call: &'a Call, parameter: &str) -> Result<&'a str, ServiceError> {
    call.form.get(parameter).ok_or_else(|| constraint(parameter, "null", "not be null"))
}

/// Checks a length in letters.
pub(super) fn length(parameter: &str, value: &str, least: usize, most: usize) -> Result<(), ServiceError> {
    let letters = value.chars().count();
    if letters < least {
        return Err(constraint(parameter, value, &format!("have length greater than or equal to {least}")));
    }
    if letters > most {
        return Err(constraint(parameter, value, &format!("have length less than or equal to {most}")));
    }
    Ok(())
}

/// A name that must be there: 1 to `most` of AWS's letters for names.
pub(super) fn required_name<'a>(call: &'a Call, parameter: &str, most: usize) -> Result<&'a str, ServiceError> {
    let name = required(call, parameter)?;
    length(parameter, name, 1, most)?;
    if name.chars().all(|letter| letter.is_alphanumeric() || "_+=,.@-".contains(letter)) {
        return Ok(name);
    }
    let mut member = parameter.to_owned();
    if let Some(first) = member.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    Err(invalid(format!(
        "The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
    )))
}

/// The user that a call is about: `UserName`, or the caller where it has none.
pub(super) fn user_or_caller(call: &Call) -> Result<&str, ServiceError> {
    if call.form.get("UserName").is_some() {
        return required_name(call, "UserName", 128);
    }
    call.principal.user_name().ok_or_else(|| invalid("Must specify userName when calling with non-User credentials"))
}

/// An access key id that must be there.
pub(super) fn access_key_id(call: &Call) -> Result<&str, ServiceError> {
    let id = required(call, "AccessKeyId")?;
    length("AccessKeyId", id, 16, 128)?;
    if id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        return Ok(id);
    }
    Err(constraint("AccessKeyId", id, "satisfy regular expression pattern: [\\w]+"))
}

/// `PathPrefix`; `/` where it is not given.
pub(super) fn path_prefix(call: &Call) -> Result<&str, ServiceError> {
    let Some(prefix) = call.form.get("PathPrefix") else { return Ok("/") };
    length("PathPrefix", prefix, 1, 512)?;
    if prefix.starts_with('/') && prefix.bytes().all(|byte| (0x21..=0x7f).contains(&byte)) {
        return Ok(prefix);
    }
    Err(invalid(
        "The specified value for pathPrefix is invalid. It must begin with the / character and contain only alphanumeric characters \
         and/or /.,+@=_-",
    ))
}
