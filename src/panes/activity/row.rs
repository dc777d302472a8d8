//! A call to AWS as a row.

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::domain::age::utc;
use crate::domain::call::{ApiCall, Outcome};
use crate::domain::text::clean;
use crate::kit::query::field::Field;
use crate::kit::table::{Cell, Column, Row, Tone, compare_optional};

pub(super) const TIME: usize = 0;
const CALL: usize = 1;
const REGION: usize = 2;
const OUTCOME: usize = 3;
const TOOK: usize = 4;
const ATTEMPTS: usize = 5;
const THROTTLES: usize = 6;
const REQUEST: usize = 7;

impl Row for ApiCall {
    type Id = u64;

    const COLUMNS: &'static [Column] = &[
        Column::new("time", "Time", 20),
        Column::new("call", "Call", 26).growing(),
        Column::new("region", "Region", 14).spare(1),
        Column::new("outcome", "Outcome", 16).growing(),
        Column::new("took", "Took", 9).right(),
        Column::new("attempts", "Attempts", 8).spare(2).right(),
        Column::new("throttles", "Throttles", 9).spare(3).right(),
        Column::new("request", "Request id", 36).spare(4),
    ];

    const FIELDS: &'static [Field<Self>] = super::fields::FIELDS;

    fn id(&self) -> u64 {
        self.number
    }

    fn cell(&self, column: usize, now: Timestamp) -> Cell {
        match column {
            TIME => Cell::plain(utc(self.started)),
            CALL => Cell::plain(clean(&format!("{}:{}", self.service, self.operation))),
            REGION => Cell::plain(clean(&self.region)),
            OUTCOME => outcome(&self.outcome),
            TOOK => took(self, now),
            ATTEMPTS if self.attempts > 1 => Cell::new(self.attempts.to_string(), Tone::Warning),
            ATTEMPTS => Cell::plain(self.attempts.to_string()),
            THROTTLES if self.throttles > 0 => Cell::new(self.throttles.to_string(), Tone::Warning),
            THROTTLES => Cell::muted("0"),
            REQUEST => self.request_id.as_ref().map_or_else(|| Cell::muted("–"), |id| Cell::plain(clean(id))),
            _ => Cell::plain(""),
        }
    }

    fn compare(&self, other: &Self, column: usize) -> Ordering {
        match column {
            // Newest first is the usual order, and what is under way is newer than anything that has ended.
            TIME => is_open(self).cmp(&is_open(other)),
            CALL => (&self.service, &self.operation).cmp(&(&other.service, &other.operation)),
            REGION => self.region.cmp(&other.region),
            OUTCOME => rank(&self.outcome).cmp(&rank(&other.outcome)),
            TOOK => compare_optional(self.took_ms, other.took_ms),
            ATTEMPTS => self.attempts.cmp(&other.attempts),
            THROTTLES => self.throttles.cmp(&other.throttles),
            REQUEST => compare_optional(self.request_id.as_ref(), other.request_id.as_ref()),
            _ => Ordering::Equal,
        }
        .then_with(|| self.number.cmp(&other.number))
    }

    fn is_missing(&self, column: usize) -> bool {
        match column {
            TOOK => self.took_ms.is_none(),
            REQUEST => self.request_id.is_none(),
            _ => false,
        }
    }

    fn record(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

/// Whether the call is under way.
pub(super) fn is_open(call: &ApiCall) -> bool {
    matches!(call.outcome, Outcome::InFlight | Outcome::Retrying { .. })
}

/// Whether the call's end is known.
pub(super) fn has_ended(call: &ApiCall) -> bool {
    !is_open(call) && call.outcome != Outcome::LostTrack
}

fn rank(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Unknown { .. } => 0,
        Outcome::Failed { .. } | Outcome::ReadBack { in_effect: false } => 1,
        Outcome::Retrying { .. } => 2,
        Outcome::InFlight => 3,
        Outcome::LostTrack => 4,
        Outcome::Cancelled => 5,
        Outcome::Done | Outcome::ReadBack { in_effect: true } => 6,
    }
}

fn outcome(outcome: &Outcome) -> Cell {
    match outcome {
        Outcome::InFlight => Cell::new("in flight", Tone::Loading),
        Outcome::Retrying { reason } => Cell::new(format!("retrying: {}", reason.shown_within(80)), Tone::Warning),
        Outcome::Done => Cell::new("done", Tone::Good),
        Outcome::Failed { code, .. } => Cell::new(format!("failed: {}", code.shown_within(80)), Tone::Bad),
        Outcome::Unknown { code, .. } => Cell::new(format!("? unknown: {}", code.shown_within(80)), Tone::Unknown),
        Outcome::ReadBack { in_effect: true } => Cell::new("in effect, read back", Tone::Good),
        Outcome::ReadBack { in_effect: false } => Cell::new("not in effect, read back", Tone::Bad),
        Outcome::Cancelled => Cell::muted("cancelled"),
        Outcome::LostTrack => Cell::new("? lost track", Tone::Unknown),
    }
}

fn took(call: &ApiCall, now: Timestamp) -> Cell {
    match call.took_ms {
        Some(took) => Cell::plain(format!("{took} ms")),
        None if is_open(call) => {
            let seconds = now.duration_since(call.started).as_secs().max(0);
            Cell::new(format!("{seconds} s…"), Tone::Loading)
        }
        None => Cell::muted("–"),
    }
}
