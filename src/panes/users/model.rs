//! What the users pane knows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::row::NAME;
use crate::domain::age::age;
use crate::domain::known::Known;
use crate::domain::text::Untrusted;
use crate::domain::user::{Password, User};
use crate::kit::remote::Remote;
use crate::kit::table::{Cell, Sort, Table, Tone};
use crate::kit::watch::Watch;
use crate::panes::Summary;

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
    /// How many may sign in with nothing but a password.
    pub lacking_mfa: usize,
    /// How many may sign in, and nobody has told whether with MFA.
    pub unknown_mfa: usize,
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
            lacking_mfa: 0,
            unknown_mfa: 0,
        }
    }
}

impl Model {
    /// Puts the cursor on the user that another pane sent us to, if it is there by now.
    pub(super) fn find_wanted(&mut self) {
        self.wanted = self.wanted.take().filter(|name| !self.table.select(name));
    }

    /// Whether `ListUsers` has told all users; the credential report may still be on its way, or denied.
    pub(super) fn has_list(&self) -> bool {
        self.remote.has(PART_LIST)
    }

    /// What stands above the table.
    pub fn summary(&self, now: Timestamp) -> Summary {
        let has_all = self.remote.was_whole() || self.has_list();
        let mut summary = Summary::of_rows(&self.table, &self.remote, has_all, "users", now);
        if self.lacking_mfa > 0 {
            let least = if self.unknown_mfa > 0 { "at least " } else { "" };
            let text = format!("{least}{} may sign in without MFA", self.lacking_mfa);
            summary.facts.insert(1, Cell::new(text, Tone::Bad));
        }
        if self.unknown_mfa > 0 {
            summary.facts.push(Cell::new(format!("MFA of {} not known", self.unknown_mfa), Tone::Unknown));
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

    /// Counts anew, after facts came: a frame must not.
    pub(super) fn count(&mut self) {
        self.lacking_mfa = self.table.rows().filter(|user| lacks_mfa(user)).count();
        self.unknown_mfa = self.table.rows().filter(|user| may_sign_in(user) && user.mfa.value().is_none()).count();
    }
}

/// Whether the user is known to have no MFA, and not known to have no password: what the "no MFA" filter shows. AWS does not tell
/// whether root has a password.
fn lacks_mfa(user: &User) -> bool {
    may_sign_in(user) && user.mfa.value().is_some_and(|mfa| !mfa.is_on())
}

/// Whether the user is not known to have no password.
fn may_sign_in(user: &User) -> bool {
    !matches!(user.password.value(), Some(Password::None))
}
