//! The board of rotations, the guided rotation, and containment: frames of every state, and what is asked before anything is done.

use bartizan::app::{self, Effect, Msg, Overlay, SessionNews};
use bartizan::domain::account::Identity;
use bartizan::domain::change::Mutation;
use bartizan::domain::containment::{Access, Case, Containment, OpenSession, Sessions};
use bartizan::domain::fault::{Fault, FaultKind, Own};
use bartizan::domain::key::{AccessKey, KeyHandle, KeyStatus, LastUsed};
use bartizan::domain::known::Known;
use bartizan::domain::rotation::{Choice, Command, Phase, Rotation, RotationId, StoreChoice, Wait};
use bartizan::domain::text::Untrusted;
use bartizan::kit::action::Danger;
use bartizan::kit::confirm::Plan;
use bartizan::kit::effect::SessionId;
use bartizan::panes::keys::{Contained, Planned, Read};
use bartizan::panes::{self, Done, PaneId};
use bartizan::theme::Look;
use jiff::SignedDuration;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Stage, days_ago, fault, hours_ago, noon};
use crate::frames;

fn rotation(user: &str, phase: Phase, wait: Wait) -> Rotation {
    let reached = Phase::CHECKLIST.into_iter().take_while(|other| *other <= phase);
    let history = reached.zip(0..).map(|(phase, number)| (phase, hours_ago(5) + SignedDuration::from_mins(number))).collect();
    let made = phase > Phase::Creating && phase != Phase::Aborted;
    Rotation {
        id: RotationId(format!("20261121T070000Z-{user}-0001")),
        account: "123456789012".into(),
        user: user.into(),
        old_key: format!("AKIAOLD{:013}", user.len()).as_str().into(),
        new_key: made.then(|| format!("AKIANEW{:013}", user.len()).as_str().into()),
        store: StoreChoice::Keyring { profile: user.into() },
        copies: Vec::new(),
        own_key: false,
        renew: false,
        phase,
        wait,
        started: hours_ago(5),
        since: hours_ago(1),
        bound: None,
        checks: if made { (3, 3) } else { (0, 3) },
        history,
        old_last_used: Some(hours_ago(30)),
        fault: None,
    }
}

/// One rotation in each state.
fn board() -> Vec<Rotation> {
    let asks =
        Wait::Operator { need: "the keyring is locked: unlock it".into(), choices: vec![Choice::Continue, Choice::RollBack] };
    let lost =
        Wait::Operator { need: "a key was made and its secret lost".into(), choices: vec![Choice::DeleteOrphan, Choice::Abort] };
    let retry = Wait::Retry { at: noon() + SignedDuration::from_secs(8), why: "throttled".into() };
    let until = |hours| Wait::Until { at: noon() + SignedDuration::from_hours(hours) };
    let mut all = vec![
        rotation("ada", Phase::Preflight, Wait::Working),
        rotation("bob", Phase::Creating, lost),
        rotation("cleo", Phase::Escrowed, asks),
        rotation("dora", Phase::Stored, retry),
        rotation("emil", Phase::Soaking, until(19)),
        rotation("fay", Phase::Observing, until(140)),
        rotation("gus", Phase::Soaking, Wait::Nobody),
        rotation("hal", Phase::Done, Wait::Ended),
        rotation("ida", Phase::Aborted, Wait::Ended),
    ];
    all[3].checks = (1, 3);
    all[3].bound = Some(noon() + SignedDuration::from_secs(100));
    all[8].fault = Some(fault(FaultKind::Denied { action: "iam:CreateAccessKey".into() }, "iam:CreateAccessKey"));
    all
}

pub(crate) fn frame(stage: &mut Stage) -> String {
    app::needs_draw(&mut stage.model);
    let size = stage.model.size;
    let area = Rect::new(0, 0, size.width, size.height);
    let mut buf = Buffer::empty(area);
    app::render(&stage.model, &bartizan::screens::Screens::default(), &stage.keymap, &Look::of_roles(), area, &mut buf);
    frames::text(&buf)
}

/// A console that may change things.
pub(crate) fn armed(pane: PaneId) -> Stage {
    let mut stage = Stage::lit(pane);
    let identity = Identity {
        account: "123456789012".into(),
        arn: "arn:aws:iam::123456789012:user/olivia".into(),
        user_id: "AIDAOLIVIA".into(),
    };
    stage.tell(Msg::Connection(SessionId(1), SessionNews::Identity(Known::live(identity, noon()))));
    stage.tell(Msg::Connection(SessionId(1), SessionNews::Alias(Known::live(None, noon()))));
    stage.press("A");
    stage.wait(9_000);
    stage.asked();
    stage
}

