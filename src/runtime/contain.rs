//! Shuts what a user can sign in with, step by step, tells how each step went, and looks again later whether it holds: in this console, or
//! in the next one where this one ends before.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::kept::{Cases, Kept};
use super::runner::Reply;
use crate::app::Msg;
use crate::audit::{AuditLog, Entry, Intent};
use crate::aws::change::{Changer, NotMade};
use crate::aws::read_back::{Pause, read_back};
use crate::aws::session::Session;
use crate::aws::{containment, iam, sts};
use crate::domain::account::Identity;
use crate::domain::change::{Change, Mutation};
use crate::domain::containment::{Access, CHECKS_S, Case, Containment, Seen};
use crate::domain::fault::{Fault, FaultKind, Own};
use crate::domain::rotation::{Choice, Command, Phase, Rotation};
use crate::domain::text::Untrusted;
use crate::kit::effect::{Level, SessionId};
use crate::panes::Done;
use crate::panes::keys::Contained;

/// What the audit log calls a look at a containment.
const CHECK: &str = "bartizan:CheckContainment";

/// Who looks after the containments of a session.
#[derive(Clone)]
pub(super) struct Warden {
    pub(super) aws: Session,
    pub(super) session: SessionId,
    pub(super) cases: Cases,
    /// Where it is written down that somebody has looked; `None`: nowhere.
    pub(super) log: Option<AuditLog>,
    /// Who asks, as the audit log names it.
    pub(super) origin: String,
    pub(super) to: mpsc::Sender<Reply>,
    /// Ends the looking: the session is replaced, and the next one goes on with it.
    pub(super) token: CancellationToken,
    pub(super) pause: Pause,
    /// What is looked after now.
    pub(super) watches: Watches,
    /// The rotations of this machine, as they stand now.
    pub(super) board: Board,
}

/// The rotations of this machine, as they stand now.
pub(super) type Board = Arc<dyn Fn() -> Vec<Rotation> + Send + Sync>;

/// A case that several tasks work on. Whoever changes it keeps the lock until it is on disk.
type Shared = Arc<Mutex<Kept>>;

/// The cases that are looked after, by account and user. A new containment, or a release, takes the place of what there was: the operator's own
/// changes are nobody's doing that has to be found out.
#[derive(Clone, Default)]
pub(super) struct Watches(Arc<std::sync::Mutex<BTreeMap<(String, Untrusted), Watched>>>);

#[derive(Clone)]
struct Watched {
    kept: Shared,
    token: CancellationToken,
}

impl Watches {
    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<(String, Untrusted), Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks after this one from now on, and after no other one of the same user.
    fn begin(&self, account: &str, user: &Untrusted, kept: &Shared, token: CancellationToken) {
        let watched = Watched { kept: Arc::clone(kept), token };
        let before = self.all().insert((account.to_owned(), user.clone()), watched);
        if let Some(before) = before {
            before.token.cancel();
        }
    }

    fn of(&self, account: &str, user: &Untrusted) -> Option<Watched> {
        self.all().get(&(account.to_owned(), user.clone())).cloned()
    }
}

