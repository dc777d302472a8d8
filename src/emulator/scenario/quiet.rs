//! A small account on a good day.

use jiff::{SignedDuration, Timestamp};

use super::Scene;
use crate::emulator::account::Account;
use crate::emulator::ids;
use crate::emulator::svc::iam::{AccessKey, LoginProfile, User};

/// Builds the story.
pub(super) fn build(seed: u64, now: Timestamp) -> Scene {
    let mut account = Account::empty("123456789012", seed);
    let created = now.saturating_sub(SignedDuration::from_hours(24 * 400)).unwrap_or(now);
    let mut admin = User::new("admin", &ids::unique("AIDA", &mut account.rng), created);
    admin.password = Some(LoginProfile { created, must_reset: false });
    let id = ids::access_key("AKIA", &account.id, &mut account.rng);
    admin.keys.push(AccessKey::new(&id, &ids::secret(&mut account.rng), created));
    account.iam.add_user(admin);
    account.iam.set_administrator("admin");
    Scene { account, faults: Vec::new() }
}
