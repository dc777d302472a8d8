//! What frames carry.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The most bytes of data in one message that are known to pass through AWS's relay.
pub const LARGEST_DATA: usize = 1024;

/// The kind of stream data in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PayloadType {
    /// Bytes of the terminal or of the forwarded connection.
    Output,
    /// The terminal's size, as [`Size`].
    Size,
    /// The agent asks what the client can do.
    HandshakeRequest,
    /// The client answers.
    HandshakeResponse,
    /// The agent is content.
    HandshakeComplete,
    /// The agent checks that both ends have the same keys.
    ChallengeRequest,
    /// The client proves it.
    ChallengeResponse,
    /// A [`Flag`].
    Flag,
    /// Bytes of a command's standard error.
    StdErr,
    /// How a command ended, as [`exit_code`] reads it.
    ExitCode,
    /// A number that this program does not know: acknowledged and ignored.
    Other(u32),
}

impl PayloadType {
    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::Output => 1,
            Self::Size => 3,
            Self::HandshakeRequest => 5,
            Self::HandshakeResponse => 6,
            Self::HandshakeComplete => 7,
            Self::ChallengeRequest => 8,
            Self::ChallengeResponse => 9,
            Self::Flag => 10,
            Self::StdErr => 11,
            Self::ExitCode => 12,
            Self::Other(number) => number,
        }
    }

    /// The kind of a number.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Output,
            3 => Self::Size,
            5 => Self::HandshakeRequest,
            6 => Self::HandshakeResponse,
            7 => Self::HandshakeComplete,
            8 => Self::ChallengeRequest,
            9 => Self::ChallengeResponse,
            10 => Self::Flag,
            11 => Self::StdErr,
            12 => Self::ExitCode,
            other => Self::Other(other),
        }
    }
}

/// A payload that cannot be read.
#[derive(Debug, Error)]
#[error("a message of the session cannot be read: {0}")]
pub struct PayloadError(#[from] serde_json::Error);

/// "I have your message." Receivers go by the number alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledge {
    /// The type of the message that arrived.
    #[serde(rename = "AcknowledgedMessageType")]
    pub message_type: String,
    /// Its id, as text.
    #[serde(rename = "AcknowledgedMessageId")]
    pub message_id: String,
    /// Its number.
    #[serde(rename = "AcknowledgedMessageSequenceNumber")]
    pub sequence: i64,
    /// Always true.
    #[serde(rename = "IsSequentialMessage")]
    pub is_sequential: bool,
}

impl Acknowledge {
    /// The JSON, with its members in the order in which the official client writes them.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        json(self)
    }

    /// Reads an acknowledgement.
    pub fn decode(payload: &[u8]) -> Result<Self, PayloadError> {
        Ok(serde_json::from_slice(payload)?)
    }
}

/// A terminal's size in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
}

impl Size {
    /// The JSON.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        json(self)
    }

    /// Reads a size.
    pub fn decode(payload: &[u8]) -> Result<Self, PayloadError> {
        Ok(serde_json::from_slice(payload)?)
    }
}

/// A word between the ends of a port session, outside its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// Client to agent: the local connection has gone; close yours.
    DisconnectToPort,
    /// Client to agent: end the session.
    TerminateSession,
    /// Agent to client: the target refused a connection.
    ConnectToPortError,
}

impl Flag {
    /// Four bytes, big-endian.
    #[must_use]
    pub fn encode(self) -> Bytes {
        let number: u32 = match self {
            Self::DisconnectToPort => 1,
            Self::TerminateSession => 2,
            Self::ConnectToPortError => 3,
        };
        Bytes::copy_from_slice(&number.to_be_bytes())
    }

    /// Reads a flag; `None` for one that this program does not know.
    #[must_use]
    pub fn decode(payload: &[u8]) -> Option<Self> {
        match u32::from_be_bytes(*payload.first_chunk::<4>()?) {
            1 => Some(Self::DisconnectToPort),
            2 => Some(Self::TerminateSession),
            3 => Some(Self::ConnectToPortError),
            _ => None,
        }
    }
}

