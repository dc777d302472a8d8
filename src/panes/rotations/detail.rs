//! Everything about one rotation: the checklist, what it waits for, and what a person can do about it.

use jiff::Timestamp;

use super::row::at_time;
use crate::domain::age::{age, utc};
use crate::domain::detail::{Field, Section};
use crate::domain::rotation::{Choice, Phase, Rotation, Wait};
use crate::panes::{section, when};

/// The sections of a rotation's detail view.
pub fn detail(rotation: &Rotation, now: Timestamp) -> Vec<Section> {
    let mut sections = vec![section("Now", standing(rotation, now)), section("Checklist", checklist(rotation, now))];
    let choices = answers(rotation);
    if !choices.is_empty() {
        sections.push(section("What you can do", choices));
    }
    sections.push(section("Rotation", about(rotation, now)));
    if let Some(fault) = &rotation.fault {
        sections
            .push(section("Last fault", vec![Field::new("when", when(fault.at, now)), Field::new("what", fault.to_string())]));
    }
    sections
}

/// Where it stands, why, until when, and what comes next.
fn standing(rotation: &Rotation, now: Timestamp) -> Vec<Field> {
    let mut fields = vec![
        Field::new("phase", format!("{}: {}", rotation.phase.word(), rotation.meaning(rotation.phase))),
        Field::new("since", when(rotation.since, now)),
        Field::new("waits for", waits(rotation, now)),
    ];
    if let Some(bound) = rotation.bound.filter(|_| !rotation.phase.is_final()) {
        fields.push(Field::new("at the latest", format!("{} ({})", utc(bound), at_time(bound, now))));
    }
    if let Some(next) = rotation.phase.next() {
        fields.push(Field::new("then", format!("{}: {}", next.word(), rotation.meaning(next))));
    }
    fields
}

fn waits(rotation: &Rotation, now: Timestamp) -> String {
    match &rotation.wait {
        Wait::Turn => "its turn: as many of the campaign as may be at work are".into(),
        Wait::Working => "a call or a store at work".into(),
        Wait::Retry { at, why } => format!("another attempt, {}: {why}", at_time(*at, now)),
        Wait::Until { at } => format!("{} ({}); goes on by itself", utc(*at), at_time(*at, now)),
        Wait::Operator { need, .. } => format!("you: {need}"),
        Wait::Nobody if rotation.phase.is_final() => "nothing".into(),
        Wait::Nobody => "you: it was left or another process has it; resume takes it up from its journal".into(),
        Wait::Ended => "nothing".into(),
    }
}

/// One line a phase: reached when, at it now, or still to come.
fn checklist(rotation: &Rotation, now: Timestamp) -> Vec<Field> {
    let reached = |phase: Phase| rotation.history.iter().rev().find(|(other, _)| *other == phase).map(|(_, at)| *at);
    let mut fields: Vec<Field> = Phase::CHECKLIST
        .into_iter()
        .map(|phase| {
            let mut state = match reached(phase) {
                Some(at) if phase == rotation.phase && !phase.is_final() => format!("▸ since {} ({})", utc(at), age(at, now)),
                Some(at) => format!("✓ {}", when(at, now)),
                None if phase == rotation.phase => format!("▸ since {} ({})", utc(rotation.since), age(rotation.since, now)),
                None => format!("· {}", rotation.meaning(phase)),
            };
            if phase == Phase::Verified {
                let (good, wanted) = rotation.checks;
                state.push_str(&format!(", {good} of {wanted} checks in a row"));
            }
            Field::new(phase.word(), state)
        })
        .collect();
    if rotation.phase == Phase::Aborted {
        fields.push(Field::new(Phase::Aborted.word(), format!("✗ {}", when(rotation.since, now))));
    }
    fields
}

/// Each answer that is taken now, and what it does.
fn answers(rotation: &Rotation) -> Vec<Field> {
    let mut fields: Vec<Field> =
        choices(rotation).into_iter().map(|choice| Field::new(choice.word(), choice.meaning(rotation.phase))).collect();
    if rotation.wait == Wait::Nobody && !rotation.phase.is_final() {
        fields.insert(0, Field::new("resume", "go on from the last record of the journal; nothing is done twice"));
    }
    fields
}

/// The answers that make sense where the rotation stands.
pub(super) fn choices(rotation: &Rotation) -> Vec<Choice> {
    match (&rotation.wait, rotation.phase) {
        (Wait::Operator { choices, .. }, _) => choices.clone(),
        (Wait::Until { .. }, Phase::Observing) if rotation.renew => vec![Choice::SkipWait, Choice::RollBack, Choice::Abort],
        (Wait::Until { .. }, Phase::Observing) => vec![Choice::SkipWait, Choice::Reactivate, Choice::Abort],
        (Wait::Until { .. }, Phase::Soaking) => vec![Choice::SkipWait, Choice::RollBack, Choice::Abort],
        _ => Vec::new(),
    }
}

fn about(rotation: &Rotation, now: Timestamp) -> Vec<Field> {
    let old_used = match rotation.old_last_used {
        Some(at) => format!("{}; AWS counts in steps of 15 minutes", when(at, now)),
        None => "no use seen".into(),
    };
    let mut fields = vec![
        Field::new("user", rotation.user.raw()),
        Field::new("account", &rotation.account),
        Field::new("old key", rotation.old_key.raw()),
        Field::new("old key used", old_used),
        Field::new("new key", rotation.new_key.as_ref().map_or("not made yet", |key| key.raw())),
        Field::new("store", rotation.store.to_string()),
        Field::new("own key", if rotation.own_key { "yes: the key that this program signs with" } else { "no" }),
        Field::new("started", when(rotation.started, now)),
        Field::new("id", &rotation.id.0),
    ];
    let copies = rotation.copies.iter().map(|place| Field::new("also in", format!("{place}; dead once the key is inactive")));
    fields.splice(3..3, copies);
    fields
}
