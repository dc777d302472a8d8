//! Counts around a table: of what is shown where a filter is on, and never of samples.

use bartizan::app::Msg;
use bartizan::domain::finding::Finding;
use bartizan::kit::input::Input;
use bartizan::panes::{self, PaneId};
use bartizan::screens::Screens;

use super::findings::{ended, finding, page};
use super::users::{facts, listed};
use super::{Stage, denied};
use crate::frames;

fn filter(stage: &mut Stage, text: &str) {
    stage.press("/");
    stage.tell(Msg::Input(Input::Paste(text.into())));
    stage.press("enter");
    stage.finish();
}

fn screen(stage: &mut Stage, width: u16, height: u16) -> String {
    stage.size(width, height);
    let (model, keymap) = (&stage.model, &stage.keymap);
    frames::text(&frames::drawn(width, height, |look, area, buf| {
        bartizan::app::render(model, &Screens::default(), keymap, look, area, buf)
    }))
}

#[test]
fn samples_are_in_no_count_of_findings() {
    let mut stage = Stage::lit(PaneId::Findings);
    let sample = |id: &str, severity: f64| Finding { sample: true, ..finding(id, "eu-west-1", severity) };
    page(&mut stage, "eu-west-1", vec![finding("a", "eu-west-1", 8.0), sample("b", 9.5), sample("c", 8.0)]);
    ended(&mut stage, "eu-west-1", Ok(()));
    ended(&mut stage, "us-east-1", Ok(()));
    let around = stage.around();
    assert!(around.contains("1 current finding\n2 samples\n1 high") && !around.contains("critical"), "{around}");
    assert_eq!((stage.model.listing().counted(), stage.rows().len()), ((1, 1), 3), "they are shown");
    assert!(screen(&mut stage, 160, 40).contains("Findings 1 "), "{}", screen(&mut stage, 160, 40));
    filter(&mut stage, "type:[sample]");
    let around = stage.around();
    assert!(around.contains("0 of 1 current finding") && around.contains("2 samples"), "{around}");
    assert!(!around.contains("match"), "rows are on screen: {around}");
    stage.press("esc R");
    ended(&mut stage, "eu-west-1", Ok(()));
    assert!(!stage.around().contains("sample"), "they are gone with the rest: {}", stage.around());
}

#[test]
fn beside_a_filter_stand_counts_of_what_it_shows() {
    let mut stage = Stage::lit(PaneId::Findings);
    page(&mut stage, "eu-west-1", vec![finding("a", "eu-west-1", 8.0), finding("b", "eu-west-1", 9.5)]);
    page(&mut stage, "us-east-1", vec![finding("c", "us-east-1", 8.0)]);
    ended(&mut stage, "eu-west-1", Ok(()));
    filter(&mut stage, "severity<9");
    let around = stage.around();
    assert!(around.contains("2 of 3 current findings") && around.contains("2 high") && !around.contains("critical"), "{around}");
    page(&mut stage, "us-east-1", vec![finding("d", "us-east-1", 7.0), finding("e", "us-east-1", 9.9)]);
    assert!(stage.around().contains("3 of 5 current findings") && stage.around().contains("3 high"), "{}", stage.around());
    stage.press("esc");
    assert!(stage.around().contains("2 critical\n3 high"), "{}", stage.around());
}

#[test]
fn beside_a_filter_of_users_stand_the_users_that_it_shows() {
    let mut stage = Stage::lit(PaneId::Users);
    let users = ["alice", "bob"].map(listed).into();
    stage.answer(&panes::users::LIST, panes::Msg::Users(panes::users::Msg::Page(users)));
    for name in ["alice", "bob"] {
        stage.answer(&panes::users::FACTS, panes::Msg::Users(panes::users::Msg::Facts(facts(name))));
    }
    assert!(stage.around().contains("2 may sign in without MFA"), "{}", stage.around());
    stage.press("*");
    assert!(stage.around().contains("2 marked") && !stage.around().contains("hidden"), "{}", stage.around());
    filter(&mut stage, "user:ali");
    let around = stage.around();
    assert!(around.contains("2 marked (1 hidden)"), "{around}");
    assert!(around.contains("filter: user:ali") && around.contains("1 may sign in without MFA"), "{around}");
    // What comes while the filter is on is counted, too.
    let mut told = facts("alice");
    told.mfa = bartizan::domain::known::Known::live(bartizan::domain::user::Mfa::On, super::noon());
    stage.answer(&panes::users::FACTS, panes::Msg::Users(panes::users::Msg::Facts(told)));
    assert!(!stage.around().contains("without MFA"), "{}", stage.around());
}

#[test]
fn a_filter_that_is_on_is_shown_at_every_width_beside_any_trouble() {
    for (width, height) in [(40, 10), (50, 12), (60, 18), (80, 24), (100, 30), (140, 40), (200, 60)] {
        for trouble in [false, true] {
            let mut stage = Stage::lit(PaneId::Findings);
            page(&mut stage, "eu-west-1", vec![finding("a", "eu-west-1", 8.0), finding("b", "eu-west-1", 9.5)]);
            ended(&mut stage, "eu-west-1", Ok(()));
            ended(&mut stage, "us-east-1", if trouble { Err(denied("guardduty:ListFindings")) } else { Ok(()) });
            filter(&mut stage, "severity<9 type:unauthorized region:eu-west-1");
            let screen = screen(&mut stage, width, height);
            assert!(screen.contains("filter: sever"), "{width} {trouble}:\n{screen}");
            assert!(screen.contains("1 of 2"), "{width} {trouble}:\n{screen}");
        }
    }
}
