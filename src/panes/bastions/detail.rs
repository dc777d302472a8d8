//! Everything about one node, or one session.

use jiff::Timestamp;

use crate::domain::detail::{Field, Section};
use crate::domain::node::{Node, SsmSession};
use crate::domain::text::Untrusted;
use crate::panes::{section, when};

/// The sections of a node's detail view.
pub fn node_detail(node: &Node, now: Timestamp) -> Vec<Section> {
    let latest = match node.agent_is_latest {
        Some(true) => "yes",
        Some(false) => "no: update the agent",
        None => "not told",
    };
    let kind = if node.is_hybrid() { "hybrid: registered by activation" } else { "EC2 instance" };
    let identity = [
        ("node", Some(node.id.raw().to_owned())),
        ("name", text(node.name.as_ref())),
        ("kind", Some(kind.to_owned())),
        ("resource type", node.resource_type.clone()),
        ("region", Some(node.region.clone())),
        ("address", text(node.address.as_ref())),
        ("role", text(node.role.as_ref())),
        ("platform", text(node.platform.as_ref())),
        ("platform type", node.platform_type.clone()),
    ];
    let agent = [
        ("ping", Some(node.ping.word().to_owned())),
        ("last ping", node.last_ping.map(|at| when(at, now))),
        ("version", text(node.agent_version.as_ref())),
        ("is the latest", Some(latest.to_owned())),
    ];
    vec![section("Node", fields(identity)), section("Agent", fields(agent))]
}

/// The sections of a session's detail view.
pub fn session_detail(session: &SsmSession, now: Timestamp) -> Vec<Section> {
    let list = if session.active { "active" } else { "history, which AWS keeps for 30 days" };
    let all = [
        ("session", Some(session.id.raw().to_owned())),
        ("status", Some(session.status.clone())),
        ("from", Some(list.to_owned())),
        ("owner", Some(session.owner.raw().to_owned())),
        ("target", Some(session.target.raw().to_owned())),
        ("region", Some(session.region.clone())),
        ("reason", text(session.reason.as_ref())),
        ("document", text(session.document.as_ref())),
        ("started", session.started.map(|at| when(at, now))),
        ("ended", session.ended.map(|at| when(at, now))),
    ];
    vec![section("Session", fields(all))]
}

fn text(value: Option<&Untrusted>) -> Option<String> {
    value.map(|value| value.raw().to_owned())
}

fn fields<const N: usize>(all: [(&str, Option<String>); N]) -> Vec<Field> {
    all.into_iter().filter_map(|(label, value)| value.map(|value| Field::new(label, value))).collect()
}
