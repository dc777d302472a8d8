//! Shells and forwards of the console: each a task on the runtime that talks to AWS, with a screen beside the model.
//!
//! What a target sends goes through one bounded channel to the loop, which takes a few milliseconds of it in a turn: a flood waits in
//! the channel, then in the session's window, then at the target, and no key waits for it. What is typed goes to the shell's task
//! directly and is never a message.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | what runs, and the loop's side of it |
//! | [`access`] | from an account to opened sessions: the dialer, the journal, what an earlier run left open |
//! | [`shell`] | the task of one shell |
//! | [`forward`] | the task of one forward |
//! | [`recorder`] | a shell's output in a file |
//! | [`replay`] | a recording on screen again |

mod access;
mod forward;
mod recorder;
mod replay;
mod shell;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use access::Access;
pub use access::Allow;
pub(super) use recorder::folder as recordings_folder;

use super::mutations::Gate;
use crate::app::ShellEffect;
use crate::aws::session::Session;
use crate::domain::forward::{Forward, ForwardSpec, ForwardState};
use crate::domain::recording::Order;
use crate::domain::shell::{ShellId, ShellNews, ShellState, Target};
use crate::kit::effect::Level;
use crate::kit::input::{Input, Key, Size};
use crate::screens::mouse::{self, Mouse};
use crate::screens::screen::Modes;
use crate::screens::{Screen, Screens, keys};
use crate::ssm::client::shell::Input as ToTarget;
use crate::ssm::wire;

/// Pieces of output that wait for the loop, of at most a kilobyte each.
const OUTPUT: usize = 64;
/// Keys and pastes that wait for a target that does not take them.
const INPUT: usize = 256;

/// What a session's task says to the loop.
#[derive(Debug)]
pub(super) enum Said {
    /// The target has sent bytes for the screen.
    Output(ShellId, Bytes),
    /// In a recording the terminal has another size from now on.
    Resized(ShellId, Size),
    /// A recording is at another place, at which the screen is this.
    Screen(ShellId, Box<Screen>),
    /// The newest record of a forward.
    Forward(Forward),
    /// Something about a shell.
    Shell(ShellId, ShellNews),
    /// Something for the person, in passing.
    Notice(Level, String),
}

/// A shell that has a task.
#[derive(Debug)]
struct Live {
    input: mpsc::Sender<ToTarget>,
    pastes: mpsc::Sender<shell::Paste>,
    record: watch::Sender<bool>,
    size: watch::Sender<Size>,
    stop: CancellationToken,
    abort_paste: CancellationToken,
}

/// All sessions of this console.
pub(super) struct Sessions {
    tasks: Handle,
    tracker: TaskTracker,
    access: Option<Arc<Access>>,
    /// Whether what killed programs left open has been looked for.
    has_reaped: bool,
    gate: Gate,
    /// Whether shells are recorded without being asked to.
    records: bool,
    said: mpsc::Sender<Said>,
    shells: BTreeMap<ShellId, Live>,
    forwards: BTreeMap<u64, CancellationToken>,
    /// The recordings being played, and what is wanted of each.
    replays: BTreeMap<ShellId, std::sync::mpsc::Sender<Order>>,
    /// What the shells show.
    pub(super) screens: Screens,
}

impl Sessions {
    /// No sessions yet.
    pub(super) fn new(tasks: Handle, gate: Gate, records: bool) -> (Self, mpsc::Receiver<Said>) {
        let (said, listening) = mpsc::channel(OUTPUT);
        let sessions = Self {
            tasks,
            tracker: TaskTracker::new(),
            access: None,
            has_reaped: false,
            gate,
            records,
            said,
            shells: BTreeMap::new(),
            forwards: BTreeMap::new(),
            replays: BTreeMap::new(),
            screens: Screens::default(),
        };
        (sessions, listening)
    }

    /// The console has an account from now on. Sessions that run stay with the one they were started with.
    pub(super) fn connected(&mut self, aws: Session, allow: Option<Allow>) {
        let access = Arc::new(Access::new(aws, allow, self.gate.clone()));
        self.access = Some(Arc::clone(&access));
        if !std::mem::replace(&mut self.has_reaped, true) {
            let said = self.said.clone();
            self.tasks.spawn(self.tracker.track_future(async move {
                let mut ended = std::pin::pin!(access.reap());
                while let Some(words) = ended.next().await {
                    let _loop_has_ended = said.send(Said::Notice(Level::Info, words)).await;
                }
            }));
        }
    }

    /// The console is locked: the account goes with its credentials. What runs keeps them until its own end, as it may have to be resumed.
    pub(super) fn lock(&mut self) {
        self.access = None;
    }

