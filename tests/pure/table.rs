//! The table against a simple model of it: whatever happens in whatever order, what is shown is what sorting and filtering
//! everything at once would show, and the cursor stays on its row.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use bartizan::kit::query::Query;
use bartizan::kit::query::field::{COUNT, Field, Kind, Value};
use bartizan::kit::table::{Cell, Column, Listing, Row, Sort, Table};
use jiff::Timestamp;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lamp {
    pub(crate) id: u16,
    pub(crate) name: String,
    pub(crate) watts: u32,
}

impl Row for Lamp {
    type Id = u16;
    const COLUMNS: &'static [Column] = &[Column::new("name", "Name", 10).growing(), Column::new("watts", "Watts", 6).right()];
    const FIELDS: &'static [Field<Self>] = &[
        Field::new("name", "", Kind::Text, |lamp| Value::raw(Some(&lamp.name))),
        Field::new("watts", "", COUNT, |lamp| Value::number(lamp.watts.into())),
    ];
    fn id(&self) -> u16 {
        self.id
    }
    fn cell(&self, column: usize, _: Timestamp) -> Cell {
        Cell::plain(if column == 0 { self.name.clone() } else { self.watts.to_string() })
    }
    fn compare(&self, other: &Self, column: usize) -> Ordering {
        if column == 0 { self.name.cmp(&other.name) } else { self.watts.cmp(&other.watts) }
    }
    fn record(&self) -> String {
        serde_json::to_string(self).unwrap()
    }
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

pub(crate) fn lamp(id: u16) -> Lamp {
    Lamp { id, name: format!("lamp-{:03}", u32::from(id) * 37 % 101), watts: u32::from(id) * 13 % 50 }
}

