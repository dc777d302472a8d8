//! Frames as text, for golden files: what is on the screen, and below each line which role painted it.

use bartizan::theme::{Look, Role};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

/// Letters for the roles, in the order of their table.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Draws at a size, with a look whose colours are the roles' numbers.
pub(crate) fn drawn(width: u16, height: u16, draw: impl FnOnce(&Look, Rect, &mut Buffer)) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    draw(&Look::of_roles(), area, &mut buf);
    buf
}

/// The characters alone.
pub(crate) fn text(buf: &Buffer) -> String {
    lines(buf).join("\n")
}

/// The characters, and the roles: a line of letters below each line of text. The second line of letters, where there is one, is the ground.
pub(crate) fn roles(buf: &Buffer) -> String {
    let mut out = String::new();
    let mut used = std::collections::BTreeSet::new();
    for (y, line) in (buf.area.top()..).zip(lines(buf)) {
        out.push_str(&format!("{line}\n"));
        for ground in [false, true] {
            let letters: String = (buf.area.left()..buf.area.right())
                .map(|x| {
                    let cell = &buf[(x, y)];
                    let color = if ground { cell.bg } else { cell.fg };
                    match color {
                        Color::Indexed(role) if role > 0 && (ground || cell.symbol() != " ") => {
                            used.insert(role);
                            LETTERS.chars().nth(role.into()).unwrap_or('?')
                        }
                        _ => ' ',
                    }
                })
                .collect();
            if !letters.trim_end().is_empty() {
                out.push_str(&format!("  {}{}\n", if ground { '=' } else { ':' }, letters.trim_end()));
            }
        }
    }
    let legend: Vec<String> = used
        .iter()
        .map(|role| format!("{} {}", LETTERS.chars().nth((*role).into()).unwrap_or('?'), Role::ALL[usize::from(*role)].name()))
        .collect();
    out + &legend.join(", ") + "\n"
}

fn lines(buf: &Buffer) -> Vec<String> {
    (buf.area.top()..buf.area.bottom())
        .map(|y| {
            let mut line = String::new();
            let mut x = buf.area.left();
            while x < buf.area.right() {
                let symbol = buf[(x, y)].symbol();
                line.push_str(symbol);
                x += u16::try_from(bartizan::kit::document::width(symbol).max(1)).unwrap();
            }
            line.trim_end().to_owned()
        })
        .collect()
}
