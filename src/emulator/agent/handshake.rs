//! The agent's part of the handshake.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::session::Plan;
use super::{Agent, Options};
use crate::ssm::channel::pipe::{Receiver, Sender};
use crate::ssm::seed;
use crate::ssm::wire::encryption::{Cipher, Side};
use crate::ssm::wire::handshake::{
    Challenge, Complete, EncryptionResult, KMS_ENCRYPTION, Payload as _, Request, RequestedAction, Response, SESSION_TYPE,
    SUCCESS,
};
use crate::ssm::wire::{PayloadType, Version};

/// How long the client may take for each of its answers.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) type SharedCipher = Arc<Mutex<Cipher>>;

/// What came out of the handshake.
#[derive(Debug, Clone, Default)]
pub(super) struct Shaken {
    pub(super) client: Option<Version>,
    pub(super) cipher: Option<SharedCipher>,
}

/// Shakes hands with the client, where the session's kind or its encryption needs it.
pub(super) struct Handshake<'a> {
    pub(super) agent: &'a Agent,
    pub(super) session_id: &'a str,
    pub(super) plan: &'a Plan,
    pub(super) options: &'a Options,
    pub(super) sender: &'a Sender,
}

impl Handshake<'_> {
    /// What came out, or the words with which the session ends.
    pub(super) async fn run(&self, receiver: &mut Receiver) -> Result<Shaken, String> {
        // Port sessions are never encrypted by the agent.
        let is_port = matches!(self.plan, Plan::Port { .. });
        let key = self.options.kms_key.as_deref().filter(|_| !is_port);
        if key.is_none() && matches!(self.plan, Plan::Terminal { .. }) {
            return Ok(Shaken::default());
        }
        let begun = Instant::now();
        let challenge = key.map(|_| STANDARD.encode(seed::random::<16>()));
        self.say(PayloadType::HandshakeRequest, self.request(key, challenge.as_deref()).encode()).await?;
        let response = self.hear(receiver, PayloadType::HandshakeResponse).await?;
        let response = Response::decode(&response).map_err(|error| error.to_string())?;
        let mut shaken = Shaken { client: response.client_version.parse().ok(), cipher: None };
        for action in &response.processed_client_actions {
            if action.action_status != SUCCESS {
                return Err(format!("{} failed on the client: {}", action.action_type, action.error));
            }
            if action.action_type == KMS_ENCRYPTION {
                let cipher = self.keys(key.unwrap_or_default(), &action.action_result, challenge.as_deref())?;
                self.challenge(&cipher, receiver).await?;
                shaken.cipher = Some(cipher);
            }
        }
        if key.is_some() && shaken.cipher.is_none() {
            return Err("The client did not encrypt the session.".to_owned());
        }
        let words = if shaken.cipher.is_some() { "This session is encrypted using AWS KMS." } else { "" };
        let complete = Complete {
            handshake_time_to_complete: i64::try_from(begun.elapsed().as_nanos()).unwrap_or(i64::MAX),
            customer_message: words.to_owned(),
        };
        self.say(PayloadType::HandshakeComplete, complete.encode()).await?;
        Ok(shaken)
    }

    fn request(&self, key: Option<&str>, challenge: Option<&str>) -> Request {
        let properties = match self.plan {
            Plan::Port { properties, .. } => json!(properties),
            Plan::Terminal { .. } | Plan::Command { .. } => Value::Null,
        };
        let mut actions = vec![RequestedAction {
            action_type: SESSION_TYPE.to_owned(),
            action_parameters: json!({"SessionType": self.plan.session_type(), "Properties": properties}),
        }];
        actions.extend(key.map(|key| RequestedAction {
            action_type: KMS_ENCRYPTION.to_owned(),
            action_parameters: json!({"KMSKeyId": key, "Challenge": challenge}),
        }));
        Request { agent_version: self.options.agent_version.clone(), requested_client_actions: actions }
    }

    fn keys(&self, key: &str, result: &Value, challenge: Option<&str>) -> Result<SharedCipher, String> {
        let result: EncryptionResult = serde_json::from_value(result.clone()).map_err(|error| error.to_string())?;
        let cipher_text = STANDARD.decode(&result.cipher_text_key).map_err(|error| error.to_string())?;
        let mut context = BTreeMap::from([
            ("aws:ssm:SessionId".to_owned(), self.session_id.to_owned()),
            ("aws:ssm:TargetId".to_owned(), self.plan.target().to_owned()),
        ]);
        if result.challenge_acknowledgement == Some(true) {
            context.insert("aws:ssm:RandomChallenge".to_owned(), challenge.unwrap_or_default().to_owned());
        }
        let plain = self
            .agent
            .decrypt_key(key, &cipher_text, &context)
            .map_err(|why| format!("KMS cannot decrypt the session's data key: {why}"))?;
        let cipher = Cipher::new(&plain, Side::Agent, seed::random()).map_err(|error| error.to_string())?;
        Ok(Arc::new(Mutex::new(cipher)))
    }

    /// Lets the client prove that it has the same keys.
    async fn challenge(&self, cipher: &SharedCipher, receiver: &mut Receiver) -> Result<(), String> {
        let secret = seed::random::<64>();
        let seal = |plain: &[u8]| cipher.lock().unwrap_or_else(PoisonError::into_inner).encrypt(plain);
        let sealed = seal(&secret).map_err(|error| error.to_string())?;
        self.say(PayloadType::ChallengeRequest, Challenge { challenge: STANDARD.encode(sealed) }.encode()).await?;
        let answer = self.hear(receiver, PayloadType::ChallengeResponse).await?;
        let answer = Challenge::decode(&answer).map_err(|error| error.to_string())?;
        let answer = STANDARD.decode(answer.challenge).map_err(|error| error.to_string())?;
        let plain = cipher.lock().unwrap_or_else(PoisonError::into_inner).decrypt(&answer).map_err(|error| error.to_string())?;
        if plain == secret.as_slice() { Ok(()) } else { Err("The client's keys are not the session's.".to_owned()) }
    }

    async fn say(&self, payload_type: PayloadType, payload: bytes::Bytes) -> Result<(), String> {
        self.sender.send(payload_type, payload).await.map_err(|error| error.to_string())
    }

    /// Waits for an answer. What the client says before it is lost, as with the official agent.
    async fn hear(&self, receiver: &mut Receiver, wanted: PayloadType) -> Result<bytes::Bytes, String> {
        let answer = async {
            loop {
                match receiver.receive().await {
                    Some((payload_type, payload)) if payload_type == wanted => return Ok(payload),
                    Some(_) => {}
                    None => return Err("The session has ended.".to_owned()),
                }
            }
        };
        timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err("The client did not answer the handshake in time.".to_owned()))
    }
}
