//! What the whole reader makes of files: every shape in which people keep records.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::reader::{Reader, Record, Tally};
use super::{Event, Finding, events, findings};
use crate::domain::testing::any_json;

fn event(id: &str) -> Value {
    json!({"eventVersion": "1.09", "eventID": id, "eventName": "ListUsers", "eventSource": "iam.amazonaws.com", "awsRegion": "us-east-1",
        "eventTime": "2023-07-10T12:00:00Z", "requestParameters": {"MaxItems": 5, "note": "{\"eventName\": \"x\"}"}})
}

fn finding() -> Value {
    json!({"schemaVersion": "2.0", "id": "f1", "type": "Recon:EC2/Portscan", "severity": 5, "region": "eu-west-1", "accountId": "1",
        "updatedAt": "2026-01-01T00:00:00Z", "service": {"archived": false, "count": 1}})
}

fn read<R: Record>(text: &[u8]) -> (Vec<R>, Tally) {
    let mut records = Vec::new();
    let mut sink = |record| records.push(record);
    let mut reader = Reader::new(&mut sink, 1 << 20);
    reader.documents(text, "", 0, true);
    let tally = reader.tally;
    (records, tally)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// What each way of keeping makes of one record.
fn wrappings(record: &Value) -> Vec<(&'static str, Value)> {
    let text = record.to_string();
    let bridge = json!({"version": "0", "id": "e", "detail-type": "AWS API Call via CloudTrail", "source": "aws.iam",
        "time": "2026-11-20T12:25:00Z", "resources": [], "detail": record});
    let batch = json!({"messageType": "DATA_MESSAGE", "owner": "1", "logEvents": [{"id": "1", "timestamp": 1, "message": text}]});
    let packed = STANDARD.encode(gzip(batch.to_string().as_bytes()));
    let topic = json!({"Type": "Notification", "TopicArn": "x", "Subject": "[AWS] notice", "Message": bridge.to_string(), "Signature": "EXAMPLE=="});
    vec![
        ("a record", record.clone()),
        ("a log file", json!({"Records": [record]})),
        ("an answer", json!({"Findings": [record], "NextToken": null})),
        ("an export", json!({"findings": [record]})),
        ("a list", json!([record])),
        ("a list of texts", json!([text])),
        ("a text", json!(text)),
        ("EventBridge", bridge.clone()),
        ("EventBridge in a list", json!([bridge])),
        ("an archive of PutEvents", json!({"Entries": [{"Source": "s", "DetailType": "d", "Detail": text}]})),
        ("lookup-events", json!({"Events": [{"EventId": "1", "EventName": "A", "Resources": [], "CloudTrailEvent": text}]})),
        ("lookup-events --query Events", json!([{"EventId": "1", "EventName": "A", "CloudTrailEvent": text}])),
        ("lookup-events, the text read", json!({"Events": [{"EventName": "A", "CloudTrailEvent": record}]})),
        ("lookup-events, that member alone", json!([{"CloudTrailEvent": text}])),
        (
            "filter-log-events",
            json!({"events": [{"logStreamName": "s", "timestamp": 1, "message": text}], "searchedLogStreams": []}),
        ),
        ("filter-log-events --query events[].message", json!([bridge.to_string()])),
        (
            "Logs Insights",
            json!({"results": [[{"field": "@timestamp", "value": "x"}, {"field": "@message", "value": text}]], "status": "Complete"}),
        ),
        ("rows of Logs Insights", json!([[{"field": "@message", "value": bridge.to_string()}, {"field": "@ptr", "value": "x"}]])),
        ("CloudTrail Lake", json!({"QueryStatus": "FINISHED", "QueryResultRows": [[{"eventJson": text}]]})),
        ("a subscription's batch", batch),
        ("what Lambda gets of a subscription", json!({"awslogs": {"data": packed}})),
        (
            "Kinesis",
            json!({"Records": [{"eventSource": "aws:kinesis", "eventName": "aws:kinesis:record", "eventID": "s", "kinesis": {"data": packed}}]}),
        ),
        ("Kinesis get-records", json!({"Records": [{"SequenceNumber": "1", "Data": STANDARD.encode(&text)}]})),
        ("Firehose", json!({"records": [{"recordId": "1", "data": STANDARD.encode(text.clone() + &text)}]})),
        ("SQS", json!({"Messages": [{"MessageId": "m", "ReceiptHandle": "h", "Body": text}]})),
        ("SNS in SQS", json!({"Messages": [{"MessageId": "m", "Body": topic.to_string()}]})),
        (
            "what Lambda gets of SQS",
            json!({"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": topic.to_string()}]}),
        ),
        ("what Lambda gets of SNS", json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": text}}]})),
        (
            "a search of OpenSearch",
            json!({"took": 1, "hits": {"total": {"value": 1}, "hits": [{"_index": "i", "_source": record}]}}),
        ),
        ("a log shipper", json!({"log": text, "stream": "stdout", "kubernetes": {"pod": "p"}})),
        ("Splunk", json!({"preview": false, "result": {"_raw": text}})),
        ("a text in a text", json!(json!(text).to_string())),
    ]
}

