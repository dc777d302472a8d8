//! What a channel keeps to, one rule at a time: bounds, pauses, acknowledgements, repetitions.

use std::time::Duration;

use bytes::Bytes;

use super::incoming::{Incoming, Place};
use super::outgoing::Outgoing;
use super::{Channel, Full, Received, Settings, Side};
use crate::ssm::wire::payload::ChannelClosed;
use crate::ssm::wire::{Acknowledge, Frame, MessageId, MessageType, PayloadType};

const START: Duration = Duration::ZERO;

fn channel(side: Side) -> Channel {
    let settings = if side == Side::Client { Settings::CLIENT } else { Settings::AGENT };
    let mut channel = Channel::new(side, settings, [7; 16], 1_700_000_000_000);
    channel.connected(START);
    channel
}

fn frame(message_type: MessageType, sequence: i64, payload: impl Into<Bytes>) -> Frame {
    let id = MessageId(u128::from(sequence.unsigned_abs()).to_be_bytes());
    Frame { message_type, created: 1, sequence, flags: 0, id, payload_type: 1, payload: payload.into() }
}

fn output(sequence: i64) -> Frame {
    frame(MessageType::OutputStreamData, sequence, &b"x"[..])
}

fn acknowledgement(message_type: &MessageType, sequence: i64) -> Bytes {
    let message_type = message_type.name().to_owned();
    let acknowledge =
        Acknowledge { message_type, message_id: "00000000-0000-0000-0000-000000000000".into(), sequence, is_sequential: true };
    frame(MessageType::Acknowledge, 0, acknowledge.encode()).encode()
}

fn hear(channel: &mut Channel, frame: &Frame) -> Received {
    channel.receive(START, &frame.encode()).unwrap()
}

fn next(channel: &mut Channel, now: Duration) -> Option<Frame> {
    channel.transmit(now).map(|message| Frame::decode(&message).unwrap())
}

fn say(channel: &mut Channel, now: Duration, text: &'static [u8]) {
    channel.send(now, PayloadType::Output, Bytes::from_static(text)).unwrap();
}

/// The sequence numbers of the stream data that may be written now.
fn written(channel: &mut Channel, now: Duration) -> Vec<i64> {
    std::iter::from_fn(|| next(channel, now)).map(|frame| frame.sequence).collect()
}

#[test]
fn a_message_may_be_so_far_ahead_and_no_farther() {
    let mut incoming = Incoming::new(Settings::CLIENT);
    let arrival = |incoming: &mut Incoming, sequence| {
        let arrival = incoming.store(output(sequence));
        (arrival.place, arrival.acknowledge)
    };
    assert_eq!(arrival(&mut incoming, 100_001), (Place::Refused, false));
    assert_eq!(arrival(&mut incoming, i64::MAX), (Place::Refused, false));
    assert_eq!(incoming.bytes(), 0);
    assert_eq!(arrival(&mut incoming, 100_000), (Place::Kept, true));
    assert_eq!(arrival(&mut incoming, 100_000), (Place::Known, true), "its acknowledgement may be lost");
    assert_eq!(arrival(&mut incoming, 0), (Place::Kept, false), "acknowledged when it is taken");
    assert_eq!(arrival(&mut incoming, 0), (Place::Known, false));
    assert_eq!(incoming.take().unwrap().acknowledge, Some(output(0).id));
    assert_eq!(arrival(&mut incoming, 0), (Place::Known, true));
    assert_eq!(arrival(&mut incoming, -1), (Place::Known, true));
    assert_eq!(arrival(&mut incoming, 100_002), (Place::Refused, false));
    assert_eq!(arrival(&mut incoming, 100_001), (Place::Kept, true), "as far ahead of what is expected now");
    assert!(incoming.take().is_none() && incoming.peek().is_none());
}

