//! How true a list is, in words: what is still missing, what AWS refused, how old it is. Unknown never looks like empty.

use jiff::{SignedDuration, Timestamp};

use crate::domain::age::{age, span};
use crate::domain::fault::Fault;
use crate::kit::document::Line;
use crate::kit::remote::{Phase, Remote};
use crate::kit::table::Tone;

/// From this age on a list is called old.
pub const OLD: SignedDuration = SignedDuration::from_mins(15);

/// The state of a list in a few words, with what they mean.
pub fn short(remote: &Remote, total: usize, now: Timestamp) -> (Tone, String) {
    match &remote.phase {
        Phase::NotAsked => (Tone::Unknown, "not read yet".into()),
        Phase::Loading { since } => (Tone::Loading, loading(remote, now.duration_since(*since))),
        Phase::Complete { at } if now.duration_since(*at) >= OLD => (Tone::Stale, format!("complete {} ago", age(*at, now))),
        Phase::Complete { at } if now.duration_since(*at) < SignedDuration::from_mins(1) => (Tone::Good, "complete".into()),
        Phase::Complete { at } => (Tone::Good, format!("complete {} ago", age(*at, now))),
        Phase::Stopped { .. } => (Tone::Warning, "stopped: there may be more".into()),
        Phase::Failed { .. } => failed(remote, total, now),
    }
}

fn loading(remote: &Remote, since: SignedDuration) -> String {
    let waited = if since >= SignedDuration::from_secs(2) { format!(" for {}", span(since)) } else { String::new() };
    let open = match remote.open.as_slice() {
        [] => String::new(),
        [one] => format!(" {}", crate::domain::text::clean(one)),
        several => format!(" {} parts", several.len()),
    };
    let failed = if remote.faults.is_empty() { String::new() } else { format!(", {} failed", remote.faults.len()) };
    format!("reading{open}{waited}{failed}")
}

fn failed(remote: &Remote, total: usize, now: Timestamp) -> (Tone, String) {
    let Some((part, fault)) = remote.faults.first_key_value() else { return (Tone::Bad, "failed".into()) };
    let more = match remote.faults.len() {
        1 => String::new(),
        several => format!(" and {} more", several - 1),
    };
    let what = format!("{} {}{more}", place(part, fault), fault.title());
    let tone = if remote.faults.values().all(Fault::is_denied) { Tone::Denied } else { Tone::Bad };
    match remote.fresh {
        Some(fresh) if total > 0 => (Tone::Stale, format!("as of {} ago: {what}", age(fresh, now))),
        _ if total > 0 => (tone, format!("partial: {what}")),
        _ => (tone, what),
    }
}

/// Where a fault happened: the part, unless the title names the call already.
fn place(part: &str, fault: &Fault) -> String {
    let part = crate::domain::text::clean(part);
    if fault.is_denied() && part == fault.call { String::new() } else { format!("{part}:") }
}

/// What to say in the place of rows where there are none.
pub fn long(remote: &Remote, noun: &str, total: usize, query: &str, now: Timestamp) -> Vec<Line> {
    if total > 0 {
        let query = crate::domain::text::clean(query);
        return vec![
            Line::plain(format!("None of {} {noun} matches {query:?}.", count(total))),
            Line::plain("esc shows all of them again."),
        ];
    }
    match &remote.phase {
        Phase::NotAsked => vec![Line::plain(format!("The {noun} have not been read yet."))],
        Phase::Loading { .. } => vec![Line::plain(format!("Reading {noun} from AWS…"))],
        Phase::Complete { at } => {
            vec![Line::plain(format!("There are no {noun}.")), Line::plain(format!("Read completely {} ago.", age(*at, now)))]
        }
        Phase::Stopped { .. } => vec![Line::plain(format!("Stopped before any {noun} arrived."))],
        Phase::Failed { .. } => remote.faults.iter().flat_map(|(part, fault)| explain(part, fault)).collect(),
    }
}

/// A fault in full: what, where, AWS's own words, and what to do next.
pub fn explain(part: &str, fault: &Fault) -> Vec<Line> {
    let tone = if fault.is_denied() { Tone::Denied } else { Tone::Bad };
    let mut lines = vec![Line::default().with(&fault.title(), tone)];
    let mut facts: Vec<String> =
        [fault.call.as_str(), fault.region.as_str()].map(|fact| crate::domain::text::clean(fact).into_owned()).into();
    if part != fault.call && part != fault.region {
        facts.insert(0, crate::domain::text::clean(part).into_owned());
    }
    facts.retain(|fact| !fact.is_empty());
    if !facts.is_empty() {
        lines.push(Line::default().with(&facts.join(" in "), Tone::Muted));
    }
    if !fault.message.is_empty() {
        lines.push(Line::plain(fault.message.shown_within(400).as_str()));
    }
    lines.push(Line::default().with("Next: ", Tone::Muted).with(&fault.advice(), Tone::Plain));
    lines.push(Line::default());
    lines
}

/// A number with separators of thousands.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
