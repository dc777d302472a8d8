//! `Esc`: one step back, never out.

use crate::app::{Effect, Model, Overlay};
use crate::kit::query::Query;
use crate::panes;

use super::{actions, changed, run};

/// Closes what was opened last: a field, a window, the detail, a notice that stays; then clears the filter; then stops reading; then
/// goes back to the pane from which we came. It never quits.
pub(super) fn back(model: &mut Model, out: &mut Vec<Effect>) {
    changed(model);
    let closed = close_field(model) || close_window(model) || close_notices(model);
    if !closed
        && !clear_filter(model)
        && !stop(model, out)
        && let Some(pane) = model.trace.pop()
    {
        actions::show(model, pane, out);
    }
}

fn close_field(model: &mut Model) -> bool {
    if let Some(Overlay::Help(reader) | Overlay::Record(reader)) = &mut model.overlay
        && reader.search.take().is_some()
    {
        return true;
    }
    if model.overlay.is_some() {
        return false;
    }
    if model.terminals.shown.is_some() {
        return model.terminals.reading_mut().is_some_and(|reading| reading.search.take().is_some());
    }
    if let Some(filter) = model.filter.take() {
        apply(model, &filter.before);
        return true;
    }
    model.detail.search.take().is_some()
}

fn close_window(model: &mut Model) -> bool {
    if model.overlay.take().is_some() {
        return true;
    }
    let open = model.detail.open;
    model.detail.open = false;
    open
}

/// Those that vanish by themselves vanish now, and that is no step of its own.
fn close_notices(model: &mut Model) -> bool {
    let staying = model.notices.iter().any(|notice| notice.until.is_none());
    model.notices.clear();
    staying
}

fn stop(model: &mut Model, out: &mut Vec<Effect>) -> bool {
    let mut stopped = false;
    run(model, out, |model, out| {
        let cx = panes::Ctx { now: model.now, moment: model.moment, regions: &model.view.regions };
        stopped = model.panes.stop(model.focus, &cx, out);
    });
    stopped
}

fn clear_filter(model: &mut Model) -> bool {
    let filtered = !model.listing().shown_query().text().is_empty();
    if filtered {
        model.panes.listing_mut(model.focus).apply(Query::default());
    }
    filtered
}

/// Puts a filter in force that was understood before.
fn apply(model: &mut Model, text: &str) {
    if let Ok(query) = model.listing().understand(text) {
        model.panes.listing_mut(model.focus).apply(query);
    }
}
