//! An access key as a row.

use std::cmp::{Ordering, Reverse};

use jiff::Timestamp;

use crate::domain::age::{age, is_over};
use crate::domain::change::ChangeNote;
use crate::domain::key::{AccessKey, KeyHandle, KeyStatus, LastUsed};
use crate::domain::text::{Untrusted, clean};
use crate::kit::query::field::Field;
use crate::kit::table::{Cell, Column, Kinds, Limits, Row, Tone, compare_facts, fact};
use crate::panes::name_cell;

const USER: usize = 0;
const KEY: usize = 1;
const STATUS: usize = 2;
pub(super) const AGE: usize = 3;
const LAST_USED: usize = 4;
const SERVICE: usize = 5;
const REGION: usize = 6;

impl Row for AccessKey {
    type Id = KeyHandle;

    const COLUMNS: &'static [Column] = &[
        Column::new("user", "User", 16).growing(),
        Column::new("key", "Key", 20),
        Column::new("status", "Status", 9),
        Column::new("age", "Age", 10).right(),
        Column::new("last_used", "Last used", 11).right(),
        Column::new("service", "Service", 14).spare(1),
        Column::new("region", "Region", 14).spare(2),
    ];

    const FIELDS: &'static [Field<Self>] = super::fields::FIELDS;

    fn id(&self) -> KeyHandle {
        self.handle.clone()
    }

    fn cell(&self, column: usize, now: Timestamp) -> Cell {
        match column {
            USER => name_cell(&self.handle.user),
            KEY => id_or_ordinal(self),
            STATUS => changing(self, fact(&self.status, status)),
            AGE => fact(&self.created, |created| Cell::plain(age(*created, now))),
            LAST_USED => fact(&self.last_used, |used| last_used(used, now)),
            SERVICE => fact(&self.last_used, |used| used_for(used, |service, _| service)),
            REGION => fact(&self.last_used, |used| used_for(used, |_, region| region)),
            _ => Cell::plain(""),
        }
    }

    /// Over the limit wants attention, over four times the limit is wrong; the theme adds sign and colour.
    fn tone(&self, column: usize, now: Timestamp, limits: Limits) -> Option<Tone> {
        if column != AGE || !is_overdue(self, now, limits) {
            return None;
        }
        let is_wrong = self.created.value().is_some_and(|created| is_over(*created, now, 4 * limits.key_age.days()));
        Some(if is_wrong { Tone::Bad } else { Tone::Warning })
    }

    fn kinds(&self, now: Timestamp, limits: Limits) -> Kinds {
        Kinds::of([(OVERDUE, is_overdue(self, now, limits))])
    }

    fn compare(&self, other: &Self, column: usize) -> Ordering {
        let by_use = |key: fn(&LastUsed) -> Option<Untrusted>| compare_facts(&self.last_used, &other.last_used, key);
        match column {
            KEY => compare_facts(&self.id, &other.id, Clone::clone),
            STATUS => compare_facts(&self.status, &other.status, Clone::clone),
            AGE => compare_facts(&self.created, &other.created, |created| Reverse(*created)),
            LAST_USED => compare_facts(&self.last_used, &other.last_used, used_at),
            SERVICE => by_use(|used| match used {
                LastUsed::Never => None,
                LastUsed::At { service, .. } => Some(service.clone()),
            }),
            REGION => by_use(|used| match used {
                LastUsed::Never => None,
                LastUsed::At { region, .. } => Some(region.clone()),
            }),
            // Elsewhere equal rows keep the order in which they came: by name.
            _ => self.handle.cmp(&other.handle),
        }
    }

    fn is_missing(&self, column: usize) -> bool {
        match column {
            KEY => self.id.value().is_none(),
            STATUS => self.status.value().is_none(),
            AGE => self.created.value().is_none(),
            LAST_USED => self.last_used.value().is_none(),
            SERVICE | REGION => !matches!(self.last_used.value(), Some(LastUsed::At { .. })),
            _ => false,
        }
    }

    fn record(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    fn absorb(&mut self, newer: Self) {
        self.id.improve(newer.id);
        self.status.improve(newer.status);
        self.created.improve(newer.created);
        self.last_used.improve(newer.last_used);
        self.change = newer.change.or_else(|| self.change.take());
    }
}

/// A key over the age limit.
pub(super) const OVERDUE: u8 = 0;

/// Whether the key is not known to be switched off and is older than the limit: what the "overdue" filter shows.
pub(super) fn is_overdue(key: &AccessKey, now: Timestamp, limits: Limits) -> bool {
    let usable = !matches!(key.status.value(), Some(KeyStatus::Inactive | KeyStatus::Expired));
    usable && key.created.value().is_some_and(|created| is_over(*created, now, limits.key_age.days()))
}

/// The report names keys by their position only.
fn id_or_ordinal(key: &AccessKey) -> Cell {
    match key.id.value() {
        Some(id) => Cell::plain(id.shown_within(64).into_string()),
        None => {
            let state = fact(&key.id, |_| Cell::plain(""));
            Cell::new(format!("#{} id {}", key.handle.ordinal, state.text), state.tone)
        }
    }
}

/// A status that is about to change, or that did not change as it should have, is marked; the detail has the words.
fn changing(key: &AccessKey, status: Cell) -> Cell {
    match &key.change {
        None | Some(ChangeNote::Done { .. }) => status,
        Some(ChangeNote::Asked { .. }) => Cell::new(format!("{}…", status.text), Tone::Loading),
        Some(ChangeNote::NotDone { .. }) => Cell::new(format!("{}!", status.text), Tone::Warning),
        Some(ChangeNote::Unknown { .. }) => Cell::new(format!("{}?", status.text), Tone::Unknown),
    }
}

fn status(status: &KeyStatus) -> Cell {
    let word = clean(status.word()).into_owned();
    match status {
        KeyStatus::Active => Cell::plain(word),
        KeyStatus::Inactive | KeyStatus::Expired => Cell::muted(word),
        KeyStatus::Other(_) => Cell::new(word, Tone::Warning),
    }
}

fn last_used(used: &LastUsed, now: Timestamp) -> Cell {
    match used {
        LastUsed::Never => Cell::muted("never"),
        LastUsed::At { when, .. } => Cell::plain(age(*when, now)),
    }
}

fn used_for(used: &LastUsed, which: for<'a> fn(&'a Untrusted, &'a Untrusted) -> &'a Untrusted) -> Cell {
    match used {
        LastUsed::Never => Cell::muted("–"),
        LastUsed::At { service, region, .. } => Cell::plain(which(service, region).shown_within(64).into_string()),
    }
}

/// The key that was never used is the least recently used of all.
fn used_at(used: &LastUsed) -> Reverse<Option<Timestamp>> {
    match used {
        LastUsed::Never => Reverse(None),
        LastUsed::At { when, .. } => Reverse(Some(*when)),
    }
}
