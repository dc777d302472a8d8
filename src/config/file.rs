//! `config.toml`: what may stand in it, and what is said when something else does.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::{Origin, Setting};
use crate::kit::source::{Problem, Source, Weight};
use crate::panes::PaneId;

/// The settings that the file names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// `regions = ["eu-central-1"]`.
    pub regions: Option<Setting<Vec<String>>>,
    /// `theme = "midnight"`.
    pub theme: Option<Setting<Option<String>>>,
    /// `keymap = "mine.toml"`, beside the file itself.
    pub keymap: Option<Setting<Option<PathBuf>>>,
    /// `pane = "findings"`.
    pub pane: Option<Setting<PaneId>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    regions: Option<Spanned<Vec<String>>>,
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
        let name = path.display().to_string();
        let source = Source { file: &name, text };
        let file: File = toml::from_str(text)
            .map_err(|error| source.error(error.span().unwrap_or(0..0), error.message().replace('\n', ", ")))?;
        let pane = match file.pane {
            Some(word) => {
                let id = word.get_ref().parse::<PaneId>().map_err(|message| source.error(word.span(), message))?;
                Some(Spanned::new(word.span(), id))
            }
            None => None,
        };
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        Ok(Self {
            regions: file.regions.map(|value| setting(path, source, value)),
            theme: file.theme.map(|value| {
                let Setting { value, origin } = setting(path, source, value);
                Setting { value: Some(value), origin }
            }),
            keymap: file.keymap.map(|value| {
                let Setting { value, origin } = setting(path, source, value);
                Setting { value: Some(folder.join(value)), origin }
            }),
            pane: pane.map(|value| setting(path, source, value)),
        })
    }
}

fn setting<T>(path: &Path, source: Source<'_>, value: Spanned<T>) -> Setting<T> {
    let line = source.problem(Weight::Note, value.span(), "").line;
    Setting { value: value.into_inner(), origin: Origin::File { path: path.to_owned(), line } }
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
        assert_eq!(config.keymap.origin.to_string(), "built in");
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
