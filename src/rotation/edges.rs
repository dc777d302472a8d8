//! The edges between two steps of a rotation: before and after everything that leaves the process or goes to disk.
//!
//! A debug build can be told to end itself with SIGKILL at the nth edge. The tests start with the first and go on until a run ends by
//! itself, so no step is left out. In a release build an edge is nothing.

#[cfg(debug_assertions)]
use std::sync::Arc;
#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts edges. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct Edges {
    #[cfg(debug_assertions)]
    crash: Option<(u64, Arc<AtomicU64>)>,
}

impl Edges {
    /// Edges of which the nth, counted from 1, is the last that this process sees.
    #[cfg(debug_assertions)]
    pub fn crash_at(nth: u64) -> Self {
        Self { crash: Some((nth, Arc::default())) }
    }

    /// An edge.
    #[cfg(debug_assertions)]
    pub fn pass(&self) {
        if let Some((nth, count)) = &self.crash
            && count.fetch_add(1, Ordering::SeqCst) + 1 == *nth
        {
            // Not `abort`: no handler, no destructor and no buffer gets a last word.
            let _never_returns = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    }

    /// An edge.
    #[cfg(not(debug_assertions))]
    #[inline]
    pub fn pass(&self) {}
}