#[test]
fn events_and_findings_are_found_in_every_wrapping() {
    for (what, shape) in wrappings(&event("1")) {
        for text in [shape.to_string(), format!("{shape:#}")] {
            let (records, tally) = read::<Event>(text.as_bytes());
            assert!(tally.problems.is_empty(), "{what}: {:?}", tally.problems);
            assert!(!records.is_empty(), "{what}");
            assert_eq!(serde_json::from_str::<Value>(&records[0].text).unwrap(), event("1"), "{what}");
        }
    }
    for (what, shape) in wrappings(&finding()) {
        let (records, tally) = read::<Finding>(shape.to_string().as_bytes());
        assert!(tally.problems.is_empty(), "{what}: {:?}", tally.problems);
        assert!(!records.is_empty() && records[0].0["id"] == "f1", "{what}");
    }
}

#[test]
fn records_stand_in_a_row_in_every_way() {
    let (a, b) = (event("a"), event("b"));
    let log = |event: &Value| json!({"Records": [event]});
    let shapes = [
        ("log files in a row", format!("{}{}", log(&a), log(&b))),
        ("with blanks between", format!(" {} \r\n\t {}\r\n", log(&a), log(&b))),
        ("pretty", format!("{:#}\n{:#}\n", log(&a), log(&b))),
        ("pretty events", format!("{a:#}\n{b:#}")),
        ("pretty, in a row", format!("{a:#}{b:#}")),
        ("a list a line", format!("[{a}]\n[{b}]\n")),
        ("lists of pretty events", format!("{:#}\n{:#}", json!([a]), json!([b]))),
        ("a list that lost its brackets", format!("{a},\n{b},\n")),
        ("a text a line", format!("{}\n{}", json!(a.to_string()), json!(b.to_string()))),
        ("--output text of a list of texts", format!("{a}\t{b}\n")),
        (
            "--output text",
            format!(
                "EVENTS\tAKIA\t{a}\t1\tListUsers\tfalse\tada\nRESOURCES\tAWS::IAM::User\tada\nEVENTS\tAKIA\t{b}\t2\nNEXTTOKEN\tx\n"
            ),
        ),
        ("aws logs tail", format!("2026-11-20T10:00:00+00:00 stream {a}\n2026-11-20T10:00:00+00:00 stream {b}\n")),
        ("a log of Kubernetes", format!("2026-11-20T10:00:00Z stdout F {a}\n2026-11-20T10:00:00Z stdout F {b}\n")),
        ("--query Events[].[Username, CloudTrailEvent]", json!([["ada", a.to_string()], [b.to_string(), 7]]).to_string()),
        ("files with byte order marks in a row", format!("\u{feff}{a:#}\n\u{feff}{b:#}")),
        ("RFC 7464", format!("\u{1e}{a}\n\u{1e}{b}\n")),
    ];
    for (what, text) in shapes {
        let (records, tally) = read::<Event>(text.as_bytes());
        assert_eq!(tally.problems, Vec::<String>::new(), "{what}");
        assert_eq!(records.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), ["a", "b"], "{what}");
    }
}

