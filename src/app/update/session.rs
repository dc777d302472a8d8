//! Sessions and requests: which replies are taken, and which are dropped.

use crate::app::{Connection, Effect, Model, SessionNews, Task};
use crate::domain::account::{MFA_SESSION, SessionView};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::known::Known;
use crate::kit::effect::{Generation, Level, SessionId, Slot};
use crate::panes;

use super::{changed, door, lock, run};

/// Whether a reply is the answer to what was asked for last, in the session that is on screen. Anything else is dropped: data of one
/// account never appears under another's name. That none appears before there is a name is the runner's business, and a name that
/// cannot be had ends the connection.
pub(super) fn is_wanted(model: &Model, session: SessionId, slot: &Slot, generation: Generation) -> bool {
    model.connection == Connection::Ready && session == model.session && model.slots.get(slot) == Some(&generation)
}

/// Starts a read. Without a session there is nothing to read with: the pane is read when there is one.
pub(super) fn start(model: &mut Model, slot: Slot, read: panes::Read, out: &mut Vec<Effect>) {
    if model.connection != Connection::Ready {
        // Nor may the pane wait for what nobody reads.
        let pane = read.pane();
        run(model, out, |model, out| {
            let cx = panes::Ctx { now: model.now, moment: model.moment, regions: &model.view.regions };
            model.panes.stop(pane, &cx, out);
        });
        return;
    }
    model.generation.0 += 1;
    let generation = model.generation;
    model.slots.insert(slot.clone(), generation);
    out.push(Effect::Read { session: model.session, slot, generation, read });
}

/// A session stands. What was read in another one is forgotten; order, filters and calls stay.
pub(super) fn connected(model: &mut Model, session: SessionId, view: SessionView, out: &mut Vec<Effect>) {
    if session < model.session {
        return;
    }
    if session != model.session {
        model.panes.forget();
        door::disarm(model, out);
        model.door.denied.clear();
    }
    model.session = session;
    model.view = view;
    model.connection = Connection::Ready;
    model.slots.clear();
    model.visited.clear();
    visit(model, out);
    changed(model);
}

/// Reads the pane on screen, if nobody has yet.
pub(super) fn visit(model: &mut Model, out: &mut Vec<Effect>) {
    if model.connection == Connection::Ready && !model.lock.is_closed() && model.visited.insert(model.focus) {
        run(model, out, |model, out| {
            let focus = model.focus;
            let cx = panes::Ctx { now: model.now, moment: model.moment, regions: &model.view.regions };
            model.panes.load(focus, &cx, out);
        });
    }
}

/// Reads the pane on screen anew, or tries to connect where there is no session.
pub(super) fn reload(model: &mut Model, out: &mut Vec<Effect>) {
    model.door.denied.clear();
    match model.connection {
        // The same session would offer the same credentials: only a new one reads files and environment anew.
        Connection::Ready if model.panes.faults(model.focus).iter().any(|fault| fault.is_about_credentials()) => {
            model.connection = Connection::Connecting;
            out.push(Effect::Connect);
        }
        Connection::Ready => {
            model.visited.remove(&model.focus);
            visit(model, out);
        }
        Connection::Failed { .. } => {
            model.connection = Connection::Connecting;
            out.push(Effect::Connect);
        }
        Connection::Connecting => model.notice(Level::Info, "still connecting"),
    }
    changed(model);
}

/// A session that was made with an MFA code has ended: another one is made, and the person asked for another code.
pub(super) fn renew(model: &mut Model, out: &mut Vec<Effect>) {
    let source = model.view.credentials.value().filter(|source| source.provider == MFA_SESSION);
    let has_ended = source.and_then(|source| source.expires).is_some_and(|end| end <= model.now);
    if has_ended && model.connection == Connection::Ready && !model.lock.is_closed() {
        model.notice(Level::Warning, "the session with the MFA code has ended");
        model.connection = Connection::Connecting;
        out.push(Effect::Connect);
        changed(model);
    }
}

