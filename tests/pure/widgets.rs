//! The shared widgets: they never leave their area, never panic, and never paint what a stranger could use.

use std::cmp::Ordering;

use bartizan::domain::account::{CredentialSource, Identity, SessionView};
use bartizan::domain::fault::{Fault, FaultKind};
use bartizan::domain::known::Known;
use bartizan::domain::text::{Untrusted, is_hostile};
use bartizan::kit::document::{Document, Line, Scroll};
use bartizan::kit::effect::Level;
use bartizan::kit::field::{Edit, Field};
use bartizan::kit::input::Size;
use bartizan::kit::query;
use bartizan::kit::table::{Cell, Column, Listing, Row, Sort, Table, Tone};
use bartizan::theme::{Look, Role};
use bartizan::widgets::paint::Piece;
use bartizan::widgets::{
    blank, columns, field, footer, header, menu, seal, status, table, tabs, text, toast, too_small, which_key, window,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde::{Deserialize, Serialize};

use crate::frames;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// A made-up row whose text is a stranger's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Lamp {
    id: u32,
    name: Untrusted,
    tone: Tone,
}

impl Row for Lamp {
    type Id = u32;
    const COLUMNS: &'static [Column] = &[
        Column::new("name", "NAME", 16).growing(),
        Column::new("state", "STATE", 12),
        Column::new("age", "AGE", 8).right().spare(1),
        Column::new("note", "NOTE", 30).growing().spare(2),
    ];
    const FIELDS: &'static [query::field::Field<Self>] = &[];

    fn id(&self) -> u32 {
        self.id
    }
    fn cell(&self, column: usize, _now: Timestamp) -> Cell {
        match column {
            0 => Cell::plain(self.name.shown().into_string()),
            1 => Cell::new("a word", self.tone),
            2 => Cell::plain(format!("{} d", self.id)),
            // What a careless pane could do: the raw text.
            _ => Cell::muted(self.name.raw()),
        }
    }
    fn compare(&self, other: &Self, _column: usize) -> Ordering {
        self.id.cmp(&other.id)
    }
    fn record(&self) -> String {
        String::new()
    }
}

fn lamps(names: impl IntoIterator<Item = String>, height: u16) -> Table<Lamp> {
    let tones = [Tone::Plain, Tone::Good, Tone::Bad, Tone::Unknown, Tone::Denied, Tone::Critical, Tone::Stale];
    let mut table = Table::new(Sort::ascending(0));
    table.set_height(height);
    table.extend(
        (0..).zip(names).map(|(id, name)| Lamp { id, name: Untrusted::new(name), tone: tones[id as usize % tones.len()] }),
        NOW,
    );
    table
}

fn fault(text: &str) -> Fault {
    Fault {
        kind: FaultKind::Denied { action: "iam:ListUsers".into() },
        call: "iam:ListUsers".into(),
        region: "us-east-1".into(),
        message: Untrusted::new(text),
        request_id: None,
        at: NOW,
    }
}

fn session(text: &str) -> SessionView {
    let identity = Identity {
        account: text.into(),
        arn: Untrusted::new(format!("arn:aws:iam::1:user/{text}")),
        user_id: Untrusted::new(""),
    };
    SessionView {
        profile: Some(text.into()),
        instead: None,
        regions: vec!["us-east-1".into(), text.into()],
        identity: Known::live(identity, NOW),
        alias: Known::live(Some(Untrusted::new(text)), NOW),
        credentials: Known::live(
            CredentialSource { provider: text.into(), expires: Some(NOW + SignedDuration::from_mins(5)) },
            NOW,
        ),
        endpoint: Some(text.into()),
        demo: Some(text.into()),
    }
}

