//! What the bastions pane changes: whether a session goes on.

use super::model::{Model, View};
use super::{Read, update};
use crate::domain::change::{Change, Done, Mutation};
use crate::domain::fault::Fault;
use crate::kit::action::{Availability, Danger};
use crate::kit::confirm::Plan;
use crate::kit::effect::Out;
use crate::panes::{Ctx, when};

/// Whether the selected session can be ended, and why not.
pub(super) fn available(model: &Model) -> Availability {
    let why_not = match (model.view, model.sessions.selected()) {
        (View::Nodes | View::Recordings, _) => Some("this is about sessions: show them first"),
        (View::Sessions, None) => Some("no session is selected"),
        (View::Sessions, Some(session)) if !session.active => Some("this session has ended already"),
        (View::Sessions, Some(_)) => None,
    };
    why_not.map_or(Availability::Ready, |why| Availability::Unavailable(why.into()))
}

/// Asks whether the selected session shall be ended.
pub(super) fn ask(model: &Model, cx: &Ctx<'_>, out: &mut Out<Read>) {
    let Some(session) = model.sessions.selected().filter(|_| model.view == View::Sessions) else { return };
    let change = Change::TerminateSession { region: session.region.clone(), session: session.id.clone() };
    let title = format!("Terminate the session {}", session.id.shown());
    let mut plan = Plan::of(title, Danger::Confirm, [&change])
        .fact("session", session.id.shown().as_str())
        .fact("owner", session.owner.shown().as_str())
        .fact("node", session.target.shown().as_str())
        .fact("region", session.region.as_str());
    if let Some(started) = session.started {
        plan = plan.fact("started", when(started, cx.now));
    }
    if let Some(reason) = &session.reason {
        plan = plan.fact("its reason", reason.shown_within(200).as_str());
    }
    out.ask(plan, Mutation::Change(change));
}

/// A session was to be ended: the sessions are read anew, whatever AWS has said.
pub fn on_changed(model: &mut Model, mutation: &Mutation, _outcome: &Result<Done, Fault>, cx: &Ctx<'_>, out: &mut Out<Read>) {
    if matches!(mutation, Mutation::Change(Change::TerminateSession { .. })) {
        update::load_sessions(model, cx, out);
    }
}
