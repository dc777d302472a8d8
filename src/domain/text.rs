//! Text that strangers wrote: user agents, tags, finding titles, session reasons.
//!
//! It enters the program as [`Untrusted`] and reaches a screen or a CSV file only as [`Shown`], in which no character can
//! move the cursor, hide itself or turn the reading direction. The raw text stays as evidence and goes back to AWS unchanged.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

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
    if !raw.chars().any(is_hostile) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len() + 16);
    let mut combining = 0_usize;
    for c in raw.chars() {
        if is_combining(c) {
            combining += 1;
            if combining > MOST_COMBINING {
                continue;
            }
        } else {
            combining = 0;
        }
        spell(c, &mut out);
    }
    Cow::Owned(out)
}

/// More combining marks than this on one letter are an attempt to draw over the neighbouring rows.
const MOST_COMBINING: usize = 3;

fn spell(c: char, out: &mut String) {
    use fmt::Write as _;
    match c {
        // The pictures of control characters (U+2400…) are one column wide and read like what they are.
        '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('?')),
        '\u{7f}' => out.push('\u{2421}'),
        _ if is_invisible(c) => {
            let _ = write!(out, "⟨U+{:04X}⟩", u32::from(c));
        }
        _ => out.push(c),
    }
}

/// Whether a character may not reach a screen as it is.
pub fn is_hostile(c: char) -> bool {
    !matches!(c, ' '..='~') && (c.is_control() || is_invisible(c) || is_combining(c))
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}'
        | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// C1 controls, bidirectional marks, zero-width and filler characters, tags, variation selectors, line separators, private use.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}'
        | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_are_spelled_out() {
        assert_eq!(Untrusted::new("a\u{1b}]0;pwn\u{7}b").shown().as_str(), "a␛]0;pwn␇b");
        assert_eq!(Untrusted::new("x\u{202e}y\u{200b}").shown().as_str(), "x⟨U+202E⟩y⟨U+200B⟩");
        assert_eq!(Untrusted::new("\u{9b}31m").shown().as_str(), "⟨U+009B⟩31m");
    }

    #[test]
    fn ordinary_text_is_borrowed() {
        assert!(matches!(clean("arn:aws:iam::123456789012:user/Zoë"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_flood_of_combining_marks_is_cut() {
        assert_eq!(clean(&format!("a{}", "\u{301}".repeat(500))).chars().count(), 1 + MOST_COMBINING);
    }

    #[test]
    fn mixed_scripts_are_noticed() {
        assert!(Untrusted::new("\u{430}dmin").is_confusable());
        assert!(!Untrusted::new("admin").is_confusable());
        assert!(!Untrusted::new("Zoë").is_confusable());
    }

    proptest! {
        #[test]
        fn nothing_hostile_but_a_few_combining_marks_survives(raw in any::<String>()) {
            let text = Untrusted::new(&raw);
            prop_assert!(text.shown().as_str().chars().all(|c| !is_hostile(c) || is_combining(c)));
            prop_assert_eq!(text.raw(), raw.as_str());
            prop_assert!(text.shown_within(20).as_str().chars().all(|c| !is_hostile(c) || is_combining(c)));
        }
    }
}
