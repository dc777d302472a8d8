//! `bartizan forward`: a local port that leads to a node, or through it to another host.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use super::arguments::{ConnectionArguments, ConsoleArguments, ForwardArguments, Via};
use super::session::{self, Sessions, say};
use super::{Failure, config};
use crate::domain::forward::{ForwardSpec, Ports, pause_after};
use crate::runtime::ending::{self, FAREWELL, Orderly};
use crate::ssm::client::gateway::{Purpose, Refusal, StartRequest};
use crate::ssm::client::session::OpenError;
use crate::ssm::client::{byte_stream, forward};
use crate::ssm::mux::pressure::Pressure;

/// Opens the forward and stays until it is stopped or its session ends.
pub(super) fn run(
    arguments: &ForwardArguments,
    connection: &ConnectionArguments,
    console: &ConsoleArguments,
) -> Result<(), Failure> {
    let spec = spec(arguments, connection, console)?;
    super::run_job(async {
        if arguments.stdio {
            stdio(arguments, &spec, connection, console).await
        } else {
            stay(arguments, &spec, connection, console).await
        }
    })
}

async fn stay(
    arguments: &ForwardArguments,
    spec: &ForwardSpec,
    connection: &ConnectionArguments,
    console: &ConsoleArguments,
) -> Result<(), Failure> {
    let ports = &spec.ports;
    if arguments.via == Via::Plugin {
        let sessions = Sessions::connect("forward", arguments.reason.as_deref(), connection, console).await?;
        // Without a local port it takes a free one and says which.
        let local = ports.local.unwrap_or_default();
        let purpose = Purpose::Listening { host: ports.host.clone(), port: ports.port, local };
        let request = StartRequest { purpose, ..request(spec, arguments, &sessions).await? };
        return super::plugin::run(&request, &sessions, false).await;
    }
    // The port first: a session for which there is no port would be opened in vain.
    let mut listening = listen(ports.local.unwrap_or_default()).await?;
    let sessions = Sessions::connect("forward", arguments.reason.as_deref(), connection, console).await?;
    let request = request(spec, arguments, &sessions).await?;
    let port = listening.1.port();
    let way = if ports.host.is_some() { "by way of" } else { "of" };
    let leads = format!("{} leads to {} {way} {}; Ctrl-C ends it", listening.1, ports.remote(), spec.target);
    let (mut failures, mut was_open) = (0, false);
    let mut stop = ending::orderly();
    loop {
        let why = match sessions.opened(&request, &mut stop).await? {
            Ok(session) => {
                (failures, was_open) = (0, true);
                match carry(session, listening.0, &leads, &mut stop).await? {
                    // A forward that was only typed ends with its session; one that has a name is to be there.
                    None => return Ok(()),
                    Some((closer, _)) if spec.name.is_none() => return session::close(closer).await,
                    Some((closer, why)) => {
                        let _it_has_ended = tokio::time::timeout(FAREWELL, closer.close()).await;
                        why
                    }
                }
            }
            Err(error) if !was_open || matches!(error, OpenError::Refused(Refusal::Never(_))) => {
                return Err(Failure::Job(error.to_string()));
            }
            Err(error) => {
                failures += 1;
                error.to_string()
            }
        };
        let pause = pause_after(failures);
        say(&format!("the forward is lost ({why}); it is opened again in {} s", pause.as_secs()));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _signal = stop.told() => return Ok(()),
        }
        listening = listen(port).await?;
    }
}

async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), Failure> {
    forward::listen(port)
        .await
        .map_err(|error| Failure::Job(format!("could not listen on 127.0.0.1:{port}: {error}; choose another local port")))
}

