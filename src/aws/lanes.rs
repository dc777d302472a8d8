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

/// The budget of a service. `LookupEvents` allows two requests per second, account and region (CloudTrail API reference);
/// the others publish no figure, theirs are kept low enough to leave room for other users of the account.
fn budget(service: &str, operation: &str) -> Budget {
    match (service, operation) {
        ("cloudtrail", "LookupEvents") => Budget { permits: 1, spacing: Duration::from_millis(500) },
        ("iam", _) => Budget { permits: 6, spacing: Duration::ZERO },
        _ => Budget { permits: 4, spacing: Duration::ZERO },
    }
}

#[derive(Debug)]
struct Lane {
    permits: Arc<Semaphore>,
    spacing: Duration,
    /// When the next call may start.
    next: AsyncMutex<Option<Instant>>,
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
        if !lane.spacing.is_zero() {
            let mut next = lane.next.lock().await;
            if let Some(at) = *next {
                tokio::time::sleep_until(at).await;
            }
            *next = Some(Instant::now() + lane.spacing);
        }
        Permit { _permit: permit }
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
    async fn six_iam_calls_at_a_time() {
        let lanes = Lanes::new(1.0);
        let mut held = Vec::new();
        for _ in 0..6 {
            held.push(lanes.enter("iam", "ListMFADevices", "us-east-1").now_or_never());
        }
        assert!(held.iter().all(Option::is_some));
        assert!(lanes.enter("iam", "ListUsers", "us-east-1").now_or_never().is_none());
    }
}
