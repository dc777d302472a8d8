//! Whole frames: what a person sees in good and bad times, in every size.

use bartizan::app::dialog::{Dialog, Part};
use bartizan::app::layout::Layout;
use bartizan::app::lock::Closed;
use bartizan::app::{Connection, FilterField, Model, Notice, Overlay, Reader, Startup, actions, help, render};
use bartizan::domain::account::{AccountColour, AccountRule, CredentialSource, Identity};
use bartizan::domain::change::{Change, Mutation};
use bartizan::domain::evidence::Evidence;
use bartizan::domain::fault::{Fault, FaultKind};
use bartizan::domain::finding::{self, Finding};
use bartizan::domain::known::Known;
use bartizan::domain::text::{Untrusted, is_hostile};
use bartizan::domain::user::{KeySummary, Mfa, Password, User};
use bartizan::kit::action::{Availability, Danger};
use bartizan::kit::confirm::{Pending, Plan};
use bartizan::kit::document::{Document, Scroll};
use bartizan::kit::effect::Level;
use bartizan::kit::field::Field;
use bartizan::kit::input::{Code, Key, Size};
use bartizan::kit::keymap::Keymap;
use bartizan::panes::PaneId;
use bartizan::screens::Screens;
use bartizan::theme::Look;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::frames;
use crate::panes::uptime;

fn now() -> Timestamp {
    "2026-11-21T21:00:00Z".parse().unwrap()
}

fn keymap() -> Keymap {
    Keymap::built_in(&actions::catalogue()).0
}

fn ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

fn user(number: i64, name: &str) -> User {
    let fault = Box::new(denied("iam:ListGroupsForUser", ""));
    User {
        name: Untrusted::new(name),
        arn: Untrusted::new(format!("arn:aws:iam::123456789012:user/{name}")),
        id: None,
        created: Known::listed(ago(number * 700), ago(0)),
        password: Known::reported(if number % 3 == 0 { Password::None } else { Password::Set { changed: None } }, ago(1)),
        password_last_used: Known::reported(Some(ago(number * 31)), ago(1)),
        mfa: match number % 5 {
            0 => Known::reported(Mfa::Off, ago(1)),
            1 => Known::Unknown,
            2 => Known::Denied { fault: fault.clone() },
            3 => Known::Loading,
            _ => Known::live(Mfa::On, ago(0)),
        },
        keys: Known::reported(
            (0..number % 3).map(|n| KeySummary { id: None, active: n == 0, created: Some(ago(number * 200)) }).collect(),
            ago(1),
        ),
        groups: if number % 4 == 0 { Known::Denied { fault } } else { Known::live(vec![Untrusted::new("admins")], ago(0)) },
    }
}

fn denied(action: &str, region: &str) -> Fault {
    Fault {
        kind: FaultKind::Denied { action: action.into() },
        call: action.into(),
        region: region.into(),
        message: Untrusted::new(format!("User: arn:aws:iam::123456789012:user/alice is not authorized to perform: {action}")),
        request_id: None,
        at: now(),
    }
}

fn a_finding(number: u32) -> Finding {
    let kinds = [
        "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
        "Recon:EC2/PortProbeUnprotectedPort",
        "AttackSequence:IAM/CompromisedCredentials",
    ];
    let record = format!(
        r#"{{"AccountId":"123456789012","Region":"eu-west-1","Id":"{number:032x}","Type":"{}","Severity":{},"Title":"Credentials were used from an external address","Resource":{{"ResourceType":"AccessKey","AccessKeyDetails":{{"UserName":"deploy-{number}","AccessKeyId":"AKIAIOSFODNN7EXAMPLE"}}}},"Service":{{"Count":{number},"Archived":false,"EventFirstSeen":"2026-11-20T10:00:00Z","EventLastSeen":"2026-11-21T20:30:00Z","Action":{{"ActionType":"AWS_API_CALL"}}}},"UpdatedAt":"2026-11-21T20:31:00Z"}}"#,
        kinds[number as usize % 3],
        [2.0, 5.0, 8.0, 9.5][number as usize % 4]
    );
    finding::decode(&serde_json::from_str(&record).unwrap(), Evidence::one(&record))
}

