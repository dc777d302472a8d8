//! Payloads: JSON, flags and exit codes of strangers.
#![no_main]

use bartizan_fuzz::ssm::wire::handshake::{Challenge, Complete, Payload as _, Request, Response};
use bartizan_fuzz::ssm::wire::payload::{ChannelClosed, OpenDataChannel, exit_code};
use bartizan_fuzz::ssm::wire::{Acknowledge, Flag, Size};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(acknowledge) = Acknowledge::decode(bytes) {
        assert_eq!(Acknowledge::decode(&acknowledge.encode()).unwrap(), acknowledge);
    }
    let _any_answer = (Flag::decode(bytes), Size::decode(bytes), ChannelClosed::decode(bytes), exit_code(bytes));
    let _any_answer = (Request::decode(bytes), Response::decode(bytes), Complete::decode(bytes), Challenge::decode(bytes));
    let _any_answer = std::str::from_utf8(bytes).map(OpenDataChannel::decode);
});
