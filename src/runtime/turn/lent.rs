//! The whole terminal lent to a shell: what the target sends goes to it as it is, but for what could harm whoever looks at it; what is typed
//! goes to the target byte by byte. One key takes it back, and everything that the target has changed about the terminal is mended.

use super::Turn;
use crate::app::Msg;
use crate::domain::shell::{ShellId, ShellNews, ShellState};
use crate::domain::text::clean;
use crate::kit::effect::Level;
use crate::kit::input::{Code, Key};
use crate::screens::keys;
use crate::screens::screen::Modes;
use crate::screens::utf8::without_stand_ins;
use crate::ssm::client::filter::Filter;

/// A terminal that is lent.
#[derive(Debug)]
pub(super) struct Lent {
    id: ShellId,
    filter: Filter,
    /// What the terminal may send for the key that takes it back.
    ours: Vec<Vec<u8>>,
}

impl Turn<'_> {
    /// Lends the terminal: it gets what the shell's screen shows now, and from then on what the target sends.
    pub(super) fn lend(&mut self, id: ShellId) {
        let keymap = &self.launch.keymap;
        let key = keymap.bindings().iter().find(|binding| binding.id == "shell.command").and_then(|binding| binding.keys.first());
        let (Some(key), Some(screen)) = (key.copied(), self.sessions.screens.get(id)) else {
            let text = "no key is bound to shell.command, so none would take the terminal back".to_owned();
            self.inbox.extend([Msg::Notice(Level::Warning, text), Msg::TakenBack]);
            return;
        };
        let name = keymap.key_for("shell.command").unwrap_or_default();
        let title = self.launch.model.terminals.get(id).map(crate::app::terminals::Tab::title).unwrap_or_default();
        let remark = format!("bartizan: {title} has the terminal; {} takes it back", clean(&name));
        let bytes = painted(screen.shown(), &remark, self.tty.size().height);
        self.lent = Some(Lent { id, filter: Filter::default(), ours: forms(key) });
        self.keyboard.set_raw(true);
        self.closed_on(|turn| turn.tty.lend().and_then(|()| turn.tty.send(&bytes)));
    }

    /// Takes the terminal back and paints it anew.
    pub(super) fn take_back(&mut self) {
        if self.lent.take().is_some() {
            self.keyboard.set_raw(false);
            self.closed_on(|turn| turn.tty.take_back());
            self.resized();
        }
    }

    /// Passes on what a target has sent, if it has the terminal. Says whether it has.
    pub(super) fn pass(&mut self, id: ShellId, bytes: &[u8]) -> bool {
        let Some(lent) = self.lent.as_mut().filter(|lent| lent.id == id) else { return false };
        let passed = lent.filter.pass(bytes);
        self.closed_on(|turn| turn.tty.send(&passed));
        true
    }

    /// Says on the lent terminal what the console would show of the line.
    pub(super) fn remark(&mut self, id: ShellId, news: &ShellNews) {
        let words = match news {
            ShellNews::State(ShellState::Reconnecting { problem }) => {
                format!("reconnecting ({}); nothing is lost", problem.shown_within(120))
            }
            ShellNews::State(ShellState::Silent) => "the target has not answered for 10 s".to_owned(),
            ShellNews::State(ShellState::Open) => "connected again".to_owned(),
            _ => return,
        };
        if self.lent.as_ref().is_some_and(|lent| lent.id == id) {
            self.closed_on(|turn| turn.tty.send(format!("\r\nbartizan: {words}\r\n").as_bytes()));
        }
    }

    /// Takes bytes from the keyboard while the terminal is lent.
    pub(super) fn typed_raw(&mut self, bytes: &[u8]) {
        if self.launch.model.lock.is_closed() {
            // It has locked since the last key, and takes the terminal back in this turn: nobody knows who types.
            return;
        }
        self.inbox.push(Msg::Touched);
        let Some(lent) = &self.lent else { return self.keyboard.decode_now(bytes) };
        let (id, found) = (lent.id, find(bytes, &lent.ours));
        let (theirs, ours) = bytes.split_at(found.map_or(bytes.len(), |(at, _)| at));
        if !theirs.is_empty() {
            self.sessions.send_raw(id, theirs);
        }
        if let Some((_, length)) = found {
            // What comes behind the key is for the console.
            self.keyboard.set_raw(false);
            self.keyboard.decode_now(ours.get(length..).unwrap_or_default());
            self.inbox.push(Msg::TakenBack);
        }
    }

    /// Whether no more output is taken for now: the terminal that is lent has not taken what came before.
    pub(super) fn is_output_held(&self) -> bool {
        self.lent.is_some() && self.tty.is_behind()
    }

    /// Whether nothing more can be typed for now: the shell with the terminal takes nothing.
    pub(super) fn is_typing_held(&self) -> bool {
        self.lent.as_ref().is_some_and(|lent| self.sessions.is_full(lent.id))
    }
}

