//! The bastions pane.

use bartizan::domain::evidence::Evidence;
use bartizan::domain::known::Known;
use bartizan::domain::node::{Node, Ping, SsmSession};
use bartizan::domain::preferences::Preferences;
use bartizan::panes::bastions::{ACTIVE, HISTORY, Msg, NODES, PREFERENCES, Read, View};
use bartizan::panes::{self, PaneId};

use super::{Stage, denied, hours_ago};

/// A node.
pub(crate) fn node(id: &str, region: &str, ping: Ping) -> Node {
    Node {
        id: id.into(),
        region: region.into(),
        name: Some(format!("host-{id}").into()),
        computer_name: Some(format!("host-{id}").into()),
        ping,
        last_ping: Some(hours_ago(1)),
        agent_version: Some("3.3.40.0".into()),
        agent_is_latest: Some(false),
        platform_type: Some("Linux".into()),
        platform: Some("Amazon Linux 2023".into()),
        address: Some("10.0.0.1".into()),
        role: None,
        resource_type: None,
        raw: Evidence::one(&format!(r#"{{"InstanceId":"{id}"}}"#)),
    }
}

/// A session on a node.
pub(crate) fn session(id: &str, target: &str, active: bool) -> SsmSession {
    SsmSession {
        id: id.into(),
        region: "eu-west-1".into(),
        target: target.into(),
        owner: "arn:aws:sts::123456789012:assumed-role/Admin/alice".into(),
        status: if active { "Connected" } else { "Terminated" }.into(),
        active,
        started: Some(hours_ago(2)),
        ended: (!active).then(|| hours_ago(1)),
        reason: Some("TICKET-1".into()),
        document: None,
        raw: Evidence::one(&format!(r#"{{"SessionId":"{id}"}}"#)),
    }
}

fn tell(stage: &mut Stage, slot: &bartizan::kit::effect::Slot, msg: Msg) {
    stage.answer(slot, panes::Msg::Bastions(msg));
}

pub(crate) fn filled() -> Stage {
    let mut stage = Stage::lit(PaneId::Bastions);
    let nodes = vec![node("i-1", "eu-west-1", Ping::Online), node("mi-2", "eu-west-1", Ping::ConnectionLost)];
    tell(&mut stage, &NODES, Msg::Nodes { region: "eu-west-1".into(), nodes });
    let sessions = vec![session("alice-1", "i-1", true)];
    tell(&mut stage, &ACTIVE, Msg::Sessions { region: "eu-west-1".into(), active: true, sessions });
    let sessions = vec![session("alice-0", "mi-2", false)];
    tell(&mut stage, &HISTORY, Msg::Sessions { region: "eu-west-1".into(), active: false, sessions });
    stage
}

#[test]
fn nodes_and_sessions_share_the_pane() {
    let mut stage = filled();
    assert_eq!(stage.column("node"), ["i-1", "mi-2"]);
    assert_eq!(stage.column("kind"), ["EC2", "hybrid"]);
    assert_eq!(stage.column("agent")[0], "3.3.40.0 old");
    assert!(stage.around().contains("1 online"), "{}", stage.around());
    stage.press("v");
    assert_eq!(stage.column("owner"), ["Admin/alice", "Admin/alice"]);
    assert!(stage.around().contains("1 active"), "{}", stage.around());
}

#[test]
fn from_a_node_to_its_sessions_and_back() {
    let mut stage = filled();
    stage.press("n");
    stage.finish();
    assert_eq!(stage.model.panes.bastions.view, View::Sessions);
    assert_eq!(stage.column("target"), ["i-1"]);
    stage.press("n");
    assert_eq!(stage.model.panes.bastions.view, View::Nodes);
    assert_eq!(stage.model.panes.bastions.nodes.selected().unwrap().id.raw(), "i-1");
}

#[test]
fn a_session_that_ended_meanwhile_is_not_shown_twice() {
    let mut stage = filled();
    for region in ["eu-west-1", "us-east-1"] {
        tell(&mut stage, &ACTIVE, Msg::SessionsEnded { region: region.into(), active: true, result: Ok(()) });
        tell(&mut stage, &HISTORY, Msg::SessionsEnded { region: region.into(), active: false, result: Ok(()) });
    }
    stage.press("v R");
    let sessions = vec![session("alice-1", "i-1", false), session("alice-0", "mi-2", false)];
    tell(&mut stage, &HISTORY, Msg::Sessions { region: "eu-west-1".into(), active: false, sessions });
    tell(&mut stage, &HISTORY, Msg::SessionsEnded { region: "eu-west-1".into(), active: false, result: Ok(()) });
    tell(&mut stage, &ACTIVE, Msg::SessionsEnded { region: "eu-west-1".into(), active: true, result: Ok(()) });
    assert_eq!(stage.column("status"), ["Terminated", "Terminated"]);
}

#[test]
fn nodes_stay_when_sessions_are_denied() {
    let mut stage = filled();
    for (slot, active) in [(ACTIVE, true), (HISTORY, false)] {
        let result = Err(denied("ssm:DescribeSessions"));
        tell(&mut stage, &slot, Msg::SessionsEnded { region: "eu-west-1".into(), active, result });
    }
    assert_eq!(stage.rows().len(), 2);
    stage.press("v");
    assert!(stage.around().contains("ask for ssm:DescribeSessions"), "{}", stage.around());
}

#[test]
fn sessions_that_nobody_may_see_are_not_none() {
    let mut stage = Stage::lit(PaneId::Bastions);
    assert!(stage.around().contains("reading sessions"), "{}", stage.around());
    for region in ["eu-west-1", "us-east-1"] {
        for (slot, active) in [(&ACTIVE, true), (&HISTORY, false)] {
            let result = Err(denied("ssm:DescribeSessions"));
            tell(&mut stage, slot, Msg::SessionsEnded { region: region.into(), active, result });
        }
    }
    let around = stage.around();
    assert!(around.contains("sessions: denied: ssm:DescribeSessions") && !around.contains("0 sessions"), "{around}");
}

/// The regions whose preferences of Session Manager were asked for since the last look.
fn preferences_asked(stage: &mut Stage) -> Vec<String> {
    let regions = stage.reads().into_iter().filter_map(|(slot, read)| match read {
        panes::Read::Bastions(Read::Preferences { region }) if slot == PREFERENCES => Some(region),
        _ => None,
    });
    regions.collect()
}

#[test]
fn the_window_before_a_shell_asks_for_a_regions_preferences_once() {
    let mut stage = filled();
    let region = "eu-west-1".to_owned();
    stage.press("s");
    assert_eq!(preferences_asked(&mut stage), ["eu-west-1"]);
    assert_eq!(stage.model.panes.bastions.preferences.get(&region), Some(&Known::Loading));
    stage.press("esc s");
    assert!(preferences_asked(&mut stage).is_empty(), "they are on their way");
    let result = Err(denied("ssm:GetDocument"));
    tell(&mut stage, &PREFERENCES, Msg::Preferences { region: region.clone(), result });
    stage.press("esc s");
    assert_eq!(preferences_asked(&mut stage), ["eu-west-1"], "a refusal may have been put right");
    let read = Preferences {
        bucket: None,
        log_group: Some("/ssm".into()),
        bucket_is_encrypted: None,
        log_group_is_encrypted: None,
        key: None,
        idle_minutes: None,
        runs_profile: false,
    };
    tell(&mut stage, &PREFERENCES, Msg::Preferences { region: region.clone(), result: Ok(Some(read)) });
    stage.press("esc s");
    assert!(preferences_asked(&mut stage).is_empty(), "they are known");
    stage.press("esc R s");
    assert_eq!(preferences_asked(&mut stage), ["eu-west-1"], "a reload reads anew");
}

#[test]
fn preferences_that_nobody_reads_any_more_are_not_waited_for() {
    let mut stage = filled();
    stage.press("s esc esc");
    assert_eq!(stage.model.panes.bastions.preferences.get("eu-west-1"), Some(&Known::Unknown));
}