/// Something about a session has become known.
pub(super) fn news(model: &mut Model, session: SessionId, news: SessionNews, out: &mut Vec<Effect>) {
    if session < model.session {
        model.stale_dropped += 1;
        return;
    }
    match news {
        SessionNews::Failed(fault) => {
            model.session = session;
            failed(model, fault, out);
        }
        _ if session != model.session => model.stale_dropped += 1,
        SessionNews::Identity(identity) => {
            let was_closed = model.lock.is_closed();
            lock::identified(model, &identity, out);
            let fault = identity.fault().filter(|_| !was_closed && model.connection == Connection::Ready).cloned();
            // A lock that stays shut shows nobody's name.
            model.view.identity = if model.lock.is_closed() { Known::Unknown } else { identity };
            if let Some(fault) = fault {
                // Nobody knows whose rows they would be.
                failed(model, fault, out);
            }
        }
        SessionNews::Alias(alias) => model.view.alias = alias,
        SessionNews::Credentials(credentials) => {
            let fault = credentials.fault().filter(|fault| ends_session(fault)).cloned();
            model.view.credentials = credentials;
            if let Some(fault) = fault {
                failed(model, fault, out);
            }
        }
    }
    model.dirty = true;
}

/// Without credentials no call can succeed, and every pane would say the same.
fn ends_session(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::NoCredentials | FaultKind::UnknownProfile { .. } | FaultKind::ProfileUnusable { .. } | FaultKind::Expired
    )
}

fn failed(model: &mut Model, fault: Fault, out: &mut Vec<Effect>) {
    door::disarm(model, out);
    lock::failed(model, format!("{}: {}", fault.title(), fault.advice()));
    abandon(model, &fault, out);
    model.view.identity.give_up();
    model.view.alias.give_up();
    if matches!(model.view.credentials, Known::Loading) {
        model.view.credentials = Known::from_fault(fault.clone());
    }
    if matches!(fault.kind, FaultKind::OtherIdentity { .. }) {
        // Rows may stand where a failure would be told.
        model.notice(Level::Error, format!("{}: {}", fault.title(), fault.advice()));
        if let Some(notice) = model.notices.last_mut() {
            notice.until = None;
        }
    }
    model.connection = Connection::Failed { fault: Box::new(fault) };
    changed(model);
}

/// Nothing that was asked for will come: no pane may go on waiting for it.
fn abandon(model: &mut Model, fault: &Fault, out: &mut Vec<Effect>) {
    run(model, out, |model, out| {
        let cx = panes::Ctx { now: model.now, moment: model.moment, regions: &model.view.regions };
        for pane in panes::PaneId::ALL {
            model.panes.stop(pane, &cx, out);
        }
        for facts in [panes::users::FACTS, panes::keys::LIVE] {
            model.panes.on_broken(&facts, fault, &cx, out);
        }
    });
    out.extend(std::mem::take(&mut model.slots).into_keys().map(Effect::Cancel));
}

/// A task broke: a defect of ours. Its pane says so, and the rest goes on.
/// What it was reading may not be wanted any more; then only the person is told.
pub(super) fn broken(model: &mut Model, task: &Task, text: &str, out: &mut Vec<Effect>) {
    let Task { session, slot, generation } = task;
    let fault = Fault {
        kind: FaultKind::Internal,
        call: String::new(),
        region: String::new(),
        message: format!("{}: {text}", slot.name()).into(),
        request_id: None,
        at: model.now,
    };
    model.notice(Level::Error, fault.to_string());
    if generation.is_some_and(|generation| is_wanted(model, *session, slot, generation)) {
        model.slots.remove(slot);
        run(model, out, |model, out| {
            let cx = panes::Ctx { now: model.now, moment: model.moment, regions: &model.view.regions };
            model.panes.on_broken(slot, &fault, &cx, out);
        });
    } else if generation.is_none() && *session >= model.session && model.connection == Connection::Connecting {
        model.session = *session;
        failed(model, fault, out);
    }
    changed(model);
}