#[test]
fn what_waits_for_a_missing_message_has_a_bound_and_the_missing_one_has_none() {
    let settings = Settings { stored_bytes: 100, ready_bytes: 60, ..Settings::CLIENT };
    let mut incoming = Incoming::new(settings);
    let long = |sequence, length| frame(MessageType::OutputStreamData, sequence, vec![1; length]);
    assert_eq!(incoming.store(long(1, 100)).place, Place::Kept);
    assert_eq!(incoming.store(long(2, 1)).place, Place::Refused);
    assert!(incoming.has_room(), "nothing of it can be taken");
    assert_eq!(incoming.store(long(0, 50)).place, Place::Kept, "what opens the way is always taken");
    assert_eq!(incoming.bytes(), 150);
    assert!(!incoming.has_room());
    let taken = incoming.take().unwrap();
    assert_eq!((taken.sequence, taken.payload.len(), taken.acknowledge), (0, 50, Some(output(0).id)));
    assert_eq!(incoming.take().unwrap().acknowledge, None, "that was done when it came");
    assert_eq!(incoming.bytes(), 0);
    incoming.store(long(2, 59));
    assert!(incoming.has_room());
    incoming.store(long(3, 1));
    assert!(!incoming.has_room());
}

#[test]
fn a_pause_stops_an_agent_until_its_client_is_heard() {
    let heard = [
        frame(MessageType::StartPublication, 0, Bytes::new()).encode(),
        acknowledgement(&MessageType::OutputStreamData, 99),
        frame(MessageType::InputStreamData, 0, &b"x"[..]).encode(),
    ];
    for message in heard {
        let mut agent = channel(Side::Agent);
        hear(&mut agent, &frame(MessageType::PausePublication, 0, Bytes::new()));
        say(&mut agent, START, b"output");
        assert_eq!((written(&mut agent, START), agent.next_timeout()), (vec![], None));
        agent.receive(START, &frame(MessageType::OutputStreamData, 0, &b"x"[..]).encode()).unwrap();
        agent.receive(START, &frame(MessageType::AgentSessionState, 0, Bytes::new()).encode()).unwrap();
        assert_eq!(written(&mut agent, START), [0; 0], "not the client");
        agent.receive(START, &message).unwrap();
        let said = std::iter::from_fn(|| next(&mut agent, START)).any(|frame| frame.payload == b"output"[..]);
        assert!(said);
        assert!(agent.next_timeout().is_some());
    }
}

#[test]
fn an_agent_that_is_paused_still_acknowledges_and_says_that_it_ends() {
    let mut agent = channel(Side::Agent);
    hear(&mut agent, &frame(MessageType::InputStreamData, 0, &b"x"[..]));
    say(&mut agent, START, b"output");
    hear(&mut agent, &frame(MessageType::PausePublication, 0, Bytes::new()));
    agent.take().unwrap();
    agent.send_control(START, MessageType::ChannelClosed, Bytes::from_static(b"{}"));
    let said: Vec<_> = std::iter::from_fn(|| next(&mut agent, START)).map(|frame| frame.message_type).collect();
    assert_eq!(said, [MessageType::Acknowledge, MessageType::ChannelClosed]);
    agent.disconnected();
    agent.connected(START);
    assert_eq!(written(&mut agent, START), [0], "another web socket is not paused");
}

#[test]
fn a_pause_does_not_stop_a_client() {
    let mut client = channel(Side::Client);
    hear(&mut client, &frame(MessageType::PausePublication, 0, Bytes::new()));
    say(&mut client, START, b"input");
    assert_eq!(written(&mut client, START), [0]);
    assert!(client.next_timeout().is_some(), "and it is sent again");
}

