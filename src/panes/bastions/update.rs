//! What the bastions pane does.

use super::model::{Model, View};
use super::{ACTIVE, Action, HISTORY, Msg, NODES, PREFERENCES, RECORDINGS, Read, change, recording};
use crate::domain::event::{LookupKey, Search};
use crate::domain::fault::Fault;
use crate::domain::known::Known;
use crate::domain::node::SsmSession;
use crate::domain::recording::{Recorded, Wholeness};
use crate::domain::shell::{SessionWish, Target};
use crate::domain::text::{Untrusted, clean};
use crate::kit::action::Availability;
use crate::kit::effect::{About, Level, Out, Pivot, Slot};
use crate::kit::query::Query;
use crate::kit::remote::Phase;
use crate::panes::{Ctx, Missed, last_week, needs_row, quoted, toggle_query};

/// Reads nodes and sessions of every region anew.
pub fn load(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) {
    let regions = cx.regions.to_vec();
    model.nodes.begin_refresh();
    model.nodes_remote.begin(regions.iter().cloned(), cx.now);
    out.read(NODES, Read::Nodes { regions });
    load_sessions(model, cx, out);
    if model.view == View::Recordings {
        recording::load(model, cx, out);
    }
    model.preferences.clear();
    out.cancel(PREFERENCES);
}

/// Somebody is about to open a shell in this region: reads its preferences of Session Manager, unless they are known or on their way.
pub fn want_preferences(model: &mut Model, region: &str, out: &mut Out<Read>) {
    if model.preferences.get(region).is_some_and(Known::is_live_or_loading) {
        return;
    }
    // One slot serves all regions: what was on its way there is not any more.
    model.preferences.values_mut().for_each(Known::give_up);
    model.preferences.insert(region.to_owned(), Known::Loading);
    out.read(PREFERENCES, Read::Preferences { region: region.to_owned() });
}

/// Reads the sessions of every region anew.
pub(super) fn load_sessions(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) {
    let regions = cx.regions.to_vec();
    model.sessions.begin_refresh();
    let parts = regions.iter().flat_map(|region| [part(region, true), part(region, false)]);
    model.sessions_remote.begin(parts, cx.now);
    out.read(ACTIVE, Read::Sessions { regions: regions.clone(), active: true });
    out.read(HISTORY, Read::Sessions { regions, active: false });
}

fn part(region: &str, active: bool) -> String {
    format!("{region} {}", if active { "active" } else { "history" })
}

/// Does one of the pane's own actions.
pub fn on_action(model: &mut Model, action: Action, cx: &Ctx<'_>, out: &mut Out<Read>) {
    match action {
        Action::Terminate => change::ask(model, cx, out),
        Action::View => switch(model),
        Action::Recordings if model.view == View::Recordings => model.view = View::Nodes,
        Action::Recordings => recording::show_recordings(model, cx, out),
        Action::Replay => {
            if let Some(recorded) = model.recordings.selected() {
                out.session(SessionWish::Replay(Box::new(recorded.clone())));
            }
        }
        Action::Shell => out.session_on(target_of(model)),
        Action::Other => other(model, out),
        Action::Online => match model.view {
            View::Nodes => toggle_query(&mut model.nodes, &mut model.before_online, "ping=online", out),
            View::Sessions => toggle_query(&mut model.sessions, &mut model.before_online, "status=connected", out),
            View::Recordings => {}
        },
        Action::Findings => {
            if let Some(node) = node_of(model) {
                out.go(Pivot::Findings { about: About::Node(node) });
            }
        }
    }
}

fn switch(model: &mut Model) {
    model.before_online = None;
    model.view = match model.view {
        View::Nodes => View::Sessions,
        View::Sessions | View::Recordings => View::Nodes,
    };
}

