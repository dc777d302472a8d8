//! `bartizan config`: where the file is, whether it is right, what is in effect.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use secrecy::ExposeSecret as _;

use super::arguments::{ConfigCommand, ConnectionArguments, ConsoleArguments};
use super::{Failure, output, passphrase};
use crate::config::{self, Config, Overrides, paths};
use crate::secrets::Keyring;
use crate::secrets::guard::{Guard, Kept};

/// Characters of the shortest passphrase for the lock.
const SHORTEST: usize = 8;

/// Does what `bartizan config` was asked to do.
pub(super) fn run(what: ConfigCommand, connection: &ConnectionArguments, console: &ConsoleArguments) -> Result<(), Failure> {
    let mut out = output::out();
    match what {
        ConfigCommand::Path => {
            let path = connection.config.clone().or_else(paths::config_file);
            let path = path.ok_or_else(|| Failure::Job("no home folder: set HOME or BARTIZAN_CONFIG_DIR".into()))?;
            output::print(&format!("{}\n", path.display()))?;
        }
        ConfigCommand::Check => {
            load(connection, console)?;
            writeln!(out, "the configuration is right")?;
        }
        ConfigCommand::LockPassphrase { remove } => lock_passphrase(remove, &mut out)?,
        ConfigCommand::Print => {
            for (name, value, origin) in load(connection, console)?.report() {
                writeln!(out, "{name} = {value}  # {origin}")?;
            }
        }
    }
    Ok(())
}

/// Sets, changes or removes the passphrase of the lock. Whoever changes it has to know the one that there is.
fn lock_passphrase(remove: bool, out: &mut impl std::io::Write) -> Result<(), Failure> {
    let guard = guard();
    let is_set = guard.is_set();
    if remove && !is_set {
        writeln!(out, "no passphrase is set: a locked console asks AWS alone who is there")?;
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage("a passphrase is typed at a terminal, and there is none here".into()));
    }
    if is_set {
        let present = passphrase::ask("The present passphrase: ").map_err(Failure::Usage)?;
        guard.check(&present).map_err(|why| Failure::Policy(format!("nothing was changed: {why}")))?;
    }
    if remove {
        guard.remove().map_err(Failure::Job)?;
        writeln!(out, "removed: a locked console asks AWS alone who is there")?;
        return Ok(());
    }
    let new = passphrase::twice("The new passphrase: ");
    let new = new.map_err(|why| Failure::Usage(format!("nothing was changed: {why}")))?;
    if new.expose_secret().chars().count() < SHORTEST {
        return Err(Failure::Usage(format!("nothing was changed: a passphrase has at least {SHORTEST} characters")));
    }
    match guard.set(&new).map_err(|why| Failure::Job(format!("the passphrase could not be kept: {why}")))? {
        Kept::Keyring => writeln!(out, "set; a salted hash of it is in the keyring")?,
        Kept::File(path, why) => {
            writeln!(out, "set; a salted hash of it is in {}, as the keyring cannot have it: {why}", path.display())?;
        }
    }
    Ok(())
}

/// The passphrase of the lock. The demo has the user's own: it is the same person who goes away from the same terminal.
pub(super) fn guard() -> Guard {
    Guard::new(paths::state_dir(), Keyring::system())
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
