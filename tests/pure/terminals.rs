//! Shells in the console, without a terminal and without a session: what is asked for, what is shown, and that no bytes of a target
//! break the painter.

use bartizan::app::terminals::Mode;
use bartizan::app::{self, Effect, Msg, Overlay, ShellEffect};
use bartizan::domain::account::{AccountRule, Identity};
use bartizan::domain::known::Known;
use bartizan::domain::preferences::Preferences;
use bartizan::domain::shell::{Recording, ShellId, ShellNews, ShellState, Target};
use bartizan::kit::action::Availability;
use bartizan::kit::input::{Code, Input, Key, Size};
use bartizan::panes::PaneId;
use bartizan::screens::Screens;
use bartizan::theme::Look;
use bartizan::widgets::terminal::{self, Marks};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::frames;
use crate::panes::Stage;

const ID: ShellId = ShellId(1);

/// A stage with one shell that is on screen and open, and its screen.
pub(crate) fn with_shell() -> (Stage, Screens) {
    let mut stage = Stage::lit(PaneId::Bastions);
    stage.model.overlay = Some(Overlay::Connect(app::connect::Connect {
        what: app::connect::What::Shell(target("i-0c55b159cbfafe1f0")),
        reason: bartizan::kit::field::Field::with("OPS-7"),
        is_required: true,
        error: None,
    }));
    stage.asked();
    stage.press("enter");
    let opened = stage.asked().into_iter().find_map(|effect| match effect {
        Effect::Shell(ID, ShellEffect::Open { reason, size, .. }) => Some((reason, size)),
        _ => None,
    });
    let (reason, size) = opened.expect("a shell is opened");
    assert_eq!(reason.as_deref(), Some("OPS-7"));
    let mut screens = Screens::default();
    screens.open(ID, size);
    screens.get_mut(ID).unwrap().feed("$ \u{1b}[1;31mls\u{1b}[0m \u{1b}[4m雪\u{1b}[0m\r\n".as_bytes());
    stage.tell(Msg::Shell(ID, ShellNews::State(ShellState::Open)));
    (stage, screens)
}

fn target(node: &str) -> Target {
    Target { node: node.into(), region: Some("eu-west-1".into()), name: Some("bastion-a.example".into()) }
}

fn frame(stage: &Stage, screens: &Screens) -> String {
    let model = &stage.model;
    let keymap = bartizan::kit::keymap::Keymap::built_in(&app::actions::catalogue()).0;
    let drawn = frames::drawn(model.size.width, model.size.height, |look, area, buf| {
        app::render(model, screens, &keymap, look, area, buf);
    });
    frames::roles(&drawn)
}

fn shell_effects(stage: &mut Stage) -> Vec<ShellEffect> {
    let effects = stage.asked().into_iter();
    effects.filter_map(|effect| if let Effect::Shell(_, effect) = effect { Some(effect) } else { None }).collect()
}

#[test]
fn a_reason_that_is_required_is_asked_for_and_esc_opens_nothing() {
    let mut stage = Stage::lit(PaneId::Bastions);
    stage.model.asks_reason = true;
    let what = app::connect::What::Shell(target("i-1"));
    let connect = app::connect::Connect { what, reason: Default::default(), is_required: true, error: None };
    stage.model.overlay = Some(Overlay::Connect(connect));
    insta::assert_snapshot!("the_window_before_a_shell", frame(&stage, &Screens::default()));
    stage.press("enter");
    assert!(matches!(&stage.model.overlay, Some(Overlay::Connect(connect)) if connect.error.is_some()));
    stage.press("esc");
    assert!(stage.model.overlay.is_none() && shell_effects(&mut stage).is_empty());
}

#[test]
fn the_rule_about_the_account_is_asked_by_sessions() {
    let identity =
        Identity { account: "123456789012".into(), arn: "arn:aws:iam::123456789012:user/alice".into(), user_id: "A".into() };
    let rule = |never_arm, reason| {
        vec![AccountRule {
            account: "123456789012".into(),
            name: Some("prod".into()),
            never_arm,
            reason,
            ..AccountRule::default()
        }]
    };
    let mut stage = crate::panes::bastions::filled();
    stage.model.view.identity = Known::live(identity, crate::panes::noon());
    stage.model.door.rules = rule(true, false);
    for id in ["bastions.shell", "forwards.new"] {
        stage.model.focus = if id.starts_with("forwards") { PaneId::Forwards } else { PaneId::Bastions };
        let available = app::availability(&stage.model, id);
        let Availability::Unavailable(why) = available else { panic!("{id} is available") };
        assert!(why.contains("never lets prod be changed") && why.contains("never_arm"), "{why}");
    }
    stage.model.focus = PaneId::Bastions;
    stage.press("s");
    assert!(stage.model.overlay.is_none() && stage.notices().contains("no session"), "{}", stage.notices());
    stage.model.door.rules = rule(false, true);
    stage.press("s enter");
    let required =
        matches!(&stage.model.overlay, Some(Overlay::Connect(connect)) if connect.is_required && connect.error.is_some());
    assert!(required, "{:?}", stage.model.overlay);
    // The rule comes to be known while the window is open.
    stage.press("O P S");
    stage.model.door.rules = rule(true, false);
    stage.press("enter");
    assert!(shell_effects(&mut stage).is_empty());
    assert!(
        matches!(&stage.model.overlay, Some(Overlay::Connect(connect)) if connect.error.as_ref().is_some_and(|why| why.contains("never_arm")))
    );
    let mut stage = crate::panes::bastions::filled();
    stage.model.door.closed = Some("started with --read-only".into());
    stage.press("s");
    assert!(stage.notices().contains("--read-only"), "{}", stage.notices());
}

