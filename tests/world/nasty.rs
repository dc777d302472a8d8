//! IAM on bad days: late replicas, calls that take effect without an answer, attackers; and what containment does.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_iam::types::StatusType;
use bartizan::emulator::clock::Clock;
use bartizan::emulator::fault::Rule;
use bartizan::emulator::svc::iam::{Attacker, Status};
use bartizan::emulator::{Options, World, in_process};
use jiff::SignedDuration;

use crate::emulated::{ACCOUNT, account, administrator, iam, iam_by, noon, strict, sts};

const EVE: &str = "user-00000";

/// A world whose clock is moved by hand, with changes on their way for ten seconds.
fn slow(replicas: u32, flapping: bool, attacker: Option<Attacker>) -> Arc<World> {
    let propagation = SignedDuration::from_secs(10);
    let options =
        Options { accept_any_credentials: false, speed: 0.0, propagation, replicas, flapping, attacker, ..Options::default() };
    Arc::new(World::new(account(2), Vec::new(), Clock::new(Some(noon()), 0.0), options))
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

async fn new_key(world: &Arc<World>) -> Credentials {
    let made = iam(world).create_access_key().user_name(EVE).send().await.unwrap().access_key.unwrap();
    Credentials::new(made.access_key_id(), made.secret_access_key(), None, None, "test")
}

/// `None`: it works.
async fn refusal(world: &Arc<World>, credentials: &Credentials) -> Option<String> {
    let answer = sts(world, credentials.clone()).get_caller_identity().send().await;
    answer.err().map(|error| error.code().unwrap_or("no code").to_owned())
}

async fn status(world: &Arc<World>, key: &Credentials) -> Option<StatusType> {
    let listed = iam(world).list_access_keys().user_name(EVE).send().await.unwrap();
    listed.access_key_metadata().iter().find(|each| each.access_key_id() == Some(key.access_key_id()))?.status.clone()
}

async fn set(world: &Arc<World>, key: &Credentials, status: StatusType) {
    let update = iam(world).update_access_key().user_name(EVE).access_key_id(key.access_key_id());
    update.status(status).send().await.unwrap();
}

#[tokio::test]
async fn a_new_key_flaps_until_the_bound_and_then_holds() {
    let world = slow(4, true, None);
    let key = new_key(&world).await;
    let mut answers = Vec::new();
    for _ in 0..10 {
        for _ in 0..8 {
            answers.push(refusal(&world, &key).await.is_none());
        }
        world.clock.advance(seconds(1));
    }
    let flapped = answers.windows(2).any(|pair| pair == [true, false]);
    assert!(!answers[0] && flapped, "{answers:?}");
    for _ in 0..40 {
        assert_eq!(refusal(&world, &key).await, None);
    }
}

#[tokio::test]
async fn a_replica_that_has_learnt_of_a_key_knows_it_for_good() {
    let world = slow(4, false, None);
    let key = new_key(&world).await;
    assert_eq!(refusal(&world, &key).await.as_deref(), Some("InvalidClientTokenId"));
    let mut works = false;
    for _ in 0..100 {
        world.clock.advance(SignedDuration::from_millis(100));
        let now = refusal(&world, &key).await.is_none();
        assert!(now || !works);
        works = now;
    }
    assert!(works);
}

#[tokio::test]
async fn what_is_switched_off_or_deleted_opens_until_everybody_knows() {
    let world = slow(1, false, None);
    let key = new_key(&world).await;
    assert_eq!(status(&world, &key).await, None, "lists are late, too");
    world.clock.advance(seconds(10));
    assert_eq!(status(&world, &key).await, Some(StatusType::Active));
    set(&world, &key, StatusType::Inactive).await;
    assert_eq!(refusal(&world, &key).await, None);
    assert_eq!(status(&world, &key).await, Some(StatusType::Active));
    world.clock.advance(seconds(3));
    assert_eq!(status(&world, &key).await, Some(StatusType::Inactive));
    world.clock.advance(seconds(7));
    assert_eq!(refusal(&world, &key).await.as_deref(), Some("InvalidClientTokenId"));
    set(&world, &key, StatusType::Active).await;
    world.clock.advance(seconds(10));
    iam(&world).delete_access_key().user_name(EVE).access_key_id(key.access_key_id()).send().await.unwrap();
    assert_eq!(refusal(&world, &key).await, None);
    world.clock.advance(seconds(10));
    assert_eq!(refusal(&world, &key).await.as_deref(), Some("InvalidClientTokenId"));
}

#[tokio::test]
async fn the_quota_counts_what_no_list_shows_yet() {
    let world = slow(1, false, None);
    new_key(&world).await;
    let third = iam(&world).create_access_key().user_name(EVE).send().await.unwrap_err().into_service_error();
    assert!(third.is_limit_exceeded_exception(), "{third}");
    assert_eq!(third.message(), Some("Cannot exceed quota for AccessKeysPerUser: 2"));
}

#[tokio::test]
async fn an_expired_key_is_listed_and_opens_nothing() {
    let world = strict(account(1), &[]);
    let key = new_key(&world).await;
    world.account().iam.user_mut(EVE).unwrap().keys.last_mut().unwrap().status = Status::Expired;
    assert_eq!(status(&world, &key).await.unwrap().as_str(), "Expired");
    assert_eq!(refusal(&world, &key).await.as_deref(), Some("InvalidClientTokenId"));
    let update = iam(&world).update_access_key().user_name(EVE).access_key_id(key.access_key_id());
    assert_eq!(update.status(StatusType::Active).send().await.unwrap_err().code(), Some("ValidationError"));
}

/// Each of these takes effect once and is no answer: whoever calls again makes a second key.
#[tokio::test]
async fn a_call_can_take_effect_without_an_answer() {
    for fault in ["dropped", "failed", "truncated", "stalled"] {
        let world = strict(account(2), &[&format!("iam:CreateAccessKey={fault},first=1")]);
        let call = iam(&world).create_access_key().user_name("user-00001").send();
        let lost = tokio::time::timeout(std::time::Duration::from_millis(200), call).await;
        match (fault, lost) {
            ("stalled", Err(_)) => {}
            ("dropped", Ok(Err(SdkError::DispatchFailure(error)))) => assert!(error.is_io()),
            ("failed", Ok(Err(error))) => assert_eq!(error.raw_response().unwrap().status().as_u16(), 500),
            ("truncated", Ok(Err(_))) => {}
            (fault, answer) => panic!("{fault}: {answer:?}"),
        }
        assert_eq!(world.account().iam.user("user-00001").unwrap().keys.len(), 1, "{fault}");
        iam(&world).create_access_key().user_name("user-00001").send().await.unwrap();
        assert_eq!(world.account().iam.user("user-00001").unwrap().keys.len(), 2, "{fault}");
    }
}

#[tokio::test]
async fn a_denial_can_be_for_one_user_alone() {
    let world = strict(account(2), &["iam:ListAccessKeys=denied,user=user-00000"]);
    let list = async |credentials: Credentials| {
        let config = iam_by(in_process::client(Arc::clone(&world)), credentials).build();
        aws_sdk_iam::Client::from_conf(config).list_access_keys().user_name(EVE).send().await.err().and_then(|e| code(&e))
    };
    assert_eq!(list(new_key(&world).await).await.as_deref(), Some("AccessDenied"));
    assert_eq!(list(administrator(&world)).await, None);
    assert_eq!(simulated(&world, "iam:ListAccessKeys").await, "implicitDeny");
    assert_eq!(simulated(&world, "iam:CreateAccessKey").await, "allowed");
}

fn code(error: &impl ProvideErrorMetadata) -> Option<String> {
    error.code().map(str::to_owned)
}

async fn simulated(world: &Arc<World>, action: &str) -> String {
    let source = format!("arn:aws:iam::{ACCOUNT}:user/{EVE}");
    let answer = iam(world).simulate_principal_policy().policy_source_arn(source).action_names(action).send().await.unwrap();
    answer.evaluation_results()[0].eval_decision().as_str().to_owned()
}

async fn put(world: &Arc<World>, name: &str, condition: &str) {
    let document =
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"*","Resource":"*"{condition}}}]}}"#);
    iam(world).put_user_policy().user_name(EVE).policy_name(name).policy_document(document).send().await.unwrap();
}

