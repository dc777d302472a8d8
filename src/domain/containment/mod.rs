//! Containment of a user whose credentials are in the wrong hands: what is done, in which order, what undoes it, and whether it holds.
//!
//! It is no rotation: nobody waits until the user's programs work with something else. Keys are deactivated, not deleted, so that they
//! can still be searched for in CloudTrail. An attacker who still has another way in can undo all of it within seconds, as IAM takes some
//! seconds to spread a change; so the facts are read again afterwards and compared.
//!
//! What it does not reach: sessions of roles that the user has assumed, until they expire. SSM sessions that the user has open go on
//! whatever policies say, so they are steps of their own.

mod case;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use case::{Case, Seen};

use super::change::{Change, DENY_ALL, REVOKE_SESSIONS};
use super::text::Untrusted;

/// When the facts are read again, in seconds after the last step.
pub const CHECKS_S: [u64; 3] = [10, 60, 300];

/// What a user can sign in with, as one reading of IAM tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// `UserName`.
    pub user: Untrusted,
    /// Ids of the keys, and whether each is active.
    pub keys: BTreeMap<Untrusted, bool>,
    /// Inline policies of ours that the user has: name and document.
    pub ours: BTreeMap<String, String>,
    /// Whether there is a password (`GetLoginProfile`).
    pub password: bool,
    /// The SSM sessions that the user has open; `None`: nobody has looked (a file of an earlier version).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Sessions>,
}

/// The SSM sessions that a user has open: those whose `Owner` is the user. One that was opened by way of a role has the role's owner.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sessions {
    /// They.
    pub open: Vec<OpenSession>,
    /// Regions whose sessions were listed as a whole.
    pub listed: Vec<String>,
    /// Regions whose sessions could not be listed, and why.
    pub unlisted: BTreeMap<String, String>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSession {
    /// Where.
    pub region: String,
    /// `SessionId`.
    pub id: Untrusted,
    /// `Target`.
    pub node: Untrusted,
}

impl Access {
    /// The state before, for a user who is being contained once more: what was there before the first time, and the keys of now.
    #[must_use]
    pub fn contained_again(self, first: &Self) -> Self {
        let was_active = |key: &Untrusted| first.keys.get(key).copied().unwrap_or_default();
        let keys = self.keys.into_iter().map(|(key, active)| (key.clone(), active || was_active(&key)));
        Self { keys: keys.collect(), ours: first.ours.clone(), ..self }
    }
}

/// A containment, or its undoing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Containment {
    /// What there was before.
    pub before: Access,
    /// When it was planned: sessions that are older are ended.
    pub planned: Timestamp,
    /// Whether the password goes, too. It does not come back.
    pub password: bool,
    /// Whether this is the undoing.
    pub release: bool,
    /// Keys that the operator has made, or made active, since: that they are active is nobody's doing but his.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub allowed: BTreeSet<Untrusted>,
}

impl Containment {
    /// A containment of what there is.
    pub fn of(before: Access, planned: Timestamp) -> Self {
        Self { before, planned, password: false, release: false, allowed: BTreeSet::new() }
    }

    /// The user.
    pub fn user(&self) -> &Untrusted {
        &self.before.user
    }

    /// Whether a key is taken for leaked: every key of a contained user is, but those that the operator has made active since. Which one the
    /// attacker has is seldom sure, and whoever has one could make another.
    pub fn is_leaked(&self, key: &Untrusted) -> bool {
        !self.allowed.contains(key)
    }

    /// The keys that were active before and that a release leaves inactive.
    pub fn kept_inactive(&self) -> impl Iterator<Item = &Untrusted> {
        self.before.keys.iter().filter(|(key, active)| **active && self.is_leaked(key)).map(|(key, _)| key)
    }

    /// The calls, in order.
    pub fn steps(&self) -> Vec<Change> {
        let user = &self.before.user;
        if self.release {
            // A policy that was there before is put back as it was.
            let back = |name: &str| match self.before.ours.get(name).cloned() {
                Some(document) => Change::PutPolicy { user: user.clone(), policy: name.to_owned(), document },
                None => Change::DeletePolicy { user: user.clone(), policy: name.to_owned() },
            };
            return [REVOKE_SESSIONS, DENY_ALL].map(back).into();
        }
        let active = self.before.keys.iter().filter(|(_, active)| **active).map(|(key, _)| key.clone());
        let off = |key| Change::SetKeyStatus { user: user.clone(), key, active: false };
        let mut steps: Vec<Change> = active.map(off).collect();
        for (policy, document) in self.documents() {
            steps.push(Change::PutPolicy { user: user.clone(), policy: policy.to_owned(), document });
        }
        // After the policies: from then on no other one can be opened.
        let open = self.before.sessions.iter().flat_map(|sessions| &sessions.open);
        steps.extend(open.map(|open| Change::TerminateSession { region: open.region.clone(), session: open.id.clone() }));
        if self.password {
            steps.push(Change::DeleteLoginProfile { user: user.clone() });
        }
        steps
    }

