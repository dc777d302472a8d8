//! The window in which a secret is typed: what it is for, and how long it is by now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::entry::Entry;
use crate::domain::text::clean;
use crate::kit::document::rows;
use crate::theme::{Look, Role};
use crate::widgets::paint::{self, Piece};
use crate::widgets::window;

/// Columns of the window.
const WIDTH: u16 = 78;
/// Columns of its frame and of the space inside it.
const FRAME: u16 = 4;

/// Draws the window over whatever there is. On a locked console it says neither whose device nor whose profile it is about.
pub(super) fn draw(entry: &Entry, locked: bool, look: &Look, area: Rect, buf: &mut Buffer) {
    let columns = usize::from(WIDTH.min(area.width).saturating_sub(FRAME)).max(2);
    let question = &entry.question;
    let mut lines: Vec<String> = Vec::new();
    for line in question.lines.iter().filter(|_| !locked) {
        let line = clean(line);
        lines.extend(rows(&line, columns, 0).into_iter().filter_map(|row| line.get(row)).map(|row| row.trim_end().to_owned()));
    }
    let problem = entry.note.as_deref().or(question.problem.as_deref()).filter(|_| entry.length == 0);
    let below = match problem {
        Some(problem) => (clean(problem).into_owned(), Role::Bad),
        None if locked && question.lines.is_empty() => ("nothing that is typed is shown".into(), Role::Muted),
        None => ("nothing that is typed is shown; Enter hands it over, Esc gives none".into(), Role::Muted),
    };
    let cut = rows(&below.0, columns, 0);
    let below_lines: Vec<&str> = cut.into_iter().filter_map(|row| below.0.get(row)).collect();
    // On a small screen what is wrong matters more than what it is for.
    lines.truncate(usize::from(area.height.saturating_sub(4)).saturating_sub(below_lines.len()));
    let above = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let high = above.saturating_add(u16::try_from(below_lines.len()).unwrap_or(1)).saturating_add(4);
    let inner = window::draw(&clean(&question.title), look, window::centred(area, WIDTH, high), buf);
    for (number, line) in (0..).zip(&lines) {
        paint::text(buf, paint::line(inner, number), 0, line, look[Role::Text]);
    }
    let prompt = match entry.again {
        true => format!("the same {} again: ", clean(&question.label)),
        false => format!("{}: ", clean(&question.label)),
    };
    let line = paint::line(inner, above.saturating_add(1)).intersection(inner);
    paint::ground(buf, line, look[Role::Text].patch(look[Role::Field]));
    let start = paint::text(buf, line, 0, &prompt, look[Role::Key]);
    let room = usize::from(line.width.saturating_sub(start)).saturating_sub(1);
    let end = paint::text(buf, line, start, &"*".repeat(entry.length.min(room)), look[Role::Field]);
    paint::text(buf, line, end, " ", look[Role::Cursor]);
    for (number, text) in (above.saturating_add(2)..).zip(below_lines) {
        paint::pieces(buf, paint::line(inner, number), 0, &[Piece::new(text.trim_end(), look[below.1])]);
    }
}
