//! Keeps what is in memory out of files: a core dump would hold credentials.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Switches core dumps off for this process and its children. Best effort: a system that refuses is no reason not to start.
pub fn no_core_dumps() {
    let _refused = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _refused = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
