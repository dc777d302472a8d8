//! What `shell` and `forward` share: the account or the demo, the journal of open sessions, the words at a session's end.

use std::sync::Arc;

use futures::StreamExt as _;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;

use super::arguments::{ConnectionArguments, ConsoleArguments};
use super::connection::Plan;
use super::passphrase::Person;
use super::{Failure, config, host};
use crate::audit::{self, AuditLog};
use crate::aws::clearance::{Cleared, Refused};
use crate::aws::observe::Observer;
use crate::aws::session::{self, Connect};
use crate::aws::session_audit::Audited;
use crate::aws::session_manager::SessionManager;
use crate::aws::{reap, ssm};
use crate::config::{Config, paths};
use crate::domain::shell;
use crate::domain::text::clean;
use crate::emulator::{Options, World, agent, in_process, listen};
use crate::runtime::ending::{FAREWELL, Orderly};
use crate::runtime::tty;
use crate::ssm::channel::pipe::{Ending, State};
use crate::ssm::client::dial::Dialer;
use crate::ssm::client::gateway::StartRequest;
use crate::ssm::client::journal::{Journal, Place};
use crate::ssm::client::session::{Closer, HANDSHAKE, OpenError, Opener, Session};

/// Session Manager, with what is done through it written down.
pub(super) type Manager = Audited<SessionManager>;

/// Opens sessions in one region of one account.
pub(super) struct Sessions {
    opener: Opener<Manager>,
    aws: session::Session,
    region: String,
    /// Ends what others have left open.
    reaping: Option<AbortOnDropHandle<()>>,
    /// The demo's own web sockets, as long as they are needed.
    _demo: Option<DropGuard>,
}

/// An account, or the demo, in which nothing may be opened yet.
struct Reached {
    aws: session::Session,
    dialer: Dialer,
    /// `None` in the demo: its sessions end with this process, there is nothing to note down.
    journal: Option<Journal>,
    place: Place,
    log: AuditLog,
    origin: String,
    demo: Option<DropGuard>,
}

impl Sessions {
    /// Connects to the account, or makes the demo; ends what killed programs have left open.
    ///
    /// # Errors
    /// There is no account, or the configuration has no session opened there: not at all, or not without a reason.
    pub(super) async fn connect(
        origin: &str,
        reason: Option<&str>,
        connection: &ConnectionArguments,
        console: &ConsoleArguments,
    ) -> Result<Self, Failure> {
        let config = config::load(connection, console)?;
        let rules = host::rules(&config, console);
        if console.read_only {
            return Err(Failure::Policy("no session: started with --read-only".into()));
        }
        let reached = Reached::new(origin, connection, &config).await?;
        // Beside the start, which does not wait for it.
        let reaping = reached.journal.clone().map(|journal| {
            let log = reached.log.clone();
            AbortOnDropHandle::new(tokio::spawn(reap::orphans(journal, log).for_each(async |words| say(&words))))
        });
        let cleared = rules.clear(&reached.aws).await.map_err(|refused| match refused {
            Refused::Policy(why) => Failure::Policy(format!("no session: {why}")),
            unknown @ Refused::Unknown(_) => unknown.into(),
        })?;
        match shell::reason(reason.unwrap_or_default(), cleared.asks_session_reason()) {
            Ok(_) => Ok(reached.open(&cleared, reaping)),
            Err(why) => Err(Failure::Usage(format!("{why} (--reason TEXT)"))),
        }
    }
}

impl Reached {
    async fn new(origin: &str, connection: &ConnectionArguments, config: &Config) -> Result<Self, Failure> {
        let no_tls = |error: String| Failure::Job(format!("TLS: {error}"));
        let log = super::audit::open(connection)?;
        if let Some(scenario) = &connection.demo {
            return Self::demo(scenario, &config.regions.value, Dialer::new(None).map_err(no_tls)?, (origin, log)).await;
        }
        let plan = Plan::new(connection, &config.regions.value, Person::Terminal)?;
        let aws = plan.connect(Observer::nobody()).await?.aws;
        let dialer = Dialer::trusting(None, aws.bundle()).map_err(no_tls)?;
        let place = Place {
            region: aws.regions().first().cloned().unwrap_or_default(),
            profile: aws.signing_profile().map(str::to_owned),
            endpoint_url: aws.endpoint_of("ssm").map(str::to_owned),
            account: None,
        };
        let folder = paths::state_dir().ok_or_else(|| Failure::Job("there is no home directory to note sessions in".into()))?;
        let journal = Some(Journal::new(folder.join("sessions")));
        Ok(Self { aws, dialer, journal, place, log, origin: origin.to_owned(), demo: None })
    }

    async fn demo(scenario: &str, regions: &[String], dialer: Dialer, (origin, log): (&str, AuditLog)) -> Result<Self, Failure> {
        say("this is the demo: the session runs on this machine, in a folder of its own that goes with it");
        let world = World::from_scenario(scenario, Options::default()).map_err(|error| Failure::Usage(error.to_string()))?;
        let world = Arc::new(world);
        world.account().agent.configure(agent::Options { allow: true, ..agent::Options::default() });
        let shutdown = CancellationToken::new();
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        listen::serve(address, Arc::clone(&world), shutdown.clone()).await?;
        let region = regions.first().cloned().unwrap_or_else(|| "us-east-1".to_owned());
        let wanted =
            Connect { http: Some(in_process::client(world)), regions: vec![region.clone()], ..Connect::new(Observer::nobody()) };
        let aws = session::connect(wanted).await?;
        // Into the demo's own log: the account is made up, the shell is not.
        let origin = format!("{origin}, demo");
        let place = Place { region, ..Place::default() };
        Ok(Self { aws, dialer, journal: None, place, log, origin, demo: Some(shutdown.drop_guard()) })
    }

