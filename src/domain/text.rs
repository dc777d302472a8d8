//! Text that strangers wrote: user agents, tags, finding titles, session reasons.
//!
//! It enters the program as [`Untrusted`] and reaches a screen or a CSV file only as [`Shown`], in which no character can
//! move the cursor, hide itself or turn the reading direction. The raw text stays as evidence and goes back to AWS unchanged.
//!
//! The rule of [`clean`], by Unicode's own data:
//!
//! | what | becomes |
//! |---|---|
//! | text | Normalization Form C, so that what looks the same is the same |
//! | C0 controls, DEL | their pictures: ␛ |
//! | C1 controls, format characters, default ignorables, private use, unassigned, line and paragraph separators, the blank braille cell | `⟨U+202E⟩` |
//! | ZWNJ and ZWJ where spelling needs them (UAX #31, contexts A1, A2 and B: Persian, Hindi, …) | themselves; elsewhere `⟨U+200D⟩`, in emoji too |
//! | up to three marks that take no column and three that take one, on one letter | themselves |
//! | more marks | their number: `⟨+497⟩` |
//! | marks without a letter | marks on ◌ |

mod characters;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use characters::{Kind, kind};

/// Text as AWS gave it. It has no `Display`: ask for [`Untrusted::shown`] to put it on a screen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(Arc<str>);

impl Untrusted {
    /// Takes text from AWS, unchanged.
    pub fn new(raw: impl AsRef<str>) -> Self {
        Self(Arc::from(raw.as_ref()))
    }

    /// The text byte for byte: evidence, machine-readable output that escapes for itself, and names sent back to AWS.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// The text made harmless: every control, bidirectional and invisible character is spelled out.
    pub fn shown(&self) -> Shown<'_> {
        Shown(clean(&self.0))
    }

    /// Like [`Untrusted::shown`], reading at most `most` characters: a 64 KB user agent costs a table cell no more than its width.
    pub fn shown_within(&self, most: usize) -> Shown<'_> {
        let end = self.0.char_indices().nth(most).map_or(self.0.len(), |(at, _)| at);
        let cut = self.0.get(..end).unwrap_or_default();
        Shown(if end < self.0.len() { Cow::Owned(format!("{}…", clean(cut))) } else { clean(cut) })
    }

    /// Whether AWS gave an empty string.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether letters of several scripts are mixed in a way that no honest identifier needs (`аdmin` with a Cyrillic a).
    pub fn is_confusable(&self) -> bool {
        use unicode_security::MixedScript;
        !self.0.is_ascii() && !self.0.is_single_script()
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.shown().as_str())
    }
}

impl<S: AsRef<str>> From<S> for Untrusted {
    fn from(raw: S) -> Self {
        Self::new(raw)
    }
}

/// Text that may be painted: what [`Untrusted::shown`] returns.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown<'a>(Cow<'a, str>);

impl Shown<'_> {
    /// The harmless text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The harmless text, owned.
    pub fn into_string(self) -> String {
        self.0.into_owned()
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Makes any text harmless for one line of a screen. Clean text is borrowed, not copied.
pub fn clean(raw: &str) -> Cow<'_, str> {
    if raw.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Cow::Borrowed(raw);
    }
    let is_plain = |c| kind(c) == Kind::Plain;
    if raw.chars().all(is_plain) && is_nfc_quick(raw.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(raw);
    }
    let text: Vec<char> = raw.nfc().collect();
    let mut line = Line { out: String::with_capacity(raw.len() + 16), letter: None };
    for (at, c) in text.iter().enumerate() {
        match kind(*c) {
            Kind::Plain => line.letter(*c),
            Kind::Joiner if line.may_join() && characters::joins(&text, at) => line.out.push(*c),
            Kind::Mark => line.mark(*c, |letter| &mut letter.marks),
            Kind::Spacing => line.mark(*c, |letter| &mut letter.spacing),
            Kind::Control | Kind::Hidden | Kind::Joiner => line.spell(*c),
        }
    }
    line.end();
    Cow::Owned(line.out)
}

/// More marks than this on one letter are an attempt to draw over the neighbouring rows.
const MOST_MARKS: usize = 3;

/// A line being written.
struct Line {
    out: String,
    /// The letter on which marks are put; `None`: there is none.
    letter: Option<Letter>,
}

/// The marks that a letter has.
#[derive(Default)]
struct Letter {
    /// Those that take no column.
    marks: usize,
    /// Those that take one.
    spacing: usize,
    /// Those that were one too many.
    excess: usize,
}

impl Line {
    fn letter(&mut self, c: char) {
        self.end();
        self.out.push(c);
        self.letter = Some(Letter::default());
    }

    fn mark(&mut self, c: char, count: impl Fn(&mut Letter) -> &mut usize) {
        if self.letter.is_none() {
            // The dotted circle is what Unicode shows marks on.
            self.letter('\u{25cc}');
        }
        let letter = self.letter.get_or_insert_default();
        if letter.excess > 0 || *count(letter) == MOST_MARKS {
            letter.excess += 1;
        } else {
            *count(letter) += 1;
            self.out.push(c);
        }
    }

    /// Whether the last letter stands there whole, and so may be joined to the next one.
    fn may_join(&self) -> bool {
        self.letter.as_ref().is_some_and(|letter| letter.excess == 0)
    }

    fn spell(&mut self, c: char) {
        use fmt::Write as _;
        self.end();
        match c {
            // The pictures of control characters (U+2400…) are one column wide and read like what they are.
            '\0'..='\u{1f}' => self.out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('?')),
            '\u{7f}' => self.out.push('\u{2421}'),
            _ => {
                let _never_fails = write!(self.out, "⟨U+{:04X}⟩", u32::from(c));
            }
        }
    }

    /// The letter has ended.
    fn end(&mut self) {
        use fmt::Write as _;
        if let Some(Letter { excess: excess @ 1.., .. }) = self.letter.take() {
            let _never_fails = write!(self.out, "⟨+{excess}⟩");
        }
    }
}

/// Whether a character may not reach a screen as it is, by itself: marks have to stand on a letter.
pub fn is_hostile(c: char) -> bool {
    !matches!(kind(c), Kind::Plain | Kind::Spacing)
}

/// How much of a text one cell of a screen may hold: a letter with its marks, perhaps joined. `None`: not even its first character.
pub fn cell(symbol: &str) -> Option<&str> {
    let mut characters = symbol.char_indices();
    let first = characters.next().map(|(_, first)| first).filter(|first| !is_hostile(*first))?;
    let (mut end, mut marks, mut last) = (first.len_utf8(), 0, first);
    for (at, c) in characters {
        match kind(c) {
            Kind::Mark if marks < MOST_MARKS => marks += 1,
            Kind::Joiner if characters::may_join(last) => {}
            _ => break,
        }
        end = at + c.len_utf8();
        last = c;
    }
    symbol.get(..end)
}

#[cfg(test)]
mod tests;
