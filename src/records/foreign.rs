//! Names what is whole but something else: files of AWS's that lie beside records, and other services' findings.

use super::reader::{Object, Record as _};
use super::{Event, Finding};

/// What an object is, in the plural, if it is known and neither a record nor the wrapping of one.
pub(super) fn name(object: &Object<'_>) -> Option<&'static str> {
    let has = |names: &[&str]| names.iter().all(|name| object.has(name));
    let is = |name: &str, value: &str| object.text(name).is_some_and(|text| text == value);
    Some(match () {
        () if has(&["digestStartTime", "digestEndTime"]) => "CloudTrail digests",
        () if object.has_either("productArn", "ProductArn") && object.has_either("generatorId", "GeneratorId") => {
            "findings in Security Hub's form (ASFF)"
        }
        () if has(&["class_uid", "metadata"]) => "records in Security Lake's form (OCSF)",
        () if Event::is_one(object) => "CloudTrail events",
        () if Finding::is_one(object) => "GuardDuty findings",
        () if object.has("classificationDetails") || object.has("policyDetails") => "findings of Macie",
        () if has(&["findingArn", "severity"]) => "findings of Inspector",
        () if object.has_either("findingIds", "FindingIds") => "lists of finding ids",
        () if has(&["configurationItemVersion"]) || has(&["configSnapshotId"]) => "configuration items of AWS Config",
        () if is("messageType", "CONTROL_MESSAGE") => "control messages of CloudWatch Logs",
        () if is("eventSource", "aws:s3") || is("Event", "s3:TestEvent") => "notifications of S3",
        () if is("Type", "SubscriptionConfirmation") || is("Type", "UnsubscribeConfirmation") => "confirmations of SNS",
        () => return None,
    })
}
