//! `DescribeSecret` and `ListSecretVersionIds`: everything but the secrets themselves.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::secret::Secret;
use super::values::set;
use super::{Request, invalid, refused};
use crate::emulator::svc::Call;
use crate::emulator::token;
use crate::emulator::wire::error::ServiceError;

/// The key that encrypts a secret which names none.
const OWN_KEY: &str = "DefaultEncryptionKey";

/// A time as Secrets Manager writes it: epoch seconds with milliseconds.
pub(super) fn time(at: Timestamp) -> Value {
    json!(at.as_millisecond() as f64 / 1000.0)
}

/// `DescribeSecret`; also of one that is marked for deletion.
pub(super) fn describe(secret: &Secret) -> Value {
    let labelled: BTreeMap<_, _> = secret
        .versions
        .iter()
        .filter(|(_, version)| !version.labels.is_empty())
        .map(|(id, version)| (id, &version.labels))
        .collect();
    let accessed = secret.versions.values().filter_map(|version| version.accessed).max();
    let mut answer = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "CreatedDate": time(secret.created),
        "LastChangedDate": time(secret.changed),
    });
    let mut add = |name: &str, value: Option<Value>| value.into_iter().for_each(|value| set(&mut answer, name, value));
    add("Description", secret.description.as_deref().map(Into::into));
    add("KmsKeyId", secret.key.as_deref().map(Into::into));
    add("LastAccessedDate", accessed.map(time));
    add("DeletedDate", secret.deletion.map(time));
    add("Tags", (!secret.tags.is_empty()).then(|| json!(secret.tags)));
    add("VersionIdsToStages", (!labelled.is_empty()).then(|| json!(labelled)));
    answer
}

/// `ListSecretVersionIds`: the latest first, 1 to 100 a page; those without a label only where they are asked for.
pub(super) fn versions(secret: &Secret, call: &Call, request: &Request) -> Result<Value, ServiceError> {
    let most = match request.max_results {
        None => 100,
        Some(most) => usize::try_from(most)
            .ok()
            .filter(|most| (1..=100).contains(most))
            .ok_or_else(|| invalid("MaxResults must be from 1 to 100."))?,
    };
    let deprecated = request.include_deprecated.unwrap_or(false);
    let bound_to = format!("ListSecretVersionIds|{}|{}|{deprecated}", call.region, secret.arn);
    let from = match request.next_token.as_deref() {
        None => 0,
        Some(token) => token::open::<usize>(token, &bound_to)
            .ok_or_else(|| refused("InvalidNextTokenException", "The NextToken value is invalid."))?,
    };
    let mut versions: Vec<_> = secret.versions.iter().filter(|(_, version)| deprecated || !version.labels.is_empty()).collect();
    versions.sort_by_key(|(id, version)| (SignedDuration::from_millis(-version.created.as_millisecond()), *id));
    let more = versions.len() > from.saturating_add(most);
    let entries: Vec<Value> = versions
        .into_iter()
        .skip(from)
        .take(most)
        .map(|(id, version)| {
            let mut entry = json!({
                "VersionId": id,
                "CreatedDate": time(version.created),
                "KmsKeyIds": [secret.key.as_deref().unwrap_or(OWN_KEY)],
            });
            let mut add = |name: &str, value: Option<Value>| value.into_iter().for_each(|value| set(&mut entry, name, value));
            add("LastAccessedDate", version.accessed.map(time));
            add("VersionStages", (!version.labels.is_empty()).then(|| json!(version.labels)));
            entry
        })
        .collect();
    let mut answer = json!({"Versions": entries, "ARN": secret.arn, "Name": secret.name});
    if more {
        set(&mut answer, "NextToken", token::seal(&from.saturating_add(most), &bound_to).into());
    }
    Ok(answer)
}
