//! What the trail pane does.

use super::model::{Model, Progress, Window};
use super::{Action, LOOKUP, Msg, Read, parse_attribute};
use crate::domain::event::{Event, EventPage, Lookup, LookupKey, Reach, Search};
use crate::domain::fault::Fault;
use crate::domain::text::Untrusted;
use crate::kit::action::Availability;
use crate::kit::effect::{Level, Out, Pivot, Slot};
use crate::panes::{Ctx, and_global, needs, needs_row, quoted, toggle_query};

/// Searches anew with the same window and attribute.
pub fn load(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) {
    let (from, to) = model.window.range(cx.now);
    let lookup = Lookup { from, to, attribute: model.attribute.clone() };
    let same = model.lookup.as_ref().is_some_and(|old| old.attribute == lookup.attribute && old.from <= lookup.from);
    if same {
        // A repeated search: the rows stay where they are until their region has told whether they are still in range.
        model.table.begin_refresh();
    } else {
        model.table.clear();
    }
    let regions = regions_for(&lookup, cx.regions);
    model.remote.begin(regions.iter().cloned(), cx.now);
    model.progress = regions.iter().map(|region| (region.clone(), Progress::default())).collect();
    model.lookup = Some(lookup.clone());
    out.read(LOOKUP, Read::Lookup { regions, lookup });
}

/// Of a principal the global region is asked, too.
fn regions_for(lookup: &Lookup, chosen: &[String]) -> Vec<String> {
    match lookup.attribute {
        Some((LookupKey::AccessKeyId | LookupKey::Username, _)) => and_global(chosen),
        _ => chosen.to_vec(),
    }
}

/// Takes the attribute that was typed, and searches for it.
pub fn search(model: &mut Model, text: &str, cx: &Ctx<'_>, out: &mut Out<Read>) -> Result<(), String> {
    model.attribute = parse_attribute(text)?;
    load(model, cx, out);
    Ok(())
}

/// Shows what another pane wants searched.
pub fn go_to(model: &mut Model, search: &Search, cx: &Ctx<'_>, out: &mut Out<Read>) {
    model.window = Window::Asked(search.reach);
    model.attribute = search.attribute.clone();
    model.before_filter = None;
    model.table.filter(crate::kit::query::Query::default());
    load(model, cx, out);
}

const FAILURES: &str = "!outcome=done";
const WRITES: &str = "!access=read";

/// Does one of the pane's own actions. [`Action::Attribute`] needs a typed text: see [`search`].
pub fn on_action(model: &mut Model, action: Action, cx: &Ctx<'_>, out: &mut Out<Read>) {
    match action {
        Action::Attribute => {}
        Action::Longer => step_window(model, 1, cx, out),
        Action::Shorter => step_window(model, -1, cx, out),
        Action::Everyone => {
            model.attribute = None;
            load(model, cx, out);
        }
        Action::Failures => toggle(model, FAILURES, out),
        Action::Writes => toggle(model, WRITES, out),
        Action::Address | Action::Actor | Action::Resource | Action::User | Action::Keys => {
            if let Some(event) = model.table.selected().cloned() {
                about(model, action, &event, cx, out);
            }
        }
    }
}

/// Switches one of the ready-made filters on or off. From one of them to the next, what was there before all of them is remembered.
fn toggle(model: &mut Model, ready_made: &str, out: &mut Out<Read>) {
    let in_force = model.table.query().text();
    let other = in_force != ready_made && (in_force == FAILURES || in_force == WRITES || in_force.starts_with("origin:\""));
    let remembered = other.then(|| model.before_filter.take());
    toggle_query(&mut model.table, &mut model.before_filter, ready_made, out);
    if let Some(remembered) = remembered {
        model.before_filter = remembered;
    }
}

/// The actions that need the selected event.
fn about(model: &mut Model, action: Action, event: &Event, cx: &Ctx<'_>, out: &mut Out<Read>) {
    match action {
        Action::Address => toggle(model, &quoted("origin", event.origin.raw()), out),
        Action::Actor => {
            if let Some(attribute) = actor_of(event) {
                go_to(model, &around(event, Some(attribute)), cx, out);
            }
        }
        Action::Resource => {
            if let Some(target) = &event.target {
                let attribute = (LookupKey::ResourceName, target.raw().to_owned());
                go_to(model, &around(event, Some(attribute)), cx, out);
            }
        }
        Action::User => {
            if let Some(name) = iam_user(event) {
                out.go(Pivot::User { name, id: None });
            }
        }
        Action::Keys => {
            if let Some(user) = iam_user(event) {
                out.go(Pivot::Keys { user });
            }
        }
        _ => {}
    }
}

