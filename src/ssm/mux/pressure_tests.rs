//! Streams that nobody reads, beside others. Patience is short here.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use super::pressure::MOST_UNREAD;
use super::running::{LONG, encoded, run_patiently};
use crate::ssm::wire::smux::Frame;

#[tokio::test]
async fn a_connection_that_reads_nothing_is_reset_when_others_wait() {
    let running = run_patiently(Duration::from_millis(300));
    let (slow, mut quick) = (running.open().await, running.open().await);
    running.floods(slow.id()).await;
    let waiting = tokio::spawn({
        let (say, id) = (running.say.clone(), quick.id());
        async move {
            let bytes = encoded(&Frame::Data(id, Bytes::from_static(b"hello")));
            // The second is only taken in when the first is.
            for _ in 0..2 {
                say.send(bytes.clone().into()).await.unwrap();
            }
        }
    });
    timeout(LONG, slow.reset().cancelled()).await.unwrap();
    assert!(running.pressure.full_for().is_some(), "until what it has left is thrown away");
    // What carries the connection drops the stream.
    drop(slow);
    assert_eq!(timeout(LONG, quick.reader.read()).await.unwrap().as_deref(), Some(b"hello".as_slice()));
    timeout(LONG, waiting).await.unwrap().unwrap();
    assert!(running.pressure.full_for().is_none() && !quick.reset().is_cancelled());
    assert_eq!(running.pressure.reset(), 1);
}

#[tokio::test]
async fn both_ends_of_a_connection_see_that_it_was_reset() {
    let running = run_patiently(Duration::from_millis(300));
    let (mut client, id, copying) = running.joined(LONG).await;
    let quick = running.open().await;
    let flooding = tokio::spawn({
        let say = running.say.clone();
        async move {
            let bytes = encoded(&Frame::Data(id, vec![7; 32_768].into()));
            // More than the mux and all buffers of the system hold, until the reset; then it goes nowhere.
            for _ in 0..2_000 {
                say.send(bytes.clone().into()).await.unwrap();
            }
        }
    });
    timeout(LONG, copying).await.unwrap().unwrap();
    timeout(LONG, flooding).await.unwrap().unwrap();
    let mut received = Vec::new();
    let end = timeout(LONG, client.read_to_end(&mut received)).await.unwrap();
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset, "no orderly end of half an answer");
    assert_eq!(running.pressure.reset(), 1);
    drop(quick);
}

#[tokio::test]
async fn a_connection_that_is_alone_may_take_its_time() {
    let running = run_patiently(Duration::from_millis(20));
    let mut slow = running.open().await;
    running.floods(slow.id()).await;
    let full = async {
        while running.pressure.full_for().is_none() {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, full).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!slow.reset().is_cancelled());
    let mut received = 0;
    while received < MOST_UNREAD {
        received += timeout(LONG, slow.reader.read()).await.unwrap().unwrap().len();
    }
    // The next one comes to wait for it, and it reads.
    let mut quick = running.open().await;
    running.says(quick.id(), 5).await;
    assert_eq!(timeout(LONG, quick.reader.read()).await.unwrap().unwrap().len(), 5);
    assert_eq!(running.pressure.reset(), 0);
}

#[tokio::test]
async fn a_connection_that_reads_slowly_is_not_reset() {
    let running = run_patiently(Duration::from_secs(5));
    let (mut slow, quick) = (running.open().await, running.open().await);
    for _ in 0..5 {
        running.floods(slow.id()).await;
        let mut received = 0;
        while received < MOST_UNREAD {
            received += timeout(LONG, slow.reader.read()).await.unwrap().unwrap().len();
        }
    }
    assert!(!slow.reset().is_cancelled() && !quick.reset().is_cancelled());
    assert_eq!(running.pressure.reset(), 0);
}
