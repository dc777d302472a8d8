//! What is shown where nothing else fits.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint;
use crate::kit::input::Size;
use crate::theme::{Look, Role};

/// Asks for a larger screen, in as many words as fit.
pub fn draw(least: Size, look: &Look, area: Rect, buf: &mut Buffer) {
    let lines = [
        format!("{}x{} is too small", area.width, area.height),
        format!("bartizan needs {}x{}", least.width, least.height),
        "enlarge the window".to_owned(),
        "q quits".to_owned(),
    ];
    for (number, text) in (0_u16..).zip(&lines) {
        let role = if number == 0 { Role::Title } else { Role::Text };
        paint::text(buf, paint::line(area, number), 0, text, look[role]);
    }
}
