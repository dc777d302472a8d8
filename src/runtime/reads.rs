//! The one place where a pane's wish becomes calls to AWS, and their answers become the pane's messages.

use futures::StreamExt as _;
use jiff::Timestamp;
use tokio::task::JoinSet;

use super::desks::{self, Desks, Reports};
use super::sessions;
use crate::aws::page::{Sink, Stopped};
use crate::aws::session::Session;
use crate::aws::{cloudtrail, containment, guardduty, iam, ssm};
use crate::domain::event::{EventPage, Lookup, LookupKey};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::text::Untrusted;
use crate::domain::user::User;
use crate::panes::{self, bastions, findings, keys, rotations, trail, users};
use crate::recordings::list;

/// Users whose facts are asked for at the same time. The lane of IAM bounds the calls; this bounds what waits for it.
const USERS_AT_ONCE: usize = 4;

/// What is read beside AWS: rotations are this machine's own.
#[derive(Debug, Clone)]
pub(super) struct Beside {
    /// The desks that keep rotations.
    pub(super) desks: Desks,
    /// Where their reports go.
    pub(super) reports: Option<Reports>,
}

/// Reads, and hands over what comes. Ends when all has been said, or when nobody listens any more.
pub(super) async fn run(aws: &Session, beside: &Beside, read: panes::Read, to: &Sink<panes::Msg>) -> Result<(), Stopped> {
    match read {
        panes::Read::Users(read) => users(aws, read, &to.contramap(panes::Msg::Users)).await,
        panes::Read::Keys(read) => keys(aws, &beside.desks, read, &to.contramap(panes::Msg::Keys)).await,
        panes::Read::Findings(read) => findings(aws, read, &to.contramap(panes::Msg::Findings)).await,
        panes::Read::Trail(read) => trail(aws, read, &to.contramap(panes::Msg::Trail)).await,
        panes::Read::Bastions(read) => bastions(aws, read, &to.contramap(panes::Msg::Bastions)).await,
        panes::Read::Rotations(rotations::Read::Stop) => {
            let stopped = rotations::Msg::Stopped(beside.desks.stop());
            to.send(panes::Msg::Rotations(stopped)).await
        }
        panes::Read::Rotations(rotations::Read::Report(rows)) => {
            let (reports, at) = (beside.reports.clone(), aws.now());
            let written = tokio::task::spawn_blocking(move || desks::report(reports.as_ref(), &rows, at)).await;
            let written = written.unwrap_or_else(|_| Err("writing it broke".into()));
            to.send(panes::Msg::Rotations(rotations::Msg::Reported(written))).await
        }
    }
}

async fn users(aws: &Session, read: users::Read, to: &Sink<users::Msg>) -> Result<(), Stopped> {
    match read {
        users::Read::List => {
            let result = iam::users(aws, &to.contramap(users::Msg::Page)).await;
            to.send(users::Msg::Listed(result)).await
        }
        users::Read::Report => to.send(users::Msg::Report(iam::credential_report(aws).await)).await,
        users::Read::Facts(names) => {
            let facts_of = |name: Untrusted| {
                let aws = aws.clone();
                async move { iam::user_facts(&aws, &name).await }
            };
            let mut facts = futures::stream::iter(names).map(facts_of).buffer_unordered(USERS_AT_ONCE);
            while let Some(facts) = facts.next().await {
                to.send(users::Msg::Facts(facts)).await?;
            }
            to.send(users::Msg::FactsDone).await
        }
    }
}

async fn keys(aws: &Session, desks: &Desks, read: keys::Read, to: &Sink<keys::Msg>) -> Result<(), Stopped> {
    match read {
        keys::Read::Report => to.send(keys::Msg::Report(iam::credential_report(aws).await)).await,
        keys::Read::OfUsers(names) => {
            keys_of(aws, names, LastUses::Read, to).await?;
            to.send(keys::Msg::Listed(Ok(()))).await
        }
        keys::Read::AllUsers => {
            let (aws_too, to_too) = (aws.clone(), to.clone());
            let pages = Sink::new(move |page: Vec<User>| {
                let (aws, to) = (aws_too.clone(), to_too.clone());
                let names: Vec<_> = page.into_iter().map(|user| user.name).collect();
                Box::pin(async move { keys_of(&aws, names, LastUses::Leave, &to).await })
            });
            let result = iam::users(aws, &pages).await;
            to.send(keys::Msg::Listed(result)).await
        }
        keys::Read::Before { user, password } => {
            to.send(keys::Msg::Before { result: containment::access(aws, &user).await, password }).await
        }
        keys::Read::Plan { wanted, at_once } => desks.plan(aws, wanted, at_once, to).await,
        keys::Read::Uses { last_used, ids, regions, from, to: until } => {
            if let Some(key) = last_used {
                to.send(keys::Msg::UsesLast(iam::key_last_used(aws, &key).await)).await?;
            }
            uses(aws, ids, regions, (from, until), to).await
        }
    }
}

