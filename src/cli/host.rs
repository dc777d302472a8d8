//! The composition root of whatever changes an account: what the configuration and the command line say about changes, and over an account
//! that may be changed everything a rotation stands on. Console and `rotate` take it from here, so that neither goes without.

use std::path::Path;
use std::sync::Arc;

use super::Failure;
use super::arguments::ConsoleArguments;
use crate::audit::AuditLog;
use crate::aws::clearance::{Cleared, Refused, Rules};
use crate::aws::rotation::Account;
use crate::aws::secrets_manager::SecretsManagers;
use crate::aws::session::Clock;
use crate::config::{Config, paths};
use crate::rotation::clock;
use crate::rotation::desk::Environment;
use crate::rotation::escrow::Keys;
use crate::rotation::leaked::Leaked;
use crate::rotation::stores::{self, Passphrase};
use crate::runtime;
use crate::secrets::Keyring;

/// What the configuration and the command line say about changes.
pub(super) fn rules(config: &Config, console: &ConsoleArguments) -> Rules {
    let accounts = config.accounts.iter().map(|rule| rule.value.clone()).collect();
    let rules = Rules::new(accounts).sessions_want_reason(config.asks_reason.value);
    rules.closed(console.read_only.then(|| "started with --read-only".to_owned()))
}

/// What rotations of an account stand on: AWS behind the rules, stores, escrow keys, and the clock that the account lives by.
///
/// `folder` is where journals are. The demo leaves the user's own files alone.
pub(super) fn environment(
    cleared: &Cleared,
    (log, origin): (&AuditLog, &str),
    (folder, keyring, is_demo): (&Path, Keyring, bool),
    passphrase: Passphrase,
    clock: &Clock,
) -> Environment {
    let stores = stores::Places {
        keyring: Arc::new(keyring.clone()),
        credentials: paths::shared_credentials_file().filter(|_| !is_demo),
        config: paths::shared_config_file().filter(|_| !is_demo),
        vault: Some(Arc::new(SecretsManagers::new(cleared, log, origin))),
        passphrase: passphrase.clone(),
    };
    let keys = Keys::new(keyring, folder, passphrase);
    let account = Account::new(cleared, log, origin);
    // Beside the journals, where the console keeps them.
    let containments = folder.with_file_name("containment");
    let leaked = Leaked::new(move |key| runtime::is_leaked(&containments, key));
    let environment = Environment::new(folder, Arc::new(account), Arc::new(stores), Arc::new(keys), leaked);
    let clock = clock.clone();
    Environment { clock: clock::Clock::new(move || clock.now()), ..environment }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Policy(why) => Self::Policy(why),
            Refused::Unknown(fault) => (*fault).into(),
        }
    }
}
