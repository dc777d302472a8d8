//! Habits of the official client that ours does not have. The client itself is tried by `tests/conformance --only plugin`.

use std::time::Duration;

use bartizan::ssm::client::dial::Dialled;
use bartizan::ssm::client::gateway::{Gateway as _, Opened, Purpose, StartRequest};
use bartizan::ssm::wire::payload::{ChannelClosed, OpenDataChannel};
use bartizan::ssm::wire::{Frame, MessageType};
use futures::{SinkExt, StreamExt};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::{LONG, Stage, TARGET};

/// Starts a session that nobody is connected to yet.
async fn start(stage: &Stage, purpose: Purpose) -> Opened {
    let request = StartRequest { target: TARGET.to_owned(), purpose, reason: None };
    stage.opener.gateway.start(&request).await.unwrap()
}

async fn dial(stage: &Stage, opened: &Opened) -> Dialled {
    stage.opener.dialer.dial(&opened.stream_url, Vec::new()).await.unwrap().0
}

fn token(opened: &Opened) -> Message {
    let open = OpenDataChannel {
        message_schema_version: "1.0".to_owned(),
        request_id: "00112233-4455-6677-8899-aabbccddeeff".to_owned(),
        token_value: opened.token.expose_secret().to_owned(),
        client_id: "00112233-4455-6677-8899-aabbccddeeff".to_owned(),
        client_version: None,
    };
    Message::Text(open.encode().into())
}

/// The next message of the agent.
async fn next(socket: &mut Dialled) -> Frame {
    loop {
        match timeout(LONG, socket.next()).await.expect("in time").expect("an open web socket").unwrap() {
            Message::Binary(frame) => return Frame::decode(&frame).unwrap(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ping_may_come_before_the_token() {
    let stage = Stage::new().await;
    let opened = start(&stage, Purpose::Shell).await;
    let mut socket = dial(&stage, &opened).await;
    // The official client's first ping races with its token.
    socket.send(Message::Ping("keepalive".into())).await.unwrap();
    socket.send(token(&opened)).await.unwrap();
    assert_eq!(next(&mut socket).await.message_type, MessageType::OutputStreamData);
    stage.opener.gateway.terminate(&opened.session_id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_comes_after_the_end_is_told_why_there_is_no_session() {
    let stage = Stage::new().await;
    let opened = start(&stage, Purpose::RemotePort("169.254.169.254".to_owned(), 80)).await;
    // The AWS CLI starts the official client some time after the session; here the session has ended for certain.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut socket = dial(&stage, &opened).await;
    socket.send(token(&opened)).await.unwrap();
    let frame = next(&mut socket).await;
    assert_eq!(frame.message_type, MessageType::ChannelClosed);
    let closed = ChannelClosed::decode(&frame.payload);
    assert!(closed.output.contains("forbidden"), "{closed:?}");
}
