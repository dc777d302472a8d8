//! Who uses a key: the last use that IAM knows, then CloudTrail's events by key id from all regions of the session, grouped as they come.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Model, Msg, Read, WHO};
use crate::domain::age::{age, utc};
use crate::domain::detail::{Field, Section};
use crate::domain::event::EventPage;
use crate::domain::fault::Fault;
use crate::domain::key::{KeyHandle, LastUsed};
use crate::domain::key_use::{KeyUse, MOST_PLACES, MOST_SESSIONS, Place, Uses};
use crate::domain::known::Known;
use crate::domain::text::{Untrusted, clean};
use crate::kit::effect::Out;
use crate::kit::remote::{Phase, Remote};
use crate::panes::{Ctx, and_global, section, sourced, when};

/// CloudTrail's event history reaches back so many days.
const DAYS: i64 = 90;
/// Pages of 50 events read of one region for one id; older events are not looked at, and that is said.
pub const MOST_PAGES: u32 = 100;
/// Groups written in the detail: more than these nobody reads.
const SHOWN: usize = 200;

/// What is known of the uses of one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Who {
    /// The row.
    pub handle: KeyHandle,
    /// `AccessKeyId`.
    pub key: Untrusted,
    /// The oldest time looked at.
    pub from: Timestamp,
    /// The newest time looked at.
    pub to: Timestamp,
    /// `GetAccessKeyLastUsed`.
    pub last_used: Known<LastUsed>,
    /// CloudTrail's events, grouped.
    pub uses: KeyUse,
    /// The regions under way and those that failed.
    pub remote: Remote,
    /// How far each region has come.
    pub progress: BTreeMap<String, Progress>,
    /// Sessions made with the key whose events are read, too.
    pub followed: Vec<Untrusted>,
}

/// How far a region has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Pages read.
    pub pages: u32,
    /// Events read.
    pub events: u64,
    /// Whether AWS had more than was read.
    pub more: bool,
    /// Until when AWS asked to wait.
    pub waiting: Option<Timestamp>,
}

/// Looks for who uses the selected key; while it is looked for, stops.
pub(super) fn look(model: &mut Model, cx: &Ctx<'_>, out: &mut Out<Read>) {
    let Some((handle, id)) = model.table.selected().and_then(|key| Some((key.handle.clone(), key.id.value()?.clone()))) else {
        return;
    };
    if let Some(who) = model.who.as_mut().filter(|who| who.key == id && who.remote.is_loading()) {
        who.stop(cx);
        out.cancel(WHO);
    } else {
        model.who = Some(Box::new(Who::begin(handle, id, cx, out)));
        out.open();
    }
}

impl Who {
    /// Begins to look.
    pub(super) fn begin(handle: KeyHandle, key: Untrusted, cx: &Ctx<'_>, out: &mut Out<Read>) -> Self {
        let (from, to) = (cx.now - SignedDuration::from_hours(24 * DAYS), cx.now);
        let regions = and_global(cx.regions);
        let mut remote = Remote::not_asked();
        remote.begin(regions.iter().cloned(), cx.now);
        let progress = regions.iter().map(|region| (region.clone(), Progress::default())).collect();
        out.read(WHO, Read::Uses { last_used: Some(key.clone()), ids: vec![key.clone()], regions, from, to });
        let (last_used, uses) = (Known::Loading, KeyUse::default());
        Self { handle, key, from, to, last_used, uses, remote, progress, followed: Vec::new() }
    }

    /// Takes what a read has brought.
    pub(super) fn take(&mut self, message: Msg, cx: &Ctx<'_>, out: &mut Out<Read>) {
        match message {
            Msg::UsesLast(result) => self.last_used.improve(Known::from_result(result, cx.now)),
            Msg::UsesPage(page) => self.take_page(&page),
            Msg::UsesWait { region, until } => self.progress.entry(region).or_default().waiting = Some(until),
            Msg::UsesEnded { region, result } => self.ended(&region, result, cx, out),
            _ => {}
        }
    }

    fn take_page(&mut self, page: &EventPage) {
        let progress = self.progress.entry(page.region.clone()).or_default();
        progress.pages += 1;
        progress.events += page.events.len() as u64;
        progress.more = page.more;
        progress.waiting = None;
        self.uses.extend(&page.events);
    }

    fn ended(&mut self, region: &str, result: Result<(), Fault>, cx: &Ctx<'_>, out: &mut Out<Read>) {
        if let Some(progress) = self.progress.get_mut(region) {
            progress.waiting = None;
        }
        let last = self.remote.end(region, result, cx.now);
        if last && self.followed.is_empty() && !self.uses.sessions.is_empty() {
            self.follow(cx, out);
        }
    }

    /// What was done with sessions that the key made was done by whoever has the key: it is looked at, too. Once: not the sessions of sessions.
    fn follow(&mut self, cx: &Ctx<'_>, out: &mut Out<Read>) {
        self.followed = self.uses.sessions.iter().take(MOST_SESSIONS).cloned().collect();
        let regions: Vec<String> =
            self.progress.keys().filter(|region| !self.remote.faults.contains_key(*region)).cloned().collect();
        let faults = std::mem::take(&mut self.remote.faults);
        self.remote.begin(regions.iter().cloned(), cx.now);
        self.remote.faults = faults;
        out.read(WHO, Read::Uses { last_used: None, ids: self.followed.clone(), regions, from: self.from, to: self.to });
    }

