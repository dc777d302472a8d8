//! What an auditor reads at the end of a campaign. Pure: rotations and audited changes in, text out; no secret is near.
//!
//! What was done stands there as the audit log has it: each call with who made it, when, and AWS's request id, by which CloudTrail has it
//! too. What it came to stands there as the journals have it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::json;

use crate::audit::history::Change;
use crate::domain::rotation::{Phase, Rotation, StoreChoice, Wait};
use crate::domain::text::clean;

/// A rotation and what was called for it.
struct Told<'a> {
    row: &'a Rotation,
    /// In the order in which they were made.
    calls: Vec<&'a Change>,
}

impl<'a> Told<'a> {
    fn of(row: &'a Rotation, changes: &'a [Change]) -> Self {
        let end = row.phase.is_final().then_some(row.since);
        let is_in_time = |change: &Change| change.utc >= row.started && end.is_none_or(|end| change.utc <= end);
        let is_here = |change: &Change| change.entry.account.as_ref().is_none_or(|account| *account == row.account);
        let calls = changes.iter().filter(|change| is_in_time(change) && is_here(change) && is_about(change, row));
        Self { row, calls: calls.collect() }
    }

    /// Who made the calls.
    fn callers(&self) -> BTreeSet<&str> {
        self.calls.iter().filter_map(|change| change.entry.caller.as_deref()).collect()
    }

    /// How it stands, in a word.
    fn outcome(&self) -> &'static str {
        match (self.row.phase, &self.row.wait) {
            (Phase::Done, _) => "rotated",
            (Phase::Aborted, _) => "not rotated",
            (_, Wait::Operator { .. }) => "needs the operator",
            (_, Wait::Until { .. }) => "waits",
            (Phase::Planned, Wait::Turn | Wait::Nobody) if self.calls.is_empty() => "not begun",
            _ => "unfinished",
        }
    }

    /// Why it stands there, where that needs a reason.
    fn why(&self) -> String {
        match &self.row.wait {
            Wait::Operator { need, .. } => clean(need).into_owned(),
            Wait::Until { at } => format!("until {at}"),
            Wait::Turn => "its turn had not come".into(),
            Wait::Nobody if self.row.fault.is_none() && !self.row.phase.is_final() => {
                "stopped or left; resuming goes on with it".into()
            }
            _ if self.row.phase == Phase::Done => String::new(),
            // What no call has failed with is a sentence of ours.
            _ => self.row.fault.as_ref().map_or_else(String::new, |fault| match fault.is_own() {
                true => fault.message.shown_within(400).into_string(),
                false => clean(&fault.to_string()).into_owned(),
            }),
        }
    }

    /// What became of the old key, and of the new one.
    fn keys(&self) -> (&'static str, &'static str) {
        let row = self.row;
        let was_given_up = row.new_key.as_ref().is_some_and(|new| self.has_deleted(new.raw()));
        let last = match row.phase {
            Phase::Aborted => row.history.iter().rev().map(|(phase, _)| *phase).find(|phase| *phase != Phase::Aborted),
            phase => Some(phase),
        };
        let old = match last.unwrap_or(Phase::Planned) {
            Phase::Done => "deleted",
            // Who gives the new key up makes the old one active first.
            _ if was_given_up => "active",
            Phase::Observing => "inactive",
            Phase::Deactivating => "active or inactive: it was about to change",
            Phase::Deleting => "inactive or deleted: it was about to be deleted",
            _ => "as it was",
        };
        let new = match (&row.new_key, row.phase) {
            _ if was_given_up => "made and deleted again",
            (Some(_), _) => "active",
            (None, Phase::Creating) => "perhaps made: its answer had not come",
            (None, _) => "not made",
        };
        (old, new)
    }

    fn has_deleted(&self, key: &str) -> bool {
        let is_it = |change: &&Change| change.entry.call == "iam:DeleteAccessKey" && change.entry.object.ends_with(key);
        self.calls.iter().any(|change| is_it(change) && change.outcome == crate::audit::history::Outcome::Done)
    }

    /// What is still to be done by somebody.
    fn left(&self) -> Cow<'static, str> {
        let copies = &self.row.copies;
        if self.row.phase == Phase::Done && !copies.is_empty() {
            return format!("the old key's copies, which are dead: replace them in {}", copies.join("; ")).into();
        }
        Cow::Borrowed(match (self.row.phase, &self.row.wait) {
            (Phase::Done, _) => "nothing",
            (Phase::Aborted, _) => "the old key, which was to be retired",
            (_, Wait::Operator { .. }) => "an answer of the operator, then the rest of the rotation",
            (Phase::Soaking, _) => "the old key: to be deactivated, observed and deleted; both keys are active",
            (Phase::Observing, _) => "the old key: inactive, to be deleted",
            _ => "the rest of the rotation",
        })
    }
}