/// Every widget in every corner of one buffer, with a stranger's text in it.
fn everything(stranger: &str, look: &Look, area: Rect, buf: &mut Buffer) {
    let rows = lamps((0..40).map(|n| format!("{n}{stranger}")), area.height);
    table::draw(&rows, true, NOW, look, area, buf);
    let facts = [Cell::plain(stranger), Cell::new(stranger, Tone::Loading)];
    status::draw(
        &facts,
        &[Cell::new(stranger, Tone::Denied), Cell::plain(stranger)],
        0,
        look,
        Rect { height: area.height.min(1), ..area },
        buf,
    );
    blank::draw(stranger, &[stranger.to_owned(), "word ".repeat(40)], Tone::Bad, 0, look, area, buf);
    header::draw(&session(stranger), &header::Standing::default(), header::Link::Ready, NOW, look, area, buf);
    header::draw(&session(stranger), &header::Standing::default(), header::Link::Failed(&fault(stranger)), NOW, look, area, buf);
    let tab =
        tabs::Tab { key: Some("1".into()), name: stranger.into(), count: Some(12_345), state: tabs::State::Fault, active: true };
    tabs::draw(&[tab.clone(), tabs::Tab { active: false, state: tabs::State::Loading, ..tab }], 0, look, area, buf);
    let hint = footer::Hint { key: "k".into(), word: stranger.into() };
    footer::draw(&[hint.clone(), hint.clone()], &[hint], look, area, buf);
    let mut document = Document::record(&format!("{{\"{0}\": [\"{0}\", 1]}}\n{0}", stranger.replace(['"', '\\'], "")));
    document.lines.push(Line::plain(stranger));
    let mut scroll = Scroll::default();
    scroll.resize(Size { width: area.width, height: area.height }, &document);
    scroll.search("a", &document);
    let inner = window::draw(stranger, look, window::centred(area, 50, 12), buf);
    text::draw(&document, &scroll, look, inner, buf);
    scroll.toggle_wrap(&document);
    scroll.left = 3;
    text::draw(&document, &scroll, look, area, buf);
    let choice = menu::Choice { text: stranger.into(), note: stranger.into(), reason: Some(stranger.into()) };
    menu::draw(&[choice.clone(), choice.clone(), choice], 2, look, inner, buf);
    which_key::draw(stranger, &[(stranger.into(), stranger.into())], look, area, buf);
    let mut typed = Field::with(stranger);
    typed.edit(Edit::Left);
    field::draw("/", &typed, Piece::new(stranger, look[Role::Bad]), look, area, buf);
    toast::draw(&[(Level::Info, stranger), (Level::Error, stranger)], look, area, buf);
    too_small::draw(Size { width: 40, height: 10 }, look, area, buf);
}

fn is_clean(buf: &Buffer) -> bool {
    buf.content.iter().all(|cell| {
        let mut characters = cell.symbol().chars();
        characters.next().is_some_and(|first| !is_hostile(first)) && characters.count() <= 3
    })
}

fn corpus() -> Vec<String> {
    [
        "\u{1b}]0;pwn\u{7}",
        "\u{9b}31mred",
        "x\u{202e}evil\u{2066}",
        "a\u{200b}\u{200d}\u{feff}b",
        "\u{0}\r\n\t\u{8}\u{7f}",
        "🏴\u{200d}☠️👩‍👩‍👧‍👦🇩🇪👍🏽",
        "Z\u{334}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}algo",
        "漢字かな한글",
        "क्षि नी",
        "\u{e0041}\u{e0042}tag",
        "\u{1160}\u{3164}\u{ffa0}",
        "ﷺ꧅𒐫",
        "=cmd|' /C calc'!A0",
    ]
    .map(str::to_owned)
    .into()
}

#[test]
fn no_hostile_character_of_the_corpus_reaches_a_cell() {
    for stranger in corpus() {
        for (width, height) in [(80, 24), (41, 11), (7, 3)] {
            let buf = frames::drawn(width, height, |look, area, buf| {
                everything(&stranger, look, area, buf);
                seal(buf);
            });
            assert!(is_clean(&buf), "{stranger:?} at {width}x{height}:\n{}", frames::text(&buf));
        }
    }
}

