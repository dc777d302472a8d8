//! Shells in tabs: opened, shown, read, closed. Their keys and bytes never come here.

use crate::app::actions::{scrollback, shell, terminal};
use crate::app::layout::Area;
use crate::app::terminals::{Mode, Reading, Tab};
use crate::app::{Effect, Model, ShellEffect};
use crate::domain::shell::{Recording, ShellId, ShellNews, ShellState, Target};
use crate::kit::action::Availability;
use crate::kit::effect::Level;
use crate::kit::field::Field;
use crate::kit::input::{Code, Input, Key, Size};
use crate::kit::keymap::{Keymap, Resolution};

use super::replay;

/// Opens a shell in a new tab and shows it.
pub(super) fn open(model: &mut Model, target: Target, reason: Option<String>, out: &mut Vec<Effect>) {
    model.terminals.newest += 1;
    let id = ShellId(model.terminals.newest);
    let size = model.terminal_size();
    model.terminals.tabs.push(Tab::new(id, target.clone(), size, model.moment));
    out.push(Effect::Shell(id, ShellEffect::Open { target, reason, size }));
    show(model, id, out);
}

/// Puts a shell on screen in place of the pane.
pub(super) fn show(model: &mut Model, id: ShellId, out: &mut Vec<Effect>) {
    release(model, out);
    if model.terminals.shown != Some(id) {
        replay::leave(model, out);
    }
    model.overlay = None;
    if let Some(tab) = model.terminals.get_mut(id) {
        tab.has_news = false;
        model.terminals.shown = Some(id);
        model.terminals.last = Some(id);
    }
    model.dirty = true;
}

/// Puts the pane back on screen.
pub(super) fn hide(model: &mut Model, out: &mut Vec<Effect>) {
    release(model, out);
    replay::leave(model, out);
    model.terminals.shown = None;
    model.terminals.full = false;
    fit(model, out);
}

/// Ends reading and commands: keys go to the target again.
fn release(model: &mut Model, out: &mut Vec<Effect>) {
    if let (Some(id), Mode::Reading(_)) = (model.terminals.shown, std::mem::take(&mut model.terminals.mode)) {
        out.push(Effect::Shell(id, ShellEffect::Release));
    }
}

/// Tells every shell the size that it has now.
pub(super) fn fit(model: &mut Model, out: &mut Vec<Effect>) {
    let size = model.terminal_size();
    for tab in &mut model.terminals.tabs {
        // A recording has the size that it was made with.
        if tab.size != size && size != Size::default() && tab.replay.is_none() {
            tab.size = size;
            out.push(Effect::Shell(tab.id, ShellEffect::Resize(size)));
        }
    }
    // A held screen has the size that it was held with.
    if model
        .terminals
        .reading()
        .is_some_and(|_| out.iter().any(|effect| matches!(effect, Effect::Shell(_, ShellEffect::Resize(_)))))
    {
        release(model, out);
    }
}

