//! Reading one keymap file.

use std::ops::Range;

use toml::de::DeValue;

use super::{Catalogue, ScopeName, key};
use crate::kit::input::Key;
use crate::kit::source::{Problem, Source, did_you_mean};

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) entries: Vec<Entry>,
    /// Scopes that start empty.
    pub(super) cleared: Vec<ScopeName>,
    pub(super) problems: Vec<Problem>,
}

/// One line of a file.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) scope: ScopeName,
    pub(super) keys: Vec<Key>,
    /// `None` unbinds.
    pub(super) id: Option<&'static str>,
    /// Where the key stands in the file.
    pub(super) place: Range<usize>,
}

/// Words that may stand above the scopes. `inherits` is accepted for the built-in keymap, on which every file rests anyway.
const HEADINGS: [&str; 2] = ["name", "inherits"];

pub(super) fn read(source: &Source<'_>, catalogue: &Catalogue) -> Layer {
    let mut layer = Layer::default();
    let table = match source.toml() {
        Ok(table) => table,
        Err(problem) => {
            layer.problems.push(problem);
            return layer;
        }
    };
    for (name, value) in table.get_ref() {
        let result = match (value.get_ref(), name.get_ref().as_ref()) {
            (DeValue::Table(bindings), name_text) => match catalogue.scope(name_text) {
                Some(scope) => {
                    layer.scope(source, catalogue, scope, bindings);
                    Ok(())
                }
                None => Err((
                    name.span(),
                    format!("there is no scope {name_text:?}{}", {
                        did_you_mean(name_text, catalogue.specs.values().map(|spec| spec.scope))
                    }),
                )),
            },
            (DeValue::String(base), "inherits") if base != "default" => {
                Err((value.span(), format!("there is no keymap {base:?} to inherit from; there is \"default\"")))
            }
            (DeValue::String(_), heading) if HEADINGS.contains(&heading) => Ok(()),
            (_, other) => Err((name.span(), format!("{other:?} is no scope and none of {HEADINGS:?}"))),
        };
        layer.problems.extend(result.err().map(|(place, message)| source.error(place, message)));
    }
    layer.entries.sort_by_key(|entry| entry.place.start);
    layer
}

impl Layer {
    fn scope(&mut self, source: &Source<'_>, catalogue: &Catalogue, scope: ScopeName, bindings: &toml::de::DeTable<'_>) {
        for (keys, value) in bindings {
            if let ("clear", DeValue::Boolean(clear)) = (keys.get_ref().as_ref(), value.get_ref()) {
                self.cleared.extend(clear.then_some(scope));
                continue;
            }
            let id = match value.get_ref() {
                DeValue::String(id) => find(id, scope, catalogue).map(Some).map_err(|message| (value.span(), message)),
                DeValue::Boolean(false) => Ok(None),
                _ => Err((value.span(), "an action's id or false is wanted here".to_owned())),
            };
            let read =
                key::parse_sequence(keys.get_ref()).map_err(|message| (keys.span(), message)).and_then(|keys| Ok((keys, id?)));
            match read {
                Ok((sequence, id)) => self.entries.push(Entry { scope, keys: sequence, id, place: keys.span() }),
                Err((place, message)) => self.problems.push(source.error(place, message)),
            }
        }
    }
}

/// The action, if it exists and can be run from this scope.
fn find(id: &str, scope: ScopeName, catalogue: &Catalogue) -> Result<&'static str, String> {
    let Some(spec) = catalogue.get(id) else {
        return Err(format!("there is no action {id:?}{}", did_you_mean(id, catalogue.specs.keys().copied())));
    };
    if spec.scope == scope || super::check::outer(scope).contains(&spec.scope) {
        Ok(spec.id)
    } else {
        Err(format!("{id:?} cannot be run from [{scope}]: it works in [{}]", spec.scope))
    }
}
