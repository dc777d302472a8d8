//! The embedded AWS on a loopback socket, by the SDK's own HTTP client and by hand.

use std::net::SocketAddr;
use std::sync::Arc;

use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use bartizan::emulator::{World, listen};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use crate::emulated::{account, administrator, iam_by, strict};

async fn serve(world: &Arc<World>) -> (listen::Server, CancellationToken) {
    let shutdown = CancellationToken::new();
    let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let server = listen::serve(address, Arc::clone(world), shutdown.clone()).await.unwrap();
    (server, shutdown)
}

fn client(world: &World, server: &listen::Server) -> aws_sdk_iam::Client {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = iam_by(http, administrator(world)).endpoint_url(format!("http://{}", server.address)).build();
    aws_sdk_iam::Client::from_conf(config)
}

#[tokio::test]
async fn a_signed_call_over_a_socket_is_answered() {
    let world = strict(account(120), &[]);
    let (server, shutdown) = serve(&world).await;
    let users: Vec<_> =
        client(&world, &server).list_users().into_paginator().items().send().collect::<Result<_, _>>().await.unwrap();
    assert_eq!(users.len(), 121);
    shutdown.cancel();
    server.ended().await;
}

#[tokio::test]
async fn only_loopback_is_served() {
    for address in ["0.0.0.0:0", "192.0.2.1:4599", "[::]:0"] {
        let refused =
            listen::serve(address.parse().unwrap(), strict(account(0), &[]), CancellationToken::new()).await.unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput, "{address}");
        assert!(refused.to_string().contains("loopback only"), "{refused}");
    }
}

#[tokio::test]
async fn an_unsigned_request_is_refused_in_awss_words() {
    let world = strict(account(0), &[]);
    let (server, _shutdown) = serve(&world).await;
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let body = "Action=ListUsers&Version=2010-05-08";
    let request = format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
    assert!(answer.contains("<Code>MissingAuthenticationToken</Code>"), "{answer}");
    for header in ["date: ", "x-amzn-requestid: ", "content-type: text/xml"] {
        assert!(answer.contains(header), "{answer}");
    }
}

#[tokio::test]
async fn resets_and_halves_come_over_the_socket() {
    for fault in ["*=reset", "*=truncated"] {
        let world = strict(account(20), &[fault]);
        let (server, _shutdown) = serve(&world).await;
        let error = client(&world, &server).list_users().send().await.unwrap_err();
        assert_eq!(error.code(), None, "{fault}");
        assert!(!matches!(error, SdkError::ServiceError(_)), "{fault}: {error:?}");
    }
}

#[tokio::test]
async fn a_hanging_call_does_not_hold_up_the_end() {
    let world = strict(account(0), &["*=hang"]);
    let (server, shutdown) = serve(&world).await;
    let call = tokio::spawn(client(&world, &server).list_users().send());
    while world.requests() == 0 {
        tokio::task::yield_now().await;
    }
    shutdown.cancel();
    server.ended().await;
    assert!(call.await.unwrap().is_err());
}
