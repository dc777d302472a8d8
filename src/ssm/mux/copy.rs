//! Joins a stream to a TCP connection.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncWriteExt as _, Interest};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout};

use super::half_closed::{HalfClosed, Talk};
use super::stream::{StreamReader, StreamWriter};
use super::{End, Stream};

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

/// A connection that a program on this machine has made to a forward.
///
/// The program sees a reset unless [`Local::finish`] says that it was told everything: an error, an aborted task and a killed
/// process all drop the connection, and an orderly end there would pass half an answer off as a whole one.
#[derive(Debug)]
pub struct Local(TcpStream);

impl Local {
    /// Takes a connection that was accepted.
    pub fn new(stream: TcpStream) -> Self {
        // Small answers must not wait for the next ones.
        let _best_effort = stream.set_nodelay(true);
        let _best_effort = stream.set_zero_linger();
        Self(stream)
    }

    /// Waits until the program has reset the connection.
    pub async fn gone(&self) {
        loop {
            match self.0.ready(Interest::ERROR).await {
                Ok(ready) if !ready.is_error() => {}
                _ => return,
            }
        }
    }

    /// The program was told everything: an orderly end.
    async fn finish(&mut self) -> io::Result<()> {
        #[expect(deprecated, reason = "no linger: closing does not wait")]
        self.0.set_linger(None)?;
        self.0.shutdown().await
    }

    /// Throws away what the program still says, which nobody can hear, until it closes its end: closing ours before would take
    /// from it what it has not read yet.
    async fn drain(&self) {
        let mut buffer = BytesMut::new();
        while let Ok(1..) = read(&self.0, &mut buffer).await {
            buffer.clear();
        }
    }

    pub(crate) fn as_stream(&mut self) -> &mut TcpStream {
        &mut self.0
    }
}

/// Copies both ways until it is over, and closes both. Returns how it ended for the program at the local end.
pub async fn copy(stream: Stream, mut local: Local, linger: Duration, half_closed: &HalfClosed, traffic: &Traffic) -> End {
    let reset = stream.reset();
    let Stream { mut reader, writer } = stream;
    let talk = Talk::default();
    let end = tokio::select! {
        end = both(&local.0, &mut reader, &writer, (linger, half_closed), (&talk, traffic)) => end,
        () = reset.cancelled() => End::Lost,
        () = local.gone() => End::Lost,
    };
    drop(reader);
    if end == End::Closed && local.finish().await.is_ok() {
        writer.close().await;
        let seat = half_closed.enter(Talk::told());
        tokio::select! {
            () = seat.freed() => {}
            () = local.gone() => {}
            _ = timeout(linger, local.drain()) => {}
        }
        return end;
    }
    // The connection first: the stream may have to wait for the session.
    drop(local);
    writer.close().await;
    end
}

/// Joins a target's connection to a stream as the official agent does: where one of them ends, both are closed.
pub async fn join(stream: Stream, mut connection: TcpStream, traffic: Arc<Traffic>) {
    let Stream { mut reader, writer } = stream;
    let talk = Talk::default();
    tokio::select! {
        _end = down(&mut reader, &connection, (&talk, &traffic)) => {}
        () = up(&connection, &writer, (&talk, &traffic)) => {}
    }
    let _it_may_have_gone = connection.shutdown().await;
    drop(connection);
    writer.close().await;
}

async fn both(
    local: &TcpStream,
    reader: &mut StreamReader,
    writer: &StreamWriter,
    (linger, half_closed): (Duration, &HalfClosed),
    told: (&Talk, &Traffic),
) -> End {
    // Set when the program has said everything.
    let (spoken, hears) = watch::channel(false);
    let up = async {
        up(local, writer, told).await;
        spoken.send_replace(true);
        std::future::pending::<()>().await;
    };
    let patience = wait_for_the_rest(hears, linger, half_closed, told.0);
    tokio::select! {
        end = down(reader, local, told) => end,
        () = patience => End::Lost,
        () = up => End::Lost,
    }
}

/// Returns when a program that has said everything has waited long enough for the rest of the answer.
async fn wait_for_the_rest(mut spoken: watch::Receiver<bool>, linger: Duration, half_closed: &HalfClosed, talk: &Talk) {
    if spoken.wait_for(|spoken| *spoken).await.is_err() {
        return;
    }
    talk.touch();
    let seat = half_closed.enter(talk.clone());
    tokio::select! {
        () = seat.freed() => {}
        () = silence(talk, linger) => {}
    }
}

/// Waits until nothing was said for so long.
async fn silence(talk: &Talk, length: Duration) {
    loop {
        let until = talk.moved() + length;
        sleep_until(until).await;
        if talk.moved() + length <= until {
            return;
        }
    }
}

async fn up(from: &TcpStream, to: &StreamWriter, (talk, traffic): (&Talk, &Traffic)) {
    let mut buffer = BytesMut::with_capacity(BUFFER);
    loop {
        match read(from, &mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(length) => {
                traffic.up.fetch_add(u64::try_from(length).unwrap_or_default(), Ordering::Relaxed);
                talk.asked();
                if to.write(buffer.split().freeze()).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Copies what the far side says. Returns how that ended.
async fn down(from: &mut StreamReader, to: &TcpStream, (talk, traffic): (&Talk, &Traffic)) -> End {
    while let Some(bytes) = from.read().await {
        traffic.down.fetch_add(u64::try_from(bytes.len()).unwrap_or_default(), Ordering::Relaxed);
        talk.heard();
        if write_all(to, bytes).await.is_err() {
            return End::Lost;
        }
    }
    from.end()
}

/// Reads what there is, at most [`BUFFER`] bytes; 0 at the end.
async fn read(from: &TcpStream, buffer: &mut BytesMut) -> io::Result<usize> {
    loop {
        from.readable().await?;
        buffer.reserve(BUFFER);
        match from.try_read_buf(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
}

async fn write_all(to: &TcpStream, mut bytes: Bytes) -> io::Result<()> {
    while !bytes.is_empty() {
        to.writable().await?;
        match to.try_write(&bytes) {
            Ok(length) => drop(bytes.split_to(length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
