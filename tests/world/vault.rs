//! The real clients of Secrets Manager and KMS on the embedded AWS.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_sdk_kms::primitives::Blob;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use bartizan::emulator::{World, in_process};

use crate::emulated::{account, administrator, strict};

/// The SDK as it comes: three attempts.
fn config(world: &Arc<World>, region: &'static str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(administrator(world)))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .http_client(in_process::client(Arc::clone(world)))
        .build()
}

/// What `CreateAccessKey` lacks, Secrets Manager has: a token that makes a repeated call the same call.
#[tokio::test]
async fn a_value_whose_answer_is_lost_is_put_once() {
    for fault in ["dropped", "failed", "truncated"] {
        let world = strict(account(0), &[&format!("secretsmanager:PutSecretValue={fault},first=1")]);
        let client = aws_sdk_secretsmanager::Client::new(&config(&world, "us-east-1"));
        client.create_secret().name("team/ada").secret_string("old").send().await.unwrap();
        let put = client.put_secret_value().secret_id("team/ada").secret_string("new").version_stages("AWSPENDING");
        put.send().await.unwrap();
        assert_eq!(world.calls()["secretsmanager:PutSecretValue"], 2, "{fault}");
        let versions = client.list_secret_version_ids().secret_id("team/ada").include_deprecated(true).send().await.unwrap();
        assert_eq!(versions.versions().len(), 2, "{fault}");
        let read = async |stage: &str| {
            let value = client.get_secret_value().secret_id("team/ada").version_stage(stage).send().await.unwrap();
            value.secret_string.unwrap()
        };
        assert_eq!((read("AWSCURRENT").await, read("AWSPENDING").await), ("old".into(), "new".into()));
    }
}

#[tokio::test]
async fn secrets_stay_in_their_region_and_out_of_the_history() {
    let world = strict(account(0), &[]);
    let client = aws_sdk_secretsmanager::Client::new(&config(&world, "us-east-1"));
    let made = client.create_secret().name("team/ada").secret_string("hunter2").send().await.unwrap();
    let elsewhere = aws_sdk_secretsmanager::Client::new(&config(&world, "eu-west-1"));
    let refused = elsewhere.get_secret_value().secret_id(made.arn().unwrap()).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("ResourceNotFoundException"));
    world.clock.advance(jiff::SignedDuration::from_secs(5));
    let trail = aws_sdk_cloudtrail::Client::new(&config(&world, "us-east-1"));
    let events = trail.lookup_events().send().await.unwrap().events.unwrap();
    assert_eq!(events[0].event_name(), Some("CreateSecret"));
    assert!(!events[0].cloud_trail_event().unwrap().contains("hunter2"));
    assert!(!format!("{:?}", world.account().secretsmanager).contains("hunter2"));
}

#[tokio::test]
async fn a_data_key_is_bound_to_its_context_and_region() {
    let world = strict(account(0), &[]);
    let kms = aws_sdk_kms::Client::new(&config(&world, "us-east-1"));
    let made = kms.generate_data_key().key_id("alias/sessions").number_of_bytes(64);
    let made = made.encryption_context("aws:ssm:SessionId", "one").send().await.unwrap();
    let blob = Blob::new(made.ciphertext_blob.unwrap().into_inner());
    let open = async |kms: &aws_sdk_kms::Client, session: &str| {
        kms.decrypt().ciphertext_blob(blob.clone()).encryption_context("aws:ssm:SessionId", session).send().await
    };
    assert_eq!(open(&kms, "one").await.unwrap().plaintext, made.plaintext);
    assert!(open(&kms, "two").await.unwrap_err().into_service_error().is_invalid_ciphertext_exception());
    let elsewhere = aws_sdk_kms::Client::new(&config(&world, "eu-west-1"));
    assert!(open(&elsewhere, "one").await.is_err());
    // Outside requests, as the agent does it.
    let handle = world.account().kms.clone();
    let context = [("aws:ssm:SessionId".to_owned(), "one".to_owned())].into();
    let opened = handle.decrypt("us-east-1", blob.as_ref(), &context, made.key_id.as_deref()).unwrap();
    assert_eq!(opened.plain, made.plaintext.unwrap().into_inner());
    handle.set_enabled(&opened.key, false);
    assert!(open(&kms, "one").await.unwrap_err().into_service_error().is_disabled_exception());
}
