//! `GetFindingsStatistics`: how many findings there are of each severity, type, account, resource or day.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::criteria::{self, Criteria};
use super::made::Apart;
use super::{Detector, invalid, max_results};
use crate::emulator::wire::error::ServiceError;

/// What one group counts.
#[derive(Debug, Clone)]
struct Group {
    members: Map<String, Value>,
    total: u64,
    latest: i64,
}

/// `GetFindingsStatistics`: either the old `findingStatisticTypes` or `groupBy`, not both.
pub(super) fn get(detector: &Detector, body: &Value) -> Result<Value, ServiceError> {
    let criteria = Criteria::parse(body.get("findingCriteria")).map_err(|part| invalid(&format!("findingCriteria ({part})")))?;
    let types = body.get("findingStatisticTypes").and_then(Value::as_array).filter(|types| !types.is_empty());
    let by = body.get("groupBy").and_then(Value::as_str);
    let apart = match by {
        Some("DATE") => Apart::Days,
        Some("RESOURCE") => Apart::All,
        _ => Apart::Kinds,
    };
    let findings = all(detector, &criteria, apart);
    match (types, by) {
        (Some(types), None) if types.iter().all(|kind| kind == "COUNT_BY_SEVERITY") => {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            for (finding, times) in &findings {
                let severity = finding.get("severity").and_then(Value::as_f64).unwrap_or_default();
                *counts.entry(format!("{severity:.1}")).or_default() += times;
            }
            Ok(json!({"findingStatistics": {"countBySeverity": counts}}))
        }
        (None, Some(by)) => grouped(&findings, by, body),
        _ => Err(invalid("groupBy")),
    }
}

/// All findings that are wanted, each with the number of findings it stands for.
fn all(detector: &Detector, criteria: &Criteria, apart: Apart) -> Vec<(Value, u64)> {
    let held = detector.findings.iter().filter(|finding| criteria.admits(finding)).map(|finding| (finding.clone(), 1));
    held.chain(detector.made.iter().flat_map(|made| made.tally(criteria, apart))).collect()
}

fn grouped(findings: &[(Value, u64)], by: &str, body: &Value) -> Result<Value, ServiceError> {
    let name = match by {
        "ACCOUNT" => "groupedByAccount",
        "DATE" => "groupedByDate",
        "FINDING_TYPE" => "groupedByFindingType",
        "RESOURCE" => "groupedByResource",
        "SEVERITY" => "groupedBySeverity",
        _ => return Err(invalid("groupBy")),
    };
    let ascending = match body.get("orderBy").and_then(Value::as_str) {
        Some("ASC") => true,
        None | Some("DESC") => false,
        Some(_) => return Err(invalid("orderBy")),
    };
    let most = max_results(body, 100, 25)?;
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for (finding, times) in findings {
        let members = members(finding, by);
        let updated = time(finding, "updatedAt");
        let key = Value::Object(members.clone()).to_string();
        let group = groups.entry(key).or_insert(Group { members, total: 0, latest: updated });
        group.total += times;
        group.latest = group.latest.max(updated);
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by(|one, other| if ascending { one.total.cmp(&other.total) } else { other.total.cmp(&one.total) });
    groups.truncate(most);
    let rows: Vec<Value> = groups.into_iter().map(Group::row).collect();
    Ok(json!({"findingStatistics": {name: rows}}))
}

impl Group {
    fn row(self) -> Value {
        let mut row = self.members;
        row.insert("totalFindings".into(), self.total.into());
        row.insert("lastGeneratedAt".into(), self.latest.into());
        Value::Object(row)
    }
}

/// The members that make the groups.
fn members(finding: &Value, by: &str) -> Map<String, Value> {
    let text = |name: &str| finding.get(name).cloned().unwrap_or_default();
    let severity = json!(finding.get("severity").and_then(Value::as_f64).unwrap_or_default());
    let members = match by {
        "ACCOUNT" => vec![("accountId", text("accountId"))],
        "FINDING_TYPE" => vec![("findingType", text("type"))],
        "SEVERITY" => vec![("severity", severity)],
        "DATE" => vec![("date", day(time(finding, "updatedAt")).into()), ("severity", severity)],
        _ => vec![
            ("accountId", text("accountId")),
            ("resourceId", resource_id(finding).into()),
            ("resourceType", finding.pointer("/resource/resourceType").cloned().unwrap_or_default()),
        ],
    };
    members.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The name of what a finding is about.
fn resource_id(finding: &Value) -> String {
    const PATHS: [&str; 6] = [
        "resource.instanceDetails.instanceId",
        "resource.accessKeyDetails.accessKeyId",
        "resource.s3BucketDetails.name",
        "resource.eksClusterDetails.name",
        "resource.rdsDbInstanceDetails.dbInstanceIdentifier",
        "service.detection.sequence.uid",
    ];
    let first = |path: &&str| criteria::values(finding, path).first().map(criteria::text);
    PATHS.iter().find_map(first).unwrap_or_default()
}

/// A time of a finding, in epoch seconds.
fn time(finding: &Value, name: &str) -> i64 {
    let text = finding.get(name).and_then(Value::as_str).unwrap_or_default();
    text.parse::<Timestamp>().map(Timestamp::as_second).unwrap_or_default()
}

/// The beginning of the day of a time, in epoch seconds.
fn day(seconds: i64) -> i64 {
    seconds - seconds.rem_euclid(86_400)
}
