//! The keyring's own thread, and what becomes of one that does not come back.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::backend::{Backend, Open};
use super::error::{Action, KeyringError, Trouble};

/// More threads than this are not left waiting: after them calls are refused until one comes back.
const MOST_ABANDONED: usize = 4;

/// What the thread is given: a call, which answers by itself.
type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// One thread at a time, made when it is first needed.
pub(super) struct Worker {
    open: Arc<Open>,
    now: Mutex<Option<Thread>>,
    abandoned: Arc<AtomicUsize>,
}

/// The thread that takes jobs now.
#[derive(Clone)]
struct Thread {
    jobs: Sender<Job>,
    is_abandoned: Arc<AtomicBool>,
}

/// The thread's connection: opened at the first job, and again after a failure, since a daemon may have died.
struct Connection {
    open: Arc<Open>,
    backend: Option<Box<dyn Backend>>,
}

impl Connection {
    /// Does a job. A connection that was kept may lead to a daemon that has died since: then once more over a new one. Every job
    /// can be done twice.
    fn run<T>(&mut self, job: impl Fn(&dyn Backend) -> Result<T, KeyringError>) -> Result<T, KeyringError> {
        let was_kept = self.backend.is_some();
        match self.run_once(&job) {
            Err(_) if was_kept && self.backend.is_none() => self.run_once(&job),
            result => result,
        }
    }

    fn run_once<T>(&mut self, job: impl Fn(&dyn Backend) -> Result<T, KeyringError>) -> Result<T, KeyringError> {
        let backend = match self.backend.take() {
            Some(backend) => backend,
            None => (self.open)()?,
        };
        let result = job(backend.as_ref());
        let is_sound = match &result {
            Ok(_) => true,
            Err(error) => matches!(error.trouble, Trouble::Locked | Trouble::TooLong | Trouble::Ambiguous | Trouble::Corrupt),
        };
        if is_sound {
            self.backend = Some(backend);
        }
        result
    }
}

/// A call that nobody waits for any more is not begun. Dropped with its caller.
struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Worker {
    pub(super) fn new(open: Arc<Open>) -> Self {
        Self { open, now: Mutex::default(), abandoned: Arc::default() }
    }

    /// Makes a call and waits for it on a task.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        action: Action,
        item: &str,
        deadline: Duration,
        job: impl Fn(&dyn Backend) -> Result<T, KeyringError> + Send + 'static,
    ) -> Result<T, KeyringError> {
        let (answer, result) = oneshot::channel();
        let (thread, _wanted) = self.give(action, item, job, move |result| drop(answer.send(result)))?;
        match tokio::time::timeout(deadline, result).await {
            Ok(Ok(result)) => result.map_err(|error| error.during(action, item)),
            Ok(Err(_gone)) => Err(broke(action, item)),
            Err(_elapsed) => Err(self.abandon(&thread, action, item)),
        }
    }

    /// Makes a call and waits for it on a thread.
    pub(super) fn call_blocking<T: Send + 'static>(
        &self,
        action: Action,
        item: &str,
        deadline: Duration,
        job: impl Fn(&dyn Backend) -> Result<T, KeyringError> + Send + 'static,
    ) -> Result<T, KeyringError> {
        let (answer, result) = mpsc::channel();
        let (thread, _wanted) = self.give(action, item, job, move |result| drop(answer.send(result)))?;
        match result.recv_timeout(deadline) {
            Ok(result) => result.map_err(|error| error.during(action, item)),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(broke(action, item)),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(self.abandon(&thread, action, item)),
        }
    }

    fn give<T: Send + 'static>(
        &self,
        action: Action,
        item: &str,
        job: impl Fn(&dyn Backend) -> Result<T, KeyringError> + Send + 'static,
        answer: impl FnOnce(Result<T, KeyringError>) + Send + 'static,
    ) -> Result<(Thread, Wanted), KeyringError> {
        let thread = self.thread(action, item)?;
        let is_wanted = Arc::new(AtomicBool::new(true));
        let wanted = Wanted(Arc::clone(&is_wanted));
        let job: Job = Box::new(move |connection| {
            if is_wanted.load(Ordering::SeqCst) {
                answer(connection.run(job));
            }
        });
        thread.jobs.send(job).map_err(|_gone| broke(action, item))?;
        Ok((thread, wanted))
    }

    /// The thread that takes jobs, or a new one.
    fn thread(&self, action: Action, item: &str) -> Result<Thread, KeyringError> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = now.as_ref() {
            return Ok(thread.clone());
        }
        if self.abandoned.load(Ordering::SeqCst) >= MOST_ABANDONED {
            return Err(KeyringError::new(action, item, Trouble::Blocking, "earlier calls still wait for it"));
        }
        let thread = self.start().map_err(|error| KeyringError::new(action, item, Trouble::Other, &error.to_string()))?;
        *now = Some(thread.clone());
        Ok(thread)
    }

    fn start(&self) -> std::io::Result<Thread> {
        let (jobs, taken): (_, Receiver<Job>) = mpsc::channel();
        let is_abandoned = Arc::new(AtomicBool::new(false));
        let connection = Connection { open: Arc::clone(&self.open), backend: None };
        let (abandoned, left) = (Arc::clone(&self.abandoned), Arc::clone(&is_abandoned));
        std::thread::Builder::new().name("bartizan-keyring".into()).spawn(move || {
            work(&taken, connection, &left);
            if left.load(Ordering::SeqCst) {
                abandoned.fetch_sub(1, Ordering::SeqCst);
            }
        })?;
        Ok(Thread { jobs, is_abandoned })
    }

    /// Gives a thread up that did not answer in time; the next call gets another.
    fn abandon(&self, thread: &Thread, action: Action, item: &str) -> KeyringError {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if !thread.is_abandoned.swap(true, Ordering::SeqCst) {
            self.abandoned.fetch_add(1, Ordering::SeqCst);
            *now = None;
        }
        KeyringError::new(action, item, Trouble::Blocking, "")
    }
}

/// Does jobs until nobody can send any more, or until it has been given up.
fn work(jobs: &Receiver<Job>, mut connection: Connection, is_abandoned: &AtomicBool) {
    while let Ok(job) = jobs.recv() {
        job(&mut connection);
        if is_abandoned.load(Ordering::SeqCst) {
            return;
        }
    }
}

fn broke(action: Action, item: &str) -> KeyringError {
    KeyringError::new(action, item, Trouble::Other, "its thread broke")
}
