//! What the rotations pane does.

use super::{Action, Model};
use crate::domain::rotation::Rotation;
use crate::kit::action::Availability;
use crate::kit::effect::{Out, Pivot};
use crate::panes::{Ctx, needs_row, toggle_query};

const OPEN: &str = "!phase=done !phase=aborted";

/// Takes what the desk tells: all rotations, as they stand now.
pub fn on_told(model: &mut Model, rotations: Vec<Rotation>, cx: &Ctx<'_>) {
    model.told = true;
    model.table.begin_refresh();
    model.table.extend(rotations, cx.now);
    model.table.end_refresh();
}

/// Does one of the pane's own actions.
pub fn on_action<X>(model: &mut Model, action: Action, _cx: &Ctx<'_>, out: &mut Out<X>) {
    match (action, model.table.selected()) {
        (Action::Open, _) => toggle_query(&mut model.table, &mut model.before_open, OPEN, out),
        (Action::User, Some(rotation)) => out.go(Pivot::Keys { user: rotation.user.clone() }),
        (Action::User, None) => {}
    }
}

/// Whether one of the pane's own actions can be done now.
pub fn available(model: &Model, action: Action, _cx: &Ctx<'_>) -> Availability {
    match action {
        Action::Open => Availability::Ready,
        Action::User => needs_row(model.table.selected(), "rotation"),
    }
}

/// What `copy` copies: its name for the notice, and the text.
pub fn copied(model: &Model) -> Option<(&'static str, String)> {
    model.table.selected().map(|rotation| ("rotation", crate::domain::text::clean(&rotation.id.0).into_owned()))
}
