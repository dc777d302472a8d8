//! Finding the rows that match a query, a slice at a time.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Row;
use crate::kit::query::Query;

/// A filter on its way through the rows. Rows that arrive meanwhile are looked at in their turn.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Filtering {
    matching: Vec<bool>,
}

impl Filtering {
    pub(super) fn looked_at(&self) -> usize {
        self.matching.len()
    }

    /// Looks at up to `budget` rows. Returns true when all have been looked at.
    pub(super) fn step<R: Row>(&mut self, rows: &IndexMap<R::Id, R>, query: &Query, budget: usize, now: Timestamp) -> bool {
        let from = self.matching.len();
        let to = rows.len().min(from.saturating_add(budget));
        self.matching.extend((from..to).filter_map(|number| rows.get_index(number)).map(|(_, row)| query.matches(row, now)));
        self.matching.len() >= rows.len()
    }

    /// A row changed: if it has been looked at already, the answer is renewed.
    pub(super) fn look_again(&mut self, number: usize, matches: bool) {
        if let Some(known) = self.matching.get_mut(number) {
            *known = matches;
        }
    }

    /// The matching row numbers, in the order of `sorted`.
    pub(super) fn view(&self, sorted: &[u32]) -> Vec<u32> {
        sorted.iter().copied().filter(|&number| self.matching.get(number as usize) == Some(&true)).collect()
    }
}
