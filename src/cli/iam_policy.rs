//! `bartizan iam-policy`: the smallest policy that the panes need, made from what their reads and actions say they call.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use serde_json::json;

use super::{Failure, output};
use crate::aws::guard;
use crate::kit::action::{Danger, Spec};
use crate::panes::{self, PaneId};

/// What the header asks for, whichever pane is open. `sts:GetCallerIdentity` needs no permission.
const HEADER: &str = "iam:ListAccountAliases";

/// Prints the policy for these panes, for all of them where none is named; `with_changes` also what they change.
pub(super) fn run(only: &[PaneId], with_changes: bool) -> Result<(), Failure> {
    let panes = if only.is_empty() { &PaneId::ALL } else { only };
    let mut policy = policy(panes);
    if let Some(statements) = policy.get_mut("Statement").and_then(serde_json::Value::as_array_mut).filter(|_| with_changes) {
        statements.extend(changes(panes));
    }
    Ok(writeln!(output::machine(), "{policy:#}")?)
}

/// `docs/iam.md`: what each pane asks for, and the policy for all of them.
pub fn markdown() -> String {
    let mut page = String::from(
        "# IAM permissions\n\nMade by the program from what its panes call; change those, not this page. `bartizan iam-policy --for-pane PANE` prints the\n\
         policy for some panes only. Whatever is not granted is shown as denied, with the missing action's name, and the rest goes on.\n\n\
         | pane | actions |\n|---|---|\n",
    );
    for pane in PaneId::ALL {
        let actions: Vec<_> = needed(&[pane]).iter().map(|action| format!("`{action}`")).collect();
        let actions = if actions.is_empty() { "none".to_owned() } else { actions.join(" ") };
        page.push_str(&format!("| {} | {actions} |\n", pane.name()));
    }
    page.push_str(&format!(
        "| every pane's header | `{HEADER}` (`sts:GetCallerIdentity` needs no permission) |\n\n```json\n{:#}\n```\n",
        policy(&PaneId::ALL)
    ));
    page.push_str(
        "\n## Changes\n\nNothing above changes anything. `bartizan iam-policy --changes` adds one statement for each feature that does; leave out what \
         nobody here needs.\nEach asks for a session with a second factor, and AWS holds it: the console's own questions are only comfort. Narrow the \
         resources to the\npaths and tags of your account.\n\n| action | asks for | calls |\n|---|---|---|\n",
    );
    for spec in changing(&PaneId::ALL) {
        let level = match spec.danger {
            Danger::Safe | Danger::Reversible => "one key",
            Danger::Confirm => "a dialog",
            Danger::TypeName => "the name typed",
        };
        let needs: Vec<_> = spec.needs.iter().map(|need| format!("`{need}`")).collect();
        page.push_str(&format!("| `{}` {} | {level} | {} |\n", spec.id, spec.help, needs.join(" ")));
    }
    page.push_str(&format!("\n```json\n{:#}\n```\n", json!(changes(&PaneId::ALL))));
    page
}

/// Whether an action changes something, or opens a session, which is a door to change something.
fn is_change(spec: &Spec) -> bool {
    let opens = |need: &&str| need.split_once(':').is_some_and(|call| guard::SESSIONS.contains(&call));
    spec.danger > Danger::Safe || spec.needs.iter().any(opens)
}

/// The panes' actions that change something.
fn changing(panes: &[PaneId]) -> Vec<Spec> {
    let scopes: Vec<_> = panes.iter().map(|pane| pane.name()).collect();
    panes::catalogue().filter(|spec| is_change(spec) && scopes.contains(&spec.scope)).collect()
}

/// What a change is made to: by service and action.
fn resources(action: &str) -> &'static [&'static str] {
    match action {
        // Whose permissions are asked about: those of the caller, who may be a role.
        "iam:GetRole" | "iam:SimulatePrincipalPolicy" => &["arn:aws:iam::*:user/*", "arn:aws:iam::*:role/*"],
        "ssm:TerminateSession" => &["arn:aws:ssm:*:*:session/*"],
        _ if action.starts_with("iam:") => &["arn:aws:iam::*:user/*"],
        _ => &["*"],
    }
}

