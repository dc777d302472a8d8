//! The line below a list: how much of what is shown, in which order, how true it is, and what is missing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{self, Piece};
use crate::kit::document::{fit, width};
use crate::kit::table::{Cell, Tone};
use crate::theme::{Look, Role};

/// Draws the line: `facts` one behind the other, each with its meaning, and at the right what is `missing`, if anything is. Where there is
/// not enough room, facts are left out from the second on: what is missing matters more.
pub fn draw(facts: &[Cell], missing: &[Cell], milliseconds: i64, look: &Look, area: Rect, buf: &mut Buffer) {
    let room = usize::from(area.width).saturating_sub(2);
    let facts: Vec<[Piece; 2]> = facts.iter().map(|fact| fact_pieces(fact, milliseconds, look)).collect();
    let wide = |fact: &[Piece; 2]| fact.iter().map(Piece::width).sum::<usize>();
    let gap = width(look.glyphs.dot) + 2;
    let told = told(missing, look);
    let least = facts.first().map_or(0, wide) + 2;
    let reserved = told.as_ref().map_or(0, |told| told.width().min(room.saturating_sub(least)) + 2);
    let (mut column, mut used) = (1, 0);
    for (number, fact) in facts.iter().enumerate() {
        let needed = wide(fact) + if number > 0 { gap } else { 0 };
        if number > 0 && used + needed + reserved > room {
            break;
        }
        if number > 0 {
            column = paint::text(buf, area, column, &format!(" {} ", look.glyphs.dot), look[Role::Rule]);
        }
        column = paint::pieces(buf, area, column, fact);
        used += needed;
    }
    if let Some(told) = told {
        let left = room.saturating_sub(used + 2);
        paint::pieces_right(
            buf,
            area,
            column + 2,
            &[Piece::new(fit(&told.text, left), told.style), Piece::new(" ", look[Role::Status])],
        );
    }
}

/// The sign of a fact's meaning, and the fact.
fn fact_pieces(fact: &Cell, milliseconds: i64, look: &Look) -> [Piece; 2] {
    let mark = match fact.tone {
        Tone::Loading => Some(look.glyphs.spinner(milliseconds)),
        tone => look.glyphs.mark(tone),
    };
    let role = if fact.tone == Tone::Plain { Role::Status } else { Role::from(fact.tone) };
    let mark = mark.map(|mark| format!("{mark} ")).unwrap_or_default();
    [Piece::new(mark, look[role]), Piece::new(fact.text.clone(), look[role])]
}

/// The first thing that is missing, and how many more there are.
fn told(missing: &[Cell], look: &Look) -> Option<Piece> {
    let first = missing.first()?;
    let mark = look.glyphs.mark(first.tone).unwrap_or("!");
    let more = if missing.len() > 1 { format!("(1 of {}) ", missing.len()) } else { String::new() };
    Some(Piece::new(format!("{mark} {more}{}", first.text), look[Role::from(first.tone)]))
}
