//! The door: arming, the dialog, and that nothing but a deliberate yes changes anything.

use bartizan::app::dialog::Part;
use bartizan::app::{Effect, Msg, Overlay, SessionNews};
use bartizan::domain::account::{AccountRule, Identity};
use bartizan::domain::change::{Change, Done, Mutation};
use bartizan::domain::fault::{Fault, FaultKind, Own};
use bartizan::domain::key::KeyStatus;
use bartizan::domain::known::Known;
use bartizan::kit::action::{Availability, Danger};
use bartizan::kit::effect::SessionId;
use bartizan::kit::input::{Code, Input, Key};
use bartizan::panes::{self, PaneId, keys};
use jiff::SignedDuration;
use proptest::prelude::*;

use super::keys::live;
use super::{Stage, days_ago, denied, fault, noon};

pub(crate) const ACCOUNT: &str = "123456789012";

pub(crate) fn identity(account: &str) -> Identity {
    let arn = format!("arn:aws:iam::{account}:user/ada");
    Identity { account: account.into(), arn: arn.as_str().into(), user_id: "AIDAADA".into() }
}

/// The session has told who we are.
pub(crate) fn identified(stage: &mut Stage) {
    let session = stage.model.session;
    stage.tell(Msg::Connection(session, SessionNews::Identity(Known::live(identity(ACCOUNT), noon()))));
    stage.tell(Msg::Connection(session, SessionNews::Alias(Known::live(Some("castle".into()), noon()))));
}

/// Two keys of ada: an active and an inactive one, in an account that is known.
pub(crate) fn keys_pane() -> Stage {
    let mut stage = Stage::lit(PaneId::Keys);
    identified(&mut stage);
    stage.answer(&keys::REPORT, panes::Msg::Keys(keys::Msg::Report(Err(denied("iam:GenerateCredentialReport")))));
    let off = keys::Msg::Keys { user: "ada".into(), result: Ok(vec![live("ada", 1, "AKIAACTIVE", days_ago(200)), inactive()]) };
    stage.answer(&keys::SWEEP, panes::Msg::Keys(off));
    stage.answer(&keys::SWEEP, panes::Msg::Keys(keys::Msg::Listed(Ok(()))));
    stage.press("g g");
    stage.asked();
    stage
}

fn inactive() -> bartizan::domain::key::AccessKey {
    let key = live("ada", 2, "AKIAINACTIVE", days_ago(20));
    bartizan::domain::key::AccessKey { status: Known::live(KeyStatus::Inactive, noon()), ..key }
}

fn asks(stage: &Stage) -> bool {
    matches!(stage.model.overlay, Some(Overlay::Confirm(_)))
}

fn focus(stage: &Stage) -> Part {
    match &stage.model.overlay {
        Some(Overlay::Confirm(dialog)) => dialog.focus,
        other => panic!("no dialog but {other:?}"),
    }
}

/// What was to be changed since the last look.
fn changes(stage: &mut Stage) -> Vec<(u64, Mutation)> {
    let mutations = stage.asked().into_iter().filter_map(|effect| match effect {
        Effect::Mutate { number, approved, .. } => Some((number, approved.what().clone())),
        _ => None,
    });
    mutations.collect()
}

#[test]
fn nothing_can_be_changed_before_the_console_is_armed() {
    let mut stage = keys_pane();
    stage.press("D");
    assert!(!asks(&stage) && stage.notices().contains("read-only: not armed"), "{}", stage.notices());
    let why = bartizan::app::availability(&stage.model, "keys.deactivate");
    assert!(matches!(&why, Availability::Unavailable(why) if why.contains("not armed")), "{why:?}");
    stage.press("A");
    assert!(stage.asked().iter().any(|effect| matches!(effect, Effect::Arm { until: Some(_), .. })));
    stage.press("D");
    assert!(asks(&stage));
    assert!(changes(&mut stage).is_empty());
}

