//! The tables of the regional services: all regions at the same time, newest first.

use jiff::{SignedDuration, Timestamp};

use super::Streams;
use super::faults::Faults;
use super::printer::{Flow, Printer};
use super::regions::{Merge, gather};
use crate::aws::session::Session;
use crate::aws::{cloudtrail, guardduty, ssm};
use crate::cli::Failure;
use crate::cli::arguments::{EventArguments, FindingArguments, TableArguments};
use crate::domain::event::{Event, Lookup};
use crate::domain::finding::Finding;
use crate::domain::node::{Node, SsmSession};
use crate::kit::table::Row;

/// How far back events are read where nobody says.
const SINCE: SignedDuration = SignedDuration::from_hours(24);
/// Rows after which the reader of a pipe gets what there is.
const FLUSH_EVERY: usize = 50;

/// All findings wanted, the latest first.
pub(super) async fn findings(
    session: &Session,
    arguments: &FindingArguments,
    streams: &mut Streams<'_>,
    faults: &mut Faults,
) -> Result<(), Failure> {
    let archived = arguments.archived.into();
    let (out, mut told) = streams.split();
    told.tell("reading findings");
    let printer = Printer::new(out, &arguments.table, session.now())?;
    let rows: Vec<Finding> = gather(session, faults, |session, region, sink| {
        Box::pin(async move { guardduty::findings(&session, &region, archived, &sink).await })
    })
    .await;
    write(rows, printer, |finding| finding.last_seen.or(finding.updated))
}

/// All nodes, the last heard of first.
pub(super) async fn nodes(
    session: &Session,
    arguments: &TableArguments,
    streams: &mut Streams<'_>,
    faults: &mut Faults,
) -> Result<(), Failure> {
    let (out, mut told) = streams.split();
    told.tell("reading nodes");
    let printer = Printer::new(out, arguments, session.now())?;
    let rows: Vec<Node> =
        gather(session, faults, |session, region, sink| Box::pin(async move { ssm::nodes(&session, &region, &sink).await }))
            .await;
    write(rows, printer, |node| node.last_ping)
}

/// Open sessions and those of the last thirty days, the latest first.
pub(super) async fn sessions(
    session: &Session,
    arguments: &TableArguments,
    streams: &mut Streams<'_>,
    faults: &mut Faults,
) -> Result<(), Failure> {
    let (out, mut told) = streams.split();
    told.tell("reading sessions");
    let printer = Printer::new(out, arguments, session.now())?;
    let rows: Vec<SsmSession> = gather(session, faults, |session, region, sink| {
        Box::pin(async move {
            ssm::sessions(&session, &region, true, &sink).await?;
            ssm::sessions(&session, &region, false, &sink).await
        })
    })
    .await;
    write(rows, printer, |session| session.started)
}

pub(super) fn write<R: Row>(
    mut rows: Vec<R>,
    mut printer: Printer<'_, R>,
    time: impl Fn(&R) -> Option<Timestamp>,
) -> Result<(), Failure> {
    rows.sort_by_key(|row| std::cmp::Reverse(time(row)));
    for row in &rows {
        if printer.row(row)? == Flow::Enough {
            break;
        }
    }
    printer.end()
}

/// The events of a range, streamed: with `--limit` no more pages are asked for than it takes.
pub(super) async fn events(
    session: &Session,
    arguments: &EventArguments,
    streams: &mut Streams<'_>,
    faults: &mut Faults,
) -> Result<(), Failure> {
    let wanted = lookup(arguments, session.now())?;
    let (out, mut told) = streams.split();
    let mut printer = Printer::<Event>::new(out, &arguments.table, session.now())?;
    let mut merge = Merge::start(session, move |session, region, sink| {
        let wanted = wanted.clone();
        Box::pin(async move { cloudtrail::lookup(&session, &region, &wanted, &sink).await })
    });
    let mut read = 0_usize;
    while printer.flow() == Flow::More
        && let Some(event) = merge.next(faults).await
    {
        let _ = printer.row(&event)?;
        read += 1;
        if read.is_multiple_of(FLUSH_EVERY) {
            printer.flush()?;
            told.tell(&format!("{read} events read, back to {}", crate::domain::age::utc(event.time)));
        }
    }
    if merge.undecoded > 0 {
        told.line(&format!("{} events could not be decoded; they are listed with what is known", merge.undecoded));
    }
    printer.end()
}

fn lookup(arguments: &EventArguments, now: Timestamp) -> Result<Lookup, Failure> {
    let from = arguments.since.map_or(now - SINCE, |since| since.at(now));
    let to = arguments.until.map_or(now, |until| until.at(now));
    if from > to {
        return Err(Failure::Usage("--since is later than --until".into()));
    }
    Ok(Lookup { from, to, attribute: arguments.attribute.clone() })
}
