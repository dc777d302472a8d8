//! A list: the heading, and the rows of the window. Nothing is done for rows that are not on the screen.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::columns::{self, Placed};
use super::paint;
use crate::kit::document::{fit, head, width};
use crate::kit::table::{Cell, Column, Row, Sort, Table};
use crate::theme::{Look, Role};

/// Columns at the left for the mark of the selected row.
const MARGIN: u16 = 1;

/// Draws a list. `focused` says whether the keys go to it. The table's cursor knows how many rows fit.
pub fn draw<R: Row>(table: &Table<R>, focused: bool, now: Timestamp, look: &Look, area: Rect, buf: &mut Buffer) {
    let inner = Rect { x: area.x + MARGIN.min(area.width), width: area.width.saturating_sub(MARGIN + 1), ..area };
    let placed = columns::place(R::COLUMNS, inner.width);
    let order = table.sort_under_way().unwrap_or(table.sort());
    heading(R::COLUMNS, &placed, order, look, paint::line(inner, 0), buf);
    let cursor = table.cursor();
    for (number, row) in table.window().enumerate().take(usize::from(area.height.saturating_sub(1))) {
        let line = u16::try_from(number + 1).unwrap_or(u16::MAX);
        let (whole, marked) = (paint::line(area, line), table.is_marked(&row.id()));
        if cursor.top + number == cursor.at {
            let role = if focused { Role::RowSelected } else { Role::RowUnfocused };
            buf.set_style(whole.intersection(buf.area), look[role]);
            let sign = if marked { look.glyphs.marked_pointer } else { look.glyphs.pointer };
            paint::text(buf, whole, 0, sign, look[Role::Title]);
        } else if marked {
            paint::text(buf, whole, 0, look.glyphs.marked, look[Role::Title]);
        }
        for place in &placed {
            let Some(column) = R::COLUMNS.get(place.column) else { continue };
            cell(&table.cell(row, place.column, now), column, within(paint::line(inner, line), place), look, buf);
        }
    }
}

fn within(line: Rect, place: &Placed) -> Rect {
    Rect { x: line.x + place.x, width: place.width, ..line }
}

fn heading(all: &[Column], placed: &[Placed], order: Sort, look: &Look, line: Rect, buf: &mut Buffer) {
    for place in placed {
        let Some(column) = all.get(place.column) else { continue };
        let sorted = place.column == order.column;
        let arrow = if order.descending { look.glyphs.descending } else { look.glyphs.ascending };
        let text = match sorted {
            // The arrow stays when there is no room for both: it is what a person looks for.
            true if usize::from(place.width) < width(column.title) + 2 => {
                format!("{}{arrow}", head(column.title, usize::from(place.width) - 1))
            }
            true => format!("{} {arrow}", column.title),
            false => fit(column.title, place.width.into()),
        };
        let role = if sorted { Role::HeadingSorted } else { Role::Heading };
        let start = if column.right { place.width.saturating_sub(u16::try_from(width(&text)).unwrap_or(u16::MAX)) } else { 0 };
        paint::text(buf, within(line, place), start, &text, look[role]);
    }
}

/// A cell: the sign of its tone, and its text, cut where it does not fit.
fn cell(cell: &Cell, column: &Column, area: Rect, look: &Look, buf: &mut Buffer) {
    let mark = look.glyphs.mark(cell.tone).filter(|mark| !cell.text.starts_with(mark));
    let room = usize::from(area.width).saturating_sub(if mark.is_some() { 2 } else { 0 });
    let text = match mark {
        Some(mark) => format!("{mark} {}", fit(&cell.text, room)),
        None => fit(&cell.text, room),
    };
    let wide = u16::try_from(width(&text)).unwrap_or(u16::MAX);
    let start = if column.right { area.width.saturating_sub(wide) } else { 0 };
    paint::text(buf, area, start, &text, look.ink(Role::from(cell.tone)));
}
