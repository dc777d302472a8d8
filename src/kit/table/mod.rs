//! A table of rows that may be a million long: sorted, filtered, and selected by id, at a cost that follows the screen.
//!
//! Everything that takes longer than a key press may (sorting, filtering) is cut into slices: [`Table::step`] does one and the
//! loop calls it again until [`Table::is_busy`] is false. Until then the old order stays on screen.

mod cursor;
mod fact;
mod filtering;
mod listing;
mod marks;
mod row;
mod sorting;
mod tally;

pub use cursor::Cursor;
pub use fact::{compare_facts, compare_optional, fact, fact_in_words, optional};
pub use listing::Listing;
pub use row::{Cell, Column, Limits, Row, Sort, Tone};
pub use tally::{Kinds, Tally};

use std::collections::BTreeSet;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::query::Query;
use filtering::Filtering;
use sorting::Sorting;

/// Rows with an order, a filter and a cursor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Serialize + serde::de::DeserializeOwned")]
pub struct Table<R: Row> {
    // As a list of pairs: ids may be records, and JSON's keys are texts only.
    #[serde(with = "indexmap::map::serde_seq")]
    rows: IndexMap<R::Id, R>,
    /// The refresh in which each row was last seen, by row number.
    seen: Vec<u32>,
    refresh: u32,
    /// Row numbers in sort order.
    sorted: Vec<u32>,
    sort: Sort,
    sorting: Option<Sorting>,
    query: Query,
    /// Row numbers that match the query, in sort order; `None` while the query is empty: then all do.
    view: Option<Vec<u32>>,
    filtering: Option<Filtering>,
    cursor: Cursor,
    /// Ids of the marked rows.
    marks: BTreeSet<R::Id>,
    #[serde(default)]
    limits: Limits,
    /// What each row is counted as, by row number.
    kinds: Vec<Kinds>,
    all: Tally,
    /// The tally of `view`, where there is one.
    in_view: Option<Tally>,
    /// Whether `in_view` is behind.
    recount: bool,
}

impl<R: Row> Table<R> {
    /// An empty table in this order.
    pub fn new(sort: Sort) -> Self {
        Self {
            rows: IndexMap::new(),
            seen: Vec::new(),
            refresh: 0,
            sorted: Vec::new(),
            sort,
            sorting: None,
            query: Query::default(),
            view: None,
            filtering: None,
            cursor: Cursor::default(),
            marks: BTreeSet::new(),
            limits: Limits::default(),
            kinds: Vec::new(),
            all: Tally::default(),
            in_view: None,
            recount: false,
        }
    }

