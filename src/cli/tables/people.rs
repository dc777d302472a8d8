//! IAM's tables: users with their facts, and access keys.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, join, stream};

use super::Streams;
use super::faults::Faults;
use super::printer::{Flow, Printer};
use crate::aws::iam;
use crate::aws::page::Sink;
use crate::aws::session::Session;
use crate::cli::Failure;
use crate::cli::arguments::TableArguments;
use crate::domain::fault::Fault;
use crate::domain::key::AccessKey;
use crate::domain::known::Known;
use crate::domain::report::CredentialReport;
use crate::domain::text::Untrusted;
use crate::domain::user::{ROOT_NAME, User, UserFacts};

/// Users whose facts are asked for at the same time. The lane of IAM bounds the calls; this bounds what waits for it.
const AT_ONCE: usize = 6;

/// Every user and root, each with live facts; what a live call does not tell comes from the report.
pub(super) async fn users(
    session: &Session,
    arguments: &TableArguments,
    streams: &mut Streams<'_>,
    faults: &mut Faults,
) -> Result<(), Failure> {
    let (out, mut told) = streams.split();
    let mut printer = Printer::<User>::new(out, arguments, session.now())?;
    told.tell("listing users");
    let users = known_users(session, faults).await;
    let total = users.len();
    let mut progress = 0_usize;
    let mut rows = stream::iter(users).map(|user| with_facts(session, user)).buffered(AT_ONCE);
    while printer.flow() == Flow::More
        && let Some((user, failed)) = rows.next().await
    {
        failed.into_iter().for_each(|fault| faults.note(fault));
        let _ = printer.row(&user)?;
        progress += 1;
        if progress.is_multiple_of(AT_ONCE) {
            printer.flush()?;
            told.tell(&format!("{progress} of {total} users"));
        }
    }
    printer.end()
}

/// Root and all users with what the list and the report tell.
async fn known_users(session: &Session, faults: &mut Faults) -> Vec<User> {
    let (listed, report) = join!(list(session), iam::credential_report(session));
    let report = report.map_err(|fault| faults.note(fault)).ok();
    let mut reported: BTreeMap<String, User> =
        report.iter().flat_map(CredentialReport::users).map(|user| (user.name.raw().to_owned(), user)).collect();
    let mut users = vec![reported.remove(ROOT_NAME).unwrap_or_else(root)];
    let (listed, failed) = listed;
    for user in listed {
        match reported.remove(user.name.raw()) {
            Some(mut known) => {
                known.merge(user);
                users.push(known);
            }
            None => users.push(user),
        }
    }
    if let Some(fault) = failed {
        faults.note(fault);
        // The report stands in for the part of the list that is missing.
        users.extend(reported.into_values());
    }
    users
}

/// What the list gave, and why it ended early.
async fn list(session: &Session) -> (Vec<User>, Option<Fault>) {
    let (sender, mut pages) = futures::channel::mpsc::unbounded();
    let sink = Sink::new(move |page: Vec<User>| {
        let sent = sender.unbounded_send(page).map_err(|_| crate::aws::page::Stopped);
        Box::pin(std::future::ready(sent))
    });
    let failed = iam::users(session, &sink).await.err();
    drop(sink);
    let mut users = Vec::new();
    while let Some(page) = pages.next().await {
        users.extend(page);
    }
    (users, failed)
}

/// Root where there is no report to bring it.
fn root() -> User {
    User {
        name: Untrusted::new(ROOT_NAME),
        arn: Untrusted::new(""),
        id: None,
        created: Known::Unknown,
        password: Known::Unknown,
        password_last_used: Known::Unknown,
        mfa: Known::Unknown,
        keys: Known::Unknown,
        groups: Known::Unknown,
    }
}

async fn with_facts(session: &Session, mut user: User) -> (User, Vec<Fault>) {
    let UserFacts { password, mfa, keys, groups, .. } = iam::user_facts(session, &user.name).await;
    let mut failed: Vec<Fault> = Vec::new();
    failed.extend(password.fault().cloned());
    failed.extend(mfa.fault().cloned());
    failed.extend(keys.fault().cloned());
    failed.extend(groups.fault().cloned());
    user.improve_password(password);
    user.mfa.improve(mfa);
    user.keys.improve(keys);
    user.groups.improve(groups);
    (user, failed)
}

/// Every access key with its last use. Root's keys are in the report only.
pub(super) async fn keys(
    session: &Session,
    arguments: &TableArguments,
    streams: &mut Streams<'_>,
    faults: &mut Faults,
) -> Result<(), Failure> {
    let (out, mut told) = streams.split();
    let mut printer = Printer::<AccessKey>::new(out, arguments, session.now())?;
    told.tell("listing users");
    let ((users, failed), report) = join!(list(session), iam::credential_report(session));
    let cut_short = failed.is_some();
    failed.into_iter().for_each(|fault| faults.note(fault));
    let report = report.map_err(|fault| faults.note(fault)).ok();
    let mut reported: BTreeMap<String, Vec<AccessKey>> = BTreeMap::new();
    for key in report.iter().flat_map(CredentialReport::keys) {
        reported.entry(key.handle.user.raw().to_owned()).or_default().push(key);
    }
    for key in reported.remove(ROOT_NAME).unwrap_or_default() {
        let _ = printer.row(&key)?;
    }
    let mut names: Vec<Untrusted> = users.into_iter().map(|user| user.name).collect();
    if cut_short {
        // The report names those that the list did not get to: their keys are asked for all the same.
        let listed: BTreeSet<String> = names.iter().map(|name| name.raw().to_owned()).collect();
        names.extend(reported.keys().filter(|name| !listed.contains(*name)).map(Untrusted::new));
    }
    let total = names.len();
    let mut read = stream::iter(&names).map(|name| async move { (name, keys_of(session, name).await) }).buffered(AT_ONCE);
    let mut progress = 0_usize;
    while printer.flow() == Flow::More
        && let Some((name, (keys, failed))) = read.next().await
    {
        let denied = keys.is_none();
        failed.into_iter().for_each(|fault| faults.note(fault));
        let stand_in = reported.remove(name.raw()).filter(|_| denied);
        for key in keys.or(stand_in).unwrap_or_default() {
            let _ = printer.row(&key)?;
        }
        progress += 1;
        if progress.is_multiple_of(AT_ONCE) {
            printer.flush()?;
            told.tell(&format!("keys of {progress} of {total} users"));
        }
    }
    printer.end()
}

/// The keys of a user with their last use, and what failed.
async fn keys_of(session: &Session, user: &Untrusted) -> (Option<Vec<AccessKey>>, Vec<Fault>) {
    let mut keys = match iam::access_keys(session, user).await {
        Ok(keys) => keys,
        Err(fault) => return (None, vec![fault]),
    };
    let mut failed = Vec::new();
    for key in &mut keys {
        let Some(id) = key.id.value().cloned() else { continue };
        let used = iam::key_last_used(session, &id).await;
        failed.extend(used.as_ref().err().cloned());
        key.last_used = Known::from_result(used, session.now());
    }
    (Some(keys), failed)
}
