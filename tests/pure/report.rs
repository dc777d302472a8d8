//! The report of a campaign as an auditor gets it.

use bartizan::audit::Entry;
use bartizan::audit::history::{Change, Outcome};
use bartizan::domain::fault::{Fault, FaultKind, Own};
use bartizan::domain::rotation::{Phase, Rotation, RotationId, StoreChoice, Wait};
use bartizan::domain::text::clean;
use bartizan::rotation::report::{json, markdown};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

const ACCOUNT: &str = "123456789012";

fn at(second: i64) -> Timestamp {
    "2026-11-22T02:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(second)
}

fn row(user: &str, number: u8, phases: &[Phase], wait: Wait) -> Rotation {
    let history: Vec<_> = phases.iter().zip(0..).map(|(phase, step)| (*phase, at(10 * step))).collect();
    let (phase, since) = *history.last().unwrap();
    Rotation {
        id: RotationId(format!("20261122T020000000001Z-{user}-000{number}")),
        account: ACCOUNT.into(),
        user: user.into(),
        old_key: format!("AKIAOLD{number}").into(),
        new_key: (phases.contains(&Phase::Escrowed)).then(|| format!("AKIANEW{number}").into()),
        store: StoreChoice::Credentials { profile: user.into(), create: false },
        copies: Vec::new(),
        own_key: false,
        renew: false,
        phase,
        wait,
        started: at(0),
        since,
        bound: None,
        checks: (3, 3),
        history,
        old_last_used: None,
        fault: None,
    }
}

fn call(number: u64, second: i64, call: &str, object: &str, outcome: Outcome) -> Change {
    let is_done = outcome == Outcome::Done;
    Change {
        number,
        utc: at(second),
        entry: Entry {
            caller: Some("arn:aws:iam::123456789012:user/admin".into()),
            account: Some(ACCOUNT.into()),
            region: "us-east-1".into(),
            call: call.into(),
            object: object.into(),
            reason: Some("keys older than 90 days".into()),
            origin: "rotate".into(),
        },
        outcome,
        ended: Some(at(second)),
        code: (outcome == Outcome::Failed).then(|| "Throttling".into()),
        request_id: is_done.then(|| format!("00000000-0000-4000-8000-00000000000{number}")),
        read_back: None,
    }
}

/// One of each outcome, and calls of which some are none of ours.
fn campaign() -> (Vec<Rotation>, Vec<Change>) {
    let given_up: Vec<Phase> = Phase::CHECKLIST[..6].iter().copied().chain([Phase::Aborted]).collect();
    let fault = |message: &str| Fault {
        kind: FaultKind::Own { own: Own::NotRotated },
        call: String::new(),
        region: String::new(),
        message: message.into(),
        request_id: None,
        at: at(0),
    };
    let operator = Wait::Operator { need: "unlock the keyring | then continue\nplease".into(), choices: Vec::new() };
    let rows = vec![
        row("ada", 1, &Phase::CHECKLIST, Wait::Ended),
        Rotation { fault: Some(fault("the operator gave the new key up")), ..row("bob", 2, &given_up, Wait::Ended) },
        Rotation {
            fault: Some(fault("AKIAOLD3 is inactive: there is nothing to rotate")),
            ..row("cy", 3, &[Phase::Planned, Phase::Aborted], Wait::Ended)
        },
        row("dee", 4, &Phase::CHECKLIST[..4], operator),
        row("eve", 5, &Phase::CHECKLIST[..9], Wait::Until { at: at(604_800) }),
        row("fay", 6, &Phase::CHECKLIST[..5], Wait::Nobody),
        row("gus\u{202e}", 7, &Phase::CHECKLIST[..1], Wait::Nobody),
    ];
    let calls = vec![
        call(1, 20, "iam:CreateAccessKey", "ada", Outcome::Failed),
        call(2, 21, "iam:CreateAccessKey", "ada", Outcome::Done),
        call(3, 70, "iam:UpdateAccessKey", "ada/AKIAOLD1", Outcome::Done),
        call(4, 90, "iam:DeleteAccessKey", "ada/AKIAOLD1", Outcome::Unknown),
        call(5, 22, "iam:CreateAccessKey", "bob", Outcome::Done),
        call(6, 55, "iam:DeleteAccessKey", "bob/AKIANEW2", Outcome::Done),
        call(7, 500, "iam:CreateAccessKey", "ada", Outcome::Done),
        call(8, 30, "iam:CreateAccessKey", "ada-too", Outcome::Done),
    ];
    (rows, calls)
}

#[test]
fn an_auditor_reads_everything_about_a_campaign() {
    let (rows, calls) = campaign();
    insta::assert_snapshot!("the_report_in_markdown", markdown(&rows, Ok(&calls), at(1000)));
}