    /// By what its rows are judged.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// From now on its rows are judged by these.
    pub fn judge_by(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// What a column of a row shows, and what it means by the limits.
    pub fn cell(&self, row: &R, column: usize, now: Timestamp) -> Cell {
        let cell = row.cell(column, now);
        Cell { tone: row.tone(column, now, self.limits).unwrap_or(cell.tone), ..cell }
    }

    /// How many rows there are, shown or not.
    pub fn total(&self) -> usize {
        self.rows.len()
    }

    /// How many rows match the query.
    pub fn matching(&self) -> usize {
        self.shown().len()
    }

    /// How many rows there are of each kind, shown or not.
    pub fn tally(&self) -> &Tally {
        &self.all
    }

    /// How many rows that match the query there are of each kind.
    pub fn tally_shown(&self) -> &Tally {
        self.in_view.as_ref().unwrap_or(&self.all)
    }

    /// The rows in the order in which they arrived.
    pub fn rows(&self) -> impl Iterator<Item = &R> {
        self.rows.values()
    }

    /// The matching rows in sort order, for exports and tests; a screen asks for its [`Table::window`].
    pub fn ordered(&self) -> impl Iterator<Item = &R> {
        self.shown().iter().filter_map(|&number| self.row(number))
    }

    /// The row with this id.
    pub fn get(&self, id: &R::Id) -> Option<&R> {
        self.rows.get(id)
    }

    /// The rows on screen, top to bottom.
    pub fn window(&self) -> impl Iterator<Item = &R> {
        let (top, height) = (self.cursor.top, usize::from(self.cursor.height));
        self.shown().iter().skip(top).take(height).filter_map(|&number| self.row(number))
    }

    /// The row under the cursor.
    pub fn selected(&self) -> Option<&R> {
        self.shown().get(self.cursor.at).and_then(|&number| self.row(number))
    }

    /// Where the cursor and the window are.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The order on screen.
    pub fn sort(&self) -> Sort {
        self.sort
    }

    /// The order that is being made, if any.
    pub fn sort_under_way(&self) -> Option<Sort> {
        self.sorting.as_ref().map(Sorting::by)
    }

    /// The query in force, also while its matches are still being counted.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// How far the filter has come, in rows looked at; `None` when it is done.
    pub fn filter_progress(&self) -> Option<usize> {
        self.filtering.as_ref().map(Filtering::looked_at)
    }

    /// Whether slices of work are waiting.
    pub fn is_busy(&self) -> bool {
        self.sorting.is_some() || self.filtering.is_some()
    }

    /// Adds rows, or renews those whose id is known. The cursor stays on its row, or at the top if nobody moved it.
    pub fn extend(&mut self, rows: impl IntoIterator<Item = R>, now: Timestamp) {
        let (mut fresh, mut moved) = (Vec::new(), Vec::new());
        let placed = self.rows.len();
        for row in rows {
            let id = row.id();
            if let Some(number) = self.rows.get_index_of(&id) {
                if number >= placed {
                    // The same id twice in one page: it has no place in the order yet.
                    if let Some((_, twin)) = self.rows.get_index_mut(number) {
                        twin.absorb(row);
                    }
                } else if self.renew(number, now, |old| old.absorb(row)) {
                    moved.push(as_number(number));
                }
                if let Some(seen) = self.seen.get_mut(number) {
                    *seen = self.refresh;
                }
            } else {
                fresh.push(as_number(self.rows.len()));
                self.seen.push(self.refresh);
                self.rows.insert(id, row);
            }
        }
        for (_, row) in self.rows.get_range(placed..).into_iter().flatten() {
            let kinds = row.kinds(now, self.limits);
            self.kinds.push(kinds);
            self.all.add(kinds);
        }
        self.place(fresh, moved, now);
    }

    /// Renews the rows whose id is known, without counting them as read in this refresh. Returns the others.
    pub fn renew_known(&mut self, rows: impl IntoIterator<Item = R>, now: Timestamp) -> Vec<R> {
        let (mut strangers, mut moved) = (Vec::new(), Vec::new());
        for row in rows {
            match self.rows.get_index_of(&row.id()) {
                Some(number) => {
                    if self.renew(number, now, |old| old.absorb(row)) {
                        moved.push(as_number(number));
                    }
                }
                None => strangers.push(row),
            }
        }
        self.place(Vec::new(), moved, now);
        strangers
    }

    /// Changes one row where it stands. Returns false if there is no such row.
    pub fn update(&mut self, id: &R::Id, now: Timestamp, change: impl FnOnce(&mut R)) -> bool {
        let Some(number) = self.rows.get_index_of(id) else { return false };
        let moved = self.renew(number, now, change).then(|| as_number(number));
        self.place(Vec::new(), moved.into_iter().collect(), now);
        true
    }

    /// A reading of the whole list begins: rows that it does not bring again vanish with [`Table::end_refresh`].
    pub fn begin_refresh(&mut self) {
        self.refresh = self.refresh.wrapping_add(1);
    }

    /// The whole list has been read: drops the rows that were not in it.
    pub fn end_refresh(&mut self) {
        self.end_refresh_where(|_| true);
    }

    /// Part of the list has been read (one region): drops the rows of that part that were not in it.
    pub fn end_refresh_where(&mut self, in_part: impl Fn(&R) -> bool) {
        let gone = |number: usize, row: &R| self.seen.get(number).is_some_and(|seen| *seen != self.refresh) && in_part(row);
        let keep: Vec<bool> = self.rows.values().enumerate().map(|(number, row)| !gone(number, row)).collect();
        self.keep(&keep);
    }

    /// Drops the rows for which `wanted` says no.
    pub fn retain(&mut self, wanted: impl Fn(&R) -> bool) {
        let keep: Vec<bool> = self.rows.values().map(wanted).collect();
        self.keep(&keep);
    }

    fn keep(&mut self, keep: &[bool]) {
        if keep.iter().all(|keep| *keep) {
            return;
        }
        let mut next = 0_u32;
        let renumber: Vec<Option<u32>> = keep
            .iter()
            .map(|&keep| {
                keep.then(|| {
                    next += 1;
                    next - 1
                })
            })
            .collect();
        let map = |numbers: &mut Vec<u32>| {
            *numbers = numbers.iter().filter_map(|&old| renumber.get(old as usize).copied().flatten()).collect();
        };
        let selected = self.selected_number().and_then(|old| renumber.get(old as usize).copied().flatten());
        let mut stays = keep.iter();
        self.rows.retain(|_, _| stays.next().copied().unwrap_or(true));
        let mut stays = keep.iter();
        self.seen.retain(|_| stays.next().copied().unwrap_or(true));
        let mut stays = keep.iter();
        self.kinds.retain(|_| stays.next().copied().unwrap_or(true));
        self.all = Tally::of_all(self.kinds.iter().copied());
        self.marks.retain(|id| self.rows.contains_key(id));
        map(&mut self.sorted);
        if let Some(view) = &mut self.view {
            map(view);
        }
        self.restart_work();
        self.count_view();
        self.settle(selected);
    }

    /// Forgets every row, but not the order and the query.
    pub fn clear(&mut self) {
        let (sort, query, height) = (self.sort, std::mem::take(&mut self.query), self.cursor.height);
        *self = Self { limits: self.limits, ..Self::new(sort) };
        self.cursor.height = height;
        if !query.is_empty() {
            self.view = Some(Vec::new());
        }
        self.query = query;
        self.count_view();
    }

    /// Puts the rows in another order, in slices.
    pub fn sort_by(&mut self, sort: Sort) {
        if sort != self.sort || self.sorting.is_some() {
            self.sorting = Some(Sorting::new(sort));
        }
    }

    /// Shows only what matches, in slices.
    pub fn filter(&mut self, query: Query) {
        if query == self.query && self.filtering.is_none() {
            return;
        }
        self.query = query;
        if self.query.is_empty() {
            let selected = self.selected_number();
            self.view = None;
            self.filtering = None;
            self.count_view();
            self.settle(selected);
        } else {
            self.filtering = Some(Filtering::default());
        }
    }

    /// Does one slice of waiting work, about `budget` rows long.
    pub fn step(&mut self, budget: usize, now: Timestamp) {
        if let Some(filtering) = &mut self.filtering {
            if filtering.step(&self.rows, &self.query, budget, now) {
                let filtering = std::mem::take(filtering);
                self.filtering = None;
                let selected = self.selected_number();
                self.view = Some(filtering.view(&self.sorted));
                self.count_view();
                self.settle(selected);
            }
        } else if let Some(sorting) = &mut self.sorting
            && let Some(sorted) = sorting.step(&self.rows, budget)
        {
            self.sort = sorting.by();
            self.sorting = None;
            let selected = self.selected_number();
            if let Some(view) = &mut self.view {
                let mut shown = vec![false; self.rows.len()];
                for &number in &*view {
                    if let Some(shown) = shown.get_mut(number as usize) {
                        *shown = true;
                    }
                }
                *view = sorted.iter().copied().filter(|&number| shown.get(number as usize) == Some(&true)).collect();
            }
            self.sorted = sorted;
            self.settle(selected);
        }
    }

    /// Does all waiting work at once: for tests and for programs without a screen.
    pub fn finish(&mut self, now: Timestamp) {
        while self.is_busy() {
            self.step(1 << 20, now);
        }
    }

    /// Puts the cursor on the row with this id. Returns false where it is not shown.
    pub fn select(&mut self, id: &R::Id) -> bool {
        let Some(number) = self.rows.get_index_of(id).map(as_number) else { return false };
        let Some(at) = self.shown().iter().position(|&other| other == number) else { return false };
        let last = self.matching();
        self.cursor.move_to(at, last);
        true
    }

    fn shown(&self) -> &[u32] {
        self.view.as_deref().unwrap_or(&self.sorted)
    }

    fn row(&self, number: u32) -> Option<&R> {
        self.rows.get_index(number as usize).map(|(_, row)| row)
    }

    fn selected_number(&self) -> Option<u32> {
        self.shown().get(self.cursor.at).copied()
    }

    /// Changes a row where it stands. Returns true where that moves it in the order or in or out of the filter.
    fn renew(&mut self, number: usize, now: Timestamp, change: impl FnOnce(&mut R)) -> bool {
        let Some((_, row)) = self.rows.get_index_mut(number) else { return false };
        let before = row.clone();
        change(row);
        if *row == before {
            return false;
        }
        let moved = self.sort.compare(&before, row).is_ne();
        let matches = self.query.matches(row, now);
        let matched = matches != self.query.matches(&before, now);
        let kinds = row.kinds(now, self.limits);
        if let Some(known) = self.kinds.get_mut(number).filter(|known| **known != kinds) {
            self.all.remove(*known);
            self.all.add(kinds);
            *known = kinds;
            self.recount = true;
        }
        if let Some(filtering) = &mut self.filtering {
            filtering.look_again(number, matches);
        }
        if self.sorting.is_some() {
            self.restart_sorting();
        }
        moved || matched
    }

    /// Puts new rows, and those that moved, in their places: one pass over the order for all of them.
    fn place(&mut self, fresh: Vec<u32>, moved: Vec<u32>, now: Timestamp) {
        if fresh.is_empty() && moved.is_empty() {
            if self.recount {
                self.count_view();
            }
            return;
        }
        let selected = self.selected_number();
        let mut numbers = fresh;
        if !moved.is_empty() {
            let mut out = vec![false; self.rows.len()];
            for &number in &moved {
                if let Some(mark) = out.get_mut(number as usize) {
                    *mark = true;
                }
            }
            let stays = |number: &u32| out.get(*number as usize) != Some(&true);
            self.sorted.retain(stays);
            if let Some(view) = &mut self.view {
                view.retain(stays);
            }
            numbers.extend(out.iter().enumerate().filter(|(_, out)| **out).map(|(number, _)| as_number(number)));
        }
        self.insert(numbers, now);
        self.count_view();
        self.settle(selected);
    }

    fn count_view(&mut self) {
        self.recount = false;
        let kinds = |number: &u32| self.kinds.get(*number as usize).copied();
        self.in_view = self.view.as_ref().map(|view| Tally::of_all(view.iter().filter_map(kinds)));
    }

    fn insert(&mut self, mut numbers: Vec<u32>, now: Timestamp) {
        let (rows, sort) = (&self.rows, self.sort);
        let order = |a: &u32, b: &u32| sorting::order(rows, sort, *a, *b);
        numbers.sort_by(order);
        if let Some(view) = &mut self.view {
            let matching: Vec<u32> = numbers
                .iter()
                .copied()
                .filter(|&number| rows.get_index(number as usize).is_some_and(|(_, row)| self.query.matches(row, now)))
                .collect();
            sorting::merge_into(view, &matching, order);
        }
        sorting::merge_into(&mut self.sorted, &numbers, order);
    }

    fn restart_sorting(&mut self) {
        self.sorting = self.sorting.take().map(|sorting| Sorting::new(sorting.by()));
    }

    fn restart_work(&mut self) {
        self.restart_sorting();
        if self.filtering.is_some() {
            self.filtering = Some(Filtering::default());
        }
    }

    /// Brings the cursor back to its row after the rows around it changed.
    fn settle(&mut self, selected: Option<u32>) {
        if self.cursor.touched
            && let Some(number) = selected
            && self.shown().get(self.cursor.at) != Some(&number)
            && let Some(at) = self.shown().iter().position(|&other| other == number)
        {
            self.cursor.shift_to(at);
        }
        self.cursor.clamp(self.matching());
    }
}

fn as_number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
