//! What can be asked of a forward.

use std::borrow::Cow;

use crate::domain::forward::Forward;
use crate::kit::query::field::{COUNT, Field, Kind, Value};

type Of = Field<Forward>;

/// Ports.
const PORT: Kind = Kind::Number { least: 0.0, most: 65_535.0 };
/// The words of [`crate::domain::forward::ForwardState`].
const STATE: Kind = Kind::Words(&["stopped", "starting", "open", "reconnecting", "no answer", "held up", "restarting", "failed"]);

pub(super) const FIELDS: &[Field<Forward>] = &[
    Of::new("name", "config.toml: [forward.NAME]", Kind::Text, |forward| match &forward.spec.name {
        Some(name) => Value::raw(Some(name)),
        None => Value::Text(Cow::Owned(format!("#{}", forward.number))),
    }),
    Of::new("local", "the port on 127.0.0.1", PORT, |forward| match forward.port.or(forward.spec.ports.local) {
        Some(port) => Value::Number(port.into(), Some(Cow::Owned(format!("127.0.0.1:{port}")))),
        None => Value::Absent("any free"),
    })
    .or(&["port"])
    .forms(&["#.#.#.#:#"])
    .optional(),
    Of::new("target", "what was asked for", Kind::Text, |forward| Value::raw(Some(&forward.spec.target))).or(&["node"]),
    Of::new("remote", "what was asked for", Kind::Text, |forward| Value::Text(Cow::Owned(forward.spec.ports.remote()))),
    Of::new("state", "the forward itself", STATE, |forward| Value::word(forward.state.words())),
    Of::new("open", "connections that are open", COUNT, |forward| count(forward.open)),
    Of::new("up", "bytes to the far end", Kind::Bytes, |forward| count(forward.up)),
    Of::new("down", "bytes from the far end", Kind::Bytes, |forward| count(forward.down)),
    Of::new("since", "when it came into this state", Kind::Time, |forward| Value::time(forward.since)).optional(),
];

fn count(number: u64) -> Value<'static> {
    Value::count(usize::try_from(number).unwrap_or(usize::MAX))
}
