//! What a frame and a key cost must follow the screen, not the list. Counted, not timed: how many rows are looked at.

use std::cell::Cell as Counter;
use std::cmp::Ordering;

use bartizan::kit::query::Query;
use bartizan::kit::query::field::{COUNT, Field, Value};
use bartizan::kit::table::{Cell, Column, Listing, Row, Sort, Table};
use bartizan::theme::Look;
use bartizan::widgets;
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde::{Deserialize, Serialize};

thread_local! {
    /// Cells made and rows compared since the last look.
    static LOOKED_AT: Counter<usize> = const { Counter::new(0) };
}

fn look_at() {
    LOOKED_AT.with(|count| count.set(count.get() + 1));
}

/// How many cells were made and rows compared while `work` ran.
fn cost(work: impl FnOnce()) -> usize {
    LOOKED_AT.with(|count| count.set(0));
    work();
    LOOKED_AT.with(Counter::get)
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Counted(u32);

fn number(row: &Counted) -> Value<'_> {
    look_at();
    Value::number(row.0.into())
}

impl Row for Counted {
    type Id = u32;
    const COLUMNS: &'static [Column] = &[Column::new("name", "Name", 12).growing(), Column::new("number", "Number", 9).right()];
    const FIELDS: &'static [Field<Self>] = &[Field::new("name", "", COUNT, number), Field::new("number", "", COUNT, number)];
    fn id(&self) -> u32 {
        self.0
    }
    fn cell(&self, _: usize, _: Timestamp) -> Cell {
        look_at();
        Cell::plain(self.0.to_string())
    }
    fn compare(&self, other: &Self, _: usize) -> Ordering {
        look_at();
        self.0.cmp(&other.0)
    }
    fn record(&self) -> String {
        self.0.to_string()
    }
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn table(rows: u32) -> Table<Counted> {
    let mut table = Table::new(Sort::ascending(1));
    table.set_height(20);
    table.extend((0..rows).map(Counted), NOW);
    table
}

fn frame(table: &Table<Counted>) -> usize {
    let look = Look::plain();
    let area = Rect::new(0, 0, 80, 22);
    let mut buf = Buffer::empty(area);
    cost(|| widgets::table::draw(table, true, NOW, &look, area, &mut buf))
}

#[test]
fn a_frame_of_a_million_rows_costs_what_a_frame_of_a_thousand_costs() {
    let (mut small, mut large) = (table(1_000), table(1_000_000));
    assert_eq!(frame(&small), frame(&large));
    assert!(frame(&large) <= 2 * 22, "{} cells for at most 22 rows of two columns", frame(&large));
    small.to_bottom();
    large.to_bottom();
    assert_eq!(frame(&small), frame(&large));
}

#[test]
fn moving_the_cursor_looks_at_no_row() {
    let mut large = table(100_000);
    assert_eq!(cost(|| (0..100).for_each(|_| large.move_by(7))), 0);
    assert_eq!(cost(|| large.to_bottom()), 0);
}

#[test]
fn one_slice_of_a_filter_or_a_sort_is_bounded() {
    let mut large = table(100_000);
    large.filter(Query::of::<Counted>("7").unwrap());
    assert!(cost(|| large.step(4096, NOW)) <= 2 * 4096);
    large.finish(NOW);
    large.sort_by(Sort::descending(1));
    while large.is_busy() {
        // A run of 2,048 rows takes up to 2,048 × 11 comparisons, and a slice of 4,096 is at most two runs or one merge of that length.
        assert!(cost(|| large.step(4096, NOW)) <= 2 * 2048 * 12);
    }
}

#[test]
fn a_page_that_arrives_is_merged_not_sorted_in() {
    let mut large = table(100_000);
    let page = || (100_000..100_050).map(Counted);
    assert!(cost(|| large.extend(page(), NOW)) < 50 * 40, "some twenty comparisons a row find its place");
}
