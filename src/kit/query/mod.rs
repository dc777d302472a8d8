//! One filter language for every table, on screen and on the command line.
//!
//! Terms are separated by spaces and all of them must hold:
//! `alice` in any column · `user:alice` in one column · `status=Active` exactly · `age>90d`, `count>=5` by number or age ·
//! `!term` or `-term` not · `"two words"` as one term. Capital and small letters are the same. A word with a colon whose left side is no column
//! (`arn:aws:iam`) is an ordinary word.

mod parse;

use std::cmp::Ordering;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::table::{Column, Row};

/// A parsed query. The empty one matches everything.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Query {
    text: String,
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Term {
    negated: bool,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Test {
    Anywhere { needle: String },
    Contains { column: usize, needle: String },
    Equals { column: usize, value: String },
    Compare { column: usize, how: Comparison, number: f64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Comparison {
    Less,
    AtMost,
    More,
    AtLeast,
}

/// Why a query was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// One sentence: what is wrong, and what would be right.
    pub message: String,
}

impl Query {
    /// Parses a query for a table with these columns.
    pub fn parse(text: &str, columns: &[Column]) -> Result<Self, QueryError> {
        Ok(Self { text: text.to_owned(), terms: parse::terms(text, columns)? })
    }

    /// The query as it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it matches everything.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a row matches.
    pub fn matches<R: Row>(&self, row: &R, now: Timestamp) -> bool {
        self.terms.iter().all(|term| term.test.holds(row, now) != term.negated)
    }
}

impl Test {
    fn holds<R: Row>(&self, row: &R, now: Timestamp) -> bool {
        match self {
            Self::Anywhere { needle } => (0..R::COLUMNS.len()).any(|column| contains(&row.cell(column, now).text, needle)),
            Self::Contains { column, needle } => contains(&row.cell(*column, now).text, needle),
            Self::Equals { column, value } => row.cell(*column, now).text.to_lowercase() == *value,
            Self::Compare { column, how, number } => row
                .measure(*column, now)
                .and_then(|measured| measured.partial_cmp(number))
                .is_some_and(|found| how.accepts(found)),
        }
    }
}

impl Comparison {
    fn accepts(self, found: Ordering) -> bool {
        match self {
            Self::Less => found.is_lt(),
            Self::AtMost => found.is_le(),
            Self::More => found.is_gt(),
            Self::AtLeast => found.is_ge(),
        }
    }
}

/// Whether `text` contains `needle`, which is in small letters.
fn contains(text: &str, needle: &str) -> bool {
    if text.is_ascii() {
        let (text, needle) = (text.as_bytes(), needle.as_bytes());
        needle.is_empty() || text.windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle))
    } else {
        text.to_lowercase().contains(needle)
    }
}
