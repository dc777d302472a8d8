//! What the system tells us: to end, that we were resumed, that the window has a new size.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

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
    hangup: Signal,
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
    resumed: Signal,
    resized: Signal,
}

impl Signals {
    /// Puts the handlers in place.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
            resumed: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            resized: signal(SignalKind::window_change())?,
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) -> Told {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Told::End(15),
            _ = self.hangup.recv() => Told::End(1),
            _ = self.interrupt.recv() => Told::End(2),
            _ = self.quit.recv() => Told::End(3),
            _ = self.resumed.recv() => Told::Resumed,
            _ = self.resized.recv() => Told::Resized,
        }
    }
}
