//! Every fault reaches the real SDK as the error that AWS's would be.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_iam::operation::list_users::ListUsersError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use bartizan::emulator::in_process;

use crate::emulated::{ACCOUNT, account, administrator, iam, iam_by, strict};

type Refused = SdkError<ListUsersError, HttpResponse>;

async fn list_users(fault: &str) -> Refused {
    iam(&strict(account(3), &[fault])).list_users().send().await.unwrap_err()
}

#[tokio::test]
async fn refusals_have_awss_codes_and_words() {
    assert_eq!(list_users("iam:*=throttle").await.code(), Some("Throttling"));
    assert_eq!(list_users("iam:*=expired").await.code(), Some("ExpiredToken"));
    assert_eq!(list_users("iam:*=disabled").await.code(), Some("InvalidClientTokenId"));
    assert_eq!(list_users("iam:*=skew,seconds=3600").await.code(), Some("SignatureDoesNotMatch"));
    let denied = list_users("iam:*=denied").await;
    assert_eq!(denied.code(), Some("AccessDenied"));
    let words = format!(
        "User: arn:aws:iam::{ACCOUNT}:user/admin is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::{ACCOUNT}:user/ \
         because no identity-based policy allows the iam:ListUsers action"
    );
    assert_eq!(denied.message(), Some(words.as_str()));
}

#[tokio::test]
async fn broken_answers_are_no_service_errors() {
    for (fault, status) in [("*=error", 500), ("*=unavailable", 503)] {
        let error = list_users(fault).await;
        assert_eq!((error.code(), error.raw_response().unwrap().status().as_u16()), (None, status), "{fault}");
    }
    for fault in ["*=malformed", "*=truncated"] {
        assert_eq!(list_users(fault).await.code(), None, "{fault}");
    }
    let SdkError::DispatchFailure(reset) = list_users("*=reset").await else { panic!("a reset is no answer") };
    assert!(reset.is_io());
}

#[tokio::test]
async fn what_hangs_ends_by_the_clients_timeouts() {
    let world = strict(account(0), &["*=hang"]);
    let with = |timeouts: TimeoutConfig| {
        let config = iam_by(in_process::client(Arc::clone(&world)), administrator(&world)).timeout_config(timeouts).build();
        aws_sdk_iam::Client::from_conf(config)
    };
    let short = Duration::from_millis(20);
    let operation = with(TimeoutConfig::builder().operation_timeout(short).build()).list_users().send().await.unwrap_err();
    assert!(matches!(operation, SdkError::TimeoutError(_)), "{operation:?}");
    let read = with(TimeoutConfig::builder().read_timeout(short).build()).list_users().send().await.unwrap_err();
    let SdkError::DispatchFailure(read) = read else { panic!("no answer came") };
    assert!(read.is_timeout());
}

#[tokio::test]
async fn a_storm_that_passes_is_survived_by_the_sdks_retries() {
    let world = strict(account(2), &["iam:ListUsers=throttle,first=2"]);
    let patient = RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(1));
    let config = iam_by(in_process::client(Arc::clone(&world)), administrator(&world)).retry_config(patient).build();
    let users = aws_sdk_iam::Client::from_conf(config).list_users().send().await.unwrap();
    assert_eq!((users.users().len(), world.calls()["iam:ListUsers"]), (3, 3));
}

#[tokio::test]
async fn credentials_can_end_between_two_pages() {
    let world = strict(account(300), &["iam:ListUsers=expired,after=2"]);
    let mut pages = iam(&world).list_users().into_paginator().send();
    assert!(pages.next().await.unwrap().is_ok());
    assert!(pages.next().await.unwrap().is_ok());
    assert_eq!(pages.next().await.unwrap().unwrap_err().code(), Some("ExpiredToken"));
}
