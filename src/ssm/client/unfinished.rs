//! A session between its start at AWS and the moment when somebody has it.

use std::sync::Arc;

use super::gateway::Gateway;
use super::journal::Note;
use crate::ssm::channel::pipe::Sender;

/// Ends its session on every way out but [`Unfinished::finish`]; also where the wait for it is dropped in the middle.
pub(super) struct Unfinished<G: Gateway>(Option<Parts<G>>);

struct Parts<G> {
    gateway: Arc<G>,
    session_id: String,
    sender: Option<Sender>,
    note: Option<Note>,
}

impl<G: Gateway> Unfinished<G> {
    pub(super) fn new(gateway: &Arc<G>, session_id: &str) -> Self {
        let gateway = Arc::clone(gateway);
        Self(Some(Parts { gateway, session_id: session_id.to_owned(), sender: None, note: None }))
    }

    /// Also knows the session's note, which goes when the service knows that the session is over.
    pub(super) fn noted(&mut self, note: Option<Note>) {
        if let Some(parts) = &mut self.0 {
            parts.note = note;
        }
    }

    /// Also knows the session's channel, which is left with it.
    pub(super) fn runs(&mut self, sender: &Sender) {
        if let Some(parts) = &mut self.0 {
            parts.sender = Some(sender.clone());
        }
    }

    /// Somebody has the session now; with it goes the note.
    pub(super) fn finish(mut self) -> Option<Note> {
        self.0.take().and_then(|parts| parts.note)
    }

    /// Ends the session; `is_over` says that the service has done it.
    pub(super) async fn end(mut self, is_over: bool) {
        if let Some(parts) = self.0.take() {
            parts.end(is_over).await;
        }
    }
}

impl<G: Gateway> Parts<G> {
    async fn end(self, is_over: bool) {
        if let Some(sender) = &self.sender {
            sender.leave();
        }
        let is_known = if is_over {
            self.gateway.ended(&self.session_id).await;
            true
        } else {
            // What cannot be ended now stays noted down, and is ended by the next start.
            self.gateway.terminate(&self.session_id).await.is_ok()
        };
        if let Some(note) = self.note.filter(|_| is_known) {
            note.erase();
        }
    }
}

impl<G: Gateway> Drop for Unfinished<G> {
    fn drop(&mut self) {
        if let (Some(parts), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(parts.end(false));
        }
    }
}
