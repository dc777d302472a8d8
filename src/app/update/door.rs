//! Arming, the confirm dialog, and what comes of a change.

use crate::app::actions::confirm;
use crate::app::dialog::{self, Dialog, Part};
use crate::app::door::ARMED_FOR;
use crate::app::model::Connection;
use crate::app::{Effect, Model, Overlay};
use crate::domain::change::{Done, Mutation};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::moment::Moment;
use crate::domain::text::clean;
use crate::kit::action::Danger;
use crate::kit::confirm::{DEBOUNCE, Pending, Plan};
use crate::kit::document::Motion;
use crate::kit::effect::{Level, SessionId};
use crate::panes;

use super::{changed, run};

/// The key that arms and disarms.
pub(super) fn toggle(model: &mut Model, out: &mut Vec<Effect>) {
    if model.door.armed_until(model.session, model.moment).is_some() {
        disarm(model, out);
        model.notice(Level::Info, "read-only again");
        return;
    }
    if model.connection != Connection::Ready {
        // The name in the header is the one of a connection that has failed.
        model.notice(Level::Warning, "read-only: not connected");
        return;
    }
    match model.door.rule(&model.view) {
        Err(why) => model.notice(Level::Warning, why),
        Ok(rule) => {
            let until = model.moment + ARMED_FOR;
            model.door.armed = Some((model.session, until));
            out.push(Effect::Arm { session: model.session, until: Some(until) });
            let name = rule.name.unwrap_or(rule.account);
            model.notice(Level::Warning, format!("changes to {name} are allowed for 15 minutes"));
        }
    }
}

/// Nothing may be changed any more; a dialog that waits for a yes is closed.
pub(super) fn disarm(model: &mut Model, out: &mut Vec<Effect>) {
    if model.door.armed.take().is_some() {
        out.push(Effect::Arm { session: model.session, until: None });
        changed(model);
    }
    if matches!(model.overlay, Some(Overlay::Confirm(_))) {
        model.overlay = None;
    }
}

/// The armed time has run out.
pub(super) fn expire(model: &mut Model, now: Moment, out: &mut Vec<Effect>) {
    if model.door.armed.is_some_and(|(_, until)| until <= now) {
        let asked = matches!(model.overlay, Some(Overlay::Confirm(_)));
        disarm(model, out);
        let rest = if asked { "; nothing was done" } else { "" };
        model.notice(Level::Info, format!("the 15 minutes are over: read-only again{rest}"));
    }
}

/// A pane asks for a change: opens the dialog, if anything may be changed at all.
pub(super) fn ask(model: &mut Model, plan: Plan, mutation: Mutation) {
    let needs: Vec<&str> = plan.calls.iter().map(|call| call.action.as_str()).collect();
    if let Some(why) = model.door.refuses(&needs, model.session, &model.view, model.moment) {
        model.notice(Level::Warning, why);
        return;
    }
    let (Ok(rule), Some(identity)) = (model.door.rule(&model.view), model.view.identity.value()) else { return };
    let mut whole = plan;
    whole.wants_reason |= rule.reason;
    let name = rule.name.or_else(|| model.view.alias.value().cloned().flatten().map(|alias| alias.shown().into_string()));
    let account = match name {
        Some(name) => format!("{name} ({})", rule.account),
        None => rule.account.clone(),
    };
    let caller = identity.arn.shown().into_string();
    whole.facts.splice(0..0, [("account".to_owned(), account), ("as".to_owned(), caller)]);
    let pending = Pending::new(mutation, whole, rule.account, model.moment);
    let mut dialog = Dialog::new(pending);
    if let Some(layout) = model.layout() {
        dialog.resize(&layout);
    }
    model.overlay = Some(Overlay::Confirm(Box::new(dialog)));
    // "Planning" is over, and nothing may lie on what is to be read now.
    model.notices.retain(|notice| notice.level != Level::Info);
    changed(model);
}

/// Does an action of the dialog.
pub(super) fn on_confirm(model: &mut Model, action: confirm::Action, out: &mut Vec<Effect>) {
    let Some(Overlay::Confirm(dialog)) = &mut model.overlay else { return };
    let scroll = |dialog: &mut Dialog, motion| dialog.scroll.go(motion, &dialog.document);
    match action {
        confirm::Action::Next => dialog.step(1),
        confirm::Action::Previous => dialog.step(-1),
        confirm::Action::Down => scroll(dialog, Motion::Rows(1)),
        confirm::Action::Up => scroll(dialog, Motion::Rows(-1)),
        confirm::Action::PageDown => scroll(dialog, Motion::Pages(1)),
        confirm::Action::PageUp => scroll(dialog, Motion::Pages(-1)),
        confirm::Action::Yes if dialog.pending.plan.danger <= Danger::Reversible => yes(model, out),
        confirm::Action::Yes => dialog.focus = Part::Yes,
        confirm::Action::Cancel => cancel(model),
        confirm::Action::Accept => accept(model, out),
    }
    changed(model);
}

/// Enter: the button that has the focus. In a field it goes on to the next, and from the last one it says yes.
pub(super) fn accept(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(Overlay::Confirm(dialog)) = &mut model.overlay else { return };
    let missing = match dialog.focus {
        Part::Cancel => return cancel(model),
        Part::Name if dialog.pending.plan.must_type.as_deref() != Some(dialog.name.text()) => Some(Part::Name),
        Part::Name | Part::Reason if dialog.pending.plan.wants_reason && dialog.reason.text().trim().is_empty() => {
            Some(Part::Reason)
        }
        Part::Name | Part::Reason | Part::Yes => None,
    };
    match missing {
        Some(part) if part != dialog.focus => dialog.focus = part,
        _ => yes(model, out),
    }
}

