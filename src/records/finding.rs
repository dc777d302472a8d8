//! GuardDuty findings, which get the API's form.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::event::parse;
use super::reader::{Object, Record};
use super::schema;
use crate::domain::json;

/// A finding in the API's form.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding(pub Value);

impl Record for Finding {
    const NAME: &'static str = "a finding";
    const MISSING: &'static str = "it has no id, type and severity";

    fn is_one(object: &Object<'_>) -> bool {
        let is_macie = object.has("classificationDetails") || object.has("policyDetails");
        let is_security_hub = object.has_either("productArn", "ProductArn");
        object.has_either("id", "Id")
            && object.has_either("type", "Type")
            && object.has_either("severity", "Severity")
            && !is_macie
            && !is_security_hub
    }

    fn read(json: &str) -> Result<Self, String> {
        finding(parse(json)?).map(Self)
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

/// The latest state of each finding.
#[derive(Debug, Default)]
pub(super) struct Latest {
    at: BTreeMap<(String, String, String), usize>,
    pub(super) findings: Vec<Value>,
    /// How many were there before.
    pub(super) repeated: usize,
}

impl Latest {
    /// The same finding twice is one; of two states of a finding in one account and region the later stays, as GuardDuty would have it.
    pub(super) fn take(&mut self, Finding(finding): Finding) {
        let text = |name: &str| finding.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let key = (text("accountId"), text("region"), text("id"));
        match self.at.get(&key).and_then(|at| self.findings.get_mut(*at)) {
            None => {
                self.at.insert(key, self.findings.len());
                self.findings.push(finding);
            }
            Some(known) => {
                self.repeated += 1;
                if moment(known) < moment(&finding) {
                    *known = finding;
                }
            }
        }
    }
}

/// When a finding was last updated. Times are compared as times: they are written with and without milliseconds.
fn moment(finding: &Value) -> Option<Timestamp> {
    json::time(finding, "updatedAt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_get_the_form_of_the_api() {
        let camel = json!({"id": "f1", "type": "Recon:EC2/Portscan", "severity": 5, "region": "eu-west-1", "accountId": "1",
            "service": {"archived": false, "additionalInfo": {"sample": true}, "count": 1}});
        let shouted = json!({"Id": "f1", "Type": "Recon:EC2/Portscan", "Severity": 5.0, "Region": "eu-west-1", "AccountId": "1",
            "Service": {"Archived": false, "AdditionalInfo": {"Type": "default", "Value": "{\"sample\":true}"}, "Count": 1}});
        for shape in [camel, shouted] {
            let Finding(finding) = Finding::read(&shape.to_string()).unwrap();
            assert_eq!(finding["type"], "Recon:EC2/Portscan");
            let info = finding["service"]["additionalInfo"]["value"].as_str().unwrap();
            assert_eq!(serde_json::from_str::<Value>(info).unwrap()["sample"], true);
        }
    }

    #[test]
    fn the_later_state_of_a_finding_stays() {
        let mut latest = Latest::default();
        for (updated, account) in
            [("2026-01-01T00:00:00.500Z", "1"), ("2026-01-01T00:00:00Z", "1"), ("2026-01-01T00:00:01Z", "1"), ("", "2")]
        {
            let finding =
                json!({"id": "f", "type": "T", "severity": 1, "region": "r", "accountId": account, "updatedAt": updated});
            latest.take(Finding::read(&finding.to_string()).unwrap());
        }
        assert_eq!((latest.findings.len(), latest.repeated), (2, 2));
        assert_eq!(latest.findings[0]["updatedAt"], "2026-01-01T00:00:01Z");
    }
}
