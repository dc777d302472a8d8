//! The door that every change goes through: [`Approved`] has no other maker than [`Pending::confirm`].

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::action::Danger;
use crate::domain::change::Change;
use crate::domain::moment::Moment;

/// One call of a plan, as the dialog shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedCall {
    /// The IAM action: `iam:UpdateAccessKey`.
    pub action: String,
    /// The equivalent line of the AWS CLI.
    pub cli: String,
    /// What undoes it, or that nothing does.
    pub undo: String,
}

impl From<&Change> for PlannedCall {
    fn from(change: &Change) -> Self {
        Self { action: change.action(), cli: change.cli(), undo: change.undo() }
    }
}

/// What the person is asked to approve. Whose account it is about is added by the root, which knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// One imperative sentence: `Deactivate the key AKIA…7EXAMPLE of ada`.
    pub title: String,
    /// How much it can hurt: decides what the person has to do.
    pub danger: Danger,
    /// Name and value of what it is about: account, alias, user, key, last use.
    pub facts: Vec<(String, String)>,
    /// The calls, in order.
    pub calls: Vec<PlannedCall>,
    /// What has to be typed, where [`Danger::TypeName`] asks for it.
    pub must_type: Option<String>,
    /// Whether a reason has to be given (the account's rule in the configuration).
    pub wants_reason: bool,
}

impl Plan {
    /// A plan of these changes.
    pub fn of<'a>(title: impl Into<String>, danger: Danger, changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let calls = changes.into_iter().map(PlannedCall::from).collect();
        Self { title: title.into(), danger, facts: Vec::new(), calls, must_type: None, wants_reason: false }
    }

    /// With one more thing that the person should know.
    #[must_use]
    pub fn fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.push((name.into(), value.into()));
        self
    }

    /// With a text that has to be typed.
    #[must_use]
    pub fn typing(mut self, text: impl Into<String>) -> Self {
        self.must_type = Some(text.into());
        self
    }
}

/// How long after it opened the dialog takes no yes: type-ahead cannot confirm.
pub const DEBOUNCE: SignedDuration = SignedDuration::from_secs(1);

/// Something that waits for the person's yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending<T> {
    /// What will be done.
    what: T,
    /// What the person is shown.
    pub plan: Plan,
    /// What has been typed.
    pub typed: String,
    /// The reason given.
    pub reason: String,
    /// When the dialog opened.
    pub opened: Moment,
    /// The account that it was asked about, twelve digits; a yes holds for no other.
    account: String,
}

/// Something that the person has approved. Only [`Pending::confirm`] makes one; it is not read from anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approved<T> {
    what: T,
    /// The reason given, for the audit log.
    reason: Option<String>,
    /// The account that it was approved for.
    account: String,
}

impl<T> Approved<T> {
    /// What was approved.
    pub fn what(&self) -> &T {
        &self.what
    }

    /// The reason given.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The account that it was approved for: twelve digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The same approval of a part of it. `find` can only point into what was approved, so nothing comes of it that was not.
    pub fn part<U: Clone>(&self, find: impl for<'a> FnOnce(&'a T) -> Option<&'a U>) -> Option<Approved<U>> {
        let what = find(&self.what)?.clone();
        Some(Approved { what, reason: self.reason.clone(), account: self.account.clone() })
    }
}

/// Why a yes was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotYet {
    /// The dialog has just opened.
    TooSoon,
    /// What was typed is not what was asked for.
    NotTyped,
    /// A reason is wanted.
    NoReason,
}

impl<T> Pending<T> {
    /// Asks. A yes holds for `account` only.
    pub fn new(what: T, plan: Plan, account: impl Into<String>, now: Moment) -> Self {
        Self { what, plan, typed: String::new(), reason: String::new(), opened: now, account: account.into() }
    }

    /// What is asked about.
    pub fn what(&self) -> &T {
        &self.what
    }

    /// Whether a yes would be taken now, and why not.
    pub fn check(&self, now: Moment) -> Result<(), NotYet> {
        if now.since(self.opened) < DEBOUNCE {
            Err(NotYet::TooSoon)
        } else if self.plan.must_type.as_ref().is_some_and(|wanted| *wanted != self.typed) {
            Err(NotYet::NotTyped)
        } else if self.plan.wants_reason && self.reason.trim().is_empty() {
            Err(NotYet::NoReason)
        } else {
            Ok(())
        }
    }

    /// The person's yes.
    ///
    /// # Errors
    /// It cannot be taken yet; everything stays as it was.
    pub fn confirm(self, now: Moment) -> Result<Approved<T>, Box<(Self, NotYet)>> {
        match self.check(now) {
            Ok(()) => {
                let reason = Some(self.reason.trim().to_owned()).filter(|reason| !reason.is_empty());
                Ok(Approved { what: self.what, reason, account: self.account })
            }
            Err(why) => Err(Box::new((self, why))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_what_was_approved_keeps_its_reason_and_its_account() {
        let plan = Plan::of("Do it", Danger::Confirm, []);
        let mut pending = Pending::new((Some("a part"), None::<u8>), plan, "123456789012", Moment::default());
        pending.reason = "OPS-7".into();
        let approved = pending.confirm(Moment::default() + DEBOUNCE).unwrap();
        let part = approved.part(|(first, _)| first.as_ref()).unwrap();
        assert_eq!((*part.what(), part.reason(), part.account()), ("a part", Some("OPS-7"), "123456789012"));
        assert_eq!(approved.part(|(_, second)| second.as_ref()), None);
    }

    #[test]
    fn a_reason_of_blanks_is_none() {
        let asked = |wants_reason: bool, reason: &str| {
            let plan = Plan { wants_reason, ..Plan::of("Do it", Danger::Confirm, []) };
            let mut pending = Pending::new((), plan, "123456789012", Moment::default());
            pending.reason = reason.into();
            let confirmed = pending.confirm(Moment::default() + DEBOUNCE);
            confirmed.map(|approved| approved.reason().map(str::to_owned)).map_err(|refused| refused.1)
        };
        for blank in ["", " ", " \t ", "\u{a0}", "\u{2003}"] {
            assert_eq!(asked(true, blank), Err(NotYet::NoReason), "{blank:?}");
            assert_eq!(asked(false, blank), Ok(None), "{blank:?} is no reason in the log, either");
        }
        assert_eq!(asked(true, " OPS-7 "), Ok(Some("OPS-7".into())));
    }

    #[test]
    fn a_yes_that_comes_too_soon_or_is_not_typed_is_none() {
        let mut pending = Pending::new((), Plan::of("Do it", Danger::TypeName, []).typing("ada"), "1", Moment::default());
        let later = Moment::default() + DEBOUNCE;
        assert_eq!(pending.check(later - SignedDuration::from_millis(1)), Err(NotYet::TooSoon));
        assert_eq!(pending.check(later), Err(NotYet::NotTyped));
        pending.typed = "Ada".into();
        assert_eq!(pending.check(later), Err(NotYet::NotTyped));
        pending.typed = "ada".into();
        assert_eq!(pending.check(later), Ok(()));
    }
}
