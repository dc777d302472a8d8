//! What stands in the middle of a pane that has no rows: a wait, an answer or a failure, never just nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint;
use crate::kit::document::{fit, rows, width};
use crate::kit::table::Tone;
use crate::theme::{Look, Role};

/// The widest paragraph.
const WIDEST: u16 = 76;

/// Draws a title with the sign of its meaning and paragraphs below it, in the upper middle of `area`.
pub fn draw(title: &str, text: &[String], tone: Tone, milliseconds: i64, look: &Look, area: Rect, buf: &mut Buffer) {
    let columns = area.width.saturating_sub(4).min(WIDEST);
    let mark = match tone {
        Tone::Loading => Some(look.glyphs.spinner(milliseconds)),
        tone => look.glyphs.mark(tone),
    };
    let title = fit(&mark.map_or_else(|| title.to_owned(), |mark| format!("{mark} {title}")), columns.into());
    let mut lines = vec![(title, look[Role::from(tone)])];
    for paragraph in text {
        lines.push((String::new(), look[Role::Text]));
        let cut = rows(paragraph, columns.into(), 0);
        lines.extend(
            cut.into_iter().filter_map(|row| paragraph.get(row)).map(|row| (row.trim_end().to_owned(), look[Role::Text])),
        );
    }
    let wide = lines.iter().map(|(line, _)| width(line)).max().unwrap_or(0);
    let left = (area.width.saturating_sub(u16::try_from(wide).unwrap_or(u16::MAX))) / 2;
    let top = area.height.saturating_sub(u16::try_from(lines.len()).unwrap_or(u16::MAX)) / 3;
    for (number, (line, style)) in (0_u16..).zip(&lines) {
        paint::text(buf, paint::line(area, top.saturating_add(number)), left, line, *style);
    }
}
