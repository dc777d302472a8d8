//! What fuzzing has found or was started with, as it is and changed a little in many ways: nothing that a stranger sends makes us
//! fail badly, and what can be read can be written again.

use std::path::Path;

use bartizan::kit::input::Size;
use bartizan::screens::Screen;
use bartizan::ssm::client::filter::Filter;
use bartizan::ssm::wire::handshake::{Challenge, Complete, Payload as _, Request, Response};
use bartizan::ssm::wire::payload::{ChannelClosed, OpenDataChannel, exit_code};
use bartizan::ssm::wire::smux::Decoder;
use bartizan::ssm::wire::{Acknowledge, Flag, Frame, MessageType};
use bytes::Bytes;

/// Every file of a corpus, and so many changed copies of each.
fn each(corpus: &str, changes: usize, mut take: impl FnMut(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpora").join(corpus);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let mut random = fastrand::Rng::with_seed(3);
    for file in files {
        let original = std::fs::read(file).unwrap();
        take(&original);
        for _ in 0..changes {
            let mut changed = original.clone();
            for _ in 0..random.usize(1..4) {
                change(&mut changed, &mut random);
            }
            take(&changed);
        }
    }
}

fn change(bytes: &mut Vec<u8>, random: &mut fastrand::Rng) {
    let at = random.usize(0..=bytes.len());
    match random.u8(0..5) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.u8(0..8),
        1 if at < bytes.len() => bytes[at] = random.u8(..),
        2 => bytes.truncate(at),
        3 => bytes.insert(at, random.u8(..)),
        _ => {
            let piece = bytes[at..].iter().copied().take(16).collect::<Vec<_>>();
            bytes.extend(piece);
        }
    }
}

#[test]
fn frames_of_strangers_are_read_or_refused() {
    each("frames", 2_000, |bytes| {
        if let Ok(frame) = Frame::decode(&Bytes::copy_from_slice(bytes)) {
            let again = Frame::decode(&frame.encode());
            // A name that is not known may be no text, and a pause without a time may arrive: neither is written by us.
            let is_ours = !matches!(frame.message_type, MessageType::Other(_));
            assert!(!is_ours || again.is_err() || again == Ok(frame));
        }
    });
}

#[test]
fn payloads_of_strangers_are_read_or_refused() {
    each("payloads", 2_000, |bytes| {
        if let Ok(acknowledge) = Acknowledge::decode(bytes) {
            assert_eq!(Acknowledge::decode(&acknowledge.encode()).unwrap(), acknowledge);
        }
        if let Ok(size) = bartizan::ssm::wire::Size::decode(bytes) {
            assert_eq!(bartizan::ssm::wire::Size::decode(&size.encode()).unwrap(), size);
        }
        let _any_answer = (Flag::decode(bytes), ChannelClosed::decode(bytes), exit_code(bytes));
        let _any_answer = (Request::decode(bytes), Response::decode(bytes));
        let _any_answer = (Complete::decode(bytes), Challenge::decode(bytes));
        let _any_answer = std::str::from_utf8(bytes).map(OpenDataChannel::decode);
    });
}

#[test]
fn multiplexed_bytes_of_strangers_are_read_or_refused_however_they_are_cut() {
    each("smux", 2_000, |bytes| {
        let whole = frames(&[bytes]);
        let pieces: Vec<&[u8]> = bytes.chunks(3).collect();
        assert_eq!(frames(&pieces), whole);
    });
}

#[test]
fn what_targets_write_to_a_terminal_is_drawn_and_its_strings_are_dropped() {
    each("terminal", 50, |bytes| {
        let passed = Filter::default().pass(bytes);
        for (at, pair) in passed.windows(2).enumerate() {
            assert!(!matches!(pair, [0x1b, b'P' | b'_' | b'^' | b'X'] | [0xc2, 0x90 | 0x98 | 0x9d..=0x9f]), "{passed:?}");
            assert!(pair != [0x1b, b']'] || passed[at..].starts_with(b"\x1b]8;"), "{passed:?}");
        }
        let mut screen = Screen::new(Size { width: 9, height: 4 });
        screen.feed(bytes);
        screen.resize(Size { width: 3, height: 2 });
        screen.feed(bytes);
    });
}

fn frames(pieces: &[&[u8]]) -> Vec<String> {
    let (mut decoder, mut read) = (Decoder::default(), Vec::new());
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => read.push(format!("{frame:?}")),
                Ok(None) => break,
                Err(error) => {
                    read.push(error.to_string());
                    return read;
                }
            }
        }
    }
    read
}
