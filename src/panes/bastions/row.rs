//! Nodes and sessions as rows.

use std::cmp::{Ordering, Reverse};

use jiff::Timestamp;

use crate::domain::node::{Node, Ping, SsmSession};
use crate::domain::text::{Untrusted, clean};
use crate::kit::query::field::Field;
use crate::kit::table::{Cell, Column, Kinds, Limits, Row, Tone, compare_optional};
use crate::panes::{age_cell, name_cell, text_cell};

pub(super) const NAME: usize = 0;
const NODE: usize = 1;
const PING: usize = 2;
const AGENT: usize = 3;
const PLATFORM: usize = 4;
const ADDRESS: usize = 5;
const REGION: usize = 6;
const LAST_PING: usize = 7;
const KIND: usize = 8;
const ROLE: usize = 9;

/// A node that is online.
pub(super) const ONLINE: u8 = 0;
/// A session that is open.
pub(super) const ACTIVE: u8 = 0;

impl Row for Node {
    type Id = Untrusted;

    const COLUMNS: &'static [Column] = &[
        Column::new("name", "Name", 14).growing(),
        Column::new("node", "Node", 20),
        Column::new("ping", "Ping", 16),
        Column::new("agent", "Agent", 16).spare(1),
        Column::new("platform", "Platform", 14).growing().spare(4),
        Column::new("address", "Address", 15).spare(2),
        Column::new("region", "Region", 14).spare(3),
        Column::new("last_ping", "Last ping", 10).spare(5).right(),
        Column::new("kind", "Kind", 8).spare(6),
        Column::new("role", "Role", 14).spare(7),
    ];

    const FIELDS: &'static [Field<Self>] = super::fields::NODE;

    fn id(&self) -> Untrusted {
        self.id.clone()
    }

    fn cell(&self, column: usize, now: Timestamp) -> Cell {
        match column {
            NAME => self.name.as_ref().map_or_else(|| Cell::muted("–"), name_cell),
            NODE => text_cell(Some(&self.id)),
            PING => ping(&self.ping),
            AGENT => agent(self),
            PLATFORM => text_cell(self.platform.as_ref()),
            ADDRESS => text_cell(self.address.as_ref()),
            REGION => Cell::plain(clean(&self.region)),
            LAST_PING => age_cell(self.last_ping, now),
            KIND => Cell::plain(if self.is_hybrid() { "hybrid" } else { "EC2" }),
            ROLE => text_cell(self.role.as_ref()),
            _ => Cell::plain(""),
        }
    }

    fn kinds(&self, _now: Timestamp, _limits: Limits) -> Kinds {
        Kinds::of([(ONLINE, self.ping == Ping::Online)])
    }

    fn compare(&self, other: &Self, column: usize) -> Ordering {
        match column {
            NAME => compare_optional(self.name.as_ref(), other.name.as_ref()),
            PING => self.ping.cmp(&other.ping),
            AGENT => compare_optional(self.agent_version.as_ref().map(version), other.agent_version.as_ref().map(version)),
            PLATFORM => compare_optional(self.platform.as_ref(), other.platform.as_ref()),
            ADDRESS => compare_optional(self.address.as_ref(), other.address.as_ref()),
            REGION => self.region.cmp(&other.region),
            LAST_PING => compare_optional(self.last_ping.map(Reverse), other.last_ping.map(Reverse)),
            KIND => self.is_hybrid().cmp(&other.is_hybrid()),
            ROLE => compare_optional(self.role.as_ref(), other.role.as_ref()),
            _ => Ordering::Equal,
        }
        .then_with(|| self.id.cmp(&other.id))
    }

    fn is_missing(&self, column: usize) -> bool {
        match column {
            NAME => self.name.is_none(),
            AGENT => self.agent_version.is_none(),
            PLATFORM => self.platform.is_none(),
            ADDRESS => self.address.is_none(),
            LAST_PING => self.last_ping.is_none(),
            ROLE => self.role.is_none(),
            _ => false,
        }
    }

    fn record(&self) -> String {
        self.raw.text()
    }
}

fn ping(ping: &Ping) -> Cell {
    match ping {
        Ping::Online => Cell::new("Online", Tone::Good),
        Ping::ConnectionLost => Cell::new("ConnectionLost", Tone::Bad),
        Ping::Inactive => Cell::new("Inactive", Tone::Stale),
        Ping::Other(word) if word.is_empty() => Cell::new("?", Tone::Unknown),
        Ping::Other(word) => Cell::new(clean(word), Tone::Unknown),
    }
}

