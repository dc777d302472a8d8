//! The stories that fill an account.

use jiff::Timestamp;
use thiserror::Error;

use super::account::Account;
use super::fault::Rule;

mod quiet;

/// The stories, in the order in which help shows them.
pub const NAMES: [&str; 1] = ["quiet"];

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
        "quiet" => Ok(quiet::build(seed, now)),
        _ => Err(UnknownScenario(name.to_owned())),
    }
}
