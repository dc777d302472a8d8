//! Everything about one forward.

use jiff::Timestamp;

use crate::domain::detail::{Field, Section};
use crate::domain::forward::{Forward, ForwardState, bytes};
use crate::panes::{section, when};

/// The sections of a forward's detail view.
pub fn detail(forward: &Forward, now: Timestamp) -> Vec<Section> {
    let spec = &forward.spec;
    let never = || "never started".to_owned();
    let listens = forward.address().unwrap_or_else(|| "on no port now; on 127.0.0.1 only when it runs".to_owned());
    let mut state = vec![
        Field::new("state", forward.state.words()),
        Field::new("since", forward.since.map_or_else(never, |since| when(since, now))),
    ];
    state.extend(forward.state.why().map(|why| Field::new("because", why.raw())));
    if forward.state == ForwardState::HeldUp {
        let words = "a connection does not read what has arrived; after a minute without reading it is reset if others wait";
        state.push(Field::new("because", words));
    }
    let way = vec![
        Field::new("preset", spec.name.as_deref().unwrap_or("none: it was typed")),
        Field::new("listens", listens),
        Field::new("target", &spec.target),
        Field::new("node", forward.node.as_ref().map_or("not looked up yet", |node| node.raw())),
        Field::new("region", spec.region.as_deref().unwrap_or("the console's first one")),
        Field::new("leads to", spec.ports.remote()),
        Field::new("reason", if spec.asks_reason { "asked for" } else { "not asked for" }),
    ];
    let traffic = vec![
        Field::new("open", forward.open.to_string()),
        Field::new("so far", forward.accepted.to_string()),
        Field::new("refused", forward.refused.to_string()),
        Field::new("reset for not reading", forward.reset.to_string()),
        Field::new("up", format!("{} ({} bytes)", bytes(forward.up), forward.up)),
        Field::new("down", format!("{} ({} bytes)", bytes(forward.down), forward.down)),
    ];
    vec![section("State", state), section("Forward", way), section("Connections since the last start", traffic)]
}
