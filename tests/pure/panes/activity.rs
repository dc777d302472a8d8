//! The activity pane.

use bartizan::app::Msg;
use bartizan::domain::call::{ApiCall, Outcome};
use bartizan::panes::PaneId;
use bartizan::panes::activity::KEPT;
use jiff::SignedDuration;

use super::{Stage, noon};

/// A call.
pub(crate) fn call(number: u64, outcome: Outcome) -> ApiCall {
    let open = matches!(outcome, Outcome::InFlight | Outcome::Retrying { .. });
    ApiCall {
        number,
        service: "iam".into(),
        operation: "ListUsers".into(),
        region: "us-east-1".into(),
        started: noon() + SignedDuration::from_millis(number as i64),
        took_ms: (!open).then_some(40),
        attempts: 1,
        throttles: 0,
        request_id: (!open).then(|| format!("request-{number}")),
        outcome,
    }
}

#[test]
fn the_newest_is_on_top_and_what_is_under_way_above_it() {
    let mut stage = Stage::lit(PaneId::Activity);
    stage.tell(Msg::Call(call(1, Outcome::InFlight)));
    stage.tell(Msg::Call(call(2, Outcome::Done)));
    stage.tell(Msg::Call(call(3, Outcome::Failed { code: "AccessDenied".into(), message: "no\u{1b}[31m".into() })));
    assert_eq!(stage.column("outcome"), ["in flight", "failed: AccessDenied", "done"]);
    stage.tell(Msg::Call(ApiCall { attempts: 3, throttles: 2, ..call(1, Outcome::Done) }));
    assert_eq!(stage.column("outcome"), ["failed: AccessDenied", "done", "done"]);
    stage.tell(Msg::Call(call(1, Outcome::InFlight)));
    assert_eq!(stage.column("outcome").len(), 3, "a record that was overtaken changes nothing");
    stage.tell(Msg::CallsLost(7));
    let around = stage.around();
    for wanted in ["3 calls", "1 failed", "2 throttled", "2 sent again", "7 records lost"] {
        assert!(around.contains(wanted), "{wanted}: {around}");
    }
}

#[test]
fn only_the_last_calls_are_kept() {
    let mut stage = Stage::lit(PaneId::Activity);
    stage.tell(Msg::Call(call(1, Outcome::InFlight)));
    for number in 2..(3 * KEPT as u64) {
        stage.tell(Msg::Call(call(number, Outcome::Done)));
    }
    let total = stage.model.listing().counts().1;
    assert!((KEPT..=KEPT + KEPT / 10 + 1).contains(&total), "{total}");
    assert_eq!(stage.column("outcome")[0], "in flight", "what is under way is never forgotten");
    assert!(stage.around().contains(&format!("{} calls", 3 * KEPT - 1)));
}

#[test]
fn the_error_is_shown_in_full_and_harmless() {
    let mut stage = Stage::lit(PaneId::Activity);
    stage.tell(Msg::Call(call(1, Outcome::Failed { code: "AccessDenied".into(), message: "no\u{1b}[31m way".into() })));
    stage.press("enter");
    let text = stage.model.detail.document.text();
    assert!(text.contains("no␛[31m way") && text.contains("request-1"), "{text}");
    assert!(stage.model.detail.open);
}

#[test]
fn calls_under_way_when_records_were_lost_are_not_under_way_for_ever() {
    let mut stage = Stage::lit(PaneId::Activity);
    for number in 1..=2 {
        stage.tell(Msg::Call(call(number, Outcome::InFlight)));
    }
    stage.tell(Msg::Call(call(3, Outcome::Done)));
    stage.tell(Msg::CallsLost(1));
    assert_eq!(stage.column("outcome"), ["done", "? lost track", "? lost track"]);
    assert!(!stage.around().contains("in flight"), "{}", stage.around());
    stage.tell(Msg::Call(call(2, Outcome::Done)));
    assert_eq!(stage.column("outcome"), ["done", "done", "? lost track"]);
}
