//! `CreateSecret`, `PutSecretValue`, `GetSecretValue`.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::lists::time;
use super::secret::{CURRENT, Content, Secret, Version};
use super::{Request, invalid, refused};
use crate::emulator::svc::Call;
use crate::emulator::wire::error::ServiceError;

/// The most bytes of a secret.
const LARGEST: usize = 65_536;

/// `CreateSecret`. The same token with the same content makes nothing new and is answered as before.
pub(super) fn create(
    secrets: &mut BTreeMap<String, Secret>,
    call: &Call,
    request: Request,
    arn: impl FnOnce(&str) -> String,
) -> Result<Value, ServiceError> {
    let name = request.name.as_deref().unwrap_or_default();
    check_name(name)?;
    if request.add_replica_regions.is_some() {
        return Err(invalid("This world keeps secrets in one region only: leave out AddReplicaRegions."));
    }
    let content = content(&request)?;
    let token = match &content {
        Some(_) => Some(token(&request)?),
        None => None,
    };
    if let Some(known) = secrets.get(name) {
        return again(known, token.as_deref(), content.as_ref());
    }
    let mut secret = Secret {
        name: name.to_owned(),
        arn: arn(name),
        description: request.description.clone(),
        key: request.kms_key_id.clone(),
        tags: request.tags.clone().unwrap_or_default(),
        created: call.now,
        changed: call.now,
        deletion: None,
        versions: BTreeMap::new(),
    };
    let mut answer = json!({"ARN": secret.arn, "Name": name});
    if let (Some(content), Some(id)) = (content, token) {
        secret.versions.insert(id.clone(), Version::new(content, call.now));
        secret.move_label(CURRENT, &id);
        set(&mut answer, "VersionId", id.into());
    }
    secrets.insert(name.to_owned(), secret);
    Ok(answer)
}

/// A name that is there already.
fn again(known: &Secret, token: Option<&str>, content: Option<&Content>) -> Result<Value, ServiceError> {
    if known.deletion.is_some() {
        let message = "You can't create this secret because a secret with this name is already scheduled for deletion.";
        return Err(refused("InvalidRequestException", message));
    }
    match token.and_then(|token| Some((token, known.versions.get(token)?))) {
        Some((token, version)) if Some(&version.content) == content => {
            Ok(json!({"ARN": known.arn, "Name": known.name, "VersionId": token}))
        }
        _ => Err(refused(
            "ResourceExistsException",
            format!("The operation failed because the secret {} already exists.", known.name),
        )),
    }
}

/// `PutSecretValue`. The same token with the same content is answered as before; with another it is refused.
pub(super) fn put(secret: &mut Secret, call: &Call, request: Request) -> Result<Value, ServiceError> {
    let id = token(&request)?;
    let content = content(&request)?
        .ok_or_else(|| refused("InvalidRequestException", "You must provide either SecretString or SecretBinary."))?;
    let labels = request.version_stages.unwrap_or_else(|| vec![CURRENT.to_owned()]);
    check_labels(&labels)?;
    match secret.versions.get(&id) {
        Some(version) if version.content != content => {
            let message = format!(
                "You can't use ClientRequestToken {id} because that value is already in use for a version of secret {}.",
                secret.arn
            );
            return Err(refused("ResourceExistsException", message));
        }
        Some(_) => {}
        None => {
            // "If this operation creates the first version for the secret, then Secrets Manager automatically attaches AWSCURRENT to it."
            let is_first = secret.versions.is_empty();
            secret.versions.insert(id.clone(), Version::new(content, call.now));
            if is_first {
                secret.move_label(CURRENT, &id);
            }
            labels.iter().for_each(|label| secret.move_label(label, &id));
            secret.changed = call.now;
        }
    }
    let labels = secret.versions.get(&id).map(|version| version.labels.clone()).unwrap_or_default();
    let mut answer = json!({"ARN": secret.arn, "Name": secret.name, "VersionId": id});
    if !labels.is_empty() {
        set(&mut answer, "VersionStages", json!(labels));
    }
    Ok(answer)
}

