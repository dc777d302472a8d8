//! The root: fields, windows, sequences, pivots, the way back, connections.

use bartizan::app::{self, Cadence, Connection, Effect, Msg, Overlay, SessionNews, Task};
use bartizan::domain::account::{CredentialSource, Identity};
use bartizan::domain::fault::FaultKind;
use bartizan::domain::known::Known;
use bartizan::kit::action::Availability;
use bartizan::kit::effect::{Generation, SessionId, Slot};
use bartizan::kit::input::Input;
use bartizan::panes::{self, PaneId, users};

use super::users::listed;
use super::{Stage, fault, noon};

/// The users pane with these users.
fn with_users(names: &[&str]) -> Stage {
    let mut stage = Stage::lit(PaneId::Users);
    let page = users::Msg::Page(names.iter().map(|name| listed(name)).collect());
    stage.answer(&users::LIST, panes::Msg::Users(page));
    stage.answer(&users::LIST, panes::Msg::Users(users::Msg::Listed(Ok(()))));
    stage.asked();
    stage
}

#[test]
fn the_model_is_plain_data_and_comes_back_from_json() {
    fn plain<T: Clone + PartialEq + serde::Serialize + serde::de::DeserializeOwned>() {}
    plain::<app::Model>();
    plain::<Msg>();
    fn written<T: Clone + PartialEq + serde::Serialize>() {}
    written::<Effect>();
    let mut stage = with_users(&["alice", "bob"]);
    stage.press("/ a l i");
    stage.finish();
    let mut other = super::bastions::filled();
    other.press("3");
    super::findings::page(&mut other, "eu-west-1", vec![super::findings::finding("a", "eu-west-1", 8.0)]);
    other.press("enter J");
    for stage in [stage, other] {
        let text = serde_json::to_string(&stage.model).unwrap();
        let back: app::Model = serde_json::from_str(&text).unwrap();
        assert_eq!(back, stage.model);
    }
}

#[test]
fn nothing_is_asked_for_before_there_is_a_session() {
    let mut stage = Stage::dark(PaneId::Users);
    stage.press("2 3 4 R t 1");
    assert_eq!(stage.asked(), []);
    stage.connect(1);
    assert_eq!(stage.reads().len(), 2);
}

#[test]
fn panes_read_when_they_are_first_visited() {
    let mut stage = Stage::lit(PaneId::Users);
    stage.asked();
    stage.press("3");
    assert_eq!(stage.reads().len(), 1);
    stage.press("1 3 tab shift-tab");
    assert_eq!(stage.reads().iter().filter(|(slot, _)| *slot == panes::findings::LIST).count(), 0);
    stage.press("R");
    assert_eq!(stage.reads().len(), 1);
}

#[test]
fn no_credentials_are_told_with_advice_and_reload_tries_again() {
    let mut stage = Stage::dark(PaneId::Users);
    let failed = SessionNews::Failed(fault(FaultKind::NoCredentials, ""));
    stage.tell(Msg::Connection(SessionId(1), failed));
    let Connection::Failed { fault } = &stage.model.connection else { panic!("{:?}", stage.model.connection) };
    assert!(fault.advice().contains("AWS_PROFILE"));
    stage.press("R");
    assert_eq!(stage.asked(), [Effect::Connect]);
    assert_eq!(stage.model.connection, Connection::Connecting);
    stage.connect(2);
    assert_eq!(stage.reads().len(), 2);
}

#[test]
fn credentials_that_cannot_be_had_end_the_session() {
    let mut stage = Stage::lit(PaneId::Users);
    let news = SessionNews::Credentials(Known::from_fault(fault(FaultKind::NoCredentials, "")));
    stage.tell(Msg::Connection(SessionId(1), news));
    assert!(matches!(stage.model.connection, Connection::Failed { .. }));
}

#[test]
fn news_of_an_older_session_is_dropped() {
    let mut stage = Stage::lit(PaneId::Users);
    stage.connect(2);
    let identity = Identity { account: "1".into(), arn: "arn".into(), user_id: "id".into() };
    stage.tell(Msg::Connection(SessionId(1), SessionNews::Identity(Known::live(identity.clone(), noon()))));
    assert_eq!(stage.model.view.identity, Known::Loading);
    stage.tell(Msg::Connection(SessionId(2), SessionNews::Identity(Known::live(identity.clone(), noon()))));
    assert_eq!(stage.model.view.identity.value(), Some(&identity));
    let source = CredentialSource { provider: "SSO".into(), expires: None };
    stage.tell(Msg::Connection(SessionId(2), SessionNews::Credentials(Known::live(source, noon()))));
    assert_eq!(stage.model.connection, Connection::Ready);
}

