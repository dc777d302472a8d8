//! The decoders on real records: every event and every finding of the data folder beside the project.

use std::path::{Path, PathBuf};

use bartizan::domain::detail::Leaves;
use bartizan::domain::evidence::Evidence;
use bartizan::domain::{event, finding};
use serde_json::Value;

use crate::needs::left_out_everywhere;

/// The files of a folder of real records, or none with a message.
fn data_files(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(folder);
    let Ok(folders) = std::fs::read_dir(&root) else {
        left_out_everywhere(&format!("real records: {} is not here", root.display()));
        return Vec::new();
    };
    let files = folders.flatten().flat_map(|folder| std::fs::read_dir(folder.path()).into_iter().flatten().flatten());
    let wanted = files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|found| found == "json"));
    wanted.map(|path| (path.clone(), std::fs::read_to_string(&path).unwrap())).collect()
}

/// `Records`, a bare list, or one event.
pub(crate) fn real_events() -> Vec<Value> {
    let mut events = Vec::new();
    for (path, text) in data_files("cloudtrail") {
        match serde_json::from_str(&text) {
            Ok(Value::Array(list)) => events.extend(list),
            Ok(Value::Object(mut members)) => match members.remove("Records") {
                Some(Value::Array(list)) => events.extend(list),
                _ => events.push(Value::Object(members)),
            },
            _ => println!("not JSON, as one of them is on purpose: {}", path.display()),
        }
    }
    events
}

#[test]
fn every_real_event_is_read_and_none_of_its_values_is_lost() {
    let events = real_events();
    for value in &events {
        let event = event::decode(value, Evidence::one(&value.to_string())).unwrap_or_else(|| panic!("no time: {value}"));
        assert!(!event.name.is_empty() && !event.source.is_empty() && !event.id.is_empty(), "{value}");
        assert!(!event.actor.is_empty() && event.actor.raw() != "unknown" && !event.account.is_empty(), "{value}");
        assert_eq!(event.origin.is_empty(), value["sourceIPAddress"].is_null(), "{value}");
        let shown: usize = event::detail(&value.to_string()).iter().map(|section| section.fields.len()).sum();
        assert_eq!(shown, Leaves::of(value).len());
    }
    println!("{} events", events.len());
    assert!(events.is_empty() || events.len() >= 2914, "{}", events.len());
}

#[test]
fn every_real_finding_is_read_and_none_of_its_values_is_lost() {
    let files = data_files("guardduty");
    for (path, text) in &files {
        let value: Value = serde_json::from_str(text).unwrap();
        let finding = finding::decode(&value, Evidence::one(text));
        assert!(!finding.key.id.is_empty() && !finding.key.account.is_empty() && !finding.key.region.is_empty(), "{path:?}");
        assert!(
            finding.severity.is_some_and(|severity| severity.0 >= 1.0) && !finding.kind.is_empty() && !finding.title.is_empty(),
            "{path:?}"
        );
        assert!(finding.updated.is_some() && finding.first_seen.is_some() && finding.count.is_some(), "{path:?}");
        assert!(!finding.resource.is_empty() && !finding.resource_type.is_empty(), "{path:?}");
        let shown: usize = finding::detail(text).iter().map(|section| section.fields.len()).sum();
        assert!(shown >= Leaves::of(&value).len(), "{path:?}");
    }
    assert!(files.is_empty() || files.len() == 18, "{}", files.len());
}
