//! CloudTrail: event history and trails, over awsJson1.1.
//!
//! An event belongs to one region (`awsRegion`); those of global services (IAM, STS, console sign-in) are in `us-east-1` alone.
//! Event history is what was recorded, or a large population that is computed when it is asked for ([`made`]).

pub mod build;
pub mod history;
mod lookup;
pub mod made;
mod own;
pub mod record;
mod resources;
mod trails;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

pub use history::History;
pub use own::{Doing, witness};
pub use record::Record;
pub use trails::Trail;

use crate::emulator::account::Account;
use crate::emulator::svc::Call;
use crate::emulator::wire::error::ServiceError;
use crate::emulator::wire::{Response, json};

/// Every operation that CloudTrail answers here.
pub const OPERATIONS: &[&str] = &["LookupEvents", "DescribeTrails", "ListTrails", "GetTrailStatus", "GetEventSelectors"];

/// What CloudTrail holds.
#[derive(Debug)]
pub struct State {
    /// The events.
    pub history: History,
    /// The trails.
    pub trails: Vec<Trail>,
    /// How far back `LookupEvents` sees; `None` is: as far as there are events. AWS: 90 days. Events that were loaded from
    /// files are older than that, and their times stay as they are: for them there is no limit.
    pub reach: Option<SignedDuration>,
    /// How many `LookupEvents` a second are answered in a region; `None` is: all. AWS: 2.
    pub rate: Option<u32>,
    /// How long it takes until what is done to this world is in its history; minutes in AWS.
    pub delay: SignedDuration,
    own: own::Own,
    /// What is left of the allowance of each region, and since when.
    allowance: BTreeMap<String, (f64, Timestamp)>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            history: History::default(),
            trails: Vec::new(),
            reach: Some(SignedDuration::from_hours(90 * 24)),
            rate: Some(2),
            delay: SignedDuration::from_secs(2),
            own: own::Own::default(),
            allowance: BTreeMap::new(),
        }
    }
}

impl State {
    /// Takes one request from a region's allowance: a bucket of `rate` that is refilled `rate` times a second.
    fn allow(&mut self, region: &str, wall: Timestamp) -> bool {
        let Some(rate) = self.rate.map(f64::from) else { return true };
        let (left, since) = self.allowance.entry(region.to_owned()).or_insert((rate, wall));
        let elapsed = wall.duration_since(*since).as_secs_f64().max(0.0);
        *left = (*left + elapsed * rate).min(rate);
        *since = wall;
        let allowed = *left >= 1.0;
        if allowed {
            *left -= 1.0;
        }
        allowed
    }
}

/// Answers one call.
pub fn call(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let state = &mut account.cloudtrail;
    let answer = match call.operation.as_str() {
        "LookupEvents" => {
            if !state.allow(&call.region, call.wall) {
                return Err(ServiceError::throttled(call.service));
            }
            lookup::events(state, call, json::input(call)?)?
        }
        "DescribeTrails" => trails::describe(state, call, &account.id, &json::input(call)?),
        "ListTrails" => trails::list(state, &account.id),
        "GetTrailStatus" => trails::status(state, call, &account.id, &json::input(call)?)?,
        "GetEventSelectors" => trails::selectors(state, call, &account.id, &json::input(call)?)?,
        other => return Err(ServiceError::unknown_operation(call.service, other)),
    };
    json::result(call, &answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_requests_a_second() {
        let mut state = State::default();
        let start: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let after = |ms: i64| start + SignedDuration::from_millis(ms);
        assert!(state.allow("us-east-1", after(0)));
        assert!(state.allow("us-east-1", after(10)));
        assert!(!state.allow("us-east-1", after(20)));
        assert!(state.allow("eu-west-1", after(20)));
        assert!(state.allow("us-east-1", after(520)));
        assert!((0..20).all(|n| state.allow("us-east-1", after(2_000 + n * 500))));
    }
}
