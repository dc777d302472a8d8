//! Whether the caller may do what a plan says, asked of IAM before anything is done: a permission that is missing is found out while there
//! is no new key yet.
//!
//! The simulation weighs the caller's own policies, its boundary and the organization's. It knows nothing of the policy of a session or
//! of a secret, and of a second factor only that it was not told. So it is a dry run and no promise.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::desk::PlanFor;
use super::service::{Answer, Caller, Ruling, Service, Simulated, Verdict};
use super::stores::Outlook;
use crate::domain::fault::{Fault, FaultKind, Own};

/// A permission that a rotation takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// `iam:CreateAccessKey`.
    pub action: String,
    /// ARN of the user or the secret.
    pub resource: String,
    /// Whether the rotation is impossible without.
    pub is_vital: bool,
}

/// Of so many users one question is about.
const TOGETHER: usize = 50;

/// What a rotation needs for the user of this ARN, and for its store.
pub(super) fn needs(user: &str, creates: bool, store: &Outlook) -> Vec<Need> {
    let need = |action: &str, is_vital| Need { action: action.to_owned(), resource: user.to_owned(), is_vital };
    let mut needs = Vec::new();
    if creates {
        needs.push(need("iam:CreateAccessKey", true));
    }
    needs.extend(["iam:UpdateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys"].map(|action| need(action, true)));
    // Without it nobody sees whether the old key is still in use, which a person may know by other means.
    needs.push(need("iam:GetAccessKeyLastUsed", false));
    if let Some(secret) = &store.resource {
        let actions: BTreeSet<&String> = store.calls().map(|call| &call.action).collect();
        let of_secret = |action: &String| Need { action: action.clone(), resource: secret.clone(), is_vital: true };
        needs.extend(actions.into_iter().map(of_secret));
    }
    needs
}

/// What IAM has said, by action and resource; and why there are not all answers.
struct Answers {
    verdicts: BTreeMap<(String, String), Verdict>,
    unchecked: Option<String>,
}

/// Asks for all plans together, and refuses those that cannot be carried out. One question is about many users, so a campaign takes as
/// good as no longer than a single rotation.
pub(super) async fn check(
    service: &dyn Service,
    caller: &Caller,
    plans: Vec<Answer<PlanFor>>,
    now: Timestamp,
) -> Vec<Answer<PlanFor>> {
    let answers = ask(service, caller, &plans).await;
    plans.into_iter().map(|plan| plan.and_then(|plan| judged(plan, caller, &answers, now))).collect()
}

/// The questions to ask: actions, and resources for which the same are needed.
fn questions(plans: &[Answer<PlanFor>]) -> Vec<(Vec<String>, Vec<String>)> {
    let mut by_resource: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for need in plans.iter().flatten().flat_map(|plan| &plan.needs) {
        by_resource.entry(&need.resource).or_default().insert(&need.action);
    }
    let mut by_actions: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for (resource, actions) in by_resource {
        let actions = actions.into_iter().map(str::to_owned).collect();
        by_actions.entry(actions).or_default().push(resource.to_owned());
    }
    let mut questions = Vec::new();
    for (actions, resources) in by_actions {
        questions.extend(resources.chunks(TOGETHER).map(|chunk| (actions.clone(), chunk.to_vec())));
    }
    questions
}

async fn ask(service: &dyn Service, caller: &Caller, plans: &[Answer<PlanFor>]) -> Answers {
    let mut answers = Answers { verdicts: BTreeMap::new(), unchecked: None };
    for (actions, resources) in questions(plans) {
        match service.may(caller, &actions, &resources).await {
            Ok(Simulated::Rulings(rulings)) => {
                let entry = |Ruling { action, resource, verdict }| ((action, resource), verdict);
                answers.verdicts.extend(rulings.into_iter().map(entry));
            }
            Ok(Simulated::Impossible(why)) => answers.unchecked = Some(why),
            Err(fault) => answers.unchecked = Some(unanswered(&fault)),
        }
        if answers.unchecked.is_some() {
            break;
        }
    }
    answers
}

fn unanswered(fault: &Fault) -> String {
    match &fault.kind {
        FaultKind::Denied { action } => format!("{action} is missing"),
        _ => format!("{}: {}", fault.call, fault.title()),
    }
}

fn judged(mut plan: PlanFor, caller: &Caller, answers: &Answers, now: Timestamp) -> Answer<PlanFor> {
    let verdict = |need: &Need| answers.verdicts.get(&(need.action.clone(), need.resource.clone()));
    let denied: Vec<&Need> = plan.needs.iter().filter(|need| verdict(need) == Some(&Verdict::Denied)).collect();
    if denied.iter().any(|need| need.is_vital) {
        return Err(Box::new(refusal(&denied, caller, now)));
    }
    let mut notes: Vec<String> = denied
        .iter()
        .map(|need| {
            format!("{} is missing on {}: whether the old key is still used will not be seen", need.action, need.resource)
        })
        .collect();
    let mut keys: BTreeMap<&[String], Vec<&str>> = BTreeMap::new();
    for need in &plan.needs {
        if let Some(Verdict::Depends(missing)) = verdict(need) {
            keys.entry(missing).or_default().push(&need.action);
        }
    }
    for (missing, actions) in &keys {
        let (actions, missing) = (actions.join(", "), missing.join(", "));
        notes.push(format!("whether {actions} is allowed depends on {missing}, which only the call itself will show"));
    }
    let unknown: Vec<&str> = plan.needs.iter().filter(|need| verdict(need).is_none()).map(|need| need.action.as_str()).collect();
    let allowed = plan.needs.iter().filter(|need| verdict(need) == Some(&Verdict::Allowed)).count();
    let mut said = format!("{allowed} of {} allowed by a dry run of the policies of {}", plan.needs.len(), caller.arn);
    if !unknown.is_empty() {
        let why = answers.unchecked.as_deref().unwrap_or("the simulation has no answer");
        said = format!("not checked: {why}");
        notes.push(format!(
            "not checked: {why}; so whether {} is allowed only the calls themselves will show",
            unknown.join(", ")
        ));
    }
    plan.notes.append(&mut notes);
    plan.plan = plan.plan.fact("permissions", said);
    Ok(plan)
}

/// Names what is missing, on what, and for whom.
fn refusal(denied: &[&Need], caller: &Caller, now: Timestamp) -> Fault {
    let mut by_resource: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for need in denied.iter().filter(|need| need.is_vital) {
        by_resource.entry(&need.resource).or_default().push(&need.action);
    }
    let missing: Vec<String> =
        by_resource.iter().map(|(resource, actions)| format!("{} on {resource}", actions.join(", "))).collect();
    let is_of_secret = by_resource.values().flatten().any(|action| action.starts_with("secretsmanager:"));
    let secret = if is_of_secret { "; what only the secret's own policy grants does not count here" } else { "" };
    let first = denied.iter().find(|need| need.is_vital).map(|need| need.action.clone()).unwrap_or_default();
    let words = format!(
        "missing: {}; a dry run of the policies of {} says so, and nothing was made{secret}",
        missing.join(" and "),
        caller.arn
    );
    Fault::own(Own::WouldBeDenied { action: first }, words, now)
}
