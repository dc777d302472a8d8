//! Shuts what a user can sign in with, step by step, tells how each step went, and looks again later whether it holds: in this console, or
//! in the next one where this one ends before.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::kept::{Cases, Kept};
use super::runner::Reply;
use crate::app::Msg;
use crate::audit::{AuditLog, Entry, Intent};
use crate::aws::change::Changer;
use crate::aws::session::Session;
use crate::aws::{iam, sts};
use crate::domain::account::Identity;
use crate::domain::containment::{CHECKS_S, Containment};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::text::Untrusted;
use crate::kit::effect::{Level, SessionId};
use crate::panes::Done;
use crate::panes::keys::{Case, Contained};

/// What the audit log calls a look at a containment.
const CHECK: &str = "bartizan:CheckContainment";

/// Waits, by the session's clock.
pub(super) type Pause = Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>;

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
}

/// Pauses of a session.
pub(super) fn pauses(aws: &Session) -> Pause {
    let aws = aws.clone();
    Arc::new(move |length| {
        let aws = aws.clone();
        Box::pin(async move { aws.lanes().pause(length).await })
    })
}

impl Warden {
    /// Makes the steps in order. One that fails does not keep the others from being made: each shuts a way of its own. The first failure
    /// is the answer. What there was before is on disk before anything is changed.
    pub(super) async fn run(self, changer: &Changer, containment: Containment) -> Result<Done, Fault> {
        let account = self.identity().await?.account;
        let steps = containment.steps();
        let case = Case::begun(containment.clone(), self.aws.now());
        let mut kept = Kept { account, case };
        let unkept = if containment.release { None } else { self.keep(&kept).await.err() };
        let mut outcome = Ok(Done::default());
        for (step, change) in steps.into_iter().enumerate() {
            let result = changer.make(&change).await;
            if outcome.is_ok()
                && let Err(fault) = &result
            {
                outcome = Err(fault.clone());
            }
            let (at, result) = (self.aws.now(), result.map(|_| ()));
            if let Some(slot) = kept.case.steps.get_mut(step) {
                *slot = Some((at, result.clone()));
            }
            if !containment.release {
                let _told_at_the_end = self.keep(&kept).await;
            }
            self.tell(containment.user(), Contained::Step { step, at, result }).await;
        }
        if containment.release {
            if outcome.is_ok() {
                self.cases.forget(&kept);
            }
            return outcome;
        }
        if let (Ok(done), Some(why)) = (&mut outcome, unkept) {
            done.warning = Some(format!("the state before is not on disk, so only this console can put it back: {why}"));
        }
        self.spawn(kept);
        outcome
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
            for slot in &mut kept.case.steps {
                slot.get_or_insert_with(|| (kept.case.begun, Err(interrupted(kept.case.begun))));
            }
            let user = kept.case.containment.user().clone();
            self.tell(&user, Contained::Kept(Box::new(kept.case.clone()))).await;
            self.clone().spawn(kept);
        }
    }

    async fn identity(&self) -> Result<Identity, Fault> {
        sts::known(&self.aws).await
    }

    fn spawn(self, kept: Kept) {
        let token = self.token.clone();
        tokio::spawn(async move { token.run_until_cancelled(self.watch(kept)).await });
    }

    /// Reads the facts again, each time later after the last step, and tells what is not as it was left. Of several times that have passed
    /// already only the last one is made up for.
    pub(super) async fn watch(self, mut kept: Kept) {
        let Some(ended) = kept.case.ended() else { return };
        let user = kept.case.containment.user().clone();
        for (number, after_s) in CHECKS_S.into_iter().enumerate() {
            let is_over = |after_s: u64| due(ended, after_s) <= self.aws.now();
            let is_late = CHECKS_S.get(number + 1).is_some_and(|next| is_over(*next));
            if is_late || kept.case.checks.iter().any(|(made, ..)| *made == after_s) {
                continue;
            }
            let at = due(ended, after_s);
            let intent = self.write_down(&user, at).await;
            // The dates are the wall clock's, as they have to outlast the machine. Where it was set back, nobody waits longer than was meant.
            let wait =
                Duration::try_from(at.duration_since(self.aws.now())).unwrap_or_default().min(Duration::from_secs(after_s));
            (self.pause)(wait).await;
            let result = iam::access(&self.aws, &user).await.map(|now| kept.case.containment.reverted(&now));
            close(intent, &result).await;
            let at = self.aws.now();
            kept.case.checks.push((after_s, at, result.clone()));
            let _it_is_on_the_screen = self.keep(&kept).await;
            self.tell(&user, Contained::Check { after_s, at, result }).await;
        }
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
        Ok(reverted) => Err(format!("Reverted: {}", reverted.join("; "))),
        Err(fault) => Err(format!("NotKnown: {}", fault.title())),
    };
    let _it_is_on_the_screen = tokio::task::spawn_blocking(move || intent.outcome(outcome, None)).await;
}

fn due(ended: Timestamp, after_s: u64) -> Timestamp {
    let after = SignedDuration::from_secs(i64::try_from(after_s).unwrap_or(i64::MAX));
    ended.saturating_add(after).unwrap_or(Timestamp::MAX)
}

/// A step of which nobody knows, as the console ended meanwhile.
fn interrupted(at: Timestamp) -> Fault {
    Fault {
        kind: FaultKind::Refused { code: "Interrupted".into() },
        call: String::new(),
        region: String::new(),
        message: "the console ended before it was known whether this was done: contain the user once more".into(),
        request_id: None,
        at,
    }
}

#[cfg(test)]
#[path = "contain_tests.rs"]
mod tests;
