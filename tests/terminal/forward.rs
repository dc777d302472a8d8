//! `bartizan forward`, built, over an embedded AWS in a process of its own: how it ends, and what programs that use it see.

use std::io::{BufRead as _, ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::harness::{credentials, environment};
use crate::shell::{Place, TARGET, place};

/// Longer than anything takes: what hangs is to fail.
const LONG: Duration = Duration::from_secs(60);

/// A forward that runs, and what it says.
struct Running {
    child: Child,
    told: Receiver<String>,
    seen: String,
}

impl Running {
    fn start(place: &Place, arguments: &[&str], input: Stdio, output: Stdio) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bartizan"))
            .args(["--endpoint-url", &place.world.url, "forward", TARGET])
            .args(arguments)
            .env_clear()
            .envs(environment(place.home.path()))
            .envs(credentials())
            .stdin(input)
            .stdout(output)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let errors = std::io::BufReader::new(child.stderr.take().unwrap());
        let (say, told) = channel();
        std::thread::spawn(move || errors.lines().map_while(Result::ok).try_for_each(|line| say.send(line)));
        Self { child, told, seen: String::new() }
    }

    /// One with a local port, and the port.
    fn listening(place: &Place, ports: &str) -> (Self, u16) {
        let mut running = Self::start(place, &[ports], Stdio::null(), Stdio::null());
        let line = running.until(" leads to ");
        let port = line.split("127.0.0.1:").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
        (running, port.parse().unwrap())
    }

    fn until(&mut self, words: &str) -> String {
        loop {
            let line = self.told.recv_timeout(LONG).unwrap_or_else(|_| panic!("no {words:?} in {:?}", self.seen));
            self.seen.push_str(&line);
            if line.contains(words) {
                return line;
            }
        }
    }

    fn ends(&mut self) -> ExitStatus {
        let deadline = Instant::now() + LONG;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it goes on: {:?}", self.seen);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _unless_ended = self.child.kill();
        let _unless_ended = self.child.wait();
    }
}

/// A target that answers each connection so.
fn target(answer: impl Fn(TcpStream) + Send + Sync + Clone + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || answer(stream));
        }
    });
    port
}

fn echo() -> u16 {
    target(|mut stream| {
        let mut to = stream.try_clone().unwrap();
        let _gone = std::io::copy(&mut stream, &mut to);
    })
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

fn round_trip(stream: &mut TcpStream) {
    stream.write_all(b"ping").unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ping");
}

fn is_reset(mut stream: TcpStream) {
    let end = stream.read_to_end(&mut Vec::new()).expect_err("an orderly end");
    assert_eq!(end.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_typed_forward_that_the_far_side_ends_says_so_resets_and_fails() {
    let place = place();
    // By way of the node itself, whatever it is called: agents refuse themselves as another host.
    let (mut running, local) = Running::listening(&place, &format!("127.0.0.1:{}", echo()));
    let (mut first, mut second) = (connect(local), connect(local));
    round_trip(&mut first);
    round_trip(&mut second);
    place.terminate(&place.session("document=AWS-StartPortForwardingSession"));
    is_reset(first);
    is_reset(second);
    running.until("the forward has ended: closed by the target or by AWS; 2 open connections were reset");
    assert_eq!(running.ends().code(), Some(1));
    assert_eq!(place.notes(), 0);
}

#[test]
fn connections_of_a_killed_forward_are_reset() {
    let place = place();
    let (mut running, local) = Running::listening(&place, &echo().to_string());
    let mut stream = connect(local);
    round_trip(&mut stream);
    running.child.kill().unwrap();
    is_reset(stream);
}

#[test]
fn a_target_that_is_not_there_is_named_and_its_connections_are_reset() {
    let place = place();
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (mut running, local) = Running::listening(&place, &dead.to_string());
    is_reset(connect(local));
    running.until(&format!("{TARGET} could not connect to port {dead}; the connection was reset"));
    // The forward goes on.
    is_reset(connect(local));
}

#[test]
#[cfg(target_os = "linux")]
fn a_thousand_quick_connections_leave_few_descriptors() {
    let place = place();
    let (running, local) = Running::listening(&place, &echo().to_string());
    let folder = format!("/proc/{}/fd", running.child.id());
    let descriptors = || std::fs::read_dir(&folder).unwrap().count();
    let mut most = 0;
    for number in 0..1000 {
        let mut stream = connect(local);
        match number % 4 {
            // A question with its answer, a question without one, and nobody who asks.
            0 => round_trip(&mut stream),
            1 => stream.write_all(b"ping").unwrap(),
            _ => {}
        }
        drop(stream);
        most = most.max(descriptors());
    }
    assert!(most <= 64, "{most} descriptors");
    let mut stream = connect(local);
    round_trip(&mut stream);
}

#[test]
fn a_byte_stream_ends_with_its_streams() {
    let place = place();
    let port = echo().to_string();
    // Nobody reads any more, and nothing is said.
    let mut running = Running::start(&place, &["--stdio", &port], Stdio::piped(), Stdio::piped());
    running.child.stdin.as_mut().unwrap().write_all(b"ping").unwrap();
    let mut output = running.child.stdout.take().unwrap();
    output.read_exact(&mut [0; 4]).unwrap();
    drop(output);
    assert_eq!(running.ends().code(), Some(0), "{}", running.seen);
    // Nothing more is said, and the target, which cannot be told, goes on.
    let mut running = Running::start(&place, &["--stdio", &format!("localhost:{port}")], Stdio::piped(), Stdio::piped());
    running.child.stdin.take().unwrap().write_all(b"ping").unwrap();
    let mut said = Vec::new();
    running.child.stdout.take().unwrap().read_to_end(&mut said).unwrap();
    assert_eq!((said.as_slice(), running.ends().code()), (&b"ping"[..], Some(0)));
    assert_eq!(place.notes(), 0);
}

#[test]
fn a_byte_stream_that_the_far_side_ends_says_so_and_fails() {
    let place = place();
    let mut running = Running::start(&place, &["--stdio", &echo().to_string()], Stdio::piped(), Stdio::piped());
    running.child.stdin.as_mut().unwrap().write_all(b"ping").unwrap();
    running.child.stdout.as_mut().unwrap().read_exact(&mut [0; 4]).unwrap();
    place.terminate(&place.session("document=AWS-StartSSHSession"));
    running.until("the forward has ended: closed by the target or by AWS");
    assert_eq!(running.ends().code(), Some(1));
    // Where the question is over and then the answer is, nothing is amiss.
    let port = target(|mut stream| {
        stream.read_exact(&mut [0; 4]).unwrap();
        std::thread::sleep(Duration::from_millis(500));
        stream.write_all(b"pong").unwrap();
    });
    let mut running = Running::start(&place, &["--stdio", &port.to_string()], Stdio::piped(), Stdio::piped());
    running.child.stdin.take().unwrap().write_all(b"ping").unwrap();
    let mut said = Vec::new();
    running.child.stdout.take().unwrap().read_to_end(&mut said).unwrap();
    assert_eq!((said.as_slice(), running.ends().code()), (&b"pong"[..], Some(0)), "{}", running.seen);
}
