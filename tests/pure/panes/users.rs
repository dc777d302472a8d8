//! The users pane.

use bartizan::domain::known::Known;
use bartizan::domain::report::CredentialReport;
use bartizan::domain::text::Untrusted;
use bartizan::domain::user::{KeySummary, Mfa, MfaDevice, Password, User, UserFacts};
use bartizan::kit::effect::Slot;
use bartizan::panes::users::{FACTS, LIST, Msg, REPORT, Read};
use bartizan::panes::{self, PaneId};

use super::{Stage, days_ago, denied, hours_ago, noon};

/// A user as `ListUsers` tells it.
pub(crate) fn listed(name: &str) -> User {
    User {
        name: name.into(),
        arn: format!("arn:aws:iam::123456789012:user/{name}").into(),
        id: Some(format!("AIDA{name}").into()),
        created: Known::listed(days_ago(400), noon()),
        password: Known::Unknown,
        password_last_used: Known::listed(None, noon()),
        mfa: Known::Unknown,
        keys: Known::Unknown,
        groups: Known::Unknown,
    }
}

/// A credential report of three hours ago with these users: name, password, MFA.
pub(crate) fn report(rows: &[(&str, &str, &str)]) -> CredentialReport {
    let mut csv = String::from(
        "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,mfa_active,\
         access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,\
         access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,\
         access_key_2_last_used_region,access_key_2_last_used_service\n",
    );
    for (name, password, mfa) in rows {
        csv.push_str(&format!(
            "{name},arn:aws:iam::123456789012:user/{name},2025-01-01T00:00:00+00:00,{password},no_information,N/A,{mfa},\
             true,2026-01-01T00:00:00+00:00,2026-11-20T00:00:00+00:00,us-east-1,s3,false,N/A,N/A,N/A,N/A\n"
        ));
    }
    CredentialReport::parse(csv.as_bytes(), hours_ago(3)).unwrap()
}

/// Live facts: a password without MFA, one key, no group.
pub(crate) fn facts(name: &str) -> UserFacts {
    UserFacts {
        name: name.into(),
        password: Known::live(Password::Set { changed: None }, noon()),
        mfa: Known::live(Mfa::Devices(Vec::new()), noon()),
        keys: Known::live(vec![KeySummary { id: Some("AKIA1".into()), active: true, created: Some(days_ago(10)) }], noon()),
        groups: Known::live(vec!["admins".into()], noon()),
    }
}

fn page(stage: &mut Stage, names: &[&str]) {
    stage.answer(&LIST, panes::Msg::Users(Msg::Page(names.iter().map(|name| listed(name)).collect())));
}

fn tell(stage: &mut Stage, slot: &Slot, msg: Msg) {
    stage.answer(slot, panes::Msg::Users(msg));
}

fn names_asked(stage: &mut Stage) -> Vec<Vec<String>> {
    let reads = stage.reads().into_iter();
    let facts = reads.filter_map(|(_, read)| match read {
        panes::Read::Users(Read::Facts(names)) => Some(names.iter().map(|name| name.raw().to_owned()).collect()),
        _ => None,
    });
    facts.collect()
}

#[test]
fn the_list_and_the_report_are_read_at_once_and_the_first_page_is_shown_at_once() {
    let mut stage = Stage::lit(PaneId::Users);
    let reads: Vec<_> = stage.reads().into_iter().map(|(_, read)| read).collect();
    assert_eq!(reads, [panes::Read::Users(Read::List), panes::Read::Users(Read::Report)]);
    page(&mut stage, &["bob", "alice"]);
    assert_eq!(stage.column("user"), ["alice", "bob"]);
    assert_eq!(names_asked(&mut stage), [["alice", "bob"]]);
    assert_eq!(stage.column("mfa"), ["…", "…"]);
    assert!(stage.around().contains("reading"), "{}", stage.around());
}

#[test]
fn unknown_denied_yes_and_no_are_four_things() {
    let mut stage = Stage::lit(PaneId::Users);
    page(&mut stage, &["a", "b", "c", "d", "e"]);
    let mut told = facts("a");
    told.mfa = Known::live(Mfa::Devices(vec![MfaDevice { serial: "arn:aws:iam::1:mfa/a".into(), enabled: None }]), noon());
    tell(&mut stage, &FACTS, Msg::Facts(told));
    tell(&mut stage, &FACTS, Msg::Facts(facts("b")));
    let mut told = facts("c");
    told.mfa = Known::from_fault(denied("iam:ListMFADevices"));
    tell(&mut stage, &FACTS, Msg::Facts(told));
    tell(&mut stage, &FACTS, Msg::FactsDone);
    assert_eq!(stage.column("mfa"), ["yes virtual", "no", "denied", "?", "?"]);
    assert!(stage.around().contains("at least 1 may sign in without MFA"), "{}", stage.around());
    assert!(stage.around().contains("MFA of 3 not known"), "{}", stage.around());
}

