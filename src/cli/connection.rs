//! From the command line to a session: the user's own AWS configuration, or the embedded AWS of `--demo`.

use std::sync::{Arc, OnceLock};

use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::arguments::ConnectionArguments;
use super::passphrase::Person;
use super::second_factor;
use crate::aws::fault;
use crate::aws::observe::Observer;
use crate::aws::second_factor::SecondFactor;
use crate::aws::session::{self, Clock, Connect};
use crate::domain::fault::{Fault, FaultKind};
use crate::emulator::{Options, World, agent, in_process, listen, scenario};
use crate::runtime::{Allow, Connected};

/// Regions that the demo shows when none is asked for: the story of `incident` happens in both.
const DEMO_REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// What a session is made from. Making it costs nothing: the account is configured when the session is asked for.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    profile: Option<String>,
    regions: Vec<String>,
    endpoint_url: Option<String>,
    demo: Option<String>,
    speed: f64,
    /// Who gives codes of MFA devices.
    factor: SecondFactor,
    /// The demo's world, once it is made: a session made anew finds it as the last one left it.
    world: Arc<OnceLock<Arc<World>>>,
}

impl Plan {
    /// The plan of this command line; `regions` are those in effect, from the command line or `config.toml`. `person`: who is asked for
    /// codes of MFA devices; at the terminal at once, where a device is named.
    ///
    /// # Errors
    /// There is no such scenario, or the code of the MFA device could not be had.
    pub(super) fn new(arguments: &ConnectionArguments, regions: &[String], person: Person) -> Result<Self, Failure> {
        if let Some(name) = &arguments.demo
            && !scenario::NAMES.contains(&name.as_str())
        {
            return Err(Failure::Usage(scenario::UnknownScenario(name.clone()).to_string()));
        }
        Ok(Self {
            profile: arguments.profile.clone(),
            regions: regions.to_vec(),
            endpoint_url: arguments.endpoint_url.clone(),
            demo: arguments.demo.clone(),
            speed: arguments.speed.unwrap_or(1.0),
            factor: second_factor::source(arguments.mfa_serial.as_deref(), person)?,
            world: Arc::default(),
        })
    }

    /// Who gives codes of MFA devices, and the sessions made with them.
    pub(super) fn factor(&self) -> &SecondFactor {
        &self.factor
    }

    /// Makes the session.
    ///
    /// # Errors
    /// The configuration of AWS cannot be used.
    pub(super) async fn connect(self, observer: Observer) -> Result<Connected, Fault> {
        let Some(name) = self.demo.clone() else {
            let connect = Connect {
                profile: self.profile,
                regions: self.regions,
                endpoint_url: self.endpoint_url,
                factor: Some(self.factor),
                ..Connect::new(observer)
            };
            let clock = connect.clock.clone();
            return Ok(Connected { aws: session::connect(connect).await?, clock, demo: None, allow: None });
        };
        self.embedded(name, observer).await
    }

    async fn embedded(self, name: String, observer: Observer) -> Result<Connected, Fault> {
        let options = Options { speed: self.speed, ..Options::default() };
        let world = match self.world.get() {
            Some(world) => Arc::clone(world),
            None => {
                let world = World::from_scenario(&name, options)
                    .map_err(|error| fault::unsent(FaultKind::Configuration, error.to_string(), Clock::system().now()))?;
                Arc::clone(self.world.get_or_init(|| Arc::new(world)))
            }
        };
        let regions = if self.regions.is_empty() { DEMO_REGIONS.map(str::to_owned).to_vec() } else { self.regions };
        let clock = {
            let world = Arc::clone(&world);
            Clock::new(move || world.now())
        };
        let connect = Connect {
            regions,
            factor: Some(self.factor),
            http: Some(in_process::client(Arc::clone(&world))),
            clock: clock.clone(),
            speed: self.speed,
            ..Connect::new(observer)
        };
        Ok(Connected { aws: session::connect(connect).await?, clock, demo: Some(name), allow: Some(allow(world)) })
    }
}

/// Lets the world's agent run programs on this machine, behind web sockets on loopback; once for each world.
fn allow(world: Arc<World>) -> Allow {
    let served = Arc::new(tokio::sync::OnceCell::new());
    Arc::new(move || {
        let (world, served) = (Arc::clone(&world), Arc::clone(&served));
        async move {
            let serve = || async {
                world.account().agent.configure(agent::Options { allow: true, ..agent::Options::default() });
                let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
                // As long as the console: its token is never cancelled.
                listen::serve(address, Arc::clone(&world), CancellationToken::new()).await.map_err(|error| error.to_string())
            };
            served.get_or_try_init(serve).await.map(|_| ())
        }
        .boxed()
    })
}
