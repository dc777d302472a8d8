//! Keys and pastes from the terminal.
//!
//! The bytes are read here, in the loop's own thread and only when the system says that there are some; the library only decodes
//! them. A reader of a library's own would spin when the terminal closes, and keep eating keys while a session has the terminal.
//! The terminal is opened anew for it, so that "do not block" is ours alone: the shell shares the standard input with us.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use rustix::fs::OFlags;
use termina::event::{Event, KeyCode, KeyEventKind, Modifiers, MouseButton, MouseEventKind};
use tokio::net::unix::pipe::Receiver;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::kit::input::{Code, Input, Key};
use crate::screens::mouse::{self, Mouse};

/// As many bytes are read at once; a key is at most a dozen.
const CHUNK: usize = 4096;

/// More bytes of one paste are not taken: somebody who pastes as much has pasted the wrong thing, and memory has an end.
const MOST_OF_A_PASTE: usize = 16 << 20;
/// A paste of which nothing has come for so long may have no end at all: then Ctrl-C is a key again. What was typed arrives in order, so nothing
/// of the paste is still on its way by then.
const STALLED: Duration = Duration::from_millis(300);
const CTRL_C: &[u8] = b"\x03";
/// Where a paste begins, and where it ends ("bracketed paste").
const PASTE_BEGINS: [u8; 6] = *b"\x1b[200~";
const PASTE_ENDS: [u8; 6] = *b"\x1b[201~";

/// Takes pastes out on their way to the decoder, which looks at all of an unfinished one with every read.
#[derive(Debug, Default)]
struct Pastes {
    /// The last bytes that came, across reads.
    last: [u8; 6],
    /// What has come of a paste under way, as far as it is taken, and how much that would be in all.
    under_way: Option<(Vec<u8>, usize)>,
    /// Those that are whole, in order: the decoder says where they belong. Whether something is missing at the end.
    finished: VecDeque<(String, bool)>,
}

impl Pastes {
    /// The part of these bytes that is to be decoded: of pastes, their brackets alone.
    fn admit(&mut self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut admitted = Zeroizing::new(Vec::with_capacity(bytes.len() + PASTE_ENDS.len()));
        for &byte in bytes {
            self.last.rotate_left(1);
            if let Some(newest) = self.last.last_mut() {
                *newest = byte;
            }
            match &mut self.under_way {
                None => {
                    admitted.push(byte);
                    if self.last == PASTE_BEGINS {
                        self.under_way = Some((Vec::new(), 0));
                    }
                }
                Some((taken, length)) => {
                    *length += 1;
                    if taken.len() < MOST_OF_A_PASTE + PASTE_ENDS.len() {
                        taken.push(byte);
                    }
                    if self.last == PASTE_ENDS {
                        let whole = length.saturating_sub(PASTE_ENDS.len());
                        taken.truncate(whole.min(MOST_OF_A_PASTE));
                        let text = String::from_utf8_lossy(taken).into_owned();
                        self.finished.push_back((text, whole > MOST_OF_A_PASTE));
                        self.under_way = None;
                        admitted.extend(PASTE_ENDS);
                    }
                }
            }
        }
        admitted
    }
}

/// What has come from the keyboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    /// A key or a paste.
    Input(Input),
    /// A key that is no character, with shift.
    Shifted(Key),
    /// Something done with the mouse, anywhere on the terminal.
    Mouse(Mouse),
    /// The paste that came last was too long: the rest of it was not taken.
    Cut,
    /// A paste that had no end was given up: nothing of it was taken.
    Endless,
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
    queue: VecDeque<Typed>,
    /// Whether nothing is decoded.
    is_raw: bool,
    last_read: Instant,
}

impl Keyboard {
    /// Opens the terminal that is standard input.
    pub(super) fn open() -> io::Result<Self> {
        let own = super::tty::own(rustix::stdio::stdin(), OFlags::RDONLY)?;
        let terminal = Receiver::from_owned_fd_unchecked(own)?;
        Ok(Self {
            terminal,
            pastes: Pastes::default(),
            parser: termina::Parser::default(),
            queue: VecDeque::new(),
            is_raw: false,
            last_read: Instant::now(),
        })
    }