/// From a session or a recording to its node, or from a node to its sessions.
fn other(model: &mut Model, out: &mut Out<Read>) {
    let Some(node) = node_of(model) else { return };
    match model.view {
        View::Sessions | View::Recordings => match go_to(model, &node) {
            Ok(()) => {}
            Err(why) => out.notice(Level::Warning, why),
        },
        View::Nodes => {
            switch(model);
            match Query::of::<SsmSession>(&quoted("target", node.raw())) {
                Ok(query) => model.sessions.filter(query),
                Err(error) => out.notice(Level::Error, error.to_string()),
            }
        }
    }
}

/// The node that the selected row is about.
fn node_of(model: &Model) -> Option<Untrusted> {
    match model.view {
        View::Nodes => model.nodes.selected().map(|node| node.id.clone()),
        View::Sessions => model.sessions.selected().map(|session| session.target.clone()),
        View::Recordings => model.recordings.selected().and_then(|recorded| recorded.header.target.clone()),
    }
}

/// Where a shell would be opened.
fn target_of(model: &Model) -> Option<Target> {
    let id = node_of(model)?;
    let node = model.nodes.rows().find(|node| node.id == id);
    let region = match model.view {
        View::Nodes | View::Recordings => node.map(|node| node.region.clone()),
        View::Sessions => model.sessions.selected().map(|session| session.region.clone()),
    };
    Some(Target { node: id, region, name: node.and_then(|node| node.name.clone()) })
}

/// Whether one of the pane's own actions can be done now.
pub fn available(model: &Model, action: Action, _cx: &Ctx<'_>) -> Availability {
    match action {
        Action::Online if model.view == View::Recordings => Availability::Unavailable("this is about nodes and sessions".into()),
        Action::View | Action::Online | Action::Recordings => Availability::Ready,
        Action::Replay => replay_available(model),
        Action::Terminate => change::available(model),
        Action::Other | Action::Findings | Action::Shell => needs_row(node_of(model).as_ref(), "row"),
    }
}

fn replay_available(model: &Model) -> Availability {
    let no = |reason: &str| Availability::Unavailable(reason.into());
    match (model.view, model.recordings.selected()) {
        (View::Nodes | View::Sessions, _) => no("this is about recordings: show them first"),
        (View::Recordings, None) => no("no recording is selected"),
        (View::Recordings, Some(Recorded { wholeness: Wholeness::Damaged { why }, .. })) => {
            no(&format!("this recording is damaged: {}", clean(why)))
        }
        (View::Recordings, Some(_)) => Availability::Ready,
    }
}

/// Takes what a read has brought.
pub fn on_message(model: &mut Model, message: Msg, cx: &Ctx<'_>) {
    match message {
        Msg::Nodes { nodes, .. } => {
            model.nodes.extend(nodes, cx.now);
            model.find_wanted();
        }
        Msg::NodesEnded { region, result } => {
            if result.is_ok() {
                model.nodes.end_refresh_where(|node| node.region == region);
            }
            model.nodes_remote.end(&region, result, cx.now);
        }
        Msg::Sessions { sessions, .. } => model.sessions.extend(sessions, cx.now),
        Msg::SessionsEnded { region, active, result } => {
            model.sessions_remote.end(&part(&region, active), result, cx.now);
            sessions_ended(model, &region);
        }
        Msg::Recordings(recordings) => model.recordings.extend(recordings, cx.now),
        Msg::RecordingsEnded(result) => recording::ended(model, result, cx),
        Msg::Preferences { region, result } => {
            model.preferences.insert(region, Known::from_result(result, cx.now));
        }
    }
}

/// A session wanders from the active to the ended ones: only when both have been read it is known who is gone.
fn sessions_ended(model: &mut Model, region: &str) {
    let parts = [part(region, true), part(region, false)];
    let remote = &model.sessions_remote;
    let complete = parts.iter().all(|part| !remote.open.contains(part) && !remote.faults.contains_key(part));
    if complete {
        model.sessions.end_refresh_where(|session| session.region == region);
    }
}

