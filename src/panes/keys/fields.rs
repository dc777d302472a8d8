//! What can be asked of an access key.

use crate::domain::key::{AccessKey, LastUsed};
use crate::domain::text::Untrusted;
use crate::kit::query::field::{COUNT, Field, Kind, Value};

type Of = Field<AccessKey>;

pub(super) const FIELDS: &[Field<AccessKey>] = &[
    Of::new("user", "iam ListAccessKeys: UserName", Kind::Text, |key| Value::text(Some(&key.handle.user)))
        .or(&["name", "username"]),
    Of::new("key", "iam ListAccessKeys: AccessKeyId", Kind::Id, |key| Value::fact(&key.id, |id| Value::text(Some(id))))
        .or(&["access_key", "id"])
        .fact(),
    Of::new("status", "iam ListAccessKeys: Status", Kind::OpenWords(&["Active", "Inactive", "Expired"]), |key| {
        Value::fact(&key.status, |status| Value::word(status.word()))
    })
    .fact(),
    Of::new("age", "iam ListAccessKeys: CreateDate", Kind::Time, created).fact().in_days(),
    Of::new("last_used", "iam GetAccessKeyLastUsed: LastUsedDate", Kind::Time, |key| {
        Value::fact(&key.last_used, |used| match used {
            LastUsed::Never => Value::Absent("never"),
            LastUsed::At { when, .. } => Value::Time(*when),
        })
    })
    .fact()
    .optional(),
    Of::new("service", "iam GetAccessKeyLastUsed: ServiceName", Kind::Id, |key| used(key, |service, _| service))
        .fact()
        .optional(),
    Of::new("region", "iam GetAccessKeyLastUsed: Region", Kind::Id, |key| used(key, |_, region| region)).fact().optional(),
    Of::new("created", "iam ListAccessKeys: CreateDate", Kind::Time, created).fact(),
    Of::new("ordinal", "the place among the user's keys, the oldest first", COUNT, |key| {
        Value::number(key.handle.ordinal.into())
    })
    .unsearched(),
];

fn created(key: &AccessKey) -> Value<'_> {
    Value::fact(&key.created, |created| Value::Time(*created))
}

fn used(key: &AccessKey, which: for<'a> fn(&'a Untrusted, &'a Untrusted) -> &'a Untrusted) -> Value<'_> {
    Value::fact(&key.last_used, |used| match used {
        LastUsed::Never => Value::Absent("–"),
        LastUsed::At { service, region, .. } => Value::text(Some(which(service, region))),
    })
}