#[derive(Debug, Clone)]
enum Step {
    Extend(Vec<(u16, u32)>),
    Update(u16, u32),
    Refresh(Vec<(u16, u32)>),
    Sort(usize, bool),
    Filter(&'static str),
    Work(usize),
    Move(isize),
    Mark,
    MarkAll,
    Unmark,
}

fn step() -> impl Strategy<Value = Step> {
    let rows = || proptest::collection::vec((0_u16..60, 0_u32..50), 0..12);
    prop_oneof![
        4 => rows().prop_map(Step::Extend),
        2 => (0_u16..60, 0_u32..50).prop_map(|(id, watts)| Step::Update(id, watts)),
        1 => rows().prop_map(Step::Refresh),
        1 => (0_usize..2, any::<bool>()).prop_map(|(column, down)| Step::Sort(column, down)),
        1 => prop_oneof![Just(""), Just("watts>20"), Just("lamp-0"), Just("!lamp-0 watts<40")].prop_map(Step::Filter),
        3 => (1_usize..5000).prop_map(Step::Work),
        2 => (-9_isize..9).prop_map(Step::Move),
        3 => Just(Step::Mark),
        1 => prop_oneof![Just(Step::MarkAll), Just(Step::Unmark)],
    ]
}

fn with_watts(rows: &[(u16, u32)]) -> Vec<Lamp> {
    rows.iter().map(|&(id, watts)| Lamp { watts, ..lamp(id) }).collect()
}

proptest! {
    #[test]
    fn a_table_shows_what_sorting_and_filtering_all_at_once_would_show(steps in proptest::collection::vec(step(), 1..40)) {
        let mut table: Table<Lamp> = Table::new(Sort::ascending(0));
        table.set_height(7);
        let mut model: BTreeMap<u16, Lamp> = BTreeMap::new();
        let mut wanted = Sort::ascending(0);
        let mut query = Query::default();
        let mut marks = std::collections::BTreeSet::new();
        for step in steps {
            let before = table.selected().map(|row| row.id);
            let touched = table.cursor().touched;
            let mut moves = false;
            match step {
                Step::Extend(rows) => {
                    table.extend(with_watts(&rows), NOW);
                    model.extend(with_watts(&rows).into_iter().map(|row| (row.id, row)));
                }
                Step::Update(id, watts) => {
                    let known = table.update(&id, NOW, |row| row.watts = watts);
                    prop_assert_eq!(known, model.contains_key(&id));
                    if let Some(row) = model.get_mut(&id) {
                        row.watts = watts;
                    }
                }
                Step::Refresh(rows) => {
                    table.begin_refresh();
                    table.extend(with_watts(&rows), NOW);
                    table.end_refresh();
                    model = with_watts(&rows).into_iter().map(|row| (row.id, row)).collect();
                }
                Step::Sort(column, descending) => {
                    wanted = Sort { column, descending };
                    table.sort_by(wanted);
                }
                Step::Filter(text) => {
                    query = Query::of::<Lamp>(text).unwrap();
                    table.filter(query.clone());
                }
                Step::Work(budget) => table.step(budget, NOW),
                Step::Move(rows) => { table.move_by(rows); moves = true; }
                Step::Mark => {
                    if let Some(id) = before && !marks.remove(&id) {
                        marks.insert(id);
                    }
                    table.mark();
                    moves = true;
                }
                Step::MarkAll => {
                    let shown: Vec<u16> = table.ordered().map(|row| row.id).collect();
                    if shown.iter().all(|id| marks.contains(id)) {
                        marks.retain(|id| !shown.contains(id));
                    } else {
                        marks.extend(shown);
                    }
                    table.mark_all();
                }
                Step::Unmark => { marks.clear(); table.unmark(); }
            }
            marks.retain(|id| model.contains_key(id));
            prop_assert_eq!(table.marked().map(|row| row.id).collect::<Vec<_>>(), marks.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(table.how_many_marked(), marks.len());
            let hidden = marks.iter().filter(|id| !table.query().matches(&model[id], NOW)).count();
            prop_assert_eq!(table.how_many_marked_hidden(NOW), Some(hidden));
            let cursor = table.cursor();
            prop_assert!(cursor.at < table.matching().max(1));
            prop_assert!(cursor.top <= cursor.at && cursor.at < cursor.top + 7);
            prop_assert!(table.window().count() <= 7);
            if let (Some(id), true, false) = (before, touched, moves)
                && table.ordered().any(|row| row.id == id)
            {
                prop_assert_eq!(table.selected().map(|row| row.id), Some(id), "the cursor left its row");
            }
        }
        table.finish(NOW);
        let mut expected: Vec<&Lamp> = model.values().filter(|row| query.matches(*row, NOW)).collect();
        expected.sort_by(|a, b| wanted.compare(*a, *b));
        let key = |row: &Lamp| if wanted.column == 0 { row.name.clone() } else { row.watts.to_string() };
        prop_assert_eq!(table.ordered().map(key).collect::<Vec<_>>(), expected.iter().map(|row| key(row)).collect::<Vec<_>>());
        let mut shown: Vec<u16> = table.ordered().map(|row| row.id).collect();
        shown.sort_unstable();
        let mut ids: Vec<u16> = expected.iter().map(|row| row.id).collect();
        ids.sort_unstable();
        prop_assert_eq!(shown, ids);
        prop_assert_eq!(table.total(), model.len());
    }
}

#[test]
fn rows_streaming_in_above_leave_an_untouched_cursor_at_the_top() {
    let mut table = Table::new(Sort::descending(1));
    table.set_height(5);
    for id in 0..50 {
        table.extend([lamp(id)], NOW);
    }
    assert_eq!(table.cursor().at, 0);
    table.move_by(3);
    let selected = table.selected().unwrap().id;
    for id in 50..100 {
        table.extend([lamp(id)], NOW);
    }
    assert_eq!(table.selected().unwrap().id, selected);
}

#[test]
fn a_refresh_keeps_the_selection_by_id_and_drops_what_is_gone() {
    let mut table = Table::new(Sort::ascending(0));
    table.set_height(5);
    table.extend((0..30).map(lamp), NOW);
    assert!(table.select(&20));
    table.begin_refresh();
    table.extend((10..30).map(lamp), NOW);
    table.end_refresh();
    assert_eq!((table.total(), table.selected().unwrap().id), (20, 20));
}

#[test]
fn a_slice_of_work_is_bounded() {
    let mut table = Table::new(Sort::ascending(0));
    table.extend((0..10_000).map(lamp), NOW);
    table.sort_by(Sort::descending(1));
    let mut slices = 0;
    while table.is_busy() {
        table.step(4096, NOW);
        slices += 1;
    }
    assert!((5..30).contains(&slices), "{slices} slices");
}

#[test]
fn rows_are_dropped_by_what_they_are_and_renewed_without_counting_as_read() {
    let mut table = Table::new(Sort::ascending(0));
    table.extend((0..10).map(lamp), NOW);
    table.begin_refresh();
    let strangers = table.renew_known([Lamp { watts: 99, ..lamp(3) }, lamp(40)], NOW);
    assert_eq!(strangers, [lamp(40)]);
    assert_eq!(table.get(&3).unwrap().watts, 99);
    table.select(&7);
    table.retain(|lamp| lamp.id % 2 == 1);
    assert_eq!((table.total(), table.selected().unwrap().id), (5, 7));
    table.end_refresh();
    assert_eq!(table.total(), 0, "none of them was read in this refresh");
}
