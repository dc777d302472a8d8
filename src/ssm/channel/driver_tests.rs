//! The driver over web sockets that are made up: what it does when nothing is heard, and for how long. Its intervals are short here.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::channel::mpsc;
use futures::{Sink, SinkExt, Stream, StreamExt};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::driver::{Driver, Temper};
use super::link::{Connector, NoLink, Plain};
use super::pipe::{Ending, Receiver, Sender, State, pipe};
use super::{Channel, Settings, Side};
use crate::ssm::wire::{MessageType, PayloadType};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// A client's ways, made quick.
fn quick() -> Temper {
    Temper {
        ping: Duration::from_millis(50),
        unanswered: Duration::from_millis(200),
        gives_up: Some(Duration::from_secs(1)),
        longest_wait: Duration::from_millis(10),
        ..Temper::client(1)
    }
}

/// One end of a made-up web socket.
struct End {
    to: mpsc::Sender<Message>,
    from: mpsc::Receiver<Message>,
}

impl Stream for End {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.from.poll_next_unpin(context).map(|message| message.map(Ok))
    }
}

impl Sink<Message> for End {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.to.poll_ready(context).map_err(|_| Error::AlreadyClosed)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.to.start_send(message).map_err(|_| Error::AlreadyClosed)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.to.poll_flush_unpin(context).map_err(|_| Error::AlreadyClosed)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.to.poll_close_unpin(context).map_err(|_| Error::AlreadyClosed)
    }
}

fn web_socket() -> (End, End) {
    let ((to, from), (back, forth)) = (mpsc::channel(4), mpsc::channel(4));
    (End { to, from: forth }, End { to: back, from })
}

/// Hands out the web sockets that a test gives it; says "later" when there is none.
struct Given(tokio::sync::mpsc::Receiver<End>, bool);

impl Connector for Given {
    type Link = End;

    async fn connect(&mut self) -> Result<End, NoLink> {
        if self.1 {
            return self.0.recv().await.ok_or(NoLink::Gone);
        }
        self.0.try_recv().map_err(|_| NoLink::Later("no network".to_owned()))
    }
}

/// A running end of a channel, and where its web sockets go in.
struct Running {
    sockets: tokio::sync::mpsc::Sender<End>,
    sender: Sender,
    receiver: Receiver,
}

fn run(side: Side, temper: Temper) -> Running {
    let (end, sender, receiver) = pipe();
    let (sockets, given) = tokio::sync::mpsc::channel(4);
    let settings = if side == Side::Client { Settings::CLIENT } else { Settings::AGENT };
    let channel = Channel::new(side, settings, [7; 16], 1_700_000_000_000);
    tokio::spawn(Driver::new(channel, Given(given, side == Side::Agent), Plain, temper, end).run());
    Running { sockets, sender, receiver }
}

async fn state(sender: &Sender, wanted: impl FnMut(&State) -> bool) -> State {
    timeout(LONG, sender.state().wait_for(wanted)).await.expect("in time").expect("it runs").clone()
}

/// Web sockets on which something is said, or nothing, before they are closed.
struct Closing {
    opened: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    says: fn(&mut Channel) -> Option<Bytes>,
    far: Channel,
}

impl Connector for Closing {
    type Link = End;

    async fn connect(&mut self) -> Result<End, NoLink> {
        self.opened.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (near, mut far) = web_socket();
        self.far.connected(Duration::ZERO);
        if let Some(frame) = (self.says)(&mut self.far) {
            far.send(Message::Binary(frame)).await.map_err(|error| NoLink::Later(error.to_string()))?;
        }
        far.send(Message::Pong(Bytes::new())).await.map_err(|error| NoLink::Later(error.to_string()))?;
        self.far.disconnected();
        Ok(near)
    }
}

