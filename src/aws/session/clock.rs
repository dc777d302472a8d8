//! The time that facts are dated by.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

/// Where the present time comes from: this machine, or the demo's world.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// This machine's clock.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the edge: here the time enters what AWS told us")]
        Self(Arc::new(Timestamp::now))
    }

    /// Another clock.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
