//! What the system tells the console: to end, that we were resumed, that the window has a new size.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::ending::{self, Orderly};

/// One notice of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// End, by the signal of this number.
    End(u8),
    /// Running again after having been stopped.
    Resumed,
    /// The window has a new size.
    Resized,
}

/// The signals that the console listens to.
#[derive(Debug)]
pub(super) struct Signals {
    end: Orderly,
    resumed: Signal,
    resized: Signal,
}

impl Signals {
    /// Puts the handlers in place.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            end: ending::orderly(),
            resumed: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            resized: signal(SignalKind::window_change())?,
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) -> Told {
        tokio::select! {
            biased;
            signal = self.end.told() => Told::End(signal),
            _ = self.resumed.recv() => Told::Resumed,
            _ = self.resized.recv() => Told::Resized,
        }
    }
}
