//! Connections through sessions.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bartizan::emulator::agent;
use bartizan::ssm::channel::pipe::Ending;
use bartizan::ssm::client::byte_stream::{self, Way};
use bartizan::ssm::client::forward;
use bartizan::ssm::client::gateway::Purpose;
use bartizan::ssm::client::session::{Closer, Kind, OpenError, Session};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{LONG, Stage, TestGateway};

/// Sends everything back.
async fn echo() -> u16 {
    serve(|mut stream| async move {
        let (mut from, mut to) = stream.split();
        let _ = tokio::io::copy(&mut from, &mut to).await;
    })
    .await
}

async fn serve<F: Future<Output = ()> + Send + 'static>(answer: impl Fn(TcpStream) -> F + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            tokio::spawn(answer(stream));
        }
    });
    port
}

/// A forward that runs.
struct Forward {
    address: SocketAddr,
    activity: Arc<forward::Activity>,
    closer: Closer<TestGateway>,
    ending: tokio::task::JoinHandle<Ending>,
}

async fn start(stage: &Stage, purpose: Purpose) -> Forward {
    let session = stage.open(purpose).await.unwrap();
    assert_eq!(session.facts.kind, Kind::Port);
    forward_of(session).await
}

async fn forward_of(session: Session<TestGateway>) -> Forward {
    let (listener, address) = forward::listen(0).await.unwrap();
    let activity = Arc::new(forward::Activity::default());
    let facts = session.facts.clone();
    let (closer, sender, receiver) = session.split();
    let watched = Arc::clone(&activity);
    let ending = tokio::spawn(async move { forward::run(&facts, sender, receiver, listener, watched).await });
    Forward { address, activity, closer, ending }
}

