//! How many rows there are of each kind: counted as rows come and go, not when a frame asks.

use serde::{Deserialize, Serialize};

/// What a row is counted as in the lines around its table. A row type names its own kinds by numbers from 0 to 14.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kinds(u16);

impl Kinds {
    /// A row that is shown beside the others and is none of what is counted, such as a sample among findings.
    pub const ASIDE: Self = Self(1 << 15);

    /// A row of these kinds.
    #[must_use]
    pub fn of(kinds: impl IntoIterator<Item = (u8, bool)>) -> Self {
        Self(kinds.into_iter().filter(|(_, is)| *is).fold(0, |bits, (kind, _)| bits | 1 << (kind % 15)))
    }

    fn has(self, bit: usize) -> bool {
        self.0 >> bit & 1 == 1
    }
}

/// How many rows there are, and how many of each kind.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    rows: usize,
    kinds: [usize; 16],
}

impl Tally {
    /// Rows that count: all but those that stand aside.
    pub fn rows(&self) -> usize {
        self.rows.saturating_sub(self.aside())
    }

    /// Rows that stand aside.
    pub fn aside(&self) -> usize {
        self.kinds.last().copied().unwrap_or_default()
    }

    /// Rows of a kind.
    pub fn of(&self, kind: u8) -> usize {
        self.kinds.get(usize::from(kind)).copied().unwrap_or_default()
    }

    pub(super) fn add(&mut self, kinds: Kinds) {
        self.rows += 1;
        for (bit, count) in self.kinds.iter_mut().enumerate() {
            *count += usize::from(kinds.has(bit));
        }
    }

    pub(super) fn remove(&mut self, kinds: Kinds) {
        self.rows = self.rows.saturating_sub(1);
        for (bit, count) in self.kinds.iter_mut().enumerate() {
            *count = count.saturating_sub(usize::from(kinds.has(bit)));
        }
    }

    pub(super) fn of_all(kinds: impl IntoIterator<Item = Kinds>) -> Self {
        let mut tally = Self::default();
        kinds.into_iter().for_each(|kinds| tally.add(kinds));
        tally
    }
}