#[test]
fn an_acknowledgement_says_what_was_taken_and_goes_first() {
    let mut client = channel(Side::Client);
    say(&mut client, START, b"input");
    client.send_control(START, MessageType::StartPublication, Bytes::from_static(b"{}"));
    hear(&mut client, &output(1));
    hear(&mut client, &output(0));
    assert_eq!(client.take(), Some((PayloadType::Output, Bytes::from_static(b"x"))));
    let first = next(&mut client, START).unwrap();
    assert_eq!((&first.message_type, first.sequence, first.flags, first.payload_type), (&MessageType::Acknowledge, 0, 3, 0));
    let told = Acknowledge::decode(&first.payload).unwrap();
    assert_eq!((told.message_type.as_str(), told.sequence, told.is_sequential), ("output_stream_data", 0, true));
    assert_eq!(told.message_id, output(0).id.to_string());
    assert_eq!(Acknowledge::decode(&next(&mut client, START).unwrap().payload).unwrap().sequence, 1);
    let rest: Vec<_> = std::iter::from_fn(|| next(&mut client, START)).map(|frame| frame.message_type).collect();
    assert_eq!(rest, [MessageType::InputStreamData, MessageType::StartPublication], "the end goes behind the data");
    let counters = client.counters();
    assert_eq!((counters.sent, counters.bytes_sent, counters.delivered, counters.bytes_delivered), (1, 5, 1, 1));
}

#[test]
fn what_was_acknowledged_on_a_lost_web_socket_is_acknowledged_when_it_comes_again() {
    let mut client = channel(Side::Client);
    hear(&mut client, &output(0));
    client.take().unwrap();
    client.disconnected();
    hear(&mut client, &output(0));
    client.connected(START);
    assert_eq!(next(&mut client, START), None);
    hear(&mut client, &output(0));
    assert_eq!(next(&mut client, START).unwrap().message_type, MessageType::Acknowledge);
    assert_eq!(client.counters().duplicates, 2);
}

#[test]
fn acknowledgements_that_wait_have_a_bound() {
    let mut client = channel(Side::Client);
    for sequence in 1..=100_000 {
        client.store(output(sequence));
    }
    client.store(output(0));
    client.take().unwrap();
    assert_eq!(std::iter::from_fn(|| client.transmit(START)).count(), 100_000);
}

#[test]
fn only_the_other_ends_words_are_heard_and_only_whole() {
    for (side, own, other) in [
        (Side::Client, MessageType::InputStreamData, MessageType::OutputStreamData),
        (Side::Agent, MessageType::OutputStreamData, MessageType::InputStreamData),
    ] {
        let mut end = channel(side);
        assert_eq!(hear(&mut end, &frame(own, 0, &b"x"[..])), Received::Quiet);
        assert_eq!((end.take(), end.progress()), (None, 0));
        let mut damaged = frame(other.clone(), 0, &b"x"[..]).encode().to_vec();
        *damaged.last_mut().unwrap() ^= 1;
        assert!(end.receive(START, &damaged.into()).is_err());
        assert_eq!((end.take(), end.counters().damaged, end.progress()), (None, 1, 0));
        hear(&mut end, &frame(other, 0, &b"x"[..]));
        assert_eq!((end.take().is_some(), end.progress()), (true, 1));
        let closed = ChannelClosed { output: "idle".into(), ..ChannelClosed::default() };
        let Received::Closed(heard) = hear(&mut end, &frame(MessageType::ChannelClosed, 0, closed.encode())) else { panic!() };
        assert_eq!(heard.output, "idle");
        let state = hear(&mut end, &frame(MessageType::AgentSessionState, 0, &b"{}"[..]));
        assert_eq!(state, Received::AgentState(Bytes::from_static(b"{}")));
        end.receive(START, &frame(MessageType::Acknowledge, 0, &b"?"[..]).encode()).unwrap();
        assert_eq!((end.counters().damaged, end.progress()), (2, 1));
    }
}

#[test]
fn messages_are_marked_as_the_official_programs_mark_them() {
    for (side, first) in [(Side::Client, 0), (Side::Agent, 1)] {
        let mut end = channel(side);
        say(&mut end, Duration::from_millis(5), b"a");
        say(&mut end, Duration::from_millis(9), b"b");
        let (a, b) = (next(&mut end, START).unwrap(), next(&mut end, START).unwrap());
        assert_eq!((a.sequence, a.flags, a.created), (0, first, 1_700_000_000_005));
        assert_eq!((b.sequence, b.flags, b.created), (1, 0, 1_700_000_000_009));
        assert_ne!(a.id, b.id);
    }
    let mut end = Channel::new(Side::Client, Settings::CLIENT, [7; 16], 0);
    end.connected(START);
    say(&mut end, START, b"a");
    assert_eq!(next(&mut end, START).unwrap().created, 1, "0 is refused by the official agent");
}

