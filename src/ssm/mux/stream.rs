//! One connection of a multiplexed session.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::MuxError;
use super::pressure::Share;

/// Data is cut into pieces of this size, so that no stream waits long for its turn.
pub(super) const PIECE: usize = 4096;

/// What the streams tell the mux.
#[derive(Debug)]
pub(super) enum Word {
    Open(oneshot::Sender<Stream>),
    Data(u32, Bytes),
    Close(u32),
    Forget(u32),
    KeepAlive,
}

/// Both halves of a stream. Dropping them closes it.
#[derive(Debug)]
pub struct Stream {
    /// What the other end says.
    pub reader: StreamReader,
    /// What we say.
    pub writer: StreamWriter,
}

impl Stream {
    pub(super) fn new(id: u32, delivered: mpsc::UnboundedReceiver<Bytes>, share: Arc<Share>, speak: mpsc::Sender<Word>) -> Self {
        let reader = StreamReader { id, delivered, share, speak: speak.clone() };
        Self { reader, writer: StreamWriter { id, speak, is_open: true } }
    }

    /// The stream's number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.writer.id
    }

    /// Cancelled when the stream is cut: it was not read while others waited, or the session has ended. What comes after was not
    /// received.
    #[must_use]
    pub fn reset(&self) -> CancellationToken {
        self.reader.share.reset.clone()
    }
}

/// How a stream ended. Without an end from the far side it was [`End::Lost`], whatever became of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The far side has closed it: everything it had to say is here.
    Closed,
    /// The target never accepted the connection.
    Refused,
    /// Cut in the middle.
    Lost,
}

/// The receiving half.
#[derive(Debug)]
pub struct StreamReader {
    id: u32,
    delivered: mpsc::UnboundedReceiver<Bytes>,
    share: Arc<Share>,
    speak: mpsc::Sender<Word>,
}

impl StreamReader {
    /// The next bytes; `None` when there will be no more, for the reason that [`StreamReader::end`] gives.
    pub async fn read(&mut self) -> Option<Bytes> {
        let bytes = self.delivered.recv().await?;
        self.share.subtract(bytes.len());
        Some(bytes)
    }

    /// How the stream ended, once [`StreamReader::read`] has nothing more.
    #[must_use]
    pub fn end(&self) -> End {
        self.share.end.get().copied().unwrap_or(End::Lost)
    }
}

impl Drop for StreamReader {
    fn drop(&mut self) {
        self.delivered.close();
        let mut left = 0;
        while let Ok(bytes) = self.delivered.try_recv() {
            left += bytes.len();
        }
        self.share.subtract(left);
        speak_later(&self.speak, Word::Forget(self.id));
    }
}

/// The sending half.
#[derive(Debug)]
pub struct StreamWriter {
    id: u32,
    speak: mpsc::Sender<Word>,
    is_open: bool,
}

impl StreamWriter {
    /// Sends bytes; waits for this stream's turn.
    pub async fn write(&self, mut bytes: Bytes) -> Result<(), MuxError> {
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(PIECE));
            self.speak.send(Word::Data(self.id, piece)).await.map_err(|_| MuxError::Ended)?;
        }
        Ok(())
    }

    /// Closes the stream, behind the data sent before.
    pub async fn close(mut self) {
        self.is_open = false;
        // A session that has ended has closed its streams.
        let _unless_ended = self.speak.send(Word::Close(self.id)).await;
    }
}

impl Drop for StreamWriter {
    fn drop(&mut self) {
        if self.is_open {
            speak_later(&self.speak, Word::Close(self.id));
        }
    }
}

/// Says a word without waiting; where the queue is full a task waits instead.
fn speak_later(speak: &mpsc::Sender<Word>, word: Word) {
    if let Err(mpsc::error::TrySendError::Full(word)) = speak.try_send(word)
        && let Ok(runtime) = tokio::runtime::Handle::try_current()
    {
        let speak = speak.clone();
        runtime.spawn(async move { speak.send(word).await });
    }
}
