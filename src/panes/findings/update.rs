//! What the findings pane does.

use jiff::SignedDuration;

use super::{Action, LIST, Model, Msg, Read};
use crate::domain::event::{Lookup, LookupKey};
use crate::domain::fault::Fault;
use crate::domain::finding::Finding;
use crate::domain::shell::Target;
use crate::kit::action::Availability;
use crate::kit::effect::{Level, Out, Pivot, Slot};
use crate::kit::query::Query;
use crate::panes::{Ctx, hour_around, needs, needs_row, quoted, toggle_query};

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
        Action::User => {
            if let Some(name) = finding.principal {
                out.go(Pivot::User { name });
            }
        }
        Action::Keys => {
            if let Some(user) = finding.principal {
                out.go(Pivot::Keys { user });
            }
        }
        Action::Contain => {
            if let Some(user) = finding.principal.filter(|_| finding.is_iam_user) {
                out.go(Pivot::Contain { user, account: finding.key.account });
            }
        }
        Action::Node => {
            if let Some(id) = finding.instance {
                out.go(Pivot::Node { id });
            }
        }
        Action::Shell => {
            let region = Some(finding.key.region.clone());
            out.session_on(finding.instance.map(|node| Target { node, region, name: None }));
        }
    }
}

/// Current, archived, both: rows that are not wanted any more vanish at once, the others are read.
fn show_others(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) {
    model.archived = model.archived.next();
    let archived = model.archived;
    model.table.retain(|finding| archived.admits(finding.archived));
    model.count();
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
        (Action::User | Action::Keys, Some(finding)) => needs(finding.principal.as_ref(), "the finding names no user"),
        (Action::Contain, Some(finding)) => {
            let user = finding.principal.as_ref().filter(|_| finding.is_iam_user);
            needs(user, "the finding is about no IAM user: there are no keys to shut")
        }
        (Action::Node | Action::Shell, Some(finding)) => needs(finding.instance.as_ref(), "the finding names no instance"),
    }
}

/// Takes what a read has brought.
pub fn on_message(model: &mut Model, message: Msg, cx: &Ctx<'_>) {
    match message {
        Msg::Page { findings, .. } => {
            model.count_new(&findings);
            model.table.extend(findings, cx.now);
        }
        Msg::Ended { region, result } => {
            if result.is_ok() {
                model.table.end_refresh_where(|finding| finding.key.region == region);
            }
            model.remote.end(&region, result, cx.now);
            model.count();
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

/// The search for what happened around the selected finding: by its access key, else its user, else its instance, from an hour
/// before it was first seen to an hour after it was last seen.
pub fn trail_of(model: &Model, cx: &Ctx<'_>) -> Option<Lookup> {
    let finding = model.table.selected()?;
    let last = finding.last_seen.or(finding.updated).unwrap_or(cx.now);
    let first = finding.first_seen.unwrap_or(last);
    // Event history reaches back ninety days, and AWS refuses a beginning before them.
    let oldest = cx.now - SignedDuration::from_hours(90 * 24);
    let (from, to) = hour_around(first, last);
    let from = from.max(oldest);
    Some(Lookup { from, to: to.min(cx.now).max(from), attribute: Some(attribute(finding)?) })
}

fn attribute(finding: &Finding) -> Option<(LookupKey, String)> {
    let by = |key: LookupKey, value: &Option<crate::domain::text::Untrusted>| {
        value.as_ref().filter(|value| !value.is_empty()).map(|value| (key, value.raw().to_owned()))
    };
    by(LookupKey::AccessKeyId, &finding.access_key)
        .or_else(|| by(LookupKey::Username, &finding.principal))
        .or_else(|| by(LookupKey::ResourceName, &finding.instance))
        .or_else(|| by(LookupKey::ResourceName, &Some(finding.resource.clone())))
}

/// What `copy` copies: its name for the notice, and the text.
pub fn copied(model: &Model) -> Option<(&'static str, String)> {
    model.table.selected().map(|finding| ("finding id", finding.key.id.shown().into_string()))
}

/// Shows only what this query matches.
pub fn go_to<X>(model: &mut Model, query: &str, out: &mut Out<X>) {
    match Query::of::<Finding>(query) {
        Ok(query) => model.table.filter(query),
        Err(error) => out.notice(Level::Error, error.to_string()),
    }
}
