//! The multiplexer's rules, one at a time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::pressure::MOST_UNREAD;
use super::running::{LONG, encoded, run};
use super::{End, Heard, Mux, MuxError, Role};
use crate::ssm::wire::smux::{Decoder, Frame};

#[tokio::test]
async fn a_client_numbers_its_streams_as_the_official_one() {
    let mut running = run();
    let (first, second) = (running.open().await, running.open().await);
    assert_eq!((first.id(), second.id()), (3, 5));
    assert_eq!((running.said().await, running.said().await), (Frame::Open(3), Frame::Open(5)));
    running.opener.keep_alive().await.unwrap();
    assert_eq!(running.said().await, Frame::KeepAlive);
}

#[tokio::test]
async fn data_are_cut_small_kept_in_order_and_closed_behind() {
    let mut running = run();
    let stream = running.open().await;
    let sent: Vec<u8> = (0..10_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let copy = Bytes::from(sent.clone());
    let writing = tokio::spawn(async move {
        stream.writer.write(copy).await.unwrap();
        stream.writer.close().await;
        stream.reader
    });
    assert_eq!(running.said().await, Frame::Open(3));
    let mut received = Vec::new();
    loop {
        match running.said().await {
            Frame::Data(3, data) => {
                assert!(data.len() <= 4096, "{}: others wait", data.len());
                received.extend_from_slice(&data);
            }
            other => {
                assert_eq!(other, Frame::Close(3));
                break;
            }
        }
    }
    assert!(received == sent);
    let mut reader = timeout(LONG, writing).await.unwrap().unwrap();
    // The other end may still speak.
    running.says(3, 5).await;
    running.frame(&Frame::Close(3)).await;
    assert_eq!(timeout(LONG, reader.read()).await.unwrap().unwrap().len(), 5);
    assert_eq!((timeout(LONG, reader.read()).await.unwrap(), reader.end()), (None, End::Closed));
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_closed_and_what_still_comes_for_it_is_nobodys() {
    let mut running = run();
    let stream = running.open().await;
    // More than all may leave unread, if nobody gave it back.
    running.floods(3).await;
    drop(stream);
    running.until(&Frame::Close(3)).await;
    running.floods(3).await;
    running.says(99, 10).await;
    running.frame(&Frame::Close(99)).await;
    running.frame(&Frame::Open(7)).await;
    running.frame(&Frame::KeepAlive).await;
    let mut other = running.open().await;
    assert_eq!(other.id(), 5);
    running.says(5, 10).await;
    assert_eq!(timeout(LONG, other.reader.read()).await.unwrap().unwrap().len(), 10);
    assert!(running.pressure.full_for().is_none());
}

#[tokio::test]
async fn a_stream_without_an_end_was_lost() {
    let running = run();
    let mut stream = running.open().await;
    running.says(3, 10).await;
    drop(running.say);
    assert_eq!(timeout(LONG, running.mux).await.unwrap().unwrap(), Err(MuxError::Ended));
    assert_eq!(timeout(LONG, stream.reader.read()).await.unwrap().unwrap().len(), 10, "what had arrived is there");
    assert_eq!((timeout(LONG, stream.reader.read()).await.unwrap(), stream.reader.end()), (None, End::Lost));
    assert!(stream.reset().is_cancelled());
    assert!(running.opener.open().await.is_err() && running.opener.keep_alive().await.is_err());
    assert!(stream.writer.write(Bytes::from_static(b"x")).await.is_err());
}

#[tokio::test]
async fn a_stream_that_was_closed_is_whole_whatever_comes_after() {
    let running = run();
    let mut stream = running.open().await;
    running.says(3, 10).await;
    running.frame(&Frame::Close(3)).await;
    // A second end, and data behind the end, are nothing.
    running.says(3, 10).await;
    running.say.send(Heard::Refusal).await.unwrap();
    running.frame(&Frame::Close(3)).await;
    drop(running.say);
    timeout(LONG, running.mux).await.unwrap().unwrap().unwrap_err();
    assert_eq!(timeout(LONG, stream.reader.read()).await.unwrap().unwrap().len(), 10);
    assert_eq!((timeout(LONG, stream.reader.read()).await.unwrap(), stream.reader.end()), (None, End::Closed));
    assert!(!stream.reset().is_cancelled());
}

#[tokio::test]
async fn who_speaks_waits_for_the_channel() {
    let (mux, opener, _) = Mux::new(Role::Client);
    let (_say, from) = mpsc::channel::<Bytes>(1);
    let (to, mut hear) = mpsc::channel(1);
    tokio::spawn(mux.run(from, to));
    let stream = timeout(LONG, opener.open()).await.unwrap().unwrap();
    let flood = Bytes::from(vec![1; 4 << 20]);
    let writing = tokio::spawn(async move { stream.writer.write(flood).await.map(|()| stream) });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!writing.is_finished(), "4 MiB went nowhere and are held");
    let mut received = 0;
    while received < 4 << 20 {
        let bytes = timeout(LONG, hear.recv()).await.unwrap().unwrap();
        assert!(bytes.len() <= 16 << 10);
        received += bytes.len();
    }
    timeout(LONG, writing).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_session_that_is_full_is_read_no_further() {
    let running = run();
    let _slow = running.open().await;
    running.floods(3).await;
    // One more is under way in the channel; then it stands.
    let more = async {
        for _ in 0..4 {
            running.says(3, 10).await;
        }
    };
    assert!(timeout(Duration::from_millis(300), more).await.is_err());
    assert!(running.pressure.full_for().is_some());
    assert_eq!(MOST_UNREAD, 4 << 20, "what the official programs allow");
}

#[tokio::test]
async fn a_server_accepts_each_stream_once() {
    let (mux, opener, mut accepted) = Mux::new(Role::Server);
    let (say, from) = mpsc::channel::<Bytes>(4);
    let (to, mut hear) = mpsc::channel(4);
    let running = tokio::spawn(mux.run(from, to));
    for frame in [Frame::Open(3), Frame::Data(3, Bytes::from_static(b"one")), Frame::Open(3), Frame::Open(5)] {
        say.send(encoded(&frame)).await.unwrap();
    }
    let (mut first, second) =
        (timeout(LONG, accepted.recv()).await.unwrap().unwrap(), timeout(LONG, accepted.recv()).await.unwrap().unwrap());
    assert_eq!((first.id(), second.id()), (3, 5));
    assert_eq!(timeout(LONG, first.reader.read()).await.unwrap().unwrap(), &b"one"[..], "a second opening changes nothing");
    let own = timeout(LONG, opener.open()).await.unwrap().unwrap();
    assert_eq!(own.id(), 2);
    let mut decoder = Decoder::default();
    decoder.push(&timeout(LONG, hear.recv()).await.unwrap().unwrap());
    assert_eq!(decoder.next_frame(), Ok(Some(Frame::Open(2))));
    let mut wrong = BytesMut::from(&encoded(&Frame::KeepAlive)[..]);
    wrong[0] = 2;
    say.send(wrong.freeze()).await.unwrap();
    assert!(matches!(timeout(LONG, running).await.unwrap().unwrap(), Err(MuxError::Protocol(_))));
}

#[tokio::test]
async fn a_client_accepts_nothing() {
    let (mux, _opener, mut accepted) = Mux::new(Role::Client);
    let (say, from) = mpsc::channel::<Bytes>(4);
    let (to, _hear) = mpsc::channel(4);
    let running = tokio::spawn(mux.run(from, to));
    say.send(encoded(&Frame::Open(2))).await.unwrap();
    drop(say);
    timeout(LONG, running).await.unwrap().unwrap().unwrap_err();
    assert!(timeout(LONG, accepted.recv()).await.unwrap().is_none());
}
