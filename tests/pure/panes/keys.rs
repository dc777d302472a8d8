//! The keys pane.

use bartizan::app::{self, Startup};
use bartizan::domain::key::{AccessKey, AgeLimit, KeyHandle, KeyStatus, LastUsed};
use bartizan::domain::known::Known;
use bartizan::kit::effect::Slot;
use bartizan::kit::table::{Limits, Row as _, Tone};
use bartizan::panes::keys::{LIVE, Msg, REPORT, Read, SWEEP};
use bartizan::panes::{self, PaneId};
use jiff::{SignedDuration, Timestamp};

use super::users::report;
use super::{Stage, days_ago, denied, hours_ago, noon, uptime};

/// A key as `ListAccessKeys` tells it.
pub(crate) fn live(user: &str, ordinal: u8, id: &str, created: Timestamp) -> AccessKey {
    AccessKey {
        change: None,
        handle: KeyHandle { user: user.into(), ordinal },
        id: Known::live(id.into(), noon()),
        status: Known::live(KeyStatus::Active, noon()),
        created: Known::live(created, noon()),
        last_used: Known::Unknown,
    }
}

fn tell(stage: &mut Stage, slot: &Slot, msg: Msg) {
    stage.answer(slot, panes::Msg::Keys(msg));
}

#[test]
fn the_report_brings_all_keys_and_live_calls_their_ids() {
    let mut stage = Stage::lit(PaneId::Keys);
    tell(&mut stage, &REPORT, Msg::Report(Ok(report(&[("alice", "true", "true"), ("bob", "true", "true")]))));
    assert_eq!(stage.column("user"), ["alice", "bob"]);
    assert_eq!(stage.column("key"), ["#1 id …", "#1 id …"]);
    assert!(stage.reads().iter().any(|(_, read)| *read == panes::Read::Keys(Read::OfUsers(vec!["alice".into(), "bob".into()]))));
    let made: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    tell(&mut stage, &LIVE, Msg::Keys { user: "alice".into(), result: Ok(vec![live("alice", 1, "AKIAALICE", made)]) });
    assert_eq!(stage.column("key"), ["AKIAALICE", "#1 id …"]);
    assert_eq!(stage.column("service"), ["s3", "s3"], "the report's last use stays until the live one comes");
    let used = LastUsed::At { when: noon(), service: "iam".into(), region: "us-east-1".into() };
    let handle = KeyHandle { user: "alice".into(), ordinal: 1 };
    tell(&mut stage, &LIVE, Msg::LastUsed { handle, result: Ok(used) });
    assert_eq!(stage.column("service")[0], "iam");
    tell(&mut stage, &LIVE, Msg::Listed(Ok(())));
    assert_eq!(stage.column("key")[1], "#1 id ?");
}

#[test]
fn a_key_that_was_replaced_since_the_report_is_not_taken_for_the_new_one() {
    let mut stage = Stage::lit(PaneId::Keys);
    tell(&mut stage, &REPORT, Msg::Report(Ok(report(&[("alice", "true", "true")]))));
    tell(&mut stage, &LIVE, Msg::Keys { user: "alice".into(), result: Ok(vec![live("alice", 1, "AKIANEW", days_ago(1))]) });
    assert_eq!(stage.column("key"), ["AKIANEW"]);
    assert_eq!(stage.column("age"), ["1 d"]);
    assert_eq!(stage.column("last_used"), ["?"], "the old key's last use is not the new one's");
    tell(&mut stage, &LIVE, Msg::Keys { user: "alice".into(), result: Ok(Vec::new()) });
    assert!(stage.rows().is_empty());
}

#[test]
fn without_a_report_every_user_is_asked() {
    let mut stage = Stage::lit(PaneId::Keys);
    tell(&mut stage, &REPORT, Msg::Report(Err(denied("iam:GenerateCredentialReport"))));
    assert!(stage.reads().iter().any(|(slot, read)| *slot == SWEEP && *read == panes::Read::Keys(Read::AllUsers)));
    tell(&mut stage, &SWEEP, Msg::Keys { user: "alice".into(), result: Ok(vec![live("alice", 1, "AKIA1", days_ago(100))]) });
    tell(&mut stage, &SWEEP, Msg::Keys { user: "bob".into(), result: Err(denied("iam:ListAccessKeys")) });
    assert!(stage.around().contains("2 users asked one by one"), "{}", stage.around());
    assert!(stage.around().contains("ask for iam:GenerateCredentialReport"), "{}", stage.around());
    assert!(stage.around().contains("such as bob"), "{}", stage.around());
    tell(&mut stage, &SWEEP, Msg::Listed(Ok(())));
    assert_eq!(stage.column("age"), ["100 d"]);
    let age = AccessKey::COLUMNS.iter().position(|column| column.id == "age").unwrap();
    let row = stage.model.panes.keys.table.selected().unwrap();
    assert_eq!(stage.model.panes.keys.table.cell(row, age, stage.model.now).tone, Tone::Warning, "overdue, and shown as such");
    assert!(stage.around().contains("1 active over 90 d"), "{}", stage.around());
}

