//! `bartizan iam-policy`: the smallest policy that the panes need, made from what their reads and actions say they call.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use serde_json::json;

use super::Failure;
use crate::kit::action::Danger;
use crate::panes::{self, PaneId};

/// What the header asks for, whichever pane is open. `sts:GetCallerIdentity` needs no permission.
const HEADER: &str = "iam:ListAccountAliases";

/// Prints the policy for these panes; for all of them where none is named.
pub(super) fn run(only: &[PaneId]) -> Result<(), Failure> {
    let policy = policy(if only.is_empty() { &PaneId::ALL } else { only });
    Ok(writeln!(std::io::stdout(), "{policy:#}")?)
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
    page
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
    let reading = panes::catalogue().filter(|spec| spec.danger == Danger::Safe);
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
    use crate::aws::guard;

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
        let allowed: Vec<String> = guard::READS.iter().map(|(service, operation)| format!("{service}:{operation}")).collect();
        assert_eq!(needed.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), allowed.into_iter().collect());
    }

    #[test]
    fn a_pane_asks_for_no_more_than_it_needs() {
        let policy = policy(&[PaneId::Trail]).to_string();
        assert!(policy.contains("cloudtrail:LookupEvents") && !policy.contains("ssm:"), "{policy}");
    }
}