/// One statement for each pane and kind of resource in which something is changed, for sessions with a second factor. What another
/// statement grants as well is left out.
fn changes(panes: &[PaneId]) -> Vec<serde_json::Value> {
    type Feature = (&'static str, &'static str, &'static [&'static str]);
    let mut features: BTreeMap<Feature, BTreeSet<&'static str>> = BTreeMap::new();
    for spec in changing(panes) {
        for need in spec.needs {
            let service = need.split(':').next().unwrap_or_default();
            features.entry((spec.scope, service, resources(need))).or_default().insert(need);
        }
    }
    let is_granted_by = |(one, actions): (&Feature, &BTreeSet<&str>), (other, more): (&Feature, &BTreeSet<&str>)| {
        one != other && one.2 == other.2 && actions.is_subset(more) && (actions != more || other < one)
    };
    let own = features.iter().filter(|one| !features.iter().any(|other| is_granted_by(*one, other)));
    own.map(|((scope, service, resources), actions)| {
        let kind = match *resources {
            [only] if only.contains(":session/") => "Sessions",
            [_, _, ..] => "Callers",
            _ => "",
        };
        let second_factor = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
        let id = format!("{}Changes{}{kind}", sid(scope), sid(service).trim_start_matches("Bartizan"));
        let resource = if let [only] = resources { json!(only) } else { json!(resources) };
        json!({"Sid": id, "Effect": "Allow", "Action": actions, "Resource": resource, "Condition": second_factor})
    })
    .collect()
}

fn policy(panes: &[PaneId]) -> serde_json::Value {
    let statements: Vec<_> = by_service(panes)
        .into_iter()
        .map(|(service, actions)| json!({"Sid": sid(&service), "Effect": "Allow", "Action": actions, "Resource": "*"}))
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// What these panes call, by their reads and by those of their actions that change nothing.
fn needed(panes: &[PaneId]) -> BTreeSet<&'static str> {
    let reads = panes.iter().flat_map(|pane| panes::needs_of(*pane)).copied();
    let scopes: Vec<_> = panes.iter().map(|pane| pane.name()).collect();
    let reading = panes::catalogue().filter(|spec| !is_change(spec));
    let actions = reading.filter(|spec| scopes.contains(&spec.scope)).flat_map(|spec| spec.needs).copied();
    reads.chain(actions).collect()
}

fn by_service(panes: &[PaneId]) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut services: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for action in needed(panes).into_iter().chain([HEADER]) {
        let service = action.split(':').next().unwrap_or_default();
        services.entry(service.to_owned()).or_default().insert(action);
    }
    services
}

/// A statement's id may hold letters and digits only.
fn sid(service: &str) -> String {
    let mut letters = service.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    format!("Bartizan{}{}", first.map(String::from).unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_service_and_a_name() {
        for action in by_service(&PaneId::ALL).values().flatten() {
            let (service, name) = action.split_once(':').unwrap();
            assert!(!service.is_empty() && name.chars().all(char::is_alphanumeric), "{action}");
        }
    }

    #[test]
    fn what_the_panes_need_is_what_the_guard_lets_out() {
        let mut needed = needed(&PaneId::ALL);
        needed.extend([HEADER, "sts:GetCallerIdentity"]);
        let reads: Vec<String> = guard::READS.iter().map(|(service, operation)| format!("{service}:{operation}")).collect();
        assert!(needed.iter().all(|need| reads.iter().any(|read| read == need)), "{needed:?}");
        // What a change wants to know before it is made is asked for with the change.
        let before: BTreeSet<_> = changing(&PaneId::ALL).iter().flat_map(|spec| spec.needs).copied().collect();
        let of_rotations = ["iam:GetUser", "iam:GetUserPolicy"];
        let idle: Vec<_> =
            reads.iter().filter(|read| !needed.contains(read.as_str()) && !before.contains(read.as_str())).collect();
        assert!(idle.iter().all(|read| of_rotations.contains(&read.as_str())), "nobody asks for {idle:?}");
    }

    #[test]
    fn what_changes_something_is_no_read_and_wants_a_second_factor() {
        let statements = changes(&[PaneId::Keys]);
        let text = json!(statements).to_string();
        assert!(text.contains("iam:UpdateAccessKey") && text.contains("iam:DeleteAccessKey"), "{text}");
        assert!(statements.iter().all(|statement| statement.to_string().contains("MultiFactorAuthPresent")), "{text}");
        assert!(!policy(&PaneId::ALL).to_string().contains("iam:DeleteAccessKey"));
    }

    #[test]
    fn no_statement_repeats_another() {
        let statements = changes(&PaneId::ALL);
        let actions =
            |statement: &serde_json::Value| -> BTreeSet<String> { serde_json::from_value(statement["Action"].clone()).unwrap() };
        for (number, one) in statements.iter().enumerate() {
            let others = statements.iter().enumerate().filter(|(other, _)| *other != number);
            for (_, other) in others.filter(|(_, other)| other["Resource"] == one["Resource"]) {
                assert!(!actions(one).is_subset(&actions(other)), "{one:#}\n{other:#}");
            }
        }
        let contain = changes(&[PaneId::Findings]);
        assert!(contain.iter().any(|statement| statement.to_string().contains("iam:PutUserPolicy")), "{contain:?}");
    }

    #[test]
    fn a_pane_asks_for_no_more_than_it_needs() {
        let policy = policy(&[PaneId::Trail]).to_string();
        assert!(policy.contains("cloudtrail:LookupEvents") && !policy.contains("ssm:"), "{policy}");
    }
}
