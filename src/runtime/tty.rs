//! The terminal: taken once at the start, given back as it was found on every way out.
//!
//! The attributes are our own copy, taken before anything is changed; nobody else's idea of them is trusted.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use crossterm::{cursor, event, queue, style, terminal};
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::stdio::{stdin, stdout};
use rustix::termios::{self, OptionalActions, QueueSelector, Termios};
use vt100::MouseProtocolMode;

use crate::kit::input::Size;

/// The terminal of this process. Copies share its state, so that a panic hook can give it back.
#[derive(Debug, Clone)]
pub struct Tty(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    found: Termios,
    ours: AtomicBool,
    /// Whether a target has it.
    lent: AtomicBool,
    /// The mode in which it reports the mouse; 0: in none.
    mouse: AtomicU16,
}

/// Ends all reports of the mouse.
const NO_MOUSE: &[u8] = b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l";

/// Undoes what a program may have left of a terminal: half-sent strings and frames, hyperlinks, mouse, focus and paste reports, other
/// encodings of keys, cursor keys and keypad, its second screen, margins, origin, wrapping, insertion, reversed screen, tab stops, character sets,
/// the cursor's shape, colours. The cursor stays where it is. Every mode that `ssm::client::filter` lets pass is undone here.
pub const MEND: &[u8] = b"\x1b\\\x1b[?2026l\x1b]8;;\x1b\\\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l\
\x1b[?1004l\x1b[?2004l\x1b[=0u\x1b[>4m\x1b[?1l\x1b[?66l\x1b>\x1b[?1049l\x1b[?47l\x1b7\x1b[?6l\x1b[r\x1b8\x1b[!p\x1b[?7h\x1b[4l\x1b[20l\x1b[?5l\
\x1b[?5W\x1b(B\x1b)B\x0f\x1b[0 q\x1b[?25h\x1b[0m";

/// Why there is no terminal to draw on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTerminal {
    /// Standard input or output is a file or a pipe.
    #[error(
        "standard {0} is not a terminal, and the console needs one; for scripts use `bartizan users --json` (or keys, findings, events, nodes, sessions)"
    )]
    Redirected(&'static str),
    /// `TERM=dumb`, or none.
    #[error(
        "TERM={0} cannot move the cursor, and the console needs to; use another terminal, or `bartizan users --json` and its like"
    )]
    Dumb(String),
    /// The terminal does not answer.
    #[error("the terminal does not tell its attributes: {0}; use another terminal, or `bartizan users --json` and its like")]
    Mute(String),
}

impl Tty {
    /// Looks at the terminal and keeps its attributes; changes nothing yet.
    #[expect(clippy::disallowed_methods, reason = "the edge at which TERM is read")]
    pub fn find() -> Result<Self, NoTerminal> {
        if !termios::isatty(stdin()) {
            return Err(NoTerminal::Redirected("input"));
        }
        if !termios::isatty(stdout()) {
            return Err(NoTerminal::Redirected("output"));
        }
        let term = std::env::var("TERM").unwrap_or_default();
        if term == "dumb" {
            return Err(NoTerminal::Dumb(term));
        }
        let found = termios::tcgetattr(stdin()).map_err(|error| NoTerminal::Mute(error.to_string()))?;
        Ok(Self(Arc::new(Inner { found, ours: AtomicBool::new(false), lent: AtomicBool::new(false), mouse: AtomicU16::new(0) })))
    }

    /// Takes the terminal: raw mode, alternate screen, bracketed paste, no cursor.
    pub fn enter(&self) -> io::Result<()> {
        let mut raw = self.0.found.clone();
        raw.make_raw();
        self.0.ours.store(true, Ordering::SeqCst);
        termios::tcsetattr(stdin(), OptionalActions::Now, &raw)?;
        let mut bytes = Vec::new();
        queue!(bytes, terminal::EnterAlternateScreen, event::EnableBracketedPaste, cursor::Hide)?;
        write_all(&bytes)
    }

    /// Has the terminal report the mouse as a target wants it, always in the newest encoding. Writes only what is new.
    pub fn report_mouse(&self, wanted: MouseProtocolMode) -> io::Result<()> {
        let number = match wanted {
            MouseProtocolMode::None => 0,
            MouseProtocolMode::Press | MouseProtocolMode::PressRelease => 1000,
            MouseProtocolMode::ButtonMotion => 1002,
            MouseProtocolMode::AnyMotion => 1003,
        };
        if self.0.mouse.swap(number, Ordering::SeqCst) == number {
            return Ok(());
        }
        write_all(NO_MOUSE)?;
        if number > 0 { write_all(format!("\x1b[?{number}h\x1b[?1006h").as_bytes()) } else { Ok(()) }
    }

    /// Leaves the terminal to a shell's target, raw: our screen goes, the normal one comes.
    pub fn lend(&self) -> io::Result<()> {
        self.report_mouse(MouseProtocolMode::None)?;
        self.0.lent.store(true, Ordering::SeqCst);
        let mut bytes = Vec::new();
        queue!(bytes, style::ResetColor, event::DisableBracketedPaste, terminal::LeaveAlternateScreen, cursor::Show)?;
        write_all(&bytes)
    }

