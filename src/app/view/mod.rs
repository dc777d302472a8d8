//! The whole screen as a pure function of the model.

mod entry;
mod panes;
mod preferences;
mod terminals;
mod windows;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::layout::{Area, DetailPlace, Layout, SMALLEST};
use super::lock::WARNING;
use super::{Connection, Model, Overlay, availability, help};
use crate::domain::account::rule_of;
use crate::domain::age::span;
use crate::domain::text::clean;
use crate::kit::action::Availability;
use crate::kit::document::width;
use crate::kit::effect::Level;
use crate::kit::input::Size;
use crate::kit::keymap::{Keymap, ScopeName};
use crate::kit::table::Tone;
use crate::panes::PaneId;
use crate::screens::Screens;
use crate::theme::{Look, Role};
use crate::widgets::header::{Link, Standing};
use crate::widgets::paint::{self, Piece};
use crate::widgets::{blank, field, footer, header, seal, status, tabs, toast, too_small};

impl From<Area> for Rect {
    fn from(area: Area) -> Self {
        Self { x: area.x, y: area.y, width: area.width, height: area.height }
    }
}

/// Draws a frame, sealed: no cell of it holds anything that a stranger could use.
pub fn render(model: &Model, screens: &Screens, keymap: &Keymap, look: &Look, area: Rect, buf: &mut Buffer) {
    paint::ground(buf, area, look[Role::Text]);
    match Layout::of(Size { width: area.width, height: area.height }) {
        Some(_) if model.lock.is_closed() => locked(model, look, area, buf),
        Some(layout) if terminals::has_all(model) => terminals::all(model, screens, &layout, keymap, look, area, buf),
        Some(layout) => whole(model, screens, &layout, keymap, look, buf),
        None => too_small::draw(SMALLEST, look, area, buf),
    }
    if let (Some(entry), Some(layout)) = (&model.entry, Layout::of(Size { width: area.width, height: area.height })) {
        let (locked, below) = (model.lock.is_closed(), area.height / 2);
        let lower = Rect { y: area.y + below, height: area.height - below, ..area };
        entry::draw(entry, locked, look, if locked { lower } else { layout.body.into() }, buf);
    }
    seal(buf);
}

fn whole(model: &Model, screens: &Screens, layout: &Layout, keymap: &Keymap, look: &Look, buf: &mut Buffer) {
    let now = model.now;
    header::draw(&model.view, &standing(model), link(model), now, look, layout.header.into(), buf);
    let key = |pane: PaneId| keymap.key_for(&format!("app.{}", pane.name()));
    let names = panes::tabs(model, key).into_iter().chain(terminals::tabs(model)).collect::<Vec<_>>();
    tabs::draw(&names, now.as_millisecond(), look, layout.tabs.into(), buf);
    body(model, screens, layout, look, buf);
    below(model, layout, look, buf);
    let (scopes, available) = (model.scopes(), |id: &str| availability(model, id));
    let hints = help::hints(keymap, &scopes, &available);
    let hints: Vec<footer::Hint> = hints.into_iter().map(|(key, word)| footer::Hint { key, word }).collect();
    footer::draw(&hints, &always(keymap, &scopes, &available), look, layout.footer.into(), buf);
    windows::draw(model, layout, keymap, look, buf);
    let mut notices: Vec<_> = model.notices.iter().map(|notice| (notice.level, notice.text.as_str())).collect();
    // What is wrong with a text that is typed stands beside it; where it does not fit there, it stands in full above it.
    notices.extend(
        wrong(model).filter(|wrong| width(wrong) > field::room_for_note(layout.status.width)).map(|wrong| (Level::Error, wrong)),
    );
    toast::draw(&notices, look, layout.body.into(), buf);
}

/// A locked console: nothing of the account, and how to go on.
fn locked(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) {
    let Some(closed) = &model.lock.closed else { return };
    let mut text = Vec::new();
    if closed.checking && closed.guarded {
        text.push("looking at the passphrase, and asking AWS who you are".to_owned());
    } else if closed.checking {
        text.push("asking AWS who you are".to_owned());
    } else if let Some(wait) = closed.wait(model.moment) {
        text.push(format!("the next attempt can be made in {} s", (wait.as_millis() + 999) / 1000));
    } else if closed.guarded {
        text.push("type the passphrase; then AWS is asked whose the credentials are, too".to_owned());
    } else if closed.asking {
        text.push(
            "Enter unlocks: the credentials are loaded anew and AWS is asked whose they are. Where they need no sign-in of their own, \
             this keeps nobody out who can use this terminal; `bartizan config lock-passphrase` sets a passphrase."
                .to_owned(),
        );
    } else {
        text.push("press a key".to_owned());
    }
    text.extend(closed.why.as_deref().map(|why| format!("not unlocked: {}", clean(why))));
    text.extend((!model.door.running.is_empty()).then(|| "a change that was under way goes on to its end".to_owned()));
    text.push("ctrl-c twice quits".to_owned());
    let tone = if closed.checking { Tone::Loading } else { Tone::Warning };
    let title = format!("locked for {}", span(model.moment.since(closed.since)));
    blank::draw(&title, &text, tone, model.now.as_millisecond(), look, area, buf);
}

