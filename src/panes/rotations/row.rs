//! A rotation as a row.

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::domain::age::{age, span};
use crate::domain::rotation::{Phase, Rotation, RotationId, Wait};
use crate::domain::text::clean;
use crate::kit::query::field::Field;
use crate::kit::table::{Cell, Column, Row, Tone, compare_optional};
use crate::panes::name_cell;

const USER: usize = 0;
const PHASE: usize = 1;
const WAITS: usize = 2;
const KEYS: usize = 3;
const CHECKS: usize = 4;
const SINCE: usize = 5;
const STORE: usize = 6;
const ACCOUNT: usize = 7;
pub(super) const STARTED: usize = 8;
const FAULT: usize = 9;

impl Row for Rotation {
    type Id = RotationId;

    const COLUMNS: &'static [Column] = &[
        Column::new("user", "User", 14).growing(),
        Column::new("phase", "Phase", 12),
        Column::new("waits", "Waits for", 22).growing(),
        Column::new("keys", "Keys", 13),
        Column::new("checks", "Checks", 6).spare(1).right(),
        Column::new("since", "Since", 10).right(),
        Column::new("store", "Store", 18).spare(4),
        Column::new("account", "Account", 12).spare(3),
        Column::new("started", "Started", 10).spare(2).right(),
        Column::new("fault", "Last fault", 18).spare(5),
    ];

    const FIELDS: &'static [Field<Self>] = super::fields::FIELDS;

    fn id(&self) -> RotationId {
        self.id.clone()
    }

    fn cell(&self, column: usize, now: Timestamp) -> Cell {
        match column {
            USER => name_cell(&self.user),
            PHASE => phase(self),
            WAITS => waits(self, now),
            KEYS => Cell::plain(keys(self)),
            CHECKS => checks(self),
            SINCE => Cell::plain(age(self.since, now)),
            STORE => Cell::plain(clean(&self.store.to_string())),
            ACCOUNT => Cell::plain(clean(&self.account)),
            STARTED => Cell::plain(age(self.started, now)),
            FAULT => self.fault.as_ref().map_or_else(|| Cell::muted("–"), |fault| Cell::new(fault.title(), Tone::Warning)),
            _ => Cell::plain(""),
        }
    }

    fn compare(&self, other: &Self, column: usize) -> Ordering {
        match column {
            USER => self.user.cmp(&other.user),
            PHASE => self.phase.cmp(&other.phase),
            // What wants a person comes first.
            WAITS => rank(self).cmp(&rank(other)).then_with(|| compare_optional(next_at(self), next_at(other))),
            KEYS => self.old_key.cmp(&other.old_key),
            CHECKS => self.checks.cmp(&other.checks),
            // Ages: the younger is the smaller.
            SINCE => other.since.cmp(&self.since),
            STORE => self.store.cmp(&other.store),
            ACCOUNT => self.account.cmp(&other.account),
            STARTED => self.started.cmp(&other.started),
            FAULT => {
                compare_optional(self.fault.as_ref().map(|fault| fault.title()), other.fault.as_ref().map(|fault| fault.title()))
            }
            _ => Ordering::Equal,
        }
        .then_with(|| self.id.cmp(&other.id))
    }

    fn is_missing(&self, column: usize) -> bool {
        column == FAULT && self.fault.is_none()
    }

    fn record(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

/// Whether nothing goes on until a person does something.
pub(super) fn needs_person(rotation: &Rotation) -> bool {
    match rotation.wait {
        Wait::Operator { .. } => true,
        Wait::Nobody => !rotation.phase.is_final(),
        _ => false,
    }
}

fn phase(rotation: &Rotation) -> Cell {
    let tone = match rotation.phase {
        Phase::Done => Tone::Good,
        Phase::Aborted => Tone::Muted,
        _ if needs_person(rotation) => Tone::Warning,
        _ => Tone::Plain,
    };
    Cell::new(rotation.phase.word(), tone)
}

fn waits(rotation: &Rotation, now: Timestamp) -> Cell {
    match &rotation.wait {
        Wait::Turn => Cell::muted("its turn"),
        Wait::Working => Cell::new("at work", Tone::Loading),
        Wait::Retry { at, why } => Cell::new(format!("tries again {}: {}", at_time(*at, now), clean(why)), Tone::Loading),
        Wait::Until { at } => Cell::plain(format!("goes on {}", at_time(*at, now))),
        Wait::Operator { need, .. } => Cell::new(format!("you: {}", clean(need)), Tone::Warning),
        Wait::Nobody if rotation.phase.is_final() => Cell::muted("–"),
        Wait::Nobody => Cell::new("you: left, resume it", Tone::Warning),
        Wait::Ended => Cell::muted("–"),
    }
}

/// `in 3 h`, or that the time has come: what a countdown says below zero.
pub(super) fn at_time(at: Timestamp, now: Timestamp) -> String {
    let left = at.duration_since(now);
    if left.is_positive() { format!("in {}", span(left)) } else { "now".to_owned() }
}

/// The last four characters of each: whole ids stand in the detail.
fn keys(rotation: &Rotation) -> String {
    let tail = |id: &crate::domain::text::Untrusted| {
        let shown: Vec<char> = id.shown_within(128).as_str().chars().collect();
        format!("…{}", shown.iter().skip(shown.len().saturating_sub(4)).collect::<String>())
    };
    let new = rotation.new_key.as_ref().map_or_else(|| "?".to_owned(), tail);
    format!("{} → {new}", tail(&rotation.old_key))
}

fn checks(rotation: &Rotation) -> Cell {
    let (good, wanted) = rotation.checks;
    let text = format!("{good}/{wanted}");
    if good >= wanted && wanted > 0 { Cell::new(text, Tone::Good) } else { Cell::plain(text) }
}

fn next_at(rotation: &Rotation) -> Option<Timestamp> {
    match rotation.wait {
        Wait::Retry { at, .. } | Wait::Until { at } => Some(at),
        _ => None,
    }
}

fn rank(rotation: &Rotation) -> u8 {
    match rotation.wait {
        Wait::Operator { .. } => 0,
        Wait::Nobody if !rotation.phase.is_final() => 1,
        Wait::Retry { .. } => 2,
        Wait::Working => 3,
        Wait::Turn => 4,
        Wait::Until { .. } => 5,
        Wait::Nobody | Wait::Ended => 6,
    }
}
