//! The trail pane.

use bartizan::app::Effect;
use bartizan::domain::event::{Event, EventPage, Outcome};
use bartizan::domain::evidence::Evidence;
use bartizan::domain::fault::FaultKind;
use bartizan::panes::trail::{LOOKUP, Msg, Read};
use bartizan::panes::{self, PaneId};
use jiff::SignedDuration;

use super::{Stage, fault, hours_ago};

/// An event so many minutes before noon.
pub(crate) fn event(id: &str, region: &str, minutes: i64) -> Event {
    Event {
        id: id.into(),
        time: hours_ago(0) - SignedDuration::from_mins(minutes),
        name: "ListBuckets".into(),
        source: "s3.amazonaws.com".into(),
        region: region.into(),
        account: "123456789012".into(),
        actor: "alice".into(),
        actor_type: "IAMUser".into(),
        issuer: None,
        access_key: Some("AKIALEAKED".into()),
        target: Some("bucket".into()),
        more_targets: Vec::new(),
        origin: "198.51.100.7".into(),
        user_agent: "aws-cli".into(),
        outcome: if minutes % 2 == 1 { Outcome::Failed } else { Outcome::Done },
        error: (minutes % 2 == 1).then(|| "AccessDenied".into()),
        read_only: Some(true),
        partial: false,
        raw: Evidence::one(&format!(r#"{{"eventID":"{id}"}}"#)),
    }
}

pub(crate) fn page(stage: &mut Stage, region: &str, pages: u32, events: Vec<Event>) {
    let page = EventPage { region: region.into(), pages, events, undecoded: 0, more: true };
    stage.answer(&LOOKUP, panes::Msg::Trail(Msg::Page(page)));
}

fn lookups(stage: &mut Stage) -> Vec<(Vec<String>, String, i64)> {
    let reads = stage.reads().into_iter();
    let lookups = reads.filter_map(|(_, read)| match read {
        panes::Read::Trail(Read::Lookup { regions, lookup }) => {
            let attribute = panes::trail::show_attribute(lookup.attribute.as_ref());
            Some((regions, attribute, lookup.to.duration_since(lookup.from).as_hours()))
        }
        _ => None,
    });
    lookups.collect()
}

#[test]
fn pages_stream_in_newest_first_with_their_progress() {
    let mut stage = Stage::lit(PaneId::Trail);
    assert_eq!(lookups(&mut stage), [(vec!["eu-west-1".to_owned(), "us-east-1".to_owned()], String::new(), 24)]);
    page(&mut stage, "eu-west-1", 1, vec![event("a", "eu-west-1", 10), event("b", "eu-west-1", 61)]);
    page(&mut stage, "us-east-1", 1, vec![event("c", "us-east-1", 5)]);
    let until = stage.model.now + SignedDuration::from_secs(12);
    stage.answer(&LOOKUP, panes::Msg::Trail(Msg::Waiting { region: "us-east-1".into(), until }));
    assert_eq!(stage.column("region"), ["us-east-1", "eu-west-1", "eu-west-1"]);
    let around = stage.around();
    assert!(around.contains("eu-west-1: page 1, 2 events, back to 1 h 1 min ago"), "{around}");
    assert!(around.contains("us-east-1: page 1, 1 events, back to 5 min ago, waits 12 s"), "{around}");
}

#[test]
fn esc_stops_and_keeps_the_rows_and_says_what_is_missing() {
    let mut stage = Stage::lit(PaneId::Trail);
    page(&mut stage, "eu-west-1", 1, vec![event("a", "eu-west-1", 10)]);
    stage.asked();
    stage.press("esc");
    assert_eq!(stage.asked(), [Effect::Cancel(LOOKUP)]);
    assert_eq!(stage.rows().len(), 1);
    let around = stage.around();
    assert!(around.contains("stopped") && around.contains("events before 2026-11-21T11:50:00Z have not been read"), "{around}");
    stage.press("esc esc esc");
    assert!(stage.asked().is_empty(), "there is nothing left to go back to, and Esc never quits");
}

#[test]
fn a_region_that_fails_leaves_the_others_alone() {
    let mut stage = Stage::lit(PaneId::Trail);
    page(&mut stage, "eu-west-1", 3, vec![event("a", "eu-west-1", 10)]);
    let result = Err(fault(FaultKind::Throttled { wait_ms: Some(3000) }, "cloudtrail:LookupEvents"));
    stage.answer(&LOOKUP, panes::Msg::Trail(Msg::Ended { region: "eu-west-1".into(), result }));
    let around = stage.around();
    assert!(around.contains("eu-west-1: throttled") && around.contains("wait 3 s"), "{around}");
    assert!(around.contains("reading us-east-1"), "{around}");
}

#[test]
fn a_search_for_a_principal_asks_where_global_events_are() {
    let mut stage = Stage::dark(PaneId::Trail);
    stage.connect(1);
    stage.model.view.regions = vec!["eu-west-1".into()];
    stage.asked();
    stage.press("a");
    assert!(stage.model.scopes().contains(&"field"));
    for character in "AKIAIOSFODNN7EXAMPLE".chars() {
        stage.press(&character.to_string());
    }
    stage.press("enter");
    let expected = vec!["eu-west-1".to_owned(), "us-east-1".to_owned()];
    assert_eq!(lookups(&mut stage), [(expected, "AccessKeyId=AKIAIOSFODNN7EXAMPLE".to_owned(), 24)]);
}

#[test]
fn an_attribute_that_aws_does_not_know_is_explained_and_the_field_stays() {
    let mut stage = Stage::lit(PaneId::Trail);
    stage.asked();
    stage.press("a c o l o r = r enter");
    assert!(lookups(&mut stage).is_empty());
    let Some(bartizan::app::Overlay::Prompt { error: Some(error), .. }) = &stage.model.overlay else {
        panic!("{:?}", stage.model.overlay)
    };
    assert!(error.contains("AccessKeyId"), "{error}");
    stage.press("esc");
    assert!(stage.model.overlay.is_none());
}

#[test]
fn the_window_grows_and_shrinks() {
    let mut stage = Stage::lit(PaneId::Trail);
    stage.asked();
    stage.press("w");
    assert_eq!(lookups(&mut stage)[0].2, 7 * 24);
    stage.press("w");
    assert_eq!(lookups(&mut stage)[0].2, 90 * 24);
    stage.press("w");
    assert!(lookups(&mut stage)[0].2 > 10 * 365 * 24, "loaded log files may be older than AWS's ninety days");
    stage.press("w");
    assert!(lookups(&mut stage).is_empty() && stage.notices().contains("already at"));
    stage.press("W W W W");
    assert_eq!(lookups(&mut stage).last().unwrap().2, 1);
}

#[test]
fn from_an_event_to_its_actor_address_and_resource() {
    let mut stage = Stage::lit(PaneId::Trail);
    page(&mut stage, "eu-west-1", 1, vec![event("a", "eu-west-1", 120)]);
    stage.asked();
    stage.press("i");
    stage.finish();
    assert_eq!(stage.model.listing().shown_query().text(), "origin:\"198.51.100.7\"");
    stage.press("o");
    let found = lookups(&mut stage);
    assert_eq!((found[0].1.as_str(), found[0].2), ("ResourceName=bucket", 2));
    page(&mut stage, "eu-west-1", 1, vec![event("a", "eu-west-1", 120)]);
    stage.press("u");
    assert_eq!(stage.model.focus, PaneId::Users);
    assert_eq!(stage.model.panes.users.wanted.as_ref().unwrap().raw(), "alice");
    stage.press("esc esc");
    assert_eq!(stage.model.focus, PaneId::Trail);
}

#[test]
fn failures_alone() {
    let mut stage = Stage::lit(PaneId::Trail);
    page(&mut stage, "eu-west-1", 1, vec![event("a", "eu-west-1", 10), event("b", "eu-west-1", 11)]);
    stage.press("e");
    stage.finish();
    assert_eq!(stage.column("outcome"), ["AccessDenied"]);
    page(&mut stage, "eu-west-1", 2, vec![event("c", "eu-west-1", 13), event("d", "eu-west-1", 14)]);
    assert_eq!(stage.column("outcome"), ["AccessDenied", "AccessDenied"], "rows that come later are filtered, too");
}

#[test]
fn times_at_the_end_of_what_can_be_written_are_searched_and_break_nothing() {
    for time in [jiff::Timestamp::MIN, jiff::Timestamp::MAX] {
        let mut stage = Stage::lit(PaneId::Trail);
        page(&mut stage, "eu-west-1", 1, vec![Event { time, ..event("a", "eu-west-1", 0) }]);
        let search = panes::trail::trail_of(&stage.model.panes.trail).unwrap();
        let (from, to) = search.reach.range(super::noon());
        assert!(from <= time && to >= time, "{from} {to}");
        stage.press("enter esc t");
    }
}

#[test]
fn from_one_ready_made_filter_to_the_next_what_was_before_them_is_remembered() {
    let mut stage = Stage::lit(PaneId::Trail);
    page(&mut stage, "eu-west-1", 1, vec![event("a", "eu-west-1", 1)]);
    stage.press("/ a l i enter");
    let failures = panes::AnyAction::Trail(panes::trail::Action::Failures);
    let writes = panes::AnyAction::Trail(panes::trail::Action::Writes);
    let mut texts = Vec::new();
    for action in [failures, writes, writes, failures, failures] {
        let mut out = bartizan::kit::effect::Out::default();
        let model = stage.model.clone();
        stage.model.panes.on_action(action, &model.ctx(), &mut out);
        texts.push(stage.model.listing().shown_query().text().to_owned());
    }
    assert_eq!(texts, ["!outcome=done", "!access=read", "ali", "!outcome=done", "ali"]);
}

#[test]
fn what_nobody_could_decode_is_listed_and_its_outcome_is_not_made_up() {
    let mut stage = Stage::lit(PaneId::Trail);
    let events =
        vec![Event { partial: true, outcome: Outcome::Unknown, ..event("a", "eu-west-1", 10) }, event("b", "eu-west-1", 12)];
    let page = EventPage { region: "eu-west-1".into(), pages: 1, events, undecoded: 1, more: false };
    stage.answer(&LOOKUP, panes::Msg::Trail(Msg::Page(page)));
    assert_eq!(stage.column("outcome"), ["?", "done"]);
    assert!(stage.around().contains("1 records could not be decoded: their rows tell only"), "{}", stage.around());
    stage.press("e");
    stage.finish();
    assert_eq!(stage.column("outcome"), ["?"], "it may be a failure");
}

/// What the row, the detail and the use of a key make of records without an `errorCode`.
#[test]
fn a_failure_without_an_error_code_is_one_wherever_it_is_shown() {
    let read = |members: serde_json::Value| {
        let mut record = serde_json::json!({"eventTime": hours_ago(1).to_string(), "awsRegion": "eu-west-1", "eventSource": "signin.amazonaws.com",
            "userIdentity": {"type": "IAMUser", "userName": "ada"}, "eventType": "AwsConsoleSignIn", "eventName": "ConsoleLogin"});
        record.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        bartizan::domain::event::decode(&record, Evidence::one(&record.to_string())).unwrap()
    };
    let events = vec![
        read(
            serde_json::json!({"eventID": "a", "errorMessage": "Failed authentication", "responseElements": {"ConsoleLogin": "Failure"}}),
        ),
        read(serde_json::json!({"eventID": "b", "responseElements": {"ConsoleLogin": "Success"}})),
        read(serde_json::json!({"eventID": "c", "responseElements": null})),
    ];
    let mut uses = bartizan::domain::key_use::KeyUse::default();
    uses.extend(&events);
    let uses = uses.places()[0].1.clone();
    assert_eq!((uses.count, uses.errors, uses.unknown), (3, 1, 1));
    let mut stage = Stage::lit(PaneId::Trail);
    let outcome = |event: &Event| {
        let sections = panes::trail::detail(event, hours_ago(0));
        sections[0].fields.iter().find(|field| field.label == "outcome").unwrap().value.raw().to_owned()
    };
    let words = ["Failed authentication", "done", "unknown: the record does not say how it ended"];
    assert_eq!(events.iter().map(outcome).collect::<Vec<_>>(), words);
    let page = EventPage { region: "eu-west-1".into(), pages: 1, events, undecoded: 0, more: false };
    stage.answer(&LOOKUP, panes::Msg::Trail(Msg::Page(page)));
    assert_eq!(stage.column("outcome"), ["Failed authentication", "done", "?"]);
    stage.press("e");
    stage.finish();
    assert_eq!(stage.column("outcome"), ["Failed authentication", "?"]);
}

/// A user of another account can act here, and one of the same name may be somebody else.
#[test]
fn no_key_leads_from_a_caller_of_another_account_to_a_user_of_this_one() {
    for key in ["u", "y"] {
        for (account, goes) in [("123456789012", true), ("210987654321", false)] {
            let mut stage = super::rotations::armed(PaneId::Trail);
            let raw = format!(r#"{{"userIdentity":{{"type":"IAMUser","userName":"alice","accountId":"{account}"}}}}"#);
            page(&mut stage, "eu-west-1", 1, vec![Event { raw: Evidence::one(&raw), ..event("a", "eu-west-1", 10) }]);
            stage.finish();
            stage.press(key);
            let said = stage.notices();
            assert_eq!(stage.model.focus != PaneId::Trail, goes, "{key} {account}: {said}");
            assert!(goes || said.contains("connect to 210987654321 first"), "{key}: {said}");
        }
    }
}
