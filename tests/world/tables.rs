//! `bartizan users|keys|findings|events|nodes|sessions` over the embedded AWS.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use bartizan::aws::observe::Observer;
use bartizan::aws::session::{Connect, Patience, Session, connect};
use bartizan::cli::Failure;
use bartizan::cli::arguments::{ArchivedArgument, EventArguments, FindingArguments, TableArguments, When};
use bartizan::cli::tables::{Ask, Streams, run};
use bartizan::domain::event::LookupKey;
use bartizan::emulator::fault::Rule;
use bartizan::emulator::{Options, World, in_process};
use jiff::SignedDuration;
use serde_json::Value;

const REGIONS: [&str; 2] = ["us-east-1", "eu-central-1"];

async fn session(faults: &[&str]) -> (Arc<World>, Session) {
    let faults = faults.iter().map(|rule| Rule::parse(rule).unwrap()).collect();
    let world = Arc::new(World::from_scenario("incident", Options { faults, ..Options::default() }).unwrap());
    // The session is faster than the world's clock, by which two lookups a second would be counted.
    world.account().cloudtrail.rate = None;
    let wanted = Connect {
        http: Some(in_process::client(Arc::clone(&world))),
        regions: REGIONS.map(str::to_owned).to_vec(),
        speed: 1000.0,
        patience: Patience { attempt: Duration::from_secs(2), ..Patience::default() },
        ..Connect::new(Observer::nobody())
    };
    (world, connect(wanted).await.unwrap())
}

struct Printed {
    out: String,
    err: String,
    result: Result<(), Failure>,
}

async fn print(ask: Ask, session: &Session) -> Printed {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let result = run(&ask, session, Streams { out: &mut out, err: &mut err, progress: false }).await;
    Printed { out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap(), result }
}

impl Printed {
    fn objects(&self) -> Vec<Value> {
        assert!(self.out.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)), "JSON is ASCII");
        serde_json::from_str(&self.out).unwrap()
    }
}

fn json(query: &[&str]) -> TableArguments {
    TableArguments { query: query.iter().map(ToString::to_string).collect(), json: true, ..TableArguments::default() }
}

fn events(table: TableArguments, attribute: Option<(LookupKey, &str)>) -> Ask {
    let since = Some(When::Ago(SignedDuration::from_hours(24 * 7)));
    Ask::Events(EventArguments { table, since, until: None, attribute: attribute.map(|(key, value)| (key, value.to_owned())) })
}

#[tokio::test]
async fn every_user_and_root_with_live_facts() {
    let (world, session) = session(&[]).await;
    let printed = print(Ask::Users(json(&[])), &session).await;
    assert_eq!(printed.result, Ok(()));
    let users = printed.objects();
    let facts = world.calls()["iam:ListGroupsForUser"];
    assert_eq!(users.len() as u64, facts + 1, "root is in no group");
    assert_eq!(users[0]["name"], "<root_account>");
    for user in &users[1..] {
        for fact in ["password", "mfa", "keys", "groups"] {
            assert_eq!((&user[fact]["state"], &user[fact]["source"]), (&"value".into(), &"live".into()), "{user}");
        }
    }
}

#[tokio::test]
async fn a_refused_fact_is_one_line_and_the_report_stands_in() {
    let (_, session) = session(&["iam:ListMFADevices=denied"]).await;
    let printed = print(Ask::Users(json(&[])), &session).await;
    let Err(Failure::Job(line)) = printed.result.clone() else { panic!("{:?}", printed.result) };
    assert!(line.contains("denied: iam:ListMFADevices") && line.contains("times"), "{line}");
    assert_eq!(printed.err, "");
    let users = printed.objects();
    assert!(users.len() > 10 && users[1..].iter().all(|user| user["mfa"]["source"] == "credential_report"));
}

#[tokio::test]
async fn nothing_but_the_list_is_allowed() {
    let (_, session) =
        session(&["iam:Get*=denied", "iam:Generate*=denied", "iam:ListMFADevices=denied", "iam:ListGroups*=denied"]).await;
    let printed = print(Ask::Users(json(&[])), &session).await;
    assert!(printed.result.is_err() && printed.err.lines().count() >= 3, "{}", printed.err);
    let users = printed.objects();
    assert!(users[1..].iter().all(|user| user["mfa"]["state"] == "denied" && user["keys"]["state"] == "value"));
}

