//! What the rotations pane does.

use super::{Action, Model, Msg, REPORT, Read, STOP, answer};
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
        // No question: whatever stops can go on.
        (Action::Stop, _) => out.read(STOP, Read::Stop),
        _ => answer::ask(model, action, cx, out),
    }
}

/// The report was written, or why not; everything was told to stop.
pub fn on_msg<X>(msg: Msg, out: &mut Out<X>) {
    match msg {
        Msg::Reported(Ok(places)) => out.notice(Level::Info, format!("the report is in {places}")),
        Msg::Reported(Err(why)) => out.notice(Level::Error, format!("no report: {why}")),
        Msg::Stopped(count) => {
            out.notice(Level::Info, format!("{count} rotations stop at their next safe state; Z goes on with them"));
        }
    }
}

/// Whether one of the pane's own actions can be done now.
pub fn available(model: &Model, action: Action, _cx: &Ctx<'_>) -> Availability {
    match action {
        Action::Open => Availability::Ready,
        Action::User => needs_row(model.table.selected(), "rotation"),
        Action::Stop if model.goes_on() => Availability::Ready,
        Action::Stop => Availability::Unavailable("no rotation is under way".into()),
        Action::Report => needs(model.table.rows().next(), "there is no rotation to report"),
        _ => answer::available(model, action),
    }
}

/// What `copy` copies: its name for the notice, and the text.
pub fn copied(model: &Model) -> Option<(&'static str, String)> {
    model.table.selected().map(|rotation| ("rotation", crate::domain::text::clean(&rotation.id.0).into_owned()))
}
