//! The console at work: the loop, and what it stands on.
//!
//! One thread owns the model, the keyboard and the screen; everything that waits for AWS runs on a second runtime and answers
//! through a bounded channel. The loop waits in one place only, and draws only when something has changed.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | the loop |
//! | [`runner`] | tasks: one for each slot, cancelled when replaced |
//! | [`reads`] | from a pane's wish to calls of [`crate::aws`] |
//! | [`sessions`] | shells and forwards |
//! | [`entry`] | secrets being typed: past the model, to the task that asked |
//! | [`tty`], [`screen`], [`input`], [`signals`] | the terminal: taken, painted, read, given back |
//! | [`ending`] | the end within a second, of the console and of every command |
//! | [`pacer`] | when to draw |
//! | [`steady`] | the clock that arming, the lock and their waits go by |
//! | [`panics`], [`protect`], [`log`] | when things go wrong |

mod connector;
mod contain;
mod desks;
pub mod ending;
mod entry;
mod input;
mod kept;
pub mod log;
mod mutations;
pub mod pacer;
mod panics;
pub mod protect;
mod reads;
mod runner;
mod screen;
mod sessions;
mod signals;
pub mod steady;
pub mod tty;
mod turn;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::app;
use crate::kit::keymap::Keymap;
use crate::secrets::Asked;
use crate::secrets::guard::Guard;
use crate::theme::Look;

pub use connector::{Connected, Connector};
pub use desks::{OpenDesk, Opened, Reports, Rotations};
pub use kept::forbids as containment_forbids;
pub use kept::is_leaked;
pub use mutations::Gate;
pub use sessions::Allow;
pub use steady::Steady;
pub use tty::{NoTerminal, Tty};

/// Drops secrets that need not be in memory.
pub type Forget = Arc<dyn Fn() + Send + Sync>;

/// What the console starts with.
pub struct Launch {
    /// The model before anything is known.
    pub model: app::Model,
    /// The keys.
    pub keymap: Keymap,
    /// The colours.
    pub look: Look,
    /// What the person should know about keymap and theme.
    pub warnings: Vec<String>,
    /// Whether shells are recorded without being asked to.
    pub records: bool,
    /// The clock that nobody can set.
    pub steady: Steady,
    /// How a session is made.
    pub connector: Connector,
    /// What may be changed.
    pub gate: Gate,
    /// How rotations are kept.
    pub rotations: Rotations,
    /// Questions for secrets, from whoever has the asker.
    pub questions: UnboundedReceiver<Asked>,
    /// The passphrase that unlocks the console.
    pub guard: Guard,
    /// Drops secrets that need not be in memory while the console is locked.
    pub forget: Forget,
    /// Whether to say each time that nothing is left to do (`--test-idle`).
    pub report_idle: bool,
    /// Whether the first read breaks (`--test-panic task`).
    pub break_read: bool,
    /// Whether the first key breaks the loop (`--test-panic ui`).
    pub break_loop: bool,
}

/// How the console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The person quit.
    Quit,
    /// A signal of this number.
    Signal(u8),
    /// The terminal has gone.
    Closed,
}

impl End {
    /// The exit status that says so. A terminal that has gone is a hangup, whether or not the signal was sent.
    #[must_use]
    pub fn status(self) -> u8 {
        match self {
            Self::Quit => 0,
            Self::Signal(number) => number.saturating_add(128),
            Self::Closed => 128 + 1,
        }
    }
}

/// Runs the console until it ends. The terminal is given back on every way out.
///
/// # Errors
/// The system gives no event queue, signal handlers or threads.
pub fn run(launch: Launch, tty: &Tty) -> io::Result<End> {
    let broke = panics::watch(tty.clone());
    let held = tty.clone();
    let _given_back = ending::on_exit(move || held.leave());
    let own = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let end = own.block_on(turn::run(launch, tty, broke));
    tty.leave();
    // Whatever a task still waits for, nobody wants the answer any more.
    own.shutdown_timeout(Duration::ZERO);
    end
}
