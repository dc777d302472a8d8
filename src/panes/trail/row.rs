//! A CloudTrail event as a row.

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::domain::age::utc;
use crate::domain::event::{Event, Outcome};
use crate::domain::text::Untrusted;
use crate::kit::query::field::Field;
use crate::kit::table::{Cell, Column, Row, Tone, compare_optional};
use crate::panes::{name_cell, text_cell};

pub(super) const TIME: usize = 0;
const EVENT: usize = 1;
const ACTOR: usize = 2;
const TARGET: usize = 3;
const ORIGIN: usize = 4;
const OUTCOME: usize = 5;
const REGION: usize = 6;
const ACCESS_KEY: usize = 7;
const SOURCE: usize = 8;
const ACCOUNT: usize = 9;
const ACCESS: usize = 10;
const USER_AGENT: usize = 11;

impl Row for Event {
    type Id = Untrusted;

    const COLUMNS: &'static [Column] = &[
        Column::new("time", "Time", 20),
        Column::new("event", "Event", 18).growing(),
        Column::new("actor", "Actor", 14).growing(),
        Column::new("target", "Target", 14).growing().spare(2),
        Column::new("origin", "Origin", 15).spare(3),
        Column::new("outcome", "Outcome", 12),
        Column::new("region", "Region", 14).spare(4),
        Column::new("access_key", "Access key", 20).spare(5),
        Column::new("source", "Source", 20).spare(7),
        Column::new("account", "Account", 12).spare(6),
        Column::new("access", "Access", 6).spare(8),
        Column::new("user_agent", "User agent", 20).growing().spare(9),
    ];

    const FIELDS: &'static [Field<Self>] = super::fields::FIELDS;

    fn id(&self) -> Untrusted {
        self.id.clone()
    }

    fn cell(&self, column: usize, _now: Timestamp) -> Cell {
        match column {
            TIME => Cell::plain(utc(self.time)),
            EVENT => text_cell(Some(&self.name)),
            ACTOR => name_cell(&self.actor),
            TARGET => target(self),
            ORIGIN => text_cell(Some(&self.origin)),
            OUTCOME => outcome(self),
            REGION => text_cell(Some(&self.region)),
            ACCESS_KEY => text_cell(self.access_key.as_ref()),
            SOURCE => text_cell(Some(&self.source)),
            ACCOUNT => text_cell(Some(&self.account)),
            ACCESS => access(self.read_only),
            USER_AGENT => text_cell(Some(&self.user_agent)),
            _ => Cell::plain(""),
        }
    }

    fn compare(&self, other: &Self, column: usize) -> Ordering {
        match column {
            EVENT => self.name.cmp(&other.name),
            ACTOR => self.actor.cmp(&other.actor),
            TARGET => compare_optional(self.target.as_ref(), other.target.as_ref()),
            ORIGIN => self.origin.cmp(&other.origin),
            OUTCOME => (self.outcome, &self.error).cmp(&(other.outcome, &other.error)),
            REGION => self.region.cmp(&other.region),
            ACCESS_KEY => compare_optional(self.access_key.as_ref(), other.access_key.as_ref()),
            SOURCE => self.source.cmp(&other.source),
            ACCOUNT => self.account.cmp(&other.account),
            ACCESS => compare_optional(self.read_only, other.read_only),
            USER_AGENT => self.user_agent.cmp(&other.user_agent),
            // Elsewhere equal rows keep the order in which they came: newest first.
            _ => self.time.cmp(&other.time),
        }
    }

    fn is_missing(&self, column: usize) -> bool {
        match column {
            TARGET => self.target.is_none(),
            ACCESS_KEY => self.access_key.is_none(),
            ACCESS => self.read_only.is_none(),
            _ => false,
        }
    }

    fn record(&self) -> String {
        self.raw.text()
    }
}

/// The first target, and how many more the call had.
fn target(event: &Event) -> Cell {
    match (&event.target, event.more_targets.len()) {
        (Some(target), more @ 1..) => Cell::plain(format!("{} +{more}", target.shown_within(128))),
        (target, _) => text_cell(target.as_ref()),
    }
}

/// A refusal is what a responder looks for; other errors are often a mistake of the caller.
fn outcome(event: &Event) -> Cell {
    let error = event.error.as_ref().map_or_else(|| "failed".to_owned(), |error| error.shown_within(80).into_string());
    match event.outcome {
        Outcome::Unknown => Cell::new("?", Tone::Unknown),
        Outcome::NotACall => Cell::muted("–"),
        Outcome::Done => Cell::new("done", Tone::Good),
        Outcome::Failed => {
            let refused = ["denied", "unauthorized", "failure", "failed", "forbidden"];
            let small = error.to_ascii_lowercase();
            let tone = if refused.iter().any(|word| small.contains(word)) { Tone::Bad } else { Tone::Warning };
            Cell::new(error, tone)
        }
    }
}

fn access(read_only: Option<bool>) -> Cell {
    match read_only {
        Some(true) => Cell::muted("read"),
        Some(false) => Cell::plain("write"),
        None => Cell::new("?", Tone::Unknown),
    }
}
