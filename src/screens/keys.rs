//! From keys and pastes to the bytes that a terminal sends for them (xterm's, which every terminfo of our day is close to).

use super::screen::Modes;
use crate::kit::input::{Code, Key};

/// Where a paste begins and ends, for a program that has asked to be told.
const PASTE: [&[u8]; 2] = [b"\x1b[200~", b"\x1b[201~"];

/// The bytes of a key.
pub fn encode(key: Key, modes: Modes) -> Vec<u8> {
    encode_with(key, false, modes)
}

/// The bytes of a key that was pressed with shift, or without. Of characters the shift is in the character.
pub fn encode_with(key: Key, shift: bool, modes: Modes) -> Vec<u8> {
    let key = Pressed { key, shift };
    let mut bytes = Vec::with_capacity(8);
    match key.key.code {
        Code::Char(character) => {
            if key.key.alt {
                bytes.push(0x1b);
            }
            match control(character).filter(|_| key.key.ctrl) {
                Some(byte) => bytes.push(byte),
                None => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Code::Enter => simple(&mut bytes, key, b'\r'),
        Code::Esc => simple(&mut bytes, key, 0x1b),
        Code::Tab => simple(&mut bytes, key, b'\t'),
        Code::Backspace if key.key.ctrl => simple(&mut bytes, key, 0x08),
        Code::Backspace => simple(&mut bytes, key, 0x7f),
        Code::BackTab if key.key.ctrl => bytes.extend_from_slice(b"\x1b[1;6Z"),
        Code::BackTab if key.key.alt => bytes.extend_from_slice(b"\x1b[1;4Z"),
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

/// A key with all of its modifiers.
#[derive(Debug, Clone, Copy)]
struct Pressed {
    key: Key,
    shift: bool,
}

/// What ends a paste that was given up on its way, for a program that waits for its end.
pub fn paste_end(modes: Modes) -> &'static [u8] {
    let [_, end] = PASTE;
    if modes.bracketed_paste { end } else { b"" }
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

fn simple(bytes: &mut Vec<u8>, key: Pressed, byte: u8) {
    if key.key.alt {
        bytes.push(0x1b);
    }
    bytes.push(byte);
}

/// xterm's number for modifiers; `None` without any.
fn modifiers(Pressed { key, shift }: Pressed) -> Option<u8> {
    let number = [(shift, 1), (key.alt, 2), (key.ctrl, 4)].into_iter().map(|(is, add)| if is { add } else { 0 }).sum::<u8>();
    (number > 0).then_some(number + 1)
}

fn letter(bytes: &mut Vec<u8>, key: Pressed, modes: Modes, letter: char) {
    let text = match modifiers(key) {
        Some(modifiers) => format!("\x1b[1;{modifiers}{letter}"),
        None if modes.application_cursor => format!("\x1bO{letter}"),
        None => format!("\x1b[{letter}"),
    };
    bytes.extend_from_slice(text.as_bytes());
}

fn number(bytes: &mut Vec<u8>, key: Pressed, number: u8) {
    let text = match modifiers(key) {
        Some(modifiers) => format!("\x1b[{number};{modifiers}~"),
        None => format!("\x1b[{number}~"),
    };
    bytes.extend_from_slice(text.as_bytes());
}

fn function_key(bytes: &mut Vec<u8>, key: Pressed, function: u8) {
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
    use crate::screens::mouse;

    const NO_MOUSE: mouse::Wish =
        mouse::Wish { mode: vt100::MouseProtocolMode::None, encoding: vt100::MouseProtocolEncoding::Default };
    const PLAIN: Modes = Modes { application_cursor: false, bracketed_paste: false, mouse: NO_MOUSE };
    const FULL: Modes = Modes { application_cursor: true, bracketed_paste: true, mouse: NO_MOUSE };

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
    fn every_key_with_every_modifier_is_what_xterm_sends() {
        // Plain, then with shift, alt, alt and shift, control, control and shift, control and alt, all three.
        let modified = |form: &str| -> [String; 8] {
            [1, 2, 3, 4, 5, 6, 7, 8].map(|number| match (number, form.split_once('#')) {
                (1, Some(("\x1b[1;", back))) => format!("\x1b[{back}"),
                (1, Some((front, back))) => format!("{}{back}", front.trim_end_matches(';')),
                (_, Some((front, back))) => format!("{front}{number}{back}"),
                _ => String::new(),
            })
        };
        let ss3 = |letter: &str| {
            let mut forms = modified(&format!("\x1b[1;#{letter}"));
            forms[0] = format!("\x1bO{letter}");
            forms
        };
        for (code, wanted) in [
            (Code::Up, modified("\x1b[1;#A")),
            (Code::Down, modified("\x1b[1;#B")),
            (Code::Right, modified("\x1b[1;#C")),
            (Code::Left, modified("\x1b[1;#D")),
            (Code::Home, modified("\x1b[1;#H")),
            (Code::End, modified("\x1b[1;#F")),
            (Code::Insert, modified("\x1b[2;#~")),
            (Code::Delete, modified("\x1b[3;#~")),
            (Code::PageUp, modified("\x1b[5;#~")),
            (Code::PageDown, modified("\x1b[6;#~")),
            (Code::F(1), ss3("P")),
            (Code::F(4), ss3("S")),
            (Code::F(5), modified("\x1b[15;#~")),
            (Code::F(6), modified("\x1b[17;#~")),
            (Code::F(10), modified("\x1b[21;#~")),
            (Code::F(11), modified("\x1b[23;#~")),
            (Code::F(12), modified("\x1b[24;#~")),
        ] {
            for (number, wanted) in wanted.iter().enumerate() {
                let key = Key { code, ctrl: number & 4 > 0, alt: number & 2 > 0 };
                let sent = String::from_utf8(encode_with(key, number & 1 > 0, PLAIN)).unwrap();
                assert_eq!(&sent, wanted, "{code:?} {number}");
            }
        }
        // What has one byte has it with shift, too; alt puts ESC in front.
        for (code, byte) in [(Code::Enter, b'\r'), (Code::Esc, 0x1b), (Code::Tab, b'\t'), (Code::Backspace, 0x7f)] {
            assert_eq!(encode_with(Key::plain(code), true, PLAIN), [byte]);
            assert_eq!(encode(Key { code, ctrl: false, alt: true }, FULL), [0x1b, byte]);
        }
        assert_eq!(bytes(Key { code: Code::Backspace, ctrl: true, alt: false }), [8]);
        assert_eq!(bytes(Key::plain(Code::BackTab)), b"\x1b[Z");
        assert_eq!(bytes(Key::plain(Code::F(13))), b"", "there is no such key");
    }

    #[test]
    fn a_paste_cannot_leave_its_brackets() {
        assert_eq!(encode_paste("a\r\nb\nc", PLAIN), b"a\rb\rc");
        assert_eq!(encode_paste("a\x1b[201~rm", FULL), b"\x1b[200~a[201~rm\x1b[201~");
    }
}