#[test]
fn an_armed_console_shuts_by_itself_and_by_the_same_key() {
    let mut stage = keys_pane();
    stage.model.lock.after = None;
    stage.press("A D");
    stage.wait(14 * 60_000 + 59_000);
    assert!(asks(&stage));
    stage.wait(1_000);
    assert!(!asks(&stage) && stage.model.door.armed.is_none());
    assert!(stage.notices().contains("nothing was done"), "{}", stage.notices());
    stage.press("A A D");
    assert!(!asks(&stage));
    assert!(matches!(stage.asked().last(), Some(Effect::Arm { until: None, .. })));
}

#[test]
fn a_security_change_wants_the_focus_moved_and_a_second_to_have_passed() {
    let mut stage = keys_pane();
    stage.press("A D enter");
    assert!(!asks(&stage) && changes(&mut stage).is_empty(), "enter presses what has the focus: cancel");
    stage.press("D");
    assert_eq!(focus(&stage), Part::Cancel);
    stage.press("tab enter");
    assert!(asks(&stage) && changes(&mut stage).is_empty(), "too soon");
    stage.wait(1_000);
    stage.press("y");
    assert!(asks(&stage) && changes(&mut stage).is_empty(), "y only goes to the button");
    stage.press("enter");
    let change = Change::SetKeyStatus { user: "ada".into(), key: "AKIAACTIVE".into(), active: false };
    assert_eq!(changes(&mut stage), [(1, Mutation::Change(change))]);
    assert_eq!(stage.column("status")[0], "Active…");
}

#[test]
fn what_cannot_be_undone_wants_the_name_typed_and_no_paste() {
    let mut stage = keys_pane();
    stage.press("A G X a d a");
    assert_eq!(focus(&stage), Part::Cancel, "typed ahead");
    stage.wait(1_000);
    stage.tell(Msg::Input(Input::Paste("ada".into())));
    stage.press("tab enter");
    assert!(asks(&stage) && changes(&mut stage).is_empty());
    stage.press("a d");
    stage.press("enter");
    assert!(asks(&stage) && changes(&mut stage).is_empty());
    stage.press("a enter");
    let change = Change::DeleteKey { user: "ada".into(), key: "AKIAINACTIVE".into() };
    assert_eq!(changes(&mut stage), [(1, Mutation::Change(change))]);
}

#[test]
fn an_account_may_want_a_reason() {
    let mut stage = keys_pane();
    stage.model.door.rules = vec![AccountRule { account: "castle".into(), reason: true, ..AccountRule::default() }];
    stage.press("A D");
    stage.wait(1_000);
    stage.press("y enter");
    assert!(asks(&stage) && changes(&mut stage).is_empty());
    stage.press("tab tab");
    assert_eq!(focus(&stage), Part::Reason);
    stage.tell(Msg::Input(Input::Paste("OPS-131".into())));
    stage.press("enter");
    let approved: Vec<_> = stage.asked().into_iter().filter(|effect| matches!(effect, Effect::Mutate { .. })).collect();
    let [Effect::Mutate { approved, .. }] = approved.as_slice() else { panic!("{approved:?}") };
    assert_eq!((approved.reason(), approved.account()), (Some("OPS-131"), ACCOUNT));
}

#[test]
fn an_account_that_is_not_known_or_never_armed_stays_shut_and_says_why() {
    let mut stage = Stage::lit(PaneId::Keys);
    stage.press("A");
    assert!(stage.notices().contains("not known whose account"), "{}", stage.notices());
    let never = |account: &str| vec![AccountRule { account: account.into(), never_arm: true, ..AccountRule::default() }];
    for rules in [never(ACCOUNT), never("castle")] {
        let mut stage = keys_pane();
        stage.model.door.rules = rules;
        stage.press("A");
        assert!(stage.notices().contains("never_arm") && stage.model.door.armed.is_none(), "{}", stage.notices());
    }
    let mut stage = keys_pane();
    stage.model.door.rules = never("other");
    stage.model.view.alias = Known::Denied { fault: Box::new(denied("iam:ListAccountAliases")) };
    stage.press("A");
    assert!(stage.notices().contains("alias is not known"), "{}", stage.notices());
    let mut stage = keys_pane();
    stage.model.door.closed = Some("started with --read-only".into());
    stage.press("A D");
    assert!(stage.notices().contains("--read-only") && !asks(&stage), "{}", stage.notices());
}

