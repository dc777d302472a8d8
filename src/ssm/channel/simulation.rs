//! Two channels with a bad line between them, over many seeds: every byte once, in order, both ways, in bounded memory.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fastrand::Rng;

use super::{Channel, Settings, Side};
use crate::ssm::wire::PayloadType;

/// How bad the line is, in thousandths of the messages.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    loss: u32,
    duplication: u32,
    corruption: u32,
    delay_ms: u64,
    silence: bool,
    closes: bool,
    slow_consumer: bool,
}

impl Line {
    fn of(rng: &mut Rng) -> Self {
        let mut maybe = |most: u32| if rng.bool() { rng.u32(0..=most) } else { 0 };
        Self {
            loss: maybe(200),
            duplication: maybe(200),
            corruption: maybe(50),
            delay_ms: u64::from(maybe(300)),
            silence: maybe(7) > 5,
            closes: maybe(3) > 0,
            slow_consumer: maybe(3) > 1,
        }
    }
}

struct End {
    channel: Channel,
    to_send: Bytes,
    received: BytesMut,
}

impl End {
    fn new(side: Side, rng: &mut Rng) -> Self {
        let length = rng.usize(0..60_000);
        let to_send: Bytes = (0..length).map(|_| rng.u8(..)).collect();
        let settings = if side == Side::Client { Settings::CLIENT } else { Settings::AGENT };
        let channel = Channel::new(side, settings, rng.u128(..).to_be_bytes(), 1_700_000_000_000);
        Self { channel, to_send, received: BytesMut::new() }
    }

    fn produce(&mut self, now: Duration, rng: &mut Rng) {
        while self.channel.has_room() && !self.to_send.is_empty() {
            let piece = self.to_send.split_to(rng.usize(1..=1024).min(self.to_send.len()));
            self.channel.send(now, PayloadType::Output, piece).unwrap();
        }
    }

    fn consume(&mut self, slow: bool, rng: &mut Rng) {
        let mut budget = if slow { rng.usize(0..3) } else { usize::MAX };
        while budget > 0 {
            let Some((_, payload)) = self.channel.take() else { return };
            self.received.extend_from_slice(&payload);
            budget -= 1;
        }
    }
}

/// Messages under way: by time of arrival, a number to tell them apart, the receiving end and the bytes.
type UnderWay = BTreeMap<(Duration, u64), (usize, Bytes)>;

fn post(line: Line, silent_until: Duration, now: Duration, to: usize, frame: Bytes, way: &mut UnderWay, rng: &mut Rng) {
    let mut copies = 1 + u64::from(rng.u32(0..1000) < line.duplication);
    if rng.u32(0..1000) < line.loss || now < silent_until {
        copies = 0;
    }
    for _ in 0..copies {
        let mut frame = frame.clone();
        if rng.u32(0..1000) < line.corruption {
            let mut bytes = frame.to_vec();
            // The payload or its digest: the rest of a header is not protected by the protocol.
            let at = rng.usize(80..bytes.len());
            if !(112..120).contains(&at) {
                bytes[at] ^= 1 << rng.u32(0..8);
            }
            frame = bytes.into();
        }
        let arrival = now + Duration::from_micros(100 + rng.u64(0..=line.delay_ms * 1000));
        way.insert((arrival, rng.u64(..)), (to, frame));
    }
}

