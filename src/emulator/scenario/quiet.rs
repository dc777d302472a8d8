//! A small account on a good day.

use fastrand::Rng;
use jiff::Timestamp;

use super::cast::{ACCOUNT, DETECTORS, HOME, days};
use super::{Scene, bastions, daily, findings, people, trail};
use crate::emulator::account::Account;
use crate::emulator::svc::cloudtrail::History;
use crate::emulator::svc::guardduty::Detector;

/// How many users there are.
const PEOPLE: usize = 12;
/// How many events of two weeks.
const EVENTS: u32 = 400;

/// Builds the story.
pub(super) fn build(seed: u64, now: Timestamp) -> Scene {
    let mut account = Account::empty(ACCOUNT, seed);
    let mut rng = Rng::with_seed(seed);
    people::populate(&mut account.iam, now, PEOPLE, &mut rng);
    bastions::calm(&mut account.ssm, now, &mut rng);
    for (region, id) in DETECTORS {
        let mut detector = Detector::new(id, days(now, 700));
        if region == HOME {
            detector.findings = findings::noise(now, region, 3);
        }
        account.guardduty.detectors.insert(region.into(), detector);
    }
    account.cloudtrail.trails = vec![trail(now)];
    account.cloudtrail.history = History::told(move || daily::tell(now, EVENTS, seed));
    Scene { account, faults: Vec::new() }
}
