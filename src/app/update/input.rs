//! From keys to actions and text.

use crate::app::connect::Connect;
use crate::app::dialog::{self, Part};
use crate::app::terminals::Mode;
use crate::app::{Effect, Model, Overlay, ShellEffect};
use crate::kit::confirm::NotYet;
use crate::kit::effect::Level;
use crate::kit::field::{Edit, Field};
use crate::kit::input::{Code, Input, Key};
use crate::kit::keymap::{Keymap, Resolution, show_sequence};

use super::actions::Pressed;
use super::{actions, changed, direct, door, lock, terminals};

/// Takes a key, a paste or a new size.
pub(super) fn on_input(model: &mut Model, keymap: &Keymap, input: Input, out: &mut Vec<Effect>) {
    model.dirty = true;
    if !matches!(input, Input::Resize(_)) {
        model.lock.touched = model.moment;
    }
    match input {
        Input::Resize(size) => {
            model.resize(size);
            terminals::fit(model, out);
        }
        Input::Key(key) if model.lock.is_closed() => lock::on_key(model, key, out),
        Input::Paste(_) if model.lock.is_closed() => {}
        // What is typed then is a secret, and does not come this way.
        Input::Key(_) | Input::Paste(_) if model.entry.is_some() => {}
        Input::Paste(text) => paste(model, text, out),
        Input::Key(key) => on_key(model, keymap, key, out),
    }
}

/// A paste is text and never runs as keys.
fn paste(model: &mut Model, text: String, out: &mut Vec<Effect>) {
    if let Some(id) = terminals::takes_keys(model) {
        out.push(Effect::Shell(id, ShellEffect::Input(Input::Paste(text))));
        return;
    }
    if let Some(Overlay::Confirm(dialog)) = &mut model.overlay
        && (dialog.focus != Part::Reason || door::is_ahead(dialog, model.moment))
    {
        dialog.note = Some("nothing is pasted here: type it".into());
        return;
    }
    match model.field_mut() {
        Some(field) => {
            let whole = field.paste(&text);
            typed(model);
            if !whole {
                model.notice(Level::Warning, format!("the paste is cut off: a field holds {} characters", Field::MOST));
            }
        }
        None => model.notice(Level::Info, "nothing here takes a paste; / opens the filter"),
    }
}

fn on_key(model: &mut Model, keymap: &Keymap, key: Key, out: &mut Vec<Effect>) {
    if terminals::on_paste_key(model, key, out) {
        return;
    }
    if let Some(id) = direct(model, keymap, &Input::Key(key)) {
        out.push(Effect::Shell(id, ShellEffect::Input(Input::Key(key))));
        return;
    }
    if !model.pending.is_empty() && key.code == Code::Esc {
        model.pending.clear();
        return;
    }
    model.pending.push(key);
    match keymap.resolve(&model.scopes(), &model.pending) {
        Resolution::Action(id) => {
            model.pending.clear();
            let interrupted = std::mem::take(&mut model.interrupted);
            let warned = std::mem::take(&mut model.terminals.warned);
            actions::run_by_id(model, keymap, id, Pressed { interrupted, warned }, out);
        }
        Resolution::Text(character) => {
            model.pending.clear();
            model.interrupted = false;
            edit(model, Edit::Insert(character));
        }
        Resolution::Prefix(_) => {
            model.interrupted = false;
            model.pending_since = model.moment;
        }
        Resolution::None => {
            model.interrupted = false;
            let pressed = std::mem::take(&mut model.pending);
            let was_command = model.terminals.shown.is_some() && model.terminals.mode == Mode::Command;
            if was_command {
                model.terminals.mode = Mode::Keys;
            }
            unbound(model, keymap, &pressed);
        }
    }
}

/// Says that keys mean nothing here, and which were probably meant. The same notice stands once, however often they are pressed.
fn unbound(model: &mut Model, keymap: &Keymap, pressed: &[Key]) {
    let scopes = model.scopes();
    let help = |keys: &[Key]| match keymap.resolve(&scopes, keys) {
        Resolution::Action(id) => keymap.catalogue().get(id).map(|spec| spec.help),
        _ => None,
    };
    let near = near(pressed).into_iter().find_map(|keys| Some((show_sequence(&keys), help(&keys)?)));
    let next = match (near, keymap.key_for("app.help")) {
        (Some((keys, help)), _) => format!("; {keys} is: {help}"),
        (None, Some(key)) if help(&[Key::plain(Code::Char('?'))]).is_some() => format!("; {key} shows the keys that are"),
        (None, _) => String::new(),
    };
    model.notice(Level::Info, format!("{} is not bound here{next}", show_sequence(pressed)));
}

/// The keys that were probably meant by these: the last one with or without Shift, with or without Ctrl, or alone.
fn near(pressed: &[Key]) -> Vec<Vec<Key>> {
    let Some((last, before)) = pressed.split_last() else { return Vec::new() };
    let with = |key: Key| before.iter().copied().chain([key]).collect::<Vec<_>>();
    let Code::Char(character) = last.code else { return Vec::new() };
    let other: char = if character.is_lowercase() {
        character.to_uppercase().next().unwrap_or(character)
    } else {
        character.to_lowercase().next().unwrap_or(character)
    };
    let small: char = character.to_lowercase().next().unwrap_or(character);
    let mut near = vec![
        with(Key { code: Code::Char(other), ..*last }),
        with(Key { code: Code::Char(small), ctrl: !last.ctrl, ..*last }),
        with(Key { alt: false, ctrl: false, ..*last }),
        vec![*last, *last],
    ];
    near.retain(|keys| keys.as_slice() != pressed);
    near
}

/// Changes the field that has the focus.
pub(super) fn edit(model: &mut Model, edit: Edit) {
    if let (Some(Overlay::Confirm(dialog)), Edit::Insert(_)) = (&mut model.overlay, edit) {
        if door::is_ahead(dialog, model.moment) {
            dialog.note = Some(dialog::why_not(NotYet::TooSoon).into());
            return;
        }
        // Whatever has the focus, what is typed is the name.
        if dialog.focus != Part::Reason {
            dialog.focus = Part::Name;
        }
    }
    if model.field_mut().is_some_and(|field| field.edit(edit)) {
        typed(model);
    }
}

/// The text of the field has changed: what follows from it follows at once.
fn typed(model: &mut Model) {
    changed(model);
    match &mut model.overlay {
        Some(Overlay::Palette { selected, .. }) => *selected = 0,
        Some(Overlay::Prompt { error, .. } | Overlay::Connect(Connect { error, .. })) => *error = None,
        Some(Overlay::Confirm(dialog)) => dialog.note = None,
        Some(Overlay::Help(reader) | Overlay::Record(reader)) => {
            if let Some(search) = &reader.search {
                reader.scroll.search(search.text(), &reader.document);
            }
        }
        Some(Overlay::Sort { .. }) => {}
        None if model.terminals.shown.is_some() => {}
        None if model.filter.is_some() => filter(model),
        None => {
            if let Some(search) = &model.detail.search {
                model.detail.scroll.search(search.text(), &model.detail.document);
            }
        }
    }
}

/// Filters while it is typed. A text that is not understood leaves the last good filter in force.
fn filter(model: &mut Model) {
    let Some(filter) = &mut model.filter else { return };
    match model.panes.listing(model.focus).understand(filter.field.text()) {
        Ok(query) => {
            filter.error = None;
            model.panes.listing_mut(model.focus).apply(query);
        }
        Err(error) => filter.error = Some(error.to_string()),
    }
}
