//! The task of one forward: opened, carried, opened again when its session is lost, stopped.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Said;
use super::access::Access;
use super::shell::words;
use crate::aws::session::Clock;
use crate::domain::forward::{Forward, ForwardState, Reopening, cut};
use crate::ssm::channel::pipe::State;
use crate::ssm::client::forward::{self, Activity};
use crate::ssm::client::gateway::{Purpose, Refusal, StartRequest};
use crate::ssm::client::session::OpenError;

/// How often counters are looked at; they are told only when they have changed.
const LOOK: Duration = Duration::from_millis(500);
/// What is unread for less than this holds nobody up that a person would notice.
const HELD_UP: Duration = Duration::from_secs(2);

/// What a forward's task is started with.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) forward: Forward,
    pub(super) reason: Option<String>,
    pub(super) said: mpsc::Sender<Said>,
    pub(super) stop: CancellationToken,
}

/// How one attempt ended.
enum Way {
    /// The person has stopped it.
    Stopped,
    /// It cannot be opened, and trying again would not help.
    Never(String),
    /// It could not be opened for now.
    Later(String),
    /// The far side has ended it after so long; whether it had carried anything.
    Lost(String, Duration, bool),
}

impl Task {
    /// Carries connections until the forward is stopped or cannot be opened.
    pub(super) async fn run(mut self, access: Arc<Access>) {
        let (mut reopening, mut was_open) = (Reopening::default(), false);
        loop {
            let (why, pause) = match self.carry(&access).await {
                Way::Stopped => return self.become_state(ForwardState::Stopped).await,
                Way::Never(why) => return self.become_state(ForwardState::Failed { why: why.into() }).await,
                // What never ran will not be made to run by trying: the person has to look.
                Way::Later(why) if !was_open => return self.become_state(ForwardState::Failed { why: why.into() }).await,
                Way::Later(why) => (why, reopening.failed()),
                Way::Lost(why, lasted, has_carried) => (why, reopening.lost(lasted, has_carried)),
            };
            was_open = true;
            self.forward.open = 0;
            self.become_state(ForwardState::Restarting { why: why.into() }).await;
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => return self.become_state(ForwardState::Stopped).await,
            }
        }
    }

    async fn carry(&mut self, access: &Access) -> Way {
        let (spec, stop) = (self.forward.spec.clone(), self.stop.clone());
        // The port first: a session for which there is no port would be opened in vain. After a loss it is the same one.
        let wanted = self.forward.port.or(spec.ports.local).unwrap_or_default();
        let (listener, address) = match forward::listen(wanted).await {
            Ok(listening) => listening,
            Err(error) => {
                return Way::Never(format!("could not listen on 127.0.0.1:{wanted}: {error}; choose another local port"));
            }
        };
        let region = access.region(spec.region.as_deref());
        let opening = async {
            let node = access.node(&region, &spec.target).await.map_err(|why| OpenError::Refused(Refusal::Never(why)))?;
            let purpose = Purpose::port(spec.ports.host.as_deref(), spec.ports.port);
            let request = StartRequest { target: node.clone(), purpose, reason: self.reason.clone() };
            Ok::<_, OpenError>((node, access.open(&region, &request).await?))
        };
        let (node, session) = tokio::select! {
            opened = opening => match opened {
                Ok(opened) => opened,
                Err(error @ OpenError::Refused(Refusal::Never(_))) => return Way::Never(error.to_string()),
                Err(error) => return Way::Later(error.to_string()),
            },
            () = stop.cancelled() => return Way::Stopped,
        };
        let begun = Instant::now();
        self.forward.node = Some(node.into());
        self.forward.port = Some(address.port());
        self.become_state(ForwardState::Open).await;
        let facts = session.facts.clone();
        let (closer, sender, receiver) = session.split();
        let (mut state, activity) = (sender.state(), Arc::new(Activity::default()));
        let before = self.forward.clone();
        let ending = {
            let running = forward::run(&facts, sender, receiver, listener, Arc::clone(&activity));
            tokio::pin!(running);
            loop {
                tokio::select! {
                    ending = &mut running => break Some(ending),
                    () = stop.cancelled() => break None,
                    () = self.watch(&mut state, &activity, &before) => {}
                }
            }
        };
        self.count(&activity, &before);
        let closed = closer.close().await;
        match (ending, closed) {
            (None, Ok(_)) => Way::Stopped,
            (None, Err(error)) => Way::Never(format!("the session could not be ended: {error}")),
            (Some(ending), _) => {
                let open = u64::try_from(activity.cut.load(Ordering::Relaxed)).unwrap_or(u64::MAX);
                let has_carried = activity.traffic.down.load(Ordering::Relaxed) > 0;
                Way::Lost(format!("{}{}", words(&ending), cut(open)), begun.elapsed(), has_carried)
            }
        }
    }

    /// Tells once what has changed.
    async fn watch(&mut self, state: &mut watch::Receiver<State>, activity: &Activity, before: &Forward) {
        tokio::select! {
            changed = state.changed() => {
                if changed.is_err() {
                    return std::future::pending().await;
                }
            }
            () = tokio::time::sleep(LOOK) => {}
        }
        let line = match &*state.borrow_and_update() {
            State::Connecting | State::Ended(_) | State::Reconnecting { attempts: 0 | 1, .. } => self.forward.state.clone(),
            _ if activity.pressure.full_for().is_some_and(|time| time >= HELD_UP) => ForwardState::HeldUp,
            State::Connected => ForwardState::Open,
            State::Unanswered(_) => ForwardState::Silent,
            State::Reconnecting { problem, .. } => ForwardState::Reconnecting { problem: problem.as_str().into() },
        };
        let old = self.forward.clone();
        self.count(activity, before);
        if line != self.forward.state {
            self.become_state(line).await;
        } else if old != self.forward {
            self.tell().await;
        }
    }

    /// Takes the counters of the session, beside those of the sessions before it.
    fn count(&mut self, activity: &Activity, before: &Forward) {
        let traffic = &activity.traffic;
        self.forward.up = before.up + traffic.up.load(Ordering::Relaxed);
        self.forward.down = before.down + traffic.down.load(Ordering::Relaxed);
        self.forward.accepted = before.accepted + activity.accepted.load(Ordering::Relaxed);
        self.forward.refused = before.refused + activity.refused.load(Ordering::Relaxed);
        self.forward.reset = before.reset + activity.pressure.reset();
        self.forward.open = u64::try_from(activity.open.load(Ordering::Relaxed)).unwrap_or(u64::MAX);
    }

    async fn become_state(&mut self, state: ForwardState) {
        if !state.is_active() {
            self.forward.open = 0;
        }
        if matches!(state, ForwardState::Stopped) {
            self.forward.port = None;
        }
        self.forward.state = state;
        self.forward.since = Some(Clock::system().now());
        self.tell().await;
    }

    async fn tell(&self) {
        let _loop_has_ended = self.said.send(Said::Forward(self.forward.clone())).await;
    }
}
