//! `bartizan forward`: a local port that leads to a node, or through it to another host.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::arguments::{ConnectionArguments, ConsoleArguments, ForwardArguments, Via};
use super::session::{self, Sessions, say};
use super::{Failure, config};
use crate::domain::forward::{ForwardSpec, Ports, Reopening, cut, refused};
use crate::runtime::ending::{self, FAREWELL, Orderly};
use crate::ssm::channel::pipe::Ending;
use crate::ssm::client::byte_stream::{self, Way};
use crate::ssm::client::forward::{self, Activity};
use crate::ssm::client::gateway::{Purpose, Refusal, StartRequest};
use crate::ssm::client::session::OpenError;
use crate::ssm::wire::host::beyond;

/// How often it is looked at whether standard output is still read.
const LOOK: Duration = Duration::from_millis(200);

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
        let host = beyond(ports.host.as_deref()).map(str::to_owned);
        let purpose = Purpose::Listening { host, port: ports.port, local };
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
    let (mut reopening, mut was_open) = (Reopening::default(), false);
    let mut stop = ending::orderly();
    let words = Words { leads: &leads, target: &spec.target, remote: &ports.remote() };
    loop {
        let (why, pause) = match sessions.opened(&request, &mut stop).await? {
            Ok(session) => {
                was_open = true;
                let Some((closer, lost)) = carry(session, listening.0, &words, &mut stop).await? else { return Ok(()) };
                let unended = unended(closer).await;
                // A forward that was only typed ends with its session; one that has a name is to be there.
                if spec.name.is_none() {
                    return Err(Failure::Job(format!("the forward has ended: {}{unended}", lost.why)));
                }
                let pause = reopening.lost(lost.lasted, lost.has_carried);
                (lost.why, pause)
            }
            Err(error) if !was_open || matches!(error, OpenError::Refused(Refusal::Never(_))) => {
                return Err(Failure::Job(error.to_string()));
            }
            Err(error) => (error.to_string(), reopening.failed()),
        };
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

/// Ends what the far side has ended, as far as AWS does not know; what there is to say about that.
async fn unended(closer: session::Closing) -> String {
    match tokio::time::timeout(FAREWELL, closer.close()).await {
        Ok(Ok(_)) => String::new(),
        Ok(Err(error)) => format!("; the session could not be ended: {error}"),
        Err(_) => format!("; {}", session::STILL_OPEN),
    }
}

/// What is said about a forward.
struct Words<'a> {
    /// From where to where it leads.
    leads: &'a str,
    /// The node.
    target: &'a str,
    /// The port behind it.
    remote: &'a str,
}

/// A forward whose session has ended at the far side.
struct Lost {
    why: String,
    lasted: Duration,
    has_carried: bool,
}

/// Carries connections until the session ends, and says why it did, or until the person ends it: then it is ended, too.
async fn carry(
    session: session::Opened,
    listener: TcpListener,
    words: &Words<'_>,
    stop: &mut Orderly,
) -> Result<Option<(session::Closing, Lost)>, Failure> {
    if !session.facts.notice.is_empty() {
        say(&session.facts.notice);
    }
    let (facts, begun) = (session.facts.clone(), Instant::now());
    let (closer, sender, receiver) = session.split();
    let watching = tokio::spawn(session::watch(sender.state()));
    say(words.leads);
    let activity = Arc::new(Activity::default());
    let mut told = Told::default();
    let ended = tokio::select! {
        ending = forward::run(&facts, sender, receiver, listener, Arc::clone(&activity)) => Some(ending),
        _signal = stop.told() => None,
        () = told.tell_on(&activity, words) => None,
    };
    watching.abort();
    let Some(ending) = ended else { return session::close(closer).await.map(|()| None) };
    told.tell(&activity, words);
    let open = u64::try_from(activity.cut.load(Ordering::Relaxed)).unwrap_or(u64::MAX);
    let why = format!("{}{}", session::words(&ending), cut(open));
    let has_carried = activity.traffic.down.load(Ordering::Relaxed) > 0;
    Ok(Some((closer, Lost { why, lasted: begun.elapsed(), has_carried })))
}

/// What was said about connections.
#[derive(Default)]
struct Told {
    reset: u64,
    refused: u64,
}

impl Told {
    /// Says when connections are refused or reset; does not end.
    async fn tell_on(&mut self, activity: &Activity, words: &Words<'_>) {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.tell(activity, words);
        }
    }

    fn tell(&mut self, activity: &Activity, words: &Words<'_>) {
        let now = activity.refused.load(Ordering::Relaxed);
        if now > self.refused {
            say(&refused(words.target, words.remote, now - self.refused));
            self.refused = now;
        }
        let now = activity.pressure.reset();
        if now > self.reset {
            self.reset = now;
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
    if beyond(ports.host.as_deref()).is_some() || ports.local.is_some() {
        return Err(Failure::Usage("--stdio carries one connection to a port of the node itself: give the port alone".into()));
    }
    let (input, output) = (standard(rustix::stdio::stdin())?, standard(rustix::stdio::stdout())?);
    let sessions = Sessions::connect("forward", arguments.reason.as_deref(), connection, console).await?;
    let request = StartRequest { purpose: Purpose::Ssh(ports.port), ..request(spec, arguments, &sessions).await? };
    let mut stop = ending::orderly();
    let session = sessions.open(&request, &mut stop).await?;
    let (closer, sender, receiver) = session.split();
    let way = tokio::select! {
        way = byte_stream::run(sender, receiver, input, output, byte_stream::LINGER) => way,
        _signal = stop.told() => Way::Left,
        () = unread(rustix::stdio::stdout()) => Way::Left,
    };
    match way {
        Way::Left => session::close(closer).await,
        // Both ends have said everything: that is all that there was to carry.
        Way::Ended { ending: Ending::Closed(words), has_spoken: true } if words.is_empty() => session::close(closer).await,
        Way::Ended { ending, .. } => {
            let unended = unended(closer).await;
            Err(Failure::Job(format!("the forward has ended: {}{unended}", session::words(&ending))))
        }
    }
}

/// Waits until nobody can read any more what is written: the other end of the pipe or socket has gone. Files are always read.
async fn unread(output: std::os::fd::BorrowedFd<'_>) {
    loop {
        let mut asked = [PollFd::new(&output, PollFlags::empty())];
        let gone = PollFlags::ERR | PollFlags::HUP;
        if poll(&mut asked, Some(&Timespec::default())).is_ok() && asked.iter().any(|answer| answer.revents().intersects(gone)) {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
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
        purpose: Purpose::port(spec.ports.host.as_deref(), spec.ports.port),
        reason: session::reason(arguments.reason.as_deref()),
    })
}
