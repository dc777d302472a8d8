//! A provider whose credentials end at once, and an STS that names whom the test says.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use aws_config::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use super::*;

/// The nth credentials are `AKIA0000000000000000n`, and have to be renewed at once.
#[derive(Debug, Default)]
struct Brief(AtomicU32);

impl ProvideCredentials for Brief {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let id = format!("AKIA{:016}", self.0.fetch_add(1, Ordering::Relaxed));
        let end = SystemTime::from(Timestamp::UNIX_EPOCH);
        future::ProvideCredentials::ready(Ok(Credentials::new(id, "secret", None, Some(end), "brief")))
    }
}

/// Answers `GetCallerIdentity` with the user of this name, and keeps which key has signed.
#[derive(Debug, Clone)]
struct Sts {
    names: fn(u32) -> Option<&'static str>,
    asked: Arc<std::sync::Mutex<Vec<u32>>>,
}

impl HttpConnector for Sts {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let signed = request.headers().get("authorization").unwrap_or_default().to_owned();
        let number = signed.split("Credential=AKIA").nth(1).and_then(|rest| rest.get(..16)).unwrap().parse().unwrap();
        self.asked.lock().unwrap().push(number);
        let Some(name) = (self.names)(number) else {
            return HttpConnectorFuture::ready(Ok(HttpResponse::new(StatusCode::try_from(503).unwrap(), SdkBody::from("later"))));
        };
        let body = format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>arn:aws:iam::123456789012:user/{name}</Arn><UserId>AIDA{name}</UserId><Account>123456789012</Account>\
             </GetCallerIdentityResult></GetCallerIdentityResponse>"
        );
        HttpConnectorFuture::ready(Ok(HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::from(body))))
    }
}

fn remembered(names: fn(u32) -> Option<&'static str>) -> (Remembered, Arc<std::sync::Mutex<Vec<u32>>>) {
    let asked: Arc<std::sync::Mutex<Vec<u32>>> = Arc::default();
    let sts = Sts { names, asked: Arc::clone(&asked) };
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http_client_fn(move |_, _| SharedHttpConnector::new(sts.clone())))
        .retry_config(aws_config::retry::RetryConfig::disabled())
        .build();
    let (observer, clock) = (Observer::nobody(), Clock::system());
    let namer = Namer { config, region: "us-east-1".into(), observer, clock: clock.clone() };
    (Remembered::new(SharedCredentialsProvider::new(Brief::default()), clock, namer), asked)
}

fn number(credentials: &Credentials) -> u32 {
    credentials.access_key_id().trim_start_matches("AKIA").parse().unwrap()
}

#[tokio::test]
async fn whoever_shows_the_source_hears_of_each_renewal_once() {
    let (remembered, _) = remembered(|_| Some("ada"));
    let source = remembered.source().await.unwrap();
    assert_eq!(remembered.renewed(), None, "the source has just been told");
    remembered.provide_credentials().await.unwrap();
    assert_eq!(remembered.renewed(), Some(source));
    assert_eq!(remembered.renewed(), None);
}

#[tokio::test]
async fn renewed_credentials_are_handed_out_once_they_are_known_to_be_the_same_identitys() {
    let (remembered, asked) = remembered(|_| Some("ada"));
    assert_eq!(number(&remembered.load().await.unwrap()), 0);
    assert!(asked.lock().unwrap().is_empty(), "the first ones need not be named before they read");
    assert_eq!(number(&remembered.load().await.unwrap()), 1);
    assert_eq!(*asked.lock().unwrap(), [0, 1], "whose the first ones were, then whose the second ones are");
    assert_eq!(number(&remembered.load().await.unwrap()), 2);
    assert_eq!(*asked.lock().unwrap(), [0, 1, 2]);
}

#[tokio::test]
async fn credentials_of_somebody_else_are_never_handed_out_nor_any_after_them() {
    let (remembered, asked) = remembered(|number| Some(if number == 1 { "eve" } else { "ada" }));
    remembered.load().await.unwrap();
    for _ in 0..3 {
        let error = remembered.load().await.unwrap_err();
        let fault = from_credentials(&error, Timestamp::UNIX_EPOCH);
        let FaultKind::OtherIdentity { was, now } = &fault.kind else { panic!("{fault:?}") };
        assert!(was.ends_with("user/ada") && now.ends_with("user/eve"), "{fault}");
    }
    assert_eq!(*asked.lock().unwrap(), [0, 1], "the session is over: nobody is asked once more");
    assert!(remembered.identity().is_none() && matches!(&*remembered.standing().borrow(), Standing::Refused(_)));
}

#[tokio::test]
async fn credentials_that_sts_does_not_name_are_kept_back_and_asked_about_again() {
    let (remembered, asked) = remembered(|number| (number == 0).then_some("ada"));
    remembered.load().await.unwrap();
    for _ in 0..2 {
        let error = remembered.load().await.unwrap_err();
        assert_eq!(from_credentials(&error, Timestamp::UNIX_EPOCH).kind, FaultKind::Unavailable);
    }
    assert_eq!(asked.lock().unwrap().first(), Some(&0));
    assert!(remembered.identity().is_some(), "it is still the session of the one that it was");
    assert_eq!(*asked.lock().unwrap(), [0, 1, 2], "these end at once, so that they are fetched again");
}

#[tokio::test]
async fn what_began_without_a_name_is_not_renewed_without_one() {
    let (remembered, asked) = remembered(|_| None);
    remembered.load().await.unwrap();
    assert!(remembered.load().await.is_err());
    assert_eq!(*asked.lock().unwrap(), [0], "the second ones were not even fetched");
}