/// What the service says when a session is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ChannelClosed {
    /// The message's id.
    pub message_id: String,
    /// When, as text.
    pub created_date: String,
    /// The target.
    pub destination_id: String,
    /// The session.
    pub session_id: String,
    /// `channel_closed`.
    pub message_type: String,
    /// 1.
    pub schema_version: u32,
    /// Why, in words for the user; often empty.
    pub output: String,
}

impl Default for ChannelClosed {
    fn default() -> Self {
        Self {
            message_id: String::new(),
            created_date: String::new(),
            destination_id: String::new(),
            session_id: String::new(),
            message_type: "channel_closed".to_owned(),
            schema_version: 1,
            output: String::new(),
        }
    }
}

impl ChannelClosed {
    /// The JSON.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        json(self)
    }

    /// Reads the reason. A payload that cannot be read ends the session all the same, without words.
    #[must_use]
    pub fn decode(payload: &[u8]) -> Self {
        serde_json::from_slice(payload).unwrap_or_default()
    }
}

/// The text message with which either end opens its web socket.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OpenDataChannel {
    /// `1.0`.
    pub message_schema_version: String,
    /// A UUID of its own for each dial.
    pub request_id: String,
    /// The credential that `StartSession` or `ResumeSession` gave.
    pub token_value: String,
    /// A UUID that stays the same for the whole session.
    pub client_id: String,
    /// The client's version; absent from an agent's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_version: Option<String>,
}

impl std::fmt::Debug for OpenDataChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenDataChannel").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl OpenDataChannel {
    /// The JSON text. It holds a credential.
    #[must_use]
    pub fn encode(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the message.
    pub fn decode(text: &str) -> Result<Self, PayloadError> {
        Ok(serde_json::from_str(text)?)
    }
}

/// Writes how a command ended.
#[must_use]
pub fn encode_exit_code(code: i32) -> Bytes {
    Bytes::from(format!("EXIT_CODE: {code}"))
}

/// Reads how a command ended.
#[must_use]
pub fn exit_code(payload: &[u8]) -> Option<i32> {
    std::str::from_utf8(payload).ok()?.trim().strip_prefix("EXIT_CODE:")?.trim().parse().ok()
}

/// The JSON of a value that has only text keys, which cannot fail.
pub(super) fn json<T: Serialize>(value: &T) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_types_have_one_number_each() {
        for number in 0..20 {
            assert_eq!(PayloadType::from_number(number).number(), number);
        }
    }

    #[test]
    fn exit_codes_are_read() {
        assert_eq!(exit_code(b"EXIT_CODE: 3"), Some(3));
        assert_eq!(exit_code(&encode_exit_code(-1)), Some(-1));
        assert_eq!(exit_code(b"EXIT_CODE: many"), None);
    }

    #[test]
    fn an_unreadable_end_is_an_end() {
        assert_eq!(ChannelClosed::decode(b"?").output, "");
        assert_eq!(ChannelClosed::decode(br#"{"Output":"idle"}"#).output, "idle");
    }

    #[test]
    fn the_first_message_has_the_official_members() {
        let open = OpenDataChannel {
            message_schema_version: "1.0".into(),
            request_id: "r".into(),
            token_value: "secret".into(),
            client_id: "c".into(),
            client_version: Some("1.2.764.0".into()),
        };
        let text =
            r#"{"MessageSchemaVersion":"1.0","RequestId":"r","TokenValue":"secret","ClientId":"c","ClientVersion":"1.2.764.0"}"#;
        assert_eq!(open.encode(), text);
        assert_eq!(OpenDataChannel::decode(text).unwrap(), open);
        assert!(!format!("{open:?}").contains("secret"));
    }
}
