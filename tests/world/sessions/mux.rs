//! Our multiplexer against one that we did not write.

use async_smux::MuxBuilder;
use bartizan::ssm::mux::{Mux, Role};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::LONG;

/// Runs our end over a byte stream.
fn run(mux: Mux, stream: DuplexStream) {
    let (to_mux, from_channel) = mpsc::channel(16);
    let (to_channel, mut from_mux) = mpsc::channel::<Bytes>(16);
    let (mut from, mut to) = tokio::io::split(stream);
    tokio::spawn(mux.run(from_channel, to_channel));
    tokio::spawn(async move {
        let mut buffer = [0; 777];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            if to_mux.send(Bytes::copy_from_slice(&buffer[..length])).await.is_err() {
                return;
            }
        }
    });
    tokio::spawn(async move {
        while let Some(bytes) = from_mux.recv().await {
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
}

fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_client_opens_streams_at_a_foreign_server() {
    let (ours, theirs) = duplex(64 << 10);
    let (mux, opener, _) = Mux::new(Role::Client);
    run(mux, ours);
    let (_connector, mut acceptor, worker) = MuxBuilder::server().with_connection(theirs).build();
    tokio::spawn(worker);
    tokio::spawn(async move {
        while let Some(mut stream) = acceptor.accept().await {
            tokio::spawn(async move {
                let mut all = Vec::new();
                stream.read_to_end(&mut all).await.unwrap();
                stream.write_all(&all).await.unwrap();
                stream.shutdown().await.unwrap();
            });
        }
    });
    let mut streams = Vec::new();
    for number in 0..20_u32 {
        let mut stream = opener.open().await.unwrap();
        assert_eq!(stream.id(), 3 + 2 * number);
        streams.push(tokio::spawn(async move {
            let sent = noise(100_000, number.into());
            stream.writer.write(sent.clone().into()).await.unwrap();
            stream.writer.close().await;
            let mut received = Vec::new();
            while let Some(bytes) = timeout(LONG, stream.reader.read()).await.unwrap() {
                received.extend_from_slice(&bytes);
            }
            assert!(received == sent);
        }));
    }
    for stream in streams {
        stream.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_client_opens_streams_at_our_server() {
    let (ours, theirs) = duplex(64 << 10);
    let (mux, _opener, mut accepted) = Mux::new(Role::Server);
    run(mux, ours);
    tokio::spawn(async move {
        while let Some(mut stream) = accepted.recv().await {
            tokio::spawn(async move {
                while let Some(bytes) = stream.reader.read().await {
                    stream.writer.write(bytes).await.unwrap();
                }
                stream.writer.close().await;
            });
        }
    });
    let (connector, _acceptor, worker) = MuxBuilder::client().with_connection(theirs).build();
    tokio::spawn(worker);
    let mut streams = Vec::new();
    for number in 0..20 {
        let stream = connector.connect().unwrap();
        streams.push(tokio::spawn(async move {
            let (mut from, mut to) = tokio::io::split(stream);
            let sent = noise(100_000, number);
            let copy = sent.clone();
            let writing = tokio::spawn(async move { to.write_all(&copy).await.map(|()| to) });
            let mut received = vec![0; sent.len()];
            timeout(LONG, from.read_exact(&mut received)).await.unwrap().unwrap();
            assert!(received == sent);
            drop(writing.await.unwrap().unwrap());
        }));
    }
    for stream in streams {
        stream.await.unwrap();
    }
}