    /// Stops; what has come stays.
    pub(super) fn stop(&mut self, cx: &Ctx<'_>) {
        self.remote.stop(cx.now);
        self.last_used.give_up();
    }

    /// The task broke: the regions that had not ended have failed.
    pub(super) fn broken(&mut self, fault: &Fault, cx: &Ctx<'_>) {
        for region in self.remote.open.clone() {
            self.remote.end(&region, Err(fault.clone()), cx.now);
        }
        self.last_used.give_up();
    }

    /// The sections of the detail view.
    pub(super) fn sections(&self, now: Timestamp) -> Vec<Section> {
        let used = sourced(&self.last_used, now, |used| match used {
            LastUsed::Never => "never since 22 April 2015".into(),
            LastUsed::At { when: at, service, region } => {
                format!("{} by {} in {}", when(*at, now), service.shown_within(40), region.shown_within(40))
            }
        });
        let head = vec![
            Field::new("state", self.state(now)),
            Field::new("IAM's last use", format!("{used}; AWS counts in steps of 15 minutes")),
            Field::new("events", format!("{} in {} groups", self.uses.events, self.uses.places().len())),
        ];
        let mut sections = vec![section("Who uses this key", head)];
        let places: Vec<Field> =
            self.uses.places().into_iter().take(SHOWN).map(|(place, uses)| self.line(place, uses, now)).collect();
        if !places.is_empty() {
            sections.push(section("Uses, newest first: from, program, service, region", places));
        }
        sections.push(section(
            "Regions",
            self.progress.iter().map(|(region, progress)| self.region(region, progress, now)).collect(),
        ));
        sections.push(section("What this cannot show", self.blind_spots()));
        sections
    }

    fn state(&self, now: Timestamp) -> String {
        match self.remote.phase {
            Phase::NotAsked => "not asked".into(),
            Phase::Loading { .. } if self.followed.is_empty() => format!("looking in {}…", self.remote.open.join(", ")),
            Phase::Loading { .. } => format!("looking what {} sessions of the key did…", self.followed.len()),
            Phase::Complete { at } => format!("all of it, {} ago", age(at, now)),
            Phase::Stopped { .. } => "stopped: not complete".into(),
            Phase::Failed { .. } => "not complete: see the regions".into(),
        }
    }

    fn line(&self, place: &Place, uses: &Uses, now: Timestamp) -> Field {
        let word = |text: &Untrusted, most| {
            if text.is_empty() { "?".to_owned() } else { text.shown_within(most).into_string() }
        };
        let mut line = format!(
            "{}  {}  {}  {}  ×{}",
            word(&place.origin, 60),
            word(&place.agent, 120),
            word(&place.service, 60),
            word(&place.region, 40),
            uses.count
        );
        if uses.errors > 0 {
            line.push_str(&format!(", {} failed", uses.errors));
        }
        if uses.unknown > 0 {
            line.push_str(&format!(", of {} the outcome is not known", uses.unknown));
        }
        line.push_str(&format!(", first {}", utc(uses.first)));
        if place.says_it_is_us() {
            line.push_str(", says it is bartizan");
        }
        if place.key != self.key && !place.key.is_empty() {
            line.push_str(&format!(", by its session {}", place.key.shown_within(40)));
        }
        Field::new(format!("{} ago", age(uses.last, now)), line)
    }

    fn region(&self, region: &str, progress: &Progress, now: Timestamp) -> Field {
        let read = format!("{} events on {} pages", progress.events, progress.pages);
        let state = match (self.remote.faults.get(region), self.remote.open.iter().any(|open| open == region)) {
            (Some(fault), _) => format!("{read}, then {fault}"),
            (None, true) => match progress.waiting {
                Some(until) if until > now => format!("{read}; AWS asks to wait, {}", age(until, now)),
                _ => format!("{read} so far"),
            },
            (None, false) if progress.more => format!("{read}; older events were not looked at"),
            (None, false) => read,
        };
        Field::new(clean(region), state)
    }

    fn blind_spots(&self) -> Vec<Field> {
        let mut spots = vec![
            (
                "data events",
                "reads and writes of S3 objects, Lambda invocations and the like are not in the event history".to_owned(),
            ),
            (
                "time",
                format!(
                    "only from {} on: the event history keeps {DAYS} days, and events come up to 15 minutes late",
                    utc(self.from)
                ),
            ),
            ("regions", "only the regions above; --region names more".to_owned()),
            ("inactive keys", "calls with a key that is switched off may leave no trace".to_owned()),
        ];
        let denied: Vec<&str> = self.remote.faults.keys().map(String::as_str).collect();
        if !denied.is_empty() {
            spots.push(("not read", denied.join(", ")));
        }
        if self.progress.values().any(|progress| progress.more) {
            spots.push(("cut off", format!("more than {MOST_PAGES} pages: the oldest events of a busy region are missing")));
        }
        if self.uses.ungrouped > 0 {
            spots.push(("not grouped", format!("{} events: there are more than {MOST_PLACES} groups", self.uses.ungrouped)));
        }
        if self.uses.sessions.len() > self.followed.len() && !self.remote.is_loading() {
            let (all, read) = (self.uses.sessions.len(), self.followed.len());
            spots.push(("sessions", format!("{all} were made with the key, the events of {read} were read")));
        }
        spots.into_iter().map(|(label, text)| Field::new(label, text)).collect()
    }
}
