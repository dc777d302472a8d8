//! What the users pane does.

use super::model::{Model, PART_LIST, PART_REPORT};
use super::row::root;
use super::{Action, FACTS, LIST, Msg, REPORT, Read};
use crate::domain::event::{LookupKey, Search};
use crate::domain::fault::Fault;
use crate::domain::known::Known;
use crate::domain::report::CredentialReport;
use crate::domain::text::Untrusted;
use crate::domain::user::{ROOT_NAME, UserFacts};
use crate::kit::action::Availability;
use crate::kit::effect::{About, Out, Pivot, Slot};
use crate::kit::query::Query;
use crate::panes::{Ctx, Missed, last_week, needs_row, toggle_query};

/// Reads everything anew; what is shown stays until it is replaced.
pub fn load(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) {
    model.table.begin_refresh();
    model.remote.begin([PART_LIST, PART_REPORT], cx.now);
    model.report.improve(Known::Loading);
    facts_ended(model, cx);
    model.watch.forget();
    out.cancel(FACTS);
    out.read(LIST, Read::List);
    out.read(REPORT, Read::Report);
}

/// Does one of the pane's own actions.
pub fn on_action(model: &mut Model, action: Action, _cx: &Ctx<'_>, out: &mut Out<Read>) {
    match action {
        Action::NoMfa => toggle_query(&mut model.table, &mut model.without_mfa, WITHOUT_MFA, out),
        Action::Keys => {
            if let Some(user) = model.table.selected() {
                out.go(Pivot::Keys { user: user.name.clone() });
            }
        }
        Action::Findings => {
            if let Some(user) = model.table.selected() {
                out.go(Pivot::Findings { about: About::User(user.name.clone(), None) });
            }
        }
    }
}

/// Whether one of the pane's own actions can be done now.
pub fn available(model: &Model, action: Action, _cx: &Ctx<'_>) -> Availability {
    match action {
        Action::NoMfa => Availability::Ready,
        Action::Keys | Action::Findings => needs_row(model.table.selected(), "user"),
    }
}

const WITHOUT_MFA: &str = "mfa=no !password=no";

/// Takes what a read has brought.
pub fn on_message(model: &mut Model, message: Msg, cx: &Ctx<'_>) {
    match message {
        Msg::Page(users) => {
            model.table.extend(users, cx.now);
            model.find_wanted();
        }
        Msg::Listed(result) => listed(model, result, cx),
        Msg::Report(Ok(report)) => take_report(model, &report, cx),
        Msg::Report(Err(fault)) => {
            model.report.improve(Known::from_fault(fault.clone()));
            if model.table.get(&ROOT_NAME.into()).is_none() {
                model.table.extend([root()], cx.now);
            }
            model.remote.end(PART_REPORT, Err(fault), cx.now);
        }
        Msg::Facts(facts) => take_facts(model, facts, cx),
        Msg::FactsDone => facts_ended(model, cx),
    }
}

/// Users that the report still had and the list has no more were deleted since the report was made.
fn listed(model: &mut Model, result: Result<(), Fault>, cx: &Ctx<'_>) {
    if result.is_ok() {
        model.table.end_refresh_where(|user| !user.is_root());
        model.table.retain(|user| user.is_root() || user.id.is_some());
    }
    model.remote.end(PART_LIST, result, cx.now);
}

/// While the list is still coming in, or could not be read, the report's users are rows too; afterwards the list decides who exists.
fn take_report(model: &mut Model, report: &CredentialReport, cx: &Ctx<'_>) {
    let list_is_complete = model.has_list();
    let strangers = model.table.renew_known(report.users(), cx.now);
    model.table.extend(strangers.into_iter().filter(|user| user.is_root() || !list_is_complete), cx.now);
    model.find_wanted();
    model.report = Known::reported(report.generated, report.generated);
    model.remote.end(PART_REPORT, Ok(()), cx.now);
}

fn take_facts(model: &mut Model, facts: UserFacts, cx: &Ctx<'_>) {
    model.watch.arrived(&facts.name);
    let UserFacts { name, password, mfa, keys, groups } = facts;
    model.table.update(&name, cx.now, |user| {
        user.improve_password(password);
        user.mfa.improve(mfa);
        user.keys.improve(keys);
        user.groups.improve(groups);
    });
}

/// Asks for live facts of the rows on screen, once the window stands still.
pub fn settle(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) {
    let before = model.watch.asked().to_vec();
    let on_screen: Vec<Untrusted> = model.table.window().map(|user| user.name.clone()).collect();
    let Some(names) = model.watch.look(on_screen.into_iter(), cx.moment) else { return };
    give_up(model, before.iter().filter(|name| !names.contains(name)), cx);
    for name in &names {
        model.table.update(name, cx.now, |user| {
            user.password.begin();
            user.mfa.begin();
            user.keys.begin();
            user.groups.begin();
        });
    }
    out.read(FACTS, Read::Facts(names));
}

/// What was to be read about these users will not come.
fn give_up<'a>(model: &mut Model, names: impl Iterator<Item = &'a Untrusted>, cx: &Ctx<'_>) {
    for name in names {
        model.table.update(name, cx.now, |user| {
            user.password.give_up();
            user.mfa.give_up();
            user.keys.give_up();
            user.groups.give_up();
        });
    }
}

fn facts_ended(model: &mut Model, cx: &Ctx<'_>) {
    let asked = model.watch.asked().to_vec();
    give_up(model, asked.iter(), cx);
    model.watch.ended();
}

/// Stops what is being read; what has come stays.
pub fn stop(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) -> bool {
    let running = model.remote.is_loading();
    if running {
        model.remote.stop(cx.now);
        model.report.give_up();
        out.cancel(LIST);
        out.cancel(REPORT);
    }
    running
}

/// A task broke: the part it was reading has failed.
pub fn on_broken(model: &mut Model, slot: &Slot, fault: &Fault, cx: &Ctx<'_>) {
    if *slot == LIST {
        model.remote.end(PART_LIST, Err(fault.clone()), cx.now);
    } else if *slot == REPORT {
        model.report.improve(Known::from_fault(fault.clone()));
        model.remote.end(PART_REPORT, Err(fault.clone()), cx.now);
    } else if *slot == FACTS {
        facts_ended(model, cx);
    }
}

/// The search for everything that the selected user did lately.
pub fn trail_of(model: &Model) -> Option<Search> {
    let user = model.table.selected()?;
    let name = if user.is_root() { "root" } else { user.name.raw() };
    Some(last_week((LookupKey::Username, name.to_owned())))
}

/// What `copy` copies: its name for the notice, and the text.
pub fn copied(model: &Model) -> Option<(&'static str, String)> {
    model.table.selected().map(|user| ("user name", user.name.shown().into_string()))
}

/// Selects this user, as soon as it is there. A filter would hide it and is dropped.
///
/// # Errors
/// There is no such user: nothing was done. Says so.
pub fn go_to(model: &mut Model, name: &Untrusted, id: Option<&Untrusted>, cx: &Ctx<'_>) -> Result<(), String> {
    model.wanted = Some(name.clone());
    model.wanted_id = id.cloned();
    if let Some(Missed { text, is_nothing: true }) = model.missed(cx.now) {
        return Err(text);
    }
    model.wanted = Some(name.clone());
    model.wanted_id = id.cloned();
    model.table.filter(Query::default());
    model.find_wanted();
    Ok(())
}