/// The events of these keys, region by region at the same time, one key after the other.
async fn uses(
    aws: &Session,
    ids: Vec<Untrusted>,
    regions: Vec<String>,
    (from, until): (Timestamp, Timestamp),
    to: &Sink<keys::Msg>,
) -> Result<(), Stopped> {
    each_region(
        aws,
        regions,
        to,
        move |aws, region, to| {
            let ids = ids.clone();
            async move {
                let named = region.clone();
                let waiting = to.contramap(move |until| keys::Msg::UsesWait { region: named.clone(), until });
                let mut result = Ok(());
                for id in ids {
                    let lookup = Lookup { from, to: until, attribute: Some((LookupKey::AccessKeyId, id.raw().to_owned())) };
                    result = cloudtrail::lookup_telling(&aws, &region, &lookup, &first_pages(&to), &waiting).await;
                    if result.is_err() {
                        break;
                    }
                }
                keys::Msg::UsesEnded { region, result }
            }
        },
        |region, fault| keys::Msg::UsesEnded { region, result: Err(fault) },
    )
    .await
}

/// Hands on as many pages as a person can want of a busy key, and then wants no more.
fn first_pages(to: &Sink<keys::Msg>) -> Sink<EventPage> {
    let to = to.clone();
    Sink::new(move |page: EventPage| {
        let (to, enough) = (to.clone(), page.pages >= keys::MOST_PAGES);
        Box::pin(async move {
            to.send(keys::Msg::UsesPage(page)).await?;
            if enough { Err(Stopped) } else { Ok(()) }
        })
    })
}

/// Whether to ask for the last use of each key: one call more for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastUses {
    Read,
    Leave,
}

/// Ids, status, age and, where wanted, last use of these users' keys.
async fn keys_of(aws: &Session, names: Vec<Untrusted>, last_uses: LastUses, to: &Sink<keys::Msg>) -> Result<(), Stopped> {
    let keys_of = |user| keys_of_one(aws.clone(), user, last_uses, to.clone());
    let mut each = futures::stream::iter(names).map(keys_of).buffer_unordered(USERS_AT_ONCE);
    while let Some(result) = each.next().await {
        result?;
    }
    Ok(())
}

async fn keys_of_one(aws: Session, user: Untrusted, last_uses: LastUses, to: Sink<keys::Msg>) -> Result<(), Stopped> {
    let result = iam::access_keys(&aws, &user).await;
    let known = result.iter().flatten().filter_map(|key| Some((key.handle.clone(), key.id.value()?.clone())));
    let known: Vec<_> = known.filter(|_| last_uses == LastUses::Read).collect();
    to.send(keys::Msg::Keys { user: user.clone(), result }).await?;
    for (handle, id) in known {
        let result = iam::key_last_used(&aws, &id).await;
        to.send(keys::Msg::LastUsed { handle, result }).await?;
    }
    to.send(keys::Msg::UserDone(user)).await
}

async fn findings(aws: &Session, read: findings::Read, to: &Sink<findings::Msg>) -> Result<(), Stopped> {
    let findings::Read::List { regions, archived } = read;
    each_region(
        aws,
        regions,
        to,
        move |aws, region, to| async move {
            let named = region.clone();
            let pages = to.contramap(move |findings| findings::Msg::Page { region: named.clone(), findings });
            let result = guardduty::findings(&aws, &region, archived, &pages).await;
            findings::Msg::Ended { region, result }
        },
        |region, fault| findings::Msg::Ended { region, result: Err(fault) },
    )
    .await
}

