//! From a typed value to what is wanted, by the kind of the field; what the field can never have is refused.

use super::QueryError;
use super::amount::{NUMBER, SIZES, TIMES, Units, instant, length};
use super::field::{Kind, Spec, Unsure};
use super::parse::Operator;
use super::scan::Word;
use super::tree::{End, How, Interval, Network, Want};
use crate::kit::source::did_you_mean;

const UNSURE: [Unsure; 4] = [Unsure::Unknown, Unsure::Denied, Unsure::Failed, Unsure::Loading];

/// What `FIELD=WORD` wants: any of the answers.
pub(super) fn wanted(word: &Word, field: &Spec, how: How) -> Result<Vec<Want>, QueryError> {
    let small = word.small();
    let mut wants = if word.literal { Vec::new() } else { special(&small, field) };
    if small.is_empty() && field.optional {
        wants.push(Want::Absent(None));
    }
    match valued(word, &small, field) {
        Ok(want) => {
            // A range that nothing lies in is as wrong with `!=`, but one outside of the bounds is only wrong with `=`.
            if let (Want::Number(interval), How::Is) = (&want, how) {
                within_bounds(interval, field)?;
            }
            wants.push(want);
        }
        Err(error) if wants.is_empty() => return Err(error),
        Err(_) => {}
    }
    Ok(wants)
}

/// Words for what is not known and what is not there.
fn special(small: &str, field: &Spec) -> Vec<Want> {
    let mut wants = Vec::new();
    if field.fact {
        match small {
            "unknown" | "?" => wants.push(Want::Unsure(None)),
            "…" => wants.push(Want::Unsure(Some(Unsure::Loading))),
            _ => wants.extend(UNSURE.into_iter().filter(|why| why.word() == small).map(|why| Want::Unsure(Some(why)))),
        }
    }
    if field.optional {
        match small {
            "none" | "–" | "-" => wants.push(Want::Absent(None)),
            "never" => wants.push(Want::Absent(Some("never".to_owned()))),
            _ => {}
        }
    }
    wants
}

fn valued(word: &Word, small: &str, field: &Spec) -> Result<Want, QueryError> {
    if field.forms.iter().any(|form| with_numbers_as_signs(small) == form.to_lowercase()) {
        return Ok(Want::Text(small.to_owned()));
    }
    match field.kind {
        Kind::Text | Kind::Id => Ok(pattern(word).unwrap_or_else(|| Want::Text(small.to_owned()))),
        Kind::Words(all) => one_of(small, all, field),
        Kind::OpenWords(_) if word.literal => Ok(Want::Text(small.to_owned())),
        Kind::OpenWords(all) => one_of(small, all, field),
        Kind::Address { names } => match (Network::parse(small), pattern(word)) {
            (Some(network), _) => Ok(Want::Network(network)),
            (None, Some(pattern)) => Ok(pattern),
            (None, None) if names && !looks_like_an_address(small) => Ok(Want::Text(small.to_owned())),
            (None, None) => Err(no_network(small)),
        },
        Kind::Time => time(word, field),
        Kind::Number { .. } | Kind::Bands(_) | Kind::Bytes | Kind::Duration => numbers(word, field).map(Want::Number),
    }
}

/// A word of those that there are.
fn one_of(small: &str, all: &[&str], field: &Spec) -> Result<Want, QueryError> {
    let known = |word: &str| all.iter().any(|known| known.eq_ignore_ascii_case(word));
    let meant = match small {
        "true" if known("yes") => "yes",
        "false" if known("no") => "no",
        word => word,
    };
    if known(meant) { Ok(Want::Text(meant.to_owned())) } else { Err(impossible(small, field)) }
}

/// The text with `*` for anything, where there is one outside of quotation marks.
fn pattern(word: &Word) -> Option<Want> {
    let pieces = word.split('*');
    (pieces.len() > 1).then(|| Want::Pattern(pieces.iter().map(Word::small).collect()))
}

