//! One screen.

use std::num::NonZeroU16;

use super::mouse::Wish;
use super::utf8::{Repair, without_stand_ins};
use crate::kit::input::Size;

/// Lines kept of what has scrolled away. A line of 120 columns takes some 4 kB, so that a screen stays below 8 MB.
pub const KEPT: usize = 2000;
/// The largest screen, in columns or lines: whoever sends sizes must not decide about our memory.
const LARGEST: u16 = 1000;
/// Bytes that wait to be sent as answers to a target's questions; what comes beyond is dropped.
const MOST_ANSWERS: usize = 256;

/// What the target has asked its terminal to do with keys and the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Modes {
    /// Arrows are sent as `ESC O A` and so on (DECCKM).
    pub application_cursor: bool,
    /// Pastes are put in brackets (mode 2004).
    pub bracketed_paste: bool,
    /// What is told of the mouse (modes 9, 1000, 1002, 1003, 1005, 1006).
    pub mouse: Wish,
}

/// What a terminal would show, and what has scrolled away.
pub struct Screen {
    repair: Repair,
    parser: vt100::Parser<Answers>,
    /// A copy that stands still while it is read.
    held: Option<vt100::Screen>,
}

impl std::fmt::Debug for Screen {
    /// Its size alone: what it shows may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").field("size", &self.parser.screen().size()).finish_non_exhaustive()
    }
}

/// Answers what programs ask every terminal, and nothing else: the bytes of a target never reach the terminal of the person, neither
/// to write its clipboard (OSC 52) nor to set its title nor as strings (DCS, APC, PM, SOS).
#[derive(Debug, Default)]
struct Answers(Vec<u8>);

impl vt100::Callbacks for Answers {
    fn unhandled_csi(&mut self, screen: &mut vt100::Screen, i1: Option<u8>, _: Option<u8>, params: &[&[u16]], c: char) {
        let first = params.first().and_then(|param| param.first()).copied().unwrap_or(0);
        let answer = match (i1, c, first) {
            // DSR: we are well.
            (None, 'n', 5) => "\x1b[0n".to_owned(),
            // DSR: where the cursor is.
            (None, 'n', 6) => {
                let (row, column) = screen.cursor_position();
                format!("\x1b[{};{}R", row.saturating_add(1), column.saturating_add(1))
            }
            // DA1: a VT102. Some shells wait for it.
            (None, 'c', 0) => "\x1b[?6c".to_owned(),
            _ => return,
        };
        if self.0.len() + answer.len() <= MOST_ANSWERS {
            self.0.extend_from_slice(answer.as_bytes());
        }
    }
}

impl Screen {
    /// An empty screen.
    pub fn new(size: Size) -> Self {
        let (rows, columns) = bounded(size);
        Self {
            repair: Repair::default(),
            parser: vt100::Parser::new_with_callbacks(rows, columns, KEPT, Answers::default()),
            held: None,
        }
    }

    /// Shows bytes of the target. They may be cut anywhere; what is no text takes a cell and is seen as U+FFFD.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.parser.process(&self.repair.text(bytes));
    }

    /// The screen has another size from now on; a held one is let go.
    pub fn resize(&mut self, size: Size) {
        let (rows, columns) = bounded(size);
        self.held = None;
        self.parser.set_size(rows, columns);
    }

    /// What is to be sent to the target in answer to its questions since the last look.
    pub fn answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.parser.callbacks_mut().0)
    }

    /// What the target has asked its terminal to do with keys.
    pub fn modes(&self) -> Modes {
        let screen = self.parser.screen();
        let mouse = Wish { mode: screen.mouse_protocol_mode(), encoding: screen.mouse_protocol_encoding() };
        Modes { application_cursor: screen.application_cursor(), bracketed_paste: screen.bracketed_paste(), mouse }
    }

    /// What is to be painted: the screen held still, else the one that lives.
    pub fn shown(&self) -> &vt100::Screen {
        self.held.as_ref().unwrap_or_else(|| self.parser.screen())
    }

    /// Line and column of the cursor, where it is to be seen.
    pub fn cursor(&self) -> Option<(u16, u16)> {
        let screen = self.parser.screen();
        (self.held.is_none() && !screen.hide_cursor()).then(|| screen.cursor_position())
    }

    /// Holds the screen still, to read in it. Returns how many lines there are.
    pub fn hold(&mut self) -> usize {
        let held = self.parser.screen().clone();
        let lines = held.scrollback_len() + usize::from(held.size().0.get());
        self.held = Some(held);
        lines
    }

    /// Lets the screen live again.
    pub fn release(&mut self) {
        self.held = None;
    }

    /// Scrolls the screen held still so that `top` is its first line, counted from the oldest one.
    pub fn show_from(&mut self, top: usize) {
        if let Some(held) = &mut self.held {
            held.set_scrollback(held.scrollback_len().saturating_sub(top));
        }
    }

    /// The first line on screen, counted from the oldest one.
    pub fn top(&self) -> usize {
        let screen = self.shown();
        screen.scrollback_len().saturating_sub(screen.scrollback())
    }

    /// The text of some lines of the screen held still, wrapped ones joined, without the spaces at their ends.
    pub fn text(&mut self, from: usize, to: usize) -> String {
        let mut text = String::new();
        for number in from..=to {
            let Some((line, is_wrapped)) = self.line(number) else { break };
            if is_wrapped && number < to {
                text.push_str(&line);
            } else {
                text.push_str(line.trim_end());
                text.push('\n');
            }
        }
        text
    }

    /// The next line of the screen held still that holds `needle`, from `from` on (itself excluded) towards the newest or the oldest line,
    /// round the end. Small letters find capitals, too.
    pub fn find(&mut self, needle: &str, from: usize, backwards: bool) -> Option<usize> {
        let needle = needle.to_lowercase();
        let lines = self.held.as_ref().map_or(0, |held| held.scrollback_len() + usize::from(held.size().0.get()));
        if needle.is_empty() || lines == 0 {
            return None;
        }
        (1..=lines)
            .map(|step| if backwards { (from + lines - step % lines) % lines } else { (from + step) % lines })
            .find(|number| self.line(*number).is_some_and(|(line, _)| line.to_lowercase().contains(&needle)))
    }

    /// A line of the screen held still, and whether it goes on in the next.
    fn line(&mut self, number: usize) -> Option<(String, bool)> {
        let held = self.held.as_mut()?;
        let (kept, (_, columns), before) = (held.scrollback_len(), held.size(), held.scrollback());
        held.set_scrollback(kept.saturating_sub(number));
        let row = u16::try_from(number.saturating_sub(kept)).ok()?;
        let line = held.rows(0, columns.get()).nth(usize::from(row)).map(|line| (line, held.row_wrapped(row)));
        held.set_scrollback(before);
        line.map(|(line, is_wrapped)| (without_stand_ins(line), is_wrapped))
    }
}

