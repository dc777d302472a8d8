//! Takes out of a target's output what could harm whoever looks at it.
//!
//! The output is parsed as a terminal parses it (Paul Williams' state machine, with UTF-8), and written anew: whole characters, a few
//! controls, and whole sequences in their plainest form, each only if [`allowed`] lists it. A byte that is not understood is never
//! handed on for the terminal to understand in its own way, so nothing depends on how a terminal reads a malformed sequence.
//!
//! | what comes in | what goes out |
//! |---|---|
//! | text in UTF-8 | the same |
//! | bytes that are no UTF-8 | U+FFFD |
//! | BEL, BS, HT, LF, VT, FF, CR, SO, SI, inside a sequence too | the same |
//! | any other control, DEL | nothing |
//! | a C1 control, in UTF-8 | what its two-byte form (`ESC` and a letter) gives |
//! | a sequence that draws, moves or colours, a mode that the end of a session undoes | the same |
//! | what makes the terminal answer, print, resize, lock the keyboard, or read what follows in another way | nothing |
//! | a hyperlink (OSC 8) to the web or to a mail address | the same |
//! | any other OSC; DCS, APC, PM, SOS | nothing |
//!
//! `tests/pure/filter` holds it against a real parser, as does the fuzz target `terminal`.

mod allowed;
mod sequence;

use bytes::{Bytes, BytesMut};

use sequence::Sequence;

/// An operating system command longer than this is no hyperlink that anybody follows.
const LONGEST: usize = 4096;
/// What stands for bytes that are no text.
const NO_TEXT: &[u8] = "\u{fffd}".as_bytes();

const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;
const ESC: u8 = 0x1b;
const DEL: u8 = 0x7f;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Text,
    /// After ESC.
    Escape,
    /// After ESC and at least one intermediate byte; the first of them, and whether there were more.
    Intermediate(u8, bool),
    /// In a control sequence.
    Control,
    /// In an operating system command.
    Command,
    /// In a string of which nothing passes.
    Dropped,
}

/// A filter over a stream that may be cut anywhere.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    state: State,
    /// The beginning of a character whose end has not come yet.
    held: Vec<u8>,
    sequence: Sequence,
    /// What an operating system command has said. Not empty after ESC: that may be its end.
    said: Vec<u8>,
}

