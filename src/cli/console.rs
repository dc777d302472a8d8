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
use crate::domain::moment::Moment;
use crate::kit::source::Weight;
use crate::kit::table::Limits;
use crate::runtime::{self, Connected, Connector, End, Gate, Launch, Steady, Tty};
use crate::secrets::asking;

/// Opens the console and runs it to its end.
pub(super) fn run(connection: &ConnectionArguments, console: &ConsoleArguments) -> Result<(), Failure> {
    let tty = Tty::find().map_err(|error| Failure::Usage(error.to_string()))?;
    let config = config::load(connection, console)?;
    if let Some(query) = &console.query {
        let panes = crate::panes::Panes::default();
        panes.listing(config.pane.value).understand(query).map_err(|error| Failure::Usage(format!("--query: {error}")))?;
    }
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
    let clocks = Clocks::of(console);
    let steady = clocks.steady();
    let (rules, origin) = (host::rules(&config, console), origin.to_owned());
    let gate = Gate { log: log.ok(), rules, origin, armed: None, steady: steady.clone() };
    let launch = Launch {
        model: app::Model::new(Startup { moment: steady.now(), ..startup(connection, console, &config, door) }),
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
        steady,
        connector: connector(plan, clocks),
        report_idle: console.test_idle,
        break_read: breaks(console, false),
        break_loop: breaks(console, true),
    };
    match runtime::run(launch, &tty) {
        Ok(End::Quit) => Ok(()),
        Ok(end) => Err(Failure::Signal(end.status().saturating_sub(128))),
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
        moment: Moment::default(),
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
fn connector(plan: Plan, clocks: Clocks) -> Connector {
    Arc::new(move |observer| {
        let (connecting, clocks) = (plan.clone().connect(observer), clocks.clone());
        async move { connecting.await.map(|connected| Connected { clock: clocks.wall(connected.clock), ..connected }) }.boxed()
    })
}

/// The machine's clocks, and how far a test has moved each of them (`--test-clocks`).
#[derive(Debug, Clone, Default)]
struct Clocks {
    #[cfg(debug_assertions)]
    moved: Option<std::path::PathBuf>,
}

impl Clocks {
    #[cfg(debug_assertions)]
    fn of(console: &ConsoleArguments) -> Self {
        Self { moved: console.test_clocks.clone() }
    }

    #[cfg(not(debug_assertions))]
    fn of(_console: &ConsoleArguments) -> Self {
        Self::default()
    }

    fn steady(&self) -> Steady {
        #[cfg(debug_assertions)]
        if let Some(path) = self.moved.clone() {
            return Steady::new(move || Steady::system().now() + ahead(&path)[1]);
        }
        Steady::system()
    }

    fn wall(&self, clock: Clock) -> Clock {
        #[cfg(debug_assertions)]
        if let Some(path) = self.moved.clone() {
            return Clock::new(move || clock.now() + ahead(&path)[0]);
        }
        clock
    }
}

/// How far the wall clock and the steady one are ahead.
#[cfg(debug_assertions)]
fn ahead(path: &std::path::Path) -> [jiff::SignedDuration; 2] {
    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut seconds = text.split_whitespace().map(|word| jiff::SignedDuration::from_secs(word.parse().unwrap_or_default()));
    [seconds.next().unwrap_or_default(), seconds.next().unwrap_or_default()]
}

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
