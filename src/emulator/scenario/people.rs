//! Who has access to the account: some sixty users with every mix of password, MFA and keys.

use fastrand::Rng;
use jiff::Timestamp;

use super::cast::{ACCOUNT, AWAY, HOME, ON_CALL, ago, days};
use crate::emulator::ids;
use crate::emulator::svc::iam::{
    AccessKey, AttachedPolicy, Group, KeyUse, LoginProfile, MfaDevice, PasswordPolicy, Role, State, Status, User,
};

/// An MFA device.
#[derive(Debug, Clone, Copy)]
enum Mfa {
    Virtual,
    Passkey,
    Hardware,
}

/// A key: age in days, days since its last use (`None`: never used), whether it is active.
type Key = (i64, Option<i64>, bool);

/// A person or a machine: name, group, days since made, days since the last sign-in (`None`: no password; 0: never), MFA, keys.
type Entry = (&'static str, &'static str, i64, Option<i64>, &'static [Mfa], &'static [Key]);

use Mfa::{Hardware, Passkey, Virtual};

const PEOPLE: [Entry; 58] = [
    (ON_CALL, "admins", 1_310, Some(1), &[Passkey, Virtual], &[(41, Some(0), true)]),
    ("ahmed.farouk", "developers", 702, Some(3), &[Virtual], &[(55, Some(1), true)]),
    ("anna.lind", "admins", 1_502, Some(2), &[Hardware], &[]),
    ("astrid.holm", "finance", 611, Some(12), &[Virtual], &[]),
    ("audit-export", "ci", 903, None, &[], &[(900, Some(2), true)]),
    ("ben.osei", "developers", 420, Some(5), &[Passkey], &[(88, Some(4), true), (3, None, true)]),
    ("billing-report", "ci", 655, None, &[], &[(301, Some(30), true)]),
    ("bruno.silva", "data", 377, Some(9), &[Virtual], &[(130, Some(6), true)]),
    ("carmen.diaz", "support", 266, Some(1), &[Virtual], &[]),
    ("chen.wei", "developers", 512, Some(2), &[Passkey, Passkey], &[(12, Some(0), true)]),
    ("ci-legacy-jenkins", "ci", 1_405, None, &[], &[(870, Some(1), true), (402, Some(380), false)]),
    ("clara.moreau", "data", 180, Some(4), &[Virtual], &[(61, Some(3), true)]),
    ("dan.whitfield", "developers", 845, Some(33), &[], &[(412, Some(7), true)]),
    ("data-sync", "ci", 388, None, &[], &[(93, Some(0), true)]),
    ("deploy-eu", "ci", 520, None, &[], &[(64, Some(0), true), (170, Some(65), false)]),
    ("dina.haddad", "auditors", 144, Some(20), &[Virtual], &[]),
    ("elena.popescu", "developers", 233, Some(1), &[Virtual], &[(29, Some(1), true)]),
    ("emil.novak", "developers", 97, Some(0), &[], &[]),
    ("erik.svensson", "support", 905, Some(210), &[], &[]),
    ("fatima.rahman", "data", 318, Some(2), &[Passkey], &[(45, Some(2), true)]),
    ("felix.bauer", "developers", 640, Some(8), &[Virtual, Hardware], &[(90, Some(8), true)]),
    ("freya.nilsen", "finance", 70, Some(6), &[Virtual], &[]),
    ("giulia.conti", "developers", 455, Some(3), &[Virtual], &[(91, Some(3), true)]),
    ("grafana-reader", "ci", 733, None, &[], &[(733, Some(0), true)]),
    ("hana.sato", "developers", 290, Some(2), &[Passkey], &[(14, Some(0), true)]),
    ("hugo.lefevre", "support", 130, Some(17), &[Virtual], &[]),
    ("ibrahim.kaya", "developers", 365, Some(45), &[], &[(365, Some(50), true)]),
    ("ines.ferreira", "data", 219, Some(1), &[Virtual], &[(75, None, true)]),
    ("isaac.cohen", "admins", 1_120, Some(4), &[Passkey, Hardware], &[(3, None, true)]),
    ("jana.horvat", "developers", 48, Some(1), &[Virtual], &[]),
    ("jonas.weber", "developers", 801, None, &[Virtual], &[(610, None, false)]),
    ("julia.santos", "auditors", 505, Some(13), &[Hardware], &[]),
    ("karim.benali", "support", 333, Some(2), &[Virtual], &[]),
    ("katya.orlova", "developers", 580, Some(3), &[Virtual], &[(120, Some(10), false)]),
    ("kofi.mensah", "data", 410, Some(7), &[Virtual], &[(84, Some(5), true)]),
    ("lars.jensen", "finance", 960, Some(400), &[], &[(880, None, true)]),
    ("lena.fischer", "developers", 205, Some(1), &[Passkey], &[(33, Some(0), true)]),
    ("liam.oconnor", "support", 610, Some(28), &[Virtual], &[]),
    ("log-shipper", "ci", 1_001, None, &[], &[(250, Some(0), true)]),
    ("lucia.romano", "data", 160, Some(3), &[Virtual], &[(59, Some(1), true)]),
    ("maria.garcia", "developers", 476, Some(2), &[Virtual], &[(101, Some(2), true), (400, Some(102), false)]),
    ("mikko.virtanen", "developers", 730, Some(6), &[Hardware], &[(67, Some(4), true)]),
    ("nadia.petrova", "admins", 888, Some(3), &[Passkey], &[]),
    ("noah.schmidt", "developers", 21, Some(0), &[], &[(21, None, true)]),
    ("omar.said", "support", 254, Some(11), &[], &[]),
    ("packer-builder", "ci", 480, None, &[], &[(480, Some(91), true)]),
    ("paula.jimenez", "finance", 390, Some(19), &[Virtual], &[]),
    ("pieter.devries", "developers", 542, Some(2), &[Passkey], &[(38, Some(1), true)]),
    ("qa-runner", "ci", 310, None, &[], &[(89, Some(0), true)]),
    ("ravi.patel", "data", 428, Some(1), &[Virtual], &[(72, Some(1), true)]),
    ("rosa.martin", "auditors", 77, Some(9), &[Virtual], &[]),
    ("sofia.rossi", "developers", 615, Some(5), &[Virtual], &[(19, Some(0), true)]),
    ("tariq.aziz", "developers", 188, Some(4), &[], &[(188, Some(4), true)]),
    ("terraform", "ci", 1_290, None, &[], &[(47, Some(0), true)]),
    ("tomas.dvorak", "support", 720, Some(61), &[Virtual], &[]),
    ("vera.ivanova", "data", 266, Some(2), &[Passkey], &[(53, Some(2), true)]),
    ("yuki.tanaka", "developers", 350, Some(1), &[Virtual, Passkey], &[(26, Some(0), true)]),
    ("zoe.martinez", "finance", 115, Some(8), &[Virtual], &[]),
];

