//! `aws-ssm-bridge` as a client of the embedded agent: a shell, commands, a forward. Says each check in one line; the exit status is 1
//! if one has failed.

use std::sync::Arc;
use std::time::Duration;

use aws_ssm_bridge::documents::{NonInteractiveCommand, PortForwardingSession, PortForwardingToRemoteHost, SsmDocument};
use aws_ssm_bridge::{EndpointPolicy, PortForwardConfig, PortForwarder, Session, SessionBuilder, ShutdownSignal};
use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// A bastion of the scenario `quiet`.
const TARGET: &str = "i-0c55b159cbfafe1f0";
/// Longer than anything takes.
const LONG: Duration = Duration::from_secs(60);

type Outcome = Result<(), String>;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let mut failed = 0;
    for (name, outcome) in [
        ("a shell: size, Ctrl-C, bytes that are no UTF-8, much output, exit", timeout(LONG, shell()).await),
        ("a session that is terminated", timeout(LONG, terminated()).await),
        ("a command: its output, and its end", timeout(LONG, command()).await),
        ("a forward: a megabyte each way", timeout(LONG, forward(PortForwardingSession::new, 1, 1_000_000)).await),
        ("a forward: twenty connections at once", timeout(LONG, forward(PortForwardingSession::new, 20, 50_000)).await),
        ("a forward to a host behind the target", timeout(LONG, forward(remote, 1, 100_000)).await),
    ] {
        match outcome.unwrap_or_else(|_| Err("not in time".to_owned())) {
            Ok(()) => println!("ok     {name}"),
            Err(problem) => {
                failed += 1;
                println!("FAILED {name}: {problem}");
            }
        }
    }
    u8::from(failed > 0).into()
}

fn remote(port: u16) -> PortForwardingToRemoteHost {
    PortForwardingToRemoteHost::new("localhost", port)
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

async fn start(builder: SessionBuilder) -> Result<Session, String> {
    // The emulator's web sockets are not encrypted, and on this machine.
    builder.reason("OPS-1").endpoint_policy(EndpointPolicy::AllowAny).start().await.map_err(words)
}

async fn shell() -> Outcome {
    let session = start(SessionBuilder::new(TARGET)).await?;
    let mut output = session.output();
    session.wait_ready().await.map_err(words)?;
    session.send_terminal_size(132, 43).await.map_err(words)?;
    let mut seen = Vec::new();
    let steps: [(&[u8], &[u8]); 6] = [
        (b"stty size; echo $((6*7))-done\r", b"42-done"),
        (b"cat\r", b"cat\r\n"),
        (b"one\r", b"one\r\none\r\n"),
        (b"\x03", b"^C\r\n$ "),
        (b"printf 'a\\377b\\303\\251<\\n'\r", b"a\xffb\xc3\xa9<"),
        (b"seq 1 20000; echo fin''ished\r", b"finished"),
    ];
    for (typed, wanted) in steps {
        session.send(typed.to_vec()).await.map_err(words)?;
        let from = seen.len();
        while !seen[from..].windows(wanted.len()).any(|part| part == wanted) {
            let Ok(piece) = timeout(LONG / 4, output.next()).await else {
                return Err(format!(
                    "no {:?} after {:?}",
                    String::from_utf8_lossy(wanted),
                    String::from_utf8_lossy(&seen[from..])
                ));
            };
            seen.extend_from_slice(&piece.ok_or("the session has ended")?);
        }
    }
    let text = String::from_utf8_lossy(&seen).into_owned();
    if !text.contains("43 132") {
        return Err("the size is not the one that was sent".to_owned());
    }
    let mut numbers = text.lines().filter_map(|line| line.trim().parse::<u32>().ok());
    if !(1..=20_000).all(|number| numbers.any(|found| found == number)) {
        return Err("lines are missing or out of order".to_owned());
    }
    session.send(b"exit\r".to_vec()).await.map_err(words)?;
    timeout(LONG / 4, session.closed()).await.map_err(|_| "it does not end".to_owned())
}

async fn terminated() -> Outcome {
    let session = start(SessionBuilder::new(TARGET)).await?;
    session.wait_ready().await.map_err(words)?;
    session.terminate().await.map_err(words)?;
    timeout(LONG / 4, session.closed()).await.map_err(|_| "it does not end".to_owned())
}

async fn command() -> Outcome {
    // This client has no words for separate outputs, and without them no exit code is sent.
    let document = NonInteractiveCommand::new("sh -c 'echo good; echo bad >&2; exit 3'");
    let session = start(SessionBuilder::new(TARGET).document(document)).await?;
    let mut output = session.output();
    let mut seen = Vec::new();
    while let Some(piece) = output.next().await {
        seen.extend_from_slice(&piece);
    }
    let text = String::from_utf8_lossy(&seen).into_owned();
    if text.contains("good") && text.contains("bad") { Ok(()) } else { Err(format!("it says {text:?}")) }
}

async fn forward<D: SsmDocument>(document: impl Fn(u16) -> D, connections: u64, length: usize) -> Outcome {
    let port = echo().await.map_err(words)?;
    let session = Arc::new(start(SessionBuilder::new(TARGET).document(document(port))).await?);
    let config = PortForwardConfig { local_addr: ([127, 0, 0, 1], 0).into(), max_connections: 100, ..Default::default() };
    let forwarder = PortForwarder::bind(config).await.map_err(words)?;
    let address = forwarder.local_addr();
    let shutdown = ShutdownSignal::new();
    let running = tokio::spawn(forwarder.forward(Arc::clone(&session), shutdown.clone()));
    let trips: Vec<_> = (0..connections).map(|seed| tokio::spawn(round_trip(address, length, seed))).collect();
    for trip in trips {
        trip.await.map_err(words)??;
    }
    session.terminate().await.map_err(words)?;
    running.abort();
    Ok(())
}

/// A server that sends everything back; its port.
async fn echo() -> std::io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    Ok(port)
}

/// Sends bytes that do not repeat soon, and compares what comes back.
async fn round_trip(address: std::net::SocketAddr, length: usize, seed: u64) -> Outcome {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let sent: Vec<u8> = (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect();
    let (mut from, mut to) = TcpStream::connect(address).await.map_err(words)?.into_split();
    let copy = sent.clone();
    let writing = tokio::spawn(async move { to.write_all(&copy).await.map(|()| to) });
    let mut received = vec![0; length];
    from.read_exact(&mut received).await.map_err(words)?;
    drop(writing.await.map_err(words)?);
    (received == sent).then_some(()).ok_or_else(|| "other bytes came back".to_owned())
}
