//! What a rotation on the command line stands on: account, stores, keyring, state folder.

use std::path::{Path, PathBuf};

use super::arguments::RotateArguments;
use crate::audit::AuditLog;
use crate::aws::clearance::{Cleared, Refused, Rules};
use crate::aws::observe::Observer;
use crate::aws::session::Session;
use crate::cli::arguments::ConnectionArguments;
use crate::cli::connection::Plan;
use crate::cli::{Failure, host, passphrase};
use crate::config::paths;
use crate::rotation::desk::{Desk, Environment, left_in};
use crate::secrets::Keyring;

/// A desk, and what has to live as long as it.
pub(super) struct Places {
    pub(super) desk: Desk,
    /// The account that may be changed.
    pub(super) cleared: Cleared,
    /// The folder of the audit log, for the report.
    pub(super) audit: PathBuf,
    /// Where containments say which keys are taken for leaked.
    pub(super) containments: PathBuf,
    /// The demo keeps its journals in a folder that goes with it.
    _demo: Option<tempfile::TempDir>,
}

impl Places {
    pub(super) async fn open(
        arguments: &RotateArguments,
        connection: &ConnectionArguments,
        regions: &[String],
        rules: &Rules,
    ) -> Result<Self, Failure> {
        let is_demo = connection.demo.is_some();
        let connected = Plan::new(connection, regions, passphrase::Person::Terminal)?.connect(Observer::nobody()).await?;
        let (folder, demo) = state(is_demo)?;
        let journals = folder.join("rotation");
        let cleared = match rules.clear(&connected.aws).await {
            Ok(cleared) => cleared,
            Err(refused) => retired(&journals, &connected.aws, rules).await.unwrap_or(Err(refused))?,
        };
        let keyring = if is_demo { Keyring::in_memory() } else { Keyring::system() };
        let log = AuditLog::open(&folder.join("audit"), (!is_demo).then(|| keyring.clone()));
        let log = log.map_err(|error| Failure::Job(format!("nothing is changed that cannot be written down: {error}")))?;
        let origin = if is_demo { "rotate, demo" } else { "rotate" };
        let passphrase = passphrase::source(passphrase::Person::Terminal);
        let place = (journals.as_path(), keyring, is_demo);
        let environment = host::environment(&cleared, (&log, origin), place, passphrase, &connected.clock);
        let desk = Desk::open(hurried(environment, arguments));
        Ok(Self { desk, cleared, audit: log.folder().to_owned(), containments: folder.join("containment"), _demo: demo })
    }
}

/// The account of a rotation of one's own key, where that key is gone already: the new one signs. One that has ended counts, too: then
/// there is nothing to go on with, and that is no failure.
async fn retired(journals: &Path, session: &Session, rules: &Rules) -> Option<Result<Cleared, Refused>> {
    let (rows, _) = left_in(journals);
    for row in rows.iter().filter(|row| row.own_key) {
        if let Some(cleared) = rules.clear_retired(session, &row.account, row.old_key.raw()).await {
            return Some(cleared);
        }
    }
    None
}

fn state(is_demo: bool) -> Result<(PathBuf, Option<tempfile::TempDir>), Failure> {
    if is_demo {
        let folder = tempfile::tempdir().map_err(|error| Failure::Job(format!("no folder for the demo: {error}")))?;
        return Ok((folder.path().to_owned(), Some(folder)));
    }
    let folder =
        paths::state_dir().ok_or_else(|| Failure::Job("there is no folder for rotations: set BARTIZAN_STATE_DIR".into()))?;
    Ok((folder, None))
}

/// As the tests of a debug build want it.
#[cfg(debug_assertions)]
fn hurried(mut environment: Environment, arguments: &RotateArguments) -> Environment {
    if let Some(times) = arguments.shorten {
        environment.bounds = environment.bounds.shortened(times);
    }
    if let Some(nth) = arguments.crash_at {
        environment.edges = crate::rotation::edges::Edges::crash_at(nth);
    }
    environment
}

#[cfg(not(debug_assertions))]
fn hurried(environment: Environment, _: &RotateArguments) -> Environment {
    environment
}