fn standing(model: &Model) -> Standing {
    let rule = rule_of(&model.door.rules, &model.view).ok();
    let until = model.door.armed_until(model.session, model.moment);
    Standing {
        armed: until.map(|until| until.since(model.moment)),
        locks_in: model.lock.left(model.moment).filter(|left| *left <= WARNING),
        name: rule.as_ref().and_then(|rule| rule.name.clone()),
        colour: rule.and_then(|rule| rule.colour),
    }
}

fn link(model: &Model) -> Link<'_> {
    match &model.connection {
        Connection::Connecting => Link::Connecting,
        Connection::Ready => Link::Ready,
        Connection::Failed { fault } => Link::Failed(fault),
    }
}

fn body(model: &Model, screens: &Screens, layout: &Layout, look: &Look, buf: &mut Buffer) {
    if let Some(Overlay::Help(reader) | Overlay::Record(reader)) = &model.overlay {
        panes::titled(&reader.title, &reader.document, Some(&reader.scroll), look, layout.text(), buf);
        return;
    }
    if model.terminals.shown.is_some() {
        terminals::screen(model, screens, look, layout.body.into(), buf);
        return;
    }
    let alone = layout.place == DetailPlace::Alone;
    if alone && model.detail.open {
        panes::detail(model, look, layout, buf);
        return;
    }
    panes::list(model, look, layout, buf);
    if !alone {
        panes::rule(layout, look, buf);
        panes::detail(model, look, layout, buf);
    }
    if let (Connection::Failed { fault }, (_, 0)) = (&model.connection, model.listing().counts()) {
        let advice = format!("Next: {}.", fault.advice());
        let text: Vec<String> =
            [fault.message.shown_within(400).into_string(), advice].into_iter().filter(|line| !line.is_empty()).collect();
        paint::ground(buf, layout.list.into(), look[Role::Text]);
        blank::draw(&fault.title(), &text, Tone::Bad, 0, look, layout.list.into(), buf);
    }
}

/// What is wrong with the text being typed.
fn wrong(model: &Model) -> Option<&str> {
    match &model.overlay {
        Some(Overlay::Prompt { error, .. }) => error.as_deref(),
        Some(_) => None,
        None => model.filter.as_ref().and_then(|filter| filter.error.as_deref()),
    }
}

/// The line below the body: the field being typed in, else what is known about the list.
fn below(model: &Model, layout: &Layout, look: &Look, buf: &mut Buffer) {
    let area = Rect::from(layout.status);
    let prompt = match &model.overlay {
        Some(Overlay::Prompt { label, .. }) => format!("{label}: "),
        Some(Overlay::Help(_) | Overlay::Record(_)) => "search: ".to_owned(),
        _ if model.filter.is_some() => "/".to_owned(),
        _ => "search: ".to_owned(),
    };
    let typing = model
        .field()
        .filter(|_| !matches!(model.overlay, Some(Overlay::Connect(_) | Overlay::Palette { .. } | Overlay::Confirm(_))));
    if let Some(typed) = typing {
        let (matching, total) = model.listing().counted();
        let note = match wrong(model) {
            Some(wrong) => Piece::new(wrong, look[Role::Bad]),
            None if model.filter.is_some() && model.overlay.is_none() => {
                Piece::new(format!("{matching} of {total}"), look[Role::Muted])
            }
            None => Piece::new("", look[Role::Muted]),
        };
        field::draw(&prompt, typed, note, look, area, buf);
    } else if let Some(tab) = model.terminals.current() {
        let (facts, missing) = terminals::facts(model, tab);
        status::draw(&facts, &missing, model.now.as_millisecond(), look, area, buf);
    } else {
        let summary = model.summary();
        status::draw(&summary.facts, &summary.banner, model.now.as_millisecond(), look, area, buf);
    }
}

/// The hints that never go while they work: the palette and help, or the way back from what is open.
fn always(keymap: &Keymap, scopes: &[ScopeName], available: &dyn Fn(&str) -> Availability) -> Vec<footer::Hint> {
    let hint = |id, word: &str| {
        let key = help::hint(keymap, scopes, id, available)?;
        Some(footer::Hint { key, word: word.to_owned() })
    };
    let back = matches!(scopes.first(), Some(&("field" | "menu" | "overlay" | "text" | "confirm")))
        .then(|| hint("app.back", "back"))
        .flatten();
    [back, hint("app.palette", "find"), hint("app.help", "help")].into_iter().flatten().collect()
}
