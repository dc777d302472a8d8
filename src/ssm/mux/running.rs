//! A client's end of a multiplexed session for tests: what the far end says goes in, what we say comes out.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::copy::{Local, Traffic, copy};
use super::half_closed::HalfClosed;
use super::pressure::{MOST_UNREAD, PATIENCE, Pressure};
use super::{End, Heard, Mux, MuxError, Opener, Role, Stream};
use crate::ssm::wire::smux::{Decoder, Frame};

/// Longer than anything takes: what hangs is to fail.
pub(super) const LONG: Duration = Duration::from_secs(60);

pub(super) struct Running {
    pub(super) opener: Opener,
    pub(super) pressure: Arc<Pressure>,
    pub(super) say: mpsc::Sender<Heard>,
    pub(super) hear: mpsc::Receiver<Bytes>,
    pub(super) mux: JoinHandle<Result<(), MuxError>>,
    decoder: Decoder,
}

pub(super) fn run() -> Running {
    run_patiently(PATIENCE)
}

pub(super) fn run_patiently(patience: Duration) -> Running {
    let (mux, opener, _) = Mux::new(Role::Client);
    let pressure = Arc::<Pressure>::default();
    let (say, from) = mpsc::channel(1);
    let (to, hear) = mpsc::channel(64);
    let mux = tokio::spawn(mux.watched(Arc::clone(&pressure)).patient(patience).run(from, to));
    Running { opener, pressure, say, hear, mux, decoder: Decoder::default() }
}

pub(super) fn encoded(frame: &Frame) -> Bytes {
    let mut bytes = BytesMut::new();
    frame.encode(&mut bytes);
    bytes.freeze()
}

impl Running {
    pub(super) async fn open(&self) -> Stream {
        timeout(LONG, self.opener.open()).await.unwrap().unwrap()
    }

    pub(super) async fn frame(&self, frame: &Frame) {
        timeout(LONG, self.say.send(encoded(frame).into())).await.unwrap().unwrap();
    }

    pub(super) async fn says(&self, stream: u32, length: usize) {
        self.frame(&Frame::Data(stream, vec![7; length].into())).await;
    }

    /// As much for a stream as all streams may leave unread.
    pub(super) async fn floods(&self, stream: u32) {
        for _ in 0..MOST_UNREAD / 32_768 {
            self.says(stream, 32_768).await;
        }
    }

    /// The next frame that we have said.
    pub(super) async fn said(&mut self) -> Frame {
        loop {
            if let Some(frame) = self.decoder.next_frame().unwrap() {
                return frame;
            }
            let bytes = timeout(LONG, self.hear.recv()).await.expect("in time").expect("it runs");
            self.decoder.push(&bytes);
        }
    }

    /// Says everything that is said, until it is this.
    pub(super) async fn until(&mut self, wanted: &Frame) {
        while self.said().await != *wanted {}
    }

    /// A local program, and the task that joins its connection to a new stream.
    pub(super) async fn joined(&self, linger: Duration) -> (TcpStream, u32, JoinHandle<End>) {
        let (program, local) = connected().await;
        let stream = self.open().await;
        let id = stream.id();
        let copying =
            tokio::spawn(
                async move { copy(stream, Local::new(local), linger, &HalfClosed::default(), &Traffic::default()).await },
            );
        (program, id, copying)
    }
}

/// Both ends of a connection.
pub(super) async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let program = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (local, _) = timeout(LONG, listener.accept()).await.unwrap().unwrap();
    (program, local)
}
