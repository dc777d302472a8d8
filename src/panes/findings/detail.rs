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
    sections.extend(finding::detail(&finding.raw.text()));
    sections
}
