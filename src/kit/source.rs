//! Places in configuration files, and the problems found there: `keymap.toml:12:5: …`.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Worth knowing.
    Note,
    /// Probably not meant.
    Warning,
    /// The file is not used.
    Error,
}

/// Something wrong at a place of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// How bad.
    pub weight: Weight,
    /// The file, as the person named it.
    pub file: String,
    /// Line, counted from 1; 0 is the file as a whole.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message),
            line => write!(f, "{}:{line}:{}: {}", self.file, self.column, self.message),
        }
    }
}

/// A configuration file's text with its name.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its name or path, for messages.
    pub file: &'a str,
    /// Its content.
    pub text: &'a str,
}

impl Source<'_> {
    /// A problem at a byte range of the text.
    pub fn problem(&self, weight: Weight, at: Range<usize>, message: impl Into<String>) -> Problem {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        let line = before.matches('\n').count() + 1;
        Problem { weight, file: self.file.to_owned(), line, column, message: message.into() }
    }

    /// An error at a byte range of the text.
    pub fn error(&self, at: Range<usize>, message: impl Into<String>) -> Problem {
        self.problem(Weight::Error, at, message)
    }

    /// Reads the text as TOML whose every key and value knows its place.
    pub fn toml(&self) -> Result<toml::Spanned<toml::de::DeTable<'_>>, Problem> {
        toml::de::DeTable::parse(self.text).map_err(|error| self.error(error.span().unwrap_or(0..0), error.message()))
    }
}

/// The candidate that was probably meant, as `; did you mean "…"?`, or nothing where none is near.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let best = candidates.into_iter().map(|known| (strsim::jaro_winkler(word, known), known)).max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((likeness, known)) if likeness > 0.75 => format!("; did you mean {known:?}?"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters() {
        let source = Source { file: "f.toml", text: "a = 1\n\"é\" = x\n" };
        let problem = source.error(13..14, "no");
        assert_eq!(problem.to_string(), "f.toml:2:7: no");
    }

    #[test]
    fn the_nearest_name_is_proposed() {
        assert_eq!(did_you_mean("list.donw", ["list.up", "list.down"]), "; did you mean \"list.down\"?");
        assert_eq!(did_you_mean("zzz", ["list.up", "list.down"]), "");
    }
}
