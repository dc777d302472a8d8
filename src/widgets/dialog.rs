//! The question whether something shall be changed: the plan, what has to be typed, and two buttons.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{self, Piece};
use super::{field, text, window};
use crate::kit::document::{Document, Scroll, fit};
use crate::kit::field::Field;
use crate::theme::{Look, Role};

/// One thing below the plan.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What to type.
    pub prompt: &'a str,
    /// What has been typed.
    pub field: &'a Field,
    /// Whether it has the focus.
    pub focused: bool,
}

/// What the dialog says.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The plan.
    pub plan: &'a Document,
    /// What part of it is on screen.
    pub scroll: &'a Scroll,
    /// What has to be typed, line by line.
    pub asked: &'a [Asked<'a>],
    /// Why the last yes was not taken.
    pub note: Option<&'a str>,
    /// The buttons from left to right: word, and whether it has the focus.
    pub buttons: &'a [(&'a str, bool)],
}

/// Draws the dialog in its window.
pub fn draw(title: &str, question: &Question<'_>, look: &Look, area: Rect, buf: &mut Buffer) {
    let inner = window::draw(title, look, area, buf);
    let below = u16::try_from(question.asked.len() + 2).unwrap_or(u16::MAX).min(inner.height);
    let plan = Rect { height: inner.height - below, ..inner };
    text::draw(question.plan, question.scroll, look, plan, buf);
    more(question, look, area, buf);
    let mut y = inner.y + plan.height;
    for asked in question.asked {
        let line = Rect { y, height: 1, ..inner }.intersection(inner);
        if asked.focused {
            field::draw(asked.prompt, asked.field, Piece::new("", look[Role::Muted]), look, line, buf);
        } else {
            let end = paint::text(buf, line, 1, asked.prompt, look[Role::Muted]);
            paint::text(buf, line, end, asked.field.text(), look.ink(Role::Text));
        }
        y += 1;
    }
    if let Some(note) = question.note {
        let line = Rect { y, height: 1, ..inner }.intersection(inner);
        paint::text(buf, line, 1, &fit(note, usize::from(inner.width).saturating_sub(1)), look.ink(Role::Warning));
    }
    let line = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner }.intersection(inner);
    let mut column = 1;
    for (word, focused) in question.buttons {
        let (role, mark) = if *focused { (Role::ButtonFocused, look.glyphs.pointer) } else { (Role::Button, " ") };
        column = paint::text(buf, line, column, &format!("{mark} {word} "), look[role]) + 2;
    }
}

/// Says at the frame how much of the plan is not on screen.
fn more(question: &Question<'_>, look: &Look, window: Rect, buf: &mut Buffer) {
    let hidden = question.scroll.rows_below(question.plan);
    if hidden > 0 && window.height > 1 && window.width > 4 {
        let line = Rect { y: window.bottom() - 1, height: 1, width: window.width - 2, ..window };
        let piece = Piece::new(format!(" {hidden} more lines of the plan: down "), look[Role::Key]);
        paint::pieces_right(buf, line, 2, &[piece]);
    }
}
