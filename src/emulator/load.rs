//! Puts real records into a world: what [`crate::records`] found in files.
//!
//! Nothing is changed that can be left as it is: the times stay, so event history loses its limit of 90 days, and an event goes
//! out with the very members that it came with.
//!
//! ```no_run
//! # use bartizan::{emulator::{Account, load}, records};
//! # let mut account = Account::empty("123456789012", 1);
//! let events = records::events("logs".as_ref());
//! load::hold_events(&mut account, &events.records);
//! ```

use serde_json::Value;

use super::account::Account;
use super::svc::cloudtrail::{History, Record};
use super::svc::guardduty::Detector;
use super::svc::guardduty::build::hex;
use crate::records::Event;

/// Makes events the whole event history of an account, each in its own region.
pub fn hold_events(account: &mut Account, events: &[Event]) {
    let record = |event: &Event| Some(Record { text: event.text.clone(), ..Record::from_event(&event.value())? });
    account.cloudtrail.history = History::held(events.iter().filter_map(record).collect());
    account.cloudtrail.reach = None;
}

/// Makes findings the only findings of an account, each in its own region. A region that has no detector gets one.
pub fn hold_findings(account: &mut Account, findings: Vec<Value>) {
    for detector in account.guardduty.detectors.values_mut() {
        detector.findings.clear();
        detector.made = None;
    }
    for finding in findings {
        let text = |pointer: &str| finding.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let region = text("/region");
        let created = text("/createdAt").parse().unwrap_or_default();
        let known = Some(text("/service/detectorId")).filter(|id| !id.is_empty());
        let detector = account.guardduty.detectors.entry(region.clone()).or_insert_with(|| {
            // The detector under which AWS found it, where the finding says.
            Detector::new(known.unwrap_or_else(|| hex(&region)), created)
        });
        detector.findings.push(finding);
    }
}
