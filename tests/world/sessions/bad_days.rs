//! Lines that lose, double, reorder, damage and delay messages, and web sockets that close: nothing is lost and nothing doubled.

use std::sync::Arc;
use std::time::Duration;

use bartizan::ssm::channel::pipe::Ending;
use bartizan::ssm::client::forward;
use bartizan::ssm::client::gateway::{Gateway as _, Purpose, StartRequest};
use bartizan::ssm::client::session::OpenError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{LONG, Stage};

/// Sends bytes through a forward to an echo, on a line with faults.
async fn survives(faults: &str, length: usize) {
    let stage = Stage::faulty(faults).await;
    let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = target.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = target.accept().await.unwrap();
        let (mut from, mut to) = stream.split();
        let _ = tokio::io::copy(&mut from, &mut to).await;
    });
    let session = stage.open(Purpose::Port(port)).await.unwrap();
    let (listener, address) = forward::listen(0).await.unwrap();
    let facts = session.facts.clone();
    let (_closer, sender, receiver) = session.split();
    let activity = Arc::new(forward::Activity::default());
    tokio::spawn(async move { forward::run(&facts, sender, receiver, listener, activity).await });
    let (mut from, mut to) = TcpStream::connect(address).await.unwrap().into_split();
    let mut random = fastrand::Rng::with_seed(5);
    let mut sent = vec![0; length];
    random.fill(&mut sent);
    let copy = sent.clone();
    let writing = tokio::spawn(async move { to.write_all(&copy).await.map(|()| to) });
    let mut received = vec![0; length];
    timeout(LONG, from.read_exact(&mut received)).await.unwrap_or_else(|_| panic!("{faults}: not in time")).unwrap();
    assert!(received == sent, "{faults}: other bytes arrived");
    drop(writing.await.unwrap().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_doubled_and_damaged_messages_are_made_good() {
    survives("drop=30,duplicate=50,corrupt=20", 500_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_and_overtaken_messages_are_put_in_order() {
    survives("delay=20,reorder=200", 300_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strange_messages_are_passed_over() {
    survives("unknown=100,oversize=20,sequence=100,empty=100", 500_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_closed_web_sockets_lose_nothing_of_a_transfer() {
    // Some 4 MB are some 8,000 messages with their acknowledgements.
    survives("close=400", 4_000_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_cut_web_sockets_lose_nothing_of_a_transfer() {
    survives("cut=400", 4_000_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_survives_closed_and_cut_web_sockets() {
    stays_a_shell("close=20").await;
    stays_a_shell("cut=20").await;
}

async fn stays_a_shell(faults: &str) {
    let stage = Stage::faulty(faults).await;
    let mut shell = stage.shell(Purpose::Shell).await;
    shell.until("$ ").await;
    let answer = |number: u32| format!("{number}-{}\r\n", 1000 + number);
    for number in 0..30 {
        shell.types(&format!("echo {number}-$((1000+{number}))\r")).await;
        // Where the line begins is not certain: what is typed before the prompt is echoed before it.
        shell.until(&answer(number)).await;
    }
    let text = String::from_utf8_lossy(&shell.seen).into_owned();
    for number in 0..30 {
        assert_eq!(text.matches(&answer(number)).count(), 1, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_was_forgotten_has_timed_out() {
    let stage = Stage::faulty("close=30,forget").await;
    let mut shell = stage.shell(Purpose::Shell).await;
    shell.until("$ ").await;
    shell.types("seq 1 100000\r").await;
    assert_eq!(shell.ends().await.1, Ending::TimedOut);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_target_holds_its_sender_back_and_loses_nothing() {
    // More than the sockets, the mux and the window hold together would come too early if anything were dropped or doubled.
    survives("slow=1000000", 2_000_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_signature_opens_no_web_socket() {
    let stage = Stage::new().await;
    let dialer = bartizan::ssm::client::dial::Dialer::new(None).unwrap();
    let request = StartRequest { target: super::TARGET.to_owned(), purpose: Purpose::Shell, reason: None };
    let opened = stage.opener.gateway.start(&request).await.unwrap();
    let mut headers = stage.opener.gateway.sign(&opened.stream_url).await.unwrap();
    dialer.dial(&opened.stream_url, headers.clone()).await.unwrap();
    dialer.dial(&opened.stream_url, Vec::new()).await.expect("unsigned, as old clients go");
    for (name, value) in &mut headers {
        if name == "authorization" {
            *value = value.replace("/ssmmessages/", "/ssm/");
        }
    }
    let refused = dialer.dial(&opened.stream_url, headers).await.unwrap_err();
    assert!(refused.contains("403"), "{refused}");
    stage.opener.gateway.terminate(&opened.session_id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_agent_is_given_up_and_its_session_ended() {
    let mut stage = Stage::faulty("silent").await;
    stage.opener.patience = Duration::from_millis(300);
    assert_eq!(stage.open(Purpose::Shell).await.unwrap_err(), OpenError::Silent(Duration::from_millis(300)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_token_does_not_open_a_session() {
    let mut stage = Stage::faulty("token").await;
    stage.opener.patience = Duration::from_secs(2);
    let refused = stage.open(Purpose::Shell).await.unwrap_err();
    let OpenError::Unreachable { problem, .. } = &refused else { panic!("{refused:?}") };
    assert!(problem.contains("web socket was closed"), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reason_of_an_end_at_the_start_is_told() {
    let stage = Stage::faulty("end=RunAs user nobody2 does not exist").await;
    let refused = stage.open(Purpose::Shell).await.unwrap_err();
    assert_eq!(refused, OpenError::Ended(Ending::Closed("RunAs user nobody2 does not exist".to_owned())));
}
