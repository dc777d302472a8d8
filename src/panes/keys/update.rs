//! What the keys pane does.

use jiff::SignedDuration;

use super::model::{Model, PART_REPORT, PART_SWEEP};
use super::{Action, BEFORE, CHANGED, LIVE, Msg, PLAN, REPORT, Read, SWEEP, WHO, change, contain, rotate, who};
use crate::domain::event::{LookupKey, Search};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::key::{AccessKey, KeyHandle};
use crate::domain::known::{Known, Source};
use crate::domain::report::CredentialReport;
use crate::domain::text::Untrusted;
use crate::domain::user::ROOT_NAME;
use crate::kit::action::Availability;
use crate::kit::effect::{About, Out, Pivot, Slot};
use crate::kit::query::Query;
use crate::kit::remote::Phase;
use crate::kit::table::Limits;
use crate::panes::{Ctx, Missed, last_week, needs, needs_row, toggle_query};

/// Reads everything anew; what is shown stays until it is replaced.
pub fn load(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) {
    model.remote.begin([PART_REPORT], cx.now);
    model.report.improve(Known::Loading);
    live_ended(model, cx);
    model.watch.forget();
    model.untold.clear();
    model.keyless.clear();
    out.cancel(LIVE);
    out.cancel(SWEEP);
    out.read(REPORT, Read::Report);
}

/// Does one of the pane's own actions.
pub fn on_action(model: &mut Model, action: Action, cx: &Ctx<'_>, out: &mut Out<Read>) {
    match (action, model.table.selected()) {
        (Action::Overdue, _) => {
            let query = overdue(model.table.limits());
            toggle_query(&mut model.table, &mut model.before_overdue, &query, out);
        }
        (Action::User, Some(key)) => out.go(Pivot::User { name: key.handle.user.clone(), id: None }),
        (Action::Findings, Some(key)) => {
            out.go(Pivot::Findings { about: About::User(key.handle.user.clone(), key.id.value().cloned()) });
        }
        (Action::User | Action::Findings, None) => {}
        (Action::Contain | Action::Expel, Some(key)) => {
            let user = key.handle.user.clone();
            contain::contain(model, user, action == Action::Expel, out);
        }
        (Action::Contain | Action::Expel, None) => {}
        (Action::Release, _) => contain::release(model, out),
        (Action::Who, _) => who::look(model, cx, out),
        // What is typed comes first: see [`rotate::typed`].
        (Action::Rotate, _) => {}
        (Action::Deactivate | Action::Activate | Action::Delete, _) => change::ask(model, action, cx, out),
    }
}

/// The query for keys over the limit.
fn overdue(limits: Limits) -> String {
    format!("age>{}d !status=inactive !status=expired", limits.key_age.days())
}

/// Whether one of the pane's own actions can be done now.
pub fn available(model: &Model, action: Action, _cx: &Ctx<'_>) -> Availability {
    match action {
        Action::Overdue => Availability::Ready,
        Action::User | Action::Findings => needs_row(model.table.selected(), "key"),
        Action::Deactivate | Action::Activate | Action::Delete => change::available(model, action),
        Action::Rotate => rotate::available(model),
        Action::Contain | Action::Expel | Action::Release => contain::available(model, action),
        Action::Who => match model.table.selected() {
            Some(key) => needs(key.id.value(), "the id of the key is not known yet"),
            None => needs_row(model.table.selected(), "key"),
        },
    }
}

/// Takes what a read has brought.
pub fn on_message(model: &mut Model, slot: &Slot, message: Msg, cx: &Ctx<'_>, out: &mut Out<Read>) {
    match message {
        Msg::Report(Ok(report)) => take_report(model, &report, cx),
        Msg::Report(Err(fault)) => sweep_instead(model, fault, cx, out),
        Msg::Keys { user, result } => {
            model.swept += u64::from(*slot == SWEEP);
            take_keys(model, &user, result, cx);
        }
        Msg::LastUsed { handle, result } => {
            model.table.update(&handle, cx.now, |key| key.last_used.improve(Known::from_result(result, cx.now)));
        }
        // The sweep leaves out the last uses: they are still to be asked for.
        Msg::UserDone(_) if *slot == SWEEP => {}
        Msg::UserDone(user) => model.watch.arrived(&user),
        Msg::Listed(_) if *slot == CHANGED => {}
        Msg::Listed(result) if *slot == SWEEP => sweep_ended(model, result, cx),
        Msg::Listed(_) => live_ended(model, cx),
        Msg::Before { result, password } => contain::before(model, result, password, cx, out),
        Msg::Planned { all, at_once } => rotate::planned(model, all, at_once, cx, out),
        Msg::UsesLast(_) | Msg::UsesPage(_) | Msg::UsesWait { .. } | Msg::UsesEnded { .. } => {
            if let Some(who) = &mut model.who {
                who.take(message, cx, out);
            }
        }
    }
}

