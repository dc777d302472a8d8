//! The shells that have a tab, as plain data. What they show is in [`crate::screens::Screens`], beside the model.

use serde::{Deserialize, Serialize};

use crate::domain::moment::Moment;
use crate::domain::recording::{Playback, Recorded};
use crate::domain::shell::{Recording, ShellId, ShellState, Target};
use crate::domain::text::Untrusted;
use crate::kit::field::Field;
use crate::kit::input::Size;

/// The shells of this console.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Terminals {
    /// Their tabs, the oldest first.
    pub tabs: Vec<Tab>,
    /// The one on screen in place of a pane.
    pub shown: Option<ShellId>,
    /// The one that was on screen last.
    pub last: Option<ShellId>,
    /// The number of the newest.
    pub newest: u64,
    /// To whom keys go while a shell is on screen.
    pub mode: Mode,
    /// Whether a shell has the whole screen.
    pub full: bool,
    /// Whether the shell on screen has the terminal itself, and nothing is painted.
    pub lent: bool,
    /// Whether the person was told what would end with the console.
    pub warned: bool,
}

/// To whom keys go while a shell is on screen.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// To the target, all but one.
    #[default]
    Keys,
    /// To us: the next one is a command.
    Command,
    /// To us: the screen is held still and read.
    Reading(Reading),
}

/// Reading in a screen that is held still. Lines are counted from the oldest one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Reading {
    /// How many lines there are.
    pub lines: usize,
    /// The first one on screen.
    pub top: usize,
    /// The one that the person is on.
    pub line: usize,
    /// Where the choice of lines began.
    pub from: Option<usize>,
    /// What was searched for last.
    pub needle: String,
    /// Whether it was not found.
    pub missed: bool,
    /// A search being typed.
    pub search: Option<Field>,
}

impl Reading {
    /// The lines that would be copied: those chosen, or the one that the person is on.
    pub fn chosen(&self) -> (usize, usize) {
        let from = self.from.unwrap_or(self.line);
        (from.min(self.line), from.max(self.line))
    }

    /// Goes to a line, and scrolls so that it is among the `height` lines on screen.
    pub fn go(&mut self, line: usize, height: usize) {
        self.line = line.min(self.lines.saturating_sub(1));
        let last_top = self.lines.saturating_sub(height);
        let least = (self.line + 1).saturating_sub(height);
        self.top = self.top.clamp(least, self.line.max(least)).min(last_top);
    }
}

/// One shell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tab {
    /// Its number.
    pub id: ShellId,
    /// The node.
    pub target: Target,
    /// How it does.
    pub state: ShellState,
    /// Since when.
    pub since: Moment,
    /// Whether something was shown on it since it was on screen last.
    pub has_news: bool,
    /// The size of its screen.
    pub size: Size,
    /// Whether its data are encrypted with the account's key; unknown until it runs.
    pub is_encrypted: Option<bool>,
    /// Bytes of a paste under way that have been sent, and all.
    pub paste: Option<(usize, usize)>,
    /// Whether it is recorded.
    pub recording: Recording,
    /// What is played in it, where it is no shell but a recording.
    pub replay: Option<Box<Replay>>,
}

/// A recording being played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// What is known of its file.
    pub recorded: Recorded,
    /// How it is being played.
    pub playback: Playback,
}

impl Tab {
    /// A tab that is about to be filled: nothing is known of it yet but what it is for.
    pub fn new(id: ShellId, target: Target, size: Size, now: Moment) -> Self {
        Self {
            id,
            target,
            state: ShellState::Connecting,
            since: now,
            has_news: false,
            size,
            is_encrypted: None,
            paste: None,
            recording: Recording::Off,
            replay: None,
        }
    }

    /// What the tab is called: the first part of the node's name, else of its id, else of a recording's file, else the shell's number. It is
    /// never blank, whatever they are.
    pub fn title(&self) -> String {
        let file = self.replay.as_ref().map(|replay| &replay.recorded.file);
        let mut names = self.target.name.iter().chain([&self.target.node]).chain(file);
        let title = names.find_map(first_part).unwrap_or_else(|| self.id.0.to_string());
        if self.replay.is_some() { format!("replay {title}") } else { title }
    }
}

/// The first part of a name that can be seen.
fn first_part(name: &Untrusted) -> Option<String> {
    let shown = name.shown_within(80).into_string();
    let parts = shown.split('.').map(str::trim).filter(|part| !part.is_empty());
    // Dots alone are a name, too.
    let first = parts.chain([shown.trim()]).next().filter(|part| !part.is_empty())?;
    Some(first.chars().take(24).collect())
}

impl Terminals {
    /// The tab on screen.
    pub fn current(&self) -> Option<&Tab> {
        self.get(self.shown?)
    }

    /// A shell's tab.
    pub fn get(&self, id: ShellId) -> Option<&Tab> {
        self.tabs.iter().find(|tab| tab.id == id)
    }

    /// A shell's tab, to change it.
    pub fn get_mut(&mut self, id: ShellId) -> Option<&mut Tab> {
        self.tabs.iter_mut().find(|tab| tab.id == id)
    }

    /// How many shells are not over.
    pub fn running(&self) -> usize {
        self.tabs.iter().filter(|tab| !tab.state.is_over() && tab.replay.is_none()).count()
    }

    /// The tab so many places after the one on screen, round the end.
    pub fn neighbour(&self, by: usize) -> Option<ShellId> {
        let at = self.tabs.iter().position(|tab| Some(tab.id) == self.shown)?;
        self.tabs.iter().cycle().nth(at + by).map(|tab| tab.id)
    }

    /// Reading in the screen of the shell on screen.
    pub fn reading(&self) -> Option<&Reading> {
        match &self.mode {
            Mode::Reading(reading) if self.shown.is_some() => Some(reading),
            _ => None,
        }
    }

    /// The same, to change it.
    pub fn reading_mut(&mut self) -> Option<&mut Reading> {
        match &mut self.mode {
            Mode::Reading(reading) if self.shown.is_some() => Some(reading),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tab_is_never_without_a_label() {
        let titled = |name: &str, node: &str| {
            let target = Target { node: node.into(), region: None, name: Some(name.into()) };
            Tab::new(ShellId(7), target, Size { width: 80, height: 24 }, Moment::after_boot(std::time::Duration::ZERO)).title()
        };
        for (name, node, title) in [
            ("web.example.com", "i-1", "web"),
            (".hidden.example", "i-1", "hidden"),
            ("", "i-1", "i-1"),
            ("   ", "i-1", "i-1"),
            ("\u{3000}\u{a0}.", "i-1", "."),
            (" . . ", "i-1", ". ."),
            ("...", "i-1", "..."),
            ("\u{200b}", "i-1", "⟨U+200B⟩"),
            ("\u{2800}", "i-1", "⟨U+2800⟩"),
            ("\u{1b}]0;x", "i-1", "␛]0;x"),
            ("", " ", "7"),
        ] {
            assert_eq!(titled(name, node), title, "{name:?}");
        }
    }
}