#[test]
fn another_session_has_to_be_armed_anew() {
    let mut stage = keys_pane();
    stage.press("A D");
    stage.connect(2);
    assert!(!asks(&stage) && stage.model.door.armed.is_none());
}

#[test]
fn how_a_change_ended_is_told_and_read_again() {
    let change = Mutation::Change(Change::SetKeyStatus { user: "ada".into(), key: "AKIAACTIVE".into(), active: false });
    let asked = || {
        let mut stage = keys_pane();
        stage.press("A D");
        stage.wait(1_000);
        stage.press("y enter");
        stage.asked();
        stage
    };
    let end = |stage: &mut Stage, outcome| {
        stage.tell(Msg::Changed { session: SessionId(1), number: 1, mutation: change.clone(), outcome });
        let reread = panes::Read::Keys(keys::Read::OfUsers(vec!["ada".into()]));
        assert!(stage.reads().contains(&(keys::CHANGED, reread)));
    };
    let mut stage = asked();
    end(&mut stage, Ok(Done::default()));
    assert!(stage.notices().contains("done: Deactivate the key AKIAACTIVE of ada"), "{}", stage.notices());
    let off = bartizan::domain::key::AccessKey {
        status: Known::live(KeyStatus::Inactive, noon()),
        ..live("ada", 1, "AKIAACTIVE", days_ago(200))
    };
    let answer = keys::Msg::Keys { user: "ada".into(), result: Ok(vec![off, inactive()]) };
    stage.answer(&keys::CHANGED, panes::Msg::Keys(answer));
    assert_eq!(stage.column("status"), ["Inactive", "Inactive"]);

    let mut stage = asked();
    end(&mut stage, Err(denied("iam:UpdateAccessKey")));
    assert!(stage.notices().contains("not done (denied: iam:UpdateAccessKey)"), "{}", stage.notices());
    assert_eq!(stage.column("status")[0], "Active!");
    stage.press("D");
    assert!(!asks(&stage) && stage.notices().contains("iam:UpdateAccessKey was denied"), "{}", stage.notices());
    stage.press("R D");
    assert!(asks(&stage), "perhaps it has been granted since");

    let mut stage = asked();
    end(&mut stage, Err(fault(FaultKind::TimedOut, "iam:UpdateAccessKey")));
    assert!(stage.notices().contains("outcome unknown"), "{}", stage.notices());
    assert!(!stage.notices().contains("try again"), "{}", stage.notices());
    assert_eq!(stage.column("status")[0], "Active?");

    // Reads agree after a while, or cannot.
    let lost = fault(FaultKind::TimedOut, "iam:UpdateAccessKey");
    let read_back = |stage: &mut Stage, outcome| {
        stage.tell(Msg::ReadBack { session: SessionId(1), mutation: change.clone(), outcome });
    };
    read_back(&mut stage, Err(Fault { message: "denied: iam:ListAccessKeys".into(), ..lost }));
    assert!(stage.notices().contains("outcome still unknown"), "{}", stage.notices());
    assert_eq!(stage.column("status")[0], "Active?");
    read_back(&mut stage, Err(Fault::own(Own::NotInEffect, "it was not done", noon())));
    assert!(stage.notices().contains("not done: UpdateAccessKey of ada/AKIAACTIVE is not in effect"), "{}", stage.notices());
    assert_eq!(stage.column("status")[0], "Active!");
    read_back(&mut stage, Ok(Done { read_back: true, ..Done::default() }));
    assert!(stage.notices().contains("done: UpdateAccessKey of ada/AKIAACTIVE is in effect"), "{}", stage.notices());
    assert_eq!(stage.column("status")[0], "Active");
}