#[test]
fn of_what_is_broken_the_whole_records_are_read_and_the_rest_is_named() {
    let ids = ["a", "b", "c"].map(event);
    let [a, b, c] = &ids;
    let cut = &a.to_string()[..90];
    let shapes = [
        ("a log file that is cut", format!("{{\"Records\": [{a},{b},{cut}"), vec!["a", "b"], "cut off"),
        ("a cut line among lines", format!("{a}\n{cut}\n{c}\n"), vec!["a", "c"], "line 2"),
        ("a cut line of several", format!("{a}\n{{\"eventID\": \n{b}\n{{\"eventID\": [\n{c}"), vec!["a", "b", "c"], "line 2"),
        ("a first line that is none", format!("nonsense\n{b}\n"), vec!["b"], "is not JSON"),
        (
            "a cut log file before a whole one",
            format!("{{\"Records\":[{a},{cut}{{\"Records\":[{c}]}}"),
            vec!["a", "c"],
            "not JSON from byte",
        ),
        ("pretty, the first one cut", format!("{}\n{c:#}\n", &format!("{a:#}")[..150]), vec!["c"], "not JSON from line"),
        (
            "a missing comma",
            format!("{{\"Records\": [\n    {a}\n    {b},\n    {c}\n  ]\n}}\n"),
            vec!["a", "b", "c"],
            "not JSON from line 3",
        ),
        (
            "a damaged element",
            format!("{{\"Records\": [\n {a},\n {{\"eventID\": oops oops}},\n {c}\n]}}\n"),
            vec!["a", "c"],
            "not JSON from line 3",
        ),
        (
            "a word that is none",
            format!("[{a}, {{\"eventName\": \"A\", \"eventTime\": oops}}, {c}]"),
            vec!["a", "c"],
            "[1] is not JSON",
        ),
        (
            "a line that is none behind a broken one",
            format!("{a}\n{cut}\n{b}\nnonsense\n{c}\n"),
            vec!["a", "b", "c"],
            "line 4 is not JSON",
        ),
        ("bytes behind", format!("{{\"Records\": [{a}]}} -- end of file --"), vec!["a"], "is not JSON"),
        (
            "one of another kind",
            format!("{{\"Records\": [{a}, 7, {{\"x\": 1}}, {c}]}}"),
            vec!["a", "c"],
            "Records[1] is not an event but a number",
        ),
        (
            "an event without a time",
            format!("[{a}, {{\"eventName\": \"x\"}}]"),
            vec!["a"],
            "[1] is not an event: it has no eventTime",
        ),
        (
            "a message that is none",
            json!({"events": [{"message": a.to_string()}, {"message": "START RequestId"}]}).to_string(),
            vec!["a"],
            "events[1] is not an event",
        ),
        (
            "a cut text",
            json!({"Events": [{"CloudTrailEvent": a.to_string()}, {"CloudTrailEvent": cut}]}).to_string(),
            vec!["a"],
            "Events[1].CloudTrailEvent is cut off",
        ),
    ];
    for (what, text, wanted, said) in shapes {
        let (records, tally) = read::<Event>(text.as_bytes());
        assert_eq!(records.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), wanted, "{what}: {:?}", tally.problems);
        assert!(tally.problems.iter().any(|problem| problem.contains(said)), "{what}: {:?}", tally.problems);
    }
}

