//! The forwards pane.

use bartizan::app::{self, Msg};
use bartizan::domain::forward::{Forward, ForwardSpec, ForwardState, Ports};
use bartizan::kit::action::Availability;
use bartizan::panes::{self, PaneId};
use bartizan::screens::Screens;
use jiff::SignedDuration;

use super::{Stage, noon, uptime};
use crate::frames;

/// Presets in the given states, as the console's tasks tell them.
fn stage(states: &[(&str, ForwardState)]) -> Stage {
    let mut stage = Stage::lit(PaneId::Forwards);
    let spec = |name: &str, number: u16| ForwardSpec {
        name: Some(name.to_owned()),
        target: "tag:Role=bastion".into(),
        region: None,
        ports: Ports { local: Some(15_430 + number), host: Some("db.internal".into()), port: 5432 },
        asks_reason: false,
    };
    let presets = states.iter().zip(1..).map(|((name, _), number)| spec(name, number)).collect();
    let cx = panes::Ctx { now: noon(), moment: uptime(), regions: &[] };
    panes::forwards::set_presets(&mut stage.model.panes.forwards, presets, &cx);
    for ((name, state), number) in states.iter().zip(1_u16..) {
        let is_up = state.is_active() && *state != ForwardState::Starting;
        stage.tell(Msg::Forward(Forward {
            since: (*state != ForwardState::Stopped).then(|| noon() - SignedDuration::from_mins(12)),
            node: is_up.then(|| "i-0c55b159cbfafe1f0".into()),
            port: is_up.then_some(15_430 + number),
            up: if is_up { 1_234 } else { 0 },
            down: if is_up { 56_789_012 } else { 0 },
            open: u64::from(*state == ForwardState::Open),
            accepted: u64::from(is_up) * 7,
            state: state.clone(),
            ..Forward::new(number.into(), spec(name, number))
        }));
    }
    stage.model.notices.clear();
    stage.finish();
    stage
}

fn frame(stage: &Stage) -> String {
    let (model, keymap) = (&stage.model, &stage.keymap);
    frames::roles(&frames::drawn(model.size.width, model.size.height, |look, area, buf| {
        app::render(model, &Screens::default(), keymap, look, area, buf);
    }))
}

fn all() -> Vec<(&'static str, ForwardState)> {
    vec![
        ("a-stopped", ForwardState::Stopped),
        ("b-starting", ForwardState::Starting),
        ("c-open", ForwardState::Open),
        ("d-line-lost", ForwardState::Reconnecting { problem: "no route to host".into() }),
        ("e-no-answer", ForwardState::Silent),
        ("f-lost", ForwardState::Restarting { why: "Session terminated\u{1b}[31m by an administrator".into() }),
        ("g-refused", ForwardState::Failed { why: "AccessDenied: ssm:StartSession is not allowed".into() }),
        (
            "h-port-in-use",
            ForwardState::Failed {
                why: "could not listen on 127.0.0.1:15438: Address already in use; choose another local port".into(),
            },
        ),
    ]
}

#[test]
fn every_state_is_shown_as_what_it_is() {
    let mut stage = stage(&all());
    for (width, height) in [(120, 30), (80, 24)] {
        stage.size(width, height);
        insta::assert_snapshot!(format!("forwards_{width}"), frame(&stage));
    }
}

#[test]
fn the_detail_says_why_and_what_can_be_done_follows_the_state() {
    let mut stage = stage(&all());
    stage.size(120, 40);
    for (down, (name, state)) in all().into_iter().enumerate() {
        let keys = format!("g g {}enter", "j ".repeat(down));
        stage.press(&keys);
        let shown = frame(&stage);
        if let Some(why) = state.why() {
            let first: String = why.shown().into_string().chars().take(30).collect();
            assert!(shown.contains(&first), "{name}: {shown}");
        }
        let start = app::availability(&stage.model, "forwards.start");
        assert_eq!(start == Availability::Ready, !state.is_active(), "{name}");
        let stop = app::availability(&stage.model, "forwards.stop");
        assert_eq!(stop == Availability::Ready, state.is_active(), "{name}");
        stage.press("esc");
    }
}

#[test]
fn a_forward_that_is_lost_and_a_target_that_is_not_there_are_told() {
    let mut stage = stage(&[("db", ForwardState::Open)]);
    stage.size(160, 30);
    let mut forward = stage.model.panes.forwards.table.rows().next().unwrap().clone();
    let told = |stage: &Stage| stage.model.notices.iter().map(|notice| notice.text.clone()).collect::<Vec<_>>().join("\n");
    forward.refused = 3;
    stage.tell(Msg::Forward(forward.clone()));
    stage.finish();
    let words = "i-0c55b159cbfafe1f0 could not connect to db.internal:5432; 3 connections were reset";
    assert!(told(&stage).contains(words), "{}", told(&stage));
    stage.model.notices.clear();
    forward.up += 1;
    stage.tell(Msg::Forward(forward.clone()));
    stage.finish();
    assert_eq!(told(&stage), "", "once");
    forward.state = ForwardState::Restarting { why: "closed by the target or by AWS; 1 open connection was reset".into() };
    stage.tell(Msg::Forward(forward.clone()));
    stage.finish();
    let words = "the forward to db.internal:5432 was lost: closed by the target or by AWS; 1 open connection was reset";
    assert!(told(&stage).contains(words), "{}", told(&stage));
}
