//! Marked rows: what one action is done to at once. Marks go by id, so sorting, filtering and reading anew do not touch them; a row that
//! vanishes takes its mark with it.

use jiff::Timestamp;

use super::{Row, Table};

/// As many marked rows are held against the filter when a frame is made.
const MOST_LOOKED_AT: usize = 1000;

impl<R: Row> Table<R> {
    /// Marks the selected row, or takes its mark away, and goes down by one.
    pub fn toggle_mark(&mut self) {
        let Some(id) = self.selected().map(Row::id) else { return };
        if !self.marks.remove(&id) {
            self.marks.insert(id);
        }
        let last = self.matching();
        self.cursor.move_by(1, last);
    }

    /// Marks every row that matches the query. Where all of them are marked already, their marks go.
    pub fn mark_matching(&mut self) {
        let ids: Vec<R::Id> = self.ordered().map(Row::id).collect();
        if ids.iter().all(|id| self.marks.contains(id)) {
            ids.iter().for_each(|id| _ = self.marks.remove(id));
        } else {
            self.marks.extend(ids);
        }
    }

    /// Takes all marks away.
    pub fn clear_marks(&mut self) {
        self.marks.clear();
    }

    /// Whether the row with this id is marked.
    pub fn is_marked(&self, id: &R::Id) -> bool {
        self.marks.contains(id)
    }

    /// How many rows are marked, shown or not.
    pub fn marked_count(&self) -> usize {
        self.marks.len()
    }

    /// How many marked rows the filter hides; `None`: more are marked than can be looked at for each frame.
    pub fn marked_hidden(&self, now: Timestamp) -> Option<usize> {
        match self.marks.len() {
            _ if self.query.is_empty() => Some(0),
            0..=MOST_LOOKED_AT => Some(self.marked().filter(|row| !self.query.matches(*row, now)).count()),
            _ => None,
        }
    }

    /// The marked rows in the order of their ids, also those that the filter hides: the count on screen says how many there are.
    pub fn marked(&self) -> impl Iterator<Item = &R> {
        self.marks.iter().filter_map(|id| self.get(id))
    }
}
