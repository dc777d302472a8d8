//! To whom keys, pastes and the mouse go: to whoever asks for a secret, to a shell's target, or to the model.

use std::io;

use super::Turn;
use crate::app::{self, Msg};
use crate::kit::effect::Level;
use crate::kit::input::{Input, Key};
use crate::runtime::End;
use crate::runtime::input::Typed;
use crate::screens::mouse::Mouse;

impl Turn<'_> {
    pub(super) fn typed(&mut self, typed: io::Result<Typed>) {
        self.tell_time();
        match typed {
            Ok(Typed::Bytes(bytes)) => self.typed_raw(&bytes),
            Ok(Typed::Cut) => {
                let text = "the paste was longer than 16 MB: what came after that was not taken".to_owned();
                self.inbox.push(Msg::Notice(Level::Error, text));
            }
            Ok(Typed::Endless) => {
                let text = "the paste did not end, and nothing of it was taken".to_owned();
                self.inbox.push(Msg::Notice(Level::Warning, text));
            }
            Ok(Typed::Mouse(mouse)) => self.moused(mouse),
            Ok(Typed::Shifted(key)) => self.shifted(key),
            Ok(Typed::Input(input)) => {
                super::break_if(self.launch.break_loop);
                self.answers = true;
                self.route(input);
            }
            Err(_) => self.end = Some(End::Closed),
        }
    }

    /// With shift a key is another one for targets, and the same for the console.
    fn shifted(&mut self, key: Key) {
        self.answers = true;
        let input = Input::Key(key);
        let is_decided = self.inbox.iter().all(|msg| !matches!(msg, Msg::Input(_) | Msg::TakenBack));
        match app::direct(&self.launch.model, &self.launch.keymap, &input) {
            Some(id) if is_decided && !self.entries.takes(&input) => {
                self.sessions.shifted(id, key);
                self.inbox.push(Msg::Touched);
            }
            _ => self.route(input),
        }
    }

    /// The mouse is for the target alone, and only on its screen.
    fn moused(&mut self, mouse: Mouse) {
        let Some((id, area)) = app::mouse_area(&self.launch.model) else { return };
        let inside = |at: u16, from: u16, length: u16| at.checked_sub(from).filter(|at| *at < length);
        if let (Some(column), Some(line)) = (inside(mouse.column, area.x, area.width), inside(mouse.line, area.y, area.height)) {
            self.sessions.mouse(id, Mouse { column, line, ..mouse });
            self.inbox.push(Msg::Touched);
        }
    }

    /// The terminal reports the mouse while the target on screen wants to be told of it, and at no other time.
    pub(super) fn follow_mouse(&mut self) {
        let wanted = app::mouse_area(&self.launch.model).map(|(id, _)| self.sessions.mouse_mode(id)).unwrap_or_default();
        if self.lent.is_none() {
            self.closed_on(|turn| turn.tty.report_mouse(wanted));
        }
    }

    /// What is for a shell's target goes there at once, unless something before it may still change to whom keys go.
    fn route(&mut self, input: Input) {
        if self.entries.takes(&input) {
            self.inbox.push(Msg::Touched);
            self.inbox.extend(self.entries.input(input));
            return;
        }
        let undecided = self.inbox.iter().any(|msg| matches!(msg, Msg::Input(_) | Msg::TakenBack));
        match app::direct(&self.launch.model, &self.launch.keymap, &input).filter(|_| !undecided) {
            Some(id) => {
                self.sessions.input(id, input);
                self.inbox.push(Msg::Touched);
            }
            None => self.inbox.push(Msg::Input(input)),
        }
    }

    /// The time comes before the first key of a turn: whoever comes back to a machine that slept finds the console locked, and what they
    /// type goes to no shell and into no secret.
    fn tell_time(&mut self) {
        if std::mem::replace(&mut self.knows_time, true) {
            return;
        }
        let tick = Msg::Tick { now: self.clock.now(), moment: self.launch.steady.now() };
        let crate::runtime::Launch { model, keymap, .. } = &mut self.launch;
        app::update(model, keymap, tick, &mut self.effects);
        if let Some(told) = self.entries.follow(model.lock.is_closed()) {
            app::update(model, keymap, told, &mut self.effects);
        }
    }
}
