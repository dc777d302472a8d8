//! A finding as a row.

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::domain::finding::{Band, Finding, FindingKey};
use crate::domain::text::clean;
use crate::kit::query::field::Field;
use crate::kit::table::{Cell, Column, Row, Tone, compare_optional};
use crate::panes::{age_cell, text_cell};

pub(super) const SEVERITY: usize = 0;
const TYPE: usize = 1;
const RESOURCE: usize = 2;
const PRINCIPAL: usize = 3;
const COUNT: usize = 4;
const LAST_SEEN: usize = 5;
const FIRST_SEEN: usize = 6;
const REGION: usize = 7;
const ACCOUNT: usize = 8;
const STATE: usize = 9;
const REMOTE_IP: usize = 10;

impl Row for Finding {
    type Id = FindingKey;

    const COLUMNS: &'static [Column] = &[
        Column::new("severity", "Severity", 15),
        Column::new("type", "Type", 34).growing(),
        Column::new("resource", "Resource", 16).growing(),
        Column::new("principal", "Principal", 14).growing().spare(3),
        Column::new("count", "Count", 5).spare(2).right(),
        Column::new("last_seen", "Last seen", 11).right(),
        Column::new("first_seen", "First seen", 11).spare(5).right(),
        Column::new("region", "Region", 14).spare(1),
        Column::new("account", "Account", 12).spare(4),
        Column::new("state", "State", 8).spare(6),
        Column::new("remote_ip", "Remote address", 15).spare(7),
    ];

    const FIELDS: &'static [Field<Self>] = super::fields::FIELDS;

    fn id(&self) -> FindingKey {
        self.key.clone()
    }

    fn cell(&self, column: usize, now: Timestamp) -> Cell {
        match column {
            SEVERITY => severity(self),
            TYPE => kind(self),
            RESOURCE => text_cell(Some(&self.resource)),
            PRINCIPAL => text_cell(self.principal.as_ref()),
            COUNT => self.count.map_or_else(|| Cell::muted("–"), |count| Cell::plain(count.to_string())),
            LAST_SEEN => age_cell(self.last_seen, now),
            FIRST_SEEN => age_cell(self.first_seen, now),
            REGION => Cell::plain(clean(&self.key.region)),
            ACCOUNT => Cell::plain(clean(&self.key.account)),
            STATE if self.archived => Cell::muted("archived"),
            STATE => Cell::plain("current"),
            REMOTE_IP => text_cell(self.remote_ip.as_ref()),
            _ => Cell::plain(""),
        }
    }

    fn compare(&self, other: &Self, column: usize) -> Ordering {
        match column {
            SEVERITY => compare_optional(self.severity, other.severity).then(self.last_seen.cmp(&other.last_seen)),
            TYPE => self.kind.cmp(&other.kind),
            RESOURCE => self.resource.cmp(&other.resource),
            PRINCIPAL => compare_optional(self.principal.as_ref(), other.principal.as_ref()),
            COUNT => compare_optional(self.count, other.count),
            LAST_SEEN => other.last_seen.cmp(&self.last_seen),
            FIRST_SEEN => other.first_seen.cmp(&self.first_seen),
            REGION => self.key.region.cmp(&other.key.region),
            ACCOUNT => self.key.account.cmp(&other.key.account),
            STATE => self.archived.cmp(&other.archived),
            REMOTE_IP => compare_optional(self.remote_ip.as_ref(), other.remote_ip.as_ref()),
            _ => Ordering::Equal,
        }
    }

    fn is_missing(&self, column: usize) -> bool {
        match column {
            SEVERITY => self.severity.is_none(),
            PRINCIPAL => self.principal.is_none(),
            COUNT => self.count.is_none(),
            LAST_SEEN => self.last_seen.is_none(),
            FIRST_SEEN => self.first_seen.is_none(),
            REMOTE_IP => self.remote_ip.is_none(),
            _ => false,
        }
    }

    fn record(&self) -> String {
        self.raw.text()
    }
}

/// The number and the word: never colour alone. Unknown is not low.
fn severity(finding: &Finding) -> Cell {
    let Some(severity) = finding.severity else { return Cell::new("?", Tone::Unknown) };
    let band = severity.band();
    Cell::new(format!("{:>4.1} {}", severity.0, band.word()), tone(band))
}

fn tone(band: Band) -> Tone {
    match band {
        Band::Low => Tone::Low,
        Band::Medium => Tone::Medium,
        Band::High => Tone::High,
        Band::Critical => Tone::Critical,
    }
}

/// Samples are made up by AWS on request, and must not frighten anybody.
fn kind(finding: &Finding) -> Cell {
    let shown = finding.kind.shown_within(160);
    if finding.sample { Cell::muted(format!("[sample] {shown}")) } else { Cell::plain(shown.into_string()) }
}