/// `3 of 4 active` as `# of # active`.
fn with_numbers_as_signs(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if !character.is_ascii_digit() {
            out.push(character);
        } else if !out.ends_with('#') {
            out.push('#');
        }
    }
    out
}

/// What `FIELD:WORD` wants: that it occurs in the value.
pub(super) fn piece(word: &Word, field: &Spec) -> Result<Want, QueryError> {
    let text = word.small();
    if can_occur(&text, field) { Ok(Want::Piece { text, time: true }) } else { Err(impossible(&text, field)) }
}

fn can_occur(text: &str, field: &Spec) -> bool {
    let mut words: Vec<String> = field.forms.iter().map(|form| form.to_lowercase()).collect();
    if field.optional {
        words.extend(["never", "none", "–"].map(ToOwned::to_owned));
    }
    if field.fact {
        words.extend(["?", "unknown", "denied", "failed", "loading"].map(ToOwned::to_owned));
    }
    let only = |of: &str| text.chars().all(|character| of.contains(character));
    let as_it_is = match field.kind {
        Kind::Text | Kind::Id | Kind::OpenWords(_) | Kind::Address { names: true } => true,
        Kind::Words(all) => {
            words.extend(all.iter().map(|word| word.to_lowercase()));
            false
        }
        Kind::Bands(bands) => {
            words.extend(bands.iter().map(|(word, ..)| (*word).to_owned()));
            only("0123456789. ") || bands.iter().any(|(word, ..)| format!("0123456789. {word}").contains(text))
        }
        Kind::Number { .. } => only("0123456789."),
        Kind::Bytes | Kind::Duration => only("0123456789. :bkmgtihs"),
        Kind::Time => only("0123456789-:tz."),
        Kind::Address { names: false } => only("0123456789abcdef.:%"),
    };
    as_it_is || words.iter().any(|word| word.contains(text) || word.contains(&with_numbers_as_signs(text)))
}

/// Whether `<` and `>` mean something for the field.
pub(super) fn can_be_compared(field: &Spec) -> bool {
    let is_ordered = !matches!(field.kind, Kind::Text | Kind::Id | Kind::Words(_) | Kind::OpenWords(_) | Kind::Address { .. });
    is_ordered || field.list
}

/// What `FIELD<WORD` and the like want.
pub(super) fn compared(word: &Word, field: &Spec, operator: Operator) -> Result<Want, QueryError> {
    if !can_be_compared(field) {
        return Err(QueryError::new(format!(
            "{} is no number and no time, so it cannot be compared by {}; it takes =, !=, : and in (…)",
            field.id,
            operator.sign()
        )));
    }
    if field.list {
        let interval = beside(operator, amount(word, field, &NUMBER)?);
        within(&interval, 0.0, f64::MAX, field)?;
        return Ok(Want::Count(interval));
    }
    let text = word.small();
    match field.kind {
        Kind::Time => match (length(&text, &TIMES), instant(&text)) {
            (Some(age), _) => Ok(Want::Age(beside(operator, (age.at, age.at)))),
            (None, Some((start, end))) => Ok(match operator {
                Operator::Less => Want::Between(None, Some(start)),
                Operator::AtMost => Want::Between(None, Some(end)),
                Operator::More => Want::Between(Some(end), None),
                _ => Want::Between(Some(start), None),
            }),
            (None, None) => Err(no_amount(&text, field)),
        },
        Kind::Bands(bands) => {
            let interval = match bands.iter().find(|(name, ..)| name.eq_ignore_ascii_case(&text)) {
                Some(&(_, from, to)) => match operator {
                    Operator::Less => below(from, false),
                    Operator::AtMost if is_last(bands, to) => below(to, true),
                    Operator::AtMost => below(to, false),
                    Operator::More if is_last(bands, to) => above(to, false),
                    Operator::More => above(to, true),
                    _ => above(from, true),
                },
                None => beside(operator, amount(word, field, &NUMBER)?),
            };
            within_bounds(&interval, field)?;
            Ok(Want::Number(interval))
        }
        _ => {
            let interval = beside(operator, amount(word, field, units(field))?);
            within_bounds(&interval, field)?;
            Ok(Want::Number(interval))
        }
    }
}

