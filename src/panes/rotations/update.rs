//! What the rotations pane does.

use super::{Action, Model, REPORT, Read, answer};
use crate::domain::rotation::Rotation;
use crate::kit::action::Availability;
use crate::kit::effect::{Level, Out, Pivot};
use crate::panes::{Ctx, needs, needs_row, toggle_query};

const OPEN: &str = "!phase=done !phase=aborted";

/// Takes what the desk tells: all rotations, as they stand now.
pub fn on_told(model: &mut Model, rotations: Vec<Rotation>, cx: &Ctx<'_>) {
    model.told = true;
    model.table.begin_refresh();
    model.table.extend(rotations, cx.now);
    model.table.end_refresh();
}

/// Does one of the pane's own actions.
pub fn on_action(model: &mut Model, action: Action, cx: &Ctx<'_>, out: &mut Out<Read>) {
    match (action, model.table.selected()) {
        (Action::Open, _) => toggle_query(&mut model.table, &mut model.before_open, OPEN, out),
        (Action::User, Some(rotation)) => out.go(Pivot::Keys { user: rotation.user.clone() }),
        (Action::User, None) => {}
        (Action::Report, _) => out.read(REPORT, Read::Report(model.table.ordered().cloned().collect())),
        _ => answer::ask(model, action, cx, out),
    }
}

/// The report was written, or why not.
pub fn on_reported<X>(result: Result<String, String>, out: &mut Out<X>) {
    match result {
        Ok(places) => out.notice(Level::Info, format!("the report is in {places}")),
        Err(why) => out.notice(Level::Error, format!("no report: {why}")),
    }
}

/// Whether one of the pane's own actions can be done now.
pub fn available(model: &Model, action: Action, _cx: &Ctx<'_>) -> Availability {
    match action {
        Action::Open => Availability::Ready,
        Action::User => needs_row(model.table.selected(), "rotation"),
        Action::Report => needs(model.table.rows().next(), "there is no rotation to report"),
        _ => answer::available(model, action),
    }
}

/// What `copy` copies: its name for the notice, and the text.
pub fn copied(model: &Model) -> Option<(&'static str, String)> {
    model.table.selected().map(|rotation| ("rotation", crate::domain::text::clean(&rotation.id.0).into_owned()))
}