/// Something about a shell has become known.
pub(super) fn news(model: &mut Model, id: ShellId, news: ShellNews, out: &mut Vec<Effect>) {
    let (now, shown, height) = (model.moment, model.terminals.shown, usize::from(model.terminal_size().height));
    let Some(tab) = model.terminals.get_mut(id) else { return };
    model.dirty = true;
    match news {
        ShellNews::State(state) => {
            if tab.state != state {
                tab.since = now;
                tab.paste = tab.paste.filter(|_| !state.is_over());
            }
            let told = ended(tab, &state).filter(|_| shown != Some(id));
            tab.state = state;
            if let Some(text) = told {
                model.notice(Level::Warning, text);
            }
        }
        ShellNews::Opened { is_encrypted, notice, .. } => {
            tab.is_encrypted = Some(is_encrypted);
            if !notice.is_empty() {
                let text = notice.shown_within(300).into_string();
                model.notice(Level::Info, text);
            }
        }
        ShellNews::Output => tab.has_news = shown != Some(id),
        ShellNews::Held { lines } if shown == Some(id) => {
            let last = lines.saturating_sub(1);
            let reading = Reading { lines, top: lines.saturating_sub(height), line: last, ..Reading::default() };
            model.terminals.mode = Mode::Reading(reading);
        }
        ShellNews::Held { .. } => {}
        ShellNews::Found { line } => {
            if let Some(reading) = model.terminals.reading_mut() {
                reading.missed = line.is_none();
                if let Some(line) = line {
                    reading.go(line, height);
                }
                scrolled(model, out);
            }
        }
        ShellNews::Pasted { sent, total } => tab.paste = (sent < total).then_some((sent, total)),
        ShellNews::Replay(playback) => {
            if let Some(replay) = &mut tab.replay {
                replay.playback = playback;
            }
        }
        ShellNews::Recording(recording) => {
            if let Recording::Failed { why } = &recording {
                let text = format!("{}: recording has stopped, the shell goes on: {why}", tab.title());
                tab.recording = recording;
                model.notice(Level::Error, text);
            } else {
                let begun = if let Recording::On { file } = &recording { Some(format!("recording to {file}")) } else { None };
                tab.recording = recording;
                if let Some(text) = begun {
                    model.notice(Level::Info, text);
                }
            }
        }
    }
}

/// What the person is told of a shell that ends where it cannot be seen.
fn ended(tab: &Tab, state: &ShellState) -> Option<String> {
    match state {
        ShellState::Ended { why, code } => {
            let code = code.map(|code| format!(", exit code {code}")).unwrap_or_default();
            Some(format!("shell {}: {}{code}", tab.title(), why.shown_within(200)))
        }
        ShellState::Failed { why } => Some(format!("shell {}: {}", tab.title(), why.shown_within(200))),
        _ => None,
    }
}

/// The shell that gets this input from the keyboard itself: what is typed into a shell may be a password, and is no message. `None`:
/// it is for the console.
pub fn direct(model: &Model, keymap: &Keymap, input: &Input) -> Option<ShellId> {
    let id = takes_keys(model)?;
    match input {
        Input::Key(key) if keymap.resolve(&model.scopes(), &[*key]) != Resolution::None => None,
        Input::Key(_) | Input::Paste(_) => Some(id),
        Input::Resize(_) => None,
    }
}

/// The shell that is told of the mouse, and where it is on the terminal; `None`: the mouse is nobody's, and the terminal's own.
pub fn mouse_area(model: &Model) -> Option<(ShellId, Area)> {
    let id = takes_keys(model).filter(|_| model.entry.is_none() && !model.terminals.lent)?;
    let whole = Area { x: 0, y: 0, width: model.size.width, height: model.size.height };
    Some((id, if model.terminals.full { whole } else { model.layout()?.body }))
}

/// The shell to whose target keys go now.
pub(super) fn takes_keys(model: &Model) -> Option<ShellId> {
    let tab = model.terminals.current().filter(|_| model.overlay.is_none() && !model.lock.is_closed())?;
    let takes = model.terminals.mode == Mode::Keys && !tab.state.is_over() && tab.paste.is_none() && tab.replay.is_none();
    takes.then_some(tab.id)
}

/// While a long paste is under way keys would go between its pieces. Says whether the key was taken.
pub(super) fn on_paste_key(model: &mut Model, key: Key, out: &mut Vec<Effect>) -> bool {
    let tab = model.terminals.current().filter(|_| model.overlay.is_none() && model.terminals.mode == Mode::Keys);
    let Some(id) = tab.filter(|tab| tab.paste.is_some()).map(|tab| tab.id) else { return false };
    if key.code == Code::Esc {
        out.push(Effect::Shell(id, ShellEffect::AbortPaste));
    } else {
        model.notice(Level::Info, "a paste is under way; Esc stops it");
    }
    true
}

