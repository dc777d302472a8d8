//! The screens of shells: what a terminal would show of the bytes that a target sends, with what has scrolled away.
//!
//! They stand beside the model, not in it: a screen is made of a stranger's bytes, thousands of cells that change with every one of
//! them. The model knows a shell's number, state and scroll position; the view looks up the screen by the number. Pure: bytes come
//! in, cells can be looked at; nothing here waits, reads or draws.
//!
//! | file | what |
//! |---|---|
//! | [`screen`] | one screen: bytes in, cells out; held still to be read, searched and copied |
//! | [`keys`] | from keys and pastes to the bytes that a terminal sends for them |
//! | [`mouse`] | the same for the mouse |
//! | [`utf8`] | what is shown for bytes that are no text |

pub mod keys;
pub mod mouse;
pub mod screen;
pub mod utf8;

use std::collections::BTreeMap;

use crate::domain::shell::ShellId;
use crate::kit::input::Size;

pub use screen::Screen;

/// The screens of all shells that have a tab.
#[derive(Debug, Default)]
pub struct Screens(BTreeMap<ShellId, Screen>);

impl Screens {
    /// An empty screen for a shell.
    pub fn open(&mut self, id: ShellId, size: Size) {
        self.0.insert(id, Screen::new(size));
    }

    /// The shell's tab is gone.
    pub fn close(&mut self, id: ShellId) {
        self.0.remove(&id);
    }

    /// A shell's screen.
    pub fn get(&self, id: ShellId) -> Option<&Screen> {
        self.0.get(&id)
    }

    /// A shell's screen, to change it.
    pub fn get_mut(&mut self, id: ShellId) -> Option<&mut Screen> {
        self.0.get_mut(&id)
    }
}