const GROUPS: [&str; 7] = ["admins", "auditors", "ci", "data", "developers", "finance", "support"];

/// What a role trusts that people assume by themselves: the account.
const EVERYBODY: &str = "arn:aws:iam::123456789012:root";

/// Roles and whom they trust: a service, or everybody in the account.
const ROLES: [(&str, &str); 10] = [
    ("app-server", "ec2.amazonaws.com"),
    ("bastion", "ec2.amazonaws.com"),
    ("github-actions-deploy", "token.actions.githubusercontent.com"),
    ("incident-response", EVERYBODY),
    ("lambda-thumbnailer", "lambda.amazonaws.com"),
    ("nightly-backup", "backup.amazonaws.com"),
    ("SSMHybridNodes", "ssm.amazonaws.com"),
    ("AWSServiceRoleForAmazonGuardDuty", "guardduty.amazonaws.com"),
    ("AWSServiceRoleForAutoScaling", "autoscaling.amazonaws.com"),
    ("AWSReservedSSO_ReadOnly_0f1e2d3c4b5a6978", "sso.amazonaws.com"),
];

/// Fills IAM with the first `most` people, their groups, the roles and a well kept root.
pub(super) fn populate(iam: &mut State, now: Timestamp, most: usize, rng: &mut Rng) {
    iam.alias = Some("acme-prod".into());
    iam.root.created = days(now, 1_820);
    iam.root.password_last_used = Some(days(now, 9));
    iam.root.mfa = vec![device(Mfa::Passkey, "root", days(now, 800), rng)];
    iam.password_policy =
        Some(PasswordPolicy { minimum_length: 14, mixed: true, max_age_days: None, reuse_prevention: Some(24) });
    for name in GROUPS {
        let id = ids::unique("AGPA", rng);
        iam.groups.insert(name.into(), Group { name: name.into(), path: "/".into(), id, created: days(now, 1_500) });
    }
    for (name, trusted) in ROLES {
        iam.roles.insert(name.into(), role(name, trusted, now, rng));
    }
    iam.add_virtual_mfa(&format!("arn:aws:iam::{ACCOUNT}:mfa/spare-phone"));
    for entry in PEOPLE.iter().take(most) {
        let user = person(entry, now, rng);
        iam.add_user(user);
    }
    iam.set_administrator(ON_CALL);
}

