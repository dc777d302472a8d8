//! The line below a list: how much of what is shown, in which order, and how true it is.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{self, Piece};
use super::truth::{self, count};
use crate::kit::document::{fit, width};
use crate::kit::remote::Remote;
use crate::kit::table::{Column, Sort, Tone};
use crate::theme::{Look, Role};

/// What the line says.
#[derive(Debug, Clone, Copy)]
pub struct Status<'a> {
    /// What the rows are, in the plural: `users`.
    pub noun: &'a str,
    /// Rows that match, and rows in all.
    pub counts: (usize, usize),
    /// The query in force.
    pub query: &'a str,
    /// How many rows the filter has looked at, while it works.
    pub filtering: Option<usize>,
    /// The order and the column's heading.
    pub order: (Sort, Option<Column>),
    /// How true the list is.
    pub remote: &'a Remote,
    /// Facts that only this pane has: `last 24 h`, `archived hidden`.
    pub facts: &'a [String],
}

/// Draws the line. The truth stands at the right and is the last thing to be cut.
pub fn draw(status: &Status<'_>, now: Timestamp, look: &Look, area: Rect, buf: &mut Buffer) {
    let quiet = look[Role::Status];
    let (tone, words) = truth::short(status.remote, status.counts.1, now);
    let mark = match tone {
        Tone::Loading => look.glyphs.spinner(now.as_millisecond()),
        tone => look.glyphs.mark(tone).unwrap_or_default(),
    };
    let most = usize::from(area.width).saturating_sub(4);
    let truth = [Piece::new(fit(&format!("{mark} {words}"), most), look[Role::from(tone)]), Piece::new(" ", quiet)];
    let room = usize::from(area.width).saturating_sub(truth.iter().map(Piece::width).sum::<usize>() + 3);
    let left = fit_facts(&facts(status, look), room, look.glyphs.dot);
    let end = paint::text(buf, area, 1, &left, quiet);
    paint::pieces_right(buf, area, end + 1, &truth);
}

fn facts(status: &Status<'_>, look: &Look) -> Vec<String> {
    let (matching, total) = status.counts;
    let mut facts = Vec::new();
    if status.query.is_empty() {
        facts.push(format!("{} {}", count(total), status.noun));
    } else {
        facts.push(format!("{} of {} {}", count(matching), count(total), status.noun));
        facts.push(format!("/{}", crate::domain::text::clean(status.query)));
    }
    if let Some(looked_at) = status.filtering {
        facts.push(format!("filtering {}%", looked_at * 100 / total.max(1)));
    }
    facts.extend(status.facts.iter().cloned());
    if let (order, Some(column)) = status.order {
        let arrow = if order.descending { look.glyphs.descending } else { look.glyphs.ascending };
        facts.push(format!("by {} {arrow}", column.title.to_lowercase()));
    }
    facts
}

/// As many facts as fit, the first in any case.
fn fit_facts(facts: &[String], room: usize, dot: &str) -> String {
    let mut line = String::new();
    for fact in facts {
        let longer = if line.is_empty() { fact.clone() } else { format!("{line} {dot} {fact}") };
        if width(&longer) > room && !line.is_empty() {
            break;
        }
        line = longer;
    }
    fit(&line, room)
}
