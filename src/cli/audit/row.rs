//! A change as a row.

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::audit::ReadBack;
use crate::audit::history::{Change, Outcome};
use crate::domain::age::utc;
use crate::domain::text::clean;
use crate::kit::query::field::Field;
use crate::kit::table::{Cell, Column, Row, Tone, compare_optional};

const NUMBER: usize = 0;
const TIME: usize = 1;
const OUTCOME: usize = 2;
const CALL: usize = 3;
const OBJECT: usize = 4;
const ACCOUNT: usize = 5;
const REGION: usize = 6;
const CALLER: usize = 7;
const ORIGIN: usize = 8;
const REASON: usize = 9;
const REQUEST: usize = 10;

impl Row for Change {
    type Id = u64;

    const COLUMNS: &'static [Column] = &[
        Column::new("number", "Number", 7).right(),
        Column::new("time", "Time", 20),
        Column::new("outcome", "Outcome", 16),
        Column::new("call", "Call", 26),
        Column::new("object", "Object", 30).growing(),
        Column::new("account", "Account", 12),
        Column::new("region", "Region", 14),
        Column::new("caller", "Caller", 40).growing(),
        Column::new("origin", "Origin", 10),
        Column::new("reason", "Reason", 20).growing(),
        Column::new("request", "Request id", 36),
    ];

    const FIELDS: &'static [Field<Self>] = super::fields::FIELDS;

    fn id(&self) -> u64 {
        self.number
    }

    fn cell(&self, column: usize, _now: Timestamp) -> Cell {
        match column {
            NUMBER => Cell::plain(self.number.to_string()),
            TIME => Cell::plain(utc(self.utc)),
            OUTCOME => outcome(self),
            CALL => Cell::plain(clean(&self.entry.call)),
            OBJECT => Cell::plain(clean(&self.entry.object)),
            ACCOUNT => optional(self.entry.account.as_deref()),
            REGION => Cell::plain(clean(&self.entry.region)),
            CALLER => optional(self.entry.caller.as_deref()),
            ORIGIN => Cell::plain(clean(&self.entry.origin)),
            REASON => optional(self.entry.reason.as_deref()),
            REQUEST => optional(self.request_id.as_deref()),
            _ => Cell::plain(""),
        }
    }

    fn compare(&self, other: &Self, column: usize) -> Ordering {
        let (a, b) = (&self.entry, &other.entry);
        match column {
            TIME => self.utc.cmp(&other.utc),
            OUTCOME => self.outcome.cmp(&other.outcome),
            CALL => a.call.cmp(&b.call),
            OBJECT => a.object.cmp(&b.object),
            ACCOUNT => compare_optional(a.account.as_ref(), b.account.as_ref()),
            REGION => a.region.cmp(&b.region),
            CALLER => compare_optional(a.caller.as_ref(), b.caller.as_ref()),
            ORIGIN => a.origin.cmp(&b.origin),
            REASON => compare_optional(a.reason.as_ref(), b.reason.as_ref()),
            REQUEST => compare_optional(self.request_id.as_ref(), other.request_id.as_ref()),
            _ => Ordering::Equal,
        }
        .then(self.number.cmp(&other.number))
    }

    fn record(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

fn outcome(change: &Change) -> Cell {
    match (change.outcome, &change.code) {
        _ if change.read_back.is_some() => match change.read_back.as_ref() {
            Some(ReadBack::InEffect) => Cell::new("done: no answer came, but it is in effect", Tone::Good),
            Some(ReadBack::Unknown { why }) => Cell::new(format!("outcome unknown: {}", clean(why)), Tone::Unknown),
            Some(ReadBack::NotInEffect) | None => Cell::new("failed: no answer came, and it is not in effect", Tone::Bad),
        },
        (Outcome::Done, _) => Cell::new("done", Tone::Good),
        (Outcome::Failed, Some(code)) => Cell::new(format!("failed: {}", clean(code)), Tone::Bad),
        (Outcome::Failed, None) => Cell::new("failed", Tone::Bad),
        (Outcome::Unknown, _) => Cell::new("outcome unknown", Tone::Unknown),
    }
}

fn optional(text: Option<&str>) -> Cell {
    text.map_or_else(|| Cell::muted("–"), |text| Cell::plain(clean(text)))
}
