//! Recordings of shells on this machine: as rows, in detail, and read anew.

use std::cmp::{Ordering, Reverse};

use jiff::Timestamp;

use super::model::{Model, View};
use super::{RECORDINGS, Read};
use crate::domain::detail::{Field, Section};
use crate::domain::fault::Fault;
use crate::domain::forward::bytes;
use crate::domain::recording::{Recorded, Wholeness, clock};
use crate::domain::text::Untrusted;
use crate::kit::effect::Out;
use crate::kit::query::field;
use crate::kit::table::{Cell, Column, Row, Tone, compare_optional};
use crate::panes::{Ctx, age_cell, section, text_cell, when};

pub(super) const MADE: usize = 0;
const TARGET: usize = 1;
const OWNER: usize = 2;
const LENGTH: usize = 3;
const SIZE: usize = 4;
const STATE: usize = 5;
const REASON: usize = 6;
const ACCOUNT: usize = 7;
const FILE: usize = 8;

/// The one part of which a read of recordings consists.
const PART: &str = "recordings";

impl Row for Recorded {
    type Id = Untrusted;

    const COLUMNS: &'static [Column] = &[
        Column::new("recorded", "Recorded", 11).right(),
        Column::new("target", "Target", 20),
        Column::new("owner", "Owner", 14).growing(),
        Column::new("length", "Length", 8).right(),
        Column::new("size", "Size", 8).right(),
        Column::new("state", "State", 11),
        Column::new("reason", "Reason", 14).growing().spare(1),
        Column::new("account", "Account", 12).spare(2),
        Column::new("file", "File", 30).spare(3),
    ];

    const FIELDS: &'static [field::Field<Self>] = super::fields::RECORDING;

    fn id(&self) -> Untrusted {
        self.file.clone()
    }

    fn cell(&self, column: usize, now: Timestamp) -> Cell {
        match column {
            MADE => age_cell(self.header.started, now),
            TARGET => text_cell(self.header.target.as_ref()),
            OWNER => self.header.owner.as_ref().map_or_else(|| Cell::muted("–"), super::row::owner),
            LENGTH => self.length.map_or_else(|| Cell::new("?", Tone::Unknown), |length| Cell::plain(clock(length))),
            SIZE => Cell::plain(bytes(self.bytes)),
            STATE => Cell::new(self.wholeness.words(), tone(&self.wholeness)),
            REASON => text_cell(self.header.reason.as_ref()),
            ACCOUNT => text_cell(self.header.account.as_ref()),
            FILE => text_cell(Some(&self.file)),
            _ => Cell::plain(""),
        }
    }

    fn compare(&self, other: &Self, column: usize) -> Ordering {
        let (ours, others) = (&self.header, &other.header);
        match column {
            MADE => compare_optional(ours.started.map(Reverse), others.started.map(Reverse)),
            TARGET => compare_optional(ours.target.as_ref(), others.target.as_ref()),
            OWNER => compare_optional(ours.owner.as_ref(), others.owner.as_ref()),
            LENGTH => compare_optional(self.length, other.length),
            SIZE => self.bytes.cmp(&other.bytes),
            STATE => self.wholeness.cmp(&other.wholeness),
            REASON => compare_optional(ours.reason.as_ref(), others.reason.as_ref()),
            ACCOUNT => compare_optional(ours.account.as_ref(), others.account.as_ref()),
            _ => Ordering::Equal,
        }
        .then_with(|| self.file.cmp(&other.file))
    }

    fn is_missing(&self, column: usize) -> bool {
        match column {
            MADE => self.header.started.is_none(),
            TARGET => self.header.target.is_none(),
            OWNER => self.header.owner.is_none(),
            LENGTH => self.length.is_none(),
            REASON => self.header.reason.is_none(),
            ACCOUNT => self.header.account.is_none(),
            _ => false,
        }
    }

    fn record(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

fn tone(wholeness: &Wholeness) -> Tone {
    match wholeness {
        Wholeness::Whole => Tone::Plain,
        Wholeness::Running => Tone::Good,
        Wholeness::Full | Wholeness::Cut => Tone::Warning,
        Wholeness::Damaged { .. } => Tone::Bad,
    }
}

/// The sections of a recording's detail view.
pub fn recording_detail(recorded: &Recorded, now: Timestamp) -> Vec<Section> {
    let header = &recorded.header;
    let told = |text: &Option<Untrusted>| text.as_ref().map_or("not told", Untrusted::raw).to_owned();
    let state = match &recorded.wholeness {
        Wholeness::Whole => "whole".to_owned(),
        Wholeness::Full => "ended because it had grown too large; the shell went on".to_owned(),
        Wholeness::Running => "being recorded now; what is there can be played".to_owned(),
        Wholeness::Cut => "cut short: its end was not written; what is there can be played".to_owned(),
        Wholeness::Damaged { why } => format!("damaged: {why}"),
    };
    let session = vec![
        Field::new("node", told(&header.target)),
        Field::new("owner", told(&header.owner)),
        Field::new("account", told(&header.account)),
        Field::new("reason", told(&header.reason)),
        Field::new("recorded", header.started.map_or("not told".to_owned(), |at| when(at, now))),
    ];
    let terminal = match (header.width, header.height) {
        (0, _) | (_, 0) => "unknown".to_owned(),
        (width, height) => format!("{width} columns, {height} lines"),
    };
    let file = vec![
        Field::new("state", state),
        Field::new("length", recorded.length.map_or("unknown".to_owned(), clock)),
        Field::new("terminal", terminal),
        Field::new("size", format!("{} ({} bytes)", bytes(recorded.bytes), recorded.bytes)),
        Field::new("file", recorded.file.raw()),
    ];
    vec![section("Session", session), section("Recording", file)]
}

/// Shows the recordings, and reads what there is of them.
pub fn show_recordings(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) {
    model.view = View::Recordings;
    model.before_online = None;
    load(model, cx, out);
}

pub(super) fn load(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) {
    model.recordings.begin_refresh();
    model.recordings_remote.begin([PART], cx.now);
    out.read(RECORDINGS, Read::Recordings);
}

pub(super) fn ended(model: &mut Model, result: Result<(), Fault>, cx: &Ctx<'_>) {
    if result.is_ok() {
        model.recordings.end_refresh();
    }
    model.recordings_remote.end(PART, result, cx.now);
}