#[tokio::test]
async fn every_key_with_its_id_and_last_use() {
    let (_, session) = session(&[]).await;
    let printed = print(Ask::Keys(json(&[])), &session).await;
    assert_eq!(printed.result, Ok(()));
    let keys = printed.objects();
    assert!(!keys.is_empty());
    assert!(keys.iter().all(|key| key["id"]["state"] == "value" && key["last_used"]["source"] == "live"));
}

#[tokio::test]
async fn keys_have_their_ids_also_where_users_may_not_be_listed() {
    let (_, whole) = session(&[]).await;
    let (_, session) = session(&["iam:ListUsers=denied"]).await;
    let printed = print(Ask::Keys(json(&[])), &session).await;
    let Err(Failure::Job(line)) = printed.result.clone() else { panic!("{:?}", printed.result) };
    assert!(line.contains("denied: iam:ListUsers"), "{line}");
    let keys = printed.objects();
    assert_eq!(keys.len(), print(Ask::Keys(json(&[])), &whole).await.objects().len());
    assert!(keys.iter().all(|key| key["id"]["state"] == "value"), "the report tells whom to ask");
}

#[tokio::test]
async fn findings_of_both_regions_with_their_records() {
    let (_, session) = session(&[]).await;
    let ask = |archived| Ask::Findings(FindingArguments { table: json(&[]), archived });
    let all = print(ask(ArchivedArgument::All), &session).await.objects();
    let current = print(ask(ArchivedArgument::Current), &session).await.objects();
    let archived = print(ask(ArchivedArgument::Archived), &session).await.objects();
    assert!(!current.is_empty() && all.len() == current.len() + archived.len());
    assert!(all.iter().all(|finding| finding["record"]["id"] == finding["key"]["id"]));
    let seen: Vec<_> = all.iter().filter_map(|finding| finding["last_seen"].as_str()).collect();
    assert!(seen.is_sorted_by(|a, b| a >= b), "newest first");
}

#[tokio::test]
async fn a_region_that_refuses_leaves_the_other() {
    let (_, session) = session(&["guardduty:*=denied,region=eu-central-1"]).await;
    let ask = Ask::Findings(FindingArguments { table: json(&[]), archived: ArchivedArgument::All });
    let printed = print(ask, &session).await;
    let Err(Failure::Job(line)) = printed.result.clone() else { panic!("{:?}", printed.result) };
    assert!(line.contains("guardduty:ListDetectors in eu-central-1"), "{line}");
    assert!(!printed.objects().is_empty());
}