fn run(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let line = Line::of(&mut rng);
    let mut ends = [End::new(Side::Client, &mut rng), End::new(Side::Agent, &mut rng)];
    let expected = [ends[1].to_send.clone(), ends[0].to_send.clone()];
    let mut way = UnderWay::new();
    let mut now = Duration::ZERO;
    let silent_until = if line.silence { Duration::from_secs(30) } else { Duration::ZERO };
    let mut closes = if line.closes { rng.u32(1..20) } else { 0 };
    ends.iter_mut().for_each(|end| end.channel.connected(now));
    for step in 0.. {
        assert!(step < 2_000_000, "seed {seed} {line:?}: no end at {now:?}");
        for at in [0, 1] {
            ends[at].produce(now, &mut rng);
            while let Some(frame) = ends[at].channel.transmit(now) {
                post(line, silent_until, now, 1 - at, frame, &mut way, &mut rng);
            }
            assert!(ends[at].channel.held_bytes() < 12 << 20, "seed {seed}");
        }
        let done =
            ends.iter().zip(&expected).all(|(end, expected)| end.received.len() >= expected.len() && end.to_send.is_empty());
        if done && ends.iter().all(|end| end.channel.is_drained()) {
            break;
        }
        if closes > 0 && rng.u32(0..200) == 0 {
            closes -= 1;
            way.clear();
            ends.iter_mut().for_each(|end| end.channel.disconnected());
            now += Duration::from_millis(rng.u64(0..5000));
            ends.iter_mut().for_each(|end| end.channel.connected(now));
            continue;
        }
        let arrival = way.first_key_value().map(|((at, _), _)| *at);
        let timeout = ends.iter().filter_map(|end| end.channel.next_timeout()).min();
        let pending = ends.iter().any(|end| end.channel.peek().is_some()).then(|| now + Duration::from_millis(1));
        let next = [arrival, timeout, pending].into_iter().flatten().min();
        now = now.max(next.unwrap_or_else(|| panic!("seed {seed} {line:?}: both ends wait for each other at {now:?}")));
        while let Some(entry) = way.first_entry().filter(|entry| entry.key().0 <= now) {
            let (to, frame) = entry.remove();
            if ends[to].channel.wants_input() {
                let _damaged = ends[to].channel.receive(now, &frame);
            }
        }
        for end in &mut ends {
            end.consume(line.slow_consumer, &mut rng);
        }
    }
    for (end, expected) in ends.iter().zip(&expected) {
        assert_eq!(end.received.len(), expected.len(), "seed {seed} {line:?}");
        assert!(end.received == expected, "seed {seed} {line:?}: other bytes arrived");
    }
}

#[test]
fn every_byte_arrives_once_and_in_order_over_bad_lines() {
    #[expect(clippy::disallowed_methods, reason = "a test stands at the edge: more seeds on request")]
    let seeds = std::env::var("BARTIZAN_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(300);
    (0..seeds).for_each(run);
}

#[test]
fn a_quiet_channel_asks_for_nothing() {
    let mut end = End::new(Side::Client, &mut Rng::with_seed(1));
    end.channel.connected(Duration::ZERO);
    assert_eq!(end.channel.transmit(Duration::ZERO), None);
    assert_eq!(end.channel.next_timeout(), None);
    assert_eq!(end.channel.unanswered(Duration::from_secs(60)), None);
    end.channel.send(Duration::ZERO, PayloadType::Output, Bytes::new()).unwrap();
    assert_eq!(end.channel.transmit(Duration::ZERO), None, "empty data is not sent");
}

#[test]
fn a_target_that_never_answers_is_noticed() {
    let mut end = End::new(Side::Client, &mut Rng::with_seed(1));
    end.channel.connected(Duration::ZERO);
    end.channel.send(Duration::ZERO, PayloadType::Output, Bytes::from_static(b"x")).unwrap();
    let mut now = Duration::ZERO;
    let mut times = 0;
    while now < Duration::from_secs(60) {
        while end.channel.transmit(now).is_some() {
            times += 1;
        }
        now = end.channel.next_timeout().unwrap();
    }
    assert!(end.channel.unanswered(now).unwrap() >= Duration::from_secs(60));
    assert!((25..45).contains(&times), "{times} sendings in a minute");
}

#[test]
fn the_same_bytes_are_sent_again() {
    let mut end = End::new(Side::Client, &mut Rng::with_seed(1));
    end.channel.connected(Duration::ZERO);
    end.channel.send(Duration::ZERO, PayloadType::Output, Bytes::from_static(b"x")).unwrap();
    let first = end.channel.transmit(Duration::ZERO).unwrap();
    let later = end.channel.next_timeout().unwrap();
    assert_eq!(later, Duration::from_millis(200));
    assert_eq!(end.channel.transmit(later), Some(first.clone()));
    end.channel.disconnected();
    assert_eq!(end.channel.transmit(later * 9), None);
    end.channel.connected(later * 9);
    assert_eq!(end.channel.transmit(later * 9), Some(first));
    assert_eq!(end.channel.counters().resent, 2);
}
