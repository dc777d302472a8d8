//! What a table needs to know about its rows: columns for the screen, fields for the filter, CSV and the documents.

use std::cmp::Ordering;
use std::hash::Hash;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::tally::Kinds;
use crate::domain::key::AgeLimit;
use crate::kit::query::field::Field;

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name, which is that of its field: small letters and `_`.
    pub id: &'static str,
    /// Its heading on screen.
    pub title: &'static str,
    /// How wide it wants to be, in terminal columns.
    pub width: u16,
    /// Whether it takes part of the space that is left over.
    pub grow: bool,
    /// Columns with a higher number vanish first where the screen is narrow; 0 stays always.
    pub spare: u8,
    /// Whether it is set to the right, as numbers are.
    pub right: bool,
}

impl Column {
    /// A column of this width that stays always.
    pub const fn new(id: &'static str, title: &'static str, width: u16) -> Self {
        Self { id, title, width, grow: false, spare: 0, right: false }
    }

    /// The column takes part of the space that is left over.
    #[must_use]
    pub const fn growing(mut self) -> Self {
        self.grow = true;
        self
    }

    /// The column vanishes where the screen is narrow; higher numbers first.
    #[must_use]
    pub const fn spare(mut self, spare: u8) -> Self {
        self.spare = spare;
        self
    }

    /// The column is set to the right.
    #[must_use]
    pub const fn right(mut self) -> Self {
        self.right = true;
        self
    }
}

/// What a piece of text means; the theme makes colours and marks of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Ordinary text.
    Plain,
    /// Less important.
    Muted,
    /// As it should be.
    Good,
    /// Wants attention.
    Warning,
    /// Wrong.
    Bad,
    /// Severity low.
    Low,
    /// Severity medium.
    Medium,
    /// Severity high.
    High,
    /// Severity critical.
    Critical,
    /// Nobody knows: never shown like an answer.
    Unknown,
    /// AWS refused to say.
    Denied,
    /// On its way.
    Loading,
    /// True once, perhaps not now.
    Stale,
    /// Only part of what there is, because somebody asked for no more: a filter that is on.
    Narrowed,
}

/// The content of one cell. The text must come from [`crate::domain::text::Untrusted::shown`] or from the program itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// What it means.
    pub tone: Tone,
}

impl Cell {
    /// A cell with this meaning.
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    /// Ordinary text.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Tone::Plain)
    }

    /// Less important text.
    pub fn muted(text: impl Into<String>) -> Self {
        Self::new(text, Tone::Muted)
    }
}

/// A row of a table.
pub trait Row: Clone + PartialEq + Serialize + DeserializeOwned + 'static {
    /// What stays the same across a refresh.
    type Id: Clone + Eq + Ord + Hash + std::fmt::Debug + Serialize + DeserializeOwned;

    /// The columns, in the order of the screen.
    const COLUMNS: &'static [Column];

    /// What can be asked of it, and what exports write: first a field for each column, of the same name and in the same order,
    /// then what no column shows.
    const FIELDS: &'static [Field<Self>];

    /// Its id.
    fn id(&self) -> Self::Id;

    /// What a column shows. Only rows on screen are asked.
    fn cell(&self, column: usize, now: Timestamp) -> Cell;

    /// What a column means by the configuration's limits, where these say more than [`Row::cell`] by itself.
    fn tone(&self, _column: usize, _now: Timestamp, _limits: Limits) -> Option<Tone> {
        None
    }

    /// What the row is counted as in the lines around its table.
    fn kinds(&self, _now: Timestamp, _limits: Limits) -> Kinds {
        Kinds::default()
    }

    /// Smaller or greater in this column.
    fn compare(&self, other: &Self, column: usize) -> Ordering;

    /// Whether the column's value is unknown or there is none. Such rows come last, whichever way the others go.
    fn is_missing(&self, _column: usize) -> bool {
        false
    }

    /// The record as JSON text for the raw view: what AWS sent, or where AWS sends no JSON, what we know with its sources.
    fn record(&self) -> String;

    /// Takes a newer reading of the same thing. Rows that are put together from several calls keep what the newer one does not know.
    fn absorb(&mut self, newer: Self) {
        *self = newer;
    }
}

/// By what the rows of a table are judged: the configuration says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// How old an active access key may be.
    pub key_age: AgeLimit,
}

/// An order: by a column, up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// Index into the columns.
    pub column: usize,
    /// Greatest first.
    pub descending: bool,
}

impl Sort {
    /// Smallest first.
    pub const fn ascending(column: usize) -> Self {
        Self { column, descending: false }
    }

    /// Greatest first.
    pub const fn descending(column: usize) -> Self {
        Self { column, descending: true }
    }

    /// Compares two rows.
    pub fn compare<R: Row>(self, a: &R, b: &R) -> Ordering {
        let ordering = a.compare(b, self.column);
        let ordering = if self.descending { ordering.reverse() } else { ordering };
        a.is_missing(self.column).cmp(&b.is_missing(self.column)).then(ordering)
    }
}
