//! Everything about one event.

use jiff::Timestamp;

use crate::domain::detail::{Field, Section};
use crate::domain::event::{self, Event, Outcome};
use crate::domain::text::Untrusted;
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
    fields.push(Field::new("outcome", outcome(event)));
    let mut sections = vec![section("At a glance", fields)];
    sections.extend(event::detail(&event.raw.text()));
    sections
}

/// The words for the outcome; the cell of the row has the short ones.
fn outcome(event: &Event) -> &str {
    match event.outcome {
        Outcome::Done => "done",
        Outcome::Failed => event.error.as_ref().map_or("failed", Untrusted::raw),
        Outcome::Unknown if event.partial => "unknown: the record could not be decoded",
        Outcome::Unknown => "unknown: the record does not say how it ended",
        Outcome::NotACall => "none: an Insights event reports about calls and is no call",
    }
}
