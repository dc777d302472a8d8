//! Ways from one pane to another: they lead to the very thing, or say why they lead nowhere and stay.

use bartizan::domain::finding::Finding;
use bartizan::panes::{self, PaneId};
use serde_json::{Value, json};

use super::findings::{about, ended, finding, page, read};
use super::users::{listed, report};
use super::{Stage, days_ago, denied, hours_ago, noon};

fn caller(name: &str, kind: &str, id: &str, key: &str) -> Value {
    json!({"resourceType": "AccessKey", "accessKeyDetails": {"userName": name, "userType": kind, "principalId": id, "accessKeyId": key}})
}

/// A sequence of two users and their keys, and two instances.
fn sequence() -> Finding {
    let actor = |name: &str, key: &str| json!({"id": name, "user": {"name": name, "uid": format!("AIDA{name}"), "type": "IAMUser", "credentialUid": key}});
    let machine = |id: &str| json!({"uid": format!("arn:aws:ec2:eu-west-1:1:instance/{id}"), "resourceType": "EC2_INSTANCE"});
    read(&json!({
        "accountId": "123456789012", "region": "eu-west-1", "id": "s", "severity": 9.3, "type": "AttackSequence:IAM/CompromisedCredentials",
        "resource": {"resourceType": "AttackSequence"},
        "service": {"archived": false, "eventFirstSeen": hours_ago(30).to_string(), "eventLastSeen": hours_ago(3).to_string(), "detection": {
            "sequence": {"actors": [actor("alice", "AKIAALICE"), actor("bob", "AKIABOB")], "resources": [machine("i-0a"), machine("i-0b")],
                "endpoints": [{"id": "e", "ip": "203.0.113.66"}]},
        }},
    }))
}

/// The findings pane with these, all regions read.
fn findings(all: Vec<Finding>) -> Stage {
    let mut stage = Stage::lit(PaneId::Findings);
    page(&mut stage, "eu-west-1", all);
    ended(&mut stage, "eu-west-1", Ok(()));
    ended(&mut stage, "us-east-1", Ok(()));
    stage
}

/// The users pane has been read, and these exist.
fn with_users(stage: &mut Stage, names: &[&str]) {
    let back = stage.model.focus;
    stage.press("1");
    let users = names.iter().map(|name| listed(name)).collect();
    stage.answer(&panes::users::LIST, panes::Msg::Users(panes::users::Msg::Page(users)));
    stage.answer(&panes::users::LIST, panes::Msg::Users(panes::users::Msg::Listed(Ok(()))));
    stage.press(if back == PaneId::Findings { "3" } else { "5" });
    stage.finish();
}

fn selected_user(stage: &Stage) -> String {
    stage.model.panes.users.table.selected().unwrap().name.raw().to_owned()
}

#[test]
fn a_name_that_is_no_users_leads_to_no_user() {
    for (resource, words) in [
        (caller("alice", "AssumedRole", "AROAX:s", "ASIA1"), "alice is a role"),
        (caller("alice", "Role", "AROAX:s", "ASIA1"), "alice is a role"),
        (caller("alice", "FederatedUser", "1:alice", "ASIA1"), "alice is a federated session"),
        (caller("alice", "AWSService", "x", ""), "alice is an AWS service"),
        (caller("alice", "IdentityCenterUser", "x", ""), "alice is an Identity Center user"),
        (caller("alice", "Martian", "x", ""), "alice is a principal of type Martian"),
        (json!({"resourceType": "RDSDBInstance", "rdsDbUserDetails": {"user": "alice"}}), "alice is a database user"),
        (json!({"resourceType": "Instance", "instanceDetails": {"instanceId": "i-0a"}}), "names no user"),
    ] {
        for key in ["u", "a"] {
            let mut stage = findings(vec![about("a", "eu-west-1", 8.0, &resource)]);
            with_users(&mut stage, &["alice"]);
            stage.press(key);
            assert_eq!(stage.model.focus, PaneId::Findings, "{key} {resource}");
            assert!(stage.notices().contains(words), "{key}: {}", stage.notices());
        }
    }
}

#[test]
fn each_user_of_a_sequence_is_reached_in_turn() {
    let mut stage = findings(vec![sequence()]);
    with_users(&mut stage, &["alice", "bob", "carol"]);
    for name in ["alice", "bob", "alice"] {
        stage.press("u");
        assert_eq!((stage.model.focus, selected_user(&stage).as_str()), (PaneId::Users, name));
        assert!(stage.notices().contains("of 2 in the finding"), "{}", stage.notices());
        stage.press("3");
    }
    for key in ["AKIAALICE", "AKIABOB", "AKIAALICE"] {
        stage.press("t");
        assert_eq!(stage.model.panes.trail.attribute.clone().unwrap().1, key);
        stage.press("3");
    }
}

