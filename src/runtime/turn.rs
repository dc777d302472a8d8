//! The loop: wait for one thing, take what has come with it, update, do what was asked for, draw if it is time.

mod keys;
mod lent;

use std::io;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use tokio::net::unix::pipe::Sender as Outlet;
use tokio::sync::mpsc;
use tokio::time::sleep_until;

use super::ending::{self, FAREWELL};
use super::entry::Entries;
use super::input::Keyboard;
use super::pacer::Pacer;
use super::panics::{Broke, TASK_THREADS};
use super::runner::{Replies, Reply, Runner};
use super::screen::Screen;
use super::sessions::{Said, Sessions};
use super::signals::{Signals, Told};
use super::steady::Alarm;
use super::{End, Launch, Tty};
use crate::app::{self, Cadence, Effect, Model, Msg, ShellEffect};
use crate::aws::session::Clock;
use crate::domain::shell::{ShellId, ShellNews};
use crate::kit::input::Input;
use lent::Lent;

/// Keys taken in one turn: a paste or a held key becomes one frame.
const MOST_INPUTS: usize = 256;
/// Replies taken in one turn: a storm of pages must not starve the keys.
const MOST_REPLIES: usize = 64;
/// What shells show is taken for so long in one turn: a flood of output must not make a key wait.
const OUTPUT: Duration = Duration::from_millis(4);
/// A lent terminal whose shell takes nothing is asked for keys again after so long.
const HELD: Duration = Duration::from_millis(10);
/// A terminal that takes nothing is tried again after so long, should the system not say when: another process may just have been writing.
const BEHIND: Duration = Duration::from_millis(50);
/// How long we wait to be resumed before we take it that nobody could stop us.
const STOPPED: Duration = Duration::from_millis(200);

/// Everything that the loop owns.
struct Turn<'a> {
    launch: Launch,
    sessions: Sessions,
    said: mpsc::Receiver<Said>,
    entries: Entries,
    tty: &'a Tty,
    /// Says when the terminal takes more.
    outlet: Outlet,
    keyboard: Keyboard,
    signals: Signals,
    screen: Screen,
    /// The shell that has the terminal in our place.
    lent: Option<Lent>,
    pacer: Pacer,
    /// Whether the next frame answers a key.
    answers: bool,
    clock: Clock,
    dirty: bool,
    /// Something has happened since we last said that nothing is left to do.
    stirred: bool,
    last_tick: Instant,
    /// Whether the model has been told the time in this turn.
    knows_time: bool,
    alarm: Alarm,
    inbox: Vec<Msg>,
    effects: Vec<Effect>,
    end: Option<End>,
}

/// Takes the terminal, draws the first frame, and only then starts what talks to AWS.
pub(super) async fn run(mut launch: Launch, tty: &Tty, broke: Broke) -> io::Result<End> {
    let signals = Signals::listen()?;
    tty.enter()?;
    let tasks = tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name(TASK_THREADS).enable_all().build()?;
    let (sessions, said) = Sessions::new(tasks.handle().clone(), launch.gate.clone(), launch.records);
    let questions = std::mem::replace(&mut launch.questions, mpsc::unbounded_channel().1);
    let mut turn = Turn {
        sessions,
        said,
        entries: Entries::new(questions),
        tty,
        outlet: tty.outlet()?,
        keyboard: Keyboard::open()?,
        signals,
        screen: Screen::new(tty.clone(), tty.size()),
        lent: None,
        pacer: Pacer::default(),
        answers: false,
        clock: Clock::system(),
        dirty: true,
        stirred: true,
        last_tick: instant(),
        knows_time: false,
        alarm: Alarm::new(),
        inbox: vec![Msg::Input(Input::Resize(tty.size()))],
        effects: Vec::new(),
        end: None,
        launch,
    };
    turn.inbox.extend(std::mem::take(&mut turn.launch.warnings).into_iter().map(Msg::Warning));
    turn.update();
    turn.draw();
    let (mut runner, mut replies) = Runner::new(
        tasks.handle().clone(),
        turn.launch.connector.clone(),
        turn.launch.gate.clone(),
        turn.launch.rotations.clone(),
        broke,
        turn.launch.break_read,
    );
    runner.connect();
    while turn.end.is_none() {
        turn.wait(&mut runner, &mut replies).await;
        // Lets the system tell what has been typed meanwhile, even when replies come without a pause.
        tokio::task::yield_now().await;
        turn.take_more(&mut runner, &mut replies);
        turn.update();
        turn.start_effects(&mut runner).await;
        turn.follow_mouse();
        turn.draw_when_due();
        turn.say_when_idle(&runner, &replies);
    }
    let end = turn.end.unwrap_or(End::Quit);
    ending::hurry(end.status());
    turn.tty.leave();
    let Turn { mut sessions, said, .. } = turn;
    let desks = runner.desks();
    let farewell = async { tokio::join!(sessions.close(said), desks.settle()) };
    let _in_time = tokio::time::timeout(FAREWELL, farewell).await;
    tasks.shutdown_background();
    Ok(end)
}

