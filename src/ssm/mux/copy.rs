//! Joins a stream to a TCP connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
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

/// Copies both ways until it is over, and closes both. A refused connection is reset where `is_refused` says so at its end.
pub async fn copy(stream: Stream, connection: TcpStream, linger: Duration, traffic: Arc<Traffic>, is_refused: impl Fn() -> bool) {
    let (read_half, write_half) = connection.into_split();
    let Stream { reader, writer } = stream;
    // Set when the TCP side has said everything.
    let (spoken, hears) = watch::channel(false);
    let write_half = {
        let up = up(read_half, &writer, &traffic);
        let down = down(reader, write_half, hears, linger, &traffic);
        tokio::pin!(up, down);
        tokio::select! {
            write_half = &mut down => write_half,
            () = &mut up => {
                spoken.send_replace(true);
                down.await
            }
        }
    };
    writer.close().await;
    if let Some((write_half, received)) = write_half
        && received == 0
        && is_refused()
    {
        // A reset, not an orderly end: the target was never there.
        let _best_effort = write_half.as_ref().set_zero_linger();
    }
}

async fn up(mut from: OwnedReadHalf, to: &StreamWriter, traffic: &Traffic) {
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

/// Returns the connection and what it received, unless it broke.
async fn down(
    mut from: StreamReader,
    mut to: OwnedWriteHalf,
    mut spoken: watch::Receiver<bool>,
    linger: Duration,
    traffic: &Traffic,
) -> Option<(OwnedWriteHalf, u64)> {
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
    Some((to, received))
}