fn take_report(model: &mut Model, report: &CredentialReport, cx: &Ctx<'_>) {
    model.table.begin_refresh();
    model.table.extend(report.keys(), cx.now);
    // AWS makes the report at most every four hours: what a live call has told since then is newer.
    let told_since =
        |key: &AccessKey| key.id.origin().is_some_and(|(source, at)| source != Source::CredentialReport && at > report.generated);
    model.table.end_refresh_where(|key| !told_since(key));
    model.report = Known::reported(report.generated, report.generated);
    model.remote.end(PART_REPORT, Ok(()), cx.now);
    model.find_wanted();
}

/// Without a report every user has to be asked. It takes a while; rows come as they are told.
fn sweep_instead(model: &mut Model, fault: Fault, cx: &Ctx<'_>, out: &mut Out<Read>) {
    model.report = Known::from_fault(fault);
    model.table.begin_refresh();
    model.swept = 0;
    model.remote.begin([PART_SWEEP], cx.now);
    out.read(SWEEP, Read::AllUsers);
}

fn sweep_ended(model: &mut Model, result: Result<(), Fault>, cx: &Ctx<'_>) {
    // A list that lacks the keys of users who were not told is not complete, though every call has ended.
    let result = result.and_then(|()| model.untold.values().next().cloned().map_or(Ok(()), Err));
    if result.is_ok() {
        model.table.end_refresh();
    }
    model.remote.end(PART_SWEEP, result, cx.now);
}

fn take_keys(model: &mut Model, user: &Untrusted, result: Result<Vec<AccessKey>, Fault>, cx: &Ctx<'_>) {
    match result {
        Ok(keys) => {
            model.untold.remove(user);
            let has_none = keys.is_empty();
            replace_keys(model, user, keys, cx);
            if has_none {
                model.keyless.insert(user.clone());
            } else {
                model.keyless.remove(user);
            }
            if has_none && model.wanted.as_ref() == Some(user) {
                model.wanted = None;
                model.missed = Some(Missed::nothing(format!("{} has no access keys", user.shown_within(64))));
            }
        }
        Err(fault) => {
            for handle in handles_of(user) {
                model.table.update(&handle, cx.now, |key| key.id.improve(Known::from_fault(fault.clone())));
            }
            if model.wanted.as_ref() == Some(user) && !is_listed(model, user) {
                model.wanted = None;
                let words = format!("the access keys of {} could not be read: {}", user.shown_within(64), fault.title());
                model.missed = Some(if is_nobody(&fault) { Missed::nothing(words) } else { Missed::unknown(words) });
            }
            model.untold.insert(user.clone(), fault);
        }
    }
    model.find_wanted();
}

fn is_listed(model: &Model, user: &Untrusted) -> bool {
    handles_of(user).iter().any(|handle| model.table.get(handle).is_some())
}

/// Whether the owner does not exist, by IAM's word.
fn is_nobody(fault: &Fault) -> bool {
    matches!(&fault.kind, FaultKind::Refused { code } if code.starts_with("NoSuchEntity"))
}

pub(super) fn handles_of(user: &Untrusted) -> [KeyHandle; 2] {
    [1, 2].map(|ordinal| KeyHandle { user: user.clone(), ordinal })
}

/// The report's positions need not be those of the list: a key is told by the time when it was made. Keys that are gone vanish.
fn replace_keys(model: &mut Model, user: &Untrusted, keys: Vec<AccessKey>, cx: &Ctx<'_>) {
    let known: Vec<AccessKey> = handles_of(user).iter().filter_map(|handle| model.table.get(handle).cloned()).collect();
    let told: Vec<KeyHandle> = keys.iter().map(|key| key.handle.clone()).collect();
    let merged: Vec<AccessKey> = keys
        .into_iter()
        .map(|mut key| {
            if let Some(old) = known.iter().find(|old| is_same_key(old, &key)) {
                let mut last_used = old.last_used.clone();
                last_used.improve(std::mem::replace(&mut key.last_used, Known::Unknown));
                key.last_used = last_used;
                key.change = old.change.clone();
            }
            key
        })
        .collect();
    for key in &merged {
        model.table.update(&key.handle, cx.now, |row| *row = key.clone());
    }
    // Counts them as read in this refresh, and adds those that are new.
    model.table.extend(merged, cx.now);
    if known.iter().any(|old| !told.contains(&old.handle)) {
        model.table.retain(|key| key.handle.user != *user || told.contains(&key.handle));
    }
}

fn is_same_key(old: &AccessKey, new: &AccessKey) -> bool {
    match (old.id.value(), new.id.value(), old.created.value(), new.created.value()) {
        (Some(old), Some(new), _, _) => old == new,
        // The report gives whole seconds where the list may give fractions.
        (_, _, Some(old), Some(new)) => old.duration_since(*new).abs() < SignedDuration::from_secs(2),
        _ => false,
    }
}

