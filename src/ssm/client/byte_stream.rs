//! One connection, byte for byte: what `ssh` needs of a `ProxyCommand`.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_util::task::AbortOnDropHandle;

use super::session::{SessionReceiver, SessionSender};
use crate::ssm::channel::pipe::Ending;
use crate::ssm::wire::PayloadType;

/// Bytes read at once.
const BUFFER: usize = 16 << 10;

/// How long to wait for the target after the input has ended, as long as it says nothing. It cannot be told of that end: the
/// protocol has none for one direction.
pub const LINGER: Duration = Duration::from_secs(10);

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// At this end: the input has ended and the target says nothing more, or nobody takes what it says.
    Left,
    /// At the far side. The target's own end looks like anybody else's.
    Ended {
        /// Why the session ended.
        ending: Ending,
        /// Whether the input had ended before.
        has_spoken: bool,
    },
}

/// Copies both ways until the session ends, or the streams do.
pub async fn run(
    sender: SessionSender,
    mut receiver: SessionReceiver,
    from: impl AsyncRead + Send + Unpin + 'static,
    mut to: impl AsyncWrite + Unpin,
    linger: Duration,
) -> Way {
    let mut sending = AbortOnDropHandle::new(tokio::spawn(send(sender.clone(), from)));
    let mut has_spoken = false;
    loop {
        let silence = tokio::time::sleep(linger);
        let payload = tokio::select! {
            payload = receiver.receive() => payload,
            _ended = &mut sending, if !has_spoken => {
                has_spoken = true;
                continue;
            }
            () = silence, if has_spoken => return Way::Left,
        };
        let Some((payload_type, payload)) = payload else { return Way::Ended { ending: sender.ending().await, has_spoken } };
        if payload_type == PayloadType::Output && (to.write_all(&payload).await.is_err() || to.flush().await.is_err()) {
            return Way::Left;
        }
    }
}

/// The end of the input does not end the session: what the target still has to say is on its way.
async fn send(sender: SessionSender, mut from: impl AsyncRead + Unpin) {
    let mut buffer = BytesMut::with_capacity(BUFFER);
    loop {
        buffer.reserve(BUFFER);
        match from.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                if sender.send(buffer.split().freeze()).await.is_err() {
                    return;
                }
            }
        }
    }
}