/// What makes the terminal show what the shell's screen shows, below a line of ours. What was on the terminal before scrolls away and is
/// not painted over.
fn painted(shown: &vt100::Screen, remark: &str, height: u16) -> Vec<u8> {
    let mut bytes = vec![b'\n'; usize::from(height)];
    if shown.alternate_screen() {
        // A program that has the whole screen paints every line of it: ours comes into sight again when the program ends.
        bytes.extend(format!("\x1b[H{remark}\r\n\x1b[?1049h").into_bytes());
        bytes.extend(seen(shown.state_formatted()));
        return bytes;
    }
    let (row, column) = shown.cursor_position();
    let (_, columns) = shown.size();
    // Ours and the line with the cursor are to be seen both.
    let first = usize::from((row + 2).saturating_sub(height));
    let rows = shown.rows_formatted(0, columns.get()).take(usize::from(row) + 1).skip(first);
    bytes.extend(format!("\x1b[H\x1b[2J{remark}").into_bytes());
    for row in rows {
        bytes.extend(b"\x1b[m\r\n");
        bytes.extend(seen(row));
    }
    bytes.extend(format!("\x1b[{}G", column.saturating_add(1)).into_bytes());
    bytes.extend(shown.attributes_formatted().into_bytes());
    bytes.extend(shown.input_mode_formatted().into_bytes());
    bytes
}

fn seen(text: impl Into<String>) -> Vec<u8> {
    without_stand_ins(text.into()).into_bytes()
}

/// What terminals send for a key: as ever, and as programs can ask them to ("kitty" and xterm's `modifyOtherKeys`).
fn forms(key: Key) -> Vec<Vec<u8>> {
    let mut forms: Vec<Vec<u8>> =
        [false, true].map(|application_cursor| keys::encode(key, Modes { application_cursor, ..Modes::default() })).into();
    if let Code::Char(character) = key.code {
        let modifiers = 1 + if key.alt { 2 } else { 0 } + if key.ctrl { 4 } else { 0 };
        let number = u32::from(character);
        // With num lock there are 128 more.
        for modifiers in [modifiers, modifiers + 128] {
            forms.push(format!("\x1b[{number};{modifiers}u").into_bytes());
            forms.push(format!("\x1b[{number};{modifiers}:1u").into_bytes());
        }
        forms.push(format!("\x1b[27;{modifiers};{number}~").into_bytes());
    }
    forms.retain(|form| !form.is_empty());
    forms
}

/// The first place of any of these in the bytes, and its length.
fn find(bytes: &[u8], any: &[Vec<u8>]) -> Option<(usize, usize)> {
    (0..bytes.len()).find_map(|at| {
        let rest = bytes.get(at..)?;
        any.iter().find(|form| rest.starts_with(form)).map(|form| (at, form.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_shows_our_line_and_what_the_screen_shows_with_the_cursor_where_it_was() {
        let cells = |number| std::num::NonZeroU16::new(number).unwrap();
        for lines in [0, 3, 30] {
            let mut shell = vt100::Parser::new(cells(8), cells(20), 0);
            shell.process("line\r\n".repeat(lines).as_bytes());
            shell.process(b"\x1b[31m$ ls");
            let mut terminal = vt100::Parser::new(cells(10), cells(40), 100);
            terminal.process(&painted(shell.screen(), "ours", 10));
            let text = terminal.screen().contents();
            assert!(text.starts_with("ours\n") && text.ends_with("$ ls"), "{text}");
            assert_eq!(terminal.screen().cursor_position().1, 4);
            assert_eq!(terminal.screen().fgcolor(), vt100::Color::Idx(1));
        }
    }

    #[test]
    fn the_key_that_takes_the_terminal_back_is_known_however_it_comes() {
        let ours = forms(Key::ctrl(']'));
        for (typed, found) in [
            (b"ls\x1d".as_slice(), Some((2, 1))),
            (b"\x1b[93;5u", Some((0, 7))),
            (b"a\x1b[93;133u", Some((1, 9))),
            (b"\x1b[27;5;93~", Some((0, 10))),
            (b"\x1b[93;1u ] \x1b[A", None),
        ] {
            assert_eq!(find(typed, &ours), found, "{typed:?}");
        }
        assert_eq!(find(b"\x1bOP", &forms(Key::plain(Code::F(1)))), Some((0, 3)));
    }
}