fn select(stage: &mut Stage, user: &str) {
    let id = RotationId(format!("20261121T070000Z-{user}-0001"));
    assert!(stage.model.panes.rotations.table.select(&id));
}

fn dialog(stage: &Stage) -> Option<(Plan, Mutation)> {
    match &stage.model.overlay {
        Some(Overlay::Confirm(dialog)) => Some((dialog.pending.plan.clone(), dialog.pending.what().clone())),
        _ => None,
    }
}

#[test]
fn the_board_in_every_state() {
    for (width, height) in [(80, 24), (200, 60)] {
        let mut stage = Stage::lit(PaneId::Rotations);
        stage.size(width, height);
        insta::assert_snapshot!(format!("board_untold_{width}x{height}"), frame(&mut stage));
        stage.tell(Msg::Rotations(Vec::new()));
        insta::assert_snapshot!(format!("board_empty_{width}x{height}"), frame(&mut stage));
        stage.tell(Msg::Rotations(board()));
        stage.wait(0);
        insta::assert_snapshot!(format!("board_{width}x{height}"), frame(&mut stage));
        for user in ["cleo", "dora", "emil", "fay", "ida"] {
            select(&mut stage, user);
            stage.press("enter");
            insta::assert_snapshot!(format!("board_{user}_{width}x{height}"), frame(&mut stage));
            stage.press("esc");
        }
    }
}

/// Its old key is taken for leaked: nothing on the board offers it back.
#[test]
fn a_renewal_says_of_its_old_key_that_it_stays_inactive() {
    let mut stage = armed(PaneId::Rotations);
    stage.size(160, 50);
    for phase in [Phase::Soaking, Phase::Observing] {
        let wait = Wait::Until { at: noon() + SignedDuration::from_hours(3) };
        let row = Rotation { renew: true, ..rotation("ada", phase, wait) };
        stage.tell(Msg::Rotations(vec![row]));
        select(&mut stage, "ada");
        stage.press("enter");
        let shown = frame(&mut stage);
        assert!(shown.contains("taken for leaked, stays inactive"), "{shown}");
        assert!(!shown.contains("active again") && !shown.contains("both keys are active"), "{shown}");
        stage.press("esc");
    }
}

#[test]
fn the_ages_in_an_open_checklist_grow_while_it_is_read() {
    let mut stage = armed(PaneId::Rotations);
    stage.tell(Msg::Rotations(vec![Rotation { since: noon(), ..rotation("ada", Phase::Soaking, Wait::Working) }]));
    stage.press("enter");
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        stage.wait(1_000);
        let text = frame(&mut stage);
        seen.insert(text.lines().find(|line| line.contains("since")).unwrap_or_default().to_owned());
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
}

#[test]
fn what_is_only_begun_is_not_called_done() {
    let mut stage = armed(PaneId::Rotations);
    let mutation = Mutation::Rotation(Command::Resume { id: None });
    stage.tell(Msg::Changed { session: SessionId(1), number: 1, mutation, outcome: Ok(Done::default()) });
    assert!(!stage.notices().contains("done"), "{}", stage.notices());
    assert!(stage.notices().contains("under way"), "{}", stage.notices());
}

#[test]
fn an_answer_is_asked_for_by_as_much_as_it_can_hurt_and_only_where_it_fits() {
    let expected = [
        ("cleo", "C", Danger::Confirm, "Answer"),
        ("cleo", "B", Danger::TypeName, "Answer"),
        ("bob", "D", Danger::TypeName, "Answer"),
        ("emil", "W", Danger::Confirm, "Answer"),
        ("fay", "W", Danger::TypeName, "Answer"),
        ("fay", "a", Danger::Reversible, "Answer"),
        ("gus", "U", Danger::Confirm, "Resume"),
        ("gus", "Z", Danger::Confirm, "Resume"),
    ];
    for (user, key, danger, command) in expected {
        let mut stage = armed(PaneId::Rotations);
        stage.tell(Msg::Rotations(board()));
        select(&mut stage, user);
        stage.press(key);
        let (plan, mutation) = dialog(&stage).unwrap_or_else(|| panic!("{user} {key}: {}", stage.notices()));
        assert_eq!(plan.danger, danger, "{user} {key}");
        assert_eq!(plan.must_type.is_some(), danger == Danger::TypeName, "{user} {key}");
        assert!(format!("{mutation:?}").contains(command), "{mutation:?}");
    }
    for (user, key) in [("ada", "W"), ("emil", "a"), ("hal", "U"), ("gus", "X"), ("ida", "C")] {
        let mut stage = armed(PaneId::Rotations);
        stage.tell(Msg::Rotations(board()));
        select(&mut stage, user);
        stage.press(key);
        assert!(dialog(&stage).is_none() && !stage.notices().is_empty(), "{user} {key}");
    }
}

