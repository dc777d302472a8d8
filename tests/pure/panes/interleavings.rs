//! Whatever comes in whatever order: stale replies change nothing, keys never break it, and Esc never quits.

use bartizan::app::{self, Effect, Msg};
use bartizan::kit::effect::{Generation, SessionId};
use bartizan::kit::input::{Code, Input, Key, Size};
use bartizan::panes::{self, PaneId, findings, users};
use proptest::prelude::*;

use super::Stage;
use super::findings::finding;
use super::users::{facts, listed};

#[derive(Debug, Clone)]
enum Step {
    /// A reply with a session and a generation that may be anything.
    Reply {
        session: u64,
        generation: u64,
        user: u8,
    },
    Facts {
        session: u64,
        generation: u64,
        user: u8,
    },
    Finding {
        session: u64,
        generation: u64,
    },
    Reload,
    Connect,
    Press(Key),
    Paste(String),
    Resize(u16, u16),
    Wait(i64),
    Work,
}

fn key() -> impl Strategy<Value = Key> {
    let code = prop_oneof![
        12 => proptest::sample::select("jkgGhl/?:sSRctJqnNwavmfuoexizpyW123456-<>!x ".chars().collect::<Vec<_>>()).prop_map(Code::Char),
        3 => any::<char>().prop_map(Code::Char),
        2 => Just(Code::Enter),
        2 => Just(Code::Esc),
        1 => Just(Code::Tab),
        1 => Just(Code::BackTab),
        1 => Just(Code::Backspace),
        1 => Just(Code::PageDown),
        1 => Just(Code::Left),
        1 => Just(Code::End),
        1 => (1_u8..13).prop_map(Code::F),
    ];
    (code, proptest::bool::weighted(0.15), proptest::bool::weighted(0.05)).prop_map(|(code, ctrl, alt)| Key { code, ctrl, alt })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_u64..4, 0_u64..12, 0_u8..20).prop_map(|(session, generation, user)| Step::Reply { session, generation, user }),
        2 => (0_u64..4, 0_u64..12, 0_u8..20).prop_map(|(session, generation, user)| Step::Facts { session, generation, user }),
        3 => (0_u64..4, 0_u64..12).prop_map(|(session, generation)| Step::Finding { session, generation }),
        1 => Just(Step::Reload),
        1 => Just(Step::Connect),
        12 => key().prop_map(Step::Press),
        1 => any::<String>().prop_map(Step::Paste),
        1 => (0_u16..220, 0_u16..70).prop_map(|(width, height)| Step::Resize(width, height)),
        2 => (0_i64..400).prop_map(Step::Wait),
        3 => Just(Step::Work),
    ]
}

/// Sends a reply. Returns whether it was wanted; one that was not must not have changed a row.
fn reply(stage: &mut Stage, session: u64, generation: u64, slot: bartizan::kit::effect::Slot, body: panes::Msg) {
    let wanted = stage.model.connection == app::Connection::Ready
        && stage.model.session == SessionId(session)
        && stage.model.slots.get(&slot) == Some(&Generation(generation));
    let (before, dropped) = (stage.model.panes.clone(), stage.model.stale_dropped);
    stage.tell(Msg::Reply { session: SessionId(session), slot, generation: Generation(generation), body });
    if !wanted {
        assert_eq!(stage.model.panes.users.table, before.users.table);
        assert_eq!(stage.model.panes.findings, before.findings);
        assert_eq!(stage.model.stale_dropped, dropped + 1);
    }
}

fn play(stage: &mut Stage, step: Step) {
    match step {
        Step::Reply { session, generation, user } => {
            let body = panes::Msg::Users(users::Msg::Page(vec![listed(&format!("user{user}"))]));
            reply(stage, session, generation, users::LIST, body);
        }
        Step::Facts { session, generation, user } => {
            let body = panes::Msg::Users(users::Msg::Facts(facts(&format!("user{user}"))));
            reply(stage, session, generation, users::FACTS, body);
        }
        Step::Finding { session, generation } => {
            let findings = vec![finding(&format!("f{generation}"), "eu-west-1", generation as f64)];
            let body = panes::Msg::Findings(findings::Msg::Page { region: "eu-west-1".into(), findings });
            reply(stage, session, generation, findings::LIST, body);
        }
        Step::Reload => stage.press("ctrl-r"),
        Step::Connect => {
            let next = stage.model.session.0 + 1;
            stage.connect(next);
        }
        Step::Press(key) => stage.tell(Msg::Input(Input::Key(key))),
        Step::Paste(text) => stage.tell(Msg::Input(Input::Paste(text))),
        Step::Resize(width, height) => stage.tell(Msg::Input(Input::Resize(Size { width, height }))),
        Step::Wait(milliseconds) => stage.wait(milliseconds),
        Step::Work => stage.tell(Msg::Work),
    }
    app::needs_draw(&mut stage.model);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stale_replies_never_change_a_row_and_nothing_panics(steps in proptest::collection::vec(step(), 0..120)) {
        let mut stage = Stage::lit(PaneId::Users);
        for step in steps {
            play(&mut stage, step);
        }
        let reads = stage.effects.iter().filter_map(|effect| match effect {
            Effect::Read { session, generation, .. } => Some((*session, *generation)),
            _ => None,
        });
        let numbers: Vec<_> = reads.collect();
        prop_assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "every request has a number of its own");
    }

    #[test]
    fn esc_alone_never_quits(steps in proptest::collection::vec(step(), 0..40), escapes in 1_usize..30) {
        let mut stage = Stage::lit(PaneId::Trail);
        for step in steps {
            play(&mut stage, step);
        }
        stage.asked();
        for _ in 0..escapes {
            stage.press("esc");
        }
        prop_assert!(!stage.asked().contains(&Effect::Quit));
        prop_assert!(escapes < 12 || (stage.model.overlay.is_none() && stage.model.filter.is_none() && !stage.model.detail.open));
    }
}
