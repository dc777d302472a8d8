//! Whether a row is what was asked for: the one evaluator of the one tree.

use core::net::IpAddr;
use std::borrow::Cow;

use jiff::Timestamp;

use super::field::{Field, Unsure, Value};
use super::tree::{Expr, How, Test, Want};
use crate::domain::age::utc;
use crate::domain::text::clean;
use crate::kit::table::Row;

pub(super) fn holds<R: Row>(expr: &Expr, row: &R, now: Timestamp) -> bool {
    match expr {
        Expr::And(parts) => parts.iter().all(|part| holds(part, row, now)),
        Expr::Or(parts) => parts.iter().any(|part| holds(part, row, now)),
        Expr::Not(part) => !holds(part, row, now),
        Expr::Test(test) => asked(test, row, now),
    }
}

fn asked<R: Row>(test: &Test, row: &R, now: Timestamp) -> bool {
    let Some(field) = test.field else {
        let mut searched = R::FIELDS.iter().filter(|field| field.spec.searched);
        return searched.any(|field| match field.of(row) {
            // What is not known yet has no words for a search: `own` does not mean `unknown`.
            Value::Unsure(Unsure::Unknown | Unsure::Loading) => {
                test.wants.iter().any(|want| matches!(want, Want::Piece { text, .. } if text == "?"))
            }
            value => wanted(&value, &test.wants, now) == Some(true),
        });
    };
    let Some(field): Option<&Field<R>> = R::FIELDS.get(field) else { return false };
    let answer = wanted(&field.of(row), &test.wants, now);
    match test.how {
        How::Is => answer == Some(true),
        How::IsNot => answer == Some(false),
    }
}

/// Whether the value is one of those wanted; `None`: nobody knows.
fn wanted(value: &Value<'_>, wants: &[Want], now: Timestamp) -> Option<bool> {
    if wants.iter().any(|want| is(value, want, now)) {
        return Some(true);
    }
    let only_about_knowing = wants.iter().all(|want| matches!(want, Want::Unsure(_)));
    if matches!(value, Value::Unsure(_)) && !only_about_knowing { None } else { Some(false) }
}

fn is(value: &Value<'_>, want: &Want, now: Timestamp) -> bool {
    match (value, want) {
        (_, Want::Piece { text, time }) => occurs(value, text, *time),
        (Value::Unsure(why), Want::Unsure(wanted)) => wanted.is_none_or(|wanted| wanted == *why),
        (Value::Unsure(_), _) | (_, Want::Unsure(_)) => false,
        (Value::Texts(texts), Want::Count(interval)) => interval.holds(count(texts.len())),
        (Value::Absent(_), Want::Count(interval)) => interval.holds(0.0),
        (Value::Text(_) | Value::Shown(..), Want::Count(interval)) => interval.holds(1.0),
        (Value::Absent(_), Want::Absent(None)) => true,
        (Value::Absent(word), Want::Absent(Some(wanted))) => word == wanted,
        (Value::Absent(_), Want::Text(text)) => text.is_empty(),
        (Value::Text(text), want) => text_is(text, want),
        (Value::Shown(text, shown), want) => text_is(text, want) || text_is(shown, want),
        (Value::Texts(texts), want) => texts.iter().any(|text| text_is(text, want)),
        (Value::Number(number, _), Want::Number(interval)) => interval.holds(*number),
        (Value::Number(_, Some(text)), want) => text_is(text, want),
        (Value::Time(time), Want::Age(interval)) => interval.holds(now.duration_since(*time).as_secs_f64()),
        (Value::Time(time), Want::Between(from, to)) => from.is_none_or(|from| *time >= from) && to.is_none_or(|to| *time < to),
        _ => false,
    }
}

#[expect(clippy::cast_precision_loss, reason = "nothing here is counted to 2^53")]
fn count(length: usize) -> f64 {
    length as f64
}

/// Texts are compared as AWS gave them, and as they stand on screen where that is something else.
fn text_is(text: &str, want: &Want) -> bool {
    let holds = |text: &str| match want {
        Want::Text(wanted) => is_same(text, wanted),
        Want::Pattern(pieces) => has_form(&text.to_lowercase(), pieces),
        Want::Network(network) => text.parse::<IpAddr>().is_ok_and(|address| network.holds(address)),
        _ => false,
    };
    holds(text) || matches!(clean(text), Cow::Owned(shown) if holds(&shown))
}

fn is_same(text: &str, wanted: &str) -> bool {
    text.eq_ignore_ascii_case(wanted) || (!text.is_ascii() && text.to_lowercase() == wanted)
}

/// Whether the text is these pieces in this order, with anything between them.
fn has_form(text: &str, pieces: &[String]) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return text.is_empty() };
    let Some((last, middle)) = rest.split_last() else { return text == first };
    let Some(text) = text.strip_prefix(first.as_str()).and_then(|text| text.strip_suffix(last.as_str())) else { return false };
    middle.iter().try_fold(text, |text, piece| text.split_once(piece.as_str()).map(|(_, behind)| behind)).is_some()
}

/// Whether the text, in small letters, occurs in the value.
fn occurs(value: &Value<'_>, needle: &str, time: bool) -> bool {
    match value {
        Value::Text(text) => has(text, needle),
        Value::Shown(text, shown) => has(text, needle) || has(shown, needle),
        Value::Texts(texts) => texts.iter().any(|text| has(text, needle)),
        Value::Number(_, Some(text)) => has(text, needle),
        Value::Number(number, None) => has(&number.to_string(), needle),
        Value::Time(at) => time && has(&utc(*at), needle),
        Value::Absent(word) => has(word, needle),
        Value::Unsure(why) => needle == "?" || has(why.word(), needle),
    }
}

fn has(text: &str, needle: &str) -> bool {
    contains(text, needle) || matches!(clean(text), Cow::Owned(shown) if contains(&shown, needle))
}

/// Whether `text` contains `needle`, which is in small letters.
fn contains(text: &str, needle: &str) -> bool {
    if text.is_ascii() {
        let (text, needle) = (text.as_bytes(), needle.as_bytes());
        needle.is_empty() || text.windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle))
    } else {
        text.to_lowercase().contains(needle)
    }
}
