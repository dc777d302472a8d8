//! What is done to this world, in its own history: every change, every hand-out of temporary credentials, and what anybody but the
//! administrator reads with a key of the account. It is there after [`State::delay`], behind nothing and before everything else.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::State;
use super::build::{Actor, Draft};
use super::history::{Found, Search};
use super::record::Record;
use crate::emulator::account::{Account, Principal};
use crate::emulator::svc::{Call, Service};
use crate::emulator::wire::error::ServiceError;
use crate::emulator::wire::{Protocol, Response};

/// The most events of its own that a world keeps.
const MOST: usize = 50_000;

/// Marks positions among the own events; the story's have fewer than 2⁶³ events.
const MARK: u64 = 1 << 63;

/// Whoever calls over loopback comes from there.
const ADDRESS: &str = "127.0.0.1";

/// Members of requests that CloudTrail never has.
const SECRET: [&str; 7] = ["password", "secretString", "secretBinary", "plaintext", "ciphertextBlob", "tokenCode", "marker"];

/// The world's own events.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Oldest first, each with the time from which it can be found.
    events: VecDeque<(Timestamp, Record)>,
    /// How many were there before the first that is still kept.
    dropped: u64,
    /// What the operation under way has to say in `responseElements`.
    response: Value,
}

/// Something that was done by somebody who did not send a request: the attacker of a story.
#[derive(Debug, Clone)]
pub struct Doing {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// `iam`.
    pub service: Service,
    /// `UpdateAccessKey`.
    pub operation: String,
    /// `awsRegion`.
    pub region: String,
    /// `sourceIPAddress` and `userAgent`.
    pub from: (String, String),
    /// `requestParameters`.
    pub request: Value,
    /// `responseElements`.
    pub response: Value,
    /// `errorCode` and `errorMessage`.
    pub error: Option<(String, String)>,
    /// `requestID`, where there was a request.
    pub request_id: Option<String>,
}

impl State {
    /// What the operation under way has to say in `responseElements`; without it there is nothing.
    pub fn note_response(&mut self, elements: Value) {
        self.own.response = elements;
    }

    /// Writes an event of the world's own.
    pub fn record(&mut self, account: &str, doing: Doing) {
        let draft = Draft {
            account: account.to_owned(),
            at: doing.at,
            region: doing.region,
            source: format!("{}.amazonaws.com", doing.service.name()),
            read_only: is_read(&doing.operation),
            name: doing.operation,
            actor: doing.actor,
            from: doing.from.0,
            agent: doing.from.1,
            request: doing.request,
            response: doing.response,
            error: doing.error,
            kind: "AwsApiCall",
            additional: Value::Null,
        };
        let mut event = draft.finish(MARK | (self.own.dropped + self.own.events.len() as u64));
        if let (Some(event), Some(id)) = (event.as_object_mut(), doing.request_id) {
            event.insert("requestID".into(), id.into());
        }
        let visible = doing.at.checked_add(self.delay).unwrap_or(Timestamp::MAX);
        self.own.events.extend(Record::from_event(&event).map(|record| (visible, record)));
        if self.own.events.len() > MOST && self.own.events.pop_front().is_some() {
            self.own.dropped += 1;
        }
    }

    /// Up to `most` events from a position on, newest first: the world's own, then the story's.
    pub(super) fn search(&self, search: &Search, from: Option<u64>, most: usize, now: Timestamp) -> Found {
        let (mut events, mut next) = (Vec::new(), None);
        if from.is_none_or(|from| from & MARK != 0) {
            let end = from.map_or(u64::MAX, |from| from & !MARK);
            let numbered = (self.own.dropped..).zip(&self.own.events).take_while(|(number, _)| *number < end);
            let known: Vec<_> = numbered.filter(|(_, (visible, record))| *visible <= now && search.wants(record)).collect();
            let mut newest_first = known.into_iter().rev();
            events.extend(newest_first.by_ref().take(most).map(|(_, (_, record))| record.answer()));
            next = newest_first.next().map(|(number, _)| MARK | (number + 1));
        }
        if next.is_none() {
            let found = self.history.search(search, from.filter(|from| from & MARK == 0), most - events.len());
            events.extend(found.events);
            next = found.next;
        }
        Found { events, next }
    }
}

