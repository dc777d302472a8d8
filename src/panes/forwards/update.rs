//! What the forwards pane does.

use super::{Action, Model};
use crate::domain::event::{LookupKey, Search};
use crate::domain::forward::{Forward, ForwardSpec, ForwardState, refused};
use crate::domain::shell::SessionWish;
use crate::domain::text::clean;
use crate::kit::action::Availability;
use crate::kit::effect::{Level, Out};
use crate::panes::{Ctx, last_week};

/// Puts the presets of the configuration file on the list.
pub fn set_presets(model: &mut Model, presets: Vec<ForwardSpec>, cx: &Ctx<'_>) {
    for spec in presets {
        add(model, spec, cx);
    }
}

fn add(model: &mut Model, spec: ForwardSpec, cx: &Ctx<'_>) -> u64 {
    model.newest += 1;
    model.table.extend([Forward::new(model.newest, spec)], cx.now);
    model.newest
}

/// Takes the newest record of a forward. One that was taken off the list meanwhile stays off.
pub fn on_news<X>(model: &mut Model, news: Forward, cx: &Ctx<'_>, out: &mut Out<X>) {
    let Some(before) = model.table.get(&news.number) else { return };
    let remote = news.spec.ports.remote();
    match (&news.state, before.state != news.state) {
        (ForwardState::Failed { why }, true) => {
            out.notice(Level::Error, format!("forward to {}: {}", clean(&remote), why.shown_within(200)));
        }
        (ForwardState::Restarting { why }, true) => {
            out.notice(Level::Warning, format!("the forward to {} was lost: {}", clean(&remote), why.shown_within(200)));
        }
        _ if news.refused > before.refused => {
            let target = news
                .node
                .as_ref()
                .map_or_else(|| clean(&news.spec.target).into_owned(), |node| node.shown_within(64).into_string());
            out.notice(Level::Warning, refused(&target, &clean(&remote), news.refused - before.refused));
        }
        _ => {}
    }
    model.table.extend([news], cx.now);
}

/// Does one of the pane's own actions.
pub fn on_action<X>(model: &mut Model, action: Action, _cx: &Ctx<'_>, out: &mut Out<X>) {
    let selected = model.table.selected();
    match (action, selected) {
        (Action::Start, Some(forward)) => {
            out.session(SessionWish::StartForward { number: forward.number, spec: forward.spec.clone() });
        }
        (Action::Stop, Some(forward)) => out.session(SessionWish::StopForward { number: forward.number }),
        (Action::Clear, _) => model.table.retain(|forward| forward.state.is_active() || forward.spec.name.is_some()),
        // What is to be forwarded is typed first.
        (Action::New | Action::Start | Action::Stop, _) => {}
    }
}

/// Puts a forward that was typed on the list and starts it.
///
/// # Errors
/// The text is no forward, or its local port is taken by another one; says what would be right.
pub fn new_forward<X>(model: &mut Model, text: &str, cx: &Ctx<'_>, out: &mut Out<X>) -> Result<(), String> {
    let spec = ForwardSpec::parse(text)?;
    let taken =
        model.table.rows().find(|other| other.state.is_active() && other.port.is_some() && other.port == spec.ports.local);
    if let (Some(port), Some(other)) = (spec.ports.local, taken) {
        return Err(format!("port {port} is taken by the forward to {}; choose another local port", other.spec.ports.remote()));
    }
    let number = add(model, spec.clone(), cx);
    model.table.select(&number);
    out.session(SessionWish::StartForward { number, spec });
    Ok(())
}

/// Whether one of the pane's own actions can be done now.
pub fn available(model: &Model, action: Action, _cx: &Ctx<'_>) -> Availability {
    let state = model.table.selected().map(|forward| &forward.state);
    let no = |reason: &str| Availability::Unavailable(reason.to_owned());
    match (action, state) {
        (Action::New | Action::Clear, _) => Availability::Ready,
        (Action::Start | Action::Stop, None) => no("no forward is selected"),
        (Action::Start, Some(state)) if state.is_active() => no("this forward runs already"),
        (Action::Stop, Some(state)) if !state.is_active() => no("this forward does not run"),
        (Action::Start | Action::Stop, Some(_)) => Availability::Ready,
    }
}

/// What `copy` copies: its name for the notice, and the text.
pub fn copied(model: &Model) -> Option<(&'static str, String)> {
    let forward = model.table.selected()?;
    Some(match forward.address() {
        Some(address) => ("address", address),
        None => ("target", clean(&forward.spec.target).into_owned()),
    })
}

/// The search for what was done to the forward's node.
pub fn trail_of(model: &Model) -> Option<Search> {
    let forward = model.table.selected()?;
    let node = forward.node.as_ref().map_or(forward.spec.target.as_str(), |node| node.raw());
    let is_id = node.starts_with("i-") || node.starts_with("mi-");
    is_id.then(|| last_week((LookupKey::ResourceName, node.to_owned())))
}
