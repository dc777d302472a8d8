//! Frames: what can be read is written and read again as the same.
#![no_main]

use bartizan_fuzz::ssm::wire::{Frame, MessageType};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(frame) = Frame::decode(&Bytes::copy_from_slice(bytes)) {
        let again = Frame::decode(&frame.encode());
        // A name that is not known may be no text, and is not written by us.
        let is_ours = !matches!(frame.message_type, MessageType::Other(_));
        assert!(!is_ours || again.is_err() || again == Ok(frame));
    }
});
