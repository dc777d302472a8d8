//! Keys and pastes from the terminal.
//!
//! The bytes are read here, in the loop's own thread and only when the system says that there are some; the library only decodes
//! them. A reader of a library's own would spin when the terminal closes, and keep eating keys while a session has the terminal.

use std::collections::VecDeque;
use std::io;

use termina::event::{Event, KeyCode, KeyEventKind, Modifiers};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::kit::input::{Code, Input, Key};

/// As many bytes are read at once; a key is at most a dozen.
const CHUNK: usize = 4096;

/// The keyboard side of the terminal.
#[derive(Debug)]
pub(super) struct Keyboard {
    terminal: AsyncFd<io::Stdin>,
    parser: termina::Parser,
    queue: VecDeque<Input>,
}

impl Keyboard {
    /// Watches standard input, which has to be a terminal in raw mode.
    pub(super) fn open() -> io::Result<Self> {
        let terminal = AsyncFd::register_with_interest(io::stdin(), Interest::READABLE)?;
        Ok(Self { terminal, parser: termina::Parser::default(), queue: VecDeque::new() })
    }

    /// Waits for input. An error means that the terminal has gone. May be dropped at any time without losing a key.
    pub(super) async fn next(&mut self) -> io::Result<Input> {
        loop {
            if let Some(input) = self.queue.pop_front() {
                return Ok(input);
            }
            let mut ready = self.terminal.readable().await?;
            let hung_up = ready.ready().is_read_closed();
            let mut bytes = [0_u8; CHUNK];
            let read = match rustix::io::read(rustix::stdio::stdin(), &mut bytes) {
                Ok(read) => read,
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => continue,
                Err(error) => return Err(error.into()),
            };
            if read < CHUNK {
                ready.clear_ready();
            }
            if read == 0 && hung_up {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.parser.parse(bytes.get(..read).unwrap_or_default(), read == CHUNK);
            while let Some(event) = self.parser.pop() {
                self.queue.extend(translate(event));
            }
        }
    }

    /// What has been read and not been taken yet.
    pub(super) fn waiting(&mut self) -> Option<Input> {
        self.queue.pop_front()
    }
}

fn translate(event: Event) -> Option<Input> {
    match event {
        Event::Paste(text) => Some(Input::Paste(text)),
        Event::Key(key) if key.kind != KeyEventKind::Release => {
            let (ctrl, alt) = (key.modifiers.contains(Modifiers::CONTROL), key.modifiers.contains(Modifiers::ALT));
            code(key.code, key.modifiers).map(|code| Input::Key(Key { code, ctrl, alt }))
        }
        _ => None,
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
        assert_eq!(inputs(b"\x1bx"), [Input::Key(Key { code: Code::Char('x'), ctrl: false, alt: true })]);
        assert_eq!(inputs("ü".as_bytes()), [key(Code::Char('ü'))]);
        assert_eq!(inputs(b"\r\t\x7f"), [key(Code::Enter), key(Code::Tab), key(Code::Backspace)]);
    }

    #[test]
    fn a_paste_is_text_and_never_keys() {
        assert_eq!(inputs(b"\x1b[200~q\x03\x1b[201~"), [Input::Paste("q\u{3}".into())]);
    }
}
