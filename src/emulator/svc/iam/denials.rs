//! Explicit denials: the only part of identity policies that this world evaluates, because containment consists of them.
//!
//! Understood are `Deny` statements with `Action` or `NotAction`, `Resource` or `NotResource`, and as conditions `DateLessThan` of
//! `aws:TokenIssueTime` and `Bool`/`BoolIfExists` of `aws:MultiFactorAuthPresent`. A statement with another condition is passed over.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

/// The managed policy of AWS that denies everything.
const DENY_ALL: &str = "arn:aws:iam::aws:policy/AWSDenyAll";

/// What somebody wants to do, and with which credentials.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// `iam:ListUsers`.
    pub action: &'a str,
    /// The ARN that it is done to; `*` where the action knows none.
    pub resource: &'a str,
    /// `aws:TokenIssueTime`: when the temporary credentials were made; long-term keys have none.
    pub issued: Option<Timestamp>,
    /// `aws:MultiFactorAuthPresent`: long-term keys have none.
    pub mfa: Option<bool>,
}

/// Whether one of the inline documents, or a managed policy among `attached` (ARNs), denies it.
pub(super) fn is_denied<'a>(
    mut inline: impl Iterator<Item = &'a str>,
    mut attached: impl Iterator<Item = &'a str>,
    asked: Asked<'_>,
) -> bool {
    attached.any(|arn| arn == DENY_ALL) || inline.any(|document| denies(document, asked))
}

/// The keys of conditions under which one of the documents denies it.
pub(super) fn condition_keys<'a>(inline: impl Iterator<Item = &'a str>, asked: Asked<'_>) -> Vec<String> {
    let mut keys = BTreeSet::new();
    for document in inline {
        let document: Value = serde_json::from_str(document).unwrap_or_default();
        for statement in list(document.get("Statement")).filter(|statement| is_denial_of(statement, asked)) {
            let operators = statement.get("Condition").and_then(Value::as_object);
            keys.extend(
                operators.into_iter().flatten().filter_map(|(_, keys)| keys.as_object()).flat_map(|keys| keys.keys().cloned()),
            );
        }
    }
    keys.into_iter().collect()
}

fn denies(document: &str, asked: Asked<'_>) -> bool {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    list(document.get("Statement")).any(|statement| is_denial_of(statement, asked) && is_met(statement.get("Condition"), asked))
}

/// Whether a statement denies it, under whatever condition.
fn is_denial_of(statement: &Value, asked: Asked<'_>) -> bool {
    statement.get("Effect").and_then(Value::as_str) == Some("Deny")
        && is_about(statement, "Action", "NotAction", asked.action, true)
        && is_about(statement, "Resource", "NotResource", asked.resource, false)
}

/// Whether a statement names something, or leaves it out of what it does not name.
fn is_about(statement: &Value, named: &str, not_named: &str, what: &str, folds_case: bool) -> bool {
    let any = |list_of: &Value| list(Some(list_of)).filter_map(Value::as_str).any(|pattern| fits(pattern, what, folds_case));
    match (statement.get(named), statement.get(not_named)) {
        (Some(patterns), _) => any(patterns),
        (None, Some(patterns)) => !any(patterns),
        (None, None) => false,
    }
}

fn is_met(condition: Option<&Value>, asked: Asked<'_>) -> bool {
    let Some(condition) = condition else { return true };
    let Some(operators) = condition.as_object() else { return false };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().is_some_and(|keys| keys.iter().all(|(key, wanted)| holds(operator, key, wanted, asked)))
    })
}

fn holds(operator: &str, key: &str, wanted: &Value, asked: Asked<'_>) -> bool {
    let mut wanted = list(Some(wanted));
    match (operator, key) {
        ("DateLessThan", "aws:TokenIssueTime") => {
            let before = |wanted: &Value| wanted.as_str().and_then(|time| time.parse::<Timestamp>().ok());
            asked.issued.is_some_and(|issued| wanted.filter_map(before).any(|limit| issued < limit))
        }
        ("Bool" | "BoolIfExists", "aws:MultiFactorAuthPresent") => match asked.mfa {
            Some(mfa) => wanted.any(|wanted| wanted.as_bool() == Some(mfa) || wanted.as_str() == Some(&mfa.to_string())),
            None => operator == "BoolIfExists",
        },
        _ => false,
    }
}

/// A value, or the entries of an array.
fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    match value {
        Some(Value::Array(entries)) => entries.iter(),
        Some(single) => std::slice::from_ref(single).iter(),
        None => [].iter(),
    }
}

/// A text against a pattern with `*` and `?`.
fn fits(pattern: &str, text: &str, folds_case: bool) -> bool {
    let fold = |text: &str| if folds_case { text.to_ascii_lowercase() } else { text.to_owned() };
    let (pattern, text) = (fold(pattern), fold(text));
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    // Where the last `*` was, and how much of the text it has taken: the classic walk with one way back.
    let (mut at, mut from, mut star) = (0, 0, None);
    while let Some(letter) = text.get(from) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || wanted == letter => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    (at, from) = (place + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|letter| *letter == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REVOKE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":["*"],
        "Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-11-21T12:00:00Z"}}}]}"#;
    const MFA: &str = r#"{"Statement":{"Effect":"Deny","NotAction":["iam:List*","sts:GetSessionToken"],"Resource":"*",
        "Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}}"#;

    fn asked<'a>(action: &'a str, issued: Option<&str>, mfa: Option<bool>) -> Asked<'a> {
        Asked { action, resource: "arn:aws:iam::123456789012:user/eve", issued: issued.map(|at| at.parse().unwrap()), mfa }
    }

    #[test]
    fn older_sessions_are_denied_and_nothing_else() {
        assert!(denies(REVOKE, asked("iam:ListUsers", Some("2026-11-21T11:59:59Z"), None)));
        assert!(!denies(REVOKE, asked("iam:ListUsers", Some("2026-11-21T12:00:00Z"), None)));
        assert!(!denies(REVOKE, asked("iam:ListUsers", None, None)), "a long-term key has no token");
    }

    #[test]
    fn without_mfa_only_what_is_excepted() {
        assert!(denies(MFA, asked("iam:CreateAccessKey", None, None)));
        assert!(denies(MFA, asked("iam:CreateAccessKey", None, Some(false))));
        assert!(!denies(MFA, asked("iam:CreateAccessKey", None, Some(true))));
        assert!(!denies(MFA, asked("iam:ListUsers", None, None)));
    }

    #[test]
    fn patterns_fit_as_in_iam() {
        let deny = |what: &str| format!(r#"{{"Statement":[{{"Effect":"Deny",{what}}}]}}"#);
        let denied = |what: &str| denies(&deny(what), asked("iam:GetUser", None, None));
        assert!(denied(r#""Action":"iam:get*","Resource":"*""#));
        assert!(denied(r#""Action":"*","Resource":"arn:aws:iam::*:user/e?e""#));
        assert!(!denied(r#""Action":"iam:GetUser","Resource":"arn:aws:iam::*:user/ada""#));
        assert!(!denied(r#""Action":"s3:*","Resource":"*""#));
        assert!(!denied(r#""Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#));
        assert!(!denies(r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#, asked("iam:GetUser", None, None)));
        let attached = |arn: &'static str| is_denied([].into_iter(), [arn].into_iter(), asked("iam:GetUser", None, None));
        assert!(attached(DENY_ALL));
        assert!(!attached("arn:aws:iam::aws:policy/ReadOnlyAccess"));
    }
}
