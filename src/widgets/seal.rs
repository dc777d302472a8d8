//! The last look at a frame before it goes to the terminal.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use crate::domain::text::is_hostile;

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
            let kept = harmless(cell.symbol());
            let replacement = match (kept, kept.map_or(1, UnicodeWidthStr::width)) {
                (Some(_), 2) if covered => " ".into(),
                (Some(symbol), 1 | 2) if symbol.len() == cell.symbol().len() => continue,
                (Some(symbol), 1 | 2) => String::from(symbol),
                _ => "\u{fffd}".into(),
            };
            cell.set_symbol(&replacement);
        }
    }
}

/// What may stay of a cell's text: one character, and up to three marks on it. Terminals disagree about the width of anything longer.
fn harmless(symbol: &str) -> Option<&str> {
    let mut characters = symbol.char_indices();
    let (_, first) = characters.next()?;
    if is_hostile(first) {
        return None;
    }
    let end = characters.take(3).take_while(|(_, c)| is_mark(*c)).last().map_or(first.len_utf8(), |(at, c)| at + c.len_utf8());
    symbol.get(..end)
}

/// The marks that `domain::text` lets through: hostile in a flood, harmless one by one.
fn is_mark(c: char) -> bool {
    unicode_width::UnicodeWidthChar::width(c) == Some(0)
        && matches!(crate::domain::text::clean(c.encode_utf8(&mut [0; 4])).chars().next(), Some(kept) if kept == c)
}
