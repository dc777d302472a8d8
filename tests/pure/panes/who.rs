//! Who uses a key: the groups by property, and the pane's search as it goes.

use std::collections::BTreeSet;

use bartizan::domain::event::{self, Event, EventPage};
use bartizan::domain::evidence::Evidence;
use bartizan::domain::fault::{Fault, FaultKind};
use bartizan::domain::key::{AccessKey, KeyHandle, KeyStatus, LastUsed};
use bartizan::domain::key_use::KeyUse;
use bartizan::domain::known::Known;
use bartizan::domain::text::Untrusted;
use bartizan::panes::keys::{Msg, Read, WHO};
use bartizan::panes::{self, PaneId};
use proptest::prelude::*;
use serde_json::json;

use super::{Stage, days_ago, fault, noon};

fn an_event(number: u32, key: &str, origin: &str, agent: &str, error: bool) -> Event {
    let made = number.is_multiple_of(5).then(|| json!({ "credentials": { "accessKeyId": format!("ASIA{number:016}") } }));
    let record = json!({
        "eventID": format!("e-{number}"),
        "eventTime": (days_ago(1) + jiff::SignedDuration::from_secs(i64::from(number))).to_string(),
        "eventName": if made.is_some() { "AssumeRole" } else { "GetObject" },
        "eventSource": "sts.amazonaws.com",
        "awsRegion": "us-east-1",
        "sourceIPAddress": origin,
        "userAgent": agent,
        "errorCode": error.then_some("AccessDenied"),
        "responseElements": made,
        "userIdentity": { "type": "IAMUser", "userName": "ada", "accessKeyId": key },
    });
    event::decode(&record, Evidence::one(&record.to_string())).unwrap()
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let one = (0_u32..60, 0..2, 0..4, 0_usize..3, any::<bool>());
    proptest::collection::vec(one, 0..60).prop_map(|all| {
        all.into_iter()
            .map(|(number, key, origin, agent, error)| {
                an_event(
                    number,
                    &format!("AKIA{key}"),
                    &format!("198.51.100.{origin}"),
                    ["aws-cli/2", "x app/bartizan y", ""][agent],
                    error,
                )
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn the_groups_hold_every_event_once_whatever_the_order(events in events(), cut in 0_usize..60) {
        let mut all = KeyUse::default();
        all.extend(&events);
        let mut other = KeyUse::default();
        let cut = cut.min(events.len());
        other.extend(events[cut..].iter().rev());
        other.extend(&events[..cut]);
        prop_assert_eq!(&all, &other);
        let places = all.places();
        prop_assert_eq!(places.iter().map(|(_, uses)| uses.count).sum::<u64>() + all.ungrouped, all.events);
        prop_assert_eq!(all.events, events.len() as u64);
        let failed = events.iter().filter(|event| event.error.is_some()).count() as u64;
        prop_assert_eq!(places.iter().map(|(_, uses)| uses.errors).sum::<u64>(), failed);
        prop_assert!(places.windows(2).all(|pair| pair[0].1.last >= pair[1].1.last));
        for (place, uses) in &places {
            let its: Vec<_> = events
                .iter()
                .filter(|event| event.origin == place.origin && event.user_agent == place.agent && event.access_key.as_ref() == Some(&place.key))
                .map(|event| event.time)
                .collect();
            prop_assert_eq!((Some(uses.first), Some(uses.last)), (its.iter().min().copied(), its.iter().max().copied()));
            prop_assert_eq!(place.says_it_is_us(), place.agent.raw().contains("bartizan"));
        }
        let sessions: BTreeSet<String> = all.sessions.iter().map(|id| id.raw().to_owned()).collect();
        prop_assert!(sessions.iter().all(|id| id.starts_with("ASIA")));
    }
}

#[test]
fn a_caller_who_changes_his_name_at_each_call_fills_no_memory() {
    let mut uses = KeyUse::default();
    for number in 0..2500 {
        uses.extend(&[an_event(1, "AKIA0", "198.51.100.1", &format!("agent-{number}"), false)]);
    }
    assert_eq!((uses.places().len(), uses.ungrouped, uses.events), (2000, 500, 2500));
}

fn with_a_key() -> Stage {
    let mut stage = Stage::lit(PaneId::Keys);
    let user = Untrusted::new("ada");
    let key = AccessKey {
        handle: KeyHandle { user: user.clone(), ordinal: 1 },
        id: Known::live("AKIAADA0000000000001".into(), noon()),
        status: Known::live(KeyStatus::Active, noon()),
        created: Known::live(days_ago(200), noon()),
        last_used: Known::live(LastUsed::Never, noon()),
        change: None,
    };
    stage.answer(&panes::keys::REPORT, panes::Msg::Keys(Msg::Report(Err(fault(FaultKind::Offline, "iam:GetCredentialReport")))));
    stage.answer(&panes::keys::SWEEP, panes::Msg::Keys(Msg::Keys { user, result: Ok(vec![key]) }));
    stage.asked();
    stage
}

fn told(stage: &mut Stage, message: Msg) {
    stage.answer(&WHO, panes::Msg::Keys(message));
}

fn detail(stage: &mut Stage) -> String {
    bartizan::app::needs_draw(&mut stage.model);
    stage.model.detail.document.text()
}

fn page(region: &str, events: Vec<Event>, more: bool) -> Msg {
    Msg::UsesPage(EventPage { region: region.into(), pages: 1, events, undecoded: 0, more })
}

#[test]
fn it_fills_live_follows_the_keys_sessions_once_and_says_what_it_cannot_see() {
    let mut stage = with_a_key();
    stage.press("p");
    assert!(stage.model.detail.open);
    let reads = stage.reads();
    let [(slot, panes::Read::Keys(Read::Uses { last_used: Some(_), ids, regions, .. }))] = reads.as_slice() else {
        panic!("{reads:?}")
    };
    assert_eq!((slot, ids.len()), (&WHO, 1));
    assert_eq!(regions, &["eu-west-1", "us-east-1"]);
    told(&mut stage, Msg::UsesLast(Ok(LastUsed::Never)));
    told(&mut stage, page("us-east-1", vec![an_event(5, "AKIAADA0000000000001", "203.0.113.9", "x app/bartizan y", true)], true));
    let text = detail(&mut stage);
    assert!(text.contains("looking in eu-west-1, us-east-1"), "{text}");
    assert!(text.contains("203.0.113.9") && text.contains("×1, 1 failed") && text.contains("says it is bartizan"), "{text}");
    // A call that failed made no session; this one did.
    told(&mut stage, page("us-east-1", vec![an_event(10, "AKIAADA0000000000001", "203.0.113.9", "aws-cli", false)], true));
    told(&mut stage, Msg::UsesEnded { region: "us-east-1".into(), result: Ok(()) });
    let denied = Fault { region: "eu-west-1".into(), ..super::denied("cloudtrail:LookupEvents") };
    told(&mut stage, Msg::UsesEnded { region: "eu-west-1".into(), result: Err(denied) });
    let reads = stage.reads();
    let [(_, panes::Read::Keys(Read::Uses { last_used: None, ids, regions, .. }))] = reads.as_slice() else {
        panic!("{reads:?}")
    };
    assert_eq!((ids[0].raw(), regions.as_slice()), ("ASIA0000000000000010", &["us-east-1".to_owned()][..]));
    told(&mut stage, page("us-east-1", vec![an_event(11, "ASIA0000000000000010", "198.51.100.77", "evil", false)], false));
    told(&mut stage, Msg::UsesEnded { region: "us-east-1".into(), result: Ok(()) });
    assert!(stage.reads().is_empty(), "the sessions of sessions are not followed");
    let text = detail(&mut stage);
    for words in [
        "by its session ASIA0000000000000010",
        "not complete",
        "denied: cloudtrail:LookupEvents",
        "data events",
        "90 days",
        "--region",
    ] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
}

#[test]
fn it_can_be_stopped_and_another_key_begins_anew() {
    let mut stage = with_a_key();
    stage.press("p");
    stage.asked();
    stage.press("p");
    assert!(matches!(stage.asked().as_slice(), [bartizan::app::Effect::Cancel(slot)] if *slot == WHO));
    assert!(detail(&mut stage).contains("stopped: not complete"));
    stage.press("p");
    assert_eq!(stage.reads().len(), 1);
}
