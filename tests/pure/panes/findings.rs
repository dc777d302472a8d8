//! The findings pane.

use bartizan::domain::evidence::Evidence;
use bartizan::domain::fault::FaultKind;
use bartizan::domain::finding::{Archived, Finding, decode};
use bartizan::panes::findings::{LIST, Msg, Read};
use bartizan::panes::{self, PaneId};
use serde_json::{Value, json};

use super::rotations::armed;
use super::{Stage, days_ago, denied, fault, hours_ago, noon};

/// A finding about alice's key.
pub(crate) fn finding(id: &str, region: &str, severity: f64) -> Finding {
    let caller = json!({"userName": "alice", "accessKeyId": "AKIALEAKED", "userType": "IAMUser", "principalId": "AIDAalice"});
    about(id, region, severity, &json!({"resourceType": "AccessKey", "accessKeyDetails": caller}))
}

/// A finding about something.
pub(crate) fn about(id: &str, region: &str, severity: f64, resource: &Value) -> Finding {
    read(&json!({
        "accountId": "123456789012", "region": region, "id": id, "severity": severity, "resource": resource,
        "type": "UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom", "title": "An API was invoked from a custom list",
        "updatedAt": hours_ago(2).to_string(),
        "service": {
            "count": 3, "archived": false, "eventFirstSeen": hours_ago(30).to_string(), "eventLastSeen": hours_ago(3).to_string(),
            "action": {"actionType": "AWS_API_CALL", "awsApiCallAction": {"remoteIpDetails": {"ipAddressV4": "198.51.100.7"}}},
        },
    }))
}

pub(crate) fn read(value: &Value) -> Finding {
    decode(value, Evidence::one(&value.to_string()))
}

pub(crate) fn page(stage: &mut Stage, region: &str, findings: Vec<Finding>) {
    stage.answer(&LIST, panes::Msg::Findings(Msg::Page { region: region.into(), findings }));
}

pub(crate) fn ended(stage: &mut Stage, region: &str, result: Result<(), bartizan::domain::fault::Fault>) {
    stage.answer(&LIST, panes::Msg::Findings(Msg::Ended { region: region.into(), result }));
}

#[test]
fn regions_come_and_fail_one_by_one() {
    let mut stage = Stage::lit(PaneId::Findings);
    page(&mut stage, "eu-west-1", vec![finding("a", "eu-west-1", 5.0)]);
    page(&mut stage, "us-east-1", vec![finding("b", "us-east-1", 9.1), finding("c", "us-east-1", 2.0)]);
    assert_eq!(stage.column("severity"), [" 9.1 Critical", " 5.0 Medium", " 2.0 Low"]);
    ended(&mut stage, "us-east-1", Ok(()));
    ended(&mut stage, "eu-west-1", Err(denied("guardduty:ListFindings")));
    let around = stage.around();
    assert!(around.contains("1 critical") && around.contains("eu-west-1: denied: guardduty:ListFindings"), "{around}");
    assert!(around.contains("not complete"), "{around}");
    assert_eq!(stage.rows().len(), 3, "what has come stays");
}

#[test]
fn a_region_without_guardduty_says_so_in_the_middle_of_the_pane() {
    let mut stage = Stage::lit(PaneId::Findings);
    for region in ["eu-west-1", "us-east-1"] {
        ended(&mut stage, region, Err(fault(FaultKind::NotEnabled, "guardduty:ListDetectors")));
    }
    let blank = stage.model.summary().blank.unwrap();
    assert!(blank.title.contains("could not be read") && blank.text[0].contains("switch the service on"), "{blank:?}");
}

#[test]
fn a_reload_drops_what_is_gone_in_its_region_only() {
    let mut stage = Stage::lit(PaneId::Findings);
    page(&mut stage, "eu-west-1", vec![finding("a", "eu-west-1", 5.0)]);
    page(&mut stage, "us-east-1", vec![finding("b", "us-east-1", 8.0)]);
    ended(&mut stage, "eu-west-1", Ok(()));
    ended(&mut stage, "us-east-1", Ok(()));
    stage.press("R");
    ended(&mut stage, "eu-west-1", Ok(()));
    ended(&mut stage, "us-east-1", Err(fault(FaultKind::Offline, "guardduty:ListFindings")));
    assert_eq!(stage.column("severity"), [" 8.0 High"]);
}

#[test]
fn archived_ones_are_read_when_asked_for() {
    let mut stage = Stage::lit(PaneId::Findings);
    page(&mut stage, "eu-west-1", vec![finding("a", "eu-west-1", 5.0)]);
    stage.asked();
    stage.press("v");
    let regions = vec!["eu-west-1".to_owned(), "us-east-1".to_owned()];
    assert_eq!(
        stage.reads(),
        [(LIST, panes::Read::Findings(Read::List { regions: regions.clone(), archived: Archived::Archived }))]
    );
    assert!(stage.rows().is_empty(), "a current finding is not among the archived");
    stage.press("v");
    assert_eq!(stage.reads(), [(LIST, panes::Read::Findings(Read::List { regions, archived: Archived::All }))]);
}

