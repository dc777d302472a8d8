//! What the activity pane does.

use super::row::{has_ended, is_open};
use super::{Action, KEPT, Model};
use crate::domain::call::{ApiCall, Outcome};
use crate::kit::action::Availability;
use crate::kit::effect::Out;
use crate::panes::{Ctx, toggle_query};

/// Takes the newest record of a call.
pub fn on_call(model: &mut Model, call: ApiCall, cx: &Ctx<'_>) {
    let old = model.table.get(&call.number).cloned();
    // Two records of one call may overtake each other: what has ended does not begin again.
    if old.as_ref().is_some_and(|old| has_ended(old) && is_open(&call)) {
        return;
    }
    model.count(old.as_ref(), &call);
    model.table.extend([call], cx.now);
    if model.table.total() > KEPT + KEPT / 10 {
        let newest = model.table.rows().map(|call| call.number).max().unwrap_or(0);
        let oldest = newest.saturating_sub(KEPT as u64);
        model.table.retain(|call| call.number > oldest || is_open(call));
    }
}

/// So many records of calls were lost. What was under way may have ended by one of them: a later record will say, if one comes.
pub fn on_lost(model: &mut Model, lost: u64, cx: &Ctx<'_>) {
    model.lost = model.lost.saturating_add(lost);
    let open: Vec<u64> = model.table.rows().filter(|call| is_open(call)).map(|call| call.number).collect();
    for number in open {
        model.table.update(&number, cx.now, |call| call.outcome = Outcome::LostTrack);
    }
}

/// Does one of the pane's own actions.
pub fn on_action<X>(model: &mut Model, action: Action, _cx: &Ctx<'_>, out: &mut Out<X>) {
    match action {
        Action::Failures => toggle_query(&mut model.table, &mut model.before_failures, "!outcome=done !outcome=cancelled", out),
        Action::Clear => model.table.retain(is_open),
    }
}

/// Whether one of the pane's own actions can be done now.
pub fn available(_model: &Model, action: Action, _cx: &Ctx<'_>) -> Availability {
    match action {
        Action::Failures | Action::Clear => Availability::Ready,
    }
}

/// What `copy` copies: its name for the notice, and the text.
pub fn copied(model: &Model) -> Option<(&'static str, String)> {
    let call = model.table.selected()?;
    Some(match &call.request_id {
        Some(id) => ("request id", crate::domain::text::clean(id).into_owned()),
        None => ("call", format!("{}:{}", call.service, call.operation)),
    })
}
