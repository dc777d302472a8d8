//! Takes out of a terminal's output what could harm whoever looks at it: sequences that write the clipboard, set the title, or
//! carry strings to the terminal (OSC, DCS, APC, PM, SOS). Hyperlinks (OSC 8) and everything else pass unchanged.

use bytes::{Bytes, BytesMut};

/// A sequence of strings longer than this is dropped as it goes by, whatever it is.
const LONGEST: usize = 4096;

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Text,
    /// After ESC.
    Escape,
    /// After 0xC2, which in UTF-8 begins the C1 controls.
    Lead,
    /// In a string of which only hyperlinks pass; what it has said so far.
    Command(Vec<u8>),
    /// In a string of which nothing passes.
    Dropped,
    /// After ESC in a string: `\` ends it. What it had said, if it may pass.
    Ending(Option<Vec<u8>>),
}

/// A filter over a stream that may be cut anywhere.
#[derive(Debug, Clone)]
pub struct Filter(State);

impl Default for Filter {
    fn default() -> Self {
        Self(State::Text)
    }
}

impl Filter {
    /// What passes of these bytes.
    pub fn pass(&mut self, bytes: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(bytes.len() + 8);
        for byte in bytes {
            self.step(*byte, &mut out);
        }
        out.freeze()
    }

    fn step(&mut self, byte: u8, out: &mut BytesMut) {
        let state = std::mem::replace(&mut self.0, State::Text);
        self.0 = match state {
            State::Text => match byte {
                0x1b => State::Escape,
                0xc2 => State::Lead,
                _ => put(out, &[byte]),
            },
            State::Escape => match byte {
                b']' => State::Command(Vec::new()),
                b'P' | b'_' | b'^' | b'X' => State::Dropped,
                0x1b => State::Escape,
                // No escape sequence goes on like this, and the byte may begin a control of its own.
                0xc2 => State::Lead,
                _ => put(out, &[0x1b, byte]),
            },
            State::Lead => match byte {
                0x9d => State::Command(Vec::new()),
                0x90 | 0x98 | 0x9e | 0x9f => State::Dropped,
                // A lead without its second byte is no character, and could join what follows a dropped string.
                0xc2 => State::Lead,
                0x1b => State::Escape,
                _ => put(out, &[0xc2, byte]),
            },
            State::Command(mut said) => match byte {
                0x07 | 0x18 | 0x1a => finish(&said, byte == 0x07, out),
                0x1b => State::Ending(Some(said)),
                _ if said.len() >= LONGEST => State::Dropped,
                _ => {
                    said.push(byte);
                    State::Command(said)
                }
            },
            State::Dropped => match byte {
                0x07 | 0x18 | 0x1a => State::Text,
                0x1b => State::Ending(None),
                _ => State::Dropped,
            },
            State::Ending(said) => match byte {
                b'\\' => finish(&said.unwrap_or_default(), true, out),
                // Any other escape ends the string and begins anew.
                b']' => State::Command(Vec::new()),
                b'P' | b'_' | b'^' | b'X' => State::Dropped,
                0x1b => State::Ending(said),
                0xc2 => State::Lead,
                _ => put(out, &[0x1b, byte]),
            },
        };
    }
}

fn put(out: &mut BytesMut, bytes: &[u8]) -> State {
    out.extend_from_slice(bytes);
    State::Text
}

/// Lets a hyperlink pass that has ended in order.
fn finish(said: &[u8], is_whole: bool, out: &mut BytesMut) -> State {
    let is_link = said.starts_with(b"8;") && said.iter().all(|byte| (0x20..0x7f).contains(byte));
    if is_whole && is_link {
        out.extend_from_slice(b"\x1b]");
        out.extend_from_slice(said);
        out.extend_from_slice(b"\x1b\\");
    }
    State::Text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn passed(text: &[u8]) -> Vec<u8> {
        Filter::default().pass(text).to_vec()
    }

    #[test]
    fn clipboard_title_and_strings_are_dropped() {
        assert_eq!(passed(b"a\x1b]52;c;cHduZWQ=\x07b"), b"ab");
        assert_eq!(passed(b"a\x1b]0;title\x1b\\b"), b"ab");
        assert_eq!(passed(b"a\x1bPq#0\x1b\\b\x1b_apc\x1b\\c\x1b^pm\x1b\\d"), b"abcd");
        assert_eq!(passed(b"a\xc2\x9d52;c;x\x07b\xc2\x90dcs\x1b\\c"), b"abc");
    }

    #[test]
    fn colours_links_and_letters_pass() {
        let text = "\u{1b}[1;31mrot\u{1b}[0m \u{1b}]8;;https://example.com\u{1b}\\link\u{1b}]8;;\u{1b}\\ é © \u{1b}(B\r\n";
        assert_eq!(passed(text.as_bytes()), text.as_bytes());
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference_and_no_string_gets_out(bytes in proptest::collection::vec(
            prop_oneof![Just(0x1b_u8), Just(b']'), Just(b'P'), Just(0xc2), Just(0x9d), Just(7), Just(b'\\'), Just(b'8'), Just(b';'), any::<u8>()],
            0..200), cut in 1_usize..20) {
            let whole = passed(&bytes);
            let mut filter = Filter::default();
            let pieces: Vec<u8> = bytes.chunks(cut).flat_map(|piece| filter.pass(piece).to_vec()).collect();
            prop_assert_eq!(&whole, &pieces);
            for (at, pair) in whole.windows(2).enumerate() {
                prop_assert!(!matches!(pair, [0x1b, b'P' | b'_' | b'^' | b'X'] | [0xc2, 0x90 | 0x98 | 0x9d | 0x9e | 0x9f]));
                prop_assert!(pair != [0x1b, b']'] || whole[at..].starts_with(b"\x1b]8;"));
            }
        }
    }
}
