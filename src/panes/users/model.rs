//! What the users pane knows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::row::{LACKS_MFA, MFA_UNKNOWN, NAME};
use crate::domain::age::age;
use crate::domain::known::Known;
use crate::domain::text::Untrusted;
use crate::domain::user::{ROOT_NAME, User};
use crate::kit::remote::{Phase, Remote};
use crate::kit::table::{Cell, Sort, Table, Tone};
use crate::kit::watch::Watch;
use crate::panes::{Missed, Summary};

/// The part of [`Model::remote`] that is `ListUsers`.
pub(super) const PART_LIST: &str = "ListUsers";
/// The part of [`Model::remote`] that is the credential report.
pub(super) const PART_REPORT: &str = "credential report";

/// What the users pane knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The users, root among them.
    pub table: Table<User>,
    /// How the list and the report are coming along.
    pub remote: Remote,
    /// When AWS made the credential report whose facts are shown.
    pub report: Known<Timestamp>,
    /// Which rows have live facts.
    pub watch: Watch,
    /// The query to come back to when the "no MFA" filter is switched off.
    pub without_mfa: Option<String>,
    /// Whom another pane sent us to and who is not in the list yet.
    pub wanted: Option<Untrusted>,
    /// Its `UserId`, where that pane knows it.
    pub wanted_id: Option<Untrusted>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            table: Table::new(Sort::ascending(NAME)),
            remote: Remote::not_asked(),
            report: Known::Unknown,
            watch: Watch::default(),
            without_mfa: None,
            wanted: None,
            wanted_id: None,
        }
    }
}

impl Model {
    /// Puts the cursor on the user that another pane sent us to, if it is there by now.
    pub(super) fn find_wanted(&mut self) {
        // It is looked at once more when the list is here: only the list tells ids.
        let is_certain = self.wanted_id.is_none() || self.has_list();
        self.wanted = self.wanted.take().filter(|name| self.is_another(name) || !(self.table.select(name) && is_certain));
    }

    /// Whether the user of this name is known to be another one than is wanted: an earlier one was deleted.
    fn is_another(&self, name: &Untrusted) -> bool {
        let own = self.table.get(name).and_then(|user| user.id.as_ref());
        let wanted = self.wanted_id.as_ref().filter(|id| id.raw().starts_with("AIDA"));
        own.zip(wanted).is_some_and(|(own, wanted)| own != wanted)
    }

    /// What became of a pivot that has not found its user, once that is known.
    pub fn missed(&mut self, now: Timestamp) -> Option<Missed> {
        let name = self.wanted.clone()?;
        let shown = name.shown_within(64).into_string();
        let missed = if self.is_another(&name) {
            Missed::nothing(format!("the user {shown} that is meant was deleted: today's user of that name has another id"))
        } else if self.table.get(&name).is_some() {
            return None;
        } else if name.raw() == ROOT_NAME && self.remote.is_loading() {
            // Root comes with the report.
            return None;
        } else if self.has_list() {
            let read = self.remote.fresh.map_or_else(String::new, |at| format!(" (users read {} ago)", age(at, now)));
            Missed::nothing(format!("there is no IAM user {shown} in this account{read}"))
        } else if matches!(self.remote.phase, Phase::Failed { .. }) {
            Missed::unknown(format!("whether there is a user {shown} is not known: the users could not be read"))
        } else {
            return None;
        };
        (self.wanted, self.wanted_id) = (None, None);
        Some(missed)
    }

    /// Whether `ListUsers` has told all users; the credential report may still be on its way, or denied.
    pub(super) fn has_list(&self) -> bool {
        self.remote.has(PART_LIST)
    }

    /// What stands above the table.
    pub fn summary(&self, now: Timestamp) -> Summary {
        let has_all = self.remote.was_whole() || self.has_list();
        let mut summary = Summary::of_rows(&self.table, &self.remote, has_all, "users", now);
        let (lacking, unknown) = (self.table.tally_shown().of(LACKS_MFA), self.table.tally_shown().of(MFA_UNKNOWN));
        if lacking > 0 {
            let least = if unknown > 0 { "at least " } else { "" };
            let text = format!("{least}{lacking} may sign in without MFA");
            summary.facts.insert(1, Cell::new(text, Tone::Bad));
        }
        if unknown > 0 {
            summary.facts.push(Cell::new(format!("MFA of {unknown} not known"), Tone::Unknown));
        }
        match &self.report {
            Known::Value { value, .. } => summary.facts.push(Cell::muted(format!("credential report {} old", age(*value, now)))),
            Known::Loading => summary.facts.push(Cell::new("credential report on its way", Tone::Loading)),
            Known::Denied { .. } | Known::Failed { .. } => {
                summary.facts.push(Cell::new("no credential report: rows not looked at yet are unknown", Tone::Unknown));
            }
            Known::Unknown => {}
        }
        summary
    }
}
