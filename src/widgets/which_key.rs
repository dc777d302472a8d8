//! What can follow the keys pressed so far.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{paint, window};
use crate::kit::document::{fit, pad, width};
use crate::theme::{Look, Role};

/// Draws the window at the bottom right: `pressed` in its title, then the keys that can follow and what they do.
pub fn draw(pressed: &str, following: &[(String, String)], look: &Look, area: Rect, buf: &mut Buffer) {
    let keys = following.iter().map(|(keys, _)| width(keys)).max().unwrap_or(1);
    let help = following.iter().map(|(_, help)| width(help)).max().unwrap_or(1);
    let wide = u16::try_from(keys + help + 6).unwrap_or(u16::MAX);
    let high = u16::try_from(following.len() + 2).unwrap_or(u16::MAX);
    let inner = window::draw(pressed, look, window::corner(area, wide, high), buf);
    for (at, (key, help)) in following.iter().enumerate() {
        let line = paint::line(inner, u16::try_from(at).unwrap_or(u16::MAX));
        let end = paint::text(buf, line, 0, &pad(key, keys + 2), look[Role::Key]);
        paint::text(buf, line, end, &fit(help, usize::from(inner.width.saturating_sub(end))), look[Role::Muted]);
    }
}
