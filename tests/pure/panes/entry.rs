//! Secrets being typed, as the model knows them, and the lock that wants one.

use bartizan::app::entry::Entry;
use bartizan::app::{Effect, Msg, SessionNews, render};
use bartizan::domain::account::{CredentialSource, MFA_SESSION};
use bartizan::domain::known::Known;
use bartizan::domain::question::{Question, Topic};
use bartizan::screens::Screens;

use super::Stage;
use super::door::{identified, keys_pane};
use crate::frames;

fn screen(stage: &Stage, width: u16, height: u16) -> String {
    let (model, keymap) = (&stage.model, &stage.keymap);
    frames::text(&frames::drawn(width, height, |look, area, buf| render(model, &Screens::default(), keymap, look, area, buf)))
}

fn entry() -> Entry {
    let question = Question::new("encrypted file /home/ada/keys.age", "passphrase", Topic::Work)
        .line("Its passphrase opens it. Nothing has been changed so far.");
    Entry { question, again: false, length: 0, note: None }
}

#[test]
fn the_window_says_what_it_is_for_and_how_long_it_is() {
    let mut stage = keys_pane();
    stage.size(80, 24);
    stage.tell(Msg::Entry(Some(entry())));
    insta::assert_snapshot!("entry_empty", screen(&stage, 80, 24));
    stage.tell(Msg::Entry(Some(Entry { again: true, length: 11, ..entry() })));
    insta::assert_snapshot!("entry_again", screen(&stage, 80, 24));
    let question = Question { problem: Some("the passphrase is wrong".into()), ..entry().question };
    stage.tell(Msg::Entry(Some(Entry { question, ..entry() })));
    stage.size(40, 10);
    insta::assert_snapshot!("entry_wrong_at_40x10", screen(&stage, 40, 10));
    stage.tell(Msg::Entry(None));
    assert!(!screen(&stage, 80, 24).contains("passphrase"));
}

#[test]
fn keys_do_nothing_else_meanwhile() {
    let mut stage = keys_pane();
    stage.tell(Msg::Entry(Some(entry())));
    stage.asked();
    let before = stage.model.clone();
    stage.press("q A 1 / ? : enter esc");
    assert_eq!(stage.asked(), []);
    assert_eq!((stage.model.focus, &stage.model.overlay), (before.focus, &before.overlay));
    assert!(stage.model.entry.is_some() && stage.model.door.armed == before.door.armed);
}

/// Locked, with a passphrase.
fn guarded() -> Stage {
    let mut stage = keys_pane();
    stage.wait(10 * 60_000);
    stage.tell(Msg::Guarded(true));
    let question = Question::new("Unlock", "passphrase", Topic::Session);
    stage.tell(Msg::Entry(Some(Entry { question, again: false, length: 4, note: None })));
    stage.asked();
    stage
}

#[test]
fn a_lock_with_a_passphrase_opens_with_it_alone() {
    let mut stage = guarded();
    insta::assert_snapshot!("locked_with_a_passphrase", screen(&stage, 80, 24));
    stage.press("x enter enter");
    assert_eq!(stage.asked(), [], "no key gets past it");
    stage.tell(Msg::Unlock);
    assert_eq!(stage.asked(), [Effect::Unlock]);
    stage.tell(Msg::Unlock);
    assert_eq!(stage.asked(), [], "one at a time");
    stage.tell(Msg::Unlocked(Ok(())));
    assert_eq!(stage.asked(), [Effect::Connect]);
    stage.connect(2);
    assert!(stage.model.lock.is_closed());
    identified(&mut stage);
    assert!(!stage.model.lock.is_closed());
}

#[test]
fn each_wrong_one_waits_twice_as_long_and_no_key_shortens_it() {
    let mut stage = guarded();
    for wait in [1_000, 2_000, 4_000, 8_000] {
        stage.tell(Msg::Unlock);
        assert_eq!(stage.asked(), [Effect::Unlock]);
        stage.tell(Msg::Unlocked(Err("the passphrase is wrong".into())));
        assert!(screen(&stage, 80, 24).contains("the passphrase is wrong"), "{}", screen(&stage, 80, 24));
        stage.press("esc enter");
        stage.wait(wait - 100);
        stage.tell(Msg::Unlock);
        assert_eq!(stage.asked(), [], "{wait}");
        stage.wait(100);
    }
    for _ in 0..40 {
        stage.wait(5 * 60_000);
        stage.tell(Msg::Unlock);
        assert_eq!(stage.asked(), [Effect::Unlock], "five minutes are the longest");
        stage.tell(Msg::Unlocked(Err("wrong".into())));
    }
}

#[test]
fn a_session_with_a_code_is_made_anew_when_it_ends() {
    let mut stage = keys_pane();
    let expires = Some(stage.model.now + jiff::SignedDuration::from_mins(15));
    let session = stage.model.session;
    let ends = |provider: &str| {
        let source = CredentialSource { provider: provider.into(), expires };
        Msg::Connection(session, SessionNews::Credentials(Known::live(source, super::noon())))
    };
    stage.tell(ends("SSO"));
    stage.model.lock.after = None;
    stage.wait(15 * 60_000);
    assert!(!stage.asked().contains(&Effect::Connect), "what the SDK renews is none of ours");
    stage.tell(ends(MFA_SESSION));
    stage.wait(1_000);
    assert!(stage.asked().contains(&Effect::Connect));
    stage.wait(1_000);
    assert!(!stage.asked().contains(&Effect::Connect), "once");
}
