//! What can be asked of a user.

use std::borrow::Cow;

use super::row::{key_count, oldest, short_kind};
use crate::domain::user::{KeySummary, Mfa, Password, User};
use crate::kit::query::field::{COUNT, Field, Kind, Value, YES_NO};

type Of = Field<User>;

/// What the MFA column says.
const MFA: Kind =
    Kind::Words(&["yes", "no", "virtual", "passkey", "token", "SMS", "yes virtual", "yes passkey", "yes token", "yes SMS"]);

pub(super) const FIELDS: &[Field<User>] = &[
    Of::new("user", "iam ListUsers: UserName", Kind::Text, |user| Value::text(Some(&user.name))).or(&["name", "username"]),
    Of::new("password", "iam GetLoginProfile, or the report's password_enabled", YES_NO, |user| {
        Value::fact(&user.password, |password| Value::yes_no(*password != Password::None))
    })
    .fact(),
    Of::new("mfa", "iam ListMFADevices, or the report's mfa_active", MFA, |user| Value::fact(&user.mfa, mfa))
        .fact()
        .forms(&["yes # dev."]),
    Of::new("last_used", "iam ListUsers: PasswordLastUsed", Kind::Time, |user| {
        Value::fact(&user.password_last_used, |used| match (used, user.password.value()) {
            (Some(used), _) => Value::Time(*used),
            (None, Some(Password::None)) => Value::Absent("–"),
            (None, _) => Value::Absent("never"),
        })
    })
    .or(&["password_last_used"])
    .fact()
    .optional(),
    Of::new("keys", "iam ListAccessKeys: how many", COUNT, |user| {
        Value::fact(&user.keys, |keys| Value::Number(count(keys.len()), Some(Cow::Owned(key_count(keys).text))))
    })
    .fact()
    .forms(&["# active", "# inactive", "# of # active", "none"]),
    Of::new("key_age", "iam ListAccessKeys: CreateDate of the oldest active key", Kind::Time, oldest_key)
        .fact()
        .optional()
        .in_days(),
    Of::new("groups", "iam ListGroupsForUser: GroupName", Kind::Text, |user| Value::fact(&user.groups, Value::texts))
        .or(&["group"])
        .list()
        .fact(),
    Of::new("created", "iam ListUsers: CreateDate", Kind::Time, |user| {
        Value::fact(&user.created, |created| Value::Time(*created))
    })
    .fact(),
    Of::new("arn", "iam ListUsers: Arn", Kind::Id, |user| Value::text(Some(&user.arn))).optional(),
    Of::new("user_id", "iam ListUsers: UserId", Kind::Id, |user| Value::text(user.id.as_ref())).or(&["id"]).optional(),
    Of::new("password_changed", "iam GetLoginProfile: CreateDate, or the report's password_last_changed", Kind::Time, |user| {
        Value::fact(&user.password, |password| match password {
            Password::None => Value::Absent("–"),
            Password::Set { changed } => Value::time(*changed),
        })
    })
    .fact()
    .optional(),
    Of::new("mfa_devices", "iam ListMFADevices: SerialNumber", Kind::Id, |user| {
        Value::fact(&user.mfa, |mfa| match mfa {
            Mfa::Devices(devices) => Value::texts(devices.iter().map(|device| &device.serial)),
            Mfa::Off => Value::Absent("none"),
            // The report says that there is one, and not which.
            Mfa::On => Value::or_unknown(None),
        })
    })
    .list()
    .fact(),
    Of::new("active_keys", "iam ListAccessKeys: how many are Active", COUNT, |user| {
        Value::fact(&user.keys, |keys| Value::count(keys.iter().filter(|key| key.active).count()))
    })
    .fact()
    .unsearched(),
    Of::new("key_ids", "iam ListAccessKeys: AccessKeyId", Kind::Id, |user| Value::fact(&user.keys, |keys| key_ids(keys)))
        .or(&["key", "access_key"])
        .list()
        .fact(),
    Of::new("oldest_key", "iam ListAccessKeys: CreateDate of the oldest active key", Kind::Time, oldest_key).fact().optional(),
];

/// Keys are two at most.
fn count(keys: usize) -> f64 {
    u32::try_from(keys).map_or(f64::MAX, f64::from)
}

fn mfa(mfa: &Mfa) -> Value<'_> {
    match mfa {
        _ if !mfa.is_on() => Value::word("no"),
        Mfa::Devices(devices) => {
            let kinds: Vec<&str> = devices.iter().map(short_kind).collect();
            let drawn = match kinds.as_slice() {
                [kind] => format!("yes {kind}"),
                kinds => format!("yes {} dev.", kinds.len()),
            };
            Value::Texts(["yes"].into_iter().chain(kinds).map(Cow::Borrowed).chain([Cow::Owned(drawn)]).collect())
        }
        Mfa::On | Mfa::Off => Value::word("yes"),
    }
}

fn oldest_key(user: &User) -> Value<'_> {
    Value::fact(&user.keys, |keys| match oldest(keys) {
        Some(created) => Value::Time(created),
        None if keys.is_empty() => Value::Absent("–"),
        None => Value::or_unknown(None),
    })
}

fn key_ids(keys: &[KeySummary]) -> Value<'_> {
    if keys.iter().any(|key| key.id.is_none()) {
        return Value::or_unknown(None);
    }
    Value::texts(keys.iter().filter_map(|key| key.id.as_ref()))
}
