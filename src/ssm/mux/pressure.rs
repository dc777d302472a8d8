//! What connections that do not read do to the others.
//!
//! smux v1 cannot tell the other end to stop for one stream only. So what a slow connection leaves unread is kept, and beyond
//! [`MOST_UNREAD`] the whole session is read no further: nothing is lost, memory stays bounded, and everybody waits. That is right
//! for a moment. It is wrong for a connection that has been forgotten: the session would be dead for all, and after some minutes
//! really so. Hence, where others wait, a connection that has read nothing at all for [`PATIENCE`] is reset, which both its ends see.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::stream::End;

/// Received bytes that all streams together may leave unread: what the official programs allow.
pub const MOST_UNREAD: usize = 4 << 20;
/// How long a connection may read nothing while all others wait for it.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Whether the connections of a session hold each other up; for whoever watches it.
#[derive(Debug, Default)]
pub struct Pressure {
    full_since: Mutex<Option<Instant>>,
    reset: AtomicU64,
}

impl Pressure {
    /// For how long nothing more has been taken in because too much of what has arrived is unread; `None`: something is.
    #[must_use]
    pub fn full_for(&self) -> Option<Duration> {
        self.full_since.lock().unwrap_or_else(PoisonError::into_inner).map(|since| since.elapsed())
    }

    /// Connections that were reset because they did not read while others waited.
    #[must_use]
    pub fn reset(&self) -> u64 {
        self.reset.load(Ordering::Relaxed)
    }

    pub(super) fn set_full(&self, is_full: bool) {
        let mut since = self.full_since.lock().unwrap_or_else(PoisonError::into_inner);
        *since = is_full.then(|| since.unwrap_or_else(Instant::now));
    }

    pub(super) fn count_reset(&self) {
        self.reset.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts what all streams have not read yet.
#[derive(Debug, Default)]
pub(super) struct Unread {
    bytes: AtomicUsize,
    room: Notify,
}

impl Unread {
    pub(super) fn has_room(&self) -> bool {
        self.bytes.load(Ordering::Acquire) < MOST_UNREAD
    }

    /// Waits until there may be room again.
    pub(super) async fn room(&self) {
        self.room.notified().await;
    }
}

/// What one stream has not read yet.
#[derive(Debug, Default)]
pub(super) struct Share {
    total: Arc<Unread>,
    bytes: AtomicUsize,
    /// How often it was read.
    reads: AtomicU64,
    /// Cancelled when the stream is cut.
    pub(super) reset: CancellationToken,
    /// Set when the far side ends the stream.
    pub(super) end: OnceLock<End>,
}

impl Share {
    pub(super) fn of(total: &Arc<Unread>) -> Arc<Self> {
        Arc::new(Self { total: Arc::clone(total), ..Self::default() })
    }

    pub(super) fn add(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
        self.total.bytes.fetch_add(bytes, Ordering::AcqRel);
    }

    pub(super) fn subtract(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::AcqRel);
        self.total.bytes.fetch_sub(bytes, Ordering::AcqRel);
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.total.room.notify_one();
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Acquire)
    }

    pub(super) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }
}
