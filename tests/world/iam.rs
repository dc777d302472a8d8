//! The real IAM and STS clients on the embedded AWS, in process.

use std::sync::Arc;

use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_sdk_iam::types::{ReportStateType, StatusType};
use jiff::SignedDuration;

use crate::emulated::{ACCOUNT, account, administrator, iam, strict, sts};

#[tokio::test]
async fn ten_thousand_users_are_complete_through_the_sdks_paginator() {
    let world = strict(account(10_000), &[]);
    let pages = iam(&world).list_users().into_paginator().page_size(1000).items().send();
    let users: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
    assert_eq!(users.len(), 10_001);
    assert!(users.windows(2).all(|pair| pair[0].user_name() < pair[1].user_name()), "each once, in order");
    assert_eq!(world.calls()["iam:ListUsers"], 11);
}

#[tokio::test]
async fn pages_have_a_hundred_entries_and_markers_are_not_guessable() {
    let world = strict(account(250), &[]);
    let client = iam(&world);
    let first = client.list_users().send().await.unwrap();
    assert_eq!((first.users().len(), first.is_truncated()), (100, true));
    let marker = first.marker().unwrap();
    let last = client.list_users().marker(marker).max_items(1000).send().await.unwrap();
    assert_eq!((last.users().len(), last.is_truncated(), last.marker()), (151, false, None));
    for marker in ["100", "garbage", &marker[1..]] {
        let refused = client.list_users().marker(marker).send().await.unwrap_err();
        assert_eq!(refused.code(), Some("ValidationError"), "{marker}");
    }
    let elsewhere = client.list_roles().marker(marker).send().await.unwrap_err();
    assert_eq!(elsewhere.code(), Some("ValidationError"));
    for most in [0, 1001] {
        let refused = client.list_users().max_items(most).send().await.unwrap_err();
        assert_eq!(refused.code(), Some("ValidationError"), "{most}");
        assert!(refused.message().unwrap().contains("at 'maxItems' failed to satisfy constraint"));
    }
}

#[tokio::test]
async fn a_third_key_is_refused_and_a_switched_off_one_does_not_open() {
    let world = strict(account(4), &[]);
    let client = iam(&world);
    let made = client.create_access_key().user_name("user-00001").send().await.unwrap().access_key.unwrap();
    assert_eq!(made.secret_access_key().len(), 40);
    client.create_access_key().user_name("user-00001").send().await.unwrap();
    let third = client.create_access_key().user_name("user-00001").send().await.unwrap_err().into_service_error();
    assert!(third.is_limit_exceeded_exception(), "{third}");

    let credentials = aws_credential_types::Credentials::new(made.access_key_id(), made.secret_access_key(), None, None, "test");
    let who = sts(&world, credentials.clone()).get_caller_identity().send().await.unwrap();
    assert_eq!(who.arn(), Some(format!("arn:aws:iam::{ACCOUNT}:user/user-00001").as_str()));
    let used = client.get_access_key_last_used().access_key_id(made.access_key_id()).send().await.unwrap();
    let last = used.access_key_last_used().unwrap();
    assert_eq!((used.user_name(), last.service_name(), last.region()), (Some("user-00001"), "sts", "us-east-1"));

    let switch = client.update_access_key().user_name("user-00001").access_key_id(made.access_key_id());
    switch.status(StatusType::Inactive).send().await.unwrap();
    let refused = sts(&world, credentials).get_caller_identity().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidClientTokenId"));
    client.delete_access_key().user_name("user-00001").access_key_id(made.access_key_id()).send().await.unwrap();
    let left = client.list_access_keys().user_name("user-00001").send().await.unwrap();
    assert_eq!(left.access_key_metadata().len(), 1);
}

#[tokio::test]
async fn a_new_key_opens_only_when_it_is_known_everywhere() {
    let mut slow = account(1);
    slow.iam.propagation = SignedDuration::from_secs(8);
    let world = strict(slow, &[]);
    let made = iam(&world).create_access_key().send().await.unwrap().access_key.unwrap();
    let credentials = aws_credential_types::Credentials::new(made.access_key_id(), made.secret_access_key(), None, None, "test");
    let early = sts(&world, credentials.clone()).get_caller_identity().send().await.unwrap_err();
    assert_eq!(early.code(), Some("InvalidClientTokenId"));
    world.clock.advance(SignedDuration::from_secs(8));
    sts(&world, credentials).get_caller_identity().send().await.unwrap();
}

