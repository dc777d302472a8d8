//! One connection, byte for byte: what `ssh` needs of a `ProxyCommand`.

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::session::{SessionReceiver, SessionSender};
use crate::ssm::channel::pipe::Ending;
use crate::ssm::wire::PayloadType;

/// Bytes read at once.
const BUFFER: usize = 16 << 10;

/// Copies both ways until the session ends or nobody takes its bytes.
pub async fn run(
    sender: SessionSender,
    mut receiver: SessionReceiver,
    from: impl AsyncRead + Send + Unpin + 'static,
    mut to: impl AsyncWrite + Unpin,
) -> Ending {
    let sending = tokio::spawn(send(sender.clone(), from));
    let mut has_left = false;
    while let Some((payload_type, payload)) = receiver.receive().await {
        if payload_type != PayloadType::Output {
            continue;
        }
        if to.write_all(&payload).await.is_err() || to.flush().await.is_err() {
            has_left = true;
            break;
        }
    }
    sending.abort();
    if has_left { Ending::Left } else { sender.ending().await }
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
