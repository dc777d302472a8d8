//! The line below a list: how much of what is shown, in which order, how true it is, and what is missing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{self, Piece};
use crate::kit::document::{fit, width};
use crate::kit::table::{Cell, Tone};
use crate::theme::{Look, Role};

/// Draws the line: `facts` one behind the other, each with its meaning, and at the right what is `missing`, if anything is. Where there is
/// not enough room, ordinary facts are left out first: how true the list is matters more than what else is known about it. A filter that is
/// on is shown at every width, and the count before it.
pub fn draw(facts: &[Cell], missing: &[Cell], milliseconds: i64, look: &Look, area: Rect, buf: &mut Buffer) {
    let room = usize::from(area.width).saturating_sub(2);
    let facts: Vec<(Tone, [Piece; 2])> = facts.iter().map(|fact| (fact.tone, fact_pieces(fact, milliseconds, look))).collect();
    let gap = width(look.glyphs.dot) + 2;
    let told = told(missing, look);
    let filter = facts.iter().find(|(tone, _)| *tone == Tone::Narrowed).map_or(0, |(_, filter)| gap + wide(filter).min(FILTER));
    let least = facts.first().map_or(0, |(_, fact)| wide(fact)) + filter + 2;
    let reserved = told.as_ref().map_or(0, |told| told.width().min(room.saturating_sub(least)) + 2);
    let chosen = choose(&facts, gap, room.saturating_sub(reserved));
    let mut column = 1;
    for (number, (_, [mark, text])) in facts.iter().enumerate() {
        let Some((_, room)) = chosen.iter().find(|(chosen, _)| *chosen == number) else { continue };
        if number > 0 {
            column = paint::text(buf, area, column, &format!(" {} ", look.glyphs.dot), look[Role::Rule]);
        }
        let text = Piece::new(fit(&text.text, room.saturating_sub(mark.width())), text.style);
        column = paint::pieces(buf, area, column, &[mark.clone(), text]);
    }
    if let Some(told) = told {
        let left = room.saturating_sub(usize::from(column) + 1);
        paint::pieces_right(
            buf,
            area,
            column + 2,
            &[Piece::new(shorten(&told.text, left), told.style), Piece::new(" ", look[Role::Status])],
        );
    }
}

fn wide(fact: &[Piece; 2]) -> usize {
    fact.iter().map(Piece::width).sum()
}

/// A fact that does not fit is shortened, but not below this many columns: then it is left out, and what comes behind it too.
const LEAST: usize = 14;

/// The filter gets at least so many columns, and what the facts that warn leave over.
const FILTER: usize = 20;

/// The facts that fit, with their room: the first and a filter in any case, then those that warn, then the others in their order.
fn choose(facts: &[(Tone, [Piece; 2])], gap: usize, room: usize) -> Vec<(usize, usize)> {
    let filter = facts.iter().position(|(tone, _)| *tone == Tone::Narrowed);
    let wanted = filter.and_then(|number| facts.get(number)).map_or(0, |(_, filter)| wide(filter));
    let mut first = facts.first().map_or(0, |(_, fact)| wide(fact));
    let mut narrowed = 0;
    if filter.is_some() {
        first = first.min(room.saturating_sub(gap + wanted.min(LEAST)));
        narrowed = wanted.min(FILTER).min(room.saturating_sub(first + gap));
    }
    let mut chosen = Vec::from([(0, first)]);
    let mut left = room.saturating_sub(first + if filter.is_some() { gap + narrowed } else { 0 });
    for warning in [true, false] {
        if let Some(number) = filter.filter(|_| !warning) {
            let more = (wanted - narrowed).min(left);
            chosen.push((number, narrowed + more));
            left -= more;
        }
        for (number, (tone, fact)) in facts.iter().enumerate().skip(1) {
            if is_warning(*tone) != warning || *tone == Tone::Narrowed {
                continue;
            }
            if gap + wide(fact) <= left {
                left -= gap + wide(fact);
                chosen.push((number, wide(fact)));
            } else if !warning {
                if gap + LEAST <= left {
                    chosen.push((number, left - gap));
                }
                break;
            }
        }
    }
    chosen
}

/// Whether a fact says that something is not as it should be, or not all here yet.
fn is_warning(tone: Tone) -> bool {
    matches!(tone, Tone::Warning | Tone::Bad | Tone::Unknown | Tone::Denied | Tone::Loading | Tone::Stale)
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

/// A text of so many columns. What to do stands behind the last semicolon, and what is before it gives way to it, by a third at most: it
/// may name the permission that is missing.
fn shorten(text: &str, columns: usize) -> String {
    match text.rsplit_once("; ") {
        Some((what, hint)) if width(text) > columns && width(hint) + 2 + width(what) * 2 / 3 <= columns => {
            format!("{}; {hint}", fit(what, columns - width(hint) - 2))
        }
        _ => fit(text, columns),
    }
}

/// The first thing that is missing, and how many more there are.
fn told(missing: &[Cell], look: &Look) -> Option<Piece> {
    let first = missing.first()?;
    let mark = look.glyphs.mark(first.tone).unwrap_or("!");
    let more = if missing.len() > 1 { format!("(1 of {}) ", missing.len()) } else { String::new() };
    Some(Piece::new(format!("{mark} {more}{}", first.text), look[Role::from(first.tone)]))
}