/// Whether a change was made to this rotation's keys, or to its secret.
fn is_about(change: &Change, row: &Rotation) -> bool {
    let (call, object) = (change.entry.call.as_str(), change.entry.object.as_str());
    match call {
        "iam:CreateAccessKey" => object == row.user.raw(),
        "iam:UpdateAccessKey" | "iam:DeleteAccessKey" => object.rsplit_once('/').is_some_and(|(user, _)| user == row.user.raw()),
        _ => match &row.store {
            StoreChoice::SecretsManager { name, .. } => {
                let rest = object.strip_prefix(name.as_str());
                call.starts_with("secretsmanager:") && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            _ => false,
        },
    }
}

const OUTCOMES: [&str; 6] = ["rotated", "not rotated", "needs the operator", "waits", "unfinished", "not begun"];

/// In Markdown: how many came to what, a table with a line for each user, then everything about each. `changes`: the audit log, or why
/// it could not be read.
pub fn markdown(rows: &[Rotation], changes: Result<&[Change], &str>, at: Timestamp) -> String {
    let told: Vec<Told<'_>> = rows.iter().map(|row| Told::of(row, changes.unwrap_or_default())).collect();
    let mut text = format!("# Access key rotation\n\n{at}: {} users", rows.len());
    for (word, count) in counts(&told) {
        let _infallible = write!(text, ", {count} {word}");
    }
    let accounts: BTreeSet<&str> = rows.iter().map(|row| row.account.as_str()).filter(|account| !account.is_empty()).collect();
    let callers: BTreeSet<&str> = told.iter().flat_map(Told::callers).collect();
    let _infallible = writeln!(text, "\n\n* accounts: {}", escaped(&list(accounts)));
    let _infallible = writeln!(text, "* called by: {}", escaped(&list(callers)));
    if let Err(why) = changes {
        let _infallible = writeln!(text, "* the audit log could not be read, so calls are missing here: {}", escaped(why));
    }
    text.push_str("\n| user | account | outcome | old key | new key | store | begun | reached | why |\n|---|---|---|---|---|---|---|---|---|\n");
    for one in &told {
        let row = one.row;
        let cells = [
            row.user.shown().into_string(),
            row.account.clone(),
            one.outcome().to_owned(),
            row.old_key.shown().into_string(),
            row.new_key.as_ref().map_or_else(|| "-".to_owned(), |key| key.shown().into_string()),
            row.store.to_string(),
            row.started.to_string(),
            format!("{} at {}", row.phase.word(), row.since),
            one.why(),
        ];
        let _infallible = writeln!(text, "| {} |", cells.map(|text| escaped(&text)).join(" | "));
    }
    for one in &told {
        section(&mut text, one);
    }
    text
}

/// Everything about one user.
fn section(text: &mut String, one: &Told<'_>) {
    let row = one.row;
    let (old, new) = one.keys();
    let key = |key: Option<&crate::domain::text::Untrusted>| key.map_or_else(String::new, |key| format!("{} ", key.shown()));
    let why = match one.why() {
        why if why.is_empty() => String::new(),
        why => format!(": {why}"),
    };
    let lines = [
        format!("rotation: {}", row.id),
        format!("outcome: {}{why}", one.outcome()),
        format!("old key: {}({old})", key(Some(&row.old_key))),
        format!("new key: {}({new})", key(row.new_key.as_ref())),
        format!("store: {}", row.store),
        format!(
            "the old key stood in: {}",
            if row.copies.is_empty() { "no other place known here".into() } else { row.copies.join("; ") }
        ),
        format!("left to do: {}", one.left()),
        format!("called by: {}", list(one.callers())),
    ];
    let _infallible = writeln!(text, "\n## {}\n", escaped(row.user.raw()));
    for line in lines {
        let _infallible = writeln!(text, "* {}", escaped(&line));
    }
    text.push_str("\n| phase | reached |\n|---|---|\n");
    for (phase, at) in &row.history {
        let _infallible = writeln!(text, "| {} | {at} |", phase.word());
    }
    if one.calls.is_empty() {
        return;
    }
    text.push_str("\n| called | what | on | outcome | request id |\n|---|---|---|---|---|\n");
    for change in &one.calls {
        let outcome = match &change.code {
            Some(code) => format!("{}: {code}", change.outcome.word()),
            None => change.outcome.word().to_owned(),
        };
        let request = change.request_id.clone().unwrap_or_else(|| "-".into());
        let cells = [change.utc.to_string(), change.entry.call.clone(), change.entry.object.clone(), outcome, request];
        let _infallible = writeln!(text, "| {} |", cells.map(|text| escaped(&text)).join(" | "));
    }
}

/// The same for programs.
pub fn json(rows: &[Rotation], changes: Result<&[Change], &str>, at: Timestamp) -> String {
    let told: Vec<Told<'_>> = rows.iter().map(|row| Told::of(row, changes.unwrap_or_default())).collect();
    let rotations: Vec<_> = told
        .iter()
        .map(|one| {
            let (old, new) = one.keys();
            json!({
                "outcome": one.outcome(), "why": one.why(), "left": one.left(), "old_key": old, "new_key": new,
                "callers": one.callers(), "calls": one.calls, "rotation": one.row,
            })
        })
        .collect();
    let problem = changes.err();
    format!("{:#}\n", json!({ "at": at, "counts": counts(&told), "audit_log_problem": problem, "rotations": rotations }))
}

fn counts(told: &[Told<'_>]) -> BTreeMap<&'static str, usize> {
    let count = |word: &str| told.iter().filter(|one| one.outcome() == word).count();
    OUTCOMES.into_iter().map(|word| (word, count(word))).filter(|(_, count)| *count > 0).collect()
}

fn list(words: BTreeSet<&str>) -> String {
    if words.is_empty() { "nobody".to_owned() } else { words.into_iter().collect::<Vec<_>>().join(", ") }
}

/// A text that is nothing but text to whoever reads Markdown, or HTML in it: it ends neither its cell nor its line, and is no link.
fn escaped(text: &str) -> String {
    let text = clean(text);
    let (start, end) = (text.len() - text.trim_start().len(), text.trim_end().len());
    let mut out = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        let is_link = match c {
            ':' => rest.starts_with("://"),
            '.' => text.get(..at).is_some_and(|before| before.to_ascii_lowercase().ends_with("www")),
            _ => false,
        };
        match c {
            // At its ends they would be taken off.
            _ if c.is_whitespace() && (at < start || at >= end) => {
                let _infallible = write!(out, "&#{};", u32::from(c));
            }
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '<' | '>' | '#' | '!' | '|' | '~' | '&' | '$' | '^'
            | '@' | '=' => {
                out.extend(['\\', c]);
            }
            _ if is_link => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}
