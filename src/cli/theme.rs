//! `bartizan theme`: which themes there are, and whether a file is one.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{Failure, keymap, output};
use crate::config::{Config, paths};
use crate::kit::source::{Problem, Source};
use crate::theme::{self, Look, Surroundings};

/// The colours in effect for these settings; what is wrong with them is told, and the built-in ones stand in.
pub(super) fn effective(config: &Config) -> (Look, Vec<Problem>) {
    let surroundings = surroundings();
    let built_in = |problems| (Look::choose(None, &surroundings).unwrap_or_else(|_| Look::plain()), problems);
    let Some(name) = &config.theme.value else { return built_in(Vec::new()) };
    let look = match own(name) {
        Some(path) => from_file(&path, &surroundings),
        None => Look::choose(Some(name), &surroundings),
    };
    look.map_or_else(built_in, |look| (look, Vec::new()))
}

/// The file of a theme of one's own: a path, or a name in the folder of themes.
fn own(name: &str) -> Option<PathBuf> {
    if name.contains('/') || name.ends_with(".toml") {
        return Some(PathBuf::from(name));
    }
    paths::themes_dir().map(|folder| folder.join(format!("{name}.toml"))).filter(|path| path.exists())
}

fn from_file(path: &Path, surroundings: &Surroundings) -> Result<Look, Vec<Problem>> {
    let text = keymap::read(path).map_err(|problem| vec![problem])?;
    Look::from_file(&Source { file: &path.display().to_string(), text: &text }, surroundings)
}

/// Names the themes, built in and own.
pub(super) fn list() -> Result<(), Failure> {
    let mut out = output::out();
    for name in theme::names() {
        writeln!(out, "{name}")?;
    }
    let own = paths::themes_dir().and_then(|folder| folder.read_dir().ok());
    for entry in own.into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            writeln!(out, "{}", path.display())?;
        }
    }
    Ok(())
}

/// Prints a theme's file.
pub(super) fn print(name: &str) -> Result<(), Failure> {
    let text = match (own(name), theme::text_of(name)) {
        (Some(path), _) => keymap::read(&path).map_err(|problem| Failure::Usage(problem.to_string()))?,
        (None, Some(text)) => text.to_owned(),
        (None, None) => {
            return Err(Failure::Usage(format!("there is no theme {name:?}; there are {}", theme::names().join(", "))));
        }
    };
    Ok(output::print(&text)?)
}

/// Checks a file.
pub(super) fn check(path: &Path) -> Result<(), Failure> {
    match from_file(path, &surroundings()) {
        Ok(_) => Ok(writeln!(output::out(), "the theme is right")?),
        Err(problems) => keymap::report(&problems),
    }
}

/// What the environment says about the terminal.
#[expect(clippy::disallowed_methods, reason = "the edge at which the environment is read")]
fn surroundings() -> Surroundings {
    let text = |name| std::env::var(name).unwrap_or_default();
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().map(text).find(|value| !value.is_empty());
    Surroundings {
        no_color: !text("NO_COLOR").is_empty(),
        force_color: !matches!(text("FORCE_COLOR").as_str(), "" | "0"),
        term: text("TERM"),
        colorterm: text("COLORTERM"),
        locale: locale.unwrap_or_default(),
    }
}
