//! Systems Manager of the embedded AWS, by the real SDK.

use aws_sdk_ssm::error::ProvideErrorMetadata as _;
use aws_sdk_ssm::types::{
    ConnectionStatus, InstanceInformationStringFilter, PingStatus, SessionFilter, SessionFilterKey, SessionState, SessionStatus,
};

use super::scenes::{scene, ssm};

const HOME: &str = "us-east-1";
const BASTION: &str = "i-0b22a22eec53b9321";

#[tokio::test]
async fn nodes_of_every_kind_are_listed_in_pages() {
    let world = scene("incident");
    let client = ssm(&world, HOME);
    let nodes = client.describe_instance_information().into_paginator().page_size(5).items().send();
    let nodes = nodes.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(nodes.len(), 10);
    for ping in [PingStatus::Online, PingStatus::ConnectionLost, PingStatus::Inactive] {
        assert!(nodes.iter().any(|node| node.ping_status() == Some(&ping)), "{ping:?}");
    }
    assert!(nodes.iter().any(|node| node.instance_id().unwrap().starts_with("mi-") && node.name().is_some()));
    let filter = InstanceInformationStringFilter::builder().key("PingStatus").values("Online").build().unwrap();
    let online = client.describe_instance_information().filters(filter).max_results(50).send().await.unwrap();
    assert_eq!(online.instance_information_list().len(), 6);
    let wrong = InstanceInformationStringFilter::builder().key("Nonsense").values("x").build().unwrap();
    let refused = client.describe_instance_information().filters(wrong).send().await.unwrap_err();
    assert!(refused.into_service_error().is_invalid_filter_key());
    assert_eq!(
        client.describe_instance_information().max_results(4).send().await.unwrap_err().code(),
        Some("ValidationException")
    );
}

#[tokio::test]
async fn a_session_ends_and_becomes_history() {
    let world = scene("incident");
    let client = ssm(&world, HOME);
    let active = client.describe_sessions().state(SessionState::Active).send().await.unwrap();
    assert_eq!(active.sessions().len(), 2);
    let strange = active.sessions().iter().find(|session| session.owner().unwrap().ends_with("backup-svc")).unwrap();
    assert!(strange.reason().unwrap().contains('\u{200b}'));
    assert_eq!(strange.target(), Some(BASTION));
    let before = client.describe_sessions().state(SessionState::History).send().await.unwrap().sessions().len();
    client.terminate_session().session_id(strange.session_id().unwrap()).send().await.unwrap();
    let history = client.describe_sessions().state(SessionState::History).send().await.unwrap();
    assert_eq!(history.sessions().len(), before + 1);
    let ended = history.sessions().iter().find(|session| session.session_id() == strange.session_id()).unwrap();
    assert_eq!(ended.status(), Some(&SessionStatus::Terminated));
    assert!(ended.end_date().is_some());
}

#[tokio::test]
async fn sessions_are_filtered() {
    let world = scene("incident");
    let client = ssm(&world, HOME);
    let filter = |key, value: &str| SessionFilter::builder().key(key).value(value).build().unwrap();
    let of = |filter| client.describe_sessions().state(SessionState::History).filters(filter).send();
    assert_eq!(of(filter(SessionFilterKey::TargetId, BASTION)).await.unwrap().sessions().len(), 1);
    assert_eq!(of(filter(SessionFilterKey::InvokedAfter, "2026-11-20T00:00:00Z")).await.unwrap().sessions().len(), 2);
    assert_eq!(of(filter(SessionFilterKey::Owner, "mikko.virtanen")).await.unwrap().sessions().len(), 2);
    assert!(of(filter(SessionFilterKey::InvokedAfter, "lately")).await.is_err());
}

#[tokio::test]
async fn connections_and_documents() {
    let world = scene("incident");
    let client = ssm(&world, HOME);
    for (target, status) in [(BASTION, ConnectionStatus::Connected), ("i-00000000000000000", ConnectionStatus::NotConnected)] {
        let answer = client.get_connection_status().target(target).send().await.unwrap();
        assert_eq!(answer.status(), Some(&status));
    }
    let name = "SSM-SessionManagerRunShell";
    let document = client.get_document().name(name).send().await.unwrap();
    assert!(document.content().unwrap().contains("Standard_Stream"));
    let absent = ssm(&world, "eu-west-1").get_document().name(name).send().await.unwrap_err();
    assert!(absent.into_service_error().is_invalid_document());
}
