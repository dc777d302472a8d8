//! Serves a world over HTTP/1 on loopback, to any client of AWS.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::World;
use super::agent::socket;
use super::wire::Reply;

/// The largest request that is read; the largest of AWS's own limits here is far below.
const LARGEST_REQUEST: usize = 1024 * 1024;

/// How long to wait when a connection could not be taken.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// A world that is being served.
#[derive(Debug)]
pub struct Server {
    /// Where it listens: the port asked for, or the one that the system chose for port 0.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Waits until the server has ended: it does when its `shutdown` is cancelled and the answers under way are out.
    pub async fn ended(self) {
        // A task that was cut off has ended, too.
        let _ended_either_way = self.task.await;
    }
}

/// Starts to serve a world. Only loopback addresses: what is served here lets everybody in.
pub async fn serve(address: SocketAddr, world: Arc<World>, shutdown: CancellationToken) -> io::Result<Server> {
    if !address.ip().is_loopback() {
        let message = format!(
            "the embedded AWS lets everybody in, so it listens on loopback only: 127.0.0.1 or [::1], not {}",
            address.ip()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    world.account().agent.serve_at(address);
    let task = tokio::spawn(accept(listener, world, shutdown));
    Ok(Server { address, task })
}

async fn accept(listener: TcpListener, world: Arc<World>, shutdown: CancellationToken) {
    let connections = TaskTracker::new();
    loop {
        let stream = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match stream {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, Arc::clone(&world), shutdown.clone()));
            }
            // Out of file descriptors, or a client that left at once: a little later the next one may do better.
            Err(_) => tokio::time::sleep(ACCEPT_AGAIN).await,
        }
    }
    connections.close();
    connections.wait().await;
}

async fn connection(stream: TcpStream, world: Arc<World>, shutdown: CancellationToken) {
    // Small answers must not wait for the next ones.
    let _best_effort = stream.set_nodelay(true);
    let service = service_fn(|request| exchange(&world, request, &shutdown));
    // Clients keep idle connections for the next call; to close them behind their backs would be an outage that nobody asked for.
    let serving = hyper::server::conn::http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(serving);
    tokio::select! {
        // The client sees how its connection ended; there is nobody else to tell.
        _ended = serving.as_mut() => {}
        () = shutdown.cancelled() => {
            serving.as_mut().graceful_shutdown();
            let _ended = serving.await;
        }
    }
}

type Answer = http::Response<BoxBody<Bytes, io::Error>>;

async fn exchange(world: &World, request: hyper::Request<Incoming>, shutdown: &CancellationToken) -> Result<Answer, io::Error> {
    if socket::is_upgrade(&request) {
        let answer = socket::upgrade(world, request);
        return Ok(answer.map(|body| Full::new(body).map_err(|never: Infallible| match never {}).boxed()));
    }
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LARGEST_REQUEST).collect().await.map_err(io::Error::other)?.to_bytes();
    match world.handle(http::Request::from_parts(parts, body)).await {
        Reply::Http(response) => Ok(response.map(|body| Full::new(body).map_err(|never: Infallible| match never {}).boxed())),
        Reply::Truncated(response) => {
            let length = response.body().len();
            let mut answer = response.map(|body| BoxBody::new(half(&body)));
            answer.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
            Ok(answer)
        }
        // An error of the service makes hyper close the connection without an answer.
        Reply::Reset => Err(io::ErrorKind::ConnectionReset.into()),
        Reply::Hang => {
            shutdown.cancelled().await;
            Err(io::ErrorKind::ConnectionAborted.into())
        }
    }
}

/// The first half of a body, then an error.
pub(super) fn half(body: &Bytes) -> impl Body<Data = Bytes, Error = io::Error> + Send + Sync + 'static {
    let first = body.slice(..body.len() / 2);
    let rest = stream::once(async {
        // Gives the connection a turn in which it sends what it has.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::UnexpectedEof))
    });
    StreamBody::new(stream::iter([Ok(Frame::data(first))]).chain(rest))
}