#[tokio::test]
async fn a_key_that_was_never_used_has_no_date() {
    let world = strict(account(1), &[]);
    let client = iam(&world);
    let key = client.list_access_keys().user_name("user-00000").send().await.unwrap();
    let id = key.access_key_metadata()[0].access_key_id().unwrap();
    let used = client.get_access_key_last_used().access_key_id(id).send().await.unwrap();
    let last = used.access_key_last_used().unwrap();
    assert_eq!((last.last_used_date(), last.service_name(), last.region()), (None, "N/A", "N/A"));
}

#[tokio::test]
async fn the_wrong_secret_and_an_unknown_key_are_told_apart() {
    let world = strict(account(0), &[]);
    let right = administrator(&world);
    let wrong = aws_credential_types::Credentials::new(right.access_key_id(), "wrong", None, None, "test");
    let refused = sts(&world, wrong).get_caller_identity().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("SignatureDoesNotMatch"));
    let unknown = aws_credential_types::Credentials::new("AKIAIOSFODNN7EXAMPLE", "any", None, None, "test");
    let refused = sts(&world, unknown).get_caller_identity().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidClientTokenId"));
}

#[tokio::test]
async fn the_credential_report_is_made_kept_and_gets_old() {
    let world = strict(account(12), &[]);
    let client = iam(&world);
    let absent = client.get_credential_report().send().await.unwrap_err().into_service_error();
    assert!(absent.is_credential_report_not_present_exception(), "{absent}");
    let state = async || client.generate_credential_report().send().await.unwrap().state.unwrap();
    assert_eq!(state().await, ReportStateType::Started);
    let early = client.get_credential_report().send().await.unwrap_err().into_service_error();
    assert!(early.is_credential_report_not_ready_exception(), "{early}");
    assert_eq!(state().await, ReportStateType::Inprogress);
    assert_eq!(state().await, ReportStateType::Complete);

    let report = client.get_credential_report().send().await.unwrap();
    let text = String::from_utf8(report.content.unwrap().into_inner()).unwrap();
    let mut lines = text.lines();
    let columns = lines.next().unwrap().split(',').count();
    assert_eq!(columns, 22);
    assert!(lines.next().unwrap().starts_with(&format!("<root_account>,arn:aws:iam::{ACCOUNT}:root,")));
    assert_eq!(lines.clone().count(), 13);
    assert!(lines.all(|line| line.split(',').count() == 22), "{text}");

    world.clock.advance(SignedDuration::from_hours(5));
    let old = client.get_credential_report().send().await.unwrap_err().into_service_error();
    assert!(old.is_credential_report_expired_exception(), "{old}");
    assert_eq!(state().await, ReportStateType::Started);
    world.clock.advance(SignedDuration::from_secs(10));
    assert_eq!(state().await, ReportStateType::Complete);
}

#[tokio::test]
async fn temporary_credentials_work_until_they_end() {
    let world = strict(account(0), &[]);
    let assumed = sts(&world, administrator(&world))
        .assume_role()
        .role_arn(format!("arn:aws:iam::{ACCOUNT}:role/watch"))
        .role_session_name("night")
        .send()
        .await
        .unwrap();
    let given = assumed.credentials().unwrap();
    let (id, secret, token) = (given.access_key_id(), given.secret_access_key(), given.session_token());
    let session = aws_credential_types::Credentials::new(id, secret, Some(token.into()), None, "test");
    let who = sts(&world, session.clone()).get_caller_identity().send().await.unwrap();
    assert_eq!(who.arn(), Some(format!("arn:aws:sts::{ACCOUNT}:assumed-role/watch/night").as_str()));
    let without_token = aws_credential_types::Credentials::new(id, secret, None, None, "test");
    let refused = sts(&world, without_token).get_caller_identity().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidClientTokenId"));
    world.clock.advance(SignedDuration::from_hours(2));
    let ended = sts(&world, session).get_caller_identity().send().await.unwrap_err();
    assert_eq!(ended.code(), Some("ExpiredToken"));
}

