//! Settings: built in, then `config.toml`, then the command line, each knowing where it came from.

mod file;
pub mod paths;

use std::fmt;
use std::path::PathBuf;

use jiff::SignedDuration;

use crate::domain::account::AccountRule;
use crate::domain::forward::ForwardSpec;
use crate::domain::key::AgeLimit;
use crate::kit::source::{Problem, Weight};
use crate::panes::PaneId;

pub use file::Written;

/// Where a setting in effect came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// What the program does when nobody says anything.
    BuiltIn,
    /// A line of the configuration file.
    File {
        /// Which file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// An option of the command line.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built in"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value in effect.
    pub value: T,
    /// Who said so.
    pub origin: Origin,
}

impl<T> Setting<T> {
    fn built_in(value: T) -> Self {
        Self { value, origin: Origin::BuiltIn }
    }

    fn take(&mut self, newer: Option<Self>) {
        if let Some(newer) = newer {
            *self = newer;
        }
    }

    fn over(&mut self, option: Option<T>) {
        self.take(option.map(|value| Self { value, origin: Origin::CommandLine }));
    }
}

/// How long nobody may touch a key where nothing else is said.
const LOCK_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// All settings in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Regions that the regional panes read; empty: what the AWS configuration says.
    pub regions: Setting<Vec<String>>,
    /// Theme, by name or as a file; `None`: the one that suits the terminal.
    pub theme: Setting<Option<String>>,
    /// A keymap file over the built-in keys; `None`: `keymap.toml` beside the configuration file, where there is one.
    pub keymap: Setting<Option<PathBuf>>,
    /// The pane that opens first.
    pub pane: Setting<PaneId>,
    /// How long nobody may touch a key before the console locks; `None`: for ever.
    pub lock_after: Setting<Option<SignedDuration>>,
    /// How old an active access key may be.
    pub key_age_limit: Setting<AgeLimit>,
    /// What holds for single accounts.
    pub accounts: Vec<Setting<AccountRule>>,
    /// Whether every session of the console needs a reason.
    pub asks_reason: Setting<bool>,
    /// Whether the console records every shell.
    pub records: Setting<bool>,
    /// Forwards that can be started by name.
    pub forwards: Setting<Vec<ForwardSpec>>,
    /// Where a rotation puts the new secret, as `--store` writes it.
    pub store: Setting<String>,
    /// How long both keys stay active.
    pub soak: Setting<SignedDuration>,
    /// How long the old key stays inactive before it is deleted.
    pub observe: Setting<SignedDuration>,
}

/// What the command line says about settings.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--region`.
    pub regions: Vec<String>,
    /// `--theme`.
    pub theme: Option<String>,
    /// `--keymap`.
    pub keymap: Option<PathBuf>,
    /// `--pane`.
    pub pane: Option<PaneId>,
}

impl Config {
    /// What holds when nobody says anything.
    pub fn built_in() -> Self {
        Self {
            regions: Setting::built_in(Vec::new()),
            theme: Setting::built_in(None),
            keymap: Setting::built_in(None),
            pane: Setting::built_in(PaneId::Users),
            lock_after: Setting::built_in(Some(LOCK_AFTER)),
            key_age_limit: Setting::built_in(AgeLimit::default()),
            accounts: Vec::new(),
            asks_reason: Setting::built_in(false),
            records: Setting::built_in(false),
            forwards: Setting::built_in(Vec::new()),
            store: Setting::built_in("keyring".to_owned()),
            soak: Setting::built_in(SignedDuration::from_hours(24)),
            observe: Setting::built_in(SignedDuration::from_hours(7 * 24)),
        }
    }