/// The key that comes between the person and the target.
pub(super) fn on_shell(model: &mut Model, action: shell::Action) {
    match action {
        shell::Action::Command => model.terminals.mode = Mode::Command,
    }
}

/// A command about the shell on screen.
pub(super) fn on_terminal(model: &mut Model, keymap: &Keymap, action: terminal::Action, out: &mut Vec<Effect>) {
    let Some(id) = model.terminals.shown else { return };
    model.terminals.mode = Mode::Keys;
    match action {
        terminal::Action::Console => hide(model, out),
        // Where there is no target any more, the console gets them.
        terminal::Action::Resume if model.terminals.get(id).is_none_or(|tab| tab.state.is_over()) => hide(model, out),
        terminal::Action::Resume => {}
        terminal::Action::Send => {
            let binding = keymap.bindings().iter().find(|binding| binding.id == terminal::Action::Send.spec().id);
            let keys = binding.iter().flat_map(|binding| &binding.keys);
            out.extend(keys.map(|key| Effect::Shell(id, ShellEffect::Input(Input::Key(*key)))));
        }
        terminal::Action::Next => go(model, 1, out),
        terminal::Action::Previous => go(model, model.terminals.tabs.len().saturating_sub(1), out),
        terminal::Action::Full => toggle_full(model, out),
        terminal::Action::Lend => {
            model.terminals.lent = true;
            fit(model, out);
            out.push(Effect::Shell(id, ShellEffect::Lend));
        }
        terminal::Action::Read => out.push(Effect::Shell(id, ShellEffect::Hold)),
        terminal::Action::Record => out.push(Effect::Shell(id, ShellEffect::Record)),
        terminal::Action::Close => close(model, id, out),
    }
    model.dirty = true;
}

/// The console has the terminal again; the next key is a command.
pub(super) fn taken_back(model: &mut Model, out: &mut Vec<Effect>) {
    if std::mem::take(&mut model.terminals.lent) {
        model.terminals.mode = Mode::Command;
        out.push(Effect::TakeBack);
        fit(model, out);
        model.dirty = true;
    }
}

/// Takes the terminal back where something else has to be seen: the shell is over, the console locks, a secret is asked for.
pub(super) fn watch_lent(model: &mut Model, out: &mut Vec<Effect>) {
    let goes_on = model.terminals.current().is_some_and(|tab| !tab.state.is_over());
    if model.terminals.lent && (!goes_on || model.lock.is_closed() || model.entry.is_some() || model.overlay.is_some()) {
        taken_back(model, out);
        model.terminals.mode = Mode::Keys;
    }
}

/// Gives the shell the whole screen, or takes it back.
pub(super) fn toggle_full(model: &mut Model, out: &mut Vec<Effect>) {
    model.terminals.full = !model.terminals.full;
    fit(model, out);
}

fn go(model: &mut Model, by: usize, out: &mut Vec<Effect>) {
    if let Some(id) = model.terminals.neighbour(by) {
        show(model, id, out);
    }
}

/// Ends a shell and takes its tab away.
pub(super) fn close(model: &mut Model, id: ShellId, out: &mut Vec<Effect>) {
    out.push(Effect::Shell(id, ShellEffect::Close));
    let next = model.terminals.neighbour(1).filter(|next| *next != id);
    model.terminals.tabs.retain(|tab| tab.id != id);
    model.terminals.last = model.terminals.last.filter(|last| *last != id).or(next);
    match next {
        Some(next) => show(model, next, out),
        None => hide(model, out),
    }
}

/// Whether an action about shells can be done now; `None`: it is about something else.
pub(super) fn available(model: &Model, id: &str) -> Option<Availability> {
    let no = |reason: &str| Some(Availability::Unavailable(reason.into()));
    if let Ok(action) = id.parse() {
        return Some(replay::available(model, action));
    }
    let (action, shown) = (id.parse::<terminal::Action>(), model.terminals.shown.is_some());
    match (action, id.parse::<shell::Action>(), id.parse::<scrollback::Action>()) {
        (Err(()), Err(()), Err(())) => None,
        _ if !shown => no("a pane is on screen, not a shell"),
        (_, _, Ok(_)) if model.terminals.reading().is_none() => no("no screen is held still"),
        (Ok(action), _, _) => Some(command_available(model, action)),
        _ => Some(Availability::Ready),
    }
}