#[test]
fn nothing_is_asked_while_the_console_is_read_only() {
    let mut stage = Stage::lit(PaneId::Rotations);
    stage.tell(Msg::Rotations(board()));
    select(&mut stage, "fay");
    stage.press("W");
    assert!(dialog(&stage).is_none() && stage.notices().contains("read-only"), "{}", stage.notices());
}

fn key(user: &str, ordinal: u8, status: KeyStatus) -> AccessKey {
    AccessKey {
        handle: KeyHandle { user: user.into(), ordinal },
        id: Known::live(format!("AKIA{}{ordinal}", user.to_uppercase()).as_str().into(), noon()),
        status: Known::live(status, noon()),
        created: Known::live(days_ago(200 + i64::from(ordinal)), noon()),
        last_used: Known::live(LastUsed::Never, noon()),
        change: None,
    }
}

fn keys(users: &[&str]) -> Stage {
    let mut stage = armed(PaneId::Keys);
    stage.answer(&panes::keys::REPORT, panes::Msg::Keys(panes::keys::Msg::Report(Err(fault(FaultKind::Offline, "iam:x")))));
    for user in users {
        let body = panes::keys::Msg::Keys { user: (*user).into(), result: Ok(vec![key(user, 1, KeyStatus::Active)]) };
        stage.answer(&panes::keys::SWEEP, panes::Msg::Keys(body));
    }
    stage.asked();
    stage
}

fn plan_for(user: &str) -> Plan {
    Plan::of(format!("Rotate the key of {user}"), Danger::TypeName, []).fact("last used", "never").typing(user)
}

/// Answers what was asked for in the slot of the plan.
fn answer_plan(stage: &mut Stage, refuse: &[&str]) -> usize {
    let reads = stage.reads();
    let read = reads.into_iter().find_map(|(slot, read)| (slot == panes::keys::PLAN).then_some(read));
    let Some(panes::Read::Keys(Read::Plan { wanted, at_once })) = read else {
        panic!("no plan was asked for: {}", stage.notices())
    };
    let all: Vec<Planned> = wanted
        .into_iter()
        .map(|one| {
            let user = one.handle.user.raw().to_owned();
            let refused = fault(FaultKind::Own { own: Own::NotRotated }, "");
            let result = if refuse.contains(&user.as_str()) { Err(refused) } else { Ok((one.request, plan_for(&user))) };
            Planned { handle: one.handle, result }
        })
        .collect();
    let count = all.len();
    stage.answer(&panes::keys::PLAN, panes::Msg::Keys(panes::keys::Msg::Planned { all, at_once }));
    count
}

#[test]
fn a_key_is_rotated_by_a_line_a_plan_and_the_name_typed() {
    let mut stage = keys(&["ada"]);
    stage.press("r");
    let Some(Overlay::Prompt { field, .. }) = &stage.model.overlay else { panic!("{}", stage.notices()) };
    assert_eq!(field.text(), "keyring:ada soak=24h observe=7d");
    stage.press("enter");
    assert_eq!(answer_plan(&mut stage, &[]), 1);
    stage.wait(2_000);
    for (width, height) in [(80, 24), (200, 60)] {
        stage.size(width, height);
        insta::assert_snapshot!(format!("rotate_plan_{width}x{height}"), frame(&mut stage));
    }
    let (plan, mutation) = dialog(&stage).unwrap();
    assert!(plan.facts.iter().any(|(name, _)| name == "who else uses it"));
    let Mutation::Rotation(Command::Start { requests, at_once: 1 }) = mutation else { panic!("{mutation:?}") };
    assert_eq!((requests.len(), requests[0].store.to_string()), (1, "keyring:ada".into()));
    stage.press("enter");
    assert!(!stage.asked().iter().any(|effect| matches!(effect, Effect::Mutate { .. })), "Enter alone is no yes");
}

#[test]
fn a_campaign_is_one_plan_for_all_marked_keys_and_says_who_is_left_out() {
    let mut stage = keys(&["ada", "bob", "cleo"]);
    stage.press("*");
    assert!(stage.around().contains("3 marked"), "{}", stage.around());
    stage.press("r enter");
    assert_eq!(answer_plan(&mut stage, &["bob"]), 3);
    let (plan, mutation) = dialog(&stage).unwrap_or_else(|| panic!("{}", stage.notices()));
    assert_eq!(plan.must_type.as_deref(), Some("2 keys"));
    assert!(plan.facts.iter().any(|(name, _)| name == "not bob"), "{plan:?}");
    let Mutation::Rotation(Command::Start { requests, at_once: 5 }) = mutation else { panic!("{mutation:?}") };
    let stores: Vec<String> = requests.iter().map(|request| request.store.to_string()).collect();
    assert_eq!(stores, ["keyring:ada", "keyring:cleo"]);
}

