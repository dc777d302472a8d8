//! Does what the machine says: writes facts down, makes calls, waits, listens to the operator.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::board::{Answer, Board};
use super::desk::Environment;
use super::journal::{Journal, UserLock};
use super::machine::{Book, Effect, Event, Fact, Inventory, Machine};
use super::tasks::Hands;
use crate::domain::rotation::{Choice, Command, Rotation, Wait};
use crate::kit::confirm::Approved;

/// A wait longer than this gives the place in a campaign to somebody else.
const LONG: Duration = Duration::from_secs(60);

/// What comes after the effects of a step.
enum Next {
    Event(Event),
    End,
    /// It is left as it stands.
    Leave,
}

/// One rotation, run by a task.
pub(super) struct Driver {
    machine: Machine,
    journal: Journal,
    hands: Hands,
    environment: Environment,
    board: Board,
    answers: mpsc::Receiver<Answer>,
    places: Arc<Semaphore>,
    place: Option<OwnedSemaphorePermit>,
    /// Cancelled when everything is to come to its next safe state and be left there.
    stop: CancellationToken,
    /// What the operator wants as soon as it can be had.
    wish: Option<Choice>,
    /// Nobody else on this machine works on the user's keys.
    _lock: UserLock,
}

/// What a rotation is run with.
pub(super) struct Start {
    pub(super) environment: Environment,
    pub(super) approved: Approved<Command>,
    pub(super) board: Board,
    pub(super) answers: mpsc::Receiver<Answer>,
    pub(super) places: Arc<Semaphore>,
    pub(super) place: Option<OwnedSemaphorePermit>,
    pub(super) stop: CancellationToken,
    pub(super) wish: Option<Choice>,
    pub(super) lock: UserLock,
    /// What was read under the lock a moment ago, where the rotation just begins.
    pub(super) inventory: Option<Inventory>,
}

impl Driver {
    pub(super) fn new(start: Start, journal: Journal, book: Book) -> Result<Self, String> {
        let Start { environment, approved, board, answers, places, place, stop, wish, lock, inventory } = start;
        let hands = Hands::new(&environment, approved, &book.planned)?.knowing(inventory);
        let machine = Machine::new(book, environment.bounds);
        Ok(Self { machine, journal, hands, environment, board, answers, places, place, stop, wish, _lock: lock })
    }

    /// Runs to the end, or until it is to be left: then how it stands, with nobody at work on it.
    pub(super) async fn run(mut self) -> Option<Rotation> {
        let mut event = Event::TakenUp { in_hand: None };
        loop {
            // Every task is idempotent, so the outcome of one may go unheard.
            if let Some(wish) = self.wish.filter(|wish| self.machine.choices().contains(wish)) {
                self.wish = None;
                event = Event::Answer(wish);
            }
            let effects = self.machine.step(self.environment.clock.now(), event);
            match self.carry_out(effects).await {
                Next::Event(next) => event = next,
                Next::End => return None,
                Next::Leave => return Some(self.machine.view(Wait::Nobody, self.environment.clock.now())),
            }
        }
    }

    /// Whether everything is to stop, and this is a moment at which it can.
    fn leaves(&self) -> bool {
        self.stop.is_cancelled() && self.may_be_left()
    }

    fn may_be_left(&self) -> bool {
        self.machine.may_be_left() && (self.hands.in_hand().is_none() || self.machine.book().escrowed)
    }

    /// Carries effects out in their order; what happens next.
    async fn carry_out(&mut self, effects: Vec<Effect>) -> Next {
        for effect in effects {
            match effect {
                Effect::Record(fact) => {
                    if let Err(words) = self.record(&fact) {
                        return self.cannot_write(words).await;
                    }
                }
                Effect::Do(task) => {
                    self.take_place().await;
                    if self.leaves() {
                        return Next::Leave;
                    }
                    self.show(Wait::Working, Vec::new());
                    return Next::Event(Event::Outcome(self.hands.perform(&task, self.machine.book()).await));
                }
                Effect::Wait(wait, length) => return self.wait(wait, length).await,
                Effect::End => {
                    self.show(Wait::Ended, Vec::new());
                    return Next::End;
                }
            }
        }
        Next::End
    }

    fn record(&mut self, fact: &Fact) -> Result<(), String> {
        self.environment.edges.pass();
        let written = self.journal.append(fact, self.environment.clock.now().utc);
        self.environment.edges.pass();
        written.map_err(|error| error.to_string())
    }

    /// A fact that is not on disk did not happen: the machine is made anew from those that are, once the operator says so.
    async fn cannot_write(&mut self, words: String) -> Next {
        loop {
            let need = format!("nothing more is done until the journal can be written: {words}");
            let choices = vec![Choice::Continue];
            match self.wait(Wait::Operator { need, choices: choices.clone() }, None).await {
                Next::Event(Event::Answer(Choice::Continue)) => {}
                Next::Event(_) => continue,
                end => return end,
            }
            let Ok((journal, book)) = Journal::open(&self.environment.folder, &self.machine.book().planned.id) else { continue };
            self.journal = journal;
            self.machine = Machine::new(book, self.environment.bounds);
            return Next::Event(Event::TakenUp { in_hand: self.hands.in_hand() });
        }
    }

    async fn wait(&mut self, wait: Wait, length: Option<Duration>) -> Next {
        if length.is_none_or(|length| length > LONG) {
            self.place = None;
        }
        let choices = match &wait {
            Wait::Operator { choices, .. } => choices.clone(),
            _ => self.machine.choices(),
        };
        self.show(wait, choices);
        let woke = async {
            match length {
                Some(length) => tokio::time::sleep(length).await,
                None => std::future::pending().await,
            }
        };
        let can_leave = self.may_be_left();
        tokio::select! {
            biased;
            () = self.stop.cancelled(), if can_leave => Next::Leave,
            answer = self.answers.recv() => {
                let Some((choice, approved)) = answer else { return Next::End };
                self.hands.approve(approved);
                Next::Event(Event::Answer(choice))
            }
            () = woke => Next::Event(Event::Woke),
        }
    }

    async fn take_place(&mut self) {
        if self.place.is_some() {
            return;
        }
        self.show(Wait::Turn, Vec::new());
        let can_leave = self.may_be_left();
        tokio::select! {
            biased;
            () = self.stop.cancelled(), if can_leave => {}
            // The semaphore is never closed.
            place = Arc::clone(&self.places).acquire_owned() => self.place = place.ok(),
        }
    }

    fn show(&self, wait: Wait, choices: Vec<Choice>) {
        self.board.update(self.machine.view(wait, self.environment.clock.now()), choices);
    }
}
