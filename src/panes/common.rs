//! What all panes say and do in the same way.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::age::{age, utc};
use crate::domain::detail::{Field, Section};
use crate::domain::event::{LookupKey, Reach, Search};
use crate::domain::known::Known;
use crate::domain::moment::Moment;
use crate::domain::text::{Untrusted, clean};
use crate::kit::action::Availability;
use crate::kit::effect::{Level, Out};
use crate::kit::query::Query;
use crate::kit::remote::{Phase, Remote};
use crate::kit::table::{Cell, Listing, Row, Table, Tone, fact_in_words};

/// What a pane may know of the world around it.
#[derive(Debug, Clone, Copy)]
pub struct Ctx<'a> {
    /// The time by the wall clock.
    pub now: Timestamp,
    /// The time by the clock that nobody can set: for whatever waits.
    pub moment: Moment,
    /// The regions that regional panes read.
    pub regions: &'a [String],
}

/// What stands around a list: how much there is, how true it is, and what stands in place of rows where there are none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Counts and ages, the most important first.
    pub facts: Vec<Cell>,
    /// What failed or is missing, with advice.
    pub banner: Vec<Cell>,
    /// What to show where there are no rows.
    pub blank: Option<Blank>,
}

/// What stands in the middle of a pane without rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blank {
    /// What is the matter, in a few words.
    pub title: String,
    /// Why, and what to do next: one paragraph each.
    pub text: Vec<String>,
    /// Whether it is an answer, a wait or a failure.
    pub tone: Tone,
}

impl Summary {
    /// The summary of a table and the read that fills it.
    pub fn of(table: &dyn Listing, remote: &Remote, noun: &str, now: Timestamp) -> Self {
        Self::of_rows(table, remote, remote.was_whole(), noun, now)
    }

    /// The same where some parts of the read bring no rows: `has_all` says whether all rows are here.
    pub fn of_rows(table: &dyn Listing, remote: &Remote, has_all: bool, noun: &str, now: Timestamp) -> Self {
        let (matching, total) = table.counted();
        // Nouns are plural, and English has a short singular.
        let noun = if total == 1 { noun.strip_suffix('s').unwrap_or(noun) } else { noun };
        let mut facts = vec![count((matching, total), noun, has_all, remote)];
        if table.has_work() {
            facts.push(Cell::new("sorting and filtering…", Tone::Loading));
        }
        facts.extend(progress(remote, now));
        let banner = remote.faults.iter().map(|(part, fault)| {
            let tone = if fault.is_denied() { Tone::Denied } else { Tone::Bad };
            // One line: what to do next matters more than AWS's own words, which the activity pane has in full.
            Cell::new(format!("{}: {}; {}", clean(part), fault.title(), fault.hint()), tone)
        });
        let banner = banner.collect();
        Self { facts, banner, blank: (table.counts().0 == 0).then(|| blank(table, remote, noun)) }
    }
}

/// How many there are. What was never read to its end is not the whole, and none of it is not zero.
fn count((matching, total): (usize, usize), noun: &str, has_all: bool, remote: &Remote) -> Cell {
    let count = if matching == total { format!("{total} {noun}") } else { format!("{matching} of {total} {noun}") };
    match (&remote.phase, total) {
        _ if has_all => Cell::plain(count),
        (_, 0) => Cell::new(format!("{noun}: not known"), Tone::Unknown),
        (Phase::Loading { .. }, _) => Cell::plain(format!("{count} so far")),
        _ => Cell::plain(format!("at least {count}")),
    }
}

/// A list older than this may no longer be true: a console left open for a meeting is not asked about the present.
const STALE: SignedDuration = SignedDuration::from_mins(15);

/// How the read goes, in a few words.
fn progress(remote: &Remote, now: Timestamp) -> Option<Cell> {
    match (remote.phase.clone(), remote.fresh) {
        (Phase::NotAsked, _) => None,
        (Phase::Loading { .. }, _) => Some(Cell::new(format!("reading {}…", clean(&remote.open.join(", "))), Tone::Loading)),
        (Phase::Complete { at }, _) if now.duration_since(at) > STALE => {
            Some(Cell::new(format!("read {} ago, may have changed since", age(at, now)), Tone::Stale))
        }
        (Phase::Complete { at }, _) => Some(Cell::muted(format!("read {} ago", age(at, now)))),
        (Phase::Stopped { .. }, _) => Some(Cell::new("stopped: not complete", Tone::Warning)),
        (Phase::Failed { .. }, Some(fresh)) => {
            Some(Cell::new(format!("not complete; complete {} ago", age(fresh, now)), Tone::Stale))
        }
        (Phase::Failed { .. }, None) => Some(Cell::new("not complete", Tone::Warning)),
    }
}

