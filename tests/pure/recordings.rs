//! Recordings of shells in the console, without a terminal and without files: listed, played, left.

use bartizan::app::{self, Effect, Msg, ShellEffect};
use bartizan::domain::fault::FaultKind;
use bartizan::domain::recording::{Header, Order, Playback, Recorded, Wholeness};
use bartizan::domain::shell::{ShellId, ShellNews, ShellState};
use bartizan::kit::input::Size;
use bartizan::panes::bastions::{RECORDINGS, Read, View};
use bartizan::panes::{self, PaneId, bastions};
use bartizan::screens::Screens;
use jiff::SignedDuration;

use crate::frames;
use crate::panes::{Stage, fault, hours_ago};

const ID: ShellId = ShellId(1);

fn recorded(file: &str, wholeness: Wholeness) -> Recorded {
    let is_damaged = matches!(wholeness, Wholeness::Damaged { .. });
    let header = Header {
        width: 80,
        height: 24,
        started: Some(hours_ago(3)),
        is_ours: true,
        account: Some("123456789012".into()),
        target: Some("i-0c55b159cbfafe1f0".into()),
        owner: Some("arn:aws:sts::123456789012:assumed-role/Admin/alice".into()),
        reason: Some("OPS-7\u{1b}]0;x".into()),
    };
    Recorded {
        file: file.into(),
        bytes: 12_345,
        header: if is_damaged { Header::default() } else { header },
        length: (!is_damaged).then(|| SignedDuration::from_secs(200)),
        wholeness,
    }
}

fn listed() -> Stage {
    let mut stage = Stage::lit(PaneId::Users);
    stage.asked();
    stage.press("9");
    let wanted = stage
        .asked()
        .into_iter()
        .any(|effect| matches!(effect, Effect::Read { read: panes::Read::Bastions(Read::Recordings), .. }));
    assert!(wanted && stage.model.panes.bastions.view == View::Recordings);
    let rows = vec![
        recorded("20261121T090000Z-i-1-1.cast", Wholeness::Whole),
        recorded("20261121T090100Z-i-1-2.cast", Wholeness::Cut),
        recorded("20261121T090200Z-i-1-3.cast", Wholeness::Running),
        recorded("20261121T090300Z-i-1-4.cast", Wholeness::Damaged { why: "it is empty".into() }),
    ];
    stage.answer(&RECORDINGS, panes::Msg::Bastions(bastions::Msg::Recordings(rows)));
    stage.answer(&RECORDINGS, panes::Msg::Bastions(bastions::Msg::RecordingsEnded(Ok(()))));
    stage.finish();
    stage
}

fn frame(stage: &Stage, screens: &Screens) -> String {
    let (model, keymap) = (&stage.model, &stage.keymap);
    frames::roles(&frames::drawn(model.size.width, model.size.height, |look, area, buf| {
        app::render(model, screens, keymap, look, area, buf);
    }))
}

fn orders(stage: &mut Stage) -> Vec<Order> {
    let effects = stage.asked().into_iter();
    effects
        .filter_map(|effect| match effect {
            Effect::Shell(_, ShellEffect::Order(order)) => Some(order),
            _ => None,
        })
        .collect()
}

#[test]
fn recordings_are_listed_with_what_is_wrong_with_them() {
    let mut stage = listed();
    stage.size(100, 20);
    insta::assert_snapshot!("recordings", frame(&stage, &Screens::default()));
    stage.press("/ d a m a g e d enter");
    stage.finish();
    let shown = frame(&stage, &Screens::default());
    assert!(shown.contains("1 of 4 recordings") && shown.contains("✗ damaged"), "{shown}");
    stage.press("p");
    assert!(stage.notices().contains("this recording is damaged"), "{}", stage.notices());
    stage.press("enter");
    assert!(frame(&stage, &Screens::default()).contains("it is empty"));
}

#[test]
fn no_recordings_and_unreadable_ones_are_two_things() {
    let mut stage = Stage::lit(PaneId::Bastions);
    stage.press("r");
    stage.answer(&RECORDINGS, panes::Msg::Bastions(bastions::Msg::RecordingsEnded(Ok(()))));
    assert!(frame(&stage, &Screens::default()).contains("no recordings"));
    stage.press("R");
    let broken = fault(FaultKind::Configuration, "");
    stage.answer(&RECORDINGS, panes::Msg::Bastions(bastions::Msg::RecordingsEnded(Err(broken))));
    assert!(!frame(&stage, &Screens::default()).contains("no recordings"));
    stage.press("r");
    assert_eq!(stage.model.panes.bastions.view, View::Nodes);
}

#[test]
fn a_recording_is_played_at_its_own_size_and_every_key_is_for_it() {
    let mut stage = listed();
    stage.size(100, 20);
    stage.asked();
    stage.press("g g p");
    let played = stage.asked().into_iter().find_map(|effect| match effect {
        Effect::Shell(ID, ShellEffect::Replay { file, size }) => Some((file, size)),
        _ => None,
    });
    let size = Size { width: 80, height: 24 };
    assert!(played.as_ref().is_some_and(|(file, played)| file.ends_with(".cast") && *played == size), "{played:?}");
    let mut screens = Screens::default();
    screens.open(ID, size);
    let lines: String = (1..24).map(|line| format!("line {line}\r\n")).collect();
    screens.get_mut(ID).unwrap().feed(format!("{lines}$ \u{1b}[1mlast\u{1b}[0m").as_bytes());
    let playback = Playback { at: 7_400, speed: 8, damaged: 2, ..Playback::default() };
    stage.tell(Msg::Shell(ID, ShellNews::Replay(playback)));
    insta::assert_snapshot!("a_recording_played", frame(&stage, &screens));
    stage.press("space right h L pageup g G . + -");
    assert_eq!(
        orders(&mut stage),
        [
            Order::Pause,
            Order::Skip(5_000),
            Order::Skip(-5_000),
            Order::Skip(60_000),
            Order::Skip(-60_000),
            Order::Seek(0),
            Order::Seek(u64::MAX),
            Order::Next,
            Order::Faster,
            Order::Slower
        ]
    );
    // The window's size is nothing to it, and it is nothing that ends with the console.
    stage.size(120, 40);
    assert_eq!(stage.model.terminals.tabs[0].size, size);
    insta::assert_snapshot!("a_recording_with_room", frame(&stage, &screens));
    stage.press("b");
    assert_eq!(orders(&mut stage), [Order::Stop], "nobody sees it: it stands still");
    stage.press("0");
    assert_eq!(stage.model.terminals.shown, Some(ID));
    stage.press("b 9 g g p");
    assert_eq!(stage.model.terminals.tabs.len(), 1, "one tab for one recording");
    stage.press("x");
    assert!(stage.model.terminals.tabs.is_empty());
    stage.press("q");
    assert!(stage.asked().contains(&Effect::Quit));
}

#[test]
fn a_recording_that_cannot_be_opened_says_so() {
    let mut stage = listed();
    stage.press("g g p");
    stage.tell(Msg::Shell(ID, ShellNews::State(ShellState::Failed { why: "a.cast could not be read: gone".into() })));
    assert!(frame(&stage, &Screens::default()).contains("could not be read: gone"));
    stage.press("space");
    assert!(stage.notices().contains("cannot be played"), "{}", stage.notices());
    stage.press("x");
    assert!(stage.model.terminals.tabs.is_empty());
}