    /// Takes the terminal back from a target, and mends what that may have changed.
    pub fn take_back(&self) -> io::Result<()> {
        if self.0.lent.swap(false, Ordering::SeqCst) {
            write_all(&mended())?;
        }
        self.enter()
    }

    /// Gives the terminal back as it was found. Does nothing the second time; errors are those of a terminal that has gone.
    pub fn leave(&self) {
        self.0.leave();
    }

    /// The size now.
    pub fn size(&self) -> Size {
        size()
    }
}

/// The terminal's size; 80×24 where it does not know: a serial line, or a pseudo-terminal that nobody has given one.
pub fn size() -> Size {
    match termios::tcgetwinsize(stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => Size { width: size.ws_col, height: size.ws_row },
        _ => Size { width: 80, height: 24 },
    }
}

impl Inner {
    fn leave(&self) {
        if !self.ours.swap(false, Ordering::SeqCst) {
            return;
        }
        let mut bytes = if self.lent.swap(false, Ordering::SeqCst) { mended() } else { Vec::new() };
        if self.mouse.swap(0, Ordering::SeqCst) > 0 {
            bytes.extend_from_slice(NO_MOUSE);
        }
        let queued = queue!(
            bytes,
            terminal::EndSynchronizedUpdate,
            style::ResetColor,
            event::DisableBracketedPaste,
            cursor::Show,
            terminal::LeaveAlternateScreen
        );
        if queued.is_ok() {
            let _terminal_has_gone = write_all(&bytes);
        }
        // What was typed for the console must not run in the shell.
        let _terminal_has_gone = termios::tcflush(stdin(), QueueSelector::IFlush);
        let _terminal_has_gone = termios::tcsetattr(stdin(), OptionalActions::Now, &self.found);
    }
}

impl Drop for Inner {
    /// The last copy goes: whoever took the terminal may have ended without giving it back.
    fn drop(&mut self) {
        self.leave();
    }
}

/// What mends a terminal that was lent, and leaves the line of whoever had it.
fn mended() -> Vec<u8> {
    [MEND, b"\r\n"].concat()
}

/// Writes to the terminal without the standard library's line buffer, whose lock a panicking thread might hold.
pub(super) fn write_all(bytes: &[u8]) -> io::Result<()> {
    write_all_to(stdout(), bytes)
}

/// Writes all of it, and waits where nothing more fits. Whoever shares the terminal with us (the shell, a program in the background, `ssh`)
/// may have switched it to "do not block", for everybody: then a full terminal answers EAGAIN, and what was to be written would be lost in
/// the middle of a sequence.
///
/// # Errors
/// It has gone.
pub fn write_all_to(to: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait(to, PollFlags::OUT)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Reads what there is, and waits where there is nothing yet, whether or not the terminal was switched to "do not block". 0: its end.
///
/// # Errors
/// It has gone.
pub fn read_from(from: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match rustix::io::read(from, &mut *buffer) {
            Ok(read) => return Ok(read),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait(from, PollFlags::IN)?,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits until it can be written or read. Whether it has gone, the next attempt says.
fn wait(on: BorrowedFd<'_>, until: PollFlags) -> io::Result<()> {
    match rustix::event::poll(&mut [PollFd::from_borrowed_fd(on, until)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;
    use std::time::Duration;

    use super::*;

    /// A pipe that does not block, as a terminal is that somebody has switched; a full one answers EAGAIN.
    fn pipe() -> (io::PipeReader, io::PipeWriter) {
        let (read, write) = io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&read, true).unwrap();
        rustix::io::ioctl_fionbio(&write, true).unwrap();
        (read, write)
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the other end is slow")]
    fn a_full_terminal_is_waited_for_and_nothing_is_lost() {
        let (read, write) = pipe();
        let sent: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
        let expected = sent.clone();
        let writing = std::thread::spawn(move || write_all_to(write.as_fd(), &sent).map_err(|error| error.to_string()));
        let (mut got, mut buffer) = (Vec::new(), [0; 10_000]);
        loop {
            std::thread::sleep(Duration::from_micros(200));
            match read_from(read.as_fd(), &mut buffer).unwrap() {
                0 => break,
                length => got.extend_from_slice(&buffer[..length]),
            }
        }
        assert!(got == expected, "{} of {} bytes", got.len(), expected.len());
        assert_eq!(writing.join().unwrap(), Ok(()));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the other end is slow")]
    fn a_terminal_on_which_nobody_has_typed_yet_is_waited_for() {
        let (read, write) = pipe();
        let typing = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            write_all_to(write.as_fd(), b"key").unwrap();
        });
        let mut buffer = [0; 10];
        assert_eq!(read_from(read.as_fd(), &mut buffer).unwrap(), 3);
        typing.join().unwrap();
        assert_eq!(read_from(read.as_fd(), &mut buffer).unwrap(), 0, "the end");
        let (read, write) = pipe();
        drop(read);
        assert!(write_all_to(write.as_fd(), b"key").is_err(), "nobody reads any more");
    }
}
