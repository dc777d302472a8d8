//! Whether policies allow something, without doing it.

use aws_sdk_iam::types::{EvaluationResult, PolicyEvaluationDecisionType};

use crate::aws::call;
use crate::aws::pages::Pages;
use crate::aws::session::Session;
use crate::domain::fault::{Fault, FaultKind};
use crate::rotation::service::{Ruling, Simulated, Verdict};

/// Answers of one page: as many as IAM gives.
const PAGE: i32 = 1000;

/// Whose policies count for a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// The ARN of a user, or of a role.
    Entity(String),
    /// A session of the role of this name; `guess` is its ARN if the role has no path, which a session's ARN does not tell.
    Session { role: String, guess: String },
    /// Nobody's that IAM could simulate, for this reason.
    None(String),
}

impl Source {
    fn of(caller: &str) -> Self {
        let parts: Vec<&str> = caller.splitn(6, ':').collect();
        let &["arn", partition, service, _, account, name] = parts.as_slice() else {
            return Self::None(format!("{caller} is no ARN"));
        };
        match (service, name.split_once('/')) {
            ("iam", Some(("user" | "role", _))) => Self::Entity(caller.to_owned()),
            ("iam", None) if name == "root" => Self::None("the permissions of root cannot be simulated".into()),
            ("sts", Some(("assumed-role", session))) => {
                let role = session.split('/').next().unwrap_or_default().to_owned();
                let guess = format!("arn:{partition}:iam::{account}:role/{role}");
                Self::Session { role, guess }
            }
            _ => Self::None(format!("the permissions of {caller} cannot be simulated")),
        }
    }
}

/// `SimulatePrincipalPolicy` for the caller of this ARN, as `GetCallerIdentity` tells it. The policies of a role's session are those of
/// the role, whose ARN `GetRole` tells.
///
/// # Errors
/// IAM does not simulate, which says nothing of what is allowed.
pub async fn simulate(session: &Session, caller: &str, actions: &[String], resources: &[String]) -> Result<Simulated, Fault> {
    let (source, is_guess) = match Source::of(caller) {
        Source::None(why) => return Ok(Simulated::Impossible(why)),
        Source::Entity(arn) => (arn, false),
        Source::Session { role, guess } => match role_arn(session, &role).await {
            Ok(arn) => (arn.unwrap_or(guess), false),
            Err(fault) if fault.is_denied() => (guess, true),
            Err(fault) => return Err(fault),
        },
    };
    match rulings(session, &source, actions, resources).await {
        Ok(rulings) => Ok(Simulated::Rulings(rulings)),
        Err(fault) if is_guess && fault.kind == FaultKind::NotFound => {
            Ok(Simulated::Impossible("iam:GetRole is missing, which tells the path of the role of this session".into()))
        }
        Err(fault) => Err(fault),
    }
}

async fn role_arn(session: &Session, role: &str) -> Result<Option<String>, Fault> {
    let send = session.iam().get_role().role_name(role).send();
    let answer = call::make(session, ("iam", "GetRole"), session.home(), send).await?;
    Ok(answer.role.map(|role| role.arn))
}

async fn rulings(session: &Session, source: &str, actions: &[String], resources: &[String]) -> Result<Vec<Ruling>, Fault> {
    let mut rulings = Vec::new();
    let mut pages = Pages::new(session, ("iam", "SimulatePrincipalPolicy"), session.home());
    loop {
        let request = session.iam().simulate_principal_policy().policy_source_arn(source).max_items(PAGE);
        let request = request.set_marker(pages.token());
        let send = request.set_action_names(Some(actions.to_vec())).set_resource_arns(Some(resources.to_vec())).send();
        let answer = call::make(session, ("iam", "SimulatePrincipalPolicy"), session.home(), send).await?;
        rulings.extend(answer.evaluation_results().iter().flat_map(|result| of(result, resources)));
        if !pages.turn(answer.marker().filter(|_| answer.is_truncated()), answer.evaluation_results().len())? {
            return Ok(rulings);
        }
    }
}

/// A result names its resources one by one (`ResourceSpecificResults`); what names none is about a single one.
fn of(result: &EvaluationResult, resources: &[String]) -> Vec<Ruling> {
    let ruling = |resource: &str, decision: &PolicyEvaluationDecisionType, missing: &[String]| Ruling {
        action: result.eval_action_name().to_owned(),
        resource: resource.to_owned(),
        verdict: match decision {
            PolicyEvaluationDecisionType::Allowed => Verdict::Allowed,
            _ if !missing.is_empty() => Verdict::Depends(missing.to_vec()),
            _ => Verdict::Denied,
        },
    };
    let each = result.resource_specific_results();
    if !each.is_empty() {
        let of_each =
            each.iter().map(|one| ruling(one.eval_resource_name(), one.eval_resource_decision(), one.missing_context_values()));
        return of_each.collect();
    }
    let named = result.eval_resource_name().filter(|name| resources.iter().any(|resource| resource == name));
    let only = match resources {
        [only] => Some(only.as_str()),
        _ => named,
    };
    only.map(|resource| ruling(resource, result.eval_decision(), result.missing_context_values())).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_policies_count_is_read_from_the_caller() {
        let user = "arn:aws:iam::123456789012:user/ops/ada";
        assert_eq!(Source::of(user), Source::Entity(user.into()));
        let session = Source::of("arn:aws-cn:sts::123456789012:assumed-role/Rotator/ada@example.com");
        let guess = "arn:aws-cn:iam::123456789012:role/Rotator".to_owned();
        assert_eq!(session, Source::Session { role: "Rotator".into(), guess });
        for nobody in ["arn:aws:iam::123456789012:root", "arn:aws:sts::123456789012:federated-user/eve", "eve", ""] {
            assert!(matches!(Source::of(nobody), Source::None(_)), "{nobody}");
        }
    }
}
