//! The stories that fill an account. Each is the same in every run: it depends on the seed and on the time at which it ends.

mod bastions;
mod cast;
mod daily;
mod findings;
mod huge;
mod incident;
mod people;
mod quiet;
mod sequence;
mod story;
mod troubles;

use jiff::Timestamp;
use thiserror::Error;

use super::account::Account;
use super::fault::Rule;
use super::svc::cloudtrail::Trail;

/// The stories, in the order in which help shows them; the first is the default.
pub const NAMES: [&str; 5] = ["incident", "quiet", "huge", "denied", "flaky"];

/// A filled account and the faults that belong to its story.
#[derive(Debug)]
pub struct Scene {
    /// The account.
    pub account: Account,
    /// Bad days of the story.
    pub faults: Vec<Rule>,
}

/// There is no such story.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no scenario '{0}'; there are {all}", all = NAMES.join(", "))]
pub struct UnknownScenario(pub String);

/// Tells a story, ending at `now`.
pub fn build(name: &str, seed: u64, now: Timestamp) -> Result<Scene, UnknownScenario> {
    match name {
        "incident" => Ok(incident::build(seed, now)),
        "quiet" => Ok(quiet::build(seed, now)),
        "huge" => Ok(huge::build(seed, now)),
        "denied" => Ok(Scene { faults: troubles::denied(), ..incident::build(seed, now) }),
        "flaky" => Ok(Scene { faults: troubles::flaky(), ..incident::build(seed, now) }),
        _ => Err(UnknownScenario(name.to_owned())),
    }
}

/// The trail that every story has.
fn trail(now: Timestamp) -> Trail {
    Trail {
        name: "organization-trail".into(),
        home: cast::HOME.into(),
        bucket: "acme-cloudtrail-logs".into(),
        multi_region: true,
        logging: true,
        started: cast::days(now, 900),
        stopped: None,
    }
}
