//! The signs that stand beside words, so that nothing is said by colour alone.

use crate::kit::table::Tone;

/// A set of signs, each one column wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// Ascending order.
    pub ascending: &'static str,
    /// Descending order.
    pub descending: &'static str,
    /// Line between parts side by side.
    pub vertical: &'static str,
    /// Line between parts one above the other.
    pub horizontal: &'static str,
    /// Between facts on a line.
    pub dot: &'static str,
    /// The selected row, also without colours.
    pub pointer: &'static str,
    /// A marked row.
    pub marked: &'static str,
    /// A marked row that is selected.
    pub marked_pointer: &'static str,
    /// Marks of the tones from `Good` on, in the order of [`Tone`].
    marks: [&'static str; 11],
    /// Frames of the sign that something is under way.
    spinner: &'static [&'static str],
}

/// For terminals that show Unicode.
pub(super) const UNICODE: Glyphs = Glyphs {
    ascending: "▲",
    descending: "▼",
    vertical: "│",
    horizontal: "─",
    dot: "·",
    pointer: "▌",
    marked: "•",
    marked_pointer: "◉",
    marks: ["✓", "!", "✗", "○", "●", "▲", "◆", "?", "⊘", "…", "~"],
    spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧"],
};

/// For the others.
pub(super) const ASCII: Glyphs = Glyphs {
    ascending: "^",
    descending: "v",
    vertical: "|",
    horizontal: "-",
    dot: "-",
    pointer: ">",
    marked: "*",
    marked_pointer: "@",
    marks: ["+", "!", "x", ".", "o", "^", "#", "?", "/", ".", "~"],
    spinner: &["|", "/", "-", "\\"],
};

impl Glyphs {
    /// The sign of a tone; ordinary and muted text have none.
    pub fn mark(&self, tone: Tone) -> Option<&'static str> {
        let at = match tone {
            Tone::Plain | Tone::Muted | Tone::Narrowed => return None,
            Tone::Good => 0,
            Tone::Warning => 1,
            Tone::Bad => 2,
            Tone::Low => 3,
            Tone::Medium => 4,
            Tone::High => 5,
            Tone::Critical => 6,
            Tone::Unknown => 7,
            Tone::Denied => 8,
            Tone::Loading => 9,
            Tone::Stale => 10,
        };
        self.marks.get(at).copied()
    }

    /// The sign that something is under way, as it looks at this time: eight turns a second.
    pub fn spinner(&self, milliseconds: i64) -> &'static str {
        let frame = usize::try_from(milliseconds.rem_euclid(1 << 20) / 125).unwrap_or(0) % self.spinner.len().max(1);
        self.spinner.get(frame).copied().unwrap_or("*")
    }
}