#[test]
fn the_oldest_key_is_the_oldest_that_can_be_used() {
    let mut stage = Stage::lit(PaneId::Users);
    page(&mut stage, &["a", "b"]);
    let key = |active, days| KeySummary { id: None, active, created: Some(days_ago(days)) };
    for (name, keys) in [("a", vec![key(false, 400), key(true, 101)]), ("b", vec![key(false, 170)])] {
        let mut told = facts(name);
        told.keys = Known::live(keys, noon());
        tell(&mut stage, &FACTS, Msg::Facts(told));
    }
    assert_eq!(stage.column("key_age"), ["101 d", "170 d"]);
}

#[test]
fn a_late_report_does_not_undo_live_facts_and_brings_root() {
    let mut stage = Stage::lit(PaneId::Users);
    page(&mut stage, &["alice", "bob"]);
    tell(&mut stage, &FACTS, Msg::Facts(facts("alice")));
    tell(&mut stage, &LIST, Msg::Listed(Ok(())));
    let rows = [
        ("<root_account>", "not_supported", "false"),
        ("alice", "false", "true"),
        ("bob", "true", "true"),
        ("gone", "true", "true"),
    ];
    tell(&mut stage, &REPORT, Msg::Report(Ok(report(&rows))));
    assert_eq!(stage.column("user"), ["<root_account>", "alice", "bob"], "who is not in the list was deleted since the report");
    assert_eq!(stage.column("password"), ["?", "yes", "yes"]);
    assert_eq!(stage.column("mfa"), ["no", "no", "yes"]);
    assert!(stage.around().contains("credential report 3 h old"), "{}", stage.around());
}

#[test]
fn an_early_report_fills_the_list_until_the_list_knows_better() {
    let mut stage = Stage::lit(PaneId::Users);
    tell(&mut stage, &REPORT, Msg::Report(Ok(report(&[("alice", "true", "true"), ("gone", "true", "true")]))));
    assert_eq!(stage.column("user"), ["alice", "gone"]);
    page(&mut stage, &["alice", "new"]);
    tell(&mut stage, &LIST, Msg::Listed(Ok(())));
    assert_eq!(stage.column("user"), ["alice", "new"]);
}

#[test]
fn without_the_report_the_list_works_and_says_what_is_missing() {
    let mut stage = Stage::lit(PaneId::Users);
    page(&mut stage, &["alice"]);
    tell(&mut stage, &LIST, Msg::Listed(Ok(())));
    tell(&mut stage, &REPORT, Msg::Report(Err(denied("iam:GetCredentialReport"))));
    assert_eq!(stage.column("user"), ["<root_account>", "alice"], "root is asked for by itself");
    assert!(stage.around().contains("iam:GetCredentialReport"), "{}", stage.around());
    stage.wait(200);
    stage.wait(200);
    assert!(names_asked(&mut stage).last().unwrap().contains(&"<root_account>".to_owned()));
}

#[test]
fn when_the_list_is_denied_too_the_middle_of_the_pane_says_what_to_do() {
    let mut stage = Stage::lit(PaneId::Users);
    tell(&mut stage, &LIST, Msg::Listed(Err(denied("iam:ListUsers"))));
    let rows = [("<root_account>", "not_supported", "true"), ("alice", "true", "true")];
    tell(&mut stage, &REPORT, Msg::Report(Ok(report(&rows))));
    assert_eq!(stage.column("user"), ["<root_account>", "alice"], "the report has the names");
    assert!(stage.around().contains("ask for iam:ListUsers"), "{}", stage.around());
}

#[test]
fn facts_are_asked_for_what_is_on_screen_and_not_for_what_scrolls_past() {
    let mut stage = Stage::lit(PaneId::Users);
    let names: Vec<String> = (0..500).map(|number| format!("user{number:03}")).collect();
    page(&mut stage, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let height = usize::from(stage.model.listing().height());
    let first = names_asked(&mut stage);
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].len(), height);
    for _ in 0..100 {
        stage.press("j");
        stage.wait(20);
    }
    assert!(names_asked(&mut stage).is_empty());
    stage.wait(200);
    let last = names_asked(&mut stage);
    assert_eq!(last.len(), 1);
    assert!(last[0].contains(&"user100".to_owned()) && !last[0].contains(&"user010".to_owned()), "{last:?}");
    assert_eq!(stage.model.panes.users.table.get(&Untrusted::new("user000")).unwrap().mfa, Known::Unknown, "given up");
}