#[test]
fn a_sequence_is_found_by_everybody_and_everything_that_it_names() {
    let mut stage = findings(vec![sequence(), finding("x", "eu-west-1", 5.0)]);
    for word in ["bob", "AKIABOB", "AKIAALICE", "i-0b", "203.0.113.66"] {
        stage.press("/");
        stage.tell(bartizan::app::Msg::Input(bartizan::kit::input::Input::Paste(word.into())));
        stage.press("enter");
        stage.finish();
        assert_eq!(stage.column("severity"), [" 9.3 Critical"], "{word}");
        stage.press("esc");
    }
    with_users(&mut stage, &["alice", "bob", "carol"]);
    for (user, found) in [("bob", 1), ("alice", 2)] {
        stage.press("1");
        stage.model.panes.users.table.select(&user.into());
        stage.press("f");
        stage.finish();
        assert_eq!((stage.model.focus, stage.rows().len()), (PaneId::Findings, found), "{user}");
        stage.press("3 esc esc");
    }
}

#[test]
fn findings_of_a_role_of_the_same_name_are_not_the_users() {
    let mut stage = findings(vec![about("a", "eu-west-1", 8.0, &caller("carol", "AssumedRole", "AROAX:s", "ASIA1"))]);
    with_users(&mut stage, &["carol"]);
    stage.press("1 f");
    assert_eq!(stage.model.focus, PaneId::Users);
    assert!(
        stage.notices().contains("none of the 1 current findings") && stage.notices().contains("carol"),
        "{}",
        stage.notices()
    );
}

#[test]
fn a_user_who_is_not_there_is_said_and_the_pane_stays() {
    let mut stage = findings(vec![finding("a", "eu-west-1", 8.0)]);
    with_users(&mut stage, &["bob"]);
    stage.press("u");
    assert_eq!(stage.model.focus, PaneId::Findings);
    assert!(stage.notices().contains("there is no IAM user alice"), "{}", stage.notices());
}

#[test]
fn a_user_made_again_under_the_name_is_not_the_one_that_is_meant() {
    let mut stage = findings(vec![about("a", "eu-west-1", 8.0, &caller("alice", "IAMUser", "AIDAEARLIER", "AKIA1"))]);
    with_users(&mut stage, &["alice"]);
    stage.press("u");
    assert_eq!(stage.model.focus, PaneId::Findings);
    assert!(stage.notices().contains("was deleted"), "{}", stage.notices());
}

#[test]
fn where_the_list_has_to_be_read_first_a_pivot_to_nobody_comes_back() {
    let mut stage = findings(vec![finding("a", "eu-west-1", 8.0)]);
    stage.press("u");
    assert_eq!(stage.model.focus, PaneId::Users, "nobody knows yet");
    stage.answer(&panes::users::LIST, panes::Msg::Users(panes::users::Msg::Page(vec![listed("bob")])));
    assert_eq!(stage.model.focus, PaneId::Users);
    stage.answer(&panes::users::LIST, panes::Msg::Users(panes::users::Msg::Listed(Ok(()))));
    assert_eq!(stage.model.focus, PaneId::Findings);
    assert!(stage.notices().contains("there is no IAM user alice"), "{}", stage.notices());
    assert!(stage.model.trace.is_empty());
}

#[test]
fn where_the_list_is_denied_nothing_is_said_to_be_missing() {
    let mut stage = findings(vec![finding("a", "eu-west-1", 8.0)]);
    stage.press("u");
    stage.answer(&panes::users::LIST, panes::Msg::Users(panes::users::Msg::Listed(Err(denied("iam:ListUsers")))));
    stage.answer(&panes::users::REPORT, panes::Msg::Users(panes::users::Msg::Report(Ok(report(&[("bob", "true", "true")])))));
    assert_eq!(stage.model.focus, PaneId::Users, "what failed stands there");
    assert!(stage.notices().contains("alice is not known"), "{}", stage.notices());
}

#[test]
fn a_person_who_has_gone_on_is_not_taken_back() {
    let mut stage = findings(vec![finding("a", "eu-west-1", 8.0)]);
    stage.press("u 6");
    stage.answer(&panes::users::LIST, panes::Msg::Users(panes::users::Msg::Listed(Ok(()))));
    assert_eq!(stage.model.focus, PaneId::Activity);
}

#[test]
fn keys_and_nodes_that_are_not_there_are_said_and_the_pane_stays() {
    let mut stage = findings(vec![finding("a", "eu-west-1", 8.0)]);
    stage.press("a");
    stage.wait(400);
    let report = panes::keys::Msg::Report(Ok(report(&[("bob", "true", "true")])));
    stage.answer(&panes::keys::REPORT, panes::Msg::Keys(report));
    stage.wait(400);
    let none = panes::keys::Msg::Keys { user: "alice".into(), result: Ok(Vec::new()) };
    stage.answer(&panes::keys::LIVE, panes::Msg::Keys(none));
    assert_eq!(stage.model.focus, PaneId::Findings);
    assert!(stage.notices().contains("alice has no access keys"), "{}", stage.notices());

    let machine = json!({"resourceType": "Instance", "instanceDetails": {"instanceId": "i-0a"}});
    let mut stage = findings(vec![about("a", "eu-west-1", 8.0, &machine)]);
    stage.press("i");
    for region in ["eu-west-1", "us-east-1"] {
        let ended = panes::bastions::Msg::NodesEnded { region: region.into(), result: Ok(()) };
        stage.answer(&panes::bastions::NODES, panes::Msg::Bastions(ended));
    }
    assert_eq!(stage.model.focus, PaneId::Findings);
    assert!(stage.notices().contains("i-0a is no node"), "{}", stage.notices());
    stage.press("i");
    assert_eq!(stage.model.focus, PaneId::Findings, "what is known now is said at once");
}

