//! Both ends of a channel, as the client and as the embedded agent use it, with a peer that says anything in any order: nothing is
//! handed out twice or out of order, and what is held stays bounded.
#![no_main]

use std::time::Duration;

use bartizan_fuzz::ssm::channel::{Channel, Settings, Side};
use bartizan_fuzz::ssm::wire::{Acknowledge, Frame, MessageId, MessageType, PayloadType};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, mut rest)) = bytes.split_first() else { return };
    let (side, settings) = if first & 1 == 0 { (Side::Client, Settings::CLIENT) } else { (Side::Agent, Settings::AGENT) };
    let theirs = if first & 1 == 0 { MessageType::OutputStreamData } else { MessageType::InputStreamData };
    let mut channel = Channel::new(side, settings, [7; 16], 1);
    let (mut now, mut taken) = (Duration::ZERO, 0_u64);
    channel.connected(now);
    while let Some((step, more)) = rest.split_first() {
        rest = more;
        let mut number = |length: usize| {
            let (head, tail) = rest.split_at(length.min(rest.len()));
            rest = tail;
            head.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
        };
        match step % 10 {
            0 => {
                let sequence = number(1) as i64;
                // The payload says which message it is.
                let payload = Bytes::copy_from_slice(&sequence.to_be_bytes());
                let frame = frame(theirs.clone(), sequence, payload);
                let _any = channel.receive(now, &frame.encode());
            }
            1 => {
                let sequence = number(8) as i64;
                let size = number(1) as usize * 257;
                // Beyond any number that step 0 has: what is handed out may only be of step 0 as long as these are missing.
                if sequence > 255 || sequence < 0 {
                    let _any = channel.receive(now, &frame(theirs.clone(), sequence, vec![1; size].into()).encode());
                }
            }
            2 => {
                let acknowledge = Acknowledge {
                    message_type: "x".to_owned(),
                    message_id: "x".to_owned(),
                    sequence: number(1) as i64,
                    is_sequential: true,
                };
                let _any = channel.receive(now, &frame(MessageType::Acknowledge, 0, acknowledge.encode()).encode());
            }
            3 => {
                let length = (number(1) as usize).min(rest.len());
                let (message, tail) = rest.split_at(length);
                rest = tail;
                // As it is: only a whole frame with its digest is read.
                let _any = channel.receive(now, &Bytes::copy_from_slice(message));
            }
            4 => {
                let _full = channel.send(now, PayloadType::Output, vec![2; number(1) as usize * 16].into());
            }
            5 => while channel.transmit(now).is_some() {},
            6 => now += Duration::from_millis(number(1) * 20),
            7 => {
                channel.disconnected();
                if number(1) % 2 == 0 {
                    channel.connected(now);
                }
            }
            8 => {
                let types = [MessageType::PausePublication, MessageType::StartPublication, MessageType::Other("x".to_owned())];
                let message_type = types[number(1) as usize % 3].clone();
                let _any = channel.receive(now, &frame(message_type, 0, Bytes::new()).encode());
            }
            _ => {
                while let Some((_, payload)) = channel.take() {
                    if taken <= 255 {
                        assert_eq!(payload, taken.to_be_bytes().as_slice(), "in order, each once");
                    }
                    taken += 1;
                }
            }
        }
        assert!(channel.held_bytes() <= settings.stored_bytes + settings.ready_bytes + settings.window_bytes + (512 << 10));
        let _any = (channel.next_timeout(), channel.unanswered(now), channel.is_drained(), channel.has_room());
    }
});

fn frame(message_type: MessageType, sequence: i64, payload: Bytes) -> Frame {
    Frame { message_type, created: 1, sequence, flags: 0, id: MessageId([3; 16]), payload_type: 1, payload }
}
