//! Numbers with units, ages and times, as they are typed.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// Units with their size; an empty name: a bare number may be written.
pub(super) type Units = [(&'static str, f64)];

pub(super) const NUMBER: [(&str, f64); 1] = [("", 1.0)];
pub(super) const SIZES: [(&str, f64); 10] = [
    ("", 1.0),
    ("b", 1.0),
    ("k", 1e3),
    ("kb", 1e3),
    ("m", 1e6),
    ("mb", 1e6),
    ("gb", 1e9),
    ("kib", 1024.0),
    ("mib", 1_048_576.0),
    ("gib", 1_073_741_824.0),
];
pub(super) const TIMES: [(&str, f64); 8] = [
    ("ms", 0.001),
    ("s", 1.0),
    ("m", 60.0),
    ("min", 60.0),
    ("h", 3600.0),
    ("d", 86_400.0),
    ("w", 7.0 * 86_400.0),
    ("y", 365.0 * 86_400.0),
];

/// A number with its unit, and the size of its last unit where that is one of time.
pub(super) struct Length {
    /// How much it is.
    pub(super) at: f64,
    /// The size of its last unit, 0 where that is none of time.
    pub(super) step: f64,
}

/// Reads `90d`, `1d12h`, `1.5h`, `-3d`, or a bare number where the units have one.
pub(super) fn length(text: &str, units: &Units) -> Option<Length> {
    let (sign, mut rest) = text.strip_prefix('-').map_or((1.0, text), |rest| (-1.0, rest));
    let (mut at, mut step) = (0.0, 0.0);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (_, size) = units.iter().find(|(name, _)| Some(*name) == rest.get(..letters))?;
        rest = rest.get(letters..)?;
        at += if *size == 0.001 { number / 1000.0 } else { number * size };
        step = if units.first().is_some_and(|(name, _)| name.is_empty()) { 0.0 } else { *size };
    }
    at.is_finite().then_some(Length { at: sign * at, step })
}

/// What is written as a time, from its beginning to its end: a day is 24 hours long. Without a zone it is UTC.
pub(super) fn instant(text: &str) -> Option<(Timestamp, Timestamp)> {
    let upper = text.to_uppercase();
    let utc = |at: DateTime| at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
    let span = |at: DateTime, length: jiff::Span| Some((utc(at)?, utc(at.checked_add(length).ok()?)?));
    if let Ok(at) = upper.parse::<Timestamp>() {
        return Some((at, at.checked_add(step_of(&upper)).ok()?));
    }
    let civil = upper.strip_suffix('Z').unwrap_or(&upper);
    match civil.split_once('T') {
        Some((_, time)) => {
            let padded = if time.len() == 2 { format!("{civil}:00") } else { civil.to_owned() };
            let length = match time.len() {
                2 => 1.hour(),
                5 => 1.minute(),
                _ => 1.second(),
            };
            span(padded.parse().ok()?, length)
        }
        None if civil.len() == 7 => {
            let first: Date = format!("{civil}-01").parse().ok()?;
            span(first.at(0, 0, 0, 0), 1.month())
        }
        None if civil.len() == 10 => span(civil.parse::<Date>().ok()?.at(0, 0, 0, 0), 1.day()),
        None => None,
    }
}

/// A time without seconds is a minute long.
fn step_of(text: &str) -> jiff::SignedDuration {
    let colons =
        text.split_once('T').map_or(0, |(_, time)| time.split(['Z', '+', '-']).next().unwrap_or_default().matches(':').count());
    if colons < 2 { jiff::SignedDuration::from_mins(1) } else { jiff::SignedDuration::from_secs(1) }
}

/// Whether a text could be a piece of a time as exports write it: one digit is a piece of every time.
pub(super) fn could_be_of_a_time(text: &str) -> bool {
    text.contains(['-', ':'])
        && text.chars().any(|character| character.is_ascii_digit())
        && text.chars().all(|character| "0123456789-:tz.".contains(character))
}