/// Stops what is being read; what has come stays.
pub fn stop(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) -> bool {
    let is_waiting = model.preferences.values().any(|known| *known == Known::Loading);
    let running = model.nodes_remote.is_loading() || model.sessions_remote.is_loading() || is_waiting;
    if running {
        model.preferences.values_mut().for_each(Known::give_up);
        model.nodes_remote.stop(cx.now);
        model.sessions_remote.stop(cx.now);
        for slot in [NODES, ACTIVE, HISTORY, PREFERENCES] {
            out.cancel(slot);
        }
    }
    running
}

/// A task broke: the regions that had not ended have failed.
pub fn on_broken(model: &mut Model, slot: &Slot, fault: &Fault, cx: &Ctx<'_>) {
    if *slot == NODES {
        for region in model.nodes_remote.open.clone() {
            model.nodes_remote.end(&region, Err(fault.clone()), cx.now);
        }
    }
    if *slot == RECORDINGS {
        recording::ended(model, Err(fault.clone()), cx);
    }
    if *slot == PREFERENCES {
        for known in model.preferences.values_mut().filter(|known| **known == Known::Loading) {
            *known = Known::from_fault(fault.clone());
        }
    }
    let which = if *slot == ACTIVE { " active" } else { " history" };
    if *slot == ACTIVE || *slot == HISTORY {
        for part in model.sessions_remote.open.clone() {
            if part.ends_with(which) {
                model.sessions_remote.end(&part, Err(fault.clone()), cx.now);
            }
        }
    }
}

/// The search for what was done to the selected node, or by the owner of the selected session.
pub fn trail_of(model: &Model) -> Option<Search> {
    let attribute = match model.view {
        View::Nodes => (LookupKey::ResourceName, model.nodes.selected()?.id.raw().to_owned()),
        View::Sessions => {
            let owner = model.sessions.selected()?.owner.raw();
            (LookupKey::Username, owner.rsplit('/').next().unwrap_or(owner).to_owned())
        }
        View::Recordings => (LookupKey::ResourceName, model.recordings.selected()?.header.target.as_ref()?.raw().to_owned()),
    };
    Some(last_week(attribute))
}

/// What `copy` copies: its name for the notice, and the text.
pub fn copied(model: &Model) -> Option<(&'static str, String)> {
    match model.view {
        View::Nodes => model.nodes.selected().map(|node| ("node id", node.id.shown().into_string())),
        View::Sessions => model.sessions.selected().map(|session| ("session id", session.id.shown().into_string())),
        View::Recordings => model.recordings.selected().map(|recorded| ("file name", recorded.file.shown().into_string())),
    }
}

/// Shows and selects this node, as soon as it is there. A filter would hide it and is dropped.
///
/// # Errors
/// There is no such node: nothing was done. Says so.
pub fn go_to(model: &mut Model, id: &Untrusted) -> Result<(), String> {
    let is_listed = model.nodes.get(id).is_some();
    if !is_listed && model.nodes_remote.is_complete() {
        return Err(no_node(id));
    }
    model.view = View::Nodes;
    model.before_online = None;
    model.nodes.filter(Query::default());
    model.wanted = Some(id.clone());
    model.find_wanted();
    Ok(())
}

fn no_node(id: &Untrusted) -> String {
    format!("{} is no node that Session Manager knows in the regions shown", id.shown_within(64))
}

/// What became of a pivot that has not found its node, once that is known.
pub fn missed(model: &mut Model) -> Option<Missed> {
    let id = model.wanted.clone()?;
    let missed = match model.nodes_remote.phase {
        Phase::Complete { .. } => Missed::nothing(no_node(&id)),
        Phase::Failed { .. } => {
            Missed::unknown(format!("whether {} is a node is not known: not all nodes could be read", id.shown_within(64)))
        }
        _ => return None,
    };
    model.wanted = None;
    Some(missed)
}