#[test]
fn what_cannot_be_rotated_says_why_and_shows_both_keys() {
    let mut stage = keys(&[]);
    let both = vec![key("ada", 1, KeyStatus::Active), key("ada", 2, KeyStatus::Inactive)];
    let body = panes::keys::Msg::Keys { user: "ada".into(), result: Ok(both) };
    stage.answer(&panes::keys::SWEEP, panes::Msg::Keys(body));
    assert!(stage.model.panes.keys.table.select(&KeyHandle { user: "ada".into(), ordinal: 1 }));
    stage.press("r enter");
    answer_plan(&mut stage, &["ada"]);
    assert!(dialog(&stage).is_none());
    let text = frame(&mut stage);
    for words in ["cannot be rotated", "AKIAADA1", "AKIAADA2", "Inactive", "other=retire"] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
}

#[test]
fn a_containment_shows_the_state_before_then_each_step_then_whether_it_holds() {
    let mut stage = keys(&["ada"]);
    stage.press("K");
    let access = Access {
        user: "ada".into(),
        keys: [(Untrusted::new("AKIAADA1"), true)].into(),
        ours: std::collections::BTreeMap::new(),
        password: true,
        sessions: Some(sessions()),
    };
    let body = panes::keys::Msg::Before { result: Ok(access), password: false };
    stage.answer(&panes::keys::BEFORE, panes::Msg::Keys(body));
    stage.wait(2_000);
    for (width, height) in [(80, 24), (200, 60)] {
        stage.size(width, height);
        insta::assert_snapshot!(format!("contain_plan_{width}x{height}"), frame(&mut stage));
    }
    let (plan, _) = dialog(&stage).unwrap_or_else(|| panic!("{}", stage.notices()));
    assert_eq!((plan.calls.len(), plan.must_type.as_deref()), (4, Some("ada")));
    stage.press("tab a d a enter");
    let approved = stage.asked().into_iter().find_map(|effect| match effect {
        Effect::Mutate { approved, .. } => Some(approved.what().clone()),
        _ => None,
    });
    let mutation = approved.unwrap_or_else(|| panic!("{}", frame(&mut stage)));
    let tell = |stage: &mut Stage, news| stage.tell(Msg::Contained { session: SessionId(1), user: "ada".into(), news });
    tell(&mut stage, Contained::Step { step: 0, at: noon(), result: Ok(()) });
    tell(&mut stage, Contained::Step { step: 1, at: noon(), result: Err(super::denied("iam:PutUserPolicy")) });
    tell(&mut stage, Contained::Step { step: 2, at: noon(), result: Ok(()) });
    tell(&mut stage, Contained::Step { step: 3, at: noon(), result: Err(fault(FaultKind::TimedOut, "ssm:TerminateSession")) });
    let own = Own::InPart { unknown: true };
    let part = Fault::own(own, "2 of 4 steps done; outcome unknown: TerminateSession ada-0a1b", noon());
    stage.tell(Msg::Changed { session: SessionId(1), number: 1, mutation, outcome: Err(part) });
    let told = stage.notices();
    assert!(told.contains("outcome unknown (done in part)") && told.contains("2 of 4 steps done"), "{told}");
    assert!(!told.contains("nothing was done"), "{told}");
    tell(&mut stage, Contained::Check { after_s: 10, at: noon(), result: Ok(Vec::new()) });
    let reverted = vec!["the policy BartizanDenyAll is gone".to_owned()];
    tell(&mut stage, Contained::Check { after_s: 60, at: noon(), result: Ok(reverted) });
    stage.press("enter");
    let text = frame(&mut stage);
    for words in [
        "1. UpdateAccessKey",
        "denied: iam:PutUserPolicy",
        "outcome unknown: timed out",
        "could not be listed in eu-west-1",
        "holding at",
        "REVERTED",
        "to come",
    ] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    tell(&mut stage, Contained::Step { step: 3, at: noon(), result: Ok(()) });
    assert!(!frame(&mut stage).contains("outcome unknown: timed out"), "it was read back");
    stage.press("esc L");
    let (undo, _) = dialog(&stage).unwrap_or_else(|| panic!("{}", stage.notices()));
    assert_eq!(undo.title, "Release ada: lift the policies of the containment");
    assert!(undo.calls.iter().all(|call| call.action == "iam:DeleteUserPolicy"), "{undo:?}");
    assert!(format!("{undo:?}").contains("AKIAADA1: taken for leaked"), "{undo:?}");
}