fn person(entry: &Entry, now: Timestamp, rng: &mut Rng) -> User {
    let (name, group, made, signed_in, mfa, keys) = *entry;
    let created = ago(days(now, made), rng.i64(0..1_440));
    let mut user = User::new(name, &ids::unique("AIDA", rng), created);
    user.groups = vec![group.into()];
    if group == "ci" {
        user.path = "/service/".into();
    }
    if group == "admins" {
        user.attached.push(AttachedPolicy::from_arn("arn:aws:iam::aws:policy/AdministratorAccess"));
    }
    user.password = signed_in.map(|_| LoginProfile { created, must_reset: signed_in == Some(0) });
    user.password_last_used = signed_in.filter(|since| *since > 0).map(|since| ago(days(now, since), rng.i64(0..600)));
    user.mfa = mfa.iter().map(|kind| device(*kind, name, ago(created, -20), rng)).collect();
    user.keys = keys.iter().map(|given| key(*given, now, rng)).collect();
    user.keys.sort_by_key(|key| key.created);
    user.tags.insert("team".into(), group.into());
    user
}

fn key((age, used, active): Key, now: Timestamp, rng: &mut Rng) -> AccessKey {
    let id = ids::access_key("AKIA", ACCOUNT, rng);
    let mut key = AccessKey::new(&id, &ids::secret(rng), ago(days(now, age), rng.i64(0..900)));
    key.status = if active { Status::Active } else { Status::Inactive };
    key.last_used = used.map(|since| {
        let (service, region) = [("s3", HOME), ("ec2", HOME), ("sts", HOME), ("ecr", AWAY), ("cloudformation", HOME)]
            .get(rng.usize(..5))
            .copied()
            .unwrap_or(("s3", HOME));
        KeyUse { when: ago(days(now, since), rng.i64(3..700)), service: service.into(), region: region.into() }
    });
    key
}

fn device(kind: Mfa, name: &str, enabled: Timestamp, rng: &mut Rng) -> MfaDevice {
    let serial = match kind {
        Mfa::Virtual => format!("arn:aws:iam::{ACCOUNT}:mfa/{name}"),
        Mfa::Passkey => {
            let who = if name == "root" { "root-account".to_owned() } else { name.to_owned() };
            format!("arn:aws:iam::{ACCOUNT}:u2f/user/{who}/yubikey-{}", ids::unique("", rng))
        }
        Mfa::Hardware => format!("GAHT{:08}", rng.u32(..100_000_000)),
    };
    MfaDevice { serial, enabled }
}

fn role(name: &str, trusted: &str, now: Timestamp, rng: &mut Rng) -> Role {
    let path = match name {
        _ if name.starts_with("AWSServiceRoleFor") => format!("/aws-service-role/{trusted}/"),
        _ if name.starts_with("AWSReservedSSO_") => "/aws-reserved/sso.amazonaws.com/".to_owned(),
        _ => "/".to_owned(),
    };
    let kind = if trusted == EVERYBODY { "AWS" } else { "Service" };
    let trust = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {kind: trusted}, "Action": "sts:AssumeRole"}
    ]});
    Role {
        name: name.into(),
        path,
        id: ids::unique("AROA", rng),
        created: days(now, 900),
        trust: trust.to_string(),
        description: None,
        max_session_seconds: 3_600,
        last_used: Some((ago(now, rng.i64(5..4_000)), HOME.into())),
    }
}
