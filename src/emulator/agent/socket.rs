//! The web socket of a session.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::{Sink, SinkExt, Stream, StreamExt};
use http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::Agent;
use crate::emulator::World;
use crate::ssm::channel::largest::{self, Largest};
use crate::ssm::channel::link::{Connector, NoLink};
use crate::ssm::wire::payload::OpenDataChannel;

/// Where web sockets are.
const PATH: &str = "/v1/data-channel/";
/// How long a client may take to show its token.
const PATIENCE: Duration = Duration::from_secs(15);
/// The largest message that is accepted.
const LARGEST_MESSAGE: usize = 1 << 20;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Whether a request wants a session's web socket.
#[must_use]
pub fn is_upgrade<B>(request: &Request<B>) -> bool {
    request.method() == Method::GET
        && request.uri().path().starts_with(PATH)
        && request.headers().get(header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Accepts the upgrade, signed or not; the token in the first message decides. A signature that is wrong is refused.
#[must_use]
pub fn upgrade(world: &World, mut request: Request<Incoming>) -> Response<Bytes> {
    if !world.admits(&request) {
        return plain(StatusCode::FORBIDDEN);
    }
    let agent = world.account().agent.clone();
    let session_id = request.uri().path().trim_start_matches(PATH).to_owned();
    let Some(key) = request.headers().get(header::SEC_WEBSOCKET_KEY) else {
        return plain(StatusCode::BAD_REQUEST);
    };
    let accept = derive_accept_key(key.as_bytes());
    let offered = request.headers().get(largest::HEADER).and_then(|value| value.to_str().ok());
    let agreed = largest::agreed(offered);
    let is_offered = offered.is_some();
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgraded.await else { return };
        let config = WebSocketConfig::default().max_message_size(Some(LARGEST_MESSAGE)).max_frame_size(Some(LARGEST_MESSAGE));
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        admit(&agent, &session_id, socket, agreed).await;
    });
    let mut response = plain(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, header::HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, header::HeaderValue::from_static("websocket"));
    if is_offered {
        headers.insert(largest::HEADER, agreed.into());
    }
    if let Ok(accept) = header::HeaderValue::try_from(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

fn plain(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// Reads the first message. With a wrong token the web socket is closed without a word.
async fn admit(agent: &Agent, session_id: &str, mut socket: Socket, largest: usize) {
    let Ok(Some(text)) = tokio::time::timeout(PATIENCE, first_text(&mut socket)).await else { return };
    let admitted = OpenDataChannel::decode(&text).ok().and_then(|open| agent.admit(session_id, &open.token_value));
    match admitted {
        Some((sockets, replaced)) => {
            let link = AgentLink { socket, largest, replaced: Box::pin(replaced.cancelled_owned()) };
            // A session that has just ended needs no web socket.
            let _unless_ended = sockets.send(link).await;
        }
        None => {
            let _best_effort = socket.close(None).await;
        }
    }
}

/// The first text. The official client sends a ping beside it, which may come before.
async fn first_text(socket: &mut Socket) -> Option<Utf8Bytes> {
    loop {
        match socket.next().await?.ok()? {
            Message::Text(text) => return Some(text),
            Message::Ping(_) | Message::Pong(_) => {}
            _ => return None,
        }
    }
}

/// A client's web socket, until another one takes its place.
pub struct AgentLink {
    socket: Socket,
    /// Bytes of data in one message.
    largest: usize,
    replaced: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl std::fmt::Debug for AgentLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AgentLink")
    }
}

impl Stream for AgentLink {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.replaced.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        self.socket.poll_next_unpin(context)
    }
}

impl Sink<Message> for AgentLink {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.socket.poll_ready_unpin(context)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.socket.start_send_unpin(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.socket.poll_flush_unpin(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.socket.poll_close_unpin(context)
    }
}

/// Waits for clients.
#[derive(Debug)]
pub(super) struct AgentConnector {
    pub(super) sockets: mpsc::Receiver<AgentLink>,
    pub(super) terminate: CancellationToken,
    pub(super) largest: Largest,
}

impl Connector for AgentConnector {
    type Link = AgentLink;

    async fn connect(&mut self) -> Result<AgentLink, NoLink> {
        let link = tokio::select! {
            link = self.sockets.recv() => link.ok_or(NoLink::Gone),
            () = self.terminate.cancelled() => Err(NoLink::Gone),
        }?;
        self.largest.agree(link.largest);
        Ok(link)
    }
}
