//! The task of one shell: opened, watched, ended.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::Said;
use super::access::Access;
use super::recorder::{About, Recorder};
use crate::domain::shell::{ShellId, ShellNews, ShellState, Target};
use crate::domain::text::Untrusted;
use crate::kit::input::Size;
use crate::ssm::channel::pipe::{Ending, State};
use crate::ssm::client::gateway::{Purpose, StartRequest};
use crate::ssm::client::session::SessionSender;
use crate::ssm::client::shell::{self as remote, Input, Output};

/// A paste is sent in pieces of so many bytes, so that it can be stopped and keys of the console never wait for it.
const PIECE: usize = 1024;
/// A paste of more bytes shows how far it is.
const LONG: usize = 8 * PIECE;

/// A paste on its way to the target.
#[derive(Debug)]
pub(super) struct Paste {
    /// What to send, as the target's terminal wants it.
    pub(super) bytes: Bytes,
    /// What ends it where it is stopped: a program that was told of its beginning waits for its end.
    pub(super) end: &'static [u8],
    /// Stops it.
    pub(super) abort: CancellationToken,
}

/// What a shell's task is started with.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: ShellId,
    pub(super) target: Target,
    /// The size of its screen, as it is now.
    pub(super) size: watch::Receiver<Size>,
    /// Whether it is to be recorded.
    pub(super) record: watch::Receiver<bool>,
    pub(super) reason: Option<String>,
    pub(super) said: mpsc::Sender<Said>,
    pub(super) stop: CancellationToken,
    pub(super) input: mpsc::Sender<Input>,
}

impl Task {
    /// Opens the shell and stays until its end.
    pub(super) async fn run(self, access: Arc<Access>, input: mpsc::Receiver<Input>, pastes: mpsc::Receiver<Paste>) {
        let region = access.region(self.target.region.as_deref());
        let request =
            StartRequest { target: self.target.node.raw().to_owned(), purpose: Purpose::Shell, reason: self.reason.clone() };
        let session = tokio::select! {
            opened = access.open(&region, &request) => match opened {
                Ok(session) => session,
                Err(error) => {
                    self.tell(ShellNews::State(ShellState::Failed { why: error.to_string().into() })).await;
                    return;
                }
            },
            // What was started by then is ended where it is dropped.
            () = self.stop.cancelled() => return,
        };
        let facts = session.facts.clone();
        let (closer, sender, receiver) = session.split();
        let state = sender.state();
        self.tell(ShellNews::Opened {
            session_id: facts.session_id,
            is_encrypted: facts.is_encrypted,
            notice: Untrusted::new(facts.notice),
        })
        .await;
        self.tell(ShellNews::State(ShellState::Open)).await;
        let _watching = AbortOnDropHandle::new(tokio::spawn(watch_state(self.id, state, self.said.clone())));
        let _pasting =
            AbortOnDropHandle::new(tokio::spawn(paste(self.id, pastes, self.input.clone(), sender.clone(), self.said.clone())));
        let recorder = self.recorder(&access).await;
        let (to_us, output) = mpsc::channel(4);
        let carrying = remote::run(sender, receiver, input, to_us);
        let code = tokio::select! {
            (_, code) = async { tokio::join!(carrying, self.carry(output, recorder)) } => code,
            () = self.stop.cancelled() => None,
        };
        let state = match closer.close().await {
            Ok(ending) => ShellState::Ended { why: words(&ending).into(), code },
            Err(error) => ShellState::Ended { why: format!("the session could not be ended: {error}").into(), code },
        };
        self.tell(ShellNews::State(state)).await;
    }