impl Turn<'_> {
    /// The one place where the console waits.
    async fn wait(&mut self, runner: &mut Runner, replies: &mut Replies) {
        let due = self.dirty.then(|| self.pacer.due(instant(), self.answers));
        let tick = app::wants_ticks(&self.launch.model).map(|cadence| self.last_tick + period(cadence));
        let work = app::has_work(&self.launch.model);
        let ends = app::ends(&self.launch.model);
        let (held, behind, output_held) = (self.is_typing_held(), self.tty.is_behind(), self.is_output_held());
        tokio::select! {
            biased;
            told = self.signals.next() => self.told(told),
            input = self.keyboard.next(), if !held => self.typed(input),
            () = tokio::time::sleep(HELD), if held => {}
            Some(reply) = replies.replies.recv() => self.replied(reply, runner),
            Some(call) = replies.calls.recv() => self.inbox.push(Msg::Call(call)),
            Some(said) = self.said.recv(), if !output_held => self.heard(said),
            () = can_write(&self.outlet), if behind => self.closed_on(|turn| turn.tty.flush(&turn.outlet)),
            () = self.entries.changed() => {}
            () = std::future::ready(()), if !self.inbox.is_empty() => {}
            () = until(due), if due.is_some() && !behind => {}
            () = tokio::task::yield_now(), if work => {}
            () = until(tick), if tick.is_some() => {}
            () = self.alarm.at(ends), if ends.is_some() => {}
        }
    }

    /// Takes what else has come by now, so that many things make one frame.
    fn take_more(&mut self, runner: &mut Runner, replies: &mut Replies) {
        for _ in 0..MOST_INPUTS {
            if self.is_typing_held() {
                break;
            }
            match self.keyboard.next().now_or_never() {
                Some(input) => self.typed(input),
                None => break,
            }
            if self.end.is_some() {
                return;
            }
        }
        for _ in 0..MOST_REPLIES {
            match replies.replies.try_recv() {
                Ok(reply) => self.replied(reply, runner),
                Err(_) => break,
            }
        }
        for _ in 0..MOST_REPLIES {
            match replies.calls.try_recv() {
                Ok(call) => self.inbox.push(Msg::Call(call)),
                Err(_) => break,
            }
        }
        let begun = instant();
        while begun.elapsed() < OUTPUT
            && !self.is_output_held()
            && let Ok(said) = self.said.try_recv()
        {
            self.heard(said);
        }
        match replies.lost_calls() {
            0 => {}
            lost => self.inbox.push(Msg::CallsLost(lost)),
        }
    }

    fn told(&mut self, told: Told) {
        match told {
            Told::End(signal) => self.end = Some(End::Signal(signal)),
            Told::Resumed => self.come_back(),
            Told::Resized => self.resized(),
        }
    }

    /// A session's task has something to say.
    fn heard(&mut self, said: Said) {
        match said {
            Said::Output(id, bytes) => {
                if self.pass(id, &bytes) {
                    // Its questions are answered by the terminal itself.
                    self.sessions.show_silently(id, &bytes);
                    return;
                }
                self.sessions.show(id, &bytes);
                let terminals = &self.launch.model.terminals;
                if terminals.shown == Some(id) {
                    self.dirty = true;
                } else if terminals.get(id).is_some_and(|tab| !tab.has_news && tab.replay.is_none()) {
                    self.inbox.push(Msg::Shell(id, ShellNews::Output));
                }
                self.stirred = true;
            }
            Said::Resized(id, size) => {
                self.sessions.resized(id, size);
                self.dirty |= self.launch.model.terminals.shown == Some(id);
            }
            Said::Screen(id, screen) => {
                self.sessions.replace(id, *screen);
                self.dirty |= self.launch.model.terminals.shown == Some(id);
            }
            Said::Forward(forward) => self.inbox.push(Msg::Forward(forward)),
            Said::Shell(id, news) => {
                self.remark(id, &news);
                self.inbox.push(Msg::Shell(id, news));
            }
            Said::Notice(level, text) => self.inbox.push(Msg::Notice(level, text)),
        }
    }

    fn replied(&mut self, reply: Reply, runner: &mut Runner) {
        match reply {
            Reply::Tell(msg) => self.inbox.push(*msg),
            Reply::Connected(session, connected) => {
                self.clock = connected.clock.clone();
                let told = runner.connected(session, &connected);
                if told.is_some() {
                    self.sessions.connected(connected.aws.clone(), connected.allow.clone());
                }
                self.inbox.extend(told);
            }
            Reply::Ended => {
                runner.ended();
                self.stirred = true;
            }
        }
    }

    /// Runs the messages through the model: the time first, then what has come, then one slice of long work.
    fn update(&mut self) {
        let Launch { model, keymap, steady, .. } = &mut self.launch;
        self.stirred |= !self.inbox.is_empty();
        self.last_tick = instant();
        if !self.knows_time {
            let tick = Msg::Tick { now: self.clock.now(), moment: steady.now() };
            app::update(model, keymap, tick, &mut self.effects);
        }
        self.knows_time = false;
        for msg in self.inbox.drain(..) {
            app::update(model, keymap, msg, &mut self.effects);
        }
        if app::has_work(model) {
            app::update(model, keymap, Msg::Work, &mut self.effects);
        }
        if let Some(told) = self.entries.follow(model.lock.is_closed()) {
            self.stirred = true;
            app::update(model, keymap, told, &mut self.effects);
        }
        self.dirty |= app::needs_draw(model);
    }

    async fn start_effects(&mut self, runner: &mut Runner) {
        for effect in std::mem::take(&mut self.effects) {
            match effect {
                Effect::Connect => runner.connect(),
                Effect::Read { session, slot, generation, read } => runner.read(session, slot, generation, read),
                Effect::Lock => {
                    runner.lock();
                    self.sessions.lock();
                    (self.launch.forget)();
                    let is_guarded = self.launch.guard.is_set();
                    self.entries.leave();
                    self.entries.guard(is_guarded);
                    self.inbox.push(Msg::Guarded(is_guarded));
                }
                Effect::Unlock => {
                    runner.unlock(self.launch.guard.clone(), self.entries.take());
                    self.inbox.push(self.entries.told());
                }
                Effect::Arm { session, until } => runner.arm(session, until),
                Effect::Mutate { session, number, approved } => runner.mutate(session, number, approved),
                Effect::Cancel(slot) => runner.cancel(&slot),
                Effect::Copy { text, .. } => self.closed_on(|turn| turn.screen.copy(&text)),
                Effect::Shell(id, effect) => self.on_shell(id, effect),
                Effect::StartForward { number, spec, reason } => {
                    let forward = self.sessions.start_forward(number, spec, reason, self.clock.now());
                    self.inbox.push(Msg::Forward(forward));
                }
                Effect::StopForward(number) => self.sessions.stop_forward(number),
                Effect::TakeBack => self.take_back(),
                Effect::Quit => self.end = Some(End::Quit),
                Effect::Suspend => self.suspend().await,
                Effect::Redraw => {
                    self.screen.forget();
                    self.dirty = true;
                }
            }
        }
    }

    fn on_shell(&mut self, id: ShellId, effect: ShellEffect) {
        if let ShellEffect::Copy { first, last } = &effect {
            let text = self.sessions.screens.get_mut(id).map(|screen| screen.text(*first, *last)).unwrap_or_default();
            self.closed_on(|turn| turn.screen.copy(&text));
            return;
        }
        if effect == ShellEffect::Lend {
            return self.lend(id);
        }
        let news = self.sessions.shell(id, effect);
        self.inbox.extend(news.map(|news| Msg::Shell(id, news)));
        self.dirty = true;
    }

    fn draw_when_due(&mut self) {
        // What was painted last has to be on its way first.
        if self.dirty && self.end.is_none() && !self.tty.is_behind() && self.pacer.due(instant(), self.answers) <= instant() {
            self.draw();
        }
    }

    fn draw(&mut self) {
        if self.lent.is_some() {
            self.dirty = false;
            return;
        }
        self.closed_on(|turn| {
            let Launch { model, keymap, look, .. } = &turn.launch;
            let screens = &turn.sessions.screens;
            turn.screen.draw(|area, buffer| app::render(model, screens, keymap, look, area, buffer))
        });
        self.dirty = false;
        self.pacer.drawn(instant(), std::mem::take(&mut self.answers));
    }

    /// A terminal that cannot be written to has gone.
    fn closed_on(&mut self, write: impl FnOnce(&mut Self) -> io::Result<()>) {
        if write(self).is_err() {
            self.end = Some(End::Closed);
        }
    }

    fn say_when_idle(&mut self, runner: &Runner, replies: &Replies) {
        let model: &Model = &self.launch.model;
        let busy = self.dirty
            || self.tty.is_behind()
            || runner.running() > 0
            || !replies.is_empty()
            || app::has_work(model)
            || will_ask(model);
        if self.launch.report_idle && self.stirred && !busy && self.end.is_none() {
            self.stirred = false;
            self.closed_on(|turn| turn.screen.report_idle());
        }
    }

    /// Gives the terminal to the shell until `fg`. The whole group stops: whoever started us waits for the terminal, too.
    async fn suspend(&mut self) {
        self.tty.leave();
        let _not_possible = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
        // In a group that nobody can resume the system ignores the signal: then we come back at once.
        tokio::select! {
            () = self.resumed() => {}
            () = tokio::time::sleep(STOPPED) => {}
        }
        self.come_back();
    }

    async fn resumed(&mut self) {
        loop {
            match self.signals.next().await {
                Told::Resumed => return,
                Told::End(signal) => {
                    self.end = Some(End::Signal(signal));
                    return;
                }
                Told::Resized => {}
            }
        }
    }

    fn come_back(&mut self) {
        if self.lent.is_some() {
            self.inbox.push(Msg::TakenBack);
        } else if self.end.is_none() {
            self.closed_on(|turn| turn.tty.enter());
            self.resized();
        }
    }

    fn resized(&mut self) {
        let size = self.tty.size();
        self.screen.resize(size);
        self.dirty = true;
        self.inbox.push(Msg::Input(Input::Resize(size)));
    }
}

/// Whether the pane waits for its window to stand still before it asks for more. A notice that will vanish is nothing to wait for.
fn will_ask(model: &Model) -> bool {
    model.panes.waits(model.focus)
}

fn period(cadence: Cadence) -> Duration {
    match cadence {
        Cadence::Spinner => Duration::from_millis(125),
        Cadence::Second => Duration::from_secs(1),
        Cadence::Minute => Duration::from_secs(60),
    }
}

/// Waits until the terminal may take more.
async fn can_write(outlet: &Outlet) {
    tokio::select! {
        _ready = outlet.writable() => {}
        () = tokio::time::sleep(BEHIND) => {}
    }
}

async fn until(at: Option<Instant>) {
    if let Some(at) = at {
        sleep_until(at.into()).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge: the loop measures its own pace")]
fn instant() -> Instant {
    Instant::now()
}

/// `--test-panic ui`: a panic whose text must never be seen.
#[cfg_attr(debug_assertions, expect(clippy::panic, reason = "breaks on purpose, in tests"))]
fn break_if(wanted: bool) {
    #[cfg(debug_assertions)]
    if wanted {
        panic!("a secret that nobody may see");
    }
    #[cfg(not(debug_assertions))]
    let _ = wanted;
}
