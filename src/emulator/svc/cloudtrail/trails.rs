//! Trails: where events are delivered to, and whether they are.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use crate::emulator::svc::Call;
use crate::emulator::wire::error::ServiceError;

/// One trail.
#[derive(Debug, Clone)]
pub struct Trail {
    /// Its name.
    pub name: String,
    /// The region in which it was made.
    pub home: String,
    /// The bucket that it delivers to.
    pub bucket: String,
    /// Whether it is in every region.
    pub multi_region: bool,
    /// Whether it delivers.
    pub logging: bool,
    /// When it was started.
    pub started: Timestamp,
    /// When it was stopped last.
    pub stopped: Option<Timestamp>,
}

/// The input of `DescribeTrails`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Describe {
    trail_name_list: Option<Vec<String>>,
    include_shadow_trails: Option<bool>,
}

/// The input of `GetTrailStatus`.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    #[serde(rename = "Name")]
    name: Option<String>,
}

/// The input of `GetEventSelectors`.
#[derive(Debug, Deserialize)]
pub(super) struct OfTrail {
    #[serde(rename = "TrailName")]
    name: Option<String>,
}

impl Trail {
    fn arn(&self, account: &str) -> String {
        format!("arn:aws:cloudtrail:{}:{account}:trail/{}", self.home, self.name)
    }

    fn describe(&self, account: &str) -> Value {
        json!({
            "Name": self.name,
            "S3BucketName": self.bucket,
            "IncludeGlobalServiceEvents": true,
            "IsMultiRegionTrail": self.multi_region,
            "HomeRegion": self.home,
            "TrailARN": self.arn(account),
            "LogFileValidationEnabled": true,
            "HasCustomEventSelectors": false,
            "HasInsightSelectors": false,
            "IsOrganizationTrail": false,
        })
    }

    /// Whether it is seen in a region: at home, and as a shadow in the others where it is in every region.
    fn is_in(&self, region: &str, shadows: bool) -> bool {
        self.home == region || (self.multi_region && shadows)
    }
}

/// `DescribeTrails`.
pub(super) fn describe(state: &State, call: &Call, account: &str, request: &Describe) -> Value {
    let shadows = request.include_shadow_trails.unwrap_or(true);
    let named = request.trail_name_list.as_deref().filter(|names| !names.is_empty());
    let trails: Vec<Value> = state
        .trails
        .iter()
        .filter(|trail| trail.is_in(&call.region, shadows))
        .filter(|trail| named.is_none_or(|names| names.iter().any(|name| *name == trail.name || *name == trail.arn(account))))
        .map(|trail| trail.describe(account))
        .collect();
    json!({"trailList": trails})
}

/// `ListTrails`: those of every region.
pub(super) fn list(state: &State, account: &str) -> Value {
    let entry = |trail: &Trail| json!({"Name": trail.name, "HomeRegion": trail.home, "TrailARN": trail.arn(account)});
    json!({"Trails": state.trails.iter().map(entry).collect::<Vec<_>>()})
}

/// `GetTrailStatus`.
pub(super) fn status(state: &State, call: &Call, account: &str, request: &Named) -> Result<Value, ServiceError> {
    let trail = find(state, call, account, request.name.as_deref())?;
    let iso = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    // Trails deliver every five minutes or so, digests every hour; a stopped one did so last when it was stopped.
    let until = if trail.logging { call.now } else { trail.stopped.unwrap_or(call.now) };
    let delivered = until.saturating_sub(SignedDuration::from_secs(until.as_second().rem_euclid(300))).unwrap_or(until);
    let digest = until.saturating_sub(SignedDuration::from_secs(until.as_second().rem_euclid(3_600))).unwrap_or(until);
    let mut answer = json!({
        "IsLogging": trail.logging,
        "StartLoggingTime": trail.started.as_second(),
        "TimeLoggingStarted": iso(trail.started),
        "LatestDeliveryTime": delivered.as_second(),
        "LatestDeliveryAttemptTime": iso(delivered),
        "LatestDeliveryAttemptSucceeded": iso(delivered),
        "LatestDigestDeliveryTime": digest.as_second(),
        "LatestNotificationAttemptTime": "",
        "LatestNotificationAttemptSucceeded": "",
        "TimeLoggingStopped": trail.stopped.map(iso).unwrap_or_default(),
    });
    if let (Some(stopped), Some(answer)) = (trail.stopped, answer.as_object_mut()) {
        answer.insert("StopLoggingTime".into(), stopped.as_second().into());
    }
    Ok(answer)
}

/// `GetEventSelectors`: all management events, as a trail made by default.
pub(super) fn selectors(state: &State, call: &Call, account: &str, request: &OfTrail) -> Result<Value, ServiceError> {
    let trail = find(state, call, account, request.name.as_deref())?;
    Ok(json!({
        "TrailARN": trail.arn(account),
        "EventSelectors": [{
            "ReadWriteType": "All",
            "IncludeManagementEvents": true,
            "DataResources": [],
            "ExcludeManagementEventSources": [],
        }],
    }))
}

fn find<'a>(state: &'a State, call: &Call, account: &str, name: Option<&str>) -> Result<&'a Trail, ServiceError> {
    let name = name
        .filter(|name| name.len() >= 3)
        .ok_or_else(|| ServiceError::new(400, "InvalidTrailNameException", "Trail name must have a minimum of 3 characters."))?;
    let region = &call.region;
    state.trails.iter().find(|trail| trail.arn(account) == name || (trail.name == name && trail.is_in(region, false))).ok_or_else(
        || {
            let full = format!("arn:aws:cloudtrail:{region}:{account}:trail/{name}");
            let arn = if name.starts_with("arn:") { name } else { &full };
            ServiceError::new(400, "TrailNotFoundException", format!("Unknown trail: {arn} for the user: {account}"))
        },
    )
}