fn bounded(size: Size) -> (NonZeroU16, NonZeroU16) {
    // One column cannot show a wide character.
    let cells = |cells: u16, least: u16| NonZeroU16::new(cells.clamp(least, LARGEST)).unwrap_or(NonZeroU16::MIN);
    (cells(size.height, 1), cells(size.width, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(width: u16, height: u16, text: &str) -> Screen {
        let mut screen = Screen::new(Size { width, height });
        screen.feed(text.as_bytes());
        screen
    }

    fn lines(screen: &Screen) -> Vec<String> {
        let (_, columns) = screen.shown().size();
        screen.shown().rows(0, columns.get()).map(|line| line.trim_end().to_owned()).collect()
    }

    #[test]
    fn what_has_scrolled_away_can_be_read_searched_and_copied() {
        let text: String = (1..=10).map(|number| format!("line {number}\r\n")).collect();
        let mut screen = screen(20, 4, &text);
        assert_eq!(lines(&screen), ["line 8", "line 9", "line 10", ""]);
        assert_eq!(screen.hold(), 11);
        screen.feed(b"more\r\nand more\r\n");
        screen.show_from(2);
        assert_eq!((lines(&screen), screen.top()), (vec!["line 3".into(), "line 4".into(), "line 5".into(), "line 6".into()], 2));
        assert_eq!(screen.text(0, 2), "line 1\nline 2\nline 3\n");
        assert_eq!(screen.text(8, 99), "line 9\nline 10\n\n");
        assert_eq!(screen.find("LINE 1", 0, false), Some(9));
        assert_eq!(screen.find("line 1", 9, false), Some(0), "round the end");
        assert_eq!(screen.find("line 1", 9, true), Some(0));
        assert_eq!(screen.find("line 7", 0, true), Some(6));
        assert_eq!(screen.find("line 7", 6, false), Some(6), "the only one is found again");
        assert_eq!(screen.find("nothing", 0, true), None);
        assert_eq!(screen.top(), 2, "a search leaves the view where it is");
        screen.release();
        assert_eq!(lines(&screen), ["line 10", "more", "and more", ""]);
    }

    #[test]
    fn a_line_that_was_wrapped_is_copied_as_one() {
        let mut screen = screen(10, 4, "0123456789abcdef\r\nnext");
        screen.hold();
        assert_eq!(screen.text(0, 2), "0123456789abcdef\nnext\n");
    }

    #[test]
    fn questions_are_answered_and_strings_are_not() {
        let mut screen = screen(80, 24, "ab\x1b[6n\x1b[5n\x1b[c\x1b]52;c;cHduZWQ=\x07\x1b]0;title\x07\x1bP$qm\x1b\\\x1b[>c");
        assert_eq!(screen.answers(), b"\x1b[1;3R\x1b[0n\x1b[?6c");
        assert!(screen.answers().is_empty());
        assert_eq!(lines(&screen).first().map(String::as_str), Some("ab"));
        screen.feed("\x1b[6n".repeat(10_000).as_bytes());
        assert!(screen.answers().len() <= MOST_ANSWERS);
    }

    #[test]
    fn bytes_that_are_no_text_are_seen() {
        let mut screen = Screen::new(Size { width: 12, height: 2 });
        for piece in [b"a\xff".as_slice(), b"b\xe2\x82", b"c\xc3", b"\xa9 \xef\xbf", b"\xbd\x9d", b"!"] {
            screen.feed(piece);
        }
        screen.hold();
        assert_eq!(screen.text(0, 0), "a\u{fffd}b\u{fffd}cé \u{fffd}\u{fffd}!\n");
        assert_eq!(screen.find("\u{fffd}", 1, false), Some(0));
        assert_eq!(screen.shown().cursor_position(), (0, 10), "each takes a cell, as in other terminals");
    }

    #[test]
    fn memory_is_bounded_by_lines_and_sizes() {
        let mut screen = Screen::new(Size { width: u16::MAX, height: u16::MAX });
        let (rows, columns) = screen.shown().size();
        assert_eq!((rows.get(), columns.get()), (LARGEST, LARGEST));
        screen.resize(Size { width: 0, height: 0 });
        for _ in 0..KEPT + 100 {
            screen.feed(b"y\r\n");
        }
        assert_eq!(screen.shown().scrollback_len(), KEPT);
    }
}
