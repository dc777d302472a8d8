//! Real records in the embedded AWS: everything that is in the files comes out of the API, in the words in which it came in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_sdk_guardduty::types::FindingCriteria;
use bartizan::domain::event::{self, Outcome};
use bartizan::domain::evidence::Evidence;
use bartizan::emulator::load;
use bartizan::records;
use serde_json::Value;

use super::needs::left_out_everywhere;
use super::scenes::{cloudtrail, guardduty, scene};

/// The folder of real records; `None`, with a message, where it is absent.
fn data(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    left_out_everywhere(&format!("real records: {} is not here", path.display()));
    None
}

#[tokio::test]
async fn every_real_event_is_served_in_its_own_words() {
    let Some(folder) = data("cloudtrail") else { return };
    let loaded = records::events(&folder);
    assert_eq!(loaded.records.len(), 2_917, "three of them out of a list that lacks its commas");
    assert_eq!(loaded.repeated, 2, "one file is there plain and packed");
    assert_eq!(loaded.problems.len(), 1, "{:?}", loaded.problems);
    assert!(loaded.problems[0].to_string().contains("aws.execution.ec2-user-data.json"));

    let wanted: BTreeSet<(String, String)> =
        loaded.records.iter().map(|record| (record.id.clone(), record.text.clone())).collect();
    let regions: BTreeSet<String> = loaded.records.iter().map(|record| record.region.clone()).collect();
    let world = scene("quiet");
    load::hold_events(&mut world.account(), &loaded.records);
    let mut served = BTreeSet::new();
    for region in regions {
        let client = cloudtrail(&world, Box::leak(region.into_boxed_str()));
        let pages = client.lookup_events().into_paginator().items().send();
        for event in pages.collect::<Result<Vec<_>, _>>().await.unwrap() {
            assert!(event.event_time().is_some() && event.event_name().is_some());
            served.insert((event.event_id().unwrap().to_owned(), event.cloud_trail_event().unwrap().to_owned()));
        }
    }
    assert_eq!(served.len(), wanted.len());
    assert!(served == wanted);
}

#[tokio::test]
async fn every_real_finding_is_served() {
    let Some(folder) = data("guardduty") else { return };
    let loaded = records::findings(&folder);
    assert_eq!(loaded.records.len(), 18);
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);

    let wanted: BTreeSet<String> = loaded.records.iter().map(|finding| finding["id"].as_str().unwrap().to_owned()).collect();
    let world = scene("quiet");
    load::hold_findings(&mut world.account(), loaded.records);
    let regions: Vec<String> = world.account().guardduty.detectors.keys().cloned().collect();
    let mut served = BTreeSet::new();
    for region in regions {
        let client = guardduty(&world, Box::leak(region.into_boxed_str()));
        let detector = client.list_detectors().send().await.unwrap().detector_ids()[0].clone();
        let list = client.list_findings().detector_id(&detector).finding_criteria(FindingCriteria::builder().build());
        let ids = list.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
        if ids.is_empty() {
            continue;
        }
        let found = client.get_findings().detector_id(&detector).set_finding_ids(Some(ids)).send().await.unwrap();
        for finding in found.findings() {
            assert!(finding.service().unwrap().additional_info().unwrap().value().is_some());
            served.insert(finding.id().unwrap().to_owned());
        }
    }
    assert_eq!(served, wanted);
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let event = r#"{"eventID":"1","eventName":"A","eventTime":"2026-01-01T00:00:00Z","eventSource":"x.amazonaws.com","awsRegion":"us-east-1"}"#;
    write("good.json", &format!(r#"{{"Records":[{event}]}}"#));
    write("lines.jsonl", &format!("{event}\nnonsense\n{}\n", event.replace("\"1\"", "\"2\"")));
    write("half.json", "{\"Records\": [");
    write("broken.json.gz", "\u{1f}\u{8b}");
    write("README.md", "not a record");
    std::fs::create_dir(folder.path().join("deeper")).unwrap();
    write("deeper/empty.json", "");
    let loaded = records::events(folder.path());
    assert_eq!(loaded.records.len(), 2);
    assert_eq!((loaded.files, loaded.repeated), (5, 1));
    assert_eq!(loaded.others["files without JSON"].count, 1);
    let said: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    for name in ["lines.jsonl", "half.json", "broken.json.gz", "empty.json"] {
        assert!(said.iter().any(|line| line.contains(name)), "{name}: {said:?}");
    }
    assert_eq!(records::events(Path::new("/nonexistent/x.json")).problems.len(), 1);
    let value: Value = serde_json::from_str(&loaded.records[0].text).unwrap();
    assert_eq!(value["eventName"], "A");
}

#[tokio::test]
async fn a_sign_in_that_failed_has_no_error_code_and_is_a_failure() {
    let world = scene("incident");
    let client = cloudtrail(&world, "us-east-1");
    let attribute = LookupAttribute::builder().attribute_key(LookupAttributeKey::EventName).attribute_value("ConsoleLogin");
    let pages = client.lookup_events().lookup_attributes(attribute.build().unwrap()).into_paginator().items().send();
    let (mut failed, mut done) = (0, 0);
    for event in pages.collect::<Result<Vec<_>, _>>().await.unwrap() {
        let text = event.cloud_trail_event().unwrap();
        let record: Value = serde_json::from_str(text).unwrap();
        let event = event::decode(&record, Evidence::one(text)).unwrap();
        assert_eq!(record.get("errorCode"), None, "{text}");
        match record["responseElements"]["ConsoleLogin"].as_str() {
            Some("Failure") => {
                failed += 1;
                assert_eq!((event.outcome, event.error.unwrap().raw()), (Outcome::Failed, "Failed authentication"), "{text}");
            }
            Some("Success") => {
                done += 1;
                assert_eq!((event.outcome, event.error), (Outcome::Done, None), "{text}");
            }
            _ => panic!("{text}"),
        }
    }
    assert!(failed > 0 && done > 0, "{failed} failed, {done} done");
}
