//! From what we know about a fact to what its cell says: the one place where unknown, denied, failed and on-its-way get their words.

use std::cmp::Ordering;

use super::{Cell, Tone};
use crate::domain::known::Known;

/// The cell of a fact: `?` where nobody knows, `denied` where AWS refused, `failed`, `…` while a call is under way, else what
/// `answer` makes of the value.
pub fn fact<T>(known: &Known<T>, answer: impl FnOnce(&T) -> Cell) -> Cell {
    match known {
        Known::Unknown => Cell::new("?", Tone::Unknown),
        Known::Loading => Cell::new("…", Tone::Loading),
        Known::Denied { .. } => Cell::new("denied", Tone::Denied),
        Known::Failed { .. } => Cell::new("failed", Tone::Bad),
        Known::Value { value, .. } => answer(value),
    }
}

/// The same in a sentence for the detail view, where there is room for the reason: `unknown`, `denied: iam:GetLoginProfile`, …
pub fn fact_in_words<T>(known: &Known<T>, answer: impl FnOnce(&T) -> String) -> String {
    match known {
        Known::Unknown => "unknown".into(),
        Known::Loading => "being read…".into(),
        Known::Denied { fault } | Known::Failed { fault } => fault.title(),
        Known::Value { value, .. } => answer(value),
    }
}

/// The cell of something that AWS may leave out.
pub fn optional<T>(value: Option<&T>, answer: impl FnOnce(&T) -> Cell) -> Cell {
    value.map_or_else(|| Cell::muted("–"), answer)
}

/// Compares two facts by their values; what is not known comes last.
pub fn compare_facts<T, K: Ord>(a: &Known<T>, b: &Known<T>, key: impl Fn(&T) -> K) -> Ordering {
    compare_optional(a.value().map(&key), b.value().map(&key))
}

/// Compares two values that may be missing; what is missing comes last.
pub fn compare_optional<K: Ord>(a: Option<K>, b: Option<K>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}
