//! What we know about one fact, and how we know it. Unknown is never zero, no or green.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::fault::Fault;

/// Where a value came from; the detail view shows it beside the value's age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// IAM `GetCredentialReport`, which AWS makes anew at most every four hours.
    CredentialReport,
    /// A call that answers for this very moment.
    Live,
    /// The list call that produced the row.
    List,
}

impl Source {
    /// How the source is called on screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::CredentialReport => "credential report",
            Self::Live => "live",
            Self::List => "list",
        }
    }
}

/// For so long a live answer says more than the credential report that is made anew meanwhile.
const A_WHILE: SignedDuration = SignedDuration::from_mins(10);

/// A fact with its state. There is no `Default` on purpose: somebody has to say which of the five it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Known<T> {
    /// Nobody has asked yet, or the source does not say.
    Unknown,
    /// A call is under way.
    Loading,
    /// AWS refused; the missing permission is in the fault.
    Denied {
        /// The refusal.
        fault: Box<Fault>,
    },
    /// The call failed in another way.
    Failed {
        /// The failure.
        fault: Box<Fault>,
    },
    /// The answer, where it came from and at what time it was true.
    Value {
        /// The fact.
        value: T,
        /// Which call told it.
        source: Source,
        /// When it was true.
        at: Timestamp,
    },
}

impl<T> Known<T> {
    /// A value from a call that answered at `at`.
    pub fn live(value: T, at: Timestamp) -> Self {
        Self::Value { value, source: Source::Live, at }
    }

    /// A value from the credential report made at `at`.
    pub fn reported(value: T, at: Timestamp) -> Self {
        Self::Value { value, source: Source::CredentialReport, at }
    }

    /// A value that came with the list itself, answered at `at`.
    pub fn listed(value: T, at: Timestamp) -> Self {
        Self::Value { value, source: Source::List, at }
    }

    /// The state for a call that failed.
    pub fn from_fault(fault: Fault) -> Self {
        if fault.is_denied() { Self::Denied { fault: Box::new(fault) } } else { Self::Failed { fault: Box::new(fault) } }
    }

    /// The state for a call's result.
    pub fn from_result(result: Result<T, Fault>, at: Timestamp) -> Self {
        match result {
            Ok(value) => Self::live(value, at),
            Err(fault) => Self::from_fault(fault),
        }
    }

    /// The value, where there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Source and time of the value, where there is one.
    pub fn origin(&self) -> Option<(Source, Timestamp)> {
        match self {
            Self::Value { source, at, .. } => Some((*source, *at)),
            _ => None,
        }
    }

    /// The fault, where AWS refused or the call failed.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Denied { fault } | Self::Failed { fault } => Some(fault),
            _ => None,
        }
    }

    /// Whether a live answer is here or on its way, so that no further call is needed.
    pub fn is_live_or_loading(&self) -> bool {
        matches!(self, Self::Loading | Self::Value { source: Source::Live, .. })
    }

    /// A call for it is under way, unless something is known already.
    pub fn begin(&mut self) {
        if matches!(self, Self::Unknown) {
            *self = Self::Loading;
        }
    }

    /// The call was given up.
    pub fn give_up(&mut self) {
        if matches!(self, Self::Loading) {
            *self = Self::Unknown;
        }
    }

    /// Takes `newer` unless what is here says more: a value gives way to a later value only (a live answer is not undone by the
    /// credential report of three hours ago, nor a reported one by a refusal), and a refusal does not give way to silence.
    /// The report tells less than a live answer (no device, no key id): it has to be later by more than a while.
    pub fn improve(&mut self, newer: Self) {
        let better = match (&*self, &newer) {
            (
                Self::Value { at: old, source: Source::Live, .. },
                Self::Value { at: new, source: Source::CredentialReport, .. },
            ) => new.duration_since(*old) > A_WHILE,
            (Self::Value { at: old, .. }, Self::Value { at: new, .. }) => new >= old,
            (Self::Value { .. }, _) | (Self::Denied { .. } | Self::Failed { .. }, Self::Unknown) => false,
            _ => true,
        };
        if better {
            *self = newer;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_answer_wins_and_silence_never_does() {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(9);
        let mut fact = Known::Unknown;
        fact.improve(Known::reported(1, now - SignedDuration::from_hours(3)));
        fact.improve(Known::live(2, now));
        fact.improve(Known::reported(1, now - SignedDuration::from_hours(3)));
        fact.improve(Known::Loading);
        fact.improve(Known::reported(1, now + SignedDuration::from_secs(5)));
        assert_eq!(fact, Known::live(2, now));
        fact.improve(Known::reported(3, now + SignedDuration::from_hours(1)));
        assert_eq!(fact.value(), Some(&3));
    }
}