/// Temporary credentials outlive the key that they came from; a revocation ends those made before it.
#[tokio::test]
async fn sessions_live_on_until_they_are_revoked() {
    let world = strict(account(1), &[]);
    let key = new_key(&world).await;
    let session = async || {
        let made = sts(&world, key.clone()).get_session_token().send().await.unwrap().credentials.unwrap();
        Credentials::new(made.access_key_id, made.secret_access_key, Some(made.session_token), None, "test")
    };
    let denied = async |credentials: &Credentials| {
        let config = iam_by(in_process::client(Arc::clone(&world)), credentials.clone()).build();
        let answer = aws_sdk_iam::Client::from_conf(config).get_user().user_name(EVE).send().await;
        answer.err().map(|error| error.message().unwrap_or_default().to_owned())
    };
    let old = session().await;
    world.clock.advance(seconds(60));
    let limit = world.now();
    put(&world, "BartizanRevokeOlderSessions", &format!(r#","Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{limit}"}}}}"#))
        .await;
    let fresh = session().await;
    set(&world, &key, StatusType::Inactive).await;
    assert_eq!(refusal(&world, &key).await.as_deref(), Some("InvalidClientTokenId"));
    assert_eq!(refusal(&world, &old).await, None, "who one is may always be asked");
    assert!(denied(&old).await.unwrap().ends_with("with an explicit deny in an identity-based policy"));
    assert_eq!(denied(&fresh).await, None);
    put(&world, "BartizanDenyAll", "").await;
    assert!(denied(&fresh).await.is_some());
    assert_eq!(simulated(&world, "iam:GetUser").await, "explicitDeny");
}

#[tokio::test]
async fn an_attacker_takes_a_containment_back() {
    let world = slow(1, false, Some(Attacker { times: Some(1), ..Attacker::new(EVE) }));
    let id = world.account().iam.user(EVE).unwrap().keys[0].id.clone();
    let key = Credentials::new(id, "any", None, None, "test");
    set(&world, &key, StatusType::Inactive).await;
    put(&world, "BartizanDenyAll", "").await;
    world.clock.advance(seconds(3));
    assert_eq!(status(&world, &key).await, Some(StatusType::Inactive), "looks contained");
    world.clock.advance(seconds(60));
    assert_eq!(status(&world, &key).await, Some(StatusType::Active), "and was not");
    assert!(iam(&world).list_user_policies().user_name(EVE).send().await.unwrap().policy_names().is_empty());
    set(&world, &key, StatusType::Inactive).await;
    world.clock.advance(seconds(60));
    assert_eq!(status(&world, &key).await, Some(StatusType::Inactive), "the second time it holds");
}

#[tokio::test]
async fn five_of_a_hundred_calls_are_throttled_and_always_the_same() {
    let refused = async || {
        let world = strict(account(1), &[]);
        world.faults.add(Rule::parse("iam:GetUser=throttle,percent=5").unwrap());
        let client = iam(&world);
        let mut refused = Vec::new();
        for number in 0..200 {
            if client.get_user().user_name(EVE).send().await.is_err() {
                refused.push(number);
            }
        }
        refused
    };
    let first = refused().await;
    assert!((2..=25).contains(&first.len()), "{first:?}");
    assert_eq!(first, refused().await);
}

#[tokio::test]
async fn what_is_done_is_in_the_history_with_its_key_and_without_its_secret() {
    let world = strict(account(1), &["iam:DeleteAccessKey=denied"]);
    let key = new_key(&world).await;
    assert_eq!(refusal(&world, &key).await, None);
    let delete = iam(&world).delete_access_key().user_name(EVE).access_key_id(key.access_key_id());
    assert_eq!(delete.send().await.unwrap_err().code(), Some("AccessDenied"));
    assert!(lookup(&world, "EventName", "CreateAccessKey").await.is_empty(), "not yet");
    world.clock.advance(seconds(2));
    let created = &lookup(&world, "EventName", "CreateAccessKey").await[0];
    let event: serde_json::Value = serde_json::from_str(created).unwrap();
    assert_eq!(event["userIdentity"]["accessKeyId"], administrator(&world).access_key_id());
    assert_eq!(event["requestParameters"]["userName"], EVE);
    assert_eq!(event["responseElements"]["accessKey"]["accessKeyId"], key.access_key_id());
    assert!(event["userAgent"].as_str().unwrap().contains("aws-sdk-rust"), "{event}");
    assert!(!created.contains(key.secret_access_key()));
    let used = lookup(&world, "AccessKeyId", key.access_key_id()).await;
    assert!(used.len() == 1 && used[0].contains("GetCallerIdentity"), "{used:?}");
    let denied = &lookup(&world, "EventName", "DeleteAccessKey").await[0];
    assert!(denied.contains(r#""errorCode":"AccessDenied""#), "{denied}");
    assert_eq!(lookup(&world, "ResourceName", key.access_key_id()).await.len(), 2);
}

async fn lookup(world: &Arc<World>, key: &str, value: &str) -> Vec<String> {
    world.account().cloudtrail.rate = None;
    let config = aws_sdk_cloudtrail::Config::builder()
        .behavior_version(aws_sdk_cloudtrail::config::BehaviorVersion::latest())
        .region(aws_sdk_cloudtrail::config::Region::new("us-east-1"))
        .credentials_provider(administrator(world))
        .http_client(in_process::client(Arc::clone(world)))
        .build();
    let attribute = aws_sdk_cloudtrail::types::LookupAttribute::builder().attribute_key(key.into()).attribute_value(value);
    let lookup = aws_sdk_cloudtrail::Client::from_conf(config).lookup_events().lookup_attributes(attribute.build().unwrap());
    let found = lookup.into_paginator().page_size(1).items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
    found.into_iter().filter_map(|event| event.cloud_trail_event).collect()
}
