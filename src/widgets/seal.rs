//! The last look at a frame before it goes to the terminal.

use crate::domain::text;
use crate::kit::document::width;
use ratatui::buffer::Buffer;

/// Makes sure that no cell holds a control, bidirectional or invisible character, and that every cell is as wide as the terminal will
/// think: a wide character whose second half is covered, or that hangs over the edge, becomes a space. Text from AWS is cleaned where it enters; this is the
/// second door, for whatever finds a way around the first.
pub fn seal(buf: &mut Buffer) {
    let area = buf.area;
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let covered = buf.cell((x + 1, y)).is_none_or(|next| next.symbol() != " ");
            let Some(cell) = buf.cell_mut((x, y)) else { continue };
            if matches!(cell.symbol().as_bytes(), [b' '..=b'~']) {
                continue;
            }
            let kept = text::cell(cell.symbol());
            let replacement = match (kept, kept.map_or(1, width)) {
                (Some(_), 2) if covered => " ".into(),
                (Some(symbol), 1 | 2) if symbol.len() == cell.symbol().len() => continue,
                (Some(symbol), 1 | 2) => String::from(symbol),
                _ => "\u{fffd}".into(),
            };
            cell.set_symbol(&replacement);
        }
    }
}
