//! How long a rotation waits for what. Every wait has a bound (rule I7); tests shorten them.

use std::time::Duration;

use jiff::SignedDuration;

/// Waits and their bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Checks of the new key that must succeed in a row.
    pub checks: u8,
    /// Time between two of them: replicas of IAM answer in turn, and one answer is one replica's (rotation.md, fact 3).
    pub spacing: Duration,
    /// How long the new key may take to work everywhere. Terraform's bound is two minutes, observed are four seconds.
    pub propagation: Duration,
    /// How long an uncertain `CreateAccessKey` is looked for in `ListAccessKeys`.
    pub reconcile: Duration,
    /// How long the preparations may be retried.
    pub preparation: Duration,
    /// How long one change, one write to a store or one promotion may be retried.
    pub change: Duration,
    /// The first pause before a retry; each further one is twice as long.
    pub first_pause: Duration,
    /// The longest pause before a retry.
    pub longest_pause: Duration,
    /// How often the old key's last use is looked at during soak and observation. AWS counts in steps of 15 minutes.
    pub watch: Duration,
    /// How much older than the intent a new key may seem: clocks differ.
    pub clock_tolerance: SignedDuration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            checks: 3,
            spacing: Duration::from_secs(5),
            propagation: Duration::from_secs(180),
            reconcile: Duration::from_secs(30),
            preparation: Duration::from_secs(60),
            change: Duration::from_secs(60),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(10),
            watch: Duration::from_secs(15 * 60),
            clock_tolerance: SignedDuration::from_mins(5),
        }
    }
}

impl Bounds {
    /// Everything so many times shorter, for tests against the embedded AWS.
    #[must_use]
    pub fn shortened(self, times: u32) -> Self {
        let times = times.max(1);
        Self {
            spacing: self.spacing / times,
            propagation: self.propagation / times,
            reconcile: self.reconcile / times,
            preparation: self.preparation / times,
            change: self.change / times,
            first_pause: self.first_pause / times,
            longest_pause: self.longest_pause / times,
            watch: self.watch / times,
            ..self
        }
    }

    /// The pause before the nth check of a key that has not arrived, counted from 1: a second, and from the ninth on ever longer.
    ///
    /// Keys arrive after three or four seconds (rotation.md, 2.1). Pauses that double from the start would sleep for the same time
    /// again once the key is there; and `GetCallerIdentity` is the cheapest call that there is (600 a second, IAM's page of quotas).
    pub fn arrival(&self, retry: u32) -> Duration {
        self.pause(retry.saturating_sub(Self::STEADY))
    }

    /// Checks in the steady beat of the first pause.
    const STEADY: u32 = 7;

    /// The pause before the nth retry, counted from 1: 1, 2, 4, 8, 10, 10 … seconds.
    pub fn pause(&self, retry: u32) -> Duration {
        self.first_pause.saturating_mul(1 << retry.saturating_sub(1).min(16)).min(self.longest_pause)
    }
}