/// How often a client opens them in three seconds, and whether it says after the first that it is connected.
async fn opened(says: fn(&mut Channel) -> Option<Bytes>) -> (usize, bool) {
    let (end, sender, mut receiver) = pipe();
    let opened = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
    let far = Channel::new(Side::Agent, Settings::AGENT, [9; 16], 1_700_000_000_000);
    let connector = Closing { opened: std::sync::Arc::clone(&opened), says, far };
    let channel = Channel::new(Side::Client, Settings::CLIENT, [7; 16], 1_700_000_000_000);
    tokio::spawn(Driver::new(channel, connector, Plain, Temper::client(1), end).run());
    let taking = tokio::spawn(async move { while receiver.receive().await.is_some() {} });
    state(&sender, |state| matches!(state, State::Reconnecting { .. })).await;
    let again =
        timeout(Duration::from_secs(3), async { sender.state().wait_for(|state| *state == State::Connected).await.is_ok() });
    let is_told = again.await.unwrap_or(false);
    if is_told {
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    sender.leave();
    timeout(LONG, taking).await.unwrap().unwrap();
    (opened.load(std::sync::atomic::Ordering::Relaxed), is_told)
}

#[tokio::test]
async fn web_sockets_that_close_at_once_are_opened_less_and_less_often() {
    let old: fn(&mut Channel) -> Option<Bytes> = |far| {
        // The same message each time: it is news once.
        let _once = far.send(Duration::ZERO, PayloadType::Output, hello());
        let frame = far.transmit(Duration::ZERO);
        *far = Channel::new(Side::Agent, Settings::AGENT, [9; 16], 1_700_000_000_000);
        frame
    };
    let control: fn(&mut Channel) -> Option<Bytes> = |far| {
        far.send_control(Duration::ZERO, MessageType::StartPublication, Bytes::new());
        far.transmit(Duration::ZERO)
    };
    for says in [|_: &mut Channel| None, control, old] {
        let (times, is_told) = opened(says).await;
        assert!((2..=12).contains(&times), "{times} times in three seconds");
        assert!(!is_told, "nothing has come through, and it says that it is connected again");
    }
}

#[tokio::test]
async fn web_sockets_that_carry_something_are_opened_again_soon_and_not_at_once() {
    let (times, _) = opened(|far| {
        far.send(Duration::ZERO, PayloadType::Output, hello()).ok()?;
        (0..).map_while(|_| far.transmit(Duration::ZERO)).last()
    })
    .await;
    assert!((15..=200).contains(&times), "{times} times in three seconds, or six");
}

#[tokio::test]
async fn web_sockets_that_close_at_once_are_not_opened_for_ever() {
    let (end, sender, _receiver) = pipe();
    let far = Channel::new(Side::Agent, Settings::AGENT, [9; 16], 1_700_000_000_000);
    let connector = Closing { opened: Default::default(), says: |_| None, far };
    let channel = Channel::new(Side::Client, Settings::CLIENT, [7; 16], 1_700_000_000_000);
    let temper = Temper { budget: Duration::from_millis(300), ..quick() };
    tokio::spawn(Driver::new(channel, connector, Plain, temper, end).run());
    let ending = timeout(LONG, sender.ending()).await.unwrap();
    assert!(matches!(&ending, Ending::Failed(words) if words.contains("web socket")), "{ending:?}");
}

fn hello() -> Bytes {
    Bytes::from_static(b"hello")
}

#[tokio::test]
async fn what_was_said_without_a_network_arrives_when_it_is_back() {
    let mut client = run(Side::Client, Temper { ping: LONG, ..quick() });
    let mut agent = run(Side::Agent, Temper::agent(LONG));
    client.sender.send(PayloadType::Output, hello()).await.unwrap();
    // More attempts than the official client makes.
    state(&client.sender, |state| matches!(state, State::Reconnecting { attempts: 20.., .. })).await;
    let (near, far) = web_socket();
    client.sockets.send(near).await.unwrap();
    agent.sockets.send(far).await.unwrap();
    let received = timeout(LONG, agent.receiver.receive()).await.unwrap();
    assert_eq!(received, Some((PayloadType::Output, hello())));
    assert!(client.sender.drained(LONG).await);
    agent.sender.send(PayloadType::Output, hello()).await.unwrap();
    assert_eq!(timeout(LONG, client.receiver.receive()).await.unwrap(), Some((PayloadType::Output, hello())));
}

#[tokio::test]
async fn what_arrives_with_the_end_of_a_web_socket_is_handed_out_without_another() {
    let client = run(Side::Client, Temper { ping: LONG, ..quick() });
    let (near, mut far) = web_socket();
    client.sockets.send(near).await.unwrap();
    client.sender.send(PayloadType::Flag, hello()).await.unwrap();
    let frame = timeout(LONG, far.next()).await.unwrap().unwrap().unwrap();
    let mut agent = run(Side::Agent, Temper::agent(LONG));
    let (near, mut far) = web_socket();
    // As of a client that says it goes, and goes.
    far.send(frame).await.unwrap();
    drop(far);
    agent.sockets.send(near).await.unwrap();
    assert_eq!(timeout(LONG, agent.receiver.receive()).await.unwrap(), Some((PayloadType::Flag, hello())));
}

#[tokio::test]
async fn the_network_may_stay_away_for_long_and_not_for_ever() {
    assert!(Temper::client(1).budget >= Duration::from_mins(10));
    let client = run(Side::Client, Temper { budget: Duration::from_millis(300), ..quick() });
    let ending = timeout(LONG, client.sender.ending()).await.unwrap();
    assert!(matches!(ending, Ending::TimedOut | Ending::Failed(_)), "{ending:?}");
}

#[tokio::test]
async fn a_target_that_has_gone_is_told_and_given_up_later() {
    let (told, ends) = (Temper::client(1).unanswered, Temper::client(1).gives_up);
    assert_eq!((told, ends), (Duration::from_secs(10), Some(Duration::from_mins(5))));
    let client = run(Side::Client, quick());
    let (near, mut far) = web_socket();
    client.sockets.send(near).await.unwrap();
    state(&client.sender, |state| *state == State::Connected).await;
    client.sender.send(PayloadType::Output, hello()).await.unwrap();
    // The relay is there: it takes everything and answers pings. The target behind it is not.
    tokio::spawn(async move {
        while let Some(Ok(message)) = far.next().await {
            if let Message::Ping(payload) = message
                && far.send(Message::Pong(payload)).await.is_err()
            {
                return;
            }
        }
    });
    state(&client.sender, |state| matches!(state, State::Unanswered(_))).await;
    let ending = timeout(LONG, client.sender.ending()).await.unwrap();
    assert!(matches!(&ending, Ending::Failed(words) if words.contains("acknowledged nothing")), "{ending:?}");
}

#[tokio::test]
async fn a_client_that_does_not_listen_gives_nobody_up() {
    let mut client = run(Side::Client, Temper { ping: LONG, unanswered: LONG, ..quick() });
    let agent = run(Side::Agent, Temper::agent(LONG));
    let (near, far) = web_socket();
    client.sockets.send(near).await.unwrap();
    agent.sockets.send(far).await.unwrap();
    // More than the client takes in unread: what it says itself is acknowledged behind all that.
    let flood = Bytes::from(vec![7; 1000]);
    let flooding = tokio::spawn(async move {
        for _ in 0..1000 {
            agent.sender.send(PayloadType::Output, flood.clone()).await.unwrap();
        }
        agent
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    client.sender.send(PayloadType::Output, hello()).await.unwrap();
    tokio::time::sleep(quick().gives_up.unwrap() * 2).await;
    for _ in 0..1000 {
        timeout(LONG, client.receiver.receive()).await.unwrap().expect("the session goes on");
    }
    let _agent = flooding.await.unwrap();
    assert!(client.sender.drained(LONG).await);
    assert_eq!(*client.sender.state().borrow(), State::Connected);
}

#[tokio::test]
async fn a_dead_web_socket_is_noticed_by_its_silence_and_replaced() {
    let mut client = run(Side::Client, Temper { ping: Duration::from_secs(2), ..quick() });
    // Nobody reads or closes it, as behind a proxy that has forgotten the connection.
    let (near, _dead) = web_socket();
    client.sockets.send(near).await.unwrap();
    state(&client.sender, |state| *state == State::Connected).await;
    state(&client.sender, |state| matches!(state, State::Reconnecting { .. })).await;
    let agent = run(Side::Agent, Temper::agent(LONG));
    let (near, far) = web_socket();
    client.sockets.send(near).await.unwrap();
    agent.sockets.send(far).await.unwrap();
    agent.sender.send(PayloadType::Output, hello()).await.unwrap();
    assert_eq!(timeout(LONG, client.receiver.receive()).await.unwrap(), Some((PayloadType::Output, hello())));
}

#[tokio::test]
async fn a_session_in_which_nobody_speaks_stays_while_pings_are_answered() {
    let client = run(Side::Client, Temper { ping: Duration::from_secs(1), ..quick() });
    let (near, mut far) = web_socket();
    client.sockets.send(near).await.unwrap();
    for _ in 0..4 {
        let ping = timeout(LONG, far.next()).await.unwrap();
        let Some(Ok(Message::Ping(payload))) = ping else { panic!("{ping:?}") };
        far.send(Message::Pong(payload)).await.unwrap();
    }
    assert_eq!(*client.sender.state().borrow(), State::Connected);
}

#[tokio::test]
async fn a_session_without_data_counts_as_idle() {
    let agent = run(Side::Agent, Temper::agent(LONG));
    let begun = Instant::now();
    agent.sender.send(PayloadType::Output, hello()).await.unwrap();
    agent.sender.idle(Duration::from_millis(300)).await;
    assert!(begun.elapsed() >= Duration::from_millis(300));
}