#[test]
fn findings_that_have_to_be_read_first_bring_the_filter_back_where_there_are_none() {
    let mut stage = Stage::lit(PaneId::Users);
    stage.answer(&panes::users::LIST, panes::Msg::Users(panes::users::Msg::Page(vec![listed("bob")])));
    stage.press("f");
    assert_eq!(stage.model.focus, PaneId::Findings);
    page(&mut stage, "eu-west-1", vec![finding("a", "eu-west-1", 8.0)]);
    ended(&mut stage, "eu-west-1", Ok(()));
    ended(&mut stage, "us-east-1", Ok(()));
    assert_eq!(stage.model.focus, PaneId::Users);
    assert!(stage.notices().contains("names the user bob"), "{}", stage.notices());
    stage.press("3");
    stage.finish();
    assert_eq!(stage.rows().len(), 1, "no filter is left behind");
}

#[test]
fn the_search_of_a_current_finding_reaches_to_now_each_time_and_says_so() {
    let mut stage = findings(vec![finding("a", "eu-west-1", 8.0)]);
    stage.asked();
    stage.press("t");
    assert!(stage.around().contains("11-20 05:00 to now, from 1 h before first seen"), "{}", stage.around());
    for region in ["eu-west-1", "us-east-1"] {
        let ended = panes::trail::Msg::Ended { region: region.into(), result: Ok(()) };
        stage.answer(&panes::trail::LOOKUP, panes::Msg::Trail(ended));
    }
    assert!(stage.around().contains("searched: AccessKeyId=AKIALEAKED"), "an empty answer says to what: {}", stage.around());
    stage.wait(5 * 60_000);
    stage.press("R");
    let lookup = stage.model.panes.trail.lookup.clone().unwrap();
    assert_eq!((lookup.from, lookup.to), (hours_ago(31), stage.model.now));
}

#[test]
fn the_search_of_an_archived_finding_ends_an_hour_after_it_was_last_seen() {
    let archived = Finding { archived: true, ..finding("a", "eu-west-1", 8.0) };
    let mut stage = findings(vec![archived]);
    stage.press("t");
    let lookup = stage.model.panes.trail.lookup.clone().unwrap();
    assert_eq!((lookup.from, lookup.to), (hours_ago(31), hours_ago(2)));
    assert!(stage.around().contains("11-20 05:00 to 11-21 10:00Z"), "{}", stage.around());
}

#[test]
fn the_search_for_a_user_reaches_to_now_each_time() {
    let mut stage = Stage::lit(PaneId::Users);
    stage.answer(&panes::users::LIST, panes::Msg::Users(panes::users::Msg::Page(vec![listed("bob")])));
    stage.press("t");
    assert_eq!(stage.model.panes.trail.lookup.clone().unwrap().from, days_ago(7));
    assert!(stage.around().contains("last 7 d"), "{}", stage.around());
    stage.wait(60_000);
    stage.press("R");
    assert_eq!(stage.model.panes.trail.lookup.clone().unwrap().to, stage.model.now);
    assert!(stage.model.now > noon());
}

#[test]
fn a_role_is_not_searched_by_its_own_name_and_a_type_is_no_resource() {
    let attribute = |finding: Finding| {
        let mut stage = findings(vec![finding]);
        stage.press("t");
        let attribute = stage.model.panes.trail.attribute.clone();
        attribute.map(|(key, value)| format!("{}={value}", key.word()))
    };
    let of = |resource: &Value| attribute(about("a", "eu-west-1", 8.0, resource));
    assert_eq!(of(&caller("deploy", "AssumedRole", "AROAX:s", "ASIA1")).as_deref(), Some("AccessKeyId=ASIA1"));
    assert_eq!(of(&caller("deploy", "AssumedRole", "AROAX:s", "")).as_deref(), Some("ResourceName=deploy"));
    assert_eq!(of(&caller("Root", "Root", "123456789012", "")).as_deref(), Some("Username=root"));
    assert_eq!(
        of(&json!({"resourceType": "S3Bucket", "s3BucketDetails": [{"name": "payroll"}]})).as_deref(),
        Some("ResourceName=payroll")
    );
    assert_eq!(of(&json!({"resourceType": "AttackSequence"})), None);
}
