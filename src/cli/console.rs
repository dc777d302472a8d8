//! `bartizan`: the console.

use std::sync::Arc;

use futures::FutureExt as _;

use super::arguments::{ConnectionArguments, ConsoleArguments};
use super::connection::Plan;
use super::passphrase::{self, Person};
use super::{Failure, audit, config, desk, host, keymap, theme};
use crate::app::door::Door;
use crate::app::{self, Startup};
use crate::audit::AuditLog;
use crate::aws::session::Clock;
use crate::config::Config;
use crate::kit::source::Weight;
use crate::kit::table::Limits;
use crate::runtime::{self, Connector, End, Gate, Launch, Tty};
use crate::secrets::asking;

/// Opens the console and runs it to its end.
pub(super) fn run(connection: &ConnectionArguments, console: &ConsoleArguments) -> Result<(), Failure> {
    let tty = Tty::find().map_err(|error| Failure::Usage(error.to_string()))?;
    let config = config::load(connection, console)?;
    let (asker, questions) = asking::channel();
    let plan = Plan::new(connection, &config.regions.value, Person::Console(asker.clone()))?;
    let factor = plan.factor().clone();
    let (keymap, keymap_problems) = keymap::effective(&config);
    let (look, theme_problems) = theme::effective(&config);
    let problems = keymap_problems.iter().chain(&theme_problems).filter(|problem| problem.weight > Weight::Note);
    let rules = config.accounts.iter().map(|rule| rule.value.clone()).collect();
    let log = audit_log(connection, console);
    let door = Door { rules, closed: log.as_ref().err().cloned(), ..Door::default() };
    let origin = if connection.demo.is_some() { "console, demo" } else { "console" };
    let passphrase = passphrase::source(Person::Console(asker));
    let rotations = desk::rotations(connection, log.clone(), origin, passphrase);
    let gate = Gate { log: log.ok(), rules: host::rules(&config, console), origin: origin.to_owned(), armed: None };
    let launch = Launch {
        model: app::Model::new(startup(connection, console, &config, door)),
        gate,
        rotations,
        questions,
        guard: config::guard(),
        // Who unlocks it shows the device again.
        forget: Arc::new(move || factor.forget()),
        keymap,
        look,
        warnings: problems.map(ToString::to_string).collect(),
        records: config.records.value,
        connector: connector(plan),
        report_idle: console.test_idle,
        break_read: breaks(console, false),
        break_loop: breaks(console, true),
    };
    match runtime::run(launch, &tty) {
        Ok(End::Quit) => Ok(()),
        Ok(End::Closed) => Err(Failure::Signal(HANGUP)),
        Ok(End::Signal(number)) => Err(Failure::Signal(number)),
        Err(error) => Err(Failure::Job(format!("the console could not start: {error}"))),
    }
}

fn startup(connection: &ConnectionArguments, console: &ConsoleArguments, config: &Config, door: Door) -> Startup {
    Startup {
        pane: config.pane.value,
        query: console.query.clone(),
        regions: config.regions.value.clone(),
        profile: connection.profile.clone(),
        endpoint: connection.endpoint_url.clone(),
        demo: connection.demo.clone(),
        door,
        presets: config.forwards.value.clone(),
        asks_reason: config.asks_reason.value,
        lock_after: config.lock_after.value,
        rotation: crate::panes::keys::Defaults {
            store: config.store.value.clone(),
            soak: config.soak.value,
            observe: config.observe.value,
        },
        limits: Limits { key_age: config.key_age_limit.value },
        now: Clock::system().now(),
    }
}

/// Where changes are written down, or why there can be none.
fn audit_log(connection: &ConnectionArguments, console: &ConsoleArguments) -> Result<AuditLog, String> {
    if console.read_only {
        return Err("started with --read-only".to_owned());
    }
    audit::open(connection).map_err(|failure| failure.to_string())
}

/// Connects as planned, as often as it is asked to.
fn connector(plan: Plan) -> Connector {
    Arc::new(move |observer| plan.clone().connect(observer).boxed())
}

/// A terminal that has gone is a hangup, whether or not the signal was sent.
const HANGUP: u8 = 1;

/// Whether `--test-panic` asks for this.
#[cfg(debug_assertions)]
fn breaks(console: &ConsoleArguments, in_loop: bool) -> bool {
    use super::arguments::TestPanic;
    console.test_panic == Some(if in_loop { TestPanic::Ui } else { TestPanic::Task })
}

#[cfg(not(debug_assertions))]
fn breaks(_console: &ConsoleArguments, _in_loop: bool) -> bool {
    false
}