/// Carries connections until the session ends, and says why it did, or until the person ends it: then it is ended, too.
async fn carry(
    session: session::Opened,
    listener: TcpListener,
    leads: &str,
    stop: &mut Orderly,
) -> Result<Option<(session::Closing, String)>, Failure> {
    if !session.facts.notice.is_empty() {
        say(&session.facts.notice);
    }
    let facts = session.facts.clone();
    let (closer, sender, receiver) = session.split();
    let watching = tokio::spawn(session::watch(sender.state()));
    say(leads);
    let activity = Arc::new(forward::Activity::default());
    let ended = tokio::select! {
        ending = forward::run(&facts, sender, receiver, listener, Arc::clone(&activity)) => Some(ending),
        _signal = stop.told() => None,
        () = tell_resets(&activity.pressure) => None,
    };
    watching.abort();
    match ended {
        Some(ending) => Ok(Some((closer, session::words(&ending)))),
        None => session::close(closer).await.map(|()| None),
    }
}

/// Says when a connection was reset because it did not read; does not end.
async fn tell_resets(pressure: &Pressure) {
    let mut told = 0;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let reset = pressure.reset();
        if reset > told {
            told = reset;
            say("a connection was reset: it had read nothing for a minute, and the others had to wait for it");
        }
    }
}

async fn stdio(
    arguments: &ForwardArguments,
    spec: &ForwardSpec,
    connection: &ConnectionArguments,
    console: &ConsoleArguments,
) -> Result<(), Failure> {
    if arguments.via == Via::Plugin {
        return Err(Failure::Usage("--stdio carries its connection itself: leave --via away".into()));
    }
    let ports = &spec.ports;
    if ports.host.is_some() || ports.local.is_some() {
        return Err(Failure::Usage("--stdio carries one connection to a port of the node itself: give the port alone".into()));
    }
    let (input, output) = (standard(rustix::stdio::stdin())?, standard(rustix::stdio::stdout())?);
    let sessions = Sessions::connect("forward", arguments.reason.as_deref(), connection, console).await?;
    let request = StartRequest { purpose: Purpose::Ssh(ports.port), ..request(spec, arguments, &sessions).await? };
    let mut stop = ending::orderly();
    let session = sessions.open(&request, &mut stop).await?;
    let (closer, sender, receiver) = session.split();
    tokio::select! {
        _ended = byte_stream::run(sender, receiver, input, output) => {}
        _signal = stop.told() => {}
    }
    session::close(closer).await
}

/// Standard input or output as a file of tokio's, unbuffered.
fn standard(stream: std::os::fd::BorrowedFd<'_>) -> Result<tokio::fs::File, Failure> {
    let own = stream.try_clone_to_owned()?;
    Ok(tokio::fs::File::from_std(own.into()))
}

/// What is to be forwarded: written out, or a forward of the configuration file by its name.
fn spec(
    arguments: &ForwardArguments,
    connection: &ConnectionArguments,
    console: &ConsoleArguments,
) -> Result<ForwardSpec, Failure> {
    let target = arguments.target.clone();
    let Some(ports) = &arguments.ports else {
        let known = config::load(connection, console)?.forwards.value;
        let names: Vec<String> = known.iter().filter_map(|forward| forward.name.clone()).collect();
        let found = known.into_iter().find(|forward| forward.name.as_ref() == Some(&target));
        let Some(found) = found else {
            let names = if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
            return Err(Failure::Usage(format!("the configuration file has no forward {target:?}; {names}")));
        };
        if found.asks_reason && arguments.reason.is_none() {
            return Err(Failure::Usage(format!("the forward {target} wants a reason: --reason TEXT")));
        }
        return Ok(found);
    };
    let ports = Ports::parse(ports).map_err(Failure::Usage)?;
    Ok(ForwardSpec { name: None, target, region: None, ports, asks_reason: false })
}

async fn request(spec: &ForwardSpec, arguments: &ForwardArguments, sessions: &Sessions) -> Result<StartRequest, Failure> {
    Ok(StartRequest {
        target: sessions.find(&spec.target).await?,
        purpose: match &spec.ports.host {
            Some(host) => Purpose::RemotePort(host.clone(), spec.ports.port),
            None => Purpose::Port(spec.ports.port),
        },
        reason: session::reason(arguments.reason.as_deref()),
    })
}