fn is_last(bands: &[(&str, f64, f64)], to: f64) -> bool {
    bands.iter().all(|(_, _, other)| *other <= to)
}

fn above(at: f64, included: bool) -> Interval {
    Interval { from: Some(End { at, included }), to: None }
}

fn below(at: f64, included: bool) -> Interval {
    Interval { from: None, to: Some(End { at, included }) }
}

/// The numbers on one side of an amount.
fn beside(operator: Operator, (from, to): (f64, f64)) -> Interval {
    match operator {
        Operator::Less => below(from, false),
        Operator::AtMost => below(to, true),
        Operator::More => above(to, false),
        _ => above(from, true),
    }
}

/// A number, a word for a range of them, or a range of either.
fn numbers(word: &Word, field: &Spec) -> Result<Interval, QueryError> {
    let Some((from, to)) = word.range() else { return exactly(word, field) };
    let (from, to) = ends(&from, &to, field, |word| exactly(word, field))?;
    let interval = Interval { from: from.and_then(|part| part.from), to: to.and_then(|part| part.to) };
    not_empty(interval.is_empty(), word)?;
    Ok(interval)
}

/// The two ends of a range, of which one may be left out.
fn ends<T>(
    from: &Word,
    to: &Word,
    field: &Spec,
    read: impl Fn(&Word) -> Result<T, QueryError>,
) -> Result<(Option<T>, Option<T>), QueryError> {
    if from.is_missing() && to.is_missing() {
        return Err(QueryError::new(format!("a range of {} lacks both of its ends{}", field.id, there_are(field))));
    }
    let end = |word: &Word| if word.is_missing() { Ok(None) } else { read(word).map(Some) };
    Ok((end(from)?, end(to)?))
}

fn not_empty(is_empty: bool, word: &Word) -> Result<(), QueryError> {
    if is_empty {
        return Err(QueryError::new(format!("nothing lies in the range {}: it ends before it begins", word.text())));
    }
    Ok(())
}

fn exactly(word: &Word, field: &Spec) -> Result<Interval, QueryError> {
    let small = word.small();
    if let Kind::Bands(bands) = field.kind
        && let Some(&(_, from, to)) = bands.iter().find(|(name, ..)| name.eq_ignore_ascii_case(&small))
    {
        return Ok(Interval { to: Some(End { at: to, included: is_last(bands, to) }), ..above(from, true) });
    }
    let units = units(field);
    let (from, to) = amount(word, field, units)?;
    // `took=3s` is every length that is written so.
    let step = length(&small, units).map_or(0.0, |length| length.step);
    let to = if step > 0.0 { End { at: from + step, included: false } } else { End { at: to, included: true } };
    Ok(Interval { to: Some(to), ..above(from, true) })
}

fn units(field: &Spec) -> &'static Units {
    match field.kind {
        Kind::Bytes => &SIZES,
        Kind::Duration | Kind::Time => &TIMES,
        _ => &NUMBER,
    }
}

fn amount(word: &Word, field: &Spec, units: &Units) -> Result<(f64, f64), QueryError> {
    let small = word.small();
    match length(&small, units) {
        Some(length) => Ok((length.at, length.at)),
        None => Err(no_amount(&small, field)),
    }
}

fn no_amount(small: &str, field: &Spec) -> QueryError {
    if small.parse::<f64>().is_ok() {
        QueryError::new(format!("{small} of what? {} takes {}", field.id, field.values()))
    } else {
        impossible(small, field)
    }
}

