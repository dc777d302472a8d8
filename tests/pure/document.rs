//! Texts to read: nothing is lost by wrapping, the window stays inside, and a search finds what is there.

use bartizan::app::layout::Layout;
use bartizan::kit::document::{Document, Line, Motion, Scroll, fit, head, occurrences, rows, tail, width};
use bartizan::kit::input::Size;
use proptest::prelude::*;

#[test]
fn identifiers_keep_their_end() {
    assert_eq!(fit("arn:aws:iam::123456789012:role/very-long-name", 20), "arn:aws…ry-long-name");
    assert_eq!(fit("An instance talks to a known address", 20), "An instance talks t…");
    assert_eq!(fit("short", 20), "short");
}

#[test]
fn rows_break_behind_spaces_where_they_can() {
    let text = "one two three four";
    let cut: Vec<&str> = rows(text, 9, 2).into_iter().map(|row| &text[row]).collect();
    assert_eq!(cut, ["one two ", "three ", "four"]);
}

#[test]
fn a_search_goes_round() {
    let document = Document::detail((0..100).map(|n| Line::plain(format!("line {n}"))).collect());
    let mut scroll = Scroll::default();
    scroll.resize(Size { width: 40, height: 10 }, &document);
    scroll.search("LINE 7", &document);
    assert_eq!(scroll.found, None, "capital letters count");
    scroll.search("line 7", &document);
    assert_eq!(scroll.found, Some((0, 11)));
    scroll.step(-1, &document);
    assert_eq!(scroll.found, Some((10, 11)));
    assert_eq!(scroll.found_line(&document), Some(79));
    assert!((70..=79).contains(&scroll.top.line));
    scroll.step(1, &document);
    assert_eq!(scroll.found_line(&document), Some(7));
}

#[test]
fn a_record_is_laid_out_and_made_harmless() {
    let document = Document::record("{\"a\":{\"b\":\"x\u{202e}y\"}}");
    let lines: Vec<&str> = document.lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(lines, ["{", "  \"a\": {", "    \"b\": \"x⟨U+202E⟩y\"", "  }", "}"]);
}

fn any_document() -> impl Strategy<Value = Document> {
    proptest::collection::vec("\\PC{0,80}", 0..30)
        .prop_map(|lines| Document::detail(lines.into_iter().map(Line::plain).collect()))
}

proptest! {
    #[test]
    fn wrapping_loses_nothing(text in "\\PC{0,200}", columns in 0_usize..60, hang in 0_usize..20) {
        let rows = rows(&text, columns, hang);
        let joined: String = rows.iter().map(|row| &text[row.clone()]).collect();
        prop_assert_eq!(&joined, &text);
        for (at, row) in rows.iter().enumerate() {
            let room = if at == 0 { columns } else { columns.saturating_sub(hang) }.max(2);
            prop_assert!(width(&text[row.clone()]) <= room.max(2) || text[row.clone()].chars().count() <= 8);
        }
    }

    #[test]
    fn what_is_cut_fits(text in any::<String>(), columns in 0_usize..60) {
        let text = bartizan::domain::text::clean(&text).into_owned();
        prop_assert!(width(&fit(&text, columns)) <= columns);
        prop_assert!(width(head(&text, columns)) <= columns);
        prop_assert!(width(tail(&text, columns)) <= columns);
    }

    #[test]
    fn the_window_stays_inside(document in any_document(), moves in proptest::collection::vec(0_usize..9, 0..40), w in 0_u16..120, h in 0_u16..50) {
        let mut scroll = Scroll::default();
        scroll.resize(Size { width: w, height: h }, &document);
        for which in moves {
            match which {
                0 => scroll.go(Motion::Rows(1), &document),
                1 => scroll.go(Motion::Rows(-1), &document),
                2 => scroll.go(Motion::Halves(1), &document),
                3 => scroll.go(Motion::Pages(-1), &document),
                4 => scroll.go(Motion::Top, &document),
                5 => scroll.go(Motion::Bottom, &document),
                6 => scroll.toggle_wrap(&document),
                7 => scroll.search("a", &document),
                _ => scroll.step(1, &document),
            }
            prop_assert!(scroll.top.line == 0 || scroll.top.line < document.lines.len());
        }
    }

    #[test]
    fn occurrences_are_occurrences(line in "\\PC{0,60}", needle in "[a-z]{1,3}") {
        for range in occurrences(&line, &needle) {
            prop_assert!(line[range].eq_ignore_ascii_case(&needle));
        }
    }

    #[test]
    fn every_part_of_the_screen_lies_on_it(w in 0_u16..=250, h in 0_u16..=80) {
        if let Some(layout) = Layout::of(Size { width: w, height: h }) {
            let parts = [layout.header, layout.tabs, layout.body, layout.list, layout.detail, layout.status, layout.footer];
            for area in parts.into_iter().chain(layout.rule) {
                prop_assert!(area.x + area.width <= w && area.y + area.height <= h, "{area:?}");
            }
            prop_assert!(layout.list_rows() >= 3);
        } else {
            prop_assert!(w < 40 || h < 10);
        }
    }
}