/// What is still being read about a step of unknown fate.
type Reading = (usize, BoxFuture<'static, Option<Result<Done, Fault>>>);

impl Warden {
    /// Makes the steps in order. One that fails, or whose answer is lost, does not keep the others from being made: each shuts a way of its own.
    /// What there was before is on disk before anything is changed.
    ///
    /// # Errors
    /// Nothing was done; or only a part of it was, which the fault names.
    pub(super) async fn run(self, changer: &Changer, containment: Containment) -> Result<Done, Fault> {
        let account = self.identity().await?.account;
        let (user, release) = (containment.user().clone(), containment.release);
        let steps = containment.steps();
        let kept = Shared::new(Mutex::new(Kept { account: account.clone(), case: Case::begun(containment, self.aws.now()) }));
        let token = self.token.child_token();
        self.watches.begin(&account, &user, &kept, token.clone());
        let unkept = self.keep(&*kept.lock().await).await.err();
        let (mut warning, mut first, mut reading) = (None, None, Vec::<Reading>::new());
        for (step, change) in steps.into_iter().enumerate() {
            let result = match changer.attempt(&change).await {
                Ok(done) => {
                    warning = warning.or(done.warning);
                    Ok(())
                }
                Err(NotMade { fault, later }) => {
                    reading.extend(later.map(|later| -> Reading { (step, Box::pin(later.outcome())) }));
                    first = first.or_else(|| Some(fault.clone()));
                    Err(fault)
                }
            };
            self.made(&kept, step, result).await;
        }
        let case = kept.lock().await.case.clone();
        let outcome = outcome(&case, first, self.aws.now()).map(|done| Done { warning, ..done });
        if release && case.is_whole() && case.containment.kept_inactive().next().is_none() {
            self.cases.forget(&*kept.lock().await);
            return outcome;
        }
        self.spawn(kept, token, reading);
        let unkept = unkept.map(|why| format!("the state before is not on disk, so only this console can put it back: {why}"));
        outcome.map(|done| Done { warning: done.warning.or(unkept), ..done })
    }

    /// A step has ended, or what became of it is known better now.
    async fn made(&self, kept: &Shared, step: usize, result: Result<(), Fault>) {
        let at = self.aws.now();
        let mut kept = kept.lock().await;
        if let Some(slot) = kept.case.steps.get_mut(step) {
            *slot = Some((at, result.clone()));
        }
        let _told_at_the_end = self.keep(&kept).await;
        let user = kept.case.containment.user().clone();
        drop(kept);
        self.tell(&user, Contained::Step { step, at, result }).await;
    }

    /// Takes up what earlier consoles left: shows it, and looks again where that is still to be done.
    pub(super) async fn resume(self) {
        if self.cases.is_empty() {
            return;
        }
        let Ok(identity) = self.identity().await else { return };
        let cases = self.cases.clone();
        let read = tokio::task::spawn_blocking(move || cases.of(&identity.account)).await;
        let (all, problems) = read.unwrap_or_default();
        for problem in problems {
            let _loop_has_ended = self.to.send(Reply::Tell(Box::new(Msg::Notice(Level::Warning, problem)))).await;
        }
        for mut kept in all {
            if kept.case.containment.release && kept.case.is_whole() && self.is_over(&kept).await {
                self.cases.forget(&kept);
                continue;
            }
            let (user, steps) = (kept.case.containment.user().clone(), kept.case.containment.steps());
            let unknown = kept.case.interrupt();
            self.tell(&user, Contained::Kept(Box::new(kept.case.clone()))).await;
            let reading =
                unknown.into_iter().filter_map(|step| Some((step, self.read_back(steps.get(step)?.clone(), &kept, step)?)));
            let (reading, token): (Vec<Reading>, _) = (reading.collect(), self.token.child_token());
            let account = kept.account.clone();
            let kept = Shared::new(Mutex::new(kept));
            self.watches.begin(&account, &user, &kept, token.clone());
            self.clone().spawn(kept, token, reading);
        }
    }

    /// Whether a release leaves nothing that has to be known: none of the leaked keys is there any more.
    async fn is_over(&self, kept: &Kept) -> bool {
        let containment = &kept.case.containment;
        match iam::access(&self.aws, containment.user()).await {
            Ok(now) => !containment.kept_inactive().any(|key| now.keys.contains_key(key)),
            Err(fault) => fault.kind == FaultKind::NotFound,
        }
    }

    /// Reads what became of a step of an earlier console.
    fn read_back(&self, change: Change, kept: &Kept, step: usize) -> Option<BoxFuture<'static, Option<Result<Done, Fault>>>> {
        let Some(Some((_, Err(fault)))) = kept.case.steps.get(step) else { return None };
        let (aws, pause, fault) = (self.aws.clone(), Arc::clone(&self.pause), fault.clone());
        let (log, account) = (self.log.clone(), kept.account.clone());
        Some(Box::pin(async move {
            let verdict = read_back(&aws, &pause, &change).await;
            let in_effect = verdict.in_effect();
            let write = move || {
                // A step that was never begun has no intent.
                let intent = log?.unsettled(&account, &change.action(), &change.object())?;
                intent.read_back(in_effect).err()
            };
            let error = tokio::task::spawn_blocking(write).await.ok().flatten();
            let warning = error.map(|error| format!("what was read back is not in the audit log: {error}"));
            Some(verdict.outcome(&fault).map(|done| Done { warning, ..done }))
        }))
    }

    /// The operator has changed something. A key that he has made active is active by nobody else's doing.
    pub(super) async fn noticed(&self, mutation: &Mutation) {
        let Mutation::Change(Change::SetKeyStatus { user, key, active: true }) = mutation else { return };
        let Some(watched) = self.watched(user).await else { return };
        let mut kept = watched.kept.lock().await;
        if kept.case.containment.allowed.insert(key.clone()) {
            let _it_is_on_the_screen = self.keep(&kept).await;
            self.tell(user, Contained::Allowed { key: key.clone() }).await;
        }
    }

    /// Why a rotation that was begun before its user was contained may not make its old key active again; `None`: it may do what it is told.
    pub(super) async fn forbids(&self, command: &Command) -> Option<String> {
        let Command::Answer { id, choice: Choice::Reactivate | Choice::RollBack } = command else { return None };
        let row = (self.board)().into_iter().find(|row| row.id == *id)?;
        let watched = self.watched(&row.user).await?;
        let kept = watched.kept.lock().await;
        kept.forbids(&row)
    }

    async fn watched(&self, user: &Untrusted) -> Option<Watched> {
        let account = self.identity().await.ok()?.account;
        self.watches.of(&account, user)
    }

    async fn identity(&self) -> Result<Identity, Fault> {
        sts::known(&self.aws).await
    }

    /// Looks after a case: reads what is not known of its steps, and whether a containment holds.
    fn spawn(self, kept: Shared, token: CancellationToken, reading: Vec<Reading>) {
        tokio::spawn(async move {
            let settle = join_all(reading.into_iter().map(|(step, outcome)| self.settle(&kept, step, outcome)));
            let work = async { futures::join!(settle, self.watch(&kept)) };
            token.run_until_cancelled(work).await
        });
    }

    async fn settle(&self, kept: &Shared, step: usize, outcome: impl Future<Output = Option<Result<Done, Fault>>>) {
        if let Some(outcome) = outcome.await {
            self.made(kept, step, outcome.map(drop)).await;
        }
    }

    /// Reads the facts again, each time later after the last step, and tells what is not as it was left. Of several times that have passed
    /// already only the last one is made up for. A release leaves nothing to look at.
    async fn watch(&self, kept: &Shared) {
        let case = kept.lock().await.case.clone();
        let Some(ended) = case.ended().filter(|_| !case.containment.release) else { return };
        let user = case.containment.user().clone();
        for (number, after_s) in CHECKS_S.into_iter().enumerate() {
            let is_over = |after_s: u64| due(ended, after_s) <= self.aws.now();
            let is_late = CHECKS_S.get(number + 1).is_some_and(|next| is_over(*next));
            if is_late || case.checks.iter().any(|(made, ..)| *made == after_s) {
                continue;
            }
            let at = due(ended, after_s);
            let intent = self.write_down(&user, at).await;
            // The dates are the wall clock's, as they have to outlast the machine. Where it was set back, nobody waits longer than was meant.
            let wait =
                Duration::try_from(at.duration_since(self.aws.now())).unwrap_or_default().min(Duration::from_secs(after_s));
            (self.pause)(wait).await;
            let now = containment::access(&self.aws, &user).await;
            let mut kept = kept.lock().await;
            if self.is_lifted_by_renewal(&mut kept) {
                let case = Box::new(kept.case.clone());
                let _it_is_on_the_screen = self.keep(&kept).await;
                drop(kept);
                close(intent, &Ok(Vec::new())).await;
                return self.tell(&user, Contained::Lifted(case)).await;
            }
            let result = now.and_then(|now| compared(&kept.case, &now, self.aws.now()));
            close(intent, &result).await;
            let at = self.aws.now();
            kept.case.checks.push((after_s, at, result.clone()));
            let _it_is_on_the_screen = self.keep(&kept).await;
            drop(kept);
            self.tell(&user, Contained::Check { after_s, at, result }).await;
        }
    }

    /// A renewal that was begun since makes a key, which is nobody else's, and lifts the policies: then the user is released.
    fn is_lifted_by_renewal(&self, kept: &mut Kept) -> bool {
        let Kept { account, case } = kept;
        let ours = |row: &Rotation| row.account == *account && row.user == *case.containment.user() && row.started >= case.begun;
        let rows: Vec<Rotation> = (self.board)().into_iter().filter(ours).collect();
        case.containment.allowed.extend(rows.iter().filter_map(|row| row.new_key.clone()));
        let is_lifted = rows.iter().any(|row| row.history.iter().any(|(phase, _)| *phase == Phase::Stored));
        if is_lifted {
            let (released, now) = (case.containment.undo(), self.aws.now());
            let steps = released.steps().iter().map(|_| Some((now, Ok(())))).collect();
            *case = Case { steps, ..Case::begun(released, now) };
        }
        is_lifted
    }

    /// Writes down when somebody will look. Without an outcome nobody has: the console had ended.
    async fn write_down(&self, user: &Untrusted, due: Timestamp) -> Option<Intent> {
        let log = self.log.clone()?;
        let identity = self.aws.identity();
        let entry = Entry {
            caller: identity.as_ref().map(|identity| identity.arn.raw().to_owned()),
            account: identity.map(|identity| identity.account),
            region: self.aws.home().to_owned(),
            call: CHECK.to_owned(),
            object: format!("{}, due {}", user.raw(), due.strftime("%Y-%m-%dT%H:%M:%SZ")),
            reason: None,
            origin: self.origin.clone(),
        };
        tokio::task::spawn_blocking(move || log.intend(entry)).await.ok()?.ok()
    }

    async fn keep(&self, kept: &Kept) -> Result<(), String> {
        let (cases, kept) = (self.cases.clone(), kept.clone());
        let written = tokio::task::spawn_blocking(move || cases.keep(&kept)).await;
        written.unwrap_or_else(|_| Err("the program is ending".into()))
    }

    async fn tell(&self, user: &Untrusted, news: Contained) {
        let msg = Msg::Contained { session: self.session, user: user.clone(), news };
        let _loop_has_ended = self.to.send(Reply::Tell(Box::new(msg))).await;
    }
}

