//! `config.toml`: what may stand in it, and what is said when something else does.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::Deserialize;
use toml::Spanned;

use super::{Origin, Setting};
use crate::domain::account::{AccountColour, AccountRule};
use crate::domain::forward::{ForwardSpec, Ports};
use crate::domain::key::AgeLimit;
use crate::domain::rotation::{StoreChoice, parse_wait};
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
    /// `lock_after = "10m"`; `"0s"` and `"never"`: not at all.
    pub lock_after: Option<Setting<Option<SignedDuration>>>,
    /// `key_age_limit = "90d"`.
    pub key_age_limit: Option<Setting<AgeLimit>>,
    /// `[accounts."123456789012"]`, or by an alias.
    pub accounts: Vec<Setting<AccountRule>>,
    /// `[sessions] reason = true`.
    pub asks_reason: Option<Setting<bool>>,
    /// `[sessions] record = true`.
    pub records: Option<Setting<bool>>,
    /// `[forward.NAME]`.
    pub forwards: Option<Setting<Vec<ForwardSpec>>>,
    /// `[rotation] store = "keyring"`.
    pub store: Option<Setting<String>>,
    /// `[rotation] soak = "24h"`.
    pub soak: Option<Setting<SignedDuration>>,
    /// `[rotation] observe = "7d"`.
    pub observe: Option<Setting<SignedDuration>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    regions: Option<Spanned<Vec<String>>>,
    theme: Option<Spanned<String>>,
    keymap: Option<Spanned<PathBuf>>,
    pane: Option<Spanned<String>>,
    lock_after: Option<Spanned<String>>,
    key_age_limit: Option<Spanned<String>>,
    sessions: Option<Sessions>,
    #[serde(default)]
    forward: BTreeMap<String, Spanned<Forward>>,
    #[serde(default)]
    accounts: BTreeMap<String, Spanned<Account>>,
    #[serde(default)]
    rotation: Rotation,
}

/// One table of `[accounts]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    name: Option<String>,
    colour: Option<Spanned<String>>,
    #[serde(default)]
    never_arm: bool,
    #[serde(default)]
    reason: bool,
}

/// `[sessions]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sessions {
    reason: Option<Spanned<bool>>,
    record: Option<Spanned<bool>>,
}

/// `[forward.NAME]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forward {
    target: String,
    host: Option<String>,
    port: u16,
    local: Option<u16>,
    #[serde(default)]
    reason: bool,
}

impl Forward {
    /// What it asks for, or what is wrong with it.
    fn spec(&self, name: &str) -> Result<ForwardSpec, String> {
        if self.target.is_empty() || self.host.as_ref().is_some_and(String::is_empty) || self.port == 0 || self.local == Some(0) {
            return Err(format!("forward {name}: target and host are not empty, ports are 1 to 65535"));
        }
        let ports = Ports { local: self.local, host: self.host.clone(), port: self.port };
        let target = self.target.clone();
        Ok(ForwardSpec { name: Some(name.to_owned()), target, region: None, ports, asks_reason: self.reason })
    }
}

/// `[rotation]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    store: Option<Spanned<String>>,
    soak: Option<Spanned<String>>,
    observe: Option<Spanned<String>>,
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
        let lock_after = match &file.lock_after {
            Some(word) => {
                Some(Spanned::new(word.span(), lock_after(word.get_ref()).map_err(|why| source.error(word.span(), why))?))
            }
            None => None,
        };
        let key_age_limit = match &file.key_age_limit {
            Some(word) => {
                Some(Spanned::new(word.span(), AgeLimit::parse(word.get_ref()).map_err(|why| source.error(word.span(), why))?))
            }
            None => None,
        };
        let mut accounts = Vec::new();
        for (account, table) in file.accounts {
            let rule = rule(&account, table.get_ref()).map_err(|(span, why)| source.error(span.unwrap_or(table.span()), why))?;
            accounts.push(setting(path, source, Spanned::new(table.span(), rule)));
        }
        let mut forwards: Option<Setting<Vec<ForwardSpec>>> = None;
        for (name, forward) in file.forward {
            let span = forward.span();
            let spec = forward.get_ref().spec(&name).map_err(|message| source.error(span.clone(), message))?;
            let known = forwards.get_or_insert_with(|| setting(path, source, Spanned::new(span, Vec::new())));
            known.value.push(spec);
        }
        let (reason, record) = file.sessions.map_or((None, None), |sessions| (sessions.reason, sessions.record));
        let wait = |word: Option<Spanned<String>>| match word {
            None => Ok(None),
            Some(word) => {
                let length = parse_wait(word.get_ref()).map_err(|message| source.error(word.span(), message))?;
                Ok(Some(setting(path, source, Spanned::new(word.span(), length))))
            }
        };
        if let Some(word) = &file.rotation.store {
            // Without a name it is that of the user; any will do to see whether the word is understood.
            StoreChoice::parse(word.get_ref(), "user").map_err(|message| source.error(word.span(), message))?;
        }
        let (soak, observe) = (wait(file.rotation.soak)?, wait(file.rotation.observe)?);
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
            lock_after: lock_after.map(|value| setting(path, source, value)),
            key_age_limit: key_age_limit.map(|value| setting(path, source, value)),
            accounts,
            asks_reason: reason.map(|value| setting(path, source, value)),
            records: record.map(|value| setting(path, source, value)),
            forwards,
            store: file.rotation.store.map(|value| setting(path, source, value)),
            soak,
            observe,
        })
    }
}