fn command_available(model: &Model, action: terminal::Action) -> Availability {
    let over = model.terminals.current().is_none_or(|tab| tab.state.is_over());
    match action {
        terminal::Action::Send
        | terminal::Action::Record
        | terminal::Action::Read
        | terminal::Action::Resume
        | terminal::Action::Lend
            if model.terminals.current().is_some_and(|tab| tab.replay.is_some()) =>
        {
            Availability::Unavailable("this is a recording, not a shell".into())
        }
        terminal::Action::Next | terminal::Action::Previous if model.terminals.tabs.len() < 2 => {
            Availability::Unavailable("there is no other shell".into())
        }
        terminal::Action::Send | terminal::Action::Record | terminal::Action::Lend if over => {
            Availability::Unavailable("this shell is over".into())
        }
        _ => Availability::Ready,
    }
}

/// Reads in the screen that is held still.
pub(super) fn on_scrollback(model: &mut Model, action: scrollback::Action, out: &mut Vec<Effect>) {
    let height = usize::from(model.terminal_size().height);
    let Some(id) = model.terminals.shown else { return };
    let Some(reading) = model.terminals.reading_mut() else { return };
    let (line, half) = (reading.line, (height / 2).max(1));
    match action {
        scrollback::Action::Down => reading.go(line + 1, height),
        scrollback::Action::Up => reading.go(line.saturating_sub(1), height),
        scrollback::Action::HalfDown => reading.go(line + half, height),
        scrollback::Action::HalfUp => reading.go(line.saturating_sub(half), height),
        scrollback::Action::PageDown => reading.go(line + height, height),
        scrollback::Action::PageUp => reading.go(line.saturating_sub(height), height),
        scrollback::Action::Top => reading.go(0, height),
        scrollback::Action::Bottom => reading.go(usize::MAX, height),
        scrollback::Action::Choose => reading.from = if reading.from.is_some() { None } else { Some(line) },
        scrollback::Action::Search => reading.search = Some(Field::with(reading.needle.clone())),
        scrollback::Action::Next => find(model, false, out),
        scrollback::Action::Previous => find(model, true, out),
        scrollback::Action::Copy => {
            let (first, last) = reading.chosen();
            out.push(Effect::Shell(id, ShellEffect::Copy { first, last }));
            let lines = last - first + 1;
            model.notice(Level::Info, format!("copied {lines} line{}", if lines == 1 { "" } else { "s" }));
            release(model, out);
        }
        scrollback::Action::Close => release(model, out),
    }
    scrolled(model, out);
}

/// Keeps the text of the search field and looks for it, towards older lines first: what one looks for has scrolled away.
pub(super) fn search(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(reading) = model.terminals.reading_mut()
        && let Some(field) = reading.search.take()
    {
        field.text().clone_into(&mut reading.needle);
        find(model, true, out);
    }
}

fn find(model: &mut Model, backwards: bool, out: &mut Vec<Effect>) {
    let (Some(id), Some(reading)) = (model.terminals.shown, model.terminals.reading()) else { return };
    if !reading.needle.is_empty() {
        let find = ShellEffect::Find { needle: reading.needle.clone(), from: reading.line, backwards };
        out.push(Effect::Shell(id, find));
    }
}

fn scrolled(model: &mut Model, out: &mut Vec<Effect>) {
    model.dirty = true;
    if let (Some(id), Some(reading)) = (model.terminals.shown, model.terminals.reading()) {
        out.push(Effect::Shell(id, ShellEffect::ShowFrom(reading.top)));
    }
}
