//! `bartizan forward`: a local port that leads to a node, or through it to another host.

use std::sync::Arc;

use super::Failure;
use super::arguments::{ConnectionArguments, ConsoleArguments, ForwardArguments, Via};
use super::emulate::stopped;
use super::session::{self, Sessions, say};
use crate::domain::forward::Ports;
use crate::ssm::client::gateway::{Purpose, StartRequest};
use crate::ssm::client::{byte_stream, forward};

/// Opens the forward and stays until it is stopped or its session ends.
pub(super) fn run(
    arguments: &ForwardArguments,
    connection: &ConnectionArguments,
    console: &ConsoleArguments,
) -> Result<(), Failure> {
    let ports = Ports::parse(&arguments.ports).map_err(Failure::Usage)?;
    let runtime = super::runtime()?;
    let result = runtime.block_on(async {
        if arguments.stdio {
            stdio(arguments, &ports, connection, console).await
        } else {
            stay(arguments, &ports, connection, console).await
        }
    });
    // A thread may still wait for input that nobody will give.
    runtime.shutdown_background();
    result
}

async fn stay(
    arguments: &ForwardArguments,
    ports: &Ports,
    connection: &ConnectionArguments,
    console: &ConsoleArguments,
) -> Result<(), Failure> {
    if arguments.via == Via::Plugin {
        let sessions = Sessions::connect("forward", connection, console).await?;
        // Without a local port it takes a free one and says which.
        let local = ports.local.unwrap_or_default();
        let purpose = Purpose::Listening { host: ports.host.clone(), port: ports.port, local };
        let request = StartRequest { purpose, ..request(ports, arguments) };
        return super::plugin::run(&request, &sessions, false).await;
    }
    let stop = stopped()?;
    // The port first: a session for which there is no port would be opened in vain.
    let (listener, address) = forward::listen(ports.local.unwrap_or_default()).await.map_err(|error| {
        let port = ports.local.unwrap_or_default();
        Failure::Job(format!("could not listen on 127.0.0.1:{port}: {error}; choose another local port"))
    })?;
    let sessions = Sessions::connect("forward", connection, console).await?;
    let session = sessions.open(&request(ports, arguments)).await?;
    let facts = session.facts.clone();
    let (closer, sender, receiver) = session.split();
    let watching = tokio::spawn(session::watch(sender.state()));
    let way = if ports.host.is_some() { "by way of" } else { "of" };
    say(&format!("{address} leads to {} {way} {}; Ctrl-C ends it", ports.remote(), arguments.target));
    let activity = Arc::new(forward::Activity::default());
    let watched = Arc::clone(&activity);
    let running = async { forward::run(&facts, sender, receiver, listener, watched).await };
    tokio::select! {
        _ended = running => {}
        () = stop => {}
    }
    watching.abort();
    session::close(closer).await
}

async fn stdio(
    arguments: &ForwardArguments,
    ports: &Ports,
    connection: &ConnectionArguments,
    console: &ConsoleArguments,
) -> Result<(), Failure> {
    if arguments.via == Via::Plugin {
        return Err(Failure::Usage("--stdio carries its connection itself: leave --via away".into()));
    }
    if ports.host.is_some() || ports.local.is_some() {
        return Err(Failure::Usage("--stdio carries one connection to a port of the node itself: give the port alone".into()));
    }
    let stop = stopped()?;
    let (input, output) = (standard(rustix::stdio::stdin())?, standard(rustix::stdio::stdout())?);
    let sessions = Sessions::connect("forward", connection, console).await?;
    let request = StartRequest { purpose: Purpose::Ssh(ports.port), ..request(ports, arguments) };
    let session = sessions.open(&request).await?;
    let (closer, sender, receiver) = session.split();
    tokio::select! {
        _ended = byte_stream::run(sender, receiver, input, output) => {}
        () = stop => {}
    }
    session::close(closer).await
}

/// Standard input or output as a file of tokio's, unbuffered.
fn standard(stream: std::os::fd::BorrowedFd<'_>) -> Result<tokio::fs::File, Failure> {
    let own = stream.try_clone_to_owned()?;
    Ok(tokio::fs::File::from_std(own.into()))
}

fn request(ports: &Ports, arguments: &ForwardArguments) -> StartRequest {
    StartRequest {
        target: arguments.target.clone(),
        purpose: match &ports.host {
            Some(host) => Purpose::RemotePort(host.clone(), ports.port),
            None => Purpose::Port(ports.port),
        },
        reason: arguments.reason.clone(),
    }
}