#[test]
fn the_window_before_a_shell_says_what_is_logged_and_encrypted() {
    let mut stage = Stage::lit(PaneId::Bastions);
    let connect = app::connect::Connect {
        what: app::connect::What::Shell(target("i-1")),
        reason: Default::default(),
        is_required: false,
        error: None,
    };
    stage.model.overlay = Some(Overlay::Connect(connect));
    let full = Preferences {
        bucket: Some("logs\u{1b}]0;x".into()),
        log_group: Some("/ssm/sessions".into()),
        bucket_is_encrypted: Some(false),
        log_group_is_encrypted: Some(true),
        key: Some("alias/sessions".into()),
        idle_minutes: Some("20".into()),
        runs_profile: true,
    };
    let off = Preferences {
        bucket: None,
        log_group: None,
        bucket_is_encrypted: None,
        log_group_is_encrypted: None,
        key: None,
        idle_minutes: None,
        runs_profile: false,
    };
    let now = crate::panes::noon();
    let denied = Known::from_fault(crate::panes::denied("ssm:GetDocument"));
    for (known, says) in [
        (Known::Unknown, "logging     unknown"),
        (Known::Loading, "encryption  reading…"),
        (denied, "logging     denied: ssm:GetDocument"),
        (Known::live(None, now), "the region has no preferences: nothing is logged"),
        (Known::live(Some(off), now), "logging     off"),
    ] {
        stage.model.panes.bastions.preferences.insert("eu-west-1".into(), known);
        let frame = frame(&stage, &Screens::default());
        assert!(frame.contains(says), "{says}: {frame}");
    }
    stage.model.panes.bastions.preferences.insert("eu-west-1".into(), Known::live(Some(full), now));
    insta::assert_snapshot!("the_window_before_a_shell_that_is_logged", frame(&stage, &Screens::default()));
}

#[test]
fn every_key_but_one_is_for_the_target() {
    let (mut stage, _) = with_shell();
    let keymap = bartizan::kit::keymap::Keymap::built_in(&app::actions::catalogue()).0;
    for key in [
        Key::ctrl('c'),
        Key::ctrl('z'),
        Key::ctrl('s'),
        Key::plain(Code::Tab),
        Key::plain(Code::Esc),
        Key::plain(Code::Char('q')),
    ] {
        assert_eq!(app::direct(&stage.model, &keymap, &Input::Key(key)), Some(ID), "{key:?}");
    }
    assert_eq!(app::direct(&stage.model, &keymap, &Input::Key(Key::ctrl(']'))), None);
    stage.tell(Msg::Input(Input::Key(Key::ctrl(']'))));
    assert_eq!(stage.model.terminals.mode, Mode::Command);
    stage.tell(Msg::Input(Input::Key(Key::ctrl(']'))));
    let sent = shell_effects(&mut stage);
    assert_eq!(sent, [ShellEffect::Input(Input::Key(Key::ctrl(']')))], "pressed twice, it goes to the target");
    stage.tell(Msg::Input(Input::Key(Key::ctrl(']'))));
    stage.press("b");
    assert_eq!(stage.model.terminals.shown, None);
    stage.press("0");
    assert_eq!(stage.model.terminals.shown, Some(ID));
}

#[test]
fn states_are_told_as_they_are() {
    let (mut stage, screens) = with_shell();
    insta::assert_snapshot!("a_shell", frame(&stage, &screens));
    stage.size(80, 24);
    stage
        .tell(Msg::Shell(ID, ShellNews::Recording(Recording::On { file: "20261121T120000Z-i-0c55b159cbfafe1f0-1.cast".into() })));
    assert!(stage.notices().contains("recording to 2026"), "{}", stage.notices());
    stage.wait(5_000);
    let shown = frame(&stage, &screens);
    assert!(shown.contains("! recording") && !shown.contains(".cast"), "a narrow screen says it, too: {shown}");
    stage.size(160, 40);
    stage.tell(Msg::Shell(ID, ShellNews::Recording(Recording::Off)));
    stage.tell(Msg::Shell(ID, ShellNews::State(ShellState::Reconnecting { problem: "no route".into() })));
    insta::assert_snapshot!("a_shell_reconnecting", frame(&stage, &screens));
    stage.tell(Msg::Shell(ID, ShellNews::State(ShellState::Silent)));
    assert!(frame(&stage, &screens).contains("no answer from the target"));
    stage.tell(Msg::Shell(ID, ShellNews::Recording(Recording::Failed { why: "no space left".into() })));
    assert!(stage.notices().contains("recording has stopped, the shell goes on"), "{}", stage.notices());
    stage.tell(Msg::Shell(ID, ShellNews::State(ShellState::Ended { why: "Session terminated".into(), code: Some(3) })));
    insta::assert_snapshot!("a_shell_ended", frame(&stage, &screens));
    stage.press("x");
    assert!(stage.model.terminals.tabs.is_empty() && stage.model.terminals.shown.is_none());
}

