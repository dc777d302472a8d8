//! `config.toml`: what may stand in it, and what is said when something else does.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::{Origin, Setting};
use crate::panes::PaneId;

/// The settings that the file names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// `regions = ["eu-central-1"]`.
    pub regions: Option<Setting<Vec<String>>>,
    /// `key_age_limit_days = 90`.
    pub key_age_limit_days: Option<Setting<u32>>,
    /// `theme = "midnight"`.
    pub theme: Option<Setting<String>>,
    /// `keymap = "mine.toml"`, beside the file itself.
    pub keymap: Option<Setting<Option<PathBuf>>>,
    /// `pane = "findings"`.
    pub pane: Option<Setting<PaneId>>,
}

/// What is wrong with a configuration file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// Line and column, counted from 1, where the problem has a place.
    pub at: Option<(usize, usize)>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.path.display(), self.message),
            None => write!(f, "{}: {}", self.path.display(), self.message),
        }
    }
}

impl std::error::Error for Problem {}

impl Problem {
    /// The file could not be read.
    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        Self { path: path.to_owned(), at: None, message: format!("cannot be read: {error}") }
    }

    fn spanned(path: &Path, text: &str, span: Option<Range<usize>>, message: String) -> Self {
        Self { path: path.to_owned(), at: span.map(|span| place(text, span.start)), message }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    regions: Option<Spanned<Vec<String>>>,
    key_age_limit_days: Option<Spanned<u32>>,
    theme: Option<Spanned<String>>,
    keymap: Option<Spanned<PathBuf>>,
    pane: Option<Spanned<String>>,
}

impl Written {
    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// The text is no TOML, or names a setting or value that does not exist.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Problem> {
        let file: File = toml::from_str(text)
            .map_err(|error| Problem::spanned(path, text, error.span(), error.message().replace('\n', ", ")))?;
        let pane = match file.pane {
            Some(spanned) => {
                let span = spanned.span();
                let id = spanned.get_ref().parse::<PaneId>();
                let id = id.map_err(|message| Problem::spanned(path, text, Some(span.clone()), message))?;
                Some(Spanned::new(span, id))
            }
            None => None,
        };
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        Ok(Self {
            regions: file.regions.map(|spanned| setting(path, text, spanned)),
            key_age_limit_days: file.key_age_limit_days.map(|spanned| setting(path, text, spanned)),
            theme: file.theme.map(|spanned| setting(path, text, spanned)),
            keymap: file.keymap.map(|spanned| {
                let Setting { value, origin } = setting(path, text, spanned);
                Setting { value: Some(folder.join(value)), origin }
            }),
            pane: pane.map(|spanned| setting(path, text, spanned)),
        })
    }
}

fn setting<T>(path: &Path, text: &str, spanned: Spanned<T>) -> Setting<T> {
    let (line, _) = place(text, spanned.span().start);
    Setting { value: spanned.into_inner(), origin: Origin::File { path: path.to_owned(), line } }
}

/// Line and column, counted from 1, of a byte of the text.
fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Overrides};

    fn parse(text: &str) -> Result<Written, Problem> {
        Written::parse(Path::new("/c/config.toml"), text)
    }

    #[test]
    fn every_setting_knows_its_line() {
        let written = parse("theme = \"mono\"\n\nregions = [\"eu-west-1\", \"us-east-1\"]\npane = \"keys\"\n").unwrap();
        let overrides = Overrides { theme: Some("midnight".into()), ..Overrides::default() };
        let config = Config::layered(written, overrides);
        assert_eq!(config.theme.origin.to_string(), "command line");
        assert_eq!(config.regions.origin.to_string(), "/c/config.toml:3");
        assert_eq!(config.pane.origin.to_string(), "/c/config.toml:4");
        assert_eq!(config.key_age_limit_days.origin.to_string(), "built in");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let unknown = parse("theme = \"mono\"\n  colour = 1\n").unwrap_err().to_string();
        assert!(unknown.starts_with("/c/config.toml:2:3: unknown field `colour`"), "{unknown}");
        let pane = parse("pane = \"kyes\"\n").unwrap_err().to_string();
        assert!(pane.starts_with("/c/config.toml:1:8: there is no pane"), "{pane}");
        assert!(!parse("theme = [\n").unwrap_err().to_string().contains('\n'));
    }

    #[test]
    fn a_keymap_is_found_beside_its_file() {
        let written = parse("keymap = \"mine.toml\"").unwrap();
        assert_eq!(written.keymap.unwrap().value, Some(PathBuf::from("/c/mine.toml")));
    }
}
