//! Frames of smux v1, as the official client and agent speak it: `version 1, command, length, stream`, little-endian, then data.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Bytes before a frame's data.
pub const HEADER_LENGTH: usize = 8;

/// The first stream that a client opens; the next ones follow in steps of two.
pub const FIRST_CLIENT_STREAM: u32 = 3;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Opens a stream.
    Open(u32),
    /// Closes a stream, both ways.
    Close(u32),
    /// Data of a stream, at most 65,535 bytes.
    Data(u32, Bytes),
    /// Says "still here".
    KeepAlive,
}

/// Bytes that are no smux; the session cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// Another version than 1.
    #[error("the multiplexed stream is out of step: version {0}")]
    Version(u8),
    /// An unknown command.
    #[error("the multiplexed stream is out of step: command {0}")]
    Command(u8),
}

impl Frame {
    /// Writes the frame behind what is there. Data beyond 65,535 bytes would not fit; callers cut it before.
    pub fn encode(&self, out: &mut BytesMut) {
        let (command, stream, data): (u8, u32, &[u8]) = match self {
            Self::Open(stream) => (0, *stream, &[]),
            Self::Close(stream) => (1, *stream, &[]),
            Self::Data(stream, data) => (2, *stream, data),
            Self::KeepAlive => (3, 0, &[]),
        };
        let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
        out.reserve(HEADER_LENGTH + usize::from(length));
        out.put_u8(1);
        out.put_u8(command);
        out.put_u16_le(length);
        out.put_u32_le(stream);
        out.put_slice(data.get(..usize::from(length)).unwrap_or(data));
    }
}

/// Makes frames of a byte stream that is cut anywhere.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
}

impl Decoder {
    /// Takes bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame; `None` until more bytes come.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, ProtocolError> {
        let Some([version, command, low, high, stream @ ..]) = self.buffer.first_chunk::<HEADER_LENGTH>().copied() else {
            return Ok(None);
        };
        if version != 1 {
            return Err(ProtocolError::Version(version));
        }
        if command > 3 {
            return Err(ProtocolError::Command(command));
        }
        let length = usize::from(u16::from_le_bytes([low, high]));
        if self.buffer.len() < HEADER_LENGTH + length {
            return Ok(None);
        }
        self.buffer.advance(HEADER_LENGTH);
        let data = self.buffer.split_to(length).freeze();
        let stream = u32::from_le_bytes(stream);
        Ok(Some(match command {
            0 => Frame::Open(stream),
            1 => Frame::Close(stream),
            2 => Frame::Data(stream, data),
            _ => Frame::KeepAlive,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(frame: &Frame) -> BytesMut {
        let mut out = BytesMut::new();
        frame.encode(&mut out);
        out
    }

    #[test]
    fn frames_are_written_as_the_official_programs_do() {
        assert_eq!(encoded(&Frame::Open(3)), &[1, 0, 0, 0, 3, 0, 0, 0][..]);
        assert_eq!(encoded(&Frame::Close(3)), &[1, 1, 0, 0, 3, 0, 0, 0][..]);
        assert_eq!(encoded(&Frame::Data(3, Bytes::from_static(b"hi"))), &[1, 2, 2, 0, 3, 0, 0, 0, 0x68, 0x69][..]);
        assert_eq!(encoded(&Frame::KeepAlive), &[1, 3, 0, 0, 0, 0, 0, 0][..]);
    }

    #[test]
    fn a_stream_out_of_step_is_noticed() {
        let mut decoder = Decoder::default();
        decoder.push(&[2, 0, 0, 0, 3, 0, 0, 0]);
        assert_eq!(decoder.next_frame(), Err(ProtocolError::Version(2)));
        let mut decoder = Decoder::default();
        decoder.push(&[1, 4, 0, 0, 3, 0, 0, 0]);
        assert_eq!(decoder.next_frame(), Err(ProtocolError::Command(4)));
    }

    fn frames() -> impl Strategy<Value = Vec<Frame>> {
        let data = proptest::collection::vec(any::<u8>(), 0..300);
        let frame = prop_oneof![
            any::<u32>().prop_map(Frame::Open),
            any::<u32>().prop_map(Frame::Close),
            (any::<u32>(), data).prop_map(|(stream, data)| Frame::Data(stream, data.into())),
            Just(Frame::KeepAlive),
        ];
        proptest::collection::vec(frame, 0..20)
    }

    proptest! {
        #[test]
        fn frames_come_back_however_the_bytes_are_cut(frames in frames(), cut in 1_usize..50) {
            let mut bytes = BytesMut::new();
            frames.iter().for_each(|frame| frame.encode(&mut bytes));
            let mut decoder = Decoder::default();
            let mut read = Vec::new();
            for piece in bytes.chunks(cut) {
                decoder.push(piece);
                while let Some(frame) = decoder.next_frame().unwrap() {
                    read.push(frame);
                }
            }
            prop_assert_eq!(read, frames);
        }

        #[test]
        fn no_bytes_make_it_fail_badly(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut decoder = Decoder::default();
            decoder.push(&bytes);
            while let Ok(Some(_)) = decoder.next_frame() {}
        }
    }
}