#[test]
fn the_cursor_stays_on_its_user_over_a_reload() {
    let mut stage = Stage::lit(PaneId::Users);
    page(&mut stage, &["alice", "bob", "carol"]);
    tell(&mut stage, &LIST, Msg::Listed(Ok(())));
    stage.press("j R");
    page(&mut stage, &["aaron", "abel", "bob", "carol"]);
    tell(&mut stage, &LIST, Msg::Listed(Ok(())));
    assert_eq!(stage.column("user"), ["aaron", "abel", "bob", "carol"]);
    assert_eq!(stage.model.panes.users.table.selected().unwrap().name.raw(), "bob");
}

#[test]
fn the_ready_made_filter_goes_on_and_back() {
    let mut stage = Stage::lit(PaneId::Users);
    page(&mut stage, &["alice", "bob"]);
    tell(&mut stage, &REPORT, Msg::Report(Ok(report(&[("alice", "true", "false"), ("bob", "true", "true")]))));
    stage.press("m");
    stage.finish();
    assert_eq!(stage.column("user"), ["alice"]);
    stage.press("m");
    stage.finish();
    assert_eq!(stage.column("user"), ["alice", "bob"]);
}

#[test]
fn who_is_counted_is_who_the_filter_shows() {
    let mut stage = Stage::lit(PaneId::Users);
    page(&mut stage, &["alice", "bob", "carol", "dave"]);
    let rows = [
        ("<root_account>", "not_supported", "false"),
        ("alice", "true", "false"),
        ("bob", "false", "false"),
        ("carol", "true", "true"),
        ("dave", "no_information", "false"),
    ];
    tell(&mut stage, &REPORT, Msg::Report(Ok(report(&rows))));
    stage.press("m");
    stage.finish();
    assert_eq!(stage.column("user"), ["<root_account>", "alice", "dave"], "{:?}", stage.column("password"));
    assert!(stage.around().contains("3 may sign in without MFA"), "{}", stage.around());
}

#[test]
fn a_ready_made_filter_that_was_typed_is_switched_off_too() {
    let mut stage = Stage::lit(PaneId::Users);
    page(&mut stage, &["alice"]);
    stage.press("m");
    let ready_made = stage.model.listing().shown_query().text().to_owned();
    let mut typed = Stage::lit(PaneId::Users);
    typed.press("/");
    typed.tell(bartizan::app::Msg::Input(bartizan::kit::input::Input::Paste(ready_made)));
    typed.press("enter m");
    assert_eq!(typed.model.listing().shown_query().text(), "", "switched off, though it was never switched on");
    stage.press("/ ctrl-u a l i enter m m");
    stage.finish();
    assert_eq!(stage.model.listing().shown_query().text(), "ali", "what was typed comes back");
    stage.press("m / enter m");
    stage.finish();
    assert_eq!(stage.model.listing().shown_query().text(), "ali");
    stage.press("esc");
    stage.finish();
    assert_eq!(stage.column("user"), ["alice"]);
}

#[test]
fn what_was_not_read_to_its_end_is_neither_zero_nor_the_whole_and_what_is_old_says_so() {
    let mut stage = Stage::lit(PaneId::Users);
    assert!(stage.around().starts_with("users: not known"), "{}", stage.around());
    tell(&mut stage, &LIST, Msg::Page(vec![listed("ada")]));
    assert!(stage.around().starts_with("1 user so far"), "{}", stage.around());
    tell(&mut stage, &REPORT, Msg::Report(Ok(report(&[]))));
    tell(&mut stage, &LIST, Msg::Listed(Err(denied("iam:ListUsers"))));
    assert!(stage.around().starts_with("at least 1 user"), "{}", stage.around());

    let mut stage = Stage::lit(PaneId::Users);
    tell(&mut stage, &LIST, Msg::Listed(Ok(())));
    tell(&mut stage, &REPORT, Msg::Report(Ok(report(&[]))));
    assert!(stage.around().starts_with("0 users"), "an answer: {}", stage.around());
    assert!(!stage.around().contains("may have changed"), "{}", stage.around());
    stage.wait(8 * 60_000);
    stage.press("j");
    stage.wait(8 * 60_000);
    assert!(stage.around().contains("16 min ago, may have changed"), "{}", stage.around());
}
