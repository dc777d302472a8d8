//! `bartizan audit`: what this console changed, and whether the record of it is whole.

mod fields;
mod row;

use std::io::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;

use super::arguments::{AuditCommand, AuditShowArguments, ConnectionArguments};
use super::tables::printer::{self, Flow, Printer};
use super::{Failure, output};
use crate::audit::{self, Anchoring, AuditLog, Report, history};
use crate::aws::session::Clock;
use crate::config::paths;
use crate::domain::age::utc;
use crate::secrets::Keyring;

/// Opens the log for those who change things. The demo has a log of its own and no keyring: nothing in it is real.
///
/// # Errors
/// There is no place for it, or it cannot be made.
pub(super) fn open(connection: &ConnectionArguments) -> Result<AuditLog, Failure> {
    AuditLog::open(&folder(connection)?, keyring(connection)).map_err(|error| Failure::Job(error.to_string()))
}

/// The keyring in which the log is anchored.
pub(super) fn keyring(connection: &ConnectionArguments) -> Option<Keyring> {
    connection.demo.is_none().then(Keyring::system)
}

/// Where the log is.
pub(super) fn folder(connection: &ConnectionArguments) -> Result<PathBuf, Failure> {
    let state = paths::state_dir().ok_or_else(|| {
        Failure::Usage("there is no home folder to keep the audit log in: set HOME or BARTIZAN_STATE_DIR".to_owned())
    })?;
    Ok(if connection.demo.is_some() { state.join("demo").join("audit") } else { state.join("audit") })
}

/// Does what was asked for.
pub(super) fn run(what: &AuditCommand, connection: &ConnectionArguments) -> Result<(), Failure> {
    match what {
        AuditCommand::Show(arguments) => show(arguments, connection),
        AuditCommand::Verify => verify(connection),
        AuditCommand::SetAside { reason } => set_aside(reason, connection),
    }
}

fn show(arguments: &AuditShowArguments, connection: &ConnectionArguments) -> Result<(), Failure> {
    printer::query::<history::Change>(&arguments.table)?;
    let folder = folder(connection)?;
    let now = Clock::system().now();
    let changes = history::changes(&folder)
        .map_err(|error| Failure::Job(format!("the audit log {} could not be read: {error}", folder.display())))?;
    let since = arguments.since.map_or(Timestamp::MIN, |since| since.at(now));
    let mut out = output::machine().lock();
    let mut printer = Printer::new(&mut out, &arguments.table, now)?;
    for change in changes.iter().rev().filter(|change| change.utc >= since) {
        if printer.row(change)? == Flow::Enough {
            break;
        }
    }
    printer.end()
}

fn verify(connection: &ConnectionArguments) -> Result<(), Failure> {
    let folder = folder(connection)?;
    let keyring = keyring(connection);
    let report = audit::verify(&folder, keyring.as_ref()).map_err(|error| Failure::Job(error.to_string()))?;
    if let Some(bad) = &report.bad {
        return Err(Failure::Job(format!(
            "{bad}. {} records before it are good. Keep a copy of {} as evidence, compare CloudTrail with `bartizan audit show`, \
             then begin a new log with `bartizan audit set-aside --reason …`",
            report.records,
            folder.display()
        )));
    }
    let mut out = output::out();
    for line in lines(&report) {
        writeln!(out, "{line}")?;
    }
    drop(out);
    // Now that it is known to be good, what the keyring missed while it was locked can be anchored.
    if report.records > 0 && !matches!(report.anchoring, Anchoring::Unknown(_) | Anchoring::NotAsked) {
        let log = open(connection)?;
        log.anchor().map_err(|error| Failure::Job(error.to_string()))?;
    }
    Ok(())
}

fn lines(report: &Report) -> Vec<String> {
    let Some((first, last)) = report.span else {
        return vec![format!("good: there are no records; {}", about_keyring(report))];
    };
    let mut lines = vec![format!(
        "good: {} records in {} {}, from {} to {}",
        report.records,
        report.files,
        if report.files == 1 { "file" } else { "files" },
        utc(first),
        utc(last)
    )];
    lines.extend(report.crashes.iter().map(|number| {
        format!("crash: after record {number} the program or the machine stopped while it wrote the next one; what it had written is still there")
    }));
    lines.push(about_keyring(report));
    lines
}

/// What is known by the keyring, and what nobody can know without it.
pub(super) fn about_keyring(report: &Report) -> String {
    const UNKNOWABLE: &str = "a log that was written anew as a whole could not be told from a true one";
    match &report.anchoring {
        Anchoring::Upto(number) if *number == report.records => "anchored in the keyring up to the last record".to_owned(),
        Anchoring::Upto(number) => {
            format!(
                "anchored in the keyring up to record {number}; of the {} after it only the chain is known",
                report.records - number
            )
        }
        Anchoring::Never => format!("not anchored in the keyring so far: {UNKNOWABLE}"),
        Anchoring::Unknown(error) => format!("the keyring could not be asked, so {UNKNOWABLE}: {error}"),
        Anchoring::NotAsked => format!("without a keyring {UNKNOWABLE}"),
        Anchoring::Contradicts => "the keyring contradicts the log".to_owned(),
    }
}

fn set_aside(reason: &str, connection: &ConnectionArguments) -> Result<(), Failure> {
    let folder = folder(connection)?;
    let keyring = keyring(connection);
    let report = audit::verify(&folder, keyring.as_ref()).map_err(|error| Failure::Job(error.to_string()))?;
    if report.bad.is_none() {
        return Err(Failure::Policy("the audit log is good as far as can be known, so it stays where it is".to_owned()));
    }
    let kept = audit::set_aside(&folder, keyring.as_ref(), reason).map_err(|error| Failure::Job(error.to_string()))?;
    writeln!(output::out(), "the old log is {}; a new one begins in {}", kept.display(), folder.display())?;
    Ok(())
}