/// Writes down what a call did, where CloudTrail would tell of it.
pub fn witness(account: &mut Account, call: &Call, result: &Result<Response, ServiceError>) {
    let response = std::mem::take(&mut account.cloudtrail.own.response);
    let error = result.as_ref().err().map(|error| (error.code.to_string(), error.message.clone()));
    if !is_told(account, call, error.as_ref()) {
        return;
    }
    let is_global = call.service == Service::Iam;
    let doing = Doing {
        at: call.now,
        actor: actor(call),
        service: call.service,
        operation: call.operation.clone(),
        region: if is_global { "us-east-1".to_owned() } else { call.region.clone() },
        from: (ADDRESS.to_owned(), call.user_agent.clone()),
        request: parameters(call),
        response,
        error,
        request_id: Some(call.request_id.clone()),
    };
    let id = account.id.clone();
    account.cloudtrail.record(&id, doing);
}

/// Changes and credentials always; reads only where a key of the account made them that is not the administrator's, or else the
/// console's own reads would bury the story. What was not done because there was too much to do is nowhere.
fn is_told(account: &Account, call: &Call, error: Option<&(String, String)>) -> bool {
    if error.is_some_and(|(code, _)| code.starts_with("Throttling")) {
        return false;
    }
    let hands_out = matches!(call.operation.as_str(), "AssumeRole" | "GetSessionToken");
    !is_read(&call.operation) || hands_out || call.principal != account.iam.administrator()
}

/// `readOnly`, by the operation's name.
fn is_read(operation: &str) -> bool {
    let starts = ["List", "Get", "Describe", "Lookup", "Simulate", "Generate", "Assume", "Decrypt"];
    starts.iter().any(|start| operation.starts_with(start))
}

fn actor(call: &Call) -> Actor {
    let key = call.access_key.clone();
    let mfa = call.session.map(|(_, mfa)| mfa);
    match &call.principal {
        Principal::Root { .. } => Actor::Root { mfa: mfa.unwrap_or(false) },
        Principal::User { name, id, .. } => Actor::User { name: name.clone(), id: id.clone(), key: Some(key), mfa },
        Principal::Role { arn, id } => {
            let mut parts = arn.rsplit('/');
            let (session, role) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let id = id.split(':').next().unwrap_or_default();
            let (role, session) = (role.to_owned(), session.to_owned());
            Actor::Role { role, id: id.to_owned(), session, key, mfa: mfa.unwrap_or(false) }
        }
    }
}

/// `requestParameters`: the request's members in CloudTrail's spelling, without secrets.
fn parameters(call: &Call) -> Value {
    let mut members = Map::new();
    match call.service.protocol() {
        Protocol::Query => {
            for (name, value) in call.form.iter().filter(|(name, _)| !matches!(*name, "Action" | "Version")) {
                match name.split_once('.') {
                    Some((list, _)) => {
                        let list = members.entry(spelt(list)).or_insert_with(|| json!([]));
                        list.as_array_mut().into_iter().for_each(|list| list.push(value.into()));
                    }
                    None => drop(members.insert(spelt(name), value.into())),
                }
            }
        }
        Protocol::Json | Protocol::RestJson => {
            let body: Map<String, Value> = serde_json::from_slice(&call.body).unwrap_or_default();
            members.extend(body.into_iter().map(|(name, value)| (spelt(&name), value)));
        }
    }
    members.retain(|name, _| !SECRET.contains(&name.as_str()));
    if members.is_empty() { Value::Null } else { Value::Object(members) }
}

/// `UserName` is `userName`.
fn spelt(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
