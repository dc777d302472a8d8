//! Keys and pastes from the terminal.
//!
//! The bytes are read here, in the loop's own thread and only when the system says that there are some; the library only decodes
//! them. A reader of a library's own would spin when the terminal closes, and keep eating keys while a session has the terminal.
//! The terminal is opened anew for it, so that "do not block" is ours alone: the shell shares the standard input with us.

use std::collections::VecDeque;
use std::io;

use rustix::fs::{Mode, OFlags};
use termina::event::{Event, KeyCode, KeyEventKind, Modifiers};
use tokio::net::unix::pipe::Receiver;

use crate::kit::input::{Code, Input, Key};

/// As many bytes are read at once; a key is at most a dozen.
const CHUNK: usize = 4096;

/// More bytes of one paste are not decoded: no field holds as many, and the library looks at all of an unfinished one with every read.
const MOST_OF_A_PASTE: usize = 64 * 1024;
/// Where a paste begins, and where it ends ("bracketed paste").
const PASTE_BEGINS: [u8; 6] = *b"\x1b[200~";
const PASTE_ENDS: [u8; 6] = *b"\x1b[201~";

/// Cuts long pastes on their way to the decoder.
#[derive(Debug, Default)]
struct Pastes {
    /// The last bytes that came, across reads.
    last: [u8; 6],
    /// How many bytes of a paste have come; `None`: there is no paste under way.
    length: Option<usize>,
}

impl Pastes {
    /// The part of these bytes that is to be decoded.
    fn admit(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut admitted = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            self.last.rotate_left(1);
            if let Some(newest) = self.last.last_mut() {
                *newest = byte;
            }
            let is_cut = self.length.is_some_and(|length| length >= MOST_OF_A_PASTE);
            if !is_cut {
                admitted.push(byte);
            }
            self.length = match self.length {
                None if self.last == PASTE_BEGINS => Some(0),
                Some(_) if self.last == PASTE_ENDS => {
                    if is_cut {
                        admitted.extend(PASTE_ENDS);
                    }
                    None
                }
                length => length.map(|length| length.saturating_add(1)),
            };
        }
        admitted
    }
}

/// What has come from the keyboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    /// A key or a paste.
    Input(Input),
    /// Bytes as they came, while nothing is decoded.
    Bytes(Vec<u8>),
}

/// The keyboard side of the terminal.
#[derive(Debug)]
pub(super) struct Keyboard {
    /// Tokio's only safe door to "wait until this can be read"; nothing in it but the name is about pipes.
    terminal: Receiver,
    pastes: Pastes,
    parser: termina::Parser,
    queue: VecDeque<Input>,
    /// Whether nothing is decoded.
    is_raw: bool,
}

impl Keyboard {
    /// Opens the terminal that is standard input.
    pub(super) fn open() -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let own = rustix::termios::ttyname(rustix::stdio::stdin(), Vec::new())
            .and_then(|name| rustix::fs::open(name.as_c_str(), flags, Mode::empty()))
            // After `su` the terminal belongs to another user; the controlling terminal may always be opened.
            .or_else(|_| rustix::fs::open("/dev/tty", flags, Mode::empty()))?;
        let terminal = Receiver::from_owned_fd_unchecked(own)?;
        Ok(Self {
            terminal,
            pastes: Pastes::default(),
            parser: termina::Parser::default(),
            queue: VecDeque::new(),
            is_raw: false,
        })
    }

    /// Waits for input. An error means that the terminal has gone. May be dropped at any time without losing a key.
    pub(super) async fn next(&mut self) -> io::Result<Typed> {
        loop {
            if let Some(input) = self.queue.pop_front() {
                return Ok(Typed::Input(input));
            }
            self.terminal.readable().await?;
            let mut bytes = [0_u8; CHUNK];
            match self.terminal.try_read(&mut bytes) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) if self.is_raw => return Ok(Typed::Bytes(bytes.get(..read).unwrap_or_default().to_vec())),
                Ok(read) => self.decode(bytes.get(..read).unwrap_or_default()),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether bytes are handed over as they come from now on.
    pub(super) fn set_raw(&mut self, is_raw: bool) {
        self.is_raw = is_raw;
    }

    /// Takes bytes that were read and are for the console after all.
    pub(super) fn decode_now(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.decode(bytes);
        }
    }

    fn decode(&mut self, bytes: &[u8]) {
        let admitted = self.pastes.admit(bytes);
        if admitted.is_empty() {
            return;
        }
        self.parser.parse(&admitted, bytes.len() == CHUNK);
        while let Some(event) = self.parser.pop() {
            self.queue.extend(translate(event));
        }
    }
}

