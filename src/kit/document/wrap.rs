//! Cutting text to the width of a screen. Widths are terminal columns; nothing is ever cut inside a visible character.
//!
//! Columns are counted as terminals count them, character by character: the letters of an Indian conjunct or of a Thai syllable have a column each,
//! though Unicode takes them for one grapheme.

use std::ops::Range;

use unicode_width::UnicodeWidthChar as _;

/// How many terminal columns a text takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(columns).sum() }
}

fn columns(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// What one cell of a terminal holds, or two where it is wide: a character, and what takes no column behind it. With its place in bytes.
pub fn clusters(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = rest.next()?;
        let mut end = start + first.len_utf8();
        while let Some((at, c)) = rest.next_if(|(_, c)| columns(*c) == 0 && !c.is_control()) {
            end = at + c.len_utf8();
        }
        text.get(start..end).map(|cluster| (start, cluster))
    })
}

/// The byte ranges of the rows that a line takes when it is wrapped. The first row has `columns`, the others `hang` less.
/// Rows end behind a space where one is near, else anywhere: identifiers have none.
pub fn rows(text: &str, columns: usize, hang: usize) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let (mut start, mut used, mut space) = (0, 0, None);
    for (at, cluster) in clusters(text) {
        let wide = width(cluster);
        // More than once where the first row is wider than those that hang: what was moved down may be too long again.
        while at > start {
            let room = if rows.is_empty() { columns } else { columns.saturating_sub(hang) }.max(2);
            if used + wide <= room {
                break;
            }
            let fitting = match head(text.get(start..at).unwrap_or_default(), room).len() {
                0 => at,
                length => start + length,
            };
            let cut = space.filter(|space| *space > start + (at - start) / 2).unwrap_or(fitting);
            rows.push(start..cut);
            used = width(text.get(cut..at).unwrap_or_default());
            start = cut;
            space = None;
        }
        used += wide;
        if cluster == " " {
            space = Some(at + 1);
        }
    }
    rows.push(start..text.len());
    rows
}

/// What of a text fits in so many columns, from its start.
pub fn head(text: &str, columns: usize) -> &str {
    if text.is_ascii() {
        return text.get(..columns.min(text.len())).unwrap_or_default();
    }
    let mut used = 0;
    for (at, cluster) in clusters(text) {
        used += width(cluster);
        if used > columns {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// What of a text fits in so many columns, at its end.
pub fn tail(text: &str, columns: usize) -> &str {
    if text.is_ascii() {
        return text.get(text.len().saturating_sub(columns)..).unwrap_or_default();
    }
    let mut left = width(text);
    for (at, cluster) in clusters(text) {
        if left <= columns {
            return text.get(at..).unwrap_or_default();
        }
        left -= width(cluster);
    }
    ""
}

/// A text cut to so many columns, with `…` where something is missing. Identifiers (no space in them) lose their middle and keep
/// their end, which is where ARNs and ids differ; sentences lose their end.
pub fn fit(text: &str, columns: usize) -> String {
    if text.len() <= columns || width(text) <= columns {
        return text.to_owned();
    }
    match columns {
        0 => String::new(),
        1..=4 => format!("{}…", head(text, columns - 1)),
        _ if text.contains(' ') => format!("{}…", head(text, columns - 1).trim_end()),
        _ => {
            let end = (columns - 1) * 2 / 3;
            format!("{}…{}", head(text, columns - 1 - end), tail(text, end))
        }
    }
}

/// A text of at least so many columns, filled up with spaces.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}
