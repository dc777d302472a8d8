//! The client's part of the handshake.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::dial::base64;
use super::gateway::Gateway;
use super::session::{Facts, Kind, OpenError, SharedCipher};
use crate::ssm::channel::pipe::{Receiver, Sender};
use crate::ssm::seed;
use crate::ssm::wire::encryption::{Cipher, Side};
use crate::ssm::wire::handshake::{
    Challenge, Complete, EncryptionRequest, EncryptionResult, FAILED, KMS_ENCRYPTION, Payload as _, ProcessedAction, Request,
    RequestedAction, Response, SESSION_TYPE, SUCCESS, SessionType, UNSUPPORTED,
};
use crate::ssm::wire::{PayloadType, version};

/// Shakes hands with an agent, or finds out that it does not.
pub(super) struct Handshake<'a, G> {
    pub(super) gateway: &'a G,
    pub(super) session_id: &'a str,
    pub(super) target: &'a str,
    pub(super) sender: &'a Sender,
    pub(super) cipher: Option<SharedCipher>,
}

impl<G: Gateway> Handshake<'_, G> {
    /// Goes on until the session runs. What the agent said about it, and the keys where it is encrypted.
    pub(super) async fn run(mut self, receiver: &mut Receiver) -> Result<(Facts, Option<SharedCipher>), OpenError> {
        let mut facts = Facts::unknown(self.session_id);
        loop {
            let Some((payload_type, payload)) = receiver.receive().await else {
                return Err(OpenError::Ended(self.sender.ending().await));
            };
            match payload_type {
                PayloadType::HandshakeRequest => {
                    let request = Request::decode(&payload).map_err(|error| OpenError::Handshake(error.to_string()))?;
                    facts.agent = request.agent_version.parse().ok();
                    let response = self.answer(&request, &mut facts).await;
                    let failure = response.errors.as_ref().map(|errors| errors.join("; "));
                    self.send(PayloadType::HandshakeResponse, response.encode()).await?;
                    if let Some(failure) = failure {
                        return Err(OpenError::Handshake(failure));
                    }
                }
                PayloadType::ChallengeRequest => {
                    let answer = self.prove(&payload)?;
                    self.send(PayloadType::ChallengeResponse, answer.encode()).await?;
                }
                PayloadType::HandshakeComplete => {
                    facts.notice = Complete::decode(&payload).unwrap_or_default().customer_message;
                    facts.is_encrypted = self.cipher.is_some();
                    return Ok((facts, self.cipher));
                }
                // A plain shell has no handshake: it begins with its output.
                PayloadType::Output | PayloadType::StdErr | PayloadType::ExitCode => {
                    receiver.give_back(payload_type, payload);
                    return Ok((facts, self.cipher));
                }
                _ => {}
            }
        }
    }

    async fn send(&self, payload_type: PayloadType, payload: bytes::Bytes) -> Result<(), OpenError> {
        self.sender.send(payload_type, payload).await.map_err(|_| OpenError::Handshake("the session has ended".to_owned()))
    }

    async fn answer(&mut self, request: &Request, facts: &mut Facts) -> Response {
        let mut processed = Vec::new();
        for action in &request.requested_client_actions {
            processed.push(match action.action_type.as_str() {
                SESSION_TYPE => session_type(action, facts),
                KMS_ENCRYPTION => self.encryption(action).await,
                _ => done(action, UNSUPPORTED, Value::Null, format!("{} is not known here", action.action_type)),
            });
        }
        let errors: Vec<String> =
            processed.iter().filter(|action| action.action_status != SUCCESS).map(|action| action.error.clone()).collect();
        Response {
            client_version: version::OURS.to_owned(),
            processed_client_actions: processed,
            errors: (!errors.is_empty()).then_some(errors),
        }
    }

    async fn encryption(&mut self, action: &RequestedAction) -> ProcessedAction {
        match self.keys(action).await {
            Ok(result) => done(action, SUCCESS, serde_json::to_value(result).unwrap_or_default(), String::new()),
            Err(problem) => done(action, FAILED, Value::Null, problem),
        }
    }

    /// Asks KMS for keys that are bound to this session, and to the agent's challenge where it offers one.
    async fn keys(&mut self, action: &RequestedAction) -> Result<EncryptionResult, String> {
        let request: EncryptionRequest =
            serde_json::from_value(action.action_parameters.clone()).map_err(|error| error.to_string())?;
        let mut context = BTreeMap::from([
            ("aws:ssm:SessionId".to_owned(), self.session_id.to_owned()),
            ("aws:ssm:TargetId".to_owned(), self.target.to_owned()),
        ]);
        let acknowledgement = request.challenge.map(|challenge| {
            context.insert("aws:ssm:RandomChallenge".to_owned(), challenge);
            true
        });
        let key = self.gateway.data_key(&request.key_id, context).await.map_err(|error| error.to_string())?;
        let cipher = Cipher::new(key.plain.expose_secret(), Side::Client, seed::random()).map_err(|error| error.to_string())?;
        self.cipher = Some(Arc::new(Mutex::new(cipher)));
        Ok(EncryptionResult {
            cipher_text_key: base64(&key.cipher_text),
            cipher_text_hash: None,
            challenge_acknowledgement: acknowledgement,
        })
    }

    fn prove(&self, payload: &[u8]) -> Result<Challenge, OpenError> {
        let wrong = |problem: String| OpenError::Handshake(problem);
        let challenge = Challenge::decode(payload).map_err(|error| wrong(error.to_string()))?.challenge;
        let sealed = base64::engine::general_purpose::STANDARD.decode(challenge).map_err(|error| wrong(error.to_string()))?;
        let cipher = self.cipher.as_ref().ok_or_else(|| wrong("a challenge without encryption".to_owned()))?;
        let mut cipher = cipher.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let plain = cipher.decrypt(&sealed).map_err(|error| wrong(error.to_string()))?;
        let answer = cipher.encrypt(&plain).map_err(|error| wrong(error.to_string()))?;
        Ok(Challenge { challenge: base64(&answer) })
    }
}

fn session_type(action: &RequestedAction, facts: &mut Facts) -> ProcessedAction {
    match serde_json::from_value::<SessionType>(action.action_parameters.clone()) {
        Ok(wanted) => match Kind::of(&wanted) {
            Some(kind) => {
                facts.kind = kind;
                done(action, SUCCESS, Value::Null, String::new())
            }
            None => done(action, FAILED, Value::Null, format!("{} is no session type known here", wanted.session_type)),
        },
        Err(error) => done(action, FAILED, Value::Null, error.to_string()),
    }
}

fn done(action: &RequestedAction, status: u32, result: Value, error: String) -> ProcessedAction {
    ProcessedAction { action_type: action.action_type.clone(), action_status: status, action_result: result, error }
}
