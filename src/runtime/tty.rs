//! The terminal: taken once at the start, given back as it was found on every way out.
//!
//! The attributes are our own copy, taken before anything is changed; nobody else's idea of them is trusted.
//!
//! Nothing in the console waits for a terminal that is not read (Ctrl-S, a stopped `ssh`): what does not fit stays with [`Tty`], and the loop
//! goes on taking keys and signals. No frame is made while one is still on its way.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use crossterm::{cursor, event, queue, style, terminal};
use rustix::event::{PollFd, PollFlags};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::stdio::{stdin, stdout};
use rustix::termios::{self, OptionalActions, QueueSelector, Termios};
use tokio::net::unix::pipe::Sender as Outlet;
use vt100::MouseProtocolMode;

use crate::kit::input::Size;

/// The terminal of this process. Copies share its state, so that a panic hook can give it back.
#[derive(Debug, Clone)]
pub struct Tty(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    found: Termios,
    /// The terminal, opened anew, so that "do not block" is ours alone.
    out: OwnedFd,
    /// What did not fit so far.
    behind: Mutex<Vec<u8>>,
    ours: AtomicBool,
    /// Whether a target has it.
    lent: AtomicBool,
    /// The mode in which it reports the mouse; 0: in none.
    mouse: AtomicU16,
}

/// How long the terminal's last bytes may take on the way out.
const LAST_BYTES: Duration = Duration::from_millis(200);
/// Ends a sequence that was cut off: CAN, and the end of a string for terminals that do not know it there.
const CUT: &[u8] = b"\x18\x1b\\";
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
        let mute = |error: Errno| NoTerminal::Mute(error.to_string());
        let found = termios::tcgetattr(stdin()).map_err(mute)?;
        let out = own(stdout(), OFlags::WRONLY).map_err(mute)?;
        Ok(Self(Arc::new(Inner {
            found,
            out,
            behind: Mutex::default(),
            ours: AtomicBool::new(false),
            lent: AtomicBool::new(false),
            mouse: AtomicU16::new(0),
        })))
    }

    /// Takes the terminal: raw mode, alternate screen, bracketed paste, no cursor.
    pub fn enter(&self) -> io::Result<()> {
        let mut raw = self.0.found.clone();
        raw.make_raw();
        self.0.ours.store(true, Ordering::SeqCst);
        termios::tcsetattr(stdin(), OptionalActions::Now, &raw)?;
        let mut bytes = Vec::new();
        queue!(bytes, terminal::EnterAlternateScreen, event::EnableBracketedPaste, cursor::Hide)?;
        self.send(&bytes)
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
        self.send(NO_MOUSE)?;
        if number > 0 { self.send(format!("\x1b[?{number}h\x1b[?1006h").as_bytes()) } else { Ok(()) }
    }

    /// Leaves the terminal to a shell's target, raw: our screen goes, the normal one comes.
    pub fn lend(&self) -> io::Result<()> {
        self.report_mouse(MouseProtocolMode::None)?;
        self.0.lent.store(true, Ordering::SeqCst);
        let mut bytes = Vec::new();
        queue!(bytes, style::ResetColor, event::DisableBracketedPaste, terminal::LeaveAlternateScreen, cursor::Show)?;
        self.send(&bytes)
    }

    /// Takes the terminal back from a target, and mends what that may have changed.
    pub fn take_back(&self) -> io::Result<()> {
        if self.0.lent.swap(false, Ordering::SeqCst) {
            self.send(&mended())?;
        }
        self.enter()
    }

    /// Gives the terminal back as it was found. Does nothing the second time; errors are those of a terminal that has gone.
    pub fn leave(&self) {
        self.0.leave();
    }

    /// Writes what fits, and keeps the rest for later. Writes nothing once the terminal was given back.
    ///
    /// # Errors
    /// It has gone.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        if self.0.ours.load(Ordering::SeqCst) {
            self.0.behind().extend_from_slice(bytes);
        }
        self.write_out(|bytes| Ok(rustix::io::write(&self.0.out, bytes)?))
    }

    /// Writes as much as fits of what has to wait, by the outlet, which then knows when more can be written.
    ///
    /// # Errors
    /// It has gone.
    pub(super) fn flush(&self, outlet: &Outlet) -> io::Result<()> {
        self.write_out(|bytes| outlet.try_write(bytes))
    }

    fn write_out(&self, write: impl Fn(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        let mut behind = self.0.behind();
        let mut written = 0;
        let result = loop {
            let rest = behind.get(written..).unwrap_or_default();
            if rest.is_empty() {
                break Ok(());
            }
            match write(rest) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(more) => written += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        behind.drain(..written);
        result
    }

    /// Whether something has to wait for the terminal to take it.
    pub fn is_behind(&self) -> bool {
        !self.0.behind().is_empty()
    }

    /// By what to wait until the terminal takes more.
    ///
    /// # Errors
    /// There are no more descriptors.
    pub(super) fn outlet(&self) -> io::Result<Outlet> {
        // Nothing in it but the name is about pipes.
        Outlet::from_owned_fd_unchecked(self.0.out.try_clone()?)
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
    fn behind(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self) {
        if !self.ours.swap(false, Ordering::SeqCst) {
            return;
        }
        // Nobody wants the rest of a frame any more.
        let cut = !std::mem::take(&mut *self.behind()).is_empty();
        let mut bytes = if cut { CUT.to_vec() } else { Vec::new() };
        if self.lent.swap(false, Ordering::SeqCst) {
            bytes.extend(mended());
        }
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
            write_within(LAST_BYTES, self.out.as_fd(), bytes);
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

/// Opens a terminal anew: its flags are then ours alone, while whoever started us shares those of the standard streams.
pub(super) fn own(of: BorrowedFd<'_>, access: OFlags) -> rustix::io::Result<OwnedFd> {
    let flags = access | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    termios::ttyname(of, Vec::new())
        .and_then(|name| rustix::fs::open(name.as_c_str(), flags, Mode::empty()))
        // After `su` the terminal belongs to another user; the controlling terminal may always be opened.
        .or_else(|_| rustix::fs::open("/dev/tty", flags, Mode::empty()))
}

/// Writes what can be written within this time, on the way out: a terminal that nobody reads must not keep us. Says whether it was all.
pub fn write_within(time: Duration, to: BorrowedFd<'_>, bytes: Vec<u8>) -> bool {
    let Ok(to) = to.try_clone_to_owned() else { return false };
    let (done, waited) = mpsc::channel();
    // It may wait for ever: a thread that goes with the process.
    let writing = std::thread::Builder::new().spawn(move || done.send(write_all_to(to.as_fd(), &bytes).is_ok()));
    writing.is_ok() && waited.recv_timeout(time) == Ok(true)
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