impl Forward {
    async fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Connects and is reset, before or after the connection is there.
    async fn is_refused(&self) {
        match TcpStream::connect(self.address).await {
            Ok(mut stream) => is_reset(&mut stream).await,
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
}

/// Reads on to the end, which has to be a reset.
async fn is_reset(stream: &mut TcpStream) {
    let mut received = Vec::new();
    let end = timeout(LONG, stream.read_to_end(&mut received)).await.expect("in time");
    assert_eq!(end.expect_err("an orderly end").kind(), ErrorKind::ConnectionReset);
}

/// Says something over a connection and hears it.
async fn is_answered(stream: &mut TcpStream) {
    stream.write_all(b"half of it").await.unwrap();
    timeout(LONG, stream.read_exact(&mut [0; 10])).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_reset_when_somebody_ends_the_session() {
    for version in ["3.3.5068.0", "3.0.196.0"] {
        let options = agent::Options { allow: true, agent_version: version.to_owned(), ..agent::Options::default() };
        let stage = Stage::with(options).await;
        let session = stage.open(Purpose::Port(echo().await)).await.unwrap();
        let id = session.facts.session_id.clone();
        let forward = forward_of(session).await;
        let mut stream = forward.connect().await;
        is_answered(&mut stream).await;
        stage.agent.terminate(&id);
        is_reset(&mut stream).await;
        assert_eq!(timeout(LONG, forward.ending).await.unwrap().unwrap(), Ending::Closed(String::new()), "{version}");
        assert_eq!(forward.activity.cut.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_reset_when_the_forward_is_stopped_here() {
    let stage = Stage::new().await;
    let forward = start(&stage, Purpose::Port(echo().await)).await;
    let mut stream = forward.connect().await;
    is_answered(&mut stream).await;
    forward.ending.abort();
    is_reset(&mut stream).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_reset_when_the_session_is_gone_at_the_return() {
    let stage = Stage::faulty("cut=40,forget").await;
    let flood = serve(|mut stream| async move { while stream.write_all(&[7; 10_000]).await.is_ok() {} }).await;
    let forward = start(&stage, Purpose::Port(flood)).await;
    let mut stream = forward.connect().await;
    is_reset(&mut stream).await;
    assert_eq!(timeout(LONG, forward.ending).await.unwrap().unwrap(), Ending::TimedOut);
}

fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = vec![0; length];
    random.fill(&mut bytes);
    bytes
}

/// Sends noise through an echo and compares what comes back.
async fn round_trip(stream: TcpStream, length: usize, seed: u64) {
    let sent = noise(length, seed);
    let expected = Sha256::digest(&sent);
    let (mut from, mut to) = stream.into_split();
    let writing = tokio::spawn(async move {
        to.write_all(&sent).await.unwrap();
        to
    });
    let mut received = vec![0; length];
    timeout(LONG, from.read_exact(&mut received)).await.expect("in time").unwrap();
    assert_eq!(Sha256::digest(&received), expected, "{length} bytes");
    drop(writing.await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_connections_share_a_session() {
    let stage = Stage::new().await;
    let forward = start(&stage, Purpose::Port(echo().await)).await;
    let mut connections = Vec::new();
    for seed in 0..50 {
        let stream = forward.connect().await;
        connections.push(tokio::spawn(round_trip(stream, 60_000, seed)));
    }
    for connection in connections {
        connection.await.unwrap();
    }
    assert_eq!(forward.activity.traffic.up.load(Ordering::Relaxed), 3_000_000);
    assert_eq!(forward.activity.traffic.down.load(Ordering::Relaxed), 3_000_000);
    assert_eq!(forward.closer.close().await.unwrap(), Ending::Left);
    timeout(LONG, forward.ending).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn megabytes_go_each_way() {
    // The document for other hosts, with the last kind of agent that reaches itself through it.
    let stage = Stage::with(agent::Options { allow: true, agent_version: "3.3.1611.0".to_owned(), ..Default::default() }).await;
    let forward = start(&stage, Purpose::RemotePort("localhost".to_owned(), echo().await)).await;
    round_trip(forward.connect().await, 10 << 20, 1).await;
}

/// `BARTIZAN_MEGABYTES=100 cargo test --release -- --ignored` measures what a forward carries.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; run it in a release build"]
async fn how_fast_a_forward_is() {
    let megabytes: usize = std::env::var("BARTIZAN_MEGABYTES").map_or(100, |text| text.parse().unwrap());
    let stage = Stage::new().await;
    let sink = serve(move |mut stream| async move {
        let mut received = vec![0; megabytes << 20];
        stream.read_exact(&mut received).await.unwrap();
        stream.write_all(&received).await.unwrap();
        let _ = stream.read_u8().await;
    })
    .await;
    let forward = start(&stage, Purpose::Port(sink)).await;
    let mut stream = forward.connect().await;
    let bytes = noise(megabytes << 20, 1);
    let begun = std::time::Instant::now();
    stream.write_all(&bytes).await.unwrap();
    let mut first = [0; 1];
    stream.read_exact(&mut first).await.unwrap();
    let up = begun.elapsed();
    let begun = std::time::Instant::now();
    let mut rest = vec![0; bytes.len() - 1];
    stream.read_exact(&mut rest).await.unwrap();
    let down = begun.elapsed();
    assert!(bytes[1..] == rest);
    let speed = |time: Duration| f64::from(u32::try_from(megabytes).unwrap()) / time.as_secs_f64();
    println!("forward: up {:.1} MiB/s, down {:.1} MiB/s", speed(up), speed(down));
    let forward = start(&stage, Purpose::Port(echo().await)).await;
    let mut stream = forward.connect().await;
    let mut times = Vec::new();
    for _ in 0..500 {
        let begun = std::time::Instant::now();
        stream.write_all(&[1; 64]).await.unwrap();
        stream.read_exact(&mut [0; 64]).await.unwrap();
        times.push(begun.elapsed());
    }
    println!("forward: 64 bytes there and back {}", percentiles(times));
    let mut shell = stage.shell(Purpose::InteractiveCommand("stty -icanon -echo; printf ready; cat".to_owned())).await;
    shell.until("ready").await;
    let mut times = Vec::new();
    for number in 0..500 {
        let key = format!("<{number}>");
        let begun = std::time::Instant::now();
        shell.types(&key).await;
        shell.until(&key).await;
        times.push(begun.elapsed());
    }
    println!("shell: key to echo {}", percentiles(times));
}

fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: usize| times[times.len() * share / 100];
    format!("p50 {:?}, p90 {:?}, p99 {:?}", at(50), at(90), at(99))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_connection_is_reset_and_the_forward_goes_on() {
    let stage = Stage::new().await;
    // A port that nobody listens on.
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let forward = start(&stage, Purpose::Port(dead)).await;
    for _ in 0..3 {
        forward.is_refused().await;
    }
    assert_eq!(forward.activity.refused.load(Ordering::Relaxed), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_denied_host_ends_the_session_with_its_reason() {
    let stage = Stage::new().await;
    let refused = stage.open(Purpose::RemotePort("169.254.169.254".to_owned(), 80)).await.unwrap_err();
    let OpenError::Ended(Ending::Closed(words)) = refused else { panic!("{refused:?}") };
    assert!(words.contains("forbidden"), "{words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_does_not_reach_itself_or_credentials_as_another_host() {
    let stage = Stage::new().await;
    for host in [
        "localhost",
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "::ffff:127.0.0.1",
        "0x7f.1",
        "0.0.0.0",
        "169.254.170.2",
        "169.254.170.23",
        "fd00:ec2::23",
        "::ffff:169.254.169.254",
        "2852039166",
    ] {
        let refused = stage.open(Purpose::RemotePort(host.to_owned(), 80)).await.unwrap_err();
        let OpenError::Ended(Ending::Closed(words)) = refused else { panic!("{host}: {refused:?}") };
        assert!(words.contains("forbidden"), "{host}: {words}");
    }
    // So it is asked for a port of its own.
    for host in ["localhost", "127.0.0.1", "::1"] {
        let forward = start(&stage, Purpose::port(Some(host), echo().await)).await;
        round_trip(forward.connect().await, 1000, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_takes_a_message_twice_breaks_the_forward_and_nothing_looks_whole() {
    let stage = Stage::faulty("twice=5").await;
    let forward = start(&stage, Purpose::Port(echo().await)).await;
    let (mut from, mut to) = forward.connect().await.into_split();
    let speaking = tokio::spawn(async move {
        // It goes on until the reset, which whoever hears it first has heard alone.
        let words = noise(100_000, 1);
        while to.write_all(&words).await.is_ok() {}
    });
    let mut received = Vec::new();
    let read = timeout(LONG, from.read_to_end(&mut received)).await.expect("in time");
    assert!(read.is_err() || timeout(LONG, speaking).await.is_ok());
    assert_eq!(timeout(LONG, forward.ending).await.unwrap().unwrap(), Ending::Closed(String::new()), "without a word");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_machines_are_out_of_reach() {
    let stage = Stage::new().await;
    let forward = start(&stage, Purpose::RemotePort("192.0.2.1".to_owned(), 80)).await;
    forward.is_refused().await;
    assert_eq!(forward.activity.refused.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_under_way_arrives_after_the_request_has_ended() {
    let stage = Stage::new().await;
    let port = serve(|mut stream| async move {
        let mut request = [0; 5];
        stream.read_exact(&mut request).await.unwrap();
        for _ in 0..100 {
            stream.write_all(&[7; 10_000]).await.unwrap();
            tokio::task::yield_now().await;
        }
    })
    .await;
    let forward = start(&stage, Purpose::Port(port)).await;
    let mut stream = forward.connect().await;
    stream.write_all(b"hello").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    timeout(LONG, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer.len(), 1_000_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_does_not_stop_the_others() {
    let stage = Stage::new().await;
    let flood = serve(|mut stream| async move {
        let kind = stream.read_u8().await.unwrap();
        if kind == b'f' {
            // More than the socket buffers hold, less than what all streams may leave unread.
            stream.write_all(&vec![1; 7 << 20]).await.unwrap();
        }
        let (mut from, mut to) = stream.split();
        let _ = tokio::io::copy(&mut from, &mut to).await;
    })
    .await;
    let forward = start(&stage, Purpose::Port(flood)).await;
    let mut slow = forward.connect().await;
    slow.write_all(b"f").await.unwrap();
    let mut first = [0; 1];
    timeout(LONG, slow.read_exact(&mut first)).await.unwrap().unwrap();
    let mut quick = forward.connect().await;
    quick.write_all(b"q").await.unwrap();
    round_trip(quick, 100_000, 3).await;
    let mut rest = vec![0; (7 << 20) - 1];
    timeout(LONG, slow.read_exact(&mut rest)).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_agent_takes_one_connection_after_the_other() {
    let options = agent::Options { allow: true, agent_version: "3.0.196.0".to_owned(), ..agent::Options::default() };
    let stage = Stage::with(options).await;
    let forward = start(&stage, Purpose::Port(echo().await)).await;
    for seed in 0..3 {
        round_trip(forward.connect().await, 200_000, seed).await;
    }
    assert_eq!(forward.activity.accepted.load(Ordering::Relaxed), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_byte_stream_ends_with_its_target() {
    let stage = Stage::new().await;
    let port = serve(|mut stream| async move {
        let mut request = [0; 100_000];
        stream.read_exact(&mut request).await.unwrap();
        stream.write_all(&request).await.unwrap();
    })
    .await;
    let session = stage.open(Purpose::Ssh(port)).await.unwrap();
    assert_eq!(session.facts.kind, Kind::Stream);
    let (_closer, sender, receiver) = session.split();
    let (ours, theirs) = tokio::io::duplex(4096);
    let (from, to) = tokio::io::split(theirs);
    let running = tokio::spawn(byte_stream::run(sender, receiver, from, to, LONG));
    let ours = round_trip_duplex(ours, 100_000).await;
    let expected = Way::Ended { ending: Ending::Closed(String::new()), has_spoken: false };
    assert_eq!(timeout(LONG, running).await.unwrap().unwrap(), expected);
    drop(ours);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_byte_stream_ends_some_time_after_its_input() {
    let stage = Stage::new().await;
    // It never ends by itself: of the end of the input it is not told.
    let port = serve(|mut stream| async move {
        let question = stream.read_u8().await.unwrap();
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            stream.write_all(&[question; 10]).await.unwrap();
        }
        let _ = stream.read_u8().await;
    })
    .await;
    let session = stage.open(Purpose::Ssh(port)).await.unwrap();
    let (_closer, sender, receiver) = session.split();
    let mut answer = std::io::Cursor::new(Vec::new());
    let running = byte_stream::run(sender, receiver, &b"?"[..], &mut answer, Duration::from_millis(1500));
    assert_eq!(timeout(LONG, running).await.unwrap(), Way::Left);
    assert_eq!(answer.into_inner(), [b'?'; 40], "what comes before counts as life");
}

async fn round_trip_duplex(stream: tokio::io::DuplexStream, length: usize) -> tokio::io::DuplexStream {
    let (mut from, mut to) = tokio::io::split(stream);
    let sent = noise(length, 9);
    let copy = sent.clone();
    let writing = tokio::spawn(async move { to.write_all(&copy).await.map(|()| to) });
    let mut received = vec![0; length];
    timeout(LONG, from.read_exact(&mut received)).await.unwrap().unwrap();
    assert!(received == sent);
    from.unsplit(writing.await.unwrap().unwrap())
}
