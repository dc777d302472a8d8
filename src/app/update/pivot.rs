//! From a row of one pane to another pane, if what the row is about is in the session's account.

use crate::app::{Effect, Model};
use crate::domain::text::clean;
use crate::kit::effect::{Level, Pivot};
use crate::panes::{self, PaneId};

use super::{actions, run};

/// Goes where a pane sends us; `Esc` comes back.
pub(super) fn go(model: &mut Model, pivot: &Pivot, out: &mut Vec<Effect>) {
    if let Some(why) = elsewhere(model, pivot) {
        return model.notice(Level::Warning, why);
    }
    let from = model.focus;
    let mut target = Err(String::new());
    run(model, out, |model, out| {
        let cx = panes::Ctx { now: model.now, moment: model.moment, regions: &model.view.regions };
        target = model.panes.pivot(pivot, &cx, out);
    });
    // A pivot that finds nothing says so and stays.
    let (pane, reading) = match target {
        Ok(target) => target,
        Err(why) => return model.notice(Level::Warning, why),
    };
    if reading && model.connection == crate::app::Connection::Ready {
        model.visited.insert(pane);
    }
    if pane != from {
        model.trace.push(from);
    }
    model.filter = None;
    model.detail.open = false;
    actions::show(model, pane, out);
}

/// Why a pivot stays where it is: what the selected row is about is in another account than the session, and what has the same name here is
/// something else. A finding may be about a member of the organisation, an event about a caller from elsewhere.
fn elsewhere(model: &Model, pivot: &Pivot) -> Option<String> {
    match pivot {
        // A filter of what is here anyway, and a search that stays in the trail.
        Pivot::Findings { .. } => None,
        Pivot::Trail { .. } if model.focus == PaneId::Trail => None,
        Pivot::Contain { account, .. } => {
            let what = model.panes.account_named(model.focus).map_or("finding", |(what, _)| what);
            foreign(model, what, account)
        }
        Pivot::Trail { .. } | Pivot::Node { .. } | Pivot::User { .. } | Pivot::Keys { .. } => not_here(model),
    }
}

/// Why nothing of this account may be opened for the selected row: it is about another.
pub(super) fn not_here(model: &Model) -> Option<String> {
    let (what, account) = model.panes.account_named(model.focus)?;
    foreign(model, what, &account)
}

fn foreign(model: &Model, what: &str, account: &str) -> Option<String> {
    // No row is shown before there is a name.
    let own = &model.view.identity.value()?.account;
    if own == account {
        return None;
    }
    if account.is_empty() {
        return Some(format!("the {what} does not say whose account it is about"));
    }
    let shown = clean(account);
    Some(format!("the {what} is about account {shown} and this session is in {own}: connect to {shown} first"))
}
