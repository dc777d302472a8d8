//! `bartizan emulate`: the embedded AWS on a loopback port, for any client of AWS.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use super::arguments::{ConnectionArguments, EmulateArguments};
use super::{Failure, output};
use crate::domain::text::clean;
use crate::emulator::svc::iam::Attacker;
use crate::emulator::{Options, World, agent, fault, listen, load};
use crate::records::{self, Loaded};
use crate::runtime::ending;

/// How long answers under way may take once we are asked to stop.
const GRACE: Duration = ending::FAREWELL;

/// Serves until SIGINT, SIGTERM or SIGHUP.
pub(super) fn run(arguments: &EmulateArguments, connection: &ConnectionArguments) -> Result<(), Failure> {
    let world = Arc::new(world(arguments, connection)?);
    super::run_job(serve(arguments, world))
}

fn world(arguments: &EmulateArguments, connection: &ConnectionArguments) -> Result<World, Failure> {
    let faults = arguments.fault.iter().map(|text| fault::Rule::parse(text));
    let options = Options {
        seed: arguments.seed,
        speed: connection.speed.unwrap_or(1.0),
        latency: Duration::from_millis(arguments.latency),
        propagation: SignedDuration::from_secs(arguments.propagation.into()),
        replicas: arguments.replicas,
        flapping: arguments.flapping,
        attacker: arguments.attacker.as_deref().map(Attacker::new),
        faults: faults.collect::<Result<_, _>>().map_err(|error| Failure::Usage(error.to_string()))?,
        ..Options::default()
    };
    let world = World::from_scenario(&arguments.scenario, options).map_err(|error| Failure::Usage(error.to_string()))?;
    if let Some(user) = arguments.attacker.as_deref().filter(|user| world.account().iam.user(user).is_none()) {
        let message = format!("--attacker {}: the scenario {} has no such user", clean(user), arguments.scenario);
        return Err(Failure::Usage(message));
    }
    if let Some(path) = arguments.events.iter().chain(&arguments.findings).find(|path| !path.exists()) {
        return Err(Failure::Usage(format!("there is no folder or file {}", clean(&path.display().to_string()))));
    }
    let sessions = sessions(arguments, &world)?;
    world.account().agent.configure(sessions);
    if let Some(path) = &arguments.events {
        let loaded = records::events(path);
        say("events", &loaded);
        load::hold_events(&mut world.account(), &loaded.records);
    }
    if let Some(path) = &arguments.findings {
        let loaded = records::findings(path);
        say("findings", &loaded);
        load::hold_findings(&mut world.account(), loaded.records);
    }
    Ok(world)
}

/// How sessions behave.
fn sessions(arguments: &EmulateArguments, world: &World) -> Result<agent::Options, Failure> {
    let mut options = agent::Options { allow: arguments.sessions, ..agent::Options::default() };
    for text in &arguments.session_fault {
        options.faults.parse(text).map_err(|error| Failure::Usage(error.to_string()))?;
    }
    if let Some(version) = &arguments.agent_version {
        options.agent_version.clone_from(version);
    }
    options.host.clone_from(&arguments.session_host);
    options.kms_key = arguments.session_kms.as_deref().map(|region| world.account().kms.own_key(region));
    Ok(options)
}

/// Says on stderr what was loaded, what was left alone and what could not be read: nothing is left out in silence.
fn say<T>(what: &str, loaded: &Loaded<T>) {
    // Nobody may be there to read it.
    let _unless_gone = write_loaded(&mut output::err(), what, loaded);
}

fn write_loaded<T>(err: &mut impl std::io::Write, what: &str, loaded: &Loaded<T>) -> std::io::Result<()> {
    let (records, files, repeated) = (loaded.records.len(), loaded.files, loaded.repeated);
    let counted = |count: usize, thing: &str| format!("{count} {thing}{}", if count == 1 { "" } else { "s" });
    let broken = match loaded.broken {
        0 => String::new(),
        broken => format!("; {} could not be read", counted(broken, "place")),
    };
    let files = counted(files, "file");
    writeln!(err, "loaded {records} {what} from {files} ({repeated} repeated ones left out){broken}")?;
    for (name, others) in &loaded.others {
        writeln!(err, "left alone {name}: {} (first: {})", others.count, others.first.display())?;
    }
    for problem in &loaded.problems {
        writeln!(err, "could not load {problem}")?;
    }
    if records + repeated + loaded.broken + loaded.others.len() == 0 {
        writeln!(err, "there are no files with {what} here")?;
    }
    Ok(())
}

async fn serve(arguments: &EmulateArguments, world: Arc<World>) -> Result<(), Failure> {
    // Before the line that tells others we are here: whoever reads it may stop us at once.
    let mut stop = ending::orderly();
    let shutdown = CancellationToken::new();
    let server =
        listen::serve(arguments.listen, Arc::clone(&world), shutdown.clone()).await.map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidInput => Failure::Usage(error.to_string()),
            std::io::ErrorKind::AddrInUse => Failure::Job(format!(
                "{} is in use: choose another port with --listen, or port 0 for a free one",
                arguments.listen
            )),
            _ => Failure::Job(format!("could not listen on {}: {error}", arguments.listen)),
        })?;
    let mut out = output::out();
    writeln!(out, "listening on http://{}", server.address)?;
    out.flush()?;
    drop(out);
    stop.told().await;
    shutdown.cancel();
    let _answers_under_way = tokio::time::timeout(GRACE, server.ended()).await;
    tell_calls(&world);
    Ok(())
}

/// Says on stderr how often each operation was called: what a job costs an account.
fn tell_calls(world: &World) {
    let calls = world.calls();
    let words: Vec<String> = calls.iter().map(|(operation, count)| format!("{operation} {count}")).collect();
    if !words.is_empty() {
        let _unless_gone = writeln!(output::err(), "calls: {}", words.join(", "));
    }
}