#[tokio::test]
async fn a_role_that_does_not_trust_the_caller_is_refused_like_one_that_is_not_there() {
    let mut closed = account(0);
    closed.iam.roles.get_mut("watch").unwrap().trust = r#"{"Statement":[]}"#.into();
    let world = strict(closed, &[]);
    let client = sts(&world, administrator(&world));
    for role in ["watch", "nobody"] {
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/{role}");
        let refused = client.assume_role().role_arn(&arn).role_session_name("night").send().await.unwrap_err();
        assert_eq!(refused.code(), Some("AccessDenied"));
        let words =
            format!("User: arn:aws:iam::{ACCOUNT}:user/admin is not authorized to perform: sts:AssumeRole on resource: {arn}");
        assert_eq!(refused.message(), Some(words.as_str()));
    }
    let no_device = client.get_session_token().serial_number(format!("arn:aws:iam::{ACCOUNT}:mfa/x")).token_code("123456");
    assert_eq!(no_device.send().await.unwrap_err().code(), Some("AccessDenied"));
}

#[tokio::test]
async fn a_deferred_account_is_filled_when_it_is_asked_for() {
    let mut small = account(0);
    small.iam.defer(|iam| {
        iam.add_user(bartizan::emulator::svc::iam::User::new("late", "AIDAAAAAAAAAAAAAAAAAA", crate::emulated::noon()));
    });
    let world = strict(small, &[]);
    assert!(world.administrator().is_some(), "the administrator is there at once");
    assert_eq!(iam(&world).list_users().send().await.unwrap().users().len(), 2);
}

#[tokio::test]
async fn writes_are_read_back() {
    let world = strict(account(13), &[]);
    let client = iam(&world);
    let user = "user-00012";
    client.delete_login_profile().user_name(user).send().await.unwrap();
    let gone = client.get_login_profile().user_name(user).send().await.unwrap_err().into_service_error();
    assert!(gone.is_no_such_entity_exception(), "{gone}");

    let device = client.list_mfa_devices().user_name(user).send().await.unwrap().mfa_devices()[0].serial_number().to_owned();
    client.deactivate_mfa_device().user_name(user).serial_number(&device).send().await.unwrap();
    assert!(client.list_mfa_devices().user_name(user).send().await.unwrap().mfa_devices().is_empty());
    let unassigned = client.list_virtual_mfa_devices().assignment_status("Unassigned".into()).send().await.unwrap();
    assert_eq!(unassigned.virtual_mfa_devices()[0].serial_number(), device);

    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
    let put = client.put_user_policy().user_name(user).policy_name("quarantine");
    let refused = put.clone().policy_document("{}").send().await.unwrap_err().into_service_error();
    assert!(refused.is_malformed_policy_document_exception(), "{refused}");
    put.policy_document(document).send().await.unwrap();
    let read = client.get_user_policy().user_name(user).policy_name("quarantine").send().await.unwrap();
    assert!(read.policy_document().starts_with("%7B%22Version%22"), "URL-encoded, as IAM does: {}", read.policy_document());

    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    client.attach_user_policy().user_name(user).policy_arn(arn).send().await.unwrap();
    let attached = client.list_attached_user_policies().user_name(user).send().await.unwrap();
    assert_eq!(attached.attached_policies()[0].policy_name(), Some("ReadOnlyAccess"));
    client.detach_user_policy().user_name(user).policy_arn(arn).send().await.unwrap();
    let twice = client.detach_user_policy().user_name(user).policy_arn(arn).send().await.unwrap_err().into_service_error();
    assert!(twice.is_no_such_entity_exception(), "{twice}");
}

#[tokio::test]
async fn one_world_answers_many_tasks() {
    let world = strict(account(500), &[]);
    let client = Arc::new(iam(&world));
    let calls = (0..200).map(|number| {
        let client = Arc::clone(&client);
        tokio::spawn(async move { client.get_user().user_name(format!("user-{number:05}")).send().await.map(|_| ()) })
    });
    for call in futures::future::join_all(calls).await {
        call.unwrap().unwrap();
    }
    assert_eq!(world.calls()["iam:GetUser"], 200);
}
