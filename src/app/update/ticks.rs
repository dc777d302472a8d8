//! Time: what moves by itself, and how often it has to be drawn.

use jiff::{SignedDuration, Timestamp};

use crate::app::{Cadence, Connection, Effect, Model};
use crate::domain::moment::Moment;
use crate::domain::shell::ShellState;
use crate::panes::PaneId;

use super::{door, lock, session};
use crate::app::lock::WARNING;

/// A spinner turns eight times a second.
const FRAME_MS: u128 = 125;
/// After this long a started sequence of keys shows how it can go on.
pub(super) const WHICH_KEY: SignedDuration = SignedDuration::from_millis(250);

/// The time has come to `now` by the wall clock and to `moment` by the one that nobody can set. What ends by itself ends by the latter;
/// the former dates what AWS told us.
pub(super) fn tick(model: &mut Model, now: Timestamp, moment: Moment, out: &mut Vec<Effect>) {
    let dated = std::mem::replace(&mut model.now, now);
    let before = std::mem::replace(&mut model.moment, moment);
    door::expire(model, moment, out);
    lock::lock_when_idle(model, out);
    session::renew(model, out);
    let new_second = before.as_secs() != moment.as_secs() || dated.as_second() != now.as_second();
    let second = counts_seconds(model) && new_second;
    let expired = model.notices.iter().any(|notice| notice.until.is_some_and(|until| until <= moment));
    if expired {
        model.notices.retain(|notice| notice.until.is_none_or(|until| until > moment));
    }
    let frame = before.as_millis() / FRAME_MS != moment.as_millis() / FRAME_MS;
    let minute = dated.as_second().div_euclid(60) != now.as_second().div_euclid(60);
    let which_key = !model.pending.is_empty()
        && before.since(model.pending_since) < WHICH_KEY
        && moment.since(model.pending_since) >= WHICH_KEY;
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
    let locks_soon = model.lock.left(model.moment).is_some_and(|left| left <= WARNING);
    let waits = model.lock.closed.as_ref().is_some_and(|closed| closed.asking && closed.wait(model.moment).is_some());
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
    let shows_soon = !model.pending.is_empty() && model.moment.since(model.pending_since) < WHICH_KEY;
    if is_spinning(model) || vanishing || shows_soon {
        Some(Cadence::Spinner)
    } else if counts_seconds(model) {
        Some(Cadence::Second)
    } else {
        Some(Cadence::Minute)
    }
}

/// When something ends by itself whether or not anybody looks: arming, or the lock's patience.
pub fn ends(model: &Model) -> Option<Moment> {
    let armed = model.door.armed.map(|(_, until)| until);
    let locks = model.lock.left(model.moment).map(|left| model.moment + left);
    armed.into_iter().chain(locks).min()
}

/// Whether slices of sorting or filtering wait.
pub fn has_work(model: &Model) -> bool {
    model.panes.all_listings().iter().any(|listing| listing.has_work())
}