/// An age, a time, or a range of either.
fn time(word: &Word, field: &Spec) -> Result<Want, QueryError> {
    let small = word.small();
    let Some((from, to)) = word.range() else {
        return match (length(&small, &TIMES), instant(&small)) {
            (Some(age), _) => {
                let to = End { at: age.at + age.step, included: false };
                Ok(Want::Age(Interval { to: Some(to), ..above(age.at, true) }))
            }
            (None, Some((start, end))) => Ok(Want::Between(Some(start), Some(end))),
            (None, None) => Err(no_amount(&small, field)),
        };
    };
    let is_age = |word: &Word| word.is_missing() || length(&word.small(), &TIMES).is_some();
    if is_age(&from) && is_age(&to) {
        let (from, to) = ends(&from, &to, field, |word| amount(word, field, &TIMES))?;
        let end = |at: (f64, f64)| End { at: at.0, included: true };
        let interval = Interval { from: from.map(end), to: to.map(end) };
        not_empty(interval.is_empty(), word)?;
        return Ok(Want::Age(interval));
    }
    let read = |word: &Word| instant(&word.small()).ok_or_else(|| impossible(&word.small(), field));
    let (from, to) = ends(&from, &to, field, read)?;
    let (start, end) = (from.map(|(start, _)| start), to.map(|(_, end)| end));
    not_empty(start.zip(end).is_some_and(|(start, end)| start >= end), word)?;
    Ok(Want::Between(start, end))
}

fn within_bounds(interval: &Interval, field: &Spec) -> Result<(), QueryError> {
    match field.kind {
        Kind::Number { least, most } => within(interval, least, most, field),
        Kind::Bands(bands) => {
            let least = bands.iter().map(|band| band.1).fold(f64::MAX, f64::min);
            let most = bands.iter().map(|band| band.2).fold(f64::MIN, f64::max);
            within(interval, least, most, field)
        }
        Kind::Bytes | Kind::Duration => within(interval, 0.0, f64::MAX, field),
        _ => Ok(()),
    }
}

fn within(interval: &Interval, least: f64, most: f64, field: &Spec) -> Result<(), QueryError> {
    let bounds = Interval { from: Some(End { at: least, included: true }), to: Some(End { at: most, included: true }) };
    if !interval.and(&bounds).is_empty() {
        return Ok(());
    }
    let reach = if most < f64::MAX { format!("goes from {least} to {most}") } else { format!("is never below {least}") };
    Err(QueryError::new(format!("no row can match: {} {reach}", field.id)))
}

fn impossible(word: &str, field: &Spec) -> QueryError {
    let known: Vec<String> = match field.kind {
        Kind::Words(all) | Kind::OpenWords(all) => all.iter().map(|known| known.to_lowercase()).collect(),
        Kind::Bands(bands) => bands.iter().map(|(name, ..)| (*name).to_owned()).collect(),
        _ => Vec::new(),
    };
    let near = did_you_mean(word, known.iter().map(String::as_str));
    let other = match field.kind {
        Kind::OpenWords(_) => "; a word that AWS has added goes in quotation marks",
        _ => "",
    };
    QueryError::new(format!("{} is never {word:?}{}{other}{near}", field.id, there_are(field)))
}

/// The values that there are, as the end of a sentence.
pub(super) fn there_are(field: &Spec) -> String {
    let values = field.values();
    if values.is_empty() { String::new() } else { format!("; it takes {values}") }
}

/// Whether somebody who writes this means an address.
fn looks_like_an_address(text: &str) -> bool {
    looks_like_a_network(text) || (!text.is_empty() && text.chars().all(|character| "0123456789.".contains(character)))
}

/// Whether somebody who writes this means a network: an address, `/`, and digits.
pub(super) fn looks_like_a_network(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, bits)| {
        address.parse::<core::net::IpAddr>().is_ok() && bits.chars().all(|character| character.is_ascii_digit())
    })
}

pub(super) fn no_network(text: &str) -> QueryError {
    QueryError::new(format!(
        "{text:?} is no address and no network; write 203.0.113.7, 203.0.113.0/24, 2001:db8::1 or 2001:db8::/32"
    ))
}
