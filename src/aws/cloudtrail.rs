//! CloudTrail: the event history of one region, newest first.

use std::time::Duration;

use aws_sdk_cloudtrail::operation::lookup_events::LookupEventsOutput;
use aws_sdk_cloudtrail::types::{self, LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::call;
use super::page::Sink;
use super::pages::Pages;
use super::session::Session;
use super::time::{date_time, timestamp};
use crate::domain::event::{self, Event, EventPage, Lookup, Outcome};
use crate::domain::evidence::Evidence;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::text::Untrusted;

/// Events on a page: the most that AWS gives.
const PAGE: i32 = 50;
/// The waits after a throttle: the SDK itself tries once only. Others share the rate of two calls a second,
/// and a search that has come far is worth waiting for.
const WAITS_S: [u64; 6] = [1, 2, 4, 8, 15, 30];

/// All events of a range, page by page.
pub async fn lookup(session: &Session, region: &str, wanted: &Lookup, to: &Sink<EventPage>) -> Result<(), Fault> {
    let nobody = Sink::new(|_| Box::pin(std::future::ready(Ok(()))));
    lookup_telling(session, region, wanted, to, &nobody).await
}

/// Like [`lookup`], and tells until when it waits whenever AWS asks to slow down.
pub async fn lookup_telling(
    session: &Session,
    region: &str,
    wanted: &Lookup,
    to: &Sink<EventPage>,
    waiting: &Sink<Timestamp>,
) -> Result<(), Fault> {
    let mut list = Pages::new(session, ("cloudtrail", "LookupEvents"), region);
    let mut pages = 0_u32;
    loop {
        let answer = match page(session, region, wanted, list.token(), waiting).await? {
            Some(answer) => answer,
            None => return Ok(()),
        };
        let next = answer.next_token().filter(|token| !token.is_empty());
        pages = pages.saturating_add(1);
        let (events, undecoded) = decode(answer.events(), region);
        let page = EventPage { region: region.to_owned(), pages, events, undecoded, more: next.is_some() };
        if to.send(page).await.is_err() || !list.turn(next, answer.events().len())? {
            return Ok(());
        }
    }
}

/// One page, however often AWS asks to wait; `None` when nobody wants it any more.
async fn page(
    session: &Session,
    region: &str,
    wanted: &Lookup,
    token: Option<String>,
    waiting: &Sink<Timestamp>,
) -> Result<Option<LookupEventsOutput>, Fault> {
    let mut waits = WAITS_S.iter();
    let mut again = false;
    loop {
        let ask = session.cloudtrail(region).lookup_events().max_results(PAGE).set_next_token(token.clone());
        let ask = ask.set_start_time(start(wanted)).end_time(date_time(wanted.to)).set_lookup_attributes(attributes(wanted));
        let fault = match call::make(session, ("cloudtrail", "LookupEvents"), region, ask.send()).await {
            Ok(answer) => return Ok(Some(answer)),
            Err(fault) => fault,
        };
        if !again && is_passing(&fault.kind) {
            again = true;
            continue;
        }
        let FaultKind::Throttled { wait_ms } = fault.kind else { return Err(fault) };
        let Some(seconds) = waits.next() else { return Err(fault) };
        let wait = wait_ms.map_or(Duration::from_secs(*seconds), Duration::from_millis);
        if waiting.send(session.now() + wait).await.is_err() {
            return Ok(None);
        }
        session.lanes().pause(wait).await;
    }
}

/// The oldest time asked for. The beginning of time is no limit and is left out: AWS might not take it for a time that it keeps.
fn start(wanted: &Lookup) -> Option<DateTime> {
    (wanted.from > Timestamp::UNIX_EPOCH).then(|| date_time(wanted.from))
}

/// Whether a second attempt may well succeed. It waits for its turn like any other call. The SDK has learned the right time
/// from a refusal of our clock.
fn is_passing(kind: &FaultKind) -> bool {
    matches!(kind, FaultKind::Unavailable | FaultKind::Offline | FaultKind::TimedOut | FaultKind::ClockSkew)
}

fn attributes(wanted: &Lookup) -> Option<Vec<LookupAttribute>> {
    let (key, value) = wanted.attribute.as_ref()?;
    // Both members are given, so building cannot fail.
    LookupAttribute::builder()
        .attribute_key(LookupAttributeKey::from(key.word()))
        .attribute_value(value)
        .build()
        .ok()
        .map(|one| vec![one])
}

/// The events of a page, and how many of them could not be decoded. Those are kept with what the envelope tells.
fn decode(events: &[types::Event], region: &str) -> (Vec<Event>, u32) {
    let texts: Vec<String> = events.iter().map(record).collect();
    let rows: Vec<Event> = events.iter().zip(Evidence::page(&texts)).map(|(envelope, raw)| row(envelope, region, raw)).collect();
    let undecoded = rows.iter().filter(|event| event.partial).count();
    (rows, u32::try_from(undecoded).unwrap_or(u32::MAX))
}

fn row(envelope: &types::Event, region: &str, raw: Evidence) -> Event {
    let value = envelope.cloud_trail_event().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(mut event) = value.and_then(|value| event::decode(&value, raw.clone())) else {
        return from_envelope(envelope, region, raw);
    };
    event.target = event.target.or_else(|| first_resource(envelope));
    if event.region.is_empty() {
        event.region = Untrusted::new(region);
    }
    event
}

/// The record as AWS has it; where it is missing, the envelope written as one.
fn record(envelope: &types::Event) -> String {
    envelope.cloud_trail_event().map_or_else(
        || {
            json!({
                "eventID": envelope.event_id(),
                "eventName": envelope.event_name(),
                "eventSource": envelope.event_source(),
                "eventTime": envelope.event_time().and_then(timestamp),
                "readOnly": envelope.read_only(),
                "userIdentity": { "userName": envelope.username(), "accessKeyId": envelope.access_key_id() },
            })
            .to_string()
        },
        str::to_owned,
    )
}

fn first_resource(envelope: &types::Event) -> Option<Untrusted> {
    envelope.resources().iter().find_map(|resource| resource.resource_name()).map(Untrusted::new)
}

fn from_envelope(envelope: &types::Event, region: &str, raw: Evidence) -> Event {
    let text = |text: Option<&str>| Untrusted::new(text.unwrap_or_default());
    Event {
        id: envelope.event_id().filter(|id| !id.is_empty()).map_or_else(|| raw.stand_in(), Untrusted::new),
        time: envelope.event_time().and_then(timestamp).unwrap_or(Timestamp::UNIX_EPOCH),
        name: text(envelope.event_name()),
        source: text(envelope.event_source()),
        region: Untrusted::new(region),
        account: Untrusted::new(""),
        actor: text(envelope.username().or(Some("unknown"))),
        actor_type: Untrusted::new("Unknown"),
        issuer: None,
        access_key: envelope.access_key_id().map(Untrusted::new),
        target: first_resource(envelope),
        more_targets: Vec::new(),
        origin: Untrusted::new(""),
        user_agent: Untrusted::new(""),
        outcome: Outcome::Unknown,
        error: None,
        read_only: envelope.read_only().and_then(|word| word.parse().ok()),
        partial: true,
        raw,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_record_that_is_missing_or_broken_only_the_envelope_is_told() {
        let event = |record: Option<&str>| {
            let builder = types::Event::builder().event_name("DeleteTrail").event_time(date_time(Timestamp::UNIX_EPOCH));
            builder.set_cloud_trail_event(record.map(str::to_owned)).build()
        };
        let whole = r#"{"eventTime": "2026-01-01T00:00:00Z", "eventID": "e", "awsRegion": "us-east-1"}"#;
        let (rows, undecoded) = decode(&[event(None), event(Some("{cut")), event(Some(whole))], "eu-west-1");
        assert_eq!(undecoded, 2);
        assert_eq!(rows.iter().map(|row| row.partial).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!(rows.iter().map(|row| row.region.raw()).collect::<Vec<_>>(), ["eu-west-1", "eu-west-1", "us-east-1"]);
        assert!(rows[0].id != rows[1].id && !rows[0].id.is_empty());
    }
}
