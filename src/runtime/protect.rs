//! What the process asks of the system before it does anything else: no file of what is in memory, and no end by a full file.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Switches core dumps off for this process and its children. Best effort: a system that refuses is no reason not to start.
pub fn no_core_dumps() {
    let _refused = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _refused = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// A file that would become longer than `ulimit -f` allows is an error of the write (EFBIG, "File too large"), as a full disk is, and not the
/// end of the process: a journal cut off there would be one more thing to find out about. Programs that we start are told as ever.
pub fn survive_full_files() {
    // A handler does what ignoring would, and is not inherited. It cannot be refused for this signal.
    let _installed = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false)));
}
