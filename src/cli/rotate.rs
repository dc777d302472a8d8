//! `bartizan rotate`: guided rotations without the screen. It uses the same desk as the console.

pub mod arguments;
mod ask;
mod follow;
mod places;
mod say;

use std::collections::BTreeSet;

use jiff::Timestamp;

use self::arguments::RotateArguments;
use self::places::Places;
use super::arguments::{ConnectionArguments, ConsoleArguments};
use super::{Failure, config, host};
use crate::aws::clearance::Rules;
use crate::config::paths;
use crate::domain::rotation::{Choice, Command, EscrowKey, Phase, Request, Rotation, RotationId, StoreChoice};
use crate::domain::text::Untrusted;
use crate::rotation::desk::{self, PlanFor};
use crate::runtime::containment_forbids;

/// Rotates, lists, resumes or aborts.
pub(super) fn run(
    arguments: &RotateArguments,
    connection: &ConnectionArguments,
    console: &ConsoleArguments,
) -> Result<(), Failure> {
    if arguments.list {
        return list(arguments.json);
    }
    if console.read_only {
        return Err(Failure::Policy("started with --read-only: nothing is rotated".into()));
    }
    let config = config::load(connection, console)?;
    let rules = host::rules(&config, console);
    super::run_job(job(arguments, connection, &config.regions.value, &rules))
}

async fn job(
    arguments: &RotateArguments,
    connection: &ConnectionArguments,
    regions: &[String],
    rules: &Rules,
) -> Result<(), Failure> {
    let places = Places::open(arguments, connection, regions, rules).await?;
    if let Some(id) = &arguments.abort {
        return abort(&places, arguments, &RotationId(id.clone())).await;
    }
    if let Some(id) = &arguments.resume {
        return resume(&places, arguments, id.as_ref().map(|id| RotationId(id.clone()))).await;
    }
    start(&places, arguments).await
}

async fn start(places: &Places, arguments: &RotateArguments) -> Result<(), Failure> {
    let requests = requests(arguments)?;
    let plans = places.desk.plan(requests).await;
    let mut good: Vec<PlanFor> = Vec::new();
    let mut bad = Vec::new();
    for (user, plan) in arguments.users.iter().zip(plans) {
        match plan {
            Ok(plan) => good.push(plan),
            Err(fault) => bad.push(format!("{user}: {fault}")),
        }
    }
    if good.is_empty() {
        return Err(Failure::Job(bad.join("; ")));
    }
    say::plans(&good, &bad);
    let plan = ask::together(&good);
    // The plan named the key, so this is the key, whatever comes to be meanwhile.
    let named = |plan: &PlanFor| Request { key: Some(Untrusted::new(&plan.old_key.id)), ..plan.request.clone() };
    let command = Command::Start { requests: good.iter().map(named).collect(), at_once: arguments.at_once };
    let approved = ask::approve(command, plan, &places.cleared, arguments)?;
    let before = on_board(places);
    places.desk.command(approved).await.map_err(Failure::Job)?;
    let ended = follow::to_the_end(places, arguments, |row| !before.contains(&row.id), |row| row.phase == Phase::Done).await;
    if bad.is_empty() { ended } else { ended.and_then(|()| Err(Failure::Job(bad.join("; ")))) }
}

async fn resume(places: &Places, arguments: &RotateArguments, id: Option<RotationId>) -> Result<(), Failure> {
    let left: Vec<Rotation> = places.desk.watch().borrow().iter().filter(|row| !row.phase.is_final()).cloned().collect();
    let wanted: Vec<&Rotation> = left.iter().filter(|row| id.as_ref().is_none_or(|id| row.id == *id)).collect();
    match (&id, wanted.as_slice()) {
        (Some(id), []) => {
            return Err(Failure::Job(format!("there is no unfinished rotation {id}; `bartizan rotate --list` has all")));
        }
        (None, []) => {
            say::line("there is nothing to resume");
            return Ok(());
        }
        _ => {}
    }
    // Those of other accounts are left, and named by the desk.
    let (wanted, others): (Vec<&Rotation>, Vec<&Rotation>) =
        wanted.into_iter().partition(|row| places.desk.may_go_on(row).is_ok() || can_be_dropped(row, arguments.choose));
    let others: Vec<String> = others.into_iter().filter_map(|row| places.desk.may_go_on(row).err()).collect();
    if wanted.is_empty() {
        return Err(Failure::Policy(others.join("; ")));
    }
    if matches!(arguments.choose, Some(Choice::Reactivate | Choice::RollBack)) {
        wanted.iter().try_for_each(|row| may_reactivate(places, row))?;
    }
    let plan = ask::resuming(&wanted);
    let command = match (&id, arguments.choose) {
        (Some(id), Some(choice)) => Command::Answer { id: id.clone(), choice },
        (None, Some(_)) => return Err(Failure::Usage("--choose answers one rotation: name it with --resume ID".into())),
        _ => Command::Resume { id },
    };
    let approved = ask::approve(command, plan, &places.cleared, arguments)?;
    // What cannot be taken up does not hold up the others.
    let refused = places.desk.command(approved).await.err();
    let may_abort = matches!(arguments.choose, Some(Choice::RollBack | Choice::Abort));
    let wanted: BTreeSet<RotationId> = wanted.iter().map(|row| row.id.clone()).collect();
    let is_good = |row: &Rotation| row.phase == Phase::Done || may_abort;
    let ended = follow::to_the_end(places, arguments, |row| wanted.contains(&row.id), is_good).await;
    refused.map_or(ended, |why| Err(Failure::Job(why)))
}