/// A reason that is Bartizan's own is told once, and never as an answer of AWS.
#[test]
fn what_was_not_sent_says_why_and_its_advice_once() {
    let mut stage = keys_pane();
    stage.press("A D");
    stage.wait(1_000);
    stage.press("y enter");
    let change = Mutation::Change(Change::SetKeyStatus { user: "ada".into(), key: "AKIAACTIVE".into(), active: false });
    let outcome = Err(Fault::own(Own::NotSent, "the console is not armed", noon()));
    stage.tell(Msg::Changed { session: SessionId(1), number: 1, mutation: change, outcome });
    let told = stage.notices();
    assert!(told.contains("not done (not sent)") && told.contains("the console is not armed"), "{told}");
    stage.press("enter");
    let detail = stage.model.detail.document.text();
    assert_eq!(detail.matches("nothing was sent to AWS").count(), 1, "{detail}");
    assert!(!detail.contains("refused"), "{detail}");
}

#[test]
fn a_change_names_its_account_in_the_dialog() {
    let mut stage = keys_pane();
    stage.press("A D");
    let Some(Overlay::Confirm(dialog)) = &stage.model.overlay else { panic!() };
    let text = dialog.document.text();
    for word in
        ["castle (123456789012)", "ada", "AKIAACTIVE", "iam:UpdateAccessKey", "aws iam update-access-key", "activate it again"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
}

/// Keys of a storm: those that lead to a change, those of the dialog, and some others.
fn storm() -> impl Strategy<Value = Option<Key>> {
    let keys = "A D E X y n q j k g G u 2 5 v a d".split(' ').map(|key| Key {
        code: Code::Char(key.chars().next().unwrap()),
        ctrl: false,
        alt: false,
    });
    let others = [Code::Enter, Code::Tab, Code::Esc, Code::Left, Code::Right, Code::Down].map(|code| Key {
        code,
        ctrl: false,
        alt: false,
    });
    let all: Vec<Key> = keys.chain(others).collect();
    prop_oneof![6 => proptest::sample::select(all).prop_map(Some), 1 => Just(None)]
}

/// Whether this key, pressed now, is the deliberate yes: the dialog has stood for a second, the console is armed, and the person has gone to
/// the button, typed the name, or pressed `y` where that is enough.
fn is_deliberate(stage: &Stage, key: Key) -> bool {
    let Some(Overlay::Confirm(dialog)) = &stage.model.overlay else { return false };
    let plan = &dialog.pending.plan;
    let stood = stage.model.moment.since(dialog.pending.opened) >= SignedDuration::from_secs(1);
    let armed = stage.model.door.armed_until(stage.model.session, stage.model.moment).is_some();
    let typed = plan.must_type.as_deref().is_none_or(|name| name == dialog.name.text());
    let pressed = match (plan.danger, key.code) {
        (_, Code::Enter) => dialog.focus != Part::Cancel,
        (Danger::Safe | Danger::Reversible, Code::Char('y')) => true,
        _ => false,
    };
    stood && armed && typed && pressed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_storm_of_keys_changes_anything_without_a_deliberate_yes(storm in proptest::collection::vec(storm(), 0..120)) {
        let mut stage = keys_pane();
        stage.press("A");
        stage.asked();
        for key in storm {
            let Some(key) = key else {
                stage.wait(700);
                continue;
            };
            let deliberate = is_deliberate(&stage, key);
            stage.tell(Msg::Input(Input::Key(key)));
            let changed = changes(&mut stage);
            prop_assert!(changed.is_empty() || (deliberate && changed.len() == 1), "{key:?}: {changed:?}");
        }
    }

    #[test]
    fn a_console_that_is_not_armed_changes_nothing(storm in proptest::collection::vec(storm(), 0..120)) {
        let mut stage = keys_pane();
        for key in storm.into_iter().flatten().filter(|key| key.code != Code::Char('A')) {
            stage.tell(Msg::Input(Input::Key(key)));
            stage.wait(300);
            prop_assert!(changes(&mut stage).is_empty() && !asks(&stage));
        }
    }
}
