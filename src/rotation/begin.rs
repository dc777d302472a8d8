//! How a rotation begins: what was planned is decided once more from what AWS says now, under the user's lock; then its journal is made.

use std::path::Path;

use futures::future::BoxFuture;

use super::campaign::Member;
use super::desk::Environment;
use super::journal::{Journal, UserLock};
use super::machine::{Inventory, Planned, Trouble};
use super::plan;
use super::service::Answer;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::rotation::RotationId;

/// A rotation whose first fact is on disk.
pub(super) struct Begun {
    pub(super) journal: Journal,
    pub(super) planned: Planned,
    pub(super) lock: UserLock,
    /// What was read under the lock, right before: the inventory that the first create is announced from need not ask for it again.
    pub(super) inventory: Inventory,
}

/// Why a rotation did not begin. Nothing was changed.
pub(super) enum NotBegun {
    /// It may not be done as it was asked for.
    Refused(Box<Fault>),
    /// It could not be done now: a call that failed, a disk, another process.
    Later(Box<Fault>),
}

impl From<Box<Fault>> for NotBegun {
    fn from(fault: Box<Fault>) -> Self {
        Self::Later(fault)
    }
}

/// What the rules say to a wish: their own refusals are for good, what a call says is not.
fn by_the_rules(environment: &Environment, mut fault: Box<Fault>) -> NotBegun {
    if !fault.is_own() {
        return NotBegun::Later(fault);
    }
    fault.at = environment.clock.now().utc;
    NotBegun::Refused(fault)
}

/// Begins. The plan that a person said yes to may be old, so nothing of it is believed but the wish. `account`: what it is for.
pub(super) async fn begin(environment: &Environment, member: &Member, account: &str) -> Result<Begun, NotBegun> {
    let Member { id, request } = member.clone();
    let service = environment.service.as_ref();
    let user = request.user.raw().to_owned();
    let caller = patient(environment, || service.caller()).await?;
    if account != caller.account || account != service.account() {
        let words = format!("it is for account {account}, and this session is one of {}", caller.account);
        return Err(NotBegun::Later(Box::new(super::refusal(&words, environment.clock.now().utc))));
    }
    plan::refuse_root(&caller, &request).map_err(|fault| by_the_rules(environment, fault))?;
    let lock = {
        let (user, account) = (user.clone(), caller.account.clone());
        on_disk(environment, move |folder| {
            let lock = UserLock::take(folder, &account, &user).map_err(|error| error.to_string())?;
            match unfinished(folder, &account, &user) {
                Some(open) => Err(format!("the rotation {open} of this user is not finished: resume or abort it")),
                None => Ok(lock),
            }
        })
        .await?
    };
    let both = || -> BoxFuture<'_, Answer<_>> {
        Box::pin(async { futures::future::try_join(service.user(&user), service.keys(&user, None)).await })
    };
    let (facts, keys) = patient(environment, both).await?;
    let decided = patient(environment, || Box::pin(plan::decide(service, &request, &caller, keys.clone()))).await;
    let decided = decided.map_err(|fault| by_the_rules(environment, fault))?;
    let inventory = Inventory { user_id: facts.id.clone(), keys, other_last_used: decided.other_last_used };
    let copies = super::copies::of(environment, &caller.account, &user, &decided.old_key.id, &request.store).await;
    let planned = Planned {
        id,
        account: caller.account,
        user,
        user_id: facts.id,
        old_key: decided.old_key.id,
        other: decided.other_key.map(|key| (key.id, request.other)),
        store: request.store,
        escrow: request.escrow,
        own_key: decided.own_key,
        soak: request.soak,
        observe: request.observe,
        copies,
        renew: request.renew,
    };
    let (first, now) = (planned.clone(), environment.clock.now().utc);
    let journal =
        on_disk(environment, move |folder| Journal::create(folder, first, now).map_err(|error| error.to_string())).await?;
    Ok(Begun { journal, planned, lock, inventory })
}

/// A read before anything was done: what may pass is tried again for as long as preparations may take.
async fn patient<'a, T>(environment: &Environment, read: impl Fn() -> BoxFuture<'a, Answer<T>>) -> Answer<T> {
    again_while(environment, |fault| Trouble::Call(Box::new(fault.clone())).may_pass(), read).await
}

/// A read for somebody who waits for it: what AWS throttled is tried again, everything else is told at once.
pub(super) async fn unthrottled<'a, T>(environment: &Environment, read: impl Fn() -> BoxFuture<'a, Answer<T>>) -> Answer<T> {
    again_while(environment, |fault| matches!(fault.kind, FaultKind::Throttled { .. }), read).await
}

async fn again_while<'a, T>(
    environment: &Environment,
    may_pass: impl Fn(&Fault) -> bool,
    read: impl Fn() -> BoxFuture<'a, Answer<T>>,
) -> Answer<T> {
    let deadline = environment.clock.now().steady.saturating_add(environment.bounds.preparation);
    let mut retries = 0;
    loop {
        let fault = match read().await {
            Err(fault) => fault,
            good => return good,
        };
        let left = deadline.saturating_sub(environment.clock.now().steady);
        if left.is_zero() || !may_pass(&fault) {
            return Err(fault);
        }
        retries += 1;
        tokio::time::sleep(environment.bounds.pause(retries).min(left)).await;
    }
}

/// Work on files, which an fsync makes wait: not on a thread that serves others.
async fn on_disk<T: Send + 'static>(
    environment: &Environment,
    job: impl FnOnce(&Path) -> Result<T, String> + Send + 'static,
) -> Result<T, Box<Fault>> {
    let folder = environment.folder.clone();
    let done = tokio::task::spawn_blocking(move || job(&folder)).await;
    done.unwrap_or_else(|_| Err("the work on its journal broke".into()))
        .map_err(|words| Box::new(super::refusal(&words, environment.clock.now().utc)))
}

/// The rotation of this user that has begun and not ended. Names are looked at first: a campaign asks this once for each user.
fn unfinished(folder: &Path, account: &str, user: &str) -> Option<RotationId> {
    let books = Journal::of_user(folder, user).into_iter().filter_map(|path| Journal::read(&path).ok());
    books
        .filter(|book| !book.phase.is_final() && book.planned.account == account && book.planned.user == user)
        .map(|book| book.planned.id)
        .next()
}
