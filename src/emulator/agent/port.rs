//! Connections of port sessions: real TCP, to this machine only.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::faults::Faults;
use super::session::Voice;
use crate::ssm::channel::pipe::Receiver;
use crate::ssm::mux::copy::{self, Traffic};
use crate::ssm::mux::{Mux, Role};
use crate::ssm::wire::{Flag, PayloadType, Version, host};

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
/// Since [`STRICT`] also those at which ECS and EKS hand out credentials.
const CREDENTIALS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];
/// Agents from this one on do not reach themselves by way of the document for other hosts either.
const STRICT: Version = Version::new(3, 3, 4851, 0);
/// Bytes of one read from a target.
const READ: usize = 16 << 10;
/// How long a name may take to be resolved.
const RESOLVING: Duration = Duration::from_secs(2);

/// Where a session's connections lead.
#[derive(Debug, Clone)]
pub(super) struct Target {
    addresses: Vec<SocketAddr>,
    port: u16,
}

impl Target {
    /// Finds the target at the session's start, once for all its connections. A name that cannot be resolved leads nowhere.
    ///
    /// # Errors
    /// The agent refuses it; the words at the session's end.
    pub(super) async fn find(properties: &BTreeMap<String, String>, agent: Option<Version>) -> Result<Self, String> {
        let port = properties.get("portNumber").map_or("", String::as_str);
        let Ok(number) = port.parse::<u16>() else { return Err(format!("Port number {port:?} is empty or invalid.")) };
        let Some(host) = properties.get("host") else {
            let itself = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
            return Ok(Self { addresses: itself.map(|address| SocketAddr::new(address, number)).to_vec(), port: number });
        };
        let addresses = resolve(host).await;
        let is_strict = agent.is_some_and(|version| version >= STRICT);
        if let Some(denied) = addresses.iter().find(|address| is_denied(**address, is_strict)) {
            return Err(format!("Forwarding to IP address {denied} is forbidden."));
        }
        let ours = addresses.into_iter().filter(|address| is_ours(*address));
        Ok(Self { addresses: ours.map(|address| SocketAddr::new(address, number)).collect(), port: number })
    }

    /// One that refuses every connection.
    pub(super) fn dead(self) -> Self {
        Self { addresses: Vec::new(), ..self }
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.addresses.as_slice()).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

async fn resolve(host: &str) -> Vec<IpAddr> {
    if let Some(address) = host::address(host) {
        return vec![address];
    }
    match tokio::time::timeout(RESOLVING, lookup_host((host, 0))).await {
        Ok(Ok(found)) => found.map(|address| address.ip().to_canonical()).collect(),
        _ => Vec::new(),
    }
}

fn is_denied(address: IpAddr, is_strict: bool) -> bool {
    let is_among = |list: &[&str]| list.iter().any(|denied| denied.parse() == Ok(address));
    let is_itself = address.is_loopback() || address.is_unspecified();
    is_among(&DENIED) || (is_strict && (is_itself || is_among(&CREDENTIALS)))
}

/// Whether an address is one of this machine. Others are out of reach: the emulator lets everybody in, and must be no way into the
/// network.
fn is_ours(address: IpAddr) -> bool {
    address.is_loopback() || std::net::UdpSocket::bind((address, 0)).is_ok_and(|_| !address.is_multicast())
}

/// Many connections at a time. The words at the session's end; `None` where the client has ended it.
pub(super) async fn multiplexed(target: Target, faults: &Faults, voice: &Voice, receiver: &mut Receiver) -> Option<String> {
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
    let mut heard = 0_u32;
    while let Some((payload_type, payload)) = receiver.receive().await {
        if payload_type == PayloadType::Flag && Flag::decode(&payload) == Some(Flag::TerminateSession) {
            return None;
        }
        heard = heard.wrapping_add(1);
        if let Some(speed) = faults.slow {
            // A target that takes no more than this: the session is read no faster.
            let bytes = u32::try_from(payload.len()).unwrap_or(u32::MAX);
            tokio::time::sleep(Duration::from_secs(1).saturating_mul(bytes) / speed.max(1)).await;
        }
        let copies = if faults.twice.is_some_and(|every| heard.is_multiple_of(every)) { 2 } else { 1 };
        for payload in std::iter::repeat_n(payload, copies) {
            if payload_type == PayloadType::Output && to_mux.send(payload).await.is_err() {
                // The official agent notes the session down as failed, and says nothing.
                return Some(String::new());
            }
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
