//! Connections of port sessions: real TCP, to this machine only.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::session::Voice;
use crate::ssm::channel::pipe::Receiver;
use crate::ssm::mux::copy::{self, Traffic};
use crate::ssm::mux::{Mux, Role};
use crate::ssm::wire::{Flag, PayloadType};

/// Addresses that an agent never connects to: the instance's metadata, time, DNS and identity services.
const DENIED: [&str; 9] = [
    "169.254.169.254",
    "169.254.169.253",
    "169.254.169.123",
    "169.254.169.250",
    "169.254.169.251",
    "fd00:ec2::254",
    "fd00:ec2::253",
    "fd00:ec2::123",
    "fd00:ec2::240",
];
/// Bytes of one read from a target.
const READ: usize = 16 << 10;

/// Refuses at the session's start what an agent refuses; the words at its end.
pub(super) fn check(properties: &BTreeMap<String, String>) -> Result<(), String> {
    let port = properties.get("portNumber").map_or("", String::as_str);
    if port.parse::<u16>().is_err() {
        return Err(format!("Port number {port:?} is empty or invalid."));
    }
    let Some(host) = properties.get("host") else { return Ok(()) };
    let address: Option<IpAddr> = host.parse().ok();
    let is_denied = address.is_some_and(|address| DENIED.iter().any(|denied| denied.parse() == Ok(address)));
    if is_denied { Err(format!("Forwarding to IP address {host} is forbidden.")) } else { Ok(()) }
}

/// Where a session's connections lead.
#[derive(Debug, Clone)]
pub(super) struct Target {
    host: String,
    port: u16,
    is_dead: bool,
}

impl Target {
    pub(super) fn of(properties: &BTreeMap<String, String>, is_dead: bool) -> Self {
        let port = properties.get("portNumber").and_then(|port| port.parse().ok()).unwrap_or_default();
        Self { host: properties.get("host").map_or("localhost", String::as_str).to_owned(), port, is_dead }
    }

    /// Connects. Other machines are out of reach: the emulator lets everybody in, and must be no way into the network.
    async fn connect(&self) -> io::Result<TcpStream> {
        if self.is_dead {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let addresses: Vec<SocketAddr> =
            lookup_host((self.host.as_str(), self.port)).await?.filter(|address| address.ip().is_loopback()).collect();
        let stream = TcpStream::connect(addresses.as_slice()).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// Many connections at a time. The words at the session's end; `None` where the client has ended it.
pub(super) async fn multiplexed(target: Target, slow: Option<u32>, voice: &Voice, receiver: &mut Receiver) -> Option<String> {
    let (mux, _never_opens, mut streams) = Mux::new(Role::Server);
    let (to_mux, from_channel) = mpsc::channel(16);
    let (to_channel, mut from_mux) = mpsc::channel::<Bytes>(16);
    let _mux = AbortOnDropHandle::new(tokio::spawn(mux.run(from_channel, to_channel)));
    let uplink = voice.clone();
    let _sending = AbortOnDropHandle::new(tokio::spawn(async move {
        while let Some(bytes) = from_mux.recv().await {
            if uplink.pour(PayloadType::Output, bytes).await.is_err() {
                return;
            }
        }
    }));
    let voice = voice.clone();
    let _accepting = AbortOnDropHandle::new(tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        let traffic = Arc::new(Traffic::default());
        while let Some(stream) = streams.recv().await {
            let (target, voice, traffic) = (target.clone(), voice.clone(), Arc::clone(&traffic));
            connections.spawn(async move {
                match target.connect().await {
                    Ok(connection) => copy::join(stream, connection, traffic).await,
                    Err(_) => {
                        let _unless_ended = voice.say(PayloadType::Flag, Flag::ConnectToPortError.encode()).await;
                        stream.writer.close().await;
                    }
                }
            });
            while connections.try_join_next().is_some() {}
        }
    }));
    while let Some((payload_type, payload)) = receiver.receive().await {
        if payload_type == PayloadType::Flag && Flag::decode(&payload) == Some(Flag::TerminateSession) {
            return None;
        }
        if let Some(speed) = slow {
            // A target that takes no more than this: the session is read no faster.
            let bytes = u32::try_from(payload.len()).unwrap_or(u32::MAX);
            tokio::time::sleep(Duration::from_secs(1).saturating_mul(bytes) / speed.max(1)).await;
        }
        if payload_type == PayloadType::Output && to_mux.send(payload).await.is_err() {
            return Some("The multiplexed stream is broken.".to_owned());
        }
    }
    None
}

/// What the client said while a target was connected.
enum Heard {
    Disconnect,
    Over,
}

/// One connection at a time, as agents up to 3.0.196.0 do: connected at the session's start, and again when data come.
/// Returns when the client has ended the session.
pub(super) async fn basic(target: Target, voice: &Voice, receiver: &mut Receiver) {
    let mut connection = target.connect().await.ok();
    let mut first = None;
    loop {
        if let Some(connected) = connection.take() {
            match carry(connected, first.take(), voice, receiver).await {
                // The target has gone: nobody is told, and the next data connect again.
                None | Some(Heard::Disconnect) => {}
                Some(Heard::Over) => return,
            }
        }
        match receiver.receive().await {
            None => return,
            Some((PayloadType::Flag, flag)) if Flag::decode(&flag) == Some(Flag::TerminateSession) => return,
            Some((PayloadType::Output, bytes)) => match target.connect().await {
                Ok(connected) => (connection, first) = (Some(connected), Some(bytes)),
                Err(_) => {
                    let _unless_ended = voice.say(PayloadType::Flag, Flag::ConnectToPortError.encode()).await;
                }
            },
            Some(_) => {}
        }
    }
}

/// One connection for the whole session; it ends with its target.
pub(super) async fn stream(target: Target, voice: &Voice, receiver: &mut Receiver) -> String {
    match target.connect().await {
        Ok(connection) => {
            carry(connection, None, voice, receiver).await;
            String::new()
        }
        Err(error) => format!("Unable to connect to port {}: {error}", target.port),
    }
}

/// Copies both ways. What the client said at the end; `None` when it was the target that ended.
async fn carry(connection: TcpStream, first: Option<Bytes>, voice: &Voice, receiver: &mut Receiver) -> Option<Heard> {
    let (from, mut to) = connection.into_split();
    let up = deliver(&mut to, first, receiver);
    let down = pump(from, voice);
    tokio::select! {
        heard = up => heard,
        () = down => None,
    }
}

async fn deliver(to: &mut OwnedWriteHalf, first: Option<Bytes>, receiver: &mut Receiver) -> Option<Heard> {
    if let Some(first) = first {
        to.write_all(&first).await.ok()?;
    }
    loop {
        match receiver.receive().await {
            None => return Some(Heard::Over),
            Some((PayloadType::Output, bytes)) => to.write_all(&bytes).await.ok()?,
            Some((PayloadType::Flag, flag)) => match Flag::decode(&flag) {
                Some(Flag::DisconnectToPort) => return Some(Heard::Disconnect),
                Some(Flag::TerminateSession) => return Some(Heard::Over),
                _ => {}
            },
            Some(_) => {}
        }
    }
}

async fn pump(mut from: OwnedReadHalf, voice: &Voice) {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(READ);
        match from.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                if voice.pour(PayloadType::Output, buffer.split().freeze()).await.is_err() {
                    return;
                }
            }
        }
    }
}
