//! The cursor and the window over a list.

use serde::{Deserialize, Serialize};

/// Which row is selected and which part of the list is on screen. Positions count rows of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cursor {
    /// The selected row.
    pub at: usize,
    /// The first row on screen.
    pub top: usize,
    /// How many rows fit.
    pub height: u16,
    /// Whether the person has moved it: until then it stays at the top while rows stream in above.
    pub touched: bool,
}

impl Cursor {
    pub(super) fn move_by(&mut self, rows: isize, total: usize) {
        self.move_to(self.at.saturating_add_signed(rows), total);
    }

    pub(super) fn move_to(&mut self, at: usize, total: usize) {
        self.touched = true;
        self.at = at;
        self.clamp(total);
    }

    /// The selected row now stands at another position: the window moves along, so that the row stays where the eye is.
    pub(super) fn shift_to(&mut self, at: usize) {
        let line = self.at.saturating_sub(self.top);
        self.at = at;
        self.top = at.saturating_sub(line);
    }

    /// Keeps cursor and window inside the list and the cursor inside the window.
    pub(super) fn clamp(&mut self, total: usize) {
        let height = usize::from(self.height).max(1);
        self.at = self.at.min(total.saturating_sub(1));
        self.top = self.top.min(total.saturating_sub(height));
        if self.at < self.top {
            self.top = self.at;
        } else if self.at >= self.top + height {
            self.top = self.at + 1 - height;
        }
    }
}
