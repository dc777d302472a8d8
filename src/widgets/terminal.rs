//! Paints a shell's screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::paint;
use crate::screens::Screen;
use crate::theme::{Depth, Look, Role};

/// What is marked on a screen that is held still. Lines are counted from the oldest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// The line that the person is on.
    pub line: Option<usize>,
    /// The first and the last line that would be copied.
    pub chosen: Option<(usize, usize)>,
}

/// Paints as much of the screen as fits: colours and attributes as the target wants them, as far as the terminal has colours.
pub fn draw(screen: &Screen, marks: &Marks, look: &Look, area: Rect, buf: &mut Buffer) {
    draw_from(screen, 0, marks, look, area, buf);
}

/// Paints a screen whose size is not ours: with a line at its edges where there is room, else cut so that the line with the cursor, or the
/// marked one, is seen.
pub fn draw_framed(screen: &Screen, marks: &Marks, look: &Look, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    let (rows, columns) = screen.shown().size();
    let marked = marks.line.and_then(|line| u16::try_from(line.saturating_sub(screen.top())).ok());
    let wanted = marked.unwrap_or_else(|| screen.shown().cursor_position().0).min(rows.get().saturating_sub(1));
    let from = (wanted + 1).saturating_sub(area.height);
    draw_from(screen, from, marks, look, area, buf);
    let (high, wide) = (area.height.min(rows.get()), area.width.min(columns.get()));
    if wide < area.width {
        let edge = Rect { x: area.x + wide, width: 1, height: high, ..area };
        for number in 0..high {
            paint::text(buf, paint::line(edge, number), 0, look.glyphs.vertical, look[Role::Rule]);
        }
    }
    if high < area.height {
        let edge = Rect { y: area.y + high, width: wide, height: 1, ..area };
        paint::text(buf, edge, 0, &look.glyphs.horizontal.repeat(wide.into()), look[Role::Rule]);
    }
}

/// Paints the screen from this line of it on.
fn draw_from(screen: &Screen, from: u16, marks: &Marks, look: &Look, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    let (shown, top) = (screen.shown(), screen.top());
    let (rows, columns) = shown.size();
    for row in 0..area.height.min(rows.get().saturating_sub(from)) {
        let row = row + from;
        let line = top + usize::from(row);
        let ground = mark(line, marks, look);
        for column in 0..area.width.min(columns.get()) {
            let Some(cell) = shown.cell(row, column) else { continue };
            // The half behind a wide character: the character itself paints it.
            if cell.is_wide_continuation() {
                continue;
            }
            let Some(target) = buf.cell_mut((area.x + column, area.y + row - from)) else { continue };
            let is_cut = cell.is_wide() && column + 1 >= area.width;
            if cell.has_contents() && !is_cut {
                target.set_symbol(cell.contents());
            }
            target.set_style(style(cell, look.depth));
            if let Some(ground) = ground {
                target.set_style(ground);
            }
        }
    }
    if let Some((row, column)) = screen.cursor()
        && row >= from
        && row - from < area.height
    {
        // Behind the last column the cursor waits on it.
        let column = column.min(area.width.saturating_sub(1));
        if let Some(cell) = buf.cell_mut((area.x + column, area.y + row - from)) {
            cell.modifier.toggle(Modifier::REVERSED);
        }
    }
}

fn mark(line: usize, marks: &Marks, look: &Look) -> Option<Style> {
    let is_chosen = marks.chosen.is_some_and(|(first, last)| (first..=last).contains(&line));
    if marks.line == Some(line) {
        Some(look[Role::RowSelected])
    } else if is_chosen {
        Some(Style::new().add_modifier(Modifier::REVERSED))
    } else {
        None
    }
}

fn style(cell: &vt100::Cell, depth: Depth) -> Style {
    let mut style = Style::new();
    style.fg = colour(cell.fgcolor(), depth);
    style.bg = colour(cell.bgcolor(), depth);
    for (wanted, modifier) in [
        (cell.bold(), Modifier::BOLD),
        (cell.dim(), Modifier::DIM),
        (cell.italic(), Modifier::ITALIC),
        (cell.underline(), Modifier::UNDERLINED),
        (cell.inverse(), Modifier::REVERSED),
    ] {
        if wanted {
            style.add_modifier |= modifier;
        }
    }
    style
}

/// The sixteen and the 256 are numbers in every terminal's own palette; what a terminal does not have is left to its ordinary colour.
fn colour(colour: vt100::Color, depth: Depth) -> Option<Color> {
    match (colour, depth) {
        (vt100::Color::Default, _) | (_, Depth::Mono) => None,
        (vt100::Color::Idx(number), _) => crate::theme::reduce_colour(Color::Indexed(number), depth),
        (vt100::Color::Rgb(red, green, blue), _) => crate::theme::reduce_colour(Color::Rgb(red, green, blue), depth),
    }
}
