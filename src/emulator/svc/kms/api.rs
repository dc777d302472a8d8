//! The operations on the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::vault::{Context, KmsError};
use crate::emulator::account::Account;
use crate::emulator::svc::Call;
use crate::emulator::wire::error::ServiceError;
use crate::emulator::wire::{Response, json};

/// The members of all three inputs that are understood here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    key_id: Option<String>,
    encryption_context: Option<Context>,
    number_of_bytes: Option<i64>,
    key_spec: Option<String>,
    ciphertext_blob: Option<String>,
    encryption_algorithm: Option<String>,
}

/// The resource in AWS's refusal.
pub fn resource(account: &str, call: &Call) -> String {
    let request: Option<Request> = json::input(call).ok();
    match request.and_then(|request| request.key_id) {
        Some(arn) if arn.starts_with("arn:") => arn,
        Some(id) => format!("arn:aws:kms:{}:{account}:key/{id}", call.region),
        None => format!("arn:aws:kms:{}:{account}:key/*", call.region),
    }
}

/// Answers one call.
pub fn call(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    if !super::OPERATIONS.contains(&call.operation.as_str()) {
        return Err(ServiceError::unknown_operation(call.service, &call.operation));
    }
    let request: Request = json::input(call)?;
    let answer = match call.operation.as_str() {
        "GenerateDataKey" => generate(account, call, &request)?,
        "Decrypt" => decrypt(account, call, &request)?,
        "DescribeKey" => describe(account, call, &request)?,
        other => return Err(ServiceError::unknown_operation(call.service, other)),
    };
    json::result(call, &answer)
}

fn generate(account: &Account, call: &Call, request: &Request) -> Result<Value, ServiceError> {
    let key = key_id(request)?;
    let length = length(request)?;
    let context = request.encryption_context.clone().unwrap_or_default();
    let made = account.kms.data_key(&call.region, key, length, &context)?;
    Ok(json!({
        "CiphertextBlob": STANDARD.encode(&made.sealed),
        "Plaintext": STANDARD.encode(&made.plain),
        "KeyId": made.key,
    }))
}

/// `NumberOfBytes` or `KeySpec`, and never both.
fn length(request: &Request) -> Result<usize, ServiceError> {
    match (request.number_of_bytes, request.key_spec.as_deref()) {
        (Some(length), None) => match usize::try_from(length).ok().filter(|length| (1..=1024).contains(length)) {
            Some(length) => Ok(length),
            None if length < 1 => Err(constraint(&length.to_string(), "numberOfBytes", "have value greater than or equal to 1")),
            None => Err(constraint(&length.to_string(), "numberOfBytes", "have value less than or equal to 1024")),
        },
        (None, Some("AES_256")) => Ok(32),
        (None, Some("AES_128")) => Ok(16),
        (None, Some(word)) => Err(constraint(word, "keySpec", "satisfy enum value set: [AES_256, AES_128]")),
        _ => Err(invalid("Please specify either number of bytes or key spec.")),
    }
}

fn decrypt(account: &Account, call: &Call, request: &Request) -> Result<Value, ServiceError> {
    let sealed = request.ciphertext_blob.as_deref().ok_or_else(|| null("ciphertextBlob"))?;
    let sealed = STANDARD.decode(sealed).map_err(|error| ServiceError::serialization(call.service, &error.to_string()))?;
    if sealed.is_empty() || sealed.len() > 6144 {
        return Err(constraint("java.nio.HeapByteBuffer", "ciphertextBlob", "have length between 1 and 6144"));
    }
    if let Some(word) = request.encryption_algorithm.as_deref().filter(|word| *word != "SYMMETRIC_DEFAULT") {
        return Err(ServiceError::new(400, "InvalidKeyUsageException", format!("Algorithm {word} is not of a symmetric key.")));
    }
    let context = request.encryption_context.clone().unwrap_or_default();
    let opened = account.kms.decrypt(&call.region, &sealed, &context, request.key_id.as_deref())?;
    Ok(json!({
        "KeyId": opened.key,
        "Plaintext": STANDARD.encode(&opened.plain),
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}

fn describe(account: &Account, call: &Call, request: &Request) -> Result<Value, ServiceError> {
    let (arn, key) = account.kms.describe(&call.region, key_id(request)?)?;
    Ok(json!({"KeyMetadata": {
        "AWSAccountId": account.id,
        "KeyId": arn.rsplit('/').next().unwrap_or_default(),
        "Arn": arn,
        "CreationDate": key.created.as_second(),
        "Enabled": key.enabled,
        "Description": key.description,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": if key.enabled { "Enabled" } else { "Disabled" },
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": false,
    }}))
}

fn key_id(request: &Request) -> Result<&str, ServiceError> {
    request.key_id.as_deref().filter(|key| !key.is_empty()).ok_or_else(|| null("keyId"))
}

fn null(member: &str) -> ServiceError {
    invalid(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    ))
}

fn constraint(value: &str, member: &str, rule: &str) -> ServiceError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}"
    ))
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, "ValidationException", message)
}

impl From<KmsError> for ServiceError {
    fn from(error: KmsError) -> Self {
        Self::new(400, error.code, error.message)
    }
}