fn blank(table: &dyn Listing, remote: &Remote, noun: &str) -> Blank {
    let made = |title: String, text: Vec<String>, tone| Blank { title, text, tone };
    let (_, total) = table.counts();
    if total > 0 && table.has_work() {
        return made("filtering…".into(), Vec::new(), Tone::Loading);
    }
    if total > 0 {
        let query = clean(table.shown_query().text()).into_owned();
        return made(
            format!("none of {total} {noun} match"),
            vec![format!("filter: {query}"), "Esc clears the filter".into()],
            Tone::Muted,
        );
    }
    match remote.phase {
        Phase::NotAsked => made(format!("{noun} have not been read yet"), Vec::new(), Tone::Muted),
        Phase::Loading { .. } => made(format!("reading {noun}…"), Vec::new(), Tone::Loading),
        Phase::Complete { .. } => made(format!("no {noun}"), Vec::new(), Tone::Muted),
        Phase::Stopped { .. } => made("stopped before anything came".into(), Vec::new(), Tone::Warning),
        Phase::Failed { .. } => {
            let text = remote.faults.iter().map(|(part, fault)| format!("{}: {fault}", clean(part))).collect();
            let denied = remote.faults.values().all(crate::domain::fault::Fault::is_denied);
            made(format!("{noun} could not be read"), text, if denied { Tone::Denied } else { Tone::Bad })
        }
    }
}

/// A name, with a mark where its letters are mixed from several scripts.
pub(super) fn name_cell(name: &Untrusted) -> Cell {
    let shown = name.shown_within(128).into_string();
    if name.is_confusable() { Cell::new(format!("⚠ {shown}"), Tone::Warning) } else { Cell::plain(shown) }
}

/// A text that AWS may leave out.
pub(super) fn text_cell(text: Option<&Untrusted>) -> Cell {
    match text {
        Some(text) if !text.is_empty() => Cell::plain(text.shown_within(128).into_string()),
        _ => Cell::muted("–"),
    }
}

/// An age that AWS may leave out.
pub(super) fn age_cell(at: Option<Timestamp>, now: Timestamp) -> Cell {
    at.map_or_else(|| Cell::muted("–"), |at| Cell::plain(age(at, now)))
}

/// A section of a detail.
pub(super) fn section(title: &str, fields: Vec<Field>) -> Section {
    Section { title: title.into(), fields }
}

/// A time with its age: `2026-11-21T03:04:05Z (3 h ago)`.
pub(super) fn when(at: Timestamp, now: Timestamp) -> String {
    if at > now { format!("{} ({})", utc(at), age(at, now)) } else { format!("{} ({} ago)", utc(at), age(at, now)) }
}

/// A fact in words, with where it comes from and how old it is.
pub(super) fn sourced<T>(known: &Known<T>, now: Timestamp, words: impl FnOnce(&T) -> String) -> String {
    let written = fact_in_words(known, words);
    match known.origin() {
        Some((source, at)) => format!("{written}  [{}, {} old]", source.name(), age(at, now)),
        None => written,
    }
}

/// Whether something can be done that needs a selected row.
pub(super) fn needs_row<T>(row: Option<&T>, what: &str) -> Availability {
    match row {
        Some(_) => Availability::Ready,
        None => Availability::Unavailable(format!("no {what} is selected")),
    }
}

/// Whether something can be done that needs a fact of the selected row.
pub(super) fn needs<T>(fact: Option<&T>, missing: &str) -> Availability {
    match fact {
        Some(_) => Availability::Ready,
        None => Availability::Unavailable(missing.into()),
    }
}

/// These regions and us-east-1, in which the events of IAM, STS sign-in and other global services are: a search for a principal always
/// asks there, too. Other partitions have other places.
pub(super) fn and_global(chosen: &[String]) -> Vec<String> {
    const GLOBAL: &str = "us-east-1";
    let mut regions = chosen.to_vec();
    let other_partition = chosen
        .iter()
        .any(|region| ["cn-", "us-gov-", "us-iso", "eu-isoe-", "eusc-"].iter().any(|start| region.starts_with(start)));
    if !other_partition && !regions.iter().any(|region| region == GLOBAL) {
        regions.push(GLOBAL.to_owned());
    }
    regions
}

/// A search over the last week.
pub(super) fn last_week(attribute: (LookupKey, String)) -> Search {
    Search { reach: Reach::Days(7), attribute: Some(attribute) }
}

/// What became of a pivot whose target is not in its list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// What to tell the person.
    pub text: String,
    /// Whether it is known that there is nothing: then the pivot goes back to where it came from.
    pub is_nothing: bool,
}

impl Missed {
    /// There is no such thing.
    pub(super) fn nothing(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_nothing: true }
    }

    /// Nobody knows whether there is.
    pub(super) fn unknown(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_nothing: false }
    }
}

/// A query for a text in one field. Two quotation marks stand for one inside of quotation marks.
pub(super) fn quoted(column: &str, value: &str) -> String {
    format!("{column}:\"{}\"", value.replace('"', "\"\""))
}

/// A query for exactly this text in one column.
pub(super) fn exactly(column: &str, value: &str) -> String {
    format!("{column}=\"{}\"", value.replace('"', "\"\""))
}

/// Switches a ready-made filter on, and back to what was there before. What is in force decides, however it came to be.
pub(super) fn toggle_query<R: Row, X>(table: &mut Table<R>, before: &mut Option<String>, ready_made: &str, out: &mut Out<X>) {
    let in_force = table.query().text();
    let text = if in_force == ready_made {
        before.take().filter(|before| before != ready_made).unwrap_or_default()
    } else {
        *before = Some(in_force.to_owned());
        ready_made.to_owned()
    };
    match Query::of::<R>(&text) {
        Ok(query) => table.filter(query),
        Err(error) => out.notice(Level::Error, error.to_string()),
    }
}
