//! The idle lock: nothing of the account stays, and only the same identity comes back.

use bartizan::app::{Connection, Effect, Msg, SessionNews, render};
use bartizan::domain::fault::FaultKind;
use bartizan::domain::known::Known;
use bartizan::kit::effect::SessionId;
use bartizan::screens::Screens;

use super::door::{ACCOUNT, identified, identity, keys_pane};
use super::{Stage, fault, noon};
use crate::frames;

const TEN_MINUTES: i64 = 10 * 60_000;

fn screen(stage: &Stage) -> String {
    let (model, keymap) = (&stage.model, &stage.keymap);
    frames::text(&frames::drawn(80, 24, |look, area, buf| render(model, &Screens::default(), keymap, look, area, buf)))
}

fn locked() -> Stage {
    let mut stage = keys_pane();
    stage.press("A J");
    stage.wait(TEN_MINUTES);
    assert!(stage.model.lock.is_closed());
    stage
}

#[test]
fn nothing_of_the_account_stays() {
    let mut stage = locked();
    let screen = screen(&stage);
    let json = serde_json::to_string(&stage.model.panes.keys).unwrap() + &serde_json::to_string(&stage.model.overlay).unwrap();
    for word in ["ada", "AKIA", ACCOUNT, "castle"] {
        assert!(!screen.contains(word) && !json.contains(word), "{word}:\n{screen}");
    }
    assert!(stage.model.door.armed.is_none() && stage.model.overlay.is_none());
    assert!(stage.asked().contains(&Effect::Lock));
}

#[test]
fn keys_keep_it_open_and_it_can_be_switched_off() {
    let mut stage = keys_pane();
    stage.wait(TEN_MINUTES - 1_000);
    assert!(screen(&stage).contains("LOCKS IN 1 s"), "{}", screen(&stage));
    stage.press("j");
    stage.wait(TEN_MINUTES - 1_000);
    assert!(!stage.model.lock.is_closed());
    stage.model.lock.after = None;
    stage.wait(TEN_MINUTES * 100);
    assert!(!stage.model.lock.is_closed());
}

#[test]
fn a_locked_console_does_nothing_but_ask_who_is_there() {
    let mut stage = locked();
    stage.asked();
    stage.press("enter");
    assert_eq!(stage.asked(), [], "the first key only says how");
    stage.press("1 q ? : A D");
    assert_eq!(stage.asked(), []);
    stage.press("enter");
    assert_eq!(stage.asked(), [Effect::Connect]);
    stage.connect(2);
    assert!(stage.reads().is_empty() && stage.model.lock.is_closed());
    identified(&mut stage);
    assert!(!stage.model.lock.is_closed() && !stage.reads().is_empty());
}

#[test]
fn somebody_else_does_not_come_in_and_each_attempt_waits_longer() {
    let mut stage = locked();
    stage.press("x");
    for (attempt, wait) in [(0, 1_000), (1, 2_000), (2, 4_000)] {
        stage.press("enter");
        assert!(stage.asked().contains(&Effect::Connect), "{attempt}");
        stage.connect(attempt + 2);
        let session = stage.model.session;
        let news = SessionNews::Identity(Known::live(identity("999999999999"), noon()));
        stage.tell(Msg::Connection(session, news));
        assert!(stage.model.lock.is_closed() && stage.asked().contains(&Effect::Lock));
        assert!(!screen(&stage).contains("999999999999"));
        stage.wait(wait - 100);
        stage.press("enter");
        assert!(!stage.asked().contains(&Effect::Connect), "{attempt}");
        stage.wait(100);
    }
}

#[test]
fn without_credentials_it_stays_locked_and_says_why() {
    let mut stage = locked();
    stage.press("x enter");
    let news = SessionNews::Failed(fault(FaultKind::Expired, ""));
    stage.tell(Msg::Connection(SessionId(2), news));
    stage.wait(1_000);
    assert!(stage.model.lock.is_closed() && screen(&stage).contains("credentials expired"), "{}", screen(&stage));
    assert!(matches!(stage.model.connection, Connection::Failed { .. }));
    stage.asked();
    stage.press("enter");
    assert!(stage.asked().contains(&Effect::Connect));
}

#[test]
fn ctrl_c_twice_quits() {
    let mut stage = locked();
    stage.asked();
    stage.press("ctrl-c");
    assert_eq!(stage.asked(), []);
    stage.press("ctrl-c");
    assert_eq!(stage.asked(), [Effect::Quit]);
}