    /// Hands what the target sends to the loop; waits while the loop is behind. Returns the exit code, where one came.
    async fn carry(&self, mut output: mpsc::Receiver<Output>, mut recorder: Recorder) -> Option<i32> {
        let (mut code, mut wanted, mut resized) = (None, self.record.clone(), self.size.clone());
        resized.mark_unchanged();
        let at_first = *wanted.borrow_and_update();
        recorder.switch(at_first, &self.said).await;
        loop {
            let output = tokio::select! {
                output = output.recv() => match output {
                    Some(output) => output,
                    None => break,
                },
                Ok(()) = wanted.changed() => {
                    let wanted = *wanted.borrow_and_update();
                    recorder.switch(wanted, &self.said).await;
                    continue;
                }
                Ok(()) = resized.changed() => {
                    let size = *resized.borrow_and_update();
                    recorder.resize(size, &self.said).await;
                    continue;
                }
            };
            match output {
                Output::Terminal(bytes) | Output::StdErr(bytes) => {
                    recorder.output(&bytes, &self.said).await;
                    if self.said.send(Said::Output(self.id, bytes)).await.is_err() {
                        break;
                    }
                }
                Output::Exit(number) => code = Some(number),
            }
        }
        recorder.close();
        code
    }

    /// What a recording says about the session in its header.
    async fn recorder(&self, access: &Access) -> Recorder {
        let identity = access.identity();
        let about = About {
            account: identity.as_ref().map(|identity| identity.account.clone()),
            owner: identity.map(|identity| identity.arn.shown().to_string()),
            target: self.target.node.shown_within(64).into_string(),
            reason: self.reason.clone(),
        };
        Recorder::new(self.id, *self.size.borrow(), about)
    }

    async fn tell(&self, news: ShellNews) {
        let _loop_has_ended = self.said.send(Said::Shell(self.id, news)).await;
    }
}

/// Says how the session's line does.
async fn watch_state(id: ShellId, mut state: watch::Receiver<State>, said: mpsc::Sender<Said>) {
    let mut last = ShellState::Open;
    while state.changed().await.is_ok() {
        let now = match &*state.borrow_and_update() {
            State::Connecting | State::Ended(_) => continue,
            State::Connected => ShellState::Open,
            State::Unanswered(_) => ShellState::Silent,
            // The first attempt mostly succeeds at once: AWS closes every web socket after an hour.
            State::Reconnecting { attempts: 0 | 1, .. } => continue,
            State::Reconnecting { problem, .. } => ShellState::Reconnecting { problem: problem.as_str().into() },
        };
        if now != last {
            last = now.clone();
            if said.send(Said::Shell(id, ShellNews::State(now))).await.is_err() {
                return;
            }
        }
    }
}

/// Sends pastes, one after the other and in pieces.
async fn paste(
    id: ShellId,
    mut pastes: mpsc::Receiver<Paste>,
    input: mpsc::Sender<Input>,
    sender: SessionSender,
    said: mpsc::Sender<Said>,
) {
    while let Some(Paste { mut bytes, end, abort }) = pastes.recv().await {
        let total = bytes.len();
        while !bytes.is_empty() && !abort.is_cancelled() {
            let piece = bytes.split_to(bytes.len().min(PIECE));
            if input.send(Input::Keys(piece)).await.is_err() {
                return;
            }
            if total > LONG {
                let news = ShellNews::Pasted { sent: total - bytes.len(), total };
                let _loop_has_ended = said.send(Said::Shell(id, news)).await;
                // As fast as the target takes it, or there would be nothing to stop.
                sender.drained(std::time::Duration::from_secs(5)).await;
            }
        }
        if !bytes.is_empty() && !end.is_empty() && input.send(Input::Keys(Bytes::from_static(end))).await.is_err() {
            return;
        }
        if total > LONG {
            let _loop_has_ended = said.send(Said::Shell(id, ShellNews::Pasted { sent: total, total })).await;
        }
    }
}

/// Why a session ended.
pub(super) fn words(ending: &Ending) -> String {
    match ending {
        Ending::Left => "closed here".to_owned(),
        Ending::Closed(words) if words.is_empty() => "the session was closed by the target or by AWS".to_owned(),
        Ending::Closed(words) => words.clone(),
        Ending::TimedOut => "the session has timed out".to_owned(),
        Ending::Failed(words) => words.clone(),
    }
}