#[test]
fn what_is_something_else_is_named_for_what_it_is() {
    let asff = json!({"SchemaVersion": "2018-10-08", "Id": "x", "ProductArn": "arn", "GeneratorId": "g", "Types": ["t"], "Severity": {"Label": "LOW"}});
    let others = [
        (json!({"awsAccountId": "1", "digestStartTime": "a", "digestEndTime": "b", "logFiles": []}), "CloudTrail digests"),
        (json!({"Findings": [asff]}), "findings in Security Hub's form (ASFF)"),
        (json!({"source": "aws.securityhub", "detail": {"findings": [asff]}}), "findings in Security Hub's form (ASFF)"),
        (json!({"FindingIds": ["a", "b"]}), "lists of finding ids"),
        (
            json!({"messageType": "CONTROL_MESSAGE", "logEvents": [{"message": "CWL CONTROL MESSAGE"}]}),
            "control messages of CloudWatch Logs",
        ),
        (
            json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": "2026-01-01T00:00:00Z"}]}),
            "notifications of S3",
        ),
        (json!({"fileVersion": "1.0", "configSnapshotId": "c", "configurationItems": []}), "configuration items of AWS Config"),
    ];
    for (other, name) in others {
        let text = other.to_string();
        let (events, of_events) = (read::<Event>(text.as_bytes()), read::<Finding>(text.as_bytes()).1);
        assert!(events.0.is_empty() && events.1.problems.is_empty(), "{text}: {:?}", events.1.problems);
        assert_eq!(events.1.foreign.get(name), Some(&1), "{text}");
        assert_eq!(of_events.foreign.get(name), Some(&1), "{text}");
    }
    assert_eq!(read::<Finding>(event("1").to_string().as_bytes()).1.foreign["CloudTrail events"], 1);
    assert_eq!(read::<Event>(finding().to_string().as_bytes()).1.foreign["GuardDuty findings"], 1);
    for empty in ["{\"Records\": []}", "[]", "{\"findings\":[]}", "{\"Events\": [ ], \"NextToken\": \"x\"}"] {
        let tally = read::<Event>(empty.as_bytes()).1;
        assert_eq!((tally.empty, tally.broken), (1, 0), "{empty}");
    }
}

