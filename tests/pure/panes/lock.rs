//! The idle lock: nothing of the account stays, and only the same identity comes back.

use bartizan::app::{Connection, Effect, Msg, SessionNews, render};
use bartizan::domain::account::Identity;
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

/// The lock was shut over one person: the account alone is no key to it.
#[test]
fn another_user_of_the_same_account_does_not_come_in() {
    for (arn, id) in [
        ("arn:aws:iam::123456789012:user/eve", "AIDAEVE"),
        ("arn:aws:iam::123456789012:root", ACCOUNT),
        // Of the same name, and made again.
        ("arn:aws:iam::123456789012:user/ada", "AIDAAGAIN"),
    ] {
        let mut stage = locked();
        stage.press("x enter");
        stage.connect(2);
        let other = Identity { account: ACCOUNT.into(), arn: arn.into(), user_id: id.into() };
        let session = stage.model.session;
        stage.tell(Msg::Connection(session, SessionNews::Identity(Known::live(other, noon()))));
        assert!(stage.model.lock.is_closed() && stage.asked().contains(&Effect::Lock), "{arn} {id}");
        assert!(!screen(&stage).contains("eve"));
    }
}

/// A role's session has another name after each sign-in.
#[test]
fn the_next_session_of_the_same_role_comes_in() {
    let role = |session: &str| Identity {
        account: ACCOUNT.into(),
        arn: format!("arn:aws:sts::{ACCOUNT}:assumed-role/admin/{session}").as_str().into(),
        user_id: format!("AROAADMIN:{session}").as_str().into(),
    };
    let mut stage = keys_pane();
    let named = |stage: &mut Stage, session: &str| {
        let news = SessionNews::Identity(Known::live(role(session), noon()));
        stage.tell(Msg::Connection(stage.model.session, news));
    };
    named(&mut stage, "aws-sdk-1");
    stage.wait(TEN_MINUTES);
    assert!(stage.model.lock.is_closed());
    stage.press("x enter");
    stage.connect(2);
    named(&mut stage, "aws-sdk-2");
    assert!(!stage.model.lock.is_closed());
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

fn ada(stage: &mut Stage) {
    let session = stage.model.session;
    let news = SessionNews::Identity(Known::live(stage.model.lock.closed.as_ref().unwrap().identity.clone().unwrap(), noon()));
    stage.tell(Msg::Connection(session, news));
}

#[test]
fn an_answer_that_was_on_its_way_when_it_locked_opens_nothing() {
    // Nobody has asked to come in.
    let mut stage = locked();
    stage.press("x");
    stage.asked();
    ada(&mut stage);
    assert!(stage.model.lock.is_closed());
    stage.connect(2);
    ada(&mut stage);
    assert!(stage.model.lock.is_closed(), "a session that nobody asked for");
    // Somebody has, and the session that is made for it is not there yet.
    stage.press("enter");
    stage.model.connection = Connection::Connecting;
    ada(&mut stage);
    assert!(stage.model.lock.is_closed());
}

#[test]
fn one_attempt_at_a_time() {
    let mut stage = locked();
    stage.press("x enter");
    assert!(stage.asked().contains(&Effect::Connect));
    stage.press("enter enter");
    assert_eq!(stage.asked(), [], "one is being made");
}

#[test]
fn whoever_came_in_has_the_whole_time_again() {
    let mut stage = locked();
    stage.press("x enter");
    stage.connect(2);
    ada(&mut stage);
    assert!(!stage.model.lock.is_closed());
    assert_eq!(stage.model.lock.owner.as_ref().unwrap().user_id.raw(), "AIDAADA");
    stage.wait(TEN_MINUTES - 1_000);
    assert!(!stage.model.lock.is_closed());
    stage.wait(1_000);
    assert!(stage.model.lock.is_closed());
}

#[test]
fn who_cannot_be_named_does_not_come_in_and_leaves_no_session() {
    let mut stage = locked();
    stage.press("x enter");
    stage.connect(2);
    stage.asked();
    let session = stage.model.session;
    let refused = Known::Denied { fault: Box::new(super::denied("sts:GetCallerIdentity")) };
    stage.tell(Msg::Connection(session, SessionNews::Identity(refused)));
    assert!(stage.model.lock.is_closed() && stage.asked().contains(&Effect::Lock), "the session is dropped again");
    assert_eq!(stage.model.lock.closed.as_ref().unwrap().failed, 1);
    stage.press("enter");
    assert_eq!(stage.asked(), [], "it waits");
}

#[test]
fn a_passphrase_comes_before_aws_and_waits_like_every_attempt() {
    let mut stage = locked();
    stage.tell(Msg::Guarded(true));
    stage.asked();
    stage.press("x enter enter");
    assert_eq!(stage.asked(), [], "enter alone asks nobody");
    stage.tell(Msg::Unlock);
    assert_eq!(stage.asked(), [Effect::Unlock]);
    stage.tell(Msg::Unlock);
    assert_eq!(stage.asked(), [], "one is being looked at");
    stage.tell(Msg::Unlocked(Err("the passphrase is wrong".into())));
    assert!(screen(&stage).contains("the passphrase is wrong"), "{}", screen(&stage));
    stage.asked();
    stage.tell(Msg::Unlock);
    assert_eq!(stage.asked(), [], "a second has to pass");
    stage.wait(1_000);
    stage.tell(Msg::Unlock);
    assert_eq!(stage.asked(), [Effect::Unlock]);
    stage.tell(Msg::Unlocked(Ok(())));
    assert!(stage.asked().contains(&Effect::Connect) && stage.model.lock.is_closed(), "and only then AWS is asked");
    // Without a guard no passphrase is taken for anything.
    let mut stage = locked();
    stage.asked();
    stage.tell(Msg::Unlock);
    assert_eq!(stage.asked(), []);
}
