//! Two clocks: the wall clock can be set, and nothing ends by it; the other one counts the time asleep.

use bartizan::app::{self, Cadence, Effect, Msg, Overlay};
use bartizan::domain::shell::{ShellNews, ShellState};
use bartizan::kit::effect::Level;
use bartizan::kit::input::{Code, Input, Key};
use bartizan::panes::PaneId;
use bartizan::screens::Screens;
use jiff::SignedDuration;

use super::door::{identified, keys_pane};
use super::{Stage, noon};
use crate::frames;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const NO_TIME: SignedDuration = SignedDuration::ZERO;

fn screen(stage: &Stage) -> String {
    let (model, keymap) = (&stage.model, &stage.keymap);
    frames::text(&frames::drawn(100, 24, |look, area, buf| app::render(model, &Screens::default(), keymap, look, area, buf)))
}

#[test]
fn a_clock_that_is_set_back_keeps_nothing_armed_and_nothing_open() {
    for set in [-DAY, DAY, -DAY * 400] {
        let mut stage = keys_pane();
        stage.press("A");
        stage.clocks(set, NO_TIME);
        assert!(stage.model.door.armed.is_some() && !stage.model.lock.is_closed(), "{set}: no time has passed");
        assert!(screen(&stage).contains("ARMED 15:00"), "{set}: {}", screen(&stage));
        stage.clocks(NO_TIME, SignedDuration::from_mins(9));
        stage.press("j");
        assert!(screen(&stage).contains("ARMED 6:00"), "{set}: {}", screen(&stage));
        stage.clocks(-set, SignedDuration::from_mins(6));
        assert!(stage.model.door.armed.is_none(), "{set}");
        stage.clocks(set, SignedDuration::from_mins(4));
        assert!(stage.model.lock.is_closed(), "{set}");
    }
}

#[test]
fn the_time_asleep_counts_and_is_told_before_the_first_key() {
    let mut stage = keys_pane();
    stage.press("A D");
    stage.asked();
    // Eight hours in a bag, in which the wall clock went wrong.
    stage.clocks(-DAY, SignedDuration::from_hours(8));
    stage.press("enter");
    let asked = stage.asked();
    assert!(stage.model.lock.is_closed() && stage.model.door.armed.is_none() && stage.model.overlay.is_none());
    assert!(!asked.iter().any(|effect| matches!(effect, Effect::Mutate { .. } | Effect::Connect)), "{asked:?}");
}

#[test]
fn the_console_says_when_it_wants_to_be_woken_and_no_set_clock_changes_that() {
    let mut stage = keys_pane();
    let locks = app::ends(&stage.model).unwrap();
    assert_eq!(locks.since(stage.model.moment), app::lock::LOCK_AFTER);
    stage.clocks(DAY, NO_TIME);
    assert_eq!(app::ends(&stage.model), Some(locks));
    stage.model.lock.after = None;
    assert_eq!(app::ends(&stage.model), None);
    stage.press("A");
    assert_eq!(app::ends(&stage.model), stage.model.door.armed.map(|(_, until)| until));
}

#[test]
fn waits_and_debounces_run_out_whatever_the_wall_clock_says() {
    // The dialog takes a yes a second after it opened.
    let mut stage = keys_pane();
    stage.press("A D tab");
    stage.clocks(DAY, NO_TIME);
    stage.press("enter");
    assert!(matches!(stage.model.overlay, Some(Overlay::Confirm(_))), "a clock that was set forward answers nothing");
    stage.clocks(-DAY * 2, SignedDuration::from_secs(1));
    stage.press("enter");
    assert!(stage.asked().iter().any(|effect| matches!(effect, Effect::Mutate { .. })), "nor does one that was set back keep it");
    // A notice vanishes.
    stage.tell(Msg::Notice(Level::Info, "in passing".into()));
    stage.clocks(-DAY, SignedDuration::from_secs(4));
    assert!(!stage.notices().contains("in passing"), "{}", stage.notices());
    // A sequence of keys shows how it goes on.
    stage.model.overlay = None;
    stage.press("g");
    stage.clocks(-DAY, SignedDuration::from_millis(250));
    assert!(screen(&stage).contains("Go to the first row"), "{}", screen(&stage));
}

#[test]
fn the_wait_after_a_wrong_passphrase_is_neither_skipped_nor_prolonged() {
    let mut stage = keys_pane();
    stage.wait(10 * 60_000);
    stage.tell(Msg::Guarded(true));
    stage.tell(Msg::Unlock);
    stage.tell(Msg::Unlocked(Err("the passphrase is wrong".into())));
    stage.asked();
    stage.clocks(DAY, NO_TIME);
    stage.tell(Msg::Unlock);
    assert!(stage.asked().is_empty(), "a clock that was set forward skips no wait");
    stage.clocks(-DAY * 2, SignedDuration::from_secs(1));
    stage.tell(Msg::Unlock);
    assert_eq!(stage.asked(), [Effect::Unlock], "nor does one that was set back prolong it");
}

#[test]
fn rows_on_screen_are_asked_about_after_the_clock_was_set_back() {
    let mut stage = keys_pane();
    stage.clocks(NO_TIME, SignedDuration::from_secs(1));
    stage.clocks(-DAY, SignedDuration::from_secs(1));
    stage.clocks(NO_TIME, SignedDuration::from_secs(1));
    assert!(!stage.model.panes.waits(PaneId::Keys), "it does not wait a day for the window to stand still");
    assert_ne!(app::wants_ticks(&stage.model), Some(Cadence::Spinner));
}

/// While a new session is being made the rows of the old one are still on screen.
#[test]
fn it_locks_while_it_connects_and_knows_who_used_it() {
    let mut stage = keys_pane();
    stage.connect(2);
    assert!(stage.model.view.identity.value().is_none());
    stage.wait(10 * 60_000);
    assert!(stage.model.lock.is_closed());
    let owner = stage.model.lock.closed.as_ref().and_then(|closed| closed.identity.clone());
    assert_eq!(owner, Some(super::door::identity(super::door::ACCOUNT)));
    stage.press("x enter");
    stage.connect(3);
    identified(&mut stage);
    assert!(!stage.model.lock.is_closed());
    let mut stage = Stage::dark(PaneId::Users);
    stage.wait(10 * 60_000);
    assert!(stage.model.lock.is_closed(), "before the first session, too");
}

#[test]
fn no_key_goes_straight_to_a_shell_that_has_slept() {
    let (mut stage, _screens) = crate::terminals::with_shell();
    let id = stage.model.terminals.shown.unwrap();
    stage.tell(Msg::Shell(id, ShellNews::State(ShellState::Open)));
    let key = Input::Key(Key::plain(Code::Char('x')));
    assert_eq!(app::direct(&stage.model, &stage.keymap, &key), Some(id));
    stage.clocks(-DAY, SignedDuration::from_hours(1));
    assert_eq!(app::direct(&stage.model, &stage.keymap, &key), None);
    assert_eq!(stage.model.now, noon() - DAY);
}
