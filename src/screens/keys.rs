//! From keys and pastes to the bytes that a terminal sends for them (xterm's, which every terminfo of our day is close to).

use super::screen::Modes;
use crate::kit::input::{Code, Key};

/// Where a paste begins and ends, for a program that has asked to be told.
const PASTE: [&[u8]; 2] = [b"\x1b[200~", b"\x1b[201~"];

/// The bytes of a key.
pub fn encode(key: Key, modes: Modes) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8);
    match key.code {
        Code::Char(character) => {
            if key.alt {
                bytes.push(0x1b);
            }
            match control(character).filter(|_| key.ctrl) {
                Some(byte) => bytes.push(byte),
                None => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Code::Enter => simple(&mut bytes, key, b'\r'),
        Code::Esc => simple(&mut bytes, key, 0x1b),
        Code::Tab => simple(&mut bytes, key, b'\t'),
        Code::Backspace if key.ctrl => simple(&mut bytes, key, 0x08),
        Code::Backspace => simple(&mut bytes, key, 0x7f),
        Code::BackTab => bytes.extend_from_slice(b"\x1b[Z"),
        Code::Up => letter(&mut bytes, key, modes, 'A'),
        Code::Down => letter(&mut bytes, key, modes, 'B'),
        Code::Right => letter(&mut bytes, key, modes, 'C'),
        Code::Left => letter(&mut bytes, key, modes, 'D'),
        Code::Home => letter(&mut bytes, key, modes, 'H'),
        Code::End => letter(&mut bytes, key, modes, 'F'),
        Code::Insert => number(&mut bytes, key, 2),
        Code::Delete => number(&mut bytes, key, 3),
        Code::PageUp => number(&mut bytes, key, 5),
        Code::PageDown => number(&mut bytes, key, 6),
        Code::F(function) => function_key(&mut bytes, key, function),
    }
    bytes
}

/// The bytes of a paste. Line breaks become Enter, as the terminal itself sends them; the end of a paste cannot be forged from inside.
pub fn encode_paste(text: &str, modes: Modes) -> Vec<u8> {
    let text = text.replace("\r\n", "\r").replace('\n', "\r").replace('\u{9b}', "");
    let mut bytes = Vec::with_capacity(text.len() + 12);
    let [begin, end] = PASTE;
    if modes.bracketed_paste {
        bytes.extend_from_slice(begin);
        // Without ESC nothing in it can end the brackets.
        bytes.extend(text.bytes().filter(|byte| *byte != 0x1b));
        bytes.extend_from_slice(end);
    } else {
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

/// The byte that control makes of a character, as terminals have made it since 1967.
fn control(character: char) -> Option<u8> {
    match character.to_ascii_lowercase() {
        letter @ 'a'..='z' => u8::try_from(letter).ok().map(|letter| letter & 0x1f),
        ' ' | '@' | '2' => Some(0),
        '[' | '3' => Some(0x1b),
        '\\' | '4' => Some(0x1c),
        ']' | '5' => Some(0x1d),
        '^' | '6' => Some(0x1e),
        '_' | '/' | '7' => Some(0x1f),
        '?' | '8' => Some(0x7f),
        _ => None,
    }
}

fn simple(bytes: &mut Vec<u8>, key: Key, byte: u8) {
    if key.alt {
        bytes.push(0x1b);
    }
    bytes.push(byte);
}

/// xterm's number for modifiers; `None` without any.
fn modifiers(key: Key) -> Option<u8> {
    match (key.alt, key.ctrl) {
        (false, false) => None,
        (true, false) => Some(3),
        (false, true) => Some(5),
        (true, true) => Some(7),
    }
}

fn letter(bytes: &mut Vec<u8>, key: Key, modes: Modes, letter: char) {
    let text = match modifiers(key) {
        Some(modifiers) => format!("\x1b[1;{modifiers}{letter}"),
        None if modes.application_cursor => format!("\x1bO{letter}"),
        None => format!("\x1b[{letter}"),
    };
    bytes.extend_from_slice(text.as_bytes());
}

fn number(bytes: &mut Vec<u8>, key: Key, number: u8) {
    let text = match modifiers(key) {
        Some(modifiers) => format!("\x1b[{number};{modifiers}~"),
        None => format!("\x1b[{number}~"),
    };
    bytes.extend_from_slice(text.as_bytes());
}

fn function_key(bytes: &mut Vec<u8>, key: Key, function: u8) {
    let letters = ['P', 'Q', 'R', 'S'];
    let numbers = [15, 17, 18, 19, 20, 21, 23, 24];
    match function {
        1..=4 => {
            let letter = letters.get(usize::from(function - 1)).copied().unwrap_or('P');
            let text = match modifiers(key) {
                Some(modifiers) => format!("\x1b[1;{modifiers}{letter}"),
                None => format!("\x1bO{letter}"),
            };
            bytes.extend_from_slice(text.as_bytes());
        }
        5..=12 => number(bytes, key, numbers.get(usize::from(function - 5)).copied().unwrap_or(15)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Modes = Modes { application_cursor: false, bracketed_paste: false };
    const FULL: Modes = Modes { application_cursor: true, bracketed_paste: true };

    fn bytes(key: Key) -> Vec<u8> {
        encode(key, PLAIN)
    }

    #[test]
    fn control_keys_are_single_bytes() {
        for (character, byte) in [('c', 3), ('s', 0x13), ('z', 0x1a), ('\\', 0x1c), (']', 0x1d), (' ', 0), ('_', 0x1f)] {
            assert_eq!(bytes(Key::ctrl(character)), [byte], "{character}");
        }
        assert_eq!(bytes(Key { code: Code::Char('x'), ctrl: false, alt: true }), b"\x1bx");
        assert_eq!(bytes(Key::plain(Code::Char('ü'))), "ü".as_bytes());
    }

    #[test]
    fn arrows_follow_the_mode() {
        assert_eq!(bytes(Key::plain(Code::Up)), b"\x1b[A");
        assert_eq!(encode(Key::plain(Code::Up), FULL), b"\x1bOA");
        assert_eq!(encode(Key { code: Code::Left, ctrl: true, alt: false }, FULL), b"\x1b[1;5D");
        assert_eq!(bytes(Key::plain(Code::F(5))), b"\x1b[15~");
        assert_eq!(bytes(Key::plain(Code::F(1))), b"\x1bOP");
        assert_eq!(bytes(Key::plain(Code::Esc)), b"\x1b");
        assert_eq!(bytes(Key::plain(Code::Tab)), b"\t");
    }

    #[test]
    fn a_paste_cannot_leave_its_brackets() {
        assert_eq!(encode_paste("a\r\nb\nc", PLAIN), b"a\rb\rc");
        assert_eq!(encode_paste("a\x1b[201~rm", FULL), b"\x1b[200~a[201~rm\x1b[201~");
    }
}
