//! What the keys pane knows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::row::{AGE, OVERDUE};
use super::{Defaults, Who};
use crate::domain::age::age;
use crate::domain::containment::Case;
use crate::domain::fault::Fault;
use crate::domain::key::{AccessKey, KeyHandle};
use crate::domain::known::Known;
use crate::domain::text::Untrusted;
use crate::kit::remote::Remote;
use crate::kit::table::{Cell, Sort, Table, Tone};
use crate::kit::watch::Watch;
use crate::panes::{Missed, Summary};

/// The part of [`Model::remote`] that is the credential report.
pub(super) const PART_REPORT: &str = "credential report";
/// The part of [`Model::remote`] that is the sweep over all users.
pub(super) const PART_SWEEP: &str = "keys of all users";

/// What the keys pane knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The keys.
    pub table: Table<AccessKey>,
    /// How the report, or the sweep in its place, is coming along.
    pub remote: Remote,
    /// When AWS made the credential report whose facts are shown.
    pub report: Known<Timestamp>,
    /// Which owners have live facts.
    pub watch: Watch,
    /// How many users the sweep has asked so far.
    pub swept: u64,
    /// Owners whose keys AWS refused to tell, or whose call failed: their rows may be missing.
    pub untold: BTreeMap<Untrusted, Fault>,
    /// The query to come back to when the "overdue" filter is switched off.
    pub before_overdue: Option<String>,
    /// The owner another pane sent us to and whose keys are not in the list yet.
    pub wanted: Option<Untrusted>,
    /// Owners who were found to have no keys.
    pub keyless: BTreeSet<Untrusted>,
    /// What became of a pivot that has not found its keys.
    pub missed: Option<Missed>,
    /// Who uses the key that was asked about last.
    pub who: Option<Box<Who>>,
    /// What a rotation is begun with, where nothing else is typed.
    pub rotation: Defaults,
    /// The users that this console has contained or released, and how that goes.
    pub cases: BTreeMap<Untrusted, Case>,
    /// What stood in their place before the containment or release that is under way.
    pub cases_before: BTreeMap<Untrusted, Case>,
    /// Whether the state before a containment is being read.
    pub containing: bool,
    /// Whether rotations are being planned.
    pub planning: bool,
    /// Keys for which a rotation was wanted and cannot be made, and why.
    #[serde(with = "pairs")]
    pub not_planned: BTreeMap<KeyHandle, Fault>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            table: Table::new(Sort::descending(AGE)),
            remote: Remote::not_asked(),
            report: Known::Unknown,
            watch: Watch::default(),
            swept: 0,
            untold: BTreeMap::new(),
            before_overdue: None,
            wanted: None,
            keyless: BTreeSet::new(),
            missed: None,
            who: None,
            rotation: Defaults::default(),
            cases: BTreeMap::new(),
            cases_before: BTreeMap::new(),
            containing: false,
            planning: false,
            not_planned: BTreeMap::new(),
        }
    }
}

impl Model {
    /// What stands above the table.
    pub fn summary(&self, now: Timestamp) -> Summary {
        let mut summary = Summary::of(&self.table, &self.remote, "access keys", now);
        let overdue = self.table.tally_shown().of(OVERDUE);
        if overdue > 0 {
            let text = format!("{overdue} active over {} d", self.table.limits().key_age.days());
            summary.facts.insert(1, Cell::new(text, Tone::Warning));
        }
        match &self.report {
            Known::Value { value, .. } => {
                summary.facts.push(Cell::muted(format!("credential report {} old: later keys may be missing", age(*value, now))))
            }
            Known::Loading => summary.facts.push(Cell::new("credential report on its way", Tone::Loading)),
            Known::Denied { fault } | Known::Failed { fault } => {
                summary.facts.push(Cell::muted(format!("{} users asked one by one", self.swept)));
                summary
                    .banner
                    .push(Cell::new(format!("no credential report: {}; {}", fault.title(), fault.hint()), Tone::Warning));
            }
            Known::Unknown => {}
        }
        if let Some((user, fault)) = self.untold.iter().next() {
            let (count, first) = (self.untold.len(), user.shown_within(40).into_string());
            let (title, hint) = (fault.title(), fault.hint());
            let text = format!("could not read keys of {count} users, such as {first}: {title}; {hint}");
            summary.banner.push(Cell::new(text, Tone::Denied));
        }
        summary
    }

    /// Whether anything is on its way.
    pub fn is_loading(&self) -> bool {
        self.planning
            || self.containing
            || self.remote.is_loading()
            || self.who.as_ref().is_some_and(|who| who.remote.is_loading())
    }

    /// Puts the cursor on the keys of the user that another pane sent us to, if they are there by now.
    pub(super) fn find_wanted(&mut self) {
        self.wanted = self.wanted.take().filter(|user| {
            let handle = |ordinal| KeyHandle { user: user.clone(), ordinal };
            !self.table.select(&handle(1)) && !self.table.select(&handle(2))
        });
    }
}

/// A map as a list of pairs: JSON's keys are texts only.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::domain::fault::Fault;
    use crate::domain::key::KeyHandle;

    pub(super) fn serialize<S: Serializer>(map: &BTreeMap<KeyHandle, Fault>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<KeyHandle, Fault>, D::Error> {
        Ok(Vec::<(KeyHandle, Fault)>::deserialize(deserializer)?.into_iter().collect())
    }
}