#[test]
fn another_session_starts_with_empty_tables_and_the_same_filter() {
    let mut stage = with_users(&["alice", "bob"]);
    stage.press("/ a l i enter");
    stage.finish();
    let old = stage.model.slots.clone();
    stage.connect(2);
    assert!(stage.rows().is_empty());
    let generation = old[&users::LIST];
    let late = panes::Msg::Users(users::Msg::Page(vec![listed("alien")]));
    stage.tell(Msg::Reply { session: SessionId(1), slot: users::LIST, generation, body: late });
    assert_eq!((stage.rows().len(), stage.model.stale_dropped), (0, 1));
    let page = users::Msg::Page(vec![listed("alice"), listed("carol")]);
    stage.answer(&users::LIST, panes::Msg::Users(page));
    assert_eq!(stage.column("user"), ["alice"], "the filter is still in force");
}

#[test]
fn a_filter_works_while_it_is_typed_and_a_mistake_keeps_the_last_good_one() {
    let mut stage = with_users(&["alice", "bob", "carol"]);
    stage.press("/ a l i");
    stage.finish();
    assert_eq!(stage.column("user"), ["alice"]);
    stage.press("ctrl-u k e y s > x");
    stage.finish();
    assert!(stage.model.filter.as_ref().unwrap().error.as_ref().unwrap().contains("number"));
    stage.press("enter");
    assert!(stage.model.filter.is_some(), "a mistake stays in its field");
    stage.press("esc");
    stage.finish();
    assert_eq!(stage.column("user").len(), 3, "Esc brings back what was before");
    stage.press("/ b o b enter esc");
    stage.finish();
    assert_eq!(stage.column("user").len(), 3, "Esc clears the filter");
}

#[test]
fn a_paste_goes_into_fields_only_and_never_runs_as_keys() {
    let mut stage = with_users(&["alice"]);
    stage.tell(Msg::Input(Input::Paste("q\n:q\n".into())));
    assert_eq!(stage.asked(), []);
    stage.press("/");
    stage.tell(Msg::Input(Input::Paste("ali\r\nce\u{1b}".into())));
    assert_eq!(stage.model.field().unwrap().text(), "ali ce");
}

#[test]
fn letters_in_a_field_are_text() {
    let mut stage = with_users(&["alice"]);
    stage.press("/ q j 1 ?");
    assert_eq!(stage.model.field().unwrap().text(), "qj1?");
    assert_eq!(stage.asked(), []);
}

#[test]
fn sequences_wait_are_cancelled_and_are_never_run_one_by_one() {
    let mut stage = with_users(&["a", "b", "c"]);
    stage.press("G g");
    assert_eq!(stage.model.pending.len(), 1);
    stage.press("esc");
    assert!(stage.model.pending.is_empty());
    assert_eq!(stage.model.listing().counts(), (3, 3));
    stage.press("g q");
    assert_eq!(stage.asked(), [], "q after g does not quit");
    assert!(stage.notices().contains("g q"), "{}", stage.notices());
    stage.press("g g");
    assert_eq!(stage.model.panes.users.table.cursor().at, 0);
}

#[test]
fn ctrl_c_quits_when_pressed_twice_in_a_row() {
    let mut stage = with_users(&["a"]);
    stage.press("ctrl-c j ctrl-c");
    assert_eq!(stage.asked(), []);
    stage.press("ctrl-c");
    assert_eq!(stage.asked(), [Effect::Quit]);
    stage.press("/ x ctrl-c ctrl-c");
    assert_eq!(stage.asked(), [Effect::Quit], "also out of a field");
}

#[test]
fn esc_pops_the_field_then_the_window_then_the_view() {
    let mut stage = with_users(&["alice"]);
    stage.press("enter");
    assert!(stage.model.detail.open);
    stage.press("J");
    assert!(matches!(stage.model.overlay, Some(Overlay::Record(_))));
    stage.press("/ a l i");
    stage.press("esc");
    assert!(matches!(&stage.model.overlay, Some(Overlay::Record(reader)) if reader.search.is_none()));
    stage.press("esc");
    assert!(stage.model.overlay.is_none() && stage.model.detail.open);
    stage.press("esc");
    assert!(!stage.model.detail.open);
    assert_eq!(stage.asked(), []);
}

