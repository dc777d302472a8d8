//! `SimulatePrincipalPolicy`: whether somebody may do something.
//!
//! This world allows what nothing forbids: an action is `explicitDeny` where a policy of the user denies it, `implicitDeny` where a
//! fault `denied` stands, and `allowed` otherwise. As nothing is known of a call that is not made, the keys of conditions in such policies are
//! missing.

use std::collections::BTreeSet;

use super::denials::Asked;
use super::input::{absent, constraint, required};
use super::page::Window;
use crate::emulator::account::Account;
use crate::emulator::svc::Call;
use crate::emulator::wire::Response;
use crate::emulator::wire::error::ServiceError;

/// `SimulatePrincipalPolicy`, of a user or a role.
pub(super) fn principal(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let window = Window::of(account.seed, call)?;
    let source = required(call, "PolicySourceArn")?;
    let actions = call.form.list("ActionNames");
    if actions.is_empty() {
        return Err(constraint("ActionNames", "null", "not be null"));
    }
    if let Some(action) = actions.iter().find(|action| action.split_once(':').is_none_or(|(service, _)| service.is_empty())) {
        return Err(ServiceError::new(400, "InvalidInput", format!("Invalid Action: {action}")));
    }
    let user = user_of(account, source)?;
    let resources: Vec<&str> = call.form.list("ResourceArns").into_iter().filter(|resource| *resource != "*").collect();
    let mut results = Vec::new();
    for action in &actions {
        let asked = if resources.is_empty() { vec!["*"] } else { resources.clone() };
        let rulings: Vec<Ruling<'_>> =
            asked.into_iter().map(|resource| rule(account, call, user.as_deref(), action, resource)).collect();
        results.push((*action, rulings));
    }
    let page = window.take_of_all(results.iter().map(|(action, rulings)| (*action, (*action, rulings))));
    Ok(page.response(call, "EvaluationResults", |xml, (action, rulings)| {
        // Of several resources the result is the strictest, and each is told by itself.
        let strictest = rulings.iter().map(|ruling| ruling.decision).max().unwrap_or(Decision::Allowed);
        let missing: BTreeSet<&str> = rulings.iter().flat_map(|ruling| &ruling.missing).map(String::as_str).collect();
        xml.text("EvalActionName", action);
        xml.text("EvalResourceName", if resources.is_empty() { "*" } else { template(action) });
        xml.text("EvalDecision", strictest.word());
        xml.texts("MissingContextValues", missing);
        if !resources.is_empty() {
            xml.list("ResourceSpecificResults", rulings, |xml, ruling| {
                xml.text("EvalResourceName", ruling.resource);
                xml.text("EvalResourceDecision", ruling.decision.word());
                xml.texts("MissingContextValues", ruling.missing.iter().map(String::as_str));
            });
        }
    }))
}

/// What policies say, the strictest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Decision {
    Allowed,
    Implicit,
    Explicit,
}

impl Decision {
    fn word(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Implicit => "implicitDeny",
            Self::Explicit => "explicitDeny",
        }
    }
}

/// The answer for one resource.
struct Ruling<'a> {
    resource: &'a str,
    decision: Decision,
    /// Keys of conditions that decide and were not given.
    missing: Vec<String>,
}

/// The form of the ARNs that an action is done to, as the model of `EvaluationResult` has it.
fn template(action: &str) -> &'static str {
    match action.split_once(':') {
        Some(("iam", operation)) if operation.contains("AccessKey") || operation.ends_with("User") => {
            "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}"
        }
        Some(("secretsmanager", _)) => "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:${SecretId}",
        _ => "*",
    }
}

/// The user that an ARN names; `None` for a role that there is.
fn user_of(account: &mut Account, arn: &str) -> Result<Option<String>, ServiceError> {
    let name = arn.rsplit('/').next().unwrap_or_default();
    let id = account.id.clone();
    if account.iam.user(name).is_some_and(|user| user.arn(&id) == arn) {
        return Ok(Some(name.to_owned()));
    }
    if account.iam.role(name).is_some_and(|role| role.arn(&id) == arn) {
        return Ok(None);
    }
    if arn.starts_with("arn:aws:iam::") && (arn.contains(":user/") || arn.contains(":role/")) {
        return Err(absent(format!("Could not find entity {arn}")));
    }
    let words = format!("Invalid Entity Arn: {arn} does not clearly define entity type and name.");
    Err(ServiceError::new(400, "InvalidInput", words))
}

fn rule<'a>(account: &mut Account, call: &Call, user: Option<&str>, action: &str, resource: &'a str) -> Ruling<'a> {
    let asked = Asked { action, resource, issued: None, mfa: None };
    let service = action.split_once(':').map_or("", |(service, _)| service);
    let is_denied = user.is_some_and(|user| account.iam.is_denied(user, asked, service, &call.region, call.now));
    let decision = match is_denied {
        true => Decision::Explicit,
        false if call.forbidden.iter().any(|forbidden| forbidden == action) => Decision::Implicit,
        false => Decision::Allowed,
    };
    let missing = user.map(|user| account.iam.condition_keys(user, asked)).unwrap_or_default();
    Ruling { resource, decision, missing }
}