    /// Does what the root wants with a shell. What it has to say about it at once is returned.
    pub(super) fn shell(&mut self, id: ShellId, effect: ShellEffect) -> Option<ShellNews> {
        match effect {
            ShellEffect::Open { target, reason, size } => return self.open(id, target, reason, size),
            ShellEffect::Close => {
                self.screens.close(id);
                self.replays.remove(&id);
                if let Some(live) = self.shells.remove(&id) {
                    live.stop.cancel();
                }
            }
            ShellEffect::Resize(size) => {
                if let Some(screen) = self.screens.get_mut(id) {
                    screen.resize(size);
                }
                self.send(id, ToTarget::Size(wire_size(size)));
                if let Some(live) = self.shells.get(&id) {
                    live.size.send_replace(size);
                }
            }
            ShellEffect::Input(input) => self.input(id, input),
            ShellEffect::AbortPaste => {
                if let Some(live) = self.shells.get_mut(&id) {
                    std::mem::take(&mut live.abort_paste).cancel();
                }
            }
            ShellEffect::Hold => return self.screens.get_mut(id).map(|screen| ShellNews::Held { lines: screen.hold() }),
            ShellEffect::Release => {
                if let Some(screen) = self.screens.get_mut(id) {
                    screen.release();
                }
            }
            ShellEffect::ShowFrom(top) => {
                if let Some(screen) = self.screens.get_mut(id) {
                    screen.show_from(top);
                }
            }
            ShellEffect::Find { needle, from, backwards } => {
                let screen = self.screens.get_mut(id)?;
                return Some(ShellNews::Found { line: screen.find(&needle, from, backwards) });
            }
            ShellEffect::Record => {
                if let Some(live) = self.shells.get(&id) {
                    live.record.send_modify(|wanted| *wanted = !*wanted);
                }
            }
            ShellEffect::Replay { file, size } => return self.replay(id, file, size),
            ShellEffect::Order(order) => {
                if let Some(orders) = self.replays.get(&id) {
                    let _it_has_ended = orders.send(order);
                }
            }
            // The loop itself copies and lends.
            ShellEffect::Copy { .. } | ShellEffect::Lend => {}
        }
        None
    }

    /// Plays a recording on a screen of the size that it was made with.
    fn replay(&mut self, id: ShellId, file: String, size: Size) -> Option<ShellNews> {
        self.screens.open(id, size);
        let Some(folder) = recorder::folder() else {
            return Some(ShellNews::State(ShellState::Failed { why: "there is no folder of recordings".into() }));
        };
        let (orders, obeyed) = std::sync::mpsc::channel();
        self.replays.insert(id, orders);
        let said = self.said.clone();
        self.tasks.spawn_blocking(move || replay::run(id, &folder, &file, &said, obeyed));
        None
    }

    /// A recording's terminal has another size from now on.
    pub(super) fn resized(&mut self, id: ShellId, size: Size) {
        if let Some(screen) = self.screens.get_mut(id) {
            screen.resize(size);
        }
    }

    /// A recording is at another place.
    pub(super) fn replace(&mut self, id: ShellId, screen: Screen) {
        if let Some(shown) = self.screens.get_mut(id) {
            *shown = screen;
        }
    }

    fn open(&mut self, id: ShellId, target: Target, reason: Option<String>, size: Size) -> Option<ShellNews> {
        self.screens.open(id, size);
        let Some(access) = self.access.clone() else {
            let why = "there is no connection to AWS".into();
            return Some(ShellNews::State(ShellState::Failed { why }));
        };
        let (input, from_person) = mpsc::channel(INPUT);
        let (pastes, pasted) = mpsc::channel(4);
        let stop = CancellationToken::new();
        let (record, wanted) = watch::channel(self.records);
        let (sizes, resized) = watch::channel(size);
        let task = shell::Task {
            id,
            target,
            size: resized,
            record: wanted,
            reason,
            said: self.said.clone(),
            stop: stop.clone(),
            input: input.clone(),
        };
        let _first_of_an_empty_queue = input.try_send(ToTarget::Size(wire_size(size)));
        self.tasks.spawn(self.tracker.track_future(task.run(access, from_person, pasted)));
        self.shells.insert(id, Live { input, pastes, record, size: sizes, stop, abort_paste: CancellationToken::new() });
        None
    }

    /// Starts a forward; one of the same number that runs is stopped.
    pub(super) fn start_forward(&mut self, number: u64, spec: ForwardSpec, reason: Option<String>, now: Timestamp) -> Forward {
        self.stop_forward(number);
        let mut forward = Forward { state: ForwardState::Starting, since: Some(now), ..Forward::new(number, spec) };
        let Some(access) = self.access.clone() else {
            forward.state = ForwardState::Failed { why: "there is no connection to AWS".into() };
            return forward;
        };
        let stop = CancellationToken::new();
        let task = forward::Task { forward: forward.clone(), reason, said: self.said.clone(), stop: stop.clone() };
        self.tasks.spawn(self.tracker.track_future(task.run(access)));
        self.forwards.insert(number, stop);
        forward
    }

