//! The handshake: the agent asks for a kind of session, the client says what it can do, the agent is content.

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

use super::payload::{PayloadError, json};

/// What the agent asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    /// The agent's version, four numbers.
    pub agent_version: String,
    /// What it wants done, in order.
    #[serde(deserialize_with = "few", default)]
    pub requested_client_actions: Vec<RequestedAction>,
}

/// One thing that the agent wants done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RequestedAction {
    /// `SessionType` or `KMSEncryption`; others are answered with "unsupported".
    pub action_type: String,
    /// Depends on the type.
    #[serde(default)]
    pub action_parameters: Value,
}

/// The action that names the kind of session.
pub const SESSION_TYPE: &str = "SessionType";
/// The action that asks for encryption.
pub const KMS_ENCRYPTION: &str = "KMSEncryption";

/// Parameters of [`SESSION_TYPE`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SessionType {
    /// `Standard_Stream`, `InteractiveCommands`, `NonInteractiveCommands` or `Port`.
    pub session_type: String,
    /// The document's properties of a port session: `type`, `host`, `portNumber`, `localPortNumber`.
    #[serde(default)]
    pub properties: Option<BTreeMap<String, Value>>,
}

impl SessionType {
    /// One property as text.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.as_ref()?.get(name)?.as_str()
    }
}

/// Parameters of [`KMS_ENCRYPTION`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptionRequest {
    /// ARN of the key.
    #[serde(rename = "KMSKeyId")]
    pub key_id: String,
    /// Random text that a client may bind the data key to.
    #[serde(rename = "Challenge", default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
}

/// Result of [`KMS_ENCRYPTION`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptionResult {
    /// The encrypted data key, base64.
    #[serde(rename = "KMSCipherTextKey")]
    pub cipher_text_key: String,
    /// Unused.
    #[serde(rename = "KMSCipherTextHash", default)]
    pub cipher_text_hash: Option<String>,
    /// Whether the data key is bound to the challenge.
    #[serde(rename = "ChallengeAcknowledgement", default, skip_serializing_if = "Option::is_none")]
    pub challenge_acknowledgement: Option<bool>,
}

/// What the client answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Response {
    /// The client's version, four numbers.
    pub client_version: String,
    /// One entry for each requested action, in the same order.
    #[serde(deserialize_with = "null_is_empty", default)]
    pub processed_client_actions: Vec<ProcessedAction>,
    /// What went wrong, in words; `null` when nothing did.
    #[serde(default)]
    pub errors: Option<Vec<String>>,
}

/// What became of one requested action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProcessedAction {
    /// The type that was asked for.
    pub action_type: String,
    /// [`SUCCESS`], [`FAILED`] or [`UNSUPPORTED`].
    pub action_status: u32,
    /// Depends on the type.
    #[serde(default)]
    pub action_result: Value,
    /// What went wrong, in words.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub error: String,
}

/// The action was done.
pub const SUCCESS: u32 = 1;
/// The action was tried in vain.
pub const FAILED: u32 = 2;
/// The client does not know the action.
pub const UNSUPPORTED: u32 = 3;

/// The agent is content; what follows is the session.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Complete {
    /// How long the handshake took, in nanoseconds.
    #[serde(default)]
    pub handshake_time_to_complete: i64,
    /// Words for the user, like "This session is encrypted using AWS KMS."
    #[serde(default, deserialize_with = "null_is_empty")]
    pub customer_message: String,
}

/// Either direction of the encryption challenge: base64 of an encrypted random text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Challenge {
    /// Base64.
    pub challenge: String,
}

/// A payload of the handshake.
pub trait Payload: Serialize + for<'de> Deserialize<'de> {
    /// The JSON.
    fn encode(&self) -> Bytes {
        json(self)
    }

    /// Reads the JSON.
    fn decode(payload: &[u8]) -> Result<Self, PayloadError> {
        Ok(serde_json::from_slice(payload)?)
    }
}

impl Payload for Request {}
impl Payload for Response {}
impl Payload for Complete {}
impl Payload for Challenge {}

/// The most actions of a handshake. AWS knows two; each is answered, so that a thousand would be a thousand answers.
pub const MOST_ACTIONS: usize = 16;

/// A list of at most [`MOST_ACTIONS`].
fn few<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RequestedAction>, D::Error> {
    let actions: Vec<RequestedAction> = null_is_empty(deserializer)?;
    if actions.len() > MOST_ACTIONS {
        let count = actions.len();
        return Err(serde::de::Error::custom(format!("{count} actions in one handshake, and at most {MOST_ACTIONS} are taken")));
    }
    Ok(actions)
}

/// Go writes an empty list and an absent text as `null`.
fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_request_is_read() {
        let text = br#"{"AgentVersion":"3.3.1142.0","RequestedClientActions":[
          {"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"host":"db.internal","localPortNumber":"15432","portNumber":"5432","type":"LocalPortForwarding"}}},
          {"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":"arn:aws:kms:x","Challenge":"AAAA"}}]}"#;
        let request = Request::decode(text).unwrap();
        let session: SessionType = serde_json::from_value(request.requested_client_actions[0].action_parameters.clone()).unwrap();
        assert_eq!(session.session_type, "Port");
        assert_eq!(session.property("host"), Some("db.internal"));
        let encryption: EncryptionRequest =
            serde_json::from_value(request.requested_client_actions[1].action_parameters.clone()).unwrap();
        assert_eq!(encryption.challenge.as_deref(), Some("AAAA"));
    }

    #[test]
    fn a_handshake_of_endless_actions_is_refused_by_name() {
        let request = |count: usize| {
            let actions = vec![r#"{"ActionType":"X"}"#; count].join(",");
            Request::decode(format!(r#"{{"AgentVersion":"3.3.1142.0","RequestedClientActions":[{actions}]}}"#).as_bytes())
        };
        assert_eq!(request(MOST_ACTIONS).unwrap().requested_client_actions.len(), MOST_ACTIONS);
        let error = request(MOST_ACTIONS + 1).unwrap_err().to_string();
        assert!(error.contains("17 actions") && error.contains("at most 16"), "{error}");
    }

    #[test]
    fn nulls_of_go_are_read() {
        let text = br#"{"ClientVersion":"1.2.764.0","ProcessedClientActions":[
          {"ActionType":"SessionType","ActionStatus":1,"ActionResult":null,"Error":""}],"Errors":null}"#;
        let response = Response::decode(text).unwrap();
        assert_eq!(response.processed_client_actions[0].action_status, SUCCESS);
        assert_eq!(
            response.encode(),
            r#"{"ClientVersion":"1.2.764.0","ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":1,"ActionResult":null,"Error":""}],"Errors":null}"#
        );
        let request = Request::decode(br#"{"AgentVersion":"3.0.0.0","RequestedClientActions":null}"#).unwrap();
        assert!(request.requested_client_actions.is_empty());
    }
}