#[test]
fn one_key_leads_to_the_events_of_the_leaked_key_around_the_finding() {
    let mut stage = Stage::lit(PaneId::Findings);
    page(&mut stage, "eu-west-1", vec![finding("a", "eu-west-1", 8.0)]);
    stage.asked();
    stage.press("t");
    assert_eq!(stage.model.focus, PaneId::Trail);
    let reads = stage.reads();
    let [(_, panes::Read::Trail(panes::trail::Read::Lookup { lookup, .. }))] = reads.as_slice() else { panic!("{reads:?}") };
    assert_eq!((lookup.from, lookup.to), (hours_ago(31), noon()), "to now, as the finding is current");
    let (key, value) = lookup.attribute.clone().unwrap();
    assert_eq!((key.word(), value.as_str()), ("AccessKeyId", "AKIALEAKED"));
    stage.press("esc esc");
    assert_eq!(stage.model.focus, PaneId::Findings, "the first Esc stops the search, the second comes back");
}

#[test]
fn a_search_never_begins_before_the_ninety_days() {
    let mut stage = Stage::lit(PaneId::Findings);
    let old = Finding { first_seen: Some(days_ago(200)), last_seen: Some(days_ago(100)), ..finding("a", "eu-west-1", 8.0) };
    page(&mut stage, "eu-west-1", vec![old]);
    stage.press("t");
    let lookup = stage.model.panes.trail.lookup.clone().unwrap();
    assert!(lookup.from >= days_ago(90) && lookup.to >= lookup.from && lookup.to <= noon(), "{lookup:?}");
}

#[test]
fn what_cannot_be_done_says_why() {
    let mut stage = Stage::lit(PaneId::Findings);
    stage.press("u");
    assert!(stage.notices().contains("no finding is selected"), "{}", stage.notices());
    page(&mut stage, "eu-west-1", vec![finding("a", "eu-west-1", 8.0)]);
    stage.press("i");
    assert!(stage.notices().contains("names no instance"), "{}", stage.notices());
}

#[test]
fn the_user_of_a_finding_is_contained_from_here() {
    let mut stage = armed(PaneId::Findings);
    page(&mut stage, "eu-west-1", vec![finding("a", "eu-west-1", 8.0)]);
    stage.asked();
    stage.press("K");
    assert_eq!(stage.model.focus, PaneId::Keys);
    let before = panes::keys::Read::Before { user: "alice".into(), password: false };
    let reads = stage.reads();
    assert!(reads.contains(&(panes::keys::BEFORE, panes::Read::Keys(before))), "{reads:?}");
    assert!(stage.model.panes.keys.containing);
}

#[test]
fn a_finding_about_no_user_or_another_account_contains_nobody() {
    let mut stage = armed(PaneId::Findings);
    let role = json!({"userName": "alice", "accessKeyId": "ASIALEAKED", "userType": "AssumedRole", "principalId": "AROAX:s"});
    let role = about("a", "eu-west-1", 8.0, &json!({"resourceType": "AccessKey", "accessKeyDetails": role}));
    page(&mut stage, "eu-west-1", vec![role]);
    stage.press("K");
    assert!(stage.notices().contains("about no IAM user"), "{}", stage.notices());
    let mut member = finding("b", "eu-west-1", 9.0);
    member.key.account = "210987654321".into();
    let mut stage = armed(PaneId::Findings);
    page(&mut stage, "eu-west-1", vec![member]);
    stage.press("K");
    assert!(stage.notices().contains("connect to 210987654321 first"), "{}", stage.notices());
    assert!(stage.model.focus == PaneId::Findings && !stage.model.panes.keys.containing);
}

/// What has the same name here is somebody else.
#[test]
fn no_key_leads_from_a_finding_of_another_account_to_a_page_of_this_one() {
    // User, keys, node, trail, contain, shell.
    for key in ["u", "a", "i", "t", "K", "s"] {
        for (account, goes) in [("123456789012", true), ("210987654321", false), ("", false)] {
            let (instance, instances) = (Some("i-0abc".into()), vec!["i-0abc".into()]);
            let mut member = Finding { instance, instances, ..finding("b", "eu-west-1", 9.0) };
            member.key.account = account.into();
            let mut stage = armed(PaneId::Findings);
            page(&mut stage, "eu-west-1", vec![member]);
            stage.finish();
            stage.press(key);
            let said = stage.notices();
            let went = stage.model.focus != PaneId::Findings || stage.model.overlay.is_some();
            assert_eq!(went, goes, "{key} {account}: {said}");
            let words = if account.is_empty() { "does not say whose account" } else { "connect to 210987654321 first" };
            assert!(goes || said.contains(words), "{key} {account}: {said}");
        }
    }
}

#[test]
fn times_at_the_end_of_what_can_be_written_are_searched_and_break_nothing() {
    for at in [jiff::Timestamp::MIN, jiff::Timestamp::MAX] {
        let mut stage = Stage::lit(PaneId::Findings);
        let odd = Finding { first_seen: Some(at), last_seen: Some(at), updated: Some(at), ..finding("a", "eu-west-1", 5.0) };
        page(&mut stage, "eu-west-1", vec![odd]);
        let search = panes::findings::trail_of(&stage.model.panes.findings, &stage.model.ctx()).unwrap();
        let (from, to) = search.reach.range(noon());
        assert!(from <= to && from >= days_ago(90) && to <= noon(), "{from} {to}");
        stage.press("enter t");
        assert_eq!(stage.model.focus, PaneId::Trail);
    }
}

#[test]
fn a_severity_that_nobody_tells_is_not_low_and_comes_last() {
    let mut stage = Stage::lit(PaneId::Findings);
    let untold = Finding { severity: None, ..finding("a", "eu-west-1", 1.0) };
    page(&mut stage, "eu-west-1", vec![untold, finding("b", "eu-west-1", 2.0)]);
    stage.finish();
    assert_eq!(stage.column("severity"), [" 2.0 Low", "?"]);
    assert!(stage.around().contains("1 low"), "{}", stage.around());
}