#[test]
fn a_program_reads_the_same() {
    let (rows, calls) = campaign();
    let text = json(&rows, Ok(&calls), at(1000));
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    let outcomes: Vec<_> = read["rotations"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    let wanted = ["rotated", "not rotated", "not rotated", "needs the operator", "waits", "unfinished", "not begun"];
    assert_eq!(outcomes, wanted);
    assert_eq!(read["counts"]["not rotated"], 2);
    let ada = &read["rotations"][0];
    assert_eq!(ada["calls"].as_array().unwrap().len(), 4, "{ada:#}");
    assert_eq!(ada["calls"][1]["request_id"], "00000000-0000-4000-8000-000000000002");
    assert_eq!(ada["callers"][0], "arn:aws:iam::123456789012:user/admin");
    insta::assert_snapshot!("a_rotation_in_the_report_in_json", format!("{:#}", read["rotations"][1]));
}

#[test]
fn the_places_that_hold_the_old_key_as_well_are_named_and_are_left_to_do() {
    let place = "/home/ada/.aws/credentials, section [work]";
    let row = Rotation { copies: vec![place.into(), "keyring:ada".into()], ..row("ada", 1, &Phase::CHECKLIST, Wait::Ended) };
    let text = markdown(std::slice::from_ref(&row), Ok(&[]), at(1000));
    let shown = read(&text).unwrap();
    let has = |wanted: String| assert!(shown.iter().any(|shown| shown.contains(&wanted)), "{wanted} in {shown:?}");
    has(format!("the old key stood in: {place}; keyring:ada"));
    has(format!("left to do: the old key's copies, which are dead: replace them in {place}; keyring:ada"));
    let read: serde_json::Value = serde_json::from_str(&json(&[row], Ok(&[]), at(1000))).unwrap();
    assert_eq!(read["rotations"][0]["rotation"]["copies"][0], place);
}

#[test]
fn a_log_that_cannot_be_read_is_said() {
    let (rows, _) = campaign();
    assert!(markdown(&rows, Err("no such file"), at(0)).contains("could not be read, so calls are missing here: no such file"));
    assert!(json(&rows, Err("no such file"), at(0)).contains("\"audit_log_problem\": \"no such file\""));
}

/// What a reader of Markdown with all of its extensions shows: the cells of its tables, its headings, its list items.
fn read(text: &str) -> Result<Vec<String>, String> {
    // Quotes become curly there, and a document may begin with settings: neither is of interest in the middle of one.
    let options =
        (Options::all() - Options::ENABLE_SMART_PUNCTUATION - Options::ENABLE_OLD_FOOTNOTES) | Options::ENABLE_FOOTNOTES;
    let mut shown = vec![String::new()];
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Text(text) => shown.last_mut().unwrap().push_str(&text),
            Event::Start(
                Tag::Heading { id: None, .. }
                | Tag::Paragraph
                | Tag::List(None)
                | Tag::Item
                | Tag::Table(_)
                | Tag::TableHead
                | Tag::TableRow
                | Tag::TableCell,
            ) => shown.push(String::new()),
            Event::End(
                TagEnd::Heading(_)
                | TagEnd::Paragraph
                | TagEnd::List(_)
                | TagEnd::Item
                | TagEnd::Table
                | TagEnd::TableHead
                | TagEnd::TableRow
                | TagEnd::TableCell,
            ) => {}
            other => return Err(format!("{other:?} in {text}")),
        }
    }
    Ok(shown)
}

fn hostile() -> impl Strategy<Value = String> {
    let word = proptest::sample::select(vec![
        "<script>",
        "</td>",
        "<!--",
        "-->",
        "&amp;",
        "&#32;",
        "|",
        "\\",
        "\\|",
        "`",
        "``",
        "```",
        "*",
        "**",
        "_",
        "__",
        "~~",
        "~",
        "[a](http://b)",
        "![",
        "](",
        "[^1]",
        "[[",
        "]]",
        "# ",
        "## ",
        " ##",
        "\n",
        "\r\n",
        "\n\n# x",
        "1. ",
        "- ",
        "+ ",
        "> ",
        "---",
        "===",
        "| --- |",
        "<http://a.b>",
        "http://a.b",
        "www.a.b",
        "a@b.c",
        "$x$",
        "$$",
        "{#id}",
        "{.class}",
        "^a^",
        "==",
        "[ ] ",
        "a",
        "é",
        " ",
        "\u{202e}",
        "\u{1b}]0;t\u{7}",
        ": ",
        "\t",
    ]);
    prop_oneof![proptest::collection::vec(word, 0..8).prop_map(|words| words.concat()), any::<String>(), "[ -~]{0,20}"]
}

proptest! {
    #[test]
    fn whatever_strangers_wrote_is_text_in_the_place_where_it_belongs(text in hostile()) {
        let mut rotation = row("x", 1, &Phase::CHECKLIST[..4], Wait::Operator { need: text.clone(), choices: Vec::new() });
        rotation.account = text.as_str().into();
        rotation.user = text.as_str().into();
        rotation.old_key = text.as_str().into();
        rotation.new_key = Some(text.as_str().into());
        rotation.store = StoreChoice::Credentials { profile: text.clone(), create: false };
        let mut change = call(1, 1, "iam:CreateAccessKey", &text, Outcome::Failed);
        change.entry.account = Some(rotation.account.clone());
        change.entry.caller = Some(text.clone());
        change.code = Some(text.clone());
        change.request_id = Some(text.clone());
        let report = markdown(&[rotation], Ok(&[change]), at(1000));
        let shown = read(&report).map_err(TestCaseError::fail)?;
        let clean = clean(&text).into_owned();
        // Blanks at the ends of a cell or an item are nobody's text.
        let has = |wanted: String| shown.iter().filter(|shown| shown.trim() == wanted.trim()).count();
        // Cells of user, account, both keys, why; the heading; the call's object and request id.
        prop_assert!(has(clean.clone()) >= 8, "{clean:?} in {shown:?}");
        // Behind other words a mark stands on their last letter, where they were cleaned together.
        let behind = |words: &str| {
            let (apart, together) = (format!("{words}{clean}"), bartizan::domain::text::clean(&format!("{words}{text}")).into_owned());
            if apart.trim() == together.trim() { has(apart) } else { has(apart) + has(together) }
        };
        prop_assert_eq!(behind("credentials:"), 1, "{:?}", shown);
        prop_assert_eq!(behind("failed: "), 1, "{:?}", shown);
        prop_assert_eq!(behind("called by: "), 2, "{:?}", shown);
    }
}