    /// Lays the file over what is built in, and the command line over both.
    pub fn layered(written: Written, overrides: Overrides) -> Self {
        let mut config = Self::built_in();
        config.regions.take(written.regions);
        config.theme.take(written.theme);
        config.keymap.take(written.keymap);
        config.pane.take(written.pane);
        config.lock_after.take(written.lock_after);
        config.key_age_limit.take(written.key_age_limit);
        config.accounts = written.accounts;
        config.asks_reason.take(written.asks_reason);
        config.records.take(written.records);
        config.forwards.take(written.forwards);
        config.store.take(written.store);
        config.soak.take(written.soak);
        config.observe.take(written.observe);
        config.regions.over(Some(overrides.regions).filter(|regions| !regions.is_empty()));
        config.theme.over(overrides.theme.map(Some));
        config.keymap.over(overrides.keymap.map(Some));
        config.pane.over(overrides.pane);
        config
    }

    /// One line per setting: name, value as TOML, origin.
    pub fn report(&self) -> Vec<(String, String, &Origin)> {
        let keymap =
            self.keymap.value.as_ref().map_or_else(|| "(the built-in keys)".to_owned(), |path| quoted(&path.to_string_lossy()));
        let theme = self.theme.value.as_ref().map_or_else(|| "(what suits the terminal)".to_owned(), |name| quoted(name));
        let regions: Vec<_> = self.regions.value.iter().map(|region| quoted(region)).collect();
        let forwards: Vec<_> = self.forwards.value.iter().filter_map(|forward| forward.name.as_deref().map(quoted)).collect();
        let lock_after = self.lock_after.value.map_or_else(|| "never".to_owned(), |after| format!("{after:#}").replace(' ', ""));
        let settings = [
            ("regions", format!("[{}]", regions.join(", ")), &self.regions.origin),
            ("theme", theme, &self.theme.origin),
            ("keymap", keymap, &self.keymap.origin),
            ("pane", quoted(self.pane.value.name()), &self.pane.origin),
            ("lock_after", quoted(&lock_after), &self.lock_after.origin),
            ("key_age_limit", quoted(&format!("{}d", self.key_age_limit.value.days())), &self.key_age_limit.origin),
            ("sessions.reason", self.asks_reason.value.to_string(), &self.asks_reason.origin),
            ("sessions.record", self.records.value.to_string(), &self.records.origin),
            ("forward", format!("[{}]", forwards.join(", ")), &self.forwards.origin),
            ("rotation.store", quoted(&self.store.value), &self.store.origin),
            ("rotation.soak", quoted(&written(self.soak.value)), &self.soak.origin),
            ("rotation.observe", quoted(&written(self.observe.value)), &self.observe.origin),
        ];
        let mut lines: Vec<_> = settings.into_iter().map(|(name, value, origin)| (name.to_owned(), value, origin)).collect();
        for Setting { value: rule, origin } in &self.accounts {
            let mut line =
                |name: &str, value: String| lines.push((format!("accounts.{}.{name}", quoted(&rule.account)), value, origin));
            if let Some(name) = &rule.name {
                line("name", quoted(name));
            }
            if let Some(colour) = rule.colour {
                line("colour", quoted(colour.name()));
            }
            line("never_arm", rule.never_arm.to_string());
            line("reason", rule.reason.to_string());
        }
        lines
    }
}

/// A length of time as the file takes it.
fn written(length: SignedDuration) -> String {
    format!("{}s", length.as_secs())
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Reads the settings: `--config FILE` must exist, the usual file need not.
///
/// # Errors
/// The file cannot be read or says something that is no setting; the problem names the line.
pub fn load(asked_for: Option<&std::path::Path>, overrides: Overrides) -> Result<Config, Problem> {
    let Some(path) = asked_for.map(PathBuf::from).or_else(paths::config_file) else {
        return Ok(Config::layered(Written::default(), overrides));
    };
    match crate::files::read_own(&path) {
        Ok(text) => Ok(Config::layered(Written::parse(&path, &text)?, overrides)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && asked_for.is_none() => {
            Ok(Config::layered(Written::default(), overrides))
        }
        Err(error) => Err(Problem {
            weight: Weight::Error,
            file: path.display().to_string(),
            line: 0,
            column: 0,
            message: format!("cannot be read: {error}"),
        }),
    }
}
