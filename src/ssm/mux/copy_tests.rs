//! What a program at the local end of a forward sees of each end that its connection can have.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::copy::{Local, Traffic, copy};
use super::half_closed::{HalfClosed, MOST};
use super::running::{LONG, connected, run};
use super::{End, Heard};
use crate::ssm::wire::smux::Frame;

/// Reads to the end, which has to be a reset; what was read before.
async fn until_reset(program: &mut TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    let end = timeout(LONG, program.read_to_end(&mut received)).await.expect("in time");
    let end = end.expect_err("an orderly end of something that is not whole");
    assert!(matches!(end.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{end}");
    received
}

/// Reads to the orderly end.
async fn whole(program: &mut TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    timeout(LONG, program.read_to_end(&mut received)).await.expect("in time").unwrap();
    received
}

async fn end(copying: tokio::task::JoinHandle<End>) -> End {
    timeout(LONG, copying).await.expect("in time").unwrap()
}

#[tokio::test]
async fn an_answer_that_the_sessions_end_has_cut_does_not_look_whole() {
    let running = run();
    let (mut program, id, copying) = running.joined(LONG).await;
    running.says(id, 1000).await;
    program.read_exact(&mut [0; 1000]).await.unwrap();
    drop(running.say);
    assert_eq!(until_reset(&mut program).await, b"");
    assert_eq!(end(copying).await, End::Lost);
    assert!(timeout(LONG, running.mux).await.unwrap().unwrap().is_err());
}

#[tokio::test]
async fn a_program_that_does_not_read_does_not_hold_its_connection_past_the_sessions_end() {
    let running = run();
    let (program, id, copying) = running.joined(LONG).await;
    // More than the buffers of the system hold.
    running.floods(id).await;
    drop(running.say);
    assert_eq!(end(copying).await, End::Lost);
    drop(program);
}

#[tokio::test]
async fn nor_does_one_that_broken_framing_has_cut() {
    let running = run();
    let (mut program, id, copying) = running.joined(LONG).await;
    running.says(id, 10).await;
    running.say.send(Bytes::from_static(&[9; 8]).into()).await.unwrap();
    until_reset(&mut program).await;
    assert_eq!(end(copying).await, End::Lost);
}

#[tokio::test]
async fn a_forward_that_is_dropped_in_the_middle_resets_its_connections() {
    let running = run();
    let (mut program, id, copying) = running.joined(LONG).await;
    running.says(id, 10).await;
    program.read_exact(&mut [0; 10]).await.unwrap();
    copying.abort();
    until_reset(&mut program).await;
}

#[tokio::test]
async fn a_refused_connection_is_reset_and_not_closed_in_order() {
    for _ in 0..20 {
        let mut running = run();
        let (mut program, id, copying) = running.joined(LONG).await;
        running.say.send(Heard::Refusal).await.unwrap();
        running.frame(&Frame::Close(id)).await;
        assert_eq!(until_reset(&mut program).await, b"");
        assert_eq!(end(copying).await, End::Refused);
        running.until(&Frame::Close(id)).await;
    }
}

#[tokio::test]
async fn a_refusal_belongs_to_the_connection_that_got_nothing() {
    let running = run();
    let (mut first, spoken, one) = running.joined(LONG).await;
    let (mut second, silent, other) = running.joined(LONG).await;
    let (mut third, late, last) = running.joined(LONG).await;
    running.says(spoken, 10).await;
    running.say.send(Heard::Refusal).await.unwrap();
    running.frame(&Frame::Close(spoken)).await;
    running.frame(&Frame::Close(silent)).await;
    running.frame(&Frame::Close(late)).await;
    assert_eq!(whole(&mut first).await.len(), 10);
    until_reset(&mut second).await;
    assert_eq!(whole(&mut third).await, b"", "a target that accepts and closes");
    drop((first, third));
    assert_eq!((end(one).await, end(other).await, end(last).await), (End::Closed, End::Refused, End::Closed));
}

#[tokio::test]
async fn a_refusal_of_a_connection_that_has_gone_is_nobody_elses() {
    let mut running = run();
    let gone = running.open().await;
    let id = gone.id();
    drop(gone);
    running.until(&Frame::Close(id)).await;
    running.say.send(Heard::Refusal).await.unwrap();
    running.frame(&Frame::Close(id)).await;
    let (mut program, id, copying) = running.joined(LONG).await;
    running.frame(&Frame::Close(id)).await;
    assert_eq!(whole(&mut program).await, b"");
    drop(program);
    assert_eq!(end(copying).await, End::Closed);
}

#[tokio::test]
async fn a_whole_answer_arrives_although_its_program_still_speaks() {
    let mut running = run();
    let (program, id, copying) = running.joined(LONG).await;
    let (mut from, mut to) = program.into_split();
    // It reads nothing yet, and says more than anybody takes.
    let speaking = tokio::spawn(async move { while to.write_all(&[1; 10_000]).await.is_ok() {} });
    running.until(&Frame::Data(id, vec![1; 4096].into())).await;
    for _ in 0..30 {
        running.says(id, 30_000).await;
    }
    running.frame(&Frame::Close(id)).await;
    let closing = async {
        while running.said().await != Frame::Close(id) {}
        // The stream is closed, and the program still has everything to read.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut received = Vec::new();
        timeout(LONG, from.read_to_end(&mut received)).await.unwrap().unwrap();
        received.len()
    };
    assert_eq!(closing.await, 900_000);
    drop(from);
    speaking.abort();
    assert_eq!(end(copying).await, End::Closed);
}

#[tokio::test]
async fn a_connection_that_its_program_resets_is_freed_at_once() {
    for has_closed_its_half in [false, true] {
        let mut running = run();
        let (mut program, id, copying) = running.joined(LONG).await;
        program.write_all(b"hello").await.unwrap();
        running.until(&Frame::Data(id, Bytes::from_static(b"hello"))).await;
        if has_closed_its_half {
            program.shutdown().await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(!copying.is_finished(), "the answer may be on its way");
        }
        program.set_zero_linger().unwrap();
        drop(program);
        // Long before the half-close runs out, which is as long as anything may take here.
        assert_eq!(timeout(LONG / 2, copying).await.expect("at once").unwrap(), End::Lost);
        running.until(&Frame::Close(id)).await;
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_a_reset_and_not_an_empty_one() {
    let linger = Duration::from_millis(400);
    let running = run();
    let (mut program, id, copying) = running.joined(linger).await;
    program.write_all(b"hello").await.unwrap();
    program.shutdown().await.unwrap();
    let begun = Instant::now();
    // Slowly, and for longer in all than the half-close lasts without a word.
    for _ in 0..4 {
        tokio::time::sleep(linger / 2).await;
        running.says(id, 10).await;
    }
    assert_eq!(until_reset(&mut program).await.len(), 40);
    assert!(begun.elapsed() >= linger * 3, "{:?}", begun.elapsed());
    assert_eq!(end(copying).await, End::Lost);
}

#[tokio::test]
async fn a_thousand_closed_connections_keep_few_descriptors() {
    let running = run();
    let half_closed = Arc::new(HalfClosed::default());
    let mut copies = tokio::task::JoinSet::new();
    let (mut hear, opener, say) = (running.hear, running.opener, running.say);
    let hearing = tokio::spawn(async move { while hear.recv().await.is_some() {} });
    for _ in 0..1000 {
        let (program, local) = connected().await;
        let stream = timeout(LONG, opener.open()).await.unwrap().unwrap();
        let half_closed = Arc::clone(&half_closed);
        copies.spawn(async move { copy(stream, Local::new(local), LONG * 60, &half_closed, &Traffic::default()).await });
        // As a program that tries whether somebody is there.
        drop(program);
    }
    let fewer = async {
        while copies.len() > MOST {
            assert_eq!(copies.join_next().await.unwrap().unwrap(), End::Lost);
        }
    };
    timeout(LONG, fewer).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(copies.try_join_next().is_none(), "and the last ones keep what they are given");
    drop(say);
    timeout(LONG, async { while copies.join_next().await.is_some() {} }).await.unwrap();
    timeout(LONG, hearing).await.unwrap().unwrap();
}
