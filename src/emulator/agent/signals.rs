//! Signals that a command must be able to hear.

use tokio::signal::unix::{SignalKind, signal};

/// Makes SIGINT and SIGQUIT heard by the programs that are started from now on, for a process that was started with them ignored,
/// as a shell does to what it starts in the background.
///
/// A program inherits what is ignored, and could not be interrupted; it does not inherit a handler. We go on ignoring both.
pub(super) fn make_hearable() {
    let ignored = ignored();
    for kind in [SignalKind::interrupt(), SignalKind::quit()] {
        if ignored & (1 << (kind.as_raw_value() - 1)) != 0 {
            // The handler stays when its listener goes, and does nothing.
            let _stays = signal(kind);
        }
    }
}

/// The set of ignored signals as Linux tells it; other systems do not tell, and there nothing counts as ignored.
fn ignored() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the edge: the system tells what this process ignores")]
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or_default()
}
