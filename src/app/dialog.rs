//! The confirm dialog: what it shows, and what has the focus in it.

use serde::{Deserialize, Serialize};

use super::layout::{Area, Layout};
use crate::domain::change::Mutation;
use crate::kit::action::Danger;
use crate::kit::confirm::{NotYet, Pending, Plan};
use crate::kit::document::{Document, Line, Scroll, rows};
use crate::kit::field::Field;
use crate::kit::input::Size;
use crate::kit::table::Tone;

/// What can have the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The button that leaves everything as it is. It has the focus at first.
    Cancel,
    /// The field for the name, where it has to be typed.
    Name,
    /// The field for the reason, where one is wanted.
    Reason,
    /// The button that does it.
    Yes,
}

/// The dialog over the panes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dialog {
    /// What waits for the yes.
    pub pending: Pending<Mutation>,
    /// What has the focus.
    pub focus: Part,
    /// What has been typed as the name.
    pub name: Field,
    /// What has been typed as the reason.
    pub reason: Field,
    /// The plan as a text.
    pub document: Document,
    /// What part of it is on screen.
    pub scroll: Scroll,
    /// Why the last yes was not taken.
    pub note: Option<String>,
}

impl Dialog {
    /// The dialog as it opens.
    pub fn new(pending: Pending<Mutation>) -> Self {
        let document = document(&pending.plan);
        Self {
            pending,
            focus: Part::Cancel,
            name: Field::default(),
            reason: Field::default(),
            document,
            scroll: Scroll::default(),
            note: None,
        }
    }

    /// What can have the focus here, in the order in which it moves.
    pub fn parts(&self) -> Vec<Part> {
        let plan = &self.pending.plan;
        let name = plan.must_type.is_some().then_some(Part::Name);
        let reason = plan.wants_reason.then_some(Part::Reason);
        [Some(Part::Cancel), name, reason, Some(Part::Yes)].into_iter().flatten().collect()
    }

    /// Moves the focus, round the ends.
    pub fn step(&mut self, by: isize) {
        let parts = self.parts();
        let count = isize::try_from(parts.len()).unwrap_or(1);
        let at = parts.iter().position(|part| *part == self.focus).and_then(|at| isize::try_from(at).ok()).unwrap_or(0);
        if let Some(part) = usize::try_from((at + by).rem_euclid(count)).ok().and_then(|at| parts.get(at)) {
            self.focus = *part;
        }
        self.note = None;
    }

    /// Whether characters are text here: they go into the name, or the reason, whatever has the focus.
    pub fn takes_text(&self) -> bool {
        self.focus == Part::Reason || self.pending.plan.must_type.is_some()
    }

    /// The field that has the focus.
    pub fn field(&self) -> Option<&Field> {
        match self.focus {
            Part::Name => Some(&self.name),
            Part::Reason => Some(&self.reason),
            Part::Cancel | Part::Yes => None,
        }
    }

    /// The field that has the focus, to type in it.
    pub fn field_mut(&mut self) -> Option<&mut Field> {
        match self.focus {
            Part::Name => Some(&mut self.name),
            Part::Reason => Some(&mut self.reason),
            Part::Cancel | Part::Yes => None,
        }
    }

    /// The word on the button that does it.
    pub fn verb(&self) -> &'static str {
        match self.pending.plan.danger {
            Danger::Safe | Danger::Reversible => "Do it (y)",
            Danger::Confirm | Danger::TypeName => "Do it",
        }
    }

    /// Lines below the plan: fields, a line for the note, and one for the two buttons.
    pub fn lines_below(&self) -> u16 {
        u16::try_from(self.parts().len()).unwrap_or(4)
    }

    /// Where the whole window stands.
    pub fn area(&self, layout: &Layout) -> Area {
        let width = WIDTH.min(layout.body.width);
        let columns = usize::from(width.saturating_sub(FRAME_COLUMNS)).max(2);
        let text: usize = self.document.lines.iter().map(|line| rows(&line.text, columns, line.hang.into()).len()).sum();
        let wanted = u16::try_from(text).unwrap_or(u16::MAX).saturating_add(self.lines_below() + FRAME_LINES);
        let height = wanted.min(layout.body.height);
        let x = layout.body.x + (layout.body.width - width) / 2;
        Area { x, y: layout.body.y + (layout.body.height - height) / 3, width, height }
    }

    /// The plan's window from now on, for this screen.
    pub fn resize(&mut self, layout: &Layout) {
        let area = self.area(layout);
        let height = area.height.saturating_sub(self.lines_below() + FRAME_LINES);
        let size = Size { width: area.width.saturating_sub(FRAME_COLUMNS), height };
        self.scroll.resize(size, &self.document);
    }
}

/// Columns of the widest dialog.
const WIDTH: u16 = 78;
/// Columns of the frame and of the space inside it.
const FRAME_COLUMNS: u16 = 4;
/// Lines of the frame.
const FRAME_LINES: u16 = 2;

/// What the person is told when a yes was not taken.
pub fn why_not(not_yet: NotYet) -> &'static str {
    match not_yet {
        NotYet::TooSoon => "wait a second: the dialog has just opened",
        NotYet::NotTyped => "what is typed is not the name that is asked for",
        NotYet::NoReason => "this account wants a reason",
    }
}

fn document(plan: &Plan) -> Document {
    let columns = plan.facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(4);
    let mut lines = vec![Line::heading(plan.title.clone())];
    lines.extend(plan.facts.iter().map(|(name, value)| Line::labelled(name, columns, value, Tone::Plain)));
    lines.push(Line::default());
    let count = plan.calls.len();
    for (number, call) in plan.calls.iter().enumerate() {
        let heading = if count > 1 { format!("{} of {count}: {}", number + 1, call.action) } else { call.action.clone() };
        lines.push(Line::labelled("call", columns, &heading, Tone::Warning));
        lines.push(Line::labelled("same", columns, &call.cli, Tone::Plain));
        lines.push(Line::labelled("undo", columns, &call.undo, Tone::Plain));
    }
    Document::detail(lines)
}
