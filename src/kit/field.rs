//! A line of text being typed. Plain data; the editing itself is `tui-input`'s.

use serde::{Deserialize, Serialize};
use tui_input::{Input, InputRequest};

/// The text and where the cursor stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Field {
    text: String,
    /// In characters from the start.
    cursor: usize,
}

/// What can be done to a field; the actions of the scope `field` but `accept` map to these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// Types a character.
    Insert(char),
    /// One character left.
    Left,
    /// One character right.
    Right,
    /// One word left.
    WordLeft,
    /// One word right.
    WordRight,
    /// To the start.
    Start,
    /// To the end.
    End,
    /// Deletes the character before the cursor.
    Backspace,
    /// Deletes the character under the cursor.
    Delete,
    /// Deletes the word before the cursor.
    DeleteWord,
    /// Deletes everything before the cursor.
    DeleteToStart,
    /// Deletes everything from the cursor on.
    DeleteToEnd,
}

impl Field {
    /// The most characters that a paste fills a field up to; every frame and every key looks at all of them.
    pub const MOST: usize = 4096;

    /// A field that holds this text, with the cursor behind it.
    pub fn with(text: impl Into<String>) -> Self {
        let text = text.into();
        let cursor = text.chars().count();
        Self { text, cursor }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the cursor stands, in characters from the start.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether nothing is typed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Does one edit. Returns whether the text changed.
    pub fn edit(&mut self, edit: Edit) -> bool {
        let before = self.text.len();
        let mut input = Input::new(std::mem::take(&mut self.text)).with_cursor(self.cursor);
        input.handle(edit.request());
        self.cursor = input.cursor();
        self.text = input.value().to_owned();
        self.text.len() != before
    }

    /// Types a pasted text: its line breaks and tabs become spaces, other control characters are left out. Returns whether all of it went
    /// in: a field holds [`Field::MOST`] characters.
    pub fn paste(&mut self, text: &str) -> bool {
        let room = Self::MOST.saturating_sub(self.text.chars().count());
        let cleaned = text.trim_end_matches(['\r', '\n']).chars().filter_map(|character| match character {
            '\n' | '\t' => Some(' '),
            _ if character.is_control() => None,
            _ => Some(character),
        });
        // Not one by one: each character typed is a new text.
        let mut cleaned = cleaned.fuse();
        let pasted: String = cleaned.by_ref().take(room).collect();
        let at = self.text.char_indices().nth(self.cursor).map_or(self.text.len(), |(at, _)| at);
        self.text.insert_str(at, &pasted);
        self.cursor += pasted.chars().count();
        cleaned.next().is_none()
    }

    /// Forgets the text.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Edit {
    fn request(self) -> InputRequest {
        match self {
            Self::Insert(character) => InputRequest::InsertChar(character),
            Self::Left => InputRequest::GoToPrevChar,
            Self::Right => InputRequest::GoToNextChar,
            Self::WordLeft => InputRequest::GoToPrevWord,
            Self::WordRight => InputRequest::GoToNextWord,
            Self::Start => InputRequest::GoToStart,
            Self::End => InputRequest::GoToEnd,
            Self::Backspace => InputRequest::DeletePrevChar,
            Self::Delete => InputRequest::DeleteNextChar,
            Self::DeleteWord => InputRequest::DeletePrevWord,
            Self::DeleteToStart => InputRequest::DeleteFromStart,
            Self::DeleteToEnd => InputRequest::DeleteTillEnd,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Field {
        let mut field = Field::default();
        field.paste(text);
        field
    }

    #[test]
    fn words_and_ends_are_deleted() {
        let mut field = typed("user:alice age>90d");
        assert!(field.edit(Edit::DeleteWord));
        assert!(field.text().starts_with("user:alice"));
        field.edit(Edit::Start);
        field.edit(Edit::Right);
        field.edit(Edit::DeleteToEnd);
        assert_eq!((field.text(), field.cursor()), ("u", 1));
        field.edit(Edit::Insert('x'));
        field.edit(Edit::Left);
        field.edit(Edit::DeleteToStart);
        assert_eq!((field.text(), field.cursor()), ("x", 0));
    }

    #[test]
    fn a_paste_goes_in_at_the_cursor_and_no_further_than_the_field_holds() {
        let mut field = typed("üb");
        field.edit(Edit::Left);
        assert!(field.paste("x\ty"));
        assert_eq!((field.text(), field.cursor()), ("üx yb", 4));
        let long = "é".repeat(10_000_000);
        assert!(!field.paste(&long));
        assert_eq!((field.text().chars().count(), field.cursor()), (Field::MOST, Field::MOST - 1));
        assert!(field.text().ends_with('b') && !field.paste("z") && field.paste("\n"));
    }

    #[test]
    fn a_paste_stays_one_line() {
        assert_eq!(typed("a\nb\u{1b}[31m\tc\n").text(), "a b[31m c");
    }
}
