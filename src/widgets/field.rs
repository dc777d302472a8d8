//! A line of text being typed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{self, Piece};
use crate::domain::text::clean;
use crate::kit::document::{clusters, fit, width};
use crate::kit::field::Field;
use crate::theme::{Look, Role};

/// How many columns there are for the note in a line of so many.
pub fn room_for_note(columns: u16) -> usize {
    usize::from(columns / 2)
}

/// Draws `prompt`, the text with its cursor, and `note` at the right: a count, or what is wrong with the text.
pub fn draw(prompt: &str, field: &Field, note: Piece, look: &Look, area: Rect, buf: &mut Buffer) {
    paint::ground(buf, area, look[Role::Text].patch(look[Role::Field]));
    let start = paint::text(buf, area, 1, prompt, look[Role::Key]);
    // What is typed matters more than what is said of it.
    let note = Piece::new(fit(&note.text, room_for_note(area.width)), note.style);
    let reserved = if note.text.is_empty() { 1 } else { u16::try_from(note.width() + 3).unwrap_or(u16::MAX) };
    let room = area.width.saturating_sub(start).saturating_sub(reserved);
    let place = Rect { x: area.x + start, width: room, ..area };
    text(field, look, place, buf);
    paint::pieces_right(buf, Rect { width: area.width.saturating_sub(1), ..area }, start + room, &[note]);
}

/// The text, moved left so that the cursor can be seen.
fn text(field: &Field, look: &Look, area: Rect, buf: &mut Buffer) {
    let (before, behind): (String, String) = {
        let at = field.text().char_indices().nth(field.cursor()).map_or(field.text().len(), |(at, _)| at);
        let (before, behind) = field.text().split_at_checked(at).unwrap_or((field.text(), ""));
        (clean(before).into_owned(), clean(behind).into_owned())
    };
    let room = usize::from(area.width).saturating_sub(1);
    let shown = crate::kit::document::tail(&before, room);
    let cursor = paint::text(buf, area, 0, shown, look[Role::Field]);
    let under = clusters(&behind).next().map(|(_, under)| under).unwrap_or_default();
    let rest = behind.get(under.len()..).unwrap_or_default();
    let under = if width(under) > 0 { under } else { " " };
    let end = paint::text(buf, area, cursor, under, look[Role::Cursor]);
    paint::text(buf, area, end, rest, look[Role::Field]);
}