#[test]
fn the_record_is_searched() {
    let mut stage = with_users(&["alice"]);
    stage.press("J / s t a t e enter n N");
    let Some(Overlay::Record(reader)) = &stage.model.overlay else { panic!("{:?}", stage.model.overlay) };
    assert!(reader.scroll.found.is_some_and(|(_, count)| count > 1), "{:?}", reader.scroll);
    stage.press("c");
    assert!(matches!(stage.asked().as_slice(), [Effect::Copy { text, .. }] if text.contains("\"alice\"")));
}

#[test]
fn the_palette_runs_actions_and_the_help_gives_reasons() {
    let mut stage = with_users(&["alice"]);
    stage.press(": c o p y enter");
    assert!(matches!(stage.asked().as_slice(), [Effect::Copy { text, .. }] if text == "alice"), "{:?}", stage.effects);
    let mut stage = Stage::lit(PaneId::Users);
    stage.press("?");
    let Some(Overlay::Help(reader)) = &stage.model.overlay else { panic!("{:?}", stage.model.overlay) };
    let text = reader.document.text();
    assert!(text.contains("no user is selected") && text.contains("no row is selected"), "{text}");
    stage.press("q");
    assert!(stage.model.overlay.is_none());
}

#[test]
fn the_palette_goes_where_its_words_say_and_runs_nothing_that_was_not_meant() {
    for (typed, pane) in [("u s e r s", PaneId::Users), ("f i n d i n g s", PaneId::Findings), ("n o d e s", PaneId::Bastions)] {
        let mut stage = with_users(&["alice"]);
        stage.press(&format!("2 1 : {typed} enter"));
        assert_eq!(stage.model.focus, pane, "{typed}");
        assert_eq!(stage.model.listing().shown_query().text(), "", "the whole pane, and not what is about a row");
    }
    for quits in ["q", "q u i t", "w q", "q !"] {
        let mut stage = with_users(&["alice"]);
        stage.press(&format!(": {quits} enter"));
        assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Quit)), "{quits}: {:?}", stage.effects);
    }
    let mut stage = with_users(&["alice"]);
    stage.press(": z q x z enter");
    assert!(stage.notices().contains("nothing is called \"zqxz\""), "{}", stage.notices());
    assert!(matches!(stage.model.overlay, Some(Overlay::Palette { .. })), "what was typed can be mended");
}

#[test]
fn a_key_that_is_not_bound_says_so_once_with_the_nearest_one() {
    let mut stage = with_users(&["alice"]);
    stage.press("7 z z z");
    assert_eq!(stage.notices().matches("z is not bound here").count(), 1, "{}", stage.notices());
    assert!(stage.notices().contains("Z is: "), "{}", stage.notices());
    let mut stage = with_users(&["alice"]);
    stage.press("f7");
    assert!(stage.notices().contains("f7 is not bound here; ? shows the keys that are"), "{}", stage.notices());
    let mut stage = with_users(&["alice"]);
    stage.press("g x");
    assert!(stage.notices().contains("g x is not bound here"), "{}", stage.notices());
}

#[test]
fn a_filter_that_is_refused_leaves_the_one_before_it_in_force() {
    let mut stage = with_users(&["alice", "bob"]);
    stage.press("/ b o b");
    stage.finish();
    assert_eq!(stage.column("user"), ["bob"]);
    stage.tell(Msg::Input(Input::Paste(" mfa=maybe".into())));
    stage.finish();
    let error = stage.model.filter.as_ref().and_then(|filter| filter.error.clone()).unwrap();
    assert!(error.contains("mfa is never \"maybe\"; it takes yes, no"), "{error}");
    assert_eq!(stage.column("user"), ["bob"], "the last filter that was understood");
    stage.press("enter");
    assert!(stage.model.filter.is_some(), "what is refused stays in its line");
}

