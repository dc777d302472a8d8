//! The desk for rotations of the console: over the user's own state folder and keyring, or in the demo over a folder that goes with it
//! and a keyring in memory.

use std::path::PathBuf;
use std::sync::Arc;

use super::arguments::ConnectionArguments;
use super::host;
use crate::audit::AuditLog;
use crate::aws::clearance::Cleared;
use crate::aws::session::Clock;
use crate::config::paths;
use crate::rotation::desk::{Desk, Environment, left_in};
use crate::rotation::stores::Passphrase;
use crate::runtime::{Opened, Reports, Rotations};
use crate::secrets::Keyring;

/// How the console keeps rotations. `log`: where their changes are written down, or why there can be none.
pub(super) fn rotations(
    connection: &ConnectionArguments,
    log: Result<AuditLog, String>,
    origin: &str,
    passphrase: Passphrase,
) -> Rotations {
    let is_demo = connection.demo.is_some();
    let temporary = is_demo.then(tempfile::tempdir);
    let folder = match &temporary {
        Some(made) => made.as_ref().ok().map(|folder| folder.path().to_owned()),
        None => paths::state_dir(),
    };
    let below = |name: &str| folder.as_ref().map(|folder| folder.join(name));
    let containments = below("containment");
    let audit = log.as_ref().ok().map(|log| log.folder().to_owned());
    let reports = below("reports").map(|folder| Reports { folder, audit });
    let speed = connection.speed.unwrap_or(1.0);
    let desk = DeskOf { is_demo, folder, log, origin: origin.to_owned(), speed, passphrase: passphrase.clone() };
    let open = move |cleared: Result<Cleared, String>, clock: &Clock| {
        // The demo's folder lives as long as whoever can open desks.
        let _kept = &temporary;
        desk.open(cleared, clock)
    };
    Rotations { open: Arc::new(open), reports, containments, is_demo, passphrase }
}

struct DeskOf {
    is_demo: bool,
    folder: Option<PathBuf>,
    log: Result<AuditLog, String>,
    origin: String,
    speed: f64,
    passphrase: Passphrase,
}

impl DeskOf {
    fn open(&self, cleared: Result<Cleared, String>, clock: &Clock) -> Opened {
        let Some(folder) = self.folder.as_ref().map(|folder| folder.join("rotation")) else {
            return Opened::Closed("there is no folder for rotations: set BARTIZAN_STATE_DIR".into(), Vec::new());
        };
        let log = self.log.as_ref().map_err(|why| format!("read-only: {why}"));
        let (log, cleared) = match log.and_then(|log| Ok((log, cleared?))) {
            Ok(both) => both,
            Err(why) => return Opened::Closed(why, left_in(&folder).0),
        };
        let keyring = if self.is_demo { Keyring::in_memory() } else { Keyring::system() };
        let place = (folder.as_path(), keyring, self.is_demo);
        let environment = host::environment(&cleared, (log, &self.origin), place, self.passphrase.clone(), clock);
        let bounds = environment.bounds.shortened(times(self.speed));
        Opened::Desk(Box::new(Desk::open(Environment { bounds, ..environment })))
    }
}

/// In a demo that runs faster, all waits are shorter.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number within the bounds that it is clamped to"
)]
fn times(speed: f64) -> u32 {
    speed.clamp(1.0, 10_000.0) as u32
}