/// A console in the middle of its work.
fn console(pane: PaneId, size: Size) -> Model {
    let regions = vec!["us-east-1".into(), "eu-west-1".into(), "ap-southeast-2".into()];
    let mut model =
        Model::new(Startup { pane, regions, now: now(), moment: uptime(), profile: Some("prod".into()), ..Startup::default() });
    model.size = size;
    model.connection = Connection::Ready;
    let arn = "arn:aws:sts::123456789012:assumed-role/SecurityAudit/alice@example.com";
    let identity = Identity { account: "123456789012".into(), arn: Untrusted::new(arn), user_id: Untrusted::new("AROA") };
    model.view.identity = Known::live(identity, now());
    model.view.alias = Known::live(Some(Untrusted::new("acme-prod")), now());
    let expires = Some(now() + SignedDuration::from_mins(200));
    model.view.credentials = Known::live(CredentialSource { provider: "SSO".into(), expires }, now());
    let rows = Layout::of(size).map_or(1, |layout| layout.list_rows());
    for listing in model.panes.all_listings_mut() {
        listing.set_height(rows);
    }
    let names = ["alice", "bob", "carol.mendes", "deploy-pipeline-production-eu-west-1", "<root_account>", "zoë"];
    let users = (0..40).map(|n| user(n, &if n < 6 { names[n as usize].to_owned() } else { format!("service-account-{n:03}") }));
    model.panes.users.table.extend(users, now());
    model.panes.users.remote.begin(["ListUsers", "credential report"], ago(0));
    model.panes.users.remote.end("ListUsers", Ok(()), now());
    model.panes.findings.table.extend((1..30).map(a_finding), now());
    model.panes.findings.remote.begin(["us-east-1", "eu-west-1"], ago(0));
    model.panes.findings.remote.end("us-east-1", Ok(()), now());
    model.panes.findings.remote.end("eu-west-1", Err(denied("guardduty:ListDetectors", "eu-west-1")), now());
    show_detail(&mut model);
    model
}

fn show_detail(model: &mut Model) {
    if let Some((title, sections)) = model.panes.detail(model.focus, model.now) {
        model.detail.title = title;
        model.detail.document = Document::of_sections(&sections);
    }
}

fn frame(model: &Model) -> Buffer {
    frames::drawn(model.size.width, model.size.height, |look, area, buf| {
        render(model, &Screens::default(), &keymap(), look, area, buf)
    })
}

const SMALL: Size = Size { width: 80, height: 24 };
const LARGE: Size = Size { width: 200, height: 60 };
const NARROW: Size = Size { width: 60, height: 18 };

#[test]
fn the_users_at_80x24() {
    insta::assert_snapshot!(frames::roles(&frame(&console(PaneId::Users, SMALL))));
}

#[test]
fn the_findings_at_200x60() {
    insta::assert_snapshot!(frames::text(&frame(&console(PaneId::Findings, LARGE))));
}

#[test]
fn the_findings_at_60x18() {
    insta::assert_snapshot!(frames::text(&frame(&console(PaneId::Findings, NARROW))));
}

#[test]
fn the_findings_at_100x50() {
    insta::assert_snapshot!(frames::text(&frame(&console(PaneId::Findings, Size { width: 100, height: 50 }))));
}

#[test]
fn a_detail_alone() {
    let mut model = console(PaneId::Findings, SMALL);
    model.detail.open = true;
    insta::assert_snapshot!(frames::text(&frame(&model)));
}

#[test]
fn before_anything_is_known() {
    let mut model = Model::new(Startup { now: now(), moment: uptime(), demo: Some("incident".into()), ..Startup::default() });
    model.panes.users.remote.begin(["ListUsers"], now());
    insta::assert_snapshot!(frames::text(&frame(&model)));
}

