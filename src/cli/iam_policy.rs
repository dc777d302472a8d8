//! `bartizan iam-policy`: the smallest policy that the panes need, made from what their reads and actions say they call.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use serde_json::json;

use super::Failure;
use crate::panes::{self, PaneId};

/// What the header asks for, whichever pane is open. `sts:GetCallerIdentity` needs no permission.
const HEADER: &str = "iam:ListAccountAliases";

/// Prints the policy for these panes; for all of them where none is named.
pub(super) fn run(only: &[PaneId]) -> Result<(), Failure> {
    let policy = policy(if only.is_empty() { &PaneId::ALL } else { only });
    Ok(writeln!(std::io::stdout(), "{policy:#}")?)
}

fn policy(panes: &[PaneId]) -> serde_json::Value {
    let statements: Vec<_> = by_service(panes)
        .into_iter()
        .map(|(service, actions)| json!({"Sid": sid(&service), "Effect": "Allow", "Action": actions, "Resource": "*"}))
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn by_service(panes: &[PaneId]) -> BTreeMap<String, BTreeSet<&'static str>> {
    let reads = panes.iter().flat_map(|pane| panes::needs_of(*pane)).copied();
    let scopes: Vec<_> = panes.iter().map(|pane| pane.name()).collect();
    let actions = panes::catalogue().filter(|spec| scopes.contains(&spec.scope)).flat_map(|spec| spec.needs).copied();
    let mut services: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for action in reads.chain(actions).chain([HEADER]) {
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
    fn a_pane_asks_for_no_more_than_it_needs() {
        let policy = policy(&[PaneId::Trail]).to_string();
        assert!(policy.contains("cloudtrail:LookupEvents") && !policy.contains("ssm:"), "{policy}");
    }
}