#[tokio::test]
async fn events_of_both_regions_come_as_one_stream_newest_first() {
    let (_, session) = session(&[]).await;
    let printed = print(events(TableArguments { limit: Some(400), ..json(&[]) }, None), &session).await;
    assert_eq!(printed.result, Ok(()));
    let found = printed.objects();
    let times: Vec<_> = found.iter().map(|event| event["time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b));
    assert!(found.iter().all(|event| event["record"]["eventID"] == event["id"]));
}

#[tokio::test]
async fn a_limit_asks_for_no_more_pages_than_it_takes() {
    let (world, session) = session(&[]).await;
    let printed = print(events(TableArguments { limit: Some(3), ..json(&[]) }, None), &session).await;
    assert_eq!(printed.objects().len(), 3);
    assert!(world.calls()["cloudtrail:LookupEvents"] <= 6, "{:?}", world.calls());
}

#[tokio::test]
async fn aws_searches_by_one_attribute_and_the_query_filters() {
    let (_, session) = session(&[]).await;
    let created = print(events(json(&[]), Some((LookupKey::EventName, "CreateUser"))), &session).await.objects();
    assert!(!created.is_empty() && created.iter().all(|event| event["name"] == "CreateUser"));
    let none = print(events(json(&["event=NoSuchThing"]), Some((LookupKey::EventName, "CreateUser"))), &session).await;
    assert_eq!(none.out, "[]\n");
    let wrong = print(Ask::Nodes(json(&["ping>"])), &session).await;
    assert!(matches!(wrong.result, Err(Failure::Usage(_))), "{:?}", wrong.result);
}

#[tokio::test]
async fn csv_and_text_have_the_same_rows() {
    let (_, session) = session(&[]).await;
    let csv = print(Ask::Sessions(TableArguments { csv: true, ..TableArguments::default() }), &session).await.out;
    let plain = print(Ask::Sessions(TableArguments::default()), &session).await.out;
    let objects = print(Ask::Sessions(json(&[])), &session).await.objects();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(&reader.headers().unwrap()[0], "status");
    assert_eq!(reader.records().count(), objects.len());
    assert_eq!(plain.lines().count(), objects.len() + 1);
    assert!(plain.chars().all(|c| c == '\n' || !c.is_control()));
}

#[tokio::test]
async fn expired_credentials_are_said_once() {
    let (_, session) = session(&["*=expired"]).await;
    let printed = print(events(json(&[]), None), &session).await;
    let Err(Failure::Job(line)) = printed.result else { panic!("{:?}", printed.result) };
    assert!(line.contains("credentials expired") && line.contains("sso login"), "{line}");
    assert_eq!((printed.out.as_str(), printed.err.as_str()), ("", ""));
}

/// `bartizan users | head -1`.
#[tokio::test]
async fn a_reader_that_leaves_is_no_failure() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (_, session) = session(&[]).await;
    let mut err = Vec::new();
    let result = run(&Ask::Nodes(json(&[])), &session, Streams { out: &mut Gone, err: &mut err, progress: false }).await;
    assert_eq!(result, Err(Failure::Unread));
    assert!(err.is_empty());
}

/// Each example of `docs/filter.md` shows something in the demo, and not everything.
#[tokio::test]
async fn the_examples_of_the_filter_find_some_rows_and_not_all() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/filter.md")).unwrap();
    let section = page.split("## Examples").nth(1).unwrap().split("## Fields").next().unwrap();
    let lines = section.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | `"));
    let mut all = std::collections::BTreeMap::new();
    let (_, session) = session(&[]).await;
    let (mut run, mut wrong) = (0, Vec::new());
    for (name, rest) in lines {
        let filter = rest.split_once('`').unwrap().0;
        let ask = |query: &[&str]| match name {
            "users" => Some(Ask::Users(json(query))),
            "keys" => Some(Ask::Keys(json(query))),
            "findings" => Some(Ask::Findings(FindingArguments { table: json(query), archived: ArchivedArgument::All })),
            "events" => Some(events(json(query), None)),
            "nodes" => Some(Ask::Nodes(json(query))),
            "sessions" => Some(Ask::Sessions(json(query))),
            _ => None,
        };
        let (Some(whole), Some(filtered)) = (ask(&[]), ask(&[filter])) else { continue };
        if !all.contains_key(name) {
            all.insert(name.to_owned(), print(whole, &session).await.objects().len());
        }
        let found = print(filtered, &session).await.objects().len();
        if found == 0 || found == all[name] {
            wrong.push(format!("{name} {filter}: {found} of {}", all[name]));
        }
        run += 1;
    }
    assert!(wrong.is_empty(), "examples that show nothing or everything:\n{}", wrong.join("\n"));
    assert!(run >= 20, "{run} examples were run");
}

/// `docs/tables.md` names every member that is printed.
#[tokio::test]
async fn every_member_of_the_json_is_documented() {
    let (_, session) = session(&[]).await;
    let findings = FindingArguments { table: json(&[]), archived: ArchivedArgument::All };
    for (name, ask) in [
        ("users", Ask::Users(json(&[]))),
        ("keys", Ask::Keys(json(&[]))),
        ("findings", Ask::Findings(findings)),
        ("events", events(TableArguments { limit: Some(50), ..json(&[]) }, None)),
        ("nodes", Ask::Nodes(json(&[]))),
        ("sessions", Ask::Sessions(json(&[]))),
    ] {
        let table = bartizan::cli::reference::tables().into_iter().find(|table| table.name == name).unwrap();
        let mut documented: Vec<&str> = table.members.iter().map(|(member, _)| *member).collect();
        documented.sort_unstable();
        let rows = print(ask, &session).await.objects();
        let printed: std::collections::BTreeSet<&String> = rows.iter().flat_map(|row| row.as_object().unwrap().keys()).collect();
        assert_eq!(printed.into_iter().collect::<Vec<_>>(), documented, "{name}");
    }
}

