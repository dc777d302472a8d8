//! How the program ends when it is told to: within a second, whatever it does or waits for.
//!
//! One thread listens for SIGINT, SIGTERM, SIGHUP and SIGQUIT from before the first file is read, and waits for nothing that the rest of the
//! program does. A signal ends the process at once, unless a job has asked for time to end in order ([`orderly`]); it gets [`GRACE`], and
//! after that the process ends all the same. So no call, lock, prompt or terminal that is never read can hold up the end, and no command
//! needs code of its own for that. Whatever has changed the terminal says how to undo it ([`on_exit`]). What is left behind is on disk by
//! then: journals of rotations, notes of open sessions and the audit log are good at every instant.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How long a job has to end in order once it was told to.
const GRACE: Duration = Duration::from_millis(800);
/// How long whatever is said on the way out may take in all: the end of sessions, the next safe state of rotations.
pub const FAREWELL: Duration = Duration::from_millis(500);

type Undo = Box<dyn Fn() + Send>;

struct Ending {
    /// The signal that told us to end.
    told: watch::Sender<Option<u8>>,
    /// Jobs that end by themselves.
    orderly: AtomicUsize,
    /// What gives the terminal back, by number: the newest first.
    undo: Mutex<BTreeMap<u64, Undo>>,
    newest: AtomicU64,
}

static ENDING: OnceLock<Ending> = OnceLock::new();

/// The program's one state. Without [`listen`], as in tests, nothing ever ends it.
fn ending() -> &'static Ending {
    ENDING.get_or_init(|| Ending {
        told: watch::channel(None).0,
        orderly: AtomicUsize::new(0),
        undo: Mutex::default(),
        newest: AtomicU64::new(0),
    })
}

/// Set once somebody listens.
static LISTENING: OnceLock<()> = OnceLock::new();

/// Starts to listen; the handlers are in place when this returns.
///
/// # Errors
/// The system gives no thread or no handlers.
pub fn listen() -> io::Result<()> {
    let (ready, is_ready) = std::sync::mpsc::channel();
    std::thread::Builder::new().name("bartizan-ending".to_owned()).spawn(move || {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_io().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(ready.send(Err(error))),
        };
        runtime.block_on(async {
            match handlers() {
                Ok(signals) => {
                    let _started_us = ready.send(Ok(()));
                    obey(signals).await;
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        });
    })?;
    is_ready.recv().map_err(io::Error::other)??;
    let _once = LISTENING.set(());
    Ok(())
}

fn handlers() -> io::Result<Vec<(u8, Signal)>> {
    let kinds = [(1, SignalKind::hangup()), (2, SignalKind::interrupt()), (3, SignalKind::quit()), (15, SignalKind::terminate())];
    let heard = kinds.into_iter().filter(|(number, _)| *number != 1 || !is_hangup_ignored());
    heard.map(|(number, kind)| Ok((number, signal(kind)?))).collect()
}

/// Whether whoever started us wants us to outlive the terminal (`nohup`).
fn is_hangup_ignored() -> bool {
    #[expect(clippy::disallowed_methods, reason = "the system's own file: where it is missing, no signal is ignored")]
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 != 0)
}

async fn obey(mut signals: Vec<(u8, Signal)>) {
    let first = next(&mut signals).await;
    let status = 128 + i32::from(first);
    if ending().orderly.load(Ordering::SeqCst) == 0 {
        exit(status);
    }
    ending().told.send_replace(Some(first));
    within(GRACE, status);
    // Whoever says it twice does not want to wait.
    next(&mut signals).await;
    exit(status);
}

async fn next(signals: &mut [(u8, Signal)]) -> u8 {
    let any = signals.iter_mut().map(|(number, signal)| {
        Box::pin(async move {
            signal.recv().await;
            *number
        })
    });
    futures::future::select_all(any).await.0
}

/// Ends the process after this time, if it is still there. A thread, as every runtime may be held up.
#[expect(clippy::disallowed_methods, reason = "this is the time that nothing may take longer than")]
fn within(time: Duration, status: i32) {
    let waiting = std::thread::Builder::new().name("bartizan-ending".to_owned()).spawn(move || {
        std::thread::sleep(time);
        exit(status);
    });
    if waiting.is_err() {
        exit(status);
    }
}

/// Gives the terminal back and ends the process: no destructors, nothing that could wait for a lock or for whoever reads our output.
fn exit(status: i32) -> ! {
    let undo = ending().undo.lock().unwrap_or_else(PoisonError::into_inner);
    undo.values().rev().for_each(|undo| undo());
    signal_hook::low_level::exit(status)
}

/// The job has begun to end by itself (`q`, a closed terminal): from now on it has as long as after a signal.
pub fn hurry(status: u8) {
    if LISTENING.get().is_some() {
        within(GRACE, status.into());
    }
}

/// As long as this lives, a signal is left to the job that has it, for [`GRACE`].
#[derive(Debug)]
pub struct Orderly(watch::Receiver<Option<u8>>);

/// Asks for time to end in order.
#[must_use]
pub fn orderly() -> Orderly {
    ending().orderly.fetch_add(1, Ordering::SeqCst);
    Orderly(ending().told.subscribe())
}

impl Orderly {
    /// Waits until the program is told to end, by the signal of this number. Says it again to whoever asks again.
    pub async fn told(&mut self) -> u8 {
        match self.0.wait_for(Option::is_some).await.map(|told| *told) {
            Ok(Some(signal)) => signal,
            _ => std::future::pending().await,
        }
    }

    /// Whether the program was told to end.
    #[must_use]
    pub fn was_told(&self) -> bool {
        self.0.borrow().is_some()
    }
}

impl Drop for Orderly {
    fn drop(&mut self) {
        ending().orderly.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What is undone where the process ends at once, as long as this lives.
#[derive(Debug)]
#[must_use]
pub struct OnExit(u64);

/// Has this undone where the process ends at once. It must not wait for anything.
pub fn on_exit(undo: impl Fn() + Send + 'static) -> OnExit {
    let number = ending().newest.fetch_add(1, Ordering::SeqCst);
    ending().undo.lock().unwrap_or_else(PoisonError::into_inner).insert(number, Box::new(undo));
    OnExit(number)
}

impl Drop for OnExit {
    fn drop(&mut self) {
        let undo = ending().undo.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
        drop(undo);
    }
}