async fn trail(aws: &Session, read: trail::Read, to: &Sink<trail::Msg>) -> Result<(), Stopped> {
    let trail::Read::Lookup { regions, lookup } = read;
    each_region(
        aws,
        regions,
        to,
        move |aws, region, to| {
            let lookup = lookup.clone();
            async move {
                let named = region.clone();
                let waiting = to.contramap(move |until| trail::Msg::Waiting { region: named.clone(), until });
                let result = cloudtrail::lookup_telling(&aws, &region, &lookup, &to.contramap(trail::Msg::Page), &waiting).await;
                trail::Msg::Ended { region, result }
            }
        },
        |region, fault| trail::Msg::Ended { region, result: Err(fault) },
    )
    .await
}

async fn bastions(aws: &Session, read: bastions::Read, to: &Sink<bastions::Msg>) -> Result<(), Stopped> {
    match read {
        bastions::Read::Nodes { regions } => {
            each_region(
                aws,
                regions,
                to,
                |aws, region, to| async move {
                    let named = region.clone();
                    let pages = to.contramap(move |nodes| bastions::Msg::Nodes { region: named.clone(), nodes });
                    let result = ssm::nodes(&aws, &region, &pages).await;
                    bastions::Msg::NodesEnded { region, result }
                },
                |region, fault| bastions::Msg::NodesEnded { region, result: Err(fault) },
            )
            .await
        }
        bastions::Read::Recordings => recordings(aws, to).await,
        bastions::Read::Preferences { region } => {
            let result = ssm::preferences(aws, &region).await;
            to.send(bastions::Msg::Preferences { region, result }).await
        }
        bastions::Read::Sessions { regions, active } => {
            each_region(
                aws,
                regions,
                to,
                move |aws, region, to| async move {
                    let named = region.clone();
                    let pages = to.contramap(move |sessions| bastions::Msg::Sessions { region: named.clone(), active, sessions });
                    let result = ssm::sessions(&aws, &region, active, &pages).await;
                    bastions::Msg::SessionsEnded { region, active, result }
                },
                move |region, fault| bastions::Msg::SessionsEnded { region, active, result: Err(fault) },
            )
            .await
        }
    }
}

/// Rows of recordings that are handed over at a time.
const RECORDINGS_AT_ONCE: usize = 256;

/// The recordings on this machine, on a thread that may wait for the disk.
async fn recordings(aws: &Session, to: &Sink<bastions::Msg>) -> Result<(), Stopped> {
    let listed = tokio::task::spawn_blocking(|| match sessions::recordings_folder() {
        Some(folder) => list::all(&folder).map_err(|error| format!("{}: {error}", folder.display())),
        None => Err("there is no home directory: set BARTIZAN_STATE_DIR".to_owned()),
    });
    let result = match listed.await.unwrap_or_else(|_| Err("reading them broke".to_owned())) {
        Ok(mut all) => {
            while !all.is_empty() {
                let rest = all.split_off(all.len().min(RECORDINGS_AT_ONCE));
                to.send(bastions::Msg::Recordings(std::mem::replace(&mut all, rest))).await?;
            }
            Ok(())
        }
        Err(why) => Err(Fault {
            kind: FaultKind::Configuration,
            call: String::new(),
            region: String::new(),
            message: Untrusted::new(format!("the recordings could not be read: {why}")),
            request_id: None,
            at: aws.now(),
        }),
    };
    to.send(bastions::Msg::RecordingsEnded(result)).await
}

/// Reads all regions at the same time. Each ends on its own; one that breaks ends with a fault and leaves the others alone.
async fn each_region<M, F>(
    aws: &Session,
    regions: Vec<String>,
    to: &Sink<M>,
    read: impl Fn(Session, String, Sink<M>) -> F,
    broken: impl Fn(String, Fault) -> M,
) -> Result<(), Stopped>
where
    M: Send + 'static,
    F: Future<Output = M> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    let mut region_of = Vec::new();
    for region in regions {
        let task = tasks.spawn(read(aws.clone(), region.clone(), to.clone()));
        region_of.push((task.id(), region));
    }
    while let Some(ended) = tasks.join_next_with_id().await {
        let last = match ended {
            Ok((_, last)) => last,
            Err(error) => {
                let region = region_of.iter().find(|(id, _)| *id == error.id()).map(|(_, region)| region.clone());
                let region = region.unwrap_or_default();
                let fault = internal(aws, &region);
                broken(region, fault)
            }
        };
        to.send(last).await?;
    }
    Ok(())
}

fn internal(aws: &Session, region: &str) -> Fault {
    Fault {
        kind: FaultKind::Internal,
        call: String::new(),
        region: region.to_owned(),
        message: Untrusted::new("a task of this region broke"),
        request_id: None,
        at: aws.now(),
    }
}
