//! What lies over the panes: the palette, the sort menu, and the keys that can follow.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::terminals;
use crate::app::dialog::{Dialog, Part};
use crate::app::layout::Layout;
use crate::app::{Model, Overlay, availability, palette};
use crate::kit::action::{Availability, Danger};
use crate::kit::document::width;
use crate::kit::field::Field;
use crate::kit::keymap::{Keymap, Resolution, show_sequence};
use crate::theme::{Look, Role};
use crate::widgets::paint::{self, Piece};
use crate::widgets::{dialog, field, menu, which_key, window};

/// How long a prefix stands before the keys that can follow are shown, in milliseconds.
const PATIENCE: i128 = 250;

pub(super) fn draw(model: &Model, layout: &Layout, keymap: &Keymap, look: &Look, buf: &mut Buffer) {
    match &model.overlay {
        Some(Overlay::Palette { field, selected }) => actions(model, field, *selected, layout, keymap, look, buf),
        Some(Overlay::Confirm(dialog)) => confirm(dialog, layout, look, buf),
        Some(Overlay::Connect(connect)) => terminals::connect(model, connect, look, layout.body.into(), buf),
        Some(Overlay::Sort { selected }) => columns(model, *selected, layout, look, buf),
        _ => {}
    }
    let waited = model.moment.since(model.pending_since).as_millis();
    if !model.pending.is_empty()
        && waited >= PATIENCE
        && let Resolution::Prefix(following) = keymap.resolve(&model.scopes(), &model.pending)
    {
        let help = |id: &str| keymap.catalogue().get(id).map_or_else(|| id.to_owned(), |spec| spec.help.to_owned());
        let following: Vec<(String, String)> = following.iter().map(|(keys, id)| (show_sequence(keys), help(id))).collect();
        which_key::draw(&show_sequence(&model.pending), &following, look, layout.body.into(), buf);
    }
}

/// The palette.
fn actions(model: &Model, typed: &Field, selected: usize, layout: &Layout, keymap: &Keymap, look: &Look, buf: &mut Buffer) {
    let found = palette::matches(typed.text(), keymap, &model.pane_scopes());
    let choices: Vec<menu::Choice> = (found.into_iter())
        .map(|spec| menu::Choice {
            text: spec.help.to_owned(),
            note: keymap.key_for(spec.id).unwrap_or_default(),
            reason: match availability(model, spec.id) {
                Availability::Ready => None,
                Availability::Unavailable(reason) => Some(reason),
            },
        })
        .collect();
    let inner = window::draw("Actions", look, window::centred(layout.body.into(), 78, 20), buf);
    let count = Piece::new(choices.len().to_string(), look[Role::Muted]);
    field::draw("", typed, count, look, paint::line(inner, 0), buf);
    let list = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    menu::draw(&choices, selected, look, list, buf);
}

/// The question whether something shall be changed.
fn confirm(dialog: &Dialog, layout: &Layout, look: &Look, buf: &mut Buffer) {
    let plan = &dialog.pending.plan;
    let name = plan.must_type.as_ref().map(|name| format!("type {name} to confirm: "));
    let asked: Vec<dialog::Asked<'_>> = [
        name.as_deref().map(|prompt| dialog::Asked { prompt, field: &dialog.name, focused: dialog.focus == Part::Name }),
        plan.wants_reason.then(|| dialog::Asked {
            prompt: "reason: ",
            field: &dialog.reason,
            focused: dialog.focus == Part::Reason,
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    let question = dialog::Question {
        plan: &dialog.document,
        scroll: &dialog.scroll,
        asked: &asked,
        note: dialog.note.as_deref(),
        buttons: &[("Cancel", dialog.focus == Part::Cancel), (dialog.verb(), dialog.focus == Part::Yes)],
    };
    let title = match plan.danger {
        Danger::Safe | Danger::Reversible => "Change",
        Danger::Confirm => "Change: please confirm",
        Danger::TypeName => "Change that hurts: please confirm",
    };
    dialog::draw(title, &question, look, dialog.area(layout).into(), buf);
}

/// The sort menu.
fn columns(model: &Model, selected: usize, layout: &Layout, look: &Look, buf: &mut Buffer) {
    let listing = model.listing();
    let order = listing.order();
    let choices: Vec<menu::Choice> = (listing.columns().iter().enumerate())
        .map(|(at, column)| {
            let note = match (at == order.column, order.descending) {
                (true, true) => look.glyphs.descending,
                (true, false) => look.glyphs.ascending,
                (false, _) => "",
            };
            menu::Choice { text: column.title.to_owned(), note: note.to_owned(), reason: None }
        })
        .collect();
    let wide = choices.iter().map(|choice| width(&choice.text)).max().unwrap_or(0).max(7) + 12;
    let high = u16::try_from(choices.len() + 2).unwrap_or(u16::MAX);
    let area = window::centred(layout.body.into(), u16::try_from(wide).unwrap_or(u16::MAX), high);
    menu::draw(&choices, selected, look, window::draw("Sort by", look, area, buf), buf);
}
