//! Finds GuardDuty findings in JSON of any wrapping, and gives them the API's form.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::events::kind;
use super::{Loaded, schema};

/// Members that hold lists of findings.
const LISTS: [&str; 4] = ["Findings", "findings", "Records", "records"];

/// Takes the findings out of a value. What is none is said.
pub(super) fn collect(value: Value, findings: &mut Vec<Value>) -> Vec<String> {
    let mut problems = Vec::new();
    walk(value, "", findings, &mut problems);
    problems
}

fn walk(value: Value, at: &str, findings: &mut Vec<Value>, problems: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.into_iter().enumerate() {
                walk(item, &format!("{at}[{index}]"), findings, problems);
            }
        }
        Value::Object(members) => object(members, at, findings, problems),
        other => problems.push(format!("{at} is not a finding but {}", kind(&other))),
    }
}

fn object(mut members: Map<String, Value>, at: &str, findings: &mut Vec<Value>, problems: &mut Vec<String>) {
    for name in LISTS {
        if members.get(name).is_some_and(Value::is_array) {
            return walk(members.remove(name).unwrap_or_default(), &format!("{at}{name}"), findings, problems);
        }
    }
    if members.get("detail").is_some_and(Value::is_object) {
        return walk(members.remove("detail").unwrap_or_default(), &format!("{at}detail"), findings, problems);
    }
    match finding(Value::Object(members)) {
        Ok(finding) => findings.push(finding),
        Err(what) => problems.push(format!("{at} {what}")),
    }
}

fn finding(finding: Value) -> Result<Value, String> {
    let shouted = finding.get("Id").is_some() && finding.get("id").is_none();
    let finding = if shouted { schema::lowered(finding) } else { finding };
    let mut finding = schema::typed(finding);
    for required in ["id", "type"] {
        if finding.get(required).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(format!("is not a finding: it has no {required}"));
        }
    }
    if finding.get("severity").and_then(Value::as_f64).is_none() {
        return Err("is not a finding: its severity is not a number".into());
    }
    let part =
        |index: usize| finding.get("arn").and_then(Value::as_str).and_then(|arn| arn.split(':').nth(index)).map(str::to_owned);
    let (region, account) = (part(3), part(4));
    let time = finding.get("updatedAt").or_else(|| finding.get("createdAt")).cloned();
    if let Some(members) = finding.as_object_mut() {
        let mut fill = |name: &str, value: Option<Value>| {
            members.entry(name).or_insert_with(|| value.unwrap_or_else(|| "".into()));
        };
        fill("region", Some(region.unwrap_or_else(|| "us-east-1".into()).into()));
        fill("accountId", account.map(Value::from));
        fill("schemaVersion", Some("2.0".into()));
        fill("arn", None);
        fill("createdAt", time.clone());
        fill("updatedAt", time);
        fill("resource", Some(json!({})));
        let service = members.entry("service").or_insert_with(|| json!({}));
        if let Some(service) = service.as_object_mut() {
            service.entry("archived").or_insert(false.into());
        }
    }
    Ok(finding)
}

/// The same finding twice is one; of two states of a finding in one region the later stays, as GuardDuty would have it.
pub(super) fn without_repetitions(loaded: &mut Loaded<Value>) {
    let mut latest: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut kept: Vec<Value> = Vec::new();
    for finding in loaded.records.drain(..) {
        let text = |name: &str| finding.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let key = (text("region"), text("id"));
        match latest.get(&key).and_then(|at| kept.get_mut(*at)) {
            None => {
                latest.insert(key, kept.len());
                kept.push(finding);
            }
            Some(known) => {
                loaded.repeated += 1;
                if known.get("updatedAt").and_then(Value::as_str) < Some(text("updatedAt").as_str()) {
                    *known = finding;
                }
            }
        }
    }
    loaded.records = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_found_in_every_wrapping() {
        let camel = json!({"id": "f1", "type": "Recon:EC2/Portscan", "severity": 5, "region": "eu-west-1", "accountId": "1",
            "service": {"archived": false, "additionalInfo": {"sample": true}, "count": 1}});
        let shouted = json!({"Id": "f1", "Type": "Recon:EC2/Portscan", "Severity": 5.0, "Region": "eu-west-1", "AccountId": "1",
            "Service": {"Archived": false, "AdditionalInfo": {"Type": "default", "Value": "{\"sample\":true}"}, "Count": 1}});
        for shape in [
            camel.clone(),
            shouted.clone(),
            json!({"Findings": [shouted]}),
            json!([camel.clone()]),
            json!({"detail-type": "GuardDuty Finding", "detail": camel}),
        ] {
            let mut findings = Vec::new();
            assert_eq!(collect(shape.clone(), &mut findings), Vec::<String>::new(), "{shape}");
            assert_eq!(findings[0]["type"], "Recon:EC2/Portscan");
            let info = findings[0]["service"]["additionalInfo"]["value"].as_str().unwrap();
            assert_eq!(serde_json::from_str::<Value>(info).unwrap()["sample"], true);
        }
    }

    #[test]
    fn what_is_no_finding_is_said() {
        let mut findings = Vec::new();
        assert_eq!(collect(json!([{"id": "x"}, "y", {"id": "x", "type": "t", "severity": "high"}]), &mut findings).len(), 3);
        assert!(findings.is_empty());
    }
}
