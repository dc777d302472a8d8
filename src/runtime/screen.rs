//! From the view's buffer to the bytes of one frame: only what has changed, in one synchronized write.

use std::io::{self, Write as _};
use std::mem;

use crossterm::{queue, terminal};
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::tty::Tty;
use crate::kit::input::Size;

/// What the terminal shows, as far as we know, and the way to change it.
#[derive(Debug)]
pub(super) struct Screen {
    backend: CrosstermBackend<Frame>,
    shown: Buffer,
    next: Buffer,
    whole: bool,
    frames: u64,
}

impl Screen {
    /// A screen of which nothing is known yet.
    pub(super) fn new(tty: Tty, size: Size) -> Self {
        let area = Rect::new(0, 0, size.width, size.height);
        Self {
            backend: CrosstermBackend::new(Frame { bytes: Vec::new(), tty }),
            shown: Buffer::empty(area),
            next: Buffer::empty(area),
            whole: true,
            frames: 0,
        }
    }

    /// The terminal has a new size: everything is painted anew, as terminals differ in what they do to old contents.
    pub(super) fn resize(&mut self, size: Size) {
        let area = Rect::new(0, 0, size.width, size.height);
        self.shown = Buffer::empty(area);
        self.next = Buffer::empty(area);
        self.whole = true;
    }

    /// Somebody else has painted on the terminal: the next frame leaves nothing of it.
    pub(super) fn forget(&mut self) {
        self.shown.reset();
        self.whole = true;
    }

    /// Paints a frame; writes nothing where nothing has changed.
    pub(super) fn draw(&mut self, render: impl FnOnce(Rect, &mut Buffer)) -> io::Result<()> {
        self.next.reset();
        render(self.next.area, &mut self.next);
        let changes = self.shown.diff(&self.next);
        if changes.is_empty() && !self.whole {
            return Ok(());
        }
        queue!(self.backend, terminal::BeginSynchronizedUpdate)?;
        if mem::take(&mut self.whole) {
            queue!(self.backend, terminal::Clear(terminal::ClearType::All))?;
        }
        self.backend.draw(changes.into_iter())?;
        queue!(self.backend, terminal::EndSynchronizedUpdate)?;
        io::Write::flush(&mut self.backend)?;
        mem::swap(&mut self.shown, &mut self.next);
        self.frames += 1;
        Ok(())
    }

    /// Tells a driving program that nothing is left to do (`--test-idle`).
    pub(super) fn report_idle(&mut self) -> io::Result<()> {
        write!(self.backend, "\x1b]7777;idle;{}\x07", self.frames)?;
        io::Write::flush(&mut self.backend)
    }

    /// Asks the terminal to take a text to the clipboard (OSC 52), which also works through SSH.
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        queue!(self.backend, crossterm::clipboard::CopyToClipboard::to_clipboard_from(text))?;
        io::Write::flush(&mut self.backend)
    }
}

/// Collects a frame and gives it to the terminal in one piece when flushed.
#[derive(Debug)]
struct Frame {
    bytes: Vec<u8>,
    tty: Tty,
}

impl io::Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.tty.send(&self.bytes);
        self.bytes.clear();
        result
    }
}
