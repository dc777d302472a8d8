//! The thread that plays one recording: it reads the file, waits as long as the recording did, and hands the bytes to the loop as a
//! shell's task does. Another place in the recording is made on a screen of its own, from the beginning and as fast as it goes, and
//! handed over whole: the loop never plays.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::Said;
use crate::domain::recording::{NORMAL, Order, Playback};
use crate::domain::shell::{ShellId, ShellNews, ShellState};
use crate::kit::input::Size;
use crate::recordings::play::{Happening, Play};
use crate::screens::Screen;

/// How often a playback says how far it is.
const LOOK: Duration = Duration::from_millis(200);
/// Events after which a search for a place looks whether another one is wanted.
const SLICE: usize = 256;

/// A recording being played.
pub(super) struct Player {
    id: ShellId,
    folder: std::path::PathBuf,
    file: String,
    said: mpsc::Sender<Said>,
    orders: Receiver<Order>,
    play: Play,
    /// What has been read and not been shown yet.
    next: Option<(Duration, Happening)>,
    at: Duration,
    told: Playback,
    /// When the clock was looked at last.
    looked: Instant,
    /// When it was said last how far it is.
    told_at: Instant,
}

/// Nobody listens any more.
type Gone = ControlFlow<()>;

/// Plays a recording until its tab is closed.
pub(super) fn run(id: ShellId, folder: &Path, file: &str, said: &mpsc::Sender<Said>, orders: Receiver<Order>) {
    match Play::open(folder, file) {
        Ok(play) => {
            let mut player = Player {
                id,
                folder: folder.to_owned(),
                file: file.to_owned(),
                said: said.clone(),
                orders,
                next: None,
                play,
                at: Duration::ZERO,
                told: Playback::default(),
                looked: instant(),
                told_at: instant(),
            };
            player.next = player.play.next();
            let _tab_closed = player.run();
        }
        Err(why) => {
            let _loop_has_ended = said.blocking_send(Said::Shell(id, ShellNews::State(ShellState::Failed { why: why.into() })));
        }
    }
}

impl Player {
    fn run(&mut self) -> Gone {
        self.tell()?;
        loop {
            self.advance()?;
            match self.orders.recv_timeout(self.patience()) {
                Ok(order) => self.obey(order)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return ControlFlow::Break(()),
            }
        }
    }

    /// How long nothing is to be done: until the next event, at most until it is time to say how far it is.
    fn patience(&self) -> Duration {
        match &self.next {
            _ if !self.told.is_playing => Duration::from_secs(3600),
            Some((due, _)) => (due.saturating_sub(self.at) * u32::from(NORMAL) / u32::from(self.told.speed)).min(LOOK),
            None => Duration::ZERO,
        }
    }

    /// Lets the time pass that has passed, and shows what has come with it.
    fn advance(&mut self) -> Gone {
        let now = instant();
        let passed = now.duration_since(self.looked);
        self.looked = now;
        if !self.told.is_playing {
            return ControlFlow::Continue(());
        }
        self.at += passed * u32::from(self.told.speed) / u32::from(NORMAL);
        while let Some((due, happening)) = self.next.take() {
            if due > self.at {
                self.next = Some((due, happening));
                break;
            }
            let said = match happening {
                Happening::Output(text) => Said::Output(self.id, Bytes::from(text)),
                Happening::Size(width, height) => Said::Resized(self.id, Size { width, height }),
            };
            self.say(said)?;
            self.next = self.play.next();
            if self.next.is_none() {
                self.at = due;
            }
        }
        if self.next.is_none() {
            self.told = Playback { is_playing: false, is_over: true, ..self.told.clone() };
        }
        if self.told.is_over || now.duration_since(self.told_at) >= LOOK { self.tell() } else { ControlFlow::Continue(()) }
    }

    fn obey(&mut self, order: Order) -> Gone {
        let at = i64::try_from(self.at.as_millis()).unwrap_or(i64::MAX);
        match order {
            Order::Pause if self.told.is_over => {
                self.told.is_playing = true;
                return self.seek(0);
            }
            Order::Pause => self.told.is_playing = !self.told.is_playing,
            Order::Stop => self.told.is_playing = false,
            Order::Faster => self.told.speed = Playback::speed_after(self.told.speed, true),
            Order::Slower => self.told.speed = Playback::speed_after(self.told.speed, false),
            Order::Skip(by) => return self.seek(u64::try_from(at.saturating_add(by)).unwrap_or(0)),
            Order::Seek(to) => return self.seek(to),
            Order::Next => {
                if let Some((due, _)) = &self.next {
                    let to = u64::try_from(due.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
                    return self.seek(to);
                }
            }
        }
        self.tell()
    }

    /// Makes the screen that there was at this time, and hands it over. What is wanted meanwhile counts from there.
    fn seek(&mut self, to: u64) -> Gone {
        let to = Duration::from_millis(to);
        self.told.is_seeking = true;
        self.told.is_over = false;
        self.tell()?;
        let Ok(mut play) = Play::open(&self.folder, &self.file) else {
            let why = "the recording is not there any more".into();
            return self.say(Said::Shell(self.id, ShellNews::State(ShellState::Failed { why })));
        };
        let header = play.header();
        let mut screen = Screen::new(Size { width: header.width, height: header.height });
        let (mut last, mut wanted) = (Duration::ZERO, None);
        self.next = None;
        for count in 1_usize.. {
            match play.next() {
                Some((due, happening)) if due <= to => {
                    last = due;
                    match happening {
                        Happening::Output(text) => screen.feed(text.as_bytes()),
                        Happening::Size(width, height) => screen.resize(Size { width, height }),
                    }
                }
                next => {
                    self.next = next;
                    break;
                }
            }
            if count.is_multiple_of(SLICE) {
                match self.orders.try_recv() {
                    Ok(order) => {
                        wanted = Some(order);
                        break;
                    }
                    Err(TryRecvError::Disconnected) => return ControlFlow::Break(()),
                    Err(TryRecvError::Empty) => {}
                }
            }
        }
        // A key pressed during a long search counts from where it was to end.
        self.at = if self.next.is_none() && wanted.is_none() { last } else { to };
        self.play = play;
        self.looked = instant();
        if let Some(order) = wanted {
            return match order {
                Order::Skip(_) | Order::Seek(_) | Order::Next => self.obey(order),
                other => {
                    self.obey(other)?;
                    self.seek(u64::try_from(to.as_millis()).unwrap_or(u64::MAX))
                }
            };
        }
        // What the terminal would have been asked was answered then.
        let _answered_long_ago = screen.answers();
        let is_over = self.next.is_none();
        self.told = Playback { is_seeking: false, is_over, is_playing: self.told.is_playing && !is_over, ..self.told.clone() };
        self.say(Said::Screen(self.id, Box::new(screen)))?;
        self.tell()
    }

    fn tell(&mut self) -> Gone {
        self.told_at = instant();
        self.told.at = u64::try_from(self.at.as_millis()).unwrap_or(u64::MAX);
        self.told.damaged = self.play.damaged();
        self.say(Said::Shell(self.id, ShellNews::Replay(self.told.clone())))
    }

    fn say(&self, said: Said) -> Gone {
        if self.said.blocking_send(said).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge: a recording is played as time passes")]
fn instant() -> Instant {
    Instant::now()
}
