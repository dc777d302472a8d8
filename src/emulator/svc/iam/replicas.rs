//! Eventual consistency: a change to a user's keys or policies reaches each replica after its own time.
//!
//! IAM is written in one place and read in many. A change is in force at the writer at once; each replica sees it after a lag that
//! follows from the world's seed, the number of the change and the replica, at most [`State::propagation`], and exactly that on one
//! of them. Signature checks and policies of all services read from replicas; IAM's own lists do, too, and follow in a quarter of the
//! time. Which replica answers is fixed for each service and region, or chosen anew for every request where [`State::flapping`] is
//! set: then a key that has worked may be refused by the next call.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::state::{AccessKey, AttachedPolicy, State, User};

/// How much sooner than services IAM's own lists know of a change.
const OWN_READS: i32 = 4;

/// What a replica holds of a user that others read late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Access keys.
    pub(super) keys: Vec<AccessKey>,
    /// Inline policies.
    pub(super) inline: BTreeMap<String, String>,
    /// Managed policies.
    pub(super) attached: Vec<AttachedPolicy>,
}

impl Seen {
    /// A user as it is at the writer.
    pub(super) fn of(user: &User) -> Self {
        Self { keys: user.keys.clone(), inline: user.inline.clone(), attached: user.attached.clone() }
    }
}

/// One change of one user.
#[derive(Debug)]
struct Change {
    number: u64,
    at: Timestamp,
    before: Seen,
}

/// The changes that are still on their way.
#[derive(Debug, Default)]
pub(super) struct Changes {
    by_user: BTreeMap<String, Vec<Change>>,
    /// How many there have been.
    count: u64,
    /// How many reads there have been: chooses the replica where they flap.
    reads: u64,
    /// Keys that were deleted, and whose they were.
    pub(super) former: BTreeMap<String, String>,
}

/// Who reads.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reader<'a> {
    /// A service, in a region: signatures and policies.
    Service(&'a str, &'a str),
    /// A list of IAM.
    List,
}

impl State {
    /// Notes down how a user is, right before it is changed.
    pub(super) fn note_change(&mut self, user: &str, now: Timestamp) {
        self.provoke(user, now);
        if self.propagation.is_zero() {
            return;
        }
        let Some(before) = self.users.get(user).map(Seen::of) else { return };
        let bound = self.propagation;
        self.changes.count += 1;
        let number = self.changes.count;
        let changes = self.changes.by_user.entry(user.to_owned()).or_default();
        changes.retain(|change| now.duration_since(change.at) < bound);
        changes.push(Change { number, at: now, before });
    }

    /// Counts a read; the replica that answers it.
    pub(super) fn choose_replica(&mut self, reader: Reader<'_>) -> u32 {
        self.changes.reads += 1;
        let replicas = u64::from(self.replicas.max(1));
        let chosen = match reader {
            _ if self.flapping => mix(self.seed ^ self.changes.reads.rotate_left(17)),
            Reader::Service(service, region) => mix(self.seed ^ text(service) ^ text(region).rotate_left(7)),
            Reader::List => mix(self.seed ^ text("lists")),
        };
        u32::try_from(chosen % replicas).unwrap_or(0)
    }

    /// What a replica still holds of a user instead of what is in force; `None`: it is up to date.
    pub(super) fn behind(&self, user: &str, reader: Reader<'_>, replica: u32, now: Timestamp) -> Option<&Seen> {
        let changes = self.changes.by_user.get(user)?;
        let share = if matches!(reader, Reader::List) { OWN_READS } else { 1 };
        let has_arrived = |change: &Change| now.duration_since(change.at) >= self.lag(change.number, replica) / share;
        // A change that has arrived brings all earlier ones with it.
        let next = changes.iter().rposition(has_arrived).map_or(0, |at| at + 1);
        changes.get(next).map(|change| &change.before)
    }