#[test]
fn from_a_key_to_its_owner_and_its_events() {
    let mut stage = Stage::lit(PaneId::Keys);
    tell(&mut stage, &REPORT, Msg::Report(Ok(report(&[("alice", "true", "true")]))));
    stage.press("t");
    assert_eq!(stage.model.focus, PaneId::Trail);
    let attribute = stage.model.panes.trail.attribute.clone().unwrap();
    assert_eq!((attribute.0.word(), attribute.1.as_str()), ("Username", "alice"), "the id is not known yet");
    stage.press("esc esc esc");
    assert_eq!(stage.model.focus, PaneId::Keys);
    stage.press("u");
    assert_eq!(stage.model.focus, PaneId::Users);
    assert_eq!(stage.model.panes.users.wanted.as_ref().unwrap().raw(), "alice");
}

#[test]
fn keys_that_nobody_may_tell_are_not_an_empty_list() {
    let mut stage = Stage::lit(PaneId::Keys);
    tell(&mut stage, &REPORT, Msg::Report(Err(denied("iam:GenerateCredentialReport"))));
    tell(&mut stage, &SWEEP, Msg::Keys { user: "alice".into(), result: Err(denied("iam:ListAccessKeys")) });
    tell(&mut stage, &SWEEP, Msg::Listed(Ok(())));
    assert!(!stage.model.panes.keys.remote.is_complete());
    assert!(!stage.around().contains("no access keys"), "{}", stage.around());
    assert!(stage.around().contains("could not be read"), "{}", stage.around());
    assert!(stage.around().contains("iam:ListAccessKeys"), "{}", stage.around());
}

#[test]
fn a_key_told_live_since_the_report_stays_and_the_list_says_what_it_may_lack() {
    let mut stage = Stage::lit(PaneId::Keys);
    tell(&mut stage, &REPORT, Msg::Report(Ok(report(&[("alice", "true", "true")]))));
    let both =
        vec![live("alice", 1, "AKIAOLD", "2026-01-01T00:00:00Z".parse().unwrap()), live("alice", 2, "AKIANEW", hours_ago(1))];
    tell(&mut stage, &LIVE, Msg::Keys { user: "alice".into(), result: Ok(both) });
    stage.press("R");
    tell(&mut stage, &REPORT, Msg::Report(Ok(report(&[("alice", "true", "true")]))));
    assert_eq!(stage.column("key"), ["AKIAOLD", "AKIANEW"]);
    assert!(stage.around().contains("credential report 3 h old: later keys may be missing"), "{}", stage.around());
    stage.press("R");
    let mut newer = report(&[("alice", "true", "true")]);
    newer.generated = noon() + SignedDuration::from_secs(1);
    tell(&mut stage, &REPORT, Msg::Report(Ok(newer)));
    assert_eq!(stage.column("key"), ["AKIAOLD"], "the newer report knows better");
}

#[test]
fn the_owner_another_pane_sends_us_to_is_asked_for_keys_newer_than_the_report() {
    let mut stage = Stage::lit(PaneId::Keys);
    tell(&mut stage, &REPORT, Msg::Report(Ok(report(&[("alice", "true", "true")]))));
    stage.asked();
    panes::keys::go_to(&mut stage.model.panes.keys, &"newcomer".into()).unwrap();
    stage.wait(200);
    stage.wait(200);
    let both = panes::Read::Keys(Read::OfUsers(vec!["alice".into(), "newcomer".into()]));
    assert!(stage.reads().iter().any(|(_, read)| *read == both));
    tell(
        &mut stage,
        &LIVE,
        Msg::Keys { user: "newcomer".into(), result: Ok(vec![live("newcomer", 1, "AKIANEW", hours_ago(1))]) },
    );
    assert_eq!(stage.model.panes.keys.table.selected().unwrap().handle.user.raw(), "newcomer");
}