#[test]
fn a_producer_waits_for_messages_and_for_bytes() {
    let settings = Settings { window_messages: 3, window_bytes: 1000, ..Settings::CLIENT };
    let mut end = Channel::new(Side::Client, settings, [7; 16], 1);
    for _ in 0..3 {
        assert!(end.has_room());
        say(&mut end, START, b"x");
    }
    assert!(!end.has_room());
    assert_eq!(end.send(START, PayloadType::Output, Bytes::from_static(b"x")), Err(Full));
    assert_eq!((end.counters().sent, written(&mut end, START).len()), (3, 0), "and without a web socket nothing is written");
    end.connected(START);
    assert_eq!(written(&mut end, START), [0, 1, 2]);
    assert!(!end.has_room() && !end.is_drained());
    end.receive(START, &acknowledgement(&MessageType::InputStreamData, 1)).unwrap();
    assert!(end.has_room());
    end.send(START, PayloadType::Output, vec![1; 800].into()).unwrap();
    end.receive(START, &acknowledgement(&MessageType::InputStreamData, 0)).unwrap();
    assert!(!end.has_room(), "{} bytes", end.held_bytes());
    assert_eq!(written(&mut end, START), [3]);
    end.receive(START, &acknowledgement(&MessageType::InputStreamData, 3)).unwrap();
    assert!(end.has_room() && end.held_bytes() == 121);
    end.receive(START, &acknowledgement(&MessageType::InputStreamData, 2)).unwrap();
    assert!(end.is_drained() && end.held_bytes() == 0);
}

/// An end with so many messages that were never written.
fn full(messages: usize) -> Outgoing {
    let mut outgoing = Outgoing::new(Settings::CLIENT);
    (0..messages).for_each(|_| outgoing.push(Bytes::from_static(b"frame")));
    outgoing
}

fn count(outgoing: &mut Outgoing, now: Duration) -> (usize, usize) {
    let (mut fresh, mut again) = (0, 0);
    while let Some((_, is_again)) = outgoing.transmit(now) {
        if is_again { again += 1 } else { fresh += 1 }
    }
    (fresh, again)
}

#[test]
fn the_window_opens_with_acknowledgements_and_halves_with_a_loss() {
    let mut outgoing = full(1024);
    assert_eq!(count(&mut outgoing, START), (64, 0));
    for sequence in 0..64 {
        assert!(outgoing.acknowledge(START, sequence));
        assert!(!outgoing.acknowledge(START, sequence), "twice is no news");
    }
    assert_eq!(count(&mut outgoing, START), (128, 0));
    assert!(!outgoing.acknowledge(START, 500), "it was not sent yet");
    // All of them are late together: that is one loss.
    let late = outgoing.next_timeout().unwrap();
    assert_eq!(count(&mut outgoing, late), (0, 128));
    assert!((64..192).all(|sequence| outgoing.acknowledge(late, sequence)));
    assert_eq!(count(&mut outgoing, late), (64 + 128, 0), "half, and one for each acknowledgement");
    // A window never becomes smaller than this.
    let mut outgoing = full(1024);
    count(&mut outgoing, START);
    for sequence in 0..63 {
        let now = outgoing.next_timeout().unwrap();
        outgoing.transmit(now);
        if sequence < 48 {
            outgoing.acknowledge(now, 63 - sequence);
        }
    }
    assert!(outgoing.in_flight_and_window().1 >= 16);
}

