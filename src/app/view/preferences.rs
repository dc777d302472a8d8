//! What the window before a shell says about logs and encryption: the preferences of Session Manager in the node's region.

use crate::domain::known::Known;
use crate::domain::preferences::Preferences;
use crate::domain::text::Untrusted;
use crate::kit::table::{Cell, Tone, fact_in_words};

/// The most characters of a name that are shown.
const NAME: usize = 40;

/// The lines, each with its label; a label that is empty goes on with the one above.
pub(super) fn lines(known: &Known<Option<Preferences>>) -> Vec<(&'static str, Cell)> {
    let tone = match known {
        Known::Value { value: Some(preferences), .. } => return read(preferences),
        Known::Value { value: None, .. } => Tone::Warning,
        Known::Unknown => Tone::Unknown,
        Known::Loading => Tone::Loading,
        Known::Denied { .. } => Tone::Denied,
        Known::Failed { .. } => Tone::Bad,
    };
    let words = match known {
        Known::Loading => "reading…".to_owned(),
        known => fact_in_words(known, |_| "the region has no preferences: nothing is logged".into()),
    };
    let encryption = if known.value().is_some() { Cell::muted(TLS) } else { Cell::new(words.clone(), tone) };
    vec![("logging", Cell::new(words, tone)), ("encryption", encryption)]
}

/// What is said where no key of the account encrypts a shell.
const TLS: &str = "TLS, and no key of the account";

fn read(preferences: &Preferences) -> Vec<(&'static str, Cell)> {
    let name = |name: &Untrusted| name.shown_within(NAME).into_string();
    let sealed = |has_to_be: Option<bool>| match has_to_be {
        Some(true) => ", which has to be encrypted",
        Some(false) => ", encrypted or not",
        None => "",
    };
    let group = preferences
        .log_group
        .as_ref()
        .map(|group| format!("log group {}{}", name(group), sealed(preferences.log_group_is_encrypted)));
    let bucket =
        preferences.bucket.as_ref().map(|bucket| format!("bucket {}{}", name(bucket), sealed(preferences.bucket_is_encrypted)));
    let places: Vec<String> = group.into_iter().chain(bucket).collect();
    let mut lines: Vec<(&'static str, Cell)> = Vec::new();
    for place in places {
        let label = if lines.is_empty() { "logging" } else { "" };
        lines.push((label, Cell::plain(place)));
    }
    if lines.is_empty() {
        lines.push(("logging", Cell::new("off", Tone::Warning)));
    }
    let key = preferences.key.as_ref();
    lines.push(("encryption", key.map_or_else(|| Cell::muted(TLS), |key| Cell::plain(format!("key {}", name(key))))));
    let idle = preferences.idle_minutes.as_ref();
    lines.extend(idle.map(|idle| ("idle", Cell::plain(format!("ends after {} minutes", idle.shown_within(8))))));
    if preferences.runs_profile {
        lines.push(("profile", Cell::plain("the account's own commands run first")));
    }
    lines
}
