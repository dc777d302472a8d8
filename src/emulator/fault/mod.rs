//! Bad days on purpose: faults on any operation. `docs/emulator.md` tells users of them.
//!
//! A rule in words ([`Rule::parse`], `bartizan emulate --fault`):
//!
//! ```text
//! OPERATION=KIND[,NAME=VALUE]…
//!
//! OPERATION  iam:ListAccessKeys    one operation
//!            iam:List*             all whose name starts so
//!            guardduty:*           a whole service
//!            *                     everything
//! KIND       throttle              AWS's throttling error
//!            latency               the answer comes later: ms=N or seconds=N
//!            denied                AccessDenied, with AWS's sentence
//!            expired               the temporary credentials have ended
//!            disabled              the region is not enabled for the account
//!            error                 HTTP 500 with a page of HTML
//!            unavailable           HTTP 503 with a page of HTML
//!            malformed             HTTP 200 with a body that cannot be read
//!            truncated             half the answer, then the connection closes
//!            reset                 the connection closes without an answer
//!            hang                  no answer, ever
//!            dropped               the call takes effect, then the connection closes without an answer
//!            failed                the call takes effect, then HTTP 500 in the service's own words
//!            stalled               the call takes effect, then no answer, ever
//!            skew                  the server's clock is wrong by seconds=N (may be negative)
//! NAME       every=N               only each Nth call
//!            first=N               only the first N calls
//!            after=N               not the first N calls
//!            percent=N             only so many of a hundred, chosen by the world's seed
//!            region=R              only in this region
//!            user=NAME             only calls by this IAM user
//!            on=NAME               only calls whose UserName is this one
//! ```
//!
//! Examples: `iam:ListAccessKeys=throttle,every=3`, `*=latency,ms=200`, `guardduty:*=denied,region=eu-west-1`,
//! `iam:ListUsers=expired,after=3`. Latencies add up; of the other kinds the first rule that applies wins.

mod spec;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;

pub use spec::InvalidFault;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The answer comes later.
    Latency(Duration),
    /// The server's clock is wrong.
    Skew(SignedDuration),
    /// The call fails.
    Failure(Failure),
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// `Throttling`, `ThrottlingException`.
    Throttle,
    /// `AccessDenied`, `AccessDeniedException`.
    Denied,
    /// `ExpiredToken`, `ExpiredTokenException`.
    Expired,
    /// `UnrecognizedClientException`, as in a region that is not enabled.
    Disabled,
    /// HTTP 500 and HTML.
    Error,
    /// HTTP 503 and HTML.
    Unavailable,
    /// HTTP 200 and no JSON or XML.
    Malformed,
    /// Half an answer.
    Truncated,
    /// No answer and the connection closed.
    Reset,
    /// No answer and the connection open.
    Hang,
    /// Done, and the connection closed without an answer.
    Dropped,
    /// Done, and HTTP 500.
    Failed,
    /// Done, and no answer, with the connection open.
    Stalled,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// `iam`, or `*`.
    pub service: String,
    /// `ListUsers`, `List*` or `*`.
    pub operation: String,
    /// Only in this region.
    pub region: Option<String>,
    /// Only each so-manieth call; 1 is all.
    pub every: u64,
    /// Lets so many calls pass first.
    pub after: u64,
    /// Then applies to so many calls only.
    pub first: Option<u64>,
    /// Of those only so many of a hundred.
    pub percent: Option<u8>,
    /// Only calls by this IAM user.
    pub user: Option<String>,
    /// Only calls whose `UserName` is this one.
    pub on: Option<String>,
    /// What goes wrong.
    pub kind: Kind,
}

impl Rule {
    /// A rule for all calls of `iam:ListUsers`, `iam:*` or `*`.
    pub fn new(operation: &str, kind: Kind) -> Self {
        let (service, operation) = operation.split_once(':').unwrap_or((operation, "*"));
        let (service, operation) = (service.to_owned(), operation.to_owned());
        let (region, user, on) = (None, None, None);
        Self { service, operation, region, every: 1, after: 0, first: None, percent: None, user, on, kind }
    }

    /// Reads the text form; see the module.
    pub fn parse(text: &str) -> Result<Self, InvalidFault> {
        spec::parse(text)
    }

    fn is_about(&self, asked: Asked<'_>) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| wanted.is_none() || wanted.as_deref() == found;
        matches(&self.service, asked.service)
            && matches(&self.operation, asked.operation)
            && is(&self.region, Some(asked.region))
            && is(&self.user, asked.user)
            && is(&self.on, asked.on)
    }

    /// `GetCallerIdentity` needs no permission, so that a rule which denies a whole service does not mean it; one that names it does.
    fn spares(&self, asked: Asked<'_>) -> bool {
        let is_denial = self.kind == Kind::Failure(Failure::Denied);
        is_denial && (asked.service, asked.operation) == ("sts", "GetCallerIdentity") && self.operation != asked.operation
    }

    /// Whether the rule applies to the `seen`th call that it is about, counted from 1; `seed` decides where only some of a hundred do.
    fn applies(&self, seen: u64, seed: u64) -> bool {
        let Some(nth) = seen.checked_sub(self.after).filter(|nth| *nth > 0) else { return false };
        let chance = |percent: u8| fastrand::Rng::with_seed(seed ^ seen.rotate_left(32)).u8(..100) < percent;
        self.first.is_none_or(|first| nth <= first) && nth % self.every.max(1) == 0 && self.percent.is_none_or(chance)
    }
}

/// A name against a pattern that may end in `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

/// A call, as far as rules ask.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// `iam`.
    pub service: &'a str,
    /// `ListUsers`.
    pub operation: &'a str,
    /// The region of the signature.
    pub region: &'a str,
    /// The IAM user that the signature names.
    pub user: Option<&'a str>,
    /// `UserName` of the request.
    pub on: Option<&'a str>,
}

