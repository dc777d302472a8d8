//! What others see of the rotations under way, and how they are told something.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use crate::domain::rotation::{Choice, Command, Rotation, RotationId, Wait};
use crate::kit::confirm::Approved;

/// An answer on its way to a rotation, with the approval under which it goes on.
pub(super) type Answer = (Choice, Approved<Command>);

/// All rotations, by id: sortable by start.
#[derive(Clone)]
pub(super) struct Board(Arc<Inner>);

struct Inner {
    entries: Mutex<BTreeMap<RotationId, Entry>>,
    shown: watch::Sender<Arc<Vec<Rotation>>>,
}

/// One rotation.
struct Entry {
    rotation: Rotation,
    /// What can be answered now.
    choices: Vec<Choice>,
    /// Where a task of this process listens.
    answers: Option<mpsc::Sender<Answer>>,
}

impl Entry {
    fn is_held(&self) -> bool {
        self.answers.as_ref().is_some_and(|answers| !answers.is_closed())
    }
}

impl Board {
    pub(super) fn new() -> Self {
        Self(Arc::new(Inner { entries: Mutex::default(), shown: watch::channel(Arc::default()).0 }))
    }

    pub(super) fn watch(&self) -> watch::Receiver<Arc<Vec<Rotation>>> {
        self.0.shown.subscribe()
    }

    /// Adds a rotation; with a channel if a task of this process has it.
    pub(super) fn add(&self, rotation: Rotation, answers: Option<mpsc::Sender<Answer>>) {
        let mut entries = self.entries();
        entries.insert(rotation.id.clone(), Entry { rotation, choices: Vec::new(), answers });
        self.show(entries);
    }

    /// Adds, or shows anew, rotations that nobody of this process has.
    pub(super) fn add_left(&self, rows: Vec<Rotation>) {
        let mut entries = self.entries();
        for rotation in rows {
            let is_held = entries.get(&rotation.id).is_some_and(Entry::is_held);
            if !is_held {
                entries.insert(rotation.id.clone(), Entry { rotation, choices: Vec::new(), answers: None });
            }
        }
        self.show(entries);
    }

    /// How many rotations tasks of this process have.
    pub(super) fn held(&self) -> usize {
        self.entries().values().filter(|entry| entry.is_held()).count()
    }

    /// Shows how a rotation stands, and what can be answered now.
    pub(super) fn update(&self, rotation: Rotation, choices: Vec<Choice>) {
        let mut entries = self.entries();
        if let Some(entry) = entries.get_mut(&rotation.id) {
            entry.choices = choices;
            entry.rotation = rotation;
        }
        self.show(entries);
    }

    /// The task that had it has ended.
    pub(super) fn leave(&self, id: &RotationId) {
        if let Some(entry) = self.entries().get_mut(id) {
            entry.answers = None;
            entry.choices.clear();
        }
    }

    /// Whether a task of this process has it; `None`: it is not on the board.
    pub(super) fn is_held(&self, id: &RotationId) -> Option<bool> {
        self.entries().get(id).map(Entry::is_held)
    }

    /// The rotation.
    pub(super) fn get(&self, id: &RotationId) -> Option<Rotation> {
        self.entries().get(id).map(|entry| entry.rotation.clone())
    }

    /// Passes an answer on.
    pub(super) fn answer(&self, id: &RotationId, choice: Choice, approved: Approved<Command>) -> Result<(), String> {
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(id) else { return Err(format!("there is no rotation {id}")) };
        let Some(answers) = entry.answers.as_ref().filter(|answers| !answers.is_closed()) else {
            return Err(format!("nobody is working on {id}: resume it first"));
        };
        if !entry.choices.contains(&choice) {
            let words = entry.choices.iter().map(|choice| choice.word()).collect::<Vec<_>>().join(", ");
            return Err(if words.is_empty() {
                format!("{id} is at work: it takes no answer now")
            } else {
                format!("{id} takes {words} now")
            });
        }
        answers.try_send((choice, approved)).map_err(|_| format!("{id} has an answer already"))?;
        // From now on it is at work; nobody is to answer what was asked before.
        entry.choices.clear();
        entry.rotation.wait = Wait::Working;
        self.show(entries);
        Ok(())
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<RotationId, Entry>> {
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, entries: MutexGuard<'_, BTreeMap<RotationId, Entry>>) {
        let rotations = entries.values().rev().map(|entry| entry.rotation.clone()).collect();
        // Under the lock, so that an older picture never replaces a newer one.
        self.0.shown.send_replace(Arc::new(rotations));
    }
}
