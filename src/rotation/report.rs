//! What an auditor reads at the end of a campaign. Pure: rotations in, text out; no secret is near.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::json;

use crate::domain::rotation::{Phase, Rotation, Wait};

/// How a rotation stands, in a word.
fn outcome(row: &Rotation) -> &'static str {
    match (row.phase, &row.wait) {
        (Phase::Done, _) => "rotated",
        (Phase::Aborted, _) => "not rotated",
        (_, Wait::Operator { .. }) => "needs the operator",
        (_, Wait::Until { .. }) => "waits",
        _ => "unfinished",
    }
}

fn why(row: &Rotation) -> String {
    match &row.wait {
        Wait::Operator { need, .. } => crate::domain::text::clean(need).into_owned(),
        Wait::Until { at } => format!("until {at}"),
        _ => row.fault.as_ref().map_or_else(String::new, |fault| fault.message.shown_within(400).to_string()),
    }
}

/// A table in Markdown: one line a user, then when each phase was reached.
pub fn markdown(rows: &[Rotation], at: Timestamp) -> String {
    let count = |word: &str| rows.iter().filter(|row| outcome(row) == word).count();
    let mut text = format!("# Access key rotation\n\n{at}: {} users", rows.len());
    for word in ["rotated", "not rotated", "needs the operator", "waits", "unfinished"] {
        if count(word) > 0 {
            let _infallible = write!(text, ", {} {word}", count(word));
        }
    }
    text.push_str("\n\n| user | account | old key | new key | store | outcome | why | begun | reached |\n|---|---|---|---|---|---|---|---|---|\n");
    for row in rows {
        let new = row.new_key.as_ref().map_or_else(|| "-".to_owned(), |key| key.shown().into_string());
        let cells = [
            row.user.shown().into_string(),
            row.account.clone(),
            row.old_key.shown().into_string(),
            new,
            row.store.to_string(),
            outcome(row).to_owned(),
            why(row),
            row.started.to_string(),
            format!("{} at {}", row.phase.word(), row.since),
        ];
        let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        let _infallible = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push_str("\n## Steps\n\n");
    for row in rows {
        let steps = row.history.iter().map(|(phase, at)| format!("{} {at}", phase.word())).collect::<Vec<_>>().join(", ");
        let _infallible = writeln!(text, "* `{}` {}: {steps}", row.id, row.user.shown());
    }
    text
}

/// The same for programs.
pub fn json(rows: &[Rotation], at: Timestamp) -> String {
    let rotations: Vec<_> = rows.iter().map(|row| json!({ "outcome": outcome(row), "why": why(row), "rotation": row })).collect();
    format!("{:#}\n", json!({ "at": at, "rotations": rotations }))
}