    /// Waits for input. An error means that the terminal has gone. May be dropped at any time without losing a key.
    pub(super) async fn next(&mut self) -> io::Result<Typed> {
        loop {
            if let Some(typed) = self.queue.pop_front() {
                return Ok(typed);
            }
            self.terminal.readable().await?;
            // It may be a secret that is typed.
            let mut bytes = Zeroizing::new([0_u8; CHUNK]);
            let read = self.terminal.try_read(bytes.as_mut_slice());
            let last = std::mem::replace(&mut self.last_read, Instant::now());
            match read {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) if self.is_raw => return Ok(Typed::Bytes(bytes.get(..read).unwrap_or_default().to_vec())),
                Ok(read) => {
                    let bytes = bytes.get(..read).unwrap_or_default();
                    if bytes == CTRL_C && last.elapsed() >= STALLED {
                        give_up_paste(&mut self.pastes, &mut self.parser, &mut self.queue);
                    }
                    self.decode(bytes);
                }
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
        decode(&mut self.pastes, &mut self.parser, &mut self.queue, bytes);
    }
}

/// Gives up a paste that is under way, if one is.
fn give_up_paste(pastes: &mut Pastes, parser: &mut termina::Parser, queue: &mut VecDeque<Typed>) {
    if pastes.under_way.take().is_none() {
        return;
    }
    pastes.last = Default::default();
    parser.parse(&PASTE_ENDS, false);
    while parser.pop().is_some() {}
    queue.push_back(Typed::Endless);
}

fn decode(pastes: &mut Pastes, parser: &mut termina::Parser, queue: &mut VecDeque<Typed>, bytes: &[u8]) {
    let admitted = pastes.admit(bytes);
    if admitted.is_empty() {
        return;
    }
    parser.parse(&admitted, bytes.len() == CHUNK);
    while let Some(event) = parser.pop() {
        if let Event::Paste(_) = event {
            let (text, is_cut) = pastes.finished.pop_front().unwrap_or_default();
            queue.push_back(Typed::Input(Input::Paste(text)));
            queue.extend(is_cut.then_some(Typed::Cut));
        } else {
            queue.extend(translate(event));
        }
    }
}

fn translate(event: Event) -> Option<Typed> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => {
            let [shift, ctrl, alt] = modifiers(key.modifiers);
            let code = code(key.code, key.modifiers)?;
            let is_shifted = shift && !matches!(code, Code::Char(_) | Code::BackTab);
            let key = Key { code: as_typed(code, ctrl), ctrl, alt };
            Some(if is_shifted { Typed::Shifted(key) } else { Typed::Input(Input::Key(key)) })
        }
        Event::Mouse(event) => {
            let [shift, ctrl, alt] = modifiers(event.modifiers);
            Some(Typed::Mouse(Mouse { kind: kind(event.kind), column: event.column, line: event.row, shift, alt, ctrl }))
        }
        _ => None,
    }
}

/// Shift, control and alt.
fn modifiers(held: Modifiers) -> [bool; 3] {
    [Modifiers::SHIFT, Modifiers::CONTROL, Modifiers::ALT].map(|modifier| held.contains(modifier))
}