fn step_window(model: &mut Model, by: isize, cx: &Ctx<'_>, out: &mut Out<Read>) {
    let at = Window::PRESETS.iter().position(|preset| *preset == model.window);
    let next = match at {
        Some(at) => at.saturating_add_signed(by).min(Window::PRESETS.len() - 1),
        // From a range of another pane to the nearest presets.
        None if by > 0 => 2,
        None => 1,
    };
    let Some(window) = Window::PRESETS.get(next).copied() else { return };
    if at == Some(next) {
        out.notice(Level::Info, format!("already at {}", window.words()));
        return;
    }
    model.window = window;
    load(model, cx, out);
}

/// Whether one of the pane's own actions can be done now.
pub fn available(model: &Model, action: Action, _cx: &Ctx<'_>) -> Availability {
    let event = model.table.selected();
    match (action, event) {
        (Action::Attribute | Action::Longer | Action::Shorter | Action::Failures | Action::Writes, _) => Availability::Ready,
        (Action::Everyone, _) => needs(model.attribute.as_ref(), "the search has no attribute"),
        (_, None) => needs_row(event, "event"),
        (Action::Address, Some(_)) => Availability::Ready,
        (Action::Actor, Some(event)) => needs(actor_of(event).as_ref(), "the event names no actor"),
        (Action::Resource, Some(event)) => needs(event.target.as_ref(), "the event names no resource"),
        (Action::User | Action::Keys, Some(event)) => needs(iam_user(event).as_ref(), "the actor is no IAM user"),
    }
}

/// Takes what a read has brought.
pub fn on_message(model: &mut Model, message: Msg, cx: &Ctx<'_>) {
    match message {
        Msg::Page(page) => take_page(model, page, cx),
        Msg::Waiting { region, until } => model.progress.entry(region).or_default().waiting = Some(until),
        Msg::Ended { region, result } => {
            if let Some(progress) = model.progress.get_mut(&region) {
                progress.waiting = None;
            }
            if result.is_ok() {
                model.table.end_refresh_where(|event| event.region.raw() == region);
            }
            model.remote.end(&region, result, cx.now);
        }
    }
}

fn take_page(model: &mut Model, page: EventPage, cx: &Ctx<'_>) {
    let progress = model.progress.entry(page.region).or_default();
    progress.pages = page.pages;
    progress.events += page.events.len() as u64;
    progress.undecoded += u64::from(page.undecoded);
    progress.waiting = None;
    progress.more = page.more;
    let oldest = page.events.iter().map(|event| event.time).min();
    progress.oldest = [progress.oldest, oldest].into_iter().flatten().min();
    model.table.extend(page.events, cx.now);
}

/// Stops the search; what has come stays.
pub fn stop(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) -> bool {
    let running = model.remote.is_loading();
    if running {
        model.remote.stop(cx.now);
        out.cancel(LOOKUP);
    }
    running
}

/// A task broke: the regions that had not ended have failed.
pub fn on_broken(model: &mut Model, slot: &Slot, fault: &Fault, cx: &Ctx<'_>) {
    if *slot == LOOKUP {
        for region in model.remote.open.clone() {
            model.remote.end(&region, Err(fault.clone()), cx.now);
        }
    }
}

/// The search for what else was done with the event's access key, else by its actor, an hour before and after.
pub fn trail_of(model: &Model) -> Option<Search> {
    let event = model.table.selected()?;
    let by_key = event.access_key.as_ref().map(|key| (LookupKey::AccessKeyId, key.raw().to_owned()));
    Some(around(event, Some(by_key.or_else(|| actor_of(event))?)))
}

fn around(event: &Event, attribute: Option<(LookupKey, String)>) -> Search {
    Search { reach: Reach::of_event(event.time), attribute }
}

/// What `LookupEvents` calls the event's user: of an assumed role it is the session's name.
fn actor_of(event: &Event) -> Option<(LookupKey, String)> {
    let raw = event.actor.raw();
    let name = raw.rsplit('/').next().unwrap_or(raw);
    (!name.is_empty()).then(|| (LookupKey::Username, name.to_owned()))
}

fn iam_user(event: &Event) -> Option<Untrusted> {
    match event.actor_type.raw() {
        "IAMUser" => Some(event.actor.clone()),
        "Root" => Some(crate::domain::user::ROOT_NAME.into()),
        _ => None,
    }
}

/// What `copy` copies: its name for the notice, and the text.
pub fn copied(model: &Model) -> Option<(&'static str, String)> {
    model.table.selected().map(|event| ("event id", event.id.shown().into_string()))
}
