//! The default story: a developer's key leaked five hours ago, and the intruder is still here.

use fastrand::Rng;
use jiff::Timestamp;

use super::cast::{
    ACCOUNT, DETECTORS, HOME, INTRUDER, INTRUDER_ID, INTRUDER_KEY, LEAKED_KEY, MEMBERS, VICTIM, VICTIM_ID, ago, days,
};
use super::{Scene, bastions, daily, findings, people, story, trail};
use crate::emulator::account::Account;
use crate::emulator::ids;
use crate::emulator::svc::cloudtrail::History;
use crate::emulator::svc::guardduty::{Detector, Member};
use crate::emulator::svc::iam::{AccessKey, AttachedPolicy, KeyUse, LoginProfile, MfaDevice, State, User};

/// Events of daily life beside the story.
const DAILY: u32 = 3_400;

/// Builds the story.
pub(super) fn build(seed: u64, now: Timestamp) -> Scene {
    let mut account = Account::empty(ACCOUNT, seed);
    let mut rng = Rng::with_seed(seed);
    people::populate(&mut account.iam, now, usize::MAX, &mut rng);
    victim(&mut account.iam, now, &mut rng);
    intruder(&mut account.iam, now, &mut rng);
    bastions::busy(&mut account.ssm, now, &mut rng);

    for (region, id) in DETECTORS {
        let mut detector = Detector::new(id, days(now, 700));
        detector.findings = if region == HOME { findings::home(now) } else { findings::away(now) };
        account.guardduty.detectors.insert(region.into(), detector);
    }
    account.guardduty.members = MEMBERS
        .iter()
        .map(|(member, email)| Member {
            account: (*member).into(),
            detector: ids::uuid(&mut rng).replace('-', ""),
            email: (*email).into(),
            since: days(now, 690),
        })
        .collect();

    account.cloudtrail.trails = vec![trail(now)];
    account.cloudtrail.history = History::told(move || {
        let mut drafts = daily::tell(now, DAILY, seed);
        drafts.extend(story::tell(now));
        drafts
    });
    Scene { account, faults: Vec::new() }
}

fn victim(iam: &mut State, now: Timestamp, rng: &mut Rng) {
    let created = days(now, 588);
    let mut user = User::new(VICTIM, VICTIM_ID, created);
    user.groups = vec!["developers".into()];
    user.password = Some(LoginProfile { created, must_reset: false });
    user.password_last_used = Some(days(now, 1));
    user.mfa = vec![MfaDevice { serial: format!("arn:aws:iam::{ACCOUNT}:mfa/{VICTIM}"), enabled: ago(created, -30) }];
    user.attached.push(AttachedPolicy::from_arn("arn:aws:iam::aws:policy/IAMFullAccess"));
    user.tags.insert("team".into(), "developers".into());
    user.keys = vec![used_key(LEAKED_KEY, days(now, 412), ago(now, 38), "iam", rng)];
    iam.add_user(user);
}

fn intruder(iam: &mut State, now: Timestamp, rng: &mut Rng) {
    let mut user = User::new(INTRUDER, INTRUDER_ID, ago(now, 290));
    user.password = Some(LoginProfile { created: ago(now, 286), must_reset: false });
    user.password_last_used = Some(ago(now, 271));
    user.attached.push(AttachedPolicy::from_arn("arn:aws:iam::aws:policy/AdministratorAccess"));
    user.keys = vec![used_key(INTRUDER_KEY, ago(now, 290), ago(now, 160), "sts", rng)];
    iam.add_user(user);
}

fn used_key(id: &str, created: Timestamp, used: Timestamp, service: &str, rng: &mut Rng) -> AccessKey {
    let mut key = AccessKey::new(id, &ids::secret(rng), created);
    key.last_used = Some(KeyUse { when: used, service: service.into(), region: HOME.into() });
    key
}
