//! Secrets Manager: secrets, their versions and staging labels, over awsJson1.1.

mod delete;
mod labels;
mod lists;
mod secret;
mod values;

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

pub use secret::{Content, Secret, Version};

use crate::emulator::account::Account;
use crate::emulator::ids;
use crate::emulator::svc::Call;
use crate::emulator::wire::error::ServiceError;
use crate::emulator::wire::{Response, json};

/// Every operation that Secrets Manager answers here.
pub const OPERATIONS: &[&str] = &[
    "CreateSecret",
    "DescribeSecret",
    "GetSecretValue",
    "PutSecretValue",
    "UpdateSecretVersionStage",
    "ListSecretVersionIds",
    "DeleteSecret",
];

/// What Secrets Manager holds.
#[derive(Debug, Default)]
pub struct State {
    /// By region and by name.
    pub regions: BTreeMap<String, BTreeMap<String, Secret>>,
}

/// The members of all inputs.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Request {
    name: Option<String>,
    secret_id: Option<String>,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    tags: Option<Vec<Tag>>,
    version_id: Option<String>,
    version_stage: Option<String>,
    version_stages: Option<Vec<String>>,
    remove_from_version_id: Option<String>,
    move_to_version_id: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
    include_deprecated: Option<bool>,
    recovery_window_in_days: Option<i64>,
    force_delete_without_recovery: Option<bool>,
    add_replica_regions: Option<IgnoredAny>,
}

/// A tag, written as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    /// The key.
    pub key: String,
    /// The value.
    #[serde(default)]
    pub value: String,
}

/// The resource in AWS's refusal.
pub fn resource(account: &str, call: &Call) -> String {
    let request: Request = json::input(call).unwrap_or_default();
    match request.secret_id.or(request.name) {
        Some(arn) if arn.starts_with("arn:") => arn,
        Some(name) => format!("arn:aws:secretsmanager:{}:{account}:secret:{name}-??????", call.region),
        None => format!("arn:aws:secretsmanager:{}:{account}:secret:*", call.region),
    }
}

/// Answers one call.
pub fn call(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    if !OPERATIONS.contains(&call.operation.as_str()) {
        return Err(ServiceError::unknown_operation(call.service, &call.operation));
    }
    let request: Request = json::input(call)?;
    // A secret whose days are over is gone as soon as anybody looks.
    let secrets = account.secretsmanager.regions.entry(call.region.clone()).or_default();
    secrets.retain(|_, secret| secret.deletion.is_none_or(|at| at > call.now));
    let answer = match call.operation.as_str() {
        "CreateSecret" => {
            let arn = |name: &str, rng: &mut fastrand::Rng| {
                format!("arn:aws:secretsmanager:{}:{}:secret:{name}-{}", call.region, account.id, ids::letters(6, rng))
            };
            values::create(secrets, call, request, |name| arn(name, &mut account.rng))?
        }
        "DescribeSecret" => lists::describe(find(secrets, &request)?),
        "GetSecretValue" => values::get(alive(secrets, &request)?, call, &request)?,
        "PutSecretValue" => values::put(alive(secrets, &request)?, call, request)?,
        "UpdateSecretVersionStage" => labels::update(alive(secrets, &request)?, call, &request)?,
        "ListSecretVersionIds" => lists::versions(find(secrets, &request)?, call, &request)?,
        "DeleteSecret" => delete::delete(secrets, &account.id, call, &request)?,
        other => return Err(ServiceError::unknown_operation(call.service, other)),
    };
    json::result(call, &answer)
}

/// The secret of a name, an ARN, or an ARN without its last six letters.
fn find<'a>(secrets: &'a mut BTreeMap<String, Secret>, request: &Request) -> Result<&'a mut Secret, ServiceError> {
    let id = secret_id(request)?;
    let is_meant = |secret: &Secret| {
        secret.name == id
            || secret.arn == id
            || secret.arn.rsplit_once('-').is_some_and(|(without_letters, _)| without_letters == id)
    };
    secrets
        .values_mut()
        .find(|secret| is_meant(secret))
        .ok_or_else(|| refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret."))
}

/// A secret that is not marked for deletion.
fn alive<'a>(secrets: &'a mut BTreeMap<String, Secret>, request: &Request) -> Result<&'a mut Secret, ServiceError> {
    let secret = find(secrets, request)?;
    if secret.deletion.is_some() {
        let message = "You can't perform this operation on the secret because it was marked for deletion.";
        return Err(refused("InvalidRequestException", message));
    }
    Ok(secret)
}

fn secret_id(request: &Request) -> Result<&str, ServiceError> {
    let id = request.secret_id.as_deref().filter(|id| !id.is_empty() && id.chars().count() <= 2048);
    id.ok_or_else(|| refused("InvalidParameterException", "You must provide a SecretId of 1 to 2048 characters."))
}

fn refused(code: &'static str, message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, code, message)
}

fn invalid(message: impl Into<String>) -> ServiceError {
    refused("InvalidParameterException", message)
}