#[test]
fn an_owner_whose_last_uses_did_not_come_is_asked_again() {
    let mut stage = Stage::lit(PaneId::Keys);
    tell(&mut stage, &REPORT, Msg::Report(Ok(report(&[("alice", "true", "true"), ("bob", "true", "true")]))));
    for user in ["alice", "bob"] {
        tell(&mut stage, &LIVE, Msg::Keys { user: user.into(), result: Ok(vec![live(user, 1, "AKIA", days_ago(1))]) });
    }
    tell(&mut stage, &LIVE, Msg::UserDone("alice".into()));
    let watch = &stage.model.panes.keys.watch;
    assert_eq!([watch.is_asked(&"alice".into()), watch.is_asked(&"bob".into())], [false, true]);
}

#[test]
fn the_overdue_that_are_counted_are_those_that_the_filter_shows() {
    let mut stage = Stage::lit(PaneId::Keys);
    tell(&mut stage, &REPORT, Msg::Report(Err(denied("iam:GenerateCredentialReport"))));
    let limit = days_ago(90);
    let statuses = [KeyStatus::Active, KeyStatus::Inactive, KeyStatus::Expired, KeyStatus::Other("Odd".into())];
    let mut keys: Vec<(String, KeyStatus, Timestamp)> = Vec::new();
    for seconds in [-1, 0, 1] {
        for status in &statuses {
            let created = limit - SignedDuration::from_secs(seconds);
            keys.push((format!("{}{seconds}", status.word()), status.clone(), created));
        }
    }
    for (user, status, created) in keys {
        let key = AccessKey { status: Known::live(status, noon()), ..live(&user, 1, &user, created) };
        tell(&mut stage, &SWEEP, Msg::Keys { user: user.as_str().into(), result: Ok(vec![key]) });
    }
    tell(&mut stage, &SWEEP, Msg::Listed(Ok(())));
    assert!(stage.around().contains("2 active over 90 d"), "{}", stage.around());
    stage.press("o");
    stage.finish();
    let mut shown = stage.column("user");
    shown.sort();
    assert_eq!(shown, ["Active1", "Odd1"]);
}

#[test]
fn what_is_not_known_is_last_in_both_directions() {
    let mut stage = Stage::lit(PaneId::Keys);
    tell(&mut stage, &REPORT, Msg::Report(Err(denied("iam:GenerateCredentialReport"))));
    for (user, days) in [("young", Some(1)), ("odd", None), ("old", Some(9))] {
        let created = days.map_or(Known::Unknown, |days| Known::live(days_ago(days), noon()));
        let key = AccessKey { created, ..live(user, 1, user, noon()) };
        tell(&mut stage, &SWEEP, Msg::Keys { user: user.into(), result: Ok(vec![key]) });
    }
    assert_eq!(stage.column("user"), ["old", "young", "odd"]);
    stage.press("S");
    stage.finish();
    assert_eq!(stage.column("user"), ["young", "old", "odd"]);
}

/// The configuration's limit is the one of rows, summary, detail and filter, in this session and the next.
#[test]
fn another_age_limit_is_in_force_everywhere() {
    let limits = Limits { key_age: AgeLimit::parse("45d").unwrap() };
    let mut stage = Stage::dark(PaneId::Keys);
    stage.model = app::Model::new(Startup { pane: PaneId::Keys, now: noon(), moment: uptime(), limits, ..Startup::default() });
    stage.connect(1);
    stage.connect(2);
    stage.size(100, 24);
    tell(&mut stage, &REPORT, Msg::Report(Err(denied("iam:GenerateCredentialReport"))));
    for (user, days) in [("alice", 44), ("bob", 46), ("carol", 181)] {
        let result = Ok(vec![live(user, 1, &format!("AKIA{user}"), days_ago(days))]);
        tell(&mut stage, &SWEEP, Msg::Keys { user: user.into(), result });
    }
    tell(&mut stage, &SWEEP, Msg::Listed(Ok(())));
    insta::assert_snapshot!("keys_limit_45_100x24", super::rotations::frame(&mut stage));
    assert!(stage.around().contains("2 active over 45 d"), "{}", stage.around());
    stage.press("o");
    stage.finish();
    assert_eq!(stage.column("user"), ["carol", "bob"]);
    stage.press("enter");
    assert!(super::rotations::frame(&mut stage).contains("136 days over the limit of 45"));
    assert_eq!(stage.model.panes.users.table.limits(), limits);
}
