//! Everything about one finding: who did what from where to which resource.

use jiff::Timestamp;

use crate::domain::detail::{Field, Section};
use crate::domain::finding::{self, Finding};
use crate::panes::{section, when};

/// The sections of a finding's detail view: what it means by now, then all that GuardDuty tells.
pub fn detail(finding: &Finding, now: Timestamp) -> Vec<Section> {
    let severity = finding.severity.map(|severity| format!("{:.1} {}", severity.0, severity.band().word()));
    let severity = severity.unwrap_or_else(|| "unknown".to_owned());
    let state = if finding.archived { "archived" } else { "current" };
    let mut fields = vec![Field::new("severity", format!("{severity}, {state}"))];
    let seen = [("first seen", finding.first_seen), ("last seen", finding.last_seen), ("updated", finding.updated)];
    fields.extend(seen.into_iter().filter_map(|(label, at)| at.map(|at| Field::new(label, when(at, now)))));
    if finding.sample {
        fields.push(Field::new("sample", "made up by AWS on request: nothing happened"));
    }
    let mut sections = vec![section("At a glance", fields)];
    let named = names(finding);
    if !named.is_empty() {
        sections.push(section("Named in this finding", named));
    }
    sections.extend(finding::detail(&finding.raw.text()));
    sections
}

/// Everybody and everything that the finding names: what pivots and filters go by.
fn names(finding: &Finding) -> Vec<Field> {
    let mut fields: Vec<Field> =
        finding.principals.iter().map(|who| Field::new("principal", format!("{} ({})", who.name.raw(), who.what()))).collect();
    fields.extend(finding.access_keys.iter().map(|key| Field::new("access key", key.raw())));
    fields.extend(finding.resources.iter().map(|resource| {
        let id = resource.id.as_ref().filter(|id| **id != resource.name).map(|id| format!(", {}", id.raw()));
        Field::new("resource", format!("{} ({}{})", resource.name.raw(), resource.kind.raw(), id.unwrap_or_default()))
    }));
    fields.extend(finding.remote_ips.iter().map(|address| Field::new("remote address", address.raw())));
    fields.extend(finding.domains.iter().map(|domain| Field::new("remote domain", domain.raw())));
    fields
}
