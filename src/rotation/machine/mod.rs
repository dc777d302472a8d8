//! The machine: what a rotation does next, decided from its durable facts and from what just happened. It makes no call and reads no
//! clock.
//!
//! Its state is [`Book`], the sum of the [`Fact`]s written down. Whatever else it knows ([`Run`]) is about this process's attempts and
//! may be lost: a process that takes a rotation up again starts them anew. So a crash between two facts is nothing special.

mod back;
mod book;
mod bounds;
mod create;
mod event;
mod fact;
mod prove;
mod retire;
mod start;
mod turn;
mod view;

use std::time::Duration;

pub use book::{Book, Room};
pub use bounds::Bounds;
pub use event::{CheckTrouble, Effect, Event, Found, Inventory, Now, Outcome, Signer, Stranger, Task, Trouble, is_active};
pub use fact::{Fact, Planned};
use turn::Turn;

use crate::domain::fault::Fault;
use crate::domain::rotation::{Choice, Phase};

/// One rotation.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    book: Book,
    bounds: Bounds,
    run: Run,
}

/// What this process has tried.
#[derive(Debug, Clone, PartialEq, Default)]
struct Run {
    /// The task that is under way.
    under_way: Option<Task>,
    /// The task to do when the wait is over or the operator says to go on.
    next: Option<Task>,
    /// Retries of the present job, and when they end.
    retries: u32,
    deadline: Option<Duration>,
    /// When the last inventory was taken, on the steady clock.
    looked: Option<Duration>,
    /// Checks that succeeded in a row.
    checks: u8,
    /// The key whose secret this process holds in memory.
    hand: Option<String>,
    /// Keys that wait for the operator's word to be deleted.
    suspects: Vec<String>,
    /// The old key is inactive, and the new one has to work without it now.
    is_without_old: bool,
    /// This process has lifted the policies of a containment.
    is_lifted: bool,
    /// Creates that AWS refused for the moment.
    refused_creates: u32,
    /// Creates that came to nothing, nobody knows why.
    failed_creates: u32,
    /// The wait for the operator is over when he has answered one of these.
    asked: Vec<Choice>,
    /// The last thing that went wrong.
    fault: Option<Fault>,
}

impl Machine {
    /// The machine of a book.
    pub fn new(book: Book, bounds: Bounds) -> Self {
        Self { book, bounds, run: Run::default() }
    }

    /// The durable state.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Checks of the new key that succeeded in a row, and how many are wanted.
    pub fn checks(&self) -> (u8, u8) {
        let is_proven = self.book.phase >= Phase::Verified && self.book.phase != Phase::Aborted;
        (if is_proven { self.bounds.checks } else { self.run.checks }, self.bounds.checks)
    }

    /// The last call that failed, until something works.
    pub fn fault(&self) -> Option<&Fault> {
        self.run.fault.as_ref()
    }

    /// When the present job's retries end, on the steady clock.
    pub fn deadline(&self) -> Option<Duration> {
        self.run.deadline
    }

    /// Whether it may be left as it is for as long as anybody likes: no key is on its way from one state to another, or nothing is done
    /// about it before a person has spoken.
    pub fn may_be_left(&self) -> bool {
        let book = &self.book;
        let is_between = matches!(book.phase, Phase::Creating | Phase::Deactivating | Phase::Deleting)
            || matches!(book.room, Room::Deactivating | Room::Deleting)
            || book.rolling_back.is_some();
        !is_between || !self.run.asked.is_empty()
    }

    /// What can be answered while nothing is under way.
    pub fn choices(&self) -> Vec<Choice> {
        if !self.run.asked.is_empty() {
            return self.run.asked.clone();
        }
        if self.book.rolling_back.is_some() || self.book.reactivating.is_some() {
            return Vec::new();
        }
        match self.book.phase {
            Phase::Planned | Phase::Preflight => vec![Choice::Abort],
            Phase::Escrowed | Phase::Stored | Phase::Verified => vec![Choice::RollBack],
            Phase::Soaking => vec![Choice::SkipWait, Choice::RollBack, Choice::Abort],
            Phase::Observing if self.book.planned.renew => vec![Choice::SkipWait, Choice::RollBack, Choice::Abort],
            Phase::Observing => vec![Choice::SkipWait, Choice::Reactivate, Choice::RollBack, Choice::Abort],
            Phase::Creating | Phase::Deactivating | Phase::Deleting | Phase::Done | Phase::Aborted => Vec::new(),
        }
    }

    /// One step. The effects are to be carried out in their order.
    pub fn step(&mut self, now: Now, event: Event) -> Vec<Effect> {
        let mut turn = Turn::new(&mut self.book, &self.bounds, &mut self.run, now);
        turn.take(event);
        turn.effects
    }
}
