//! What is kept on this machine: the keyring and the audit log.

use std::time::Duration;

use super::super::arguments::ConnectionArguments;
use super::super::audit;
use super::Check;
use crate::audit::{Anchoring, verify};
use crate::secrets::{Health, Keyring};

/// A person runs this and waits, but a prompt of the keyring needs no answer for it.
const DEADLINE: Duration = Duration::from_secs(10);

pub(super) fn checks(connection: &ConnectionArguments) -> Vec<Check> {
    let mut checks = vec![keyring(&Keyring::system().within(DEADLINE).probe_blocking()), audit_log(connection)];
    checks.extend(bodies());
    checks
}

fn keyring(health: &Health) -> Check {
    match health {
        Health::Ready => Check::good("keyring", health.to_string()),
        // Many machines have none, and everything but storing keys in it works there.
        Health::Absent(_) => Check::unknown("keyring", health.to_string()),
        Health::Locked(_) | Health::ReadOnly(_) | Health::Blocking(_) => Check::bad("keyring", health.to_string()),
    }
}

fn audit_log(connection: &ConnectionArguments) -> Check {
    let what = "audit log";
    let folder = match audit::folder(connection) {
        Ok(folder) => folder,
        Err(failure) => return Check::bad(what, failure.to_string()),
    };
    let keyring = audit::keyring(connection).map(|keyring| keyring.within(DEADLINE));
    match verify(&folder, keyring.as_ref()) {
        Err(error) => Check::bad(what, error.to_string()),
        Ok(report) => match &report.bad {
            Some(bad) => Check::bad(what, format!("{bad}; `bartizan audit verify` says what to do")),
            None if report.records == 0 => Check::good(what, format!("{}: no change so far", folder.display())),
            None if matches!(report.anchoring, Anchoring::Unknown(_)) => Check::unknown(
                what,
                format!("{}: {} records, {}", folder.display(), report.records, audit::about_keyring(&report)),
            ),
            None => {
                Check::good(what, format!("{}: {} records, {}", folder.display(), report.records, audit::about_keyring(&report)))
            }
        },
    }
}

/// The SDK writes whole requests and answers into traces if this variable is set. Our log takes no traces of the SDK; other programs may.
#[expect(clippy::disallowed_methods, reason = "the edge: doctor looks at the environment")]
fn bodies() -> Option<Check> {
    let name = "LOG_SENSITIVE_BODIES";
    let advice = "it is set: the AWS SDK then traces secrets. bartizan's log never takes them, other programs' may: unset it";
    std::env::var_os(name).map(|_| Check::bad(name, advice))
}