/// One open session, and a region that does not tell.
fn sessions() -> Sessions {
    let open = OpenSession { region: "us-east-1".into(), id: "ada-0a1b".into(), node: "i-0c".into() };
    Sessions {
        open: vec![open],
        listed: vec!["us-east-1".into()],
        unlisted: [("eu-west-1".into(), "denied: ssm:DescribeSessions".into())].into(),
    }
}

/// After its own release the key of a contained user is made active by its id alone, and an approval of it ends the mark.
#[test]
fn a_leaked_key_is_activated_by_typing_its_id() {
    let mut stage = keys(&["ada"]);
    let before = Access {
        user: "ada".into(),
        keys: [(Untrusted::new("AKIAADA1"), true)].into(),
        ours: Default::default(),
        password: false,
        sessions: None,
    };
    let mut case = Case::begun(Containment::of(before, hours_ago(1)).undo(), hours_ago(1));
    case.steps = vec![Some((hours_ago(1), Ok(()))); 2];
    let tell = |stage: &mut Stage, news| stage.tell(Msg::Contained { session: SessionId(1), user: "ada".into(), news });
    tell(&mut stage, Contained::Kept(Box::new(case)));
    let told = panes::keys::Msg::Keys { user: "ada".into(), result: Ok(vec![key("ada", 1, KeyStatus::Inactive)]) };
    stage.answer(&panes::keys::SWEEP, panes::Msg::Keys(told));
    stage.press("L");
    assert!(dialog(&stage).is_none(), "there is nothing to release any more");
    stage.press("E");
    let (plan, _) = dialog(&stage).unwrap_or_else(|| panic!("{}", stage.notices()));
    assert_eq!((plan.danger, plan.must_type.as_deref()), (Danger::TypeName, Some("AKIAADA1")));
    stage.press("esc");
    tell(&mut stage, Contained::Allowed { key: "AKIAADA1".into() });
    stage.press("E");
    let (plan, _) = dialog(&stage).unwrap_or_else(|| panic!("{}", stage.notices()));
    assert_eq!(plan.must_type, None);
}

#[test]
fn a_containment_of_an_earlier_console_is_shown_and_can_be_undone() {
    let mut stage = keys(&["ada"]);
    let before = Access {
        user: "ada".into(),
        keys: [(Untrusted::new("AKIAADA1"), true)].into(),
        ours: std::collections::BTreeMap::new(),
        password: false,
        sessions: None,
    };
    let containment = Containment::of(before, hours_ago(1));
    let mut case = Case::begun(containment, hours_ago(1));
    case.steps = vec![Some((hours_ago(1), Ok(()))); 3];
    case.checks = vec![(300, noon(), Ok(Vec::new()))];
    let news = Contained::Kept(Box::new(case));
    stage.tell(Msg::Contained { session: SessionId(1), user: "ada".into(), news });
    stage.press("enter");
    let text = frame(&mut stage);
    for words in ["not looked at: no console was running", "holding at", "3. PutUserPolicy"] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    stage.press("esc L");
    let (undo, _) = dialog(&stage).unwrap_or_else(|| panic!("{}", stage.notices()));
    assert_eq!(undo.title, "Release ada: lift the policies of the containment");
}

#[test]
fn it_is_said_when_a_containment_is_looked_at_next_even_if_no_console_runs_then() {
    let mut stage = keys(&["ada"]);
    let before =
        Access { user: "ada".into(), keys: Default::default(), ours: Default::default(), password: false, sessions: None };
    let mut case = Case::begun(Containment::of(before, noon()), noon());
    case.steps = vec![Some((noon(), Ok(()))); 2];
    let news = Contained::Kept(Box::new(case));
    stage.tell(Msg::Contained { session: SessionId(1), user: "ada".into(), news });
    stage.size(200, 60);
    stage.press("enter");
    let text = frame(&mut stage);
    assert!(text.contains("to come at") && text.contains("when the next one starts"), "{text}");
}

#[test]
fn the_places_that_hold_the_old_key_as_well_stand_in_its_details() {
    let place = "~/.aws/credentials, section [work]";
    let row = Rotation { copies: vec![place.into()], ..rotation("ada", Phase::Soaking, Wait::Working) };
    let sections = bartizan::panes::rotations::detail(&row, noon());
    let text = format!("{sections:?}");
    assert!(text.contains(place) && text.contains("dead once the key is inactive"), "{text}");
}