    /// How long a change takes to a replica.
    fn lag(&self, change: u64, replica: u32) -> SignedDuration {
        let replicas = u64::from(self.replicas.max(1));
        if change % replicas == u64::from(replica) {
            return self.propagation;
        }
        let thousandths = mix(self.seed ^ change.rotate_left(32) ^ u64::from(replica)) % 1000;
        let share = i32::try_from(thousandths).unwrap_or(0);
        self.propagation / 1000 * share
    }

    /// A user's keys as a list of IAM tells them.
    pub(super) fn listed_keys(&mut self, user: &str, now: Timestamp) -> Vec<AccessKey> {
        let replica = self.choose_replica(Reader::List);
        match self.behind(user, Reader::List, replica, now) {
            Some(seen) => seen.keys.clone(),
            None => self.users.get(user).map(|user| user.keys.clone()).unwrap_or_default(),
        }
    }

    /// A user's inline policies as a list of IAM tells them.
    pub(super) fn listed_inline(&mut self, user: &str, now: Timestamp) -> BTreeMap<String, String> {
        let replica = self.choose_replica(Reader::List);
        match self.behind(user, Reader::List, replica, now) {
            Some(seen) => seen.inline.clone(),
            None => self.users.get(user).map(|user| user.inline.clone()).unwrap_or_default(),
        }
    }
}

/// Spreads the bits of a number (the finalizer of SplitMix64).
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// A number of a text (FNV-1a).
fn text(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::svc::iam::Status;

    fn noon() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    fn slow(replicas: u32, flapping: bool) -> State {
        let mut iam = State::new("123456789012", 7);
        (iam.propagation, iam.replicas, iam.flapping) = (SignedDuration::from_secs(10), replicas, flapping);
        iam.add_user(User::new("eve", "AIDA", noon()));
        iam
    }

    fn make_key(iam: &mut State, id: &str, at: Timestamp) {
        iam.note_change("eve", at);
        iam.add_key("eve", AccessKey::new(id, "secret", at));
    }

    fn known(iam: &State, replica: u32, at: Timestamp) -> usize {
        let reader = Reader::Service("sts", "us-east-1");
        iam.behind("eve", reader, replica, at).map_or(iam.users["eve"].keys.len(), |seen| seen.keys.len())
    }

    #[test]
    fn every_replica_learns_of_a_change_by_the_bound_and_never_forgets_it() {
        let mut iam = slow(5, true);
        make_key(&mut iam, "AKIA1", noon());
        make_key(&mut iam, "AKIA2", noon() + SignedDuration::from_secs(2));
        for replica in 0..5 {
            let mut last = 0;
            for ms in (0..=12_000).step_by(100) {
                let now = known(&iam, replica, noon() + SignedDuration::from_millis(ms));
                assert!(now >= last, "replica {replica} forgot after {ms} ms");
                last = now;
            }
            assert_eq!(last, 2, "replica {replica}");
        }
        let almost = noon() + SignedDuration::from_millis(9_999);
        assert!((0..5).any(|replica| known(&iam, replica, almost) == 0 || known(&iam, replica, almost) == 1));
    }

    #[test]
    fn a_replica_is_kept_or_chosen_anew() {
        let chosen = |flapping: bool| {
            let mut iam = slow(4, flapping);
            (0..40).map(|_| iam.choose_replica(Reader::Service("sts", "us-east-1"))).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(chosen(false).len(), 1);
        assert_eq!(chosen(true).len(), 4);
    }

    #[test]
    fn lists_are_a_quarter_as_late() {
        let mut iam = slow(1, false);
        make_key(&mut iam, "AKIA1", noon());
        let after = |ms: i64| noon() + SignedDuration::from_millis(ms);
        assert_eq!(iam.listed_keys("eve", after(2_499)).len(), 0);
        assert_eq!(iam.listed_keys("eve", after(2_500)).len(), 1);
        assert_eq!(known(&iam, 0, after(9_999)), 0);
        assert_eq!(known(&iam, 0, after(10_000)), 1);
        assert_eq!(iam.users["eve"].keys[0].status, Status::Active);
    }
}