#[test]
fn the_sort_menu_sorts_and_reverses() {
    let mut stage = with_users(&["alice", "bob"]);
    stage.press("s enter");
    stage.finish();
    assert_eq!(stage.column("user"), ["bob", "alice"], "the same column again reverses");
    stage.press("S");
    stage.finish();
    assert_eq!(stage.column("user"), ["alice", "bob"]);
    stage.press(">");
    stage.finish();
    assert_eq!(stage.model.listing().order().column, 1);
}

#[test]
fn every_action_can_be_run_by_its_id_or_says_why_not() {
    for spec in app::actions::catalogue().specs() {
        let stage = with_users(&["alice"]);
        let other_pane = !["app", "list", "text", "overlay", "menu", "confirm", "field", "users"].contains(&spec.scope);
        let available = app::availability(&stage.model, spec.id);
        assert_eq!(matches!(&available, Availability::Unavailable(reason) if reason.contains("pane")), other_pane, "{}", spec.id);
    }
}

#[test]
fn a_broken_task_is_a_notice_and_its_pane_goes_on() {
    let mut stage = Stage::lit(PaneId::Users);
    let generation = stage.model.slots.get(&users::LIST).copied();
    let task = |generation| Task { session: SessionId(1), slot: users::LIST, generation };
    let old = generation.map(|generation| Generation(generation.0 - 1));
    stage.tell(Msg::Broken { task: task(old), text: "src/x.rs:1".into() });
    let before = Task { session: SessionId(0), ..task(generation) };
    stage.tell(Msg::Broken { task: before, text: "src/x.rs:1".into() });
    assert!(stage.notices().contains("defect of bartizan"), "{}", stage.notices());
    assert!(!stage.around().contains("internal error"), "the pane has asked anew since: {}", stage.around());
    stage.tell(Msg::Broken { task: task(generation), text: "src/x.rs:1".into() });
    assert!(stage.notices().contains("defect of bartizan"), "{}", stage.notices());
    assert!(stage.around().contains("internal error"), "{}", stage.around());
    let task = Task { session: SessionId(1), slot: Slot::new("session"), generation: None };
    stage.tell(Msg::Broken { task, text: "x".into() });
    assert_eq!(stage.model.connection, Connection::Ready);
    stage.press("j");
}

#[test]
fn time_is_asked_for_only_where_something_moves() {
    let mut stage = with_users(&["alice"]);
    assert_eq!(app::wants_ticks(&stage.model), Some(Cadence::Spinner), "the report is on its way");
    stage.answer(&users::REPORT, panes::Msg::Users(users::Msg::Report(Ok(super::users::report(&[])))));
    stage.answer(&users::FACTS, panes::Msg::Users(users::Msg::FactsDone));
    assert_eq!(app::wants_ticks(&stage.model), Some(Cadence::Minute));
    assert!(app::needs_draw(&mut stage.model));
    stage.wait(10);
    assert!(!app::needs_draw(&mut stage.model), "nothing has changed");
    stage.press("c");
    assert_eq!(app::wants_ticks(&stage.model), Some(Cadence::Spinner), "the notice will vanish");
    assert!(app::needs_draw(&mut stage.model));
    stage.wait(10_000);
    assert!(app::needs_draw(&mut stage.model));
    assert_eq!((app::wants_ticks(&stage.model), stage.notices().as_str()), (Some(Cadence::Minute), ""));
    stage.wait(60_000);
    assert!(app::needs_draw(&mut stage.model), "ages have grown");
}

#[test]
fn the_detail_follows_the_cursor_and_knows_sources_and_ages() {
    let mut stage = with_users(&["alice", "bob"]);
    stage.size(200, 60);
    assert!(app::needs_draw(&mut stage.model));
    assert_eq!(stage.model.detail.title, "user alice");
    stage.press("j");
    assert!(app::needs_draw(&mut stage.model));
    assert_eq!(stage.model.detail.title, "user bob");
    stage.answer(&users::FACTS, panes::Msg::Users(users::Msg::Facts(super::users::facts("bob"))));
    stage.wait(30_000);
    stage.press("enter");
    let text = stage.model.detail.document.text();
    assert!(text.contains("[live, 30 s old]") && text.contains("admins"), "{text}");
}

