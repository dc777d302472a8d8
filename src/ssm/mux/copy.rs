//! Joins a stream to a TCP connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::timeout;

use super::Stream;
use super::stream::{StreamReader, StreamWriter};

/// Bytes read at once from a connection.
const BUFFER: usize = 16 << 10;

/// Bytes that went each way; shared by all connections of a forward.
#[derive(Debug, Default)]
pub struct Traffic {
    /// From the TCP connection into the session.
    pub up: AtomicU64,
    /// From the session into the TCP connection.
    pub down: AtomicU64,
}

/// How long a stream is read on after its TCP connection has said everything, as long as nothing comes.
///
/// smux v1 has no half-close: the official agent answers a close by dropping the target's connection, and with it the answer that
/// is still on its way. So a client that has said everything keeps the stream open until the answer is in.
pub const LINGER: Duration = Duration::from_secs(30);

/// Copies both ways until it is over, and closes both. A refused connection is reset where `is_refused` says so at its end, and so
/// is one whose stream was reset.
pub async fn copy(
    stream: Stream,
    mut connection: TcpStream,
    linger: Duration,
    traffic: Arc<Traffic>,
    is_refused: impl Fn() -> bool,
) {
    let reset = stream.reset();
    let Stream { reader, writer } = stream;
    let received = tokio::select! {
        received = both(&mut connection, reader, &writer, linger, &traffic) => received,
        () = reset.cancelled() => None,
    };
    writer.close().await;
    if reset.is_cancelled() || (received == Some(0) && is_refused()) {
        // A reset, not an orderly end: the target was never there, or said more than was received.
        let _best_effort = connection.set_zero_linger();
    }
}

/// The bytes that the connection has received, unless it broke.
async fn both(
    connection: &mut TcpStream,
    reader: StreamReader,
    writer: &StreamWriter,
    linger: Duration,
    traffic: &Traffic,
) -> Option<u64> {
    let (read_half, write_half) = connection.split();
    // Set when the TCP side has said everything.
    let (spoken, hears) = watch::channel(false);
    let up = up(read_half, writer, traffic);
    let down = down(reader, write_half, hears, linger, traffic);
    tokio::pin!(up, down);
    tokio::select! {
        received = &mut down => received,
        () = &mut up => {
            spoken.send_replace(true);
            down.await
        }
    }
}

async fn up(mut from: ReadHalf<'_>, to: &StreamWriter, traffic: &Traffic) {
    let mut buffer = BytesMut::with_capacity(BUFFER);
    loop {
        buffer.reserve(BUFFER);
        match from.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(length) => {
                traffic.up.fetch_add(u64::try_from(length).unwrap_or_default(), Ordering::Relaxed);
                if to.write(buffer.split().freeze()).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Returns what the connection has received, unless it broke.
async fn down(
    mut from: StreamReader,
    mut to: WriteHalf<'_>,
    mut spoken: watch::Receiver<bool>,
    linger: Duration,
    traffic: &Traffic,
) -> Option<u64> {
    let mut received = 0_u64;
    loop {
        let is_spoken = *spoken.borrow_and_update();
        let next = if is_spoken {
            timeout(linger, from.read()).await.ok().flatten()
        } else {
            tokio::select! {
                next = from.read() => next,
                Ok(()) = spoken.changed() => continue,
            }
        };
        let Some(bytes) = next else { break };
        received += u64::try_from(bytes.len()).unwrap_or_default();
        traffic.down.fetch_add(u64::try_from(bytes.len()).unwrap_or_default(), Ordering::Relaxed);
        if to.write_all(&bytes).await.is_err() {
            return None;
        }
    }
    // The other end may have gone already.
    let _best_effort = to.shutdown().await;
    Some(received)
}