/// Asks for live facts of the owners on screen, once the window stands still, and of the owner another pane sent us to: all of the owner's
/// keys may be newer than the report. Root's keys are told by the report alone.
pub fn settle(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) {
    let before = model.watch.asked().to_vec();
    let mut on_screen: Vec<Untrusted> = Vec::new();
    for user in model.table.window().map(|key| &key.handle.user).chain(&model.wanted) {
        if user.raw() != ROOT_NAME && !on_screen.contains(user) {
            on_screen.push(user.clone());
        }
    }
    let Some(users) = model.watch.look(on_screen.into_iter(), cx.moment) else { return };
    give_up(model, before.iter().filter(|user| !users.contains(user)), cx);
    for handle in users.iter().flat_map(handles_of) {
        model.table.update(&handle, cx.now, |key| {
            key.id.begin();
            key.last_used.begin();
        });
    }
    out.read(LIVE, Read::OfUsers(users));
}

fn give_up<'a>(model: &mut Model, users: impl Iterator<Item = &'a Untrusted>, cx: &Ctx<'_>) {
    for handle in users.flat_map(handles_of) {
        model.table.update(&handle, cx.now, |key| {
            key.id.give_up();
            key.last_used.give_up();
        });
    }
}

fn live_ended(model: &mut Model, cx: &Ctx<'_>) {
    let asked = model.watch.asked().to_vec();
    give_up(model, asked.iter(), cx);
    model.watch.ended();
}

/// Stops what is being read; what has come stays. Returns whether there was anything to stop.
pub fn stop(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) -> bool {
    let running = model.remote.is_loading();
    if running {
        model.remote.stop(cx.now);
        model.report.give_up();
        out.cancel(REPORT);
        out.cancel(SWEEP);
    }
    let looking = model.who.as_mut().filter(|who| who.remote.is_loading());
    let looks = looking.is_some();
    if let Some(who) = looking {
        who.stop(cx);
        out.cancel(WHO);
    }
    let planned = std::mem::take(&mut model.planning);
    let containing = std::mem::take(&mut model.containing);
    for (stopped, slot) in [(planned, PLAN), (containing, BEFORE)] {
        if stopped {
            out.cancel(slot);
        }
    }
    running || looks || planned || containing
}

/// A task broke: the part it was reading has failed.
pub fn on_broken(model: &mut Model, slot: &Slot, fault: &Fault, cx: &Ctx<'_>, out: &mut Out<Read>) {
    if *slot == REPORT {
        sweep_instead(model, fault.clone(), cx, out);
    } else if *slot == SWEEP {
        model.remote.end(PART_SWEEP, Err(fault.clone()), cx.now);
    } else if *slot == LIVE {
        live_ended(model, cx);
    } else if *slot == WHO
        && let Some(who) = &mut model.who
    {
        who.broken(fault, cx);
    } else if *slot == PLAN {
        model.planning = false;
    } else if *slot == BEFORE {
        model.containing = false;
    }
}

/// The search for everything that was done with the selected key, or by its owner where the id is not known.
pub fn trail_of(model: &Model) -> Option<Search> {
    let key = model.table.selected()?;
    let attribute = match key.id.value() {
        Some(id) => (LookupKey::AccessKeyId, id.raw().to_owned()),
        None if key.handle.user.raw() == ROOT_NAME => (LookupKey::Username, "root".to_owned()),
        None => (LookupKey::Username, key.handle.user.raw().to_owned()),
    };
    Some(last_week(attribute))
}

/// What `copy` copies: its name for the notice, and the text.
pub fn copied(model: &Model) -> Option<(&'static str, String)> {
    let key = model.table.selected()?;
    Some(match key.id.value() {
        Some(id) => ("access key id", id.shown().into_string()),
        None => ("user name", key.handle.user.shown().into_string()),
    })
}

/// Selects the keys of this user, as soon as they are there. A filter would hide them and is dropped.
///
/// # Errors
/// There are none: nothing was done. Says so.
pub fn go_to(model: &mut Model, user: &Untrusted) -> Result<(), String> {
    let is_listed = is_listed(model, user);
    if !is_listed && user.raw() == ROOT_NAME && model.remote.is_complete() {
        return Err("root has no access keys".into());
    }
    if !is_listed && model.keyless.contains(user) {
        return Err(format!("{} has no access keys", user.shown_within(64)));
    }
    want(model, user);
    Ok(())
}

/// The same, whether or not there are any.
pub(super) fn want(model: &mut Model, user: &Untrusted) {
    model.table.filter(Query::default());
    model.missed = None;
    model.wanted = Some(user.clone());
    model.find_wanted();
}

/// What became of a pivot that has not found its keys, once that is known.
pub fn missed(model: &mut Model) -> Option<Missed> {
    let root = model.wanted.as_ref().is_some_and(|user| user.raw() == ROOT_NAME);
    if root && !model.remote.is_loading() && model.remote.phase != Phase::NotAsked {
        model.wanted = None;
        model.missed = Some(match model.remote.is_complete() {
            true => Missed::nothing("root has no access keys"),
            false => Missed::unknown("whether root has access keys is not known: the credential report could not be read"),
        });
    }
    model.missed.take()
}
