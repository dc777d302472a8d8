//! The keys pane.

use bartizan::domain::key::{AccessKey, KeyHandle, KeyStatus, LastUsed};
use bartizan::domain::known::Known;
use bartizan::kit::effect::Slot;
use bartizan::kit::table::{Row as _, Tone};
use bartizan::panes::keys::{LIVE, Msg, REPORT, Read, SWEEP};
use bartizan::panes::{self, PaneId};
use jiff::Timestamp;

use super::users::report;
use super::{Stage, days_ago, denied, noon};

/// A key as `ListAccessKeys` tells it.
pub(crate) fn live(user: &str, ordinal: u8, id: &str, created: Timestamp) -> AccessKey {
    AccessKey {
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
    assert_eq!(row.cell(age, stage.model.now).tone, Tone::Warning, "overdue, and shown as such");
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
