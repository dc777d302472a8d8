//! A framed window over the panes: help, palette, menus, which-key.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, BorderType, Padding, Widget};

use super::paint;
use crate::kit::document::fit;
use crate::theme::{Look, Role};

/// A window of at most this size in the middle of `area`.
pub fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height }
}

/// A window of at most this size at the bottom right of `area`.
pub fn corner(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect { x: area.right() - width, y: area.bottom() - height, width, height }
}

/// Draws the frame over whatever was there; returns what is inside.
pub fn draw(title: &str, look: &Look, area: Rect, buf: &mut Buffer) -> Rect {
    let area = area.intersection(buf.area);
    paint::ground(buf, area, look[Role::Text].patch(look[Role::Window]));
    let block = Block::bordered()
        .border_type(if look.glyphs.vertical.is_ascii() { BorderType::Plain } else { BorderType::Rounded })
        .border_style(look[Role::Rule])
        .padding(Padding::horizontal(1));
    let inner = block.inner(area);
    if look.glyphs.vertical.is_ascii() {
        block.border_set(ASCII).render(area, buf);
    } else {
        block.render(area, buf);
    }
    if area.width > 6 {
        let top = paint::line(Rect { x: area.x + 2, width: area.width - 4, ..area }, 0);
        let title = format!(" {} ", fit(title, usize::from(top.width).saturating_sub(2)));
        paint::text(buf, top, 0, &title, look[Role::Title]);
    }
    inner
}

const ASCII: ratatui::symbols::border::Set<'_> = ratatui::symbols::border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};
