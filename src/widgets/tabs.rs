//! The panes' names with their keys, counts and states.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{self, Piece};
use crate::theme::{Look, Role};

/// How a pane stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing to say.
    Quiet,
    /// It reads.
    Loading,
    /// Something was shown on it that nobody has looked at.
    News,
    /// It could not read everything.
    Fault,
}

/// One tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// The key that goes there.
    pub key: Option<String>,
    /// The pane's name.
    pub name: String,
    /// Rows, where they have been read.
    pub count: Option<usize>,
    /// How it stands.
    pub state: State,
    /// Whether it is shown.
    pub active: bool,
}

/// Draws the tabs. Where they do not fit, they move together, then counts go, then names, the last one first; that of the pane shown
/// stays.
pub fn draw(tabs: &[Tab], milliseconds: i64, look: &Look, area: Rect, buf: &mut Buffer) {
    let fewer = (0..tabs.len()).rev().map(Form::First);
    for form in [Form::Whole, Form::Tight, Form::Short, Form::Names].into_iter().chain(fewer) {
        let pieces: Vec<Piece> =
            tabs.iter().enumerate().flat_map(|(at, tab)| pieces(at, tab, form, milliseconds, look)).collect();
        if form == Form::First(0) || pieces.iter().map(Piece::width).sum::<usize>() <= usize::from(area.width) {
            paint::pieces(buf, area, 0, &pieces);
            return;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Everything, and room for the marks that may come.
    Whole,
    /// Everything, side by side.
    Tight,
    /// Without counts.
    Short,
    /// Without counts, side by side.
    Names,
    /// So many with their names, the others with their keys alone, but for the pane that is shown.
    First(usize),
}

fn pieces(at: usize, tab: &Tab, form: Form, milliseconds: i64, look: &Look) -> Vec<Piece> {
    let style = look[if tab.active { Role::TabActive } else { Role::Tab }];
    let key = tab.key.as_deref().unwrap_or_default();
    let named = tab.active || !matches!(form, Form::First(named) if at >= named);
    let mut text = format!(" {key}");
    if named {
        text.push_str(if key.is_empty() { "" } else { " " });
        text.push_str(&tab.name);
    }
    if let Some(count) = tab.count.filter(|_| matches!(form, Form::Whole | Form::Tight)) {
        text.push(' ');
        text.push_str(&brief(count));
    }
    // Where there is room, the mark has its place also while there is none, so that the tabs stand still.
    let tight = matches!(form, Form::Tight | Form::Names | Form::First(1..));
    let (mark, role) = match tab.state {
        State::Quiet if tight && !tab.active => ("", Role::Tab),
        State::Quiet => (" ", Role::Tab),
        State::Loading => (look.glyphs.spinner(milliseconds), Role::Loading),
        State::News => ("*", Role::Warning),
        State::Fault => ("!", Role::TabFault),
    };
    let marked = if tab.active { style } else { look[role] };
    vec![Piece::new(text, style), Piece::new(mark, marked), Piece::new(if tight { "" } else { " " }, look[Role::Text])]
}

/// A number in at most four characters: `950`, `12k`, `1.2M`.
pub fn brief(number: usize) -> String {
    match number {
        0..=9_999 => number.to_string(),
        10_000..=999_999 => format!("{}k", number / 1000),
        1_000_000..=9_999_999 => format!("{}.{}M", number / 1_000_000, number / 100_000 % 10),
        _ => format!("{}M", number / 1_000_000),
    }
}
