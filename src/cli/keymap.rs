//! `bartizan keymap`: the keys in effect, and whether a keymap file is right.

use std::io::Write as _;
use std::path::Path;

use super::{Failure, output};
use crate::config::{Config, paths};
use crate::kit::keymap::{Catalogue, Keymap, show_sequence};
use crate::kit::source::{Problem, Source, Weight};

/// The keys in effect for these settings, and what is wrong with their files.
pub(super) fn effective(config: &Config) -> (Keymap, Vec<Problem>) {
    let catalogue = catalogue();
    let file = config.keymap.value.clone().or_else(|| paths::keymap_file().filter(|path| path.exists()));
    let Some(path) = file else { return Keymap::built_in(&catalogue) };
    let name = path.display().to_string();
    match read(&path) {
        Ok(text) => Keymap::layered(&catalogue, &[Source { file: &name, text: &text }]),
        Err(problem) => {
            let (keymap, mut problems) = Keymap::built_in(&catalogue);
            problems.push(problem);
            (keymap, problems)
        }
    }
}

/// Every action that there is.
pub(super) fn catalogue() -> Catalogue {
    Catalogue::new(crate::app::actions::shared().chain(crate::panes::catalogue()))
}

/// Prints each key: scope, keys, action, what it does.
pub(super) fn print(config: &Config) -> Result<(), Failure> {
    let catalogue = catalogue();
    let (keymap, problems) = effective(config);
    let mut out = output::out();
    for binding in keymap.bindings() {
        let help = catalogue.get(binding.id).map_or("", |spec| spec.help);
        writeln!(out, "{:<9} {:<12} {:<24} {help}", binding.scope, show_sequence(&binding.keys), binding.id)?;
    }
    report(&problems)
}

/// Checks a file against the built-in keys.
pub(super) fn check(path: &Path) -> Result<(), Failure> {
    let text = read(path).map_err(|problem| Failure::Usage(problem.to_string()))?;
    let name = path.display().to_string();
    let (_, problems) = Keymap::layered(&catalogue(), &[Source { file: &name, text: &text }]);
    for note in problems.iter().filter(|problem| problem.file == name && problem.weight == Weight::Note) {
        output::say(&format!("note: {note}"));
    }
    report(&problems)?;
    writeln!(output::out(), "the keymap is right")?;
    Ok(())
}

/// Prints warnings on standard error; an error is a failure.
pub(super) fn report(problems: &[Problem]) -> Result<(), Failure> {
    for warning in problems.iter().filter(|problem| problem.weight == Weight::Warning) {
        output::say(&format!("warning: {warning}"));
    }
    let errors: Vec<_> = problems.iter().filter(|problem| problem.weight == Weight::Error).collect();
    match errors.as_slice() {
        [] => Ok(()),
        errors => Err(Failure::Job(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))),
    }
}

pub(super) fn read(path: &Path) -> Result<String, Problem> {
    crate::files::read_own(path).map_err(|error| Problem {
        weight: Weight::Error,
        file: path.display().to_string(),
        line: 0,
        column: 0,
        message: format!("cannot be read: {error}"),
    })
}
