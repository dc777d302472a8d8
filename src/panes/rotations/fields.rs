//! What can be asked of a rotation.

use std::borrow::Cow;

use crate::domain::rotation::{Rotation, Wait};
use crate::kit::query::field::{COUNT, Field, Kind, Value};

type Of = Field<Rotation>;

/// The words of [`crate::domain::rotation::Phase`].
const PHASE: Kind = Kind::Words(&[
    "planned",
    "preflight",
    "creating",
    "escrowed",
    "stored",
    "verified",
    "soaking",
    "deactivating",
    "observing",
    "deleting",
    "done",
    "aborted",
]);

pub(super) const FIELDS: &[Field<Rotation>] = &[
    Of::new("user", "the journal: UserName", Kind::Text, |rotation| Value::text(Some(&rotation.user))).or(&["name", "username"]),
    Of::new("phase", "the journal", PHASE, |rotation| Value::word(rotation.phase.word())),
    Of::new("waits", "the journal: what it waits for", Kind::Text, waits).optional(),
    Of::new("keys", "the journal: AccessKeyId of the old and the new key", Kind::Id, |rotation| {
        Value::texts(std::iter::once(&rotation.old_key).chain(&rotation.new_key))
    })
    .or(&["key"])
    .list(),
    Of::new("checks", "the journal: how often the new key has worked in a row", COUNT, |rotation| {
        let (good, wanted) = rotation.checks;
        Value::Number(good.into(), Some(Cow::Owned(format!("{good}/{wanted}"))))
    })
    .forms(&["#/#"]),
    Of::new("since", "the journal: when the phase began", Kind::Time, |rotation| Value::Time(rotation.since)),
    Of::new("store", "the journal: where the new secret goes", Kind::Text, |rotation| {
        Value::Text(Cow::Owned(rotation.store.to_string()))
    }),
    Of::new("account", "the journal: the account", Kind::Id, |rotation| Value::raw(Some(&rotation.account))),
    Of::new("started", "the journal: when it began", Kind::Time, |rotation| Value::Time(rotation.started)),
    Of::new("fault", "the journal: what went wrong last", Kind::Text, |rotation| {
        rotation.fault.as_ref().map_or(Value::Absent("–"), |fault| Value::Text(Cow::Owned(fault.title())))
    })
    .optional(),
    Of::new("id", "the journal: the rotation's name", Kind::Text, |rotation| Value::raw(Some(&rotation.id.0))),
];

/// What it waits for, without the time that is left.
fn waits(rotation: &Rotation) -> Value<'_> {
    match &rotation.wait {
        Wait::Turn => Value::word("its turn"),
        Wait::Working => Value::word("at work"),
        Wait::Retry { why, .. } => Value::Text(Cow::Owned(format!("tries again: {why}"))),
        Wait::Until { .. } => Value::word("goes on"),
        Wait::Operator { need, .. } => Value::Text(Cow::Owned(format!("you: {need}"))),
        Wait::Nobody if !rotation.phase.is_final() => Value::word("you: left, resume it"),
        Wait::Nobody | Wait::Ended => Value::Absent("–"),
    }
}