#[test]
fn nothing_is_held_up_or_used_up() {
    let mut nested = event("1").to_string();
    for _ in 0..20 {
        nested = json!({"Message": nested}).to_string();
        if nested.len() > 1 << 20 {
            break;
        }
    }
    let (_, tally) = read::<Event>(nested.as_bytes());
    assert!(tally.broken <= 1);
    let wrapped = format!("{}{}{}", "{\"detail\":".repeat(80), event("1"), "}".repeat(80));
    assert!(read::<Event>(wrapped.as_bytes()).1.problems[0].contains("more than 64 wrappings deep"));
    let open = "[".repeat(300);
    assert!(read::<Event>(open.as_bytes()).1.problems[0].contains("more than 256 brackets are open"));
    let deep = format!("{{\"eventName\":\"A\",\"eventTime\":1,\"x\":{}{}}}", "[".repeat(200), "]".repeat(200));
    assert!(read::<Event>(deep.as_bytes()).1.problems[0].contains("nested more than 128 deep"));
    let members: String = (0..10_001).map(|n| format!("\"{n}\":1,")).collect();
    assert!(read::<Event>(format!("{{{members}\"x\":1}}").as_bytes()).1.problems[0].contains("more than 10000 members"));
    let bomb = json!({"awslogs": {"data": STANDARD.encode(gzip(&vec![b' '; 2 << 20]))}}).to_string();
    assert!(read::<Event>(bomb.as_bytes()).1.problems[0].contains("unpacks to more than 1 MiB"));
    let many = "nonsense\n".repeat(100_000);
    let (_, tally) = read::<Event>(many.as_bytes());
    assert_eq!((tally.broken, tally.problems.len()), (100_000, 5));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
fn what_a_folder_holds_is_read_or_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| std::fs::write(folder.path().join(name), content).unwrap();
    let text = event("1").to_string();
    for name in ["PUT-S3-1-2026-11-20", "a.log", "b.txt", "c.JSON"] {
        write(name, text.replace("\"1\"", &format!("\"{name}\"")).as_bytes());
    }
    write("again.gz", &gzip(text.replace("\"1\"", "\"a.log\"").as_bytes()));
    write("utf16.json", &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    write("LICENSE", b"Permission is hereby granted, free of charge, to any person {obtaining} a copy\n");
    write("README.md", b"[![build](x)](y)\n\n```\n{\"eventName\": 1}\n```\n");
    write("flow.log.gz", &gzip(b"version account-id interface-id\n2 1 eni-1\n"));
    write("photo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    write("._a.json", b"\0\x05\x16\x07\0\x02");
    write("digest.json", br#"{"digestStartTime": "a", "digestEndTime": "b"}"#);
    write("archive.zip", b"PK\x03\x04rest");
    write("console.csv", b"User name,AWS access key,Event time,Event source,Event name\nada,,2026,iam,ListUsers\n");
    write("events.yaml", b"Events:\n- CloudTrailEvent: '{}'\n");
    write("table.txt", b"----------------\n|  LookupEvents |\n");
    write("error.json", b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>");
    write("empty.json", b"");
    write(".gitkeep", b"");
    std::os::unix::fs::symlink(folder.path().join("nowhere"), folder.path().join("gone.json")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("a.log"), folder.path().join("link.log")).unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("round")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, folder.path().join("pipe.json"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let loaded = events(folder.path());
    let mut ids: Vec<&str> = loaded.records.iter().map(|event| event.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["1", "PUT-S3-1-2026-11-20", "a.log", "b.txt", "c.JSON"]);
    assert_eq!(loaded.repeated, 2, "again.gz and link.log");
    let others: Vec<(&str, usize)> = loaded.others.iter().map(|(name, others)| (*name, others.count)).collect();
    let wanted = [
        ("CloudTrail digests", 1),
        ("empty files", 1),
        ("files without JSON", 5),
        ("links to folders, which are not followed", 1),
    ];
    assert_eq!(others, wanted);
    let said: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    let named = [
        ("archive.zip", "zip archive"),
        ("console.csv", "CSV"),
        ("events.yaml", "YAML"),
        ("table.txt", "table"),
        ("error.json", "XML"),
        ("empty.json", "is empty"),
        ("gone.json", "No such file"),
        ("pipe.json", "is a pipe"),
    ];
    for (name, what) in named {
        assert!(said.iter().any(|line| line.contains(name) && line.contains(what)), "{name}: {said:#?}");
    }
    assert_eq!((said.len(), loaded.broken), (named.len(), named.len()), "{said:#?}");
    assert!(!events(&folder.path().join("README.md")).problems.is_empty(), "a file that was asked for holds events or is named");
    assert_eq!(findings(&folder.path().join("a.log")).others["CloudTrail events"].count, 1);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read::<Event>(&bytes);
        let _ = super::unpack::unpack(bytes, 1 << 16);
    }

    #[test]
    fn no_json_makes_it_panic_and_none_is_passed_over(value in any_json()) {
        let (events, tally) = read::<Event>(value.to_string().as_bytes());
        prop_assert!(events.len() + tally.broken + tally.foreign.len() + tally.empty > 0);
    }

    #[test]
    fn no_cut_loses_an_event_that_is_whole(count in 1_usize..6, cut in 0.0..1.0, pretty in any::<bool>()) {
        let all: Vec<Value> = (0..count).map(|n| event(&format!("id-{n}"))).collect();
        let log = json!({"Records": all});
        let text = if pretty { format!("{log:#}") } else { log.to_string() };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "an offset in the text")]
        let cut = (text.len() as f64 * cut) as usize;
        let text = &text[..cut];
        let whole = (0..count).filter(|n| {
            let mark = format!("\"id-{n}\"");
            let next = format!("\"id-{}\"", n + 1);
            text.contains(&mark) && (text.contains(&next) || text.trim_end().ends_with(['}', ',', ']']) && event_ends(text, &mark))
        }).count();
        let (events, tally) = read::<Event>(text.as_bytes());
        prop_assert!(events.len() >= whole, "{} of {whole}: {text}", events.len());
        prop_assert!(text.trim().is_empty() || tally.broken > 0);
    }
}

/// Whether the event with a mark is whole in a text that is cut.
fn event_ends(text: &str, mark: &str) -> bool {
    let behind = text.split(mark).nth(1).unwrap_or_default();
    behind.contains("requestParameters") && behind.matches('}').count() >= 3
}
