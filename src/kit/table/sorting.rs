//! A merge sort that can be interrupted after every slice, and the merging of new rows into a sorted list.

use std::cmp::Ordering;
use std::collections::VecDeque;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Row, Sort, as_number};

/// How many rows are sorted in one piece before merging begins.
const RUN: usize = 2048;

/// A sort under way. Rows that arrive meanwhile become one more run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Sorting {
    by: Sort,
    next: usize,
    /// Sorted pieces that wait to be merged.
    runs: VecDeque<Vec<u32>>,
    merge: Option<Merge>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Merge {
    left: Vec<u32>,
    right: Vec<u32>,
    taken: (usize, usize),
    out: Vec<u32>,
}

impl Sorting {
    pub(super) fn new(by: Sort) -> Self {
        Self { by, next: 0, runs: VecDeque::new(), merge: None }
    }

    pub(super) fn by(&self) -> Sort {
        self.by
    }

    /// Works on about `budget` rows. Returns the order when it is complete.
    pub(super) fn step<R: Row>(&mut self, rows: &IndexMap<R::Id, R>, budget: usize) -> Option<Vec<u32>> {
        let by = self.by;
        let mut left = budget;
        while left > 0 {
            if let Some(merge) = &mut self.merge {
                left = merge.advance(left, |a, b| order(rows, by, a, b));
                if left > 0
                    && let Some(done) = self.merge.take()
                {
                    self.runs.push_back(done.out);
                }
            } else if self.next < rows.len() {
                let end = rows.len().min(self.next + RUN);
                let mut run: Vec<u32> = (self.next..end).map(as_number).collect();
                run.sort_by(|&a, &b| order(rows, by, a, b));
                self.runs.push_back(run);
                self.next = end;
                left = left.saturating_sub(RUN);
            } else if self.runs.len() > 1 {
                let (a, b) = (self.runs.pop_front().unwrap_or_default(), self.runs.pop_front().unwrap_or_default());
                self.merge = Some(Merge::new(a, b));
            } else {
                return Some(self.runs.pop_front().unwrap_or_default());
            }
        }
        None
    }
}

impl Merge {
    fn new(left: Vec<u32>, right: Vec<u32>) -> Self {
        let out = Vec::with_capacity(left.len() + right.len());
        Self { left, right, taken: (0, 0), out }
    }

    /// Merges up to `budget` rows; returns what is left of the budget, 0 if it was used up.
    fn advance(&mut self, mut budget: usize, order: impl Fn(u32, u32) -> Ordering) -> usize {
        while budget > 0 {
            match (self.left.get(self.taken.0), self.right.get(self.taken.1)) {
                (Some(&a), Some(&b)) if order(a, b).is_le() => self.take_left(a),
                (_, Some(&b)) => self.take_right(b),
                (Some(&a), None) => self.take_left(a),
                (None, None) => return budget,
            }
            budget -= 1;
        }
        0
    }

    fn take_left(&mut self, number: u32) {
        self.out.push(number);
        self.taken.0 += 1;
    }

    fn take_right(&mut self, number: u32) {
        self.out.push(number);
        self.taken.1 += 1;
    }
}

/// The order of two rows by their numbers; equal rows keep the order in which they arrived.
pub(super) fn order<R: Row>(rows: &IndexMap<R::Id, R>, by: Sort, a: u32, b: u32) -> Ordering {
    let row = |number: u32| rows.get_index(number as usize).map(|(_, row)| row);
    match (row(a), row(b)) {
        (Some(left), Some(right)) => by.compare(left, right).then(a.cmp(&b)),
        _ => a.cmp(&b),
    }
}

/// Merges `fresh` (sorted) into `sorted`: a few comparisons for each new row, and one move of what comes behind it.
pub(super) fn merge_into(sorted: &mut Vec<u32>, fresh: &[u32], order: impl Fn(&u32, &u32) -> Ordering) {
    let mut end = sorted.len();
    sorted.resize(end + fresh.len(), 0);
    let mut gap = sorted.len();
    for number in fresh.iter().rev() {
        let at = sorted.get(..end).unwrap_or_default().partition_point(|other| order(other, number).is_le());
        let moved = end - at;
        sorted.copy_within(at..end, gap - moved);
        gap -= moved + 1;
        if let Some(place) = sorted.get_mut(gap) {
            *place = *number;
        }
        end = at;
    }
}
