//! What can be wrong with a keymap whose lines are right one by one.

use super::layer::{Entry, Layer};
use super::{Catalogue, FIELD, Keymap, MODAL, ScopeName, key};
use crate::kit::action::Danger;
use crate::kit::input::{Code, Key};
use crate::kit::source::{Problem, Source, Weight};

/// The scopes that stay open around a scope, innermost first.
pub(super) fn outer(scope: ScopeName) -> &'static [ScopeName] {
    match scope {
        "app" => &[],
        "list" | "text" | "overlay" | "field" => &["app"],
        "menu" | "confirm" => &["field", "app"],
        // A pane's actions work on its list, and while its detail is read.
        _ => &["list", "app"],
    }
}

/// Everything that is wrong with the lines of `layer` in the map that they are part of now.
pub(super) fn all(keymap: &Keymap, layer: &Layer, source: &Source<'_>, catalogue: &Catalogue) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (position, entry) in layer.entries.iter().enumerate() {
        let mut report = |weight, message: String| problems.push(source.problem(weight, entry.place.clone(), message));
        let earlier = layer.entries.get(..position).unwrap_or_default();
        if earlier.iter().any(|other| other.scope == entry.scope && other.keys == entry.keys) {
            report(Weight::Error, format!("{} is bound twice in [{}]", key::show_sequence(&entry.keys), entry.scope));
        }
        if entry.id.is_some() {
            prefixes(keymap, entry, &mut report);
            shadows(keymap, entry, catalogue, &mut report);
            typing(entry, &mut report);
            dangers(entry, catalogue, &mut report);
        }
    }
    problems
}

/// A key that is also the beginning of another binding could never be told from it.
fn prefixes(keymap: &Keymap, entry: &Entry, report: &mut impl FnMut(Weight, String)) {
    for other in keymap.bindings().iter().filter(|other| other.scope == entry.scope && other.keys != entry.keys) {
        let (short, long) =
            if other.keys.len() < entry.keys.len() { (&other.keys, &entry.keys) } else { (&entry.keys, &other.keys) };
        if long.starts_with(short) {
            let (short, long) = (key::show_sequence(short), key::show_sequence(long));
            report(
                Weight::Error,
                format!("\"{short}\" is bound in [{}] and is also how \"{long}\" begins: unbind one of them", entry.scope),
            );
        }
    }
}

/// The same key in an inner and in an outer scope: fine where both are harmless.
fn shadows(keymap: &Keymap, entry: &Entry, catalogue: &Catalogue, report: &mut impl FnMut(Weight, String)) {
    if MODAL.contains(&entry.scope) && !entry.keys.first().is_some_and(passes) {
        return;
    }
    for other in keymap.bindings().iter().filter(|other| other.keys == entry.keys && Some(other.id) != entry.id) {
        let nested = outer(entry.scope).contains(&other.scope) || outer(other.scope).contains(&entry.scope);
        if nested {
            let dangerous = |id: &str| catalogue.get(id).is_some_and(|spec| spec.danger != Danger::Safe);
            let danger = dangerous(other.id) || entry.id.is_some_and(dangerous);
            let keys = key::show_sequence(&entry.keys);
            let weight = if danger { Weight::Error } else { Weight::Note };
            report(
                weight,
                format!(
                    "\"{keys}\" means {} in [{}] and {} in [{}]",
                    entry.id.unwrap_or_default(),
                    entry.scope,
                    other.id,
                    other.scope
                ),
            );
        }
    }
}

/// Characters never reach the bindings of a field.
fn typing(entry: &Entry, report: &mut impl FnMut(Weight, String)) {
    if let [Key { code: Code::Char(character), ctrl: false, alt: false }, ..] = entry.keys.as_slice()
        && entry.scope == FIELD
    {
        report(Weight::Error, format!("\"{character}\" is text in a field: bind a ctrl- or alt- key"));
    }
}

/// A bare letter is pressed by accident too easily for anything that changes something.
fn dangers(entry: &Entry, catalogue: &Catalogue, report: &mut impl FnMut(Weight, String)) {
    let dangerous = entry.id.and_then(|id| catalogue.get(id)).is_some_and(|spec| spec.danger > Danger::Reversible);
    if dangerous && let [Key { code: Code::Char('a'..='z'), ctrl: false, alt: false }] = entry.keys.as_slice() {
        report(Weight::Warning, "a bare small letter runs an action that changes something at AWS".into());
    }
}

fn passes(key: &Key) -> bool {
    key.ctrl || key.code == Code::Esc
}
