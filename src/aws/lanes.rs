//! Budgets: how many calls of one service may be under way in one region, and how far apart they must start.
//!
//! Screen and scripts share them, because AWS counts per account and region and not per window.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// What one lane allows.
#[derive(Debug, Clone, Copy)]
struct Budget {
    /// Calls under way at the same time.
    permits: usize,
    /// Least time between the starts of two calls.
    spacing: Duration,
}

/// The budget of a service. `LookupEvents` allows two requests per second, account and region (CloudTrail API reference). STS allows
/// 600 (IAM's page of quotas), of which these are a small part. The others publish no figure, theirs are kept low enough to leave
/// room for other users of the account; where even that is too much for AWS, a lane goes slower until it is not: [`Lanes::heard`].
///
/// IAM has twelve: a campaign of rotations makes about a dozen calls for each user, and 25 users at once all want one at the same
/// moment, because they wait for the same things. With six they stood in line for longer than they waited for IAM itself.
fn budget(service: &str, operation: &str) -> Budget {
    match (service, operation) {
        ("cloudtrail", "LookupEvents") => Budget { permits: 1, spacing: Duration::from_millis(500) },
        ("iam" | "sts", _) => Budget { permits: 12, spacing: Duration::ZERO },
        _ => Budget { permits: 4, spacing: Duration::ZERO },
    }
}

#[derive(Debug)]
struct Lane {
    permits: Arc<Semaphore>,
    spacing: Duration,
    /// More space than that, while AWS says that it is too much.
    slowed: Mutex<Duration>,
    /// When the next call may start.
    next: AsyncMutex<Option<Instant>>,
}

/// The space between two calls after the first throttled one; doubled by each further one.
const SLOWED: Duration = Duration::from_millis(50);
/// The most space that a lane takes by itself.
const SLOWEST: Duration = Duration::from_secs(1);

impl Lane {
    fn space(&self) -> Duration {
        self.spacing + *self.slowed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All lanes of a session, made as they are needed.
#[derive(Debug)]
pub struct Lanes {
    speed: f64,
    lanes: Mutex<BTreeMap<(String, String), Arc<Lane>>>,
}

/// The right to make one call; the lane is free again when it is dropped.
#[derive(Debug)]
pub struct Permit {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Lanes {
    /// Lanes whose spacing is divided by `speed`: the demo's clock runs faster than ours.
    pub fn new(speed: f64) -> Self {
        Self { speed: if speed.is_finite() && speed > 0.0 { speed } else { 1.0 }, lanes: Mutex::default() }
    }

    /// Waits for the right to call. Dropping the wait gives up the place and uses up nothing.
    pub async fn enter(&self, service: &str, operation: &str, region: &str) -> Permit {
        let lane = self.lane(service, operation, region);
        // The semaphore is never closed, so the only answer is a permit.
        let permit = Arc::clone(&lane.permits).acquire_owned().await.ok();
        if !lane.space().is_zero() {
            let mut next = lane.next.lock().await;
            if let Some(at) = *next {
                tokio::time::sleep_until(at).await;
            }
            *next = Some(Instant::now() + lane.space());
        }
        Permit { _permit: permit }
    }

    /// A call has come back. One that AWS throttled although it was repeated makes its lane slower; every one that it did not makes it
    /// a quarter faster again, up to the budget: so a lane finds what an account has room for, beside everybody else who uses it.
    pub fn heard(&self, service: &str, operation: &str, region: &str, is_throttled: bool) {
        let lane = self.lane(service, operation, region);
        let mut slowed = lane.slowed.lock().unwrap_or_else(PoisonError::into_inner);
        let first = SLOWED.div_f64(self.speed);
        *slowed = match is_throttled {
            true => (*slowed * 2).clamp(first, SLOWEST.div_f64(self.speed)),
            false if *slowed <= first / 10 => Duration::ZERO,
            false => *slowed * 3 / 4,
        };
    }

    /// Waits, by the session's clock.
    pub async fn pause(&self, length: Duration) {
        tokio::time::sleep(length.div_f64(self.speed)).await;
    }

    fn lane(&self, service: &str, operation: &str, region: &str) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry((service.to_owned(), region.to_owned())).or_insert_with(|| {
            let Budget { permits, spacing } = budget(service, operation);
            Arc::new(Lane {
                permits: Arc::new(Semaphore::new(permits)),
                spacing: spacing.div_f64(self.speed),
                slowed: Mutex::default(),
                next: AsyncMutex::new(None),
            })
        });
        Arc::clone(lane)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    const LOOKUP: (&str, &str) = ("cloudtrail", "LookupEvents");

    /// Fifty times as fast: ten milliseconds between two lookups.
    #[tokio::test]
    async fn lookups_start_apart_from_each_other_in_their_region() {
        let lanes = Lanes::new(50.0);
        let begun = Instant::now();
        for _ in 0..5 {
            drop(lanes.enter(LOOKUP.0, LOOKUP.1, "us-east-1").await);
        }
        assert!(begun.elapsed() >= Duration::from_millis(40));
        assert!(lanes.enter(LOOKUP.0, LOOKUP.1, "eu-west-1").now_or_never().is_some(), "another region has its own lane");
    }

    #[tokio::test]
    async fn a_dropped_wait_holds_nothing() {
        let lanes = Lanes::new(1e9);
        let held = lanes.enter(LOOKUP.0, LOOKUP.1, "us-east-1").await;
        assert!(lanes.enter(LOOKUP.0, LOOKUP.1, "us-east-1").now_or_never().is_none(), "one at a time");
        drop(held);
        drop(lanes.enter(LOOKUP.0, LOOKUP.1, "us-east-1").await);
    }

    #[tokio::test]
    async fn a_throttled_lane_goes_slower_until_it_is_heard() {
        let lanes = Lanes::new(1.0);
        let space = || lanes.lane("iam", "GetUser", "us-east-1").space();
        assert!(space().is_zero());
        lanes.heard("iam", "GetUser", "us-east-1", true);
        assert_eq!(space(), SLOWED);
        (0..20).for_each(|_| lanes.heard("iam", "GetUser", "us-east-1", true));
        assert_eq!(space(), SLOWEST);
        assert!(lanes.lane("sts", "GetCallerIdentity", "us-east-1").space().is_zero(), "others are as fast as before");
        (0..40).for_each(|_| lanes.heard("iam", "GetUser", "us-east-1", false));
        assert!(space().is_zero());
    }

    #[tokio::test]
    async fn twelve_iam_calls_at_a_time() {
        let lanes = Lanes::new(1.0);
        let mut held = Vec::new();
        for _ in 0..12 {
            held.push(lanes.enter("iam", "ListMFADevices", "us-east-1").now_or_never());
        }
        assert!(held.iter().all(Option::is_some));
        assert!(lanes.enter("iam", "ListUsers", "us-east-1").now_or_never().is_none());
    }
}