#[test]
fn the_seal_repairs_what_a_window_cut_in_half() {
    let mut buf = Buffer::empty(Rect::new(0, 0, 6, 1));
    buf.set_string(0, 0, "漢字漢", ratatui::style::Style::new());
    buf.set_string(3, 0, "|", ratatui::style::Style::new());
    buf[(5, 0)].set_symbol("漢");
    buf[(0, 0)].set_symbol("\u{1b}[2J");
    seal(&mut buf);
    let symbols: Vec<&str> = buf.content.iter().map(|cell| cell.symbol()).collect();
    assert_eq!(symbols, ["\u{fffd}", " ", " ", "|", "漢", "漢"].map(|s| if s == "漢" { " " } else { s }));
}

#[test]
fn a_list_says_with_signs_and_words_what_it_says_with_colours() {
    let buf = frames::drawn(60, 6, |look, area, buf| {
        table::draw(&lamps(["alice".into(), "bob".into(), "carol".into()], 5), true, NOW, look, area, buf)
    });
    insta::assert_snapshot!(frames::roles(&buf));
}

#[test]
fn what_is_missing_is_told_before_how_much_there_is() {
    let facts = [Cell::plain("1234 findings"), Cell::muted("read 2 min ago")];
    let missing =
        [Cell::new("eu-west-1: denied: guardduty:ListDetectors (in eu-west-1); ask for it", Tone::Denied), Cell::plain("x")];
    let line = |missing: &[Cell], width| {
        frames::text(&frames::drawn(width, 1, |look, area, buf| status::draw(&facts, missing, 0, look, area, buf)))
    };
    assert_eq!(line(&[], 60), " 1234 findings · read 2 min ago");
    assert_eq!(line(&missing, 70), " 1234 findings  ⊘ (1 of 2) eu-west-1: denied: guardduty:ListDetector…");
}

