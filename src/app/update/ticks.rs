//! Time: what moves by itself, and how often it has to be drawn.

use jiff::{SignedDuration, Timestamp};

use crate::app::{Cadence, Connection, Effect, Model};
use crate::domain::shell::ShellState;
use crate::panes::PaneId;

use super::{door, lock, session};
use crate::app::lock::WARNING;

/// A spinner turns eight times a second.
const FRAME_MS: i64 = 125;
/// After this long a started sequence of keys shows how it can go on.
pub(super) const WHICH_KEY: SignedDuration = SignedDuration::from_millis(250);

/// The time has come to `now`.
pub(super) fn tick(model: &mut Model, now: Timestamp, out: &mut Vec<Effect>) {
    let before = std::mem::replace(&mut model.now, now);
    door::expire(model, now, out);
    lock::lock_when_idle(model, out);
    session::renew(model, out);
    let new_second = before.as_second() != now.as_second();
    let second = counts_seconds(model) && new_second;
    let expired = model.notices.iter().any(|notice| notice.until.is_some_and(|until| until <= now));
    if expired {
        model.notices.retain(|notice| notice.until.is_none_or(|until| until > now));
    }
    let frame = before.as_millisecond().div_euclid(FRAME_MS) != now.as_millisecond().div_euclid(FRAME_MS);
    let minute = before.as_second().div_euclid(60) != now.as_second().div_euclid(60);
    let which_key = !model.pending.is_empty()
        && before.duration_since(model.pending_since) < WHICH_KEY
        && now.duration_since(model.pending_since) >= WHICH_KEY;
    model.dirty |= expired || which_key || minute || second || (frame && is_spinning(model));
    // The detail tells ages of seconds. It is written anew only where a frame is drawn anyway.
    model.detail_behind |= new_second;
}

/// Whether something on screen turns while it waits: the header, the tabs, the list.
fn is_spinning(model: &Model) -> bool {
    if let Some(closed) = &model.lock.closed {
        return closed.checking;
    }
    if model.terminals.current().is_some_and(|tab| !matches!(tab.state, ShellState::Open) && !tab.state.is_over()) {
        return true;
    }
    match model.connection {
        Connection::Connecting => true,
        // Nothing comes without a session.
        Connection::Failed { .. } => false,
        Connection::Ready => is_reading(model),
    }
}

/// Whether a time on screen runs down by the second, or is about to.
fn counts_seconds(model: &Model) -> bool {
    let locks_soon = model.lock.left(model.now).is_some_and(|left| left <= WARNING);
    let waits = model.lock.closed.as_ref().is_some_and(|closed| closed.asking && closed.wait(model.now).is_some());
    model.door.armed.is_some() || locks_soon || waits
}

/// Whether a pane reads or is about to.
fn is_reading(model: &Model) -> bool {
    PaneId::ALL.into_iter().any(|pane| match pane {
        PaneId::Activity | PaneId::Rotations | PaneId::Forwards => model.focus == pane && model.panes.is_loading(pane),
        _ => model.panes.is_loading(pane),
    }) || model.panes.waits(model.focus)
}

/// How often the time has to come by itself. `None`: nothing moves.
pub fn wants_ticks(model: &Model) -> Option<Cadence> {
    let vanishing = model.notices.iter().any(|notice| notice.until.is_some());
    let shows_soon = !model.pending.is_empty() && model.now.duration_since(model.pending_since) < WHICH_KEY;
    if is_spinning(model) || vanishing || shows_soon {
        Some(Cadence::Spinner)
    } else if counts_seconds(model) {
        Some(Cadence::Second)
    } else {
        Some(Cadence::Minute)
    }
}

/// Whether slices of sorting or filtering wait.
pub fn has_work(model: &Model) -> bool {
    model.panes.all_listings().iter().any(|listing| listing.has_work())
}
