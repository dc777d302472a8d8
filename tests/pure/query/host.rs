//! A row with a field of each kind.

use std::borrow::Cow;
use std::cmp::Ordering;

use bartizan::kit::query::field::{COUNT, Field, Kind, Unsure, Value, YES_NO};
use bartizan::kit::table::{Cell, Column, Row};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A row with a field of each kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Host {
    pub(super) name: String,
    pub(super) region: String,
    /// `None`: nobody knows.
    pub(super) mfa: Option<bool>,
    pub(super) status: String,
    pub(super) count: u32,
    pub(super) severity: f64,
    pub(super) bytes: f64,
    pub(super) took: f64,
    pub(super) created: Timestamp,
    pub(super) used: Option<Timestamp>,
    pub(super) ip: Option<String>,
    pub(super) origin: String,
    pub(super) groups: Vec<String>,
}

type Of = Field<Host>;

const SEVERITY: Kind = Kind::Bands(&[("low", 0.0, 4.0), ("medium", 4.0, 7.0), ("high", 7.0, 9.0), ("critical", 9.0, 10.0)]);

impl Row for Host {
    type Id = String;
    const COLUMNS: &'static [Column] = &[];
    const FIELDS: &'static [Field<Self>] = &[
        Of::new("user", "", Kind::Text, |host| Value::raw(Some(&host.name))).or(&["name"]),
        Of::new("region", "", Kind::Id, |host| Value::raw(Some(&host.region))),
        Of::new("mfa", "", YES_NO, |host| match host.mfa {
            Some(on) => Value::yes_no(on),
            None if host.status == "Unread" => Value::Unsure(Unsure::Loading),
            None => Value::Unsure(Unsure::Denied),
        })
        .fact(),
        Of::new("status", "", Kind::OpenWords(&["Active", "Inactive"]), |host| Value::raw(Some(&host.status))),
        Of::new("count", "", COUNT, |host| Value::number(host.count.into())),
        Of::new("severity", "", SEVERITY, |host| {
            Value::Number(host.severity, Some(Cow::Owned(format!("{:.1} High", host.severity))))
        }),
        Of::new("size", "", Kind::Bytes, |host| Value::number(host.bytes)),
        Of::new("took", "", Kind::Duration, |host| Value::number(host.took)),
        Of::new("created", "", Kind::Time, |host| Value::Time(host.created)),
        Of::new("used", "", Kind::Time, |host| host.used.map_or(Value::Absent("never"), Value::Time)).optional(),
        Of::new("ip", "", Kind::Address { names: false }, |host| Value::raw(host.ip.as_deref())).optional(),
        Of::new("origin", "", Kind::Address { names: true }, |host| Value::raw(Some(&host.origin))),
        Of::new("groups", "", Kind::Text, |host| {
            if host.groups.is_empty() {
                Value::Absent("none")
            } else {
                Value::Texts(host.groups.iter().map(|group| Cow::Borrowed(group.as_str())).collect())
            }
        })
        .list(),
    ];
    fn id(&self) -> String {
        self.name.clone()
    }
    fn cell(&self, _: usize, _: Timestamp) -> Cell {
        Cell::plain("")
    }
    fn compare(&self, other: &Self, _: usize) -> Ordering {
        self.name.cmp(&other.name)
    }
    fn record(&self) -> String {
        String::new()
    }
}

pub(super) fn now() -> Timestamp {
    "2026-11-30T12:00:00Z".parse().unwrap()
}

pub(super) fn ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

pub(super) fn host() -> Host {
    Host {
        name: "ada+ops=eu,west.1@example-_x".into(),
        region: "eu-west-1".into(),
        mfa: Some(false),
        status: "Active".into(),
        count: 3,
        severity: 8.0,
        bytes: 12_500.0,
        took: 0.012,
        created: ago(24 * 40),
        used: None,
        ip: Some("203.0.113.66".into()),
        origin: "2001:db8::5".into(),
        groups: vec!["admins".into(), "ops, eu".into()],
    }
}
