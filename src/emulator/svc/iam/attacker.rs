//! Somebody who holds a user's credentials and undoes what is done against them, as far as they still open anything.
//!
//! IAM's changes take some seconds to be in force everywhere, and whoever polls in that time can take them back. So a containment
//! that is not looked at again proves nothing. The attacker has the user's keys, and a session made from one of them long before: what
//! neither of them may do any more is not undone.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::denials::Asked;
use super::replicas::{Reader, Seen};
use super::state::{AccessKey, State, Status};
use crate::emulator::ids;

/// The service and the region in which IAM is changed.
const HOME: (&str, &str) = ("iam", "us-east-1");

/// An attacker and how quick it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attacker {
    /// `UserName` of the user whose credentials it has.
    pub user: String,
    /// How long after a change it takes the change back, in the account's time.
    pub after: SignedDuration,
    /// How often it does so; `None`: for ever.
    pub times: Option<u32>,
}

impl Attacker {
    /// One that undoes everything after four seconds, for ever.
    pub fn new(user: &str) -> Self {
        Self { user: user.to_owned(), after: SignedDuration::from_secs(4), times: None }
    }
}

/// An attacker at work.
#[derive(Debug)]
pub(super) struct Siege {
    attacker: Attacker,
    /// How the user was when the siege began: what is undone is what differs.
    before: Option<Seen>,
    due: Option<Timestamp>,
    done: u32,
}

/// One thing that the attacker did: the operation and its request parameters, as CloudTrail has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Undone {
    /// When.
    pub at: Timestamp,
    /// Whose credentials were used.
    pub user: String,
    /// `UpdateAccessKey`, `DeleteUserPolicy`, `DetachUserPolicy`, `CreateAccessKey`.
    pub operation: &'static str,
    /// `requestParameters`.
    pub request: Value,
}

impl State {
    /// Lets an attacker begin. How its user is now is how it will be again.
    pub fn besiege(&mut self, attacker: Attacker) {
        let before = self.user(&attacker.user).map(Seen::of);
        self.siege = Some(Siege { attacker, before, due: None, done: 0 });
    }

    /// The attacker notices a change of its user.
    pub(super) fn provoke(&mut self, user: &str, now: Timestamp) {
        let Some(siege) = self.siege.as_mut().filter(|siege| siege.attacker.user == user) else { return };
        let has_more = siege.attacker.times.is_none_or(|times| siege.done < times);
        if siege.due.is_none() && has_more {
            siege.due = now.checked_add(siege.attacker.after).ok();
        }
    }

    /// Does what the attacker has to do by now; tells what it was.
    pub fn strike(&mut self, now: Timestamp, rng: &mut fastrand::Rng) -> Vec<Undone> {
        let Some(siege) = self.siege.as_mut() else { return Vec::new() };
        let Some(at) = siege.due.take_if(|due| *due <= now) else { return Vec::new() };
        let (user, Some(before)) = (siege.attacker.user.clone(), siege.before.clone()) else { return Vec::new() };
        siege.done += 1;
        // What the attacker does itself must not provoke it.
        let siege = self.siege.take();
        self.note_change(&user, at);
        self.siege = siege;
        let mut may = |operation: &'static str| self.still_opens(&user, operation, &before, at);
        let (takes, detaches) = (may("DeleteUserPolicy"), may("DetachUserPolicy"));
        let (updates, creates) = (may("UpdateAccessKey"), may("CreateAccessKey"));
        let mut undone = self.undo_policies(&user, &before, takes, detaches);
        undone.extend(self.undo_keys(&user, &before, (updates, creates), (at, rng)));
        undone.into_iter().map(|(operation, request)| Undone { at, user: user.clone(), operation, request }).collect()
    }

    /// Whether the attacker's keys, or the session, may still do this, as the replica of IAM sees it that answers.
    fn still_opens(&mut self, name: &str, operation: &str, before: &Seen, at: Timestamp) -> bool {
        let reader = Reader::Service(HOME.0, HOME.1);
        let replica = self.choose_replica(reader);
        let Some(user) = self.users.get(name) else { return false };
        let resource = user.arn(&self.account);
        let known = self.behind(name, reader, replica, at).map_or(&user.keys, |seen| &seen.keys);
        let is_active = |id: &str| known.iter().any(|key| key.id == id && key.status == Status::Active);
        let has_key = before.keys.iter().any(|key| is_active(&key.id));
        let action = format!("iam:{operation}");
        let mut is_open = |issued: Option<Timestamp>| {
            let asked = Asked { action: &action, resource: &resource, issued, mfa: issued.map(|_| false) };
            !self.is_denied(name, asked, HOME.0, HOME.1, at)
        };
        (has_key && is_open(None)) || is_open(Some(Timestamp::MIN))
    }

    fn undo_policies(&mut self, name: &str, before: &Seen, takes: bool, detaches: bool) -> Vec<(&'static str, Value)> {
        let Some(user) = self.users.get_mut(name) else { return Vec::new() };
        let mut undone = Vec::new();
        user.inline.retain(|policy, _| {
            let keep = !takes || before.inline.contains_key(policy);
            if !keep {
                undone.push(("DeleteUserPolicy", json!({"userName": name, "policyName": policy})));
            }
            keep
        });
        user.attached.retain(|policy| {
            let keep = !detaches || before.attached.contains(policy);
            if !keep {
                undone.push(("DetachUserPolicy", json!({"userName": name, "policyArn": policy.arn})));
            }
            keep
        });
        undone
    }

    fn undo_keys(
        &mut self,
        name: &str,
        before: &Seen,
        (updates, creates): (bool, bool),
        (at, rng): (Timestamp, &mut fastrand::Rng),
    ) -> Vec<(&'static str, Value)> {
        let Some(user) = self.users.get_mut(name) else { return Vec::new() };
        let open: BTreeSet<&str> =
            before.keys.iter().filter(|key| key.status == Status::Active).map(|key| key.id.as_str()).collect();
        let mut undone = Vec::new();
        let shut = |key: &&mut AccessKey| updates && open.contains(key.id.as_str()) && key.status == Status::Inactive;
        for key in user.keys.iter_mut().filter(shut) {
            key.status = Status::Active;
            undone.push(("UpdateAccessKey", json!({"userName": name, "accessKeyId": key.id, "status": "Active"})));
        }
        if creates && user.keys.is_empty() && !open.is_empty() {
            let key = AccessKey::new(&ids::access_key("AKIA", &self.account, rng), &ids::secret(rng), at);
            self.add_key(name, key);
            undone.push(("CreateAccessKey", json!({"userName": name})));
        }
        undone
    }
}