/// Whether it is one of an earlier version's campaign that names no account and has not begun: it can be given up anywhere.
fn can_be_dropped(row: &Rotation, choice: Option<Choice>) -> bool {
    row.account.is_empty() && row.phase == Phase::Planned && choice == Some(Choice::Abort)
}

/// A key that a containment has marked as leaked becomes active by its typed id only, which no rotation has.
fn may_reactivate(places: &Places, row: &Rotation) -> Result<(), Failure> {
    // A renewal leaves its old key inactive by itself.
    let forbidden = if row.renew { None } else { containment_forbids(&places.containments, row) };
    forbidden.map_or(Ok(()), |why| Err(Failure::Policy(format!("{}: {why}", row.id))))
}

fn on_board(places: &Places) -> BTreeSet<RotationId> {
    places.desk.watch().borrow().iter().map(|row| row.id.clone()).collect()
}

async fn abort(places: &Places, arguments: &RotateArguments, id: &RotationId) -> Result<(), Failure> {
    let row = places.desk.watch().borrow().iter().find(|row| row.id == *id).cloned();
    let row = row.ok_or_else(|| Failure::Job(format!("there is no rotation {id}; `bartizan rotate --list` has all")))?;
    if row.phase.is_final() {
        return Err(Failure::Job(format!("{id} has ended already: {}", row.phase.word())));
    }
    let choice = if row.phase < Phase::Creating { Choice::Abort } else { Choice::RollBack };
    if !can_be_dropped(&row, Some(choice)) {
        places.desk.may_go_on(&row).map_err(Failure::Policy)?;
    }
    if choice == Choice::RollBack {
        may_reactivate(places, &row)?;
    }
    let plan = ask::aborting(&row);
    let approved = ask::approve(Command::Answer { id: id.clone(), choice }, plan, &places.cleared, arguments)?;
    places.desk.command(approved).await.map_err(Failure::Job)?;
    follow::to_the_end(places, arguments, |row| row.id == *id, |row| row.phase == Phase::Aborted).await
}

fn requests(arguments: &RotateArguments) -> Result<Vec<Request>, Failure> {
    if arguments.users.len() > 1 && arguments.key.is_some() {
        return Err(Failure::Usage("--key names one user's key: rotate that user alone".into()));
    }
    let request = |user: &String| {
        let store = StoreChoice::parse(&arguments.store, user).map_err(Failure::Usage)?;
        let by_store = if matches!(store, StoreChoice::File { .. }) { EscrowKey::Passphrase } else { EscrowKey::Keyring };
        Ok(Request {
            user: Untrusted::new(user),
            key: arguments.key.as_ref().map(Untrusted::new),
            escrow: arguments.escrow.map_or(by_store, EscrowKey::from),
            store,
            soak: arguments.soak,
            observe: arguments.observe,
            other: arguments.other.into(),
            renew: arguments.renew,
        })
    };
    let requests: Vec<Request> = arguments.users.iter().map(request).collect::<Result<_, Failure>>()?;
    let is_shared = |store: &StoreChoice| requests.iter().filter(|request| request.store == *store).count() > 1;
    // An encrypted file keeps the pairs of several users apart; the others serve one key a place.
    if let Some(request) =
        requests.iter().find(|request| !matches!(request.store, StoreChoice::File { .. }) && is_shared(&request.store))
    {
        return Err(Failure::Usage(format!("{} cannot take the keys of several users", request.store)));
    }
    Ok(requests)
}

fn list(json: bool) -> Result<(), Failure> {
    let folder =
        paths::state_dir().ok_or_else(|| Failure::Job("there is no folder for rotations: set BARTIZAN_STATE_DIR".into()))?;
    let folder = folder.join("rotation");
    let (rows, problems) = desk::left_in(&folder);
    say::table(&rows, json)?;
    if rows.is_empty() && problems.is_empty() {
        // Not on stdout: a script finds no lines there.
        say::line(&format!("no rotation is recorded in {}", folder.display()));
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::Job(problems.join("; "))) }
}

/// The present time, for the dialog.
#[expect(clippy::disallowed_methods, reason = "the edge at which the command line learns the time")]
fn now() -> Timestamp {
    Timestamp::now()
}
