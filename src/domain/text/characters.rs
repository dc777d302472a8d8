//! What Unicode says of a character.

use icu_properties::props::{
    CanonicalCombiningClass, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup, IndicSyllabicCategory, JoiningType,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_width::UnicodeWidthChar as _;

/// What is to be done with a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A letter, a digit, a sign, a space.
    Plain,
    /// A mark on the letter before it that takes no column, or a part of a letter that does not (the vowels of old Hangul).
    Mark,
    /// A mark on the letter before it that takes a column.
    Spacing,
    /// Zero-width joiner or non-joiner.
    Joiner,
    Control,
    /// Not seen, or seen differently by everybody.
    Hidden,
}

pub(super) fn kind(c: char) -> Kind {
    use GeneralCategory as Is;
    if matches!(c, ' '..='~') {
        return Kind::Plain;
    }
    match category(c) {
        Is::Control => Kind::Control,
        Is::Format if matches!(c, '\u{200c}' | '\u{200d}') => Kind::Joiner,
        Is::Format | Is::LineSeparator | Is::ParagraphSeparator | Is::PrivateUse | Is::Surrogate | Is::Unassigned => Kind::Hidden,
        // Neither ignorable nor a space to Unicode, but blank.
        _ if c == '\u{2800}' || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c) => Kind::Hidden,
        Is::NonspacingMark | Is::EnclosingMark => Kind::Mark,
        _ if c.width() == Some(0) => Kind::Mark,
        Is::SpacingMark => Kind::Spacing,
        _ => Kind::Plain,
    }
}

/// Whether the joiner at this place is needed to write the word (UAX #31, R1a): between letters that would join (A1), or after a
/// virama (A2 and B). Marks belong to the letter before them, so none may stand behind a joiner.
pub(super) fn joins(text: &[char], at: usize) -> bool {
    let before = || text.get(..at).unwrap_or_default().iter().rev().copied();
    let after = || text.get(at + 1..).unwrap_or_default().iter().copied();
    let mut back = before().skip_while(|c| is_mark_above_or_below(*c));
    let follows_virama = back.next().is_some_and(is_virama) && back.find(|c| kind(*c) != Kind::Mark).is_some_and(is_letter);
    match text.get(at) {
        Some('\u{200c}') => {
            let is_between =
                before().find(|c| !is_transparent(*c)).is_some_and(joins_forward) && after().next().is_some_and(joins_backward);
            is_between || follows_virama && after().next().is_some_and(is_letter)
        }
        Some('\u{200d}') => {
            let vowel = |c| CodePointMapData::<IndicSyllabicCategory>::new().get(c) == IndicSyllabicCategory::VowelDependent;
            follows_virama && !after().next().is_some_and(vowel)
        }
        _ => false,
    }
}

/// Whether a joiner may stand behind this character.
pub(super) fn may_join(c: char) -> bool {
    is_virama(c) || joins_forward(c) || is_transparent(c) && kind(c) == Kind::Mark
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

fn is_letter(c: char) -> bool {
    GeneralCategoryGroup::Letter.contains(category(c))
}

fn combining_class(c: char) -> CanonicalCombiningClass {
    CodePointMapData::<CanonicalCombiningClass>::new().get(c)
}

fn is_virama(c: char) -> bool {
    combining_class(c) == CanonicalCombiningClass::Virama
}

/// A mark that may stand between a virama and its joiner.
fn is_mark_above_or_below(c: char) -> bool {
    category(c) == GeneralCategory::NonspacingMark && combining_class(c) != CanonicalCombiningClass::NotReordered && !is_virama(c)
}

fn joining_type(c: char) -> JoiningType {
    CodePointMapData::<JoiningType>::new().get(c)
}

fn is_transparent(c: char) -> bool {
    // Format characters and variation selectors are transparent, too, but they are spelled out, and what is spelled out joins nothing.
    joining_type(c) == JoiningType::Transparent && kind(c) == Kind::Mark
}

fn joins_forward(c: char) -> bool {
    matches!(joining_type(c), JoiningType::DualJoining | JoiningType::LeftJoining)
}

fn joins_backward(c: char) -> bool {
    matches!(joining_type(c), JoiningType::DualJoining | JoiningType::RightJoining)
}