fn cancel(model: &mut Model) {
    model.overlay = None;
    model.notice(Level::Info, "nothing was changed");
}

/// The yes. It is taken only as [`Pending::confirm`] takes it, and only while the console is armed.
fn yes(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(Overlay::Confirm(mut dialog)) = model.overlay.take() else { return };
    let refused = model.door.refuses(&[], model.session, &model.view, model.moment);
    if let Some(why) = refused {
        model.notice(Level::Warning, format!("nothing was changed: {why}"));
        return;
    }
    dialog.pending.typed = dialog.name.text().to_owned();
    dialog.pending.reason = dialog.reason.text().to_owned();
    let title = dialog.pending.plan.title.clone();
    match dialog.pending.confirm(model.moment) {
        Ok(approved) => {
            model.door.newest += 1;
            let number = model.door.newest;
            model.door.running.insert(number, title);
            let cx = panes::Ctx { now: model.now, moment: model.moment, regions: &model.view.regions };
            model.panes.on_asked(approved.what(), &cx);
            out.push(Effect::Mutate { session: model.session, number, approved });
        }
        Err(refused) => {
            let (pending, not_yet) = *refused;
            let note = Some(dialog::why_not(not_yet).to_owned());
            model.overlay = Some(Overlay::Confirm(Box::new(Dialog { pending, note, ..*dialog })));
        }
    }
}

/// Whether the dialog has just opened: what is typed now was typed for something else.
pub(super) fn is_ahead(dialog: &Dialog, now: Moment) -> bool {
    now.since(dialog.pending.opened) < DEBOUNCE
}

/// A change has ended. Its outcome is told even if its session has been replaced meanwhile; rows are then nobody's any more.
pub(super) fn ended(
    model: &mut Model,
    session: SessionId,
    number: u64,
    mutation: &Mutation,
    outcome: &Result<Done, Fault>,
    out: &mut Vec<Effect>,
) {
    let title = model.door.running.remove(&number).unwrap_or_default();
    match outcome {
        Ok(done) => {
            model.notice(Level::Info, format!("{}: {title}", happened(mutation)));
            if let Some(warning) = &done.warning {
                model.notice(Level::Error, warning.clone());
            }
        }
        Err(fault) => model.notice(Level::Error, format!("{}: {title}: {}", failed(fault), next(fault))),
    }
    // A containment shuts what it can, as often as it is wanted: a step that AWS refused keeps nobody from the others.
    if let (Err(Fault { kind: FaultKind::Denied { action }, .. }), Mutation::Change(_)) = (outcome, mutation) {
        model.door.denied.insert(action.clone(), model.now);
    }
    changed_rows(model, session, mutation, outcome, out);
}

/// A change that ended without an answer: what became of it has been read since, or cannot be.
pub(super) fn read_back(
    model: &mut Model,
    session: SessionId,
    mutation: &Mutation,
    outcome: &Result<Done, Fault>,
    out: &mut Vec<Effect>,
) {
    let what = match mutation {
        Mutation::Change(change) => format!("{} of {}", change.call().1, clean(&change.object())),
        Mutation::Contain(_) | Mutation::Rotation(_) => "the change".to_owned(),
    };
    match outcome {
        Ok(_) => model.notice(Level::Info, format!("done: {what} is in effect: no answer came, but it was read back")),
        Err(fault) if fault.leaves_unknown() => {
            model.notice(Level::Error, format!("outcome still unknown: {what}: {}", fault.message.shown_within(300)));
        }
        Err(_) => model.notice(Level::Error, format!("not done: {what} is not in effect: it was read back; do it once more")),
    }
    changed_rows(model, session, mutation, outcome, out);
}

fn changed_rows(
    model: &mut Model,
    session: SessionId,
    mutation: &Mutation,
    outcome: &Result<Done, Fault>,
    out: &mut Vec<Effect>,
) {
    if session == model.session {
        run(model, out, |model, out| {
            let cx = panes::Ctx { now: model.now, moment: model.moment, regions: &model.view.regions };
            model.panes.on_changed(mutation, outcome, &cx, out);
        });
    }
    changed(model);
}

/// What comes next after a change that did not end well. What Bartizan decided itself says why.
fn next(fault: &Fault) -> String {
    if fault.is_own() {
        return format!("{}; {}", fault.message.shown_within(300), fault.advice());
    }
    if fault.leaves_unknown() {
        return "AWS may have done it; wait for what is read back before you repeat it".to_owned();
    }
    fault.advice()
}

/// What an answer of AWS means: a rotation has then only been begun or told something, and its board says how it goes on.
fn happened(mutation: &Mutation) -> &'static str {
    match mutation {
        Mutation::Change(_) | Mutation::Contain(_) => "done",
        Mutation::Rotation(_) => "under way",
    }
}

/// What a failure means for the account: nothing changed, or nobody knows.
fn failed(fault: &Fault) -> String {
    if fault.leaves_unknown() { format!("outcome unknown ({})", fault.title()) } else { format!("not done ({})", fault.title()) }
}