/// `GetSecretValue`: by version, by label or both; else what is current.
pub(super) fn get(secret: &mut Secret, call: &Call, request: &Request) -> Result<Value, ServiceError> {
    let absent = |what: &str, value: &str| {
        let message = format!("Secrets Manager can't find the specified secret value for {what}: {value}");
        refused("ResourceNotFoundException", message)
    };
    let id = match (request.version_id.as_deref(), request.version_stage.as_deref()) {
        (Some(id), label) => {
            let version = secret.versions.get(id).ok_or_else(|| absent("VersionId", id))?;
            if let Some(label) = label.filter(|label| !version.labels.contains(*label)) {
                let message = "You provided a VersionStage that is not associated to the provided VersionId.";
                return Err(if secret.labelled(label).is_some() {
                    refused("InvalidRequestException", message)
                } else {
                    absent("staging label", label)
                });
            }
            id.to_owned()
        }
        (None, label) => {
            let label = label.unwrap_or(CURRENT);
            secret.labelled(label).map(|(id, _)| id.to_owned()).ok_or_else(|| absent("staging label", label))?
        }
    };
    let Some(version) = secret.versions.get_mut(&id) else { return Err(absent("VersionId", &id)) };
    let into_day = SignedDuration::from_secs(call.now.as_second().rem_euclid(86_400));
    version.accessed = call.now.checked_sub(into_day).ok();
    let mut answer = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": id,
        "CreatedDate": time(version.created),
    });
    match &version.content {
        Content::Text(text) => set(&mut answer, "SecretString", text.as_str().into()),
        Content::Binary(base64) => set(&mut answer, "SecretBinary", base64.as_str().into()),
    }
    if !version.labels.is_empty() {
        set(&mut answer, "VersionStages", json!(version.labels));
    }
    Ok(answer)
}

impl Version {
    /// A version without a label.
    fn new(content: Content, created: Timestamp) -> Self {
        Self { content, labels: BTreeSet::new(), created, accessed: None }
    }
}

pub(super) fn set(answer: &mut Value, name: &str, value: Value) {
    if let Some(members) = answer.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

fn check_name(name: &str) -> Result<(), ServiceError> {
    let length = name.chars().count();
    let is_name = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "/_+=.@-!".contains(letter));
    if (1..=512).contains(&length) && is_name {
        return Ok(());
    }
    let message = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
    Err(refused("ValidationException", message))
}

/// `ClientRequestToken`, which becomes the version's id. SDKs make one where none is given.
fn token(request: &Request) -> Result<String, ServiceError> {
    let Some(token) = request.client_request_token.as_deref() else {
        let message = "You must provide a ClientRequestToken value. We recommend a UUID-type value.";
        return Err(refused("InvalidRequestException", message));
    };
    if (32..=64).contains(&token.chars().count()) {
        return Ok(token.to_owned());
    }
    Err(invalid("ClientRequestToken must be 32-64 characters long."))
}

fn content(request: &Request) -> Result<Option<Content>, ServiceError> {
    let fits = |bytes: usize| (1..=LARGEST).contains(&bytes);
    match (&request.secret_string, &request.secret_binary) {
        (Some(_), Some(_)) => {
            let message = "You can't specify both a binary secret value and a string secret value in the same secret.";
            Err(invalid(message))
        }
        (Some(text), None) if fits(text.len()) => Ok(Some(Content::Text(text.clone()))),
        (None, Some(base64)) if STANDARD.decode(base64).is_ok_and(|bytes| fits(bytes.len())) => {
            Ok(Some(Content::Binary(base64.clone())))
        }
        (None, None) => Ok(None),
        _ => Err(invalid(format!("The secret value must have 1 to {LARGEST} bytes."))),
    }
}

fn check_labels(labels: &[String]) -> Result<(), ServiceError> {
    if !(1..=20).contains(&labels.len()) {
        return Err(invalid("VersionStages must have 1 to 20 staging labels."));
    }
    if labels.iter().all(|label| (1..=256).contains(&label.chars().count())) {
        return Ok(());
    }
    Err(invalid("A staging label must have 1 to 256 characters."))
}