    /// What opens sessions, as the rules let some be opened.
    fn open(self, cleared: &Cleared, reaping: Option<AbortOnDropHandle<()>>) -> Sessions {
        let Self { aws, dialer, journal, place, log, origin, demo } = self;
        let region = place.region.clone();
        let common = audit::Entry {
            caller: cleared.identity().map(|identity| identity.arn.shown().to_string()),
            account: Some(cleared.account().to_owned()),
            region: region.clone(),
            origin,
            ..audit::Entry::default()
        };
        let gateway = Arc::new(Audited::new(SessionManager::new(cleared, &region), log, common));
        let place = Place { account: Some(cleared.account().to_owned()), ..place };
        let opener = Opener { gateway, dialer, journal, place, patience: HANDSHAKE };
        Sessions { opener, aws, region, reaping, _demo: demo }
    }
}

impl Sessions {
    /// The node that a target means: an id, a name or a tag.
    pub(super) async fn find(&self, target: &str) -> Result<String, Failure> {
        ssm::find(&self.aws, &self.region, target).await.map_err(Failure::Job)
    }

    /// Gives what ends others' sessions a last moment: a short command may be done before it is. Whoever was told to end does not wait.
    pub(super) async fn finish(self) {
        if let Some(reaping) = self.reaping {
            let _next_time = tokio::time::timeout(FAREWELL, reaping).await;
        }
    }

    /// What opens them.
    pub(super) fn opener(&self) -> &Opener<Manager> {
        &self.opener
    }

    /// Opens a session; told to end meanwhile, it ends what was opened by then.
    pub(super) async fn open(&self, request: &StartRequest, stop: &mut Orderly) -> Result<Session<Manager>, Failure> {
        let session = self.opened(request, stop).await?.map_err(|error| Failure::Job(error.to_string()))?;
        if !session.facts.notice.is_empty() {
            say(&session.facts.notice);
        }
        Ok(session)
    }

    /// As [`Sessions::open`], for those who try again.
    pub(super) async fn opened(
        &self,
        request: &StartRequest,
        stop: &mut Orderly,
    ) -> Result<Result<Session<Manager>, OpenError>, Failure> {
        let mut opening = Box::pin(self.opener.open(request));
        let signal = tokio::select! {
            opened = &mut opening => return Ok(opened),
            signal = stop.told() => signal,
        };
        // A call that is under way may start a session of which nobody would know. What has one by then ends it where it is dropped.
        if let Ok(Ok(session)) = tokio::time::timeout(FAREWELL / 2, &mut opening).await {
            let (closer, ..) = session.split();
            let _the_next_start = tokio::time::timeout(FAREWELL / 2, closer.close()).await;
        } else {
            drop(opening);
            tokio::time::sleep(FAREWELL / 2).await;
        }
        Err(Failure::Signal(signal))
    }
}

/// What is said where the end of a session was not waited for.
pub(super) const STILL_OPEN: &str = "the session did not end in time: the next shell, forward or console ends it";

/// A reason as `StartSession` takes it; whether there has to be one was asked before.
pub(super) fn reason(given: Option<&str>) -> Option<String> {
    shell::reason(given?, false).ok().flatten()
}

/// An open session.
pub(super) type Opened = Session<Manager>;
/// What ends one.
pub(super) type Closing = Closer<Manager>;

/// Why a session ended, in a few words.
pub(super) fn words(ending: &Ending) -> String {
    match ending {
        Ending::Left => "closed here".to_owned(),
        Ending::Closed(words) if words.is_empty() => "closed by the target or by AWS".to_owned(),
        Ending::Closed(words) | Ending::Failed(words) => words.clone(),
        Ending::TimedOut => "the session has timed out".to_owned(),
    }
}

/// Closes a session and says why it ended: an error unless we wanted it or it ended in order.
pub(super) async fn close(closer: Closer<Manager>) -> Result<(), Failure> {
    let Ok(closed) = tokio::time::timeout(FAREWELL, closer.close()).await else {
        say(STILL_OPEN);
        return Ok(());
    };
    match closed.map_err(|error| Failure::Job(format!("the session could not be ended: {error}")))? {
        Ending::Left => Ok(()),
        Ending::Closed(words) if words.is_empty() => Ok(()),
        Ending::Closed(words) => Err(Failure::Job(format!("the session has ended: {words}"))),
        Ending::TimedOut => Err(Failure::Job("the session has timed out".into())),
        Ending::Failed(words) => Err(Failure::Job(format!("the session has failed: {words}"))),
    }
}

/// Says when the line is lost and found again. In raw mode a line ends with CR LF.
pub(super) async fn watch(mut state: watch::Receiver<State>) {
    let mut is_lost = false;
    while state.changed().await.is_ok() {
        let now = state.borrow_and_update().clone();
        match now {
            State::Reconnecting { attempts: 2.., problem } if !is_lost => {
                is_lost = true;
                say(&format!("reconnecting ({problem}); nothing is lost"));
            }
            State::Unanswered(_) if !is_lost => {
                is_lost = true;
                say("the target has not answered for 10 s");
            }
            State::Connected if is_lost => {
                is_lost = false;
                say("connected again");
            }
            State::Ended(_) => return,
            _ => {}
        }
    }
}

/// Says something to the person at the terminal, on standard error. Not by `eprint!`, which panics where the terminal is full and does not
/// block, or has gone.
pub(super) fn say(words: &str) {
    let line = format!("\rbartizan: {}\r\n", clean(words));
    let _unless_gone = tty::write_all_to(rustix::stdio::stderr(), line.as_bytes());
}
