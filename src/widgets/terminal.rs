//! Paints a shell's screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

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
    let area = area.intersection(buf.area);
    let (shown, top) = (screen.shown(), screen.top());
    let (rows, columns) = shown.size();
    for row in 0..area.height.min(rows.get()) {
        let line = top + usize::from(row);
        let ground = mark(line, marks, look);
        for column in 0..area.width.min(columns.get()) {
            let Some(cell) = shown.cell(row, column) else { continue };
            // The half behind a wide character: the character itself paints it.
            if cell.is_wide_continuation() {
                continue;
            }
            let Some(target) = buf.cell_mut((area.x + column, area.y + row)) else { continue };
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
        && row < area.height
    {
        // Behind the last column the cursor waits on it.
        let column = column.min(area.width.saturating_sub(1));
        if let Some(cell) = buf.cell_mut((area.x + column, area.y + row)) {
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
