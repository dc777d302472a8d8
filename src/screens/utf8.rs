//! What is shown for bytes that are no text.
//!
//! The screen's parser drops U+FFFD, so that such bytes would vanish, and with them a column that every other terminal fills. A noncharacter
//! goes to the parser in their place; it becomes U+FFFD again where the screen is painted, read or copied.

use std::borrow::Cow;

/// Stands for what is no text. No text has it, as it is no character; `widgets::seal` paints it as U+FFFD.
const STAND_IN: char = '\u{fffe}';
const REPLACEMENT: char = '\u{fffd}';

/// Makes text of bytes that may be cut anywhere.
#[derive(Debug, Default)]
pub struct Repair {
    /// The beginning of a character whose end has not come yet.
    held: Vec<u8>,
}

impl Repair {
    /// What the parser gets for these bytes.
    pub fn text<'b>(&mut self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        if self.held.is_empty() && std::str::from_utf8(bytes).is_ok_and(|text| !text.contains(REPLACEMENT)) {
            return Cow::Borrowed(bytes);
        }
        let mut whole = std::mem::take(&mut self.held);
        whole.extend_from_slice(bytes);
        let (mut text, mut read) = (String::with_capacity(whole.len() + 8), 0);
        for chunk in whole.utf8_chunks() {
            text.extend(chunk.valid().chars().map(|c| if c == REPLACEMENT { STAND_IN } else { c }));
            read += chunk.valid().len() + chunk.invalid().len();
            let is_last = read == whole.len();
            match std::str::from_utf8(chunk.invalid()) {
                Ok(_) => {}
                Err(error) if is_last && error.error_len().is_none() => self.held = chunk.invalid().to_vec(),
                Err(_) => text.push(STAND_IN),
            }
        }
        Cow::Owned(text.into_bytes())
    }
}

/// A text from a screen as everybody else writes it.
pub fn without_stand_ins(text: String) -> String {
    if text.contains(STAND_IN) { text.replace(STAND_IN, "\u{fffd}") } else { text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_says_what_everybody_says_of_these_bytes(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0xc0_u8..0xf8, 0x80_u8..0xc0], 0..40), cut in 1_usize..9) {
            let mut repair = Repair::default();
            let mut text: Vec<u8> = bytes.chunks(cut).flat_map(|piece| repair.text(piece).into_owned()).collect();
            // A character that no more bytes end.
            text.extend(repair.text(b"!").into_owned());
            let wanted = String::from_utf8_lossy(&[bytes.as_slice(), b"!"].concat()).replace(STAND_IN, "\u{fffd}");
            prop_assert_eq!(without_stand_ins(String::from_utf8(text).unwrap()), wanted);
        }
    }
}
