//! `bartizan forward`: a local port that leads to a node, or through it to another host.

use std::sync::Arc;

use super::Failure;
use super::arguments::{ConnectionArguments, ConsoleArguments, ForwardArguments};
use super::emulate::stopped;
use super::session::{self, Sessions, say};
use crate::ssm::client::gateway::{Purpose, StartRequest};
use crate::ssm::client::{byte_stream, forward};

/// Opens the forward and stays until it is stopped or its session ends.
pub(super) fn run(
    arguments: &ForwardArguments,
    connection: &ConnectionArguments,
    console: &ConsoleArguments,
) -> Result<(), Failure> {
    let ports = Ports::parse(&arguments.ports)?;
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
    let stop = stopped()?;
    // The port first: a session for which there is no port would be opened in vain.
    let (listener, address) = forward::listen(ports.local.unwrap_or_default()).await.map_err(|error| {
        let port = ports.local.unwrap_or_default();
        Failure::Job(format!("could not listen on 127.0.0.1:{port}: {error}; choose another local port"))
    })?;
    let sessions = Sessions::connect(connection, console).await?;
    let session = sessions.open(&ports.request(arguments)).await?;
    let facts = session.facts.clone();
    let (closer, sender, receiver) = session.split();
    let watching = tokio::spawn(session::watch(sender.state()));
    say(&format!("{address} leads to {} of {}; Ctrl-C ends it", ports.remote(), arguments.target));
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
    if ports.host.is_some() || ports.local.is_some() {
        return Err(Failure::Usage("--stdio carries one connection to a port of the node itself: give the port alone".into()));
    }
    let stop = stopped()?;
    let (input, output) = (standard(rustix::stdio::stdin())?, standard(rustix::stdio::stdout())?);
    let sessions = Sessions::connect(connection, console).await?;
    let request = StartRequest { purpose: Purpose::Ssh(ports.port), ..ports.request(arguments) };
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

/// `[LOCAL:]PORT` or `[LOCAL:]HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ports {
    local: Option<u16>,
    host: Option<String>,
    port: u16,
}

impl Ports {
    fn parse(text: &str) -> Result<Self, Failure> {
        let wrong =
            || Failure::Usage(format!("{text} is no [LOCAL:]PORT and no [LOCAL:]HOST:PORT; an IPv6 address goes in brackets"));
        let number = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
        let (front, port) = match text.rsplit_once(':') {
            Some((front, port)) => (Some(front), number(port).ok_or_else(wrong)?),
            None => (None, number(text).ok_or_else(wrong)?),
        };
        let (local, host) = match front {
            None => (None, None),
            Some(front) if front.parse::<u32>().is_ok() => (Some(number(front).ok_or_else(wrong)?), None),
            Some(front) => match front.split_once(':') {
                Some((local, host)) if number(local).is_some() => (number(local), Some(host)),
                _ => (None, Some(front)),
            },
        };
        let host = host.map(|host| host.trim_matches(['[', ']']).to_owned());
        let is_bracketed = text.contains('[');
        if host.as_ref().is_some_and(|host| host.is_empty() || (host.contains(':') && !is_bracketed)) {
            return Err(wrong());
        }
        Ok(Self { local, host, port })
    }

    fn request(&self, arguments: &ForwardArguments) -> StartRequest {
        StartRequest {
            target: arguments.target.clone(),
            purpose: match &self.host {
                Some(host) => Purpose::RemotePort(host.clone(), self.port),
                None => Purpose::Port(self.port),
            },
            reason: arguments.reason.clone(),
        }
    }

    fn remote(&self) -> String {
        match &self.host {
            Some(host) => format!("{host}:{} by way", self.port),
            None => format!("port {}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_hosts_are_told_apart() {
        let ports = |text: &str| Ports::parse(text).map(|ports| (ports.local, ports.host, ports.port));
        let host = |host: &str| Some(host.to_owned());
        assert_eq!(ports("5432"), Ok((None, None, 5432)));
        assert_eq!(ports("15432:5432"), Ok((Some(15432), None, 5432)));
        assert_eq!(ports("db.internal:5432"), Ok((None, host("db.internal"), 5432)));
        assert_eq!(ports("15432:db.internal:5432"), Ok((Some(15432), host("db.internal"), 5432)));
        assert_eq!(ports("15432:[::1]:80"), Ok((Some(15432), host("::1"), 80)));
        assert_eq!(ports("[fd00::1]:80"), Ok((None, host("fd00::1"), 80)));
        for wrong in ["", "x", "0", "70000", "70000:80", ":80", "80:", "fd00::1:80", "1:2:3:4"] {
            assert!(ports(wrong).is_err(), "{wrong}");
        }
    }
}
