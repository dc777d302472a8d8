//! Short news that go away by themselves.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint;
use crate::domain::text::clean;
use crate::kit::document::{rows, width};
use crate::kit::effect::Level;
use crate::theme::{Look, Role};

/// The widest toast.
const WIDEST: u16 = 72;

/// So many lines a toast has at least, where the area has them; half of the area is its share else.
const LINES: u16 = 4;

/// Draws the newest toasts at the bottom right of `area`, newest lowest. Each begins with a word that says how urgent it is.
pub fn draw(toasts: &[(Level, &str)], look: &Look, area: Rect, buf: &mut Buffer) {
    let mut bottom = area.height;
    let columns = usize::from(area.width.min(WIDEST)).saturating_sub(4);
    for (level, text) in toasts.iter().rev().take(4) {
        let text = match level {
            Level::Info => clean(text).into_owned(),
            Level::Warning => format!("Warning: {}", clean(text)),
            Level::Error => format!("Error: {}", clean(text)),
        };
        let cut = rows(&text, columns, 0);
        let most = LINES.max(area.height / 2);
        let lines = u16::try_from(cut.len()).unwrap_or(most).min(most);
        if columns < 8 || lines > bottom {
            return;
        }
        bottom -= lines;
        let wide = cut.iter().filter_map(|row| text.get(row.clone())).map(|row| width(row.trim_end())).max().unwrap_or(0);
        let wide = u16::try_from(wide + 2).unwrap_or(u16::MAX);
        let style = look[Role::from(*level)];
        for (at, row) in cut.iter().take(lines.into()).enumerate() {
            let line = paint::line(area, bottom + u16::try_from(at).unwrap_or(0));
            let place = Rect { x: line.right().saturating_sub(wide + 1), width: wide, ..line };
            paint::ground(buf, place, look[Role::Text].patch(style));
            paint::text(buf, place, 1, text.get(row.clone()).unwrap_or_default().trim_end(), style);
        }
    }
}