fn agent(node: &Node) -> Cell {
    let Some(version) = &node.agent_version else { return Cell::muted("–") };
    let shown = version.shown_within(32).into_string();
    match node.agent_is_latest {
        Some(true) => Cell::new(format!("{shown} latest"), Tone::Good),
        Some(false) => Cell::new(format!("{shown} old"), Tone::Warning),
        None => Cell::plain(shown),
    }
}

/// `3.10.1` is newer than `3.9.2`: versions go by number.
fn version(text: &Untrusted) -> Vec<u64> {
    text.raw().split('.').take(8).map(|part| part.parse().unwrap_or(0)).collect()
}

pub(super) const STARTED: usize = 3;
const STATUS: usize = 0;
const OWNER: usize = 1;
const TARGET: usize = 2;
const ENDED: usize = 4;
const REASON: usize = 5;
const SESSION_REGION: usize = 6;
const SESSION: usize = 7;
const DOCUMENT: usize = 8;

impl Row for SsmSession {
    type Id = Untrusted;

    const COLUMNS: &'static [Column] = &[
        Column::new("status", "Status", 12),
        Column::new("owner", "Owner", 18).growing(),
        Column::new("target", "Target", 20),
        Column::new("started", "Started", 11).right(),
        Column::new("ended", "Ended", 11).spare(2).right(),
        Column::new("reason", "Reason", 14).growing().spare(1),
        Column::new("region", "Region", 14).spare(3),
        Column::new("session", "Session", 24).spare(4),
        Column::new("document", "Document", 20).spare(5),
    ];

    const FIELDS: &'static [Field<Self>] = super::fields::SESSION;

    fn id(&self) -> Untrusted {
        self.id.clone()
    }

    fn cell(&self, column: usize, now: Timestamp) -> Cell {
        match column {
            STATUS => status(self),
            OWNER => owner(&self.owner),
            TARGET => text_cell(Some(&self.target)),
            STARTED => age_cell(self.started, now),
            ENDED if self.active => Cell::muted("–"),
            ENDED => age_cell(self.ended, now),
            REASON => text_cell(self.reason.as_ref()),
            SESSION_REGION => Cell::plain(clean(&self.region)),
            SESSION => text_cell(Some(&self.id)),
            DOCUMENT => text_cell(self.document.as_ref()),
            _ => Cell::plain(""),
        }
    }

    fn kinds(&self, _now: Timestamp, _limits: Limits) -> Kinds {
        Kinds::of([(ACTIVE, self.active)])
    }

    fn compare(&self, other: &Self, column: usize) -> Ordering {
        match column {
            STATUS => other.active.cmp(&self.active).then_with(|| self.status.cmp(&other.status)),
            OWNER => self.owner.cmp(&other.owner),
            TARGET => self.target.cmp(&other.target),
            STARTED => other.started.cmp(&self.started),
            ENDED => compare_optional(self.ended.map(Reverse), other.ended.map(Reverse)),
            REASON => compare_optional(self.reason.as_ref(), other.reason.as_ref()),
            SESSION_REGION => self.region.cmp(&other.region),
            SESSION => self.id.cmp(&other.id),
            DOCUMENT => compare_optional(self.document.as_ref(), other.document.as_ref()),
            _ => Ordering::Equal,
        }
        .then_with(|| self.id.cmp(&other.id))
    }

    fn is_missing(&self, column: usize) -> bool {
        match column {
            ENDED => self.ended.is_none(),
            REASON => self.reason.is_none(),
            DOCUMENT => self.document.is_none(),
            _ => false,
        }
    }

    fn record(&self) -> String {
        self.raw.text()
    }
}

fn status(session: &SsmSession) -> Cell {
    let word = clean(&session.status).into_owned();
    match session.status.as_str() {
        "Connected" => Cell::new(word, Tone::Good),
        "Failed" => Cell::new(word, Tone::Bad),
        "Connecting" | "Terminating" => Cell::new(word, Tone::Warning),
        _ if session.active => Cell::plain(word),
        _ => Cell::muted(word),
    }
}

/// Of an ARN the part that tells people apart: what follows `user/` or `assumed-role/`.
pub(super) fn owner(arn: &Untrusted) -> Cell {
    let shown = arn.shown_within(256).into_string();
    let short = ["assumed-role/", "user/", "federated-user/"]
        .iter()
        .find_map(|mark| shown.split_once(mark).map(|(_, name)| name.to_owned()));
    let short = short.unwrap_or(shown);
    if arn.is_confusable() { Cell::new(format!("⚠ {short}"), Tone::Warning) } else { Cell::plain(short) }
}
