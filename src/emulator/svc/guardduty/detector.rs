//! Detectors, member accounts and the administrator.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::made::Made;
use super::{State, invalid};
use crate::emulator::svc::Call;
use crate::emulator::token;
use crate::emulator::wire::error::ServiceError;

/// The detector of one region.
#[derive(Debug)]
pub struct Detector {
    /// 32 hexadecimal digits.
    pub id: String,
    /// When GuardDuty was switched on.
    pub created: Timestamp,
    /// Findings in the API's form, in no particular order.
    pub findings: Vec<Value>,
    /// Findings that are made when asked for.
    pub made: Option<Made>,
}

/// An account whose findings this account sees.
#[derive(Debug, Clone)]
pub struct Member {
    /// Twelve digits.
    pub account: String,
    /// Its detector.
    pub detector: String,
    /// Its root's address.
    pub email: String,
    /// Since when.
    pub since: Timestamp,
}

/// The account that administers this one.
#[derive(Debug, Clone)]
pub struct Administrator {
    /// Twelve digits.
    pub account: String,
    /// Since when.
    pub since: Timestamp,
}

/// The features of a detector that is switched on.
const FEATURES: [(&str, bool); 9] = [
    ("CLOUD_TRAIL", true),
    ("DNS_LOGS", true),
    ("FLOW_LOGS", true),
    ("S3_DATA_EVENTS", true),
    ("EKS_AUDIT_LOGS", false),
    ("EBS_MALWARE_PROTECTION", true),
    ("RDS_LOGIN_EVENTS", true),
    ("LAMBDA_NETWORK_LOGS", false),
    ("RUNTIME_MONITORING", true),
];

impl Detector {
    /// A detector without findings.
    pub fn new(id: impl Into<String>, created: Timestamp) -> Self {
        Self { id: id.into(), created, findings: Vec::new(), made: None }
    }

    /// One finding by its id.
    pub fn finding(&self, id: &str) -> Option<Value> {
        let held = self.findings.iter().find(|finding| finding.get("id").and_then(Value::as_str) == Some(id));
        held.cloned().or_else(|| self.made.as_ref()?.by_id(id))
    }

    /// `GetDetector`.
    pub(super) fn describe(&self, account: &str) -> Value {
        let word = |on: bool| if on { "ENABLED" } else { "DISABLED" };
        let seconds = self.created.as_second();
        let features: Vec<Value> = FEATURES
            .iter()
            .map(|(name, on)| json!({"name": name, "status": word(*on), "updatedAt": seconds, "additionalConfiguration": []}))
            .collect();
        json!({
            "createdAt": iso(self.created),
            "updatedAt": iso(self.created),
            "findingPublishingFrequency": "FIFTEEN_MINUTES",
            "serviceRole": format!(
                "arn:aws:iam::{account}:role/aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty"
            ),
            "status": "ENABLED",
            "dataSources": {
                "cloudTrail": {"status": "ENABLED"},
                "dnsLogs": {"status": "ENABLED"},
                "flowLogs": {"status": "ENABLED"},
                "s3Logs": {"status": "ENABLED"},
                "kubernetes": {"auditLogs": {"status": "DISABLED"}},
                "malwareProtection": {"scanEc2InstanceWithFindings": {"ebsVolumes": {"status": "ENABLED"}}},
            },
            "features": features,
            "tags": {"managed-by": "terraform"},
        })
    }
}

/// `ListDetectors`.
pub(super) fn list(state: &State, call: &Call) -> Result<Value, ServiceError> {
    most(call)?;
    if call.query.get("nextToken").is_some_and(|token| !token.is_empty()) {
        return Err(invalid("nextToken"));
    }
    let ids: Vec<&str> = state.detectors.get(&call.region).map(|detector| detector.id.as_str()).into_iter().collect();
    Ok(json!({"detectorIds": ids, "nextToken": ""}))
}

/// `ListMembers`.
pub(super) fn members(state: &mut State, call: &Call, account: &str) -> Result<Value, ServiceError> {
    state.detector(call)?;
    let most = most(call)?;
    let from = match call.query.get("nextToken").filter(|token| !token.is_empty()) {
        Some(token) => token::open::<usize>(token, "ListMembers").ok_or_else(|| invalid("nextToken"))?,
        None => 0,
    };
    let page: Vec<Value> = state.members.iter().skip(from).take(most).map(|member| member.describe(account)).collect();
    let next = from + page.len();
    let token = if next < state.members.len() { token::seal(&next, "ListMembers") } else { String::new() };
    Ok(json!({"members": page, "nextToken": token}))
}

impl Member {
    fn describe(&self, administrator: &str) -> Value {
        json!({
            "accountId": self.account,
            "detectorId": self.detector,
            "masterId": administrator,
            "administratorId": administrator,
            "email": self.email,
            "relationshipStatus": "Enabled",
            "invitedAt": iso(self.since),
            "updatedAt": iso(self.since),
        })
    }
}

/// `GetAdministratorAccount`: an account that nobody administers gets an empty answer.
pub(super) fn administrator(state: &mut State, call: &Call) -> Result<Value, ServiceError> {
    state.detector(call)?;
    Ok(json!({"administrator": state.administrator.as_ref().map_or_else(|| json!({}), |administrator| json!({
        "accountId": administrator.account,
        "relationshipStatus": "Enabled",
        "invitedAt": iso(administrator.since),
    }))}))
}

/// `maxResults` of a query string.
fn most(call: &Call) -> Result<usize, ServiceError> {
    match call.query.get("maxResults") {
        None => Ok(50),
        Some(text) => text.parse().ok().filter(|n| (1..=50).contains(n)).ok_or_else(|| invalid("maxResults")),
    }
}

/// A time as findings and detectors write it.
pub(crate) fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