#[tokio::test]
async fn json_lines_are_the_objects_of_the_array() {
    let (_, session) = session(&[]).await;
    let lines = TableArguments { jsonl: true, ..TableArguments::default() };
    let printed = print(Ask::Nodes(lines), &session).await.out;
    let objects: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // The world goes on between the two: the times differ.
    let ids = |rows: &[Value]| rows.iter().map(|row| row["id"].to_string()).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(ids(&objects), ids(&print(Ask::Nodes(json(&[])), &session).await.objects()));
    assert!(!objects.is_empty() && printed.ends_with("}\n"));
    let none = TableArguments { jsonl: true, query: vec!["node=nothing".into()], ..TableArguments::default() };
    assert_eq!(print(Ask::Nodes(none), &session).await.out, "");
}

/// What a script reads needs no second look: times, ids, numbers, yes and no, and no blank before any of them.
#[tokio::test]
async fn csv_has_machine_values_that_go_back_into_a_filter() {
    let (_, session) = session(&[]).await;
    let csv = TableArguments { csv: true, ..TableArguments::default() };
    let findings = FindingArguments { table: csv.clone(), archived: ArchivedArgument::All };
    let cells = async |ask: Ask| {
        let out = print(ask, &session).await.out;
        let mut reader = csv::Reader::from_reader(out.as_bytes());
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows = reader.records().map(|row| header.iter().cloned().zip(row.unwrap().iter().map(str::to_owned)).collect());
        rows.collect::<Vec<std::collections::BTreeMap<String, String>>>()
    };
    let is_time = |text: &str| text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok();
    let (users, keys) = (cells(Ask::Users(csv.clone())).await, cells(Ask::Keys(csv.clone())).await);
    let findings = cells(Ask::Findings(findings)).await;
    let tables = [&users, &keys, &findings];
    assert!(tables.iter().all(|rows| rows.len() > 5));
    for cell in tables.iter().flat_map(|rows| rows.iter()).flat_map(|row| row.values()) {
        assert_eq!(cell, cell.trim(), "no blanks around a value");
        assert!(!["?", "–", "…"].contains(&cell.as_str()));
    }
    let states = ["unknown", "denied", "failed"];
    for user in &users {
        assert!(is_time(&user["created"]) && ["yes", "no"].contains(&user["mfa"].as_str()), "{user:?}");
        assert!(user["arn"].starts_with("arn:aws:iam::"), "{user:?}");
        assert!(user["keys"].parse::<u8>().is_ok(), "{user:?}");
        assert!(user["last_used"].is_empty() || user["last_used"] == "never" || is_time(&user["last_used"]), "{user:?}");
    }
    for key in &keys {
        assert!(is_time(&key["created"]) && key["age"].parse::<u32>().is_ok(), "{key:?}");
        assert!(key["key"].starts_with("AKIA") || states.contains(&key["key"].as_str()), "{key:?}");
    }
    for finding in &findings {
        assert!(finding["severity"].parse::<f64>().is_ok() && is_time(&finding["last_seen"]), "{finding:?}");
        assert!(finding["account"].len() == 12 && !finding["id"].is_empty(), "{finding:?}");
        assert!(["yes", "no"].contains(&finding["sample"].as_str()), "{finding:?}");
    }
    let (finding, user) = (&findings[0], &users[1]);
    for (ask, count) in [
        (Ask::Findings(FindingArguments { table: json(&["id=", &finding["id"]]), archived: ArchivedArgument::All }), 1),
        (Ask::Users(json(&["arn=", &user["arn"], "created=", &user["created"]])), 1),
    ] {
        assert_eq!(print(ask, &session).await.objects().len(), count);
    }
}
