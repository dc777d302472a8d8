//! What `rotate` prints: plans on standard error, progress and lists on standard output.

use std::io::Write as _;

use crate::cli::{Failure, output};
use crate::domain::rotation::{Rotation, Wait};
use crate::domain::text::clean;
use crate::rotation::desk::PlanFor;

/// One line for the person who started it.
pub(super) fn line(words: &str) {
    output::say(words);
}

/// The plans, before anything is done.
pub(super) fn plans(good: &[PlanFor], bad: &[String]) {
    let _unless_gone = write_plans(&mut output::err(), good, bad);
}

fn write_plans(err: &mut impl std::io::Write, good: &[PlanFor], bad: &[String]) -> std::io::Result<()> {
    for plan in good {
        writeln!(err, "{}", plan.plan.title)?;
        for (name, value) in &plan.plan.facts {
            writeln!(err, "  {name}: {value}")?;
        }
        for call in &plan.plan.calls {
            writeln!(err, "  {} ({}; undone by: {})", call.cli, call.action, call.undo)?;
        }
        for note in &plan.notes {
            writeln!(err, "  note: {note}")?;
        }
    }
    for words in bad {
        writeln!(err, "not rotated: {words}")?;
    }
    Ok(())
}

/// What a rotation waits for, in a few words.
pub(super) fn wait(row: &Rotation) -> String {
    match &row.wait {
        Wait::Turn => "waits for its turn".into(),
        Wait::Working => "at work".into(),
        Wait::Retry { why, .. } => format!("again soon: {}", clean(why)),
        Wait::Until { at } => format!("waits until {at}"),
        Wait::Operator { need, choices } => {
            let words = choices.iter().map(|choice| choice.word()).collect::<Vec<_>>().join(", ");
            format!("needs you: {} [{words}]", clean(need))
        }
        Wait::Nobody => "left; `bartizan rotate --resume` goes on".into(),
        Wait::Ended => {
            row.fault.as_ref().map_or_else(|| "ended".into(), |fault| format!("ended: {}", fault.message.shown_within(400)))
        }
    }
}

/// One step of a rotation.
pub(super) fn step(row: &Rotation, json: bool) -> Result<(), Failure> {
    let mut out = output::out();
    if json {
        let text = serde_json::to_string(row).map_err(|error| Failure::Job(error.to_string()))?;
        writeln!(out, "{}", output::json(&text))?;
    } else {
        writeln!(out, "{}: {}: {}", row.user.shown_within(64), row.phase.word(), wait(row))?;
    }
    Ok(out.flush()?)
}

/// All rotations, newest first.
pub(super) fn table(rows: &[Rotation], json: bool) -> Result<(), Failure> {
    let mut out = output::out();
    for row in rows {
        if json {
            let text = serde_json::to_string(row).map_err(|error| Failure::Job(error.to_string()))?;
            writeln!(out, "{}", output::json(&text))?;
            continue;
        }
        let new = row.new_key.as_ref().map_or_else(|| "-".to_owned(), |key| key.shown().into_string());
        let (old, user) = (row.old_key.shown(), row.user.shown_within(64));
        writeln!(out, "{}  {user}  {old} -> {new}  {}  {}  {}", row.id, row.store, row.phase.word(), wait(row))?;
    }
    Ok(out.flush()?)
}
