//! Everything about one access key: each fact with its source and age.

use jiff::Timestamp;

use super::row::is_overdue;
use crate::domain::age::{days, is_over};
use crate::domain::detail::{Field, Section};
use crate::domain::key::{AccessKey, LastUsed, ROTATION_LIMIT_DAYS};
use crate::panes::{section, sourced, when};

/// The sections of a key's detail view.
pub fn detail(key: &AccessKey, now: Timestamp) -> Vec<Section> {
    let mut identity = vec![
        Field::new("user", key.handle.user.raw()),
        Field::new("id", sourced(&key.id, now, |id| id.shown().into_string())),
        Field::new("status", sourced(&key.status, now, |status| status.word().to_owned())),
        Field::new("created", sourced(&key.created, now, |at| when(*at, now))),
    ];
    if let Some(created) = key.created.value() {
        identity.push(Field::new("limit", limit(key, *created, now)));
    }
    let mut used = vec![Field::new(
        "when",
        sourced(&key.last_used, now, |used| match used {
            LastUsed::Never => "never since 22 April 2015".into(),
            LastUsed::At { when: at, .. } => when(*at, now),
        }),
    )];
    if let Some(LastUsed::At { service, region, .. }) = key.last_used.value() {
        used.push(Field::new("service", service.raw()));
        used.push(Field::new("region", region.raw()));
    }
    let mut sections = vec![section("Access key", identity), section("Last used (AWS counts in steps of 15 minutes)", used)];
    let faults = [key.id.fault(), key.status.fault(), key.created.fault(), key.last_used.fault()];
    if let Some(fault) = faults.into_iter().flatten().next() {
        sections.push(section("Not told", vec![Field::new("reason", fault.to_string())]));
    }
    sections
}

fn limit(key: &AccessKey, created: Timestamp, now: Timestamp) -> String {
    let old = days(created, now);
    if is_overdue(key, now) {
        format!("{} days over the limit of {ROTATION_LIMIT_DAYS}", old - ROTATION_LIMIT_DAYS)
    } else if is_over(created, now, ROTATION_LIMIT_DAYS) {
        "inactive: the limit does not apply".into()
    } else {
        format!("{} days left of {ROTATION_LIMIT_DAYS}", ROTATION_LIMIT_DAYS - old)
    }
}
