//! The panes' tables for scripts: the same rows, complete, without the screen.
//!
//! Rows that could be read are written even where others could not; each kind of failure is one line on standard error, and the
//! status is 1.

mod faults;
mod format;
mod people;
pub(super) mod printer;
mod regional;
mod regions;

use std::io::{BufWriter, IsTerminal as _, Write};

use faults::Faults;
use printer::Printer;

use super::arguments::{ConnectionArguments, ConsoleArguments, EventArguments, FindingArguments, TableArguments};
use super::connection::Plan;
use super::passphrase::Person;
use super::{Failure, config, output};
use crate::aws::observe::Observer;
use crate::aws::session::{Clock, Session};
use crate::aws::sts;
use crate::config::paths;
use crate::domain::event::Event;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::finding::Finding;
use crate::domain::key::AccessKey;
use crate::domain::node::{Node, SsmSession};
use crate::domain::recording::Recorded;
use crate::domain::text::clean;
use crate::domain::user::User;
use crate::recordings::list;

/// Which table, and how.
#[derive(Debug, Clone)]
pub enum Ask {
    /// IAM users and root.
    Users(TableArguments),
    /// Access keys.
    Keys(TableArguments),
    /// GuardDuty findings.
    Findings(FindingArguments),
    /// CloudTrail events.
    Events(EventArguments),
    /// Systems Manager nodes.
    Nodes(TableArguments),
    /// Session Manager sessions.
    Sessions(TableArguments),
}

impl Ask {
    /// Looks whether the query can be understood, before anything is asked of anybody.
    ///
    /// # Errors
    /// It cannot, or no row could match it.
    fn check(&self) -> Result<(), Failure> {
        match self {
            Self::Users(arguments) => printer::query::<User>(arguments).map(drop),
            Self::Keys(arguments) => printer::query::<AccessKey>(arguments).map(drop),
            Self::Findings(arguments) => printer::query::<Finding>(&arguments.table).map(drop),
            Self::Events(arguments) => printer::query::<Event>(&arguments.table).map(drop),
            Self::Nodes(arguments) => printer::query::<Node>(arguments).map(drop),
            Self::Sessions(arguments) => printer::query::<SsmSession>(arguments).map(drop),
        }
    }
}

/// Where a table goes.
pub struct Streams<'s> {
    /// The rows, and nothing else.
    pub out: &'s mut dyn Write,
    /// What went wrong.
    pub err: &'s mut dyn Write,
    /// Whether a person waits at `err` and would like to know how far it is.
    pub progress: bool,
}

impl Streams<'_> {
    /// Whether to show progress: somebody reads standard error, and the rows do not run past the same eyes.
    pub fn is_watched() -> bool {
        output::machine_error().is_terminal() && !output::machine().is_terminal()
    }

    /// The rows' way and the progress's, apart.
    fn split(&mut self) -> (&mut dyn Write, Told<'_>) {
        (self.out, Told { err: self.err, shown: self.progress })
    }
}

/// Tells how far it is.
struct Told<'s> {
    err: &'s mut dyn Write,
    shown: bool,
}

impl Told<'_> {
    /// Writes over what it told before; nothing wipes it away.
    fn tell(&mut self, words: &str) {
        if self.shown {
            let _ = write!(self.err, "\r\u{1b}[K{}", clean(words));
            let _ = self.err.flush();
        }
    }

    /// Writes a line that stays.
    fn line(&mut self, words: &str) {
        self.tell("");
        let _ = writeln!(self.err, "bartizan: {}", clean(words));
    }
}

/// Connects, reads a table and prints it.
pub(super) fn print(ask: &Ask, connection: &ConnectionArguments, console: &ConsoleArguments) -> Result<(), Failure> {
    ask.check()?;
    let config = config::load(connection, console)?;
    let plan = Plan::new(connection, &config.regions.value, Person::Terminal)?;
    super::run_job(async {
        let session = plan.connect(Observer::nobody()).await?.aws;
        let (mut out, mut err) = (BufWriter::new(output::machine()), output::machine_error());
        let progress = Streams::is_watched();
        run(ask, &session, Streams { out: &mut out, err: &mut err, progress }).await
    })
}

/// Prints the recordings of shells on this machine, the latest first. AWS is not asked.
pub(super) fn recordings(arguments: &TableArguments) -> Result<(), Failure> {
    printer::query::<Recorded>(arguments)?;
    let folder = paths::recordings_dir().ok_or_else(|| {
        Failure::Usage("there is no home folder in which recordings are: set HOME or BARTIZAN_STATE_DIR".into())
    })?;
    let rows = list::all(&folder)
        .map_err(|error| Failure::Job(format!("the recordings in {} could not be read: {error}", folder.display())))?;
    let mut out = BufWriter::new(output::machine());
    let printer = Printer::new(&mut out, arguments, Clock::system().now())?;
    regional::write(rows, printer, |recorded: &Recorded| recorded.header.started)
}

/// Reads a table and writes it.
///
/// # Errors
/// Something could not be read, or not be written; the rows before it have been written.
pub async fn run(ask: &Ask, session: &Session, mut streams: Streams<'_>) -> Result<(), Failure> {
    ask.check()?;
    // Whatever is wrong with the credentials is said once, not once for each call.
    if let Err(fault) = sts::identity(session).await
        && is_about_credentials(&fault)
    {
        return Err(fault.into());
    }
    let mut faults = Faults::default();
    let written = match ask {
        Ask::Users(arguments) => people::users(session, arguments, &mut streams, &mut faults).await,
        Ask::Keys(arguments) => people::keys(session, arguments, &mut streams, &mut faults).await,
        Ask::Findings(arguments) => regional::findings(session, arguments, &mut streams, &mut faults).await,
        Ask::Events(arguments) => regional::events(session, arguments, &mut streams, &mut faults).await,
        Ask::Nodes(arguments) => regional::nodes(session, arguments, &mut streams, &mut faults).await,
        Ask::Sessions(arguments) => regional::sessions(session, arguments, &mut streams, &mut faults).await,
    };
    streams.split().1.tell("");
    written?;
    faults.end(streams.err)
}

fn is_about_credentials(fault: &Fault) -> bool {
    use FaultKind::{ClockSkew, Denied, Expired, NoCredentials, ProfileUnusable, UnknownIdentity};
    match &fault.kind {
        NoCredentials | ProfileUnusable { .. } | Expired | UnknownIdentity | ClockSkew => true,
        // `GetCallerIdentity` needs no permission: what was denied is the way to the credentials.
        Denied { action } => action != "sts:GetCallerIdentity",
        _ => false,
    }
}
