//! From the typed text to words: blanks, quotation marks, parentheses.

use super::QueryError;

/// A word, and which of its characters stood in quotation marks, where nothing has a special meaning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Word {
    characters: Vec<(char, bool)>,
    /// Whether it began with a quotation mark: then it is taken literally.
    pub(super) literal: bool,
}

impl Word {
    /// What it says.
    pub(super) fn text(&self) -> String {
        self.characters.iter().map(|(character, _)| *character).collect()
    }

    /// What it says, in small letters.
    pub(super) fn small(&self) -> String {
        self.text().to_lowercase()
    }

    /// Whether nothing was written, not even empty quotation marks.
    pub(super) fn is_missing(&self) -> bool {
        self.characters.is_empty() && !self.literal
    }

    /// Its parts between these characters where they stand outside of quotation marks.
    pub(super) fn split(&self, at: char) -> Vec<Self> {
        let parts = self.characters.split(|(character, quoted)| *character == at && !quoted);
        parts.map(|part| Self { characters: part.to_vec(), literal: part.first().is_some_and(|(_, quoted)| *quoted) }).collect()
    }

    /// What stands before and behind the first `..` outside of quotation marks.
    pub(super) fn range(&self) -> Option<(Self, Self)> {
        let at = self.characters.windows(2).position(|pair| matches!(pair, [('.', false), ('.', false)]))?;
        let part = |characters: &[(char, bool)]| Self { characters: characters.to_vec(), literal: false };
        Some((part(self.characters.get(..at)?), part(self.characters.get(at + 2..)?)))
    }
}

/// The text, and how far it has been read.
#[derive(Debug)]
pub(super) struct Scanner {
    characters: Vec<char>,
    at: usize,
    /// Parentheses that are open around what is read.
    pub(super) depth: usize,
}

/// What ends a word, beside a blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// The end of the group that it stands in.
    Group,
    /// A comma, or the end of the list that it stands in.
    Item,
}

impl Scanner {
    pub(super) fn new(text: &str) -> Self {
        Self { characters: text.chars().collect(), at: 0, depth: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// The text from here to where the scanner is.
    pub(super) fn since(&self, start: usize) -> String {
        self.characters.get(start..self.at).unwrap_or_default().iter().collect::<String>().trim().to_owned()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    /// Goes over a character if it is this one.
    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// Goes over a text if it is here.
    pub(super) fn eat_all(&mut self, wanted: &str) -> bool {
        let length = wanted.chars().count();
        let here = self.characters.get(self.at..self.at + length);
        let found = here.is_some_and(|here| here.iter().copied().eq(wanted.chars()));
        self.at += if found { length } else { 0 };
        found
    }

    /// Goes over blanks. Returns whether there were any.
    pub(super) fn skip(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        self.at > start
    }

    /// Whether a word ends here.
    pub(super) fn at_end_of_word(&self) -> bool {
        self.peek().is_none_or(|c| c.is_whitespace() || (c == ')' && self.depth > 0))
    }

    /// Goes over a name: ASCII letters, digits and `_`. It may be empty.
    pub(super) fn name(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
            self.at += 1;
        }
        self.characters.get(start..self.at).unwrap_or_default().iter().collect()
    }

    /// Goes over one of these words if it stands here alone, in capital or small letters.
    pub(super) fn keyword(&mut self, word: &str) -> bool {
        let start = self.at;
        let found = self.name().eq_ignore_ascii_case(word) && (self.at_end_of_word() || self.peek() == Some('('));
        if !found {
            self.at = start;
        }
        found
    }

    /// Reads a word. A parenthesis that opens in it closes in it.
    pub(super) fn word(&mut self, until: Until) -> Result<Word, QueryError> {
        let mut word = Word { literal: self.peek() == Some('"'), ..Word::default() };
        let mut open = 0_usize;
        while let Some(character) = self.peek() {
            match character {
                '"' => self.quoted(&mut word)?,
                c if c.is_whitespace() => break,
                ',' if until == Until::Item => break,
                ')' if open == 0 && (self.depth > 0 || until == Until::Item) => break,
                c => {
                    open = match c {
                        '(' => open + 1,
                        ')' => open.saturating_sub(1),
                        _ => open,
                    };
                    word.characters.push((c, false));
                    self.at += 1;
                }
            }
        }
        Ok(word)
    }

    /// Reads what stands in quotation marks; two of them inside are one.
    fn quoted(&mut self, word: &mut Word) -> Result<(), QueryError> {
        self.at += 1;
        while let Some(character) = self.peek() {
            self.at += 1;
            if character != '"' {
                word.characters.push((character, true));
            } else if self.eat('"') {
                word.characters.push(('"', true));
            } else {
                return Ok(());
            }
        }
        Err(QueryError::new("a quotation mark is not closed"))
    }
}
