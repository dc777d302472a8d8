//! The window over a document: scrolling by rows as they are wrapped, and searching.

use serde::{Deserialize, Serialize};

use super::{Document, rows};
use crate::kit::input::Size;

/// A row of the wrapped text: the line, and which of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Position {
    /// Index of the line.
    pub line: usize,
    /// Row of the line, 0 where lines are cut.
    pub row: usize,
}

/// How a person moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// Down by rows, up where negative.
    Rows(isize),
    /// Down by half pages, up where negative.
    Halves(isize),
    /// Down by pages, up where negative.
    Pages(isize),
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
    /// To the right by steps of eight columns, left where negative; only where lines are cut.
    Sideways(isize),
}

/// Where a person is in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scroll {
    /// The first row on screen.
    pub top: Position,
    /// How many columns are hidden at the left, where lines are cut.
    pub left: u16,
    /// Whether long lines are wrapped, else cut.
    pub wrap: bool,
    /// The size of the window, line numbers included.
    pub size: Size,
    /// What is searched for; empty: nothing.
    pub needle: String,
    /// The match on which the search stands, counted from 0, and how many there are.
    pub found: Option<(usize, usize)>,
}

impl Default for Scroll {
    fn default() -> Self {
        Self {
            top: Position::default(),
            left: 0,
            wrap: true,
            size: Size { width: 80, height: 20 },
            needle: String::new(),
            found: None,
        }
    }
}

impl Scroll {
    /// How many rows a line takes.
    fn rows_of(&self, document: &Document, line: usize) -> usize {
        let Some(line) = document.lines.get(line).filter(|_| self.wrap) else { return 1 };
        rows(&line.text, self.columns(document), line.hang.into()).len()
    }

    /// How many columns the text itself has.
    pub fn columns(&self, document: &Document) -> usize {
        usize::from(self.size.width.saturating_sub(document.gutter())).max(2)
    }

    /// The window has this size from now on.
    pub fn resize(&mut self, size: Size, document: &Document) {
        self.size = size;
        self.clamp(document);
    }

    /// Moves.
    pub fn go(&mut self, motion: Motion, document: &Document) {
        let page = isize::try_from(self.size.height.max(1)).unwrap_or(1);
        match motion {
            Motion::Rows(rows) => self.by(rows, document),
            Motion::Halves(halves) => self.by(halves * (page / 2).max(1), document),
            Motion::Pages(pages) => self.by(pages * (page - 1).max(1), document),
            Motion::Top => self.top = Position::default(),
            Motion::Bottom => self.top = self.last(document),
            Motion::Sideways(steps) if !self.wrap => {
                let left = isize::try_from(self.left).unwrap_or(0) + steps * 8;
                self.left = u16::try_from(left.max(0)).unwrap_or(u16::MAX);
            }
            Motion::Sideways(_) => {}
        }
        self.clamp(document);
    }

    /// How many rows lie below the window.
    pub fn rows_below(&self, document: &Document) -> usize {
        let all: usize = (self.top.line..document.lines.len()).map(|line| self.rows_of(document, line)).sum();
        all.saturating_sub(self.top.row + usize::from(self.size.height))
    }

    /// Wraps long lines, or cuts them.
    pub fn toggle_wrap(&mut self, document: &Document) {
        self.wrap = !self.wrap;
        self.top.row = 0;
        self.left = 0;
        self.clamp(document);
    }

    /// Searches for a text from the window on; capital letters count only where the text has one.
    pub fn search(&mut self, needle: &str, document: &Document) {
        needle.clone_into(&mut self.needle);
        let matches = self.matches(document);
        let at = matches.iter().position(|line| *line >= self.top.line).unwrap_or(0);
        self.stand_on(at, &matches, document);
    }

    /// Goes to the next match, or with `-1` to the one before; round the ends.
    pub fn step(&mut self, by: isize, document: &Document) {
        let matches = self.matches(document);
        let count = isize::try_from(matches.len().max(1)).unwrap_or(1);
        let at = self.found.map_or(0, |(at, _)| isize::try_from(at).unwrap_or(0)) + by;
        self.stand_on(usize::try_from(at.rem_euclid(count)).unwrap_or(0), &matches, document);
    }

    fn stand_on(&mut self, at: usize, matches: &[usize], document: &Document) {
        self.found = matches.get(at).map(|line| {
            self.show(*line, document);
            (at, matches.len())
        });
    }

    /// The lines that match.
    fn matches(&self, document: &Document) -> Vec<usize> {
        let found = document.lines.iter().enumerate().filter(|(_, line)| !occurrences(&line.text, &self.needle).is_empty());
        found.map(|(at, _)| at).collect()
    }

    /// The line on which the search stands.
    pub fn found_line(&self, document: &Document) -> Option<usize> {
        self.found.and_then(|(at, _)| self.matches(document).get(at).copied())
    }

    /// Brings a line into the window.
    fn show(&mut self, line: usize, document: &Document) {
        let bottom = self.walk(self.top, isize::try_from(self.size.height).unwrap_or(1) - 1, document);
        if line < self.top.line || line > bottom.line || (line == bottom.line && self.rows_of(document, line) > 1) {
            let third = isize::try_from(self.size.height / 3).unwrap_or(0);
            self.top = self.walk(Position { line, row: 0 }, -third, document);
        }
        self.clamp(document);
    }

    fn by(&mut self, rows: isize, document: &Document) {
        self.top = self.walk(self.top, rows, document);
    }

    fn walk(&self, from: Position, rows: isize, document: &Document) -> Position {
        let mut at = from;
        for _ in 0..rows.unsigned_abs() {
            if rows > 0 {
                if at.row + 1 < self.rows_of(document, at.line) {
                    at.row += 1;
                } else if at.line + 1 < document.lines.len() {
                    at = Position { line: at.line + 1, row: 0 };
                } else {
                    break;
                }
            } else if at.row > 0 {
                at.row -= 1;
            } else if at.line > 0 {
                at = Position { line: at.line - 1, row: self.rows_of(document, at.line - 1).saturating_sub(1) };
            } else {
                break;
            }
        }
        at
    }

    /// The top of the last page.
    fn last(&self, document: &Document) -> Position {
        let line = document.lines.len().saturating_sub(1);
        let end = Position { line, row: self.rows_of(document, line).saturating_sub(1) };
        self.walk(end, 1 - isize::try_from(self.size.height.max(1)).unwrap_or(1), document)
    }

    /// Keeps the window inside the text, whose lines may have become fewer.
    pub fn clamp(&mut self, document: &Document) {
        self.top.line = self.top.line.min(document.lines.len().saturating_sub(1));
        self.top.row = self.top.row.min(self.rows_of(document, self.top.line).saturating_sub(1));
        self.top = self.top.min(self.last(document));
    }
}

/// The byte ranges at which a text occurs in a line. Capital letters count only where the needle has one.
pub fn occurrences(line: &str, needle: &str) -> Vec<std::ops::Range<usize>> {
    if needle.is_empty() {
        return Vec::new();
    }
    let exact = needle.chars().any(char::is_uppercase);
    let same = |(a, b): (u8, u8)| if exact { a == b } else { a.eq_ignore_ascii_case(&b) };
    let (line_bytes, needle_bytes) = (line.as_bytes(), needle.as_bytes());
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(part) = line_bytes.get(at..at + needle_bytes.len()) {
        if line.is_char_boundary(at) && part.iter().copied().zip(needle_bytes.iter().copied()).all(same) {
            found.push(at..at + needle_bytes.len());
            at += needle_bytes.len();
        } else {
            at += 1;
        }
    }
    found
}
