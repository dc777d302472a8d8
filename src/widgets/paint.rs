//! Putting text on a line, never outside of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::text::clean;
use crate::kit::document::{clusters, width};

/// A piece of text with its style.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// What it says.
    pub text: String,
    /// How it looks.
    pub style: Style,
}

impl Piece {
    /// A piece.
    pub fn new(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }

    /// Its width in terminal columns.
    pub fn width(&self) -> usize {
        width(&self.text)
    }
}

/// Writes text at a column of the first line of `area`, cut at its right edge. Returns the column behind it, counted from the area's left.
/// Every text that is painted comes through here, and is made harmless once more: what would be hidden is spelled, not left out.
pub fn text(buf: &mut Buffer, area: Rect, column: u16, text: &str, style: Style) -> u16 {
    let area = area.intersection(buf.area);
    if area.height == 0 || column >= area.width {
        return column;
    }
    // Not by `Buffer::set_stringn`: it puts a whole grapheme into one cell, and no terminal has a cell for `स्त्री`.
    let mut column = column;
    for (_, cluster) in clusters(&clean(text)) {
        let wide = u16::try_from(width(cluster)).unwrap_or(u16::MAX);
        if wide > area.width - column {
            break;
        }
        for step in 0..wide {
            let Some(cell) = buf.cell_mut((area.x + column + step, area.y)) else { continue };
            match step {
                0 => cell.set_symbol(cluster).set_style(style),
                // Hidden by the wide character.
                _ => {
                    cell.reset();
                    cell
                }
            };
        }
        column += wide;
    }
    column
}

/// Writes pieces one behind the other. Returns the column behind the last.
pub fn pieces(buf: &mut Buffer, area: Rect, column: u16, pieces: &[Piece]) -> u16 {
    pieces.iter().fold(column, |column, piece| text(buf, area, column, &piece.text, piece.style))
}

/// Writes pieces so that they end at the right edge of `area`. Returns the column at which they begin.
pub fn pieces_right(buf: &mut Buffer, area: Rect, from: u16, right: &[Piece]) -> u16 {
    let wide = right.iter().map(Piece::width).sum::<usize>();
    let start = area.width.saturating_sub(u16::try_from(wide).unwrap_or(u16::MAX)).max(from);
    pieces(buf, area, start, right);
    start
}

/// Paints the ground of an area: spaces in a style.
pub fn ground(buf: &mut Buffer, area: Rect, style: Style) {
    let area = area.intersection(buf.area);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.reset();
                cell.set_style(style);
            }
        }
    }
}

/// One line of an area, counted from its top; empty where it has no such line.
pub fn line(area: Rect, number: u16) -> Rect {
    if number < area.height { Rect { y: area.y + number, height: 1, ..area } } else { Rect { height: 0, ..area } }
}