/// What was seen, for the audit log.
async fn close(intent: Option<Intent>, result: &Result<Vec<String>, Fault>) {
    let Some(intent) = intent else { return };
    let outcome = match result {
        Ok(reverted) if reverted.is_empty() => Ok(()),
        Ok(found) if Seen::of(found) == Seen::NotWhole => Err(format!("NotWhole: {}", found.join("; "))),
        Ok(reverted) => Err(format!("Reverted: {}", reverted.join("; "))),
        Err(fault) => Err(format!("NotKnown: {}", fault.cause())),
    };
    let _it_is_on_the_screen = tokio::task::spawn_blocking(move || intent.outcome(outcome, None)).await;
}

fn due(ended: Timestamp, after_s: u64) -> Timestamp {
    let after = SignedDuration::from_secs(i64::try_from(after_s).unwrap_or(i64::MAX));
    ended.saturating_add(after).unwrap_or(Timestamp::MAX)
}

/// What the steps come to. Where only a part of them was made, no step's own fault says what has happened.
fn outcome(case: &Case, first: Option<Fault>, at: Timestamp) -> Result<Done, Fault> {
    let Some(first) = first else { return Ok(Done::default()) };
    let was_any_made = case.steps.iter().any(|step| matches!(step, Some((_, Ok(())))));
    if !was_any_made && !case.has_unknown() {
        return Err(first);
    }
    let own = Own::InPart { unknown: case.has_unknown() };
    Err(Fault::own(own, case.shortfall().unwrap_or_default(), at))
}

/// What a look has found. Where sessions could not be listed, nobody knows whether one is open; what is known besides is said with it.
fn compared(case: &Case, now: &Access, at: Timestamp) -> Result<Vec<String>, Fault> {
    let found = case.compare(now);
    match now.sessions.as_ref().filter(|sessions| found.is_empty() && !sessions.unlisted.is_empty()) {
        None => Ok(found),
        Some(sessions) => {
            let why: Vec<String> = sessions.unlisted.iter().map(|(region, why)| format!("{region} ({why})")).collect();
            let words = format!("keys and policies hold; open SSM sessions could not be listed in {}", why.join(", "));
            Err(Fault::own(Own::NotAllRead, words, at))
        }
    }
}

#[cfg(test)]
#[path = "contain_tests.rs"]
mod tests;
