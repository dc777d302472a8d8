//! Does what the machine says: writes facts down, makes calls, waits, listens to the operator.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::board::{Answer, Board};
use super::desk::Environment;
use super::journal::{Journal, UserLock};
use super::machine::{Book, Effect, Event, Fact, Machine};
use super::tasks::Hands;
use crate::domain::rotation::{Choice, Command, Wait};
use crate::kit::confirm::Approved;

/// A wait longer than this gives the place in a campaign to somebody else.
const LONG: Duration = Duration::from_secs(60);

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
    pub(super) wish: Option<Choice>,
    pub(super) lock: UserLock,
}

impl Driver {
    pub(super) fn new(start: Start, journal: Journal, book: Book) -> Result<Self, String> {
        let Start { environment, approved, board, answers, places, place, wish, lock } = start;
        let hands = Hands::new(&environment, approved, &book.planned)?;
        let machine = Machine::new(book, environment.bounds);
        Ok(Self { machine, journal, hands, environment, board, answers, places, place, wish, _lock: lock })
    }

    /// Runs to the end, or until nobody listens any more.
    pub(super) async fn run(mut self) {
        let mut event = Event::TakenUp { in_hand: None };
        loop {
            // Every task is idempotent, so the outcome of one may go unheard.
            if let Some(wish) = self.wish.filter(|wish| self.machine.choices().contains(wish)) {
                self.wish = None;
                event = Event::Answer(wish);
            }
            let effects = self.machine.step(self.environment.clock.now(), event);
            match self.carry_out(effects).await {
                Some(next) => event = next,
                None => return,
            }
        }
    }

    /// Carries effects out in their order; what happens next, or `None` at the end.
    async fn carry_out(&mut self, effects: Vec<Effect>) -> Option<Event> {
        for effect in effects {
            match effect {
                Effect::Record(fact) => {
                    if let Err(words) = self.record(&fact) {
                        return self.cannot_write(words).await;
                    }
                }
                Effect::Do(task) => {
                    self.take_place().await;
                    self.show(Wait::Working, Vec::new());
                    return Some(Event::Outcome(self.hands.perform(&task, self.machine.book()).await));
                }
                Effect::Wait(wait, length) => return self.wait(wait, length).await,
                Effect::End => {
                    self.show(Wait::Ended, Vec::new());
                    return None;
                }
            }
        }
        None
    }

    fn record(&mut self, fact: &Fact) -> Result<(), String> {
        self.environment.edges.pass();
        let written = self.journal.append(fact, self.environment.clock.now().utc);
        self.environment.edges.pass();
        written.map_err(|error| error.to_string())
    }

    /// A fact that is not on disk did not happen: the machine is made anew from those that are, once the operator says so.
    async fn cannot_write(&mut self, words: String) -> Option<Event> {
        loop {
            let need = format!("nothing more is done until the journal can be written: {words}");
            let choices = vec![Choice::Continue];
            match self.wait(Wait::Operator { need, choices: choices.clone() }, None).await? {
                Event::Answer(Choice::Continue) => {}
                _ => continue,
            }
            let Ok((journal, book)) = Journal::open(&self.environment.folder, &self.machine.book().planned.id) else { continue };
            self.journal = journal;
            self.machine = Machine::new(book, self.environment.bounds);
            return Some(Event::TakenUp { in_hand: self.hands.in_hand() });
        }
    }

    async fn wait(&mut self, wait: Wait, length: Option<Duration>) -> Option<Event> {
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
        let event = tokio::select! {
            biased;
            answer = self.answers.recv() => {
                let (choice, approved) = answer?;
                self.hands.approve(approved);
                Event::Answer(choice)
            }
            () = woke => Event::Woke,
        };
        Some(event)
    }

    async fn take_place(&mut self) {
        if self.place.is_none() {
            // The semaphore is never closed.
            self.place = Arc::clone(&self.places).acquire_owned().await.ok();
        }
    }

    fn show(&self, wait: Wait, choices: Vec<Choice>) {
        self.board.update(self.machine.view(wait, self.environment.clock.now()), choices);
    }
}
