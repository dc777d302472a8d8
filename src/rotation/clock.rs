//! Time for rotations: the wall clock, and one that never jumps.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use super::machine::Now;

/// Tells the time. Tests bring their own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>, Instant);

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

impl Clock {
    /// This machine's clock.
    #[expect(clippy::disallowed_methods, reason = "the edge at which rotations learn the time")]
    pub fn system() -> Self {
        Self::new(Timestamp::now)
    }

    /// Another wall clock.
    pub fn new(utc: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(utc), Instant::now())
    }

    /// The present time.
    pub fn now(&self) -> Now {
        Now { utc: (self.0)(), steady: self.1.elapsed() }
    }
}
