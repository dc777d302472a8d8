//! awsJson 1.1 and restJson 1: JSON out, errors with `__type` and, for REST, the header `x-amzn-ErrorType`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::ServiceError;
use super::{Protocol, Response, respond, set_header};
use crate::emulator::svc::Call;

/// Content type of a protocol.
const fn content_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::RestJson => "application/json",
        Protocol::Json | Protocol::Query => "application/x-amz-json-1.1",
    }
}

/// A success.
pub fn result(call: &Call, body: &impl Serialize) -> Result<Response, ServiceError> {
    let body = serde_json::to_vec(body).map_err(|error| ServiceError::internal(call.service, &error.to_string()))?;
    Ok(respond(200, content_type(call.service.protocol()), body))
}

/// The input of a call; an empty body is `{}`. What is no JSON of the right types is AWS's `SerializationException`.
pub fn input<T: DeserializeOwned>(call: &Call) -> Result<T, ServiceError> {
    let body: &[u8] = if call.body.is_empty() { b"{}" } else { &call.body };
    serde_json::from_slice(body).map_err(|error| ServiceError::serialization(call.service, &error.to_string()))
}

/// An error.
pub fn error(protocol: Protocol, error: &ServiceError) -> Response {
    let mut body = Map::new();
    body.insert("__type".into(), Value::from(error.body_type.as_deref().unwrap_or(&error.code)));
    body.insert("message".into(), Value::from(error.message.as_str()));
    body.extend(error.members.iter().map(|(name, value)| (name.clone(), value.clone())));
    let mut response = respond(error.status, content_type(protocol), Value::Object(body).to_string());
    if protocol == Protocol::RestJson {
        set_header(&mut response, "x-amzn-errortype", &error.code);
    }
    response
}
