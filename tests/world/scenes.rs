//! The scenarios of the embedded AWS, and the real SDK on them.

use std::sync::Arc;

use aws_smithy_types::retry::RetryConfig;
use bartizan::emulator::{Options, World, in_process};

use super::emulated::{administrator, noon};

/// A scenario that ends at noon. Its clock stands still, and event history answers as often as it is asked.
pub(crate) fn scene(name: &str) -> Arc<World> {
    crate::needs::has_to_end();
    let world = World::from_scenario(name, Options { start: Some(noon()), speed: 0.0, ..Options::default() }).unwrap();
    world.account().cloudtrail.rate = None;
    Arc::new(world)
}

macro_rules! client {
    ($name:ident, $sdk:ident) => {
        /// A client of a region, without retries, in process.
        pub(crate) fn $name(world: &Arc<World>, region: &'static str) -> $sdk::Client {
            let config = $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new(region))
                .credentials_provider(administrator(world))
                .http_client(in_process::client(Arc::clone(world)))
                .retry_config(RetryConfig::disabled())
                .build();
            $sdk::Client::from_conf(config)
        }
    };
}

client!(guardduty, aws_sdk_guardduty);
client!(cloudtrail, aws_sdk_cloudtrail);
client!(ssm, aws_sdk_ssm);
