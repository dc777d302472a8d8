//! What holds for every test: it ends, and it says so when it tests nothing.

use std::cell::OnceCell;
use std::io::Write as _;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

/// No test takes as long as this, on no machine. Nothing waits for it when all is well.
const LONGEST: Duration = Duration::from_secs(900);

/// What a test of a full disk needs.
pub(crate) const NO_MOUNT: &str = "mounting a small file system needs root and CAP_SYS_ADMIN";

/// Says that a test tests nothing here, for lack of something that `scripts/test` can install. It is counted there, and a failure where
/// everything is asked for.
#[track_caller]
pub(crate) fn left_out(what: &str) {
    assert!(std::env::var_os("BARTIZAN_REQUIRE_ALL").is_none(), "--require-all: {what}");
    note(what);
}

/// The same for what nobody can install: a folder beside the repository, a program in no registry. It is counted, and never a failure.
#[allow(dead_code, reason = "one of three binaries has no such test")]
pub(crate) fn left_out_everywhere(what: &str) {
    note(what);
}

/// What a test prints is shown only where it fails; the script gives it a file for this.
fn note(what: &str) {
    println!("left out: {what}");
    if let Some(path) = std::env::var_os("BARTIZAN_LEFT_OUT") {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        // One write: other test binaries write to it as well.
        file.write_all(format!("{what}\n").as_bytes()).unwrap();
    }
}

/// From now on the calling test has to end in time, or the whole binary ends with its name. Each test has a thread of its own; on the main
/// thread (`--test-threads=1`) nothing tells one from the next, and nothing is bounded.
pub(crate) fn has_to_end() {
    let thread = std::thread::current();
    let Some(name) = thread.name().filter(|name| *name != "main") else { return };
    UNTIL.with(|until| {
        if until.0.set(thread.id()).is_ok() {
            let running = (thread.id(), name.to_owned(), Instant::now());
            RUNNING.lock().unwrap_or_else(PoisonError::into_inner).push(running);
        }
    });
}

static RUNNING: LazyLock<Mutex<Vec<(ThreadId, String, Instant)>>> = LazyLock::new(|| {
    std::thread::spawn(|| {
        loop {
            std::thread::sleep(Duration::from_secs(5));
            let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, name, _)) = running.iter().find(|(_, _, begun)| begun.elapsed() > LONGEST) {
                eprintln!("test {name} ... FAILED: it has not ended within {LONGEST:?}; nothing more is run");
                std::process::exit(101);
            }
        }
    });
    Mutex::default()
});

/// Ends with the test's thread.
#[derive(Default)]
struct Until(OnceCell<ThreadId>);

impl Drop for Until {
    fn drop(&mut self) {
        if let Some(thread) = self.0.get() {
            RUNNING.lock().unwrap_or_else(PoisonError::into_inner).retain(|(running, ..)| running != thread);
        }
    }
}

thread_local! {
    static UNTIL: Until = Until::default();
}
