//! The binary envelope: one web socket message is one frame.
//!
//! All numbers are big-endian. The header says how long it is, so that a later version may have a longer one.

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use ring::digest::{SHA256, digest};

use super::id::MessageId;

/// Bytes before `PayloadLength` in every frame that we write.
pub const HEADER_LENGTH: usize = 116;
/// Bytes before the payload in every frame that we write.
pub const OVERHEAD: usize = HEADER_LENGTH + 4;
/// Flags of an acknowledgement and other control messages: SYN and FIN. Some Windows agents refuse anything else.
pub const CONTROL_FLAGS: u64 = 3;

/// What a frame is, by the name in its header.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageType {
    /// Data from the client to the agent.
    InputStreamData,
    /// Data from the agent to the client.
    OutputStreamData,
    /// "I have your message", from either end; never acknowledged itself.
    Acknowledge,
    /// The service says that the session has ended.
    ChannelClosed,
    /// The service asks the agent to go on.
    StartPublication,
    /// The service asks the agent to wait.
    PausePublication,
    /// The agent tells the service how it does; a client never sees it.
    AgentSessionState,
    /// A name that this program does not know: ignored, not refused.
    Other(String),
}

impl MessageType {
    /// The name on the wire.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::InputStreamData => "input_stream_data",
            Self::OutputStreamData => "output_stream_data",
            Self::Acknowledge => "acknowledge",
            Self::ChannelClosed => "channel_closed",
            Self::StartPublication => "start_publication",
            Self::PausePublication => "pause_publication",
            Self::AgentSessionState => "agent_session_state",
            Self::Other(name) => name,
        }
    }

    /// Whether frames of this kind are numbered and acknowledged.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        matches!(self, Self::InputStreamData | Self::OutputStreamData)
    }

    fn from_name(name: &str) -> Self {
        match name {
            "input_stream_data" => Self::InputStreamData,
            "output_stream_data" => Self::OutputStreamData,
            "acknowledge" => Self::Acknowledge,
            "channel_closed" => Self::ChannelClosed,
            "start_publication" => Self::StartPublication,
            "pause_publication" => Self::PausePublication,
            "agent_session_state" => Self::AgentSessionState,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub message_type: MessageType,
    /// When it was made: milliseconds since 1970, never 0.
    pub created: u64,
    /// Its number among the stream data of its direction; 0 for control messages.
    pub sequence: i64,
    /// Bit 0 SYN, bit 1 FIN. Nobody is known to look at them.
    pub flags: u64,
    /// Its id.
    pub id: MessageId,
    /// The kind of stream data ([`super::PayloadType`]); 0 for control messages.
    pub payload_type: u32,
    /// What it carries.
    pub payload: Bytes,
}

/// Bytes that are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Shorter than its header says.
    #[error("the frame is cut short")]
    Truncated,
    /// A header in which a member is missing.
    #[error("the frame's header is incomplete")]
    Incomplete,
    /// The payload is not the one that was sent.
    #[error("the frame's payload does not match its digest")]
    Digest,
}

impl Frame {
    /// The frame as it is sent.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(OVERHEAD + self.payload.len());
        out.put_u32(u32::try_from(HEADER_LENGTH).unwrap_or_default());
        let mut name = [b' '; 32];
        name.iter_mut().zip(self.message_type.name().bytes()).for_each(|(place, byte)| *place = byte);
        out.put_slice(&name);
        out.put_u32(1);
        out.put_u64(self.created);
        out.put_i64(self.sequence);
        out.put_u64(self.flags);
        out.put_slice(&self.id.swapped().0);
        out.put_slice(digest(&SHA256, &self.payload).as_ref());
        out.put_u32(self.payload_type);
        out.put_u32(u32::try_from(self.payload.len()).unwrap_or(u32::MAX));
        out.put_slice(&self.payload);
        out.freeze()
    }

    /// Reads a frame and checks it as the official client does.
    pub fn decode(message: &Bytes) -> Result<Self, FrameError> {
        let mut reader = Reader(message);
        let header_length = usize::try_from(u32::from_be_bytes(reader.take()?)).map_err(|_| FrameError::Truncated)?;
        if header_length < HEADER_LENGTH {
            return Err(FrameError::Incomplete);
        }
        let name = reader.take::<32>()?;
        let _schema_version = reader.take::<4>()?;
        let frame = Self {
            message_type: message_type(&name),
            created: u64::from_be_bytes(reader.take()?),
            sequence: i64::from_be_bytes(reader.take()?),
            flags: u64::from_be_bytes(reader.take()?),
            id: MessageId(reader.take()?).swapped(),
            payload_type: 0,
            payload: Bytes::new(),
        };
        let expected = reader.take::<32>()?;
        let payload_type = u32::from_be_bytes(reader.take()?);
        let mut rest = Reader(message.get(header_length..).ok_or(FrameError::Truncated)?);
        let payload_length = u32::from_be_bytes(rest.take()?);
        // The payload is everything that follows; its length is no more than a switch for the digest.
        let payload = message.slice(header_length + 4..);
        let frame = Self { payload_type, payload, ..frame };
        frame.check(payload_length, &expected)?;
        Ok(frame)
    }

    fn check(&self, payload_length: u32, expected: &[u8; 32]) -> Result<(), FrameError> {
        if matches!(self.message_type, MessageType::StartPublication | MessageType::PausePublication) {
            return Ok(());
        }
        if self.message_type.name().is_empty() || self.created == 0 {
            return Err(FrameError::Incomplete);
        }
        if payload_length != 0 && self::digest(&SHA256, &self.payload).as_ref() != expected {
            return Err(FrameError::Digest);
        }
        Ok(())
    }
}