    /// Stops a forward.
    pub(super) fn stop_forward(&mut self, number: u64) {
        if let Some(stop) = self.forwards.remove(&number) {
            stop.cancel();
        }
    }

    /// Sends a key or a paste to a shell's target.
    pub(super) fn input(&mut self, id: ShellId, input: Input) {
        let modes = self.modes(id);
        match input {
            Input::Key(key) => self.send(id, ToTarget::Keys(keys::encode(key, modes).into())),
            Input::Paste(text) => {
                let bytes = Bytes::from(keys::encode_paste(&text, modes));
                let Some(live) = self.shells.get(&id) else { return };
                let paste = shell::Paste { bytes, end: keys::paste_end(modes), abort: live.abort_paste.clone() };
                if live.pastes.try_send(paste).is_err() {
                    self.refuse(id);
                }
            }
            Input::Resize(_) => {}
        }
    }

    /// Sends a key with shift to a shell's target.
    pub(super) fn shifted(&self, id: ShellId, key: Key) {
        self.send(id, ToTarget::Keys(keys::encode_with(key, true, self.modes(id)).into()));
    }

    /// Tells a shell's target of the mouse, if it wants to be told.
    pub(super) fn mouse(&self, id: ShellId, mouse: Mouse) {
        let bytes = mouse::encode(mouse, self.modes(id).mouse);
        if !bytes.is_empty() {
            self.send(id, ToTarget::Keys(bytes.into()));
        }
    }

    /// What a shell's target wants to be told of the mouse.
    pub(super) fn mouse_mode(&self, id: ShellId) -> vt100::MouseProtocolMode {
        self.modes(id).mouse.mode
    }

    fn modes(&self, id: ShellId) -> Modes {
        self.screens.get(id).map(Screen::modes).unwrap_or_default()
    }

    /// Sends bytes to a shell's target as they were typed.
    pub(super) fn send_raw(&self, id: ShellId, bytes: &[u8]) {
        self.send(id, ToTarget::Keys(Bytes::copy_from_slice(bytes)));
    }

    /// Whether a shell's target takes nothing more for now.
    pub(super) fn is_full(&self, id: ShellId) -> bool {
        self.shells.get(&id).is_some_and(|live| !live.input.is_closed() && live.input.capacity() == 0)
    }

    fn send(&self, id: ShellId, input: ToTarget) {
        if let Some(live) = self.shells.get(&id)
            && live.input.try_send(input).is_err()
            && !live.input.is_closed()
        {
            self.refuse(id);
        }
    }

    /// The target takes nothing, and so much waits that nothing more fits.
    fn refuse(&self, id: ShellId) {
        let text = "the target takes nothing now, and what was typed last is lost".to_owned();
        tracing::warn!(shell = id.0, "input dropped");
        let _busy = self.said.try_send(Said::Notice(Level::Warning, text));
    }

    /// Shows bytes of a target on its screen, and sends what they ask for.
    pub(super) fn show(&mut self, id: ShellId, bytes: &[u8]) {
        let Some(screen) = self.screens.get_mut(id) else { return };
        screen.feed(bytes);
        let answers = screen.answers();
        if !answers.is_empty() {
            self.send(id, ToTarget::Keys(answers.into()));
        }
    }

    /// Shows bytes of a target on its screen, and answers nothing.
    pub(super) fn show_silently(&mut self, id: ShellId, bytes: &[u8]) {
        if let Some(screen) = self.screens.get_mut(id) {
            screen.feed(bytes);
            let _answered_by_the_terminal = screen.answers();
        }
    }

    /// Ends all sessions. Whoever waits gives up at some time: the next start ends what is not ended by then.
    pub(super) async fn close(&mut self, mut listening: mpsc::Receiver<Said>) {
        // Nobody shows it any more, but who sends must not wait for that.
        let draining = async { while listening.recv().await.is_some() {} };
        for (_, live) in std::mem::take(&mut self.shells) {
            live.stop.cancel();
        }
        for (_, stop) in std::mem::take(&mut self.forwards) {
            stop.cancel();
        }
        self.replays.clear();
        self.tracker.close();
        tokio::select! {
            () = self.tracker.wait() => {}
            () = draining => {}
        }
    }
}

fn wire_size(size: Size) -> wire::Size {
    wire::Size { cols: size.width.into(), rows: size.height.into() }
}
