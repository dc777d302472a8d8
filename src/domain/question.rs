//! A question for a secret, as the screen shows it. The answer never is a part of it: it goes another way.

use serde::{Deserialize, Serialize};

/// What a person is asked to type without anybody seeing it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Heading of the window: `Encrypted file`.
    pub title: String,
    /// What it is for, line by line.
    pub lines: Vec<String>,
    /// What to type, in a word or two: `passphrase`.
    pub label: String,
    /// Why it is asked once more: the last answer was wrong.
    pub problem: Option<String>,
    /// Whether it has to be typed a second time, since nobody could tell a slip.
    pub twice: bool,
    /// When it may be asked.
    pub topic: Topic,
}

/// What an answer serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The session: asked on a locked console, too, as that is how it is unlocked.
    Session,
    /// Work in the session: on a locked console it waits until somebody is there.
    Work,
}

impl Question {
    /// A question that is asked once.
    pub fn new(title: impl Into<String>, label: impl Into<String>, topic: Topic) -> Self {
        Self { title: title.into(), lines: Vec::new(), label: label.into(), problem: None, twice: false, topic }
    }

    /// With one more line about what it is for.
    #[must_use]
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }
}
