//! Everything about one event.

use jiff::Timestamp;

use crate::domain::detail::{Field, Section};
use crate::domain::event::{self, Event};
use crate::panes::{section, when};

/// The sections of an event's detail view: who, when, and whether it was done, then all that CloudTrail tells.
pub fn detail(event: &Event, now: Timestamp) -> Vec<Section> {
    let mut fields = vec![
        Field::new("time", when(event.time, now)),
        Field::new("actor", format!("{} ({})", event.actor.raw(), event.actor_type.raw())),
    ];
    if let Some(issuer) = &event.issuer {
        fields.push(Field::new("role", issuer.raw()));
    }
    let no_error = if event.partial { "unknown: the record could not be decoded" } else { "done" };
    fields.push(Field::new("outcome", event.error.as_ref().map_or(no_error, |error| error.raw())));
    let mut sections = vec![section("At a glance", fields)];
    sections.extend(event::detail(&event.raw.text()));
    sections
}
