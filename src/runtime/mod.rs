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
//! | [`tty`], [`screen`], [`input`], [`signals`] | the terminal: taken, painted, read, given back |
//! | [`pacer`] | when to draw |
//! | [`panics`], [`protect`], [`log`] | when things go wrong |

mod connector;
pub mod log;
pub mod tty;

pub use connector::{Connected, Connector};
pub use tty::{NoTerminal, Tty};
