//! A document in a window: wrapped or cut lines, line numbers, matches of a search.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::paint;
use crate::kit::document::{Document, Kind, Line, Scroll, clusters, occurrences, rows, width};
use crate::theme::{Look, Role};

/// Draws the part of a document that the scroll's window shows.
pub fn draw(document: &Document, scroll: &Scroll, look: &Look, area: Rect, buf: &mut Buffer) {
    let gutter = document.gutter().min(area.width);
    let inner = Rect { x: area.x + gutter, width: area.width - gutter, ..area };
    let here = scroll.found_line(document);
    let (mut y, mut skip) = (0_u16, scroll.top.row);
    for (number, line) in document.lines.iter().enumerate().skip(scroll.top.line) {
        let whole = 0..line.text.len();
        let cut = if scroll.wrap { rows(&line.text, inner.width.into(), line.hang.into()) } else { Vec::from([whole]) };
        let styles = Styles::of(line, document.kind, &scroll.needle, here == Some(number), look);
        for (row, range) in cut.iter().enumerate().skip(std::mem::take(&mut skip)) {
            if y >= area.height {
                return;
            }
            if row == 0 && gutter > 1 {
                let label = format!("{:>digits$}", number + 1, digits = usize::from(gutter - 1));
                paint::text(buf, paint::line(area, y), 0, &label, look[Role::Rule]);
            }
            let indent = if row == 0 { 0 } else { line.hang };
            let left = if scroll.wrap { 0 } else { usize::from(scroll.left) };
            styles.draw(&line.text, range.clone(), indent, left, paint::line(inner, y), buf);
            y += 1;
        }
    }
}

/// The style of every part of a line: later ones lie over earlier ones.
struct Styles {
    base: Style,
    parts: Vec<(Range<usize>, Style)>,
}

impl Styles {
    fn of(line: &Line, kind: Kind, needle: &str, here: bool, look: &Look) -> Self {
        let mut parts: Vec<(Range<usize>, Style)> =
            line.tones.iter().map(|(range, tone)| (range.clone(), look.ink(Role::from(*tone)))).collect();
        if kind == Kind::Json {
            parts.extend(json(&line.text).into_iter().map(|(range, role)| (range, look.ink(role))));
        }
        let found = look[if here { Role::MatchHere } else { Role::Match }];
        parts.extend(occurrences(&line.text, needle).into_iter().map(|range| (range, found)));
        let base = if line.heading { look[Role::Title] } else { Style::new() };
        Self { base, parts }
    }

    fn at(&self, byte: usize) -> Style {
        self.parts.iter().filter(|(range, _)| range.contains(&byte)).fold(self.base, |style, (_, part)| style.patch(*part))
    }

    /// Writes one row, run by run of the same style; `left` columns of it are hidden.
    fn draw(&self, text: &str, row: Range<usize>, indent: u16, left: usize, line: Rect, buf: &mut Buffer) {
        let part = text.get(row.clone()).unwrap_or_default();
        let (mut column, mut hidden) = (indent, 0);
        let mut run = (String::new(), self.base);
        for (at, cluster) in clusters(part) {
            if hidden < left {
                hidden += width(cluster);
                continue;
            }
            if column >= line.width {
                break;
            }
            let style = self.at(row.start + at);
            if style != run.1 {
                column = paint::text(buf, line, column, &run.0, run.1);
                run = (String::new(), style);
            }
            run.0.push_str(cluster);
            if run.0.len() > usize::from(line.width) * 4 {
                break;
            }
        }
        paint::text(buf, line, column, &run.0, run.1);
    }
}

/// The parts of one laid-out line of JSON: a member's name, and its value.
fn json(line: &str) -> Vec<(Range<usize>, Role)> {
    let start = line.len() - line.trim_start().len();
    let rest = line.get(start..).unwrap_or_default();
    let (name_end, value_start) = match rest.strip_prefix('"').and_then(closing_quote) {
        Some(end) if rest.get(end + 2..).is_some_and(|tail| tail.starts_with(": ")) => (start + end + 2, start + end + 4),
        _ => (start, start),
    };
    let value_end = line.trim_end_matches(',').len().max(value_start);
    let role = match line.get(value_start..value_end).and_then(|value| value.chars().next()) {
        Some('"') => Role::JsonText,
        Some('{' | '[' | '}' | ']') | None => Role::Text,
        Some(_) => Role::JsonOther,
    };
    vec![(start..name_end, Role::JsonKey), (value_start..value_end, role)]
}

/// Where a string ends, whose opening quote has been taken off.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices()
        .find(|(_, character)| {
            let ends = *character == '"' && !escaped;
            escaped = *character == '\\' && !escaped;
            ends
        })
        .map(|(at, _)| at)
}