fn translate(event: Event) -> Option<Input> {
    match event {
        Event::Paste(text) => Some(Input::Paste(text)),
        Event::Key(key) if key.kind != KeyEventKind::Release => {
            let (ctrl, alt) = (key.modifiers.contains(Modifiers::CONTROL), key.modifiers.contains(Modifiers::ALT));
            code(key.code, key.modifiers).map(|code| Input::Key(Key { code: as_typed(code, ctrl), ctrl, alt }))
        }
        _ => None,
    }
}

/// The decoder names four control bytes by the digits that make them on old terminals; people press these.
fn as_typed(code: Code, ctrl: bool) -> Code {
    match code {
        Code::Char('4') if ctrl => Code::Char('\\'),
        Code::Char('5') if ctrl => Code::Char(']'),
        Code::Char('6') if ctrl => Code::Char('^'),
        Code::Char('7') if ctrl => Code::Char('_'),
        other => other,
    }
}

fn code(code: KeyCode, modifiers: Modifiers) -> Option<Code> {
    Some(match code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Tab if modifiers.contains(Modifiers::SHIFT) => Code::BackTab,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Escape => Code::Esc,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::Insert => Code::Insert,
        KeyCode::Delete => Code::Delete,
        KeyCode::Function(number) => Code::F(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(bytes: &[u8]) -> Vec<Input> {
        let mut parser = termina::Parser::default();
        parser.parse(bytes, false);
        std::iter::from_fn(|| parser.pop()).filter_map(translate).collect()
    }

    #[test]
    fn keys_come_in_our_own_words() {
        let key = |code| Input::Key(Key::plain(code));
        assert_eq!(inputs(b"jG"), [key(Code::Char('j')), key(Code::Char('G'))]);
        assert_eq!(inputs(b"\x1b[A\x1b[5~\x1b"), [key(Code::Up), key(Code::PageUp), key(Code::Esc)]);
        assert_eq!(inputs(b"\x04"), [Input::Key(Key::ctrl('d'))]);
        assert_eq!(inputs(b"\x1c\x1d"), [Input::Key(Key::ctrl('\\')), Input::Key(Key::ctrl(']'))]);
        assert_eq!(inputs(b"\x1bx"), [Input::Key(Key { code: Code::Char('x'), ctrl: false, alt: true })]);
        assert_eq!(inputs("ü".as_bytes()), [key(Code::Char('ü'))]);
        assert_eq!(inputs(b"\r\t\x7f"), [key(Code::Enter), key(Code::Tab), key(Code::Backspace)]);
    }

    #[test]
    fn of_a_huge_paste_only_the_beginning_is_decoded_and_keys_work_after_it() {
        let all = [b"j\x1b[200~".as_slice(), &b"x".repeat(1 << 20), b"\x1b[201~q\x1b[200~y\x1b[201~"].concat();
        let key = |letter| Input::Key(Key::plain(Code::Char(letter)));
        for chunk in [CHUNK, 4093, 7] {
            let (mut pastes, mut parser) = (Pastes::default(), termina::Parser::default());
            let mut decoded = 0;
            for bytes in all.chunks(chunk) {
                let admitted = pastes.admit(bytes);
                decoded += admitted.len();
                if chunk > 7 && !admitted.is_empty() {
                    parser.parse(&admitted, true);
                }
            }
            assert!(decoded < MOST_OF_A_PASTE + 100, "{decoded}");
            if chunk > 7 {
                let inputs: Vec<Input> = std::iter::from_fn(|| parser.pop()).filter_map(translate).collect();
                let beginning = Input::Paste("x".repeat(MOST_OF_A_PASTE));
                assert!(inputs == [key('j'), beginning, key('q'), Input::Paste("y".into())], "{}", inputs.len());
            }
        }
    }

    #[test]
    fn a_paste_is_text_and_never_keys() {
        assert_eq!(inputs(b"\x1b[200~q\x03\x1b[201~"), [Input::Paste("q\u{3}".into())]);
    }
}