#[test]
fn denied_says_which_permission_is_missing() {
    let mut model = Model::new(Startup { now: now(), moment: uptime(), ..Startup::default() });
    model.connection = Connection::Ready;
    model.panes.users.remote.begin(["ListUsers"], now());
    model.panes.users.remote.end("ListUsers", Err(denied("iam:ListUsers", "us-east-1")), now());
    let text = frames::text(&frame(&model));
    assert!(text.contains("iam:ListUsers"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn no_credentials_says_what_to_do() {
    let mut model = Model::new(Startup { now: now(), moment: uptime(), ..Startup::default() });
    let fault = Fault {
        kind: FaultKind::NoCredentials,
        message: Untrusted::new("no providers in chain provided credentials"),
        ..denied("", "")
    };
    model.connection = Connection::Failed { fault: Box::new(fault) };
    insta::assert_snapshot!(frames::text(&frame(&model)));
}

#[test]
fn the_palette() {
    let mut model = console(PaneId::Users, SMALL);
    model.overlay = Some(Overlay::Palette { field: Field::with("rel"), selected: 0 });
    insta::assert_snapshot!(frames::text(&frame(&model)));
}

#[test]
fn the_sort_menu_the_filter_a_prefix_and_a_toast() {
    let mut model = console(PaneId::Users, SMALL);
    model.overlay = Some(Overlay::Sort { selected: 2 });
    model.notices.push(Notice { level: Level::Warning, text: "keymap.toml:3:1: there is no action \"x\"".into(), until: None });
    insta::assert_snapshot!("sort_menu", frames::text(&frame(&model)));
    let mut model = console(PaneId::Users, SMALL);
    model.filter = Some(FilterField { field: Field::with("mfa=no"), error: None, before: String::new() });
    insta::assert_snapshot!("filter", frames::text(&frame(&model)));
    let mut model = console(PaneId::Users, SMALL);
    model.pending = vec![Key::plain(Code::Char('g'))];
    model.pending_since = model.moment - SignedDuration::from_secs(1);
    insta::assert_snapshot!("prefix", frames::text(&frame(&model)));
}

#[test]
fn help_and_a_record() {
    let mut model = console(PaneId::Users, SMALL);
    let available =
        |id: &str| if id == "list.trail" { Availability::Unavailable("no user is selected".into()) } else { Availability::Ready };
    let document = help::document(&keymap(), &["users", "list", "app"], &available);
    let reader = Reader { title: "Keys that work here".into(), document, scroll: Scroll::default(), search: None };
    model.overlay = Some(Overlay::Help(reader));
    insta::assert_snapshot!("help", frames::text(&frame(&model)));
    let mut model = console(PaneId::Findings, SMALL);
    let document = Document::record(&model.listing().selected_record().unwrap());
    let mut scroll = Scroll::default();
    scroll.search("deploy", &document);
    model.overlay = Some(Overlay::Record(Reader { title: "finding".into(), document, scroll, search: None }));
    insta::assert_snapshot!("record", frames::text(&frame(&model)));
}

#[test]
fn too_small_says_how_large() {
    let mut model = console(PaneId::Users, Size { width: 20, height: 5 });
    model.size = Size { width: 20, height: 5 };
    insta::assert_snapshot!(frames::text(&frame(&model)));
}

/// What attackers write where they can: escape sequences, C1 controls, text that runs backwards, hidden characters, floods.
const STRANGERS: [&str; 8] = [
    "\u{1b}]0;pwn\u{7}\u{1b}[2J",
    "\u{9b}31m\u{9d}52;c;AAAA\u{9c}",
    "alice\u{202e}nimda\u{2066}",
    "a\u{200b}\u{200d}\u{feff}\u{ad}b",
    "x\r\n\t\u{8}\u{7f}y",
    "👩\u{200d}👩\u{200d}👧🇩🇪👍🏽漢字",
    "Z\u{334}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}algo",
    "\u{e0041}\u{e0042}\u{3164}\u{ffa0}",
];

#[test]
fn no_frame_shows_what_a_stranger_could_use() {
    for (stranger, size) in STRANGERS.into_iter().flat_map(|stranger| [SMALL, LARGE, NARROW].map(|size| (stranger, size))) {
        for pane in PaneId::ALL {
            let mut model = console(pane, size);
            let identity =
                Identity { account: stranger.into(), arn: Untrusted::new(stranger), user_id: Untrusted::new(stranger) };
            model.view.identity = Known::live(identity, now());
            model.view.alias = Known::live(Some(Untrusted::new(stranger)), now());
            model.view.regions = vec![stranger.into(), stranger.into()];
            (model.view.profile, model.view.endpoint, model.view.demo) =
                (Some(stranger.into()), Some(stranger.into()), Some(stranger.into()));
            model.panes.users.table.extend((0..3).map(|n| user(n, &format!("{n}{stranger}"))), now());
            model.panes.users.remote.begin([stranger], now());
            model.panes.users.remote.end(
                stranger,
                Err(Fault { message: Untrusted::new(stranger), ..denied(stranger, stranger) }),
                now(),
            );
            model.notices.push(Notice { level: Level::Error, text: stranger.into(), until: None });
            model.filter =
                Some(FilterField { field: Field::with(stranger), error: Some(stranger.into()), before: String::new() });
            model.detail.open = size != LARGE;
            show_detail(&mut model);
            let clean = |buf: &Buffer| {
                buf.content.iter().all(|cell| cell.symbol().chars().next().is_some_and(|first| !is_hostile(first)))
            };
            let buf = frame(&model);
            assert!(clean(&buf), "{stranger:?} in {pane:?} at {size:?}:\n{}", frames::text(&buf));
            model.connection =
                Connection::Failed { fault: Box::new(Fault { message: Untrusted::new(stranger), ..denied(stranger, stranger) }) };
            model.overlay = Some(Overlay::Record(Reader {
                title: stranger.into(),
                document: Document::record(stranger),
                ..Reader::default()
            }));
            let buf = frame(&model);
            assert!(clean(&buf), "{stranger:?} in a record at {size:?}:\n{}", frames::text(&buf));
        }
    }
}

#[test]
fn what_would_not_be_seen_is_spelled_even_in_a_plain_string() {
    let mut model = console(PaneId::Users, LARGE);
    let identity = Identity { account: "1234\u{200b}5678".into(), arn: "arn".into(), user_id: "id".into() };
    model.view.identity = Known::live(identity, now());
    model.notices.push(Notice { level: Level::Error, text: "no re\u{202e}gion \u{e0041}".into(), until: None });
    let shown = frames::text(&frame(&model));
    assert!(shown.contains("1234⟨U+200B⟩5678") && shown.contains("re⟨U+202E⟩gion ⟨U+E0041⟩"), "{shown}");
}

#[test]
fn names_of_people_are_painted_whole() {
    for name in ["สมชาย น้ำฝน", "श्रीकृष्ण स्त्री मंत्री", "مُحَمَّد", "علی\u{200c}رضا", "Nguyễn Thị Hồng", "한글", "山田"]
    {
        let mut model = console(PaneId::Users, LARGE);
        model.panes.users.table.extend([user(1, name)], now());
        let buf = frame(&model);
        let text: String = buf.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        let bare = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
        assert!(bare(&text).contains(&bare(name)), "{name}\n{}", frames::text(&buf));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn no_size_and_no_pane_makes_a_frame_panic(width in 0_u16..=250, height in 0_u16..=80, pane in 0_usize..6, open in any::<bool>(), look in 0_usize..3) {
        let mut model = console(PaneId::ALL[pane], Size { width, height });
        model.detail.open = open;
        let surroundings = bartizan::theme::Surroundings { colorterm: "truecolor".into(), ..Default::default() };
        let look = Look::choose(Some(bartizan::theme::names()[look]), &surroundings).unwrap();
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        render(&model, &Screens::default(), &keymap(), &look, area, &mut buf);
        let hostile = buf.content.iter().any(|cell| cell.symbol().chars().next().is_none_or(is_hostile));
        prop_assert!(!hostile);
    }
}

/// A console that is armed and asks whether something shall be changed.
fn asking(danger: Danger, must_type: Option<&str>, size: Size) -> Model {
    let mut model = console(PaneId::Users, size);
    model.door.armed = Some((model.session, model.moment + SignedDuration::from_secs(754)));
    model.door.rules = vec![AccountRule {
        account: "123456789012".into(),
        name: Some("prod".into()),
        colour: Some(AccountColour::Red),
        reason: must_type.is_some(),
        ..AccountRule::default()
    }];
    let change = match danger {
        Danger::TypeName => Change::DeleteKey { user: "alice".into(), key: "AKIAIOSFODNN7EXAMPLE".into() },
        Danger::Confirm => Change::SetKeyStatus { user: "alice".into(), key: "AKIAIOSFODNN7EXAMPLE".into(), active: false },
        _ => Change::TerminateSession { region: "eu-west-1".into(), session: "alice-0a1b2c3d4e5f".into() },
    };
    let mut plan = Plan::of("Change something of alice", danger, [&change])
        .fact("account", "prod (123456789012)")
        .fact("as", "arn:aws:sts::123456789012:assumed-role/SecurityAudit/alice@example.com")
        .fact("user", "alice")
        .fact("key", "AKIAIOSFODNN7EXAMPLE")
        .fact("last used", "12 d ago, s3 in eu-west-1");
    plan.must_type = must_type.map(str::to_owned);
    plan.wants_reason = must_type.is_some();
    let mut dialog = Dialog::new(Pending::new(Mutation::Change(change), plan, "123456789012", model.moment));
    dialog.resize(&Layout::of(size).unwrap());
    model.overlay = Some(Overlay::Confirm(Box::new(dialog)));
    model
}

fn dialog(model: &mut Model) -> &mut Dialog {
    match &mut model.overlay {
        Some(Overlay::Confirm(dialog)) => dialog,
        _ => panic!("no dialog"),
    }
}

#[test]
fn a_change_that_can_be_undone_is_asked_about() {
    insta::assert_snapshot!(frames::roles(&frame(&asking(Danger::Reversible, None, SMALL))));
}

#[test]
fn a_change_of_security_is_asked_about() {
    let mut model = asking(Danger::Confirm, None, SMALL);
    dialog(&mut model).focus = Part::Yes;
    insta::assert_snapshot!(frames::roles(&frame(&model)));
}

#[test]
fn a_change_that_hurts_wants_its_name_typed() {
    let mut model = asking(Danger::TypeName, Some("alice"), NARROW);
    dialog(&mut model).focus = Part::Name;
    dialog(&mut model).name = Field::with("ali");
    dialog(&mut model).note = Some("what is typed is not the name that is asked for".into());
    insta::assert_snapshot!(frames::roles(&frame(&model)));
    dialog(&mut model).focus = Part::Reason;
    let area = Layout::of(Size { width: 40, height: 10 }).unwrap();
    dialog(&mut model).resize(&area);
    model.size = Size { width: 40, height: 10 };
    insta::assert_snapshot!("a_change_that_hurts_at_40x10", frames::text(&frame(&model)));
}

#[test]
fn a_locked_console_shows_nothing() {
    let mut model = console(PaneId::Users, SMALL);
    model.lock.closed = Some(Closed::new(None, model.moment - SignedDuration::from_mins(3)));
    insta::assert_snapshot!(frames::roles(&frame(&model)));
}
