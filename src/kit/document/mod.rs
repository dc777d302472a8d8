//! Text to read: the detail of a row, a raw record. Lines with meanings, and the window that a person moves over them.
//!
//! It is here and not among the widgets because `update` must know where the text ends.

mod json;
mod scroll;
mod wrap;

pub use scroll::{Motion, Position, Scroll, occurrences};
pub use wrap::{clusters, fit, head, pad, rows, tail, width};

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::table::Tone;
use crate::domain::detail::Section;

/// One line before wrapping. The text must be harmless already: from `shown()`, or the program's own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Line {
    /// What it says.
    pub text: String,
    /// Parts (in bytes) that mean something; the rest is plain.
    pub tones: Vec<(Range<usize>, Tone)>,
    /// By how many columns the rows after the first are moved in: values hang behind their labels.
    pub hang: u16,
    /// Whether it heads what follows.
    pub heading: bool,
}

impl Line {
    /// A plain line.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A heading.
    pub fn heading(text: impl Into<String>) -> Self {
        Self { text: text.into(), heading: true, ..Self::default() }
    }

    /// A label of so many columns and its value, which hangs behind it.
    pub fn labelled(label: &str, columns: usize, value: &str, tone: Tone) -> Self {
        let label = pad(&fit(label, columns), columns);
        let start = label.len() + 2;
        let text = format!("{label}  {value}");
        let tones = vec![(0..label.len(), Tone::Muted), (start..text.len(), tone)];
        Self { text, tones, hang: u16::try_from(columns + 2).unwrap_or(0), heading: false }
    }

    /// The same line with a part behind it that means something else.
    #[must_use]
    pub fn with(mut self, text: &str, tone: Tone) -> Self {
        let start = self.text.len();
        self.text.push_str(text);
        self.tones.push((start..self.text.len(), tone));
        self
    }
}

/// What kind of text it is, for line numbers and colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Labels and values.
    #[default]
    Detail,
    /// A record as JSON, with line numbers.
    Json,
}

/// A text to read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Document {
    /// Its lines.
    pub lines: Vec<Line>,
    /// Its kind.
    pub kind: Kind,
}

impl Document {
    /// A detail made of these lines.
    pub fn detail(lines: Vec<Line>) -> Self {
        Self { lines, kind: Kind::Detail }
    }

    /// A record. JSON is laid out with one member a line; anything else stays as it is, line by line. Every line is made harmless.
    pub fn record(text: &str) -> Self {
        let laid_out = json::lay_out(text);
        let text = laid_out.as_deref().unwrap_or(text);
        let lines = text.lines().map(|line| Line { hang: hang_of(line), ..Line::plain(crate::domain::text::clean(line)) });
        Self { lines: lines.collect(), kind: Kind::Json }
    }

    /// How many columns the line numbers take, with the space behind them.
    pub fn gutter(&self) -> u16 {
        match self.kind {
            Kind::Detail => 0,
            Kind::Json => u16::try_from(self.lines.len().max(1).ilog10() + 2).unwrap_or(2),
        }
    }

    /// The whole text, for the clipboard.
    pub fn text(&self) -> String {
        self.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
    }
}

/// Rows of a wrapped JSON line begin two columns behind its indentation.
fn hang_of(line: &str) -> u16 {
    let indentation = line.len() - line.trim_start_matches(' ').len();
    u16::try_from(indentation.min(40) + 2).unwrap_or(2)
}

/// No label is given more columns than this; longer ones are cut in their middle.
const WIDEST_LABEL: usize = 30;

impl Document {
    /// A detail of sections: a heading each, labels in one column, values hanging behind them.
    pub fn of_sections(sections: &[Section]) -> Self {
        let labels = sections.iter().flat_map(|section| &section.fields).map(|field| width(&field.label));
        let columns = labels.max().unwrap_or(0).min(WIDEST_LABEL);
        let mut lines = Vec::new();
        for section in sections {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            lines.push(Line::heading(section.title.clone()));
            for field in &section.fields {
                lines.push(Line::labelled(&field.label, columns, field.value.shown_within(4096).as_str(), Tone::Plain));
            }
        }
        Self::detail(lines)
    }
}
