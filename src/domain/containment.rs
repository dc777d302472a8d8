//! Containment of a user whose credentials are in the wrong hands: what is done, in which order, what undoes it, and whether it holds.
//!
//! It is no rotation: nobody waits until the user's programs work with something else. Keys are deactivated, not deleted, so that they
//! can still be searched for in CloudTrail. An attacker who still has another way in can undo all of it within seconds, as IAM takes some
//! seconds to spread a change; so the facts are read again afterwards and compared.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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
}

impl Access {
    /// The state before, for a user who is being contained once more: what was there before the first time, and the keys of now.
    #[must_use]
    pub fn contained_again(self, first: &Self) -> Self {
        let was_active = |key: &Untrusted| first.keys.get(key).copied().unwrap_or_default();
        let keys = self.keys.into_iter().map(|(key, active)| (key.clone(), active || was_active(&key)));
        Self { user: self.user, keys: keys.collect(), ours: first.ours.clone(), password: self.password }
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
}

impl Containment {
    /// The user.
    pub fn user(&self) -> &Untrusted {
        &self.before.user
    }

    /// The calls, in order.
    pub fn steps(&self) -> Vec<Change> {
        let user = &self.before.user;
        let status = |key: &Untrusted, active| Change::SetKeyStatus { user: user.clone(), key: key.clone(), active };
        let active = self.before.keys.iter().filter(|(_, active)| **active).map(|(key, _)| key);
        if self.release {
            // A policy that was there before is put back as it was.
            let back = |name: &str| match self.before.ours.get(name).cloned() {
                Some(document) => Change::PutPolicy { user: user.clone(), policy: name.to_owned(), document },
                None => Change::DeletePolicy { user: user.clone(), policy: name.to_owned() },
            };
            let policies = [REVOKE_SESSIONS, DENY_ALL].map(back).into_iter();
            return policies.chain(active.map(|key| status(key, true))).collect();
        }
        let mut steps: Vec<Change> = active.map(|key| status(key, false)).collect();
        for (policy, document) in self.documents() {
            steps.push(Change::PutPolicy { user: user.clone(), policy: policy.to_owned(), document });
        }
        if self.password {
            steps.push(Change::DeleteLoginProfile { user: user.clone() });
        }
        steps
    }

    /// What undoes it.
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
        for key in now.keys.iter().filter(|(_, active)| **active).map(|(key, _)| key) {
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
        changed
    }
}

/// IAM keeps a document as it was given; white space and order are no change of meaning.
fn same_json(a: &str, b: &str) -> bool {
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
        let before = Access { user: "ada".into(), keys: keys.into(), ours: BTreeMap::new(), password: true };
        Containment { before, planned: Timestamp::UNIX_EPOCH, password: true, release: false }
    }

    fn held() -> Access {
        let one = contained();
        let keys = one.before.keys.keys().map(|key| (key.clone(), false)).collect();
        let ours = one.documents().map(|(name, document)| (name.to_owned(), document)).into();
        Access { user: "ada".into(), keys, ours, password: false }
    }

    #[test]
    fn keys_go_first_and_the_undoing_brings_back_only_what_was_active() {
        let calls = |one: &Containment| one.steps().iter().map(|step| step.call().1).collect::<Vec<_>>();
        let one = contained();
        assert_eq!(calls(&one), ["UpdateAccessKey", "PutUserPolicy", "PutUserPolicy", "DeleteLoginProfile"]);
        assert_eq!(calls(&one.undo()), ["DeleteUserPolicy", "DeleteUserPolicy", "UpdateAccessKey"]);
        let back = one.undo().steps();
        assert!(matches!(&back[2], Change::SetKeyStatus { key, active: true, .. } if key.raw() == "AKIAONE"));
    }

    #[test]
    fn the_undoing_puts_back_what_there_was_before_the_first_of_several_containments() {
        let mut first = contained().before;
        first.ours.insert(DENY_ALL.into(), "an older document".into());
        let mut again = held();
        again.keys.insert("AKIANEW".into(), true);
        let before = again.contained_again(&first);
        let back = Containment { before, release: true, ..contained() }.steps();
        let active = |step: &Change| match step {
            Change::SetKeyStatus { key, active: true, .. } => Some(key.raw().to_owned()),
            _ => None,
        };
        assert_eq!(back.iter().filter_map(active).collect::<Vec<_>>(), ["AKIANEW", "AKIAONE"]);
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
}
