//! Pivots that found nothing.

use crate::app::{Effect, Model};
use crate::kit::effect::Level;

use super::actions;

/// A pivot that had to read first has found nothing: says so, and goes back to where it came from, unless the person has gone elsewhere.
pub(super) fn missed(model: &mut Model, out: &mut Vec<Effect>) {
    let Some((pane, missed)) = model.panes.missed(model.now) else { return };
    model.notice(Level::Warning, missed.text);
    let waits = model.focus == pane && model.overlay.is_none() && model.terminals.shown.is_none() && model.filter.is_none();
    if missed.is_nothing
        && waits
        && let Some(from) = model.trace.pop()
    {
        actions::show(model, from, out);
    }
}
