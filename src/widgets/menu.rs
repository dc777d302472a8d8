//! A list of things to choose from: the palette's matches, the columns to sort by.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{self, Piece};
use crate::kit::document::fit;
use crate::theme::{Look, Role};

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it is.
    pub text: String,
    /// The key that does the same, or a word about it; at the right.
    pub note: String,
    /// Why it cannot be chosen now.
    pub reason: Option<String>,
}

/// Draws choices so that the selected one is on the screen.
pub fn draw(choices: &[Choice], selected: usize, look: &Look, area: Rect, buf: &mut Buffer) {
    let height = usize::from(area.height);
    let top = (selected + 1).saturating_sub(height).min(choices.len().saturating_sub(height));
    for (at, choice) in choices.iter().enumerate().skip(top).take(height) {
        let line = paint::line(area, u16::try_from(at - top).unwrap_or(u16::MAX));
        if at == selected {
            buf.set_style(line.intersection(buf.area), look[Role::RowSelected]);
            paint::text(buf, line, 0, look.glyphs.pointer, look[Role::Title]);
        }
        let note = Piece::new(fit(&choice.note, usize::from(area.width) / 2), look[Role::Key]);
        let room = usize::from(area.width).saturating_sub(note.width() + 3);
        let role = if choice.reason.is_some() { Role::Muted } else { Role::Text };
        let style = look.ink(role);
        let text = match &choice.reason {
            Some(reason) => format!("{} ({reason})", choice.text),
            None => choice.text.clone(),
        };
        let end = paint::text(buf, line, 2, &fit(&text, room), style);
        paint::pieces_right(buf, line, end, &[note]);
    }
}