#[test]
fn a_message_is_repeated_less_and_less_often() {
    let mut outgoing = full(1);
    outgoing.transmit(START).unwrap();
    let mut times = Vec::new();
    for _ in 0..7 {
        let now = outgoing.next_timeout().unwrap();
        assert!(outgoing.transmit(now - Duration::from_millis(1)).is_none());
        assert_eq!(outgoing.transmit(now), Some((Bytes::from_static(b"frame"), true)));
        times.push(now.as_millis());
    }
    assert_eq!(times, [200, 600, 1400, 3000, 5000, 7000, 9000]);
    assert_eq!(outgoing.waiting_since(), Some(START));
    assert!(outgoing.acknowledge(Duration::from_secs(9), 0));
    assert_eq!(outgoing.round_trip(), super::RoundTrip::default(), "the answer may belong to either sending");
    assert_eq!((outgoing.waiting_since(), outgoing.next_timeout()), (None, None));
    outgoing.push(Bytes::from_static(b"frame"));
    outgoing.transmit(Duration::from_secs(10)).unwrap();
    outgoing.acknowledge(Duration::from_millis(10_002), 1);
    assert_eq!(outgoing.round_trip().mean, Duration::from_micros(87_750));
}

#[test]
fn another_web_socket_repeats_everything_oldest_first_and_slowly() {
    let mut outgoing = full(960);
    for round in 0..3 {
        count(&mut outgoing, START);
        assert!((64 * ((1 << round) - 1)..64 * ((2 << round) - 1)).all(|sequence| outgoing.acknowledge(START, sequence)));
    }
    assert_eq!(count(&mut outgoing, START).0, 512);
    let later = Duration::from_secs(3);
    outgoing.restart(later);
    assert_eq!(outgoing.waiting_since(), Some(later), "what waited without a web socket was not unanswered");
    assert_eq!(count(&mut outgoing, later), (0, 64));
    assert!(outgoing.next_timeout().is_some_and(|next| next > later));
    (448..458).for_each(|sequence| assert!(outgoing.acknowledge(later, sequence)));
    assert_eq!(count(&mut outgoing, later), (0, 20), "two for each acknowledgement");
    let next = outgoing.next_timeout().unwrap();
    assert!(count(&mut outgoing, next).1 >= 64, "and then as many as the window");
}

#[test]
fn a_message_that_was_overtaken_for_long_holds_nobody_up() {
    let mut outgoing = full(3);
    assert_eq!(count(&mut outgoing, START), (3, 0));
    outgoing.acknowledge(START, 0);
    outgoing.acknowledge(START, 2);
    let mut now = START;
    while now < Duration::from_secs(9) {
        assert!(!outgoing.is_drained());
        now = outgoing.next_timeout().unwrap();
        assert_eq!(count(&mut outgoing, now), (0, 1));
    }
    while now < Duration::from_secs(10) {
        now = outgoing.next_timeout().unwrap();
        assert_eq!(count(&mut outgoing, now), (0, 1));
    }
    assert!(outgoing.is_drained() && outgoing.waiting_since().is_none());
    let next = outgoing.next_timeout().unwrap();
    assert_eq!(count(&mut outgoing, next), (0, 1), "it is still repeated");
    assert!(outgoing.acknowledge(next, 1));
    assert_eq!((outgoing.bytes(), outgoing.in_flight_and_window().0), (0, 0));
    // One that nothing has overtaken may not have arrived.
    let mut outgoing = full(2);
    count(&mut outgoing, START);
    outgoing.acknowledge(START, 0);
    let mut now = START;
    while now < Duration::from_secs(30) {
        now = outgoing.next_timeout().unwrap();
        count(&mut outgoing, now);
    }
    assert!(!outgoing.is_drained());
}

#[test]
fn without_a_web_socket_nobody_is_unanswered() {
    let mut client = channel(Side::Client);
    say(&mut client, START, b"x");
    assert_eq!(client.unanswered(Duration::from_secs(5)), None, "it was not written yet");
    written(&mut client, START);
    assert_eq!(client.unanswered(Duration::from_secs(5)), Some(Duration::from_secs(5)));
    client.disconnected();
    assert_eq!((client.unanswered(Duration::from_secs(9)), client.next_timeout()), (None, None));
    client.connected(Duration::from_secs(9));
    assert_eq!(client.unanswered(Duration::from_secs(10)), Some(Duration::from_secs(1)));
}
