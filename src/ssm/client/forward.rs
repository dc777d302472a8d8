//! Local ports that lead to the target.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::session::{Facts, SessionReceiver, SessionSender};
use crate::ssm::channel::pipe::Ending;
use crate::ssm::mux::copy::{self, LINGER, Local, Traffic};
use crate::ssm::mux::half_closed::HalfClosed;
use crate::ssm::mux::pressure::Pressure;
use crate::ssm::mux::{Heard, Mux, Role};
use crate::ssm::wire::{Flag, PayloadType};

/// How the forward's connections do, for whoever watches it.
#[derive(Debug, Default)]
pub struct Activity {
    /// Bytes each way.
    pub traffic: Arc<Traffic>,
    /// Connections that are open.
    pub open: AtomicUsize,
    /// Connections that were open when the session ended, and were reset.
    pub cut: AtomicUsize,
    /// Connections so far.
    pub accepted: AtomicU64,
    /// How often the target refused one.
    pub refused: AtomicU64,
    /// Whether they hold each other up.
    pub pressure: Arc<Pressure>,
    /// Those whose program has said everything.
    half_closed: HalfClosed,
}

impl Activity {
    /// Notes that the session has ended under the connections that are open.
    fn cut(&self) {
        self.cut.store(self.open.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// Counts a connection as open.
struct Open<'a>(&'a Activity);

impl<'a> Open<'a> {
    fn new(activity: &'a Activity) -> Self {
        activity.accepted.fetch_add(1, Ordering::Relaxed);
        activity.open.fetch_add(1, Ordering::Relaxed);
        Self(activity)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Listens on this machine only. Port 0 takes a free one.
pub async fn listen(port: u16) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Carries the listener's connections until the session ends. Those that are open then are reset: what they were told is not
/// whole. So they are where this is dropped.
pub async fn run(
    facts: &Facts,
    sender: SessionSender,
    receiver: SessionReceiver,
    listener: TcpListener,
    activity: Arc<Activity>,
) -> Ending {
    let multiplexes = facts.agent.is_some_and(crate::ssm::wire::Version::agent_multiplexes);
    if multiplexes {
        let keeps_alive = !facts.agent.is_some_and(crate::ssm::wire::Version::agent_needs_no_keep_alive);
        multiplexed(sender, receiver, listener, activity, keeps_alive).await
    } else {
        one_by_one(sender, receiver, listener, activity).await
    }
}

/// Old agents end a session in which nothing comes for 30 s, and newer ones want no such frames.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

async fn multiplexed(
    sender: SessionSender,
    mut receiver: SessionReceiver,
    listener: TcpListener,
    activity: Arc<Activity>,
    keeps_alive: bool,
) -> Ending {
    let (mux, opener, _never_accepts) = Mux::new(Role::Client);
    let mux = mux.watched(Arc::clone(&activity.pressure));
    let (to_mux, from_channel) = mpsc::channel::<Heard>(16);
    let (to_channel, mut from_mux) = mpsc::channel::<Bytes>(16);
    let mux = AbortOnDropHandle::new(tokio::spawn(mux.run(from_channel, to_channel)));
    let uplink = sender.clone();
    let _sending = AbortOnDropHandle::new(tokio::spawn(async move {
        while let Some(bytes) = from_mux.recv().await {
            if uplink.send(bytes).await.is_err() {
                return;
            }
        }
    }));
    let accepting = accept(listener, opener, Arc::clone(&activity), keeps_alive.then_some(KEEP_ALIVE));
    let _accepting = AbortOnDropHandle::new(tokio::spawn(accepting));
    while let Some((payload_type, payload)) = receiver.receive().await {
        let heard = match payload_type {
            PayloadType::Output => Heard::Bytes(payload),
            PayloadType::Flag if Flag::decode(&payload) == Some(Flag::ConnectToPortError) => {
                activity.refused.fetch_add(1, Ordering::Relaxed);
                Heard::Refusal
            }
            _ => continue,
        };
        if to_mux.send(heard).await.is_err() {
            activity.cut();
            let why = match mux.await {
                Ok(Err(error)) => error.to_string(),
                _ => "the multiplexer has gone".to_owned(),
            };
            return Ending::Failed(why);
        }
    }
    activity.cut();
    sender.ending().await
}

async fn accept(listener: TcpListener, opener: crate::ssm::mux::Opener, activity: Arc<Activity>, keep_alive: Option<Duration>) {
    let mut connections = tokio::task::JoinSet::new();
    let mut beat = tokio::time::interval(keep_alive.unwrap_or(LINGER));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            _ = beat.tick(), if keep_alive.is_some() => {
                if opener.keep_alive().await.is_err() {
                    return;
                }
                continue;
            }
        };
        let Ok((connection, _)) = accepted else {
            // Out of file descriptors: a little later there may be one.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let local = Local::new(connection);
        // One at a time: those that wait while the session does are the system's, not descriptors of ours.
        let stream = tokio::select! {
            stream = opener.open() => match stream {
                Ok(stream) => stream,
                Err(_) => return,
            },
            () = local.gone() => continue,
        };
        let activity = Arc::clone(&activity);
        connections.spawn(async move {
            let _open = Open::new(&activity);
            copy::copy(stream, local, LINGER, &activity.half_closed, &activity.traffic).await;
        });
    }
}

/// With an old agent: one connection at a time, its bytes as they are.
async fn one_by_one(
    sender: SessionSender,
    mut receiver: SessionReceiver,
    listener: TcpListener,
    activity: Arc<Activity>,
) -> Ending {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Late bytes of the connection before belong to nobody.
            payload = receiver.receive() => match payload {
                Some(_) => continue,
                None => return sender.ending().await,
            },
        };
        let Ok((connection, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let open = Open::new(&activity);
        let is_over = carry(&sender, &mut receiver, Local::new(connection), &activity).await;
        if is_over {
            activity.cut();
        }
        drop(open);
        if is_over || sender.send_plain(PayloadType::Flag, Flag::DisconnectToPort.encode()).await.is_err() {
            return sender.ending().await;
        }
    }
}

/// Carries one connection until its local end has gone. Says whether the session is over. The agent never says that the target has
/// said everything, so the connection's end is a reset.
async fn carry(sender: &SessionSender, receiver: &mut SessionReceiver, mut local: Local, activity: &Activity) -> bool {
    let (mut from, mut to) = local.as_stream().split();
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(16 << 10);
        tokio::select! {
            read = from.read_buf(&mut buffer) => match read {
                Ok(0) | Err(_) => return false,
                Ok(length) => {
                    activity.traffic.up.fetch_add(u64::try_from(length).unwrap_or_default(), Ordering::Relaxed);
                    if sender.send(buffer.split().freeze()).await.is_err() {
                        return true;
                    }
                }
            },
            payload = receiver.receive() => match payload {
                None => return true,
                Some((PayloadType::Output, bytes)) => {
                    activity.traffic.down.fetch_add(u64::try_from(bytes.len()).unwrap_or_default(), Ordering::Relaxed);
                    if to.write_all(&bytes).await.is_err() {
                        return false;
                    }
                }
                Some((PayloadType::Flag, flag)) if Flag::decode(&flag) == Some(Flag::ConnectToPortError) => {
                    activity.refused.fetch_add(1, Ordering::Relaxed);
                    return false;
                }
                Some(_) => {}
            },
        }
    }
}