fn kind(kind: MouseEventKind) -> mouse::Kind {
    let button = |button| match button {
        MouseButton::Left => mouse::Button::Left,
        MouseButton::Right => mouse::Button::Right,
        MouseButton::Middle => mouse::Button::Middle,
    };
    match kind {
        MouseEventKind::Down(pressed) => mouse::Kind::Press(button(pressed)),
        MouseEventKind::Up(released) => mouse::Kind::Release(button(released)),
        MouseEventKind::Drag(held) => mouse::Kind::Drag(button(held)),
        MouseEventKind::Moved => mouse::Kind::Move,
        MouseEventKind::ScrollUp => mouse::Kind::Turn(mouse::Wheel::Up),
        MouseEventKind::ScrollDown => mouse::Kind::Turn(mouse::Wheel::Down),
        MouseEventKind::ScrollLeft => mouse::Kind::Turn(mouse::Wheel::Left),
        MouseEventKind::ScrollRight => mouse::Kind::Turn(mouse::Wheel::Right),
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

    /// What comes of these bytes, read in pieces of this size.
    fn typed(bytes: &[u8], piece: usize) -> Vec<Typed> {
        let (mut pastes, mut parser, mut queue) = (Pastes::default(), termina::Parser::default(), VecDeque::new());
        for bytes in bytes.chunks(piece) {
            decode(&mut pastes, &mut parser, &mut queue, bytes);
        }
        queue.into()
    }

    fn inputs(bytes: &[u8]) -> Vec<Input> {
        let only = |typed| if let Typed::Input(input) = typed { Some(input) } else { None };
        typed(bytes, CHUNK - 1).into_iter().filter_map(only).collect()
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
        assert_eq!(inputs(b"\r\t\x7f\x1b[Z"), [key(Code::Enter), key(Code::Tab), key(Code::Backspace), key(Code::BackTab)]);
    }

    #[test]
    fn shift_is_told_of_keys_that_are_no_characters() {
        let left = Key { code: Code::Left, ctrl: true, alt: false };
        assert_eq!(typed(b"\x1b[1;2A\x1b[1;6D", 100), [Typed::Shifted(Key::plain(Code::Up)), Typed::Shifted(left)]);
    }

    #[test]
    fn the_mouse_is_told_as_it_comes() {
        let at = |kind, column, line| Typed::Mouse(Mouse { kind, column, line, shift: false, alt: false, ctrl: false });
        let told = typed(b"\x1b[<0;10;5M\x1b[<0;10;5m\x1b[<65;1;1M", 100);
        let left = mouse::Button::Left;
        let wheel = mouse::Kind::Turn(mouse::Wheel::Down);
        assert_eq!(told, [at(mouse::Kind::Press(left), 9, 4), at(mouse::Kind::Release(left), 9, 4), at(wheel, 0, 0)]);
    }

    #[test]
    fn a_huge_paste_is_taken_whole_to_a_bound_that_is_told_and_keys_work_after_it() {
        let key = |letter| Typed::Input(Input::Key(Key::plain(Code::Char(letter))));
        for (length, taken) in [(0, 0), (5, 5), (1 << 20, 1 << 20), (MOST_OF_A_PASTE + 3, MOST_OF_A_PASTE)] {
            let all = [b"j\x1b[200~".as_slice(), &b"x".repeat(length), b"\x1b[201~q\x1b[200~y\x1b[201~"].concat();
            // A byte at a time of what is large takes long to test and shows nothing new.
            for piece in [CHUNK, 4093, 7].into_iter().filter(|piece| *piece > 7 || length < 100) {
                let told = typed(&all, piece);
                let mut wanted = vec![key('j'), Typed::Input(Input::Paste("x".repeat(taken)))];
                wanted.extend((taken < length).then_some(Typed::Cut));
                wanted.extend([key('q'), Typed::Input(Input::Paste("y".into()))]);
                assert!(told == wanted, "{length} {piece}: {}", told.len());
            }
        }
    }

    #[test]
    fn a_paste_without_an_end_is_given_up_and_keys_are_keys_again() {
        let (mut pastes, mut parser, mut queue) = (Pastes::default(), termina::Parser::default(), VecDeque::new());
        give_up_paste(&mut pastes, &mut parser, &mut queue);
        assert!(queue.is_empty(), "there is none");
        decode(&mut pastes, &mut parser, &mut queue, b"\x1b[200~half of it\x1b[20");
        give_up_paste(&mut pastes, &mut parser, &mut queue);
        decode(&mut pastes, &mut parser, &mut queue, b"\x03q\x1b[200~whole\x1b[201~");
        let key = |key| Typed::Input(Input::Key(key));
        let whole = Typed::Input(Input::Paste("whole".into()));
        assert_eq!(queue, [Typed::Endless, key(Key::ctrl('c')), key(Key::plain(Code::Char('q'))), whole]);
    }

    #[test]
    fn a_paste_is_text_and_never_keys() {
        assert_eq!(inputs(b"\x1b[200~q\x03\x1b[A\xff\x1b[201~"), [Input::Paste("q\u{3}\u{1b}[A\u{fffd}".into())]);
    }
}