#[test]
fn without_a_session_nothing_turns_and_nothing_is_waited_for() {
    for pane in PaneId::ALL {
        let mut stage = Stage::lit(pane);
        stage.press("1 2 3 4 5");
        let read = stage.model.slots.len();
        stage.asked();
        let news = SessionNews::Credentials(Known::from_fault(fault(FaultKind::Expired, "")));
        stage.tell(Msg::Connection(SessionId(1), news));
        let cancelled = stage.asked().into_iter().filter(|effect| matches!(effect, Effect::Cancel(_))).count();
        assert_eq!((cancelled, stage.model.slots.len()), (read, 0));
        assert!(PaneId::ALL.into_iter().all(|pane| !stage.model.panes.is_loading(pane)));
        assert_eq!(app::wants_ticks(&stage.model), Some(Cadence::Minute));
        stage.press("4 w");
        stage.wait(20_000);
        assert!(!stage.model.panes.is_loading(PaneId::Trail), "a search that nobody makes is not under way");
        assert_eq!(app::wants_ticks(&stage.model), Some(Cadence::Minute));
        assert!(!stage.around().contains('…'), "{}", stage.around());
    }
}

#[test]
fn a_long_paste_is_cut_off_and_says_so() {
    let mut stage = with_users(&["alice"]);
    stage.press("/");
    stage.tell(Msg::Input(Input::Paste("a".repeat(5000))));
    assert_eq!(stage.model.field().unwrap().text().len(), 4096);
    assert!(stage.notices().contains("4096"), "{}", stage.notices());
}

#[test]
fn reload_makes_a_new_session_where_aws_refused_the_credentials() {
    for kind in [FaultKind::Expired, FaultKind::UnknownIdentity, FaultKind::NoCredentials] {
        let mut stage = Stage::lit(PaneId::Users);
        let refused = users::Msg::Listed(Err(fault(kind, "iam:ListUsers")));
        stage.answer(&users::LIST, panes::Msg::Users(refused));
        stage.asked();
        stage.press("R");
        assert_eq!(stage.asked(), [Effect::Connect], "only a new session reads the files anew");
        assert_eq!(stage.model.connection, Connection::Connecting);
    }
    let mut stage = Stage::lit(PaneId::Users);
    stage.answer(&users::LIST, panes::Msg::Users(users::Msg::Listed(Err(fault(FaultKind::Offline, "iam:ListUsers")))));
    stage.asked();
    stage.press("R");
    assert!(!stage.asked().contains(&Effect::Connect));
}

/// Whose rows they would be nobody knows, and changes would be made by nobody knows whom.
#[test]
fn an_identity_that_cannot_be_had_or_became_another_ends_the_connection() {
    let other = FaultKind::OtherIdentity { was: "arn:aws:iam::1:user/ada".into(), now: "arn:aws:iam::2:user/eve".into() };
    for (kind, words) in [(FaultKind::TimedOut, "timed out"), (other, "user/eve")] {
        let mut stage = super::rotations::armed(PaneId::Users);
        let (slot, generation) = stage.model.slots.iter().next().map(|(slot, at)| (slot.clone(), *at)).unwrap();
        assert!(stage.model.door.armed.is_some());
        let session = stage.model.session;
        let fault = fault(kind.clone(), "sts:GetCallerIdentity");
        let news = match kind {
            FaultKind::OtherIdentity { .. } => SessionNews::Failed(fault),
            _ => SessionNews::Identity(Known::from_fault(fault)),
        };
        stage.tell(Msg::Connection(session, news));
        let Connection::Failed { fault } = &stage.model.connection else { panic!("{:?}", stage.model.connection) };
        assert!(fault.to_string().contains(words), "{fault}");
        if matches!(kind, FaultKind::OtherIdentity { .. }) {
            stage.size(160, 40);
            let header = super::rotations::frame(&mut stage).lines().next().unwrap_or_default().to_owned();
            assert!(header.contains("user/eve, not user/ada") && !header.contains("olivia"), "{header}");
        }
        assert!(stage.model.door.armed.is_none(), "nothing is changed any more");
        let dropped = stage.model.stale_dropped;
        let body = panes::Msg::Users(panes::users::Msg::Listed(Ok(())));
        stage.tell(Msg::Reply { session, slot, generation, body });
        assert_eq!(stage.model.stale_dropped, dropped + 1, "what comes late is nobody's");
        stage.asked();
        stage.press("ctrl-r");
        assert!(stage.asked().contains(&Effect::Connect), "to connect again is one key");
    }
}