fn message_type(padded: &[u8; 32]) -> MessageType {
    let name = String::from_utf8_lossy(padded);
    MessageType::from_name(name.trim_matches('\0').trim())
}

/// Takes fixed pieces off the front of a slice.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        let (piece, rest) = self.0.split_first_chunk::<N>().ok_or(FrameError::Truncated)?;
        self.0 = rest;
        Ok(*piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "00112233-4455-6677-8899-aabbccddeeff";

    fn hex(text: &str) -> Bytes {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    fn input(sequence: i64, payload_type: u32, payload: &'static [u8]) -> Frame {
        Frame {
            message_type: MessageType::InputStreamData,
            created: 1_700_000_000_123,
            sequence,
            flags: 0,
            id: ID.parse().unwrap(),
            payload_type,
            payload: Bytes::from_static(payload),
        }
    }

    fn same(frame: &Frame, text: &str) {
        let bytes = hex(text);
        assert_eq!(frame.encode(), bytes);
        assert_eq!(&Frame::decode(&bytes).unwrap(), frame);
    }

    #[test]
    fn keystrokes_are_written_as_the_official_client_does() {
        same(
            &input(7, 1, b"ls\r"),
            "00000074696e7075745f73747265616d5f64617461202020202020202020202020202020000000010000018bcfe5687b
             000000000000000700000000000000008899aabbccddeeff00112233445566771d887ce0f8672e4914d9000e801cd74e
             cd805dd9366c0bc42dc16adc0197dc2f00000001000000036c730d",
        );
    }

    #[test]
    fn sizes_are_written_as_the_official_client_does() {
        let payload = crate::ssm::wire::Size { cols: 120, rows: 40 }.encode();
        assert_eq!(payload, r#"{"cols":120,"rows":40}"#);
        same(
            &Frame { payload, ..input(0, 3, b"") },
            "00000074696e7075745f73747265616d5f64617461202020202020202020202020202020000000010000018bcfe5687b
             000000000000000000000000000000008899aabbccddeeff0011223344556677edf7359c89077b608a6b3e8b19e63bbf
             c7aa724989a05ea371a9966a6e9db7cc00000003000000167b22636f6c73223a3132302c22726f7773223a34307d",
        );
    }

    #[test]
    fn flags_are_written_as_the_official_client_does() {
        let payload = crate::ssm::wire::Flag::TerminateSession.encode();
        same(
            &Frame { payload, ..input(9, 10, b"") },
            "00000074696e7075745f73747265616d5f64617461202020202020202020202020202020000000010000018bcfe5687b
             000000000000000900000000000000008899aabbccddeeff0011223344556677433ebf5bc03dffa38536673207a21281
             612cef5faa9bc7a4d5b9be2fdb12cf1a0000000a0000000400000002",
        );
    }

    #[test]
    fn acknowledgements_are_written_as_the_official_client_does() {
        let acknowledge = crate::ssm::wire::Acknowledge {
            message_type: MessageType::OutputStreamData.name().to_owned(),
            message_id: ID.to_owned(),
            sequence: 5,
            is_sequential: true,
        };
        let payload = acknowledge.encode();
        assert_eq!(payload.len(), 176);
        let frame = Frame { message_type: MessageType::Acknowledge, flags: 3, payload, ..input(0, 0, b"") };
        let bytes = frame.encode();
        assert_eq!(bytes.len(), 296);
        let header = hex(
            "0000007461636b6e6f776c65646765202020202020202020202020202020202020202020000000010000018bcfe5687b
             000000000000000000000000000000038899aabbccddeeff0011223344556677c042f04dae720ddf0a04ac868690251897ea8e1f56ee6bc073b455575d2e1996
             00000000000000b0",
        );
        assert_eq!(bytes.slice(..120), header);
        let read = Frame::decode(&bytes).unwrap();
        assert_eq!(crate::ssm::wire::Acknowledge::decode(&read.payload).unwrap(), acknowledge);
    }

    #[test]
    fn a_longer_header_is_skipped() {
        let frame = input(1, 1, b"later");
        let mut bytes = frame.encode().to_vec();
        bytes.splice(116..116, [9; 8]);
        bytes[3] += 8;
        assert_eq!(Frame::decode(&bytes.into()).unwrap(), frame);
    }

    #[test]
    fn names_padded_with_nuls_are_read() {
        let mut bytes = input(1, 1, b"x").encode().to_vec();
        bytes[4 + 17..36].fill(0);
        assert_eq!(Frame::decode(&bytes.into()).unwrap().message_type, MessageType::InputStreamData);
    }

    #[test]
    fn what_was_changed_under_way_is_refused() {
        let mut bytes = input(1, 1, b"abc").encode().to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(Frame::decode(&bytes.into()), Err(FrameError::Digest));
        assert_eq!(Frame::decode(&Bytes::from_static(b"\0\0\0\x74")), Err(FrameError::Truncated));
        assert_eq!(Frame::decode(&Bytes::from_static(b"\0\0\0\x01abc")), Err(FrameError::Incomplete));
    }

    proptest! {
        #[test]
        fn frames_come_back(
            created in 1_u64.., sequence in any::<i64>(), flags in any::<u64>(), id in any::<[u8; 16]>(),
            payload_type in any::<u32>(), payload in proptest::collection::vec(any::<u8>(), 0..2000), name in "[a-z_]{1,32}",
        ) {
            let frame = Frame {
                message_type: MessageType::from_name(&name), created, sequence, flags, id: MessageId(id), payload_type,
                payload: payload.into(),
            };
            prop_assert_eq!(Frame::decode(&frame.encode()).unwrap(), frame);
        }

        #[test]
        fn no_bytes_make_it_fail_badly(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _any_answer = Frame::decode(&bytes.into());
        }
    }
}