    /// What undoes it: the policies go. Keys stay inactive, as whoever has their secrets still has them.
    #[must_use]
    pub fn undo(&self) -> Self {
        Self { release: true, ..self.clone() }
    }

    /// Our policies. The first alone would do; the second goes on to hold where somebody takes the first away too early.
    pub fn documents(&self) -> [(&'static str, String); 2] {
        let statement = |condition: Option<Value>| {
            let mut deny = json!({ "Sid": "BartizanContainment", "Effect": "Deny", "Action": "*", "Resource": "*" });
            if let (Some(condition), Some(members)) = (condition, deny.as_object_mut()) {
                members.insert("Condition".into(), condition);
            }
            json!({ "Version": "2012-10-17", "Statement": [deny] }).to_string()
        };
        let older = json!({ "DateLessThan": { "aws:TokenIssueTime": self.planned.strftime("%Y-%m-%dT%H:%M:%SZ").to_string() } });
        [(DENY_ALL, statement(None)), (REVOKE_SESSIONS, statement(Some(older)))]
    }

    /// What is not as the containment left it: one sentence each, none where it holds.
    pub fn reverted(&self, now: &Access) -> Vec<String> {
        let mut changed = Vec::new();
        let active = now.keys.iter().filter(|(key, active)| **active && !self.allowed.contains(*key));
        for key in active.map(|(key, _)| key) {
            let shown = key.shown_within(40);
            changed.push(match self.before.keys.contains_key(key) {
                true => format!("the key {shown} is active"),
                false => format!("there is a new key, {shown}, and it is active"),
            });
        }
        for (name, document) in self.documents() {
            match now.ours.get(name) {
                None => changed.push(format!("the policy {name} is gone")),
                Some(found) if !same_json(found, &document) => changed.push(format!("the policy {name} says something else")),
                Some(_) => {}
            }
        }
        if now.password && self.password {
            changed.push("there is a password again".into());
        }
        for open in now.sessions.iter().flat_map(|sessions| &sessions.open) {
            let (id, node) = (open.id.shown_within(96), open.node.shown_within(40));
            changed.push(format!("the SSM session {id} on {node} in {} is open", super::text::clean(&open.region)));
        }
        changed
    }
}

/// Whether two policy documents say the same. IAM keeps a document as it was given; white space and order are no change of meaning.
pub fn same_json(a: &str, b: &str) -> bool {
    match (serde_json::from_str::<Value>(a), serde_json::from_str::<Value>(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contained() -> Containment {
        let keys = [("AKIAONE", true), ("AKIATWO", false)].map(|(id, active)| (Untrusted::new(id), active));
        let before = Access { user: "ada".into(), keys: keys.into(), ours: BTreeMap::new(), password: true, sessions: None };
        Containment { password: true, ..Containment::of(before, Timestamp::UNIX_EPOCH) }
    }

    fn held() -> Access {
        let one = contained();
        let keys = one.before.keys.keys().map(|key| (key.clone(), false)).collect();
        let ours = one.documents().map(|(name, document)| (name.to_owned(), document)).into();
        Access { user: "ada".into(), keys, ours, password: false, sessions: None }
    }

    #[test]
    fn keys_go_first_and_a_release_lifts_the_policies_alone() {
        let calls = |one: &Containment| one.steps().iter().map(|step| step.call().1).collect::<Vec<_>>();
        let one = contained();
        assert_eq!(calls(&one), ["UpdateAccessKey", "PutUserPolicy", "PutUserPolicy", "DeleteLoginProfile"]);
        assert_eq!(calls(&one.undo()), ["DeleteUserPolicy", "DeleteUserPolicy"]);
    }

    #[test]
    fn the_undoing_puts_back_what_there_was_before_the_first_of_several_containments() {
        let mut first = contained().before;
        first.ours.insert(DENY_ALL.into(), "an older document".into());
        let mut again = held();
        again.keys.insert("AKIANEW".into(), true);
        let again = Containment { before: again.contained_again(&first), ..contained() };
        assert_eq!(again.kept_inactive().map(Untrusted::raw).collect::<Vec<_>>(), ["AKIANEW", "AKIAONE"]);
        let back = again.undo().steps();
        assert!(back.iter().any(|step| matches!(step, Change::PutPolicy { document, .. } if document == "an older document")));
        assert!(back.iter().any(|step| matches!(step, Change::DeletePolicy { policy, .. } if policy == REVOKE_SESSIONS)));
    }

    #[test]
    fn what_somebody_undid_is_named() {
        let one = contained();
        assert_eq!(one.reverted(&held()), Vec::<String>::new());
        let mut now = held();
        now.keys.insert("AKIAONE".into(), true);
        now.keys.insert("AKIANEW".into(), true);
        now.ours.remove(DENY_ALL);
        now.ours.insert(REVOKE_SESSIONS.into(), "{}".into());
        now.password = true;
        let said = one.reverted(&now).join("; ");
        for words in ["AKIAONE is active", "new key, AKIANEW", "BartizanDenyAll is gone", "says something else", "password again"]
        {
            assert!(said.contains(words), "{words}: {said}");
        }
    }

    #[test]
    fn a_password_that_stays_is_no_news_and_inactive_keys_are_not_touched() {
        let one = Containment { password: false, ..contained() };
        assert!(one.steps().iter().all(|step| !matches!(step, Change::DeleteLoginProfile { .. })));
        assert_eq!(one.reverted(&Access { password: true, ..held() }), Vec::<String>::new());
        let keys: Vec<_> = one.steps().into_iter().filter(|step| matches!(step, Change::SetKeyStatus { .. })).collect();
        assert_eq!(keys, [Change::SetKeyStatus { user: "ada".into(), key: "AKIAONE".into(), active: false }]);
    }

    /// A release lifts the policies. Whoever has the secret of a leaked key must not be able to use it because of that.
    #[test]
    fn a_key_is_leaked_until_the_operator_makes_it_active() {
        let mut one = contained();
        assert!(one.undo().steps().iter().all(|step| step.call().1 != "UpdateAccessKey"));
        assert_eq!(one.kept_inactive().map(Untrusted::raw).collect::<Vec<_>>(), ["AKIAONE"]);
        assert!(one.is_leaked(&"AKIAONE".into()) && one.is_leaked(&"AKIANEW".into()));
        one.allowed.insert("AKIAONE".into());
        assert!(!one.is_leaked(&"AKIAONE".into()) && one.kept_inactive().next().is_none());
        let mut now = held();
        now.keys.insert("AKIAONE".into(), true);
        assert_eq!(one.reverted(&now), Vec::<String>::new(), "the operator did it");
    }

    #[test]
    fn a_document_is_compared_by_what_it_says() {
        let one = contained();
        let mut now = held();
        for document in now.ours.values_mut() {
            let value: Value = serde_json::from_str(document).unwrap();
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            assert_ne!(pretty, *document);
            *document = pretty;
        }
        // Members in another order.
        let turned =
            r#"{"Statement":[{"Sid":"BartizanContainment","Resource":"*","Effect":"Deny","Action":"*"}],"Version":"2012-10-17"}"#;
        now.ours.insert(DENY_ALL.into(), turned.into());
        assert_eq!(one.reverted(&now), Vec::<String>::new());
        now.ours.insert(DENY_ALL.into(), turned.replace("Deny", "Allow"));
        assert_eq!(one.reverted(&now), ["the policy BartizanDenyAll says something else"]);
    }

    #[test]
    fn open_sessions_are_ended_after_the_policies_are_in_place_and_looked_for_again() {
        let mut one = contained();
        let open = OpenSession { region: "us-east-1".into(), id: "ada-0a1b2c".into(), node: "i-1".into() };
        one.before.sessions = Some(Sessions { open: vec![open.clone()], ..Sessions::default() });
        let calls: Vec<_> = one.steps().iter().map(|step| step.call().1).collect();
        assert_eq!(calls, ["UpdateAccessKey", "PutUserPolicy", "PutUserPolicy", "TerminateSession", "DeleteLoginProfile"]);
        assert!(one.undo().steps().iter().all(|step| step.call().0 == "iam"));
        let now = Access { sessions: Some(Sessions { open: vec![open], ..Sessions::default() }), ..held() };
        assert_eq!(one.reverted(&now), ["the SSM session ada-0a1b2c on i-1 in us-east-1 is open"]);
    }
}
