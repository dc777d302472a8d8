//! What the findings pane does.

use super::pivot::{self, Way};
use super::{Action, LIST, Model, Msg, Read};
use crate::domain::fault::Fault;
use crate::domain::finding::{Finding, Principal};
use crate::domain::shell::Target;
use crate::domain::text::Untrusted;
use crate::kit::action::Availability;
use crate::kit::effect::{Level, Out, Pivot, Slot};
use crate::panes::{Ctx, needs, needs_row, quoted, toggle_query};

/// Reads every region anew; what is shown stays until its region is complete.
pub fn load(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) {
    model.table.begin_refresh();
    model.remote.begin(cx.regions.iter().cloned(), cx.now);
    out.read(LIST, Read::List { regions: cx.regions.to_vec(), archived: model.archived });
}

/// Does one of the pane's own actions.
pub fn on_action(model: &mut Model, action: Action, cx: &Ctx<'_>, out: &mut Out<Read>) {
    let Some(finding) = model.table.selected().cloned() else {
        if action == Action::Archived {
            show_others(model, cx, out);
        }
        return;
    };
    match action {
        Action::Archived => show_others(model, cx, out),
        Action::Similar => {
            let query = quoted("type", finding.kind.raw());
            let on = model.table.query().text().starts_with("type:\"");
            let query = if on { model.table.query().text().to_owned() } else { query };
            toggle_query(&mut model.table, &mut model.before_similar, &query, out);
        }
        Action::User | Action::Keys | Action::Contain | Action::Node => lead(model, action, &finding, out),
        Action::Shell => {
            let region = Some(finding.key.region.clone());
            out.session_on(finding.instance.map(|node| Target { node, region, name: None }));
        }
    }
}

/// Leads to what the finding names: to the next each time, where there are several.
fn lead(model: &mut Model, action: Action, finding: &Finding, out: &mut Out<Read>) {
    let name = |user: &Principal| user.name.shown_within(64).into_string();
    let (way, users) = match action {
        Action::Node => {
            let id = |id: &Untrusted| id.shown_within(64).into_string();
            if let Some((id, note)) = pivot::next(&mut model.turn, finding, Way::Node, &finding.instances, id) {
                out.go(Pivot::Node { id });
                out.notices(note);
            }
            return;
        }
        Action::Contain => (Way::Contain, finding.users().cloned().collect()),
        Action::Keys => (Way::Keys, pivot::users(finding)),
        _ => (Way::User, pivot::users(finding)),
    };
    let Some((user, note)) = pivot::next(&mut model.turn, finding, way, &users, name) else { return };
    out.go(match way {
        Way::Keys => Pivot::Keys { user: user.name },
        Way::Contain => Pivot::Contain { user: user.name, account: finding.key.account.clone() },
        _ => Pivot::User { name: user.name, id: user.id },
    });
    out.notices(note);
}

/// Current, archived, both: rows that are not wanted any more vanish at once, the others are read.
fn show_others(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) {
    model.archived = model.archived.next();
    let archived = model.archived;
    model.table.retain(|finding| archived.admits(finding.archived));
    out.notice(Level::Info, format!("showing {} findings", archived.word()));
    load(model, cx, out);
}

/// Whether one of the pane's own actions can be done now.
pub fn available(model: &Model, action: Action, _cx: &Ctx<'_>) -> Availability {
    let finding = model.table.selected();
    match (action, finding) {
        (Action::Archived, _) => Availability::Ready,
        (_, None) => needs_row(finding, "finding"),
        (Action::Similar, Some(_)) => Availability::Ready,
        (Action::User | Action::Keys, Some(finding)) => pivot::user_available(finding),
        (Action::Contain, Some(finding)) => pivot::contain_available(finding),
        (Action::Node | Action::Shell, Some(finding)) => needs(finding.instance.as_ref(), "the finding names no instance"),
    }
}

/// Takes what a read has brought.
pub fn on_message(model: &mut Model, message: Msg, cx: &Ctx<'_>) {
    match message {
        Msg::Page { findings, .. } => model.table.extend(findings, cx.now),
        Msg::Ended { region, result } => {
            if result.is_ok() {
                model.table.end_refresh_where(|finding| finding.key.region == region);
            }
            model.remote.end(&region, result, cx.now);
        }
    }
}

/// Stops what is being read; what has come stays.
pub fn stop(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) -> bool {
    let running = model.remote.is_loading();
    if running {
        model.remote.stop(cx.now);
        out.cancel(LIST);
    }
    running
}

/// A task broke: the regions that had not ended have failed.
pub fn on_broken(model: &mut Model, slot: &Slot, fault: &Fault, cx: &Ctx<'_>) {
    if *slot == LIST {
        for region in model.remote.open.clone() {
            model.remote.end(&region, Err(fault.clone()), cx.now);
        }
    }
}

/// What `copy` copies: its name for the notice, and the text.
pub fn copied(model: &Model) -> Option<(&'static str, String)> {
    model.table.selected().map(|finding| ("finding id", finding.key.id.shown().into_string()))
}
