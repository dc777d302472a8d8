//! A table without its row type: what the shared `list` actions work on.

use jiff::Timestamp;

use super::{Column, Row, Sort, Table};
use crate::kit::query::{Query, QueryError};

/// What every table can do whatever its rows are: the shared `list` actions work on this.
pub trait Listing {
    /// Moves the cursor down (or up, where negative) by so many rows.
    fn move_by(&mut self, rows: isize);
    /// Puts the cursor on the first row.
    fn to_top(&mut self);
    /// Puts the cursor on the last row.
    fn to_bottom(&mut self);
    /// Tells how many rows fit on the screen.
    fn set_height(&mut self, height: u16);
    /// How many rows fit on the screen.
    fn height(&self) -> u16;
    /// The columns, for sort menus.
    fn columns(&self) -> &'static [Column];
    /// Parses a query for its rows.
    ///
    /// # Errors
    /// It is not understood, or no row could match it.
    fn understand(&self, text: &str) -> Result<Query, QueryError>;
    /// The order, the one under way where there is one.
    fn order(&self) -> Sort;
    /// Puts the rows in another order.
    fn reorder(&mut self, sort: Sort);
    /// The query.
    fn shown_query(&self) -> &Query;
    /// Shows only what matches.
    fn apply(&mut self, query: Query);
    /// Does one slice of waiting work.
    fn work(&mut self, budget: usize, now: Timestamp);
    /// Whether slices of work are waiting.
    fn has_work(&self) -> bool;
    /// Rows that match, and rows in all, whatever they are: what there is to scroll through.
    fn counts(&self) -> (usize, usize);
    /// The same of those that count: without the rows that stand aside, such as samples among findings.
    fn counted(&self) -> (usize, usize);
    /// The selected row's record as JSON text.
    fn selected_record(&self) -> Option<String>;
    /// Marks the selected row, or takes its mark away, and goes down by one.
    fn mark(&mut self);
    /// Marks every row that matches, or takes the marks of all of them away.
    fn mark_all(&mut self);
    /// Takes all marks away.
    fn unmark(&mut self);
    /// How many rows are marked, shown or not.
    fn how_many_marked(&self) -> usize;
    /// How many of them the filter hides; `None`: so many are marked that nobody counts them for each frame.
    fn how_many_marked_hidden(&self, now: Timestamp) -> Option<usize>;
}

impl<R: Row> Listing for Table<R> {
    fn move_by(&mut self, rows: isize) {
        let last = self.matching();
        self.cursor.move_by(rows, last);
    }
    fn to_top(&mut self) {
        let last = self.matching();
        self.cursor.move_to(0, last);
    }
    fn to_bottom(&mut self) {
        let last = self.matching();
        self.cursor.move_to(last.saturating_sub(1), last);
    }
    fn set_height(&mut self, height: u16) {
        self.cursor.height = height;
        let last = self.matching();
        self.cursor.clamp(last);
    }
    fn height(&self) -> u16 {
        self.cursor.height
    }
    fn columns(&self) -> &'static [Column] {
        R::COLUMNS
    }
    fn understand(&self, text: &str) -> Result<Query, QueryError> {
        Query::of::<R>(text)
    }
    fn order(&self) -> Sort {
        self.sort_under_way().unwrap_or(self.sort)
    }
    fn reorder(&mut self, sort: Sort) {
        self.sort_by(sort);
    }
    fn shown_query(&self) -> &Query {
        &self.query
    }
    fn apply(&mut self, query: Query) {
        self.filter(query);
    }
    fn work(&mut self, budget: usize, now: Timestamp) {
        self.step(budget, now);
    }
    fn has_work(&self) -> bool {
        self.is_busy()
    }
    fn counts(&self) -> (usize, usize) {
        (self.matching(), self.total())
    }
    fn counted(&self) -> (usize, usize) {
        (self.tally_shown().rows(), self.tally().rows())
    }
    fn selected_record(&self) -> Option<String> {
        self.selected().map(Row::record)
    }
    fn mark(&mut self) {
        self.toggle_mark();
    }
    fn mark_all(&mut self) {
        self.mark_matching();
    }
    fn unmark(&mut self) {
        self.clear_marks();
    }
    fn how_many_marked(&self) -> usize {
        self.marked_count()
    }
    fn how_many_marked_hidden(&self, now: Timestamp) -> Option<usize> {
        self.marked_hidden(now)
    }
}