/// How long nobody may touch a key: `10m`, `1h`, or `0s` and `never` for no lock.
fn lock_after(word: &str) -> Result<Option<SignedDuration>, String> {
    if word == "never" {
        return Ok(None);
    }
    let after = parse_wait(word).map_err(|_| format!("{word:?} is no length of time; write 10m, 1h, or \"never\""))?;
    Ok(Some(after).filter(|after| after.is_positive()))
}

/// One account's rule; an error may know a better place than the table itself.
fn rule(account: &str, table: &Account) -> Result<AccountRule, (Option<Range<usize>>, String)> {
    let is_alias = (3..=63).contains(&account.len())
        && account.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && account.bytes().any(|byte| !byte.is_ascii_digit());
    let mut rule = AccountRule {
        account: account.to_owned(),
        name: table.name.clone(),
        colour: None,
        never_arm: table.never_arm,
        reason: table.reason,
    };
    if !is_alias && !rule.is_by_id() {
        return Err((None, format!("{account:?} is neither the id of an account, which has twelve digits, nor an alias")));
    }
    if let Some(word) = &table.colour {
        let found = AccountColour::ALL.into_iter().find(|colour| colour.name() == word.get_ref());
        let names = || AccountColour::ALL.map(AccountColour::name).join(", ");
        let unknown = || (Some(word.span()), format!("there is no colour {:?}; there are {}", word.get_ref(), names()));
        rule.colour = Some(found.ok_or_else(unknown)?);
    }
    Ok(rule)
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
    fn forwards_and_sessions_are_settings() {
        let text = "[sessions]\nreason = true\n\n[forward.db-prod]\ntarget = \"tag:Role=bastion\"\nhost = \"db\"\nport = 5432\nlocal = 15432\n";
        let config = Config::layered(parse(text).unwrap(), Overrides::default());
        assert_eq!((config.asks_reason.value, config.records.value), (true, false));
        let [forward] = config.forwards.value.as_slice() else { panic!("{:?}", config.forwards) };
        assert_eq!((forward.name.as_deref(), forward.ports.remote().as_str()), (Some("db-prod"), "db:5432"));
        let wrong = parse("\n[forward.x]\ntarget = \"i-1\"\nport = 0\n").unwrap_err().to_string();
        assert!(wrong.starts_with("/c/config.toml:2:") && wrong.contains("forward x"), "{wrong}");
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
    fn accounts_have_rules() {
        let text = "lock_after = \"never\"\nkey_age_limit = \"45d\"\n[accounts.\"123456789012\"]\nname = \"prod\"\ncolour = \"red\"\nnever_arm = true\nreason = true\n\
                    [accounts.castle]\nreason = true\n";
        let written = parse(text).unwrap();
        assert_eq!(written.lock_after.as_ref().unwrap().value, None);
        let rules: Vec<_> = written.accounts.iter().map(|rule| rule.value.clone()).collect();
        let prod = AccountRule {
            account: "123456789012".into(),
            name: Some("prod".into()),
            colour: Some(AccountColour::Red),
            never_arm: true,
            reason: true,
        };
        let castle = AccountRule { account: "castle".into(), reason: true, ..AccountRule::default() };
        assert_eq!(rules, [prod, castle]);
        let config = Config::layered(written, Overrides::default());
        let report: Vec<String> =
            config.report().iter().map(|(name, value, origin)| format!("{name} = {value} # {origin}")).collect();
        assert!(report.contains(&"accounts.\"123456789012\".never_arm = true # /c/config.toml:3".to_owned()), "{report:?}");
        assert!(report.contains(&"lock_after = \"never\" # /c/config.toml:1".to_owned()), "{report:?}");
        assert!(report.contains(&"key_age_limit = \"45d\" # /c/config.toml:2".to_owned()), "{report:?}");
    }

    #[test]
    fn a_wrong_rule_is_said_with_its_place() {
        for (text, place, why) in [
            ("[accounts.\"12345\"]\n", "1:", "twelve digits"),
            ("[accounts.prod]\ncolour = \"pink\"\n", "2:10:", "red, yellow, green, blue"),
            ("[accounts.prod]\nnever_armed = true\n", "2:1:", "unknown field"),
            ("[accounts.prod]\nreason = \"yes\"\n", "2:10:", "expected a boolean"),
            ("lock_after = \"soon\"\n", "1:14:", "no length of time"),
            ("key_age_limit = \"0d\"\n", "1:17:", "whole days from 1d to 3650d"),
            ("key_age_limit = \"90\"\n", "1:17:", "whole days from 1d to 3650d"),
        ] {
            let problem = parse(text).unwrap_err().to_string();
            assert!(problem.starts_with(&format!("/c/config.toml:{place}")) && problem.contains(why), "{problem}");
        }
    }

    #[test]
    fn rotations_have_settings_of_their_own() {
        let written = parse("[rotation]\nstore = \"credentials\"\nsoak = \"0s\"\n").unwrap();
        let config = Config::layered(written, Overrides::default());
        assert_eq!(
            (config.store.value.as_str(), config.soak.value, config.soak.origin.to_string().as_str()),
            ("credentials", SignedDuration::ZERO, "/c/config.toml:3")
        );
        assert_eq!(
            (config.observe.value, config.observe.origin.to_string().as_str()),
            (SignedDuration::from_hours(168), "built in")
        );
        let wrong = parse("[rotation]\nsoak = \"soon\"\n").unwrap_err().to_string();
        assert!(wrong.starts_with("/c/config.toml:2:8: \"soon\" is no length of time"), "{wrong}");
        assert!(parse("[rotation]\nstore = \"vault\"\n").is_err());
    }

    #[test]
    fn a_keymap_is_found_beside_its_file() {
        let written = parse("keymap = \"mine.toml\"").unwrap();
        assert_eq!(written.keymap.unwrap().value, Some(PathBuf::from("/c/mine.toml")));
    }
}
