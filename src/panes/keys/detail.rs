//! Everything about one access key: each fact with its source and age.

use jiff::Timestamp;

use super::Model;
use super::row::is_overdue;
use crate::domain::age::{days, is_over};
use crate::domain::change::ChangeNote;
use crate::domain::detail::{Field, Section};
use crate::domain::key::{AccessKey, LastUsed};
use crate::kit::table::Limits;
use crate::panes::{section, sourced, when};

/// The sections of a key's detail view.
pub fn detail(model: &Model, key: &AccessKey, now: Timestamp) -> Vec<Section> {
    let mut identity = vec![
        Field::new("user", key.handle.user.raw()),
        Field::new("id", sourced(&key.id, now, |id| id.shown().into_string())),
        Field::new("status", sourced(&key.status, now, |status| status.word().to_owned())),
        Field::new("created", sourced(&key.created, now, |at| when(*at, now))),
    ];
    if let Some(created) = key.created.value() {
        identity.push(Field::new("limit", limit(key, *created, now, model.table.limits())));
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
    if let Some(note) = &key.change {
        sections.push(section("Last change from here", changed(note, now)));
    }
    let faults = [key.id.fault(), key.status.fault(), key.created.fault(), key.last_used.fault()];
    if let Some(fault) = faults.into_iter().flatten().next() {
        sections.push(section("Not told", vec![Field::new("reason", fault.to_string())]));
    }
    sections.extend(super::contain::sections(model, &key.handle.user, now));
    sections.extend(super::rotate::sections(model, key, now));
    if let Some(who) = model.who.as_ref().filter(|who| key.id.value() == Some(&who.key)) {
        sections.extend(who.sections(now));
    }
    sections
}

fn changed(note: &ChangeNote, now: Timestamp) -> Vec<Field> {
    match note {
        ChangeNote::Asked { at } => vec![Field::new("state", format!("asked for {}, no answer yet", when(*at, now)))],
        ChangeNote::Done { at, read_back: true, .. } => {
            vec![Field::new("state", format!("in effect {}: no answer came, but it was read back", when(*at, now)))]
        }
        ChangeNote::Done { at, request_id, .. } => {
            let mut fields = vec![Field::new("state", format!("done {}", when(*at, now)))];
            fields.extend(request_id.as_ref().map(|id| Field::new("request", id.as_str())));
            fields
        }
        ChangeNote::NotDone { fault } => {
            vec![Field::new("state", "not done"), Field::new("reason", fault.cause()), Field::new("next", fault.advice())]
        }
        ChangeNote::Unknown { fault } => vec![
            Field::new("state", "outcome unknown: AWS may have done it"),
            Field::new("reason", fault.cause()),
            Field::new("next", "wait for what is read back, ten seconds or more; CloudTrail has the call if it was made"),
        ],
    }
}

fn limit(key: &AccessKey, created: Timestamp, now: Timestamp, limits: Limits) -> String {
    let (old, limit) = (days(created, now), limits.key_age.days());
    if is_overdue(key, now, limits) {
        format!("{} days over the limit of {limit}", old - limit)
    } else if is_over(created, now, limit) {
        "inactive: the limit does not apply".into()
    } else {
        format!("{} days left of {limit}", limit - old)
    }
}
