//! A finding as a row.

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::domain::finding::{Band, Finding, FindingKey, Resource, Severity};
use crate::domain::text::{Untrusted, clean};
use crate::kit::query::field::Field;
use crate::kit::table::{Cell, Column, Kinds, Limits, Row, Tone, compare_optional};
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
            RESOURCE => first_of(Some(&self.resource), others(self)),
            PRINCIPAL => first_of(self.principal.as_ref(), self.principals.len().saturating_sub(1)),
            COUNT => self.count.map_or_else(|| Cell::muted("–"), |count| Cell::plain(count.to_string())),
            LAST_SEEN => age_cell(self.last_seen, now),
            FIRST_SEEN => age_cell(self.first_seen, now),
            REGION => Cell::plain(clean(&self.key.region)),
            ACCOUNT => Cell::plain(clean(&self.key.account)),
            STATE if self.archived => Cell::muted("archived"),
            STATE => Cell::plain("current"),
            REMOTE_IP => first_of(self.remote_ip.as_ref(), self.remote_ips.len().saturating_sub(1)),
            _ => Cell::plain(""),
        }
    }

    fn kinds(&self, _now: Timestamp, _limits: Limits) -> Kinds {
        match self.severity.map(Severity::band) {
            _ if self.sample => Kinds::ASIDE,
            Some(band) => Kinds::of([(band as u8, true)]),
            None => Kinds::default(),
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

/// The first of several, and how many others there are: the detail has them all, and a query finds each.
fn first_of(first: Option<&Untrusted>, others: usize) -> Cell {
    let cell = text_cell(first);
    if others == 0 { cell } else { Cell { text: format!("{} +{others}", cell.text), ..cell } }
}

/// The resources beside the subject. The keys among them stand in the columns of principals.
fn others(finding: &Finding) -> usize {
    let is_key = |resource: &Resource| ["accessKey", "AccessKey", "ACCESS_KEY"].contains(&resource.kind.raw());
    finding.resources.iter().skip(1).filter(|resource| !is_key(resource)).count()
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