/// What happens to one call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How much later its answer comes.
    pub delay: Duration,
    /// How wrong the server's clock is.
    pub skew: SignedDuration,
    /// How it fails.
    pub failure: Option<Failure>,
}

/// The rules in force, with how often each was asked.
#[derive(Debug, Default)]
pub struct Table {
    rules: Mutex<Vec<(Rule, u64)>>,
    seed: u64,
}

impl Table {
    /// No rules; the seed decides whom a rule with `percent` is about.
    pub fn seeded(seed: u64) -> Self {
        Self { rules: Mutex::default(), seed }
    }

    fn rules(&self) -> MutexGuard<'_, Vec<(Rule, u64)>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a rule asks who calls.
    pub fn asks_who(&self) -> bool {
        self.rules().iter().any(|(rule, _)| rule.user.is_some())
    }

    /// Whether a rule denies a call, every time. Counts nothing.
    pub fn denies(&self, asked: Asked<'_>) -> bool {
        self.rules().iter().any(|(rule, _)| {
            let is_lasting = rule.every <= 1 && rule.first.is_none() && rule.percent.is_none();
            rule.kind == Kind::Failure(Failure::Denied) && is_lasting && rule.is_about(asked) && !rule.spares(asked)
        })
    }

    /// Adds a rule behind the others.
    pub fn add(&self, rule: Rule) {
        self.rules().push((rule, 0));
    }

    /// Takes all rules away: the bad day is over.
    pub fn clear(&self) {
        self.rules().clear();
    }

    /// Counts a call and says what happens to it.
    pub fn consult(&self, asked: Asked<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        let mut rules = self.rules();
        for (number, (rule, seen)) in (1_u64..).zip(rules.iter_mut()).filter(|(_, (rule, _))| rule.is_about(asked)) {
            *seen += 1;
            if !rule.applies(*seen, self.seed ^ number.rotate_left(48)) || rule.spares(asked) {
                continue;
            }
            match rule.kind {
                Kind::Latency(delay) => outcome.delay = outcome.delay.saturating_add(delay),
                Kind::Skew(skew) => outcome.skew = skew,
                Kind::Failure(failure) => outcome.failure = outcome.failure.or(Some(failure)),
            }
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(service: &'static str, operation: &'static str) -> Asked<'static> {
        Asked { service, operation, region: "us-east-1", user: Some("eve"), on: Some("ada") }
    }

    fn failures(spec: &str, calls: usize) -> Vec<bool> {
        let table = Table::default();
        table.add(Rule::parse(spec).unwrap());
        (0..calls).map(|_| table.consult(asked("iam", "ListUsers")).failure.is_some()).collect()
    }

    #[test]
    fn rules_count_the_calls_they_are_about() {
        assert_eq!(failures("iam:ListUsers=throttle,every=3", 6), [false, false, true, false, false, true]);
        assert_eq!(failures("iam:*=throttle,first=2", 4), [true, true, false, false]);
        assert_eq!(failures("*=expired,after=2", 4), [false, false, true, true]);
        assert_eq!(failures("iam:List*=reset,after=1,first=1", 3), [false, true, false]);
        assert_eq!(failures("sts:*=reset", 2), [false, false]);
        assert_eq!(failures("*=reset,region=eu-west-1", 2), [false, false]);
    }

    #[test]
    fn rules_are_about_somebody_and_about_some_of_a_hundred() {
        assert_eq!(failures("iam:*=denied,user=eve", 1), [true]);
        assert_eq!(failures("iam:*=denied,user=ada", 1), [false]);
        assert_eq!(failures("iam:*=denied,on=ada", 1), [true]);
        assert_eq!(failures("iam:*=denied,on=eve", 1), [false]);
        let hits = failures("iam:*=throttle,percent=5", 10_000).into_iter().filter(|hit| *hit).count();
        assert!((400..600).contains(&hits), "{hits}");
        assert_eq!(failures("iam:*=throttle,percent=30", 50), failures("iam:*=throttle,percent=30", 50));
        let standing = |spec: &str| {
            let table = Table::default();
            table.add(Rule::parse(spec).unwrap());
            table.denies(asked("iam", "CreateAccessKey"))
        };
        assert!(standing("iam:CreateAccessKey=denied,user=eve"));
        assert!(!standing("iam:CreateAccessKey=denied,user=ada"));
        assert!(!standing("iam:CreateAccessKey=denied,first=1"));
        assert!(!standing("iam:CreateAccessKey=throttle"));
    }

    #[test]
    fn who_one_is_can_be_asked_without_permission() {
        let denied = |spec: &str| {
            let table = Table::default();
            table.add(Rule::parse(spec).unwrap());
            table.consult(asked("sts", "GetCallerIdentity")).failure
        };
        assert_eq!(denied("*=denied"), None);
        assert_eq!(denied("sts:*=denied"), None);
        assert_eq!(denied("sts:GetCallerIdentity=denied"), Some(Failure::Denied));
        assert_eq!(denied("*=throttle"), Some(Failure::Throttle));
    }

    #[test]
    fn latencies_add_up_and_the_first_failure_wins() {
        let table = Table::default();
        for spec in ["*=latency,ms=200", "iam:*=latency,seconds=1", "*=denied", "*=throttle"] {
            table.add(Rule::parse(spec).unwrap());
        }
        let outcome = table.consult(asked("iam", "GetUser"));
        assert_eq!(outcome.delay, Duration::from_millis(1200));
        assert_eq!(outcome.failure, Some(Failure::Denied));
        table.clear();
        assert_eq!(table.consult(asked("iam", "GetUser")), Outcome::default());
    }
}
