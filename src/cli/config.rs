//! `bartizan config`: where the file is, whether it is right, what is in effect.

use std::io::Write as _;
use std::path::PathBuf;

use super::Failure;
use super::arguments::{ConfigCommand, ConnectionArguments, ConsoleArguments};
use crate::config::{self, Config, Overrides, paths};

/// Does what `bartizan config` was asked to do.
pub(super) fn run(what: ConfigCommand, connection: &ConnectionArguments, console: &ConsoleArguments) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match what {
        ConfigCommand::Path => {
            let path = connection.config.clone().or_else(paths::config_file);
            let path = path.ok_or_else(|| Failure::Job("no home folder: set HOME or BARTIZAN_CONFIG_DIR".into()))?;
            writeln!(out, "{}", path.display())?;
        }
        ConfigCommand::Check => {
            load(connection, console)?;
            writeln!(out, "the configuration is right")?;
        }
        ConfigCommand::Print => {
            for (name, value, origin) in load(connection, console)?.report() {
                writeln!(out, "{name} = {value}  # {origin}")?;
            }
        }
    }
    Ok(())
}

/// The settings in effect for this command line.
pub(super) fn load(connection: &ConnectionArguments, console: &ConsoleArguments) -> Result<Config, Failure> {
    let overrides = Overrides {
        regions: connection.region.clone(),
        theme: console.theme.clone(),
        keymap: console.keymap.as_ref().map(PathBuf::from),
        pane: console.pane,
    };
    config::load(connection.config.as_deref(), overrides).map_err(|problem| Failure::Usage(problem.to_string()))
}
