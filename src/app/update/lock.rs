//! Locking when nobody has touched a key for a while, and unlocking.

use crate::app::lock::Closed;
use crate::app::{Connection, Effect, Model};
use crate::domain::account::Identity;
use crate::domain::known::Known;
use crate::kit::input::{Code, Key};

use super::{changed, door, session};

/// Locks, if it is time. A change that AWS has been asked for goes on to its end.
pub(super) fn lock_when_idle(model: &mut Model, out: &mut Vec<Effect>) {
    if model.lock.left(model.moment).is_some_and(|left| !left.is_positive()) {
        lock(model, out);
    }
}

/// Nothing of the account stays: neither on screen nor in what the panes know. The session with its credentials goes, too.
fn lock(model: &mut Model, out: &mut Vec<Effect>) {
    door::disarm(model, out);
    model.lock.closed = Some(Closed::new(model.lock.owner.clone(), model.moment));
    model.overlay = None;
    model.filter = None;
    model.detail = super::super::Detail { scroll: model.detail.scroll.clone(), ..super::super::Detail::default() };
    model.pending.clear();
    model.notices.clear();
    model.panes.forget();
    model.slots.clear();
    model.visited.clear();
    model.connection = Connection::Connecting;
    (model.view.identity, model.view.alias, model.view.credentials) = (Known::Unknown, Known::Unknown, Known::Unknown);
    out.push(Effect::Lock);
    changed(model);
}

/// A key on a locked console: the first one says how to unlock, `enter` tries it. Nothing else is done.
pub(super) fn on_key(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    let interrupts = key == Key { code: Code::Char('c'), ctrl: true, alt: false };
    if interrupts && std::mem::replace(&mut model.interrupted, interrupts) {
        out.push(Effect::Quit);
    }
    model.interrupted = interrupts;
    let now = model.moment;
    let Some(closed) = &mut model.lock.closed else { return };
    let ready = closed.asking && !closed.guarded && !closed.checking && closed.wait(now).is_none();
    closed.asking = true;
    if ready && key.code == Code::Enter {
        closed.checking = true;
        closed.why = None;
        out.push(Effect::Connect);
    }
}

/// Whether a passphrase is wanted from now on.
pub(super) fn guarded(model: &mut Model, is_guarded: bool) {
    if let Some(closed) = &mut model.lock.closed {
        closed.guarded = is_guarded;
        changed(model);
    }
}

/// A passphrase has been typed. It is looked at unless one is being looked at, or a wait runs: that is not cut short by any key.
pub(super) fn try_passphrase(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.moment;
    let Some(closed) = model.lock.closed.as_mut().filter(|closed| closed.guarded && !closed.checking) else { return };
    if closed.wait(now).is_none() {
        closed.checking = true;
        closed.why = None;
        out.push(Effect::Unlock);
    }
    changed(model);
}

/// The passphrase has been looked at. With the right one AWS is asked who we are, as without any.
pub(super) fn unlocked(model: &mut Model, result: Result<(), String>, out: &mut Vec<Effect>) {
    let now = model.moment;
    let Some(closed) = &mut model.lock.closed else { return };
    match result {
        Ok(()) => out.push(Effect::Connect),
        Err(why) => closed.fail(why, now),
    }
    changed(model);
}

/// AWS has said who we are, or why not. Only whom the console was locked as may go on.
pub(super) fn identified(model: &mut Model, identity: &Known<Identity>, out: &mut Vec<Effect>) {
    let now = model.moment;
    let Some(closed) = &mut model.lock.closed else {
        if let Known::Value { value, .. } = identity {
            model.lock.owner = Some(value.clone());
        }
        return;
    };
    // Only somebody who asked to come in does so, and only by the session that was made for it: an answer that was on its way when the
    // console locked opens nothing.
    if !closed.checking || model.connection != Connection::Ready {
        return;
    }
    match identity {
        Known::Value { value, .. } => {
            let same = closed.identity.as_ref().is_none_or(|was| was.is_same_principal(value));
            if same {
                model.lock.closed = None;
                model.lock.owner = Some(value.clone());
                model.lock.touched = now;
                session::visit(model, out);
            } else {
                closed.fail("these are somebody else's credentials: quit and start again to use them", now);
                out.push(Effect::Lock);
            }
        }
        Known::Denied { fault } | Known::Failed { fault } => {
            closed.fail(format!("{}: {}", fault.title(), fault.advice()), now);
            out.push(Effect::Lock);
        }
        Known::Unknown | Known::Loading => {}
    }
    changed(model);
}

/// There is no session to unlock with.
pub(super) fn failed(model: &mut Model, why: String) {
    let now = model.moment;
    if let Some(closed) = &mut model.lock.closed {
        closed.fail(why, now);
    }
}
