//! `SimulatePrincipalPolicy`: whether somebody may do something.
//!
//! This world allows what nothing forbids: an action is `explicitDeny` where a policy of the user denies it, `implicitDeny` where a
//! fault `denied` stands, and `allowed` otherwise.

use super::denials::Asked;
use super::input::{absent, constraint, invalid, required};
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
    let resources = call.form.list("ResourceArns");
    let resources = if resources.is_empty() { vec!["*"] } else { resources };
    let mut results = Vec::new();
    for action in &actions {
        for resource in &resources {
            let decision = decide(account, call, user.as_deref(), action, resource);
            results.push((format!("{action}\n{resource}"), (*action, *resource, decision)));
        }
    }
    let page = window.take_of_all(results.iter().map(|(id, result)| (id.as_str(), result)));
    Ok(page.response(call, "EvaluationResults", |xml, (action, resource, decision)| {
        xml.text("EvalActionName", action);
        xml.text("EvalResourceName", resource);
        xml.text("EvalDecision", decision);
        xml.texts("MissingContextValues", []);
    }))
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
    Err(invalid(format!("Invalid Entity Arn: {arn} does not clearly define entity type and name.")))
}

fn decide(account: &mut Account, call: &Call, user: Option<&str>, action: &str, resource: &str) -> &'static str {
    let asked = Asked { action, resource, issued: None, mfa: None };
    let service = action.split_once(':').map_or("", |(service, _)| service);
    if user.is_some_and(|user| account.iam.is_denied(user, asked, service, &call.region, call.now)) {
        "explicitDeny"
    } else if call.forbidden.iter().any(|forbidden| forbidden == action) {
        "implicitDeny"
    } else {
        "allowed"
    }
}
