//! A forward as a row.

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::domain::age::age;
use crate::domain::forward::{Forward, ForwardState, bytes};
use crate::domain::text::clean;
use crate::kit::query::field::Field;
use crate::kit::table::{Cell, Column, Row, Tone, compare_optional};

pub(super) const NAME: usize = 0;
const LOCAL: usize = 1;
const TARGET: usize = 2;
const REMOTE: usize = 3;
const STATE: usize = 4;
const OPEN: usize = 5;
const UP: usize = 6;
const DOWN: usize = 7;
const SINCE: usize = 8;

impl Row for Forward {
    type Id = u64;

    const COLUMNS: &'static [Column] = &[
        Column::new("name", "Name", 12).growing(),
        Column::new("local", "Local", 15),
        Column::new("target", "Target", 20).growing(),
        Column::new("remote", "Leads to", 18).growing(),
        Column::new("state", "State", 14),
        Column::new("open", "Open", 5).spare(1).right(),
        Column::new("up", "Up", 9).spare(2).right(),
        Column::new("down", "Down", 9).spare(2).right(),
        Column::new("since", "Since", 6).spare(3).right(),
    ];

    const FIELDS: &'static [Field<Self>] = super::fields::FIELDS;

    fn id(&self) -> u64 {
        self.number
    }

    fn cell(&self, column: usize, now: Timestamp) -> Cell {
        match column {
            NAME => {
                self.spec.name.as_ref().map_or_else(|| Cell::muted(format!("#{}", self.number)), |name| Cell::plain(clean(name)))
            }
            LOCAL => match (self.address(), self.spec.ports.local) {
                (Some(address), _) => Cell::plain(address),
                (None, Some(port)) => Cell::muted(format!("127.0.0.1:{port}")),
                (None, None) => Cell::muted("any free"),
            },
            TARGET => Cell::plain(clean(&self.spec.target)),
            REMOTE => Cell::plain(clean(&self.spec.ports.remote())),
            STATE => Cell::new(self.state.words(), tone(&self.state)),
            OPEN => Cell::plain(self.open.to_string()),
            UP => Cell::plain(bytes(self.up)),
            DOWN => Cell::plain(bytes(self.down)),
            SINCE => self.since.map_or_else(|| Cell::muted("–"), |since| Cell::plain(age(since, now))),
            _ => Cell::plain(""),
        }
    }

    fn compare(&self, other: &Self, column: usize) -> Ordering {
        match column {
            NAME => compare_optional(self.spec.name.as_ref(), other.spec.name.as_ref()),
            LOCAL => compare_optional(self.port.or(self.spec.ports.local), other.port.or(other.spec.ports.local)),
            TARGET => self.spec.target.cmp(&other.spec.target),
            REMOTE => self.spec.ports.cmp(&other.spec.ports),
            STATE => rank(&self.state).cmp(&rank(&other.state)),
            OPEN => self.open.cmp(&other.open),
            UP => self.up.cmp(&other.up),
            DOWN => self.down.cmp(&other.down),
            SINCE => compare_optional(self.since, other.since),
            _ => Ordering::Equal,
        }
        .then_with(|| self.number.cmp(&other.number))
    }

    fn is_missing(&self, column: usize) -> bool {
        match column {
            NAME => self.spec.name.is_none(),
            LOCAL => self.port.or(self.spec.ports.local).is_none(),
            SINCE => self.since.is_none(),
            _ => false,
        }
    }

    fn record(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

fn tone(state: &ForwardState) -> Tone {
    match state {
        ForwardState::Stopped => Tone::Muted,
        ForwardState::Starting => Tone::Loading,
        ForwardState::Open => Tone::Good,
        ForwardState::Reconnecting { .. } | ForwardState::Silent | ForwardState::HeldUp | ForwardState::Restarting { .. } => {
            Tone::Warning
        }
        ForwardState::Failed { .. } => Tone::Bad,
    }
}

fn rank(state: &ForwardState) -> u8 {
    match state {
        ForwardState::Failed { .. } => 0,
        ForwardState::Silent => 1,
        ForwardState::HeldUp => 2,
        ForwardState::Restarting { .. } => 3,
        ForwardState::Reconnecting { .. } => 4,
        ForwardState::Starting => 5,
        ForwardState::Open => 6,
        ForwardState::Stopped => 7,
    }
}