#[test]
fn a_lent_terminal_is_taken_back_where_something_else_has_to_be_seen() {
    let lend = |stage: &mut Stage| {
        stage.tell(Msg::Input(Input::Key(Key::ctrl(']'))));
        stage.press("t");
        assert!(stage.model.terminals.lent);
        let effects = shell_effects(stage);
        let whole = ShellEffect::Resize(stage.model.size);
        assert_eq!(effects, [whole, ShellEffect::Lend]);
    };
    let (mut stage, _) = with_shell();
    lend(&mut stage);
    stage.tell(Msg::TakenBack);
    assert_eq!((stage.model.terminals.lent, &stage.model.terminals.mode), (false, &Mode::Command));
    assert!(stage.asked().contains(&Effect::TakeBack));
    stage.press("esc");
    lend(&mut stage);
    stage.tell(Msg::Shell(ID, ShellNews::State(ShellState::Reconnecting { problem: "no route".into() })));
    assert!(stage.model.terminals.lent, "the console says so on it");
    stage.tell(Msg::Shell(ID, ShellNews::State(ShellState::Ended { why: "over".into(), code: None })));
    assert!(!stage.model.terminals.lent && stage.asked().contains(&Effect::TakeBack));
    let (mut stage, _) = with_shell();
    lend(&mut stage);
    stage.wait(11 * 60_000);
    assert!(stage.model.lock.is_closed() && !stage.model.terminals.lent, "a locked console is seen");
}

#[test]
fn quitting_with_an_open_shell_asks_once() {
    let (mut stage, _) = with_shell();
    stage.tell(Msg::Input(Input::Key(Key::ctrl(']'))));
    stage.press("b");
    stage.asked();
    stage.press("q");
    assert!(stage.notices().contains("1 shell will end with the console"), "{}", stage.notices());
    assert!(!stage.asked().contains(&Effect::Quit));
    stage.press("j q");
    assert!(!stage.asked().contains(&Effect::Quit), "another key between them, and it is asked again");
    stage.press("q");
    assert!(stage.asked().contains(&Effect::Quit));
}

#[test]
fn reading_follows_the_lines_and_a_new_size_ends_it() {
    let (mut stage, _) = with_shell();
    stage.tell(Msg::Input(Input::Key(Key::ctrl(']'))));
    stage.press("v");
    assert_eq!(shell_effects(&mut stage), [ShellEffect::Hold]);
    stage.tell(Msg::Shell(ID, ShellNews::Held { lines: 500 }));
    stage.press("k k v k k y");
    let effects = shell_effects(&mut stage);
    assert!(effects.contains(&ShellEffect::Copy { first: 495, last: 497 }), "{effects:?}");
    assert_eq!(stage.model.terminals.mode, Mode::Keys);
    stage.tell(Msg::Shell(ID, ShellNews::Held { lines: 500 }));
    stage.tell(Msg::Input(Input::Resize(Size { width: 90, height: 33 })));
    assert_eq!(stage.model.terminals.mode, Mode::Keys);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn no_bytes_sizes_and_positions_break_the_painter(
        pieces in proptest::collection::vec(prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..60),
            "\\x1b\\[[0-9;?]{0,8}[a-zA-Z@`]".prop_map(String::into_bytes),
            "[a-z雪é\\u{301}\\u{200d}👩\\u{fe0f}\r\n\t]{0,30}".prop_map(String::into_bytes),
        ], 0..30),
        sizes in proptest::collection::vec((0_u16..60, 0_u16..20), 1..4),
        (width, height) in (0_u16..70, 0_u16..25),
        top in 0_usize..200,
    ) {
        let mut screens = Screens::default();
        screens.open(ID, Size { width: 20, height: 5 });
        let screen = screens.get_mut(ID).unwrap();
        let area = Rect::new(0, 0, width, height);
        for (number, piece) in pieces.iter().enumerate() {
            screen.feed(piece);
            let (width, height) = sizes[number % sizes.len()];
            if number % 5 == 4 {
                screen.resize(Size { width, height });
            }
            let mut buf = Buffer::empty(area);
            terminal::draw(screen, &Marks::default(), &Look::of_roles(), area, &mut buf);
        }
        let lines = screen.hold();
        screen.show_from(top);
        let marks = Marks { line: Some(top), chosen: Some((0, lines)) };
        let mut buf = Buffer::empty(area);
        terminal::draw(screen, &marks, &Look::of_roles(), area, &mut buf);
        bartizan::widgets::seal(&mut buf);
        screen.text(0, lines);
        screen.find("a", top, true);
    }
}
