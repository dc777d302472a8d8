//! What Systems Manager says about parameters that its model does not allow.

use crate::emulator::wire::error::ServiceError;

/// `ValidationException` in the words of AWS's JSON services.
pub(super) fn invalid(value: &str, member: &str, constraint: &str) -> ServiceError {
    let message = format!(
        "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: Member must {constraint}"
    );
    ServiceError::new(400, "ValidationException", message)
}

/// A required text of bounded length.
pub(in crate::emulator) fn text<'a>(value: Option<&'a str>, member: &str, most: usize) -> Result<&'a str, ServiceError> {
    match value {
        None => Err(invalid("null", member, "not be null")),
        Some("") => Err(invalid("''", member, "have length greater than or equal to 1")),
        Some(text) if text.chars().count() > most => {
            Err(invalid(&format!("'{text}'"), member, &format!("have length less than or equal to {most}")))
        }
        Some(text) => Ok(text),
    }
}

/// An optional page size.
pub(super) fn max_results(value: Option<i64>, least: i64, most: i64, default: usize) -> Result<usize, ServiceError> {
    match value {
        None => Ok(default),
        Some(n) if n < least => {
            Err(invalid(&format!("'{n}'"), "maxResults", &format!("have value greater than or equal to {least}")))
        }
        Some(n) if n > most => Err(invalid(&format!("'{n}'"), "maxResults", &format!("have value less than or equal to {most}"))),
        Some(n) => Ok(usize::try_from(n).unwrap_or(default)),
    }
}

/// One of a list of words.
pub(super) fn word<'a>(value: &'a str, member: &str, words: &[&str]) -> Result<&'a str, ServiceError> {
    if words.contains(&value) {
        return Ok(value);
    }
    let all = words.join(", ");
    Err(invalid(&format!("'{value}'"), member, &format!("satisfy enum value set: [{all}]")))
}

/// A page of a list, and the token of the next one.
pub(super) fn page<T>(
    items: Vec<T>,
    token: Option<&str>,
    most: usize,
    bound_to: &str,
) -> Result<(Vec<T>, Option<String>), ServiceError> {
    use crate::emulator::token;
    let from = match token {
        None => 0,
        Some(token) => token::open::<usize>(token, bound_to)
            .ok_or_else(|| ServiceError::new(400, "InvalidNextToken", "The specified token is not valid."))?,
    };
    let more = items.len() > from.saturating_add(most);
    let page = items.into_iter().skip(from).take(most).collect();
    Ok((page, more.then(|| token::seal(&from.saturating_add(most), bound_to))))
}