#[test]
fn numbers_are_short_and_readable() {
    assert_eq!([9_999, 12_345, 1_250_000, 50_000_000].map(tabs::brief), ["9999", "12k", "1.2M", "50M"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_panics_at_any_size(width in 0_u16..=250, height in 0_u16..=80, stranger in any::<String>()) {
        let buf = frames::drawn(width, height, |look, area, buf| { everything(&stranger, look, area, buf); seal(buf); });
        prop_assert!(is_clean(&buf));
    }

    #[test]
    fn nothing_is_painted_outside_of_its_area(x in 0_u16..20, y in 0_u16..8, width in 0_u16..60, height in 0_u16..16, stranger in "\\PC{0,40}") {
        let whole = Rect::new(0, 0, 90, 30);
        let area = Rect { x, y, width, height };
        let mut buf = Buffer::empty(whole);
        for cell in &mut buf.content { cell.set_symbol("#"); }
        everything(&stranger, &Look::of_roles(), area, &mut buf);
        for (column, line) in (0..whole.width).flat_map(|c| (0..whole.height).map(move |l| (c, l))) {
            let outside = column < area.left() || column >= area.right() || line < area.top() || line >= area.bottom();
            prop_assert!(!outside || buf[(column, line)].symbol() == "#", "{column},{line} lies outside of {area:?}");
        }
    }

    #[test]
    fn columns_stay_inside_and_apart(width in 0_u16..300, wants in proptest::collection::vec((0_u16..60, any::<bool>(), 0_u8..4), 1..12)) {
        let all: Vec<Column> = wants.iter().map(|(wide, grow, spare)| Column { grow: *grow, spare: *spare, ..Column::new("c", "C", *wide) }).collect();
        let placed = columns::place(&all, width);
        for pair in placed.windows(2) {
            prop_assert!(pair[0].x + pair[0].width < pair[1].x);
        }
        for place in &placed {
            prop_assert!(place.width > 0 && place.x + place.width <= width);
        }
        prop_assert!(width == 0 || !placed.is_empty());
    }
}

#[test]
fn a_warning_is_the_last_fact_to_go() {
    let facts = [
        Cell::plain("550 events"),
        Cell::plain("everything of the last seven days"),
        Cell::new("reading us-east-1…", Tone::Loading),
    ];
    let line = |width| frames::text(&frames::drawn(width, 1, |look, area, buf| status::draw(&facts, &[], 0, look, area, buf)));
    assert_eq!(line(40), " 550 events · ⠋ reading us-east-1…");
    assert_eq!(line(80), " 550 events · everything of the last seven days · ⠋ reading us-east-1…");
}

#[test]
fn made_up_data_and_read_only_are_said_on_every_screen() {
    for width in [40, 60, 80, 100, 200] {
        let line = frames::text(&frames::drawn(width, 2, |look, area, buf| {
            header::draw(&session("incident"), &header::Standing::default(), header::Link::Ready, NOW, look, area, buf)
        }));
        assert!(line.contains("MADE-UP") && line.contains("READ-ONLY"), "{width}: {line}");
    }
}

/// The half of a line that says what to do is the one that stays.
#[test]
fn advice_outlives_the_edge_of_the_screen() {
    let look = Look::plain();
    let text = "eu-west-1: denied: guardduty:ListDetectors; see `bartizan iam-policy`";
    for (columns, hint) in [(60, ""), (80, "see `bartizan iam-policy`"), (120, "see `bartizan iam-policy`")] {
        let area = Rect::new(0, 0, columns, 1);
        let mut buf = Buffer::empty(area);
        status::draw(&[Cell::plain("29 findings")], &[Cell::new(text, Tone::Denied)], 0, &look, area, &mut buf);
        let line: String = (0..columns).map(|x| buf[(x, 0)].symbol().to_owned()).collect();
        assert!(line.contains("eu-west-1: denied: guardduty:ListD") && line.contains(hint), "{columns}: {line}");
    }
    let long = format!("{}the end", "words that say what happened and why, ".repeat(9));
    let area = Rect::new(0, 0, 80, 20);
    let mut buf = Buffer::empty(area);
    toast::draw(&[(Level::Error, &long)], &look, area, &mut buf);
    let text: String = (0..20).flat_map(|y| (0..80).map(move |x| (x, y))).map(|at| buf[at].symbol().to_owned()).collect();
    assert!(text.contains("the end"), "{text}");
}

#[test]
fn a_profile_that_does_not_sign_is_not_named_as_if_it_did() {
    let line = |view: &SessionView| {
        frames::text(&frames::drawn(160, 2, |look, area, buf| {
            header::draw(view, &header::Standing::default(), header::Link::Ready, NOW, look, area, buf)
        }))
    };
    let view = SessionView { profile: Some("prod".into()), endpoint: None, ..session("x") };
    assert!(line(&view).contains("profile prod") && !line(&view).contains("settings only"));
    let view = SessionView { instead: Some("the environment".into()), ..view };
    assert!(line(&view).contains("profile prod: settings only, keys of the environment"), "{}", line(&view));
}

#[test]
fn the_tabs_keep_their_counts_at_80_columns() {
    let tab = |(name, count): (&str, usize)| tabs::Tab {
        key: Some("1".into()),
        name: name.into(),
        count: Some(count),
        state: tabs::State::Quiet,
        active: name == "Users",
    };
    let tabs: Vec<tabs::Tab> =
        [("Users", 61), ("Keys", 46), ("Findings", 55), ("Trail", 241), ("Bastions", 10), ("Activity", 86)].map(tab).into();
    let line = frames::text(&frames::drawn(80, 1, |look, area, buf| tabs::draw(&tabs, 0, look, area, buf)));
    assert!(line.contains("Activity 86"), "{line}");
}
