//! Ten thousand users, made when IAM is first asked for one.

use fastrand::Rng;
use jiff::Timestamp;

use super::super::cast::{ACCOUNT, HOME, ON_CALL, ago, days};
use super::{USERS, id, key, name};
use crate::emulator::ids;
use crate::emulator::svc::iam::{AccessKey, AttachedPolicy, Group, KeyUse, LoginProfile, MfaDevice, State, Status, User};

const GROUPS: [&str; 6] = ["data", "developers", "finance", "operations", "sales", "support"];

/// The administrator at once, the others later.
pub(super) fn populate(iam: &mut State, now: Timestamp, seed: u64) {
    let mut rng = Rng::with_seed(seed);
    iam.alias = Some("acme-huge".into());
    iam.root.created = days(now, 2_900);
    iam.root.password_last_used = Some(days(now, 130));
    iam.root.mfa =
        vec![MfaDevice { serial: format!("arn:aws:iam::{ACCOUNT}:mfa/root-account-mfa-device"), enabled: days(now, 2_000) }];
    let mut on_call = User::new(ON_CALL, &ids::unique("AIDA", &mut rng), days(now, 900));
    on_call.attached.push(AttachedPolicy::from_arn("arn:aws:iam::aws:policy/AdministratorAccess"));
    let first = ids::access_key("AKIA", ACCOUNT, &mut rng);
    on_call.keys.push(AccessKey::new(&first, &ids::secret(&mut rng), days(now, 30)));
    iam.add_user(on_call);
    iam.set_administrator(ON_CALL);
    for group in GROUPS {
        let id = ids::unique("AGPA", &mut rng);
        iam.groups.insert(group.into(), Group { name: group.into(), path: "/".into(), id, created: days(now, 2_000) });
    }
    // One fewer: the administrator is one of them.
    iam.defer(move |iam| (1..USERS).for_each(|number| iam.add_user(user(number, now, seed))));
}

fn user(number: u32, now: Timestamp, seed: u64) -> User {
    let mut rng = Rng::with_seed(seed ^ u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let name = name(number);
    let created = ago(now, rng.i64(2_000_000..3_000_000));
    let mut user = User::new(&name, &id(number), created);
    user.groups = GROUPS.get(number as usize % GROUPS.len()).map(|group| (*group).to_owned()).into_iter().collect();
    if !number.is_multiple_of(7) {
        user.password = Some(LoginProfile { created, must_reset: number.is_multiple_of(53) });
        user.password_last_used = (!number.is_multiple_of(11)).then(|| ago(now, rng.i64(10..400_000)));
    }
    user.mfa = match number % 10 {
        0 | 1 => Vec::new(),
        2 => vec![device(format!("arn:aws:iam::{ACCOUNT}:u2f/user/{name}/key-{number:05}"), created)],
        3 => vec![device(format!("GAHT{number:08}"), created)],
        _ => vec![device(format!("arn:aws:iam::{ACCOUNT}:mfa/{name}"), created)],
    };
    for index in 0..number % 3 {
        let id = if index == 0 { key(number) } else { ids::access_key("AKIA", ACCOUNT, &mut rng) };
        let mut key = AccessKey::new(&id, &ids::secret(&mut rng), ago(now, rng.i64(5_000..1_300_000)));
        if number.is_multiple_of(17) {
            key.status = Status::Inactive;
        }
        if !number.is_multiple_of(13) {
            key.last_used = Some(KeyUse { when: ago(now, rng.i64(5..5_000)), service: "s3".into(), region: HOME.into() });
        }
        user.keys.push(key);
    }
    user.keys.sort_by_key(|key| key.created);
    user
}

fn device(serial: String, enabled: Timestamp) -> MfaDevice {
    MfaDevice { serial, enabled }
}