impl Filter {
    /// What passes of these bytes.
    pub fn pass(&mut self, bytes: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(bytes.len() + 8);
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            let is_plain = |byte: &u8| (b' '..DEL).contains(byte);
            if self.state == State::Text && self.held.is_empty() && is_plain(byte) {
                let length = rest.iter().position(|byte| !is_plain(byte)).unwrap_or(rest.len());
                let (plain, after) = rest.split_at(length);
                out.extend_from_slice(plain);
                rest = after;
            } else {
                self.decode(*byte, &mut out);
                rest = after;
            }
        }
        out.freeze()
    }

    /// What is still to be shown when nothing more comes: the mark of a character that was cut.
    pub fn end(&mut self) -> Bytes {
        let mut out = BytesMut::new();
        if !std::mem::take(&mut self.held).is_empty() {
            self.letter(NO_TEXT, &mut out);
        }
        out.freeze()
    }

    /// Puts characters together.
    fn decode(&mut self, byte: u8, out: &mut BytesMut) {
        if self.held.is_empty() && byte.is_ascii() {
            return self.step(byte, out);
        }
        self.held.push(byte);
        let mut held = std::mem::take(&mut self.held);
        match std::str::from_utf8(&held) {
            // A C1 control is the same as ESC and a letter.
            Ok(_) => match *held.as_slice() {
                [0xc2, control @ 0x80..=0x9f] => {
                    self.step(ESC, out);
                    self.step(control - 0x40, out);
                }
                ref letter => self.letter(letter, out),
            },
            Err(error) if error.error_len().is_none() => {
                self.held = held;
                return;
            }
            Err(_) => {
                self.letter(NO_TEXT, out);
                // What came before was a beginning; this byte is none of its character.
                if held.len() > 1 {
                    return self.decode(byte, out);
                }
            }
        }
        held.clear();
        self.held = held;
    }

    /// A character that is not ASCII. Inside a sequence terminals pass it over, all but in a string.
    fn letter(&mut self, bytes: &[u8], out: &mut BytesMut) {
        match self.state {
            State::Text => out.extend_from_slice(bytes),
            State::Command => bytes.iter().for_each(|byte| self.say(*byte)),
            State::Escape | State::Intermediate(..) | State::Control | State::Dropped => {}
        }
    }

    fn step(&mut self, byte: u8, out: &mut BytesMut) {
        match (self.state, byte) {
            (_, ESC) => self.escape(),
            (_, CAN | SUB) => self.state = State::Text,
            (State::Dropped, _) => {}
            (State::Command, BEL) => {
                self.link(out);
                self.state = State::Text;
            }
            (State::Command, _) => self.say(byte),
            // A control inside a sequence is obeyed before the sequence's end.
            (_, 0..b' ') if allowed::control(byte) => out.extend_from_slice(&[byte]),
            (_, 0..b' ' | DEL) => {}
            (State::Text, _) => out.extend_from_slice(&[byte]),
            (State::Escape, _) => self.after_escape(byte, out),
            (State::Intermediate(first, _), b' '..=b'/') => self.state = State::Intermediate(first, true),
            (State::Intermediate(first, is_long), _) => {
                if !is_long && allowed::designation(first, byte) {
                    out.extend_from_slice(&[ESC, first, byte]);
                }
                self.state = State::Text;
            }
            (State::Control, _) => {
                if self.sequence.take(byte) {
                    if allowed::sequence(&mut self.sequence, byte) {
                        self.sequence.write(byte, out);
                    }
                    self.state = State::Text;
                }
            }
        }
    }

    fn escape(&mut self) {
        if self.state != State::Command {
            self.said.clear();
        }
        self.state = State::Escape;
    }

    fn after_escape(&mut self, byte: u8, out: &mut BytesMut) {
        self.state = match byte {
            b' '..=b'/' => State::Intermediate(byte, false),
            b'[' => {
                self.sequence.clear();
                State::Control
            }
            b']' => {
                self.said.clear();
                State::Command
            }
            b'P' | b'X' | b'^' | b'_' => State::Dropped,
            b'\\' => {
                self.link(out);
                State::Text
            }
            _ => {
                if allowed::escape(byte) {
                    out.extend_from_slice(&[ESC, byte]);
                }
                State::Text
            }
        };
    }

    fn say(&mut self, byte: u8) {
        // One byte too many is kept, so that it is known.
        if self.said.len() <= LONGEST {
            self.said.push(byte);
        }
    }

    /// Lets a command pass that is a hyperlink and has ended in order.
    fn link(&mut self, out: &mut BytesMut) {
        if self.said.len() <= LONGEST && allowed::link(&self.said) {
            out.extend_from_slice(b"\x1b]");
            out.extend_from_slice(&self.said);
            out.extend_from_slice(b"\x1b\\");
        }
        self.said.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_string_is_known_whatever_stands_between_escape_and_its_letter() {
        for between in (0..b' ').chain([DEL]).filter(|byte| ![BEL, CAN, SUB, ESC].contains(byte)) {
            for text in [b"]0;title\x07".as_slice(), b"]52;c;x\x1b\\", b"Pq\x1b\\", b"_x\x1b\\", b"^x\x1b\\", b"Xx\x1b\\"] {
                let out = passed(&[b"a\x1b", [between].as_slice(), text, b"b"].concat());
                assert!(
                    !out.contains(&ESC) && out.starts_with(b"a") && out.ends_with(b"b") && out.len() <= 3,
                    "{between:#x}: {out:?}"
                );
            }
        }
    }

    #[test]
    fn colours_links_and_letters_pass() {
        let text = "\u{1b}[1;31mrot\u{1b}[0m \u{1b}]8;;https://example.com\u{1b}\\link\u{1b}]8;;\u{1b}\\ é © 名 \u{1b}(B\r\n";
        assert_eq!(passed(text.as_bytes()), text.as_bytes());
    }

    #[test]
    fn what_makes_a_terminal_read_in_another_way_does_not_pass() {
        // Another character set, answers of eight bits, a VT52, an older terminal, the keyboard locked.
        assert_eq!(passed(b"\x1b%@\x1b G\x1b[?2l\x1b[61\"p\x1b[2h\x1b[?1;2;25h\x1b[12l"), b"\x1b[?1;25h");
    }

    #[test]
    fn what_makes_a_terminal_act_or_answer_does_not_pass() {
        for text in [
            "[21t",
            "[22;0t",
            "[8;1;1t",
            "[5i",
            "[?5i",
            "[>c",
            "[=c",
            "[>q",
            "[?6n",
            "[1x",
            "[0;1;1;1;1;1*y",
            "Z",
            "[1;1'|",
            "[?u",
            "[?4m",
        ] {
            assert_eq!(passed(format!("a\x1b{text}b").as_bytes()), b"ab", "{text}");
        }
        // What the console's own screen answers is answered here, too.
        assert_eq!(passed(b"\x1b[6n\x1b[5n\x1b[c\x1b[0c"), b"\x1b[6n\x1b[5n\x1b[c\x1b[0c");
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_such() {
        assert_eq!(passed(b"a\xffb\x9d0;x\x07c\xe9"), "a\u{fffd}b\u{fffd}0;x\u{7}c".as_bytes());
        let mut filter = Filter::default();
        assert_eq!(filter.pass(b"a\xe2\x82").as_ref(), b"a");
        assert_eq!(filter.end().as_ref(), NO_TEXT);
    }

    #[test]
    fn numbers_of_any_length_are_bounded() {
        assert_eq!(passed(b"\x1b[99999999999999999999999;007H"), b"\x1b[65535;7H");
        assert_eq!(passed(format!("\x1b[{}mx", "1;".repeat(500)).as_bytes()), b"x");
        assert_eq!(passed(b"\x1b[38:2::1:2:3;;4m"), b"\x1b[38:2::1:2:3;;4m");
    }
}
