//! Stays with the rotations until they have ended, need a person, or wait for long.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use tokio::time::Instant;

use super::arguments::RotateArguments;
use super::places::Places;
use super::{now, say};
use crate::audit::history;
use crate::cli::Failure;
use crate::domain::rotation::{Phase, Rotation, RotationId, Wait};
use crate::rotation::report;
use crate::runtime::ending::{self, FAREWELL};

/// A wait longer than this is left to `--resume`.
const LONG: SignedDuration = SignedDuration::from_mins(5);

/// Follows the rotations that this process was told to work on: some may have ended before it looks. `is_good`: whether an end is the
/// one that was wanted.
pub(super) async fn to_the_end(
    places: &Places,
    arguments: &RotateArguments,
    is_mine: impl Fn(&Rotation) -> bool,
    is_good: impl Fn(&Rotation) -> bool,
) -> Result<(), Failure> {
    let mut stop = ending::orderly();
    let mut stopping: Option<(u8, Instant)> = None;
    let mut watch = places.desk.watch();
    let mut told: BTreeMap<RotationId, (Phase, Wait)> = BTreeMap::new();
    let mut mine: BTreeMap<RotationId, Rotation> = BTreeMap::new();
    loop {
        let rows = Arc::clone(&watch.borrow_and_update());
        for row in rows.iter() {
            if !is_mine(row) {
                continue;
            }
            mine.insert(row.id.clone(), row.clone());
            let state = (row.phase, row.wait.clone());
            let is_new = told.get(&row.id) != Some(&state) && (arguments.json || is_worth_a_line(row, told.get(&row.id)));
            if is_new {
                say::step(row, arguments.json)?;
                told.insert(row.id.clone(), state);
            }
        }
        if !mine.is_empty() && mine.values().all(|row| is_at_rest(row, arguments.wait)) {
            break;
        }
        tokio::select! {
            changed = watch.changed() => if changed.is_err() { break },
            signal = stop.told(), if stopping.is_none() => {
                places.desk.stop();
                stopping = Some((signal, Instant::now() + FAREWELL));
            }
            // Whatever is in the middle then is in its journal, and resuming finds out how it stands.
            () = until(stopping.map(|(_, until)| until)) => break,
        }
    }
    let rows: Vec<Rotation> = mine.into_values().collect();
    if let Some(path) = &arguments.report {
        write_report(path, &rows, &places.audit)?;
    }
    if let Some((signal, _)) = stopping {
        tell_left(&rows);
        return Err(Failure::Signal(signal));
    }
    verdict(&rows, is_good)
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// What a stop has left, and how it goes on.
fn tell_left(rows: &[Rotation]) {
    let ended = rows.iter().filter(|row| row.phase.is_final()).count();
    let new = rows.iter().filter(|row| row.phase == Phase::Planned && row.new_key.is_none() && !row.phase.is_final()).count();
    let middle = rows.iter().filter(|row| matches!(row.wait, Wait::Working | Wait::Retry { .. })).count();
    let safe = rows.len().saturating_sub(ended + new + middle);
    let in_the_middle = if middle > 0 { format!("{middle} in the middle of a step, ") } else { String::new() };
    say::line(&format!(
        "stopped: {ended} ended, {safe} left at a safe state, {in_the_middle}{new} not begun; `bartizan rotate --resume` goes on with all of them"
    ));
}

/// A person wants to read of phases and of what is waited for, not of each call.
fn is_worth_a_line(row: &Rotation, told: Option<&(Phase, Wait)>) -> bool {
    told.is_none_or(|(phase, _)| *phase != row.phase) || !matches!(row.wait, Wait::Turn | Wait::Working | Wait::Retry { .. })
}

fn is_at_rest(row: &Rotation, stay: bool) -> bool {
    match &row.wait {
        Wait::Ended | Wait::Nobody | Wait::Operator { .. } => true,
        Wait::Until { at } => !stay && at.duration_since(now()) > LONG,
        Wait::Turn | Wait::Working | Wait::Retry { .. } => false,
    }
}

fn verdict(rows: &[Rotation], is_good: impl Fn(&Rotation) -> bool) -> Result<(), Failure> {
    let waiting = rows.iter().filter(|row| matches!(row.wait, Wait::Until { .. })).count();
    if waiting > 0 {
        say::line(&format!("{waiting} rotation(s) wait; go on later with `bartizan rotate --resume`"));
    }
    let is_bad = |row: &&Rotation| match row.wait {
        Wait::Until { .. } => false,
        Wait::Ended => !is_good(row),
        _ => true,
    };
    let bad: Vec<&Rotation> = rows.iter().filter(is_bad).collect();
    if bad.is_empty() {
        return Ok(());
    }
    let words = bad.iter().map(|row| {
        let next = match &row.wait {
            Wait::Operator { .. } => format!("; then `bartizan rotate --resume {} --choose ANSWER`", row.id),
            _ => String::new(),
        };
        format!("{}: {}: {}{next}", row.user.shown_within(64), row.phase.word(), say::wait(row))
    });
    Err(Failure::Job(words.collect::<Vec<_>>().join("; ")))
}

fn write_report(path: &Path, rows: &[Rotation], audit: &Path) -> Result<(), Failure> {
    let changes = history::changes(audit).map_err(|error| error.to_string());
    let changes = changes.as_deref().map_err(String::as_str);
    let is_json = path.extension().is_some_and(|ending| ending == "json");
    let text = if is_json { report::json(rows, changes, now()) } else { report::markdown(rows, changes, now()) };
    #[expect(clippy::disallowed_methods, reason = "the edge at which the report is written")]
    std::fs::write(path, text).map_err(|error| Failure::Job(format!("could not write the report {}: {error}", path.display())))
}
