//! Whether a role's trust policy lets somebody assume it.

use serde_json::Value;

use crate::emulator::account::Principal;

/// Who wants to assume a role, and what with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    /// The caller.
    pub(super) principal: &'a Principal,
    /// The caller's account: all are of this one.
    pub(super) account: &'a str,
    /// Whether an MFA code came with the request.
    pub(super) has_mfa: bool,
    /// `ExternalId`.
    pub(super) external_id: Option<&'a str>,
}

/// Whether a statement allows it and none denies it. A condition that is not understood is not met.
pub(super) fn allows(document: &str, asking: Asking<'_>) -> bool {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let applies = |effect: &str| {
        list(document.get("Statement")).any(|statement| {
            statement.get("Effect").and_then(Value::as_str) == Some(effect)
                && list(statement.get("Action")).any(|action| matches!(action.as_str(), Some("sts:AssumeRole" | "sts:*" | "*")))
                && statement.get("Principal").is_some_and(|principal| is_named(principal, asking))
                && is_met(statement.get("Condition"), asking)
        })
    };
    applies("Allow") && !applies("Deny")
}

/// A value, or the entries of an array.
fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let entries = match value {
        Some(Value::Array(entries)) => entries.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    entries.iter()
}

/// `"*"`, the account's number, its root (which stands for everybody in it), or the caller.
fn is_named(principal: &Value, asking: Asking<'_>) -> bool {
    let root = format!("arn:aws:iam::{}:root", asking.account);
    let caller = asking.principal.arn();
    principal == "*"
        || list(principal.get("AWS"))
            .filter_map(Value::as_str)
            .any(|name| name == "*" || name == asking.account || name == root || name == caller)
}

fn is_met(condition: Option<&Value>, asking: Asking<'_>) -> bool {
    let Some(Value::Object(operators)) = condition else { return condition.is_none() };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().is_some_and(|keys| keys.iter().all(|(key, wanted)| holds(operator, key, wanted, asking)))
    })
}

fn holds(operator: &str, key: &str, wanted: &Value, asking: Asking<'_>) -> bool {
    match (operator, key) {
        ("Bool" | "BoolIfExists", "aws:MultiFactorAuthPresent") => {
            let said = if asking.has_mfa { "true" } else { "false" };
            list(Some(wanted)).any(|wanted| wanted.as_str() == Some(said) || wanted.as_bool() == Some(asking.has_mfa))
        }
        ("StringEquals", "sts:ExternalId") => list(Some(wanted)).any(|wanted| wanted.as_str() == asking.external_id),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_allowed(statement: Value, has_mfa: bool, external_id: Option<&str>) -> bool {
        let arn = "arn:aws:iam::123456789012:user/ada".to_owned();
        let principal = Principal::User { name: "ada".into(), arn, id: "AIDA".into() };
        let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        allows(&document, Asking { principal: &principal, account: "123456789012", has_mfa, external_id })
    }

    #[test]
    fn a_principal_is_trusted_by_name_or_by_account() {
        let by = |principal: Value| {
            is_allowed(json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}), false, None)
        };
        assert!(by(json!("*")));
        assert!(by(json!({"AWS": "123456789012"})));
        assert!(by(json!({"AWS": ["arn:aws:iam::999999999999:root", "arn:aws:iam::123456789012:root"]})));
        assert!(by(json!({"AWS": "arn:aws:iam::123456789012:user/ada"})));
        assert!(!by(json!({"AWS": "arn:aws:iam::123456789012:user/eve"})));
        assert!(!by(json!({"Service": "ec2.amazonaws.com"})));
    }

    #[test]
    fn conditions_and_denials_hold() {
        let trust = |condition: Value| json!([{"Effect": "Allow", "Principal": "*", "Action": ["sts:AssumeRole"], "Condition": condition}]);
        let mfa = || trust(json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}));
        assert!(is_allowed(mfa(), true, None));
        assert!(!is_allowed(mfa(), false, None));
        let external = || trust(json!({"StringEquals": {"sts:ExternalId": "x1"}}));
        assert!(is_allowed(external(), false, Some("x1")));
        assert!(!is_allowed(external(), false, Some("x2")));
        assert!(!is_allowed(external(), false, None));
        assert!(!is_allowed(trust(json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})), true, None), "not understood: not met");
        let denied = json!([
            {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"},
            {"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::123456789012:user/ada"}, "Action": "sts:*"},
        ]);
        assert!(!is_allowed(denied, true, None));
        assert!(!is_allowed(json!("nonsense"), true, None));
    }
}
