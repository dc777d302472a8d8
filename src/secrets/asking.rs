//! Asking the person who sits at the console for a secret. A task asks; the loop shows the question and hands the answer over. What is
//! typed goes from the keyboard to the task that asked and to nobody else.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::{mpsc, oneshot};

use crate::domain::question::Question;

/// Asks. Clones ask the same person.
#[derive(Clone)]
pub struct Asker(mpsc::UnboundedSender<Asked>);

/// A question that waits for its answer. Dropped without one, whoever asked hears that nobody answered.
pub struct Asked {
    /// What is asked.
    pub question: Question,
    answer: oneshot::Sender<SecretString>,
}

/// An asker, and where its questions arrive.
pub fn channel() -> (Asker, mpsc::UnboundedReceiver<Asked>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Asker(sender), receiver)
}

impl Asker {
    /// Asks and waits. `None`: the person does not want to answer, or nobody is there any more.
    pub async fn ask(&self, question: Question) -> Option<SecretString> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Asked { question, answer }).ok()?;
        answered.await.ok()
    }

    /// The same from a thread that may wait, at most for so long. It must be one of the async runtime's own (`spawn_blocking`).
    pub fn ask_blocking(&self, question: Question, limit: Duration) -> Option<SecretString> {
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        runtime.block_on(async { tokio::time::timeout(limit, self.ask(question)).await }).ok().flatten()
    }
}

impl Asked {
    /// Hands the answer over.
    pub fn give(self, secret: SecretString) {
        let _nobody_waits_any_more = self.answer.send(secret);
    }

    /// Whether nobody waits for the answer any more.
    pub fn is_unwanted(&self) -> bool {
        self.answer.is_closed()
    }

    /// Waits until nobody waits for the answer any more.
    pub async fn unwanted(&mut self) {
        self.answer.closed().await;
    }
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asker")
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("question", &self.question).finish_non_exhaustive()
    }
}
